"""Compose: an audience written down in chunks, then each person's text just ahead of the sender, never more than a minute of its rate."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, RowMapping, Table, and_, bindparam, exists, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from crm.base.dialect import is_server
from crm.base.dialect_rows import insert_in_file, insert_on_server
from crm.base.history import Change, record
from crm.base.i18n import N_button, translator
from crm.base.outbound import Button, Buttons, Lane, Limits
from crm.base.rows import Rows, add, change, fixed, table_of, take_ids
from crm.base.settings import Company
from crm.base.template import Values, names_for, own_names, parse, render
from crm.conversations.talk import Saying, say_many
from crm.conversations.threads import Author, Conversation, Status
from crm.outbox.deliveries import Delivery, State
from crm.outbox.gate import CAP_MS, Passing, judge
from crm.outreach.campaigns import SCHEDULE, Campaign, CampaignState, Recipient, RecipientState, confirmed
from crm.outreach.segments import address_of, agreed_by, chosen, unpack
from crm.outreach.zones import zone_of
from crm.people.contacts import Contact, Identity
from crm.people.fields import own_values
from crm.people.reps import Member
from crm.sales.leads import Lead

RATE = 1200
CHUNK = 200
AT_A_TIME = 1000
"""How many people a chunk of the writing down looks at: 8 ms of the writer on SQLite, some 30 on a server, and that long a deed of the staff waits."""
EVER = 2**62
CUSTOMER = "customer"
"""The kind of person who gets offers, see `crm.outreach.kinds`."""
Own = Mapping[int, Mapping[str, str]]
"""The values of the firm's own fields by the number of the person."""
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
        *(getattr(_root, name) for name in ("name", "platform_name", "greeting_name", "language", "zone")),
        *(getattr(_root, name) for name in ("marketing", "silenced", "blocked", "promoted_at", "kind")),
        Conversation.id.label("conversation_id"),
        Lead.need,
        Member.name.label("rep"),
        _had.correlate(_root, Recipient).label("had"),
    )
    .join(Identity, Identity.id == Recipient.identity_id)
    .join(_own, _own.id == Recipient.contact_id)
    .join(_root, _root.id == _own.root_id)
    .outerjoin(Conversation, Conversation.id == _newest)
    .outerjoin(Member, and_(Member.id == Conversation.rep_id, Member.active == fixed(1)))
    .outerjoin(Lead, Lead.open_contact_id == _root.id)
    .where(Recipient.campaign_id == bindparam("campaign"), Recipient.state == fixed("waiting"), Recipient.due_at <= bindparam("now"))
    .order_by(Recipient.due_at, Recipient.contact_id)
    .limit(bindparam("most"))
)
LAST = select(Contact.id).where(Contact.id > bindparam("after")).order_by(Contact.id).offset(bindparam("skip")).limit(1)
QUEUED = (
    select(func.count())
    .select_from(Delivery)
    .where(Delivery.batch_id == bindparam("batch"), or_(Delivery.state == fixed("queued"), Delivery.state == fixed("sending")))
)


def fill(session: Session, campaign_id: int, *, now: int, limit: int = AT_A_TIME) -> bool:
    """Write down the recipients among the next `limit` people; answers whether there are more to look at. A repeat adds nobody.

    Whoever agreed only after the launch is not one of them, and never more are written down than were confirmed.
    """
    campaign = session.get(Campaign, campaign_id)
    if campaign is None or campaign.state != CampaignState.COMPOSING:
        return False
    last = session.scalar(LAST, {"after": campaign.cursor, "skip": limit - 1})
    promised = confirmed(session, campaign.id)
    given = {"after": campaign.cursor, "last": last or EVER, "now": now, "most": max(promised - campaign.total, 0)}
    insert = insert_on_server if is_server(session) else insert_in_file
    done = session.execute(_audience(insert, campaign.id, campaign.segment, campaign.launched_at), given)
    campaign.total += done.rowcount  # type: ignore[attr-defined]
    campaign.cursor = last or campaign.cursor
    if last is None:
        campaign.filled, campaign.state = 1, CampaignState.RUNNING.value
        record(session, Change("campaign", campaign.id, "filled", SCHEDULE, after={"recipients": campaign.total, "confirmed": promised}), now=now)
    session.flush()
    return last is not None


