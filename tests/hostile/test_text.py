"""Text (rows 37, 38): forgers' marks are taken out of names, nothing is cut inside a letter, and what is long is kept whole or refused by name."""

import logging
import unicodedata

import pytest
from hypothesis import given

from bots.staff.words import line_html, name_html
from crm.base.db import Store
from crm.base.i18n import translator
from crm.base.outbound import Limits, Say
from crm.base.settings import Company
from crm.base.text import clean, clean_name, cut, cut_utf16, escape_html, fold, heard_language, is_person, is_stop, name_in, plain, utf16_length
from crm.conversations.talk import PREVIEW, reply
from crm.conversations.threads import Conversation, Message
from crm.inbox.plan import TEXT_MOST
from crm.outbox.fit import fit
from crm.reports.words import plain_name
from crm.sales.leads import Lead
from tests.conftest import NOON
from tests.crm.fake import hear, hire, said
from tests.hostile.corpus import TEXTS, anything, steady, storable

FORGED = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u200b\ufeff\U000e0041\x1b\x07"
JOINED = {
    "a family": "👩‍👩‍👧‍👦",
    "a flag": "🇦🇲",
    "a skin": "👍🏾",
    "a letter with a mark": "e\u0301",
    "a keycap": "1\ufe0f\u20e3",
    "a flag of a country's part": "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
    "a heart": "❤\ufe0f\u200d🔥",
    "an Amharic syllable": "ሀ\u135f",
    "a syllable of Hangul parts": "\u1112\u1161\u11ab",
    "a line's end": "\r\n",
}


@pytest.mark.parametrize("letter", JOINED.values(), ids=JOINED)
def test_no_letter_is_cut_in_two(letter: str) -> None:
    text = f"{letter}" * 8
    whole = {letter * number for number in range(9)}
    for most in range(len(text) + 2):
        assert cut(text, most) in whole
    for most in range(utf16_length(text) + 2):
        assert cut_utf16(text, most) in whole


@pytest.mark.parametrize("letter", JOINED.values(), ids=JOINED)
async def test_a_preview_and_a_leads_first_words_end_between_letters(store: Store, company: Company, letter: str) -> None:
    pad = "x" * (PREVIEW - 1)
    await hear(store, company, said(1, "ann", pad + letter * 300))
    rep = await hire(store)
    preview, first, number = await store.read(
        lambda s: (s.query(Conversation).one().preview, s.query(Lead).one().first_message, s.query(Conversation).one().id)
    )
    assert preview in (pad, pad + letter) or not preview.startswith(pad)
    assert first.removeprefix(pad) == letter * (len(first.removeprefix(pad)) // len(letter))
    await store.write(lambda s: reply(s, rep, number, pad + letter * 3, once="r1", now=NOON))
    assert await store.read(lambda s: s.query(Conversation).one().preview) in (pad, pad + letter)


def test_a_pile_of_marks_is_cut_all_the_same() -> None:
    assert len(cut("a" + "\u0301" * 5000, 100)) == 100


@pytest.mark.parametrize(
    "text", ["\u3164", "\u115f\u1160", "\u2800\u2800", "\u00ad", "\u034f", "\u180e", "\ufff9\ufffb", "\uffa0", "\u200b\u2060", "\u17b4", "\u206a"]
)
def test_a_name_that_nobody_sees_is_no_name(text: str) -> None:
    assert clean_name(text) == ""
    assert clean_name(f"A{text}ni") in ("Ani", "A ni")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_name_is_one_short_line_that_turns_nothing_around(text: str) -> None:
    name = clean_name(text)
    assert len(name) <= 100
    assert not set(name) & set(FORGED)
    assert "\n" not in name
    assert not any(unicodedata.category(mark) in {"Cc", "Cs", "Zl", "Zp"} for mark in name)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_name_on_a_card_is_escaped_and_stands_by_itself(text: str) -> None:
    tr = translator("en")
    shown = name_html(tr, text)
    assert "<b>" not in shown.replace("<b>", "", 0) or "&lt;b&gt;" in shown
    assert shown.count("\u2068") == shown.count("\u2069") <= 1
    assert plain_name(tr, text).count("\u2068") == plain_name(tr, text).count("\u2069") <= 1
    assert "<b>" not in line_html(text, 300)


@pytest.mark.parametrize("text", ["x" * 1_000_000, "\n" * 1_000_000, " " * 1_000_000, "👩‍👩‍👧‍👦" * 100_000, "a" + "\u0301" * 1_000_000, "\u202e" * 500_000])
async def test_a_megabyte_of_anything_is_kept_up_to_the_most_and_answered(store: Store, company: Company, text: str) -> None:
    await hear(store, company, said(1, "ann", text), said(2, "bob", "And a plain question"))
    kept = await store.read(lambda s: [one.text for one in s.query(Message).filter_by(author="contact").order_by(Message.id)])
    assert len(kept) == 2
    assert len(kept[0]) <= TEXT_MOST
    assert text.startswith(kept[0])
    assert kept[1] == "And a plain question"


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\n", "\u3164", "👍", "⁉️", "\x00"])
async def test_a_message_of_next_to_nothing_is_still_a_message(store: Store, company: Company, text: str) -> None:
    await hear(store, company, said(1, "ann", text))
    assert await store.read(lambda s: s.query(Message).filter_by(author="contact").count()) == 1


@pytest.mark.parametrize("text", ["ST\u200bOP", "S\u0422OP", "stop stop stop please stop", "\u202epots", "s t o p", "STOP\x00x"])
def test_what_only_looks_like_stop_is_read_as_it_is_typed(text: str) -> None:
    assert isinstance(is_stop(text), bool)
    assert is_stop("STOP")
    assert is_stop("  stop!!! ")


def test_what_a_customer_types_is_one_line_of_the_log_at_most(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for text in TEXTS.values():
            name_in(text), is_person(text), heard_language(text), fold(text)
    assert caplog.records == []


@steady
@given(anything(400))
def test_any_text_is_folded_stripped_and_read_without_an_error(text: str) -> None:
    for read in (fold, plain, name_in, heard_language, clean_name, escape_html, clean):
        assert isinstance(read(text), str)
    assert storable(clean(text))
    assert clean(clean(text)) == clean(text)
    assert clean_name(clean_name(text)) == clean_name(text)


@steady
@given(anything(400))
def test_any_text_is_split_into_parts_that_fit_and_loses_only_white_space(text: str) -> None:
    parts = fit(Say(text), Limits(text=40))
    assert all(utf16_length(part.text) <= 40 for part in parts)
    assert "".join("".join(part.text.split()) for part in parts) == "".join(text.split())


@steady
@given(anything(300))
def test_escaping_leaves_no_markup_and_cutting_before_it_breaks_no_entity(text: str) -> None:
    shown = escape_html(cut(text, 50))
    assert "<" not in shown
    assert ">" not in shown
    assert shown.count("&") == shown.count("&amp;") + shown.count("&lt;") + shown.count("&gt;")
