"""What is handed over without typing: a contact, a card, a voice, somebody's words; looked at, corrected, kept, and taken back whole."""

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from crm.base.actors import Role
from crm.base.db import Session
from crm.base.errors import Expired, Forbidden, Invalid, NotFound, Taken
from crm.base.events import MediaKind, MediaRef
from crm.base.history import DomainEvent
from crm.conversations.assign import note
from crm.conversations.media import arrived
from crm.conversations.threads import Attachment, Conversation, Note
from crm.exchange import capturing, erasure, keeping
from crm.exchange.captures import Capture, CaptureKind, CaptureState
from crm.exchange.capturing import Item, View
from crm.exchange.cards import Draft
from crm.exchange.works import Exchange
from crm.people.contacts import SHELF
from crm.people.link import accounts_of
from crm.people.steps import What
from crm.reports.books import check
from crm.tables import TABLES
from tests.crm.exchange.stand import Stand
from tests.crm.exchange.test_erasure import holding, met, sure
from tests.crm.fake import hire

ANNA = Draft("Anna Petrosyan", ("+37491555000",), ("anna@ararat.am",), "Ararat Tours")
CARDS = Path(__file__).parent / "cards"
VOICE = ("voice", "voice-ref", "", "audio/ogg", 900)
NAMES = {"hy": "Աննա Պետրոսյան", "ka": "ნინო ბერიძე", "am": "አበበ ተስፋዬ", "ru": "Иван Сергеевич Петров", "en": "John Carter"}
PHONES = {"hy": "+37491123456", "ka": "+995599123456", "am": "+251911234567", "ru": "+74951234567", "en": "+16502530000"}
FIRMS = {"hy": "«Արարատ Տուրս» ՍՊԸ", "ka": "შპს თბილისი დიზაინი", "am": "ሰላም ንግድ ድርጅት", "ru": "ООО «Ромашка»", "en": "Northwind Trading LLC"}
BESIDE = {"captures", "imports", "import_rows"}
readers = pytest.mark.skipif(shutil.which("tesseract") is None, reason="no Debian package tesseract-ocr here")


def sending(stand: Stand, content: bytes) -> None:
    """From now on the staff bot's files are these bytes."""

    async def fetch(account: str, ref: MediaRef) -> AsyncIterator[bytes]:
        yield content

    stand.exchange = Exchange(stand.store, stand.folder, stand.company, lambda: stand.now, TABLES, fetch)


async def opened(stand: Stand, draft: Draft = ANNA) -> int:
    return int(await stand.do(capturing.open_person, draft))


async def seen(stand: Stand, number: int) -> View:
    return await stand.store.read(lambda session: capturing.view(session, stand.who, number))


async def keep(stand: Stand, number: int, contact_id: int | None = None) -> keeping.Kept:
    return await stand.store.write(lambda session: keeping.keep_person(session, stand.who, stand.company, number, contact_id, now=stand.now))


async def undo(stand: Stand, number: int) -> bool:
    return bool(await stand.do(keeping.undo, number))


async def everything(stand: Stand) -> dict[str, list[tuple[Any, ...]]]:
    return {name: rows for name, rows in (await stand.dump()).items() if name not in BESIDE}


async def asked(stand: Stand, question: Callable[[Session], Any]) -> Any:
    return await stand.store.read(question)


async def test_a_contact_becomes_a_person_with_a_card_and_goes_again_without_a_trace(stand: Stand) -> None:
    before = await everything(stand)
    number = await opened(stand)
    kept = await keep(stand, number)
    assert await stand.people() == [("Anna Petrosyan", ("+37491555000", "anna@ararat.am"))]
    home = await asked(stand, lambda s: s.get_one(Conversation, kept.conversation_id))
    assert (home.account, home.status, home.waiting_since) == (SHELF, "closed", 0)
    assert await undo(stand, number)
    assert await everything(stand) == before
    assert (await seen(stand, number)).state is CaptureState.UNDONE


async def test_who_is_known_is_offered_and_only_gaps_are_filled(stand: Stand) -> None:
    await stand.bring("Name;Phone\nԱննա;+37491555000\n".encode())
    number = await opened(stand)
    [one] = (await seen(stand, number)).candidates
    before = await everything(stand)
    await keep(stand, number, one.contact_id)
    assert await stand.people() == [("Աննա", ("+37491555000", "anna@ararat.am"))]
    assert await undo(stand, number)
    assert {name: rows for name, rows in (await everything(stand)).items() if rows != before[name]}.keys() <= {"conversations", "identities"}


