"""Posting: a text with the button of a link, on a public page of the firm's. It leaves by the one door, and can be taken down again."""

from dataclasses import dataclass

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Rep
from crm.base.errors import Expired, Invalid, NotFound
from crm.base.history import Change, record
from crm.base.outbound import Button, Delete, Lane, Say
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.base.text import clean
from crm.outbox.deliveries import Delivery, State
from crm.outbox.payload import unpack
from crm.outbox.queue import Parcel, call_back, enqueue
from crm.people.reps import authorise

TEXT_MOST, LABEL_MOST, LISTED = 3500, 60, 5
"""With its button and whatever a platform counts besides, a post is one message."""
UP = (State.SENT, State.DELIVERED, State.READ)


class Posting(Row):
    """One post; `delivery_id` is how it left, `down_at` when somebody took it down (0 = it stands, or is on its way)."""

    __tablename__ = "postings"
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"), index=True)
    delivery_id: Mapped[int] = mapped_column(unique=True)
    made_by: Mapped[int | None]
    at: Mapped[int]
    down_at: Mapped[int] = mapped_column(server_default="0")


@dataclass(frozen=True, slots=True)
class Draft:
    """A post as it is meant: on which page of which account, what it says, what its button says and opens."""

    account: str
    address: str
    text: str
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A post and what became of it; `down` = it was taken down."""

    id: int
    entry_id: int
    account: str
    address: str
    text: str
    label: str
    state: State
    detail: str
    at: int
    down: bool


def publish(session: Session, actor: Rep, entry_id: int, draft: Draft, *, once: str, now: int) -> int:
    """Put a post on its way; answers its number, and the same for the same `once`."""
    authorise(session, actor, Action.PROMOTE)
    text, label = clean(draft.text, TEXT_MOST).strip(), clean(draft.label, LABEL_MOST).strip()
    if not (text and label and draft.url):
        raise Invalid
    key = f"posting:{once}"
    earlier = session.scalar(select(Posting.id).join(Delivery, Delivery.id == Posting.delivery_id).where(Delivery.once == key))
    if earlier is not None:
        return earlier
    enqueue(session, [Parcel(draft.account, draft.address, Say(text, buttons=((Button(label, url=draft.url),),)), Lane.SERVICE, key)], now=now)
    delivery = session.scalars(select(Delivery.id).where(Delivery.once == key)).one()
    number = next(take_ids(session, 1))
    add_new(session, Posting, [{"id": number, "entry_id": entry_id, "delivery_id": delivery, "made_by": actor.id, "at": now}])
    record(session, Change("posting", number, "published", actor, after={"entry": entry_id, "address": draft.address}), now=now)
    return number


def take_down(session: Session, actor: Rep, posting_id: int, *, now: int) -> Shown:
    """Take a post down: what waits does not leave, what stands is deleted there. Raises `Expired` while it is just leaving, or where nobody knows."""
    authorise(session, actor, Action.PROMOTE)
    posting, delivery = _both(session, posting_id)
    if posting.down_at:
        return _shown(posting, delivery)
    state = State(delivery.state)
    if state is State.QUEUED and call_back(session, delivery.id, why="cancelled", now=now):
        session.expire(delivery)
    elif state in UP and delivery.external_id:
        gone = Delete(delivery.external_id)
        enqueue(session, [Parcel(delivery.account, delivery.address, gone, Lane.SERVICE, f"posting:{posting.id}:down")], now=now)
    else:
        raise Expired("it is just leaving, or nobody knows whether it did")
    posting.down_at = now
    session.flush()
    record(session, Change("posting", posting.id, "taken_down", actor), now=now)
    return _shown(posting, delivery)


def posting_at(session: Session, actor: Rep, posting_id: int) -> Shown:
    """A post by its number."""
    authorise(session, actor, Action.PROMOTE)
    return _shown(*_both(session, posting_id))


def posting_of(session: Session, delivery_id: int) -> Shown | None:
    """The post that left by a delivery, if it was one."""
    found = session.scalar(select(Posting).where(Posting.delivery_id == delivery_id))
    return _shown(found, session.get_one(Delivery, delivery_id)) if found else None


def postings_of(session: Session, actor: Rep, entry_id: int) -> list[Shown]:
    """The newest posts with the button of a link."""
    authorise(session, actor, Action.PROMOTE)
    rows = session.execute(
        select(Posting, Delivery)
        .join(Delivery, Delivery.id == Posting.delivery_id)
        .where(Posting.entry_id == entry_id)
        .order_by(Posting.id.desc())
        .limit(LISTED)
    )
    return [_shown(posting, delivery) for posting, delivery in rows]


def boards_used(session: Session) -> list[tuple[str, str]]:
    """The pages posts went to of late, by account and address, the newest first."""
    rows = session.execute(select(Delivery.account, Delivery.address).join(Posting, Posting.delivery_id == Delivery.id).order_by(Posting.id.desc()).limit(20))
    return list(dict.fromkeys((row.account, row.address) for row in rows))


def _both(session: Session, posting_id: int) -> tuple[Posting, Delivery]:
    posting = session.get(Posting, posting_id)
    if posting is None:
        raise NotFound("no such post")
    return posting, session.get_one(Delivery, posting.delivery_id)


def _shown(posting: Posting, delivery: Delivery) -> Shown:
    said = unpack(delivery.payload or '{"text": ""}')
    assert isinstance(said, Say)
    label = next((button.label for row in said.buttons for button in row), "")
    where = delivery.account, delivery.address
    return Shown(posting.id, posting.entry_id, *where, said.text, label, State(delivery.state), delivery.detail or "", posting.at, bool(posting.down_at))
