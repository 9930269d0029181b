"""Every method through both real libraries and every kind of update through their models, with nothing left over."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import aiogram
import pytest
import telegram
from aiogram import types
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest, TelegramConflictError, TelegramForbiddenError, TelegramNetworkError, TelegramRetryAfter
from pydantic import BaseModel
from telegram import error
from telegram.request import HTTPXRequest

from sandbox.app import Server
from sandbox.telegram.hands import BareBot, Hands
from sandbox.telegram.methods import METHODS
from sandbox.telegram.shapes import Json

TOKEN = "100:CUSTOMER"
# Reading a duration or retry_after as a number warns until python-telegram-bot makes them timedeltas.
pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")


@dataclass(frozen=True, slots=True)
class Scene:
    """What the calls speak of: Ann's chat, messages and files of the bot in it, a press that waits; what the bot wrote to her for Ruben; a group with topics."""

    chat: int
    text: int
    captioned: int
    files: dict[str, str]
    press: str
    own: str
    own_text: int
    group: int
    topic: int
    closed: int


@pytest.fixture
async def scene(bot: BareBot, hands: Hands, ann: int) -> Scene:
    sent = (await bot.call("sendMessage", chat_id=ann, text="first"))["result"]["message_id"]
    for kind in ("document", "photo", "video"):
        await hands.send_file("ann", kind, f"{kind}.bin", b"content")
    await hands.do("ann", "press", message_id=sent, data="x", wait=0)
    updates = (await bot.call("getUpdates"))["result"]
    messages = [update["message"] for update in updates if "message" in update]
    files = {"document": messages[1]["document"]["file_id"], "photo": messages[2]["photo"][-1]["file_id"], "video": messages[3]["video"]["file_id"]}
    captioned = (await bot.call("sendDocument", chat_id=ann, document=files["document"], caption="old"))["result"]["message_id"]
    own = (await hands.post("/play/own/ruben/connect", {"bot": "customer"}))["connection"]["id"]
    await hands.post("/play/own/ruben/ann/say", {"bot": "customer", "text": "hello Ruben"})
    own_text = (await bot.call("sendMessage", chat_id=ann, text="hello", business_connection_id=own))["result"]["message_id"]
    group = (await hands.put("/play/groups/team", {"bot": "customer"}))["group"]["id"]
    await hands.post("/play/groups/team/rights", {"bot": "customer", "person": "ann", "silent": True})
    open_, closed = [(await bot.call("createForumTopic", chat_id=group, name=name))["result"]["message_thread_id"] for name in ("Ann", "Ben")]
    await bot.call("closeForumTopic", chat_id=group, message_thread_id=closed)
    return Scene(ann, sent, captioned, files, updates[-1]["callback_query"]["id"], own, own_text, group, open_, closed)


@pytest.fixture
async def aio(server: Server) -> AsyncIterator[aiogram.Bot]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(server.url))
    yield aiogram.Bot(TOKEN, session=session)
    # AiohttpSession.close() sleeps 0.25 s for the sake of TLS, which is not spoken here.
    await (await session.create_session()).close()


@pytest.fixture
async def ptb(server: Server) -> AsyncIterator[telegram.Bot]:
    # Without `verify` no certificates are loaded, which takes longer than the whole test and which plain HTTP never looks at.
    requests = [HTTPXRequest(httpx_kwargs={"verify": False}) for _ in range(2)]
    addresses = (f"{server.url}/bot", f"{server.url}/file/bot")
    async with telegram.Bot(TOKEN, *addresses, request=requests[0], get_updates_request=requests[1]) as bot:
        yield bot


def piece(name: str = "piece.bin") -> types.BufferedInputFile:
    return types.BufferedInputFile(b"content", name)


AIO_KEYS = types.InlineKeyboardMarkup(inline_keyboard=[[types.InlineKeyboardButton(text="Buy", callback_data="buy", style="success")]])
PTB_KEYS = telegram.InlineKeyboardMarkup([[telegram.InlineKeyboardButton("Buy", callback_data="buy")]])
KINDS = {"message", "edited_message", "callback_query", "message_reaction", "my_chat_member"}
KINDS |= {"business_connection", "business_message", "edited_business_message", "deleted_business_messages"}
LIKE, COMMANDS = "👍", ("help", "Tells what I can do")

