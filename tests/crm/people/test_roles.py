"""Roles and sight: who becomes an owner, what only an owner may do, whose work each sees, how phones look to them, how a guest's time ends."""

import pytest
from sqlalchemy import select

from crm.base.actors import Rep, Role, System
from crm.base.db import Store
from crm.base.errors import Expired, Forbidden, LastOwner
from crm.base.history import DomainEvent
from crm.base.masks import masked, veiled
from crm.base.policy import Action, Scope
from crm.base.settings import Company
from crm.base.time import DAY
from crm.conversations import assign, desk
from crm.conversations.threads import Conversation
from crm.outbox.notices import NoticeRow
from crm.people import logins, team, teams
from crm.people.reps import GUEST_MS, Member, crown, invite, join, rep_at
from crm.people.sight import Sight, sight_of
from crm.reports.thread import look_at
from crm.sales.leaving import leave, show_out
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said, step_up


async def see(store: Store, rep: Rep, action: Action = Action.FIND) -> Sight:
    return await store.read(lambda s: sight_of(s, rep, action))


async def taken(store: Store, company: Company, rep: Rep, name: str) -> int:
    """A customer of this rep."""
    await hear(store, company, said(f"{name} 1", name))
    [number] = await rows(store, select(Conversation.id).where(Conversation.address == name))
    await store.write(lambda s: assign.take(s, rep, number, now=NOON))
    return int(number)


async def in_team(store: Store, name: str, *members: Rep, lead: Rep | None = None) -> None:
    def deed(session: object) -> None:
        number = teams.found_team(session, System("test"), name, now=NOON)  # type: ignore[arg-type]
        for member in members:
            teams.put_in(session, System("test"), member.id, number, now=NOON)  # type: ignore[arg-type]
        if lead:
            teams.set_lead(session, System("test"), lead.id, True, now=NOON)  # type: ignore[arg-type]

    await store.write(deed)


async def test_the_first_manager_who_is_invited_at_the_machine_is_the_owner(store: Store) -> None:
    first, second = await hire(store, "mariam", Role.MANAGER), await hire(store, "zara", Role.MANAGER)
    assert (first.role, second.role) == (Role.OWNER, Role.MANAGER)


async def test_the_oldest_manager_of_an_older_firm_is_the_owner_from_now_on(store: Store) -> None:
    first, second = await hire(store, "mariam", Role.OWNER), await hire(store, "zara", Role.MANAGER)
    await store.write(lambda s: setattr(s.get_one(Member, first.id), "role", "manager"))
    assert await store.write(lambda s: crown(s, now=NOON)) == first.id
    assert await store.write(lambda s: crown(s, now=NOON)) is None
    assert await rows(store, select(Member.role).order_by(Member.id)) == ["owner", "manager"]
    told = select(DomainEvent.actor, DomainEvent.after).where(DomainEvent.kind == "role")
    assert await rows(store, told) == [("system:start", '{"role": "owner"}')]
    assert second.role is Role.MANAGER


async def test_only_an_owner_makes_an_owner_or_changes_one(store: Store) -> None:
    owner, zara, tigran = await hire(store, "mariam", Role.MANAGER), await hire(store, "zara", Role.MANAGER), await hire(store)
    await step_up(store, zara)
    for deed in (
        lambda s: team.change_role(s, zara, owner.id, Role.REP, now=NOON),
        lambda s: team.change_role(s, zara, tigran.id, Role.OWNER, now=NOON),
        lambda s: leave(s, zara, owner.id, "staff", now=NOON),
        lambda s: invite(s, zara, Role.OWNER, "s", now=NOON),
        lambda s: team.set_scope(s, zara, tigran.id, Scope.ALL, now=NOON),
        lambda s: team.set_points(s, zara, tigran.id, False, now=NOON),
    ):
        with pytest.raises(Forbidden):
            await store.write(deed)
    await step_up(store, owner)
    assert (await store.write(lambda s: team.change_role(s, owner, tigran.id, Role.OWNER, now=NOON))).role is Role.OWNER


async def test_the_last_owner_stays_one_though_there_are_managers(store: Store) -> None:
    owner = await hire(store, "mariam", Role.MANAGER)
    await hire(store, "zara", Role.MANAGER)
    await step_up(store, owner)
    with pytest.raises(LastOwner):
        await store.write(lambda s: team.change_role(s, owner, owner.id, Role.MANAGER, now=NOON))


