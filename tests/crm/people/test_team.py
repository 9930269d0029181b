"""The team: who may change it, what goes with a member who leaves, and that somebody stays a manager."""

from collections.abc import Callable
from typing import TypeVar

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Rep, Role, System
from crm.base.db import Store
from crm.base.errors import Expired, Forbidden, LastManager, NotFound
from crm.base.history import DomainEvent
from crm.base.outbound import Lane, Limits, Say
from crm.base.settings import Company
from crm.base.time import DAY, MINUTE, SECOND
from crm.conversations import assign
from crm.conversations.desk import Listed
from crm.conversations.leaving import colleagues, leave
from crm.conversations.talk import reply
from crm.conversations.threads import Conversation
from crm.outbox.claim import Sender, turn
from crm.outbox.deliveries import Delivery, State
from crm.outbox.notices import NoticeRow
from crm.outbox.queue import Parcel, enqueue
from crm.outbox.settle import Result
from crm.people import link, logins, team
from crm.people.contacts import Identity
from crm.people.logins import Login, WebSession
from crm.people.reps import Member, invite, join
from crm.reports import find
from crm.reports.thread import look_at
from tests.conftest import NOON
from tests.crm.fake import counts, hear, hire, raw, rows, said, step_up

T = TypeVar("T")


async def do(store: Store, deed: Callable[[Session], T]) -> T:
    return await store.write(deed)


async def log_in(store: Store, rep: Rep) -> None:
    await do(store, lambda s: logins.issue(s, rep, rep.id, f"used {rep.id}", now=NOON))
    await do(store, lambda s: logins.log_in(s, f"used {rep.id}", f"key {rep.id}", agent="Firefox", now=NOON))
    await do(store, lambda s: logins.issue(s, rep, rep.id, f"open {rep.id}", now=NOON))


async def take(store: Store, company: Company, rep: Rep, *people: str) -> list[int]:
    """Customers write and a rep takes their conversations."""
    await hear(store, company, *(said(f"{name} 1", name) for name in people))
    found: list[int] = await rows(store, select(Conversation.id).where(Conversation.address.in_(people)).order_by(Conversation.id))
    for number in found:
        await do(store, lambda s, number=number: assign.take(s, rep, number, now=NOON))  # type: ignore[misc]
    return found


async def left_closed(store: Store, company: Company) -> tuple[Rep, int]:
    """A rep closed a conversation and left; answers who is still there, and its number."""
    boss, tigran, nare = await hire(store, "mariam", Role.MANAGER), await hire(store), await hire(store, "nare")
    [number] = await take(store, company, tigran, "ann")
    await do(store, lambda s: assign.close(s, tigran, number, now=NOON))
    await do(store, lambda s: leave(s, boss, tigran.id, "staff", now=NOON + 1))
    return nare, number


async def found(store: Store, rep: Rep) -> Listed:
    """The one conversation this member finds."""
    among, sure = await store.read(lambda s: find.candidates(s, rep, "Ann", "AM"))
    [one] = find.matching(among, "Ann", sure=sure, most=5)
    return one


async def test_a_reps_conversations_are_anybodys_when_they_are_removed(store: Store, company: Company) -> None:
    boss, tigran, nare = await hire(store, "mariam", Role.MANAGER), await hire(store), await hire(store, "nare")
    first, second, done = await take(store, company, tigran, "ann", "bob", "eve")
    await take(store, company, nare, "zoe")
    await do(store, lambda s: assign.close(s, tigran, done, now=NOON))
    left, count = await do(store, lambda s: leave(s, boss, tigran.id, "staff", now=NOON + 1))
    assert (left.name, count) == ("Tigran", 2)
    assert await rows(store, select(Conversation.rep_id).order_by(Conversation.id)) == [None, None, tigran.id, nare.id]
    told = await rows(store, select(NoticeRow.kind, NoticeRow.subject_id).where(NoticeRow.urgent == 1, NoticeRow.created_at == NOON + 1))
    assert ("left", tigran.id) in told
    assert await rows(store, select(DomainEvent.subject_id).where(DomainEvent.kind == "handed_back").order_by(DomainEvent.id)) == [first, second]
    assert (await do(store, lambda s: assign.take(s, nare, first, now=NOON))).rep_id == nare.id


async def test_what_was_closed_when_its_rep_left_is_everybodys_when_the_customer_writes_again(store: Store, company: Company) -> None:
    nare, number = await left_closed(store, company)
    assert (await found(store, nare)).holder == "Tigran"
    await hear(store, company, said("again", "ann", "me again"), now=NOON + 2)
    assert await rows(store, select(Conversation.rep_id, Conversation.status)) == [(None, "open")]
    assert (await do(store, lambda s: assign.take(s, nare, number, now=NOON + 3))).rep_id == nare.id


