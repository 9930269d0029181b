"""The site widget's protocol, spoken over a real socket."""

import json
from pathlib import Path
from typing import Any

import pytest

from channels.webchat import Author, Webchat, WebchatOptions
from channels.webchat.raw import visitor_id
from crm.base.events import MediaKind, Message, Postback, RawEvent, SessionStarted, Unknown
from crm.base.outbound import Button, Edit, Media, OpenMedia, Reason, Say, Typing, Undeliverable, Window
from tests.channels.web_stand import NOON, OTHER_SECRET, SECRET, Shop, Stand, standing

FIXTURES = Path(__file__).parent / "fixtures" / "webchat"
ME = visitor_id(SECRET)
NO_MEDIA: OpenMedia = Shop().open_media


async def _say(socket: Any, text: str, number: int = 1) -> dict[str, Any]:
    await socket.send_json({"type": "say", "id": f"word-{number:06}", "text": text})
    answer: dict[str, Any] = await socket.receive_json()
    return answer


def _parsed(name: str) -> Any:
    channel = Webchat(WebchatOptions(uploads=Path("unused")), Shop().history, NO_MEDIA)
    (event,) = channel.parse(RawEvent("webchat", "k", "l", (FIXTURES / f"{name}.json").read_bytes(), NOON))
    return event


