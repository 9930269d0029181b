"""Lists as people have them: any encoding, any mark between columns, address books, workbooks, and files made to do harm."""

import asyncio
import csv
import io
import zipfile
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.exchange import armscii
from crm.exchange.cells import Firm, day_of, person_of
from crm.exchange.grid import ROWS_MOST, Grid, Unreadable, header_at
from crm.exchange.reading import reading
from crm.exchange.safe import lines, safe
from crm.exchange.synonyms import known
from crm.exchange.worker import open_grid
from crm.exchange.xlsx import number_of

FIRM = Firm("AM", "en", "AMD")


def grid(folder: Path, content: bytes) -> tuple[Grid, list[tuple[str, ...]]]:
    """What is in a file."""
    path = folder / "file"
    path.write_bytes(content)
    found = open_grid(path)
    return found, list(found.rows)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1251"])
@pytest.mark.parametrize("mark", [";", ",", "\t", "|"])
def test_any_encoding_and_any_mark_is_told(tmp_path: Path, encoding: str, mark: str) -> None:
    rows = [["Имя", "Телефон", "Компания"], ["Анна Петровна", "+7 916 123-45-67", "Ромашка"], ["Пётр Ильич", "8 916 123-45-68", ""]]
    found, body = grid(tmp_path, "\r\n".join(mark.join(row) for row in rows).encode(encoding))
    assert found.header == ("Имя", "Телефон", "Компания")
    assert body[0] == ("Анна Петровна", "+7 916 123-45-67", "Ромашка")


def test_armenian_older_than_unicode_is_read(tmp_path: Path) -> None:
    table = {letter: byte for byte, letter in armscii._TABLE.items()}
    text = "Անուն;Հեռախոս\nԱննա Պետրոսյան;091123456\n"
    found, body = grid(tmp_path, bytes(table[letter] for letter in text))
    assert (found.header, body[0][0], found.how) == (("Անուն", "Հեռախոս"), "Աննա Պետրոսյան", "armscii-8 ;")


def test_words_above_the_table_and_excels_own_first_line_are_passed_over(tmp_path: Path) -> None:
    found, body = grid(tmp_path, b"sep=;\nOur clients 2025;\n;\nName;Phone\nAnna;091123456\n")
    assert (found.header, body) == (("Name", "Phone"), [("Anna", "091123456")])


def test_a_table_without_names_of_columns_keeps_its_first_row(tmp_path: Path) -> None:
    found, body = grid(tmp_path, b"Anna;091123456\nBagrat;091222222\n")
    assert (found.header, len(body)) == (("#1", "#2"), 2)


def test_an_open_quote_swallows_nothing(tmp_path: Path) -> None:
    content = b'Name;Phone\n"Anna;091123456\n' + b"".join(b"P%d;0911%05d\n" % (n, n) for n in range(500))
    _, body = grid(tmp_path, content)
    assert len(body) == 501


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "nothing in it"),
        (b"\n;;\n", "nothing in it"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "old Excel"),
        (b"%PDF-1.4\n", "no table"),
        (b"PK\x03\x04" + bytes(600), "unpacked"),
        (b"name," + b"x" * 300_000, "too long"),
    ],
)
def test_what_is_no_list_is_refused_with_a_reason(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        grid(tmp_path, content)


def test_more_rows_than_anybody_has_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="more than"):
        grid(tmp_path, b"Name;Phone\n" + b"A;1\n" * (ROWS_MOST + 1))


