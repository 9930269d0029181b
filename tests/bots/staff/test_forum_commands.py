"""Commands in a topic of the group: each that is about a conversation knows whose topic it is, and answers in the private chat of who typed it."""

import inspect
import sys

import pytest
import pytest_asyncio

from bots.staff import gathering
from bots.staff.commands import COMMANDS
from crm.base.settings import Company
from crm.conversations.planned import PlannedReply
from crm.conversations.snippets import write
from crm.people.reps import reps
from crm.sales.tasks import Task
from tests.bots.staff.firm import firm, press
from tests.bots.staff.meeting import Meeting
from tests.bots.staff.office import Office


@pytest.fixture
def company() -> Company:
    return firm()


@pytest_asyncio.fixture
async def meeting(office: Office) -> Meeting:
    """A linked group with Mariam, who manages, and Ruben, a rep."""
    made = Meeting(office)
    await made.gather()
    await office.member("ruben")
    await made.link()
    return made


def test_every_command_that_asks_for_a_conversation_is_heard_in_its_topic() -> None:
    asking = {one.name for one in COMMANDS if "conversation_at" in inspect.getsource(sys.modules[one.deed.__module__])}
    assert asking == gathering.OF_A_TALK


async def test_a_command_in_a_topic_is_about_its_customer(meeting: Meeting) -> None:
    thread = await meeting.topic()
    posts = await meeting.posts(thread)
    for command in sorted(gathering.OF_A_TALK):
        before = len(await meeting.office.posts("mariam"))
        number = await meeting.say("mariam", f"/{command}", thread)
        answer = "".join((await meeting.office.posts("mariam"))[before:])
        assert (command, bool(answer), "Reply with /" in answer) == (command, True, False)
        assert await meeting.reaction(number) == "✍"
    assert await meeting.posts(thread) == posts
    assert meeting.office.letters.texts == []


async def test_a_reply_is_planned_from_the_topic_and_goes_on_in_the_private_chat(meeting: Meeting) -> None:
    thread = await meeting.topic()
    await meeting.say("ruben", "/later tomorrow 10:00 Good morning, Ann!", thread)
    await press(meeting.office, "ruben", await meeting.office.last("ruben"), "Only if no answer")
    assert [row.text for row in await meeting.office.store.read(lambda s: s.query(PlannedReply).all())] == ["Good morning, Ann!"]
    assert meeting.office.letters.texts == []


async def test_words_asked_for_are_never_taken_from_the_topic(meeting: Meeting) -> None:
    thread = await meeting.topic()
    await meeting.say("ruben", "/later", thread)
    await meeting.say("ruben", "Yes, of oak.", thread)
    assert meeting.office.letters.texts == ["Yes, of oak."]
    assert await meeting.office.store.read(lambda s: s.query(PlannedReply).count()) == 0


async def test_a_task_is_typed_in_a_topic(meeting: Meeting) -> None:
    thread = await meeting.topic()
    await meeting.say("ruben", "/task tomorrow 15:00 send the offer", thread)
    [task] = await meeting.office.store.read(lambda s: s.query(Task).all())
    assert (task.text, task.conversation_id is not None) == ("send the offer", True)


async def test_a_ready_answer_is_called_by_its_word(meeting: Meeting) -> None:
    thread = await meeting.topic("How much?")
    rep = next(one for one in await meeting.office.store.read(lambda s: reps(s)) if one.name == "Ruben")
    await meeting.office.store.write(lambda s: write(s, rep, "price", "en", "90,000 dram, {name}.", now=meeting.office.now()))
    await meeting.say("ruben", "/price", thread)
    look = await meeting.office.last("ruben")
    assert "90,000 dram, Ann Lee." in str(look["text"])
    await press(meeting.office, "ruben", look, "Send")
    assert meeting.office.letters.texts == ["90,000 dram, Ann Lee."]


async def test_a_managers_command_is_not_heard_from_a_rep(meeting: Meeting) -> None:
    thread = await meeting.topic()
    await meeting.say("ruben", "/erase", thread)
    assert "This was not sent" in (await meeting.posts(thread))[-1]
