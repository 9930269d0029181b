"""What leaves for MAX, and what its answers mean."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from channels.ask import Answer
from channels.max.verdicts import judge
from crm.base.errors import NotFound
from crm.base.events import ContactShared, MediaKind, MediaRef, Message, Postback
from crm.base.outbound import GONE, Button, Delete, Edit, React, Reason, RetryLater, Say, Typing, Uncertain, Undeliverable, Window
from crm.outbox.fit import fit
from tests.channels.max.stand import ANI, NOW, Stand, channel, stand

YES_NO = ((Button("Да", "offers:yes"), Button("Нет", "offers:no")),)


@pytest.fixture
async def here() -> AsyncIterator[Stand]:
    """Ani has started the bot."""
    async with stand() as made:
        made.human.start(ANI)
        await made.inbox.until(1)
        yield made


def lines(here: Stand) -> list[str]:
    """What the bot said in Ani's dialog."""
    return [one.body["text"] for one in here.world.people[ANI].lines if one.ours and not one.gone]


async def test_words_arrive_and_are_known_by_maxs_id(here: Stand) -> None:
    (id_,) = (await here.say(Say("Да, делаем"))).ids
    assert lines(here) == ["Да, делаем"]
    assert here.world.line(id_)


async def test_marks_go_as_marks_and_plainly_where_max_cannot_read_them(here: Stand) -> None:
    await here.say(Say("<b>Да</b> &lt;3 <tg-spoiler>тайна</tg-spoiler>", html=True))
    assert here.bodies()[0]["format"] == "html"
    assert lines(here) == ["<b>Да</b> &lt;3 тайна"]
    here.world.faults.add("error", "/messages", code=400, word="proto.payload")
    await here.say(Say("<b>Да</b> &lt;3", html=True))
    assert lines(here)[1:] == ["Да <3"]
    await here.say(Say("Да &amp; нет", html=True))
    assert here.bodies()[-1] == {"text": "Да & нет", "attachments": []}


async def test_an_answer_shows_what_it_answers(here: Stand) -> None:
    mid = here.human.say(ANI, "Какую?")
    await here.say(Say("Эту", reply_to=mid))
    assert here.bodies()[0]["link"] == {"type": "reply", "mid": mid}


async def test_an_answer_to_what_is_gone_is_said_without_it(here: Stand) -> None:
    await here.say(Say("Эту", reply_to="mid.gone"))
    assert lines(here) == ["Эту"]
    here.world.faults.add("error", "/messages", code=404, word="dialog.not.found")
    with pytest.raises(Undeliverable) as refused:
        await here.say(Say("Эту", reply_to="mid.gone"))
    assert refused.value.reason is Reason.BAD_ADDRESS


async def test_choices_are_buttons_that_come_back_as_what_they_stand_for(here: Stand) -> None:
    (id_,) = (await here.say(Say("Присылать новости?", buttons=(*YES_NO, (Button("Сайт", url="https://shop.example/"),))))).ids
    press = here.human.press(ANI, "Да")
    found = (await here.events(2))[-1]
    assert isinstance(found, Postback)
    assert (found.external_id, found.value, found.label, found.message) == (press, "offers:yes", "Да", id_)


async def test_a_press_is_told_that_it_was_heard(here: Stand) -> None:
    await here.say(Say("Присылать новости?", buttons=YES_NO))
    press = here.human.press(ANI, "Нет")
    await here.inbox.until(2)
    await here.max._presses.settled()
    assert here.world.answered == [press]


async def test_a_button_asks_for_the_number_and_what_comes_is_proven(here: Stand) -> None:
    await here.say(Say("Ваш номер?", buttons=((Button("Отправить номер", ask="phone"),),)))
    assert here.bodies()[0]["attachments"][0]["payload"]["buttons"] == [[{"type": "request_contact", "text": "Отправить номер"}]]
    here.human.share_contact(ANI)
    found = (await here.events(2))[-1]
    assert isinstance(found, ContactShared)
    assert (found.phone, found.own) == ("+79161234567", True)


@pytest.mark.parametrize(
    "buttons",
    [((Button("x" * 65, "v"),),), ((Button("x", "v" * 257),),), tuple((Button(f"{n}", f"{n}"),) for n in range(31))],
    ids=["a long label", "a long value", "thirty-one rows"],
)
async def test_choices_that_fit_no_keyboard_are_words(here: Stand, buttons: Any) -> None:
    await here.say(Say("Что?", buttons=buttons))
    assert here.bodies()[0]["attachments"] == []
    assert f"• {buttons[0][0].label}" in lines(here)[0]


async def test_links_stand_three_in_a_row(here: Stand) -> None:
    await here.say(Say("Где?", buttons=(tuple(Button(f"{n}", url=f"https://shop.example/{n}") for n in range(4)),)))
    assert [len(row) for row in here.bodies()[0]["attachments"][0]["payload"]["buttons"]] == [3, 1]


# Files.


