"""Desk: what the staff's surface must remember: buttons it gave out, what somebody is in the middle of, which message became which."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import UniqueConstraint, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Rep
from crm.base.errors import Expired
from crm.base.rows import add_new, bump, take_ids
from crm.base.table import Base, Row
from crm.base.time import DAY, MINUTE
from crm.people.reps import digest

BUTTON_MS = 30 * DAY
CONFIRM_MS = 10 * MINUTE
EVERYBODY = 0
"""Whose a button in the staff's group is: any member's who may do what it asks for."""


class ButtonToken(Row):
    """A button given to one member of staff; only the token's hash is stored, and giving the same button again makes it last longer."""

    __tablename__ = "button_tokens"
    digest: Mapped[str] = mapped_column(unique=True)
    rep_id: Mapped[int]
    action: Mapped[str]
    target: Mapped[int]
    detail: Mapped[str] = mapped_column(server_default="")
    expires_at: Mapped[int]
    version: Mapped[int] = mapped_column(server_default="0")


class WizardRow(Row):
    """What a member of staff is in the middle of; `listens` is 1 while the next thing they type belongs to it."""

    __tablename__ = "wizards"
    rep_id: Mapped[int]
    name: Mapped[str]
    kind: Mapped[str]
    target: Mapped[int]
    facts: Mapped[str]
    listens: Mapped[int]
    expires_at: Mapped[int]
    __table_args__ = (UniqueConstraint("rep_id", "name"),)


class RepMessage(Row):
    """Which message of ours became of what a rep typed into their chat, so that an edit finds it."""

    __tablename__ = "rep_messages"
    address: Mapped[str]
    external_id: Mapped[str]
    message_id: Mapped[int] = mapped_column(index=True)
    __table_args__ = (UniqueConstraint("address", "external_id"),)


class Handled(Base):
    """A staff update whose deeds are done, with the short answer its button got; written in the transaction of the deeds."""

    __tablename__ = "handled"
    event_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    toast: Mapped[str] = mapped_column(server_default="")


@dataclass(frozen=True, slots=True)
class Intent:
    """What a button asks for: a verb, what it is about, and a detail."""

    action: str
    target: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Wizard:
    """A deed that is not finished: `facts` are plain values, `kind` says who goes on with it."""

    name: str
    kind: str
    target: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    listens: bool = True


def token_of(key: bytes, rep_id: int, intent: Intent) -> str:
    """The token of a button: unguessable, and the same each time one member is given the same button."""
    words = json.dumps([rep_id, intent.action, intent.target, intent.detail])
    made = hmac.new(key, b"button:" + words.encode(), hashlib.sha256).digest()[:18]
    return base64.urlsafe_b64encode(made).decode()


def issue(session: Session, key: bytes, rep_id: int, intents: Iterable[Intent], *, until: int) -> None:
    """Give out buttons that are good until an instant; what was given before lasts as long as the newest."""
    wanted = list(dict.fromkeys(intents))
    ids = take_ids(session, len(wanted))
    rows = [
        {
            "id": next(ids),
            "digest": digest(token_of(key, rep_id, intent)),
            "rep_id": rep_id,
            "action": intent.action,
            "target": intent.target,
            "detail": intent.detail,
            "expires_at": until,
        }
        for intent in wanted
    ]
    bump(session, ButtonToken, rows, key="digest", version="version", newer=("expires_at",))


def redeem(session: Session, actor: Rep, token: str, *, now: int) -> Intent:
    """What a pressed button asks for; raises `Expired` for one that is too old, somebody else's, or was never given out."""
    found = session.scalar(select(ButtonToken).where(ButtonToken.digest == digest(token)))
    if found is None or found.rep_id not in (actor.id, EVERYBODY) or found.expires_at <= now:
        raise Expired
    return Intent(found.action, found.target, found.detail)


def begin(session: Session, actor: Rep, wizard: Wizard, *, until: int) -> None:
    """Start something that needs more words; a new listener takes the place of the old one, the same name too."""
    quit_wizard(session, actor, wizard.name)
    if wizard.listens:
        session.execute(delete(WizardRow).where(WizardRow.rep_id == actor.id, WizardRow.listens == 1))
    row = {"rep_id": actor.id, "name": wizard.name, "kind": wizard.kind, "target": wizard.target, "expires_at": until}
    given = {"facts": json.dumps(wizard.facts, ensure_ascii=False), "listens": int(wizard.listens)}
    add_new(session, WizardRow, [{"id": next(take_ids(session, 1)), **row, **given}])


def hush(session: Session, actor: Rep) -> None:
    """What a member is in the middle of waits: the next thing they type does not belong to it, but its buttons stay good."""
    session.execute(update(WizardRow).where(WizardRow.rep_id == actor.id, WizardRow.listens == 1).values(listens=0))


def listening(session: Session, actor: Rep, *, now: int) -> Wizard | None:
    """What the next words of a member belong to."""
    return _wizard(session.scalar(select(WizardRow).where(WizardRow.rep_id == actor.id, WizardRow.listens == 1, WizardRow.expires_at > now)))


def wizard_of(session: Session, actor: Rep, name: str, *, now: int) -> Wizard | None:
    """Something a member is in the middle of, by name."""
    return _wizard(session.scalar(select(WizardRow).where(WizardRow.rep_id == actor.id, WizardRow.name == name, WizardRow.expires_at > now)))


def quit_wizard(session: Session, actor: Rep, name: str) -> bool:
    """End something by name; false when there was nothing to end."""
    gone = session.execute(delete(WizardRow).where(WizardRow.rep_id == actor.id, WizardRow.name == name).returning(WizardRow.id)).first()
    return gone is not None


def _wizard(row: WizardRow | None) -> Wizard | None:
    return Wizard(row.name, row.kind, row.target, json.loads(row.facts), bool(row.listens)) if row else None


def remember(session: Session, address: str, external_id: int, message_id: int) -> None:
    """Write down that what a rep typed became a message."""
    row = {"address": address, "external_id": str(external_id), "message_id": message_id}
    add_new(session, RepMessage, [{"id": next(take_ids(session, 1)), **row}])


def became(session: Session, address: str, external_id: int) -> int | None:
    """The message that what a rep typed became."""
    return session.scalar(select(RepMessage.message_id).where(RepMessage.address == address, RepMessage.external_id == str(external_id)))


def toast_of(session: Session, event_id: int) -> str | None:
    """The answer an update got when it was handled; None when it was not yet."""
    return session.scalar(select(Handled.toast).where(Handled.event_id == event_id))


def handled(session: Session, event_id: int, toast: str) -> None:
    """The deeds of an update are done; in their own transaction."""
    session.add(Handled(event_id=event_id, toast=toast))
    session.flush()
