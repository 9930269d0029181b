"""Messenger and Instagram speak to the stand-in: words, choices, files, windows, every refusal, and files of people brought down."""

import socket
from collections.abc import AsyncIterator

import pytest

from channels.messenger.approved import of_page
from channels.messenger.send import QUICK
from crm.base.errors import DragomanError, NotFound
from crm.base.events import MediaKind, MediaRef, Message, Sender
from crm.base.outbound import (
    ApprovedTemplate,
    Button,
    Delete,
    Edit,
    Media,
    React,
    Reason,
    Receipt,
    RetryLater,
    Say,
    Typing,
    Uncertain,
    Undeliverable,
)
from sandbox.messenger.shapes import GraphError
from sandbox.messenger.site import DAY, Fault
from tests.channels.messenger.stand import MADE, World, channel, world
from tests.channels.pretended import Stored

PHOTO = Media(7, MediaKind.PHOTO, "լամպ.jpg", "image/jpeg", 3000)
BODY = bytes(range(256)) * 12


@pytest.fixture(params=MADE)
async def site(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """Each dialect in turn."""
    async with world(request.param) as made:
        made.hands.say("ani", "Hello")
        yield made


@pytest.fixture
async def page() -> AsyncIterator[World]:
    async with world("messenger") as made:
        made.hands.say("ani", "Hello")
        yield made


@pytest.fixture
async def account() -> AsyncIterator[World]:
    async with world("instagram") as made:
        made.hands.say("ani", "Hello")
        yield made


def ani(site: World) -> str:
    return site.site.person("ani").number


async def refusal(site: World, outbound: Say | ApprovedTemplate | React | Edit | Delete, address: str = "") -> Reason:
    with pytest.raises(Undeliverable) as refused:
        await site.send(address or ani(site), outbound)
    return refused.value.reason


async def test_words_arrive_as_written_and_the_receipt_names_them(site: World) -> None:
    receipt = await site.send(ani(site), Say("a < b & 25 €\x00"))
    (line,) = site.said("ani")
    assert (line["mid"], line["text"]) == (receipt.ids[0], "a < b & 25 €\ufffd")
    assert site.asked()[0]["messaging_type"] == "RESPONSE"


async def test_html_is_said_plainly(site: World) -> None:
    await site.send(ani(site), Say("<b>Lamp</b> &lt;3", html=True))
    assert site.said("ani")[0]["text"] == "Lamp <3"


async def test_an_answer_stands_under_its_question_and_without_it_when_that_is_gone(site: World) -> None:
    question = site.hands.say("ani", "How much?")
    await site.send(ani(site), Say("25", reply_to=question))
    await site.send(ani(site), Say("26", reply_to="m_long-gone-message"))
    await site.send(ani(site), Say("27", reply_to="17865799348089039"))
    assert [line.reply_to for line in site.site.thread(site.site.person("ani")) if line.by_page] == [question, "", ""]


async def test_choices_are_quick_replies_and_a_tap_is_a_press(site: World) -> None:
    await site.send(ani(site), Say("Which?", buttons=((Button("Blue", "b"), Button("A very long label indeed", "long")), (Button("Red", "r"),))))
    (line,) = site.said("ani")
    assert [one["title"] for one in line["content"]["quick_replies"]] == ["Blue", "A very long label in", "Red"]
    site.hands.choose("ani", "Red")
    pressed = [event for event in await site.settled() if getattr(event, "value", "") == "r"]
    assert len(pressed) == 1


async def test_links_and_choices_stand_on_a_card_and_its_buttons_come_back(site: World) -> None:
    await site.send(ani(site), Say("Our lamps", buttons=((Button("Shop", url="https://shop.example/"), Button("Want", "want:7")),)))
    site.hands.press("ani", "Want")
    pressed = [event for event in await site.settled() if getattr(event, "value", "") == "want:7"]
    assert len(pressed) == 1
    assert site.said("ani")[0]["content"]["attachment"]["payload"]["buttons"][0]["url"] == "https://shop.example/"


async def test_more_than_a_card_holds_becomes_words_and_quick_replies(site: World) -> None:
    many = tuple((Button(f"No {n}", f"n{n}"),) for n in range(20))
    await site.send(ani(site), Say("Choose", buttons=((Button("Shop", url="https://shop.example/"),), *many)))
    (line,) = site.said("ani")
    assert line["text"] == "Choose\nShop: https://shop.example/"
    assert len(line["content"]["quick_replies"]) == QUICK


async def test_the_number_is_asked_for_where_the_platform_can(page: World, account: World) -> None:
    ask = Say("Your number?", buttons=((Button("Share", ask="phone"), Button("Skip", "skip")),))
    await page.send(ani(page), ask)
    await account.send(ani(account), ask)
    page.hands.choose("ani", "+37499123456")
    assert any(getattr(event, "phone", "") == "+37499123456" for event in await page.settled())
    assert [one["content_type"] for one in account.said("ani")[0]["content"]["quick_replies"]] == ["text"]


async def test_a_file_goes_up_once_and_by_its_id_after_that(site: World) -> None:
    files, say = Stored({7: BODY}), Say("", media=PHOTO)
    await site.channel.send(ani(site), say, files)
    await site.channel.send(ani(site), say, files)
    assert (files.opened, len(site.asked("message_attachments")), len(site.said("ani"))) == (1, 1, 2)
    assert next(iter(site.site.uploads.values())) == ("image", BODY)


async def test_an_id_the_platform_has_forgotten_means_a_new_upload(site: World) -> None:
    files, say = Stored({7: BODY}), Say("", media=PHOTO, buttons=((Button("Want", "w"),),))
    await site.channel.send(ani(site), say, files)
    site.site.uploads.clear()
    await site.channel.send(ani(site), say, files)
    assert (files.opened, len(site.said("ani"))) == (2, 2)


@pytest.mark.parametrize(("kind", "sort"), [(MediaKind.VIDEO, "video"), (MediaKind.VOICE, "audio"), (MediaKind.AUDIO, "audio"), (MediaKind.DOCUMENT, "file")])
async def test_every_sort_of_file_goes_as_its_own(site: World, kind: MediaKind, sort: str) -> None:
    await site.send(ani(site), Say("", media=Media(8, kind, "a.pdf", "application/pdf", 5)), {8: b"bytes"})
    assert site.said("ani")[0]["content"]["attachment"]["type"] == sort


async def test_a_picture_too_large_is_a_file_in_messenger_and_refused_on_instagram(page: World, account: World) -> None:
    large = Say("", media=Media(9, MediaKind.PHOTO, "big.jpg", "image/jpeg", 9 * 1024 * 1024))
    await page.send(ani(page), large, {9: b"x"})
    assert page.said("ani")[0]["content"]["attachment"]["type"] == "file"
    assert await refusal(account, large) is Reason.BAD_CONTENT


async def test_instagram_takes_no_files_but_pdf(account: World) -> None:
    assert await refusal(account, Say("", media=Media(9, MediaKind.DOCUMENT, "a.doc", "application/msword", 5))) is Reason.UNSUPPORTED


async def test_a_file_too_large_or_not_to_be_read_is_bad_content_and_nothing_is_said(site: World) -> None:
    assert await refusal(site, Say("", media=Media(9, MediaKind.VIDEO, "a.mp4", "video/mp4", 26 * 1024 * 1024))) is Reason.BAD_CONTENT
    assert await refusal(site, Say("", media=Media(404, MediaKind.VIDEO, "a.mp4", "video/mp4", 5))) is Reason.BAD_CONTENT
    assert site.said("ani") == []


async def test_an_upload_without_an_answer_was_certainly_not_said(site: World) -> None:
    site.site.faults.append(Fault("drop_after", path="message_attachments"))
    with pytest.raises(RetryLater):
        await site.send(ani(site), Say("", media=PHOTO), {7: BODY})
    await site.send(ani(site), Say("", media=PHOTO), {7: BODY})
    assert len(site.said("ani")) == 1


@pytest.mark.parametrize(
    ("kind", "expected", "account"),
    [
        ("613", RetryLater, True),
        ("429", RetryLater, True),
        ("garbage", Uncertain, None),
        ("hang", Uncertain, None),
        ("drop", Uncertain, None),
        ("drop_after", Uncertain, None),
    ],
)
async def test_every_fault_has_its_outcome(kind: str, expected: type[Exception], account: bool | None) -> None:
    async with world("messenger", send_seconds=0.5 if kind == "hang" else 20.0) as site:
        site.hands.say("ani", "Hello")
        site.site.faults.append(Fault(kind, path="messages", seconds=30))
        with pytest.raises(expected) as caught:
            await site.send(ani(site), Say("Hello"))
        assert len(site.said("ani")) == (kind == "drop_after")
        if isinstance(caught.value, RetryLater):
            assert (caught.value.account, caught.value.answered) == (account, True)
            assert caught.value.after == (30.0 if kind == "429" else 60.0)


async def test_a_platform_that_cannot_be_reached_is_tried_later_by_the_whole_account() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        page = channel("messenger", api_base=f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(RetryLater) as caught:
            await page.send("123", Say("Hello"), Stored({}))
    await page.close()
    assert caught.value.account


@pytest.mark.parametrize(
    ("code", "subcode", "outcome"),
    [
        (10, 2018278, Reason.WINDOW_CLOSED),
        (10, 2534022, Reason.WINDOW_CLOSED),
        (10, 1893063, Reason.ACCOUNT_PROBLEM),
        (10, 0, Reason.ACCOUNT_PROBLEM),
        (551, 1545041, Reason.BLOCKED),
        (200, 1545041, Reason.BLOCKED),
        (100, 2018001, Reason.BAD_ADDRESS),
        (100, 0, Reason.BAD_CONTENT),
        (190, 463, Reason.ACCOUNT_PROBLEM),
        (200, 0, Reason.ACCOUNT_PROBLEM),
        (10900, 0, Reason.WINDOW_CLOSED),
        (777, 0, Reason.REJECTED),
        (4, 0, RetryLater),
        (613, 0, RetryLater),
        (80006, 0, RetryLater),
        (2, 0, RetryLater),
        (1200, 0, RetryLater),
        (1, 0, Uncertain),
        (1, 1357046, Uncertain),
    ],
)
async def test_every_number_of_an_error_has_its_outcome(page: World, code: int, subcode: int, outcome: Reason | type[Exception]) -> None:
    page.site.faults.append(Fault("error", error=GraphError(code, "told to", subcode)))
    with pytest.raises((Undeliverable, RetryLater, Uncertain)) as caught:
        await page.send(ani(page), Say("Hello"))
    found = caught.value.reason if isinstance(caught.value, Undeliverable) else type(caught.value)
    assert found is outcome or (isinstance(outcome, type) and isinstance(caught.value, outcome))


async def test_who_blocked_us_is_blocked_and_nobody_is_no_address(site: World) -> None:
    site.hands.block("ani")
    assert await refusal(site, Say("Hello")) is Reason.BLOCKED
    assert await refusal(site, Say("Hello"), "99999") is Reason.BAD_ADDRESS


async def test_a_token_that_is_not_known_is_a_problem_of_the_account() -> None:
    async with world("messenger", token="EAAWRONG") as site:
        site.hands.say("ani", "Hello")
        assert await refusal(site, Say("Hello")) is Reason.ACCOUNT_PROBLEM


async def test_after_a_day_only_a_person_answers_and_after_a_week_nobody(site: World) -> None:
    site.site.ahead = DAY + 60
    assert await refusal(site, Say("Automatic")) is Reason.WINDOW_CLOSED
    assert await refusal(site, Say("Automatic", late=True)) is Reason.WINDOW_CLOSED
    await site.send(ani(site), Say("It is Vardan", personal=True, late=True))
    assert [(line["text"], line["tag"]) for line in site.said("ani")] == [("It is Vardan", "HUMAN_AGENT")]
    site.site.ahead = 7 * DAY + 60
    assert await refusal(site, Say("Still there?", personal=True, late=True)) is Reason.WINDOW_CLOSED


async def test_what_a_person_writes_in_the_window_carries_no_tag(site: World) -> None:
    await site.send(ani(site), Say("It is Vardan", personal=True))
    assert site.said("ani")[0]["tag"] == ""


async def test_an_approved_template_goes_after_the_window_in_messenger_alone(page: World, account: World) -> None:
    page.site.templates["order_update"] = "Order {{1}} is {{2}}"
    page.site.ahead = account.site.ahead = 30 * DAY
    template = ApprovedTemplate("order_update", "en", "Order 7 is on its way", ("7", "on its way"))
    await page.send(ani(page), template)
    assert page.asked()[-1]["messaging_type"] == "UTILITY"
    assert await refusal(page, ApprovedTemplate("order_update", "en", "Order 7", ("7",))) is Reason.BAD_CONTENT
    assert await refusal(account, template) is Reason.UNSUPPORTED


async def test_reactions_are_given_and_taken_away(page: World, account: World) -> None:
    for site, emoji, kept in ((page, "😊", "😊"), (account, "❤️", "love")):
        mid = site.hands.say("ani", "Thanks!")
        assert await site.send(ani(site), React(mid, emoji)) == Receipt(())
        line = site.site.line(mid)
        assert line
        assert line.reactions["page"] == kept
        await site.send(ani(site), React(mid, ""))
        assert line.reactions["page"] == ""
    assert await refusal(account, React("aWdfZAG1", "😊")) is Reason.UNSUPPORTED


async def test_typing_is_shown_and_nothing_sent_can_be_changed(site: World) -> None:
    assert await site.send(ani(site), Typing()) == Receipt(())
    assert site.asked()[-1]["sender_action"] == "typing_on"
    assert await refusal(site, Edit("m_1", "new")) is Reason.UNSUPPORTED
    assert await refusal(site, Delete("m_1")) is Reason.UNSUPPORTED


@pytest.mark.parametrize("words", ["", "ա" * 2001])
async def test_what_the_platform_never_takes_is_bad_content(site: World, words: str) -> None:
    assert await refusal(site, Say(words)) is Reason.BAD_CONTENT


async def test_the_longest_text_of_each_is_taken(page: World, account: World) -> None:
    await page.send(ani(page), Say("ա" * 2000))
    await account.send(ani(account), Say("ա" * 500))
    assert await refusal(account, Say("ա" * 501)) is Reason.BAD_CONTENT


async def test_a_file_of_a_person_comes_down_whole_until_its_address_expires(site: World) -> None:
    site.hands.file("ani", "image", BODY * 50, "image/jpeg")
    message = next(event for event in await site.settled() if isinstance(event, Message) and event.media)
    (ref,) = message.media
    assert b"".join([chunk async for chunk in site.channel.fetch_media(ref)]) == BODY * 50
    site.site.ahead = 2 * 3600
    with pytest.raises(NotFound):
        _ = [chunk async for chunk in site.channel.fetch_media(ref)]


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x",
        "http://scontent.xx.fbcdn.net/x",
        "https://fbcdn.net.evil.example/x",
        "https://169.254.169.254/latest",
        "file:///etc/passwd",
        "nothing",
        "https://u:p@a.fbcdn.net/",
    ],
)
async def test_no_other_address_is_fetched(url: str) -> None:
    page = channel("messenger")
    with pytest.raises(DragomanError):
        _ = [chunk async for chunk in page.fetch_media(MediaRef(MediaKind.PHOTO, url))]
    await page.close()


