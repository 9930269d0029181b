"""Jobs: what the clock wakes up; each asks the database what is due and is done in ten lines."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from crm.base.db import Order, Session, Store
from crm.base.errors import Busy
from crm.base.settings import Company
from crm.conversations import assign, clocks, forum, windows
from crm.conversations.planned import say_due
from crm.outbox.queue import date_anew
from crm.outreach.ticks import compose, follow_ups
from crm.people.calendars import firm_hours
from crm.people.public_days import ready
from crm.projects import answering, following, health
from crm.projects import asking as surveys
from crm.reports.day import plans_due
from crm.reports.digest import digest_due
from crm.reports.orphans import orphans_due
from crm.reports.week import weeks_due
from crm.rules import runs
from crm.sales import asking, ladder, order_address, order_late, rotting, routing
from scheduler.clock import Tick
from scheduler.indexing import indexing

log = logging.getLogger(__name__)
Deed = Callable[[Session, int], int]


@dataclass(frozen=True, slots=True)
class Pulse:
    """How often each job looks, in seconds; `most` is the longest for any of them (0 = none)."""

    snoozes: float = 5.0
    follow_ups: float = 10.0
    compose: float = 1.0
    digest: float = 30.0
    work: float = 30.0
    rules: float = 1.0
    search: float = 1.0
    most: float = 0.0


def ticks(store: Store, clock: Callable[[], int], pulse: Pulse, deeds: dict[str, Deed]) -> list[Tick]:
    """The ticks of a running product; `deeds` are what is due besides the snoozes, by the names of `Pulse`."""
    every = {"snoozes": pulse.snoozes, "follow_ups": pulse.follow_ups, "compose": pulse.compose, "digest": pulse.digest, "work": pulse.work}
    every["rules"] = pulse.rules
    every = {name: min(seconds, pulse.most) if pulse.most else seconds for name, seconds in every.items()}
    known: dict[str, Deed] = {"snoozes": come_back, **deeds}
    set_back = Tick("set_back", 0.0, job(store, "set_back", lambda session, now: date_anew(session, now=now), clock))
    search = Tick("search", min(pulse.search, pulse.most) if pulse.most else pulse.search, indexing(store, clock))
    return [*(Tick(name, every[name], job(store, name, deed, clock)) for name, deed in known.items()), search, set_back]


def come_back(session: Session, now: int) -> int:
    """What was put off until now, what is to be done now, and what has changed by the clock alone comes back to the staff."""
    return assign.wake_snoozed(session, now=now) + ladder.remind(session, now=now) + windows.passed(session, now=now)


def deeds(company: Company) -> dict[str, Deed]:
    """What outreach and reports of a company want done."""
    ready(company.holidays)
    return {
        "follow_ups": lambda session, now: (
            follow_ups(session, company, now=now)
            + answering.listen(session, company, now=now)
            + asking.receipts_due(session, now=now)
            + order_address.answers_due(session, now=now)
        ),
        "compose": lambda session, now: (
            routing.route(session, company, now=now)
            + compose(session, company, now=now)
            + say_due(session, company, now=now)
            + following.follow_record(session, company, now=now)
        ),
        "digest": lambda session, now: digest_due(session, company, now=now) + orphans_due(session, company, now=now),
        "rules": lambda session, now: runs.act(session, company, now=now),
        "work": lambda session, now: (
            ladder.escalate(session, company, now=now)
            + clocks.warn_due(session, company, now=now)
            + routing.free_absent(session, company, now=now)
            + plans_due(session, company, now=now)
            + weeks_due(session, company, now=now)
            + forum.spread(session, now=now)
            + health.look(session, company, now=now)
            + surveys.recommend_due(session, company, now=now)
            + runs.prune(session, now=now)
            + order_late.late_due(session, company, now=now)
            + rotting.remind(session, hours=firm_hours(session, company, now=now), now=now)
        ),
    }


def job(store: Store, name: str, deed: Deed, clock: Callable[[], int]) -> Callable[[], Awaitable[None]]:
    """A tick that runs a deed in chunks until nothing more is due."""

    async def run() -> None:
        try:
            while await store.write(lambda session: deed(session, clock()), Order.CHUNK):
                pass
        except Busy as error:
            log.warning("%s waits: %s", name, error)
        except asyncio.CancelledError:
            log.info("%s stops", name)  # the clock stops with the product; what was not done is due at the next start

    return run
