"""Tasks at the staff's hands: made by words and by buttons, put off, handed on, told of when they are late; the day and its settings."""

import pytest

from crm.base.actors import Rep, Role, System
from crm.base.db import Session
from crm.base.time import DAY, HOUR
from crm.conversations.threads import Conversation
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people.calendars import Leave
from crm.sales import ladder, tasks
from crm.sales.tasks import Duty, Task, TaskKind
from tests.bots.staff.firm import Message, ask, firm, labels, toast
from tests.bots.staff.office import Office


@pytest.fixture
async def card(office: Office) -> Message:
    """Ruben, a rep, with the card of Ann."""
    office.company = firm()
    await office.member("mariam", Role.MANAGER)
    await office.member("ruben")
    await office.letter("Do you have oak tables?")
    await office.show()
    return await office.find("ruben", "oak tables")


async def newest(office: Office) -> Task:
    def question(session: Session) -> Task:
        found = session.query(Task).order_by(Task.id.desc()).first()
        assert found is not None
        session.expunge(found)
        return found

    return await office.store.read(question)


async def reply(office: Office, message: Message, words: str) -> Message:
    await office.say("ruben", words, message["message_id"])
    await office.settle()
    return await office.last("ruben")


async def given(office: Office, who: Rep | None, due_in: int = HOUR, text: str = "the offer") -> int:
    def deed(session: Session) -> int:
        talk = session.query(Conversation).one().id
        return tasks.add_task(session, System("test"), talk, Duty(TaskKind.CALL, office.now() + due_in, text, who.id if who else None), now=office.now())

    return await office.store.write(deed)


async def late(office: Office, ahead: int) -> None:
    """Time goes by, and the ladder is climbed."""
    office.ahead += ahead
    await office.store.write(lambda session: ladder.remind(session, now=office.now()) + ladder.escalate(session, office.company, now=office.now()))
    await office.show()


async def test_a_task_is_typed_at_once_and_said_back_in_words(office: Office, card: Message) -> None:
    post = await reply(office, card, "/task tomorrow 15:00 send the offer if no reply")
    assert "I will remind you tomorrow 15:00." in str(post["text"])
    assert labels(post) == ["✔ Task done", "Open", "🕑 Another time", "Nobody's", "In any case", "Not needed", "History"]
    made = await newest(office)
    assert (made.kind, made.text, made.unless_reply) == ("letter", "send the offer", 1)
    assert "send the offer" in str((await office.find("ruben", "oak tables"))["text"])


async def test_a_task_is_made_by_buttons_alone(office: Office, card: Message) -> None:
    await office.press("ruben", card, "📌 Task")
    post = await office.last("ruben")
    assert labels(post) == ["☎️ Call", "✉️ Letter", "🤝 Meeting", "🚚 Delivery", "✍️ Answer", "📌 Something else", "Cancel"]
    await office.press("ruben", post, "☎️ Call")
    post = await office.last("ruben")
    assert set(labels(post)) >= {"In 1 hour", "Tomorrow 10:00", "Monday 10:00", "In a week 10:00", "✍️ Another time: type it", "Cancel"}
    await office.press("ruben", post, "Tomorrow 10:00")
    assert "I will remind you tomorrow 10:00." in str((await office.last("ruben"))["text"])
    assert (await newest(office)).kind == "call"


async def test_the_words_of_a_message_become_a_task(office: Office, card: Message) -> None:
    await office.press("ruben", card, "Take")
    await office.letter("And two chairs by Friday")
    await office.show()
    heard = next(one for one in reversed(await office.chat("ruben")) if labels(one) == ["📌 Task"])
    await office.press("ruben", heard, "📌 Task")
    assert "And two chairs by Friday" in str((await office.last("ruben"))["text"])
    await office.press("ruben", await office.last("ruben"), "🚚 Delivery")
    await office.press("ruben", await office.last("ruben"), "✍️ Another time: type it")
    assert "do not understand" in str((await ask(office, "ruben", "when it suits"))["text"])
    assert "is over" in str((await ask(office, "ruben", "01.01.2020"))["text"])
    post = await ask(office, "ruben", "завтра в 9:30")
    assert "I will remind you tomorrow 09:30." in str(post["text"])
    made = await newest(office)
    assert (made.kind, made.text) == ("delivery", "And two chairs by Friday")


