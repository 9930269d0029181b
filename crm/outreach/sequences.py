"""Sequence, Step, Enrollment: planned follow-ups that any word from the customer stops."""

import json
from collections.abc import Sequence as Many
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, and_, bindparam, exists, func, or_, select, text, update
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from crm.base.actors import Rep, System
from crm.base.history import Change, record, record_many
from crm.base.i18n import LANGUAGES, translator
from crm.base.policy import Action
from crm.base.rows import add, add_new, among, fixed, table_of, take_ids
from crm.base.settings import Company
from crm.base.table import Row
from crm.base.time import DAY
from crm.conversations.talk import within_reach
from crm.conversations.threads import Conversation
from crm.outbox.deliveries import Batch, BatchState, Delivery, State
from crm.outreach.defaults import DEFAULT_FOLLOWUPS
from crm.outreach.zones import zone_of
from crm.people.contacts import Contact, Identity
from crm.people.own_accounts import OwnChat
from crm.people.pretended import ACCOUNT as PRACTICE
from crm.people.reps import authorise
from crm.sales.leads import OPEN, Lead

DEFAULT = "default"
SCHEDULE = System("follow-ups")
VALID_MS = DAY


class SequenceState(StrEnum):
    """Whether a sequence writes to anybody."""

    RUNNING = "running"
    PAUSED = "paused"


class Sequence(Row):
    """A row of follow-ups for leads that fell silent; `scan_at` and `scan_id` are how far the search for them has come."""

    __tablename__ = "sequences"
    name: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(server_default="running")
    created_at: Mapped[int]
    scan_at: Mapped[int] = mapped_column(server_default="0")
    scan_id: Mapped[int] = mapped_column(server_default="0")


class Step(Row):
    """One follow-up: said after `delay_ms` of silence since our last word; `texts` is a template per language, as JSON."""

    __tablename__ = "steps"
    sequence_id: Mapped[int] = mapped_column(ForeignKey("sequences.id"))
    place: Mapped[int]
    delay_ms: Mapped[int]
    texts: Mapped[str]
    __table_args__ = (UniqueConstraint("sequence_id", "place"),)


class EnrollmentState(StrEnum):
    """Whether somebody still gets follow-ups."""

    ACTIVE = "active"
    STOPPED = "stopped"
    FINISHED = "finished"


class Enrollment(Row):
    """One person in a sequence, for one lead; `contact_id` is the person, `batch_id` what the gate holds or cancels.

    `step` is the place of the step that is due at `due_at`, `silent_since` where its delay is reckoned from, `zone` the one that was used last.
    """

    __tablename__ = "enrollments"
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    sequence_id: Mapped[int]
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"))
    step: Mapped[int] = mapped_column(server_default="0")
    state: Mapped[str] = mapped_column(server_default="active")
    due_at: Mapped[int]
    silent_since: Mapped[int] = mapped_column(server_default="0")
    zone: Mapped[str] = mapped_column(server_default="")
    enrolled_at: Mapped[int]
    ended_at: Mapped[int] = mapped_column(server_default="0")
    why: Mapped[str] = mapped_column(server_default="")
    __table_args__ = (
        UniqueConstraint("sequence_id", "lead_id"),
        Index("enrollments_due", "due_at", "id", sqlite_where=text("state = 'active'"), postgresql_where=text("state = 'active'")),
        Index("enrollments_contact", "contact_id", "state"),
    )


@dataclass(frozen=True, slots=True)
class Swept:
    """What one chunk of the search brought; `more` = it has not come to the end yet."""

    enrolled: int = 0
    more: bool = False


_STOPPING = select(Enrollment.id, Enrollment.batch_id).where(among(Enrollment.contact_id, "people"), Enrollment.state == fixed("active"))
_STOP = (
    update(table_of(Enrollment))
    .where(among(Enrollment.id, "ids"), Enrollment.state == fixed("active"))
    .values(state=EnrollmentState.STOPPED.value, ended_at=bindparam("now"), why=bindparam("because"))
)
_HALT = update(table_of(Batch)).where(among(Batch.id, "batches")).values(state=BatchState.CANCELLED.value)
_CALL_BACK = (
    update(table_of(Delivery))
    .where(among(Delivery.batch_id, "batches"), Delivery.state == fixed("queued"))
    .values(state=State.CANCELLED.value, detail=bindparam("because"), settled_at=bindparam("now"))
)


def stop(session: Session, people: Many[int], why: str, *, now: int) -> None:
    """Stop every follow-up of these people (root ids), also what is queued already."""
    family = _family(session, people)
    found = session.execute(_STOPPING, {"people": family}).all()
    end(session, [(row.id, row.batch_id) for row in found], why, now=now)