def workbook(sheet: str, **more: str) -> bytes:
    """A workbook of one sheet."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", '<workbook xmlns:r="r"><sheets><sheet name="A" r:id="rId1"/></sheets></workbook>')
        book.writestr("xl/_rels/workbook.xml.rels", '<Relationships><Relationship Id="rId1" Target="worksheets/sheet7.xml"/></Relationships>')
        book.writestr("xl/worksheets/sheet7.xml", sheet)
        for name, content in more.items():
            book.writestr(f"xl/{name}.xml", content)
    return out.getvalue()


def test_a_workbook_gives_words_phones_and_dates_as_people_see_them(tmp_path: Path) -> None:
    strings = "<sst><si><t>Name</t></si><si><r><t>An</t></r><r><t>na</t></r></si></sst>"
    styles = (
        '<styleSheet><numFmts><numFmt numFmtId="170" formatCode="dd.mm.yyyy"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs></styleSheet>'
    )
    sheet = (
        '<worksheet><sheetData><row><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>Phone</t></is></c><c r="D1" t="str"><v>Birthday</v></c></row>'
        '<row><c r="A2" t="s"><v>1</v></c><c r="B2"><v>3.7491123456E10</v></c><c r="D2" s="1"><v>45000</v></c></row></sheetData></worksheet>'
    )
    found, body = grid(tmp_path, workbook(sheet, sharedStrings=strings, styles=styles))
    assert found.header == ("Name", "Phone", "#3", "Birthday")
    assert body == [("Anna", "37491123456", "", "2023-03-15")]


def test_a_workbook_with_entities_or_a_bomb_in_it_is_refused(tmp_path: Path) -> None:
    entity = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet><sheetData><row><c t="str"><v>&a;</v></c></row></sheetData></worksheet>'
    with pytest.raises(Unreadable, match="document type"):
        grid(tmp_path, workbook(entity))
    with pytest.raises(Unreadable, match="too much"):
        grid(tmp_path, workbook(" " * 410_000_000))


def test_an_old_phones_address_book_is_read(tmp_path: Path) -> None:
    cards = (
        "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=98=D0=B2=D0=B0=D0=BD=D0=BE=D0=B2=D0=B0;=D0=90=D0=\r\n=BD=D0=BD=D0=B0;;;\r\n"
        "TEL;CELL:+37491123456\r\nEND:VCARD\r\n"
        "BEGIN:VCARD\nVERSION:4.0\nFN:Aram\nitem1.TEL;VALUE=uri:tel:+37491222222\nEMAIL:aram@x\n .am\nORG:Marani\\, LLC;Dept\nPHOTO:"
        + "A" * 9000
        + "\nEND:VCARD\n"
    )
    _, body = grid(tmp_path, cards.encode())
    assert body == [("Анна Иванова", "+37491123456", "", "", "", "", ""), ("Aram", "+37491222222", "", "", "aram@x.am", "", "Marani, LLC")]


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        for head in (b"", b"BEGIN:VCARD\n", b"Name;Phone\n"):
            with suppress(Unreadable):
                grid(Path(folder), head + content)


@given(st.text(st.characters(exclude_categories=()), max_size=30))
def test_no_cell_of_ours_is_a_formula(text: str) -> None:
    shown = safe(text).encode("utf-8", "replace").decode()
    seen = shown.lstrip(" \t\r\n\xa0\ufeff\u200b")
    assert not seen.startswith(("=", "@")) or shown.startswith("'")
    assert next(csv.reader(io.StringIO(lines([[text, "x"]]), newline="")))[1:] == ["x"]


@pytest.mark.parametrize(
    ("given", "written"),
    [("+37491123456", "+37491123456"), ("-12.50", "-12.50"), ("=1+1", "'=1+1"), ("+1+1", "'+1+1"), (" \t=1", "' \t=1"), ("\xa0@x", "'\xa0@x"), ("\rx", "'\rx")],
)
def test_phones_and_numbers_stay_and_formulas_are_quoted(given: str, written: str) -> None:
    assert safe(given) == written


@pytest.mark.parametrize(
    ("title", "ours"),
    [
        ("Имя", "name"),
        ("phone_2", "phone"),
        ("mobile_1", "phone"),
        ("Հեռախոս", "phone"),
        ("ტელეფონი", "phone"),
        ("ስልክ", "phone"),
        ("сумма", "amount"),
        ("colour", ""),
    ],
)
def test_columns_are_known_in_five_languages(title: str, ours: str) -> None:
    assert known(title.casefold()) == ours


@pytest.mark.parametrize("typed", ["091 12 34 56", "+374 (91) 12-34-56", "0037491123456", "374 91 123456", "tel: 091123456", "91123456"])
def test_phones_are_read_in_many_styles(typed: str) -> None:
    assert person_of(1, [typed], ["phone"], FIRM, now=0).phones == ("+37491123456",)


def test_several_phones_in_a_cell_are_several() -> None:
    person = person_of(1, ["091123456, 091222222; nonsense"], ["phone"], FIRM, now=0)
    assert (person.phones, person.troubles) == (("+37491123456", "+37491222222"), ("phone: nonsense",))


@pytest.mark.parametrize(("text", "right"), [("2024-02-29", True), ("29.02.2023", False), ("13/13/2024", False), ("31.12.2024", True), ("soon", False)])
def test_a_day_that_is_none_is_no_day(text: str, right: bool) -> None:
    assert (day_of(text) is not None) is right


@pytest.mark.parametrize(("raw", "shown"), [("3.7491E10", "37491000000"), ("0.1", "0.1"), ("nan", "nan"), ("1E400", "1E400"), ("12", "12")])
def test_a_number_is_written_as_people_write_it(raw: str, shown: str) -> None:
    assert number_of(raw, date=False) == shown


def test_the_row_with_known_names_is_the_header() -> None:
    assert header_at([("Report", ""), ("Name", "Phone"), ("Anna", "091123456")]) == 1


async def test_a_file_that_takes_too_much_memory_or_time_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "book"
    path.write_bytes(workbook("<worksheet><sheetData>" + "<row><c t='str'><v>x</v></c></row>" * 300_000 + "</sheetData></worksheet>"))
    with pytest.raises(Unreadable):
        async with reading(path, memory=40_000_000) as table:
            async for _ in table.rows:
                pass


async def test_whoever_stops_reading_leaves_no_process_behind(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(b"Name;Phone\n" + b"Anna;091123456\n" * 50_000)
    async with reading(path) as table:
        assert await anext(table.rows) == ("Anna", "091123456")
    assert all(task is asyncio.current_task() for task in asyncio.all_tasks() if not task.done())