@pytest.mark.parametrize(
    ("kind", "mime", "type_"),
    [
        (MediaKind.PHOTO, "image/png", "image"),
        (MediaKind.PHOTO, "image/webp", "file"),
        (MediaKind.DOCUMENT, "application/pdf", "file"),
        (MediaKind.VIDEO, "video/mp4", "video"),
        (MediaKind.VOICE, "audio/ogg", "audio"),
        (MediaKind.AUDIO, "audio/mpeg", "audio"),
        (MediaKind.STICKER, "image/webp", "file"),
    ],
)
async def test_a_file_goes_up_once_and_is_said_by_its_token(here: Stand, kind: MediaKind, mime: str, type_: str) -> None:
    file = here.files.add(kind, mime, "чертёж.pdf")
    for text in ("раз", "два"):
        await here.say(Say(text, file))
    assert [body["attachments"][0]["type"] for body in here.bodies()] == [type_, type_]
    assert here.files.opened == [1]
    assert list(here.world.files.values()) == [b"some bytes"]


async def test_a_file_that_is_not_worked_through_yet_waits_and_does_not_go_up_again(here: Stand) -> None:
    here.world.unready = 1
    file = here.files.add(MediaKind.VIDEO, "video/mp4")
    with pytest.raises(RetryLater) as wait:
        await here.say(Say("Вот", file))
    assert (wait.value.account, wait.value.answered) == (False, True)
    await here.say(Say("Вот", file))
    assert here.files.opened == [1]
    assert lines(here) == ["Вот"]


async def test_a_file_max_does_not_know_any_more_goes_up_anew(here: Stand) -> None:
    file = here.files.add(MediaKind.PHOTO, "image/png")
    await here.say(Say("раз", file))
    here.world.tokens.clear()
    await here.say(Say("два", file))
    assert here.files.opened == [1, 1]
    assert lines(here) == ["раз", "два"]


async def test_a_file_that_is_too_large_or_cannot_be_read_is_no_failure_of_max() -> None:
    async with stand(upload_mb=1) as here:
        here.human.start(ANI)
        here.files.breaks = True
        for size in (2_000_000, 10):
            with pytest.raises(Undeliverable) as refused:
                await here.say(Say("", here.files.add(MediaKind.DOCUMENT, "application/pdf", size=size)))
            assert refused.value.reason is Reason.BAD_CONTENT
        assert here.bodies() == []


@pytest.mark.parametrize(("kind", "path"), [("drop", "/up/image"), ("garbage", "/up/image"), ("drop_after", "/uploads"), ("garbage", "/uploads")])
async def test_a_file_that_did_not_get_up_may_go_another_time(here: Stand, kind: str, path: str) -> None:
    here.world.faults.add(kind, path)
    with pytest.raises(RetryLater):
        await here.say(Say("", here.files.add(MediaKind.PHOTO, "image/png")))
    assert here.bodies() == []


async def test_files_of_customers_can_be_fetched(here: Stand) -> None:
    here.human.photo(ANI, here.max_url, body=b"\xff\xd8\xff shelf")
    here.human.video(ANI, b"a film")
    photo, video = (await here.events(3))[1:]
    assert isinstance(photo, Message)
    assert isinstance(video, Message)
    assert b"".join([chunk async for chunk in here.max.fetch_media(photo.media[0])]) == b"\xff\xd8\xff shelf"
    assert b"".join([chunk async for chunk in here.max.fetch_media(video.media[0])]) == b"a film"
    with pytest.raises(NotFound):
        [chunk async for chunk in here.max.fetch_media(MediaRef(MediaKind.VIDEO, "video:nobodys"))]


# Changes.


async def test_our_words_can_be_changed_and_taken_back(here: Stand) -> None:
    (id_,) = (await here.say(Say("Завтра", buttons=YES_NO))).ids
    await here.say(Edit(id_, "Послезавтра"))
    assert lines(here) == ["Послезавтра"]
    assert here.world.people[ANI].lines[-1].body["attachments"] == []
    await here.say(Delete(id_))
    assert lines(here) == []


async def test_a_changed_message_keeps_its_file(here: Stand) -> None:
    (id_,) = (await here.say(Say("Вот", here.files.add(MediaKind.PHOTO, "image/png")))).ids
    await here.say(Edit(id_, "Вот так", media=True))
    line = here.world.people[ANI].lines[-1].body
    assert (line["text"], line["attachments"][0]["type"]) == ("Вот так", "image")


@pytest.mark.parametrize("change", [Edit("mid.404", "x"), Delete("mid.404")])
async def test_a_message_that_is_gone_is_said_to_be_gone(here: Stand, change: Edit | Delete) -> None:
    with pytest.raises(Undeliverable) as refused:
        await here.say(change)
    assert refused.value.detail == GONE


async def test_what_is_too_old_is_left_as_it_is(here: Stand) -> None:
    (id_,) = (await here.say(Say("Завтра"))).ids
    here.world.clock = lambda: NOW / 1000 + 90_000
    for change in (Edit(id_, "x"), Delete(id_)):
        with pytest.raises(Undeliverable) as refused:
            await here.say(change)
        assert refused.value.reason is Reason.UNSUPPORTED


