"""Support: one plain file for whoever helps the firm: what is installed and how it does, in numbers, with nobody's words in it; made as a job."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select

from crm.base import jobs
from crm.base.actors import Actor, Rep
from crm.base.db import Session, Store
from crm.base.jobs import Progress, Work
from crm.base.policy import Action
from crm.base.time import local
from crm.exchange.exports import hand_over
from crm.exchange.made import MadeFiles, write_down
from crm.exchange.support_lines import SECTIONS, About, Looked, head, nothing_about, part
from crm.people.reps import authorise

SUPPORT = "support"
ASKED_MOST = 50


def ask(session: Session, actor: Actor, health: Mapping[str, bool] | None = None, *, now: int) -> int:
    """Have the file made; `health` is which accounts did well when somebody last looked. Answers the job: one that waits already, where they asked twice."""
    authorise(session, actor, Action.SEE_REPORTS)
    mine = (jobs.Job.kind == SUPPORT, jobs.Job.state.in_(jobs.LIVE), jobs.Job.rep_id == (actor.id if isinstance(actor, Rep) else None))
    waits = session.scalar(select(jobs.Job.id).where(*mine).limit(1))
    return waits or jobs.begin(session, actor, SUPPORT, 0, now=now, facts={"health": dict(sorted((health or {}).items())[:ASKED_MOST])})


def written(session: Session, about: About, *, now: int) -> str:
    """The whole file, from one snapshot."""
    looked = Looked(about, {}, now)
    return "\n".join([*head(looked), *(line for section in SECTIONS for line in part(section, session, looked)), ""])


class Supports:
    """Writes the file into the folder of made files; `about` says what the database does not know, and may take seconds."""

    def __init__(self, store: Store, zone: str, made: MadeFiles, clock: Callable[[], int], about: Callable[[], About] | None = None) -> None:
        self._store, self._zone, self._made, self._clock, self._about = store, zone, made, clock, about or nothing_about

    async def make(self, work: Work) -> None:
        """Make it; every part is read from a snapshot of its own, so that none is held for long."""
        looked = Looked(await asyncio.to_thread(self._about), _health(work.facts), self._clock())
        lines = head(looked)
        for section in SECTIONS:
            lines += await self._store.read(lambda session, section=section: part(section, session, looked))  # type: ignore[misc]
        day = local(self._clock(), self._zone).strftime("%Y-%m-%d")
        with self._made.making() as path:
            path.write_text("\n".join([*lines, ""]), encoding="utf-8")
            await self._store.write(lambda session: self._ready(session, work, path, f"{SUPPORT}-{day}.txt"))

    def _ready(self, session: Session, work: Work, path: Any, name: str) -> None:
        now = self._clock()
        number = write_down(session, work.rep_id, path, name, "text/plain", now=now)
        jobs.keep_on(session, work, Progress(1, 1, over=True, file=number), now=now)
        hand_over(session, work.rep_id, number, now=now)


def _health(facts: Mapping[str, Any]) -> dict[str, bool]:
    return {str(account): bool(well) for account, well in dict(facts.get("health", {})).items()}
