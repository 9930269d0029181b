"""What the store knows of the people a batch heard from: one question per account."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, and_, bindparam, case, exists, or_, select
from sqlalchemy.orm import Session, aliased

from crm.base.dialect import is_server
from crm.base.rows import among, ask, fixed
from crm.conversations.threads import Conversation, Status
from crm.inbox.edits import PendingEdit
from crm.outbox.deliveries import Delivery
from crm.outreach.sequences import Enrollment
from crm.people.calendars import DAYS_SAID, HOURS_SAID, Leave, Version
from crm.people.contacts import Contact, ContactPoint, Identity
from crm.people.reps import Member
from crm.sales.ladder import WAITS_FOR_SILENCE
from crm.sales.leads import Lead, LeadStatus

Address = tuple[str, str]

_own, _root, _kin, _last = aliased(Contact), aliased(Contact), aliased(Contact), aliased(Lead)
_newest = (
    select(_last.status)
    .join(_kin, _kin.id == _last.contact_id)
    .where(_kin.root_id == _root.id, _last.status != fixed(LeadStatus.MERGED.value))
    .order_by(_last.id.desc())
    .limit(fixed(1))
    .correlate(_root)
    .scalar_subquery()
)
KNOWN = (
    select(
        Identity.id,
        Identity.external_id,
        Identity.reachable,
        _root.id.label("root_id"),
        _own.id.label("contact_id"),
        _root.name,
        _root.platform_name,
        _root.greeting_name,
        _root.language,
        _root.zone,
        _root.marketing,
        _root.silenced,
        _root.blocked,
        exists().where(ContactPoint.contact_id == _kin.id, _kin.root_id == _root.id, ContactPoint.kind == fixed("phone")).label("has_phone"),
        Conversation.id.label("conversation_id"),
        Conversation.status,
        Member.id.label("rep_id"),
        Conversation.flow_state,
        Conversation.unread,
        Conversation.waiting_since,
        Conversation.first_heard_at,
        Conversation.source,
        Conversation.person_called,
        Conversation.last_heard_id,
        Conversation.asked_id,
        Delivery.claimed_at.label("asked_at"),
        Lead.id.label("lead_id"),
        Lead.need,
        exists().where(Enrollment.contact_id == _root.id, Enrollment.state == fixed("active")).label("enrolled"),
        case((Lead.id.is_(None), _newest == fixed(LeadStatus.SPAM.value))).label("spam"),  # asked of those without an open lead alone
    )
    .join(_own, _own.id == Identity.contact_id)
    .join(_root, _root.id == _own.root_id)
    .outerjoin(Conversation, Conversation.identity_id == Identity.id)
    .outerjoin(Member, and_(Member.id == Conversation.rep_id, Member.active == fixed(1)))  # what a leaver had when it was closed is nobody's
    .outerjoin(Delivery, and_(Delivery.message_id == Conversation.asked_id, Delivery.part == fixed(0), Delivery.desk == fixed(0)))
    .outerjoin(Lead, Lead.open_contact_id == _root.id)
    .where(Identity.account == bindparam("account"), among(Identity.external_id, "addresses"))
    .order_by(Conversation.id)
)
_roots = select(_own.root_id).join(Identity, Identity.contact_id == _own.id)
HOLD = (
    select(Contact.id)
    .where(Contact.id.in_(_roots.where(Identity.account == bindparam("account"), among(Identity.external_id, "addresses"))))
    .order_by(Contact.id)
    .with_for_update(key_share=True)
)
_now = bindparam("now", type_=BigInteger())
_off = exists().where(
    and_(Leave.rep_id == Member.id, Leave.ended_at == fixed(0), Leave.from_on <= bindparam("today"), Leave.to_on >= bindparam("today")),
    or_(Leave.to_at == fixed(0), and_(Leave.from_at <= _now, Leave.to_at > _now)),
)
STANDING = select(
    exists().where(Member.active == fixed(1), Member.available == fixed(1), ~_off.correlate(Member)).label("on_duty"),
    exists().where(PendingEdit.id > fixed(0)).label("edits"),
    WAITS_FOR_SILENCE.label("promises"),
    DAYS_SAID.label("days"),
    HOURS_SAID.label("hours"),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether anybody is on duty, edits wait for their messages, a task waits for silence, and what was said of working days: one question for every batch."""

    on_duty: bool
    edits: bool
    promises: bool
    calendar: Version


@dataclass(slots=True)
class Thread:
    """What a batch knows of one sender, and how it changes while the batch is planned.

    `new` = its conversation is made by this batch; `told` = something was said that the staff hears of, `news` = for the first time; `spoke` = the bot
    did; `source` is JSON; `spam` = somebody called their newest lead that, and has not taken it back.
    """

    account: str
    address: str
    identity_id: int
    contact_id: int
    root_id: int
    conversation_id: int
    language: str
    zone: str
    name: str = ""
    platform_name: str = ""
    marketing: int = 0
    silenced: int = 0
    blocked: bool = False
    reachable: bool = True
    has_phone: bool = False
    status: str = Status.OPEN.value
    rep_id: int | None = None
    flow_state: str = ""
    unread: int = 0
    waiting_since: int = 0
    first_heard_at: int = 0
    person_called: int = 0
    last_heard_id: int = 0
    asked_id: int | None = None
    asked_at: int | None = None
    lead_id: int | None = None
    need: str = ""
    enrolled: bool = False
    source: str = ""
    new: bool = False
    news: bool = False
    reopened: bool = False
    told: bool = False
    spoke: bool = False
    last_message_id: int = 0
    preview: str = ""
    wrote_at: int = 0
    heard: list[int] = field(default_factory=list)
    spam: bool = False
    greeting_name: str = ""
    asked_times: set[int] = field(default_factory=set)

    @property
    def shut(self) -> bool:
        """Whether what they write is kept, and no more: they are in quarantine, and nobody of the staff has opened the conversation since."""
        return self.spam and self.status == Status.CLOSED


def known(session: Session, addresses: Iterable[Address]) -> dict[Address, Thread]:
    """The threads these addresses have already."""
    wanted: dict[str, list[str]] = {}
    for account, address in addresses:
        wanted.setdefault(account, []).append(address)
    threads: dict[Address, Thread] = {}
    for account, names in wanted.items():
        if is_server(session):  # another node may hear the same person on another channel now: one of the two goes first
            ask(session, HOLD, {"account": account, "addresses": names})
        for row in ask(session, KNOWN, {"account": account, "addresses": names}):
            threads[account, row.external_id] = _thread(account, row)
    return threads


def _thread(account: str, row: Any) -> Thread:
    return Thread(
        account,
        row.external_id,
        row.id,
        row.contact_id,
        row.root_id,
        row.conversation_id,
        row.language,
        row.zone,
        row.name,
        row.platform_name,
        row.marketing,
        row.silenced,
        bool(row.blocked),
        bool(row.reachable),
        bool(row.has_phone),
        row.status,
        row.rep_id,
        row.flow_state,
        row.unread,
        row.waiting_since,
        row.first_heard_at,
        row.person_called,
        row.last_heard_id,
        row.asked_id,
        row.asked_at,
        row.lead_id,
        row.need or "",
        bool(row.enrolled),
        row.source or "",
        spam=bool(row.spam),
        greeting_name=row.greeting_name,
    )


def standing(session: Session, today: str, *, now: int) -> Standing:
    """How the house stands at an instant of a day (ISO)."""
    [row] = ask(session, STANDING, {"today": today, "now": now})
    return Standing(bool(row.on_duty), bool(row.edits), bool(row.promises), Version(row.days, row.hours))