AIOGRAM: dict[str, Callable[[aiogram.Bot, Scene], Awaitable[object]]] = {
    "getMe": lambda bot, _: bot.get_me(),
    "getUpdates": lambda bot, _: bot.get_updates(allowed_updates=["message", "message_reaction"]),
    "setWebhook": lambda bot, _: bot.set_webhook("https://a.test/hook", secret_token="s3cret", allowed_updates=["message"]),
    "deleteWebhook": lambda bot, _: bot.delete_webhook(drop_pending_updates=True),
    "getWebhookInfo": lambda bot, _: bot.get_webhook_info(),
    "setMyCommands": lambda bot, at: bot.set_my_commands(
        [types.BotCommand(command=COMMANDS[0], description=COMMANDS[1])], types.BotCommandScopeChat(chat_id=at.chat), language_code="fr"
    ),
    "getMyCommands": lambda bot, _: bot.get_my_commands(types.BotCommandScopeAllPrivateChats()),
    "deleteMyCommands": lambda bot, _: bot.delete_my_commands(),
    "setChatMenuButton": lambda bot, at: bot.set_chat_menu_button(at.chat, types.MenuButtonCommands()),
    "getChatMenuButton": lambda bot, at: bot.get_chat_menu_button(at.chat),
    "sendMessage": lambda bot, at: bot.send_message(at.chat, "<b>hi</b>", parse_mode="HTML", reply_markup=AIO_KEYS, reply_to_message_id=at.text),
    "sendPhoto": lambda bot, at: bot.send_photo(at.chat, piece("p.png"), caption="a", has_spoiler=True),
    "sendDocument": lambda bot, at: bot.send_document(at.chat, at.files["document"], caption="b", reply_markup=AIO_KEYS),
    "sendVoice": lambda bot, at: bot.send_voice(at.chat, piece(), duration=3),
    "sendVideo": lambda bot, at: bot.send_video(at.chat, piece(), width=320, height=240),
    "sendAudio": lambda bot, at: bot.send_audio(at.chat, piece(), performer="Bach", title="Air"),
    "sendSticker": lambda bot, at: bot.send_sticker(at.chat, piece()),
    "sendAnimation": lambda bot, at: bot.send_animation(at.chat, piece()),
    "sendVideoNote": lambda bot, at: bot.send_video_note(at.chat, piece(), length=200),
    "sendMediaGroup": lambda bot, at: bot.send_media_group(
        at.chat, [types.InputMediaPhoto(media=piece("1.png"), caption="one"), types.InputMediaPhoto(media=at.files["photo"])]
    ),
    "sendLocation": lambda bot, at: bot.send_location(at.chat, 40.1, 44.5),
    "sendContact": lambda bot, at: bot.send_contact(at.chat, "15550000001", "Ann"),
    "sendChatAction": lambda bot, at: bot.send_chat_action(at.chat, "typing"),
    "copyMessage": lambda bot, at: bot.copy_message(at.chat, at.chat, at.captioned, caption="copied"),
    "forwardMessage": lambda bot, at: bot.forward_message(at.chat, at.chat, at.text),
    "editMessageText": lambda bot, at: bot.edit_message_text("new", chat_id=at.chat, message_id=at.text, reply_markup=AIO_KEYS),
    "editMessageCaption": lambda bot, at: bot.edit_message_caption(chat_id=at.chat, message_id=at.captioned, caption="new"),
    "editMessageReplyMarkup": lambda bot, at: bot.edit_message_reply_markup(chat_id=at.chat, message_id=at.text, reply_markup=AIO_KEYS),
    "editMessageMedia": lambda bot, at: bot.edit_message_media(
        types.InputMediaVideo(media=piece(), caption="moving"), chat_id=at.chat, message_id=at.captioned
    ),
    "deleteMessage": lambda bot, at: bot.delete_message(at.chat, at.text),
    "deleteMessages": lambda bot, at: bot.delete_messages(at.chat, [at.text, 9999]),
    "answerCallbackQuery": lambda bot, at: bot.answer_callback_query(at.press, "Done", show_alert=True),
    "setMessageReaction": lambda bot, at: bot.set_message_reaction(at.chat, 1, [types.ReactionTypeEmoji(emoji=LIKE)]),
    "pinChatMessage": lambda bot, at: bot.pin_chat_message(at.chat, at.text),
    "unpinChatMessage": lambda bot, at: bot.unpin_chat_message(at.chat, message_id=at.text),
    "getChat": lambda bot, at: bot.get_chat(at.chat),
    "getChatMember": lambda bot, at: bot.get_chat_member(at.chat, at.chat),
    "getFile": lambda bot, at: bot.get_file(at.files["document"]),
    "getBusinessConnection": lambda bot, at: bot.get_business_connection(at.own),
    "deleteBusinessMessages": lambda bot, at: bot.delete_business_messages(at.own, [at.own_text]),
    "createForumTopic": lambda bot, at: bot.create_forum_topic(at.group, "Cora"),
    "editForumTopic": lambda bot, at: bot.edit_forum_topic(at.group, at.topic, name="Ann Lee"),
    "closeForumTopic": lambda bot, at: bot.close_forum_topic(at.group, at.topic),
    "reopenForumTopic": lambda bot, at: bot.reopen_forum_topic(at.group, at.closed),
    "setMyName": lambda bot, _: bot.set_my_name("Tea shop"),
    "getMyName": lambda bot, _: bot.get_my_name(language_code="de"),
    "setMyDescription": lambda bot, _: bot.set_my_description("Sells tea"),
    "getMyDescription": lambda bot, _: bot.get_my_description(),
    "setMyShortDescription": lambda bot, _: bot.set_my_short_description("Tea"),
    "getMyShortDescription": lambda bot, _: bot.get_my_short_description(),
}

