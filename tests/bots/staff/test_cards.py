"""Cards: pure; every state, every language, names that try to break them."""

import html
import re
from dataclasses import replace

import pytest

from bots.staff import cards, menus
from bots.staff.commands import grouped, known_to
from bots.staff.posts import Key
from bots.staff.visit import Group
from bots.staff.words import sorry
from crm.base import errors
from crm.base.actors import Rep, Role
from crm.base.i18n import LANGUAGES, translator
from crm.base.outbound import Reason
from crm.base.settings import Company
from crm.base.text import utf16_length
from crm.conversations.desk import Listed
from crm.conversations.threads import Author
from crm.outbox.deliveries import State
from crm.reports.thread import Line, Remark, Thread
from crm.reports.words import short_source, why
from tests.conftest import NOON

RUBEN = Rep(1, Role.REP, "Ruben", "en", "77")
MARIAM = Rep(2, Role.MANAGER, "Mariam", "en", "78")
SAID = Line(30, Author.CONTACT, "message", "", "Do you have red wine?", NOON)
PLAIN = Thread(7, "telegram", "Telegram", "Ann Lee", "ann", "fair", "ka", waiting_since=NOON, lines=(SAID,), last_heard_id=30, lead_status="new", need="wine")
HOSTILE = ["<b>x</b>&amp;", "\u202egnp.exe", "a\u0301" * 1000, "\x1b[31mred", "{name}{0}", "\u2069\u2069out", "_*[`", "👩‍👩‍👧" * 100, "\U000e0041", " ", ""]


def labels(sight: Thread, reader: Rep) -> list[str]:
    return [key.label for row in cards.keys(sight, reader) for key in row]


def visible(text: str) -> str:
    return html.unescape(re.sub(r"</?b>", "", text))


def test_a_card_says_who_where_from_and_what(company: Company) -> None:
    sight = replace(PLAIN, phone="+37410", notes=(Remark(1, "Mariam", "Pays late", NOON),), reply_state=State.SENT)
    text = cards.card(sight, RUBEN, company, NOON).text
    for words in ("Ann Lee", "@ann", "Telegram · ქართული", "fair", "Waits for an answer", "Need: ", "+37410", "Pays late", "today 16:00", "red wine", "sent ✓"):
        assert words in text


@pytest.mark.parametrize(
    ("changes", "reader", "expected"),
    [
        ({}, RUBEN, ["💼 Deal", "⋯ More", "Take", "Note", "📌 Task", "Later", "Close", "Block"]),
        ({"holder_id": 1}, RUBEN, ["💼 Deal", "⋯ More", "Hand back", "Note", "📌 Task", "Later", "Close", "Block"]),
        ({"holder_id": 9}, RUBEN, []),
        ({"holder_id": 9}, MARIAM, ["Take over"]),
        ({"status": "closed"}, RUBEN, ["💼 Deal", "⋯ More", "Reopen", "Note", "📌 Task"]),
        ({"blocked": True}, RUBEN, ["Unblock"]),
        ({"status": "snoozed"}, RUBEN, ["💼 Deal", "⋯ More", "Take", "Note", "📌 Task", "Later", "Close", "Block"]),
    ],
)
def test_buttons_follow_the_state_and_the_role(changes: dict[str, object], reader: Rep, expected: list[str]) -> None:
    assert labels(replace(PLAIN, **changes), reader) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("state", list(State))
