"""How the pretended Bot API treats groups with topics: rights, threads, twenty messages a minute, another number."""

from collections.abc import AsyncIterator

import pytest

from sandbox.app import Server
from sandbox.telegram.hands import BareBot, Hands
from sandbox.telegram.shapes import Json


@pytest.fixture
async def staff(server: Server) -> AsyncIterator[BareBot]:
    """The staff's bot."""
    bot = BareBot(server.url, "200:STAFF")
    yield bot
    await bot.close()


@pytest.fixture
async def chat(hands: Hands) -> int:
    """A group in which the staff's bot manages topics."""
    made = await hands.group("team", title="The team")
    await hands.group("team", "rights", person="mariam")
    return int(made["group"]["id"])


async def refused(bot: BareBot, method: str, **parameters: object) -> Json:
    """How a call was refused."""
    envelope = await bot.call(method, **parameters)
    assert envelope["ok"] is False
    return envelope


async def test_a_topic_has_the_number_of_the_message_that_tells_of_it(staff: BareBot, hands: Hands, chat: int) -> None:
    made = (await staff.call("createForumTopic", chat_id=chat, name="A · Ann"))["result"]
    sent = (await staff.call("sendMessage", chat_id=chat, text="Hello", message_thread_id=made["message_thread_id"]))["result"]
    assert (sent["message_thread_id"], sent["is_topic_message"]) == (made["message_thread_id"], True)
    assert sent["chat"] == {"id": chat, "title": "The team", "type": "supergroup", "is_forum": True}
    first = (await hands.seen("team"))["messages"][0]
    assert first["message_id"] == made["message_thread_id"]


async def test_what_somebody_writes_in_a_topic_says_who_and_where(staff: BareBot, hands: Hands, chat: int) -> None:
    thread = (await staff.call("createForumTopic", chat_id=chat, name="A"))["result"]["message_thread_id"]
    await hands.group("team", "send", person="tigran", text="Of oak.", thread=thread)
    told = (await staff.call("getUpdates"))["result"][-1]["message"]
    assert (told["from"]["first_name"], told["message_thread_id"], told["text"]) == ("Tigran", thread, "Of oak.")
    assert told["reply_to_message"]["forum_topic_created"]["name"] == "A"


async def test_without_the_right_there_are_no_topics(staff: BareBot, hands: Hands, chat: int) -> None:
    await hands.group("team", "rights", person="mariam", can_manage_topics=False)
    assert "not enough rights" in (await refused(staff, "createForumTopic", chat_id=chat, name="A"))["description"]


@pytest.mark.parametrize("method", ["sendMessage", "editForumTopic", "closeForumTopic"])
async def test_a_topic_that_was_deleted_is_not_found(staff: BareBot, hands: Hands, chat: int, method: str) -> None:
    thread = (await staff.call("createForumTopic", chat_id=chat, name="A"))["result"]["message_thread_id"]
    await hands.group("team", "delete_topic", thread=thread)
    told = await refused(staff, method, chat_id=chat, message_thread_id=thread, text="Hello", name="B")
    assert told["description"] == "Bad Request: message thread not found"


async def test_the_twenty_first_of_a_minute_has_to_wait(staff: BareBot, chat: int) -> None:
    assert [(await staff.call("sendMessage", chat_id=chat, text=str(number)))["ok"] for number in range(20)] == [True] * 20
    told = await refused(staff, "createForumTopic", chat_id=chat, name="A")
    assert (told["error_code"], 1 <= told["parameters"]["retry_after"] <= 60) == (429, True)


async def test_a_group_that_moved_says_where_to(staff: BareBot, hands: Hands, chat: int) -> None:
    new = (await hands.group("team", "migrate"))["id"]
    assert (await refused(staff, "sendMessage", chat_id=chat, text="Hello"))["parameters"] == {"migrate_to_chat_id": new}
    assert (await staff.call("sendMessage", chat_id=new, text="Hello"))["ok"]


async def test_who_was_thrown_out_is_told_so(staff: BareBot, hands: Hands, chat: int) -> None:
    await hands.group("team", "rights", person="mariam", status="kicked")
    assert (await refused(staff, "sendMessage", chat_id=chat, text="Hello"))["description"] == "Forbidden: bot was kicked from the supergroup chat"