async def test_words_that_answer_nobody_make_no_task(office: Office, card: Message) -> None:
    assert "Reply with /task" in str((await ask(office, "ruben", "/task tomorrow call"))["text"])


async def test_a_draft_makes_one_task_however_often_its_buttons_are_pressed(office: Office, card: Message) -> None:
    await office.press("ruben", card, "📌 Task")
    await office.press("ruben", await office.last("ruben"), "☎️ Call")
    post = await office.last("ruben")
    for button in ("Tomorrow 10:00", "In 1 hour"):
        await office.hands.do("ruben", "press", bot="staff", message_id=post["message_id"], data=data(post, button), wait=0)
    await office.settle()
    assert len(await office.store.read(lambda session: session.query(Task).all())) == 1


def data(post: Message, label: str) -> str:
    rows: list[list[dict[str, str]]] = post["buttons"]  # type: ignore[assignment]
    return next(button["data"] for row in rows for button in row if button["text"] == label)


async def test_a_reminder_is_put_off_by_its_buttons(office: Office, card: Message) -> None:
    ruben = next(rep for rep in await people(office) if rep.name == "Ruben")
    await given(office, ruben)
    await late(office, HOUR)
    post = await office.find("ruben", "⏰ To do")
    assert labels(post) == ["✔ Task done", "Open", "In 10 min", "In 1 hour", "Tomorrow 09:00", "🕑 Another time"]
    await office.press("ruben", post, "In 10 min")
    assert "I will remind you" in await toast(office)
    assert (await newest(office)).due_at > office.now()


async def people(office: Office) -> list[Rep]:
    from crm.people.reps import reps

    return await office.store.read(lambda session: reps(session))


async def test_what_is_late_reaches_the_manager_with_its_age_and_is_handed_on(office: Office, card: Message) -> None:
    nare = await office.member("nare")
    ruben = next(rep for rep in await people(office) if rep.name == "Ruben")
    await given(office, ruben)
    await late(office, 3 * HOUR)
    assert "Overdue by 2 h" in str((await office.find("ruben", "⏰ Still to do"))["text"])
    assert not [words for words in await office.posts("mariam") if "has not done this" in words]
    await late(office, DAY)
    post = await office.find("mariam", "has not done this")
    assert "Ruben" in str(post["text"])
    assert "Overdue by 26 h" in str(post["text"])
    await office.press("mariam", post, "Give to…")
    assert {"\u2068Nare\u2069", "\u2068Ruben\u2069", "Nobody's"} <= set(labels(await office.find("mariam", "Whose shall it be")))
    await office.press("mariam", await office.find("mariam", "Whose shall it be"), "\u2068Nare\u2069")
    assert (await newest(office)).rep_id == nare.id
    assert "⏰ To do" in str((await office.last("nare"))["text"])


async def test_the_managers_hear_at_once_of_what_is_due_of_somebody_on_leave(office: Office, card: Message) -> None:
    ruben = next(rep for rep in await people(office) if rep.name == "Ruben")
    await given(office, ruben, due_in=2 * HOUR)
    await given(office, ruben, due_in=4 * HOUR, text="the bill")
    start = office.now() + HOUR
    row = Leave(id=9_000, rep_id=ruben.id, from_on="2000-01-01", to_on="2100-01-01", from_at=start, to_at=start + 2 * HOUR, kind="leave", created_at=1)
    await office.store.write(lambda s: s.add(row))
    await late(office, 2 * HOUR)
    told = str((await office.find("mariam", "the offer"))["text"])
    assert "⏰ To do" in told
    assert "Away today: \u2068Ruben\u2069" in told
    assert "Away today" not in str((await office.find("ruben", "the offer"))["text"])
    await late(office, 2 * HOUR)  # they are back
    assert "⏰ To do" in str((await office.find("ruben", "the bill"))["text"])
    assert not [words for words in await office.posts("mariam") if "the bill" in words and "⏰ To do" in words]


