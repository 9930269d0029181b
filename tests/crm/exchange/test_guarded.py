"""What of lists and exports nobody gets who may not: masked points, other members' lists, what somebody only claimed, formulas."""

import asyncio
import csv
import io
import zipfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from crm.base import jobs
from crm.base.actors import System
from crm.base.db import Session, Store
from crm.base.errors import Forbidden, Lost, NotFound
from crm.base.jobs import Job, Progress, Work
from crm.base.policy import Scope
from crm.conversations.threads import Conversation
from crm.exchange import erasure, exports, grid, imports
from crm.exchange.imports import ImportRow
from crm.exchange.made import MadeFiles
from crm.exchange.safe import lines, safe
from crm.exchange.working import work_once
from crm.people.contacts import Contact, Identity, Proof
from crm.people.field_words import About, FieldKind
from crm.people.fieldset import Draft, make_field
from crm.people.link import learn_point
from crm.people.reps import Member
from crm.people.suggestions import Suggestion
from crm.sales.deals import Deal
from crm.sales.leads import Lead
from tests.conftest import NOON
from tests.crm.exchange.stand import Stand
from tests.crm.exchange.test_erasure import made
from tests.crm.exchange.test_forgotten import second
from tests.crm.fake import hear, said


async def test_a_masked_export_holds_no_phone_in_any_sheet(stand: Stand) -> None:
    phones = ("+37491700711", "+37491700712", "+37491700799")
    await hear(stand.store, stand.company, said(1, "wa1", "hi"))
    await stand.bring(f"Phone;Amount;Deal: title\n{phones[0]};5;Call {phones[0]}\n".encode())
    await stand.bring(f"Phone;Amount\n{phones[1]};500\n".encode())

    def nameless(session: Session) -> None:
        contact = session.scalars(select(Contact).where(Contact.platform_name != "")).one()
        contact.platform_name, contact.name = phones[2], ""
        session.flush()

    await stand.store.write(nameless)
    masked = await second(stand, points=False)
    await stand.store.write(lambda session: exports.ask(session, masked, now=stand.now))
    await stand.work()
    with zipfile.ZipFile(await made(stand)) as book:
        everything = "".join(book.read(name).decode() for name in book.namelist())
    assert "people.csv" in book.namelist()
    assert [phone for phone in phones if phone in everything] == []


async def test_a_masked_export_hides_a_field_that_is_a_phone(stand: Stand) -> None:
    await stand.store.write(lambda session: make_field(session, stand.who, Draft(About.CONTACT, FieldKind.PHONE, "spare"), now=stand.now))
    number = await stand.receive(b"Name;Phone;spare\nAnna;+37491700711;+37491700733\n")
    for verb in (imports.check, imports.run):
        await stand.do(verb, number)
        await stand.work()
    masked = await second(stand, points=False)
    await stand.store.write(lambda session: exports.ask(session, masked, now=stand.now))
    await stand.work()
    with zipfile.ZipFile(await made(stand)) as book:
        people = book.read("people.csv").decode()
    assert "37491700733" not in people
    assert "spare" in people


async def test_no_deal_is_called_by_a_phone(stand: Stand) -> None:
    await stand.bring(b"Phone;Amount\n+37491700712;500\n", "clients.csv")
    assert await stand.store.read(lambda session: list(session.scalars(select(Deal.title)))) == ["clients.csv"]


async def test_who_only_claimed_a_phone_gets_nothing_from_a_list_and_is_suggested(stand: Stand) -> None:
    await hear(stand.store, stand.company, said(1, "stranger9", "hi"))

    def claimed(session: Session) -> int:
        number = session.scalars(select(Identity.contact_id).where(Identity.external_id == "stranger9")).one()
        learn_point(session, System("test"), number, "phone", "+37491222333", proof=Proof.CLAIMED, message_id=None, now=stand.now)
        return number

    stranger = await stand.store.write(claimed)
    number = await stand.bring(b"Name;Phone;E-mail\nVictim;+37491222333;victim@bank.am\n")
    assert [outcome for _, outcome, _ in await stand.outcomes(number)] == ["new"]
    assert ("Victim", ("+37491222333", "victim@bank.am")) in await stand.people()
    assert await stand.store.read(lambda session: list(session.scalars(select(Suggestion.contact_id)))) == [stranger]
    again = await stand.bring(b"Name;Phone;E-mail\nVictim;+37491222333;victim@bank.am\n")
    assert [outcome for _, outcome, _ in await stand.outcomes(again)] == ["same"]