PTB: dict[str, Callable[[telegram.Bot, Scene], Awaitable[object]]] = {
    "getMe": lambda bot, _: bot.get_me(),
    "getUpdates": lambda bot, _: bot.get_updates(allowed_updates=["message", "message_reaction"]),
    "setWebhook": lambda bot, _: bot.set_webhook("https://a.test/hook", secret_token="s3cret", allowed_updates=["message"]),
    "deleteWebhook": lambda bot, _: bot.delete_webhook(drop_pending_updates=True),
    "getWebhookInfo": lambda bot, _: bot.get_webhook_info(),
    "setMyCommands": lambda bot, at: bot.set_my_commands([COMMANDS], telegram.BotCommandScopeChat(at.chat), language_code="fr"),
    "getMyCommands": lambda bot, _: bot.get_my_commands(telegram.BotCommandScopeAllPrivateChats()),
    "deleteMyCommands": lambda bot, _: bot.delete_my_commands(),
    "setChatMenuButton": lambda bot, at: bot.set_chat_menu_button(at.chat, telegram.MenuButtonCommands()),
    "getChatMenuButton": lambda bot, at: bot.get_chat_menu_button(at.chat),
    "sendMessage": lambda bot, at: bot.send_message(at.chat, "<b>hi</b>", parse_mode="HTML", reply_markup=PTB_KEYS, reply_to_message_id=at.text),
    "sendPhoto": lambda bot, at: bot.send_photo(at.chat, b"content", caption="a", has_spoiler=True),
    "sendDocument": lambda bot, at: bot.send_document(at.chat, at.files["document"], caption="b", reply_markup=PTB_KEYS),
    "sendVoice": lambda bot, at: bot.send_voice(at.chat, b"content", duration=3),
    "sendVideo": lambda bot, at: bot.send_video(at.chat, b"content", width=320, height=240),
    "sendAudio": lambda bot, at: bot.send_audio(at.chat, b"content", performer="Bach", title="Air"),
    "sendSticker": lambda bot, at: bot.send_sticker(at.chat, b"content"),
    "sendAnimation": lambda bot, at: bot.send_animation(at.chat, b"content"),
    "sendVideoNote": lambda bot, at: bot.send_video_note(at.chat, b"content", length=200),
    "sendMediaGroup": lambda bot, at: bot.send_media_group(
        at.chat, [telegram.InputMediaPhoto(b"content", caption="one"), telegram.InputMediaPhoto(at.files["photo"])]
    ),
    "sendLocation": lambda bot, at: bot.send_location(at.chat, 40.1, 44.5),
    "sendContact": lambda bot, at: bot.send_contact(at.chat, "15550000001", "Ann"),
    "sendChatAction": lambda bot, at: bot.send_chat_action(at.chat, "typing"),
    "copyMessage": lambda bot, at: bot.copy_message(at.chat, at.chat, at.captioned, caption="copied"),
    "forwardMessage": lambda bot, at: bot.forward_message(at.chat, at.chat, at.text),
    "editMessageText": lambda bot, at: bot.edit_message_text("new", at.chat, at.text, reply_markup=PTB_KEYS),
    "editMessageCaption": lambda bot, at: bot.edit_message_caption(at.chat, at.captioned, caption="new"),
    "editMessageReplyMarkup": lambda bot, at: bot.edit_message_reply_markup(at.chat, at.text, reply_markup=PTB_KEYS),
    "editMessageMedia": lambda bot, at: bot.edit_message_media(telegram.InputMediaVideo(b"content", caption="moving"), at.chat, at.captioned),
    "deleteMessage": lambda bot, at: bot.delete_message(at.chat, at.text),
    "deleteMessages": lambda bot, at: bot.delete_messages(at.chat, [at.text, 9999]),
    "answerCallbackQuery": lambda bot, at: bot.answer_callback_query(at.press, "Done", show_alert=True),
    "setMessageReaction": lambda bot, at: bot.set_message_reaction(at.chat, 1, LIKE),
    "pinChatMessage": lambda bot, at: bot.pin_chat_message(at.chat, at.text),
    "unpinChatMessage": lambda bot, at: bot.unpin_chat_message(at.chat, at.text),
    "getChat": lambda bot, at: bot.get_chat(at.chat),
    "getChatMember": lambda bot, at: bot.get_chat_member(at.chat, at.chat),
    "getFile": lambda bot, at: bot.get_file(at.files["document"]),
    "getBusinessConnection": lambda bot, at: bot.get_business_connection(at.own),
    "deleteBusinessMessages": lambda bot, at: bot.delete_business_messages(at.own, [at.own_text]),
    "createForumTopic": lambda bot, at: bot.create_forum_topic(at.group, "Cora"),
    "editForumTopic": lambda bot, at: bot.edit_forum_topic(at.group, at.topic, name="Ann Lee"),
    "closeForumTopic": lambda bot, at: bot.close_forum_topic(at.group, at.topic),
    "reopenForumTopic": lambda bot, at: bot.reopen_forum_topic(at.group, at.closed),
    "setMyName": lambda bot, _: bot.set_my_name("Tea shop"),
    "getMyName": lambda bot, _: bot.get_my_name("de"),
    "setMyDescription": lambda bot, _: bot.set_my_description("Sells tea"),
    "getMyDescription": lambda bot, _: bot.get_my_description(),
    "setMyShortDescription": lambda bot, _: bot.set_my_short_description("Tea"),
    "getMyShortDescription": lambda bot, _: bot.get_my_short_description(),
}


