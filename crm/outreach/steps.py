"""Steps: what is due is judged again, said once or put off, and the next one is dated; too late is too late, nothing comes in a burst."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import RowMapping, and_, bindparam, case, func, select, update
from sqlalchemy.orm import Session, aliased

from crm.base.history import Change, record_many
from crm.base.outbound import Lane, Limits, Window
from crm.base.rows import Rows, among, change, fixed, table_of
from crm.base.settings import Company
from crm.base.template import Values, names_for, own_names, parse, render
from crm.base.time import HOUR, allowed_from
from crm.conversations.reaching import way_of
from crm.conversations.talk import Saying, say_many
from crm.conversations.threads import Author, Conversation, Status
from crm.outbox.deliveries import Batch, Delivery, State
from crm.outbox.gate import Passing, judge
from crm.outbox.notices import card, tell
from crm.outreach.sequences import LEFT_AT, ON_ITS_WAY, SCHEDULE, VALID_MS, Enrollment, EnrollmentState, Step, end, running, steps_of
from crm.outreach.zones import zone_of
from crm.people.contacts import Contact, Identity
from crm.people.fields import own_values
from crm.people.own_accounts import OwnChat
from crm.people.reps import Member
from crm.sales.leads import OPEN, Lead

GAP_MOST = 12 * HOUR
Own = Mapping[int, Mapping[str, str]]
"""The values of the firm's own fields by the number of the person."""

_own, _root, _kin, _theirs = aliased(Contact), aliased(Contact), aliased(Contact), aliased(Conversation)
_family = (_kin.root_id == _root.id, _theirs.contact_id == _kin.id)
_picked, _there, _newer = aliased(Identity), aliased(Conversation), aliased(Conversation)
_newest = select(func.max(_newer.id)).where(_newer.identity_id == _picked.id).correlate(_picked).scalar_subquery()
_put_off = case((_theirs.status == Status.SNOOZED.value, _theirs.snoozed_until), else_=0)
# `coalesce` keeps the planner on the short index of what is due: by the sequence it would sort everybody in it.
DUE = (
    select(
        *(getattr(Enrollment, name) for name in ("id", "batch_id", "conversation_id", "step", "due_at", "silent_since", "enrolled_at")),
        Conversation.account,
        Conversation.address,
        Conversation.status,
        Identity.id.label("identity_id"),
        _root.id.label("root_id"),
        Identity.reachable,
        Identity.last_inbound_at,
        *(getattr(_there, name).label(f"picked_{name}") for name in ("id", "account", "address")),
        *(getattr(_picked, name).label(f"picked_{name}") for name in ("last_inbound_at", "session_ends_at")),
        *(getattr(_root, name) for name in ("name", "platform_name", "greeting_name", "language", "zone", "silenced", "blocked")),
        _root.last_inbound_at.label("heard_at"),
        Lead.status.label("lead_status"),
        Lead.need,
        Member.name.label("rep"),
        ON_ITS_WAY.label("on_its_way"),
        LEFT_AT.label("left_at"),
        select(func.max(_theirs.last_at)).where(*_family).correlate(_root).scalar_subquery().label("last_at"),
        select(func.max(_put_off)).where(*_family).correlate(_root).scalar_subquery().label("put_off"),
    )
    .join(Conversation, Conversation.id == Enrollment.conversation_id)
    .join(Identity, Identity.id == Conversation.identity_id)
    .join(_own, _own.id == Enrollment.contact_id)
    .join(_root, _root.id == _own.root_id)
    .join(Lead, Lead.id == Enrollment.lead_id)
    # Where somebody of the staff chose that they are written to; nobody is reminded in a member's name.
    .outerjoin(_picked, and_(_picked.id == _root.preferred_id, _picked.reachable == fixed(1), _picked.id.not_in(select(OwnChat.identity_id))))
    .outerjoin(_there, _there.id == _newest)
    .outerjoin(Member, and_(Member.id == Conversation.rep_id, Member.active == fixed(1)))
    .where(Enrollment.state == fixed("active"), func.coalesce(Enrollment.sequence_id, 0) == bindparam("sequence"), Enrollment.due_at <= bindparam("now"))
    .order_by(Enrollment.due_at, Enrollment.id)
    .limit(bindparam("most"))
)
# What an earlier step still has in the queue gives way: two steps never leave together.
_OUTDATED = (
    update(table_of(Delivery))
    .where(among(Delivery.batch_id, "batches"), Delivery.state == fixed("queued"))
    .values(state=State.EXPIRED.value, detail="a later step took its place", settled_at=bindparam("now"))
)


