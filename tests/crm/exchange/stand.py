"""A stand for imports: a firm, its manager, a list in a file, and what takes a list to its end."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from crm.base.actors import Rep, Role, System
from crm.base.db import Session, Store
from crm.base.settings import Company
from crm.base.table import Base
from crm.exchange import imports
from crm.exchange.imports import ImportRow, Sheet
from crm.exchange.works import Exchange
from crm.people.contacts import Contact, ContactPoint
from crm.people.reps import invite, join
from crm.tables import TABLES
from scheduler.works import work_once
from tests.conftest import NOON

RECORD = frozenset({"domain_events", "jobs", "imports", "import_rows", "made_files", "counters", "notices", "chain", "seals"})
"""What remembers that there was an import; everything else goes back."""


@dataclass(slots=True)
class Stand:
    """A firm that brings its people in."""

    store: Store
    folder: Path
    company: Company
    now: int = NOON
    files: int = 0
    manager: Rep | None = None
    exchange: Exchange | None = None

    async def open(self) -> "Stand":
        """Have a manager."""
        self.manager = await self.store.write(self._hired)
        self.exchange = Exchange(self.store, self.folder, self.company, lambda: self.now, TABLES)
        return self

    def _hired(self, session: Session) -> Rep:
        invite(session, System("test"), Role.MANAGER, "secret", now=self.now)
        return join(session, "secret", address="7", name="Mariam", language="en", now=self.now)[0]

    @property
    def who(self) -> Rep:
        """The manager."""
        assert self.manager
        return self.manager

    async def work(self) -> None:
        """Do every job that waits."""
        assert self.exchange
        while await work_once(self.store, self.exchange, "here", lambda: self.now):
            pass

    async def receive(self, content: bytes, name: str = "clients.csv") -> int:
        """Hand in a list and have it read."""
        self.files += 1
        path = self.folder / f"list{self.files}"
        path.write_bytes(content)
        number = await self.do(imports.receive, name, {"path": str(path)})
        await self.work()
        return int(number)

    async def do(self, verb: Callable[..., Any], *arguments: Any) -> Any:
        """Have the manager do something."""
        return await self.store.write(lambda session: verb(session, self.who, *arguments, now=self.now))

    async def bring(self, content: bytes, name: str = "clients.csv") -> int:
        """Bring a list in, with the columns as they are guessed."""
        number = await self.receive(content, name)
        for verb in (imports.check, imports.run):
            await self.do(verb, number)
            await self.work()
        return number

    async def undo(self, number: int) -> None:
        """Take it back."""
        await self.do(imports.undo, number)
        await self.work()

    async def sheet(self, number: int) -> Sheet:
        """How an import stands."""
        return await self.store.read(lambda session: imports.shown(session, self.who, number))

    async def people(self) -> list[tuple[str, tuple[str, ...]]]:
        """Everybody with their phones and e-mails."""
        return await self.store.read(_people)

    async def outcomes(self, number: int) -> list[tuple[int, str, str]]:
        """What each row did."""
        rows = select(ImportRow.number, ImportRow.outcome, ImportRow.why).where(ImportRow.import_id == number).order_by(ImportRow.number)
        return await self.store.read(lambda session: [(row.number, row.outcome, row.why) for row in session.execute(rows)])

    async def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the database but the records."""
        return await self.store.read(dumped)


def _people(session: Session) -> list[tuple[str, tuple[str, ...]]]:
    found = []
    for contact in session.scalars(select(Contact).order_by(Contact.id)):
        points = session.scalars(select(ContactPoint.value).where(ContactPoint.contact_id == contact.id, ContactPoint.kind != "name").order_by(ContactPoint.id))
        found.append((contact.name, tuple(points)))
    return found


def dumped(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """Every row but those of the records, in an order of their own."""
    return {
        table.name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
        for table in Base.metadata.sorted_tables
        if table.name not in RECORD
    }
