"""Approved templates: texts that a platform lets through outside the window, as it last told us of them."""

import re
from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor
from crm.base.errors import Expired, Invalid, NotFound
from crm.base.history import Change, record
from crm.base.outbound import ApprovedTemplate, Lane
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.base.text import clean, clean_name, cut
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people.contacts import Identity, root_of
from crm.people.reps import authorise

APPROVED, GONE = "approved", "gone"
PAUSED = frozenset({"paused", "disabled"})
FOLLOW_UPS = Lane.FOLLOWUP.name.lower()
FIELD_MOST, TEXT_MOST = 500, 4000
PLACE = re.compile(r"\{\{\s*([0-9]{1,2})\s*\}\}")


class ApprovedRow(Row):
    """One template of one account in one language.

    `text` has {{1}}, {{2}}… where fields go; `status` is the platform's word, "approved" may be sent, GONE = it was there and is listed no more;
    `used_for` is the lane it stands in for where the text itself may not go.
    """

    __tablename__ = "approved_templates"
    account: Mapped[str]
    name: Mapped[str]
    language: Mapped[str]
    text: Mapped[str]
    category: Mapped[str] = mapped_column(server_default="")
    status: Mapped[str]
    used_for: Mapped[str] = mapped_column(server_default="")
    seen_at: Mapped[int]
    __table_args__ = (UniqueConstraint("account", "name", "language"),)


class Listed(Protocol):
    """A template as a channel lists it; `body` is its text, `status` the platform's word in lower case."""

    @property
    def name(self) -> str: ...

    @property
    def language(self) -> str: ...

    @property
    def body(self) -> str: ...

    @property
    def category(self) -> str: ...

    @property
    def status(self) -> str: ...


def filled(text: str, fields: tuple[str, ...]) -> str:
    """The words a customer will read: each place with its field, an unknown one left empty. Pure."""
    return PLACE.sub(lambda found: fields[int(found[1]) - 1] if 0 < int(found[1]) <= len(fields) else "", text)


def places(text: str) -> int:
    """How many fields a template wants."""
    return max((int(number) for number in PLACE.findall(text)), default=0)


def chosen(session: Session, account: str, lane: Lane, identity_id: int | None) -> ApprovedTemplate | None:
    """The template a manager has chosen to stand in for a lane, in the person's language where there is one, with their name in every place."""
    wanted = (ApprovedRow.account == account, ApprovedRow.used_for == lane.name.lower(), ApprovedRow.status == APPROVED)
    rows = list(session.scalars(select(ApprovedRow).where(*wanted).order_by(ApprovedRow.id)))
    if not rows or identity_id is None:
        return None
    root = root_of(session, session.get_one(Identity, identity_id).contact_id)
    if root.marketing != 1:  # what the platform calls marketing is an offer, whatever we use it for
        rows = [row for row in rows if row.category.lower() != "marketing"]
    if not rows:
        return None
    row = min(rows, key=lambda row: not speaks(row, root.language))
    return made_of(row, (as_field(root.name or root.platform_name) or "-",) * places(row.text))


def speaks(row: ApprovedRow, language: str) -> bool:
    """Whether a template is in a language; the platform's codes may name a country too."""
    return row.language.replace("-", "_").partition("_")[0] == language


def as_field(text: str) -> str:
    """Words as a field takes them: one line, and not much of it."""
    return cut(" ".join(clean(text).split()), FIELD_MOST)


def made_of(row: ApprovedRow, fields: tuple[str, ...]) -> ApprovedTemplate:
    """A template with its fields; raises `Invalid` where one is missing, `Expired` where the platform does not let it through now."""
    if row.status != APPROVED:
        raise Expired
    if len(fields) != places(row.text) or not all(fields):
        raise Invalid("every field needs words")
    return ApprovedTemplate(row.name, row.language, filled(row.text, fields), fields)


def approved_at(session: Session, approved_id: int) -> ApprovedRow:
    """A template by its number."""
    found = session.get(ApprovedRow, approved_id)
    if found is None:
        raise NotFound("no such template")
    return found


def choices(session: Session, account: str, language: str) -> list[ApprovedRow]:
    """What may be sent on an account now, in the person's language first."""
    rows = session.scalars(select(ApprovedRow).where(ApprovedRow.account == account, ApprovedRow.status == APPROVED))
    return sorted(rows, key=lambda row: (not speaks(row, language), row.name, row.language))


def every_template(session: Session, actor: Actor) -> list[ApprovedRow]:
    """All templates of all accounts, for one who plans follow-ups."""
    authorise(session, actor, Action.FOLLOW_UP)
    return list(session.scalars(select(ApprovedRow).where(ApprovedRow.status != GONE).order_by(ApprovedRow.account, ApprovedRow.name, ApprovedRow.language)))


def use_for(session: Session, actor: Actor, approved_id: int, purpose: str, *, now: int) -> ApprovedRow:
    """Choose a template to stand in for follow-ups where they may not go as they are, or ("") for nothing; again changes nothing."""
    authorise(session, actor, Action.FOLLOW_UP)
    row = approved_at(session, approved_id)
    if purpose not in ("", FOLLOW_UPS):
        raise Invalid("there is no such use")
    if purpose and row.status != APPROVED:
        raise Expired
    if row.used_for != purpose:
        record(session, Change("template", row.id, "used_for", actor, {"for": row.used_for}, {"for": purpose}), now=now)
        row.used_for = purpose
        session.flush()
    return row


def learn_templates(session: Session, account: str, listed: Sequence[Listed], *, now: int) -> int:
    """Write down what a platform lists for an account; what it lists no more is gone. Managers are told once of one that is paused. Answers how many."""
    known = {(row.name, row.language): row for row in session.scalars(select(ApprovedRow).where(ApprovedRow.account == account))}
    told: list[Notice] = []
    seen: set[tuple[str, str]] = set()
    for one in listed:
        key = (clean_name(one.name), clean_name(one.language))
        if all(key) and key not in seen:
            seen.add(key)
            told += _learn(session, account, known.get(key), one, now=now)
    for key, row in known.items():
        if key not in seen and row.status != GONE:
            told += _moved(row, GONE)
            row.status, row.seen_at = GONE, now
    session.flush()
    tell(session, told, now=now)
    return len(seen)


def _learn(session: Session, account: str, row: ApprovedRow | None, one: Listed, *, now: int) -> list[Notice]:
    status = clean_name(one.status).lower()
    if row is None:
        values = {"account": account, "name": clean_name(one.name), "language": clean_name(one.language), "text": "", "status": "", "seen_at": now}
        add_new(session, ApprovedRow, [{"id": next(take_ids(session, 1)), **values}])
        wanted = (ApprovedRow.account == account, ApprovedRow.name == values["name"], ApprovedRow.language == values["language"])
        row = session.scalars(select(ApprovedRow).where(*wanted)).one()
    found = _moved(row, status)
    row.text, row.category, row.status, row.seen_at = clean(one.body, TEXT_MOST), clean_name(one.category), status, now
    return found


def _moved(row: ApprovedRow, status: str) -> list[Notice]:
    """What managers hear of a template whose status changes: that it is paused, or that one in use may be sent no more."""
    if row.status == status or not (status in PAUSED or (row.used_for and row.status == APPROVED)):
        return []
    facts = {"account": row.account, "kind": "template", "words": f"template {row.name} ({row.language}): {status}", "ok": False}
    return [Notice(NoticeKind.ACCOUNT, row.id, f"template:{row.id}:{status}", facts)]
