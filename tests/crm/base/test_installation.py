"""A database and its folder belong together; one that was restored, cloned or moved writes to nobody until a manager says so."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import delete, select, update

from crm.base.actors import Bot, Role, System
from crm.base.db import Session, SqliteStore, Store
from crm.base.errors import Expired, Forbidden
from crm.base.history import DomainEvent
from crm.base.installation import Installation, Seal, Why, cut_seal, held, held_since, misfit, read_seal, seal_file, set_seal
from crm.base.leases import Lease
from crm.base.outbound import Lane, Say
from crm.base.settings import Company
from crm.base.time import HOUR, MINUTE
from crm.outbox.deliveries import Delivery, State
from crm.outbox.drain import Drain
from crm.outbox.hold import Guard, hold, release, standing
from crm.outbox.notices import NoticeKind, waiting_notices
from crm.outbox.queue import Parcel, enqueue
from tests.conftest import NOON
from tests.crm.fake import Stub, hear, hire, rows, said

T = TypeVar("T")
TEST = System("test")
STATES = select(Delivery.state).where(Delivery.desk == 0).order_by(Delivery.id)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def guard(store: Store, folder: Path, machine: Path | None = None, *, now: int = NOON) -> Guard:
    return Guard(store, folder, clock=lambda: now, patience=0.2, marks=(machine,) if machine else ())


async def why(store: Store) -> Why | None:
    """Why sending is on hold (None = it is not)."""
    return (await store.read(lambda session: standing(session, TEST))).why


async def send(store: Store, *, now: int = NOON) -> list[str]:
    """What leaves for customers now."""
    stub = Stub()
    await Drain(store, stub, None, node="n", clock=lambda: now).run()  # type: ignore[arg-type]
    return [who for who, _ in stub.sent]


async def live(store: Store, folder: Path, company: Company) -> None:
    """An installation that runs, with a customer whom the bot is about to answer."""
    assert not await guard(store, folder).check()
    await hear(store, company, said(1, "ann"))


async def test_a_new_installation_sends_at_once_and_after_every_restart(store: Store, folder: Path, company: Company) -> None:
    await live(store, folder, company)
    for _ in range(3):
        assert not await guard(store, folder).check()
    assert await send(store) == ["ann"]


async def test_a_database_without_its_seal_sends_nothing_and_managers_hear_of_it(store: Store, folder: Path, company: Company) -> None:
    await live(store, folder, company)
    shutil.rmtree(folder)
    assert await guard(store, folder).check()
    assert await send(store) == []
    assert await why(store) is Why.NO_SEAL
    assert [one.kind for one in await store.read(waiting_notices) if one.kind is NoticeKind.HELD] == [NoticeKind.HELD]
    assert await rows(store, select(DomainEvent.kind, DomainEvent.actor).where(DomainEvent.subject == "installation")) == [("held", "system:guard")]


async def test_a_copied_database_beside_its_old_folder_sends_nothing(store: Store, folder: Path, company: Company) -> None:
    await live(store, folder, company)
    await store.write(lambda session: session.execute(delete(Installation)))
    assert await guard(store, folder).check()
    assert await why(store) is Why.OTHER_DATABASE


async def test_a_database_older_than_the_last_renewal_is_noticed(store: Store, folder: Path, company: Company) -> None:
    await live(store, folder, company)
    [older] = await rows(store, select(Installation.epoch))
    for _ in range(2):
        await guard(store, folder).check()
    await store.write(lambda session: session.execute(update(Installation).values(epoch=older, before="")))
    assert await guard(store, folder).check()
    assert await why(store) is Why.OTHER_DATABASE


async def test_a_folder_copied_back_is_noticed(store: Store, folder: Path, company: Company) -> None:
    await live(store, folder, company)
    shutil.copytree(folder, folder.with_name("copy"))
    folder.rename(folder.with_name("old"))
    folder.with_name("copy").rename(folder)
    assert await guard(store, folder).check()
    assert await why(store) is Why.MOVED


async def test_a_folder_on_another_machine_is_noticed(store: Store, folder: Path, company: Company, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("1"), other.write_text("2")
    assert not await guard(store, folder, one).check()
    await hear(store, company, said(1, "ann"))
    assert not await guard(store, folder, one).check()
    assert await guard(store, folder, other).check()


async def test_a_renewal_that_died_between_row_and_file_holds_nothing_up(store: Store, folder: Path, company: Company) -> None:
    await live(store, folder, company)
    file = seal_file(folder, ())
    before = file.with_name("kept")
    os.link(file, before)
    await guard(store, folder).check()
    before.rename(file)
    file.with_name(f"{file.name}.dead").write_text("left by the dead one")
    assert not await guard(store, folder).check()
    assert sorted(path.name for path in folder.iterdir()) == [file.name, "epoch.lock"]


async def test_a_hold_outlives_a_restart(store: Store, folder: Path, company: Company) -> None:
    await live(store, folder, company)
    shutil.rmtree(folder)
    assert await guard(store, folder).check()
    assert await guard(store, folder, now=NOON + HOUR).check()
    assert await store.read(held_since) == NOON


async def test_staff_is_written_to_while_customers_are_not(store: Store, folder: Path, company: Company) -> None:
    await live(store, folder, company)
    await store.write(lambda session: hold(session, TEST, now=NOON))
    await store.write(lambda session: enqueue(session, [Parcel("fake", "mariam", Say("news"), Lane.REPLY, "m1", desk=True)], now=NOON))
    assert await send(store) == ["mariam"]
    assert await rows(store, STATES) == ["queued"]


async def test_what_waited_leaves_once_after_the_release(store: Store, folder: Path, company: Company) -> None:
    await live(store, folder, company)
    await store.write(lambda session: hold(session, TEST, now=NOON))
    await hear(store, company, said(2, "bob"))
    assert await send(store) == []
    assert await store.write(lambda session: release(session, TEST, now=NOON)) == 0
    assert sorted(await send(store)) == ["ann", "bob"]
    assert await send(store, now=NOON + MINUTE) == []
    assert not await guard(store, folder).check()


async def test_what_is_too_old_is_dropped_at_the_release_and_never_sent(store: Store, folder: Path, company: Company) -> None:
    await live(store, folder, company)
    await store.write(lambda session: hold(session, TEST, now=NOON))
    later = NOON + 2 * HOUR
    await hear(store, company, said(2, "bob", at=later), now=later)
    seen = await store.read(lambda session: standing(session, TEST, young_since=later - HOUR))
    assert [(one.lane, one.count, one.young, one.oldest) for one in seen.waits] == [(Lane.SERVICE, 2, 1, NOON)]
    assert await store.write(lambda session: release(session, TEST, drop_before=later - HOUR, now=later)) == 1
    assert await send(store, now=later) == ["bob"]
    assert await rows(store, STATES) == [State.EXPIRED, State.SENT]


async def test_only_managers_hold_and_release_and_it_is_on_record(store: Store) -> None:
    rep, manager = await hire(store, "tigran"), await hire(store, "mariam", Role.MANAGER)
    for actor in (rep, Bot()):
        for verb in (hold, release):
            with pytest.raises(Forbidden):
                await store.write(lambda session, actor=actor, verb=verb: verb(session, actor, now=NOON))  # type: ignore[misc]
    await store.write(lambda session: hold(session, manager, now=NOON))
    await store.write(lambda session: release(session, manager, now=NOON))
    told = select(DomainEvent.kind, DomainEvent.rep_id).where(DomainEvent.subject == "installation").order_by(DomainEvent.id)
    assert await rows(store, told) == [("held", manager.id), ("released", manager.id)]


async def test_there_is_nothing_to_release_where_nothing_is_held(store: Store) -> None:
    with pytest.raises(Expired):
        await store.write(lambda session: release(session, TEST, now=NOON))
    assert not await store.read(held)


class Shared(SqliteStore):
    """A server on which another node renews its sender's lease all the time, or died with one in hand."""

    many_nodes = True
    alive = False
    until = NOON + MINUTE

    async def read(self, question: Callable[[Session], T]) -> T:
        """Time goes by for the other node too."""
        self.until += self.alive
        await self.write(lambda session: session.merge(Lease(name="send:fake", holder="other", token=1, until=self.until)))
        return await super().read(question)


