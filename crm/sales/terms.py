"""Terms of a deal: its title, its amount, when it should close, whose it is, which company and which people it is about."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crm.base.actors import Actor, Rep, Role
from crm.base.errors import Invalid, NotFound
from crm.base.history import Change, record
from crm.base.money import AMOUNT_MOST, CURRENCIES
from crm.base.policy import Action, may
from crm.base.rows import add_new, take_ids
from crm.base.text import clean_name
from crm.people.companies import company_at
from crm.people.contacts import family_of, root_of
from crm.people.reps import member_of
from crm.people.sight import sight_of
from crm.sales.deals import TITLE_MOST, Deal, DealContact, Moved, held_deal, redraw, tell_owner
from crm.sales.lines import line_count

ROLE_MOST = 40
LATELY = 20


@dataclass(frozen=True, slots=True)
class Sum:
    """An amount of money: hundredths and their currency."""

    amount: int
    currency: str


def entitle(session: Session, actor: Actor, deal_id: int, title: str, *, now: int) -> Deal:
    """Call a deal by another title."""
    deal, said = held_deal(session, actor, deal_id), clean_name(title, TITLE_MOST)
    if not said:
        raise Invalid("a deal needs a title")
    if deal.title != said:
        record(session, Change("deal", deal.id, "title", actor, {"title": deal.title}, {"title": said}), now=now)
        deal.title = said
        _changed(session, deal, now=now)
    return deal


def set_amount(session: Session, actor: Actor, deal_id: int, new: Sum | None, *, seen: Sum | None, now: int) -> Deal:
    """Write down what a deal is worth (None = not known); `seen` is what it was when this was asked. Raises `Moved` where somebody else has set it since."""
    deal = held_deal(session, actor, deal_id)
    if new is not None and not (0 <= new.amount <= AMOUNT_MOST and (new.currency in CURRENCIES or new.currency == deal.currency)):
        raise Invalid("this amount cannot be used")
    if new is not None and new.currency != deal.currency and line_count(session, deal.id):
        raise Invalid("the products of this deal are in its currency")
    before = worth(deal)
    if before == new:
        return deal
    if before != seen:
        raise Moved
    record(session, Change("deal", deal.id, "amount", actor, _plain(before), _plain(new)), now=now)
    deal.amount, deal.currency = (new.amount, new.currency) if new else (None, deal.currency)
    _changed(session, deal, now=now)
    return deal


def worth(deal: Deal) -> Sum | None:
    """What a deal is worth, where that is known."""
    return Sum(deal.amount, deal.currency) if deal.amount is not None else None


def expect(session: Session, actor: Actor, deal_id: int, day: date | None, *, seen: str, now: int) -> Deal:
    """Write down when a deal should close (None = nobody knows); putting it off counts. Raises `Moved` where somebody else has set it since."""
    deal = held_deal(session, actor, deal_id)
    said = day.isoformat() if day else ""
    if deal.expected_on == said:
        return deal
    if deal.expected_on != seen:
        raise Moved
    pushed = bool(deal.expected_on and said > deal.expected_on)
    before = {"expected": deal.expected_on, "pushes": deal.pushes}
    deal.expected_on, deal.pushes = said, deal.pushes + pushed
    record(session, Change("deal", deal.id, "expected", actor, before, {"expected": said, "pushes": deal.pushes}), now=now)
    _changed(session, deal, now=now)
    return deal


def hand_over(session: Session, actor: Actor, deal_id: int, rep_id: int, *, now: int) -> Deal:
    """Give a deal to a member of staff, who is told of it."""
    deal, member = held_deal(session, actor, deal_id), member_of(session, rep_id)
    if not may(Role(member.role), Action.CHANGE_DEAL):
        raise Invalid("they may not work on deals")
    if deal.rep_id != member.id:
        record(session, Change("deal", deal.id, "rep", actor, {"rep": deal.rep_id}, {"rep": member.id}), now=now)
        deal.rep_id = member.id
        _changed(session, deal, now=now)
        if member.id != getattr(actor, "id", None):
            tell_owner(session, deal, "given", now=now)
    return deal


def set_company(session: Session, actor: Actor, deal_id: int, company_id: int | None, *, now: int) -> Deal:
    """Write down which company a deal is with (None = with none); a person who belongs to none yet belongs to it from now on."""
    deal = held_deal(session, actor, deal_id)
    if company_id is not None:
        company_at(session, company_id)
    if deal.company_id == company_id:
        return deal
    record(session, Change("deal", deal.id, "company", actor, {"company": deal.company_id}, {"company": company_id}), now=now)
    deal.company_id = company_id
    root = root_of(session, deal.contact_id)
    if company_id is not None and root.company_id is None:
        record(session, Change("contact", root.id, "company", actor, {"company": None}, {"company": company_id}), now=now)
        root.company_id = company_id
    _changed(session, deal, now=now)
    return deal


def add_person(session: Session, actor: Rep, deal_id: int, contact_id: int, role: str = "", *, now: int) -> Deal:
    """Add a person to a deal, with their role in it; one who is there already gets the new role."""
    deal, said = held_deal(session, actor, deal_id), clean_name(role, ROLE_MOST)
    root = root_of(session, contact_id)
    if root.id == root_of(session, deal.contact_id).id:
        raise Invalid("the deal is about this person already")
    family = family_of(session, root.id)  # who was found to be somebody already there keeps the row of before
    there = session.scalars(select(DealContact).where(DealContact.deal_id == deal.id, DealContact.contact_id.in_(family))).all()
    if not there:
        add_new(session, DealContact, [{"id": next(take_ids(session, 1)), "deal_id": deal.id, "contact_id": root.id, "role": said}])
    elif all(one.role == said for one in there):
        return deal
    for one in there:
        one.role = said
    record(session, Change("deal", deal.id, "person", actor, after={"contact": root.id, "role": said}), now=now)
    _changed(session, deal, now=now)
    return deal


def remove_person(session: Session, actor: Rep, deal_id: int, contact_id: int, *, now: int) -> Deal:
    """A further person is not of a deal any more, under whichever of their contacts they were added."""
    deal, family = held_deal(session, actor, deal_id), family_of(session, contact_id)
    gone = delete(DealContact).where(DealContact.deal_id == deal.id, DealContact.contact_id.in_(family)).returning(DealContact.role)
    row = session.execute(gone).first()
    if row is None:
        raise NotFound("this person is not of the deal")
    record(session, Change("deal", deal.id, "person_gone", actor, {"contact": contact_id, "role": row.role}), now=now)
    _changed(session, deal, now=now)
    return deal


def amounts_lately(session: Session, actor: Actor, currency: str, *, limit: int = 4) -> list[int]:
    """The amounts that deals within this actor's sight got last in a currency, each once, to choose from."""
    within = (sight_of(session, actor, Action.SEE_DEALS).rows(Deal.rep_id), Deal.currency == currency, Deal.amount > 0)
    wanted = select(Deal.amount).where(*within).order_by(Deal.created_at.desc(), Deal.id.desc()).limit(LATELY)
    return [amount for amount in dict.fromkeys(session.scalars(wanted)) if amount is not None][:limit]


def _changed(session: Session, deal: Deal, *, now: int) -> None:
    session.flush()
    redraw(session, deal, now=now)


def _plain(worth: Sum | None) -> dict[str, object]:
    return {"amount": worth.amount, "currency": worth.currency} if worth else {"amount": None}
