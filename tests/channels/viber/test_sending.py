"""What is said arrives as Viber takes it, and what became of it is known."""

import json
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from channels.viber.say import called
from crm.base.errors import DragomanError, Misconfigured, NotFound
from crm.base.events import Arrival, ContactShared, MediaKind, MediaRef, Postback, Status
from crm.base.outbound import Button, Delete, Edit, May, Media, Reason, RetryLater, Say, Typing, Uncertain, Undeliverable, Unit, Window
from crm.outbox.fit import fit
from tests.channels.viber.stand import ANI, HOUR, Stand, bot, stand
from tests.conftest import NOON

ASK = ((Button("Prices", "prices"), Button("Site", url="https://shop.example")), (Button("Share my number", ask="phone"),))
LONGEST = 7000


def last(place: Stand) -> dict[str, Any]:
    """The message Viber was asked to send last."""
    return next(body for method, body in reversed(place.world.asked) if method == "send_message")


async def met(place: Stand) -> None:
    """Somebody writes, and may be written to."""
    await place.hands.say(place.ani, "hello")
    await place.inbox.until(1)


async def test_words_arrive_under_the_firms_name() -> None:
    async with stand() as place:
        await met(place)
        sent = await place.send(Say("<b>Oak</b> &amp; pine", html=True, ref="d7"))
        await place.api.quiet()
        (note,) = [note for note in place.ani.notes if note.ours]
        assert (sent.ids, note.body["text"], note.body["sender"]) == ((str(note.token),), "Oak & pine", {"name": "Marani"})
        assert [(one.arrival, one.ids) for one in await place.settled() if isinstance(one, Status)] == [(Arrival.DELIVERED, sent.ids)]


@pytest.mark.parametrize("letter", ["ა", "ሀ", "Ж", "a"])
async def test_the_longest_words_fit_in_the_kilobytes_viber_reads(letter: str) -> None:
    async with stand() as place:
        await met(place)
        assert (await place.send(Say(letter * LONGEST, buttons=ASK))).ids


async def test_more_kilobytes_than_viber_reads_are_refused_before_the_network() -> None:
    with pytest.raises(Undeliverable) as refused:
        await bot().send(ANI, Say("😀" * LONGEST, buttons=ASK * 12), None)  # type: ignore[arg-type]
    assert refused.value.reason is Reason.BAD_CONTENT


async def test_a_pressed_button_comes_back_as_a_press_and_a_shared_number_as_their_own() -> None:
    async with stand() as place:
        await met(place)
        await place.send(Say("How can we help?", buttons=ASK))
        await place.api.quiet()
        await place.hands.say(place.ani, "Prices")
        await place.inbox.until(3)
        await place.send(Say("And your number?", buttons=ASK))
        await place.api.quiet()
        await place.hands.share(place.ani)
        events = await place.settled()
        assert [(event.value, event.label) for event in events if isinstance(event, Postback)] == [("prices", "Prices")]
        assert [(event.phone, event.own) for event in events if isinstance(event, ContactShared)] == [("+37491000004", True)]


async def test_a_phone_too_old_to_share_its_number_gets_the_words_without_that_button() -> None:
    async with stand() as place:
        await met(place)
        place.ani.version = 2
        assert (await place.send(Say("Your number?", buttons=ASK))).ids
        assert [one["Text"] for one in last(place)["keyboard"]["Buttons"]] == ["Prices", "Site"]
        assert last(place)["min_api_version"] == 1


async def test_a_file_for_such_a_phone_stays_a_file() -> None:
    async with stand() as place:
        await met(place)
        place.ani.version, place.files.files[1] = 2, b"x" * 3000
        await place.send(Say("", media=FILES[4][0], buttons=ASK))
        assert (last(place)["type"], last(place)["min_api_version"]) == ("file", 1)


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (12, 12), (13, 7), (24, 12), (80, 12)])
async def test_a_keyboard_has_at_most_twelve_rows(count: int, rows: int) -> None:
    async with stand() as place:
        await met(place)
        await place.send(Say("Choose", buttons=tuple((Button(f"Choice <{n}>", f"v{n}"),) for n in range(count))))
        buttons = last(place)["keyboard"]["Buttons"]
        assert sum(one["Columns"] for one in buttons) / 6 > rows - 1
        assert len(buttons) == min(count, 72)
        assert buttons[0]["Text"] == "Choice &lt;0&gt;"


@pytest.mark.parametrize(("side", "columns"), [(1, [6]), (2, [3, 3]), (4, [2, 2, 1, 1]), (6, [1] * 6), (9, [1] * 6)])
async def test_a_row_is_filled(side: int, columns: list[int]) -> None:
    async with stand() as place:
        await met(place)
        await place.send(Say("Choose", buttons=(tuple(Button(f"c{n}", f"v{n}") for n in range(side)),)))
        assert [one["Columns"] for one in last(place)["keyboard"]["Buttons"]] == columns


# Files.


