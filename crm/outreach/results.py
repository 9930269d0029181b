"""What a campaign has come to: sent, failed, unknown, left out and why, opted out, replied; and when it is over."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from crm.base.errors import NotFound
from crm.base.history import Change, record
from crm.base.time import HOUR, SECOND
from crm.conversations.threads import Author, Conversation, Message
from crm.outbox.deliveries import Delivery, State
from crm.outbox.notices import tell
from crm.outreach.campaigns import SCHEDULE, Campaign, CampaignState, Recipient, RecipientState, notice, waiting
from crm.people.consents import MARKETING, Consent
from crm.people.contacts import Contact

REPLY_MS = 72 * HOUR
TELL_MS = 3 * SECOND
CHUNK = 2000
COUNTING = "counting"
LEFT = (State.SENT.value, State.DELIVERED.value, State.READ.value, State.UNKNOWN.value)
ON_THE_WAY = (State.QUEUED.value, State.SENDING.value)

_own, _kin = aliased(Contact), aliased(Contact)


@dataclass(frozen=True, slots=True)
class Progress:
    """How a campaign stands now; total = queued + sent + failed + unknown + every reason of `cancelled`.

    `queued` counts who still waits for their turn; `replied` are people whose first word on any channel came within 72 h after the send;
    `opted_out` those who turned offers off after it.
    """

    campaign_id: int
    state: CampaignState
    text: str
    total: int
    queued: int = 0
    sent: int = 0
    failed: int = 0
    unknown: int = 0
    cancelled: tuple[tuple[str, int], ...] = ()
    opted_out: int = 0
    replied: int = 0


def progress(session: Session, campaign_id: int) -> Progress:
    """Count how a campaign stands."""
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        raise NotFound("no such campaign")
    state = CampaignState(campaign.state)
    found = _by_state(session, campaign)
    cancelled = _left_out(session, campaign.id)
    for (ended, detail), amount in found.items():
        if ended in (State.CANCELLED, State.EXPIRED):
            cancelled[detail or ended] += amount
    unsaid = waiting(session, campaign.id)
    queued = _sum(found, *ON_THE_WAY)
    if state is CampaignState.CANCELLED:
        cancelled["cancelled"] += unsaid
    else:
        queued += unsaid
    reasons = tuple(sorted((why, n) for why, n in cancelled.items() if n))
    sent, failed, unknown = _sum(found, *LEFT[:3]), _sum(found, State.FAILED), _sum(found, State.UNKNOWN)
    return Progress(campaign.id, state, campaign.text, campaign.total, queued, sent, failed, unknown, reasons, *_answers(session, campaign.id))


def _by_state(session: Session, campaign: Campaign) -> dict[tuple[str, str], int]:
    """Deliveries of a campaign by state and reason; a text in two parts counts once."""
    if campaign.batch_id is None:
        return {}
    mine = (Delivery.batch_id == campaign.batch_id, Delivery.part == 0)
    rows = session.execute(select(Delivery.state, Delivery.detail, func.count()).where(*mine).group_by(Delivery.state, Delivery.detail))
    found: Counter[tuple[str, str]] = Counter()
    for state, detail, amount in rows:
        found[state, detail or ""] += amount
    return found


def _sum(found: dict[tuple[str, str], int], *states: str) -> int:
    return sum(amount for (state, _), amount in found.items() if state in states)


def _left_out(session: Session, campaign_id: int) -> Counter[str]:
    mine = (Recipient.campaign_id == campaign_id, Recipient.state == RecipientState.LEFT_OUT.value)
    return Counter({row[0]: row[1] for row in session.execute(select(Recipient.why, func.count()).where(*mine).group_by(Recipient.why))})


def _answers(session: Session, campaign_id: int) -> tuple[int, int]:
    """How many who were written to opted out, and how many replied."""
    mine = (
        select(func.count())
        .select_from(Recipient)
        .join(_own, _own.id == Recipient.contact_id)
        .join(Delivery, and_(Delivery.message_id == Recipient.message_id, Delivery.part == 0, Delivery.desk == 0))
        .where(Recipient.campaign_id == campaign_id, Delivery.state.in_(LEFT))
    )
    return session.scalar(mine.where(_opted_out())) or 0, session.scalar(mine.where(_replied())) or 0


def _opted_out() -> ColumnElement[bool]:
    no = (Consent.purpose == MARKETING, Consent.granted == 0, Consent.at >= Delivery.claimed_at)
    return exists().where(Consent.contact_id == _kin.id, _kin.root_id == _own.root_id, *no).correlate(_own, Delivery)


def _replied() -> ColumnElement[bool]:
    """Numbers rise with time, so only what was heard after the message was written is looked at."""
    soon = (Message.at >= Delivery.claimed_at, Message.at <= Delivery.claimed_at + REPLY_MS)
    heard = (Message.conversation_id == Conversation.id, Message.id > Recipient.message_id, Message.author == Author.CONTACT.value, *soon)
    person = (_kin.root_id == _own.root_id, Conversation.contact_id == _kin.id)
    return exists().where(*person, *heard).correlate(_own, Delivery, Recipient)


def tell_progress(session: Session, *, now: int) -> int:
    """Let staff's progress messages be drawn again where something has changed, every three seconds at most."""
    due = (Campaign.state.in_((CampaignState.COMPOSING.value, CampaignState.RUNNING.value)), Campaign.told_at <= now - TELL_MS)
    told = 0
    for campaign in session.scalars(select(Campaign).where(*due)).all():
        campaign.told_at = now
        mark = _mark(session, campaign)
        if mark != campaign.told:
            campaign.told = mark
            tell(session, [notice(campaign.id)], now=now)
            told += 1
    session.flush()
    return told