async def test_a_manager_does_not_turn_an_owner_into_a_rep_by_an_invitation(store: Store) -> None:
    owner, other, zara = await hire(store, "mariam", Role.OWNER), await hire(store, "aram", Role.OWNER), await hire(store, "zara", Role.MANAGER)
    await store.write(lambda s: invite(s, zara, Role.REP, "trap", now=NOON))
    with pytest.raises(Forbidden):
        await store.write(lambda s: join(s, "trap", address=owner.address, name="Mariam", language="en", now=NOON))
    await store.write(lambda s: invite(s, other, Role.REP, "agreed", now=NOON))
    rep, _ = await store.write(lambda s: join(s, "agreed", address=owner.address, name="Mariam", language="en", now=NOON))
    assert rep.role is Role.REP


async def test_a_manager_who_was_narrowed_widens_nothing_by_teams(store: Store) -> None:
    owner, zara, ruben = await hire(store, "mariam", Role.MANAGER), await hire(store, "zara", Role.MANAGER), await hire(store, "ruben")
    await in_team(store, "Secret", ruben)
    [team_id] = await rows(store, select(Member.team_id).where(Member.id == ruben.id))
    await store.write(lambda s: team.set_scope(s, owner, zara.id, Scope.TEAM, now=NOON))
    before = (await see(store, zara)).reps
    for deed in (
        lambda s: teams.put_in(s, zara, zara.id, team_id, now=NOON),
        lambda s: teams.put_in(s, zara, ruben.id, None, now=NOON),
        lambda s: teams.set_lead(s, zara, ruben.id, True, now=NOON),
    ):
        with pytest.raises(Forbidden):
            await store.write(deed)
    assert (await see(store, zara)).reps == before
    await store.write(lambda s: teams.put_in(s, owner, zara.id, team_id, now=NOON))
    assert (await see(store, zara)).reps == frozenset({ruben.id, zara.id})


async def test_a_rep_sees_their_own_a_lead_their_teams_an_owner_all(store: Store) -> None:
    owner, tigran, nare, ruben = await hire(store, "mariam", Role.MANAGER), await hire(store), await hire(store, "nare"), await hire(store, "ruben")
    assert (await see(store, owner)).reps is None
    assert (await see(store, tigran)).reps == frozenset({tigran.id})
    await in_team(store, "Chairs", tigran, nare, lead=tigran)
    assert (await see(store, tigran)).reps == frozenset({tigran.id, nare.id})
    assert (await see(store, nare)).reps == frozenset({nare.id})
    await store.write(lambda s: team.set_scope(s, owner, nare.id, Scope.TEAM, now=NOON))
    await store.write(lambda s: team.set_scope(s, owner, ruben.id, Scope.ALL, now=NOON))
    assert ((await see(store, nare)).reps, (await see(store, ruben)).reps) == (frozenset({tigran.id, nare.id}), None)


async def test_a_team_ended_leaves_everybody_their_own(store: Store) -> None:
    tigran, nare = await hire(store), await hire(store, "nare")
    await in_team(store, "Chairs", tigran, nare, lead=tigran)
    [number] = await rows(store, select(teams.TeamRow.id))
    await store.write(lambda s: teams.end_team(s, System("test"), number, now=NOON))
    assert (await see(store, tigran)).reps == frozenset({tigran.id})


async def test_the_inbox_of_a_team_holds_its_own_and_what_is_nobodys(store: Store, company: Company) -> None:
    tigran, nare, ruben = await hire(store), await hire(store, "nare"), await hire(store, "ruben")
    await in_team(store, "Chairs", tigran, nare, lead=tigran)
    mine, ours, _ = [await taken(store, company, rep, name) for rep, name in ((tigran, "ann"), (nare, "bob"), (ruben, "eve"))]
    await hear(store, company, said("zoe 1", "zoe"))
    listed, count = await store.read(lambda s: desk.inbox(s, tigran))
    assert (listed[0].conversation_id, count) == (mine, 3)
    assert {one.name for one in listed} == {"Ann", "Bob", "Zoe"}
    await store.write(lambda s: assign.close(s, tigran, ours, now=NOON))