@pytest.mark.parametrize("alive", [True, False])
async def test_a_new_node_is_let_in_beside_one_that_works_and_beside_a_dead_one_it_is_not(database: Path, folder: Path, company: Company, alive: bool) -> None:
    store = Shared(database)
    await live(store, folder, company)
    store.alive = alive
    assert await guard(store, folder.with_name("second")).check() is not alive
    assert not await guard(store, folder).check() or not alive
    await store.close()


async def test_a_server_set_back_under_a_node_that_works_is_noticed_within_the_hour(database: Path, folder: Path, company: Company) -> None:
    store = Shared(database)
    node = guard(store, folder)
    assert not await node.check()
    await hear(store, company, said(1, "ann"))
    store.alive = True
    assert not await node.check()
    await store.write(lambda session: session.execute(update(Installation).values(epoch="older", before="")))
    assert await node.check()
    await store.close()


def test_a_seal_fits_its_row_or_says_why_not() -> None:
    row = Installation(name="n", epoch="new", before="old", place=7)
    assert misfit(row, Seal("n", "new", 7)) is None
    assert misfit(row, Seal("n", "old", 9)) is None
    assert misfit(row, Seal("n", "new", 8)) is Why.MOVED
    assert misfit(row, Seal("n", "older", 7)) is Why.OTHER_DATABASE
    assert misfit(None, Seal("n", "new", 7)) is Why.OTHER_DATABASE
    assert misfit(row, None) is Why.NO_SEAL


@pytest.mark.parametrize("words", [b"", b"one", b"one two three", b"\xff\xfe \xff"])
def test_a_damaged_seal_is_none(folder: Path, words: bytes) -> None:
    seal, beside = cut_seal(folder / "epoch-x")
    set_seal(beside, folder / "epoch-x")
    assert read_seal(folder / "epoch-x") == seal
    assert (folder / "epoch-x").stat().st_mode & 0o777 == 0o600
    (folder / "epoch-x").write_bytes(words)
    assert read_seal(folder / "epoch-x") is None
