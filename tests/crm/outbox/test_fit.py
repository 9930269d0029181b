"""Fitting: nothing is lost, nothing is too long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.base.events import MediaKind
from crm.base.outbound import Button, Edit, Limits, Media, Say, Unit
from crm.base.text import utf16_length
from crm.outbox.fit import MEASURES, fit, fit_edit, split
from crm.outbox.payload import pack, unpack

PHOTO = Media(1, MediaKind.PHOTO, "p.jpg", "image/jpeg", 10)
BUTTONS = ((Button("Yes", "yes"), Button("Site", url="https://a.example")), (Button("Phone", ask="phone"),))


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(5, 60))
def test_a_split_text_loses_only_white_space(text: str, most: int) -> None:
    pieces = split(text, most)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(utf16_length(piece) <= most for piece in pieces)


def test_a_text_is_cut_between_words() -> None:
    assert split("one two three four", 10) == ["one two", "three four"]


def test_an_emoji_is_never_cut_in_half() -> None:
    assert split("😀" * 5, 5) == ["😀😀", "😀😀", "😀"]


def test_a_caption_that_is_too_long_becomes_a_text_of_its_own() -> None:
    parts = fit(Say("word " * 300, PHOTO, BUTTONS), Limits(media=frozenset(MediaKind), media_size=100))
    assert [bool(part.media) for part in parts] == [True, False]
    assert parts[0].buttons == ()
    assert parts[-1].buttons == BUTTONS


def test_a_file_a_channel_cannot_carry_becomes_its_name() -> None:
    [part] = fit(Say("look", PHOTO), Limits())
    assert part == Say("look\n[p.jpg]")


def test_an_edit_stays_one_message() -> None:
    assert fit_edit(Edit("1", "x" * 5000), Limits()).text == "x" * 4095 + "…"


@given(st.text(st.characters(exclude_categories=["Cs"])), st.booleans())
def test_what_is_packed_is_unpacked(text: str, html: bool) -> None:
    for outbound in (Say(text, PHOTO, BUTTONS, "7", html), Say(text), Edit("7", text, BUTTONS, html, True)):
        assert unpack(pack(outbound)) == outbound


def test_a_channel_that_takes_no_text_does_not_hang_the_splitter() -> None:
    assert split("a b", 0)


@pytest.mark.parametrize("unit", list(Unit))
@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400), most=st.integers(4, 60))
def test_in_any_unit_nothing_but_white_space_is_lost_and_every_part_fits(unit: Unit, text: str, most: int) -> None:
    most = max(1, most // 10) if unit is Unit.SMS else most
    length, _ = MEASURES[unit]
    parts = split(text, most, unit)
    assert all(length(part) <= most for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_georgian_takes_three_bytes_a_letter() -> None:
    parts = fit(Say("გამარჯობა " * 60), Limits(text=1000, unit=Unit.BYTES))
    assert len(parts) == 2
    assert all(len(part.text.encode()) <= 1000 for part in parts)


def test_where_there_are_no_buttons_choices_are_numbers_and_links_are_links() -> None:
    buttons = ((Button("Yes", "offers:yes"), Button("No", "offers:no")), (Button("Shop", url="https://shop.example"),))
    [part] = fit(Say("May we write?", buttons=buttons), Limits(buttons=0))
    assert part.text == "May we write?\n1. Yes\n2. No\nShop: https://shop.example"
    assert part.buttons == ()
