"""What leaves for VK, and what its answers mean."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from channels.ask import Wait
from channels.vk import say as made
from channels.vk.verdicts import ERRORS
from crm.base.errors import NotFound
from crm.base.events import Arrival, MediaKind, MediaRef, Message, Sender, Status
from crm.base.outbound import GONE, Button, Delete, Edit, React, Reason, RetryLater, Say, Typing, Uncertain, Undeliverable, Window
from crm.outbox.fit import fit
from tests.channels.vk.stand import ANI, NOW, OPTIONS, Stand, stand

YES_NO = ((Button("Да", "offers:yes"), Button("Нет", "offers:no")),)


@pytest.fixture
async def here() -> AsyncIterator[Stand]:
    """Ani has written, so she can be answered."""
    async with stand() as made_here:
        made_here.heard()
        yield made_here


def lines(here: Stand) -> list[str]:
    """What the community said in Ani's dialog."""
    return [one.text for one in here.world.people[ANI].lines if one.ours and not one.gone]


async def test_words_arrive_and_are_known_by_their_number_in_the_dialog(here: Stand) -> None:
    receipt = await here.say(Say("Да, делаем &amp; <b>везём</b>", html=True))
    assert lines(here) == ["Да, делаем & везём"]
    assert receipt.ids == (f"{ANI}_2",)


async def test_an_answer_shows_what_it_answers(here: Stand) -> None:
    await here.say(Say("Эту?", reply_to=f"{ANI}_1"))
    assert json.loads(here.sent()[0]["forward"]) == {"peer_id": ANI, "conversation_message_ids": [1], "is_reply": 1}
    await here.say(Say("Ту?", reply_to="7_1"))
    assert "forward" not in here.sent()[1]


async def test_an_answer_to_what_is_gone_is_said_without_it(here: Stand) -> None:
    here.world.people[ANI].lines[0].gone = True
    await here.say(Say("Эту?", reply_to=f"{ANI}_1", ref="d:1:0"))
    assert lines(here) == ["Эту?"]


async def test_choices_are_buttons_that_come_back_as_what_they_stand_for(here: Stand) -> None:
    await here.say(Say("Присылать новости?", buttons=(*YES_NO, (Button("Сайт", url="https://shop.example/"), Button("Номер", ask="phone")))))
    keyboard = json.loads(here.sent()[0]["keyboard"])
    assert [[one["action"]["label"] for one in row] for row in keyboard["buttons"]] == [["Да", "Нет"], ["Сайт"]]
    here.human.press(ANI, "Да")
    assert (await here.events(3))[-1] == made_postback(here)


def made_postback(here: Stand) -> object:
    from crm.base.events import Postback

    return Postback(Sender(str(ANI)), f"{ANI}_{len(here.world.people[ANI].lines)}", "offers:yes", NOW, "Да")


@pytest.mark.parametrize(
    "buttons",
    [((Button("x" * 41, "v"),),), ((Button("x", "v" * 256),),), tuple((Button(f"{n}", f"{n}"),) for n in range(11))],
    ids=["a long label", "a long value", "eleven"],
)
async def test_choices_that_fit_no_keyboard_are_words(here: Stand, buttons: Any) -> None:
    await here.say(Say("Что?", buttons=buttons))
    assert "keyboard" not in here.sent()[0]
    assert f"• {buttons[0][0].label}" in lines(here)[0]


def test_ten_choices_under_one_another_are_laid_in_rows() -> None:
    rows = json.loads(made.keyboard(tuple((Button(f"{n}", f"{n}"),) for n in range(10)), OPTIONS))["buttons"]
    assert [len(row) for row in rows] == [5, 5]


async def test_where_a_community_has_no_bots_turned_on_choices_are_words(here: Stand) -> None:
    here.world.bots_on = False
    await here.say(Say("Присылать новости?", buttons=YES_NO, ref="d:1:0"))
    assert lines(here) == ["Присылать новости?\n\n• Да\n• Нет"]


async def test_the_same_part_sent_twice_arrives_once(here: Stand) -> None:
    first = await here.say(Say("Да", ref="d:7:0"))
    assert await here.say(Say("Да", ref="d:7:0")) == first
    assert await here.say(Say("Да", ref="d:7:1")) != first
    assert lines(here) == ["Да", "Да"]


