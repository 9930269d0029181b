"""Compose: an audience written down in chunks, then each person's text just ahead of the sender, never more than a minute of its rate."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import RowMapping, and_, bindparam, exists, func, literal, or_, select, update
from sqlalchemy.orm import Session, aliased

from crm.base.dialect import insert_ignoring
from crm.base.history import Change, record
from crm.base.i18n import N_button, translator
from crm.base.outbound import Button, Buttons, Lane, Limits
from crm.base.rows import Rows, add, fixed, many, table_of, take_ids
from crm.base.settings import Company
from crm.base.template import Template, Values, name_to_use, parse, render
from crm.conversations.talk import Saying, say_many
from crm.conversations.threads import Author, Conversation, Status
from crm.outbox.deliveries import Delivery, State
from crm.outbox.gate import CAP_MS, Passing, judge
from crm.outreach.campaigns import SCHEDULE, Campaign, CampaignState, Recipient, RecipientState, confirmed
from crm.outreach.segments import address_of, agreed_by, chosen, unpack
from crm.outreach.zones import zone_of
from crm.people.contacts import Contact, Identity
from crm.people.reps import Member
from crm.sales.leads import Lead

RATE = 1200
CHUNK = 200
STOP = N_button("Stop")

_own, _root, _kin = aliased(Contact), aliased(Contact), aliased(Contact)
_other = aliased(Recipient)
_last = aliased(Conversation)
_had = exists().where(
    _other.contact_id == _kin.id,
    _kin.root_id == _root.id,
    _other.state == fixed("composed"),
    or_(_other.campaign_id == Recipient.campaign_id, _other.composed_at > bindparam("since")),
)
_newest = select(func.max(_last.id)).where(_last.identity_id == Identity.id).correlate(Identity).scalar_subquery()
DUE = (
    select(
        Recipient.contact_id,
        Identity.id.label("identity_id"),
        Identity.contact_id.label("own_id"),
        Identity.account,
        Identity.external_id,
        Identity.reachable,
        Identity.last_inbound_at,
        _root.id.label("root_id"),
        *(getattr(_root, name) for name in ("name", "platform_name", "language", "zone", "marketing", "silenced", "blocked", "promoted_at")),
        Conversation.id.label("conversation_id"),
        Lead.need,
        Member.name.label("rep"),
        _had.correlate(_root, Recipient).label("had"),
    )
    .join(Identity, Identity.id == Recipient.identity_id)
    .join(_own, _own.id == Recipient.contact_id)
    .join(_root, _root.id == _own.root_id)
    .outerjoin(Conversation, Conversation.id == _newest)
    .outerjoin(Member, Member.id == Conversation.rep_id)
    .outerjoin(Lead, Lead.open_contact_id == _root.id)
    .where(Recipient.campaign_id == bindparam("campaign"), Recipient.state == fixed("waiting"), Recipient.due_at <= bindparam("now"))
    .order_by(Recipient.due_at, Recipient.contact_id)
    .limit(bindparam("most"))
)
QUEUED = (
    select(func.count())
    .select_from(Delivery)
    .where(Delivery.batch_id == bindparam("batch"), or_(Delivery.state == fixed("queued"), Delivery.state == fixed("sending")))
)


def fill(session: Session, campaign_id: int, *, now: int, limit: int = 3000) -> bool:
    """Write down the recipients among the next `limit` people; answers whether there are more to look at. A repeat adds nobody.

    Whoever agreed only after the launch is not one of them, and never more are written down than were confirmed.
    """
    campaign = session.get(Campaign, campaign_id)
    if campaign is None or campaign.state != CampaignState.COMPOSING:
        return False
    roots = select(Contact.id).where(Contact.id > campaign.cursor).order_by(Contact.id)
    last = session.scalar(roots.offset(limit - 1).limit(1))
    segment, within = unpack(campaign.segment), [Contact.id > campaign.cursor, *([Contact.id <= last] if last else [])]
    columns = (literal(campaign.id), Contact.id, address_of(segment).scalar_subquery(), literal(now))
    promised = confirmed(session, campaign.id)
    rules = (*within, *chosen(segment, campaign.launched_at), agreed_by(campaign.launched_at))
    people = select(*columns).where(*rules).order_by(Contact.id).limit(max(promised - campaign.total, 0))
    done = session.execute(insert_ignoring(session, table_of(Recipient)).from_select(["campaign_id", "contact_id", "identity_id", "due_at"], people))
    campaign.total += done.rowcount  # type: ignore[attr-defined]
    campaign.cursor = last or campaign.cursor
    if last is None:
        campaign.filled, campaign.state = 1, CampaignState.RUNNING.value
        record(session, Change("campaign", campaign.id, "filled", SCHEDULE, after={"recipients": campaign.total, "confirmed": promised}), now=now)
    session.flush()
    return last is not None


def compose(session: Session, company: Company, *, now: int, rate_per_minute: int = RATE, limit: int = CHUNK) -> int:
    """Say the running campaigns' texts to whose turn it is, at most a minute of the sender's rate ahead; answers how many recipients were handled."""
    running = session.scalars(select(Campaign).where(Campaign.state == CampaignState.RUNNING.value).order_by(Campaign.id)).all()
    handled = 0
    for campaign in running:
        room = rate_per_minute - (session.scalar(QUEUED, {"batch": campaign.batch_id}) or 0)
        most = min(room, limit - handled)
        if most > 0:
            handled += _compose(session, campaign, company, most, now=now)
    return handled


@dataclass(slots=True)
class Chunk:
    """What composing some recipients adds and changes."""

    conversations: Rows = field(default_factory=list)
    sayings: list[Saying] = field(default_factory=list)
    composed: Rows = field(default_factory=list)
    put_off: Rows = field(default_factory=list)
    left_out: Rows = field(default_factory=list)


def _compose(session: Session, campaign: Campaign, company: Company, most: int, *, now: int) -> int:
    rows = session.execute(DUE, {"campaign": campaign.id, "now": now, "since": now - CAP_MS, "most": most}).mappings().all()
    if not rows:
        return 0
    chunk = planned(campaign, rows, company, take_ids(session, 2 * len(rows)), now=now)
    add(session, Conversation, chunk.conversations)
    say_many(session, chunk.sayings, now=now)
    for changed in (chunk.composed, chunk.put_off, chunk.left_out):
        _mark(session, campaign.id, changed)
    counts = {"composed": len(chunk.composed), "put_off": len(chunk.put_off), "left_out": len(chunk.left_out)}
    record(session, Change("campaign", campaign.id, "composed", SCHEDULE, after=counts), now=now)
    return len(rows)


def planned(campaign: Campaign, rows: Sequence[RowMapping], company: Company, ids: Iterator[int], *, now: int) -> Chunk:
    """Judge each recipient as the gate will, and write what is said to whom; pure. `ids` are two numbers per row."""
    template, chunk, seen = parse(campaign.text), Chunk(), set[int]()
    for row in rows:
        ruling = judge(_passing(row, company), Limits(), now=now)
        key = {"contact_id": row["contact_id"]}
        if row["had"] or row["root_id"] in seen:
            chunk.left_out.append({**key, "state": RecipientState.LEFT_OUT.value, "why": "capped"})
        elif ruling.state is State.QUEUED:
            chunk.put_off.append({**key, "due_at": ruling.due_at})
        elif ruling.state is not None:
            chunk.left_out.append({**key, "state": RecipientState.LEFT_OUT.value, "why": "unreachable" if ruling.state is State.FAILED else ruling.detail})
        else:
            seen.add(row["root_id"])
            number = next(ids)
            chunk.sayings.append(_saying(campaign, template, row, _thread(chunk, row, ids, now=now), company, number))
            chunk.composed.append({**key, "state": RecipientState.COMPOSED.value, "composed_at": now, "message_id": number})
    return chunk


def _passing(row: RowMapping, company: Company) -> Passing:
    return Passing(
        Lane.PROMOTION,
        row["identity_id"],
        bool(row["reachable"]),
        row["last_inbound_at"],
        bool(row["blocked"]),
        row["marketing"],
        bool(row["silenced"]),
        zone_of(row["zone"], company),
        row["promoted_at"],
    )


def _thread(chunk: Chunk, row: RowMapping, ids: Iterator[int], *, now: int) -> int:
    """The person's thread at this address; who has none gets a closed one, so that a campaign never floods the inbox."""
    if row["conversation_id"] is not None:
        return int(row["conversation_id"])
    number = next(ids)
    chunk.conversations.append(
        {
            "id": number,
            "identity_id": row["identity_id"],
            "contact_id": row["own_id"],
            "account": row["account"],
            "address": row["external_id"],
            "status": Status.CLOSED.value,
            "opened_at": now,
            "last_at": row["last_inbound_at"],
        }
    )
    return number