FILES = [
    (Media(1, MediaKind.PHOTO, "oak.jpg", "image/jpeg", 3000), "picture"),
    (Media(1, MediaKind.PHOTO, "oak.webp", "image/webp", 3000), "file"),
    (Media(1, MediaKind.VIDEO, "", "video/mp4", 3000), "video"),
    (Media(1, MediaKind.VOICE, "word.ogg", "audio/ogg", 3000), "file"),
    (Media(1, MediaKind.DOCUMENT, "прайс лист.pdf", "application/pdf", 3000), "file"),
    (Media(1, MediaKind.DOCUMENT, "no ending", "application/pdf", 3000), "file"),
    (Media(1, MediaKind.STICKER, "", "image/webp", 3000), "file"),
]


@pytest.mark.parametrize(("media", "sort"), FILES)
async def test_a_file_is_fetched_from_us_and_arrives_whole(media: Media, sort: str) -> None:
    async with stand() as place:
        await met(place)
        place.files.files[1] = b"x" * 3000
        await place.send(Say("", media=media))
        await place.api.quiet()
        (note,) = [note for note in place.ani.notes if note.ours]
        assert (note.state, note.body["type"], len(note.file)) == ("delivered", sort, 3000)


async def test_a_file_that_cannot_be_fetched_is_told_to_have_failed() -> None:
    async with stand() as place:
        await met(place)
        await place.send(Say("", media=FILES[0][0]))
        (status,) = [event for event in await place.settled() if isinstance(event, Status)]
        assert (status.arrival, status.detail) == (Arrival.FAILED, "the media could not be fetched")


async def test_a_files_address_is_good_for_its_days_and_for_nobody_who_guesses() -> None:
    async with stand() as place:
        await met(place)
        place.files.files = {1: b"x" * 3000, 2: b"secret"}
        await place.send(Say("", media=FILES[0][0]))
        url = last(place)["media"]
        guesses = [url.replace("/file/1.", "/file/2."), url.replace("3000", "6"), f"{url}x", url.rpartition("/")[0] + "/other.jpg"]
        async with aiohttp.ClientSession() as http:
            assert [(await http.get(guess)).status for guess in guesses] == [404] * 4
            async with http.head(url) as head:
                assert (head.status, head.headers["Content-Length"], head.headers["Content-Type"]) == (200, "3000", "image/jpeg")
            async with http.get(url) as found:
                assert (found.status, found.headers["Content-Disposition"], len(await found.read())) == (200, "attachment", 3000)
            place.clock.now += 8 * 24 * HOUR
            assert (await http.get(url)).status == 404


async def test_without_a_public_address_no_files_are_offered() -> None:
    assert bot().limits(Window(NOON), NOON).media == frozenset()
    with pytest.raises(Undeliverable) as refused:
        await bot().send(ANI, Say("", media=FILES[0][0]), None)  # type: ignore[arg-type]
    assert refused.value.reason is Reason.UNSUPPORTED


async def test_a_file_that_is_too_big_is_refused_before_the_network() -> None:
    async with stand() as place:
        with pytest.raises(Undeliverable) as refused:
            await place.send(Say("", media=Media(1, MediaKind.DOCUMENT, "a.pdf", "application/pdf", 51 * 1024**2)))
        assert refused.value.reason is Reason.BAD_CONTENT


@pytest.mark.parametrize(
    ("name", "mime", "shown"), [("plan", "application/pdf", "plan.pdf"), ("", "", "document.bin"), (".rc", "", "rc.bin"), ("../../x.pdf", "", "x.pdf")]
)
def test_a_file_always_has_an_ending(name: str, mime: str, shown: str) -> None:
    assert called(Media(1, MediaKind.DOCUMENT, name, mime, 1)) == shown


async def test_a_customers_file_is_fetched_from_vibers_hosts_alone() -> None:
    async with stand() as place:
        place.files.files[1] = b"x" * 3000
        await met(place)
        await place.send(Say("", media=FILES[0][0]))
        ours = last(place)["media"]
        for ref in (ours, "https://evil.example/x.jpg", "https://dl-media.viber.com.evil.example/x", "http://dl-media.viber.com/x"):
            with pytest.raises(DragomanError):
                [chunk async for chunk in place.viber.fetch_media(MediaRef(MediaKind.PHOTO, ref))]
        with pytest.raises(NotFound):
            [chunk async for chunk in place.viber.fetch_media(MediaRef(MediaKind.PHOTO, "https://dl-media.viber.com/x", size=51 * 1024**2))]


# What becomes of it.


@pytest.mark.parametrize(("kind", "outcome"), [("drop", Uncertain), ("drop_after", Uncertain), ("garbage", Uncertain), ("500", Uncertain), ("429", RetryLater)])
async def test_an_answer_that_does_not_come_or_cannot_be_read_says_nothing(kind: str, outcome: type[Exception]) -> None:
    async with stand() as place:
        await met(place)
        place.world.faults.add(kind)
        with pytest.raises(outcome):
            await place.send(Say("hi"))