async def test_a_closed_conversation_goes_back_to_a_rep_who_is_still_there(store: Store, company: Company) -> None:
    tigran = await hire(store)
    [number] = await take(store, company, tigran, "ann")
    await do(store, lambda s: assign.close(s, tigran, number, now=NOON))
    await hear(store, company, said("again", "ann", "me again"), now=NOON + 2)
    assert await rows(store, select(Conversation.rep_id)) == [tigran.id]


GOING_ON: list[tuple[Callable[[Session, Rep, int], object], bool]] = [
    (lambda s, who, number: assign.take(s, who, number, now=NOON), True),
    (lambda s, who, number: reply(s, who, number, "Hello again", once="r", now=NOON), True),
    (lambda s, who, number: assign.reopen(s, who, number, now=NOON), False),
    (lambda s, who, number: assign.snooze(s, who, number, NOON + 1000, now=NOON), False),
]


@pytest.mark.parametrize(("deed", "theirs"), GOING_ON, ids=["take", "reply", "reopen", "snooze"])
async def test_anybody_may_go_on_with_what_was_closed_when_its_rep_left(
    store: Store, company: Company, deed: Callable[[Session, Rep, int], object], theirs: bool
) -> None:
    nare, number = await left_closed(store, company)
    seen = await do(store, lambda s: look_at(s, nare, number, {}))
    assert (seen.elsewhere, seen.holder_id, seen.holder) == (False, None, "Tigran")
    await do(store, lambda s: deed(s, nare, number))
    assert await rows(store, select(Conversation.rep_id)) == [nare.id if theirs else None]


async def test_who_comes_from_another_channel_is_not_given_to_a_rep_who_left(store: Store, company: Company) -> None:
    await left_closed(store, company)
    [identity] = await rows(store, select(Identity.id))
    token = await do(store, lambda s: link.offer_link(s, identity, "a secret", now=NOON))
    await hear(store, company, raw("go", "ann-there", "start", token, account="other"), now=NOON + 2)
    assert await rows(store, select(Conversation.rep_id).where(Conversation.account == "other")) == [None]


async def test_who_was_removed_does_nothing_more_and_is_shown_nothing_more(store: Store, company: Company) -> None:
    boss, tigran = await hire(store, "mariam", Role.MANAGER), await hire(store)
    await log_in(store, tigran)
    [number] = await take(store, company, tigran, "ann")
    await do(store, lambda s: enqueue(s, [Parcel("staff", tigran.address, Say("secret"), Lane.REPLY, "1", desk=True)], now=NOON))
    await do(store, lambda s: leave(s, boss, tigran.id, "staff", now=NOON))
    with pytest.raises(Forbidden):
        await do(store, lambda s: assign.take(s, tigran, number, now=NOON))
    with pytest.raises(Expired):
        await store.read(lambda s: logins.enter(s, f"key {tigran.id}", now=NOON))
    assert await counts(store, WebSession, Login) == {"web_sessions": 0, "logins": 0}
    assert await rows(store, select(Delivery.state).where(Delivery.account == "staff")) == ["cancelled"]
    with pytest.raises(NotFound):
        await do(store, lambda s: leave(s, boss, tigran.id, "staff", now=NOON))


async def test_what_was_on_its_way_to_who_was_removed_is_not_tried_again(store: Store) -> None:
    boss, tigran = await hire(store, "mariam", Role.MANAGER), await hire(store)
    sender = Sender("staff", "n", Limits(), 10, {})
    parcels = [Parcel("staff", who.address, Say("secret"), Lane.REPLY, who.address, desk=True) for who in (boss, tigran)]
    await do(store, lambda s: enqueue(s, parcels, now=NOON))
    carried = (await do(store, lambda s: turn(s, sender, (), now=NOON))).claimed
    await do(store, lambda s: leave(s, boss, tigran.id, "staff", now=NOON))
    await do(store, lambda s: enqueue(s, [Parcel("staff", tigran.address, Say("good-bye"), Lane.REPLY, "good-bye", desk=True)], now=NOON))
    put_off = [Result(part.delivery_id, State.QUEUED, NOON + SECOND, detail="retry later") for part in carried]
    again = [(part.address, part.outbound) for part in (await do(store, lambda s: turn(s, sender, put_off, now=NOON + MINUTE))).claimed]
    again += [(part.address, part.outbound) for part in (await do(store, lambda s: turn(s, sender, (), now=NOON + MINUTE))).claimed]
    assert sorted(again, key=str) == sorted([(boss.address, Say("secret")), (tigran.address, Say("good-bye"))], key=str)
    assert await rows(store, select(Delivery.state).where(Delivery.address == tigran.address).order_by(Delivery.id)) == ["cancelled", "sending"]


