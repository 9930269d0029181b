"""How the pretended Bot API behaves: updates, refusals, files."""

import asyncio

import aiohttp
import pytest

from sandbox.app import Sandbox, Server, serve
from sandbox.telegram.hands import BareBot, Hands
from sandbox.telegram.shapes import Json

PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (640).to_bytes(4, "big") + (480).to_bytes(4, "big") + b"\x08\x02\0\0\0"


async def updates(bot: BareBot, **parameters: object) -> list[Json]:
    return list((await bot.call("getUpdates", **parameters))["result"])


async def test_updates_come_again_until_an_offset_confirms_them(bot: BareBot, hands: Hands, ann: int) -> None:
    await hands.do("ann", "send", text="second")
    first = await updates(bot)
    assert [update["message"]["text"] for update in first] == ["/start", "second"]
    assert await updates(bot) == first
    left = await updates(bot, offset=first[0]["update_id"] + 1)
    assert left == first[1:]
    assert await updates(bot, offset=first[1]["update_id"] + 1) == []


async def test_limit_and_negative_offset_choose_among_updates(bot: BareBot, hands: Hands, ann: int) -> None:
    for text in ("two", "three"):
        await hands.do("ann", "send", text=text)
    assert [update["message"]["text"] for update in await updates(bot, limit=2)] == ["/start", "two"]
    assert [update["message"]["text"] for update in await updates(bot, offset=-1)] == ["three"]


async def test_update_ids_begin_elsewhere_for_each_bot_and_grow(bot: BareBot, server: Server, hands: Hands, ann: int) -> None:
    await hands.do("ann", "start", bot="staff")
    staff = BareBot(server.url, "200:STAFF")
    await hands.do("ann", "send", text="more")
    mine, theirs = await updates(bot), await updates(staff)
    await staff.close()
    assert mine[1]["update_id"] == mine[0]["update_id"] + 1 > 100_000_000
    assert theirs[0]["update_id"] != mine[0]["update_id"]


async def test_a_long_poll_ends_with_the_first_update(bot: BareBot, hands: Hands, ann: int) -> None:
    seen = (await updates(bot))[-1]["update_id"]
    waiting = asyncio.create_task(updates(bot, offset=seen + 1, timeout=20))
    await hands.do("ann", "send", text="at last")
    assert [update["message"]["text"] for update in await waiting] == ["at last"]


async def test_a_second_poll_ends_the_first_with_a_conflict(bot: BareBot) -> None:
    polls = [asyncio.create_task(bot.call("getUpdates", timeout=20)) for _ in range(2)]
    done, (second,) = await asyncio.wait(polls, return_when=asyncio.FIRST_COMPLETED)
    refused = done.pop().result()
    assert (refused["error_code"], refused["description"][:54]) == (409, "Conflict: terminated by other getUpdates request; make")
    second.cancel()


async def test_a_webhook_forbids_polling_until_it_is_deleted(bot: BareBot) -> None:
    await bot.call("setWebhook", url="https://example.test/hook", allowed_updates=["message"])
    refused = await bot.call("getUpdates")
    assert refused["error_code"] == 409
    assert "can't use getUpdates method while webhook is active" in refused["description"]
    info = (await bot.call("getWebhookInfo"))["result"]
    assert (info["url"], info["allowed_updates"]) == ("https://example.test/hook", ["message"])
    await bot.call("deleteWebhook")
    assert (await bot.call("getUpdates"))["ok"]


async def test_reactions_come_only_when_asked_for_by_name(bot: BareBot, hands: Hands, ann: int) -> None:
    await hands.do("ann", "react", message_id=1, emoji="👍")
    assert len(await updates(bot, allowed_updates=["message", "message_reaction"])) == 1
    await hands.do("ann", "react", message_id=1, emoji="🔥")
    reaction = (await updates(bot))[1]["message_reaction"]
    assert reaction["old_reaction"] == [{"type": "emoji", "emoji": "👍"}]
    assert reaction["new_reaction"] == [{"type": "emoji", "emoji": "🔥"}]


async def test_deleting_a_webhook_can_drop_what_waits(bot: BareBot, ann: int) -> None:
    await bot.call("deleteWebhook", drop_pending_updates=True)
    assert await updates(bot) == []


