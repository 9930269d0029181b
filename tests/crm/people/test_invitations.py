"""Invitations as back doors: nobody lifts what an owner said of them, or rises without a second look, by a link."""

import pytest
from sqlalchemy import func, select

from crm.base.actors import Rep, Role
from crm.base.db import Store
from crm.base.errors import Forbidden, StepUp
from crm.base.policy import Scope
from crm.base.time import DAY
from crm.people import steps, team
from crm.people.logins import WebSession
from crm.people.reps import MASKED, Member, invite, join
from crm.people.steps import Pin, What
from tests.conftest import NOON
from tests.crm.fake import hire, rows, step_up
from tests.crm.people.test_team import log_in


async def narrowed(store: Store) -> tuple[Rep, Rep]:
    """An owner, and a manager whom they masked and narrowed."""
    owner, zara = await hire(store, "mariam", Role.MANAGER), await hire(store, "zara", Role.MANAGER)
    await store.write(lambda s: team.set_points(s, owner, zara.id, False, now=NOON))
    await store.write(lambda s: team.set_scope(s, owner, zara.id, Scope.TEAM, now=NOON))
    return owner, zara


async def let_in(store: Store, issuer: Rep, address: str, role: Role, *, now: int = NOON) -> Rep:
    """Somebody comes in by a link of a colleague's, who has shown that it is they."""
    await step_up(store, issuer, now=now)
    await store.write(lambda s: invite(s, issuer, role, f"for {address}", now=now))
    return (await store.write(lambda s: join(s, f"for {address}", address=address, name=address.title(), language="en", now=now)))[0]


async def test_a_role_that_steers_is_given_by_a_link_after_a_second_look_only(store: Store) -> None:
    owner = await hire(store, "mariam", Role.MANAGER)
    for role in (Role.MANAGER, Role.OWNER):
        with pytest.raises(StepUp):
            await store.write(lambda s, role=role: invite(s, owner, role, "s", now=NOON))  # type: ignore[misc]
    await store.write(lambda s: invite(s, owner, Role.REP, "s", now=NOON))


async def test_nobody_uses_a_link_of_their_own(store: Store) -> None:
    _, zara = await narrowed(store)
    with pytest.raises(Forbidden):
        await let_in(store, zara, zara.address, Role.MANAGER)
    assert await rows(store, select(Member.scope, Member.points).where(Member.id == zara.id)) == [("team", MASKED)]


async def test_what_an_owner_said_of_a_members_sight_outlives_an_invitation(store: Store) -> None:
    owner, zara = await narrowed(store)
    await let_in(store, owner, zara.address, Role.REP)
    assert await rows(store, select(Member.role, Member.scope, Member.points).where(Member.id == zara.id)) == [("rep", "team", MASKED)]


async def test_whoever_sees_less_lets_nobody_in_who_sees_more(store: Store) -> None:
    _, zara = await narrowed(store)
    await let_in(store, zara, "puppet", Role.MANAGER)
    await let_in(store, zara, "ruben", Role.REP)
    wanted = select(Member.scope, Member.points).where(Member.address.in_(["puppet", "ruben"])).order_by(Member.id)
    assert await rows(store, wanted) == [("team", MASKED), ("", MASKED)]


async def test_a_trainee_does_not_rise_by_a_link_that_nobody_looked_at_twice(store: Store) -> None:
    owner, nare = await hire(store, "mariam", Role.MANAGER), await hire(store, "nare", Role.TRAINEE)
    await store.write(lambda s: invite(s, owner, Role.REP, "s", now=NOON))
    with pytest.raises(Forbidden):
        await store.write(lambda s: join(s, "s", address=nare.address, name="Nare", language="en", now=NOON))


async def test_another_role_by_a_link_ends_logins_and_forgets_the_pin(store: Store) -> None:
    owner, zara = await hire(store, "mariam", Role.MANAGER), await hire(store, "zara", Role.MANAGER)
    await log_in(store, zara)
    await step_up(store, zara, "export")
    await let_in(store, owner, zara.address, Role.REP)
    assert await rows(store, select(Pin.id).where(Pin.rep_id == zara.id)) == []
    assert await rows(store, select(func.count()).select_from(WebSession)) == [0]
    with pytest.raises(StepUp):
        await store.write(lambda s: steps.require(s, zara, What.EXPORT, now=NOON))


async def test_the_first_pin_of_whom_a_colleague_let_in_counts_after_a_day(store: Store) -> None:
    owner = await hire(store, "mariam", Role.MANAGER)
    puppet = await let_in(store, owner, "puppet", Role.MANAGER)
    await step_up(store, puppet, "export")
    with pytest.raises(StepUp):
        await store.write(lambda s: steps.require(s, puppet, What.EXPORT, now=NOON))
    await step_up(store, puppet, "export", now=NOON + DAY)
    await store.write(lambda s: steps.require(s, puppet, What.EXPORT, now=NOON + DAY))


async def test_until_then_a_second_manager_may_agree(store: Store) -> None:
    owner = await hire(store, "mariam", Role.MANAGER)
    puppet = await let_in(store, owner, "puppet", Role.MANAGER)
    await step_up(store, puppet, "export")
    number = await store.write(lambda s: steps.ask_second(s, puppet, What.EXPORT, "everything", now=NOON))
    await store.write(lambda s: steps.agree(s, owner, number, now=NOON))
    await store.write(lambda s: steps.require(s, puppet, What.EXPORT, "everything", now=NOON))


async def test_the_sole_owner_works_with_a_pin_they_have_just_chosen(store: Store) -> None:
    owner = await hire(store, "mariam", Role.MANAGER)
    await step_up(store, owner, "export")
    await store.write(lambda s: steps.require(s, owner, What.EXPORT, now=NOON))
