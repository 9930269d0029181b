"""Old chats as two messengers export them: days in every order, clocks of 12 and 24 hours, words of many lines, and files that mean harm."""

import io
import json
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.exchange.grid import Cells, Unreadable
from crm.exchange.reading import reading
from crm.exchange.whatsapp_chat import is_whatsapp, line_of, said_in

ANDROID = "12/03/2024, 14:05 - Messages and calls are end-to-end encrypted.\n12/03/2024, 14:05 - Anna: Hello\nsecond line\n13/03/2024, 09:00 - Shop: Hi"
HELLO = ("2024-03-12T14:05:00", "Anna", "Hello")
WAYS = {
    "Android day first": ("12/03/2024, 14:05 - Anna: Hello\n25/03/2024, 10:00 - Shop: x", HELLO),
    "Android month first on 12 hours": ("3/12/24, 2:05\u202fPM - Anna: Hello\n3/25/24, 9:00\u202fAM - Shop: x", HELLO),
    "Android Russian": ("12.03.2024, 14:05 - Анна: Привет\n25.03.2024, 10:00 - Лавка: x", ("2024-03-12T14:05:00", "Анна", "Привет")),
    "Android Armenian": ("12.03.24, 14:05 - Աննա: Բարեւ\n25.03.24, 10:00 - Խանութ: x", ("2024-03-12T14:05:00", "Աննա", "Բարեւ")),
    "Android Georgian": ("12.03.2024, 14:05 - ანა: გამარჯობა\n25.03.2024, 10:00 - x: x", ("2024-03-12T14:05:00", "ანა", "გამარჯობა")),
    "Android Amharic on 12 hours": ("12/03/2024, 2:05 ከሰዓት - ሰላም: ጤና ይስጥልኝ\n25/03/2024, 9:00 ጥዋት - x: x", ("2024-03-12T14:05:00", "ሰላም", "ጤና ይስጥልኝ")),
    "Android year first": ("2024-03-12, 2:05 p.m. - Anna: Hello\n2024-03-25, 9:00 a.m. - Shop: x", HELLO),
    "iPhone day first": ("[12/03/2024, 14:05:33] Anna: Hello\n[25/03/2024, 10:00:00] Shop: x", ("2024-03-12T14:05:33", "Anna", "Hello")),
    "iPhone month first": ("\u200e[3/12/24, 2:05:33\u202fPM] Anna: Hello\n[3/25/24, 9:00:00\u202fAM] Shop: x", ("2024-03-12T14:05:33", "Anna", "Hello")),
    "iPhone Russian": ("[12.03.2024, 14:05:33] Анна: Привет\n[25.03.2024, 10:00:00] x: x", ("2024-03-12T14:05:33", "Анна", "Привет")),
    "noon and midnight": ("12/31/23, 12:00 AM - Anna: Hello\n1/1/24, 12:30 PM - Shop: x", ("2023-12-31T00:00:00", "Anna", "Hello")),
}


async def read(tmp_path: Path, content: bytes, name: str = "chat.txt") -> tuple[str, list[Cells]]:
    """What the reading process makes of a file."""
    path = tmp_path / name
    path.write_bytes(content)
    async with reading(path) as table:
        return table.kind, [row async for row in table.rows]


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return packed.getvalue()


@pytest.mark.parametrize("way", WAYS)
async def test_every_phones_own_days_and_hours_are_read(tmp_path: Path, way: str) -> None:
    text, expected = WAYS[way]
    kind, rows = await read(tmp_path, text.encode())
    assert kind == "whatsapp"
    assert (rows[0][2], rows[0][3], rows[0][5]) == expected
    assert len(rows) == 2


async def test_words_of_many_lines_stay_together_and_the_apps_own_are_left_out(tmp_path: Path) -> None:
    _, rows = await read(tmp_path, ANDROID.encode())
    assert [(row[3], row[5]) for row in rows] == [("Anna", "Hello\nsecond line"), ("Shop", "Hi")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
async def test_every_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    assert len((await read(tmp_path, ANDROID.encode(encoding)))[1]) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<Media omitted>", "📎"),
        ("<Без медиафайлов>", "📎"),
        ("\u200eimage omitted", "📎"),
        ("\u200e<attached: 00000012-PHOTO.jpg>", "📎 00000012-PHOTO.jpg"),
        ("\u200e<прикреплено: a.pdf>", "📎 a.pdf"),
        ("IMG-20240312-WA0001.jpg (file attached)\nlook", "📎 IMG-20240312-WA0001.jpg\nlook"),
        ("\u200eMissed voice call", ""),
        ("This message was deleted", ""),
        ("Это сообщение было удалено.", ""),
        ("see you \u200e<This message was edited>", "see you"),
        ("3 < 4 and 5 > 4", "3 < 4 and 5 > 4"),
        ("plain", "plain"),
    ],
)
def test_files_and_what_the_app_noted(text: str, said: str) -> None:
    assert said_in(text) == said