async def test_unknown_tokens_and_methods_are_refused_like_the_real_ones(server: Server, bot: BareBot) -> None:
    stranger = BareBot(server.url, "300:NOBODY")
    assert await stranger.call("getMe") == {"ok": False, "error_code": 401, "description": "Unauthorized"}
    await stranger.close()
    assert await bot.call("sendTelepathy") == {"ok": False, "error_code": 404, "description": "Not Found"}


KEYS = [[{"text": "a", "callback_data": "d"}] * 4] * 26
REFUSED: dict[str, tuple[str, Json]] = {
    "message text is empty": ("sendMessage", {"text": " \n"}),
    "message is too long": ("sendMessage", {"text": "😀" * 2049}),
    "message caption is too long": ("sendMediaGroup", {"media": [{"type": "photo", "media": "PHOTO", "caption": "x" * 1025}]}),
    "unsupported parse_mode": ("sendMessage", {"text": "x", "parse_mode": "Klingon"}),
    'can\'t parse entities: Unsupported start tag "x" at byte offset 4': ("sendMessage", {"text": "é 1<x>", "parse_mode": "HTML"}),
    "can't parse entities: Can't find end tag corresponding to start tag \"b\"": ("sendMessage", {"text": "<b>x", "parse_mode": "HTML"}),
    'can\'t parse entities: Unmatched end tag at byte offset 7, expected "</i>", found "</b>"': (
        "sendMessage",
        {"text": "<b><i>x</b></i>", "parse_mode": "HTML"},
    ),
    "can't parse entities: Unexpected end tag at byte offset 1": ("sendMessage", {"text": "x</b>", "parse_mode": "HTML"}),
    "entity beginning at UTF-16 offset 1 ends after the end of the text at UTF-16 offset 5": (
        "sendMessage",
        {"text": "😀a", "entities": [{"type": "bold", "offset": 1, "length": 4}]},
    ),
    "entity begins in a middle of a UTF-16 symbol at byte offset 1": (
        "sendMessage",
        {"text": "😀a", "entities": [{"type": "bold", "offset": 1, "length": 2}]},
    ),
    "BUTTON_DATA_INVALID": ("sendMessage", {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "й" * 33}]]}}),
    "REPLY_MARKUP_TOO_LONG": ("sendMessage", {"text": "x", "reply_markup": {"inline_keyboard": KEYS}}),
    "can't parse inline keyboard button: exactly one action must be specified": (
        "sendMessage",
        {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "d", "url": "https://a.test"}]]}},
    ),
    "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard": (
        "sendMessage",
        {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a"}]]}},
    ),
    "message to be replied not found": ("sendMessage", {"text": "x", "reply_parameters": {"message_id": 77}}),
    "message thread not found": ("sendMessage", {"text": "x", "message_thread_id": 5}),
    "message to edit not found": ("editMessageText", {"text": "x", "message_id": 77}),
    "message can't be edited": ("editMessageText", {"text": "x", "message_id": 1}),
    "message to delete not found": ("deleteMessage", {"message_id": 77}),
    "there is no caption in the message to edit": ("editMessageCaption", {"caption": "x", "message_id": 2}),
    "wrong file identifier/HTTP URL specified": ("sendDocument", {"document": "nothing"}),
    "too many messages to send as an album": ("sendMediaGroup", {"media": [{"type": "photo", "media": "PHOTO"}] * 11}),
    "BOT_COMMAND_INVALID": ("setMyCommands", {"commands": [{"command": "New-Lead", "description": "x"}]}),
    "BOT_COMMANDS_TOO_MUCH": ("setMyCommands", {"commands": [{"command": "a", "description": "x"}] * 101}),
    "command description must be non-empty": ("setMyCommands", {"commands": [{"command": "a", "description": ""}]}),
    "query is too old and response timeout expired or query ID is invalid": ("answerCallbackQuery", {"callback_query_id": "1"}),
    "REACTION_INVALID": ("setMessageReaction", {"message_id": 1, "reaction": [{"type": "emoji", "emoji": "🧦"}]}),
}


