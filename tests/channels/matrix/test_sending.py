"""What leaves for a Matrix server, and what its answers mean."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from channels.ask import Answer
from channels.matrix.verdicts import judge
from crm.base.errors import Misconfigured, NotFound
from crm.base.events import MediaKind, MediaRef, Message, Status
from crm.base.outbound import GONE, Button, Delete, Edit, React, Reason, RetryLater, Say, Typing, Uncertain, Undeliverable, Unit, Window
from crm.outbox.fit import MEASURES, fit
from sandbox.matrix.world import SHOP, TOKEN
from tests.channels.matrix.stand import NOW, OPTIONS, Stand, channel, listening, stand

SEND = "/send/m.room.message/"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Stand]:
    """Ani has a room with us."""
    async with stand(tmp_path) as made:
        room = made.human.open("ani")
        made.world.member(made.world.rooms[room], SHOP, "join")
        yield made


def bodies(here: Stand) -> list[dict[str, object]]:
    """What was asked to be said, oldest first."""
    return [body for method, path, body in here.world.calls if method == "PUT" and SEND in path]


def content(here: Stand, id_: str) -> dict[str, object]:
    """What an event says."""
    found: dict[str, object] = here.world.event(here.human.room("ani"), id_).event["content"]
    return found


async def test_words_arrive_and_are_known_by_their_event(here: Stand) -> None:
    (id_,) = (await here.say(Say("Yes, in oak", ref="d1"))).ids
    assert here.sent() == ["Yes, in oak"]
    assert content(here, id_)["msgtype"] == "m.text"


async def test_marks_go_as_marks_beside_plain_words(here: Stand) -> None:
    (id_,) = (await here.say(Say('<b>Yes</b> &lt;3\n<a href="https://x.example">oak</a> <tg-spoiler>no</tg-spoiler><script>', html=True))).ids
    said = content(here, id_)
    assert said["body"] == "Yes <3\noak no"
    assert said["formatted_body"] == '<b>Yes</b> &lt;3<br><a href="https://x.example">oak</a> <span data-mx-spoiler>no</span>'
    (plain,) = (await here.say(Say("2 &lt; 3", html=True))).ids
    assert content(here, plain)["body"] == "2 < 3"
    assert "formatted_body" not in content(here, plain)


async def test_an_answer_shows_what_it_answers(here: Stand) -> None:
    asked = here.human.say("ani", "Which?")
    (id_,) = (await here.say(Say("This", reply_to=asked))).ids
    assert content(here, id_)["m.relates_to"] == {"m.in_reply_to": {"event_id": asked}}


async def test_said_twice_under_one_name_it_arrives_once(here: Stand) -> None:
    first, second = [await here.say(Say("Yes", ref="d1")) for _ in range(2)]
    assert first == second
    assert here.sent() == ["Yes"]


async def test_a_name_that_is_given_again_after_a_restore_swallows_nothing(here: Stand) -> None:
    await here.say(Say("Yes", ref="d1"))
    await here.say(Say("No", ref="d1"))
    assert here.sent() == ["Yes", "No"]


@pytest.mark.parametrize("kind", ["drop", "drop_after", "garbage"])
async def test_an_answer_that_is_lost_is_asked_for_again_and_nothing_is_said_twice(here: Stand, kind: str) -> None:
    here.world.faults.add(kind)
    assert (await here.say(Say("Yes", ref="d1"))).ids
    assert here.sent() == ["Yes"]
    here.world.faults.add(kind, left=0)
    with pytest.raises(Uncertain):
        await here.say(Say("And?", ref="d2"))
    here.world.faults.rules.clear()
    await here.say(Say("And?", ref="d2"))
    assert here.sent() == ["Yes", "And?"]


async def test_what_nobody_knew_the_servers_own_stream_tells(tmp_path: Path) -> None:
    async with stand(tmp_path) as made, listening(made):
        made.human.say("ani", "Hello")
        await made.until(Message)
        made.world.faults.add("drop_after", left=0)  # every way, the stream's too
        with pytest.raises(Uncertain):
            await made.say(Say("Yes", ref="d9"))
        made.world.faults.rules.clear()
        (status,) = await made.until(Status)
        assert (status.ref, len(status.ids)) == ("d9", 1)


async def test_files_go_up_once_and_are_said_by_their_address(here: Stand) -> None:
    photo = here.files.add(MediaKind.PHOTO, "image/jpeg", "wall.jpg", b"\xff\xd8\xff picture")
    (first,), (second,) = (await here.say(Say("This wall", photo, ref="d1"))).ids, (await here.say(Say("", photo, ref="d2"))).ids
    said, again = content(here, first), content(here, second)
    assert (said["msgtype"], said["body"], said["filename"], said["info"]) == (
        "m.image",
        "This wall",
        "wall.jpg",
        {"size": photo.size, "mimetype": "image/jpeg"},
    )
    assert (again["body"], again["url"]) == ("wall.jpg", said["url"])
    assert here.world.files[str(said["url"])] == (b"\xff\xd8\xff picture", "image/jpeg")
    assert len([path for _, path, _ in here.world.calls if path.endswith("/upload")]) == 1


@pytest.mark.parametrize(
    ("kind", "mime", "type_"),
    [
        (MediaKind.VOICE, "audio/ogg", "m.audio"),
        (MediaKind.AUDIO, "audio/mpeg", "m.audio"),
        (MediaKind.VIDEO, "video/mp4", "m.video"),
        (MediaKind.DOCUMENT, "application/pdf", "m.file"),
        (MediaKind.PHOTO, "application/pdf", "m.file"),
        (MediaKind.PHOTO, "", "m.image"),
        (MediaKind.STICKER, "image/webp", "m.image"),
    ],
)
async def test_a_file_is_what_it_is(here: Stand, kind: MediaKind, mime: str, type_: str) -> None:
    (id_,) = (await here.say(Say("", here.files.add(kind, mime, "one.bin", b"bytes")))).ids
    said = content(here, id_)
    assert (said["msgtype"], "org.matrix.msc3245.voice" in said) == (type_, kind is MediaKind.VOICE)


async def test_a_file_too_large_never_leaves(here: Stand) -> None:
    large = replace(here.files.add(MediaKind.VIDEO, "video/mp4", "one.bin", b"x"), size=51 * 1024 * 1024)
    with pytest.raises(Undeliverable) as refused:
        await here.say(Say("", large))
    assert refused.value.reason is Reason.BAD_CONTENT
    here.world.faults.add("error", "/upload", code=413, word="M_TOO_LARGE")
    with pytest.raises(Undeliverable) as refused:
        await here.say(Say("", replace(large, size=5)))
    assert refused.value.reason is Reason.BAD_CONTENT


@pytest.mark.parametrize("older", [False, True])
async def test_a_file_of_theirs_is_fetched_under_our_token_from_newer_and_older_servers(here: Stand, older: bool) -> None:
    here.world.older_media = older
    here.human.photo("ani", body=b"\xff\xd8\xff a wall")
    url = next(iter(here.world.files))
    assert b"".join([chunk async for chunk in here.matrix.fetch_media(MediaRef(MediaKind.PHOTO, url))]) == b"\xff\xd8\xff a wall"
    with pytest.raises(NotFound):
        async for _ in here.matrix.fetch_media(MediaRef(MediaKind.PHOTO, url + "x")):
            pass


async def test_new_words_take_the_place_of_old_ones_and_a_file_stays(here: Stand) -> None:
    (id_,) = (await here.say(Say("Oak", ref="d1"))).ids
    assert (await here.say(Edit(id_, "Pine"))).ids == (id_,)
    assert (await here.say(Edit(id_, "Oak"))).ids == (id_,)
    await here.say(Edit(id_, "Pine"))
    assert here.sent() == ["Pine"]
    photo = here.files.add(MediaKind.PHOTO, "image/jpeg", "wall.jpg", b"\xff\xd8\xff picture")
    (held,) = (await here.say(Say("This", photo, ref="d2"))).ids
    await here.say(Edit(held, "That", media=True))
    new = bodies(here)[-1]["m.new_content"]
    assert isinstance(new, dict)
    assert (new["body"], new["msgtype"], new["url"]) == ("That", "m.image", content(here, held)["url"])


async def test_what_is_taken_back_is_gone_and_what_is_not_there_cannot_be_changed(here: Stand) -> None:
    (id_,) = (await here.say(Say("Oak", ref="d1"))).ids
    await here.say(Delete(id_))
    assert here.sent() == []
    for change in (Delete("$nothing"), Edit("$nothing", "x", media=True), React("$nothing", "👍")):
        with pytest.raises(Undeliverable) as refused:
            await here.say(change)
        assert (refused.value.reason, refused.value.detail) == (Reason.BAD_CONTENT, GONE)
    with pytest.raises(Undeliverable):
        await here.say(Delete("not an event"))


async def test_one_emoji_takes_the_place_of_the_other(here: Stand) -> None:
    asked = here.human.say("ani", "Which?")
    for emoji in ("👍", "👍", "❤️", ""):
        await here.say(React(asked, emoji))
    events = [one.event for one in here.human.room("ani").events]
    assert len([one for one in events if one["type"] == "m.reaction"]) == 2
    assert not [one for one in events if one["type"] == "m.reaction" and one["content"]]


async def test_typing_is_shown_and_nothing_depends_on_it(here: Stand) -> None:
    await here.say(Typing())
    assert here.world.typing == [here.human.homes["ani"]]
    here.world.faults.add("error", code=403, word="M_FORBIDDEN")
    assert (await here.say(Typing())).ids == ()


def test_a_text_that_is_too_long_for_an_event_is_split_by_bytes() -> None:
    limits = channel().limits(Window(), NOW)
    length, _ = MEASURES[Unit.BYTES]
    parts = fit(Say("გამარჯობა " * 3000), limits)
    assert len(parts) == 8
    assert all(length(part.text) <= limits.text for part in parts)


async def test_the_longest_text_fits_an_event_however_it_is_written(here: Stand) -> None:
    await here.say(Say('"' * OPTIONS.text, ref="d1"))
    await here.say(Say("<b>x</b>" + "&lt;" * ((OPTIONS.text - 8) // 4), html=True, ref="d2"))
    await here.say(Say("\n" * (OPTIONS.text - 1) + "x", ref="d3"))
    assert len(here.sent()) == 3


def test_choices_are_said_in_words() -> None:
    (part,) = fit(Say("News?", buttons=((Button("Yes", "offers:yes"), Button("No", "offers:no")),)), channel().limits(Window(), NOW))
    assert "Yes" in part.text
    assert part.buttons == ()


@pytest.mark.parametrize(
    ("status", "word", "reason"),
    [
        (403, "M_FORBIDDEN", Reason.BLOCKED),
        (404, "M_NOT_FOUND", Reason.BAD_ADDRESS),
        (413, "M_TOO_LARGE", Reason.BAD_CONTENT),
        (400, "M_BAD_JSON", Reason.BAD_CONTENT),
        (400, "M_INVALID_PARAM", Reason.BAD_CONTENT),
        (401, "M_UNKNOWN_TOKEN", Reason.ACCOUNT_PROBLEM),
        (401, "M_MISSING_TOKEN", Reason.ACCOUNT_PROBLEM),
        (403, "M_USER_DEACTIVATED", Reason.ACCOUNT_PROBLEM),
        (401, "M_USER_LOCKED", Reason.ACCOUNT_PROBLEM),
        (403, "M_CONSENT_NOT_GIVEN", Reason.ACCOUNT_PROBLEM),
        (403, "M_RESOURCE_LIMIT_EXCEEDED", Reason.ACCOUNT_PROBLEM),
        (404, "M_UNRECOGNIZED", Reason.UNSUPPORTED),
        (400, "M_SOMETHING_NEW", Reason.REJECTED),
    ],
)
async def test_a_refusal_is_what_it_is(here: Stand, status: int, word: str, reason: Reason) -> None:
    here.world.faults.add("error", code=status, word=word)
    with pytest.raises(Undeliverable) as refused:
        await here.say(Say("Yes", ref="d1"))
    assert refused.value.reason is reason
    assert (await here.matrix.health()).ok is (reason is not Reason.ACCOUNT_PROBLEM)
    await here.say(Say("Yes", ref="d1"))
    assert (await here.matrix.health()).ok


async def test_too_fast_waits_as_long_as_the_server_says(here: Stand) -> None:
    here.world.faults.add("error", code=429, word="M_LIMIT_EXCEEDED", after=2500)
    with pytest.raises(RetryLater) as later:
        await here.say(Say("Yes", ref="d1"))
    assert (later.value.after, later.value.account, later.value.answered) == (2.5, True, True)


def test_an_answer_of_somebody_between_tells_nothing_and_a_soft_logout_says_what_is_needed() -> None:
    for answer in (Answer(200, b"<html>"), Answer(404, b"<html>"), Answer(500, b'{"errcode":"M_UNKNOWN"}'), Answer(502, b""), Answer(403, b"{}")):
        with pytest.raises(Uncertain):
            judge(answer)
    with pytest.raises(Undeliverable) as refused:
        judge(Answer(401, b'{"errcode":"M_UNKNOWN_TOKEN","soft_logout":true}'))
    assert "access token" in refused.value.detail
    with pytest.raises(RetryLater) as later:
        judge(Answer(429, b"", 7.0))
    assert later.value.after == 7.0


@pytest.mark.parametrize("wrong", [{"token": ""}, {"token": "a b"}, {"api_base": "http://matrix.example"}, {"api_base": "matrix.example"}, {"text": 60_000}])
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Misconfigured):
        channel(**wrong)


def test_the_token_is_in_no_words(here: Stand) -> None:
    assert TOKEN not in repr(here.matrix.options)


async def test_an_empty_word_and_what_matrix_does_not_know_are_refused(here: Stand) -> None:
    with pytest.raises(Undeliverable):
        await here.say(Say("  "))
    with pytest.raises(Undeliverable):
        await here.matrix.send("ani@mail.example", Say("Yes"), here.files.open)
