"""JSON (rows 7-12): what no parser reads alike is refused on our own doors and set aside from platforms; what is odd but genuine is stored alike everywhere."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.staff import updates as staff
from channels.form import Form, FormOptions
from channels.http import strict_json
from channels.telegram.parse import parse as parse_telegram
from channels.webchat.frames import read_frame
from channels.webchat.raw import parse_raw
from crm.base.db import Store
from crm.base.errors import Invalid
from crm.base.events import Event, Message, RawEvent, Unknown
from crm.base.settings import Company
from crm.base.tallies import Count, Tally
from crm.base.time import DAY
from crm.conversations.threads import Message as MessageRow
from crm.inbox.log import RawBody, RawEventRow, Waiting, keep
from crm.reports.books import check
from tests.conftest import NOON
from tests.hostile.corpus import BROKEN, TEXTS, anything, json_values, steady, storable
from tests.hostile.front import parse, work_off
from tests.hostile.ledger import amount, everything

READERS = {"telegram": parse_telegram, "webchat": parse_raw, "form": Form(FormOptions(), lambda *_: None).parse}  # type: ignore[arg-type]
SPECIAL = ["a lone \\ud800 half", "\\udc00\\ud83d", "nul \\u0000 inside", "\\ud83d\\ude00"]


def raw(body: bytes, account: str = "telegram", key: str = "1") -> RawEvent:
    return RawEvent(account, key, f"{account}:1", body, NOON)


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("account", READERS)
def test_what_a_platform_cannot_have_meant_is_set_aside_and_never_raises(account: str, body: bytes) -> None:
    [event] = READERS[account](raw(body, account))
    assert isinstance(event, Unknown)
    assert event.sender is None


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_our_own_doors_refuse_it(body: bytes) -> None:
    with pytest.raises(Invalid):
        strict_json(body, depth=3)
    with pytest.raises(Invalid):
        read_frame(body.decode("utf-8", "surrogateescape"))


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_the_staffs_reader_hears_nobody_in_it(body: bytes) -> None:
    assert isinstance(staff.read(body), staff.Other)


@pytest.mark.parametrize("name", ["__proto__", "constructor", "toString", "$ne", "role", "is_bot", "contact_id"])
def test_a_field_nobody_asked_for_is_refused_where_it_is_ours(name: str) -> None:
    for frame in ({"type": "say", "id": "word-000001", "text": "a", name: "x"}, {"type": "hello", name: {"a": 1}}, {"type": "open", name: 1}):
        with pytest.raises(Invalid):
            read_frame(json.dumps(frame))


def update(**more: Any) -> bytes:
    """A message as Telegram sends it, with parts of it in place of the usual ones."""
    person = {"id": 7, "first_name": "Ani", "is_bot": False}
    message = {"message_id": 5, "date": NOON // 1000, "chat": {**person, "type": "private"}, "from": person, "text": "hi"}
    return json.dumps({"update_id": 1, "message": {**message, **more}}).encode()


NUMBERS = [2**63, -(2**63) - 1, 2**64, -1, 0, 1.5, True, "1e9", "7", {"$ne": 1}, [7], None, 10**18, -0.0]


@pytest.mark.parametrize("number", NUMBERS, ids=repr)
@pytest.mark.parametrize("where", ["message_id", "date", "chat", "from"])
async def test_no_number_escapes_its_type(store: Store, company: Company, where: str, number: Any) -> None:
    value = {"id": number, "type": "private", "first_name": "Ani", "is_bot": False} if where in ("chat", "from") else number
    await store.gather(keep, [raw(update(**{where: value}))])
    await work_off(store, company)
    assert await amount(store, Waiting) == 0
    for at in await store.read(lambda session: [(one.at, one.sent_at) for one in session.query(MessageRow)]):
        assert at[0] == NOON
        assert 0 <= at[1] <= NOON + 86_400_000


INSTANTS = [0, -1, 10**18, 253_402_300_799, 253_402_300_800, 2_524_608_000, 1.5, "2050-01-01", NOON // 1000 + 1]


@pytest.mark.parametrize("instant", INSTANTS, ids=repr)
def test_an_instant_that_cannot_be_is_the_one_of_receipt(instant: Any) -> None:
    [event] = parse_telegram(raw(update(date=instant)))
    assert isinstance(event, Message)
    assert event.at == NOON
    assert staff.read(update(date=instant))


@pytest.mark.parametrize("text", SPECIAL)
async def test_half_characters_and_nul_are_marks_in_the_text_and_whole_in_the_bytes(store: Store, company: Company, text: str) -> None:
    body = update().replace(b'"hi"', f'"{text}"'.encode())
    await store.gather(keep, [raw(body)])
    await work_off(store, company)
    [kept] = await store.read(lambda session: [one.text for one in session.query(MessageRow).filter_by(author="contact")])
    assert storable(kept)
    assert await store.read(lambda session: session.query(RawBody).one().body) == body


async def test_what_cannot_be_read_is_kept_parked_and_concerns_nobody(store: Store, company: Company) -> None:
    for number, body in enumerate(BROKEN.values()):
        for account in READERS:
            await store.gather(keep, [RawEvent(account, str(number), f"{account}:{number}", body, NOON)])
    for tries in range(6):
        await work_off(store, company, now=NOON + tries * DAY)
    assert await amount(store, MessageRow) == 0
    assert await amount(store, Waiting, Waiting.parked == 1) == await amount(store, RawEventRow) == len(BROKEN) * len(READERS)
    assert set(await store.read(lambda s: [one.body for one in s.query(RawBody)])) == set(BROKEN.values())
    assert (await store.read(check)).problems == ()


async def test_a_second_body_under_the_same_key_never_takes_the_place_of_the_first(store: Store, company: Company) -> None:
    await store.gather(keep, [raw(update(text="the first"))])
    await work_off(store, company)
    before = await everything(store)
    await store.gather(keep, [raw(update(text="the second"))])
    await work_off(store, company)
    assert await everything(store) == before
    assert await amount(store, Tally, Tally.kind == Count.CONFLICT.value) == 1


@steady
@given(json_values())
def test_any_json_is_read_by_every_reader_and_comes_out_storable(value: Any) -> None:
    for account, reader in READERS.items():
        event = raw(json.dumps(value).encode(), account)
        first, again = reader(event), reader(event)
        assert list(first) == list(again)
        assert all(storable(text) for one in first for text in texts_of(one))


@steady
@given(st.binary(max_size=300))
def test_any_bytes_are_read_by_every_reader(body: bytes) -> None:
    for account, reader in READERS.items():
        assert reader(raw(body, account))


@steady
@given(anything(), anything(20))
def test_strict_json_gives_what_was_written_or_refuses(text: str, name: str) -> None:
    assert strict_json(json.dumps({name: text})) == json.loads(json.dumps({name: text}))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_hostile_text_passes_each_reader(text: str) -> None:
    body = {"v": 1, "visitor": "w" + "a" * 32, "at": NOON, "id": text, "kind": "say", "text": text, "source": {"page": text}, "language": text}
    for one in (*parse(raw(update(text=text, caption=text))), *parse(raw(json.dumps(body).encode(), "webchat"))):
        assert all(storable(words) for words in texts_of(one))


def texts_of(event: Event) -> list[str]:
    """Every text inside an event, however deep."""
    found: list[str] = []
    waiting: list[Any] = [event]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, tuple | list):
            waiting += list(one)
        elif hasattr(one, "__dataclass_fields__"):
            waiting += [getattr(one, name) for name in one.__dataclass_fields__]
    return found
