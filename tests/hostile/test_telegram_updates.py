"""Telegram's updates (rows 6, 13-15): every shape is kept and counted, none speaks for a person who did not write it, none changes what stands."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from sqlalchemy import func, select

from bots.staff import updates as staff
from channels.telegram.parse import parse
from crm.base.db import Store
from crm.base.events import Edit, Event, Message, RawEvent, SessionStarted, Unknown
from crm.base.settings import Company
from crm.conversations.threads import Attachment, Conversation
from crm.conversations.threads import Message as MessageRow
from crm.inbox.log import RawEventRow, Waiting, keep
from crm.people.contacts import Identity
from crm.reports.books import check
from tests.conftest import NOON
from tests.hostile.corpus import mutants, steady, storable
from tests.hostile.front import work_off
from tests.hostile.ledger import amount, everything
from tests.hostile.test_json import texts_of

FIXTURES = {path.stem: json.loads(path.read_bytes()) for path in sorted((Path(__file__).parents[1] / "channels" / "fixtures" / "telegram").glob("*.json"))}
PERSON = {"id": 7, "first_name": "Ani", "is_bot": False}
SAID: dict[str, Any] = {"message_id": 5, "date": NOON // 1000, "chat": {**PERSON, "type": "private"}, "from": PERSON, "text": "hi"}


def raw(value: Any, key: object = 1) -> RawEvent:
    return RawEvent("telegram", str(key), "telegram:7", json.dumps(value).encode(), NOON)


def one(**more: Any) -> Event:
    """What a message means with parts of it in place of the usual ones; None takes a part away."""
    message = {name: value for name, value in {**SAID, **more}.items() if value is not None}
    [event] = parse(raw({"update_id": 1, "message": message}))
    return event


NOBODYS = {
    "a channel's post": {"channel_post": {**SAID, "chat": {"id": -100, "type": "channel", "title": "News"}}},
    "a group": {"message": {**SAID, "chat": {"id": -5, "type": "group", "title": "Us"}}},
    "an anonymous admin": {"message": {**SAID, "chat": {"id": -100, "type": "supergroup"}, "sender_chat": {"id": -100, "type": "supergroup"}}},
    "a bot": {"message": {**SAID, "from": {**PERSON, "is_bot": True}}},
    "a migration": {"message": {"message_id": 5, "date": 1, "chat": {"id": -5, "type": "group"}, "migrate_to_chat_id": -1005}},
    "a chat of no kind": {"message": {**SAID, "chat": {"id": 7}}},
    "a chat below nought": {"message": {**SAID, "chat": {"id": -7, "type": "private"}}},
    "a business account of no proper name": {"business_message": {**SAID, "business_connection_id": "x y"}},
    "our own words in a business account": {"business_message": {**SAID, "business_connection_id": "x", "sender_business_bot": {"id": 1, "is_bot": True}}},
    "a kind of tomorrow": {"thought_reading": {"user": PERSON}},
    "nothing": {},
}


@pytest.mark.parametrize("update", NOBODYS.values(), ids=NOBODYS)
def test_what_no_person_wrote_to_us_alone_speaks_for_nobody(update: dict[str, Any]) -> None:
    [event] = parse(raw({"update_id": 1, **update}))
    assert isinstance(event, Unknown)
    assert event.sender is None
    assert isinstance(staff.read(json.dumps({"update_id": 1, **update}).encode()), staff.Other | staff.Nameless)


@pytest.mark.parametrize("more", [{"forward_origin": {"type": "user", "date": 1}}, {"photo": [{"file_id": "f"}], "text": None, "caption": "/start c_x"}])
def test_a_start_that_was_not_typed_starts_nothing(more: dict[str, Any]) -> None:
    assert isinstance(one(**{"text": "/start c_" + "A" * 22, **more}), Message)


def test_an_edited_start_is_an_edit() -> None:
    [event] = parse(raw({"update_id": 1, "edited_message": {**SAID, "text": "/start c_" + "A" * 22, "edit_date": 2}}))
    assert isinstance(event, Edit)


@pytest.mark.parametrize("kind", ["dice", "game", "story", "paid_media", "invoice", "giveaway", "checklist", "gift", "never_heard_of"])
async def test_what_we_cannot_show_yet_stands_in_the_thread_by_its_name(store: Store, company: Company, kind: str) -> None:
    message = {name: value for name, value in SAID.items() if name != "text"} | {kind: {"question": "?"}}
    await store.gather(keep, [raw({"update_id": 1, "message": message})])
    await work_off(store, company)
    lines = await store.read(lambda session: session.execute(select(MessageRow.kind, MessageRow.text).where(MessageRow.author == "contact")).all())
    assert [tuple(line) for line in lines] == [("unsupported", f"[{kind}]")]


async def test_an_album_of_ten_is_one_message_with_ten_files(store: Store, company: Company) -> None:
    photos = [{**SAID, "text": None, "message_id": 50 + n, "media_group_id": "a", "photo": [{"file_id": f"f{n}", "file_size": 1}]} for n in range(10)]
    await store.gather(keep, [raw({"update_id": n, "message": photo}, n) for n, photo in enumerate(photos)])
    await work_off(store, company)
    assert await amount(store, Attachment) == 10
    assert await store.read(lambda session: session.scalar(select(func.count()).where(MessageRow.author == "contact"))) == 1


async def test_a_file_that_claims_four_gigabytes_is_only_a_claim(store: Store, company: Company) -> None:
    document = {"file_id": "f", "file_name": "../../\u202egpj.exe\x00", "mime_type": "text/html\r\nX: y", "file_size": 4 * 2**30}
    await store.gather(keep, [raw({"update_id": 1, "message": {**SAID, "text": None, "document": document}})])
    await work_off(store, company)
    [(name, mime, size)] = await store.read(lambda session: session.execute(select(Attachment.name, Attachment.mime, Attachment.size)).all())
    assert name.rstrip("\ufffd") == "gpj.exe"
    assert "\r" not in mime
    assert size == 4 * 2**30


@pytest.mark.parametrize("text", ["x" * 4097, "👍" * 4096, "a" * 4095 + "\ud83d", "\n" * 5000])
def test_a_text_longer_than_telegram_sends_is_kept_whole(text: str) -> None:
    event = one(text=text, entities=[{"type": "bold", "offset": 4095, "length": 10**9}, {"type": "bot_command", "offset": -1, "length": 1.5}, 7])
    assert isinstance(event, Message)
    assert len(event.text) == len(text)


async def test_numbers_may_run_backwards_and_each_is_taken_once(store: Store, company: Company) -> None:
    for number in (900, 3, 2, 900, 901, 3):
        await store.gather(keep, [raw({"update_id": number, "message": {**SAID, "message_id": number, "text": f"m{number}"}}, number)])
        await work_off(store, company)
    heard = await store.read(lambda session: list(session.scalars(select(MessageRow.text).where(MessageRow.author == "contact").order_by(MessageRow.id))))
    assert heard == ["m900", "m3", "m2", "m901"]


async def test_a_thousand_updates_at_once_are_a_thousand_messages(store: Store, company: Company) -> None:
    people = [{**PERSON, "id": 100 + number % 40} for number in range(1000)]
    updates = [{"update_id": n, "message": {**SAID, "message_id": n + 1, "from": who, "chat": {**who, "type": "private"}}} for n, who in enumerate(people)]
    await store.gather(keep, [RawEvent("telegram", str(n), f"telegram:{100 + n % 40}", json.dumps(update).encode(), NOON) for n, update in enumerate(updates)])
    await work_off(store, company)
    assert await amount(store, MessageRow, MessageRow.author == "contact") == 1000
    assert await amount(store, Identity) == 40


@pytest.mark.parametrize("edit", ["never seen", "somebody else's", "the same words"])
async def test_an_edit_that_concerns_no_message_of_the_sender_changes_nothing(store: Store, company: Company, edit: str) -> None:
    await store.gather(keep, [raw({"update_id": 1, "message": SAID})])
    await work_off(store, company)
    other = {**PERSON, "id": 8}
    changes: dict[str, dict[str, Any]] = {
        "never seen": {"message_id": 99, "text": "x"},
        "somebody else's": {"from": other, "chat": {**other, "type": "private"}, "text": "x"},
        "the same words": {},
    }
    before = await store.read(lambda session: [(one.id, one.text, one.edited_at) for one in session.query(MessageRow)])
    await store.gather(keep, [raw({"update_id": 2, "edited_message": {**SAID, "edit_date": NOON // 1000, **changes[edit]}}, 2)])
    await work_off(store, company)
    assert await store.read(lambda session: [(one.id, one.text, one.edited_at) for one in session.query(MessageRow)]) == before


async def test_a_membership_or_an_edit_of_a_stranger_makes_nobody(store: Store, company: Company) -> None:
    blocked = {"chat": SAID["chat"], "from": PERSON, "date": 1, "new_chat_member": {"status": "kicked", "user": {"id": 100, "is_bot": True}}}
    await store.gather(keep, [raw({"update_id": 1, "my_chat_member": blocked}), raw({"update_id": 2, "edited_message": SAID}, 2)])
    await work_off(store, company)
    assert await amount(store, Conversation) == 0
    assert await amount(store, Waiting) == 0


@steady
@given(mutants([deepcopy(update) for update in FIXTURES.values()]))
def test_a_payload_made_wrong_is_read_the_same_way_twice_and_comes_out_storable(body: bytes) -> None:
    event = RawEvent("telegram", "1", "telegram:7", body, NOON)
    first = parse(event)
    assert first == parse(event)
    assert len(first) == 1
    assert all(storable(words) for words in texts_of(first[0]))
    assert 0 <= getattr(first[0], "at", 0) <= NOON
    if isinstance(first[0], SessionStarted):
        message = json.loads(body)["message"]
        assert (message.get("text") or message.get("caption")).startswith("/start")
        assert "forward_origin" not in message


@steady
@given(mutants([deepcopy(update) for update in FIXTURES.values()]))
def test_the_staffs_reader_hears_a_person_only_in_a_private_chat(body: bytes) -> None:
    said = staff.read(body)
    if isinstance(said, staff.Text | staff.Press):
        assert said.user_id > 0
        value = json.loads(body)
        holders = [part for part in value.values() if isinstance(part, dict)]
        assert any((holder.get("chat") or (holder.get("message") or {}).get("chat") or {}).get("type") == "private" for holder in holders)


async def test_every_captured_update_and_as_many_wrong_ones_are_worked_off_with_balanced_books(store: Store, company: Company) -> None:
    wrong = [deepcopy(update) for update in FIXTURES.values()]
    for number, update in enumerate(wrong):
        for part in [part for part in update.values() if isinstance(part, dict)]:
            part.pop(sorted(part)[number % len(part)])
    bodies = [*FIXTURES.values(), *wrong]
    await store.gather(keep, [raw(body, number) for number, body in enumerate(bodies)])
    await work_off(store, company)
    assert await amount(store, RawEventRow) == len(bodies)
    assert await amount(store, Waiting) == 0
    assert (await store.read(check)).problems == ()
    before = await everything(store)
    await store.gather(keep, [raw(body, number) for number, body in enumerate(bodies)])
    await work_off(store, company)
    assert await everything(store) == before
