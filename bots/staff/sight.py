"""Sight: the firm and its staff at one moment, and a conversation as a card shows it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import Translator
from crm.base.outbound import Health, Limits, May, Window
from crm.base.policy import Action, may
from crm.base.settings import Company
from crm.base.time import DAY, SECOND
from crm.conversations.forum import Group, group
from crm.conversations.queues import Queues, queues
from crm.people.calendars import as_open, at_work
from crm.people.reps import reps
from crm.people.sight import seen_by
from crm.reports import thread as threads
from crm.reports.thread import Thread
from crm.reports.words import plain_name
from crm.sales.scores import likely

LINES, NOTES = 5, 3
AHEAD = 31 * DAY
Allows = Callable[[str, Window, int], Limits]
"""What an account may send now where a person wrote last then; pure."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The firm and its staff at one moment; `working` is who of those on duty works now by their calendar (None = whoever is, while the firm is open)."""

    company: Company
    titles: Mapping[str, str]
    now: int
    everybody: tuple[Rep, ...] = ()
    on_duty: tuple[Rep, ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)
    health: Mapping[str, Health] = field(default_factory=dict)
    allows: Allows | None = None
    sendable: frozenset[str] = frozenset()
    forum: Group | None = None
    working: frozenset[int] | None = None
    queues: Queues = field(default_factory=Queues)

    @property
    def managers(self) -> tuple[Rep, ...]:
        """Who steers: owners and managers; everybody where there is none."""
        return tuple(rep for rep in self.everybody if may(rep.role, Action.STEER_TEAM)) or self.everybody

    @property
    def watching(self) -> tuple[Rep, ...]:
        """Who is to see what nobody has taken: those on duty who work now, else the managers."""
        if self.working is None:
            return self.on_duty if self.on_duty and self.company.hours.open_at(self.now) else self.managers
        return tuple(rep for rep in self.on_duty if rep.id in self.working) or self.managers

    def title(self, account: str) -> str:
        """What a channel is called."""
        return self.titles.get(account, account.capitalize())

    def rep(self, number: object) -> Rep | None:
        """An active member of staff by number."""
        return next((rep for rep in self.everybody if rep.id == number), None)


def look(session: Session, company: Company, titles: Mapping[str, str], *, now: int) -> Scene:
    """The staff as they are now."""
    everybody = tuple(reps(session, now=now))
    on_duty = tuple(rep for rep in reps(session, available=True, now=now) if may(rep.role, Action.TALK))
    names = {rep.id: rep.name for rep in everybody}
    working = frozenset(at_work(session, company, [rep.id for rep in on_duty], now=now))
    scene = Scene(as_open(session, company, now=now), titles, now, everybody, on_duty, names, forum=group(session, now=now), working=working)
    return replace(scene, queues=queues(session))


def read_name(tr: Translator, reader: Rep, name: str, most: int = 60) -> str:
    """Somebody's name inside a sentence, as this reader may read it: some are nothing but a phone or an e-mail."""
    return plain_name(tr, seen_by(reader).named(name), most)


def see(session: Session, conversation_id: int, scene: Scene) -> Thread:
    """Everything a card shows; what of it each reader may follow, the card decides."""
    sight = threads.see(session, conversation_id, scene.titles, last=LINES, notes=NOTES)
    if scene.sendable:
        sight = replace(sight, others=tuple(replace(one, sendable=one.account in scene.sendable) for one in sight.others))
    if sight.lead_id:
        sight = replace(sight, likely=likely(session, scene.company, [sight.lead_id]).get(sight.lead_id))
    allows = scene.allows
    if allows is None or sight.account not in scene.titles:
        return sight
    takes, until = freedom(lambda at: allows(sight.account, sight.window, at), scene.now)
    now = allows(sight.account, sight.window, scene.now)
    return replace(sight, may=takes, may_until=until, billed=not now.free and now.may is not May.NOTHING)


def freedom(limits: Callable[[int], Limits], now: int) -> tuple[May | None, int]:
    """What may go to a customer now, and until when it stays so and costs what it does (0 = no end is near); None where that never differs. Pure."""
    found = limits(now)

    def same(at: int) -> bool:
        then = limits(at)
        return then.may is found.may and then.free is found.free

    if not found.windows:
        return None, 0
    if found.may in (May.TEMPLATE, May.NOTHING) or same(now + AHEAD):
        return found.may, 0
    least, most = now, now + AHEAD
    while most - least > SECOND:
        middle = (least + most) // 2
        least, most = (middle, most) if same(middle) else (least, middle)
    return found.may, most
