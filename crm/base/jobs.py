"""Job: long work done in chunks; how far it came is written in the transaction of each chunk, so that after a crash it goes on and does nothing twice."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor, Rep, System
from crm.base.errors import Invalid, Lost, NotFound
from crm.base.history import Change, record
from crm.base.rows import add, take_ids
from crm.base.table import Row
from crm.base.time import SECOND
from crm.base.wakes import wake

LEASE_MS = 30 * SECOND
TRIES = 3
CLERK = System("jobs")
JOBS = "jobs"
"""The topic that rings when a job was begun."""


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


LIVE = (JobState.QUEUED.value, JobState.RUNNING.value)


class Job(Row):
    """Long work; `done` of `total` (0 = nobody knows yet), `place` is where the next chunk begins, `holder` works on it until `held_until`.

    `facts` are what the work needs, which may be a whole pasted table; when it has ended they hold only the number of the file it made.
    """

    __tablename__ = "jobs"
    kind: Mapped[str]
    subject_id: Mapped[int] = mapped_column(server_default="0")
    rep_id: Mapped[int | None]
    state: Mapped[str] = mapped_column(server_default="queued")
    facts: Mapped[str] = mapped_column(server_default="{}")
    done: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int] = mapped_column(server_default="0")
    place: Mapped[int] = mapped_column(server_default="0")
    holder: Mapped[str] = mapped_column(server_default="")
    held_until: Mapped[int] = mapped_column(server_default="0")
    tries: Mapped[int] = mapped_column(server_default="0")
    words: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[int]
    ended_at: Mapped[int] = mapped_column(server_default="0")
    __table_args__ = (
        Index("jobs_live", "id", sqlite_where=sql("state IN ('queued', 'running')"), postgresql_where=sql("state IN ('queued', 'running')")),
        Index("jobs_subject", "kind", "subject_id"),
    )


@dataclass(frozen=True, slots=True)
class Work:
    """A job in somebody's hands; `place` is where the next chunk begins."""

    id: int
    kind: str
    subject_id: int
    rep_id: int | None
    facts: Mapping[str, Any]
    place: int
    done: int
    total: int
    holder: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What a chunk did: where the next one begins, how much is done in all, of how much (None = as before), whether that was all, and the file it made."""

    place: int
    done: int
    total: int | None = None
    over: bool = False
    file: int = 0


def begin(session: Session, actor: Actor, kind: str, subject_id: int, *, now: int, facts: Mapping[str, Any] | None = None, total: int = 0) -> int:
    """Queue long work; answers the job."""
    number = next(take_ids(session, 1))
    rep_id = actor.id if isinstance(actor, Rep) else None
    row = {"id": number, "kind": kind, "subject_id": subject_id, "rep_id": rep_id, "facts": json.dumps(dict(facts or {})), "total": total, "created_at": now}
    add(session, Job, [row])
    record(session, Change("job", number, "begun", actor, after={"kind": kind, "subject": subject_id}), now=now)
    wake(session, JOBS)
    return number


def waits(session: Session) -> bool:
    """Whether any job is not at its end."""
    return session.scalar(select(Job.id).where(Job.state.in_(LIVE)).limit(1)) is not None


def claim(session: Session, holder: str, *, many: bool, now: int) -> Work | None:
    """Take the oldest job that nobody works on, for a holder who has none in hand; where only one process can (`many` = False), every job is free."""
    new, left = Job.state == JobState.QUEUED.value, Job.state == JobState.RUNNING.value
    if many:
        left &= (Job.held_until <= now) | (Job.holder == holder)
    found = session.scalar(select(Job.id).where(new | left).order_by(Job.id).limit(1).with_for_update(skip_locked=True))
    if found is None:
        return None
    values = {"state": JobState.RUNNING.value, "holder": holder, "held_until": now + LEASE_MS}
    session.execute(update(Job).where(Job.id == found).values(**values))
    return _work(session.execute(select(*Job.__table__.columns).where(Job.id == found)).one())


def _work(row: Any) -> Work:
    return Work(row.id, row.kind, row.subject_id, row.rep_id, json.loads(row.facts), row.place, row.done, row.total, row.holder)


def keep_on(session: Session, work: Work, progress: Progress, *, now: int) -> Work:
    """Write down how far a job came, in the transaction of its chunk; raises `Lost` when it was cancelled or is in other hands."""
    values: dict[str, Any] = {"place": progress.place, "done": progress.done, "held_until": now + LEASE_MS, "tries": 0}
    if progress.total is not None:
        values["total"] = progress.total
    if progress.over:
        values |= {"state": JobState.DONE.value, "ended_at": now, "facts": json.dumps({"file": progress.file} if progress.file else {})}
    mine = (Job.id == work.id, Job.holder == work.holder, Job.state == JobState.RUNNING.value)
    row = session.execute(update(Job).where(*mine).values(**values).returning(*Job.__table__.columns)).first()
    if row is None:
        raise Lost(f"job {work.id} was stopped, or another node goes on with it")
    return _work(row)


def renew(session: Session, work: Work, *, now: int) -> bool:
    """Hold a job for longer while a long chunk of it runs; answers whether it is still in these hands."""
    mine = (Job.id == work.id, Job.holder == work.holder, Job.state == JobState.RUNNING.value)
    held = update(Job).where(*mine).values(held_until=now + LEASE_MS).returning(Job.id)
    return session.execute(held, execution_options={"synchronize_session": False}).first() is not None


def held(session: Session, work: Work) -> None:
    """Raise `Lost` unless a job is still in these hands; it stays there until the transaction ends."""
    mine = (Job.id == work.id, Job.holder == work.holder, Job.state == JobState.RUNNING.value)
    if session.scalar(select(Job.id).where(*mine).with_for_update()) is None:
        raise Lost(f"job {work.id} was stopped, or another node goes on with it")


def stumble(session: Session, work: Work, words: str, *, for_good: bool, now: int) -> bool:
    """A job broke: it is tried again from its last chunk, three times; answers whether that was the last."""
    job = session.get(Job, work.id, with_for_update=True, populate_existing=True)
    if job is None or job.holder != work.holder or job.state != JobState.RUNNING:
        return False
    job.tries += 1
    job.words = words[:500]
    ended = for_good or job.tries >= TRIES
    if ended:
        job.state, job.ended_at, job.facts = JobState.FAILED.value, now, "{}"
        record(session, Change("job", job.id, "failed", CLERK, after={"words": job.words}), now=now)
    else:
        job.state, job.holder = JobState.QUEUED.value, ""
    session.flush()
    return ended


def cancel(session: Session, actor: Actor, job_id: int, *, now: int) -> bool:
    """Stop a job before its next chunk; what is done stays done. Answers whether it still ran."""
    job = session.get(Job, job_id, with_for_update=True, populate_existing=True)
    if job is None:
        raise NotFound("no such job")
    if job.state not in LIVE:
        return False
    job.state, job.ended_at, job.facts = JobState.CANCELLED.value, now, "{}"
    session.flush()
    record(session, Change("job", job.id, "cancelled", actor), now=now)
    return True


def job_of(session: Session, kind: str, subject_id: int) -> Job | None:
    """The newest job of a kind about something."""
    return session.scalar(select(Job).where(Job.kind == kind, Job.subject_id == subject_id).order_by(Job.id.desc()).limit(1))


def made_by(session: Session, job_id: int) -> int:
    """The number of the file a job has made; raises `Invalid` with its words where it broke."""
    job = session.get(Job, job_id)
    if job is None or job.state != JobState.DONE:
        raise Invalid(job.words if job and job.words else "it was not made")
    return int(json.loads(job.facts).get("file", 0))