async def test_a_trainee_and_a_guest_see_masks_and_an_owner_may_say_otherwise(store: Store) -> None:
    owner, trainee, guest, rep = [await hire(store, name, role) for name, role in (("m", Role.OWNER), ("t", Role.TRAINEE), ("g", Role.GUEST), ("r", Role.REP))]
    assert [(await see(store, one)).shown("phone", "+37491000102") for one in (owner, rep)] == ["+37491000102"] * 2
    assert [(await see(store, one)).shown("email", "ann@example.com") for one in (trainee, guest)] == ["a•••@example.com"] * 2
    await store.write(lambda s: team.set_points(s, owner, rep.id, False, now=NOON))
    await store.write(lambda s: team.set_points(s, owner, trainee.id, True, now=NOON))
    assert [(await see(store, one)).points for one in (rep, trainee)] == [False, True]


def test_a_name_that_is_a_phone_or_an_email_is_masked_and_another_is_not() -> None:
    assert [veiled(name) for name in ("+374 91 000102", "ann@example.com", "Ann 7", "Անի", "")] == ["+374•••02", "a•••@example.com", "Ann 7", "Անի", ""]
    assert masked("phone", "12345") == "•••"


async def test_a_trainee_reads_a_thread_with_masks(store: Store, company: Company) -> None:
    trainee = await hire(store, "nare", Role.TRAINEE)
    await hear(store, company, said("+37491000102 1", "+37491000102"))
    [number] = await rows(store, select(Conversation.id))
    seen = await store.read(lambda s: look_at(s, trainee, number, {}))
    assert "000" not in seen.name + seen.username + seen.phone


async def test_a_guest_is_nobody_the_moment_their_time_is_over(store: Store) -> None:
    owner, guest = await hire(store, "mariam", Role.MANAGER), await hire(store, "gor", Role.GUEST)
    over = NOON + GUEST_MS
    assert await store.read(lambda s: rep_at(s, "gor", now=over - 1)) == guest
    assert await store.read(lambda s: rep_at(s, "gor", now=over)) is None
    await store.write(lambda s: team.set_expiry(s, owner, guest.id, over + DAY, now=NOON))
    assert await store.read(lambda s: rep_at(s, "gor", now=over)) is not None


async def test_a_guests_browser_is_out_too(store: Store) -> None:
    guest = await hire(store, "gor", Role.GUEST)
    await store.write(lambda s: logins.issue(s, System("test"), guest.id, "secret", now=NOON + GUEST_MS - 10))
    await store.write(lambda s: logins.log_in(s, "secret", "key", agent="", now=NOON + GUEST_MS - 5))
    with pytest.raises(Expired):
        await store.read(lambda s: logins.enter(s, "key", now=NOON + GUEST_MS))


async def test_a_guest_whose_time_is_over_leaves_and_the_managers_hear_of_it(store: Store) -> None:
    await hire(store, "mariam", Role.MANAGER)
    guest = await hire(store, "gor", Role.GUEST)
    assert await store.write(lambda s: show_out(s, "staff", now=NOON + GUEST_MS - 1)) == 0
    assert await store.write(lambda s: show_out(s, "staff", now=NOON + GUEST_MS)) == 1
    assert await rows(store, select(Member.active).where(Member.id == guest.id)) == [0]
    assert set(await rows(store, select(NoticeRow.kind).where(NoticeRow.subject_id == guest.id))) == {"left", "guest_over"}


@pytest.mark.parametrize(
    ("before", "role", "said", "stays"),
    [
        (Role.REP, Role.MANAGER, (Scope.OWN, False), ("own", "masked")),
        (Role.MANAGER, Role.REP, (Scope.TEAM, False), ("", "masked")),
        (Role.MANAGER, Role.REP, (Scope.OWN, True), ("own", "full")),
        (Role.REP, Role.GUEST, (Scope.ALL, True), ("", "")),
        (Role.REP, Role.GUEST, (Scope.OWN, False), ("own", "masked")),
        (Role.REP, Role.OWNER, (Scope.OWN, False), ("", "")),
    ],
)
async def test_another_role_keeps_what_an_owner_said_and_widens_nothing(
    store: Store, before: Role, role: Role, said: tuple[Scope, bool], stays: tuple[str, str]
) -> None:
    owner, rep = await hire(store, "mariam", Role.MANAGER), await hire(store, "tigran", before)
    await step_up(store, owner)
    await store.write(lambda s: team.set_scope(s, owner, rep.id, said[0], now=NOON))
    await store.write(lambda s: team.set_points(s, owner, rep.id, said[1], now=NOON))
    await store.write(lambda s: team.change_role(s, owner, rep.id, role, now=NOON))
    assert await store.read(lambda s: (s.get_one(Member, rep.id).scope, s.get_one(Member, rep.id).points)) == stays
