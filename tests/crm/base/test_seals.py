"""The chain of seals: whoever changes, takes away or puts in one row of the record is found, and what came late or was erased is not taken for it."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from crm.base.actors import System
from crm.base.db import Store
from crm.base.history import Change, DomainEvent, record
from crm.base.rows import add
from crm.base.seals import COLUMNS, QUIET_MS, REDACTED, SETTLED_MS, Seal, anchor, hashed, redact, seal
from crm.reports.audit import Verdict, verify
from tests.conftest import NOON
from tests.crm.fake import rows

LATER = NOON + QUIET_MS + 1
SETTLED = LATER + SETTLED_MS
CLOCK = System("test")


async def happen(store: Store, number: int, *, now: int = NOON) -> None:
    changes = [Change("deal", place, "stage", CLOCK, {"stage": place}, {"stage": place + 1}) for place in range(number)]
    await store.write(lambda s: record(s, *changes, now=now))


async def sealed(store: Store, *, now: int = LATER, most: int = 4) -> int:
    """Seal what may be sealed now; answers how many steps that took."""
    steps = 0
    while await store.write(lambda s: seal(s, now=now, most=most)):
        steps += 1
    return steps


async def verdict(store: Store, known: str = "") -> Verdict:
    return await store.read(lambda s: verify(s, known=known))


async def ids(store: Store) -> list[int]:
    return list(await rows(store, select(DomainEvent.id).order_by(DomainEvent.id)))


def change(session: Session, number: int) -> None:
    session.execute(update(DomainEvent).where(DomainEvent.id == number).values(actor="rep:1"))


def take_away(session: Session, number: int) -> None:
    session.execute(delete(DomainEvent).where(DomainEvent.id == number))


async def test_what_is_young_waits_and_what_is_a_minute_old_is_sealed(store: Store) -> None:
    await happen(store, 10)
    assert await sealed(store, now=NOON + QUIET_MS) == 0
    assert await sealed(store) == 3
    await happen(store, 1, now=LATER)
    found = await verdict(store)
    assert (found.seals, found.rows, found.unsealed, found.broken) == (3, 10, 1, "")
    assert found.anchor == await store.read(anchor)


@pytest.mark.parametrize("place", [0, 4, 9])
@pytest.mark.parametrize(("deed", "words"), [(change, "was changed"), (take_away, "is gone")])
async def test_one_row_that_was_changed_or_taken_away_is_named(store: Store, place: int, deed: Callable[[Session, int], None], words: str) -> None:
    await happen(store, 10)
    await sealed(store)
    number = (await ids(store))[place]
    await store.write(lambda s: deed(s, number))
    assert (await verdict(store)).broken == f"row {number} {words} (seal {place // 4 + 1})"


async def test_one_row_that_was_put_in_is_named(store: Store) -> None:
    await happen(store, 3)
    [first, _, third] = await ids(store)
    await store.write(lambda s: take_away(s, first + 1))
    await sealed(store)
    await sealed(store, now=SETTLED)
    row = {"id": first + 1, "at": NOON, "subject": "deal", "subject_id": 1, "kind": "won", "actor": "rep:1"}
    await store.write(lambda s: add(s, DomainEvent, [row]))
    await sealed(store, now=SETTLED + SETTLED_MS)
    assert (await verdict(store)).broken == f"row {first + 1} was put in afterwards (seal 1)"
    assert third in await ids(store)


async def test_what_was_committed_late_is_sealed_apart_and_kept_like_the_rest(store: Store) -> None:
    await happen(store, 3)
    [first, second, _] = await ids(store)
    [late] = await rows(store, select(DomainEvent).where(DomainEvent.id == second))
    row = {column.key: getattr(late, column.key) for column in DomainEvent.__table__.columns}
    await store.write(lambda s: take_away(s, second))
    await sealed(store)
    await store.write(lambda s: add(s, DomainEvent, [row]))
    await sealed(store, now=SETTLED)
    found = await verdict(store)
    assert (found.broken, found.late, found.rows) == ("", 1, 3)
    await store.write(lambda s: change(s, second))
    assert (await verdict(store)).broken == f"row {second} was changed (seal 2)"
    assert first < second


async def test_a_seal_that_was_made_anew_does_not_fit_the_next_one(store: Store) -> None:
    await happen(store, 10)
    await sealed(store)
    number = (await ids(store))[0]

    def forge(session: Session) -> None:
        change(session, number)
        session.execute(delete(Seal).where(Seal.place == 1))

    await store.write(forge)
    assert (await verdict(store)).broken == "seal 1 is gone"


async def test_a_chain_that_was_made_anew_is_found_by_a_seal_that_was_noted_down(store: Store) -> None:
    await happen(store, 10)
    await sealed(store)
    noted, number = await store.read(anchor), (await ids(store))[0]

    def forge(session: Session) -> None:
        change(session, number)
        session.execute(delete(Seal))

    await store.write(forge)
    await sealed(store)
    assert (await verdict(store)).broken == ""
    assert "is not the one that was noted down" in (await verdict(store, noted)).broken
    assert "are gone" in (await verdict(store, "9:abc")).broken


async def test_values_an_erasure_took_out_are_no_forgery_and_who_did_what_stays(store: Store) -> None:
    await happen(store, 4)
    await sealed(store)
    gone = (await ids(store))[:2]
    assert await store.write(lambda s: redact(s, CLOCK, gone, now=LATER)) == 2
    assert await store.write(lambda s: redact(s, CLOCK, gone, now=LATER)) == 0
    await sealed(store, now=LATER + QUIET_MS + 1)
    found = await verdict(store)
    assert (found.broken, found.redacted, found.rows) == ("", 2, 6)
    await store.write(lambda s: change(s, gone[0]))
    assert (await verdict(store)).broken == f"row {gone[0]} was changed (seal 1)"


@pytest.mark.parametrize("values", [{"after": '{"stage": 999}'}, {"before": "", "after": ""}])
async def test_a_forgery_is_not_covered_by_a_row_that_calls_it_an_erasure(store: Store, values: dict[str, str]) -> None:
    """Neither with the true old hash and other values, nor with blanks and an old hash that was never sealed."""
    await happen(store, 5)
    await sealed(store)
    third = (await ids(store))[2]
    wanted = select(*COLUMNS).where(DomainEvent.id == third)

    def forge(session: Session) -> None:
        old = hashed(session.execute(wanted).one()).hex() if values["after"] else "00" * 32
        session.execute(update(DomainEvent).where(DomainEvent.id == third).values(**values), execution_options={"synchronize_session": False})
        new = hashed(session.execute(wanted).one()).hex()
        record(session, Change("event", third, REDACTED, CLOCK, {"hash": old}, {"hash": new}), now=LATER)

    await store.write(forge)
    assert f"row {third} was changed" in (await verdict(store)).broken


async def test_sealing_again_makes_nothing_twice(store: Store) -> None:
    await happen(store, 8)
    await sealed(store)
    await sealed(store)
    assert await rows(store, select(Seal.place).order_by(Seal.place)) == [1, 2]
