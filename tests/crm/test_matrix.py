"""The matrix: every verb x every role x whose it is x every face is allowed or refused as the policy says, and a refusal leaves the database as it was."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bots.staff.hearing import PRESSES
from bots.staff.said import Press
from bots.staff.visit import Visit
from crm.base.actors import Rep, Role, System
from crm.base.db import Store
from crm.base.errors import DragomanError, Forbidden, NotFound, StepUp, Taken
from crm.base.policy import Action, Scope, may
from crm.base.rows import add_new, take_ids
from crm.base.settings import Company
from crm.conversations.threads import Conversation
from crm.people import team, teams
from crm.people.desk import Intent
from crm.people.reps import invite
from crm.people.sight import sight_of
from crm.projects.projects import Project, ProjectStep
from crm.reports.thread import reach
from crm.sales.deals import Deal, NewDeal, add_deal
from crm.sales.leads import Lead
from crm.sales.ledger import Payment
from crm.sales.orders import Line, NewOrder, Order, add_order
from crm.sales.payments import Due, Money, claim
from crm.sales.pipelines import found_pipeline
from crm.sales.tasks import Duty, Task, TaskKind, add_task
from crm.tables import metadata
from tests.conftest import NOON
from tests.crm.fake import hear, hire, said
from tests.crm.matrix import FIRM, Reach, Verb
from tests.crm.matrix import VERBS as FIRST
from tests.crm.matrix_house import HOUSE
from tests.crm.matrix_work import WORK
from web.desk.deeds import DEEDS, Asked

VERBS = (*FIRST, *WORK, *HOUSE)
MACHINE = System("test")
WHOSE = ("mine", "team", "foreign", "free")
# Everybody who may be a member, with what is said of them besides their role.
STAFF: Mapping[str, tuple[Role, Scope | None]] = {
    "owner": (Role.OWNER, None),
    "manager": (Role.MANAGER, None),
    "narrowed": (Role.MANAGER, Scope.TEAM),
    "lead": (Role.REP, Scope.TEAM),
    "rep": (Role.REP, None),
    "trainee": (Role.TRAINEE, None),
    "guest": (Role.GUEST, None),
}


@dataclass(frozen=True, slots=True)
class World:
    """Who asks, whose each thing is (None = nobody's), and the numbers of the things, by whose they are."""

    who: Rep
    holders: Mapping[str, int | None]
    things: Mapping[str, Mapping[str, int]]


class Undo(Exception):
    """Nothing that was tried stays."""


async def world(store: Store, company: Company, name: str) -> World:
    """A customer of everybody's, each with a lead, a deal and a task, and somebody who asks."""
    role, scope = STAFF[name]
    await hire(store, "anahit", Role.OWNER)
    who, pal, stranger = await hire(store, "who", role), await hire(store, "pal"), await hire(store, "stranger")
    holders = {"mine": who.id, "team": pal.id, "foreign": stranger.id, "free": None}
    await hear(store, company, *(said(f"{whose} 1", whose) for whose in WHOSE))

    def deed(session: Session) -> dict[str, dict[str, int]]:
        ours = teams.found_team(session, MACHINE, "Chairs", now=NOON)
        for one in (who, pal):
            teams.put_in(session, MACHINE, one.id, ours, now=NOON)
        team.set_scope(session, MACHINE, who.id, scope, now=NOON)
        found_pipeline(session, "en", now=NOON)
        return {whose: _thing(session, whose, holders[whose]) for whose in WHOSE}

    return World(who, holders, await store.write(deed))


def _thing(session: Session, whose: str, holder: int | None) -> dict[str, int]:
    conversation = session.scalars(select(Conversation).where(Conversation.address == whose)).one()
    lead = session.scalars(select(Lead).where(Lead.conversation_id == conversation.id)).one()
    deal = add_deal(session, MACHINE, NewDeal(conversation.contact_id, f"deal of {whose}", "AMD", rep_id=None), "en", now=NOON)
    task = add_task(session, MACHINE, conversation.id, Duty(TaskKind.CALL, NOON + 1), now=NOON)
    session.flush()
    new = NewOrder(conversation.contact_id, (Line("a chair", 100),), "AMD", deal_id=deal.id)
    order = add_order(session, MACHINE, new, "UTC", now=NOON)
    payment = claim(session, MACHINE, Due(order), Money(100, "AMD", NOON), once=f"claim of {whose}", now=NOON)
    session.flush()
    for table, number in ((Conversation, conversation.id), (Lead, lead.id), (Deal, deal.id), (Task, task), (Order, order.id), (Payment, payment.id)):
        session.execute(update(table).where(table.id == number).values(rep_id=holder))
    session.expire_all()
    work = _work(session, deal, holder)
    return {**work, "c": conversation.id, "p": conversation.contact_id, "l": lead.id, "d": deal.id, "t": task, "o": order.id, "y": payment.id}


def _work(session: Session, deal: Deal, holder: int | None) -> dict[str, int]:
    """The work after a sale, with one step."""
    project, step = take_ids(session, 2)
    row = {"deal_id": deal.id, "contact_id": deal.contact_id, "title": "w", "rep_id": holder, "started_at": NOON, "due_at": NOON, "touched_at": NOON}
    add_new(session, Project, [{"id": project, **row}])
    add_new(session, ProjectStep, [{"id": step, "project_id": project, "position": 0, "title": "s", "due_at": NOON}])
    return {"j": project, "s": step}


def dump(session: Session) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the database."""
    return {table.name: sorted((tuple(row) for row in session.execute(select(table))), key=repr) for table in metadata.sorted_tables}


def faces(verb: Verb) -> list[str]:
    return ["core", *(["bot"] if verb.press else []), *(["web"] if verb.web else [])]


def carry_out(session: Session, verb: Verb, face: str, who: Rep, number: int) -> object:
    """The verb as a face calls it."""
    if face == "bot":
        said_by = Press(int(who.id), int(who.id), "q", 1, "")
        visit = Visit(who, said_by, 1, NOON, NOON, FIRM, {"fake": "Fake"}, "bot")
        return PRESSES[verb.press](session, visit, Intent(verb.press, number))
    if face == "web":
        reach(session, who, number)
        return DEEDS[verb.web](session, who, Asked(number, verb.web, "once", NOON, "UTC", frozenset(), "text"))
    return verb.call(session, who, number)


def wanted(session: Session, verb: Verb, face: str, here: World, whose: str) -> bool:
    """What the policy says: the role may do it, and the thing is within reach."""
    role = here.who.role
    if not may(role, verb.action) or (face == "web" and not may(role, Action.TALK)):
        return False
    if verb.whole and sight_of(session, here.who, verb.action).reps is not None:
        return False
    mine = whose in ("mine", "free")
    sight = sight_of(session, here.who, verb.action)
    seen = sight.covers(here.holders[whose])
    worked = seen and (whose != "free" or sight.reps is None)
    return {Reach.ALL: seen or face != "web", Reach.SIGHT: seen, Reach.HELD: mine and seen, Reach.WORKED: worked}[verb.reach] if verb.about else True


def tried(session: Session, verb: Verb, face: str, here: World, whose: str, before: dict[str, list[tuple[object, ...]]]) -> str:
    """What is wrong with how a verb went ("" = nothing): refused or not as the policy says, and nothing written where it was."""
    number = here.things[whose][verb.about] if verb.about else 0
    allowed = wanted(session, verb, face, here, whose)
    refusals: tuple[type[DragomanError], ...] = (Forbidden, Taken, NotFound) if verb.about else (Forbidden, Taken)
    try:
        carry_out(session, verb, face, here.who, number)
        refused = False
    except StepUp:
        refused = False
    except refusals as error:
        refused = not isinstance(error, NotFound) or not allowed
    except DragomanError:
        refused = False
    if refused is allowed:
        return f"{verb.name} by {here.who.role} ({face}, {whose}): {'allowed' if allowed else 'refused'} by policy, but not so"
    session.flush()
    return f"{verb.name} by {here.who.role} ({face}, {whose}) was refused, but wrote" if refused and dump(session) != before else ""


@pytest.mark.parametrize("name", STAFF)
async def test_every_verb_is_allowed_or_refused_as_the_policy_says(store: Store, company: Company, name: str) -> None:
    here = await world(store, company, name)
    before = await store.read(dump)
    wrong: list[str] = []

    for verb in VERBS:
        for face in faces(verb):
            for whose in WHOSE if verb.about else WHOSE[:1]:

                def once(session: Session, verb: Verb = verb, face: str = face, whose: str = whose) -> None:
                    wrong.append(tried(session, verb, face, here, whose, before))
                    raise Undo

                with pytest.raises(Undo):
                    await store.write(once)
    assert [one for one in wrong if one] == []
    assert await store.read(dump) == before


def test_every_action_of_the_policy_stands_in_the_matrix() -> None:
    """What no verb of the matrix asks for yet is named here, so that nobody forgets it."""
    assert set(Action) - {verb.action for verb in VERBS} <= LATER


LATER = frozenset({Action.AUDIT})


async def test_whoever_was_removed_may_do_nothing_of_it(store: Store, company: Company) -> None:
    here = await world(store, company, "rep")
    await store.write(lambda s: team.dismiss(s, MACHINE, here.who.id, now=NOON))
    before, through = await store.read(dump), []

    for verb in VERBS:

        def once(session: Session, verb: Verb = verb) -> None:
            try:
                verb.call(session, here.who, here.things["mine"][verb.about] if verb.about else 0)
                through.append(verb.name)
            except Forbidden:
                pass
            raise Undo

        with pytest.raises(Undo):
            await store.write(once)
    assert through == []
    assert await store.read(dump) == before


async def test_the_machine_itself_lets_people_in(store: Store) -> None:
    for role in Role:
        await store.write(lambda s, role=role: invite(s, MACHINE, role, f"for {role}", now=NOON))  # type: ignore[misc]