@pytest.mark.parametrize("wording", REFUSED)
async def test_what_telegram_refuses_is_refused_in_its_words(wording: str, bot: BareBot, hands: Hands, ann: int) -> None:
    await hands.send_file("ann", "photo", "cat.png", PNG)
    await hands.do("ann", "send", text="/help")
    photo = (await updates(bot))[1]["message"]["photo"][-1]["file_id"]
    await bot.call("sendMessage", chat_id=ann, text="mine")
    method, parameters = REFUSED[wording]
    for item in parameters.get("media", []):
        item["media"] = photo
    message = {"message_id": 4} if parameters.get("message_id") == 2 else {}
    refused = await bot.call(method, **{"chat_id": ann, **parameters, **message})
    assert refused == {"ok": False, "error_code": 400, "description": f"Bad Request: {wording}"}


async def test_an_edit_that_changes_nothing_is_refused(bot: BareBot, ann: int) -> None:
    keys = {"inline_keyboard": [[{"text": "a", "callback_data": "d"}]]}
    sent = (await bot.call("sendMessage", chat_id=ann, text="same", reply_markup=keys))["result"]
    edit = {"chat_id": ann, "message_id": sent["message_id"], "text": "same"}
    refused = await bot.call("editMessageText", reply_markup=keys, **edit)
    assert refused["description"].startswith("Bad Request: message is not modified: specified new message content")
    assert "reply_markup" not in (await bot.call("editMessageText", **edit))["result"]


async def test_nobody_is_written_to_who_never_started_or_who_blocked_the_bot(bot: BareBot, hands: Hands, ann: int) -> None:
    bob = (await hands.introduce("bob", first_name="Bob"))["person"]["id"]
    never = await bot.call("sendMessage", chat_id=bob, text="x")
    assert never["description"] == "Forbidden: bot can't initiate conversation with a user"
    await hands.do("ann", "block")
    blocked = await bot.call("sendMessage", chat_id=ann, text="x")
    assert (blocked["error_code"], blocked["description"]) == (403, "Forbidden: bot was blocked by the user")
    assert (await bot.call("sendMessage", chat_id=424242, text="x"))["description"] == "Bad Request: chat not found"


async def test_a_file_goes_up_and_comes_down_again(server: Server, bot: BareBot, hands: Hands, ann: int) -> None:
    await hands.send_file("ann", "photo", "cat.png", PNG, caption="my /cat")
    message = (await updates(bot))[1]["message"]
    largest = message["photo"][-1]
    assert (largest["width"], largest["height"], message["caption"]) == (640, 480, "my /cat")
    path = (await bot.call("getFile", file_id=largest["file_id"]))["result"]["file_path"]
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url}/file/bot100:CUSTOMER/{path}") as response:
            assert await response.read() == PNG
        async with session.get(f"{server.url}/file/bot200:STAFF/{path}") as response:
            assert response.status == 404


async def test_a_file_id_of_another_bot_or_another_kind_is_refused(server: Server, bot: BareBot, hands: Hands, ann: int) -> None:
    await hands.send_file("ann", "document", "list.txt", b"tea")
    file_id = (await updates(bot))[1]["message"]["document"]["file_id"]
    staff = BareBot(server.url, "200:STAFF")
    await hands.do("ann", "start", bot="staff")
    refused = await staff.call("sendDocument", chat_id=ann, document=file_id)
    await staff.close()
    assert refused["description"] == "Bad Request: wrong file identifier/HTTP URL specified"
    refused = await bot.call("sendPhoto", chat_id=ann, photo=file_id)
    assert refused["description"] == "Bad Request: can't use file of type Document as Photo"
    assert (await bot.call("sendDocument", chat_id=ann, document=file_id))["result"]["document"]["file_id"] == file_id