@dataclass(slots=True)
class Chunk:
    """What some due enrollments add and change."""

    sayings: list[Saying] = field(default_factory=list)
    moved: Rows = field(default_factory=list)
    valid: Rows = field(default_factory=list)
    ended: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    changes: list[Change] = field(default_factory=list)


def advance_due(session: Session, company: Company, *, now: int, limit: int = 200) -> int:
    """Take every due enrollment one step on; answers how many were handled, each of which is due later or over."""
    return sum(_advance(session, sequence.id, company, limit, now=now) for sequence in running(session))


def _advance(session: Session, sequence_id: int, company: Company, limit: int, *, now: int) -> int:
    rows = session.execute(DUE, {"sequence": sequence_id, "now": now, "most": limit}).mappings().all()
    if not rows:
        return 0
    steps = steps_of(session, sequence_id)
    chunk = planned(rows, steps, company, _own_values(session, rows, steps), now=now)
    if chunk.valid:
        session.execute(_OUTDATED, {"batches": [row["id"] for row in chunk.valid], "now": now})
    change(session, Batch, "id", chunk.valid)
    say_many(session, chunk.sayings, now=now)
    change(session, Enrollment, "id", chunk.moved)
    for why, enrollments in chunk.ended.items():
        end(session, enrollments, why, now=now)
    record_many(session, chunk.changes, now=now)
    tell(session, [card(saying.conversation_id) for saying in chunk.sayings], now=now)
    return len(rows)


def _own_values(session: Session, rows: Sequence[RowMapping], steps: Sequence[Step]) -> Own:
    """The values of the firm's own fields that the steps ask for, of those who are due; nearly always none is asked for."""
    names = {name for step in steps for text in json.loads(step.texts).values() for name in own_names(parse(text, None))}
    return own_values(session, names, {row["root_id"]: row["language"] for row in rows}) if names else {}


def planned(rows: Sequence[RowMapping], steps: Sequence[Step], company: Company, own: Own, *, now: int) -> Chunk:
    """Decide what becomes of each due enrollment; pure."""
    chunk = Chunk()
    for row in rows:
        why = over(row)
        if why:
            chunk.ended[why].append((row["id"], row["batch_id"]))
        else:
            _one(chunk, row, steps, company, own, now=now)
    return chunk


def over(row: RowMapping) -> str:
    """Why this person gets nothing more ("" = they do)."""
    reasons = {
        "replied": row["heard_at"] > row["enrolled_at"],
        "lead closed": row["lead_status"] not in OPEN,
        "conversation closed": row["status"] == Status.CLOSED,
        "blocked": bool(row["blocked"]),
        "stopped": bool(row["silenced"]),
        "unreachable": not row["reachable"],
    }
    return next((why for why, holds in reasons.items() if holds), "")


