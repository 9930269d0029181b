"""An export of everything: sheets of all that people work with, without formulas and without anybody who is there to practise on."""

import csv
import io
import json
import zipfile
from collections.abc import Mapping

from sqlalchemy import select, update

from crm.base.actors import System
from crm.base.db import Session
from crm.base.rows import add_new, take_ids
from crm.base.table import Base
from crm.documents.documents import Document
from crm.exchange import exports
from crm.exchange.sheets import MASKED, SHEETS, UNREAD, cell
from crm.inbox import practising
from crm.people.contacts import Contact
from crm.people.sight import EVERYTHING, Sight
from crm.people.steps import What
from crm.people.tags import Tag
from crm.projects.projects import Project
from crm.sales.deals import NewDeal, add_deal
from crm.sales.orders import Line, NewOrder, add_order
from crm.sales.payments import Due, Money, claim
from crm.sales.pipelines import Pipeline, found_pipeline
from tests.conftest import NOON
from tests.crm.exchange.stand import Stand
from tests.crm.exchange.test_erasure import made, sure
from tests.crm.exchange.test_forgotten import second
from tests.crm.fake import hear, said, settle

EVIL, PHONE, NOBODY = "=HYPERLINK(1)", "+37491700711", "Anna (to practise with)"
MACHINE = System("test")


async def worked(stand: Stand) -> None:
    """A customer whose every thing is called by a formula with a phone in it."""
    await hear(stand.store, stand.company, said(1, "ann"))
    words = f"{EVIL} {PHONE}"

    def deed(session: Session) -> None:
        contact = session.scalars(select(Contact.id)).one()
        found_pipeline(session, "en", now=NOON)
        deal = add_deal(session, MACHINE, NewDeal(contact, words, "AMD", rep_id=None), "en", now=NOON)
        session.flush()
        order = add_order(session, MACHINE, NewOrder(contact, (Line(words, 2500, quantity_m=1250),), "AMD", deal_id=deal.id), "UTC", now=NOON)
        claim(session, MACHINE, Due(order), Money(10050, "AMD", NOON, reference=words), once="claim", now=NOON)
        tag, project, paper = take_ids(session, 3)
        add_new(session, Tag, [{"id": tag, "contact_id": contact, "word": words, "at": NOON}])
        row = {"deal_id": deal.id, "contact_id": contact, "title": words, "started_at": NOON, "due_at": NOON, "touched_at": NOON}
        add_new(session, Project, [{"id": project, **row}])
        told = {"kind": "quote", "contact_id": contact, "deal_id": deal.id, "language": "en", "currency": "AMD", "total": 123456, "data": '{"buyer": "x"}'}
        add_new(session, Document, [{"id": paper, "number": "Q-1", "state": "issued", **told, "created_at": NOON}])

    await stand.store.write(deed)


async def exported(stand: Stand, *, points: bool = True) -> Mapping[str, str]:
    """The files of an export by their names."""
    actor = stand.who if points else await second(stand, points=False)
    await sure(stand, What.EXPORT)
    await stand.store.write(lambda session: exports.ask(session, actor, now=stand.now))
    await stand.work()
    with zipfile.ZipFile(await made(stand)) as book:
        return {name: book.read(name).decode("utf-8-sig") for name in book.namelist()}


def sheet(book: Mapping[str, str], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(book[f"{name}.csv"])))


async def test_everything_that_people_work_with_has_a_sheet_without_a_formula(stand: Stand) -> None:
    await worked(stand)
    book = await exported(stand)
    assert {f"{name}.csv" for name in SHEETS} <= set(book)
    for name, column in (("deals", "title"), ("orders", ""), ("order_lines", "title"), ("payments", "reference"), ("projects", "title"), ("tags", "word")):
        [row] = sheet(book, name)
        assert not column or row[column] == f"'{EVIL} {PHONE}"
    [paper], [line], [payment] = (sheet(book, name) for name in ("documents", "order_lines", "payments"))
    assert (paper["number"], paper["total"], "data" in paper) == ("Q-1", "1234.56", False)
    assert (line["quantity_m"], payment["amount"]) == ("1.250", "100.50")
    for name in SHEETS:
        for row in sheet(book, name):
            assert not [value for value in row.values() if value.startswith(("=", "@"))]


async def test_the_sheet_of_pipelines_says_for_whom_each_is(stand: Stand) -> None:
    await stand.store.write(lambda session: found_pipeline(session, "en", now=NOON))
    await stand.store.write(lambda session: session.execute(update(Pipeline).values(kind="supplier")) and None)
    [row] = sheet(await exported(stand), "pipelines")
    assert row["kind"] == "supplier"


async def test_the_further_sheets_hold_no_phone_where_points_are_masked(stand: Stand) -> None:
    await worked(stand)
    book = await exported(stand, points=False)
    assert {name.removesuffix(".csv") for name in book if name.endswith(".csv")} == {*MASKED, "people"}
    assert [name for name, words in book.items() if "91700711" in words] == []
    assert [sheet(book, name)[0]["currency"] for name in ("orders", "documents")] == ["AMD", "AMD"]


async def test_nobody_who_is_there_to_practise_on_is_in_it(stand: Stand) -> None:
    await hear(stand.store, stand.company, said(1, "ann"))
    await stand.store.write(lambda s: practising.begin(s, stand.who, stand.company, NOBODY, now=stand.now))
    await settle(stand.store, stand.company)
    practised = await stand.store.read(lambda s: s.scalars(select(Contact.id).where(Contact.platform_name == NOBODY)).one())
    book = await exported(stand)
    assert [row["name"] for row in sheet(book, "people")] == ["Ann"]
    assert [name for name, words in book.items() if NOBODY in words] == []
    for table, left in (("contacts", 1), ("identities", 1), ("conversations", 1), ("leads", 1), ("own_chats", 0)):
        rows = [json.loads(line) for line in book[f"everything/{table}.jsonl"].splitlines()]
        assert len(rows) == left
        assert not [row for row in rows if practised in (row["id"], row.get("contact_id"))]
    assert {row["conversation_id"] for row in sheet(book, "messages")} == {row["id"] for row in sheet(book, "conversations")}
    assert '"practised"' in book["everything/domain_events.jsonl"]


def test_a_cell_is_what_people_read() -> None:
    masked = Sight(points=False)
    assert [cell("deals", "amount", one, "UTC", EVERYTHING) for one in (-5, 0, 123456, None)] == ["-0.05", "0.00", "1234.56", None]
    assert cell("campaigns", "total", 700, "UTC", EVERYTHING) == 700
    assert cell("deals", "created_at", NOON, "Asia/Yerevan", masked) == "2025-11-25 16:00:00"
    assert cell("deals", "closed_at", 0, "UTC", masked) == ""
    assert cell("deals", "expected_on", "2026-11-23", "UTC", masked) == "2026-11-23"
    assert "91700711" not in str(cell("tags", "word", "37491700711", "UTC", masked))


def test_every_sheet_is_a_table_and_every_column_that_is_left_out_is_one() -> None:
    tables = Base.metadata.tables
    assert set(MASKED) <= set(SHEETS) <= set(tables) - exports.LEFT_OUT
    assert all(columns <= set(tables[name].columns.keys()) for name, columns in UNREAD.items())
