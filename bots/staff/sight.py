"""Sight: everything a card shows of one conversation, read once, as plain values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.outbound import Health
from crm.base.settings import Company
from crm.conversations.desk import files_of
from crm.conversations.talk import holder, states_of
from crm.conversations.threads import Author, Message, notes_of, the, thread
from crm.outbox.deliveries import State
from crm.people.contacts import Identity, points_of, root_of
from crm.people.reps import Member, reps
from crm.sales.leads import lead_of

LINES = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One message of the thread; `who` is a rep's name, `files` the kinds of its files."""

    author: Author
    kind: str
    who: str
    text: str
    at: int
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """One note."""

    who: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Sight:
    """What staff may see of a conversation; `reply_state` is the true state of our last words, None when we said nothing."""

    conversation_id: int
    name: str
    username: str
    channel: str
    source: str
    language: str
    status: str
    holder_id: int | None = None
    holder: str = ""
    snoozed_until: int = 0
    waiting_since: int = 0
    person_called: bool = False
    blocked: bool = False
    reachable: bool = True
    need: str = ""
    phone: str = ""
    lead_status: str = ""
    notes: tuple[Remark, ...] = ()
    lines: tuple[Line, ...] = ()
    last_heard_id: int = 0
    reply_state: State | None = None
    reply_detail: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """The firm and its staff at one moment."""

    company: Company
    titles: Mapping[str, str]
    now: int
    everybody: tuple[Rep, ...] = ()
    on_duty: tuple[Rep, ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)
    health: Mapping[str, Health] = field(default_factory=dict)

    @property
    def managers(self) -> tuple[Rep, ...]:
        """The managers; everybody where there is none."""
        return tuple(rep for rep in self.everybody if rep.role == "manager") or self.everybody

    @property
    def watching(self) -> tuple[Rep, ...]:
        """Who is to see what nobody has taken: those on duty while the firm is open, else the managers."""
        return self.on_duty if self.on_duty and self.company.hours.open_at(self.now) else self.managers

    def title(self, account: str) -> str:
        """What a channel is called."""
        return self.titles.get(account, account.capitalize())

    def rep(self, number: object) -> Rep | None:
        """An active member of staff by number."""
        return next((rep for rep in self.everybody if rep.id == number), None)


def look(session: Session, company: Company, titles: Mapping[str, str], *, now: int) -> Scene:
    """The staff as they are now."""
    everybody = tuple(reps(session))
    return Scene(company, titles, now, everybody, tuple(reps(session, available=True)), {rep.id: rep.name for rep in everybody})


def see(session: Session, conversation_id: int, scene: Scene) -> Sight:
    """Everything a card shows."""
    conversation = the(session, conversation_id)
    root, identity = root_of(session, conversation.contact_id), session.get_one(Identity, conversation.identity_id)
    lead = lead_of(session, root.id)
    said = thread(session, conversation.id, last=LINES)
    state = last_reply(session, conversation.id, said)
    return Sight(
        conversation_id=conversation.id,
        name=root.name or root.platform_name,
        username=identity.username,
        channel=scene.title(conversation.account),
        source=short_source(conversation.source),
        language=root.language,
        status=conversation.status,
        holder_id=conversation.rep_id,
        holder=holder(session, conversation),
        snoozed_until=conversation.snoozed_until,
        waiting_since=conversation.waiting_since,
        person_called=bool(conversation.person_called),
        blocked=bool(root.blocked),
        reachable=bool(identity.reachable),
        need=lead.need if lead else "",
        phone=next(iter(points_of(session, root.id, "phone")), ""),
        lead_status=lead.status if lead else "",
        notes=tuple(Remark(_name(session, note.rep_id), note.text, note.at) for note in notes_of(session, conversation.id)),
        lines=lines_of(session, said),
        last_heard_id=conversation.last_heard_id,
        reply_state=state[0] if state else None,
        reply_detail=state[1] if state else "",
    )


def lines_of(session: Session, said: list[Message]) -> tuple[Line, ...]:
    """Messages as lines of a card."""
    files = files_of(session, [message.id for message in said])
    return tuple(
        Line(
            Author(message.author),
            message.kind,
            _name(session, message.rep_id),
            message.text,
            message.at,
            tuple(file.kind for file in files.get(message.id, ())),
        )
        for message in said
    )


def last_reply(session: Session, conversation_id: int, said: list[Message]) -> tuple[State, str, int] | None:
    """The state of the newest message a rep said, with why and its delivery."""
    ours = [message for message in said if message.author == Author.REP] or [
        message for message in thread(session, conversation_id, last=30) if message.author == Author.REP
    ]
    return states_of(session, [ours[-1].id]).get(ours[-1].id) if ours else None


def short_source(packed: str) -> str:
    """Where somebody came from, in a few words."""
    values: dict[str, str] = json.loads(packed) if packed else {}
    site = urlsplit(values.get("referrer", "")).hostname or ""
    utm = "/".join(filter(None, (values.get("utm_source"), values.get("utm_medium"), values.get("utm_campaign"))))
    return " · ".join(filter(None, (values.get("payload", ""), utm, site)))


def _name(session: Session, rep_id: int | None) -> str:
    member = session.get(Member, rep_id) if rep_id else None
    return member.name if member else ""
