"""The human side: what people do, what they see, and what those who look on see."""

import asyncio
import json

import aiohttp
import pytest

from sandbox.app import Server
from sandbox.telegram.hands import BareBot, Hands, NotDone
from sandbox.telegram.shapes import Json

KEYS = {"inline_keyboard": [[{"text": "Buy", "callback_data": "buy"}, {"text": "Site", "url": "https://shop.test/"}]]}
RAW = {"message": {"message_id": 9, "date": 1, "chat": {"id": 5, "type": "private"}, "text": "raw"}}


async def last_update(bot: BareBot, kind: str) -> Json:
    found: Json = (await bot.call("getUpdates", timeout=10))["result"][-1][kind]
    return found


async def test_a_person_is_created_by_the_first_call_that_names_them(hands: Hands) -> None:
    await hands.do("mary-ann", "start")
    people = (await hands.get("/play/health"))["people"]
    assert [(person["name"], person["first_name"]) for person in people] == [("mary-ann", "Mary Ann")]
    renamed = await hands.introduce("mary-ann", first_name="Marie", username="marie_k", language_code="fr")
    assert renamed["person"] == {**people[0], "first_name": "Marie", "username": "marie_k", "language_code": "fr"}
    assert renamed["person"]["id"] > 2**32


async def test_start_opens_the_chat_with_its_payload(bot: BareBot, hands: Hands) -> None:
    await hands.do("ann", "start", payload="spring_1")
    message = await last_update(bot, "message")
    assert (message["text"], message["chat"]["type"], message["from"]["is_bot"]) == ("/start spring_1", "private", False)
    assert message["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    with pytest.raises(NotDone, match="payload"):
        await hands.do("ann", "start", payload="50 % off")


async def test_a_reply_carries_the_message_replied_to_in_full(bot: BareBot, hands: Hands, ann: int) -> None:
    asked = (await bot.call("sendMessage", chat_id=ann, text="Which one?", reply_markup=KEYS))["result"]
    await hands.do("ann", "send", text="👍 the red one", reply_to=asked["message_id"])
    replied = (await last_update(bot, "message"))["reply_to_message"]
    assert replied == asked
    assert (await hands.chat("ann"))["messages"][-1]["reply_to"] == asked["message_id"]


async def test_entities_a_person_gives_reach_the_bot(bot: BareBot, hands: Hands, ann: int) -> None:
    bold = {"type": "bold", "offset": 3, "length": 4}
    await hands.do("ann", "send", text="😀 bold #tag", entities=[bold])
    assert (await last_update(bot, "message"))["entities"] == [bold, {"type": "hashtag", "offset": 8, "length": 4}]


@pytest.mark.parametrize("kind", ["document", "voice", "video"])
async def test_files_reach_the_bot_and_show_in_the_chat(kind: str, server: Server, bot: BareBot, hands: Hands, ann: int) -> None:
    await hands.send_file("ann", kind, "thing.bin", b"12345", caption="look", media_group_id="77", reply_to="1")
    message = await last_update(bot, "message")
    assert (message[kind]["file_size"], message["caption"], message["media_group_id"]) == (5, "look", "77")
    assert message["reply_to_message"]["message_id"] == 1
    file = (await hands.chat("ann"))["messages"][-1]["file"]
    assert (file["kind"], file["name"], file["size"]) == (kind, "thing.bin", 5)
    async with aiohttp.ClientSession() as session, session.get(server.url + file["url"]) as response:
        assert await response.read() == b"12345"


async def test_a_contact_is_ones_own_unless_said_otherwise(bot: BareBot, hands: Hands, ann: int) -> None:
    await hands.do("ann", "contact", phone="15551230000")
    contact = (await last_update(bot, "message"))["contact"]
    assert contact == {"phone_number": "15551230000", "first_name": "Ann", "user_id": ann}
    bob = (await hands.introduce("bob", first_name="Bob"))["person"]["id"]
    await hands.do("ann", "contact", user_id=bob)
    assert (await last_update(bot, "message"))["contact"]["user_id"] == bob
    await hands.do("ann", "contact", user_id=None)
    assert "user_id" not in (await last_update(bot, "message"))["contact"]


async def test_a_place_and_an_edit_reach_the_bot(bot: BareBot, hands: Hands, ann: int) -> None:
    await hands.do("ann", "location", latitude=40.18, longitude=44.51)
    assert (await last_update(bot, "message"))["location"] == {"latitude": 40.18, "longitude": 44.51}
    typed = (await hands.do("ann", "send", text="helo"))["message_id"]
    await hands.do("ann", "edit", message_id=typed, text="hello")
    edited = await last_update(bot, "edited_message")
    assert (edited["message_id"], edited["text"], edited["edit_date"] >= edited["date"]) == (typed, "hello", True)
    assert (await hands.chat("ann"))["messages"][-1]["edited"]


@pytest.mark.parametrize("button", ["Buy", [0, 0]])
async def test_a_click_brings_what_the_bot_says_to_it(button: object, bot: BareBot, hands: Hands, ann: int) -> None:
    sent = (await bot.call("sendMessage", chat_id=ann, text="Tea", reply_markup=KEYS))["result"]
    seen = (await bot.call("getUpdates"))["result"][-1]["update_id"]
    click = asyncio.create_task(hands.do("ann", "click", message_id=sent["message_id"], button=button))
    query = (await bot.call("getUpdates", offset=seen + 1, timeout=10))["result"][0]["callback_query"]
    assert (query["data"], query["message"], query["from"]["id"]) == ("buy", sent, ann)
    await bot.call("answerCallbackQuery", callback_query_id=query["id"], text="Bought")
    assert await click == {"ok": True, "answered": True, "text": "Bought"}


async def test_a_click_without_an_answer_says_so(bot: BareBot, hands: Hands, ann: int) -> None:
    sent = (await bot.call("sendMessage", chat_id=ann, text="Tea", reply_markup=KEYS))["result"]["message_id"]
    assert await hands.do("ann", "click", message_id=sent, button="Buy", wait=0) == {"ok": True, "answered": False}
    assert await hands.do("ann", "click", message_id=sent, button=[0, 1]) == {"ok": True, "url": "https://shop.test/"}
    with pytest.raises(NotDone, match="there is no button Sell"):
        await hands.do("ann", "click", message_id=sent, button="Sell")


async def test_any_callback_data_can_be_pressed(bot: BareBot, hands: Hands, ann: int) -> None:
    sent = (await bot.call("sendMessage", chat_id=ann, text="Tea", reply_markup=KEYS))["result"]["message_id"]
    await hands.do("ann", "press", message_id=sent, data="never issued", wait=0)
    assert (await last_update(bot, "callback_query"))["data"] == "never issued"


async def test_keys_below_the_chat_send_their_text_or_the_contact(bot: BareBot, hands: Hands, ann: int) -> None:
    keys = {"keyboard": [["Yes", {"text": "My number", "request_contact": True}]], "one_time_keyboard": True}
    sent = (await bot.call("sendMessage", chat_id=ann, text="Sure?", reply_markup=keys))["result"]["message_id"]
    shown = (await hands.chat("ann"))["messages"][-1]
    assert shown["keyboard"]["keyboard"] == [[{"text": "Yes"}, {"text": "My number", "request_contact": True}]]
    await hands.do("ann", "click", message_id=sent, button="Yes")
    assert (await last_update(bot, "message"))["text"] == "Yes"
    await hands.do("ann", "click", message_id=sent, button="My number")
    assert (await last_update(bot, "message"))["contact"]["user_id"] == ann


async def test_blocking_and_unblocking_reach_the_bot_once_each(bot: BareBot, hands: Hands, ann: int) -> None:
    for deed in ("block", "block", "unblock"):
        await hands.do("ann", deed)
        assert (await hands.chat("ann"))["blocked"] == (deed == "block")
    changes = [update["my_chat_member"] for update in (await bot.call("getUpdates"))["result"] if "my_chat_member" in update]
    assert [change["new_chat_member"]["status"] for change in changes] == ["kicked", "member"]


async def test_start_unblocks_and_nothing_else_is_sent_while_blocked(hands: Hands, ann: int) -> None:
    await hands.do("ann", "block")
    with pytest.raises(NotDone, match="blocked this bot"):
        await hands.do("ann", "send", text="x")
    await hands.do("ann", "start")
    assert not (await hands.chat("ann"))["blocked"]


async def test_the_menu_is_that_of_the_narrowest_scope_in_the_persons_language(bot: BareBot, hands: Hands, ann: int) -> None:
    async def menu() -> list[str]:
        return [entry["command"] for entry in (await hands.chat("ann"))["menu"]]

    async def set_menu(command: str, scope: Json, language: str = "") -> None:
        commands = [{"command": command, "description": "x"}]
        assert (await bot.call("setMyCommands", commands=commands, scope=scope, language_code=language))["ok"]

    assert await menu() == []
    await set_menu("anybody", {"type": "default"})
    await set_menu("german", {"type": "all_private_chats"}, "de")
    assert await menu() == ["anybody"]
    await set_menu("private", {"type": "all_private_chats"})
    assert await menu() == ["private"]
    await set_menu("english", {"type": "all_private_chats"}, "en")
    assert await menu() == ["english"]
    await set_menu("for_ann", {"type": "chat", "chat_id": ann})
    assert await menu() == ["for_ann"]
    await bot.call("deleteMyCommands", scope={"type": "chat", "chat_id": ann})
    assert await menu() == ["english"]


async def test_wait_answers_the_first_message_that_fits(bot: BareBot, hands: Hands, ann: int) -> None:
    waiting = asyncio.create_task(hands.wait("ann", after=1, contains="ready"))
    await bot.call("sendMessage", chat_id=ann, text="Cooking")
    sent = (await bot.call("sendMessage", chat_id=ann, text="Your tea is ready"))["result"]
    assert (await waiting)["message_id"] == sent["message_id"]
    revision = (await hands.chat("ann"))["revision"]
    edited = asyncio.create_task(hands.wait("ann", since=revision))
    await bot.call("editMessageText", chat_id=ann, message_id=sent["message_id"], text="Cold")
    assert (await edited)["text"] == "Cold"


async def test_wait_gives_up_with_408(server: Server, hands: Hands, ann: int) -> None:
    address = f"{server.url}/play/people/ann/wait?bot=customer&timeout=0.01"
    async with aiohttp.ClientSession() as session, session.get(address) as response:
        assert (response.status, (await response.json())["ok"]) == (408, False)


async def test_the_stream_tells_every_change_of_every_chat(server: Server, bot: BareBot, hands: Hands, ann: int) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/play/stream") as stream:
        assert await stream.content.readline() == b": open\n"
        sent = (await bot.call("sendMessage", chat_id=ann, text="one"))["result"]["message_id"]
        await bot.call("editMessageText", chat_id=ann, message_id=sent, text="two")
        await bot.call("sendChatAction", chat_id=ann, action="typing")
        await bot.call("deleteMessage", chat_id=ann, message_id=sent)
        told: list[Json] = []
        while len(told) < 4:
            line = await stream.content.readline()
            if line.startswith(b"data: "):
                told.append(json.loads(line.removeprefix(b"data: ")))
    assert [change["kind"] for change in told] == ["message", "edit", "typing", "delete"]
    assert [change["message"]["text"] for change in told if change["message"]] == ["one", "two", "two"]
    assert {(change["person"], change["bot"]) for change in told} == {("ann", "customer")}


async def test_the_log_tells_what_was_accepted_and_what_was_refused(bot: BareBot, hands: Hands, ann: int) -> None:
    await bot.call("sendMessage", chat_id=ann, text="fine")
    await bot.call("sendMessage", chat_id=ann, text="")
    good, bad = await hands.log(bot="customer", method="sendMessage")
    assert (good["accepted"], good["parameters"], good["answer"]["result"]["text"]) == (True, {"chat_id": ann, "text": "fine"}, "fine")
    assert (bad["accepted"], bad["answer"]["error_code"], bad["number"]) == (False, 400, good["number"] + 1)
    assert await hands.log(bot="staff") == []
    assert await hands.log(after=bad["number"]) == []


async def test_raw_updates_are_delivered_as_given_even_twice(bot: BareBot, hands: Hands, ann: int) -> None:
    seen = (await bot.call("getUpdates"))["result"][0]
    await hands.post("/play/raw", {"bot": "customer", "update": seen})
    again = await bot.call("getUpdates", offset=seen["update_id"] + 1)
    assert again["result"] == [seen]
    number = (await hands.post("/play/raw", {"bot": "customer", "update": RAW}))["update"]["update_id"]
    assert (await bot.call("getUpdates", offset=seen["update_id"] + 1))["result"] == [{**RAW, "update_id": number}]


async def test_a_wild_update_id_does_not_swallow_later_updates(bot: BareBot, hands: Hands, ann: int) -> None:
    await hands.post("/play/raw", {"bot": "customer", "update": {**RAW, "update_id": 2**40}})
    assert len((await bot.call("getUpdates"))["result"]) == 2
    await hands.do("ann", "send", text="still here")
    assert [update["message"]["text"] for update in (await bot.call("getUpdates", offset=2**40 + 1))["result"]] == ["still here"]


@pytest.mark.parametrize(
    ("deed", "body"),
    [
        ("send", {"bot": "nobody", "text": "x"}),
        ("send", {"text": ""}),
        ("send", {"text": 5}),
        ("send", {"text": "x", "entities": "bold"}),
        ("send", {"text": "x", "reply_to": 99}),
        ("edit", {"message_id": 99, "text": "x"}),
        ("location", {"latitude": "north", "longitude": 0}),
        ("file", {}),
    ],
)
async def test_a_deed_that_cannot_be_done_is_refused_with_a_reason(deed: str, body: Json, hands: Hands, ann: int) -> None:
    with pytest.raises(NotDone, match=r"\w{3}"):
        await hands.do("ann", deed, **body)


async def test_settings_are_those_given_to_the_sandbox(server: Server) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/play/settings") as response:
        assert await response.json() == {"shop": "Tea"}
