"""A second look: a PIN or a second manager, fresh, for what hurts most; five wrong PINs lock it."""

import asyncio

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm.base.actors import Rep, Role, System
from crm.base.db import Order, Store
from crm.base.errors import Expired, Forbidden, Invalid, Locked, StepUp
from crm.base.history import DomainEvent
from crm.people import steps, team
from crm.people.reps import Member
from crm.people.steps import FRESH_MS, LOCK_MS, Fits, Pin, What
from tests.conftest import NOON
from tests.crm.fake import hire, rows, step_up


async def wants(store: Store, rep: Rep, what: What = What.EXPORT, about: str = "", *, now: int = NOON) -> None:
    await store.write(lambda s: steps.require(s, rep, what, about, now=now))


async def test_what_hurts_needs_a_fresh_pin(store: Store) -> None:
    boss = await hire(store, "mariam", Role.MANAGER)
    with pytest.raises(StepUp):
        await wants(store, boss)
    await step_up(store, boss, "export")
    await wants(store, boss, now=NOON + FRESH_MS - 1)
    with pytest.raises(StepUp):
        await wants(store, boss, now=NOON + FRESH_MS)


async def test_a_pin_for_one_kind_of_deed_is_not_good_for_another(store: Store) -> None:
    boss = await hire(store, "mariam", Role.MANAGER)
    await step_up(store, boss, "export")
    with pytest.raises(StepUp):
        await wants(store, boss, What.ERASE)


async def test_the_machine_itself_is_not_asked(store: Store) -> None:
    await store.write(lambda s: steps.require(s, System("console"), What.EXPORT, now=NOON))


async def test_a_role_is_changed_after_a_second_look_only(store: Store) -> None:
    boss, tigran = await hire(store, "mariam", Role.MANAGER), await hire(store)
    with pytest.raises(StepUp):
        await store.write(lambda s: team.change_role(s, boss, tigran.id, Role.MANAGER, now=NOON))
    assert await rows(store, select(Member.role).where(Member.id == tigran.id)) == ["rep"]


async def test_five_wrong_pins_lock_it_for_a_quarter_of_an_hour(store: Store) -> None:
    boss = await hire(store, "mariam", Role.MANAGER)
    await step_up(store, boss, "export")
    tried = [await store.write(lambda s: steps.confirm(s, boss, "erase", "0000", now=NOON)) for _ in range(5)]
    assert tried == [Fits.NO] * 4 + [Fits.LOCKED]
    with pytest.raises(Locked):
        await store.write(lambda s: steps.confirm(s, boss, "erase", "4071", now=NOON + LOCK_MS - 1))
    assert await store.write(lambda s: steps.confirm(s, boss, "erase", "4071", now=NOON + LOCK_MS)) is Fits.YES
    assert await rows(store, select(DomainEvent.kind).where(DomainEvent.kind == "pin_locked")) == ["pin_locked"]


async def test_a_second_managers_word_is_good_for_this_deed_once(store: Store) -> None:
    boss, zara = await hire(store, "mariam", Role.MANAGER), await hire(store, "zara", Role.MANAGER)
    number = await store.write(lambda s: steps.ask_second(s, boss, What.ROLE, "7:rep", now=NOON))
    with pytest.raises(Forbidden):
        await store.write(lambda s: steps.agree(s, boss, number, now=NOON))
    await store.write(lambda s: steps.agree(s, zara, number, now=NOON))
    with pytest.raises(StepUp):
        await wants(store, boss, What.ROLE, "8:rep")
    await wants(store, boss, What.ROLE, "7:rep")
    with pytest.raises(StepUp):
        await wants(store, boss, What.ROLE, "7:rep")
    with pytest.raises(Expired):
        await store.write(lambda s: steps.agree(s, zara, number, now=NOON))


async def test_a_word_that_is_good_once_is_so_for_two_deeds_at_the_same_time(server_store: Store) -> None:
    boss, zara = await hire(server_store, "mariam", Role.MANAGER), await hire(server_store, "zara", Role.MANAGER)
    number = await server_store.write(lambda s: steps.ask_second(s, boss, What.EXPORT, "everything", now=NOON))
    await server_store.write(lambda s: steps.agree(s, zara, number, now=NOON))

    def deed(session: Session) -> None:
        steps.require(session, boss, What.EXPORT, "everything", now=NOON)
        session.execute(text("SELECT pg_sleep(0.3)"))

    done = await asyncio.gather(*(server_store.write(deed, Order.FLOW) for _ in range(2)), return_exceptions=True)
    assert [type(one) for one in done if one is not None] == [StepUp]


async def test_nobody_agrees_to_what_nobody_asked_and_a_rep_agrees_to_nothing(store: Store) -> None:
    boss, tigran = await hire(store, "mariam", Role.MANAGER), await hire(store)
    number = await store.write(lambda s: steps.ask_second(s, boss, What.EXPORT, "", now=NOON))
    for who, which, error in ((tigran, number, Forbidden), (boss, 12345, Expired)):
        with pytest.raises(error):
            await store.write(lambda s, who=who, which=which: steps.agree(s, who, which, now=NOON))  # type: ignore[misc]


@pytest.mark.parametrize("digits", ["407", "407140714", "1111", "1234", "9876", "40 7", "٤٠٧١", ""])
async def test_a_poor_pin_is_not_taken(store: Store, digits: str) -> None:
    boss = await hire(store, "mariam", Role.MANAGER)
    with pytest.raises(Invalid):
        await store.write(lambda s: steps.choose(s, boss, digits, now=NOON))


async def test_another_pin_needs_the_old_one(store: Store) -> None:
    boss = await hire(store, "mariam", Role.MANAGER)
    await step_up(store, boss, "export")
    with pytest.raises(StepUp):
        await store.write(lambda s: steps.choose(s, boss, "5093", now=NOON))
    await step_up(store, boss, "pin")
    await store.write(lambda s: steps.choose(s, boss, "5093", now=NOON))
    assert await store.write(lambda s: steps.confirm(s, boss, "export", "5093", now=NOON)) is Fits.YES


async def test_a_pin_is_kept_as_a_hash_with_a_salt_of_its_own(store: Store) -> None:
    for name in ("mariam", "zara"):
        await step_up(store, await hire(store, name, Role.MANAGER))
    kept = await rows(store, select(Pin.digest))
    assert len(set(kept)) == 2
    assert not [one for one in kept if "4071" in one]


async def test_a_manager_does_not_take_an_owners_pin_away(store: Store) -> None:
    owner, zara = await hire(store, "mariam", Role.MANAGER), await hire(store, "zara", Role.MANAGER)
    await step_up(store, owner)
    with pytest.raises(Forbidden):
        await store.write(lambda s: steps.forget_pin(s, zara, owner.id, now=NOON))
    for_sure = await hire(store, "gor", Role.OWNER)
    with pytest.raises(StepUp):
        await store.write(lambda s: steps.forget_pin(s, for_sure, owner.id, now=NOON))
    await store.write(lambda s: steps.forget_pin(s, System("console"), owner.id, now=NOON))
    assert await rows(store, select(Pin.id)) == []
