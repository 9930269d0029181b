"""Documents of a deal: drafted, issued without gaps, sent by the ordinary door, answered by a press, corrected, withdrawn; only within one's sight."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from crm.base.actors import Bot, Rep, Role, System
from crm.base.db import Session, Store
from crm.base.errors import Forbidden, Invalid, NotFound, Unreachable
from crm.base.events import MediaKind, MediaRef
from crm.base.history import DomainEvent
from crm.base.rows import take_ids
from crm.base.settings import Company
from crm.base.time import DAY
from crm.conversations.media import MediaFiles
from crm.conversations.pressing import Press
from crm.conversations.threads import Attachment, Conversation, Message
from crm.documents import documents, drawing, making, sending
from crm.documents.documents import Document, DocumentState, Kind, by_number, mark_paid, mark_unpaid, open_invoices
from crm.documents.drawing import Drawing
from crm.documents.layouts import BANK, DAYS, EVERY, FIRM, INTRO, NAME, set_words, undo_words, words_for
from crm.documents.numbers import Serial, next_number
from crm.documents.render import Papers, Undrawn
from crm.exchange.belongings import belongings_of
from crm.exchange.erasure import blank
from crm.outbox.deliveries import Delivery
from crm.outbox.notices import NoticeKind, NoticeRow
from crm.people.contacts import Contact, Identity
from crm.sales import papers, terms
from crm.sales.deals import Missing, open_deal
from crm.sales.terms import Sum
from scheduler.workers import media_loop
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said

Deed = Callable[[Session], Any]
MACHINE = System("test")


@pytest.fixture
async def rep(store: Store) -> Rep:
    """Tigran."""
    return await hire(store)


@pytest.fixture
async def deal(store: Store, company: Company, rep: Rep) -> int:
    """Tigran's deal with Ann, worth 250 000."""
    return await deal_with(store, company, rep, "ann")


async def deal_with(store: Store, company: Company, rep: Rep, who: str, amount: int = 25_000_000) -> int:
    await hear(store, company, said(f"{who} 1", who))
    [talk] = await rows(store, select(Conversation.id).where(Conversation.address == who))

    def deed(session: Session) -> int:
        number = open_deal(session, rep, talk, company, once=f"deal of {who}", now=NOON).id
        terms.set_amount(session, rep, number, Sum(amount, "AMD"), seen=None, now=NOON)
        return number

    return await store.write(deed)


async def drafted(store: Store, company: Company, rep: Rep, deal: int, kind: Kind = Kind.QUOTE, now: int = NOON) -> int:
    return await store.write(lambda s: papers.draft_of(s, rep, deal, kind, company, once=f"{kind}:{deal}:{now}", now=now).id)


async def sent(store: Store, company: Company, rep: Rep, deal: int, kind: Kind = Kind.QUOTE) -> int:
    number = await drafted(store, company, rep, deal, kind)
    await store.write(lambda s: papers.send(s, rep, number, company, once=f"send:{number}", now=NOON))
    return number


async def press(store: Store, company: Company, verb: str, number: object, who: str = "ann", now: int = NOON) -> list[str]:
    """Somebody presses a button under a document; what the bot has said to it."""
    wanted = select(Conversation.id, Contact.id, Contact.root_id).join(Contact, Contact.id == Conversation.contact_id).where(Conversation.address == who)
    [(talk, contact, root)] = await rows(store, wanted)
    once = f"pressed:{await store.write(lambda s: next(take_ids(s, 1)))}"
    one = Press(talk, "fake", who, contact, root, "en", f"{verb}:{number}", once, now)
    await store.write(lambda s: sending.pressed(s, one, company))
    return await rows(store, select(Message.text).where(Message.once.startswith(once)))


async def seen(store: Store, number: int) -> tuple[Any, ...]:
    [found] = await rows(store, select(Document.number, Document.version, Document.state).where(Document.id == number))
    return found  # type: ignore[no-any-return]


async def kinds(store: Store, number: int) -> list[str]:
    wanted = select(DomainEvent.kind).where(DomainEvent.subject == "document", DomainEvent.subject_id == number)
    return await rows(store, wanted.order_by(DomainEvent.id))


