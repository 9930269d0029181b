"""The inbox: one's own first, then what waits longest; a page costs its rows however many conversations there are."""

from dataclasses import dataclass

import pytest
from sqlalchemy import update

from crm.base.actors import Rep, Role
from crm.base.db import Session, Store
from crm.base.rows import add
from crm.conversations import desk
from crm.conversations.threads import Conversation, Status
from crm.people.contacts import Contact, Identity
from crm.people.reps import Member
from tests.conftest import NOON

MARIAM = Rep(1, Role.MANAGER, "Mariam", "en", "1")
TIGRAN = Rep(2, Role.REP, "Tigran", "en", "2")
VAHE = Rep(3, Role.REP, "Vahe", "en", "3")


@dataclass(frozen=True, slots=True)
class Open:
    """One conversation and how it stands."""

    name: str
    rep: int | None = None
    waits: int = 0
    last: int = 0
    status: str = Status.OPEN.value
    until: int = 0
    blocked: int = 0
    heard: int = 1


def write(session: Session, threads: list[Open]) -> None:
    """Write people and their conversations."""
    for rep in (MARIAM, TIGRAN, VAHE):
        add(session, Member, [{"id": rep.id, "address": rep.address, "name": rep.name, "role": rep.role.value, "language": "en", "created_at": NOON}])
    for number, one in enumerate(threads, 100):
        add(
            session,
            Contact,
            [{"id": number, "root_id": number, "name": one.name, "language": "en", "zone": "UTC", "created_at": NOON, "blocked": one.blocked}],
        )
        add(session, Identity, [{"id": number, "contact_id": number, "account": "letters", "external_id": one.name, "created_at": NOON}])
        row = {"id": number, "identity_id": number, "contact_id": number, "account": "letters", "address": one.name, "opened_at": NOON}
        stands = {"status": one.status, "rep_id": one.rep, "waiting_since": one.waits, "last_at": NOON + one.last, "snoozed_until": one.until}
        add(session, Conversation, [{**row, **stands, "last_heard_id": one.heard}])


TOWN = [
    Open("taken by Vahe, waits longest", rep=3, waits=1),
    Open("free, waits long", waits=10),
    Open("free, waits", waits=20),
    Open("free, answered lately", last=50),
    Open("free, answered", last=40),
    Open("mine, put off", rep=2, status=Status.SNOOZED.value, until=NOON),
    Open("mine, answered", rep=2, last=5),
    Open("mine, waits", rep=2, waits=30),
    Open("closed", status=Status.CLOSED.value),
    Open("blocked", waits=1, blocked=1),
    Open("never heard", heard=0),
]
MINE = ["mine, waits", "mine, answered", "mine, put off"]
FREE = ["free, waits long", "free, waits", "free, answered lately", "free, answered"]


async def names(store: Store, rep: Rep, *, mine: bool = False, after: int = 0, most: int = 20) -> list[str]:
    rows, _ = await store.read(lambda session: desk.inbox(session, rep, mine=mine, after=after, most=most))
    return [row.name for row in rows]


async def test_ones_own_stand_first_then_what_nobody_took_and_what_waits_longest_above(store: Store) -> None:
    await store.write(lambda session: write(session, TOWN))
    assert await names(store, TIGRAN) == MINE + FREE
    assert await names(store, TIGRAN, mine=True) == MINE


async def test_a_manager_sees_everybodys_after_what_is_free(store: Store) -> None:
    await store.write(lambda session: write(session, TOWN))
    assert await names(store, MARIAM) == [*FREE, "taken by Vahe, waits longest", "mine, waits", "mine, answered", "mine, put off"]


@pytest.mark.parametrize("after", range(0, 7, 2))
async def test_pages_follow_one_another_without_gap_or_repeat(store: Store, after: int) -> None:
    await store.write(lambda session: write(session, TOWN))
    assert await names(store, TIGRAN, after=after, most=2) == (MINE + FREE)[after : after + 2]


async def test_what_was_put_off_and_is_open_again_waits_like_any_other(store: Store) -> None:
    await store.write(lambda session: write(session, TOWN))
    word = update(Conversation).where(Conversation.status == Status.SNOOZED.value).values(status=Status.OPEN.value, waiting_since=5)
    await store.write(lambda session: session.execute(word) and None)
    rows, _ = await store.read(lambda session: desk.inbox(session, TIGRAN))
    assert (rows[0].name, rows[0].snoozed_until) == ("mine, put off", 0)


async def test_the_number_is_exact_as_far_as_it_is_counted(store: Store) -> None:
    await store.write(lambda session: write(session, TOWN))
    assert [(await store.read(lambda session, rep=rep: desk.inbox(session, rep)))[1] for rep in (TIGRAN, VAHE, MARIAM)] == [7, 5, 8]  # type: ignore[misc]


async def test_more_than_can_be_counted_is_told_as_more(store: Store) -> None:
    await store.write(lambda session: write(session, [Open(f"p{number}", waits=number + 1) for number in range(desk.COUNTED + 30)]))
    assert (await store.read(lambda session: desk.inbox(session, TIGRAN)))[1] == desk.COUNTED + 1
    assert await names(store, TIGRAN, after=desk.COUNTED + 10, most=2) == [f"p{desk.COUNTED + 10}", f"p{desk.COUNTED + 11}"]
