"""Campaign, Recipient: one sending to many; written as a draft, launched with the confirmed number, held, resumed, called off."""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, func, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor, Rep, System
from crm.base.errors import Expired, Invalid, NotFound
from crm.base.history import Change, DomainEvent, record
from crm.base.policy import Action
from crm.base.rows import add, add_new, table_of, take_ids
from crm.base.table import Base, Row
from crm.base.template import parse, tidy
from crm.base.wakes import send_topic, wake
from crm.conversations.talk import cancel_waiting
from crm.outbox.deliveries import Batch, BatchState, Delivery, State
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.outreach.segments import Segment, reached, unpack
from crm.people import steps
from crm.people.fields import template_names
from crm.people.reps import authorise
from crm.people.steps import What

LAUNCHED = "launched"
STEP_UP_OVER = 500


class CampaignState(StrEnum):
    """How far a campaign is; `composing` = its recipients are being written down, `running` = it is being said."""

    DRAFT = "draft"
    COMPOSING = "composing"
    RUNNING = "running"
    HELD = "held"
    CANCELLED = "cancelled"
    FINISHED = "finished"


class Campaign(Row):
    """One sending to many; the text and the segment are frozen at launch, `filled` is 1 when every recipient is written down.

    `cursor` is the last contact looked at, first while filling, then while counting the result; `told` and `told_at` are what staff was told
    last, `told` once it is over what is counted so far; the result columns are written when it is finished and once more when nobody's answer
    counts any longer (`counted_at`).
    """

    __tablename__ = "campaigns"
    state: Mapped[str] = mapped_column(server_default="draft")
    text: Mapped[str]
    segment: Mapped[str]
    total: Mapped[int] = mapped_column(server_default="0")
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batches.id"))
    created_by: Mapped[int | None]
    created_at: Mapped[int]
    launched_at: Mapped[int] = mapped_column(server_default="0")
    finished_at: Mapped[int] = mapped_column(server_default="0")
    counted_at: Mapped[int] = mapped_column(server_default="0")
    cursor: Mapped[int] = mapped_column(server_default="0")
    filled: Mapped[int] = mapped_column(server_default="0")
    sent: Mapped[int] = mapped_column(server_default="0")
    failed: Mapped[int] = mapped_column(server_default="0")
    unknown: Mapped[int] = mapped_column(server_default="0")
    cancelled: Mapped[int] = mapped_column(server_default="0")
    opted_out: Mapped[int] = mapped_column(server_default="0")
    replied: Mapped[int] = mapped_column(server_default="0")
    told: Mapped[str] = mapped_column(server_default="")
    told_at: Mapped[int] = mapped_column(server_default="0")
    once: Mapped[str | None] = mapped_column(unique=True)
    __table_args__ = (Index("campaigns_state", "state", "id"),)


class RecipientState(StrEnum):
    """Whether a person's turn has come: `left_out` = the gate's rules said no when it came (`why`)."""

    WAITING = "waiting"
    COMPOSED = "composed"
    LEFT_OUT = "left_out"


class Recipient(Base):
    """One person in a campaign, once for ever; `contact_id` is the person, `identity_id` the one address they are written to on."""

    __tablename__ = "recipients"
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True, autoincrement=False)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), primary_key=True, autoincrement=False)
    identity_id: Mapped[int] = mapped_column(ForeignKey("identities.id"))
    state: Mapped[str] = mapped_column(server_default="waiting")
    due_at: Mapped[int]
    composed_at: Mapped[int] = mapped_column(server_default="0")
    message_id: Mapped[int | None]
    why: Mapped[str] = mapped_column(server_default="")
    __table_args__ = (
        Index("recipients_due", "campaign_id", "due_at", "contact_id", sqlite_where=text("state = 'waiting'"), postgresql_where=text("state = 'waiting'")),
        Index("recipients_contact", "contact_id"),
    )


