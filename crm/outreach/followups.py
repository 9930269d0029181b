"""What a manager sees and does about follow-ups: who is in them and when each is due, pause, edit, take out."""

import json
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Actor
from crm.base.errors import Expired, Invalid, NotFound
from crm.base.history import Change, DomainEvent, record
from crm.base.i18n import LANGUAGES
from crm.base.policy import Action
from crm.base.rows import table_of
from crm.base.template import parse, tidy
from crm.base.time import DAY, MINUTE
from crm.outbox.deliveries import Batch, BatchState, Delivery, State
from crm.outreach.campaigns import release
from crm.outreach.sequences import DEFAULT, Enrollment, EnrollmentState, Sequence, SequenceState, Step, end, packed, steps_of
from crm.people.contacts import Contact
from crm.people.fields import template_names
from crm.people.reps import authorise

DELAY_LEAST, DELAY_MOST = MINUTE, 90 * DAY
EXPIRED_SHOWN, EXPIRED_MS = 5, 7 * DAY

_own, _root = aliased(Contact), aliased(Contact)


@dataclass(frozen=True, slots=True)
class StepView:
    """One follow-up: after how much silence, and its words per language."""

    id: int
    place: int
    delay_ms: int
    texts: dict[str, str]


@dataclass(frozen=True, slots=True)
class InSequence:
    """One person who gets follow-ups: which of how many steps is next and when it is due."""

    enrollment_id: int
    conversation_id: int
    name: str
    step: int
    steps: int
    due_at: int
    zone: str


@dataclass(frozen=True, slots=True)
class ExpiredStep:
    """A follow-up that was not sent because its time had gone by."""

    enrollment_id: int
    name: str
    step: int
    at: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The follow-ups as a manager sees them; `active` counts everybody in them, `enrolled` is one page, `expired` the newest of a week."""

    sequence_id: int
    name: str
    paused: bool
    steps: tuple[StepView, ...]
    active: int
    enrolled: tuple[InSequence, ...]
    expired: tuple[ExpiredStep, ...]


def overview(session: Session, actor: Actor, *, now: int, after: tuple[int, int] = (0, 0), limit: int = 8) -> Overview:
    """Who is in the follow-ups, soonest first; `after` is the (due_at, enrollment_id) of the last one seen."""
    authorise(session, actor, Action.FOLLOW_UP)
    sequence = session.scalar(select(Sequence).where(Sequence.name == DEFAULT))
    if sequence is None:
        raise NotFound("there are no follow-ups yet")
    steps = tuple(StepView(one.id, one.place, one.delay_ms, json.loads(one.texts)) for one in steps_of(session, sequence.id))
    mine = (Enrollment.sequence_id == sequence.id, Enrollment.state == EnrollmentState.ACTIVE.value)
    active = session.scalar(select(func.count()).select_from(Enrollment).where(*mine)) or 0
    rows = session.execute(
        select(Enrollment, _root.name, _root.platform_name)
        .join(_own, _own.id == Enrollment.contact_id)
        .join(_root, _root.id == _own.root_id)
        .where(*mine, (Enrollment.due_at > after[0]) | ((Enrollment.due_at == after[0]) & (Enrollment.id > after[1])))
        .order_by(Enrollment.due_at, Enrollment.id)
        .limit(limit)
    )
    people = tuple(InSequence(one.id, one.conversation_id, name or platform, one.step + 1, len(steps), one.due_at, one.zone) for one, name, platform in rows)
    return Overview(sequence.id, sequence.name, sequence.state == SequenceState.PAUSED, steps, active, people, _expired(session, now))


def _expired(session: Session, now: int) -> tuple[ExpiredStep, ...]:
    rows = session.execute(
        select(DomainEvent.subject_id, DomainEvent.after, DomainEvent.at, _root.name, _root.platform_name)
        .join(Enrollment, Enrollment.id == DomainEvent.subject_id)
        .join(_own, _own.id == Enrollment.contact_id)
        .join(_root, _root.id == _own.root_id)
        .where(DomainEvent.kind == "expired", DomainEvent.subject == "enrollment", DomainEvent.at > now - EXPIRED_MS)
        .order_by(DomainEvent.at.desc(), DomainEvent.id.desc())
        .limit(EXPIRED_SHOWN)
    )
    return tuple(ExpiredStep(row.subject_id, row.name or row.platform_name, json.loads(row.after)["step"], row.at) for row in rows)


def pause(session: Session, actor: Actor, sequence_id: int, *, now: int) -> None:
    """Write to nobody for now; what is queued waits too."""
    sequence = _the(session, actor, sequence_id)
    if sequence.state == SequenceState.PAUSED:
        return
    sequence.state = SequenceState.PAUSED.value
    _flip(session, sequence, BatchState.RUNNING, BatchState.HELD)
    record(session, Change("sequence", sequence.id, "paused", actor), now=now)


def resume(session: Session, actor: Actor, sequence_id: int, *, now: int) -> None:
    """Go on; what went out of date meanwhile is skipped and listed."""
    sequence = _the(session, actor, sequence_id)
    if sequence.state == SequenceState.RUNNING:
        return
    sequence.state = SequenceState.RUNNING.value
    release(session, _flip(session, sequence, BatchState.HELD, BatchState.RUNNING), now=now)
    record(session, Change("sequence", sequence.id, "resumed", actor), now=now)


def _flip(session: Session, sequence: Sequence, before: BatchState, after: BatchState) -> list[int]:
    """Turn the batches that have something queued; the others have nothing for the gate to hold."""
    session.flush()
    queued = select(Delivery.batch_id).where(Delivery.state == State.QUEUED.value, Delivery.batch_id.is_not(None))
    mine = select(Enrollment.batch_id).where(Enrollment.sequence_id == sequence.id, Enrollment.batch_id.in_(queued))
    table = table_of(Batch)
    done = session.scalars(update(table).where(table.c.id.in_(mine), table.c.state == before.value).values(state=after.value).returning(table.c.id))
    return list(done)


def edit_step(session: Session, actor: Actor, step_id: int, *, language: str = "", text: str | None = None, delay_ms: int | None = None, now: int) -> StepView:
    """Change a step's words in one language, or its delay; BadTemplate for a bad text, Invalid for a delay that breaks the order of the steps."""
    authorise(session, actor, Action.FOLLOW_UP)
    step = session.get(Step, step_id)
    if step is None:
        raise NotFound("no such step")
    before = {"delay_ms": step.delay_ms, "texts": step.texts}
    if text is not None:
        if language not in LANGUAGES:
            raise Invalid("no such language")
        words = tidy(text)
        parse(words, template_names(session))
        step.texts = packed({**json.loads(step.texts), language: words})
    if delay_ms is not None:
        _delay(session, step, delay_ms)
    session.flush()
    record(session, Change("step", step.id, "edited", actor, before, {"delay_ms": step.delay_ms, "texts": step.texts}), now=now)
    return StepView(step.id, step.place, step.delay_ms, json.loads(step.texts))