@pytest.mark.parametrize("text", ["Name;Phone\nAnna;+37491000000", "12/03/2024,14:05,Anna,Hello", "hello - Anna: x", "", "12/03/2024 Anna: hello"])
def test_a_list_is_no_chat(text: str) -> None:
    assert not is_whatsapp(text)


@given(st.text(max_size=300))
def test_nothing_makes_the_reader_of_lines_fail(text: str) -> None:
    line_of(text)
    said_in(text)


@given(st.datetimes(min_value=datetime(2010, 1, 1)), st.sampled_from(["%d/%m/%Y, %H:%M", "%d.%m.%y, %H:%M", "%Y-%m-%d, %I:%M %p"]))  # noqa: DTZ001
def test_a_time_that_was_written_is_read(at: datetime, shape: str) -> None:
    found = line_of(f"{at.strftime(shape)} - Anna: x")
    assert found
    assert found.time[:2] == (at.hour, at.minute)


async def test_equal_words_of_one_minute_are_told_apart(tmp_path: Path) -> None:
    _, rows = await read(tmp_path, b"12/03/2024, 14:05 - Anna: ok\n12/03/2024, 14:05 - Anna: ok\n13/03/2024, 14:05 - Anna: ok")
    assert [row[6] for row in rows] == ["0", "1", "0"]


async def test_an_archive_with_a_chat_is_read(tmp_path: Path) -> None:
    kind, rows = await read(tmp_path, zipped(_chat__txt=ANDROID.encode(), photo__jpg=b"x"), "chat.zip")
    assert (kind, len(rows)) == ("whatsapp", 2)


def said(who: int, text: object, **more: object) -> dict[str, object]:
    return {
        "id": 1,
        "type": "message",
        "date": "2024-03-12T14:05:00",
        "date_unixtime": "1710244800",
        "from": "X",
        "from_id": f"user{who}",
        "text": text,
        **more,
    }


CHAT = {"name": "Anna", "type": "personal_chat", "id": 77, "messages": [said(77, "Hello"), said(5, ["see ", {"type": "link", "text": "here"}])]}


async def test_one_talk_of_telegram_is_read_with_whose_words_they_are(tmp_path: Path) -> None:
    kind, rows = await read(tmp_path, json.dumps(CHAT).encode(), "result.json")
    assert kind == "telegram"
    assert [(row[0], row[1], row[2], row[4], row[5]) for row in rows] == [
        ("77", "Anna", "1710244800", "them", "Hello"),
        ("77", "Anna", "1710244800", "us", "see here"),
    ]


async def test_all_talks_are_read_groups_and_notes_of_the_app_are_not(tmp_path: Path) -> None:
    group = {"name": "All", "type": "private_group", "id": 9, "messages": [said(5, "x")]}
    noted = {**CHAT, "id": 78, "messages": [{"type": "service", "action": "phone_call"}, said(78, "", photo="photos/a.jpg"), said(78, "", reactions=[])]}
    _, rows = await read(tmp_path, json.dumps({"about": "x", "chats": {"list": [CHAT, group, noted]}}).encode(), "result.json")
    assert [(row[0], row[5]) for row in rows] == [("77", "Hello"), ("77", "see here"), ("78", "📎 a.jpg")]


HARMFUL = {
    "a bomb": zipped(_chat__txt=b"12/03/2024, 14:05 - Anna: " + b"x" * (80 * 1024 * 1024)),
    "an endless line": b"12/03/2024, 14:05 - Anna: " + b"x" * 300_000,
    "no JSON": b'{"messages": [',
    "deep JSON": b'{"messages": ' + b"[" * 100_000,
    "an archive cut short": zipped(_chat__txt=ANDROID.encode())[:60],
    "messages that are none": json.dumps({"type": "personal_chat", "id": 1, "messages": "x"}).encode(),
    "a group only": json.dumps({"type": "private_group", "messages": [said(5, "x")]}).encode(),
}


@pytest.mark.parametrize("what", HARMFUL)
async def test_harm_is_refused_with_words(tmp_path: Path, what: str) -> None:
    with pytest.raises(Unreadable, match=r"\w"):
        await read(tmp_path, HARMFUL[what], "x")


@pytest.mark.parametrize("odd", [None, 5, [], {}, [None, 5, {"text": 7}], {"text": "x"}])
async def test_odd_messages_break_nothing(tmp_path: Path, odd: object) -> None:
    chat = {**CHAT, "messages": [odd, said(77, odd), said(77, "fine", date=odd, date_unixtime=odd), said(77, "fine")]}
    _, rows = await read(tmp_path, json.dumps(chat).encode(), "result.json")
    assert rows[-1][5] == "fine"