async def test_a_draft_has_no_number_and_is_drawn_for_who_asked(store: Store, company: Company, rep: Rep, deal: int) -> None:
    number = await drafted(store, company, rep, deal)
    assert await seen(store, number) == (None, 1, "draft")
    assert await drafted(store, company, rep, deal) == number
    [words] = await rows(store, select(Document.data))
    data = json.loads(words)
    assert (data["draft"], data["number"], data["language"]) == ("DRAFT", "", "en")
    assert data["sums"][-1] == ["Total", "֏250,000", True]
    assert await rows(store, select(Drawing.document_id, Drawing.rep_id)) == [(number, rep.id)]
    assert await rows(store, select(Document.net, Document.tax, Document.total, Document.due_on)) == [(25_000_000, 0, 25_000_000, "2025-12-09")]


async def test_what_is_sent_is_sealed_and_leaves_as_a_file_with_buttons(store: Store, company: Company, rep: Rep, deal: int) -> None:
    number = await sent(store, company, rep, deal)
    assert await seen(store, number) == ("Q-2025-0001", 1, "sent")
    assert await kinds(store, number) == ["drafted", "issued", "sent"]
    [(account, ref, name, mime)] = await rows(store, select(Attachment.account, Attachment.ref, Attachment.name, Attachment.mime))
    assert (account, ref, name, mime) == ("documents", str(number), "Q-2025-0001.pdf", "application/pdf")
    [payload] = await rows(store, select(Delivery.payload).where(Delivery.needs_media > 0))
    assert f"doc:yes:{number}" in payload
    assert "Quote Q-2025-0001: ֏250,000. Good until 9 December 2025." in payload
    [(data, seal)] = await rows(store, select(Document.data, Document.seal))
    assert json.loads(data)["draft"] == ""
    assert len(seal) == 64
    again = await store.write(lambda s: papers.send(s, rep, number, company, once=f"send:{number}", now=NOON).message_id)
    assert await rows(store, select(Message.id).where(Message.rep_id == rep.id)) == [again]


async def test_numbers_have_no_gaps_though_writers_race_and_fail(store: Store, company: Company, rep: Rep) -> None:
    deals = [await deal_with(store, company, rep, f"who{place}") for place in range(5)]
    drafts = [await drafted(store, company, rep, one) for one in deals]

    def broken(session: Session) -> None:
        next_number(session, Kind.QUOTE, company.zone, now=NOON)
        raise Invalid

    async def spoil() -> None:
        with pytest.raises(Invalid):
            await store.write(broken)

    sendings = [store.write(lambda s, n=n: papers.send(s, rep, n, company, once=f"send:{n}", now=NOON).id) for n in drafts]  # type: ignore[misc]
    await asyncio.gather(*sendings, spoil(), spoil())
    assert sorted(await rows(store, select(Document.number))) == [f"Q-2025-000{place}" for place in range(1, 6)]
    year = await store.write(lambda s: next_number(s, Kind.QUOTE, company.zone, now=NOON + 60 * DAY))
    assert year == "Q-2026-0001"
    assert await store.write(lambda s: next_number(s, Kind.INVOICE, company.zone, now=NOON)) == "I-2025-0001"


async def test_a_customer_accepts_once_and_the_team_hears_of_it(store: Store, company: Company, rep: Rep, deal: int) -> None:
    number = await sent(store, company, rep, deal)
    assert await press(store, company, "yes", number) == ["Thank you! You have accepted Quote Q-2025-0001."]
    assert await seen(store, number) == ("Q-2025-0001", 1, "accepted")
    assert "accepted Quote Q-2025-0001 already" in (await press(store, company, "no", number))[0]
    assert await kinds(store, number) == ["drafted", "issued", "sent", "accepted"]
    [(actor, after)] = await rows(store, select(DomainEvent.actor, DomainEvent.after).where(DomainEvent.kind == "accepted"))
    [seal] = await rows(store, select(Document.seal))
    assert actor.startswith("customer:")
    told = json.loads(after)
    assert (told["number"], told["version"], told["seal"], told["deal"]) == ("Q-2025-0001", 1, seal, deal)
    assert len(await rows(store, select(NoticeRow.id).where(NoticeRow.kind == NoticeKind.DOCUMENT.value))) == 1


async def test_a_customer_may_change_a_no_into_a_yes(store: Store, company: Company, rep: Rep, deal: int) -> None:
    number = await sent(store, company, rep, deal)
    assert "You have declined" in (await press(store, company, "no", number))[0]
    assert "Thank you!" in (await press(store, company, "yes", number))[0]
    assert await seen(store, number) == ("Q-2025-0001", 1, "accepted")


