"""The Telegram channel speaks to the sandbox's Bot API server: every kind of message, every refusal, files both ways."""

import asyncio
import socket
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import FormData

from channels.telegram import Telegram
from crm.base.errors import NotFound
from crm.base.events import ContactShared, MediaKind, MediaRef, Message
from crm.base.outbound import Button, Delete, Media, Outbound, Reason, Receipt, RetryLater, Say, Typing, Uncertain, Undeliverable, Window
from crm.base.outbound import Edit as Change
from tests.channels.pretended import Stored
from tests.channels.telegram_world import Recorder, World, listening, opened_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with opened_world() as world:
        yield world


async def test_a_text_arrives_as_written_with_its_reply(world: World) -> None:
    asked = await world.act("send", text="How much?")
    receipt = await world.say(Say("a < b & 25 €\x00", reply_to=str(asked["message_id"])))
    (message,) = await world.messages()
    assert (str(message["message_id"]), message["text"]) == (receipt.ids[0], "a < b & 25 €\ufffd")
    assert message["reply_to"] == asked["message_id"]


async def test_a_reply_to_a_message_gone_is_sent_all_the_same(world: World) -> None:
    await world.say(Say("Hello", reply_to="404040"))
    assert [message["text"] for message in await world.messages()] == ["Hello"]


async def test_html_is_shown_and_broken_html_is_said_plainly(world: World) -> None:
    await world.say(Say("<b>Lamp</b> &lt;3", html=True))
    await world.say(Say("<b>Lamp &amp; <i>shade</b>", html=True))
    fine, broken = await world.messages()
    assert (fine["text"], fine["entities"][0]["type"]) == ("Lamp <3", "bold")
    assert (broken["text"], broken["entities"]) == ("Lamp & shade", [])


async def test_asking_for_the_phone_opens_a_keyboard_and_the_next_words_close_it(world: World) -> None:
    asked = await world.say(
        Say("Your number?", buttons=((Button("Share", ask="phone"),), (Button("Skip", value="skip"), Button("Site", url="https://x.example/"))))
    )
    (shown,) = await world.messages()
    assert shown["keyboard"]["keyboard"] == [[{"text": "Share", "request_contact": True}], [{"text": "Skip"}]]
    offsets = Recorder()
    async with listening(world.telegram, offsets):
        await offsets.next()
        await world.act("click", message_id=int(asked.ids[0]), button="Share")
        (contact,) = world.heard((await offsets.next())[1])
    assert isinstance(contact, ContactShared)
    assert contact.own
    await world.say(Say("Thank you"))
    await world.say(Say("Bye"))
    markups = [entry["parameters"].get("reply_markup") for entry in await world.log("sendMessage")]
    assert "remove_keyboard" in str(markups[1])
    assert not markups[2]


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        (MediaKind.PHOTO, "sendPhoto"),
        (MediaKind.DOCUMENT, "sendDocument"),
        (MediaKind.VOICE, "sendVoice"),
        (MediaKind.AUDIO, "sendAudio"),
        (MediaKind.VIDEO, "sendVideo"),
        (MediaKind.STICKER, "sendSticker"),
    ],
)
async def test_a_file_goes_up_once_and_by_its_id_after_that(world: World, kind: MediaKind, method: str) -> None:
    body = bytes(range(256)) * 40
    say = Say("", media=Media(7, kind, "գին.bin", "application/octet-stream", len(body)))
    open_media = Stored({7: body})
    await world.telegram.send(world.address, say, open_media)
    await world.telegram.send(world.address, say, open_media)
    files = [message["file"] for message in await world.messages()]
    async with world.http.get(files[0]["url"]) as answer:
        assert await answer.read() == body
    assert (len(files), open_media.opened, len(await world.log(method))) == (2, 1, 2)


async def test_a_file_may_carry_words_and_buttons(world: World) -> None:
    media = Media(7, MediaKind.PHOTO, "lamp.jpg", "image/jpeg", 3)
    await world.say(Say("<b>Blue</b>", media=media, buttons=((Button("Want", value="w"),),), html=True), {7: b"jpg"})
    (message,) = await world.messages()
    assert (message["text"], message["buttons"][0][0]["text"], message["file"]["kind"]) == ("Blue", "Want", "photo")


async def test_a_picture_too_large_for_a_photo_goes_as_a_document(world: World) -> None:
    body = b"x" * (10 * 1024 * 1024 + 1)
    await world.say(Say("", media=Media(7, MediaKind.PHOTO, "big.jpg", "image/jpeg", len(body))), {7: body})
    assert len(await world.log("sendDocument")) == 1