def unknown_to_aiogram(value: object) -> Iterator[str]:
    """The fields of an answer that aiogram's models do not know."""
    if isinstance(value, list):
        for item in value:
            yield from unknown_to_aiogram(item)
    elif isinstance(value, BaseModel):
        yield from (f"{type(value).__name__}.{name}" for name in value.model_extra or {})
        for name in type(value).model_fields:
            yield from unknown_to_aiogram(getattr(value, name))


def unknown_to_ptb(value: object) -> Iterator[str]:
    """The fields of an answer that python-telegram-bot's classes do not know."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from unknown_to_ptb(item)
    elif isinstance(value, telegram.TelegramObject):
        yield from (f"{type(value).__name__}.{name}" for name in value.api_kwargs)
        for name in value.to_dict(recursive=False):
            yield from unknown_to_ptb(getattr(value, "from_user" if name == "from" else name, None))


def test_both_libraries_call_every_method() -> None:
    assert set(AIOGRAM) == set(PTB) == set(METHODS)


@pytest.mark.parametrize("method", AIOGRAM)
async def test_aiogram_understands_every_answer(method: str, aio: aiogram.Bot, hands: Hands, scene: Scene) -> None:
    answer = await AIOGRAM[method](aio, scene)
    assert answer is not None
    assert (await hands.log(method=method))[-1]["accepted"]
    assert list(unknown_to_aiogram(answer)) == []


@pytest.mark.parametrize("method", PTB)
async def test_python_telegram_bot_understands_every_answer(method: str, ptb: telegram.Bot, hands: Hands, scene: Scene) -> None:
    answer = await PTB[method](ptb, scene)
    assert answer is not None
    assert (await hands.log(method=method))[-1]["accepted"]
    assert list(unknown_to_ptb(answer)) == []


@pytest.fixture
async def every_update(bot: BareBot, hands: Hands, ann: int) -> list[Json]:
    """One update of every kind, all of them Ann's doing."""
    await bot.call("getUpdates", allowed_updates=[*KINDS])
    await hands.introduce("ann", first_name="Ann", last_name="Lee", username="annlee")
    sent = (await bot.call("sendMessage", chat_id=ann, text="Hello"))["result"]["message_id"]
    await hands.do("ann", "send", text="/help me 👍 @someone", reply_to=sent)
    for kind in ("photo", "document", "voice", "video", "audio", "sticker", "animation", "video_note"):
        await hands.send_file("ann", kind, f"{kind}.bin", b"content", media_group_id="5")
    await hands.do("ann", "contact")
    await hands.do("ann", "location", latitude=1.5, longitude=2.5)
    await hands.do("ann", "edit", message_id=1, text="/start again")
    await hands.do("ann", "press", message_id=sent, data="x", wait=0)
    await hands.do("ann", "react", message_id=sent, emoji=LIKE)
    await hands.do("ann", "block")
    await hands.do("ann", "unblock")
    await hands.post("/play/own/ruben/connect", {"bot": "customer"})
    asked = (await hands.post("/play/own/ruben/ann/say", {"bot": "customer", "text": "hello Ruben"}))["message_id"]
    await hands.post("/play/own/ruben/ann/edit", {"bot": "customer", "message_id": asked, "text": "hello"})
    await hands.post("/play/own/ruben/ann/delete", {"bot": "customer", "message_ids": [asked]})
    return list((await bot.call("getUpdates"))["result"])


