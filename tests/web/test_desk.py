"""The staff inbox over HTTP: what a member may do and see, what is refused and changes nothing, and that texts stay texts."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from html import unescape
from urllib.parse import quote

import pytest
from sqlalchemy import select

from crm.base.actors import Rep, Role, System
from crm.base.db import Session, Store
from crm.base.errors import Busy
from crm.base.events import MediaKind, MediaRef
from crm.base.history import DomainEvent
from crm.base.i18n import LANGUAGES, translator
from crm.base.outbound import Reason, Uncertain, Undeliverable
from crm.base.time import DAY, HOUR
from crm.conversations import assign, talk
from crm.conversations.desk import files_of
from crm.conversations.media import arrived
from crm.conversations.threads import Attachment, Conversation, Note, Status
from crm.outbox.deliveries import Delivery, State
from crm.people import reps
from crm.people.logins import WebSession
from crm.sales import tasks
from crm.sales.tasks import Duty, Task, TaskKind
from tests.conftest import NOON
from tests.crm.fake import rows
from tests.web.front_desk import FrontDesk, Markup, Visitor, bubbles, contents, newest, said, visitor

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onfocus='alert(1)' autofocus='",
    "</textarea></template><svg onload=alert(1)>",
    "{{7*7}}{% raw %}",
    "javascript:alert(1)",
    "<!--<ol><li>",
    "\u202egnp.exe\u2066\u2069",
    "a" + "\u0301" * 500,
]


async def test_a_rep_takes_answers_and_sees_it_delivered(desk: FrontDesk, tigran: Visitor, rep: Rep, ann: int) -> None:
    assert (await tigran.do(ann, "take")).headers["Location"] == f"/desk/c/{ann}?done=take"
    assert (await tigran.do(ann, "reply", text="Yes, in oak.\r\nAnd in walnut.")).status == 303
    await tigran.get(f"/desk/c/{ann}")
    assert "waiting to be sent" in tigran.page
    await desk.deliver()
    await tigran.get(f"/desk/c/{ann}")
    assert "sent ✓" in tigran.page
    assert ("ann", "Yes, in oak.\nAnd in walnut.") in desk.carrier.texts
    assert await rows(desk.store, select(Conversation.rep_id, Conversation.waiting_since)) == [(rep.id, 0)]


async def test_an_answer_to_what_nobody_has_takes_it(desk: FrontDesk, tigran: Visitor, rep: Rep, ann: int) -> None:
    await tigran.do(ann, "reply", text="Yes.")
    assert await rows(desk.store, select(Conversation.rep_id)) == [rep.id]


async def test_the_same_form_sent_ten_times_is_one_answer(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    await tigran.get(f"/desk/c/{ann}")
    answers = await asyncio.gather(*(tigran.again(ann, "reply", text="Yes.") for _ in range(10)))
    assert {answer.status for answer in answers} == {303}
    assert await said(desk) == ["Yes."]
    await tigran.again(ann, "reply", text="Other words from the same page.")
    assert await said(desk) == ["Yes.", "Other words from the same page."]


@pytest.mark.parametrize("deed", ["take", "close", "later:1h", "note", "hand_back"])
async def test_any_form_sent_again_later_changes_nothing(desk: FrontDesk, tigran: Visitor, ann: int, deed: str) -> None:
    await tigran.do(ann, "take")
    fields = {"text": "Remember the invoice."} if deed == "note" else {}
    await tigran.do(ann, deed, **fields)
    await desk.letter("Anybody there?")
    before = await contents(desk)
    desk.now += HOUR // 2
    assert (await tigran.again(ann, deed, **fields)).status == 303
    assert await contents(desk) == before


async def test_an_answer_overtaken_by_newer_words_waits_for_a_second_look(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    await tigran.get(f"/desk/c/{ann}")
    await desk.letter("And chairs?")
    before = await contents(desk)
    assert (await tigran.again(ann, "reply", text="Yes, tables.")).status == 409
    assert await contents(desk) == before
    assert "And chairs?" in bubbles(tigran.page)
    assert re.search(r'class="bubble them new"', tigran.page)
    assert ">Yes, tables.</textarea>" in tigran.page
    assert (await tigran.again(ann, "reply", text="Yes, tables.")).status == 303
    assert await said(desk) == ["Yes, tables."]


async def test_a_note_stays_among_colleagues(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    await tigran.do(ann, "note", text="Wants an invoice.")
    await desk.deliver()
    await tigran.get(f"/desk/c/{ann}")
    assert "Wants an invoice." in bubbles(tigran.page)
    assert await rows(desk.store, select(Note.text)) == ["Wants an invoice."]
    assert not any("invoice" in text for _, text in desk.carrier.texts)


async def test_closing_putting_off_and_opening_again(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    state = select(Conversation.status, Conversation.snoozed_until)
    await tigran.do(ann, "later:3h")
    assert await rows(desk.store, state) == [(Status.SNOOZED, NOON + 3 * HOUR)]
    await tigran.do(ann, "close")
    assert await rows(desk.store, state) == [(Status.CLOSED, 0)]
    await tigran.get("/desk")
    assert "Nothing is open." in tigran.page
    await tigran.do(ann, "reopen")
    assert await rows(desk.store, state) == [(Status.OPEN, 0)]


async def test_tomorrow_is_nine_in_the_morning_where_the_firm_is(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    await tigran.do(ann, "later:tomorrow")
    assert await rows(desk.store, select(Conversation.snoozed_until)) == [NOON + DAY - 7 * HOUR]


async def answered(desk: FrontDesk, tigran: Visitor, ann: int, ending: Exception) -> int:
    """An answer of Tigran's whose sending ends like this; its part's number."""
    await desk.deliver()
    await tigran.do(ann, "reply", text="Hello?")
    desk.now += HOUR
    await desk.deliver(ending)
    await tigran.get(f"/desk/c/{ann}")
    return int((await rows(desk.store, select(Delivery.id).order_by(Delivery.id.desc()).limit(1)))[0])


@pytest.mark.parametrize(("deed", "state"), [("mark_sent", State.SENT), ("resend", State.QUEUED)])
async def test_what_nobody_knows_is_settled_by_hand_once(desk: FrontDesk, tigran: Visitor, ann: int, deed: str, state: State) -> None:
    part = str(await answered(desk, tigran, ann, Uncertain("no answer")))
    assert "nobody knows whether it arrived" in tigran.page
    assert (await tigran.do(ann, deed, delivery=part)).status == 303
    assert await rows(desk.store, select(Delivery.state).where(Delivery.id == int(part))) == [state]
    assert (await tigran.again(ann, deed, delivery=part)).status == 303
    assert (await tigran.do(ann, deed, delivery=part)).status == 409
    assert "That has been settled already." in tigran.page


async def test_why_something_failed_is_said_and_it_can_only_be_sent_again(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    part = str(await answered(desk, tigran, ann, Undeliverable(Reason.BLOCKED)))
    assert "failed ✗: the customer has blocked us or is gone" in tigran.page
    assert (await tigran.do(ann, "mark_sent", delivery=part)).status == 409
    assert (await tigran.do(ann, "resend", delivery=part)).status == 303


async def test_a_part_of_another_conversation_is_not_settled_here(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    part = await answered(desk, tigran, ann, Uncertain("no answer"))
    await desk.letter("Me too", who="ben")
    other, before = await newest(desk), await contents(desk)
    for number in (str(part), "0", "-1", "9" * 18, "x"):
        assert (await tigran.do(other, "resend", delivery=number)).status == 404
    assert await contents(desk) == before


async def test_what_cannot_be_answered_there_says_so(desk: FrontDesk, rep: Rep, ann: int) -> None:
    async with visitor(desk.app(sendable=frozenset({"telegram"}))) as browser:
        await browser.enter(await desk.link(rep))
        await browser.get(f"/desk/c/{ann}")
        assert "The customer cannot be written to there." in browser.page
        assert 'value="reply"' not in browser.page
        answer = await browser.again(ann, "take")
        given = {"token": browser.hidden("token"), "once": "o" * 20, "deed": "reply", "text": "Hello", "seen": "999999"}
        assert (answer.status, (await browser.post(f"/desk/c/{ann}", given)).status) == (303, 409)
    assert await said(desk) == []


EVERY_DEED = ["take", "take_over", "hand_back", "close", "reopen", "later:1h", "reply", "note", "resend", "mark_sent"]


async def test_a_colleagues_conversation_is_refused_and_nothing_changes(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    ruben = await desk.member("ruben")
    await desk.deliver(Uncertain("no answer"))
    [part] = await rows(desk.store, select(Delivery.id).where(Delivery.state == State.UNKNOWN.value))
    await tigran.get(f"/desk/c/{ann}")
    known = {"token": tigran.hidden("token"), "once": "o" * 20, "text": "hello", "delivery": str(part), "seen": "999999"}
    await desk.store.write(lambda session: assign.take(session, ruben, ann, now=NOON))
    before = await contents(desk)
    for deed in EVERY_DEED:
        assert (await tigran.post(f"/desk/c/{ann}", known | {"deed": deed})).status == 403, deed
        assert "Ruben" in tigran.page
    assert await contents(desk) == before


async def test_a_colleagues_conversation_shows_a_rep_nothing(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    ruben = await desk.member("ruben")
    await desk.store.write(lambda session: assign.take(session, ruben, ann, now=NOON))
    assert (await tigran.get(f"/desk/c/{ann}")).status == 403
    assert not {"Ann", "tables"} & set(re.findall(r"\w+", tigran.page))
    told = await (await tigran.get(f"/desk/now?c={ann}")).json()
    assert (told["pane"], told["rows"]) == (None, [])


async def test_a_manager_takes_over_before_reading(desk: FrontDesk, outside: Visitor, rep: Rep, ann: int) -> None:
    mariam = await desk.member("mariam", Role.MANAGER)
    await desk.store.write(lambda session: assign.take(session, rep, ann, now=NOON))
    await outside.enter(await desk.link(mariam))
    await outside.get(f"/desk/c/{ann}")
    assert "Tigran" in outside.page
    assert "tables" not in outside.page
    assert (await outside.again(ann, "take_over")).status == 303
    await outside.get(f"/desk/c/{ann}")
    assert "Do you have tables?" in bubbles(outside.page)


async def test_a_rep_takes_nothing_over(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    before = await contents(desk)
    assert (await tigran.do(ann, "take_over")).status == 403
    assert await contents(desk) == before


async def test_every_deed_is_on_record_with_its_session(desk: FrontDesk, tigran: Visitor, rep: Rep, ann: int) -> None:
    await tigran.do(ann, "take")
    [(session_id,)] = [(one,) for one in await rows(desk.store, select(WebSession.id))]
    kept = select(DomainEvent.subject_id, DomainEvent.rep_id, DomainEvent.after).where(DomainEvent.subject == "web_session")
    assert await rows(desk.store, kept) == [(session_id, rep.id, '{"deed": "take"}')]


async def test_mine_come_first_and_then_who_waits_longest(desk: FrontDesk, tigran: Visitor, rep: Rep) -> None:
    for place, who in enumerate(("ann", "ben", "cat")):
        desk.now = NOON + place
        await desk.letter("Hello", who=who)
    last = await newest(desk)
    await desk.store.write(lambda session: assign.take(session, rep, last, now=NOON))
    told = await (await tigran.get("/desk/now")).json()
    assert [(row["name"], row["mark"], row["holder"]) for row in told["rows"]] == [("Cat", "waiting", "Yours"), ("Ann", "waiting", ""), ("Ben", "waiting", "")]


async def test_a_long_list_has_pages(desk: FrontDesk, rep: Rep) -> None:
    for place in range(5):
        await desk.letter("Hello", who=f"n{place}")
    async with visitor(desk.app(rows=2)) as browser:
        await browser.enter(await desk.link(rep))
        names: list[str] = []
        for after in ("", "?after=2", "?after=4", "?after=-1", "?after=x"):
            await browser.get(f"/desk{after}")
            names.append(",".join(re.findall(r'data-put="name">(N\d)<', browser.page)))
    assert names == ["N0,N1", "N2,N3", "N4", "N0,N1", "N0,N1"]


async def test_a_script_asks_and_is_told_only_what_changed(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    answer = await tigran.get(f"/desk/now?c={ann}")
    tag = answer.headers["ETag"]
    assert (await tigran.get(f"/desk/now?c={ann}", **{"If-None-Match": tag})).status == 304
    await desk.letter("And chairs?")
    told = await (await tigran.get(f"/desk/now?c={ann}", **{"If-None-Match": tag})).json()
    assert told["pane"]["bubbles"][-2]["text"] == "And chairs?" or told["pane"]["bubbles"][-1]["text"] == "And chairs?"
    assert answer.content_type == "application/json"


async def test_hostile_names_and_texts_are_texts(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    await tigran.do(ann, "note", text="harmless")
    await tigran.get(f"/desk/c/{ann}")
    harmless = Markup(tigran.page).tags
    for words in HOSTILE:
        await desk.letter(words, who=words)
        number = await newest(desk)
        await tigran.do(number, "note", text=words)
        await tigran.do(number, "reply", text=words)
        for path in ("/desk", f"/desk/c/{number}", f"/desk/c/{number}?done={quote(words)}", f"/desk/login/{quote(words, safe='')}"):
            await tigran.get(path)
            assert Markup(tigran.page).faults == []
            assert Markup(tigran.page).tags <= harmless | {"strong"}
            assert not {"\u202e", "\u2066"} & set(tigran.page)
        await tigran.get(f"/desk/c/{number}")
        shown = bubbles(tigran.page)
        assert shown[0] == re.sub("[\u202e\u2066\u2069]", "", words)
        assert shown.count(shown[0]) == 3


async def test_a_hostile_draft_comes_back_as_text(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    for words in HOSTILE:
        await tigran.get(f"/desk/c/{ann}")
        await desk.letter("more")
        assert (await tigran.again(ann, "reply", text=words)).status == 409
        assert Markup(tigran.page).faults == []
        assert tigran.page.count("<script") == 1


async def test_the_page_speaks_the_members_language(desk: FrontDesk, tigran: Visitor, rep: Rep, ann: int) -> None:
    for language in LANGUAGES:
        await desk.store.write(lambda session, language=language: reps.set_language(session, rep, language, now=NOON))  # type: ignore[misc]
        tr = translator(language)
        await tigran.get(f"/desk/c/{ann}", **{"Accept-Language": "en"})
        assert f'<html lang="{language}">' in tigran.page
        assert all(tr.button(label) in unescape(tigran.page) for label in ("Take", "Close", "Later", "Note", "Send"))
        await desk.letter("more")
        await tigran.again(ann, "reply", text="x")
        assert tr("Not sent: newer messages have come. Read them, then send again.") in unescape(tigran.page)


async def test_a_stranger_is_answered_in_the_browsers_language(outside: Visitor) -> None:
    await outside.get("/desk", **{"Accept-Language": "de, ka-GE;q=0.8"})
    assert '<html lang="ka">' in outside.page


async def photo(desk: FrontDesk, ann: int, mime: str, name: str = "cat.jpg") -> int:
    """A file in the thread with Ann; answers its number."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"<script>alert(1)</script>"

    path, size = await desk.files.save(chunks())

    def deed(session: Session) -> int:
        member = reps.reps(session)[0]
        number = talk.reply(session, member, ann, "", once=name, now=NOON, media=MediaRef(MediaKind.PHOTO, "r", name, mime), media_account="fake")
        file = files_of(session, [number])[number][0]
        arrived(session, file.id, path, size, now=NOON)
        return file.id

    return await desk.store.write(deed)