async def test_a_name_that_sounds_the_same_is_offered_too(stand: Stand) -> None:
    await keep(stand, await opened(stand, Draft("Анна Петросян", ("+37491555001",))))
    [one] = (await seen(stand, await opened(stand, Draft("Anna Petrosyan")))).candidates
    assert one.name == "Анна Петросян"


async def test_a_colleagues_customer_is_not_named(stand: Stand) -> None:
    rep = await hire(stand.store, "gor", Role.REP)
    number = await met(stand)

    def given(session: Session) -> None:
        for talk in session.scalars(select(Conversation).where(Conversation.contact_id == number)):
            talk.rep_id = stand.who.id

    await stand.store.write(given)
    draft = Draft("Lilit", ("+37491700700",))
    capture = await stand.store.write(lambda s: capturing.open_person(s, rep, draft, now=stand.now))
    view = await asked(stand, lambda s: capturing.view(s, rep, capture))
    assert (view.candidates, view.hidden) == ((), True)
    with pytest.raises(Forbidden):
        await stand.store.write(lambda s: keeping.keep_person(s, rep, stand.company, capture, number, now=stand.now))


async def test_fields_are_corrected_and_taken_away(stand: Stand) -> None:
    number = await opened(stand)
    for field, words in (("name", "Anna P."), ("phone", "091 555 111"), ("email", ""), ("company", "")):
        await stand.do(capturing.correct, number, field, words, "AM")
    assert (await seen(stand, number)).draft == Draft("Anna P.", ("+37491555111",))
    for field, words in (("phone", "call me"), ("email", "anna at home")):
        with pytest.raises(Invalid):
            await stand.do(capturing.correct, number, field, words, "AM")


async def test_what_somebody_has_worked_with_since_stays(stand: Stand) -> None:
    number = await opened(stand)
    kept = await keep(stand, number)

    def talked(session: Session) -> None:
        note(session, stand.who, kept.conversation_id, "a good customer", once="n", now=stand.now)

    await stand.store.write(talked)
    assert not await undo(stand, number)
    assert len(await stand.people()) == 1


async def test_nobody_is_made_of_nothing_and_nothing_twice(stand: Stand) -> None:
    with pytest.raises(Invalid):
        await keep(stand, await opened(stand, Draft()))
    number = await opened(stand)
    await keep(stand, number)
    with pytest.raises(Expired):
        await keep(stand, number)


async def test_a_capture_is_its_owners_alone(stand: Stand) -> None:
    other = await hire(stand.store, "vahan", Role.OWNER)
    guest = await hire(stand.store, "guest", Role.GUEST)
    number = await opened(stand)
    for actor, error in ((other, NotFound), (guest, Forbidden)):
        with pytest.raises(error):
            await stand.store.write(lambda s, actor=actor: capturing.leave(s, actor, number, now=stand.now))  # type: ignore[misc]


@readers
@pytest.mark.parametrize("language", sorted(NAMES))
async def test_a_card_is_read_in_every_script(stand: Stand, language: str) -> None:
    sending(stand, (CARDS / f"{language}.png").read_bytes())
    number = await stand.do(capturing.open_file, CaptureKind.CARD, MediaRef(MediaKind.PHOTO, "ref"))
    await stand.work()
    view = await seen(stand, number)
    assert view.state is CaptureState.ASKED
    assert (view.draft.name, view.draft.phones[0], view.draft.company) == (NAMES[language], PHONES[language], FIRMS[language])
    kept = await keep(stand, number)
    [kept_note] = await asked(stand, lambda s: list(s.scalars(select(Note).where(Note.conversation_id == kept.conversation_id))))
    file = await asked(stand, lambda s: s.get_one(Attachment, kept_note.attachment_id))
    assert (file.ref, file.account, file.state) == ("ref", "staff", "waiting")


@pytest.mark.parametrize("content", [b"", b"no picture at all", b"\x89PNG\r\n\x1a\n" + b"\0" * 4000, b"GIF89a" + b"\xff" * 100])
async def test_what_is_no_card_says_so_and_may_be_typed(stand: Stand, content: bytes) -> None:
    sending(stand, content)
    number = await stand.do(capturing.open_file, CaptureKind.CARD, MediaRef(MediaKind.PHOTO, "ref"))
    await stand.work()
    assert (await seen(stand, number)).state is CaptureState.UNREADABLE
    await stand.do(capturing.by_hand, number)
    await stand.do(capturing.correct, number, "name", "Typed Name", "AM")
    await keep(stand, number)
    assert await stand.people() == [("Typed Name", ())]