async def test_files_too_large_for_a_bot_are_refused_both_ways(server: Server, bot: BareBot, hands: Hands, ann: int) -> None:
    await hands.send_file("ann", "video", "long.mp4", bytes(20 * 1024 * 1024 + 1))
    file_id = (await updates(bot))[1]["message"]["video"]["file_id"]
    assert (await bot.call("getFile", file_id=file_id))["description"] == "Bad Request: file is too big"
    form = aiohttp.FormData({"chat_id": str(ann)})
    form.add_field("document", bytes(50 * 1024 * 1024 + 1), filename="big.bin")
    async with aiohttp.ClientSession() as session, session.post(f"{server.url}/bot100:CUSTOMER/sendDocument", data=form) as response:
        assert (await response.json())["error_code"] == 413


async def test_html_becomes_entities_counted_in_utf16_units(bot: BareBot, ann: int) -> None:
    html = '👍 <b>bold <i>both</i></b> <a href="https://a.test/?a=1&amp;b=2">link</a> <pre><code class="language-python">x&lt;1</code></pre> /help'
    sent = (await bot.call("sendMessage", chat_id=ann, text=html, parse_mode="HTML"))["result"]
    assert sent["text"] == "👍 bold both link x<1 /help"
    assert sent["entities"] == [
        {"type": "bold", "offset": 3, "length": 9},
        {"type": "italic", "offset": 8, "length": 4},
        {"type": "text_link", "offset": 13, "length": 4, "url": "https://a.test/?a=1&b=2"},
        {"type": "pre", "offset": 18, "length": 3, "language": "python"},
        {"type": "bot_command", "offset": 22, "length": 5},
    ]


async def test_text_is_trimmed_and_its_entities_move_along(bot: BareBot, ann: int) -> None:
    bold = [{"type": "bold", "offset": 0, "length": 8}]
    sent = (await bot.call("sendMessage", chat_id=ann, text="\n 👍 hi \n", entities=bold))["result"]
    assert (sent["text"], sent["entities"]) == ("👍 hi", [{"type": "bold", "offset": 0, "length": 5}])


async def test_message_ids_grow_within_each_chat(bot: BareBot, hands: Hands, ann: int) -> None:
    bob = (await hands.introduce("bob", first_name="Bob"))["person"]["id"]
    await hands.do("bob", "start")
    sent = [(await bot.call("sendMessage", chat_id=who, text="x"))["result"]["message_id"] for who in (ann, bob, ann)]
    assert sent == [2, 2, 3]


async def test_forms_and_queries_carry_the_same_parameters_as_json(server: Server, hands: Hands, ann: int) -> None:
    address = f"{server.url}/bot100:CUSTOMER/SENDMESSAGE"
    keys = '{"inline_keyboard": [[{"text": "a", "callback_data": "d"}]]}'
    asked = {"chat_id": str(ann), "text": "123", "reply_markup": keys, "protect_content": "true"}
    async with aiohttp.ClientSession() as session:
        for way in ({"params": asked}, {"data": asked}):
            async with session.post(address, **way) as response:  # type: ignore[arg-type]
                sent = (await response.json())["result"]
                assert (sent["text"], sent["has_protected_content"]) == ("123", True)
                assert sent["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "d"
    assert [entry["parameters"]["chat_id"] for entry in await hands.log(method="sendMessage")] == [ann, ann]


async def test_a_press_is_answered_once(bot: BareBot, hands: Hands, ann: int) -> None:
    seen = (await updates(bot))[-1]["update_id"]
    press = asyncio.create_task(hands.do("ann", "press", message_id=1, data="anything"))
    query = (await updates(bot, timeout=20, offset=seen + 1))[0]["callback_query"]
    assert (await bot.call("answerCallbackQuery", callback_query_id=query["id"], text="Done", show_alert=True))["ok"]
    assert await press == {"ok": True, "answered": True, "text": "Done", "alert": True}
    again = await bot.call("answerCallbackQuery", callback_query_id=query["id"])
    assert again["description"].startswith("Bad Request: query is too old")


async def test_a_closed_server_may_serve_the_same_world_again() -> None:
    sandbox = Sandbox({"customer": "100:CUSTOMER"})
    first = await serve(sandbox)
    async with Hands(first.url) as there:
        await there.do("eve", "start")
    await first.close()
    async with await serve(sandbox) as second:
        bot = BareBot(second.url, "100:CUSTOMER")
        assert [update["message"]["from"]["first_name"] for update in await updates(bot)] == ["Eve"]
        await bot.close()
