"""What stands in the store, as plain rows: to see that a refusal changed nothing, and that two ways of working leave the same."""

import hashlib
import json
from collections import Counter
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.base.db import Store
from crm.base.rows import table_of
from crm.base.table import Base
from crm.base.tallies import Count
from crm.conversations.threads import Attachment, Conversation, Message
from crm.inbox.log import RawBody, RawEventRow, Waiting
from crm.outbox.deliveries import Delivery
from crm.outbox.notices import NoticeRow
from crm.people.consents import Consent
from crm.people.contacts import Contact, ContactPoint, Identity
from crm.sales.leads import Lead
from crm.tables import metadata

Row = dict[str, Any]
# Housekeeping that a refused request may touch: numbers handed out, who works where.
NOTHING = "nothing"
HOUSEKEEPING = frozenset({"counters", "leases", "alembic_version"})


async def everything(store: Store) -> str:
    """A fingerprint of all that stands in the store; that something came again with other words is on the count, and changes nothing else."""

    def look(session: Session) -> str:
        sums = hashlib.sha256()
        for table in metadata.sorted_tables:
            if table.name not in HOUSEKEEPING:
                counted = [table.c.kind != Count.CONFLICT.value] if table.name == "tallies" else []
                rows = sorted(repr(tuple(row)) for row in session.execute(select(table).where(*counted)))
                sums.update(repr((table.name, rows)).encode("utf-8", "surrogatepass"))
        return sums.hexdigest()

    return await store.read(look)


async def amount(store: Store, table: type[Base], *where: Any) -> int:
    """How many rows a table has."""
    return await store.read(lambda session: session.scalar(select(func.count()).select_from(table).where(*where)) or 0)


class Names:
    """What the rows of the business are called whatever their numbers: a person by their first address, a message by its cause."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._of: dict[tuple[str, int], str] = {}
        for identity in self._all(Identity):
            self._of["identities", identity["id"]] = f"{identity['account']}/{identity['external_id']}"
            self._of.setdefault(("contacts", identity["contact_id"]), f"{identity['account']}/{identity['external_id']}")
        for talk in self._all(Conversation):
            self._of["conversations", talk["id"]] = f"{talk['account']}/{talk['address']}"
        ranks: Counter[int] = Counter()
        events = {event["id"]: f"{event['account']}/{event['key']}" for event in self._all(RawEventRow)}
        self._events = events
        for message in self._all(Message):
            ranks[message["conversation_id"]] += 1
            self._of["messages", message["id"]] = f"{self.of('conversations', message['conversation_id'])}#{ranks[message['conversation_id']]}"
        for lead in self._all(Lead):
            self._of["leads", lead["id"]] = self.of("contacts", lead["contact_id"])

    def _all(self, table: type[Base]) -> list[Row]:
        core = table_of(table)
        return [dict(row) for row in self._session.execute(select(core).order_by(*core.primary_key.columns)).mappings()]

    def of(self, table: str, number: Any) -> Any:
        """The name of one row; what is not one of the named stays as it is."""
        return self._of.get((table, number), number)

    def cause(self, once: str | None) -> str | None:
        """A once-key with the event's own key in place of its number."""
        parts = (once or "").split(":")
        return ":".join([part if place == 0 or not part.isdigit() else self._events.get(int(part), part) for place, part in enumerate(parts)]) if once else once

    def rows(self, table: type[Base], **columns: str) -> list[Row]:
        """The rows of a table without their numbers; `columns` name the table a number belongs to, or say that a column tells nothing."""
        found = []
        drop = {"id", *(name for name, kind in columns.items() if kind == NOTHING)}
        for row in self._all(table):
            plain = {name: self.of(columns[name], value) if name in columns else value for name, value in row.items() if name not in drop}
            plain |= {"once": self.cause(plain["once"])} if "once" in plain else {}
            found.append(plain)
        return sorted(found, key=lambda row: json.dumps(row, sort_keys=True, default=str))


def business(session: Session) -> dict[str, list[Row]]:
    """Every row of the business in a form that knows no numbers: two runs that mean the same give the same."""
    names = Names(session)
    bodies = session.execute(select(RawEventRow.account, RawEventRow.key, RawBody.body).join(RawBody, RawBody.event_id == RawEventRow.id)).all()
    waits = session.execute(
        select(RawEventRow.account, RawEventRow.key, Waiting.attempts, Waiting.parked, Waiting.error).join(RawEventRow, RawEventRow.id == Waiting.event_id)
    ).all()
    thread = {"conversation_id": "conversations", "message_id": "messages"}
    person = {"contact_id": "contacts", "root_id": "contacts"}
    return {
        "raw": sorted([{"of": row[0], "key": row[1], "body": row[2].hex()} for row in bodies], key=str),
        "waiting": sorted([dict(zip(("of", "key", "attempts", "parked", "error"), row, strict=True)) for row in waits], key=str),
        "contacts": names.rows(Contact, root_id="contacts"),
        "identities": names.rows(Identity, **person),
        "points": names.rows(ContactPoint, message_id="messages", **person),
        "consents": names.rows(Consent, message_id="messages", **person),
        "leads": names.rows(Lead, open_contact_id="contacts", **thread, **person),
        "conversations": names.rows(
            Conversation,
            identity_id="identities",
            open_identity_id="identities",
            contact_id="contacts",
            asked_id="messages",
            last_message_id="messages",
            last_heard_id="messages",
        ),
        "messages": names.rows(Message, **thread),
        "attachments": names.rows(Attachment, **thread),
        "deliveries": names.rows(Delivery, place=NOTHING, **thread),
        "notices": [{**row, "subject_id": None, "key": row["key"].split(":")[0]} for row in names.rows(NoticeRow, version=NOTHING)],
    }
