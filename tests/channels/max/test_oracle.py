"""What we read and say, beside what maxapi, written by others from MAX's own documentation, reads and says."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from crm.base.events import Delete as Removed
from crm.base.events import Edit as Edited
from crm.base.events import MediaKind, Message, Postback, SessionStarted
from crm.base.outbound import Button, Delete, Edit, Say
from tests.channels.max.stand import ANI, FIXTURES, Stand, stand, told

CAPTURED = [path for path in sorted(FIXTURES.glob("*.json")) if path.stem != "added_to_a_channel"]


def models() -> Any:
    """maxapi's types."""
    import maxapi.types

    return maxapi.types


def read_by_them(body: bytes) -> Any:
    """An update as maxapi's models read it."""
    update = json.loads(body)
    kind = "".join(part.title() for part in update["update_type"].split("_"))
    return getattr(models(), kind)(**update)


@pytest.mark.parametrize("path", CAPTURED, ids=[path.stem for path in CAPTURED])
def test_what_was_captured_is_as_they_read_it(path: Any) -> None:
    theirs, (ours,) = read_by_them(path.read_bytes()), told(path.stem)
    person = theirs.get_ids()[1]
    if ours.sender is not None:
        assert ours.sender.external_id == str(person)
    match ours:
        case Message():
            assert (ours.external_id, ours.at) == (theirs.message.body.mid, theirs.message.timestamp)
            assert ours.text.startswith(theirs.message.body.text or "")
            assert ours.sender.name == theirs.message.sender.full_name
        case Edited():
            assert (ours.external_id, ours.text) == (theirs.message.body.mid, theirs.message.body.text)
        case Postback():
            assert (ours.external_id, ours.value) == (theirs.callback.callback_id, theirs.callback.payload)
        case SessionStarted():
            assert ours.source.payload == (theirs.payload or "")
        case Removed():
            assert ours.external_id == theirs.message_id
        case _:
            pass


def test_they_find_the_same_number_on_a_card() -> None:
    theirs = read_by_them((FIXTURES / "own_contact.json").read_bytes())
    (shared,) = told("own_contact")
    assert shared.phone.lstrip("+") == theirs.message.body.attachments[0].payload.vcf.phone.lstrip("+")  # type: ignore[union-attr]


def keyboard(*rows: list[Any]) -> Any:
    return models().ButtonsPayload(buttons=list(rows)).pack()


def plain(value: Any) -> Any:
    """A body without what says nothing: absent, empty, or as it is by itself."""
    if isinstance(value, dict):
        silent = {"intent": "default"}
        return {key: plain(held) for key, held in value.items() if held not in (None, []) and silent.get(key) != held}
    return [plain(one) for one in value] if isinstance(value, list) else value


Asked = Callable[[Any, str], Awaitable[Any]]
SAID: dict[str, tuple[Callable[[str], Any], Asked]] = {
    "words": (lambda _: Say("Да, делаем"), lambda bot, _: bot.send_message(user_id=ANI, text="Да, делаем")),
    "marks": (lambda _: Say("<b>Да</b>", html=True), lambda bot, _: bot.send_message(user_id=ANI, text="<b>Да</b>", format="html")),
    "an answer": (
        lambda mid: Say("Эту", reply_to=mid),
        lambda bot, mid: bot.send_message(user_id=ANI, text="Эту", link=models().NewMessageLink(type="reply", mid=mid)),
    ),
    "choices": (
        lambda _: Say("?", buttons=((Button("Да", "y"), Button("Сайт", url="https://shop.example/")), (Button("Номер", ask="phone"),))),
        lambda bot, _: bot.send_message(
            user_id=ANI,
            text="?",
            attachments=[
                keyboard(
                    [models().CallbackButton(text="Да", payload="y"), models().LinkButton(text="Сайт", url="https://shop.example/")],
                    [models().RequestContactButton(text="Номер")],
                )
            ],
        ),
    ),
}


async def them(here: Stand) -> Any:
    """maxapi's bot, talking to the same pretended MAX."""
    from maxapi import Bot

    bot: Any = Bot("f9LHodD0cOIsandboxTOKEN")
    bot.set_api_url(here.max_url)
    return bot


@pytest.mark.parametrize("what", SAID)
async def test_what_we_say_is_as_they_say_it(what: str) -> None:
    ours, theirs = SAID[what]
    async with stand() as here:
        here.human.start(ANI)
        mid, bot = here.human.say(ANI, "Какую?"), await them(here)
        await here.say(ours(mid))
        await theirs(bot, mid)
        await bot.close_session()
        mine, other = here.asked("POST", "/messages")
    assert plain(mine) == plain(other)


async def test_changes_are_asked_for_as_they_ask() -> None:
    async with stand() as here:
        here.human.start(ANI)
        first, second = [(await here.say(Say("Завтра"))).ids[0] for _ in range(2)]
        bot = await them(here)
        await here.say(Edit(first, "Послезавтра"))
        await bot.edit_message(message_id=first, text="Послезавтра")
        await here.say(Delete(first))
        await bot.delete_message(message_id=second)
        await bot.close_session()
        changes, deletions = here.asked("PUT", "/messages"), here.asked("DELETE", "/messages")
    assert plain(changes[0]) == plain(changes[1])
    assert [set(one) for one in deletions] == [{"message_id", "body"}] * 2


@pytest.mark.parametrize(
    ("kind", "mime", "type_"), [(MediaKind.PHOTO, "image/png", "image"), (MediaKind.VIDEO, "video/mp4", "video"), (MediaKind.DOCUMENT, "text/plain", "file")]
)
async def test_files_are_said_as_they_say_them(kind: MediaKind, mime: str, type_: str) -> None:
    async with stand() as here:
        here.human.start(ANI)
        bot = await them(here)
        await here.say(Say("Вот", here.files.add(kind, mime, "a.bin")))
        upload = models().InputMediaBuffer(buffer=b"some bytes", filename="a.bin", type=type_)
        await bot.send_message(user_id=ANI, text="Вот", attachments=[upload], sleep_after_input_media=False)
        await bot.close_session()
        mine, other = here.bodies()
        assert len(here.world.files) == 2
    assert [one["type"] for one in mine["attachments"]] == [one["type"] for one in other["attachments"]] == [type_]


async def test_the_webhook_is_set_as_they_set_it() -> None:
    async with stand() as here:
        bot = await them(here)
        await bot.subscribe_webhook(url="https://crm.example/in/max", secret="fresh-secret")
        await bot.close_session()
        mine, other = here.asked("POST", "/subscriptions")
    assert set(other["body"]) <= set(mine["body"])