async def test_an_answer_lost_after_it_was_taken_is_asked_for_again_under_the_same_key(here: Stand) -> None:
    here.world.faults.add("drop_after", "messages.send")
    receipt = await here.say(Say("Да", ref="d:7:0"))
    assert receipt.ids == (f"{ANI}_2",)
    assert lines(here) == ["Да"]


@pytest.mark.parametrize("kind", ["drop", "drop_after", "garbage"])
async def test_without_a_key_nobody_knows_what_became_of_it(here: Stand, kind: str) -> None:
    here.world.faults.add(kind, "messages.send")
    with pytest.raises(Uncertain):
        await here.say(Say("Да"))


async def test_who_never_answers_is_not_waited_for_without_end() -> None:
    async with stand(send_seconds=0.2) as here:
        here.heard()
        here.world.faults.add("hang", "messages.send", left=2)
        with pytest.raises(Uncertain):
            await here.say(Say("Да", ref="d:1:0"))


async def test_what_we_said_is_told_back_as_arrived_and_not_as_somebody_elses_words(here: Stand) -> None:
    await here.say(Say("Да", ref="d:7:0"))
    assert (await here.events(2))[-1] == Status(Arrival.SENT, NOW, (f"{ANI}_2",), "d:7:0")


async def test_what_a_person_of_the_firm_wrote_on_the_page_is_an_answer_made_elsewhere(here: Stand) -> None:
    here.human.answered_by_hand(ANI, "Да, сделаем")
    echo = (await here.events(2))[-1]
    assert isinstance(echo, Message)
    assert (echo.echo, echo.text) == (True, "Да, сделаем")


async def test_seen_is_told_with_the_message_and_with_all_before_it(here: Stand) -> None:
    await here.say(Say("Да", ref="d:7:0"))
    here.human.read(ANI)
    told = (await here.events(3))[-2:]
    assert told == [Status(Arrival.READ, NOW, (f"{ANI}_2",)), Status(Arrival.READ, NOW, address=str(ANI), until=NOW)]


# Files.


@pytest.mark.parametrize(
    ("kind", "mime", "begins", "up"),
    [
        (MediaKind.PHOTO, "image/png", "photo-", "photo"),
        (MediaKind.PHOTO, "image/webp", "doc-", "doc"),
        (MediaKind.DOCUMENT, "application/pdf", "doc-", "doc"),
        (MediaKind.VIDEO, "video/mp4", "doc-", "doc"),
        (MediaKind.VOICE, "audio/ogg", "doc-", "audio_message"),
        (MediaKind.STICKER, "image/webp", "doc-", "doc"),
    ],
)
async def test_a_file_goes_up_and_is_said_by_its_name(here: Stand, kind: MediaKind, mime: str, begins: str, up: str) -> None:
    await here.say(Say("Вот", here.files.add(kind, mime, "чертёж.pdf")))
    (said,) = here.sent()
    assert said["attachment"].startswith(begins)
    assert here.world.names[said["attachment"].rpartition("_k")[0] or said["attachment"]].startswith(f"{up}|")
    assert list(here.world.files.values()) == [b"some bytes"]


async def test_a_file_goes_up_once(here: Stand) -> None:
    file = here.files.add(MediaKind.PHOTO, "image/png")
    for text in ("раз", "два"):
        await here.say(Say(text, file))
    assert here.files.opened == [1]
    assert here.sent()[0]["attachment"] == here.sent()[1]["attachment"]


async def test_a_file_vk_does_not_know_any_more_goes_up_anew(here: Stand) -> None:
    file = here.files.add(MediaKind.PHOTO, "image/png")
    await here.say(Say("раз", file))
    here.world.faults.add("error", "messages.send", code=100)
    await here.say(Say("два", file))
    assert here.files.opened == [1, 1]
    assert lines(here) == ["раз", "два"]


