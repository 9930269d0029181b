"""Golden papers: what was put in can be read out of the PDF, in all five languages; what a customer is called is never read as markup."""

import asyncio
import io
from datetime import date

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.base.i18n import LANGUAGES, translator
from crm.base.pricing import Line
from crm.documents import render
from crm.documents.documents import Kind
from crm.documents.layouts import ADDRESS, BANK, INTRO, NAME, SIGNER, TAX_NUMBER, TERMS
from crm.documents.render import MEMORY, Papers, Undrawn
from crm.documents.sheet import TITLES, Facts, day_words, inked, issued, paragraphs, quantity, sheet

# Each has every letter that is hard to draw: marks inside words, capitals of their own, numerals, quotes.
WORDS = {
    "hy": ("Կաղնե սեղան՝ «Արփա»", "Ո՞րն եք ուզում, և ե՞րբ։", "Աննա Սարգսյան", "ք. Երևան, Աբովյան 12"),
    "ka": ("მუხის მაგიდა „არაგვი“", "როდის მოგიტანოთ? ᲑᲐᲗᲣᲛᲘ", "ნინო ბერიძე", "თბილისი, რუსთაველის 7"),
    "am": ("የኦክ ጠረጴዛ «አባይ»", "ሰላም፣ መቼ ይፈልጋሉ? ፳፻፲፱።", "አበበ ከበደ", "አዲስ አበባ፣ ቦሌ"),
    "ru": ("Дубовый стол «Ёлка»", "Когда привезти? Объём № 5", "Анна Щербакова", "Москва, Тверская 1"),
    "en": ("Oak table “Elm”", "When shall we bring it? – 5 %", "Ann Lee", "12 Abovyan St."),
}
CURRENCY = {"hy": "AMD", "ka": "GEL", "am": "ETB", "ru": "RUB", "en": "USD"}
SIGNS = {"hy": "֏", "ka": "₾", "am": "ብር", "ru": "₽", "en": "$"}


class Nowhere:
    """No store: what is drawn here is given."""


def paper(language: str, kind: Kind = Kind.QUOTE, **facts: object) -> dict[str, object]:
    """A document with a line, terms and particulars in one language."""
    title, said, buyer, address = WORDS[language]
    lines = (Line(title, 2_500, 120_000_00, "m", discount_bp=500, tax_bp=2000), Line(said, 1_000, 1_500_00))
    firm = {NAME: f"{title} LLC", ADDRESS: address, TAX_NUMBER: "01234567", BANK: "Bank 1570001234567890", SIGNER: buyer}
    given = {"due_on": date(2026, 12, 7), "firm": firm, "words": {INTRO: said, TERMS: said}, **facts}
    data = sheet(Facts(kind, language, CURRENCY[language], lines, "Marani", buyer, date(2026, 11, 23), **given))  # type: ignore[arg-type]
    return issued(data, "Q-2026-0001", 1, data["facts"], translator(language))


def read(made: bytes) -> str:
    """The words of a PDF with one kind of space."""
    pages = pypdf.PdfReader(io.BytesIO(made)).pages
    return " ".join("\n".join(page.extract_text() for page in pages).split())


def strings(value: object) -> list[str]:
    """Every word that was put in and is to be seen."""
    match value:
        case str():
            return [value] if value else []
        case dict():
            return [word for key, one in value.items() if key not in ("layout", "kind", "language") for word in strings(one)]
        case list():
            return [word for one in value for word in strings(one)]
    return []


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_was_put_in_can_be_read_out(language: str, kind: Kind) -> None:
    data = paper(language, kind)
    seen = read(await Papers(Nowhere()).pdf(data, 0))  # type: ignore[arg-type]
    assert [word for word in strings(data) if " ".join(word.split()) not in seen] == []
    assert SIGNS[language] in seen
    assert translator(language)(TITLES[kind]) in seen


async def test_a_draft_says_so_and_an_issued_one_has_its_number() -> None:
    drafted = sheet(Facts(Kind.QUOTE, "en", "USD", (Line("Table", 1000, 100),), "Marani", "Ann", date(2026, 11, 23)))
    made = Papers(Nowhere())  # type: ignore[arg-type]
    assert "DRAFT" in read(await made.pdf(drafted, 0))
    final = read(await made.pdf(issued(drafted, "Q-2026-0007", 2, drafted["facts"], translator("en")), 0))
    assert "DRAFT" not in final
    assert "Q-2026-0007" in final
    assert "version 2" in final


async def test_words_are_never_markup_and_layouts_come_from_the_house() -> None:
    evil = '#import "@preview/x:1.0.0" *bold* $x$ #read("/etc/passwd") <b> \\ "] ) }'
    data = paper("en", firm={NAME: evil}, words={TERMS: evil})
    assert read(await Papers(Nowhere()).pdf(data, 0)).count('#read("/etc/passwd")') == 3  # type: ignore[arg-type]
    for layout in ("../worker", "/etc/passwd", "nothing", "../layouts/paper1"):
        with pytest.raises(Undrawn, match="no such layout"):
            await Papers(Nowhere()).pdf({**data, "layout": layout}, 0)  # type: ignore[arg-type]


async def test_the_same_words_give_the_same_bytes_and_a_picture_tells_its_pages() -> None:
    made, data = Papers(Nowhere()), paper("hy")  # type: ignore[arg-type]
    assert await made.pdf(data, 1_000) == await made.pdf(data, 1_000)
    lines = tuple(Line(f"Thing {number}", 1000, 100_00) for number in range(80))
    long = await made.picture(sheet(Facts(Kind.ACT, "en", "USD", lines, "Marani", "Ann", date(2026, 11, 23))))
    assert long.made.startswith(b"\x89PNG")
    assert long.pages == 3
    assert (await made.picture(data)).pages == 1


async def test_a_process_without_room_harms_nobody() -> None:
    with pytest.raises(Undrawn):
        await Papers(Nowhere(), memory=MEMORY // 32).pdf(paper("en"), 0)  # type: ignore[arg-type]


def test_quantities_and_paragraphs_are_said_as_people_write_them() -> None:
    assert [quantity("en", one) for one in (1000, 2500, 125, 1_000_000)] == ["1", "2.5", "0.125", "1000"]
    assert quantity("ru", 2500) == "2,5"
    assert day_words(date(2026, 9, 11), "am") == "11 ሴፕቴምበር 2026 (1 መስከረም 2019)"
    assert paragraphs("One 🚚\n\n  Two\u202e \n🚚\n№ 5") == ["One", "Two", "№ 5"]
    assert render.ROOT.joinpath("crm").is_dir()


@settings(max_examples=20)
@given(st.text(max_size=120), st.text(max_size=400))
def test_whatever_people_write_is_drawn(name: str, said: str) -> None:
    data = paper("hy", firm={NAME: name, ADDRESS: said, BANK: said}, words={INTRO: said, TERMS: said})
    assert asyncio.run(Papers(Nowhere()).pdf(data, 0)).startswith(b"%PDF")  # type: ignore[arg-type]


def test_a_word_without_an_end_may_be_broken() -> None:
    assert inked("x" * 60).split("\u200b") == ["x" * 16, "x" * 16, "x" * 16, "x" * 12]
    assert inked("\x07Oak\ntable \ud800🚚 № 5") == "Oak table № 5"
