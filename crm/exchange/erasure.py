"""Erasure: one person forgotten in every table; what the books count stays as empty shells, and a tombstone keeps lists from bringing them back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from crm.base import jobs
from crm.base.actors import Actor
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.seals import redact
from crm.base.table import Base
from crm.conversations.calls import CallRow
from crm.exchange import past
from crm.exchange.belongings import Belongings, belongings_of, either, events_of, parts, values_about
from crm.exchange.captures import left_of
from crm.exchange.imports import CHATS
from crm.exchange.reach import in_reach
from crm.exchange.tombstones import set_up
from crm.outbox.deliveries import Delivery, State
from crm.people.contacts import Contact, ContactPoint, Identity, PointKind, root_of
from crm.people.steps import What, require
from crm.projects.projects import ProjectState
from crm.reports import search_index
from crm.sales import stock
from crm.sales.deals import DealState
from crm.sales.entries import Entry
from crm.sales.leads import LeadStatus
from crm.sales.ledger import Payment
from crm.sales.orders import OrderState
from crm.sales.tasks import TaskState

ERASE = "erase"
GONE = "erased"
# What becomes of the rows: columns that are emptied; the rest of a row is numbers and instants, which the books need.
BLANKED: dict[str, dict[str, Any]] = {
    "messages": {"text": "", "buttons": "", "external_id": None, "reply_to": ""},
    "attachments": {"ref": "", "name": "", "path": "", "state": "missing"},
    "deliveries": {"address": GONE, "payload": None, "external_id": None, "detail": None},
    "conversations": {
        "address": GONE,
        "preview": "",
        "flow_state": "",
        "source": "",
        "status": "closed",
        "open_identity_id": None,
        "waiting_since": 0,
        "unread": 0,
        "snoozed_until": 0,
        "person_called": 0,
    },
    "notes": {"text": "", "source": ""},
    "captures": {"data": "{}", "why": ""},
    "tasks": {"text": ""},
    "planned_replies": {"text": "", "why": "", "state": "cancelled"},
    "leads": {"source": "", "need": "", "first_message": "", "reason_words": ""},
    "deals": {"title": GONE, "reason_words": ""},
    "deal_contacts": {"role": ""},
    "projects": {"title": GONE, "why": ""},
    "rule_runs": {"words": ""},
    "project_costs": {"words": GONE},
    "project_steps": {"title": GONE, "blocked_why": "", "notify_text": ""},
    "ratings": {"words": "", "words_until": 0},
    "documents": {"data": "{}"},
    "orders": {"address": "", "note": "", "tells": 0},
    "order_lines": {"title": GONE},
    "shipments": {"carrier": "", "tracking": "", "expected_on": ""},
    Payment.__tablename__: {"reference": "", "number": "", "attachment_id": None},
    "pay_asks": {"open": 0},
    "deal_lines": {"title": GONE},
    "mails": {"external_id": "", "subject": "", "full": "", "ancestors": ""},
    CallRow.__tablename__: {"line": "", "agent": ""},
    "forum_topics": {"name": GONE},
    "consents": {"shown": ""},
}
REMOVED = ("album_parts", "identity_aliases", "own_chats", "contact_points", "enrollments", "window_ends", "tags")


@dataclass(frozen=True, slots=True)
class Preview:
    """What an erasure would take: whose it is, and how many rows of what."""

    contact_id: int
    name: str
    counts: tuple[tuple[str, int], ...]


SHOWN = ("identities", "contact_points", "conversations", "messages", "attachments", "notes", "leads", "deals", "tasks", "calls", "mails")


def preview(session: Session, actor: Actor, contact_id: int) -> Preview:
    """What would go; refuses whose sight does not cover it."""
    sight = in_reach(session, actor, Action.ERASE, contact_id)
    root, what = root_of(session, contact_id), belongings_of(session, contact_id)
    return Preview(root.id, sight.named(root.name or root.platform_name), tuple((name, len(what.of(name))) for name in SHOWN if what.of(name)))


def ask(session: Session, actor: Actor, contact_id: int, *, now: int) -> int:
    """Have a person erased; who asks shows once more that it is they. It begins at once and cannot be stopped. Answers the job."""
    in_reach(session, actor, Action.ERASE, contact_id)
    root = root_of(session, contact_id)
    require(session, actor, What.ERASE, str(root.id), now=now)
    root.blocked, root.silenced, root.marketing = 1, 1, -1  # nothing leaves for them from now on, whatever is claimed first
    session.flush()
    record(session, Change("contact", root.id, "erasure asked", actor), now=now)
    return jobs.begin(session, actor, ERASE, root.id, now=now)


def blank(session: Session, table: str, ids: Sequence[int]) -> int:
    """Empty what rows of a table say."""
    about = Base.metadata.tables[table]
    for some in parts(ids):
        session.execute(update(about).where(about.c.id.in_(some)).values(**BLANKED[table]))
    return len(ids)


def unsent(session: Session, ids: Sequence[int]) -> None:
    """Nothing that waits may leave any more."""
    for some in parts(ids):
        waits = (Delivery.id.in_(some), Delivery.state == State.QUEUED.value)
        session.execute(update(Delivery).where(*waits).values(state=State.CANCELLED.value), execution_options={"synchronize_session": False})


def points_of(session: Session, what: Belongings) -> list[tuple[str, str]]:
    """By what somebody would be known again."""
    found: list[tuple[str, str]] = []
    for some in parts(what.of("contacts")):
        points = select(ContactPoint.kind, ContactPoint.value).where(ContactPoint.contact_id.in_(some), ContactPoint.kind != PointKind.NAME.value)
        found += [(row.kind, row.value) for row in session.execute(points)]
    for some in parts(what.of("identities")):
        identities = select(Identity.account, Identity.external_id).where(Identity.id.in_(some))
        found += [(f"at {row.account}", row.external_id) for row in session.execute(identities)]
    return found


def names_of(session: Session, what: Belongings) -> list[str]:
    """What they go by in full: one word alone names many."""
    found = session.execute(select(Contact.name, Contact.platform_name).where(Contact.id.in_(what.of("contacts"))))
    return sorted({name for row in found for name in row if " " in name.strip()})


def forget(session: Session, actor: Actor, contact_id: int, key: bytes, *, now: int, done: Mapping[str, frozenset[int]] | None = None) -> dict[str, int]:
    """Take everything about a person but what went before (`done`); answers how many rows of what. Doing it twice changes nothing."""
    gone = done or {}
    what = belongings_of(session, contact_id)
    counts = {name: len(what.of(name)) for name in (*BLANKED, "contact_points", "identities") if what.of(name)}
    points = points_of(session, what)
    set_up(session, points, key, now=now)
    known = [value for kind, value in points if kind in (PointKind.PHONE, PointKind.EMAIL)]
    names = names_of(session, what)
    left_of(session, known, names, now=now)
    chats = past.left_of(session, what.of("contacts"), known, names)
    search_index.forget(session, list(what.of("contacts")))
    unsent(session, what.of("deliveries"))
    for table in BLANKED:
        blank(session, table, _but(what.of(table), gone.get(table)))
    _ended(session, what, now)
    _unsold(session, actor, what, now)
    _derived(session, what)
    for name in REMOVED:
        about = Base.metadata.tables[name]
        for some in parts(what.of(name)):
            session.execute(delete(about).where(about.c.id.in_(some)))
    values = Base.metadata.tables["field_values"]
    for some in parts(values_about(session, what)):
        session.execute(delete(values).where(values.c.id.in_(some)))
    _people(session, what)
    session.expire_all()
    rest = [*_but(events_of(session, what), gone.get("on record")), *chats]
    counts["on record"] = len(gone.get("on record", ())) + sum(redact(session, actor, some, now=now) for some in parts(rest))
    return counts


def _but(ids: Sequence[int], done: frozenset[int] | None) -> Sequence[int]:
    return [number for number in ids if number not in done] if done else ids


def _ended(session: Session, what: Belongings, now: int) -> None:
    """Nothing is to be done for them any more; what was won or lost before stays so."""
    tables = Base.metadata.tables
    leads, deals, stays, tasks = (tables[name] for name in ("leads", "deals", "stage_stays", "tasks"))
    for some in parts(what.of("leads")):
        still = leads.c.id.in_(some) & leads.c.open_contact_id.is_not(None)
        session.execute(update(leads).where(still).values(status=LeadStatus.LOST.value, open_contact_id=None, closed_at=now))
    for some in parts(what.of("deals")):
        session.execute(update(deals).where(deals.c.id.in_(some), deals.c.state == DealState.OPEN.value).values(state=DealState.LOST.value, closed_at=now))
        session.execute(update(stays).where(stays.c.deal_id.in_(some), stays.c.left_at == 0).values(left_at=now))
    for some in parts(what.of("tasks")):
        session.execute(update(tasks).where(tasks.c.id.in_(some), tasks.c.state == TaskState.OPEN.value).values(state=TaskState.DROPPED.value, done_at=now))
    projects = tables["projects"]
    for some in parts(what.of("projects")):
        running = projects.c.id.in_(some) & (projects.c.state == ProjectState.RUNNING.value)
        session.execute(update(projects).where(running).values(state=ProjectState.CANCELLED.value, closed_at=now))
        session.execute(update(projects).where(projects.c.id.in_(some)).values(nps_at=0))
    entries = tables[Entry.__tablename__]
    session.execute(update(entries).where(entries.c.referrer_id.in_(what.of("contacts"))).values(source=GONE, ended_at=now))


def _unsold(session: Session, actor: Actor, what: Belongings, now: int) -> None:
    """What they have ordered and never got goes to nobody: its goods are free again. Whatever has left stays as it was."""
    tables = Base.metadata.tables
    for some in parts(what.of("orders")):
        still = tables["orders"].c.id.in_(some) & tables["orders"].c.state.in_((OrderState.NEW.value, OrderState.CONFIRMED.value))
        for number in session.scalars(select(tables["orders"].c.id).where(still).order_by(tables["orders"].c.id)).all():
            stock.release(session, actor, once=f"order:{number}", now=now)
        session.execute(update(tables["orders"]).where(still).values(state=OrderState.CANCELLED.value, moved_at=now))


def _derived(session: Session, what: Belongings) -> None:
    """What is named by two columns, or by a text."""
    tables, contacts = Base.metadata.tables, list(what.of("contacts"))
    session.execute(delete(tables["suggestions"]).where(either(tables["suggestions"], ("contact_id", "other_id"), contacts)))
    session.execute(update(tables["links"]).where(either(tables["links"], ("winner_id", "loser_id"), contacts)).values(before=""))
    rows, lists, made = tables["import_rows"], tables["imports"], tables["made_files"]
    theirs = select(rows.c.import_id).where(rows.c.contact_id.in_(contacts))
    session.execute(update(lists).where(lists.c.id.in_(theirs)).values(samples="[]"))
    session.execute(update(lists).where(lists.c.id.in_(theirs), lists.c.kind == CHATS).values(name=CHATS))
    session.execute(update(made).where(made.c.mime != "text/html").values(expires_at=0))  # reports and exports that may name them; a certificate names nobody
    session.execute(update(rows).where(rows.c.contact_id.in_(contacts)).values(cells="[]", made="{}", why="", outcome=GONE))
    for name, column in (("link_tokens", "identity_id"), ("shares", "attachment_id")):
        of = {"identity_id": "identities", "attachment_id": "attachments"}[column]
        for some in parts(what.of(of)):
            session.execute(delete(tables[name]).where(tables[name].c[column].in_(some)))
    addresses = session.execute(select(Identity.account, Identity.external_id).where(Identity.id.in_(what.of("identities")))).all()
    edits = tables["pending_edits"]
    for account, address in addresses:
        session.execute(delete(edits).where(edits.c.account == account, edits.c.address == address))
    notices = tables["notices"]
    keys = [f"card:{number}" for number in what.of("conversations")]
    session.execute(delete(notices).where(notices.c.key.in_(keys)))


def _people(session: Session, what: Belongings) -> None:
    """The people themselves, as shells that belong to nobody and can be reached nowhere."""
    for number in what.of("identities"):
        session.execute(update(Identity).where(Identity.id == number).values(external_id=f"{GONE}:{number}", username="", reachable=0))
    empty = {"name": "", "platform_name": "", "greeting_name": "", "preferred_id": None, "company_id": None, "marketing": -1, "silenced": 1, "blocked": 1}
    session.execute(update(Contact).where(Contact.id.in_(what.of("contacts"))).values(**empty))