async def test_a_file_larger_than_the_cap_is_not_fetched_to_its_end() -> None:
    async with world("messenger", download_mb=1) as site:
        site.hands.file("ani", "file", b"x" * (1024 * 1024 + 1), "application/pdf", "a.pdf")
        message = next(event for event in await site.settled() if isinstance(event, Message) and event.media)
        with pytest.raises(NotFound):
            _ = [chunk async for chunk in site.channel.fetch_media(message.media[0])]
        with pytest.raises(NotFound):
            _ = [chunk async for chunk in site.channel.fetch_media(MediaRef(MediaKind.PHOTO, "https://a.fbcdn.net/x", size=2**40))]


async def test_a_person_has_the_name_they_have_there(page: World, account: World) -> None:
    assert await page.channel.enrich(ani(page)) == Sender(ani(page), "Ani Quince")
    assert await account.channel.enrich(ani(account)) == Sender(ani(account), "Ani Quince", "ani")
    assert await page.channel.enrich("comment:1") == Sender("comment:1")


async def test_approved_templates_are_listed_page_by_page(page: World, account: World) -> None:
    page.site.templates |= {"order_update": "Order {{1}} is {{2}}", "thanks": "Thank you"}
    found = await page.channel.templates()
    assert [(one.name, one.body, one.status) for one in found] == [("order_update", "Order {{1}} is {{2}}", "approved"), ("thanks", "Thank you", "approved")]
    with pytest.raises(NotFound):
        await account.channel.templates()


def test_a_template_whose_button_wants_a_field_is_unfit_and_one_of_metas_is_read() -> None:
    body, button = {"type": "BODY", "text": "Hello"}, {"type": "POSTBACK", "text": "Track", "payload": "order_{{1}}"}
    wanting = {"name": "a", "language": "en", "status": "APPROVED", "components": [body, {"type": "BUTTONS", "buttons": [button]}]}
    assert of_page(wanting).status == "unfit"
    assert of_page({"name": "b", "language": "en", "category": "UTILITY", "body": "{{1}}, it is there"}).body == "{{1}}, it is there"
