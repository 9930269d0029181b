"""What reps see of what the staff bot sends, and how a sending may end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bots.staff.carrier import LARGEST_PHOTO, StaffCarrier
from bots.staff.transport import StaffOptions
from crm.base.errors import NotFound
from crm.base.events import MediaKind, MediaRef
from crm.base.outbound import Button, Carrier, Delete, Edit, Media, Outbound, Reason, RetryLater, Say, Typing, Uncertain, Undeliverable, Window
from sandbox.telegram.hands import Hands

TAKE = ((Button("Take", value="tk:0001"), Button("Open", url="https://shop.test/7")), (Button("Note", value="tk:0002"),))
FILES: dict[int, bytes] = {1: b"\x89PNG" * 100, 2: b"x" * (LARGEST_PHOTO + 1), 3: b""}


@asynccontextmanager
async def open_media(attachment_id: int) -> AsyncIterator[AsyncIterator[bytes]]:
    if attachment_id not in FILES:
        raise NotFound

    async def chunks() -> AsyncIterator[bytes]:
        yield FILES[attachment_id]

    yield chunks()


async def last(hands: Hands) -> dict[str, object]:
    return dict((await hands.chat("ruben", bot="staff"))["messages"][-1])


async def refused(carrier: StaffCarrier, address: str, outbound: Outbound) -> tuple[Reason, str]:
    with pytest.raises(Undeliverable) as caught:
        await carrier.send(address, outbound, open_media)
    return caught.value.reason, caught.value.detail


def test_it_is_a_carrier_that_may_write_first(options: StaffOptions) -> None:
    carrier: Carrier = StaffCarrier(options)
    limits = carrier.limits(Window(), 0)
    assert carrier.account == "staff"
    assert not limits.needs_inbound
    assert (limits.text, limits.chat_every, limits.chat_burst, limits.account_rate) == (4096, 1.0, 5, 25.0)


async def test_a_card_arrives_with_its_buttons(carrier: StaffCarrier, hands: Hands, ruben: str) -> None:
    receipt = await carrier.send(ruben, Say("<b>Ann</b> &amp; Co", buttons=TAKE, html=True), open_media)
    shown = await last(hands)
    assert receipt.ids == (str(shown["message_id"]),)
    assert shown["text"] == "Ann & Co"
    assert shown["buttons"] == [[{"text": "Take", "data": "tk:0001"}, {"text": "Open", "url": "https://shop.test/7"}], [{"text": "Note", "data": "tk:0002"}]]


async def test_a_text_that_is_not_html_shows_its_signs(carrier: StaffCarrier, hands: Hands, ruben: str) -> None:
    await carrier.send(ruben, Say("1 < 2 & <b>3"), open_media)
    assert (await last(hands))["text"] == "1 < 2 & <b>3"


async def test_broken_html_arrives_as_plain_text(carrier: StaffCarrier, hands: Hands, ruben: str) -> None:
    await carrier.send(ruben, Say("<b>Ann</i> says 1 &lt; 2", buttons=TAKE, html=True), open_media)
    shown = await last(hands)
    assert shown["text"] == "Ann says 1 < 2"
    assert shown["buttons"]


async def test_a_reply_to_a_message_that_is_gone_still_arrives(carrier: StaffCarrier, hands: Hands, ruben: str) -> None:
    (first,) = (await carrier.send(ruben, Say("card"), open_media)).ids
    await carrier.send(ruben, Say("under it", reply_to=first), open_media)
    assert (await last(hands))["reply_to"] == int(first)
    await carrier.send(ruben, Say("under nothing", reply_to="99999"), open_media)
    assert (await last(hands))["text"] == "under nothing"


@pytest.mark.parametrize("kind", list(MediaKind))
async def test_a_file_of_every_kind_arrives(carrier: StaffCarrier, hands: Hands, ruben: str, kind: MediaKind) -> None:
    caption = "" if kind is MediaKind.STICKER else "look"
    await carrier.send(ruben, Say(caption, media=Media(1, kind, "one.bin", "", 400), buttons=TAKE), open_media)
    shown = await last(hands)
    assert shown["file"]["kind"] == kind.value  # type: ignore[index]
    assert shown["file"]["size"] == 400  # type: ignore[index]
    assert (shown["text"], bool(shown["buttons"])) == (caption, True)


@pytest.mark.parametrize(("kind", "attachment", "text"), [(MediaKind.PHOTO, 2, ""), (MediaKind.STICKER, 1, "words")])
async def test_what_does_not_fit_its_kind_arrives_as_a_document(
    carrier: StaffCarrier, hands: Hands, ruben: str, kind: MediaKind, attachment: int, text: str
) -> None:
    await carrier.send(ruben, Say(text, media=Media(attachment, kind, "big.bin", "", 0)), open_media)
    shown = await last(hands)
    assert (shown["file"]["kind"], shown["text"]) == ("document", text)  # type: ignore[index]


async def test_a_photo_that_telegram_will_not_take_arrives_as_a_document(carrier: StaffCarrier, hands: Hands, ruben: str) -> None:
    await hands.fault("400", method="sendPhoto", description="Bad Request: PHOTO_INVALID_DIMENSIONS")
    await carrier.send(ruben, Say("thin", media=Media(1, MediaKind.PHOTO, "thin.png", "", 400)), open_media)
    shown = await last(hands)
    assert (shown["file"]["kind"], shown["text"]) == ("document", "thin")  # type: ignore[index]


@pytest.mark.parametrize("attachment", [3, 404])
async def test_a_file_that_is_lost_or_empty_is_bad_content(carrier: StaffCarrier, ruben: str, attachment: int) -> None:
    reason, _ = await refused(carrier, ruben, Say("", media=Media(attachment, MediaKind.PHOTO, "a.png", "", 0)))
    assert reason is Reason.BAD_CONTENT


async def test_a_hostile_file_name_is_only_a_name(carrier: StaffCarrier, hands: Hands, ruben: str) -> None:
    await carrier.send(ruben, Say("", media=Media(1, MediaKind.DOCUMENT, '../a"b\r\nX: y/c.pdf', "", 400)), open_media)
    assert (await last(hands))["file"]["name"].endswith("c.pdf")  # type: ignore[index]


async def test_a_card_is_edited_in_place(carrier: StaffCarrier, hands: Hands, ruben: str) -> None:
    (card,) = (await carrier.send(ruben, Say("waiting", buttons=TAKE), open_media)).ids
    receipt = await carrier.send(ruben, Edit(card, "<b>taken</b>", html=True), open_media)
    shown = await last(hands)
    assert receipt.ids == (card,)
    assert (shown["text"], shown["buttons"]) == ("taken", [])


async def test_a_caption_is_edited_in_place(carrier: StaffCarrier, hands: Hands, ruben: str) -> None:
    (card,) = (await carrier.send(ruben, Say("old", media=Media(1, MediaKind.PHOTO, "a.png", "", 400)), open_media)).ids
    await carrier.send(ruben, Edit(card, "new", media=True), open_media)
    assert (await last(hands))["text"] == "new"


async def test_an_edit_that_changes_nothing_is_done(carrier: StaffCarrier, ruben: str) -> None:
    (card,) = (await carrier.send(ruben, Say("same"), open_media)).ids
    assert (await carrier.send(ruben, Edit(card, "same"), open_media)).ids == (card,)


@pytest.mark.parametrize("message", ["99999", "", "seven", "9" * 40])
async def test_an_edit_of_nothing_is_gone(carrier: StaffCarrier, ruben: str, message: str) -> None:
    assert await refused(carrier, ruben, Edit(message, "words")) == (Reason.BAD_CONTENT, "gone")


async def test_a_message_is_taken_back_once_or_twice(carrier: StaffCarrier, hands: Hands, ruben: str) -> None:
    (card,) = (await carrier.send(ruben, Say("oops"), open_media)).ids
    await carrier.send(ruben, Delete(card), open_media)
    await carrier.send(ruben, Delete(card), open_media)
    assert all(message["text"] != "oops" for message in (await hands.chat("ruben", bot="staff"))["messages"])


async def test_typing_is_shown(carrier: StaffCarrier, hands: Hands, ruben: str) -> None:
    assert (await carrier.send(ruben, Typing(), open_media)).ids == ()
    assert (await hands.log(bot="staff", method="sendChatAction"))[0]["parameters"]["action"] == "typing"


@pytest.mark.parametrize("text", ["", "   ", "x" * 4097])
async def test_an_empty_or_overlong_text_is_bad_content(carrier: StaffCarrier, ruben: str, text: str) -> None:
    assert (await refused(carrier, ruben, Say(text)))[0] is Reason.BAD_CONTENT


async def test_a_button_that_carries_too_much_is_bad_content(carrier: StaffCarrier, ruben: str) -> None:
    assert (await refused(carrier, ruben, Say("card", buttons=((Button("Take", value="x" * 65),),))))[0] is Reason.BAD_CONTENT


@pytest.mark.parametrize("address", ["", "ann", "٣٤", "1.5", "9" * 30, "-"])
async def test_an_address_that_is_no_chat_is_bad(carrier: StaffCarrier, address: str) -> None:
    assert (await refused(carrier, address, Say("hello")))[0] is Reason.BAD_ADDRESS


async def test_an_unknown_chat_is_a_bad_address(carrier: StaffCarrier, ruben: str) -> None:
    assert (await refused(carrier, "123456789012", Say("hello")))[0] is Reason.BAD_ADDRESS


async def test_a_rep_who_blocked_the_bot_is_blocked(carrier: StaffCarrier, hands: Hands, ruben: str) -> None:
    await hands.do("ruben", "block", bot="staff")
    assert (await refused(carrier, ruben, Say("hello")))[0] is Reason.BLOCKED


async def test_a_wrong_token_is_a_problem_of_the_account(options: StaffOptions, ruben: str) -> None:
    carrier = StaffCarrier(replace(options, token="200:WRONG"))
    assert (await refused(carrier, ruben, Say("hello")))[0] is Reason.ACCOUNT_PROBLEM
    assert not (await carrier.health()).ok
    await carrier.close()


async def test_an_unknown_refusal_is_a_refusal(carrier: StaffCarrier, hands: Hands, ruben: str) -> None:
    await hands.fault("400", method="sendMessage", description="Bad Request: the moon is full")
    assert await refused(carrier, ruben, Say("hello")) == (Reason.REJECTED, "The moon is full")


async def test_telegram_names_the_wait(carrier: StaffCarrier, hands: Hands, ruben: str) -> None:
    await hands.fault("429", method="sendMessage", seconds=9)
    with pytest.raises(RetryLater) as caught:
        await carrier.send(ruben, Say("hello"), open_media)
    assert (caught.value.after, caught.value.account) == (9.0, False)


async def test_without_a_connection_the_account_waits(options: StaffOptions, ruben: str) -> None:
    carrier = StaffCarrier(replace(options, server="http://127.0.0.1:9"))
    with pytest.raises(RetryLater) as caught:
        await carrier.send(ruben, Say("hello"), open_media)
    assert (caught.value.after, caught.value.account) == (5.0, True)
    await carrier.close()


@pytest.mark.parametrize("kind", ["drop", "drop_after", "500", "garbage"])
async def test_nobody_knows_whether_it_left(carrier: StaffCarrier, hands: Hands, ruben: str, kind: str) -> None:
    await hands.fault(kind, method="sendMessage")
    with pytest.raises(Uncertain):
        await carrier.send(ruben, Say("hello"), open_media)
    assert len(await hands.log(bot="staff", method="sendMessage")) == 1


async def fetch(carrier: StaffCarrier, hands: Hands) -> bytes:
    updates = await carrier.request.call("getUpdates", {"offset": 0})
    file_id = updates[-1]["message"]["document"]["file_id"]  # type: ignore[index]
    return b"".join([chunk async for chunk in carrier.fetch_media(MediaRef(MediaKind.DOCUMENT, file_id))])


async def test_a_reps_file_is_fetched(carrier: StaffCarrier, hands: Hands, ruben: str) -> None:
    await hands.send_file("ruben", "document", "offer.pdf", b"%PDF" * 50_000, bot="staff")
    assert await fetch(carrier, hands) == b"%PDF" * 50_000


@pytest.mark.filterwarnings("ignore:Sending a large body")  # by the hands, not by us
async def test_a_file_above_20_megabytes_is_refused(carrier: StaffCarrier, hands: Hands, ruben: str) -> None:
    await hands.send_file("ruben", "document", "film.mkv", b"x" * (20 * 1024 * 1024 + 1), bot="staff")
    with pytest.raises(Undeliverable):
        await fetch(carrier, hands)


@pytest.mark.parametrize("kind", ["drop", "garbage", "429"])
async def test_fetching_may_be_tried_again(carrier: StaffCarrier, hands: Hands, ruben: str, kind: str) -> None:
    await hands.send_file("ruben", "document", "offer.pdf", b"%PDF", bot="staff")
    await hands.fault(kind, method="getFile")
    with pytest.raises(RetryLater):
        await fetch(carrier, hands)


async def test_a_press_is_answered_and_a_stale_one_harms_nobody(carrier: StaffCarrier, hands: Hands, ruben: str) -> None:
    await carrier.send(ruben, Say("card", buttons=TAKE), open_media)
    card = (await last(hands))["message_id"]
    await hands.do("ruben", "press", bot="staff", data="tk:0001", message_id=card, wait=0)
    updates = await carrier.request.call("getUpdates", {"offset": 0})
    await carrier.answer_press(updates[-1]["callback_query"]["id"], "x" * 300, alert=True)  # type: ignore[index]
    await carrier.answer_press("1234567890", "too late")
    given = (await hands.log(bot="staff", method="answerCallbackQuery"))[0]["parameters"]
    assert (given["text"], given["show_alert"]) == ("x" * 200, True)


async def test_a_menu_is_set_for_one_chat(carrier: StaffCarrier, hands: Hands, ruben: str) -> None:
    await carrier.set_commands(None, "", [("help", "Help")])
    await carrier.set_commands(int(ruben), "hy", [("mine", "Իմ զրույցները"), ("help", "Օգնություն")])
    menu = (await hands.chat("ruben", bot="staff"))["menu"]
    assert [item["command"] for item in menu] == ["mine", "help"]


async def test_a_wrong_menu_is_refused(carrier: StaffCarrier) -> None:
    with pytest.raises(Undeliverable):
        await carrier.set_commands(None, "", [("Not A Command", "x")])


async def test_health_names_the_bot(carrier: StaffCarrier) -> None:
    assert (await carrier.health()).facts == {"username": "staff_bot"}
