"""Raw staff updates become plain values, and drive handlers whose failures are not swallowed."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from telegram import Update
from telegram.ext import CallbackQueryHandler, ChatMemberHandler, MessageHandler, filters

from bots.staff.carrier import StaffCarrier
from bots.staff.updates import (
    Blocked,
    Driven,
    Other,
    Press,
    StaffApplication,
    StaffContext,
    Text,
    Unblocked,
    application,
    chat_of,
    command,
    drive,
    read,
)
from crm.base.events import MediaKind, MediaRef
from sandbox.telegram.hands import Hands

RUBEN = {"id": 77, "is_bot": False, "first_name": "Ruben", "last_name": "S", "language_code": "hy"}
CHAT = {"id": 77, "type": "private"}
MESSAGE = {"message_id": 5, "from": RUBEN, "chat": CHAT, "date": 1_700_000_000, "text": "/today 7"}


def update(kind: str = "message", /, **changes: object) -> bytes:
    return json.dumps({"update_id": 1, kind: {**MESSAGE, **changes}}).encode()


def test_a_typed_text_is_read_whole() -> None:
    assert read(update(reply_to_message={"message_id": 3})) == Text(
        chat_id=77,
        user_id=77,
        user_name="Ruben S",
        language="hy",
        message_id=5,
        text="/today 7",
        reply_to=3,
        edited=False,
        forwarded=False,
        media=(),
        at=1_700_000_000_000,
    )


def test_an_edit_carries_its_own_time() -> None:
    said = read(update("edited_message", edit_date=1_700_000_060))
    assert isinstance(said, Text)
    assert (said.edited, said.at) == (True, 1_700_000_060_000)


@pytest.mark.parametrize("mark", [{"forward_origin": {"type": "user"}}, {"forward_date": 5}, {"via_bot": {"id": 9}}])
def test_what_somebody_else_said_is_marked(mark: dict[str, object]) -> None:
    said = read(update(**mark))
    assert isinstance(said, Text)
    assert said.forwarded


def test_a_caption_is_text_and_the_largest_size_is_the_photo() -> None:
    said = read(update(text=None, caption="see", photo=[{"file_id": "small"}, {"file_id": "large", "file_size": 9}]))
    assert isinstance(said, Text)
    assert (said.text, said.media) == ("see", (MediaRef(MediaKind.PHOTO, "large", size=9),))


def test_a_file_brings_its_name_and_kind() -> None:
    said = read(update(text=None, document={"file_id": "d", "file_name": "a.pdf", "mime_type": "application/pdf", "file_size": 4}))
    assert isinstance(said, Text)
    assert said.media == (MediaRef(MediaKind.DOCUMENT, "d", "a.pdf", "application/pdf", 4),)


@pytest.mark.parametrize(
    "changes",
    [
        {"chat": {"id": -5, "type": "group"}},
        {"chat": {"id": -5, "type": "channel"}},
        {"chat": {"id": True, "type": "private"}},
        {"chat": {"id": 2**70, "type": "private"}},
        {"from": {**RUBEN, "is_bot": True}},
        {"from": {**RUBEN, "id": -1}},
        {"from": None},
        {"from": {"id": 77}},
        {"sender_chat": {"id": -5}},
        {"message_id": "5"},
    ],
)
def test_only_a_human_in_a_private_chat_is_heard(changes: dict[str, object]) -> None:
    assert read(update(**changes)) == Other("message")


def test_what_cannot_be_read_yet_can_still_be_answered() -> None:
    assert read(update(text=None, dice={"value": 6})) == Other("message", 77)


def test_a_press_is_read() -> None:
    query = {"id": "900", "from": RUBEN, "message": {"message_id": 4, "chat": CHAT, "date": 0}, "data": "tk:1"}
    assert read(json.dumps({"update_id": 1, "callback_query": query}).encode()) == Press(77, 77, "900", 4, "tk:1")


@pytest.mark.parametrize(("status", "said"), [("kicked", Blocked(77)), ("member", Unblocked(77)), ("left", Other("my_chat_member", 77))])
def test_blocking_is_read(status: str, said: object) -> None:
    change = {"chat": CHAT, "from": RUBEN, "new_chat_member": {"status": status}}
    assert read(json.dumps({"update_id": 1, "my_chat_member": change}).encode()) == said


def test_a_text_can_always_be_stored() -> None:
    said = read(update(text="a\x00b\ud83d", **{"from": {**RUBEN, "first_name": "\udc00"}}))
    assert isinstance(said, Text)
    assert (said.text, said.user_name) == ("ab?", "? S")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["private", "kicked", 77, 5, CHAT, RUBEN, MESSAGE]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*MESSAGE, "id", "is_bot", "message", "data", "photo", "voice"]), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(st.binary())
def test_any_bytes_are_read(raw: bytes) -> None:
    read(raw)


@given(st.dictionaries(st.sampled_from(["message", "edited_message", "callback_query", "my_chat_member", "update_id", "poll"]), VALUES))
def test_any_json_is_read(shape: dict[str, object]) -> None:
    read(json.dumps(shape).encode())
    chat_of(shape)


@given(st.dictionaries(st.sampled_from([*MESSAGE, "photo", "caption", "reply_to_message", "edit_date", "sticker"]), VALUES))
def test_any_message_is_read(changes: dict[str, object]) -> None:
    read(update(**changes))


@pytest.mark.parametrize("raw", [b"[" * 200_000, b"[]", b'"x"', b"null", b"1" * 5000, b"\xff\xfe", b'{"message":{"date":1e999}}'])
def test_hostile_bytes_are_read(raw: bytes) -> None:
    assert read(raw) in (Other("unreadable"), Other("message"))


class Handled:
    """Handlers that note what reached them, and one that fails."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Driven]] = []

    async def today(self, _: Update, context: StaffContext) -> None:
        self.calls.append(("today " + " ".join(context.args or []), context.driven))

    async def reply(self, _: Update, context: StaffContext) -> None:
        self.calls.append(("reply", context.driven))

    async def press(self, _: Update, context: StaffContext) -> None:
        self.calls.append(("press", context.driven))

    async def member(self, _: Update, context: StaffContext) -> None:
        self.calls.append(("member", context.driven))

    async def fail(self, _: Update, context: StaffContext) -> None:
        raise LookupError("no such lead")

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