def test_no_formula_stands_behind_a_mark_that_parts_cells() -> None:
    for mark in (";", ",", "\t", "\n"):
        for told in (f"Ann{mark}=1+1", f'Ann{mark} "=1+1'):
            assert f"{mark}=" not in safe(told)
            assert "'=1+1" in safe(told)
    assert lines([(1, "Ann")]) == '"1","Ann"\r\n'
    assert next(csv.reader(io.StringIO(lines([("Ann; Bob, 5-6", "x")])))) == ["Ann; Bob, 5-6", "x"]


async def test_other_members_lists_are_for_whoever_sees_everything_in_full(stand: Stand) -> None:
    number = await stand.receive(b"Name;Phone\nAnna;091123456\n")
    masked = await second(stand, points=False)
    assert await stand.store.read(lambda session: imports.latest(session, masked)) == []
    with pytest.raises(NotFound):
        await stand.store.read(lambda session: imports.shown(session, masked, number))
    for verb in (imports.check, imports.run, imports.undo, imports.stop):
        with pytest.raises(NotFound):
            await stand.store.write(lambda session: verb(session, masked, number, now=stand.now))  # noqa: B023
    own = await stand.store.write(lambda session: imports.receive(session, masked, "own.csv", {"text": "Phone\n091123456\n"}, now=stand.now))
    assert [one.id for one in await stand.store.read(lambda session: imports.latest(session, masked))] == [own]


async def test_a_file_with_too_many_rows_leaves_none(stand: Stand) -> None:
    number = await stand.receive(b"Phone\n" + b"091123456\n" * (grid.ROWS_MOST + 2))
    assert (await stand.sheet(number)).state is imports.ImportState.UNREADABLE
    assert await stand.store.read(lambda session: session.scalar(select(func.count()).select_from(ImportRow))) == 0


@dataclass(slots=True)
class Slow:
    """Work of one long chunk, which ends when its job was held anew."""

    store: Store
    seen: int = 0

    @property
    def kinds(self) -> Mapping[str, Callable[[Work], Awaitable[None]]]:
        """Its only kind."""
        return {"slow": self.work}

    async def work(self, work: Work) -> None:
        """Wait until the clock's next lease is written."""
        until = first = await self._until(work)
        while until == first:
            await asyncio.sleep(0)
            until = await self._until(work)
        self.seen = until - first

    async def _until(self, work: Work) -> int:
        return await self.store.read(lambda session: session.get_one(Job, work.id).held_until)

    def failed(self, session: Session, work: Work, words: str, now: int) -> None:
        """Nothing follows."""

    async def tidy(self) -> None:
        """Nothing to tidy."""


async def test_a_job_is_held_for_as_long_as_its_chunk_runs(store: Store) -> None:
    await store.write(lambda session: jobs.begin(session, System("test"), "slow", 0, now=NOON))
    now, slow = iter(range(NOON, NOON + 10**9, 1000)), Slow(store)
    assert await work_once(store, slow, "here", lambda: next(now), beat=0.01)
    assert slow.seen > 0


async def test_an_export_in_other_hands_leaves_no_file(store: Store, tmp_path: Path) -> None:
    files = MadeFiles(tmp_path / "exports", store)
    with pytest.raises(Lost), files.making() as path:
        path.write_text("everything")
        raise Lost("in other hands")
    assert list((tmp_path / "exports").iterdir()) == []


async def test_a_job_that_ended_names_its_own_file(store: Store) -> None:
    number = await store.write(lambda session: jobs.begin(session, System("test"), "slow", 0, now=NOON))
    work = await store.write(lambda session: jobs.claim(session, "here", many=True, now=NOON))
    assert work
    await store.write(lambda session: jobs.keep_on(session, work, Progress(1, 1, over=True, file=77), now=NOON))
    assert await store.read(lambda session: jobs.made_by(session, number)) == 77


async def test_a_manager_of_narrowed_sight_erases_nobody_whom_nobody_works_with(stand: Stand) -> None:
    await hear(stand.store, stand.company, said(1, "wa1", "hi"))

    def narrowed(session: Session) -> int:
        session.get_one(Member, stand.who.id).scope = Scope.OWN.value
        return session.scalars(select(Contact.id)).one()

    contact = await stand.store.write(narrowed)
    with pytest.raises(Forbidden):
        await stand.store.read(lambda session: erasure.preview(session, stand.who, contact))

    def taken(session: Session) -> None:
        talk = session.scalars(select(Conversation)).one()
        talk.rep_id = stand.who.id
        lead = session.scalars(select(Lead)).one()
        lead.rep_id = stand.who.id

    await stand.store.write(taken)
    assert (await stand.store.read(lambda session: erasure.preview(session, stand.who, contact))).contact_id == contact