def _mark(session: Session, campaign: Campaign) -> str:
    """What a progress message shows, cheaply: read from an index alone."""
    rows = session.execute(select(Delivery.state, func.count()).where(Delivery.batch_id == campaign.batch_id).group_by(Delivery.state))
    return json.dumps([campaign.state, campaign.total, sorted((row[0], row[1]) for row in rows)])


def finish_done(session: Session, *, now: int, chunk: int = CHUNK) -> int:
    """Finish the campaigns that have nothing left to say, and count the result of one chunk by chunk; once more when no answer can count any longer."""
    done = 0
    for campaign in session.scalars(select(Campaign).where(Campaign.state == CampaignState.RUNNING.value)).all():
        if not _over(session, campaign):
            continue
        campaign.state, campaign.finished_at, campaign.cursor, campaign.told = CampaignState.FINISHED.value, now, 0, ""
        record(session, Change("campaign", campaign.id, "finished", SCHEDULE, after={"recipients": campaign.total}), now=now)
        tell(session, [notice(campaign.id)], now=now)
        done += 1
    session.flush()
    new = and_(Campaign.state == CampaignState.FINISHED.value, Campaign.counted_at < Campaign.finished_at)
    ended = (CampaignState.FINISHED.value, CampaignState.CANCELLED.value)
    stale = and_(Campaign.state.in_(ended), Campaign.finished_at <= now - REPLY_MS, Campaign.counted_at < Campaign.finished_at + REPLY_MS)
    for campaign in session.scalars(select(Campaign).where(or_(new, stale)).order_by(Campaign.id).limit(1)).all():
        _count_on(session, campaign, chunk, now=now)
        done += 1
    return done


def _over(session: Session, campaign: Campaign) -> bool:
    unsaid = exists().where(Recipient.campaign_id == campaign.id, Recipient.state == RecipientState.WAITING.value)
    unsent = exists().where(Delivery.batch_id == campaign.batch_id, Delivery.state.in_(ON_THE_WAY))
    return not session.scalar(select(unsaid)) and not session.scalar(select(unsent))


def _count_on(session: Session, campaign: Campaign, most: int, *, now: int) -> None:
    """Count the next chunk of a campaign's recipients; the result is written down when there is no next one."""
    # What staff was told while it ran is a list, what is counted so far is not.
    so_far: dict[str, int] = json.loads(campaign.told) if campaign.told.startswith("{") else {}
    after = campaign.cursor if so_far else 0
    rows = session.execute(_chunk(campaign.id, after, most)).all()
    found = Counter(so_far) + Counter(word for row in rows for word in _words(row))
    if rows:
        campaign.cursor, campaign.told = max(row.contact_id for row in rows), json.dumps({COUNTING: 1, **found})
    if len({row.contact_id for row in rows}) < most:
        campaign.sent, campaign.failed, campaign.unknown = found["sent"], found["failed"], found["unknown"]
        campaign.cancelled, campaign.opted_out, campaign.replied = found["cancelled"], found["opted_out"], found["replied"]
        campaign.counted_at, campaign.told, campaign.cursor = now, "", 0
        record(session, Change("campaign", campaign.id, "counted", SCHEDULE, after={"sent": campaign.sent}), now=now)
        tell(session, [notice(campaign.id)], now=now)
    session.flush()


def _chunk(campaign_id: int, after: int, most: int) -> Select[int, str, str, bool, bool]:
    mine = (Recipient.campaign_id == campaign_id, Recipient.contact_id > after)
    some = select(Recipient.contact_id).where(*mine).order_by(Recipient.contact_id).limit(most)
    return (
        select(Recipient.contact_id, Recipient.state, Delivery.state.label("ended"), _opted_out().label("opted_out"), _replied().label("replied"))
        .join(_own, _own.id == Recipient.contact_id)
        .outerjoin(Delivery, and_(Delivery.message_id == Recipient.message_id, Delivery.part == 0, Delivery.desk == 0))
        .where(Recipient.campaign_id == campaign_id, Recipient.contact_id.in_(some))
    )


def _words(row: Row[int, str, str, bool, bool]) -> Iterator[str]:
    """Under which words of the result one recipient counts; whose turn never came is cancelled, because the campaign is over."""
    if row.ended is None or row.ended in (State.CANCELLED, State.EXPIRED):
        yield "cancelled"
    elif row.ended in (State.FAILED, State.UNKNOWN):
        yield str(row.ended)
    elif row.ended in LEFT:
        yield "sent"
    if row.ended in LEFT:
        yield from (word for word, holds in (("opted_out", row.opted_out), ("replied", row.replied)) if holds)