async def test_a_notice_of_a_time_that_was_changed_since_says_nothing(office: Office, card: Message) -> None:
    ruben = next(rep for rep in await people(office) if rep.name == "Ruben")
    number = await given(office, ruben)
    await office.show()
    before = len(await office.posts("ruben"))

    def deed(session: Session) -> None:
        tell(session, [Notice(NoticeKind.TASK, number, "task:1:late:5", {"rung": "late", "due": 5})], now=office.now())

    await office.store.write(deed)
    await office.show()
    assert len(await office.posts("ruben")) == before


async def test_the_other_lists_are_offered_and_everybodys_to_managers_alone(office: Office, card: Message) -> None:
    ruben = next(rep for rep in await people(office) if rep.name == "Ruben")
    await given(office, ruben, text="oak for Ann")
    for who, everybodys in (("ruben", False), ("mariam", True)):
        await office.press(who, await ask(office, who, "/tasks"), "Other lists")
        assert ("Everybody's" in labels(await office.last(who))) == everybodys
    await office.press("mariam", await office.last("mariam"), "Everybody's")
    assert "oak for Ann" in str((await office.last("mariam"))["text"])
    assert "Ruben" in str((await office.last("mariam"))["text"])


async def test_a_day_is_shown_with_a_button_for_each_and_eight_at_most(office: Office, card: Message) -> None:
    ruben = next(rep for rep in await people(office) if rep.name == "Ruben")
    for number in range(8):
        await given(office, ruben, -number * HOUR - 1000, text=f"duty {number}")
    post = await ask(office, "ruben", "/day")
    assert "Overdue:" in str(post["text"])
    assert (len(labels(post)), labels(post)[-3:]) == (8, ["More", "Inbox", "⚙️ My settings"])
    assert "nobody has taken" in str(post["text"])
    await office.press("ruben", post, "More")
    assert "7. ☎️ call back" in str((await office.last("ruben"))["text"])
    await office.press("ruben", await office.last("ruben"), labels(await office.last("ruben"))[0])
    assert "duty" in str((await office.last("ruben"))["text"])


async def test_an_empty_day_says_so(office: Office, card: Message) -> None:
    assert "Nothing is planned" in str((await ask(office, "ruben", "/day"))["text"])


async def test_the_morning_plan_comes_without_a_sound(office: Office, card: Message) -> None:
    ruben = next(rep for rep in await people(office) if rep.name == "Ruben")
    await given(office, ruben)
    await office.store.write(lambda session: tell(session, [Notice(NoticeKind.PLAN, ruben.id, "plan:1")], now=office.now()))
    await office.show()
    assert "☀️ Good morning" in str((await office.last("ruben"))["text"])
    sent = (await office.hands.log(bot="staff", method="sendMessage"))[-1]["parameters"]
    assert str(sent.get("disable_notification")).lower() == "true"


async def test_the_morning_plan_and_the_clock_are_set_by_buttons(office: Office, card: Message) -> None:
    await office.press("ruben", await ask(office, "ruben", "/day"), "⚙️ My settings")
    post = await office.last("ruben")
    assert "every working morning" in str(post["text"])
    await office.press("ruben", post, "Only when I ask")
    assert "only when you ask" in str((await office.last("ruben"))["text"])
    await office.press("ruben", await office.last("ruben"), "🌍 My time zone")
    await office.press("ruben", await office.last("ruben"), "Tbilisi")
    assert next(rep for rep in await people(office) if rep.name == "Ruben").zone == "Asia/Tbilisi"


async def test_a_deal_has_tasks_of_its_own(office: Office, card: Message) -> None:
    await office.press("ruben", card, "💼 Deal")
    await office.press("ruben", await office.last("ruben"), "New deal")
    await office.press("ruben", await office.last("ruben"), "More…")
    more = next(one for one in reversed(await office.chat("ruben")) if "Company" in labels(one))
    await office.press("ruben", more, "More…")
    more = next(one for one in reversed(await office.chat("ruben")) if "📌 Task" in labels(one) and "Hand over" in labels(one))
    await office.press("ruben", more, "📌 Task")
    await office.press("ruben", await office.find("ruben", "What is to be done for"), "🤝 Meeting")
    await office.press("ruben", await office.last("ruben"), "Monday 10:00")
    made = await newest(office)
    assert (made.kind, made.conversation_id, made.deal_id is not None) == ("meeting", None, True)
    assert "a meeting" in str((await office.find("ruben", "oak tables"))["text"])