def _delay(session: Session, step: Step, delay_ms: int) -> None:
    """Set a delay and date the enrollments that wait for this step anew."""
    steps = steps_of(session, step.sequence_id)
    least = max([DELAY_LEAST, *(one.delay_ms + MINUTE for one in steps if one.place < step.place)])
    most = min([DELAY_MOST, *(one.delay_ms - MINUTE for one in steps if one.place > step.place)])
    if not least <= delay_ms <= most:
        raise Invalid(f"the delay must be between {least // MINUTE} and {most // MINUTE} minutes")
    step.delay_ms = delay_ms
    waits = (Enrollment.sequence_id == step.sequence_id, Enrollment.step == step.place, Enrollment.state == EnrollmentState.ACTIVE.value)
    session.execute(update(Enrollment).where(*waits).values(due_at=Enrollment.silent_since + delay_ms), execution_options={"synchronize_session": False})


def take_out(session: Session, actor: Actor, enrollment_id: int, *, now: int) -> None:
    """Take one person out: they get no more follow-ups for this lead."""
    authorise(session, actor, Action.FOLLOW_UP)
    enrollment = session.get(Enrollment, enrollment_id)
    if enrollment is None:
        raise NotFound("nobody of that number is in the follow-ups")
    if enrollment.state != EnrollmentState.ACTIVE:
        raise Expired("this person is out already")
    end(session, [(enrollment.id, enrollment.batch_id)], "taken out", now=now)
    record(session, Change("enrollment", enrollment.id, "taken_out", actor), now=now)


def _the(session: Session, actor: Actor, sequence_id: int) -> Sequence:
    authorise(session, actor, Action.FOLLOW_UP)
    sequence = session.get(Sequence, sequence_id)
    if sequence is None:
        raise NotFound("no such sequence")
    return sequence