async def test_a_hang_ends_and_nobody_knows() -> None:
    async with stand(send_seconds=0.2) as place:
        await met(place)
        place.world.faults.add("hang")
        with pytest.raises(Uncertain):
            await place.send(Say("hi"))


async def test_an_answer_that_was_lost_is_proven_by_what_they_write_next() -> None:
    async with stand() as place:
        await met(place)
        place.world.faults.add("drop_after")
        with pytest.raises(Uncertain):
            await place.send(Say("Which wood?", ref="d9"))
        await place.api.quiet()
        await place.hands.say(place.ani, "oak")
        assert "d9" in [event.ref for event in await place.settled() if isinstance(event, Status)]


async def test_somebody_who_left_or_never_came_is_not_written_to() -> None:
    async with stand() as place:
        await met(place)
        place.hands.leave(place.ani)
        for address, reason in ((ANI, Reason.BLOCKED), ("nobody=", Reason.BAD_ADDRESS), ("not an id", Reason.BAD_ADDRESS)):
            with pytest.raises(Undeliverable) as refused:
                await place.send(Say("hi"), address)
            assert refused.value.reason is reason


async def test_nothing_that_was_sent_is_changed_and_typing_costs_no_call() -> None:
    async with stand() as place:
        asked = len(place.world.asked)
        for change in (Edit("1", "x"), Delete("1")):
            with pytest.raises(Undeliverable) as refused:
                await place.send(change)
            assert refused.value.reason is Reason.UNSUPPORTED
        assert (await place.send(Typing())).ids == ()
        assert len(place.world.asked) == asked


# What it costs.


def test_a_message_is_free_for_a_day_after_they_wrote_and_a_longer_session_holds_it() -> None:
    viber = bot()
    free = [viber.limits(Window(NOON - hours * HOUR), NOON).free for hours in (0, 23, 24, 25)]
    assert free == [True, True, False, False]
    assert viber.limits(Window(NOON - 25 * HOUR, NOON + 1), NOON).free
    assert not viber.limits(Window(), NOON).free
    assert viber.limits(Window(), NOON).may is May.ANYTHING


@pytest.mark.parametrize("outside", ["anything", "personal", "nothing"])
def test_the_firm_decides_what_may_be_billed(outside: str) -> None:
    viber = bot(outside=outside)
    assert viber.limits(Window(NOON - 25 * HOUR), NOON).may == outside
    assert viber.limits(Window(NOON), NOON).may is May.ANYTHING


async def test_what_was_billed_is_counted_and_without_money_it_waits_until_they_write() -> None:
    async with stand() as place:
        await met(place)
        place.world.free_left = 1
        place.clock.now += 25 * HOUR
        for _ in range(3):
            await place.send(Say("Still looking?"))
        assert (await place.viber.health()).facts["billed"] == "2"
        place.world.balance = False
        with pytest.raises(Undeliverable) as refused:
            await place.send(Say("Still looking?"))
        assert refused.value.reason is Reason.WINDOW_CLOSED
        assert not (await place.viber.health()).ok
        await place.hands.say(place.ani, "yes")
        assert (await place.send(Say("Good!"))).ids
        assert (await place.viber.health()).ok


async def test_a_picture_and_its_words_are_one_message_and_one_bill() -> None:
    async with stand() as place:
        await met(place)
        said = Say("Oak &amp; <b>walnut</b>", media=FILES[0][0], buttons=ASK, html=True)
        [part] = fit(said, place.viber.limits(Window(), NOON))
        await place.send(part)
        assert (last(place)["type"], last(place)["text"], "keyboard" in last(place)) == ("picture", "Oak & walnut", True)


@pytest.mark.parametrize("media", [one for one, sort in FILES if sort != "picture"])
def test_words_beside_any_other_file_or_too_many_of_them_are_a_message_of_their_own(media: Media) -> None:
    limits = replace(bot().limits(Window(), NOON), media=frozenset(MediaKind))
    for said in (Say("Look", media=media), Say("x" * 513, media=FILES[0][0])):
        assert [(bool(part.media), bool(part.text)) for part in fit(said, limits)] == [(True, False), (False, True)]


async def test_more_words_than_a_picture_carries_are_refused_before_the_network() -> None:
    async with stand() as place:
        with pytest.raises(Undeliverable) as refused:
            await place.send(Say("x" * 513, media=FILES[0][0]))
        assert refused.value.reason is Reason.BAD_CONTENT


def test_lengths_are_counted_in_characters() -> None:
    limits = bot().limits(Window(), NOON)
    assert (limits.unit, limits.text, limits.needs_inbound, limits.caption) == (Unit.CHARACTERS, 7000, True, 0)


@pytest.mark.parametrize(
    "wrong",
    [{"tokens": ()}, {"tokens": ("",)}, {"name": "x" * 29}, {"avatar": "http://a.example"}, {"outside": "template"}, {"api_base": "http://viber.example"}],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Misconfigured):
        bot(**wrong)


def test_no_token_is_shown_with_the_settings() -> None:
    assert "dazcczb2542zv51a" not in json.dumps(repr(bot().options))