async def test_a_file_that_is_too_large_or_cannot_be_read_is_no_failure_of_vk() -> None:
    async with stand(upload_mb=1) as here:
        here.heard()
        here.files.breaks = True
        for size in (2_000_000, 10):
            with pytest.raises(Undeliverable) as refused:
                await here.say(Say("", here.files.add(MediaKind.DOCUMENT, "application/pdf", size=size)))
            assert refused.value.reason is Reason.BAD_CONTENT
        assert here.sent() == []


@pytest.mark.parametrize("kind", ["drop", "garbage", "drop_after"])
async def test_a_file_that_did_not_get_up_may_go_another_time(here: Stand, kind: str) -> None:
    here.world.faults.add(kind, "photos.getMessagesUploadServer" if kind == "drop_after" else "/upload/photo")
    with pytest.raises(RetryLater):
        await here.say(Say("", here.files.add(MediaKind.PHOTO, "image/png")))
    assert here.sent() == []


async def test_a_picture_of_a_customer_can_be_fetched(here: Stand) -> None:
    here.human.photo(ANI, here.vk_url, body=b"\xff\xd8\xff shelf")
    photo = (await here.events(2))[-1]
    assert isinstance(photo, Message)
    assert b"".join([chunk async for chunk in here.vk.fetch_media(photo.media[0])]) == b"\xff\xd8\xff shelf"
    with pytest.raises(NotFound):
        [chunk async for chunk in here.vk.fetch_media(MediaRef(MediaKind.PHOTO, f"{here.vk_url}/vk/files/404"))]


# Changes.


async def test_our_words_can_be_changed_and_taken_back(here: Stand) -> None:
    (id_,) = (await here.say(Say("Завтра"))).ids
    await here.say(Edit(id_, "Послезавтра", YES_NO))
    assert lines(here) == ["Послезавтра"]
    await here.say(Delete(id_))
    assert lines(here) == []


async def test_a_changed_message_keeps_its_file(here: Stand) -> None:
    (id_,) = (await here.say(Say("Вот", here.files.add(MediaKind.PHOTO, "image/png")))).ids
    await here.say(Edit(id_, "Вот так", media=True))
    assert here.sent("messages.edit")[0]["attachment"] == here.sent()[0]["attachment"]
    with pytest.raises(Undeliverable) as refused:
        await here.say(Edit(f"{ANI}_1", "Вот так", media=True))
    assert refused.value.reason is Reason.UNSUPPORTED


async def test_a_message_that_is_gone_is_said_to_be_gone(here: Stand) -> None:
    with pytest.raises(Undeliverable) as refused:
        await here.say(Edit(f"{ANI}_77", "Послезавтра"))
    assert refused.value.detail == GONE


@pytest.mark.parametrize("change", [Edit("7_1", "x"), Delete("7_1"), React("nothing", "👍")])
async def test_a_message_of_another_dialog_is_not_touched(here: Stand, change: Edit | Delete | React) -> None:
    with pytest.raises(Undeliverable) as refused:
        await here.say(change)
    assert refused.value.reason is Reason.BAD_CONTENT


async def test_what_is_too_old_is_left_as_it_is(here: Stand) -> None:
    (id_,) = (await here.say(Say("Завтра"))).ids
    here.world.clock = lambda: NOW / 1000 + 90_000
    for change in (Edit(id_, "x"), Delete(id_)):
        with pytest.raises(Undeliverable) as refused:
            await here.say(change)
        assert refused.value.reason is Reason.UNSUPPORTED


async def test_reactions_are_put_and_taken_away(here: Stand) -> None:
    line = here.world.people[ANI].lines[0]
    await here.say(React(f"{ANI}_1", "❤"))
    assert line.reaction == 1
    await here.say(React(f"{ANI}_1", ""))
    assert line.reaction == 0
    with pytest.raises(Undeliverable) as refused:
        await here.say(React(f"{ANI}_1", "🪑"))
    assert refused.value.reason is Reason.UNSUPPORTED


async def test_typing_is_shown_and_nothing_depends_on_it(here: Stand) -> None:
    assert (await here.say(Typing())).ids == ()
    assert here.sent("messages.setActivity")[0]["type"] == "typing"
    here.world.faults.add("garbage", "messages.setActivity")
    assert (await here.say(Typing())).ids == ()


# Refusals.


