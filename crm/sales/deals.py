"""Deal: an opportunity with a value, in a stage of a pipeline, with the people and the company it is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor, Rep
from crm.base.errors import Invalid, NotFound, Stale, Taken
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.rows import add, add_new, among, ask, take_ids
from crm.base.settings import Company as Firm
from crm.base.table import Row
from crm.base.text import clean_name, ungreeted
from crm.conversations.talk import within_reach
from crm.conversations.threads import Conversation, Status
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.people.contacts import Contact, family_of, root_of
from crm.people.pretended import only_real
from crm.people.reps import Member
from crm.people.sight import sight_of
from crm.sales.entries import entry_of
from crm.sales.leads import OPEN, Lead, LeadStatus, lead_of, set_status
from crm.sales.pipelines import Stage, default_pipeline, stage_at, stages_of

TITLE_MOST = 80
REDRAWN = 10
_WON = text("state = 'won'")


class DealState(StrEnum):
    """Whether a deal still runs, and how it ended."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class Deal(Row):
    """An opportunity; `amount` counts hundredths of its currency (None = not known yet), `expected_on` is the local date it should close ("" = none).

    `pushes` counts how often the expected close was put off; `lead_id` is the lead it grew from; `entered_at` is when it came into its stage.
    """

    __tablename__ = "deals"
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id"), index=True)
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("leads.id"), index=True)
    title: Mapped[str]
    pipeline_id: Mapped[int] = mapped_column(ForeignKey("pipelines.id"))
    stage_id: Mapped[int] = mapped_column(ForeignKey("stages.id"))
    rep_id: Mapped[int | None] = mapped_column(ForeignKey("reps.id"))
    state: Mapped[str] = mapped_column(server_default="open")
    amount: Mapped[int | None]
    currency: Mapped[str]
    expected_on: Mapped[str] = mapped_column(server_default="")
    pushes: Mapped[int] = mapped_column(server_default="0")
    reason_id: Mapped[int | None] = mapped_column(ForeignKey("reasons.id"))
    reason_words: Mapped[str] = mapped_column(server_default="")
    entered_at: Mapped[int]
    created_at: Mapped[int]
    closed_at: Mapped[int] = mapped_column(server_default="0")
    once: Mapped[str | None] = mapped_column(unique=True)
    __table_args__ = (
        # The last three are there so that a board and its sums are read from the index alone: ten times as fast among 100,000 deals.
        Index("deals_stage", "state", "stage_id", "entered_at", "currency", "amount", "rep_id"),
        Index("deals_rep", "rep_id", "state", "entered_at", "id"),
        Index("deals_open", "state", "entered_at", "id"),
        Index("deals_created", "created_at", "id"),
        Index("deals_won", "state", "closed_at", "created_at", "rep_id", sqlite_where=_WON, postgresql_where=_WON),
    )