def _one(chunk: Chunk, row: RowMapping, steps: Sequence[Step], company: Company, own: Own, *, now: int) -> None:
    step = next((one for one in steps if one.place >= row["step"]), None)
    if step is None:
        chunk.moved.append(_moved(row, row["step"], row["due_at"], row["silent_since"], "", now, done=True))
        return
    zone = zone_of(row["zone"], company)
    # A word of a rep, or their promise, begins the silence anew, and what is still on its way has not begun it.
    silent = now if row["on_its_way"] else max(row["silent_since"], row["left_at"], row["last_at"] or 0, row["put_off"] or 0)
    if silent > row["silent_since"]:
        chunk.moved.append(_moved(row, step.place, silent + step.delay_ms, silent, zone, now))
    elif now > row["due_at"] + VALID_MS:
        chunk.changes.append(_change(row, "expired", step, zone))
        _next(chunk, row, steps, step, zone, now=now, said=False)
    elif (later := allowed_from(now, zone)) > now:
        chunk.moved.append(_moved(row, step.place, later, silent, zone, now))
    else:
        _say(chunk, row, step, zone, text_of(step, row, company, own.get(row["root_id"], {})), company, now=now)
        _next(chunk, row, steps, step, zone, now=now, said=True)


def _say(chunk: Chunk, row: RowMapping, step: Step, zone: str, words: str, company: Company, *, now: int) -> None:
    ruling = judge(Passing(Lane.FOLLOWUP, row["identity_id"], True, row["last_inbound_at"], zone=zone), Limits(), now=now)
    chunk.changes.append(_change(row, "step" if ruling.state is None else "refused", step, zone))
    if ruling.state is not None:
        return
    once = f"enrollment:{row['id']}:step:{step.place}"
    chunk.sayings.append(Saying(*_place(row, company, now), words, Author.BOT, Lane.FOLLOWUP, once, batch_id=row["batch_id"], due_at=now))
    chunk.valid.append({"id": row["batch_id"], "valid_until": now + VALID_MS})


def _place(row: RowMapping, company: Company, now: int) -> tuple[int, str, str]:
    """Where a step is said, as conversation, account and address: as somebody chose, if that is open now; else where they fell silent."""
    account = row["picked_account"]
    if account is not None and (not company.sendable or account in company.sendable):
        window = Window(row["picked_last_inbound_at"], row["picked_session_ends_at"])
        if not way_of(row["picked_id"], account, window, company.allows, now=now).shut:
            return row["picked_id"], account, row["picked_address"]
    return row["conversation_id"], row["account"], row["address"]


def text_of(step: Step, row: RowMapping, company: Company, own: Mapping[str, str]) -> str:
    """The step's words in the person's language, else in the company's first, else in any it has."""
    texts: dict[str, str] = json.loads(step.texts)
    language = next((one for one in (row["language"], *company.languages, "en") if one in texts), next(iter(texts)))
    names = names_for(row["greeting_name"], row["name"], row["platform_name"])
    values = Values(**names, company=company.name, need=row["need"] or "", rep=row["rep"] or "", own=own)
    return render(parse(texts[language], None), values, language)


def _next(chunk: Chunk, row: RowMapping, steps: Sequence[Step], step: Step, zone: str, *, now: int, said: bool) -> None:
    """Date the step after this one: as planned, but never on the heels of one that came late."""
    after = next((one for one in steps if one.place > step.place), None)
    if after is None:
        chunk.moved.append(_moved(row, step.place + 1, row["due_at"], row["silent_since"], zone, now, done=True))
        return
    due = row["silent_since"] + after.delay_ms
    if said:
        due = max(due, now + min(after.delay_ms - step.delay_ms, GAP_MOST))
    chunk.moved.append(_moved(row, after.place, due, row["silent_since"], zone, now))


def _moved(row: RowMapping, place: int, due_at: int, silent_since: int, zone: str, now: int, *, done: bool = False) -> dict[str, Any]:
    state = EnrollmentState.FINISHED if done else EnrollmentState.ACTIVE
    moved = {"id": row["id"], "step": place, "due_at": due_at, "silent_since": silent_since, "zone": zone}
    return {**moved, "state": state.value, "ended_at": now if done else 0}


def _change(row: RowMapping, kind: str, step: Step, zone: str) -> Change:
    return Change("enrollment", row["id"], kind, SCHEDULE, after={"step": step.place + 1, "zone": zone})