async def test_somebody_elses_button_and_nonsense_change_nothing(store: Store, company: Company, rep: Rep, deal: int) -> None:
    number = await sent(store, company, rep, deal)
    await deal_with(store, company, rep, "bob")
    for who, verb, value in (("bob", "yes", number), ("ann", "yes", 77), ("ann", "yes", "x"), ("ann", "yes", "9" * 40), ("ann", "maybe", number)):
        assert await press(store, company, verb, value, who) == ["This is not there any more. Write to us if you have a question."]
    assert await seen(store, number) == ("Q-2025-0001", 1, "sent")
    invoice = await sent(store, company, rep, deal, Kind.INVOICE)
    assert "not there any more" in (await press(store, company, "yes", invoice))[0]


async def test_a_newer_version_takes_the_number_and_the_older_button_says_so(store: Store, company: Company, rep: Rep, deal: int) -> None:
    old = await sent(store, company, rep, deal)
    await store.write(lambda s: terms.set_amount(s, rep, deal, Sum(20_000_000, "AMD"), seen=Sum(25_000_000, "AMD"), now=NOON))
    new = await store.write(lambda s: papers.correct(s, rep, old, company, once="c", now=NOON).id)
    assert await seen(store, old) == ("Q-2025-0001", 1, "sent")
    await store.write(lambda s: papers.send(s, rep, new, company, once="send new", now=NOON))
    assert (await seen(store, old), await seen(store, new)) == (("Q-2025-0001", 1, "superseded"), ("Q-2025-0001", 2, "sent"))
    assert await press(store, company, "yes", old) == ["Quote Q-2025-0001 was replaced by Quote Q-2025-0001 (version 2). Please use that one."]
    assert "accepted Quote Q-2025-0001 (version 2)" in (await press(store, company, "yes", new))[0]
    assert await store.read(lambda s: (by_number(s, " q-2025-0001 ") or Document()).id) == new
    with pytest.raises(Invalid):
        await store.write(lambda s: papers.correct(s, rep, old, company, once="c2", now=NOON))


async def test_two_corrections_of_one_version_cannot_both_stand(store: Store, company: Company, rep: Rep, deal: int) -> None:
    old = await sent(store, company, rep, deal)
    first, second = [await store.write(lambda s, n=n: papers.correct(s, rep, old, company, once=n, now=NOON).id) for n in ("a", "b")]  # type: ignore[misc]
    await store.write(lambda s: papers.send(s, rep, first, company, once="1", now=NOON))
    with pytest.raises(Invalid):
        await store.write(lambda s: papers.send(s, rep, second, company, once="2", now=NOON))
    assert await seen(store, second) == (None, 1, "draft")


async def test_what_is_withdrawn_keeps_its_number_says_so_and_comes_back(store: Store, company: Company, rep: Rep, deal: int) -> None:
    number = await sent(store, company, rep, deal)
    await store.write(lambda s: papers.withdraw(s, rep, number, now=NOON))
    assert "was withdrawn" in (await press(store, company, "yes", number))[0]
    other = await sent(store, company, rep, await deal_with(store, company, rep, "bob"))
    assert await seen(store, other) == ("Q-2025-0002", 1, "sent")
    await store.write(lambda s: papers.bring_back(s, rep, number, now=NOON))
    assert await seen(store, number) == ("Q-2025-0001", 1, "sent")
    assert "Thank you!" in (await press(store, company, "yes", number))[0]


async def test_what_was_accepted_is_accepted_again_when_it_comes_back(store: Store, company: Company, rep: Rep, deal: int) -> None:
    number = await sent(store, company, rep, deal)
    await press(store, company, "yes", number)
    await store.write(lambda s: papers.withdraw(s, rep, number, now=NOON))
    await store.write(lambda s: papers.bring_back(s, rep, number, now=NOON))
    assert (await seen(store, number))[2] == "accepted"


async def test_a_correction_of_a_paid_invoice_is_paid_as_far_as_it_is(store: Store, company: Company, rep: Rep, deal: int) -> None:
    number = await sent(store, company, rep, deal, Kind.INVOICE)
    await store.write(lambda s: papers.paid(s, rep, number, once="p", now=NOON))
    newer = await store.write(lambda s: papers.correct(s, rep, number, company, once="c", now=NOON).id)
    await store.write(lambda s: papers.send(s, rep, newer, company, once="n", now=NOON))
    assert await rows(store, select(Document.paid_at).where(Document.id == newer)) == [NOON]
    with pytest.raises(Invalid):
        await store.write(lambda s: papers.ask_money(s, rep, newer, once="a", now=NOON))