@lru_cache(maxsize=8)
def _audience(insert: Callable[[Table], Any], campaign_id: int, packed: str, launched_at: int) -> Any:
    """The statement that writes a campaign's next people down; building it takes as long as looking at a thousand of them."""
    segment = unpack(packed)
    within = (Contact.id > bindparam("after"), Contact.id <= bindparam("last"))
    columns = (literal(campaign_id), Contact.id, address_of(segment).scalar_subquery(), bindparam("now", type_=BigInteger()))
    people = select(*columns).where(*within, *chosen(segment, launched_at), agreed_by(launched_at)).order_by(Contact.id).limit(bindparam("most"))
    return insert(table_of(Recipient)).from_select(["campaign_id", "contact_id", "identity_id", "due_at"], people)


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
    own = own_values(session, own_names(parse(campaign.text, None)), {row["root_id"]: row["language"] for row in rows})
    chunk = planned(campaign, rows, company, take_ids(session, 2 * len(rows)), own, now=now)
    add(session, Conversation, chunk.conversations)
    say_many(session, chunk.sayings, now=now)
    for changed in (chunk.composed, chunk.put_off, chunk.left_out):
        _mark(session, campaign.id, changed)
    counts = {"composed": len(chunk.composed), "put_off": len(chunk.put_off), "left_out": len(chunk.left_out)}
    record(session, Change("campaign", campaign.id, "composed", SCHEDULE, after=counts), now=now)
    return len(rows)


def planned(campaign: Campaign, rows: Sequence[RowMapping], company: Company, ids: Iterator[int], own: Own, *, now: int) -> Chunk:
    """Judge each recipient as the gate will, and write what is said to whom; pure. `ids` are two numbers per row."""
    template, chunk, seen = parse(campaign.text, None), Chunk(), set[int]()
    for row in rows:
        ruling = judge(_passing(row, company), Limits(), now=now)
        key = {"contact_id": row["contact_id"]}
        if row["had"] or row["root_id"] in seen:
            chunk.left_out.append({**key, "state": RecipientState.LEFT_OUT.value, "why": "capped"})
        elif row["kind"] != CUSTOMER:
            chunk.left_out.append({**key, "state": RecipientState.LEFT_OUT.value, "why": "no customer"})
        elif ruling.state is State.QUEUED:
            chunk.put_off.append({**key, "due_at": ruling.due_at})
        elif ruling.state is not None:
            chunk.left_out.append({**key, "state": RecipientState.LEFT_OUT.value, "why": "unreachable" if ruling.state is State.FAILED else ruling.detail})
        else:
            seen.add(row["root_id"])
            number = next(ids)
            values = _values(row, company, own.get(row["root_id"], {}))
            chunk.sayings.append(_saying(campaign, render(template, values, row["language"]), row, _thread(chunk, row, ids, now=now), number))
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


def _values(row: RowMapping, company: Company, own: Mapping[str, str]) -> Values:
    names = names_for(row["greeting_name"], row["name"], row["platform_name"])
    return Values(**names, company=company.name, need=row["need"] or "", rep=row["rep"] or "", own=own)


def _saying(campaign: Campaign, words: str, row: RowMapping, conversation_id: int, number: int) -> Saying:
    once = f"campaign:{campaign.id}:{row['contact_id']}"
    to = (row["account"], row["external_id"])
    return Saying(conversation_id, *to, words, Author.BOT, Lane.PROMOTION, once, stop_button(row["language"]), number, batch_id=campaign.batch_id)


def stop_button(language: str) -> Buttons:
    """The one button under every promotion."""
    return ((Button(translator(language).button(STOP), value="stop"),),)


def _mark(session: Session, campaign_id: int, rows: Rows) -> None:
    change(session, Recipient, ("campaign_id", "contact_id"), [{**row, "campaign_id": campaign_id} for row in rows])
