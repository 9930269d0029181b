"""States: what was deleted, answered elsewhere, reacted to or sent as a template reads the same way on cards, in posts and in the browser."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from bots.staff import cards, notices, upkeep
from bots.staff.rendering import Rendered
from bots.staff.sight import Scene
from crm.base.actors import Rep, Role
from crm.base.db import Store
from crm.base.events import AccountAlert, Delete, MediaKind, MediaRef, Reaction
from crm.base.i18n import translator
from crm.base.outbound import May
from crm.base.settings import Company
from crm.base.time import HOUR
from crm.conversations.assign import take
from crm.conversations.threads import Author, Conversation
from crm.outbox.deliveries import State
from crm.outbox.notices import NoticeKind, Waiting, waiting_notices
from crm.reports.thread import Line, Thread, Todo, see
from crm.reports.words import done_words, state_words
from crm.sales.tasks import TaskKind
from tests.conftest import NOON
from tests.crm.fake import hire, rows
from tests.crm.told import ANN, happen, message
from web.desk.view import Place, pane

RUBEN = Rep(1, Role.REP, "Ruben", "en", "77")
TR = translator("en")
LINE = Line(30, Author.CONTACT, "message", "", "Do you have red wine?", NOON)
PLAIN = Thread(7, "telegram", "Telegram", "Ann Lee", waiting_since=NOON, lines=(LINE,), last_heard_id=30)


def bare(text: str) -> str:
    return text.replace("\u2068", "").replace("\u2069", "")


def on_card(company: Company, **changes: object) -> str:
    return bare(cards.card(replace(PLAIN, lines=(replace(LINE, **changes),)), RUBEN, company, NOON).text)  # type: ignore[arg-type]


def in_browser(**changes: object) -> tuple[str, str, str]:
    [bubble] = pane(Place(TR, RUBEN, "UTC", NOON), replace(PLAIN, lines=(replace(LINE, **changes),)), sendable=True).bubbles  # type: ignore[arg-type]
    return bare(bubble.when), bare(bubble.text), bare(bubble.state)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("reaction", "👍", "reacted: 👍"),
        ("reaction", "", "took a reaction away"),
        ("elsewhere", "Yes, come by", "answered elsewhere: Yes, come by"),
        ("auto", "I am away", "automatic answer: I am away"),
        ("message", "hello", "hello"),
        ("unheard of", "hello", "hello"),
    ],
)
def test_what_was_done_is_named_everywhere(company: Company, kind: str, text: str, expected: str) -> None:
    assert done_words(TR, kind, text) == expected
    assert expected in on_card(company, kind=kind, text=text)
    assert expected in in_browser(kind=kind, text=text)[1]


def test_deleted_words_stay_for_the_staff_and_are_marked(company: Company) -> None:
    assert "Do you have red wine? (deleted by the customer)" in on_card(company, deleted=True)
    when, text, _ = in_browser(deleted=True, edited=True)
    assert when.endswith("changed · deleted by the customer")
    assert text == "Do you have red wine?"
    assert "deleted" not in on_card(company)


@pytest.mark.parametrize(
    ("state", "detail", "expected"),
    [
        (State.SENT, "template: hello", "sent ✓ as the approved template hello"),
        (State.READ, "template: hello", "read ✓✓ as the approved template hello"),
        (State.DELIVERED, "", "delivered ✓✓"),
        (State.SENT, "marked by hand", "sent ✓"),
        (State.FAILED, "window_closed: 131047", "failed ✗: the customer must write first"),
        (State.QUEUED, "template: hello", "waiting to be sent"),
    ],
)
def test_a_state_says_what_is_known_and_no_more(company: Company, state: State, detail: str, expected: str) -> None:
    assert bare(state_words(TR, state, detail)) == expected
    assert in_browser(author=Author.REP, state=state, detail=detail)[2] == expected
    card = cards.card(replace(PLAIN, reply_state=state, reply_detail=detail), RUBEN, company, NOON).text
    assert f"Our last answer: {expected}" in bare(card)


@pytest.mark.parametrize(
    ("may", "until", "expected"),
    [
        (May.ANYTHING, NOON + HOUR, "free to write until today 17:00"),
        (May.ANYTHING, 0, "free to write"),
        (May.PERSONAL, NOON + HOUR, "only the team's own words may go, until today 17:00"),
        (May.PERSONAL, 0, "only the team's own words may go"),
        (May.TEMPLATE, 0, "only an approved template may go now"),
        (May.NOTHING, 0, "nothing may go now until they write"),
    ],
)
def test_a_card_says_what_the_platform_takes_now(company: Company, may: May, until: int, expected: str) -> None:
    sight = replace(PLAIN, may=may, may_until=until)
    assert expected in cards.status(sight, RUBEN, TR, company, NOON)
    keys = [key.label for row in cards.keys(sight, RUBEN) for key in row]
    assert ("Send a template" in keys) is (may is May.TEMPLATE)
    assert expected not in cards.status(replace(sight, holder_id=9), RUBEN, TR, company, NOON)


def test_an_owed_answer_offers_a_template_where_nobody_knows_the_window() -> None:
    sight = replace(PLAIN, todos=(Todo(1, TaskKind.ANSWER, "", NOON),))
    assert "Send a template" in [key.label for row in cards.keys(sight, RUBEN) for key in row]
    assert "Send a template" not in [key.label for row in cards.keys(replace(sight, may=May.ANYTHING), RUBEN) for key in row]


def test_a_platforms_words_about_our_account_are_quoted_to_managers_in_their_language(company: Company) -> None:
    mariam, zara = Rep(2, Role.MANAGER, "Mariam", "en", "78"), Rep(3, Role.MANAGER, "Zara", "hy", "79")
    scene = Scene(company, {"fake": "Fake"}, NOON, (RUBEN, mariam, zara))
    facts = {"account": "fake", "kind": "quality", "words": "quality red", "ok": False}
    bad = upkeep.account(None, Waiting(1, NoticeKind.ACCOUNT, 1, facts, 0), scene)  # type: ignore[arg-type]
    assert [mail.rep for mail in bad.mails] == [mariam, zara]
    assert bare(bad.mails[0].post.text) == "⚠️ About our account on Fake: “quality red”. Look at it there, or ask who looks after it."
    good = upkeep.account(None, Waiting(1, NoticeKind.ACCOUNT, 1, {**facts, "ok": True}, 0), scene)  # type: ignore[arg-type]
    assert bare(good.mails[0].post.text) == "✅ Good news about our account on Fake: “quality red”"


async def rendered(store: Store, company: Company, rep: Rep, kind: NoticeKind) -> list[Rendered]:
    """What the waiting notices of a kind become, for a staff of one."""
    scene = Scene(company, {"fake": "Fake"}, NOON, (rep,), (rep,))
    found = await store.read(lambda session: notices.render(session, [one for one in waiting_notices(session) if one.kind is kind], scene))
    return [one for one in found if one.mails]


async def test_whoever_has_the_conversation_is_told_what_was_deleted(store: Store, company: Company) -> None:
    await happen(store, company, message(1, "My card is 4000"))
    ruben = await hire(store)
    [number] = await rows(store, select(Conversation.id))
    await store.write(lambda session: take(session, ruben, number, now=NOON))
    await happen(store, company, Delete(ANN, "m1", NOON))
    [one] = await rendered(store, company, ruben, NoticeKind.EDITED)
    assert bare(one.mails[0].post.text) == "Ann deleted a message. It said:\nMy card is 4000"
    shown = await store.read(lambda session: see(session, number, {}, last=10, notes=0))
    assert [line.deleted for line in shown.lines if line.author is Author.CONTACT] == [True]


async def test_only_an_emoji_of_displeasure_is_posted_to_whoever_has_the_conversation(store: Store, company: Company) -> None:
    await happen(store, company, message(1, "hi"))
    ruben = await hire(store)
    [number] = await rows(store, select(Conversation.id))
    await store.write(lambda session: take(session, ruben, number, now=NOON))
    await happen(store, company, Reaction(ANN, "r1", "x1", "👍", NOON), Reaction(ANN, "r2", "x1", "", NOON), Reaction(ANN, "r3", "x1", "👎", NOON))
    posts = [bare(mail.post.text) for one in await rendered(store, company, ruben, NoticeKind.HEARD) for mail in one.mails]
    assert posts == ["Ann:\nreacted: 👎"]
    shown = await store.read(lambda session: see(session, number, {}, last=10, notes=0))
    assert [line.text for line in shown.lines if line.kind == "reaction"] == ["👍", "", "👎"]


async def test_an_album_is_one_post_that_grows_and_shows_the_rest_when_asked(store: Store, company: Company) -> None:
    await happen(store, company, message(1, "hi"))
    ruben = await hire(store)
    [number] = await rows(store, select(Conversation.id))
    await store.write(lambda session: take(session, ruben, number, now=NOON))
    photos = [replace(message(n, ""), album="a1", media=(MediaRef(MediaKind.PHOTO, f"f{n}"),)) for n in range(2, 6)]
    await happen(store, company, *photos[:3])
    await happen(store, company, photos[3])
    [post] = [mail.post for one in await rendered(store, company, ruben, NoticeKind.HEARD) for mail in one.mails]
    assert bare(post.text) == "Ann:\n[4 files in all]"
    assert post.media is not None
    assert post.name.startswith("album:")
    assert [key.intent and key.intent.action for row in post.keys for key in row] == ["files", "task_of"]


async def test_an_alert_about_our_account_reaches_managers_through_the_notices(store: Store, company: Company) -> None:
    mariam = await hire(store, "mariam", Role.MANAGER)
    await happen(store, company, AccountAlert("template", "template hello (hy): paused", NOON))
    [one] = await rendered(store, company, mariam, NoticeKind.ACCOUNT)
    assert "template hello (hy): paused" in one.mails[0].post.text