@pytest.mark.parametrize("code", sorted(ERRORS))
@pytest.mark.parametrize("inside", [False, True], ids=["of the call", "of the person"])
async def test_each_error_of_vk_means_one_thing(code: int, inside: bool) -> None:
    from channels.vk.send import _receipt
    from channels.vk.verdicts import verdict

    expected = ERRORS[code]
    with pytest.raises((RetryLater, Undeliverable)) as found:
        if inside:
            _receipt([{"peer_id": ANI, "message_id": 0, "error": {"code": code, "description": "no"}}], str(ANI))
        raise verdict({"error_code": code, "error_msg": "no"})
    if isinstance(expected, Wait):
        assert isinstance(found.value, RetryLater)
        assert (found.value.after, found.value.account, found.value.answered) == (expected.seconds, expected.account, True)
    else:
        assert isinstance(found.value, Undeliverable)
        assert (found.value.reason, found.value.detail) == (expected, f"{code}: no")


@pytest.mark.parametrize(
    ("code", "reason"),
    [(901, Reason.OPTED_OUT), (900, Reason.BLOCKED), (902, Reason.BLOCKED), (950, Reason.WINDOW_CLOSED), (5, Reason.ACCOUNT_PROBLEM), (4242, Reason.REJECTED)],
)
async def test_a_refusal_is_for_good(here: Stand, code: int, reason: Reason) -> None:
    here.world.faults.add("error", "messages.send", code=code)
    with pytest.raises(Undeliverable) as refused:
        await here.say(Say("Да"))
    assert refused.value.reason is reason
    assert (await here.vk.health()).ok is (reason is not Reason.ACCOUNT_PROBLEM)


@pytest.mark.parametrize("more", [{"error_subcode": 1133}, {"error_msg": "Access denied: no access to call this method"}])
def test_a_key_without_the_right_is_not_taken_for_a_person_who_blocks_us(more: dict[str, Any]) -> None:
    from channels.vk.verdicts import verdict

    found = verdict({"error_code": 15, "error_msg": "Access denied", **more})
    assert isinstance(found, Undeliverable)
    assert found.reason is Reason.ACCOUNT_PROBLEM


async def test_who_never_wrote_and_who_forbade_it_are_not_written_to(here: Stand) -> None:
    here.human.deny(ANI)
    for person in (ANI, 616161):
        with pytest.raises(Undeliverable) as refused:
            await here.say(Say("Да"), person)
        assert refused.value.reason is Reason.OPTED_OUT
    here.human.allow(ANI)
    assert (await here.say(Say("Да"))).ids


async def test_too_fast_waits_as_long_as_vk_says(here: Stand) -> None:
    here.world.faults.add("status", "messages.send", code=429, after=7)
    with pytest.raises(RetryLater) as wait:
        await here.say(Say("Да"))
    assert (wait.value.after, wait.value.account) == (7.0, True)
    assert lines(here) == []


@pytest.mark.parametrize("address", ["0", "-5", "2000000001", "id1", "", "1" * 11, "１２"])
async def test_what_is_no_person_is_no_address(here: Stand, address: str) -> None:
    with pytest.raises(Undeliverable) as refused:
        await here.vk.send(address, Say("Да"), here.files.open)
    assert refused.value.reason is Reason.BAD_ADDRESS
    assert here.sent() == []


async def test_the_longest_text_goes_as_it_was_split(here: Stand) -> None:
    for part in fit(Say("Слово и ещё слово. " * 500), here.vk.limits(Window(), NOW)):
        await here.say(part)
    assert " ".join(lines(here)).split() == ("Слово и ещё слово. " * 500).split()


async def test_who_writes_is_asked_for_by_number(here: Stand) -> None:
    assert await here.vk.enrich(str(ANI)) == Sender(str(ANI), "Ани Петросян", f"id{ANI}")
    assert await here.vk.enrich("404") == Sender("404")
    assert await here.vk.enrich("nobody") == Sender("nobody")


def test_every_part_has_a_key_of_its_own_which_fits_32_bits() -> None:
    keys = [int(made.random_id(f"d:{number}:{part}")) for number in range(2000) for part in range(3)]
    assert len(set(keys)) == len(keys)
    assert all(0 < key < 2**31 for key in keys)
    assert made.random_id("") == "0"