@pytest.mark.parametrize(
    ("mime", "kind", "shown"),
    [
        ("image/jpeg", "image/jpeg", "inline"),
        ("text/html", "application/octet-stream", "attachment"),
        ("image/svg+xml", "application/octet-stream", "attachment"),
    ],
)
async def test_a_file_is_never_a_page_of_ours(desk: FrontDesk, tigran: Visitor, ann: int, mime: str, kind: str, shown: str) -> None:
    number = await photo(desk, ann, mime, 'c"a\r\nt.html')
    answer = await tigran.client.get(f"/desk/c/{ann}/files/{number}")
    assert (answer.content_type, answer.headers["Content-Disposition"].split(";")[0]) == (kind, shown)
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert (await answer.read()).startswith(b"<script>")


async def test_a_file_of_a_colleagues_conversation_is_not_found(desk: FrontDesk, rep: Rep, ann: int) -> None:
    number = await photo(desk, ann, "image/jpeg")
    ruben = await desk.member("ruben")
    await desk.letter("Hello", who="ben")
    async with visitor(desk.app()) as browser:
        await browser.enter(await desk.link(ruben))
        for conversation in (ann, await newest(desk)):
            assert (await browser.get(f"/desk/c/{conversation}/files/{number}")).status == 404
    assert await rows(desk.store, select(Attachment.id)) == [number]