class CountChanged(Invalid):
    """The number of people is not the one that was confirmed."""

    def __init__(self, count: int) -> None:
        super().__init__(f"it would reach {count} people now")
        self.count = count


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign in a list."""

    id: int
    state: CampaignState
    text: str
    total: int
    created_at: int


def draft(session: Session, actor: Actor, segment: Segment, text: str, *, once: str | None = None, now: int) -> int:
    """Keep a segment and a text as a campaign that nobody gets yet; BadTemplate for a bad text. The same `once` answers the same campaign."""
    authorise(session, actor, Action.PROMOTE)
    earlier = session.scalar(select(Campaign.id).where(Campaign.once == once)) if once else None
    if earlier is not None:
        return earlier
    words = tidy(text)
    parse(words, template_names(session))
    number = next(take_ids(session, 1))
    by = actor.id if isinstance(actor, Rep) else None
    add_new(session, Campaign, [{"id": number, "text": words, "segment": segment.pack(), "created_by": by, "created_at": now, "once": once}])
    record(session, Change("campaign", number, "drafted", actor, after={"segment": segment.pack()}), now=now)
    return number


def launch(session: Session, actor: Actor, campaign_id: int, confirmed_count: int, *, counted: int | None = None, over: int = STEP_UP_OVER, now: int) -> int:
    """Start a draft; CountChanged unless it reaches exactly the number of people that was confirmed. Launching it again changes nothing.

    `counted` is whom it reaches, read from a snapshot a moment ago (None = count here, which holds the writer: 169 ms at 50,000 people); that
    nobody beyond the confirmed number joins is seen to while filling. More people than `over` need a second look: `StepUp`.
    """
    campaign = _the(session, actor, campaign_id)
    if campaign.state != CampaignState.DRAFT:
        return campaign.id
    count = reached(session, unpack(campaign.segment), now=now) if counted is None else counted
    if count != confirmed_count:
        raise CountChanged(count)
    if not count:
        raise Invalid("there is nobody to write to")
    if count > over:
        steps.require(session, actor, What.SEND, _about(campaign, count), now=now)
    batch = next(take_ids(session, 1))
    add(session, Batch, [{"id": batch, "created_at": now}])
    campaign.state, campaign.batch_id, campaign.launched_at = CampaignState.COMPOSING.value, batch, now
    session.flush()
    _changed(session, actor, campaign, LAUNCHED, {"count": count}, now=now)
    return campaign.id


def _about(campaign: Campaign, count: int) -> str:
    """What a second manager agrees to: this campaign, as it is now, to so many people."""
    said = hashlib.sha256(f"{campaign.text}\0{campaign.segment}".encode()).hexdigest()
    return f"{campaign.id}:{said[:16]}:{count}"


def hold(session: Session, actor: Actor, campaign_id: int, *, now: int) -> Campaign:
    """Stop saying it for now: what is queued stays queued."""
    campaign = _the(session, actor, campaign_id)
    if campaign.state == CampaignState.HELD:
        return campaign
    if campaign.state not in (CampaignState.COMPOSING, CampaignState.RUNNING):
        raise Expired("this campaign is not running")
    campaign.state = CampaignState.HELD.value
    _flip(session, campaign, BatchState.HELD)
    _changed(session, actor, campaign, "held", {}, now=now)
    return campaign


def resume(session: Session, actor: Actor, campaign_id: int, *, now: int) -> Campaign:
    """Go on with a held campaign; what was queued leaves at once."""
    campaign = _the(session, actor, campaign_id)
    if campaign.state in (CampaignState.COMPOSING, CampaignState.RUNNING):
        return campaign
    if campaign.state != CampaignState.HELD:
        raise Expired("this campaign is not held")
    campaign.state = (CampaignState.RUNNING if campaign.filled else CampaignState.COMPOSING).value
    _flip(session, campaign, BatchState.RUNNING)
    release(session, [campaign.batch_id or 0], now=now)
    _changed(session, actor, campaign, "resumed", {}, now=now)
    return campaign


def cancel(session: Session, actor: Actor, campaign_id: int, *, now: int) -> Campaign:
    """Call a campaign off for good: who has not got it will not get it."""
    campaign = _the(session, actor, campaign_id)
    if campaign.state == CampaignState.CANCELLED:
        return campaign
    if campaign.state == CampaignState.FINISHED:
        raise Expired("this campaign is finished")
    campaign.state, campaign.finished_at = CampaignState.CANCELLED.value, now
    _flip(session, campaign, BatchState.CANCELLED)
    if campaign.batch_id:
        cancel_waiting(session, campaign.batch_id, now=now)
    _changed(session, actor, campaign, "cancelled", {}, now=now)
    return campaign


def release(session: Session, batches: list[int], *, now: int) -> None:
    """Let what these batches have queued leave now; it was put off while they were held."""
    statement = update(Delivery).where(Delivery.batch_id.in_(batches), Delivery.state == State.QUEUED.value).values(due_at=now)
    accounts = session.scalars(statement.returning(Delivery.account), execution_options={"synchronize_session": False})
    wake(session, *{send_topic(account) for account in accounts})


def confirmed(session: Session, campaign_id: int) -> int:
    """The number of people that was confirmed at launch, from the record."""
    mine = (DomainEvent.subject == "campaign", DomainEvent.subject_id == campaign_id, DomainEvent.kind == LAUNCHED)
    after = session.scalar(select(DomainEvent.after).where(*mine).order_by(DomainEvent.id.desc()).limit(1))
    return int(json.loads(after)["count"]) if after else 0


def campaign_of(session: Session, actor: Actor, campaign_id: int) -> Campaign:
    """A campaign by its number."""
    return _the(session, actor, campaign_id)


def campaigns(session: Session, actor: Actor, *, after: int = 0, limit: int = 8) -> list[CampaignRow]:
    """The newest campaigns, or those older than `after`."""
    authorise(session, actor, Action.PROMOTE)
    question = select(Campaign).order_by(Campaign.id.desc()).limit(limit)
    if after:
        question = question.where(Campaign.id < after)
    return [CampaignRow(one.id, CampaignState(one.state), one.text, one.total, one.created_at) for one in session.scalars(question)]


def notice(campaign_id: int) -> Notice:
    """The notice that a campaign's progress message must be drawn again."""
    return Notice(NoticeKind.CAMPAIGN, campaign_id, f"campaign:{campaign_id}")


def waiting(session: Session, campaign_id: int) -> int:
    """How many recipients' turn has not come yet."""
    mine = Recipient.campaign_id == campaign_id
    return session.scalar(select(func.count()).select_from(Recipient).where(mine, Recipient.state == RecipientState.WAITING.value)) or 0


def _the(session: Session, actor: Actor, campaign_id: int) -> Campaign:
    authorise(session, actor, Action.PROMOTE)
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        raise NotFound("no such campaign")
    return campaign


def _flip(session: Session, campaign: Campaign, state: BatchState) -> None:
    session.flush()
    session.execute(update(table_of(Batch)).where(table_of(Batch).c.id == campaign.batch_id).values(state=state.value))


def _changed(session: Session, actor: Actor, campaign: Campaign, kind: str, after: dict[str, int], *, now: int) -> None:
    record(session, Change("campaign", campaign.id, kind, actor, after=dict(after)), now=now)
    tell(session, [notice(campaign.id)], now=now)


SCHEDULE = System("campaigns")