async def test_a_word_is_kept_before_it_is_acknowledged(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        socket, welcome = await stand.screen()
        assert welcome["lines"] == []
        assert await _say(socket, "Բարև") == {"type": "kept", "id": "word-000001"}
        (raw,) = stand.shop.kept
        assert (raw.key, raw.lane) == (f"{ME}:word-000001", f"webchat:{ME}")


async def test_the_secret_is_in_nothing_that_is_kept(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        socket, _ = await stand.screen()
        await _say(socket, "hello")
        assert SECRET not in str(stand.shop.kept)


async def test_a_browser_without_a_secret_is_given_one(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        socket = await stand.open_socket()
        await socket.send_json({"type": "hello"})
        given = (await socket.receive_json())["secret"]
        await _say(socket, "hello")
        assert len(given) == 43
        assert stand.shop.kept[0].lane == f"webchat:{visitor_id(given)}"


async def test_the_same_word_sent_again_after_a_cut_is_one_word(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        first, _ = await stand.screen()
        await _say(first, "hello")
        await first.close()
        second, welcome = await stand.screen()
        assert await _say(second, "hello") == {"type": "kept", "id": "word-000001"}
        assert [line["id"] for line in welcome["lines"]] == ["word-000001"]
        assert len(stand.shop.kept) == 1


async def test_what_we_cannot_keep_is_not_acknowledged(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        socket, _ = await stand.screen()
        stand.shop.busy = True
        assert await _say(socket, "hello") == {"type": "busy", "id": "word-000001", "after": 2}


async def test_an_answer_reaches_every_open_window(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        windows = [(await stand.screen())[0] for _ in range(2)]
        line = stand.shop.line(ME, "We have it", Author.REP, name="Anahit", buttons=((Button("Yes", "yes"), Button("Page", url="https://a.example")),))
        receipt = await stand.webchat.send(ME, Say("We have it"), NO_MEDIA)
        assert receipt.ids[0].startswith("web:")
        for window in windows:
            told = await window.receive_json()
            assert (told["type"], told["seq"], told["from"], told["name"], told["text"]) == ("message", line.seq, "rep", "Anahit", "We have it")
            assert told["buttons"] == [[{"label": "Yes", "value": "yes"}, {"label": "Page", "url": "https://a.example"}]]


async def test_a_word_said_in_one_window_shows_in_the_other(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        one, _ = await stand.screen()
        two, _ = await stand.screen()
        await _say(one, "hello")
        assert await two.receive_json() == {"type": "said", "id": "word-000001", "text": "hello", "at": NOON}


async def test_a_visitor_who_is_away_finds_the_answer_on_return(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        stand.shop.line(ME, "We open at nine")
        await stand.webchat.send(ME, Say("We open at nine"), NO_MEDIA)
        _, welcome = await stand.screen()
        assert [line["text"] for line in welcome["lines"]] == ["We open at nine"]


async def test_a_screen_that_comes_back_gets_only_what_it_lacks(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        for word in ("one", "two", "three"):
            stand.shop.line(ME, word)
        _, welcome = await stand.screen(last_seq=101)
        assert (welcome["after"], [line["text"] for line in welcome["lines"]]) == (101, ["two", "three"])


async def test_a_screen_ahead_of_a_restored_store_starts_again(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        stand.shop.line(ME, "one")
        _, welcome = await stand.screen(last_seq=9_000)
        assert (welcome["after"], [line["text"] for line in welcome["lines"]]) == (0, ["one"])


async def test_a_very_long_thread_is_shown_from_its_newest_end(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        for number in range(250):
            stand.shop.line(ME, str(number))
        _, welcome = await stand.screen()
        assert (welcome["lines"][0]["text"], len(welcome["lines"]), welcome["after"]) == ("50", 200, 150)


async def test_a_message_held_back_appears_behind_newer_ones(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        held, newer = stand.shop.line(ME, "held"), stand.shop.line(ME, "newer")
        stand.shop.lines[ME] = [newer]
        socket, _ = await stand.screen()
        stand.shop.lines[ME] = [held, newer]
        await stand.webchat.send(ME, Say("held"), NO_MEDIA)
        assert (await socket.receive_json())["seq"] == held.seq


async def test_an_edit_and_a_deletion_of_any_age_reach_the_screen(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        old = stand.shop.line(ME, "12 000")
        for number in range(60):
            stand.shop.line(ME, str(number))
        socket, _ = await stand.screen()
        stand.shop.change(ME, old, "12 400")
        await stand.webchat.send(ME, Edit("web:1", "12 400"), NO_MEDIA)
        told = await socket.receive_json()
        assert (told["type"], told["seq"], told["text"], told["edited"]) == ("edit", old.seq, "12 400", True)
        stand.shop.lines[ME] = stand.shop.lines[ME][1:]
        await stand.webchat.send(ME, Edit("web:1", ""), NO_MEDIA)
        assert await socket.receive_json() == {"type": "delete", "seq": old.seq}


async def test_typing_is_shown(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        socket, _ = await stand.screen()
        await stand.webchat.send(ME, Typing(), NO_MEDIA)
        assert await socket.receive_json() == {"type": "typing"}


async def test_a_press_and_an_opening_are_events_with_their_source(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        socket, _ = await stand.screen(utm_source="insta", referrer="https://instagram.example/", page="https://shop.example/", language="hy")
        await socket.send_json({"type": "open"})
        await socket.receive_json()
        await socket.send_json({"type": "press", "id": "press-0001", "value": "l:hy", "label": "Հայերեն", "message": "101"})
        await socket.receive_json()
        opened, pressed = (stand.webchat.parse(raw)[0] for raw in stand.shop.kept)
        assert isinstance(opened, SessionStarted)
        assert (opened.source.utm_source, opened.sender.language) == ("insta", "hy")
        assert isinstance(pressed, Postback)
        assert (pressed.value, pressed.label, pressed.message) == ("l:hy", "Հայերեն", "101")


async def test_an_address_that_is_no_visitor_is_refused(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        with pytest.raises(Undeliverable) as refusal:
            await stand.webchat.send("12345", Say("hello"), NO_MEDIA)
        assert refusal.value.reason is Reason.BAD_ADDRESS


async def test_only_sent_is_claimed_to_be_known(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        limits = stand.webchat.limits(Window(), NOON)
        assert limits.knows == {"sent"}
        assert (limits.edits, limits.deletes, limits.needs_inbound) == (True, True, True)


async def test_without_sockets_the_same_words_go_by_plain_posts(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        stand.shop.line(ME, "Welcome")
        frames = [{"type": "say", "id": "word-000001", "text": "hello"}, {"type": "press", "id": "press-0001", "value": "v", "label": "L", "message": "101"}]
        answer = await (await stand.post("/in/webchat/messages", json={"last_seq": 0, "frames": frames})).json()
        assert [line["text"] for line in answer["lines"]] == ["Welcome"]
        assert answer["answers"] == [{"type": "kept", "id": "word-000001"}, {"type": "kept", "id": "press-0001"}]


def test_captured_events_parse() -> None:
    said, pressed, opened = _parsed("say"), _parsed("press"), _parsed("open")
    assert isinstance(said, Message)
    assert (said.text, said.media[0].kind, said.source and said.source.utm_campaign) == ("How much is a kilo?", MediaKind.PHOTO, "autumn")
    assert isinstance(pressed, Postback)
    assert isinstance(opened, SessionStarted)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"visitor": 5}', b"\xff", b"[" * 100_000, b'{"v":1}', b"NaN"])
def test_unreadable_bytes_are_an_unknown_event(body: bytes, tmp_path: Path) -> None:
    channel = Webchat(WebchatOptions(uploads=tmp_path), Shop().history, NO_MEDIA)
    assert channel.parse(RawEvent("webchat", "k", "l", body, NOON)) == [Unknown("unreadable", at=NOON)]


def test_odd_fields_never_raise_and_a_later_kind_is_shown(tmp_path: Path) -> None:
    channel = Webchat(WebchatOptions(uploads=tmp_path), Shop().history, NO_MEDIA)
    body = {"visitor": ME, "kind": "say", "id": 5, "text": {"$ne": 1}, "at": 1e18, "media": [None, {"size": -1}], "source": {"page": []}}
    (event,) = channel.parse(RawEvent("webchat", "k", "l", json.dumps(body).encode(), NOON))
    assert isinstance(event, Message)
    assert (event.text, event.at, event.media[0].size) == ("", NOON, 0)
    (later,) = channel.parse(RawEvent("webchat", "k", "l", json.dumps({"visitor": ME, "kind": "dance"}).encode(), NOON))
    assert isinstance(later, Unknown)
    assert later.kind == "dance"


async def test_text_that_no_engine_stores_alike_is_replaced_and_its_bytes_are_kept(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        socket, _ = await stand.screen()
        await socket.send_str('{"type":"say","id":"word-000001","text":"a\\u0000b\\ud800c"}')
        await socket.receive_json()
        (event,) = stand.webchat.parse(stand.shop.kept[0])
        assert isinstance(event, Message)
        assert event.text == "a\ufffdb\ufffdc"
        assert b"\\ud800" in stand.shop.kept[0].body


async def _uploaded(stand: Stand, data: bytes, name: str, secret: str = SECRET) -> dict[str, Any]:
    headers = {"X-Name": name, "Content-Type": "text/html"}
    answer: dict[str, Any] = await (await stand.post("/in/webchat/files", secret, data=data, headers=headers)).json()
    return answer


async def test_a_photo_travels_with_the_word(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        sent = await _uploaded(stand, b"\xff\xd8\xff beans", "..%2F..%2Fbag%E2%80%AEgpj.exe")
        socket, _ = await stand.screen()
        await socket.send_json({"type": "say", "id": "word-000001", "text": "", "file": sent["file"]})
        assert (await socket.receive_json())["type"] == "kept"
        (event,) = stand.webchat.parse(stand.shop.kept[0])
        assert isinstance(event, Message)
        (ref,) = event.media
        assert (ref.kind, ref.name, ref.mime, ref.size) == (MediaKind.PHOTO, "baggpj.exe", "image/jpeg", 9)
        assert b"".join([chunk async for chunk in stand.webchat.fetch_media(ref)]) == b"\xff\xd8\xff beans"
        assert {oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()} == {"0o600"}


async def test_a_file_of_another_visitor_cannot_be_sent(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        sent = await _uploaded(stand, b"mine", "a.txt", OTHER_SECRET)
        socket, _ = await stand.screen()
        for file in (sent["file"], "../../etc/passwd", "x" * 32):
            await socket.send_json({"type": "say", "id": "word-000001", "text": "", "file": file})
            assert (await socket.receive_json())["reason"] == "no_file"


async def test_a_file_over_the_size_leaves_nothing_behind(tmp_path: Path) -> None:
    async with standing(tmp_path, file_size=10) as stand:
        assert (await stand.post("/in/webchat/files", data=b"x" * 11)).status == 413
        assert (await stand.post("/in/webchat/files", data=b"")).status == 400
        assert list(tmp_path.iterdir()) == []


async def test_a_full_directory_refuses_more(tmp_path: Path) -> None:
    async with standing(tmp_path, file_size=10, uploads_total=5) as stand:
        assert (await stand.post("/in/webchat/files", data=b"x")).status == 507


async def test_our_files_open_by_their_sealed_address_alone(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        photo, page = Media(1, MediaKind.PHOTO, "bag.png", "image/png", 9), Media(2, MediaKind.DOCUMENT, 'a".html', "text/html", 9)
        stand.shop.line(ME, "", media=(photo, page, Media(3, MediaKind.DOCUMENT, "gone", "", 9)))
        _, welcome = await stand.screen()
        seen, saved, gone = [await stand.client.get(media["url"]) for media in welcome["lines"][0]["media"]]
        assert (seen.status, seen.headers["Content-Type"], seen.headers["Content-Disposition"]) == (200, "image/png", "inline")
        assert (saved.headers["Content-Type"], saved.headers["Content-Disposition"][:10]) == ("application/octet-stream", "attachment")
        assert "sandbox" in saved.headers["Content-Security-Policy"]
        assert gone.status == 404
        forged = welcome["lines"][0]["media"][0]["url"][:-2] + "AA"
        assert (await stand.client.get(forged)).status == 404
        assert (await stand.client.get("/in/webchat/files/1")).status == 404