async def test_a_yes_that_comes_too_late_reaches_a_person(store: Store, company: Company, rep: Rep, deal: int) -> None:
    number = await sent(store, company, rep, deal)
    assert "was good until 9 December 2025" in (await press(store, company, "yes", number, now=NOON + 15 * DAY))[0]
    assert await seen(store, number) == ("Q-2025-0001", 1, "sent")
    [facts] = await rows(store, select(NoticeRow.facts).where(NoticeRow.kind == NoticeKind.DOCUMENT.value))
    assert json.loads(facts)["why"] == "late"


async def test_a_draft_that_lay_about_is_dated_when_it_is_issued(store: Store, company: Company, rep: Rep, deal: int) -> None:
    number = await drafted(store, company, rep, deal)
    await store.write(lambda s: papers.send(s, rep, number, company, once="s", now=NOON + 30 * DAY))
    [(due, data)] = await rows(store, select(Document.due_on, Document.data))
    assert due == "2026-01-08"
    assert json.loads(data)["facts"] == [["Date", "25 December 2025"], ["Good until", "8 January 2026"]]


async def test_an_invoice_is_paid_once_and_may_be_unpaid(store: Store, company: Company, rep: Rep, deal: int) -> None:
    number = await sent(store, company, rep, deal, Kind.INVOICE)
    people = await rows(store, select(Contact.id))
    assert await store.read(lambda s: [one.id for one in open_invoices(s, people)]) == [number]
    for _ in range(2):
        await store.write(lambda s: mark_paid(s, rep, number, at=NOON + 3 * DAY, now=NOON + 4 * DAY))
    [after] = await rows(store, select(DomainEvent.after).where(DomainEvent.kind == "paid"))
    assert json.loads(after) == {"at": NOON + 3 * DAY, "number": "I-2025-0001", "days": 3}
    assert await store.read(lambda s: open_invoices(s, people)) == []
    with pytest.raises(Invalid):
        await store.write(lambda s: papers.withdraw(s, rep, number, now=NOON))
    await store.write(lambda s: mark_unpaid(s, rep, number, now=NOON + 5 * DAY))
    assert await store.read(lambda s: [one.id for one in open_invoices(s, people)]) == [number]


async def test_a_draft_is_written_anew_in_another_language_and_an_issued_one_is_not(store: Store, company: Company, rep: Rep, deal: int) -> None:
    number = await drafted(store, company, rep, deal)
    await store.write(lambda s: papers.speak(s, rep, number, "ru", company, now=NOON))
    [data] = await rows(store, select(Document.data))
    assert json.loads(data)["language"] == "ru"
    assert len(await rows(store, select(Drawing.id))) == 1
    await store.write(lambda s: papers.send(s, rep, number, company, once="s", now=NOON))
    with pytest.raises(Invalid):
        await store.write(lambda s: papers.speak(s, rep, number, "en", company, now=NOON))
    with pytest.raises(Invalid):
        await store.write(lambda s: papers.speak(s, rep, number, "xx", company, now=NOON))


async def test_nothing_sold_is_no_document(store: Store, company: Company, rep: Rep) -> None:
    await hear(store, company, said("ann 1", "ann"))
    [talk] = await rows(store, select(Conversation.id))
    deal = await store.write(lambda s: open_deal(s, rep, talk, company, once="d", now=NOON).id)
    with pytest.raises(Missing):
        await drafted(store, company, rep, deal)


async def test_others_deals_trainees_and_customers_have_no_say(store: Store, company: Company, rep: Rep, deal: int) -> None:
    number = await sent(store, company, rep, deal)
    narrow, trainee = await hire(store, "narrow"), await hire(store, "sona", Role.TRAINEE)
    verbs: tuple[Callable[[Session, Rep], object], ...] = (
        lambda s, who: papers.papers_of(s, who, deal),
        lambda s, who: papers.draft_of(s, who, deal, Kind.ACT, company, once="x", now=NOON),
        lambda s, who: papers.send(s, who, number, company, once="x", now=NOON),
        lambda s, who: papers.correct(s, who, number, company, once="x", now=NOON),
        lambda s, who: papers.withdraw(s, who, number, now=NOON),
        lambda s, who: papers.accept(s, who, number, now=NOON),
        lambda s, who: papers.look(s, who, number, now=NOON),
    )
    before = await rows(store, select(Document.state, Document.number))
    for verb in verbs:
        for who, error in ((narrow, NotFound), (trainee, Forbidden)):
            with pytest.raises(error):
                await store.write(lambda s: verb(s, who))  # noqa: B023
    for deed in (lambda s: mark_paid(s, Bot(), number, at=NOON, now=NOON), lambda s: set_words(s, rep, FIRM, EVERY, NAME, "x", now=NOON)):
        with pytest.raises(Forbidden):
            await store.write(deed)
    assert await rows(store, select(Document.state, Document.number)) == before