async def test_bots_put_no_reactions(here: Stand) -> None:
    with pytest.raises(Undeliverable) as refused:
        await here.say(React("mid.1", "👍"))
    assert refused.value.reason is Reason.UNSUPPORTED


async def test_typing_is_shown_where_the_dialog_is_known(here: Stand) -> None:
    await here.say(Typing())
    await here.say(Typing(), 616161)
    assert here.asked("POST", f"/chats/{here.world.people[ANI].chat}/actions")[0]["body"] == {"action": "typing_on"}
    assert [path for method, path, _ in here.world.calls if path.endswith("/actions")] == [f"/chats/{here.world.people[ANI].chat}/actions"]
    here.world.faults.add("garbage", "/actions")
    assert (await here.say(Typing())).ids == ()


# Refusals.

ERRORS: dict[tuple[int, str], Reason | None] = {
    (400, "proto.payload"): Reason.BAD_CONTENT,
    (400, "attachment.not.ready"): None,
    (401, "verify.token"): Reason.ACCOUNT_PROBLEM,
    (403, "chat.denied"): Reason.BLOCKED,
    (403, ""): Reason.BLOCKED,
    (404, "dialog.not.found"): Reason.BAD_ADDRESS,
    (404, "chat.not.found"): Reason.BAD_ADDRESS,
    (405, "method.not.allowed"): Reason.UNSUPPORTED,
    (413, "too.large"): Reason.BAD_CONTENT,
    (418, "teapot"): Reason.REJECTED,
    (429, "too.many.requests"): None,
    (503, "service.unavailable"): None,
}


@pytest.mark.parametrize(("status", "word"), ERRORS)
async def test_each_refusal_of_max_means_one_thing(here: Stand, status: int, word: str) -> None:
    here.world.faults.add("error", "/messages", code=status, word=word)
    with pytest.raises((RetryLater, Undeliverable)) as found:
        await here.say(Say("Да"))
    reason = found.value.reason if isinstance(found.value, Undeliverable) else None
    assert reason is ERRORS[status, word]
    assert (await here.max.health()).ok is (reason is not Reason.ACCOUNT_PROBLEM)
    assert lines(here) == []


@pytest.mark.parametrize(
    "answer", [Answer(500, b'{"code": "internal.error"}'), Answer(502, b"<html>"), Answer(200, b"<html>"), Answer(301, b""), Answer(200, b"[]")]
)
def test_what_tells_nothing_is_uncertain(answer: Answer) -> None:
    with pytest.raises(Uncertain):
        judge(answer)


@pytest.mark.parametrize("kind", ["drop", "drop_after", "garbage"])
async def test_where_the_answer_is_lost_it_is_never_sent_again_by_itself(here: Stand, kind: str) -> None:
    here.world.faults.add(kind, "/messages")
    with pytest.raises(Uncertain):
        await here.say(Say("Да", ref="d:1:0"))
    assert lines(here) == (["Да"] if kind == "drop_after" else [])


async def test_who_never_answers_is_not_waited_for_without_end() -> None:
    async with stand(send_seconds=0.2) as here:
        here.human.start(ANI)
        here.world.faults.add("hang", "/messages")
        with pytest.raises(Uncertain):
            await here.say(Say("Да"))


async def test_who_stopped_the_bot_is_not_written_to_until_they_start_it(here: Stand) -> None:
    here.human.stop(ANI)
    with pytest.raises(Undeliverable) as refused:
        await here.say(Say("Да"))
    assert refused.value.reason is Reason.BLOCKED
    here.human.start(ANI)
    assert (await here.say(Say("Да"))).ids


async def test_too_fast_waits_as_long_as_max_says(here: Stand) -> None:
    here.world.faults.add("status", "/messages", code=429, after=7)
    with pytest.raises(RetryLater) as wait:
        await here.say(Say("Да"))
    assert (wait.value.after, wait.value.account) == (7.0, True)


@pytest.mark.parametrize("address", ["0", "-5", "ani", "", "1" * 20, "１２"])
async def test_what_is_no_person_is_no_address(here: Stand, address: str) -> None:
    with pytest.raises(Undeliverable) as refused:
        await here.max.send(address, Say("Да"), here.files.open)
    assert refused.value.reason is Reason.BAD_ADDRESS


async def test_the_longest_text_goes_as_it_was_split(here: Stand) -> None:
    for part in fit(Say("Слово и ещё слово. " * 500), here.max.limits(Window(), NOW)):
        await here.say(part)
    assert " ".join(lines(here)).split() == ("Слово и ещё слово. " * 500).split()


async def test_a_link_to_the_bot_brings_a_code_along(here: Stand) -> None:
    assert here.max.entry("spring") == "https://max.ru/marani_bot?start=spring"
    assert channel().entry("spring") == ""
    assert channel(username="shop_bot").entry("spring") == "https://max.ru/shop_bot?start=spring"