def _saying(campaign: Campaign, template: Template, row: RowMapping, conversation_id: int, company: Company, number: int) -> Saying:
    values = Values(name_to_use(row["name"], row["platform_name"]), company.name, need=row["need"] or "", rep=row["rep"] or "")
    words = render(template, values, row["language"])
    once = f"campaign:{campaign.id}:{row['contact_id']}"
    to = (row["account"], row["external_id"])
    return Saying(conversation_id, *to, words, Author.BOT, Lane.PROMOTION, once, stop_button(row["language"]), number, batch_id=campaign.batch_id)


def stop_button(language: str) -> Buttons:
    """The one button under every promotion."""
    return ((Button(translator(language).button(STOP), value="stop"),),)


def _mark(session: Session, campaign_id: int, rows: Rows) -> None:
    if not rows:
        return
    table = table_of(Recipient)
    fields: dict[str, Any] = {name: bindparam("v_" + name) for name in rows[0] if name != "contact_id"}
    given = [{"v_campaign_id": campaign_id, **{"v_" + name: value for name, value in row.items()}} for row in rows]
    mine = and_(table.c.campaign_id == bindparam("v_campaign_id"), table.c.contact_id == bindparam("v_contact_id"))
    many(session, ("mark", Recipient), lambda: update(table).where(mine).values(fields), given)