def test_every_state_of_our_answer_has_words(state: State, company: Company) -> None:
    sight = replace(PLAIN, reply_state=state, reply_detail="blocked: bot was blocked")
    text = cards.card(sight, RUBEN, company, NOON).text
    assert "Our last answer: " in text
    assert ("has blocked us" in text) == (state is State.FAILED)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": status, "holder_id": holder, "blocked": blocked, "reachable": False, "person_called": True}
        for status in ("open", "snoozed", "closed")
        for holder in (None, 1, 9)
        for blocked in (False, True)
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_card_of_any_state_is_drawn_in_any_language(changes: dict[str, object], language: str, company: Company) -> None:
    reader = replace(MARIAM, language=language)
    post = cards.card(replace(PLAIN, **changes), reader, company, NOON)  # type: ignore[arg-type]
    assert post.text
    assert all(len(key.label) <= 24 for row in post.keys for key in row)
    assert sum(len(row) for row in post.keys) <= 8


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_a_name(name: str, company: Company) -> None:
    text = cards.card(replace(PLAIN, name=name, need=name, lines=(replace(SAID, text=name),)), RUBEN, company, NOON).text
    assert set(re.findall(r"<[^>]*>", text)) <= {"<b>", "</b>"}
    shown = visible(text)
    assert shown.count("\u2068") == shown.count("\u2069")
    assert not re.search("[\u202a-\u202e\x00-\x08\x1b]", shown)


@pytest.mark.parametrize("words", ["&" * 5000, "👩‍👩‍👧" * 2000, "wine " * 3000])
def test_the_longest_card_is_one_message(words: str, company: Company) -> None:
    line = replace(SAID, text=words)
    notes = (Remark(1, words, words, NOON),) * 3
    sight = replace(PLAIN, name=words, username=words, source=words, need=words, notes=notes, lines=(line,) * 5)
    post = cards.card(sight, RUBEN, company, NOON)
    assert utf16_length(post.text) <= 4096
    assert "Waits for an answer" in post.text


def test_a_colleagues_card_tells_only_who_has_it(company: Company) -> None:
    text = cards.card(replace(PLAIN, holder_id=9, holder="Ruben"), MARIAM, company, NOON).text
    assert "Taken by \u2068Ruben\u2069" in text
    assert "red wine" not in text


@pytest.mark.parametrize("kind", ["press", "contact", "start", "form", "unsupported", "lost", "message"])
def test_every_kind_of_line_has_words(kind: str) -> None:
    assert cards.content(replace(SAID, kind=kind, kinds=("photo",)), translator("en"), 100).startswith("[photo] ")


def test_a_source_is_told_in_a_few_words() -> None:
    assert short_source('{"payload": "fair", "utm_source": "ig", "utm_campaign": "may", "referrer": "https://a.am/x?y"}') == "fair · ig/may · a.am"
    assert short_source("") == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_and_every_reason_has_words(language: str) -> None:
    tr = translator(language)
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, errors.DragomanError):
            assert sorry(tr, kind("Ruben"))
    assert len({why(tr, f"{reason}: x") for reason in Reason}) == len(Reason)


@pytest.mark.parametrize("role", Role)
def test_no_menu_has_more_than_eight_buttons_and_every_command_is_in_one(role: Role) -> None:
    tr, groups = translator("en"), grouped(role)
    pages = [menus.main_menu(tr, groups)]
    pages += [menus.group_menu(tr, names, group, page) for group, names in groups.items() for page in range(len(menus.pages(names)))]
    keys: list[Key] = [key for page in pages for row in page for key in row]
    assert all(sum(len(row) for row in page) <= 8 for page in pages)
    assert {key.intent.detail for key in keys if key.intent and key.intent.action == "command"} == {one.name for one in known_to(role)} - {"start"}


@pytest.mark.parametrize("count", [1, 7, 8, 13, 14, 30])
def test_a_long_group_goes_on_on_further_pages(count: int) -> None:
    names = [f"c{number}" for number in range(count)]
    pages = [menus.group_menu(translator("en"), names, Group.SELL, page) for page in range(len(menus.pages(names)))]
    keys: list[Key] = [key for page in pages for row in page for key in row]
    assert all(sum(len(row) for row in page) <= 8 for page in pages)
    assert [key.intent.detail for key in keys if key.intent and key.intent.action == "command"] == names


def test_an_inbox_line_says_who_and_how_long() -> None:
    row = Listed(7, "Ann <Lee>", "", NOON - 3_600_000, NOON, None, "", 0)
    assert menus.label_of(translator("en"), row, NOON) == "🔴 \u2068Ann <Lee>\u2069 · 1 h"