@pytest.mark.parametrize("deed", [lambda s, who: leave(s, who, who.id, "staff", now=NOON), lambda s, who: team.change_role(s, who, who.id, Role.REP, now=NOON)])
async def test_the_last_manager_stays_one(store: Store, deed: Callable[[Session, Rep], object]) -> None:
    boss = await hire(store, "mariam", Role.MANAGER)
    with pytest.raises(LastManager):
        await do(store, lambda s: deed(s, boss))
    second = await hire(store, "zara", Role.OWNER)
    await step_up(store, boss)
    await do(store, lambda s: deed(s, boss))
    with pytest.raises(LastManager):
        await do(store, lambda s: deed(s, second))
    assert await rows(store, select(Member.role, Member.active).where(Member.id == second.id)) == [("owner", 1)]


async def test_the_last_manager_is_not_made_a_rep_by_an_invitation_either(store: Store) -> None:
    boss = await hire(store, "mariam", Role.MANAGER)
    await do(store, lambda s: invite(s, boss, Role.REP, "for a rep", now=NOON))
    with pytest.raises(LastManager):
        await do(store, lambda s: join(s, "for a rep", address=boss.address, name="Mariam", language="en", now=NOON))
    assert len(await store.read(lambda s: team.invitations(s, boss, now=NOON))) == 1


@pytest.mark.parametrize(
    "deed",
    [
        lambda s, rep, other: leave(s, rep, other.id, "staff", now=NOON),
        lambda s, rep, other: team.change_role(s, rep, rep.id, Role.MANAGER, now=NOON),
        lambda s, rep, other: team.invitations(s, rep, now=NOON),
        lambda s, rep, other: team.revoke(s, rep, 1, now=NOON),
        lambda s, rep, other: colleagues(s, rep),
    ],
)
async def test_a_rep_changes_nothing_about_the_team(store: Store, deed: Callable[[Session, Rep, Rep], object]) -> None:
    rep, boss = await hire(store), await hire(store, "mariam", Role.MANAGER)
    with pytest.raises(Forbidden):
        await do(store, lambda s: deed(s, rep, boss))


async def test_another_role_is_another_role_at_once_and_ends_the_logins(store: Store) -> None:
    boss, tigran = await hire(store, "mariam", Role.MANAGER), await hire(store)
    await log_in(store, tigran)
    await step_up(store, boss)
    assert (await do(store, lambda s: team.change_role(s, boss, tigran.id, Role.MANAGER, now=NOON))).role is Role.MANAGER
    assert await counts(store, WebSession, Login) == {"web_sessions": 0, "logins": 0}
    assert len(await store.read(lambda s: colleagues(s, tigran))) == 2
    assert await rows(store, select(DomainEvent.before, DomainEvent.after).where(DomainEvent.kind == "role")) == [('{"role": "rep"}', '{"role": "manager"}')]


async def test_an_invitation_that_was_taken_back_lets_nobody_in(store: Store) -> None:
    boss = await hire(store, "mariam", Role.MANAGER)
    await do(store, lambda s: invite(s, boss, Role.REP, "a", now=NOON))
    [found] = await store.read(lambda s: team.invitations(s, boss, now=NOON))
    assert (found.role, found.issuer, found.expires_at) == (Role.REP, "Mariam", NOON + DAY)
    await do(store, lambda s: team.revoke(s, boss, found.id, now=NOON + 1))
    with pytest.raises(Expired):
        await do(store, lambda s: join(s, "a", address="9", name="Late", language="en", now=NOON + 2))
    with pytest.raises(NotFound):
        await do(store, lambda s: team.revoke(s, boss, found.id, now=NOON + 3))


@pytest.mark.parametrize("ends", [lambda s, a, b: leave(s, a, b.id, "staff", now=NOON), lambda s, a, b: team.change_role(s, a, b.id, Role.REP, now=NOON)])
async def test_nobody_comes_back_by_a_link_of_their_own(store: Store, ends: Callable[[Session, Rep, Rep], object]) -> None:
    boss, second = await hire(store, "mariam", Role.MANAGER), await hire(store, "zara", Role.MANAGER)
    for one in (boss, second):
        await step_up(store, one)
    await do(store, lambda s: invite(s, second, Role.MANAGER, "a back door", now=NOON))
    await do(store, lambda s: ends(s, boss, second))
    with pytest.raises(Expired):
        await do(store, lambda s: join(s, "a back door", address=second.address, name="Zara", language="en", now=NOON + 1))


async def test_the_team_is_shown_with_what_each_has_taken(store: Store, company: Company) -> None:
    boss, tigran = await hire(store, "mariam", Role.MANAGER), await hire(store)
    await take(store, company, tigran, "ann", "bob")
    found = await store.read(lambda s: colleagues(s, System("test")))
    assert [(one.rep.id, one.available, one.taken) for one in found] == [(boss.id, True, 0), (tigran.id, True, 2)]
