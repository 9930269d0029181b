"""Facts: what is known of the thing an event is about and of the person behind it, by the names that conditions use."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import bindparam, case, select
from sqlalchemy.orm import Session, aliased

from crm.base.rows import among, ask, fixed
from crm.base.table import Base
from crm.conversations.threads import Author, Conversation, Message
from crm.people.contacts import Contact
from crm.people.fields import About, fields_of, values_of
from crm.people.tags import tags_of
from crm.rules.conditions import Value
from crm.sales.deals import Deal
from crm.sales.leads import Lead
from crm.sales.tasks import Task

TABLES: Mapping[str, str] = {
    "contact": "contacts",
    "conversation": "conversations",
    "message": "messages",
    "lead": "leads",
    "deal": "deals",
    "task": "tasks",
    "document": "documents",
    "order": "orders",
    "payment": "payments",
    "shipment": "shipments",
    "project": "projects",
    "rating": "ratings",
}
"""Where a subject's rows stand; whichever of them names a person, a conversation, a lead or a deal leads to those."""
_OWN = frozenset(("contact_id", "conversation_id", "lead_id", "deal_id", "order_id", "document_id"))
DEAL = ("id", "contact_id", "title", "state", "stage_id", "pipeline_id", "currency", "rep_id", "expected_on", "pushes", "amount")
TALK = ("id", "contact_id", "status", "account", "source", "rep_id", "team_id", "waiting_since")
LEAD = ("id", "status", "channel", "source", "language", "need", "rep_id")
HIDDEN = frozenset(("address", "payload", "data", "secret"))


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event is about: the person (their root), and the conversation, lead, deal and task it leads to (None = none).

    `rows` are what was read of them on the way, by what they are.
    """

    subject: str
    number: int
    contact_id: int | None = None
    conversation_id: int | None = None
    lead_id: int | None = None
    deal_id: int | None = None
    task_id: int | None = None
    rows: Mapping[str, Any] = field(default_factory=dict, compare=False)


_root = aliased(Contact)
_person = (_root.id, _root.name, _root.platform_name, _root.language, _root.kind, _root.zone, _root.marketing)
_PERSON = select(*_person).join(Contact, Contact.root_id == _root.id).where(Contact.id == bindparam("number"))
_KIN = select(Contact.id).where(Contact.root_id == bindparam("root"))
_deal = tuple(getattr(Deal, name) for name in DEAL)
_DEAL = select(*_deal).where(Deal.id == bindparam("number"))
_RUNNING = select(*_deal).where(among(Deal.contact_id, "family"), Deal.state == fixed("open")).order_by(Deal.id.desc()).limit(1)
_talk = tuple(getattr(Conversation, name) for name in TALK)
_TALK = select(*_talk).where(Conversation.id == bindparam("number"))
_closed = case((Conversation.status == fixed("closed"), fixed(1)), else_=fixed(0))
_NEWEST = select(*_talk).where(among(Conversation.contact_id, "family")).order_by(_closed, Conversation.last_at.desc(), Conversation.id.desc()).limit(1)
_lead = tuple(getattr(Lead, name) for name in LEAD)
_LEAD = select(*_lead).where(Lead.id == bindparam("number"))
_over = case((Lead.open_contact_id.is_(None), fixed(1)), else_=fixed(0))
_THEIRS = select(*_lead).where(among(Lead.contact_id, "family")).order_by(_over, Lead.id.desc()).limit(1)


def subject_of(session: Session, subject: str, number: int) -> Subject:
    """Follow a thing to the person and the deal it belongs to: a deal that is not named is their newest that runs."""
    named = _named(session, subject, number)
    deal = _first(session, _DEAL, number=named.get("deal_id", 0)) if named.get("deal_id") else None
    talk = _first(session, _TALK, number=named.get("conversation_id", 0)) if named.get("conversation_id") else None
    contact_id = named.get("contact_id") or (deal.contact_id if deal else None) or (talk.contact_id if talk else None)
    person = _first(session, _PERSON, number=contact_id) if contact_id else None
    if person is None:
        return Subject(subject, number)
    family = [row.id for row in ask(session, _KIN, {"root": person.id})]
    deal = deal or _first(session, _RUNNING, family=family)
    talk = talk or _first(session, _NEWEST, family=family)
    lead = _first(session, _LEAD, number=named["lead_id"]) if named.get("lead_id") else _first(session, _THEIRS, family=family)
    rows = {kind: row for kind, row in (("contact", person), ("deal", deal), ("conversation", talk), ("lead", lead)) if row is not None}
    ids = (talk.id if talk else None, lead.id if lead else None, deal.id if deal else None)
    return Subject(subject, number, person.id, *ids, number if subject == "task" else None, rows)


def _first(session: Session, question: Any, **given: Any) -> Any:
    return next(iter(ask(session, question, given)), None)


@cache
def _naming(subject: str) -> Any:
    """The question to a table which things its row belongs to; None where there is no such table."""
    table = Base.metadata.tables.get(TABLES.get(subject, ""))
    if table is None:
        return None
    return select(table.c.id, *(table.c[name] for name in sorted(_OWN & set(table.c.keys())))).where(table.c.id == bindparam("number"))


def _named(session: Session, subject: str, number: int) -> dict[str, int]:
    question = _naming(subject)
    row = _first(session, question, number=number) if question is not None else None
    if row is None:
        return {}
    found = {f"{subject}_id": number, **{name: value for name, value in row._asdict().items() if name != "id" and value}}
    if "order_id" in found and subject != "order" and not {"contact_id", "deal_id"} & set(found):
        found = {**_named(session, "order", found["order_id"]), **found}
    return found


def facts_of(session: Session, about: Subject, before: str = "", after: str = "", *, wanted: Collection[str]) -> dict[str, Value]:
    """The facts that are asked for by name (`old.` and `new.` are the values before and after), as far as they are known."""
    kinds = {name.partition(".")[0] for name in wanted}
    found: dict[str, Value] = {}
    for side, text in (("old", before), ("new", after)):
        found |= {f"{side}.{name}": _value(value) for name, value in _values(text).items()}
    if "contact" in kinds and "contact" in about.rows:
        found |= _contact(session, about.rows["contact"], wanted)
    if "deal" in kinds and "deal" in about.rows:
        found |= _deal_of(session, about.rows["deal"], wanted)
    for kind in kinds & {"lead", "conversation"} & set(about.rows):
        found |= _row(kind, about.rows[kind])
    if "task" in kinds and about.task_id and (task := session.get(Task, about.task_id)):
        found |= _row("task", task)
    if "message" in kinds and about.conversation_id:
        found["message.text"] = _said(session, about)
    other = about.subject
    if other in kinds - {"contact", "deal", "lead", "conversation", "task", "message"}:
        found |= _others(session, other, about.number)
    return found


def _values(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:  # it was taken away with the person
        return {}
    return found if isinstance(found, dict) else {}


def _value(value: object) -> Value:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | str) or value is None:
        return value
    return Decimal(str(value)) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def _contact(session: Session, root: Any, wanted: Collection[str]) -> dict[str, Value]:
    found: dict[str, Value] = {f"contact.{name}": getattr(root, name) for name in ("language", "kind", "zone")}
    found |= {"contact.name": root.name or root.platform_name, "contact.offers": {1: "yes", -1: "no"}.get(root.marketing, "")}
    if "contact.tags" in wanted:
        found["contact.tags"] = tags_of(session, [root.id])[root.id]
    if any(name.startswith("contact.field.") for name in wanted):
        found |= _fields(session, About.CONTACT, root.id)
    return found


def _deal_of(session: Session, deal: Any, wanted: Collection[str]) -> dict[str, Value]:
    found: dict[str, Value] = {"deal.title": deal.title, "deal.state": deal.state, "deal.stage": deal.stage_id, "deal.pipeline": deal.pipeline_id}
    found |= {"deal.currency": deal.currency, "deal.rep": deal.rep_id, "deal.expected": deal.expected_on, "deal.pushes": deal.pushes}
    found["deal.amount"] = Decimal(deal.amount) / 100 if deal.amount is not None else None
    if any(name.startswith("deal.field.") for name in wanted):
        found |= _fields(session, About.DEAL, deal.id)
    return found


def _fields(session: Session, about: About, number: int) -> dict[str, Value]:
    names = {field.id: field.name for field in fields_of(session, about)}
    values = values_of(session, about, [number])[number]
    return {f"{about.value}.field.{names[field_id]}": _kept(value) for field_id, value in values.items() if field_id in names}


def _kept(value: str) -> Value:
    """A value as it is kept; an amount is hundredths there."""
    amount, _, currency = value.partition(" ")
    if len(currency) == 3 and currency.isupper() and amount.lstrip("-").isdigit():
        return Decimal(amount) / 100
    return value


def _row(kind: str, row: Any) -> dict[str, Value]:
    names = {"lead": LEAD, "conversation": TALK, "task": ("kind", "text", "state", "rep_id")}[kind]
    found: dict[str, Value] = {f"{kind}.{name.removesuffix('_id')}": getattr(row, name) for name in names if name not in ("id", "contact_id", "last_at")}
    if kind == "conversation":
        found["conversation.waits"] = "yes" if found.pop("conversation.waiting_since") else "no"
    return found


def _said(session: Session, about: Subject) -> str:
    """The words of the message an event is about, or else the newest of theirs."""
    if about.subject == "message" and (message := session.get(Message, about.number)):
        return message.text
    newest = select(Message.text).where(Message.conversation_id == about.conversation_id, Message.author == Author.CONTACT.value)
    return session.scalar(newest.order_by(Message.id.desc()).limit(1)) or ""


def _others(session: Session, subject: str, number: int) -> dict[str, Value]:
    """Every plain column of an order, a document, a payment or the like."""
    table = Base.metadata.tables.get(TABLES.get(subject, ""))
    row = session.execute(select(table).where(table.c.id == number)).mappings().first() if table is not None else None
    return {f"{subject}.{name.removesuffix('_id')}": _value(value) for name, value in row.items() if name not in HIDDEN} if row else {}