async def test_an_id_telegram_no_longer_takes_means_a_new_upload(world: World) -> None:
    say, open_media = Say("", media=Media(7, MediaKind.DOCUMENT, "a.txt", "text/plain", 1)), Stored({7: b"a"})
    await world.telegram.send(world.address, say, open_media)
    await world.fault("400", "sendDocument", description="Bad Request: wrong file identifier/HTTP URL specified")
    await world.telegram.send(world.address, say, open_media)
    assert (len(await world.messages()), open_media.opened) == (2, 2)


async def test_a_stored_file_that_is_gone_is_bad_content(world: World) -> None:
    with pytest.raises(Undeliverable) as caught:
        await world.say(Say("", media=Media(8, MediaKind.DOCUMENT, "a.txt", "text/plain", 1)))
    assert caught.value.reason is Reason.BAD_CONTENT


async def test_a_stored_file_that_breaks_off_is_bad_content_and_nothing_is_sent(world: World) -> None:
    @asynccontextmanager
    async def broken(_attachment_id: int) -> AsyncIterator[AsyncIterator[bytes]]:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"some"
            raise OSError("disk")

        yield chunks()

    with pytest.raises(Undeliverable) as caught:
        await world.telegram.send(world.address, Say("", media=Media(8, MediaKind.DOCUMENT, "a.txt", "text/plain", 9)), broken)
    assert caught.value.reason is Reason.BAD_CONTENT
    assert await world.messages() == []


async def test_an_upload_cut_in_the_middle_was_certainly_not_sent(world: World) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(2000)
        writer.transport.abort()

    body = b"x" * 20_000_000
    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        telegram = Telegram(replace(world.options, api_base=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
        with pytest.raises(RetryLater):
            await telegram.send(world.address, Say("", media=Media(7, MediaKind.VIDEO, "a.mp4", "video/mp4", len(body))), Stored({7: body}))
        await telegram.close()


async def test_a_file_too_large_for_telegram_is_not_even_opened(world: World) -> None:
    with pytest.raises(Undeliverable) as caught:
        await world.say(Say("", media=Media(7, MediaKind.VIDEO, "a.mp4", "video/mp4", 50 * 1024 * 1024 + 1)))
    assert (caught.value.reason, caught.value.detail) == (Reason.BAD_CONTENT, "file is too big")


async def test_edits_change_words_and_buttons_and_the_same_again_is_well(world: World) -> None:
    sent = await world.say(Say("Old", buttons=((Button("A", value="a"),),)))
    change = Change(sent.ids[0], "New", buttons=((Button("B", value="b"),),))
    assert await world.say(change) == await world.say(change) == sent
    (message,) = await world.messages()
    assert (message["text"], message["buttons"][0][0]["text"]) == ("New", "B")


async def test_the_words_under_a_file_can_be_edited(world: World) -> None:
    sent = await world.say(Say("Old", media=Media(7, MediaKind.PHOTO, "lamp.jpg", "image/jpeg", 3)), {7: b"jpg"})
    await world.say(Change(sent.ids[0], "New & <better", html=True, media=True))
    (message,) = await world.messages()
    assert message["text"] == "New & <better"


async def test_a_deletion_is_well_also_the_second_time(world: World) -> None:
    sent = await world.say(Say("Oops"))
    await world.say(Delete(sent.ids[0]))
    await world.say(Delete(sent.ids[0]))
    assert await world.messages() == []


async def test_typing_is_shown(world: World) -> None:
    assert await world.say(Typing()) == Receipt(())
    assert len(await world.log("sendChatAction")) == 1


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("drop", Uncertain),
        ("drop_after", Uncertain),
        ("hang", Uncertain),
        ("500", Uncertain),
        ("garbage", Uncertain),
        ("429", RetryLater),
        ("400", Undeliverable),
    ],
)
async def test_every_fault_has_its_error(world: World, kind: str, expected: type[Exception]) -> None:
    await world.fault(kind, "sendMessage", seconds=1)
    with pytest.raises(expected):
        await world.say(Say("Hello"))
    assert len(await world.log("sendMessage")) == 1
    assert len(await world.messages()) == (kind == "drop_after")


async def test_an_answer_that_comes_too_late_is_uncertain(world: World) -> None:
    telegram = Telegram(replace(world.options, send_seconds=0.2))
    await telegram.health()
    await world.fault("slow", "sendMessage", seconds=1)
    with pytest.raises(Uncertain):
        await telegram.send(world.address, Say("Hello"), Stored({}))
    await telegram.close()