def end(session: Session, enrollments: Many[tuple[int, int]], why: str, *, now: int) -> None:
    """Stop these enrollments, each given with its batch."""
    if not enrollments:
        return
    batches = [batch for _, batch in enrollments]
    session.execute(_STOP, {"ids": [number for number, _ in enrollments], "now": now, "because": why})
    session.execute(_HALT, {"batches": batches})
    session.execute(_CALL_BACK, {"batches": batches, "because": why, "now": now})
    record_many(session, [Change("enrollment", number, "stopped", SCHEDULE, after={"why": why}) for number, _ in enrollments], now=now)


_FAMILY = select(Contact.id).where(among(Contact.root_id, "people"))


def _family(session: Session, people: Many[int]) -> list[int]:
    """The people and every contact found to be one of them: an enrollment keeps the contact it was made for."""
    return list({*people, *session.scalars(_FAMILY, {"people": people})})


def found_default(session: Session, now: int) -> None:
    """Write the sequence a new company starts with, once; what was edited since stays."""
    number = next(take_ids(session, 1))
    if not add_new(session, Sequence, [{"id": number, "name": DEFAULT, "created_at": now}]):
        return
    ids = take_ids(session, len(DEFAULT_FOLLOWUPS))
    said = [packed({language: translator(language)(step.phrase) for language in LANGUAGES}) for step in DEFAULT_FOLLOWUPS]
    rows = [
        {"id": next(ids), "sequence_id": number, "place": place, "delay_ms": step.delay, "texts": said[place]} for place, step in enumerate(DEFAULT_FOLLOWUPS)
    ]
    add(session, Step, rows)
    record(session, Change("sequence", number, "founded", SCHEDULE), now=now)


def packed(texts: dict[str, str]) -> str:
    """A step's texts as they are kept."""
    return json.dumps(texts, ensure_ascii=False)


def steps_of(session: Session, sequence_id: int) -> list[Step]:
    """The steps of a sequence, first to last."""
    return list(session.scalars(select(Step).where(Step.sequence_id == sequence_id).order_by(Step.place)))


def running(session: Session) -> list[Sequence]:
    """The sequences that write to people."""
    return list(session.scalars(select(Sequence).where(Sequence.state == SequenceState.RUNNING.value).order_by(Sequence.id)))


_own, _root, _kin, _theirs = aliased(Contact), aliased(Contact), aliased(Contact), aliased(Conversation)
_SILENT = (
    select(Conversation.id, Conversation.last_at)
    .where(
        Conversation.status == fixed("open"),
        Conversation.last_at <= bindparam("horizon"),
        or_(Conversation.last_at > bindparam("at"), and_(Conversation.last_at == bindparam("at"), Conversation.id > bindparam("number"))),
    )
    .order_by(Conversation.last_at, Conversation.id)
    .limit(bindparam("most"))
)
# Another thread of the person that is put off (a rep has promised something) or that went on later than this one.
_elsewhere = exists().where(
    _kin.root_id == _root.id,
    _theirs.contact_id == _kin.id,
    _theirs.id != Conversation.id,
    or_(
        _theirs.status == fixed("snoozed"),
        _theirs.last_at > Conversation.last_at,
        and_(_theirs.last_at == Conversation.last_at, _theirs.id > Conversation.id),
    ),
)
# What we said last has not left yet: the person cannot be silent about it.
ON_ITS_WAY = (
    exists()
    .where(
        Delivery.account == Conversation.account,
        Delivery.address == Conversation.address,
        or_(Delivery.state == fixed("queued"), Delivery.state == fixed("sending")),
        Delivery.talk == fixed(1),
        Delivery.desk == fixed(0),
    )
    .correlate(Conversation)
)
# When it left; 0 for what nobody has to carry.
LEFT_AT = func.coalesce(
    select(func.max(Delivery.settled_at)).where(Delivery.message_id == Conversation.last_message_id).correlate(Conversation).scalar_subquery(), 0
)
# Nobody is reminded in a member's name, in a chat that is that member's own.
_in_own_account = exists().where(OwnChat.identity_id == Identity.id)
_before = exists().where(Enrollment.sequence_id == bindparam("sequence"), Enrollment.lead_id == Lead.id)
_ELIGIBLE = (
    select(Conversation.id, Conversation.last_at, LEFT_AT.label("left_at"), Lead.id.label("lead_id"), _root.id.label("root_id"), _root.zone)
    .join(Identity, Identity.id == Conversation.identity_id)
    .join(_own, _own.id == Conversation.contact_id)
    .join(_root, _root.id == _own.root_id)
    .join(Lead, Lead.open_contact_id == _root.id)
    .where(
        among(Conversation.id, "ids"),
        Conversation.last_message_id > Conversation.last_heard_id,
        _root.last_inbound_at <= Conversation.last_at,
        or_(*(Lead.status == fixed(status.value) for status in OPEN)),
        _root.blocked == fixed(0),
        _root.silenced == fixed(0),
        _root.kind == fixed("customer"),
        Identity.reachable == fixed(1),
        ~_in_own_account.correlate(Identity),
        Conversation.account != fixed(PRACTICE),
        # Who waits for an answer of ours is not asked whether they have fallen silent.
        Conversation.person_called == fixed(0),
        or_(Conversation.waiting_since == fixed(0), Conversation.flow_state.not_like("done%")),
        # Below `or_` a server asks it row by row; by itself it may be joined to everything that waits.
        or_(Conversation.id < fixed(0), ~ON_ITS_WAY),
        ~_elsewhere.correlate(_root, Conversation),
        ~_before.correlate(Lead),
    )
    .order_by(Conversation.last_at, Conversation.id)
    .limit(bindparam("most"))
)


