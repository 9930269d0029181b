"""Chains of merges, undone in any order: what stands then is what would stand had the undone ones never been; told by a model beside the real rows."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from crm.base import dialect
from crm.base.actors import Bot
from crm.base.db import Store
from crm.base.errors import Expired
from crm.conversations import assign
from crm.conversations.threads import Conversation
from crm.outreach import persons
from crm.people import contacts, merge
from crm.people.consents import MARKETING, SERVICE
from crm.people.contacts import Contact
from crm.reports.books import check
from crm.sales.leads import Lead, LeadStatus
from crm.tables import metadata
from tests.conftest import NOON
from tests.crm.people.crowd import Somebody, agree, employ, meet, open_leads, root, says


@dataclass
class World:
    """The same deeds in plain dictionaries, told anew from the beginning each time, without the merges that were undone."""

    deeds: list[tuple[str, int, Any, Any]] = field(default_factory=list)

    def person(self, contact: int) -> tuple[set[int], dict[str, Any]]:
        """Who is one with a contact, and what is known of that person."""
        groups: dict[int, tuple[set[int], dict[str, Any]]] = {}
        for kind, number, one, other in self.deeds:
            if kind == "met":
                groups[number] = ({number}, {"marketing": 0, "silenced": 0, "blocked": 0, "name": ""})
            elif kind == "merged":
                (mine, says), (theirs, said) = groups[one], groups[other]
                says |= {"name": says["name"] or said["name"], "marketing": self._strict(says["marketing"], said["marketing"])}
                says |= {flag: max(says[flag], said[flag]) for flag in ("silenced", "blocked")}
                mine |= theirs
                groups |= dict.fromkeys(theirs, groups[one])
            else:
                groups[number][1][kind] = one
        return groups[contact]

    @staticmethod
    def _strict(one: int, other: int) -> int:
        return -1 if -1 in (one, other) else max(one, other)

    def undo(self, made: int) -> None:
        self.deeds = [deed for deed in self.deeds if deed[:2] != ("merged", made)]


class Story:
    """Deeds on a real session and in the model beside it."""

    def __init__(self, session: Session) -> None:
        self.session, self.world, self.now = session, World(), NOON
        self.rep = employ(session)
        self.people: list[Somebody] = []
        self.standing: list[int] = []

    def tick(self) -> int:
        self.now += 1
        return self.now

    def meet(self) -> None:
        one = meet(self.session, f"p{len(self.people)}", now=self.tick())
        self.people.append(one)
        self.world.deeds.append(("met", one.contact, None, None))

    def merge(self, one: Somebody, other: Somebody) -> None:
        winner, loser = root(self.session, one.contact), root(self.session, other.contact)
        if winner == loser:
            return
        made = persons.merged(self.session, self.rep, winner, loser, now=self.tick())
        self.standing.append(made)
        self.world.deeds.append(("merged", made, winner, loser))

    def undo(self, place: int) -> None:
        made = self.standing.pop(place % len(self.standing))
        persons.parted(self.session, self.rep, made, now=self.tick())
        self.world.undo(made)

    def answer(self, one: Somebody, purpose: str, granted: bool) -> None:
        agree(self.session, one.contact, purpose, granted, now=self.tick())
        value = (1 if granted else -1) if purpose == MARKETING else int(not granted)
        self.world.deeds.append(("marketing" if purpose == MARKETING else "silenced", one.contact, value, None))

    def block(self, one: Somebody, blocked: bool) -> None:
        assign.block(self.session, self.rep, one.conversation, blocked, now=self.tick())
        self.world.deeds.append(("blocked", one.contact, int(blocked), None))

    def call(self, one: Somebody, name: str) -> None:
        contacts.rename(self.session, Bot(), one.contact, name, now=self.tick())
        self.world.deeds.append(("name", one.contact, name, None))

    def check(self) -> None:
        self.session.flush()
        self.session.expire_all()
        for one in self.people:
            group, says_of = self.world.person(one.contact)
            family = set(contacts.family_of(self.session, one.contact))
            flags = says(self.session, one.contact)
            assert family == group
            assert {name: getattr(flags, name) for name in says_of} == says_of
            mine = self.session.scalars(select(Lead.id).where(Lead.open_contact_id.in_(family))).all()
            assert len(mine) == 1
            assert root(self.session, one.contact) in family

    def end(self, order: random.Random) -> None:
        """Undo everything that stands: each is alone again, with their own lead and what they themselves said."""
        assert check(self.session).problems == ()
        while self.standing:
            self.undo(order.randrange(len(self.standing)))
            self.check()
        for one in self.people:
            assert open_leads(self.session, [one.contact]) == {one.contact: one.lead}
            assert self.session.get_one(Lead, one.lead).status == LeadStatus.NEW


NAMES = st.sampled_from(["Ann", "Ben", "Cid"])


class Merges(RuleBasedStateMachine):
    """Any deeds in any order, merges undone in any order."""

    @initialize()
    def open(self) -> None:
        engine = create_engine("sqlite://", poolclass=StaticPool)
        metadata.create_all(engine)
        with engine.begin() as connection:
            dialect.found(connection)
        self.engine, self.session = engine, Session(engine, expire_on_commit=False)
        self.story = Story(self.session)
        for _ in range(4):
            self.story.meet()

    def one(self, place: int) -> Somebody:
        return self.story.people[place % len(self.story.people)]

    @rule(a=st.integers(0, 3), b=st.integers(0, 3))
    def merges(self, a: int, b: int) -> None:
        self.story.merge(self.one(a), self.one(b))
        self.story.check()

    @precondition(lambda self: self.story.standing)
    @rule(place=st.integers(0, 9))
    def undoes(self, place: int) -> None:
        self.story.undo(place)
        self.story.check()

    @rule(place=st.integers(0, 3), purpose=st.sampled_from([MARKETING, SERVICE]), granted=st.booleans())
    def answers(self, place: int, purpose: str, granted: bool) -> None:
        self.story.answer(self.one(place), purpose, granted)

    @rule(place=st.integers(0, 3), blocked=st.booleans())
    def blocks(self, place: int, blocked: bool) -> None:
        self.story.block(self.one(place), blocked)

    @rule(place=st.integers(0, 3), name=NAMES)
    def calls(self, place: int, name: str) -> None:
        self.story.call(self.one(place), name)

    def teardown(self) -> None:
        if hasattr(self, "story"):
            self.story.check()
            self.story.end(random.Random(7))
            self.session.close()
            self.engine.dispose()


TestMerges = Merges.TestCase
TestMerges.settings = settings(max_examples=15, stateful_step_count=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("seed", range(3))
async def test_any_deeds_in_any_order_are_undone_exactly_on_either_engine(store: Store, seed: int) -> None:
    def play(session: Session) -> None:
        chance, story = random.Random(seed), Story(session)
        for _ in range(5):
            story.meet()
        for _ in range(30):
            one, other = chance.choice(story.people), chance.choice(story.people)
            deed = chance.randrange(6)
            if deed < 2:
                story.merge(one, other)
            elif deed == 2 and story.standing:
                story.undo(chance.randrange(9))
            elif deed == 3:
                story.block(one, chance.random() < 0.5)
            elif deed == 4:
                story.answer(one, chance.choice([MARKETING, SERVICE]), chance.random() < 0.5)
            else:
                story.call(one, chance.choice(["Ann", "Ben"]))
            story.check()
        story.end(chance)

    await store.write(play)


async def test_merges_of_the_same_people_at_once_leave_one_person(store: Store) -> None:
    rep = await store.write(employ)
    people = [await store.write(lambda s, n=n: meet(s, f"p{n}", f"account{n}")) for n in range(4)]  # type: ignore[misc]
    pairs = [(0, 1), (1, 2), (2, 3), (3, 0), (1, 3)]
    deeds = [store.write(lambda s, a=a, b=b: persons.merged(s, rep, people[a].contact, people[b].contact, now=NOON)) for a, b in pairs]  # type: ignore[misc]
    done = await asyncio.gather(*deeds, return_exceptions=True)
    assert sum(isinstance(one, int) for one in done) == 3
    assert sum(isinstance(one, Expired) for one in done) == 2
    roots = await store.read(lambda s: set(s.scalars(select(Contact.root_id))))
    assert len(roots) == 1
    assert await store.read(lambda s: s.scalar(select(func.count()).select_from(Conversation))) == 4
    assert (await store.read(check)).balanced
    assert await store.read(lambda s: len(merge.merges_of(s, people[0].contact))) == 3
