"""Capture: what a member of staff handed to the bot without typing (a contact, a card, a voice, somebody's words), until it is kept or left."""

import json
from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.table import Row
from crm.exchange.naming import listed, named


class CaptureKind(StrEnum):
    """What was handed over."""

    CONTACT = "contact"
    CARD = "card"
    WORDS = "words"


class CaptureState(StrEnum):
    """Where a capture stands: `reading` = its file is on its way, `asked` = somebody is to say what becomes of it."""

    READING = "reading"
    ASKED = "asked"
    KEPT = "kept"
    LEFT = "left"
    UNREADABLE = "unreadable"
    UNDONE = "undone"


class Capture(Row):
    """Something captured; `data` is what it says (JSON, emptied when it is settled), `import_id` what wrote it down, for the way back."""

    __tablename__ = "captures"
    rep_id: Mapped[int]
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="asked")
    data: Mapped[str] = mapped_column(server_default="{}")
    why: Mapped[str] = mapped_column(server_default="")
    contact_id: Mapped[int | None] = mapped_column(index=True)
    conversation_id: Mapped[int | None]
    import_id: Mapped[int | None]
    created_at: Mapped[int]
    settled_at: Mapped[int] = mapped_column(server_default="0")
    __table_args__ = (Index("captures_rep", "rep_id", "id"),)


OPEN = (CaptureState.READING.value, CaptureState.ASKED.value, CaptureState.UNREADABLE.value)


def left_of(session: Session, points: Sequence[str], names: Sequence[str], *, now: int) -> int:
    """Leave what nobody has decided yet and tells of one of these phones, e-mails or whole names, since its person is erased; answers how many."""
    told = [name.encode() for name in names]
    phones, emails = [one.lstrip("+") for one in points if "@" not in one], [one.lower() for one in points if "@" in one]
    found = [one for one in session.scalars(select(Capture).where(Capture.state.in_(OPEN))) if _tells(one.data, told, phones, emails)]
    for one in found:
        one.state, one.data, one.settled_at = CaptureState.LEFT.value, "{}", now
    session.flush()
    return len(found)


def _tells(data: str, names: Sequence[bytes], phones: Sequence[str], emails: Sequence[str]) -> bool:
    body = data.encode()
    if any(named(word, body) for word in (*names, *(phone.encode() for phone in phones))):
        return True
    said = json.loads(data)
    lines = (said.get("draft") or {}).get("lines", ())
    texts = [line for item in said.get("items", ()) for line in str(item["text"]).splitlines()]
    return any(email in data.lower() for email in emails) or listed([*lines, *texts], phones, emails)