def enroll_due(session: Session, company: Company, *, now: int, limit: int = 200, look: int = 500) -> Swept:
    """Enrol at most `limit` leads that fell silent after our last word, among the next `look` threads; at the end the search starts again."""
    swept = [_sweep(session, sequence, company, limit, look, now=now) for sequence in running(session)]
    return Swept(sum(one.enrolled for one in swept), any(one.more for one in swept))


def enroll_by_hand(session: Session, actor: Rep, conversation_id: int, company: Company, *, now: int) -> bool:
    """Have the person of a conversation followed up; False where that cannot be now: they wait for us, were followed up before, or asked for silence."""
    authorise(session, actor, Action.TALK)
    conversation = within_reach(session, actor, conversation_id)
    sequence = next(iter(running(session)), None)
    steps = steps_of(session, sequence.id) if sequence else []
    if sequence is None or not steps:
        return False
    rows = session.execute(_ELIGIBLE, {"ids": [conversation.id], "sequence": sequence.id, "most": 1}).all()
    return _enrol(session, sequence, steps[0], rows, company, now=now) > 0


def _sweep(session: Session, sequence: Sequence, company: Company, limit: int, look: int, *, now: int) -> Swept:
    steps = steps_of(session, sequence.id)
    if not steps:
        return Swept()
    # Who has been silent for longer than the last step is valid has nothing left to get.
    floor, horizon = now - steps[-1].delay_ms - VALID_MS, now - steps[0].delay_ms
    start = (sequence.scan_at, sequence.scan_id) if sequence.scan_at > floor else (floor, 0)
    seen = session.execute(_SILENT, {"horizon": horizon, "at": start[0], "number": start[1], "most": look}).all()
    rows = session.execute(_ELIGIBLE, {"ids": [row.id for row in seen], "sequence": sequence.id, "most": limit}).all() if seen else []
    last = rows[-1] if len(rows) == limit else seen[-1] if len(seen) == look else None
    place = (last.last_at, last.id) if last else (0, 0)
    if (sequence.scan_at, sequence.scan_id) != place:
        sequence.scan_at, sequence.scan_id = place
        session.flush()
    return Swept(_enrol(session, sequence, steps[0], rows, company, now=now), last is not None)


def _enrol(session: Session, sequence: Sequence, first: Step, rows: Many[Any], company: Company, *, now: int) -> int:
    ids = take_ids(session, 2 * len(rows))
    batches = [next(ids) for _ in rows]
    add(session, Batch, [{"id": batch, "created_at": now} for batch in batches])
    enrolled = [
        {
            "id": next(ids),
            "contact_id": row.root_id,
            "lead_id": row.lead_id,
            "conversation_id": row.id,
            "sequence_id": sequence.id,
            "batch_id": batch,
            "step": first.place,
            "due_at": max(row.last_at, row.left_at) + first.delay_ms,
            "silent_since": max(row.last_at, row.left_at),
            "zone": zone_of(row.zone, company),
            "enrolled_at": now,
        }
        for batch, row in zip(batches, rows, strict=True)
    ]
    new = add_new(session, Enrollment, enrolled)
    record_many(session, [Change("enrollment", number, "enrolled", SCHEDULE, after={"sequence": sequence.id}) for number in sorted(new)], now=now)
    return len(new)