async def test_without_tesseract_it_is_said_and_nothing_breaks(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    sending(stand, (CARDS / "en.png").read_bytes())
    number = await stand.do(capturing.open_file, CaptureKind.CARD, MediaRef(MediaKind.PHOTO, "ref"))
    await stand.work()
    assert (await seen(stand, number)).why == "nothing here reads photos"


async def test_one_card_of_a_phone_is_a_person_and_many_are_a_list(stand: Stand) -> None:
    one = "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D5=8A;=D4=B1=D5=B6=D5=B6=D5=A1\nTEL:091555000\nEND:VCARD\n"
    sending(stand, one.encode())
    number = await stand.do(capturing.open_file, CaptureKind.CONTACT, MediaRef(MediaKind.DOCUMENT, "ref", "a.vcf"))
    await stand.work()
    view = await seen(stand, number)
    assert (view.draft.name, view.draft.phones) == ("Աննա Պ", ("+37491555000",))
    sending(stand, (one * 3).encode())
    many = await stand.do(capturing.open_file, CaptureKind.CONTACT, MediaRef(MediaKind.DOCUMENT, "ref", "b.vcf"))
    await stand.work()
    assert (await seen(stand, many)).state is CaptureState.LEFT
    assert await asked(stand, lambda s: s.scalar(select(DomainEvent.id).where(DomainEvent.subject == "import")))


async def test_a_whole_address_book_of_a_rep_is_for_managers(stand: Stand) -> None:
    rep = await hire(stand.store, "gor", Role.REP)
    sending(stand, b"BEGIN:VCARD\nFN:A\nEND:VCARD\nBEGIN:VCARD\nFN:B\nEND:VCARD\n")
    ref = MediaRef(MediaKind.DOCUMENT, "ref", "b.vcf")
    number = await stand.store.write(lambda s: capturing.open_file(s, rep, CaptureKind.CONTACT, ref, now=stand.now))
    await stand.work()
    view = await asked(stand, lambda s: capturing.view(s, rep, number))
    assert (view.state, view.why) == (CaptureState.UNREADABLE, "several people")


async def words(stand: Stand, *items: Item) -> int:
    numbers = {(await stand.do(capturing.open_words, item))[0] for item in items}
    [number] = numbers
    return int(number)


async def test_forwarded_words_become_a_note_with_who_said_them_and_go_again(stand: Stand) -> None:
    contact = await met(stand)
    talk = await asked(stand, lambda s: s.scalars(select(Conversation.id).where(Conversation.contact_id == contact)).one())
    before = await everything(stand)
    number = await words(stand, Item("Two tables", "Aram"), Item("by Friday", "Aram"), Item("", "Aram", 0, VOICE))
    await stand.do(keeping.keep_words, number, talk)
    notes = await asked(stand, lambda s: [(n.text, n.source, bool(n.attachment_id)) for n in s.scalars(select(Note).order_by(Note.id))])
    assert notes == [("Two tables\nby Friday", "Aram", False), ("", "Aram", True)]
    assert await undo(stand, number)
    assert await everything(stand) == before


async def test_the_bytes_of_what_was_taken_back_go_too(stand: Stand) -> None:
    contact = await met(stand)
    talk = await asked(stand, lambda s: s.scalars(select(Conversation.id).where(Conversation.contact_id == contact)).one())
    number = await words(stand, Item("", "", 0, VOICE))
    await stand.do(keeping.keep_words, number, talk)
    (stand.folder / "media").mkdir()
    sound = stand.folder / "media" / "abc"
    sound.write_bytes(b"sound")
    await stand.store.write(lambda s: arrived(s, s.scalars(select(Note.attachment_id)).one() or 0, "abc", 5, now=stand.now))
    assert await undo(stand, number)
    assert stand.exchange
    await stand.exchange.tidy()
    assert not sound.exists()


async def test_words_of_a_stranger_make_a_person(stand: Stand) -> None:
    number = await words(stand, Item("I want a table", "New Nare"))
    await stand.store.write(lambda s: keeping.keep_words_of_new(s, stand.who, stand.company, number, "New Nare", now=stand.now))
    assert await stand.people() == [("New Nare", ())]
    assert await undo(stand, number)
    assert await stand.people() == []


async def test_the_owner_of_a_forwarded_account_is_found(stand: Stand) -> None:
    contact = await met(stand, "777000111")
    number = await words(stand, Item("hello", "Nobody Alike", 0, (), "777000111"))
    assert [one.contact_id for one in (await seen(stand, number)).candidates] == [contact]


async def test_a_shelf_tells_nobody_apart(stand: Stand) -> None:
    kept = await keep(stand, await opened(stand))
    assert await asked(stand, lambda s: accounts_of(s, kept.contact_id)) == set()


async def test_a_captured_person_is_forgotten_whole_and_the_books_are_right(stand: Stand) -> None:
    number = await opened(stand, Draft("Zabel Uniqname", ("+37491555777",), role="Captain Uniqrole"))
    kept = await keep(stand, number)
    other = await words(stand, Item("Uniqwords", "Uniqsource"))
    await stand.do(keeping.keep_words, other, kept.conversation_id)
    open_still = await opened(stand, Draft("Somebody", ("+37491555777",)))
    await sure(stand, What.ERASE)
    await stand.do(erasure.ask, kept.contact_id)
    await stand.work()
    for word in ("Uniqname", "37491555777", "Uniqrole", "Uniqwords", "Uniqsource"):
        assert await stand.store.read(lambda s, word=word: holding(s, word)) == [], word  # type: ignore[misc]
    assert (await asked(stand, lambda s: s.get_one(Capture, open_still))).state == CaptureState.LEFT
    with pytest.raises(Invalid):
        await keep(stand, await opened(stand, Draft("Zabel", ("+37491555777",))))
    assert (await stand.store.read(check)).problems == ()


async def test_what_nobody_decides_is_left_after_a_week(stand: Stand) -> None:
    number = await opened(stand)
    stand.now += 8 * 24 * 3_600_000
    assert stand.exchange
    await stand.exchange.tidy()
    assert (await asked(stand, lambda s: s.get_one(Capture, number))).data == "{}"


async def test_words_that_nobody_decided_on_go_with_whom_they_name(stand: Stand) -> None:
    kept = await keep(stand, await opened(stand, Draft("Zabel Uniqname", ("+37491555777",))))
    await stand.do(capturing.open_words, Item("call me: 091 55-57-77"))
    stand.now += 120_000
    await stand.do(capturing.open_words, Item("hello", "Zabel Uniqname"))
    stand.now += 120_000
    other = await words(stand, Item("it costs 5000", "Aram"))
    await sure(stand, What.ERASE)
    await stand.do(erasure.ask, kept.contact_id)
    await stand.work()
    for word in ("55-57-77", "Uniqname"):
        assert await stand.store.read(lambda s, word=word: holding(s, word)) == [], word  # type: ignore[misc]
    assert (await asked(stand, lambda s: s.get_one(Capture, other))).state == CaptureState.ASKED


async def test_nothing_more_is_kept_about_who_was_forgotten(stand: Stand) -> None:
    kept = await keep(stand, await opened(stand, Draft("Zabel Uniqname")))
    await sure(stand, What.ERASE)
    await stand.do(erasure.ask, kept.contact_id)
    await stand.work()
    number = await opened(stand, Draft("Zabel Newname"))
    with pytest.raises(Invalid):
        await keep(stand, number, kept.contact_id)
    other = await words(stand, Item("Uniqwords"))
    with pytest.raises(Expired):
        await stand.do(keeping.keep_words, other, kept.conversation_id)


async def test_whoever_sees_no_phones_reads_none_in_a_capture_and_keeps_what_was_read(stand: Stand) -> None:
    trainee = await hire(stand.store, "levon", Role.TRAINEE)
    draft = Draft("Anna", ("+37491555000",), ("anna@ararat.am",), lines=("Anna", "tel 091 555 001"))
    number = await stand.store.write(lambda s: capturing.open_person(s, trainee, draft, now=stand.now))
    view = await asked(stand, lambda s: capturing.view(s, trainee, number))
    assert (view.draft.phones, view.draft.emails) == (("+374•••00",), ("a•••@ararat.am",))
    assert "555" not in repr(view.draft)
    assert await asked(stand, lambda s: capturing.line_at(s, trainee, number, 1)) == "tel 091 555 001"
    await stand.store.write(lambda s: keeping.keep_person(s, trainee, stand.company, number, None, now=stand.now))
    assert await stand.people() == [("Anna", ("+37491555000", "anna@ararat.am"))]


async def test_a_note_stands_with_nobody_whom_a_colleague_serves(stand: Stand) -> None:
    rep = await hire(stand.store, "levon", Role.REP)
    contact = await met(stand)
    talk = await asked(stand, lambda s: s.scalars(select(Conversation.id).where(Conversation.contact_id == contact)).one())
    await stand.store.write(lambda s: setattr(s.get_one(Conversation, talk), "rep_id", stand.who.id))
    number, _ = await stand.store.write(lambda s: capturing.open_words(s, rep, Item("secret"), now=stand.now))
    with pytest.raises(Taken):
        await stand.store.write(lambda s: keeping.keep_words(s, rep, number, talk, now=stand.now))
