"""One person's data: handed to them as a package, and forgotten."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Text, select
from sqlalchemy import cast as as_text

from crm.base import seals
from crm.base.db import Session
from crm.base.errors import StepUp
from crm.base.table import Base
from crm.base.time import HOUR
from crm.exchange import erasure, exports, package
from crm.exchange.made import MadeFile
from crm.people import steps
from crm.people.contacts import Contact, Identity, Proof
from crm.people.link import learn_point
from crm.reports.audit import verify
from crm.reports.books import check
from tests.crm.exchange.stand import Stand
from tests.crm.fake import hear, said

SECRET = "grandmother"
PHONE = "+37491700700"


async def met(stand: Stand, who: str = "lilit77777") -> int:
    """Somebody who wrote, left a phone, and stands in a list."""
    await hear(stand.store, stand.company, said(1, who, f"It is for my {SECRET}"))
    await hear(stand.store, stand.company, said(2, "aram88888", "Only a chair, please"))

    def learnt(session: Session) -> int:
        number = session.scalars(select(Identity.contact_id).where(Identity.external_id == who)).one()
        learn_point(session, stand.who, number, "phone", PHONE, proof=Proof.SHARED, message_id=None, now=stand.now)
        return number

    number = await stand.store.write(learnt)
    await stand.bring(f"Phone;E-mail\n{PHONE};lilit@x.am\n".encode())
    return number


async def sure(stand: Stand, what: steps.What) -> None:
    """The manager shows that it is they."""

    def pinned(session: Session) -> None:
        if not steps.has_pin(session, stand.who):
            steps.choose(session, stand.who, "493817", now=stand.now)
        steps.confirm(session, stand.who, what.value, "493817", now=stand.now)

    await stand.store.write(pinned)


async def made(stand: Stand) -> Path:
    """The newest file of the house."""
    name = await stand.store.read(lambda session: session.scalars(select(MadeFile.path).order_by(MadeFile.id.desc()).limit(1)).one())
    return stand.folder / "exports" / name


def holding(session: Session, word: str) -> list[str]:
    """Which tables hold a word anywhere."""
    found = []
    for table in Base.metadata.sorted_tables:
        columns = [column for column in table.columns if column.type.python_type is str]
        if any(session.scalars(select(column).where(as_text(column, Text).contains(word)).limit(1)).first() is not None for column in columns):
            found.append(table.name)
    bodies = Base.metadata.tables["raw_bodies"]
    return [*found, *(["raw_bodies"] if any(word.encode() in body for body in session.scalars(select(bodies.c.body))) else [])]


async def test_after_an_erasure_no_word_of_them_is_anywhere(stand: Stand) -> None:
    number = await met(stand)
    words = (SECRET, PHONE, "lilit77777", "lilit@x.am", "Lilit77777")
    for word in words[:4]:
        assert await stand.store.read(lambda session: holding(session, word))  # noqa: B023
    await sure(stand, steps.What.ERASE)
    await stand.do(erasure.ask, number)
    await stand.work()
    for word in words:
        assert await stand.store.read(lambda session: holding(session, word)) == []  # noqa: B023
    assert await stand.store.read(lambda session: holding(session, "Only a chair"))


async def test_the_books_balance_and_the_record_holds_after_an_erasure(stand: Stand) -> None:
    number = await met(stand)
    await stand.store.write(lambda session: seals.seal(session, now=stand.now + HOUR))
    assert (await stand.store.read(verify)).rows > 0
    await sure(stand, steps.What.ERASE)
    await stand.do(erasure.ask, number)
    await stand.work()
    books = await stand.store.read(check)
    assert books.problems == ()
    verdict = await stand.store.read(verify)
    assert (verdict.broken, verdict.redacted > 0) == ("", True)
    assert "Certificate of erasure" in (await made(stand)).read_text()


async def test_a_list_does_not_bring_back_who_was_erased(stand: Stand) -> None:
    number = await met(stand)
    await sure(stand, steps.What.ERASE)
    await stand.do(erasure.ask, number)
    await stand.work()
    again = await stand.bring(f"Name;Phone\nLilit;{PHONE}\n".encode())
    assert [outcome for _, outcome, _ in await stand.outcomes(again)] == ["erased"]


async def test_who_writes_again_after_an_erasure_is_a_stranger(stand: Stand) -> None:
    number = await met(stand)
    await sure(stand, steps.What.ERASE)
    await stand.do(erasure.ask, number)
    await stand.work()
    await hear(stand.store, stand.company, said(3, "lilit77777", "Hello again"))
    found = await stand.store.read(lambda session: session.scalars(select(Identity.contact_id).where(Identity.external_id == "lilit77777")).one())
    assert found != number
    assert await stand.store.read(lambda session: session.get_one(Contact, found).blocked) == 0


async def test_an_erasure_and_an_export_want_a_second_look(stand: Stand) -> None:
    number = await met(stand)
    before = await stand.dump()
    for verb in (lambda s, a, now: erasure.ask(s, a, number, now=now), lambda s, a, now: package.ask(s, a, number, now=now), exports.ask):
        with pytest.raises(StepUp):
            await stand.do(verb)
    assert await stand.dump() == before


async def test_a_package_tells_all_of_one_person_and_nothing_of_another(stand: Stand) -> None:
    number = await met(stand)
    await sure(stand, steps.What.EXPORT)
    await stand.do(package.ask, number)
    await stand.work()
    with zipfile.ZipFile(await made(stand)) as book:
        known: dict[str, Any] = json.loads(book.read("data.json"))
        page = book.read("index.html").decode()
    assert {row["value"] for row in known["contact_points"]} >= {PHONE, "lilit@x.am"}
    assert SECRET in page
    assert "Only a chair" not in page + json.dumps(known)


async def test_an_export_holds_every_table_and_no_formula(stand: Stand) -> None:
    await met(stand)
    await stand.bring(f"Name;Phone\n=HYPERLINK(1);{PHONE[:-1]}1\n".encode())
    await sure(stand, steps.What.EXPORT)
    await stand.do(exports.ask)
    await stand.work()
    path = await made(stand)
    assert path.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(path) as book:
        people = book.read("people.csv").decode("utf-8-sig")
        names = set(book.namelist())
        exact = [json.loads(line) for line in book.read("everything/messages.jsonl").decode().splitlines()]
    assert "'=HYPERLINK(1)" in people
    assert PHONE in people
    assert {"messages.csv", "deals.csv", "everything/domain_events.jsonl", "README.txt"} <= names
    assert any(SECRET in row["text"] for row in exact)
    assert not any("pins" in name or "link_tokens" in name or "raw_" in name for name in names)


async def test_files_of_the_house_go_after_seven_days(stand: Stand) -> None:
    await sure(stand, steps.What.EXPORT)
    await stand.do(exports.ask)
    await stand.work()
    path = await made(stand)
    stand.now += 8 * 24 * HOUR
    assert stand.exchange
    await stand.exchange.tidy()
    assert not path.exists()