async def test_what_is_said_by_hand_is_undone(store: Store, company: Company, rep: Rep, deal: int) -> None:
    number = await sent(store, company, rep, deal, Kind.CONTRACT)
    await store.write(lambda s: papers.accept(s, rep, number, now=NOON))
    assert await seen(store, number) == ("C-2025-0001", 1, "accepted")
    await store.write(lambda s: papers.not_accepted(s, rep, number, now=NOON))
    assert await seen(store, number) == ("C-2025-0001", 1, "sent")


async def test_the_firms_own_words_stand_on_paper_and_each_change_is_undone(store: Store, company: Company, rep: Rep, deal: int) -> None:
    def deed(session: Session) -> None:
        set_words(session, MACHINE, FIRM, EVERY, NAME, "Marani LLC", now=NOON)
        set_words(session, MACHINE, FIRM, EVERY, BANK, "Bank 157", now=NOON)
        set_words(session, MACHINE, FIRM, "en", NAME, "Marani Ltd", now=NOON)
        set_words(session, MACHINE, Kind.QUOTE.value, "en", INTRO, "Hello", now=NOON)
        set_words(session, MACHINE, Kind.QUOTE.value, EVERY, DAYS, "3", now=NOON)

    await store.write(deed)
    number = await drafted(store, company, rep, deal)
    data = json.loads((await rows(store, select(Document.data).where(Document.id == number)))[0])
    assert (data["seller"], data["intro"]) == ({"name": "Marani Ltd", "lines": ["Bank 157"]}, ["Hello"])
    assert await rows(store, select(Document.due_on)) == ["2025-11-28"]
    assert (await store.write(lambda s: undo_words(s, MACHINE, FIRM, EVERY, 2, now=NOON))).words == {NAME: "Marani LLC"}
    with pytest.raises(Invalid):
        await store.write(lambda s: undo_words(s, MACHINE, FIRM, EVERY, 2, now=NOON))
    for field, words, language in ((DAYS, "many", EVERY), (DAYS, "366", EVERY), (NAME, "x", EVERY), (INTRO, "x", "xx")):
        with pytest.raises(Invalid):
            await store.write(lambda s: set_words(s, MACHINE, Kind.QUOTE.value, language, field, words, now=NOON))  # noqa: B023
    assert await store.read(lambda s: words_for(s, FIRM, "hy")) == {NAME: "Marani LLC"}


async def test_a_picture_that_cannot_be_drawn_is_tried_three_times_and_then_told(store: Store, company: Company, rep: Rep, deal: int) -> None:
    number, now = await drafted(store, company, rep, deal), NOON
    for _ in range(drawing.TRIES):
        [wanted] = await store.write(lambda s: drawing.wanted(s, now=now))  # noqa: B023
        assert await store.write(lambda s: drawing.wanted(s, now=now)) == []  # noqa: B023
        await store.write(lambda s: drawing.not_drawn(s, wanted.id, now=now))  # noqa: B023
        now += DAY
    [(subject, facts)] = await rows(store, select(NoticeRow.subject_id, NoticeRow.facts).where(NoticeRow.kind == NoticeKind.DOCUMENT.value))
    assert (subject, json.loads(facts)) == (number, {"why": "not_drawn", "rep": rep.id})
    assert not await store.read(lambda s: drawing.waits(s, now=now))


