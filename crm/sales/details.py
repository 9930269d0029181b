"""Details: what the firm's own fields say of a person, a deal or a company, read and written by whoever may deal with them."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Actor, Rep
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.text import clean_name, looks_like_name
from crm.conversations.talk import within_reach
from crm.conversations.threads import Conversation, Status
from crm.outbox.notices import card, tell
from crm.people.companies import Company
from crm.people.contacts import family_of, rename, root_of
from crm.people.fields import MAY, About, FieldView, Kept, fields_of, kept_of, set_value, undo_value, values_of
from crm.people.reps import authorise
from crm.sales.deals import held_deal, redraw, seen_deal


@dataclass(frozen=True, slots=True)
class Detail:
    """A field and what it says ("" = not known), since when and by whom (None = by nobody of the staff)."""

    field: FieldView
    value: str = ""
    at: int = 0
    rep_id: int | None = None


def details_of(session: Session, actor: Actor, about: About, subject_id: int) -> list[Detail]:
    """Every field of a thing with what it says, for one who may see it; raises `Taken` by whoever has the person."""
    _seen(session, actor, about, subject_id)
    fields = fields_of(session, about)
    kept = kept_of(session, about, [subject_id], [field.id for field in fields])[subject_id]
    return [_detail(field, kept.get(field.id)) for field in fields]


def shown_details(session: Session, contact_id: int) -> tuple[tuple[FieldView, str], ...]:
    """The fields that stand on the cards of a person, where they say something."""
    fields = [field for field in fields_of(session, About.CONTACT) if field.shown]
    values = values_of(session, About.CONTACT, [contact_id])[contact_id] if fields else {}
    return tuple((field, values[field.id]) for field in fields if field.id in values)


def set_detail(session: Session, actor: Actor, field: FieldView, subject_id: int, stored: str | None, *, now: int) -> bool:
    """Write down what a field says of a thing within the actor's reach, or take it away; answers whether anything changed."""
    _held(session, actor, field.about, subject_id)
    changed = set_value(session, actor, field, subject_id, stored, now=now)
    if changed:
        _redrawn(session, actor, field.about, subject_id, now=now)
    return changed


def undo_detail(session: Session, actor: Actor, about: About, subject_id: int, change_id: int, *, now: int) -> FieldView:
    """Take back a change of a field of a thing within the actor's reach; raises `Expired` when it was changed again since."""
    _held(session, actor, about, subject_id)
    field = undo_value(session, actor, about, subject_id, change_id, now=now)
    _redrawn(session, actor, about, subject_id, now=now)
    return field


def fill_empty(session: Session, actor: Actor, contact_id: int, known: Mapping[int, str], *, company_id: int | None = None, now: int) -> list[int]:
    """Write down of a person what nothing is known of yet: fields (by number, as they are kept), a company, a name that their platform tells.

    What stands there already stays; answers which fields were filled.
    """
    _held(session, actor, About.CONTACT, contact_id)
    root, there = root_of(session, contact_id), values_of(session, About.CONTACT, [contact_id])[contact_id]
    fields = [field for field in fields_of(session, About.CONTACT) if field.id in known and field.id not in there]
    filled = [field.id for field in fields if set_value(session, actor, field, contact_id, known[field.id], now=now)]
    if not root.name and looks_like_name(root.platform_name):
        rename(session, actor, contact_id, clean_name(root.platform_name), now=now)
    if root.company_id is None and company_id is not None and session.get(Company, company_id) is not None:
        record(session, Change("contact", root.id, "company", actor, {"company": None}, {"company": company_id}), now=now)
        root.company_id = company_id
    session.flush()
    return filled


def _detail(field: FieldView, kept: Kept | None) -> Detail:
    return Detail(field, kept.value, kept.at, kept.rep_id) if kept else Detail(field)


def _seen(session: Session, actor: Actor, about: About, subject_id: int) -> None:
    if about is About.DEAL:
        seen_deal(session, actor, subject_id)
    else:
        authorise(session, actor, Action.TALK)
        _person(session, actor, about, subject_id)


def _held(session: Session, actor: Actor, about: About, subject_id: int) -> None:
    authorise(session, actor, MAY[about])
    if about is About.DEAL:
        held_deal(session, actor, subject_id)
    else:
        _person(session, actor, about, subject_id)


def _person(session: Session, actor: Actor, about: About, subject_id: int) -> None:
    """Refuse where somebody else has an open conversation with this person; a company is everybody's."""
    if about is not About.CONTACT or not isinstance(actor, Rep):
        return
    for number in _talks(session, subject_id):
        within_reach(session, actor, number)


def _talks(session: Session, contact_id: int) -> list[int]:
    talks = select(Conversation.id).where(Conversation.contact_id.in_(family_of(session, contact_id)), Conversation.status != Status.CLOSED.value)
    return list(session.scalars(talks.order_by(Conversation.id)))


def _redrawn(session: Session, actor: Actor, about: About, subject_id: int, *, now: int) -> None:
    """The cards show it as it is now."""
    if about is About.CONTACT:
        tell(session, [card(number) for number in _talks(session, subject_id)], now=now)
    elif about is About.DEAL:
        redraw(session, held_deal(session, actor, subject_id), now=now)
