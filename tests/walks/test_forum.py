"""What a team does in a group with topics: a manager links it, reps answer customers from their topics, and the private chats stay quiet."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from sandbox.telegram.shapes import Json
from tests.walks.desk import Phone, customer, open_desk
from tests.walks.house import PATIENCE, House

pytestmark = pytest.mark.asyncio(loop_scope="session")
REACTED = "SELECT count(*) > 0 FROM deliveries WHERE state = 'sent' AND payload LIKE '%react%' AND payload LIKE ?"
TOPIC = "SELECT state FROM forum_topics"
MAKING = "SELECT 1 FROM deliveries WHERE state = 'sending' AND payload LIKE '%make%'"
NOTE = "SELECT text FROM notes"


@dataclass(frozen=True, slots=True)
class Team:
    """The group as the people in it have it on their phones."""

    house: House
    manager: Phone
    tigran: Phone
    ruben: Phone

    async def says(self, who: Phone, text: str, thread: int = 0) -> int:
        """Somebody writes; answers the message's number."""
        return int((await self.house.hands.group("team", "send", person=who.name, text=text, thread=thread))["message_id"])

    async def link(self) -> None:
        """The manager has the group used."""
        await self.says(self.manager, "/forum")
        await self.press(self.manager, await self.sees("Shall every conversation"), "Use this group")
        await self.sees("Conversations come here from now on")

    async def press(self, who: Phone, message: Json, button: str) -> str:
        """Somebody presses a button; answers the short words shown for it."""
        pressed = {"person": who.name, "message_id": message["message_id"], "button": button, "wait": PATIENCE}
        return str((await self.house.hands.group("team", "click", **pressed)).get("text", ""))

    async def sees(self, contains: str, **since: int) -> Json:
        """Wait for a post of the bot with these words."""
        return await self.house.hands.wait("team", bot="staff", contains=contains, timeout=PATIENCE, **since)

    async def topic_of(self, post: Json) -> int:
        """The topic a post stands in."""
        messages = (await self.house.hands.seen("team"))["messages"]
        return next(int(one["thread"]) for one in messages if one["message_id"] == post["message_id"])


@pytest_asyncio.fixture(loop_scope="session")
async def team(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Team]:
    """A house of its own, with a group that no other walk is to see."""
    async with open_desk(tmp_path_factory.mktemp("team")) as desk, desk.rep() as tigran, desk.rep() as ruben:
        await desk.house.hands.group("team", title="The team")
        await desk.house.hands.group("team", "rights", person="mariam")
        yield Team(desk.house, desk.manager, tigran, ruben)


async def test_a_team_answers_its_customers_from_a_group(team: Team) -> None:
    await team.link()
    ann = await customer(team.house, "ann")
    await ann.say("Do you have round tables?")
    words = await team.sees("\u2069:\n\u2068Do you have round tables?")
    thread = await team.topic_of(words)
    number = await team.says(team.tigran, "Yes, of oak.", thread)
    await ann.sees("Yes, of oak.")
    await team.house.until(REACTED, f'%"{number}"%', want=[(1,)])

    await team.says(team.ruben, "No, of pine!", thread)
    assert team.tigran.name.title() in (await team.sees("Not sent."))["text"]
    await team.says(team.manager, "// she bargains", thread)
    await team.house.until(NOTE, want=[("she bargains",)])
    for secret in ("No, of pine!", "she bargains"):
        assert secret not in "".join(await ann.heard())

    await team.house.hands.group("team", "delete_topic", thread=thread)
    await ann.say("How much is one?")
    words = await team.sees("\u2069:\n\u2068How much is one?")
    again = await team.topic_of(words)
    assert again != thread
    await team.says(team.tigran, "90 000.", again)
    await ann.sees("90 000.")

    card = await team.sees("Taken by", after=again)
    assert await team.press(team.tigran, card, "Close") == "Closed."
    await team.house.until(TOPIC, want=[("closed",)])
    await ann.say("I take two")
    await team.sees("I take two")
    await team.house.until(TOPIC, want=[("open",)])
    assert "round tables" not in "".join([*await team.tigran.heard(), *await team.ruben.heard(), *await team.manager.heard()])
    assert [one for one in await team.house.hands.log(bot="staff") if (one["answer"] or {}).get("error_code") == 429] == []


async def test_a_kill_while_a_topic_is_being_made_costs_nobody_a_word(team: Team) -> None:
    await team.link()
    await team.house.hands.fault("hang", bot="staff", method="createForumTopic", count=1, seconds=60)
    ann = await customer(team.house, "ann")
    await ann.say("Do you have round tables?")
    await team.house.until(MAKING, want=[(1,)])
    await team.house.kill()
    await team.house.start()
    words = await team.sees("\u2069:\n\u2068Do you have round tables?")
    [topic] = (await team.house.hands.seen("team"))["topics"]
    assert topic["thread"] == await team.topic_of(words)
    await team.says(team.tigran, "Yes, of oak.", topic["thread"])
    await ann.sees("Yes, of oak.")