async def test_a_file_that_cannot_be_made_reaches_nobody_and_whose_it_is_hears_of_it(
    store: Store, company: Company, rep: Rep, deal: int, tmp_path: Path
) -> None:
    number = await sent(store, company, rep, deal)

    async def broken(account: str, ref: MediaRef) -> AsyncIterator[bytes]:
        raise Undrawn
        yield b""

    files, now = MediaFiles(tmp_path, store), [NOON]
    loop = asyncio.create_task(media_loop(store, files, broken, lambda: now[0], lambda _: None, look=0.01))
    async with asyncio.timeout(60):
        while await rows(store, select(Attachment.state)) != ["missing"]:
            now[0] += DAY
            await asyncio.sleep(0.01)
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
    assert await rows(store, select(Delivery.state).where(Delivery.desk == 0, Delivery.payload.contains("Q-2025-0001"))) == ["cancelled"]
    assert await seen(store, number) == ("Q-2025-0001", 1, "issued")
    [facts] = await rows(store, select(NoticeRow.facts).where(NoticeRow.kind == NoticeKind.DOCUMENT))
    assert json.loads(facts)["why"] == "undrawn"
    assert await press(store, company, "yes", number) == ["This is not there any more. Write to us if you have a question."]
    await store.write(lambda s: papers.send(s, rep, number, company, once="again", now=NOON))
    assert await seen(store, number) == ("Q-2025-0001", 1, "sent")


async def test_a_merged_person_answers_for_whom_they_are(store: Store, company: Company, rep: Rep, deal: int) -> None:
    number = await sent(store, company, rep, deal)
    await deal_with(store, company, rep, "ann two")
    [first, second] = await rows(store, select(Contact.id).order_by(Contact.id))
    await store.write(lambda s: s.execute(update(Contact).where(Contact.id == first).values(root_id=second)))
    assert "Thank you!" in (await press(store, company, "yes", number, "ann two"))[0]


async def test_a_paper_without_a_deal_is_its_makers_alone(store: Store, company: Company, rep: Rep, deal: int) -> None:
    number = await drafted(store, company, rep, deal)
    await store.write(lambda s: s.execute(update(Document).where(Document.id == number).values(deal_id=None)))
    other = await hire(store, "other")
    with pytest.raises(NotFound):
        await store.write(lambda s: papers.look(s, other, number, now=NOON))
    with pytest.raises(NotFound):
        await store.write(lambda s: papers.speak(s, rep, number, "en", company, now=NOON))
    with pytest.raises(NotFound):
        await store.write(lambda s: papers.correct(s, rep, number, company, once="c", now=NOON))
    assert await store.write(lambda s: papers.look(s, rep, number, now=NOON).state) == DocumentState.DRAFT
    with pytest.raises(NotFound):
        await store.read(lambda s: documents.document_at(s, 1))
    assert making.packed({"b": 1, "a": "ա"}) == '{"a": "ա", "b": 1}'


async def test_who_cannot_be_written_to_gets_no_document_and_no_number_is_used(store: Store, company: Company, rep: Rep, deal: int) -> None:
    number = await drafted(store, company, rep, deal)
    await store.write(lambda s: s.execute(update(Identity).values(reachable=0)))
    with pytest.raises(Unreachable):
        await store.write(lambda s: papers.send(s, rep, number, company, once="s", now=NOON))
    await store.write(lambda s: s.execute(update(Identity).values(reachable=1)))
    await store.write(lambda s: s.execute(update(Contact).values(blocked=1)))
    with pytest.raises(Forbidden):
        await store.write(lambda s: papers.send(s, rep, number, company, once="s", now=NOON))
    assert await seen(store, number) == (None, 1, "draft")
    assert await rows(store, select(Serial.last)) == []


async def test_the_file_of_a_message_is_drawn_from_the_words_that_were_sealed(store: Store, company: Company, rep: Rep, deal: int) -> None:
    number = await sent(store, company, rep, deal)
    drawer = Papers(store)
    first, second = [b"".join([piece async for piece in drawer.fetch(MediaRef(MediaKind.DOCUMENT, str(number)))]) for _ in range(2)]
    assert first.startswith(b"%PDF")
    assert first == second


async def test_a_forgotten_persons_documents_say_nothing_more(store: Store, company: Company, rep: Rep, deal: int) -> None:
    number = await sent(store, company, rep, deal)
    [contact] = await rows(store, select(Contact.id))
    what = await store.read(lambda s: belongings_of(s, contact))
    assert list(what.of("documents")) == [number]
    await store.write(lambda s: blank(s, "documents", what.of("documents")))
    assert await rows(store, select(Document.data, Document.number, Document.total)) == [("{}", "Q-2025-0001", 25_000_000)]
