"""The same hostile corpus leaves the same rows, however it is batched and whichever engine keeps it."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from crm.base.db import Store
from crm.base.events import RawEvent
from crm.base.settings import Company
from crm.inbox.log import keep
from crm.reports.books import check
from tests.conftest import NOON
from tests.hostile.corpus import BROKEN, TEXTS, XSS
from tests.hostile.front import work_off
from tests.hostile.ledger import business
from tests.hostile.test_telegram_updates import FIXTURES, SAID

Rows = dict[str, list[dict[str, Any]]]
YES = {"v": 1, "at": NOON, "kind": "press", "value": "offers:yes", "label": "Yes", "message": "1"}


def telegram(number: int, who: int, text: str, **more: Any) -> RawEvent:
    """A message of one of a few people."""
    person = {**SAID["from"], "id": who, "first_name": text[:80]}
    message = {**SAID, "message_id": number, "from": person, "chat": {**person, "type": "private"}, "text": text, **more}
    return RawEvent("telegram", f"t{number}", f"telegram:{who}", json.dumps({"update_id": number, "message": message}).encode(), NOON + number)


def widget(number: int, who: str, **body: Any) -> RawEvent:
    """A deed of a visitor."""
    told = {"v": 1, "visitor": who, "at": NOON, "id": f"w{number}", **body}
    return RawEvent("webchat", f"{who}:{number}", f"webchat:{who}", json.dumps(told).encode(), NOON + number)


def form(number: int, fields: dict[str, str]) -> RawEvent:
    """A form that was sent."""
    ours = f"f{number:040d}"
    return RawEvent("form", ours, f"form:{ours}", json.dumps({"v": 1, "id": ours, "at": NOON, "fields": fields}).encode(), NOON + number)


def corpus() -> Iterator[RawEvent]:
    """Everything hostile, on every channel, from people who come again and from strangers."""
    for number, text in enumerate((*TEXTS.values(), *XSS)):
        yield telegram(1000 + number, 100 + number % 7, text)
        yield telegram(1000 + number, 100 + number % 7, text)
        yield telegram(2000 + number, 500 + number, text, contact={"phone_number": text, "user_id": 500 + number, "first_name": text})
        yield widget(number, f"w{number % 5:032d}", kind="say", text=text, source={"page": text, "utm_source": text}, language=text)
        yield widget(3000 + number, f"w{number % 5:032d}", kind="press", value=text, label=text)
        yield form(number, dict.fromkeys(("name", "phone", "email", "text", "offers_text", "referrer", "size"), text) | {"offers": "yes"})
    for number, body in enumerate(BROKEN.values()):
        yield from (RawEvent(account, f"b{number}", f"{account}:b{number}", body, NOON) for account in ("telegram", "webchat", "form"))
    for number, update in enumerate(FIXTURES.values()):
        yield RawEvent("telegram", f"x{number}", f"telegram:x{number}", json.dumps(deepcopy(update)).encode(), NOON + number)
    for number, text in enumerate(("stop", "I need a lamp", "Ani", "099 123456", "yes", "stop", "/start c_" + "A" * 22, "stop")):
        yield telegram(5000 + number, 100 + number % 2, text)
        yield widget(5000 + number, f"w{number % 5:032d}", kind="say", text=text)
        yield widget(6000 + number, f"w{number % 5:032d}", kind="open")


async def run(store: Store, company: Company, *, kept: int, worked: int) -> Rows:
    """The corpus through a store, kept and worked off so many at a time; every row of the business it leaves."""
    events = list(corpus())
    for first in range(0, len(events), kept):
        await store.gather(keep, events[first : first + kept])
        if worked == 1:
            await work_off(store, company, limit=worked)
    await work_off(store, company, limit=worked)
    assert (await store.read(check)).problems == ()
    return await store.read(business)


def apart(one: Rows, other: Rows) -> list[str]:
    """Where two runs differ, in a few lines."""
    found = []
    for table, rows in one.items():
        ours, theirs = [json.dumps(row, sort_keys=True, default=str) for row in rows], [json.dumps(row, sort_keys=True, default=str) for row in other[table]]
        found += [f"{table}: only there {row[:400]}" for row in ours if row not in theirs][:3]
        found += [f"{table}: only here {row[:400]}" for row in theirs if row not in ours][:3]
    return found


async def test_batches_do_not_change_what_becomes_of_anything(store: Store, second_store: Store, company: Company) -> None:
    """`store` is of the engine under test and works in batches; the other is SQLite, one event at a time."""
    whole = await run(store, company, kept=100_000, worked=200)
    singly = await run(second_store, company, kept=20, worked=1)
    assert apart(whole, singly) == []
    assert len(whole["messages"]) > 400


async def test_the_corpus_again_changes_nothing(store: Store, company: Company) -> None:
    first = await run(store, company, kept=50, worked=7)
    assert apart(first, await run(store, company, kept=13, worked=200)) == []