class Shut:
    """A store whose writer takes nothing more."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.wakes, self.read = store.wakes, store.read

    async def write(self, *_: object) -> None:
        raise Busy


async def nothing(*_: object) -> None:
    raise Busy


async def test_when_nothing_can_be_written_the_words_stay_on_the_page(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    key = next(iter(tigran.client.session.cookie_jar)).value
    shut = FrontDesk(Shut(desk.store), desk.company, desk.folder)  # type: ignore[arg-type]
    async with visitor(shut.app()) as browser:
        browser.client.session.cookie_jar.update_cookies({"desk": key})
        answer = await browser.do(ann, "reply", text="Kept for later.")
    assert answer.status == 503
    assert ">Kept for later.</textarea>" in browser.page
    assert json.loads(await (await tigran.get(f"/desk/now?c={ann}")).text())["pane"]["name"] == "Ann"


async def test_a_store_that_answers_nobody_is_a_503_with_every_header(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    shut = Shut(desk.store)
    shut.read = nothing  # type: ignore[assignment]
    async with visitor(FrontDesk(shut, desk.company, desk.folder).app()) as browser:  # type: ignore[arg-type]
        for path in ("/desk", f"/desk/c/{ann}", f"/desk/now?c={ann}", "/desk/sessions"):
            answer = await browser.get(path, Cookie=f"desk={'x' * 43}")
            assert (answer.status, answer.headers["Cache-Control"], "Retry-After" in answer.headers) == (503, "no-store", True)


async def test_an_answer_from_the_page_does_what_was_owed(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    for kind in (TaskKind.ANSWER, TaskKind.CALL):
        await desk.store.write(lambda s, kind=kind: tasks.add_task(s, System("test"), ann, Duty(kind, desk.now), now=desk.now))  # type: ignore[misc]
    await tigran.do(ann, "reply", text="Yes.")
    assert await rows(desk.store, select(Task.state).order_by(Task.id)) == ["done", "open"]
