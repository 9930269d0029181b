"""Tasks at the staff's hands: on the card, at the button and back again, in /tasks; a call on the card and its recording."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bots.staff import cards
from bots.staff.menus import MOST
from crm.base.actors import Rep, Role, System
from crm.base.db import Session
from crm.base.events import CallPhase, MediaKind
from crm.base.i18n import LANGUAGES, translator
from crm.base.outbound import May, Media
from crm.base.settings import Company
from crm.base.text import utf16_length
from crm.base.time import HOUR
from crm.conversations.calls import Told, written
from crm.conversations.threads import Attachment, Author, Conversation, Message
from crm.outbox.notices import card, tell
from crm.people.suggestions import Possible
from crm.reports.thread import Line, Thread, Todo
from crm.reports.words import CALLS, call_words
from crm.sales import ladder, tasks
from crm.sales.tasks import Duty, Task, TaskKind
from tests.bots.staff.firm import ask, labels, toast
from tests.bots.staff.office import Office
from tests.conftest import NOON

RUBEN = Rep(1, Role.REP, "Ruben", "en", "77")
MISSED = Line(30, Author.CONTACT, "call", "", written(Told(CallPhase.MISSED)), NOON)
RINGER = Thread(7, "phone", "Phone", "Ann", waiting_since=NOON, last_heard_id=30, phone="+37491123456", lines=(MISSED,), lead_status="new")
RING_BACK = Todo(5, TaskKind.CALL, "", NOON)
SOUND = Media(40, MediaKind.AUDIO, "a1.mp3", "audio/mpeg", 10)


def keys(sight: Thread, reader: Rep = RUBEN) -> list[str]:
    return [key.label for row in cards.keys(sight, reader) for key in row]


async def add(office: Office, *duties: Duty, who: str = "ann") -> list[int]:
    """Tasks about somebody who has written."""

    def deed(session: Session) -> list[int]:
        talk = session.query(Conversation).filter_by(address=who).one().id
        return [tasks.add_task(session, System("test"), talk, duty, now=office.now()) for duty in duties]

    return await office.store.write(deed)


async def states(office: Office) -> Sequence[str]:
    return await office.store.read(lambda session: [task.state for task in session.query(Task).order_by(Task.id)])


def test_a_card_says_that_somebody_rang_and_is_to_be_called_back(company: Company) -> None:
    text = cards.card(replace(RINGER, todos=(RING_BACK,)), RUBEN, company, NOON).text
    for words in ("📞 rang us, and nobody answered", "<b>call back</b> · today 16:00", "+37491123456"):
        assert words in text
    assert "✔ Task done" in keys(replace(RINGER, todos=(RING_BACK,)))


def test_a_card_offers_the_newest_recording(company: Company) -> None:
    spoken = replace(MISSED, text=written(Told(CallPhase.ENDED, False, 185, "Nare")), files=(SOUND,), kinds=("audio",))
    sight = replace(RINGER, lines=(spoken,))
    assert "[audio] 📞 rang us, and talked for 3:05" in cards.card(sight, RUBEN, company, NOON).text
    assert "🎧 Listen to the call" in keys(sight)


def test_a_card_never_has_more_buttons_than_fit() -> None:
    full = replace(RINGER, holder_id=1, rest=3, rest_from=9, todos=(RING_BACK, RING_BACK), lines=(replace(MISSED, files=(SOUND,)),))
    assert len(keys(full)) == MOST
    also = replace(full, possible=(Possible(1, 8, "Anna", "phone", "", 90),), may=May.TEMPLATE)
    assert len(keys(also)) == MOST
    assert "✔ Task done" in keys(also)
    assert "Block" not in keys(also)
    assert "⋯ More" in keys(also)


@pytest.mark.parametrize(("changes", "offered"), [({"holder_id": 9}, False), ({"blocked": True}, False), ({"status": "closed"}, True)])
def test_a_task_is_offered_to_whom_it_concerns(changes: dict[str, object], offered: bool) -> None:
    assert ("✔ Task done" in keys(replace(RINGER, todos=(RING_BACK,), **changes))) == offered  # type: ignore[arg-type]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_call_has_words_in_every_language(language: str) -> None:
    said = {call_words(translator(language), written(Told(phase, outgoing, 61, "Nare"))) for outgoing, phase in CALLS}
    assert len(said) == len(CALLS)
    assert all("Nare" in words for words in said)


def test_hostile_words_of_a_task_or_an_agent_stay_words(company: Company) -> None:
    evil = "</b><a href='tg://x'>\u202e" * 60
    line = replace(MISSED, text=written(Told(CallPhase.ANSWERED, agent=evil)))
    text = cards.card(replace(RINGER, lines=(line,), todos=(replace(RING_BACK, text=evil, who=evil),)), RUBEN, company, NOON).text
    assert "<a" not in text
    assert "\u202e" not in text
    assert utf16_length(text) <= 4096


async def test_a_task_is_done_at_its_button_and_taken_back(office: Office) -> None:
    await office.member("ruben")
    await office.letter("hello")
    await add(office, Duty(TaskKind.CALL, office.now()))
    await office.show()
    await office.press("ruben", await office.find("ruben", "call back"), "✔ Task done")
    assert await states(office) == ["done"]
    assert "call back" not in str((await office.find("ruben", "hello"))["text"])
    await office.press("ruben", await office.find("ruben", "Done: call back"), "Undo")
    assert (await states(office), await toast(office)) == (["open"], "The task is open again.")
    assert "call back" in str((await office.find("ruben", "hello"))["text"])


async def test_what_is_to_be_done_is_listed_with_at_most_eight_buttons(office: Office) -> None:
    await office.member("ruben")
    people = ("ann", "ben", "cat", "dan")
    for number, who in enumerate(people):
        await office.letter("hi", who=who, name=who.title())
        await add(office, Duty(TaskKind.CALL, office.now() + number * HOUR, f"about {who}"), who=who)
    first = await ask(office, "ruben", "/tasks")
    assert [label for label in labels(first) if "Task done" not in label] == [
        "1. \u2068Ann\u2069",
        "2. \u2068Ben\u2069",
        "3. \u2068Cat\u2069",
        "More",
        "Other lists",
    ]
    assert len(labels(first)) <= MOST
    assert "about ann" in str(first["text"])
    assert "nobody's yet" in str(first["text"])
    await office.press("ruben", first, "More")
    assert "4. ☎️ call back, \u2068Dan\u2069" in str((await office.last("ruben"))["text"])
    await office.press("ruben", first, "2. ✔ Task done")
    assert await states(office) == ["open", "done", "open", "open"]
    await office.press("ruben", first, "1. \u2068Ann\u2069")
    assert "<b>" not in str((await office.last("ruben"))["text"])


async def test_who_has_nothing_to_do_is_told_so(office: Office) -> None:
    await office.member("ruben")
    assert "nothing to do" in str((await ask(office, "ruben", "/tasks"))["text"])


async def test_a_task_whose_time_has_come_is_told_to_whose_it_is(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    ruben = await office.member("ruben")
    await office.letter("hello")
    await add(office, Duty(TaskKind.ANSWER, office.now() + HOUR, "the price", ruben.id))
    await office.show()
    assert "⏰ To do: write an answer, \u2068Ann Lee\u2069" in str((await office.find("ruben", "the price"))["text"])
    before = len(await office.posts("mariam"))
    office.ahead += HOUR
    assert await office.store.write(lambda session: ladder.remind(session, now=office.now())) == 1
    await office.show()
    post = await office.find("ruben", "⏰ To do")
    assert [len([words for words in await office.posts("ruben") if "⏰ To do" in words]), len(await office.posts("mariam")) - before] == [2, 0]
    await office.press("ruben", post, "✔ Task done")
    assert await states(office) == ["done"]


async def test_a_recording_is_played_to_whoever_asks(office: Office) -> None:
    await office.member("ruben")
    await office.letter("hello")

    def recorded(session: Session) -> None:
        message = session.query(Message).one()
        message.kind, message.text = "call", written(Told(CallPhase.ENDED, False, 65, "Nare"))
        session.add(Attachment(id=10**9, message_id=message.id, account="letters", kind="audio", ref="r", name="a1.mp3", mime="audio/mpeg", state="ready"))
        session.flush()
        tell(session, [card(message.conversation_id, urgent=True)], now=office.now())

    await office.store.write(recorded)
    await office.show()
    await office.press("ruben", await office.find("ruben", "talked for 1:05"), "🎧 Listen to the call")
    assert "'kind': 'audio'" in str((await office.last("ruben"))["file"])


async def test_an_ordinary_answer_does_what_was_owed_and_no_more(office: Office) -> None:
    ruben = await office.member("ruben")
    await office.letter("How much is it?")
    await add(office, Duty(TaskKind.ANSWER, office.now(), "", ruben.id), Duty(TaskKind.CALL, office.now()))
    await office.show()
    await office.say("ruben", "200", (await office.find("ruben", "How much is it?"))["message_id"])
    await office.settle()
    assert await states(office) == ["done", "open"]
    assert office.letters.texts == ["200"]


async def test_an_answer_that_was_not_sent_leaves_open_what_is_owed(office: Office) -> None:
    await office.member("mariam")
    await office.member("ruben")
    await office.letter("How much is it?")
    await add(office, Duty(TaskKind.ANSWER, office.now()))
    await office.show()
    await office.press("mariam", await office.find("mariam", "How much is it?"), "Take")
    await office.say("ruben", "200", (await office.find("ruben", ""))["message_id"])
    await office.settle()
    assert await states(office) == ["open"]