async def test_the_pause_telegram_asks_for_is_passed_on(world: World) -> None:
    await world.fault("429", "sendMessage", seconds=7)
    with pytest.raises(RetryLater) as caught:
        await world.say(Say("Hello"))
    assert (caught.value.after, caught.value.account) == (7.0, False)


async def test_an_unreachable_telegram_is_tried_later_by_the_whole_account(world: World) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        telegram = Telegram(replace(world.options, api_base=f"http://127.0.0.1:{unused.getsockname()[1]}"))
        with pytest.raises(RetryLater) as caught:
            await telegram.send(world.address, Say("Hello"), Stored({}))
    await telegram.close()
    assert caught.value.account


@pytest.mark.parametrize(
    ("outbound", "reason"),
    [
        (Say(""), Reason.BAD_CONTENT),
        (Say("😀" * 2049), Reason.BAD_CONTENT),
        (Say("x", buttons=((Button("A", value="v" * 65),),)), Reason.BAD_CONTENT),
        (Say("x", buttons=((Button("A"),),)), Reason.BAD_CONTENT),
        (Change("999999", "x"), Reason.REJECTED),
        (Change("none", "x"), Reason.BAD_CONTENT),
        (Delete("none"), Reason.BAD_CONTENT),
    ],
)
async def test_what_telegram_never_takes_is_undeliverable(world: World, outbound: Outbound, reason: Reason) -> None:
    with pytest.raises(Undeliverable) as caught:
        await world.say(outbound)
    assert caught.value.reason is reason
    assert await world.messages() == []


async def test_who_blocked_or_never_wrote_cannot_be_reached(world: World) -> None:
    await world.act("block")
    reasons = []
    for address in (world.address, "424242", "@channel", "-5", ""):
        with pytest.raises(Undeliverable) as caught:
            await world.telegram.send(address, Say("Hello"), Stored({}))
        reasons.append(caught.value.reason)
    assert reasons == [Reason.BLOCKED, *[Reason.BAD_ADDRESS] * 4]


async def test_a_file_of_a_customer_comes_down_whole(world: World) -> None:
    body = bytes(range(256)) * 1000
    form = FormData({"bot": "customer", "kind": "document", "caption": "plan"})
    form.add_field("file", body, filename="plan.pdf", content_type="application/pdf")
    async with world.http.post("/play/people/anahit/file", data=form) as answer:
        assert answer.status == 200
    offsets = Recorder()
    async with listening(world.telegram, offsets):
        _, events = await offsets.next()
    message = world.heard(events)[-1]
    assert isinstance(message, Message)
    (ref,) = message.media
    assert (ref.kind, ref.name, ref.mime, ref.size) == (MediaKind.DOCUMENT, "plan.pdf", "application/pdf", len(body))
    assert b"".join([chunk async for chunk in world.telegram.fetch_media(ref)]) == body


async def test_a_file_telegram_will_not_give_is_not_found(world: World) -> None:
    for ref in (MediaRef(MediaKind.DOCUMENT, "no-such-file"), MediaRef(MediaKind.DOCUMENT, "x", size=4_000_000_000)):
        with pytest.raises(NotFound):
            _ = [chunk async for chunk in world.telegram.fetch_media(ref)]


async def test_commands_are_set_per_language(world: World) -> None:
    await world.telegram.setup({"": {"start": "Begin", "stop": "No more offers"}, "hy": {"start": "Սկսել"}})
    entries = await world.log("setMyCommands")
    assert [entry["parameters"].get("language_code") for entry in entries] == [None, "hy"]
    async with world.http.get("/play/people/anahit/chat", params={"bot": "customer"}) as answer:
        assert (await answer.json())["menu"][0]["description"] == "Սկսել"


async def test_no_error_shows_the_token(world: World) -> None:
    unreachable = Telegram(replace(world.options, api_base="http://127.0.0.1:1"))
    await world.fault("500", count=0)
    for telegram in (unreachable, world.telegram):
        for attempt in (telegram.send(world.address, Say("x"), Stored({})), drained(telegram.fetch_media(MediaRef(MediaKind.PHOTO, "f")))):
            with pytest.raises((RetryLater, Uncertain)) as caught:
                await attempt
            assert "CUSTOMER" not in "".join(traceback.format_exception(caught.value))
    await unreachable.close()


async def drained(chunks: AsyncIterator[bytes]) -> object:
    return [chunk async for chunk in chunks]


async def test_limits_say_what_telegram_can_do(world: World) -> None:
    limits = world.telegram.limits(Window(), 0)
    assert (limits.edits, limits.deletes, limits.knows, limits.media_size) == (True, True, frozenset({"sent"}), 50 * 1024 * 1024)