async def test_aiogram_understands_every_update(every_update: list[Json]) -> None:
    parsed = [types.Update.model_validate(update) for update in every_update]
    assert {update.event_type for update in parsed} == KINDS
    assert list(unknown_to_aiogram(parsed)) == []
    contents = {update.message.content_type for update in parsed if update.message}
    assert len(contents) == 11


async def test_python_telegram_bot_understands_every_update(every_update: list[Json], ptb: telegram.Bot) -> None:
    parsed = [telegram.Update.de_json(update, ptb) for update in every_update]
    assert list(unknown_to_ptb(parsed)) == []
    told = [update for update in parsed if not (update.business_connection or update.deleted_business_messages)]  # these two name but one side
    assert len(told) == len(parsed) - 2
    assert all(update.effective_user and update.effective_chat for update in told)
    assert parsed[1].effective_message.parse_entities(["mention"]).popitem()[1] == "@someone"  # type: ignore[union-attr]


async def test_files_round_trip_through_both_libraries(aio: aiogram.Bot, ptb: telegram.Bot, scene: Scene) -> None:
    sent = await aio.send_document(scene.chat, piece("список.txt"), caption="list")
    content = await aio.download(sent.document)  # type: ignore[arg-type]
    again = await ptb.send_document(scene.chat, b"from ptb", filename="b.txt")
    assert sent.document is not None
    assert again.document is not None
    assert sent.document.file_name == "список.txt"
    assert content is not None
    assert content.read() == b"content"
    assert bytes(await (await again.document.get_file()).download_as_bytearray()) == b"from ptb"


REFUSALS: list[tuple[Json, type[Exception], type[Exception]]] = [
    ({"kind": "400"}, TelegramBadRequest, error.BadRequest),
    ({"kind": "403"}, TelegramForbiddenError, error.Forbidden),
    ({"kind": "409"}, TelegramConflictError, error.Conflict),
    ({"kind": "429", "seconds": 7}, TelegramRetryAfter, error.RetryAfter),
    ({"kind": "drop_after"}, TelegramNetworkError, error.NetworkError),
]


@pytest.mark.parametrize(("rule", "of_aiogram", "of_ptb"), REFUSALS)
async def test_faults_become_the_exceptions_of_both_libraries(
    rule: Json, of_aiogram: type[Exception], of_ptb: type[Exception], aio: aiogram.Bot, ptb: telegram.Bot, hands: Hands, ann: int
) -> None:
    calls: list[tuple[type[Exception], Callable[[], Any]]] = [
        (of_aiogram, lambda: aio.send_message(ann, "x")),
        (of_ptb, lambda: ptb.send_message(ann, "x")),
    ]
    for expected, send in calls:
        await hands.heal()
        await hands.fault(method="sendMessage", **rule)
        with pytest.raises(expected) as raised:
            await send()
        if rule["kind"] == "429":
            assert getattr(raised.value, "retry_after", None) == 7