@pytest.fixture
def handled() -> Handled:
    return Handled()


@pytest_asyncio.fixture
async def app(carrier: StaffCarrier, handled: Handled) -> AsyncIterator[StaffApplication]:
    built = application(carrier.bot)
    built.add_handler(command("today", handled.today))
    built.add_handler(command("fail", handled.fail))
    built.add_handler(MessageHandler(filters.UpdateType.MESSAGE & filters.REPLY, handled.reply))
    built.add_handler(CallbackQueryHandler(handled.press))
    built.add_handler(ChatMemberHandler(handled.member))
    built.add_handler(command("fail", handled.today), group=1)
    await built.initialize()
    yield built
    await built.shutdown()


async def drive_all(app: StaffApplication, carrier: StaffCarrier) -> None:
    """Drives everything that waits at the sandbox, numbered from 1."""
    updates = await carrier.request.call("getUpdates", {"offset": 0})
    assert isinstance(updates, list)
    for event, raw in enumerate(updates, 1):
        await drive(app, json.dumps(raw).encode(), event=event, now=event * 1000)


async def test_commands_replies_and_presses_reach_their_handlers(
    app: StaffApplication, carrier: StaffCarrier, hands: Hands, ruben: str, handled: Handled
) -> None:
    card = (await carrier.bot.send_message(int(ruben), "card")).message_id
    await hands.do("ruben", "send", bot="staff", text="/today 7 all")
    await hands.do("ruben", "send", bot="staff", text="We open at nine", reply_to=card)
    await hands.do("ruben", "press", bot="staff", data="tk:1", message_id=card, wait=0)
    await hands.do("ruben", "block", bot="staff")
    await drive_all(app, carrier)
    assert handled.names == ["today 7 all", "reply", "press", "member"]
    heard = handled.calls[1][1]
    assert isinstance(heard.said, Text)
    assert (heard.said.text, heard.said.reply_to, heard.event, heard.now) == ("We open at nine", card, 3, 3000)


async def test_an_edited_or_forwarded_command_is_not_a_command(app: StaffApplication, handled: Handled) -> None:
    entities = [{"type": "bot_command", "offset": 0, "length": 6}]
    await drive(app, update(entities=entities), event=1, now=0)
    await drive(app, update("edited_message", entities=entities), event=2, now=0)
    origin = {"type": "hidden_user", "sender_user_name": "Ann", "date": 5}
    await drive(app, update(entities=entities, forward_origin=origin), event=3, now=0)
    await drive(app, update(entities=entities, chat={"id": -5, "type": "group", "title": "x"}), event=4, now=0)
    assert [driven.event for _, driven in handled.calls] == [1]


async def test_a_failing_handler_fails_the_event_and_nothing_runs_after_it(
    app: StaffApplication, carrier: StaffCarrier, hands: Hands, ruben: str, handled: Handled
) -> None:
    await hands.do("ruben", "send", bot="staff", text="/fail")
    with pytest.raises(LookupError, match="no such lead"):
        await drive_all(app, carrier)
    assert handled.calls == []


async def test_what_nobody_did_is_passed_over(app: StaffApplication, handled: Handled) -> None:
    for raw in (b"nonsense", b"[]", b"{}", b'{"update_id":1,"poll":{"id":"1"}}', update(**{"from": None})):
        await drive(app, raw, event=1, now=0)
    assert handled.calls == []