class DealContact(Row):
    """A further person of a deal, with their role in it in somebody's words."""

    __tablename__ = "deal_contacts"
    deal_id: Mapped[int] = mapped_column(ForeignKey("deals.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    role: Mapped[str] = mapped_column(server_default="")
    __table_args__ = (UniqueConstraint("deal_id", "contact_id"),)


class StageStay(Row):
    """How long a deal stood in a stage; `left_at` 0 = it is there."""

    __tablename__ = "stage_stays"
    deal_id: Mapped[int] = mapped_column(ForeignKey("deals.id"), index=True)
    stage_id: Mapped[int] = mapped_column(ForeignKey("stages.id"))
    entered_at: Mapped[int]
    left_at: Mapped[int] = mapped_column(server_default="0")
    rep_id: Mapped[int | None]
    __table_args__ = (Index("stage_stays_stage", "stage_id", "entered_at"),)


class Moved(Stale):
    """Somebody has changed this deal since it was looked at."""


class Missing(Invalid):
    """Something must be known before this deal goes on."""

    def __init__(self, what: Sequence[str]) -> None:
        super().__init__()
        self.what = tuple(what)


@dataclass(frozen=True, slots=True)
class NewDeal:
    """A deal to be added: about whom, and what is known; `once` keeps one cause from making two. A `stage_id` of None is the first of the pipeline for them."""

    contact_id: int
    title: str
    currency: str
    amount: int | None = None
    expected_on: str = ""
    rep_id: int | None = None
    stage_id: int | None = None
    company_id: int | None = None
    lead_id: int | None = None
    once: str | None = None


def open_deal(session: Session, actor: Rep, conversation_id: int, firm: Firm, *, once: str, now: int) -> Deal:
    """Make a deal of what a conversation is about: its lead is accepted and gives the title; what is known already stays as it is."""
    sight_of(session, actor, Action.CHANGE_DEAL)
    conversation = within_reach(session, actor, conversation_id)
    root = root_of(session, conversation.contact_id)
    lead = lead_of(session, root.id)
    lead = lead if lead and lead.status in OPEN else None
    title = title_for(lead.need if lead else "", _product(session, lead), root.name or root.platform_name)
    new = NewDeal(conversation.contact_id, title, firm.currency, rep_id=actor.id, company_id=root.company_id, lead_id=lead.id if lead else None, once=once)
    deal = add_deal(session, actor, new, firm.languages[0], now=now)
    if lead:
        _accept(session, actor, lead, now=now)
    return deal


def title_for(need: str, product: str, name: str) -> str:
    """What a deal is called where nobody has named it: by the need in its first words without a greeting, the product, or the person; pure."""
    lines = map(ungreeted, need.splitlines())
    return clean_name(next(filter(None, lines), "") or product or name, TITLE_MOST)


def add_deal(session: Session, actor: Actor, new: NewDeal, language: str, *, now: int) -> Deal:
    """Add a deal; the same `once` answers the same. `language` is the one the first pipeline is written in where there is none yet."""
    sight_of(session, actor, Action.CHANGE_DEAL)
    before = session.scalar(select(Deal).where(Deal.once == new.once)) if new.once else None
    if before is not None:
        return before
    only_real(session, new.contact_id)
    if new.amount is not None and new.amount < 0:
        raise Invalid("an amount is not less than nothing")
    stage = stage_at(session, new.stage_id) if new.stage_id is not None else first_stage(session, language, root_of(session, new.contact_id).kind, now=now)
    number = next(take_ids(session, 1))
    row = {name: getattr(new, name) for name in ("contact_id", "company_id", "lead_id", "rep_id", "amount", "currency", "expected_on", "once")}
    place = {"pipeline_id": stage.pipeline_id, "stage_id": stage.id, "entered_at": now, "created_at": now}
    if not add_new(session, Deal, [{"id": number, **row, "title": clean_name(new.title, TITLE_MOST), **place}]):
        return session.scalars(select(Deal).where(Deal.once == new.once)).one()
    deal = session.get_one(Deal, number)
    enter(session, deal, now=now)
    after = {"title": deal.title, "stage": stage.id, "pipeline": stage.pipeline_id, "rep": deal.rep_id, "lead": deal.lead_id, "contact": deal.contact_id}
    record(session, Change("deal", number, "opened", actor, after=after), now=now)
    redraw(session, deal, now=now)
    return deal


def first_stage(session: Session, language: str, kind: str = "", *, now: int) -> Stage:
    """Where a new deal with this kind of person begins: the first stage of the first pipeline for them."""
    found = stages_of(session, default_pipeline(session, language, kind, now=now).id)
    if not found:
        raise NotFound("the pipeline has no stage")
    return stage_at(session, found[0].id)


def enter(session: Session, deal: Deal, *, now: int) -> None:
    """Begin a stay in the stage a deal is in."""
    row = {"id": next(take_ids(session, 1)), "deal_id": deal.id, "stage_id": deal.stage_id, "entered_at": now, "rep_id": deal.rep_id}
    add(session, StageStay, [row])


def deal_at(session: Session, deal_id: int) -> Deal:
    """A deal by its number."""
    found = session.get(Deal, deal_id)
    if found is None:
        raise NotFound("no such deal")
    return found


def seen_deal(session: Session, actor: Actor, deal_id: int) -> Deal:
    """A deal this actor may look at; one of somebody outside their sight is not there."""
    sight = sight_of(session, actor, Action.SEE_DEALS)
    deal = deal_at(session, deal_id)
    if not sight.covers(owner_of(session, deal)):
        raise NotFound("no such deal")
    return deal


def held_deal(session: Session, actor: Actor, deal_id: int) -> Deal:
    """A deal this actor may change, held so that nobody else changes it at the same time; raises `Taken` by whom where it is outside their sight."""
    sight = sight_of(session, actor, Action.CHANGE_DEAL)
    deal = session.get(Deal, deal_id, with_for_update=True, populate_existing=True)
    if deal is None:
        raise NotFound("no such deal")
    owner = owner_of(session, deal)
    if not sight.covers(owner):
        raise Taken(session.get_one(Member, owner).name)
    return deal


def owner_of(session: Session, deal: Deal) -> int | None:
    """Whose a deal is (None = nobody's, or somebody's who has left)."""
    member = session.get(Member, deal.rep_id) if deal.rep_id else None
    return member.id if member and member.active else None


_OWN_DEALS = select(Deal).where(among(Deal.contact_id, "family"))
_FURTHER = select(DealContact.deal_id).where(among(DealContact.contact_id, "family"))


def deals_about(session: Session, contact_id: int, family: Sequence[int] = ()) -> list[Deal]:
    """Every deal of a person, under whichever of their contacts or as a further person of it: those that run first, then the newest.

    `family` = all their contacts, where these are known already.
    """
    family = family or family_of(session, contact_id)
    own = session.scalars(_OWN_DEALS, {"family": list(family)}).all()
    further = [row.deal_id for row in ask(session, _FURTHER, {"family": list(family)})]
    others = session.scalars(select(Deal).where(Deal.id.in_(further))).all() if further else []
    return sorted({deal.id: deal for deal in (*own, *others)}.values(), key=lambda deal: (deal.state != DealState.OPEN, -deal.id))


def people_of(session: Session, deal_id: int) -> list[DealContact]:
    """The further people of a deal."""
    return list(session.scalars(select(DealContact).where(DealContact.deal_id == deal_id).order_by(DealContact.id)))


def redraw(session: Session, deal: Deal, *, now: int) -> None:
    """The cards of everybody a deal is about show it as it is now."""
    people = [deal.contact_id, *(one.contact_id for one in people_of(session, deal.id))]
    roots = session.scalars(select(Contact.root_id).where(Contact.id.in_(people))).all()
    family = session.scalars(select(Contact.id).where(Contact.root_id.in_(roots))).all()
    talks = select(Conversation.id).where(Conversation.contact_id.in_(family), Conversation.status != Status.CLOSED.value)
    numbers = session.scalars(talks.order_by(Conversation.last_at.desc()).limit(REDRAWN)).all()
    tell(session, [card(number) for number in numbers], now=now)


def tell_owner(session: Session, deal: Deal, why: str, *, now: int) -> None:
    """Tell the owner of a deal: it is theirs now (`given`), or it stands too long (`rotting`)."""
    tell(session, [Notice(NoticeKind.DEAL, deal.id, f"deal:{deal.id}:{why}", {"why": why})], now=now)


def _product(session: Session, lead: Lead | None) -> str:
    entry = entry_of(session, lead.id) if lead else None
    return entry.product if entry else ""


def _accept(session: Session, actor: Rep, lead: Lead, *, now: int) -> None:
    """A lead that became a deal is accepted, and somebody's; who has it already keeps it."""
    if lead.status in (LeadStatus.NEW, LeadStatus.QUALIFIED):
        set_status(session, actor, lead.id, LeadStatus.ACCEPTED, now=now)
    if lead.rep_id is None:
        record(session, Change("lead", lead.id, "rep", actor, {"rep": None}, {"rep": actor.id}), now=now)
        lead.rep_id = actor.id
        session.flush()
