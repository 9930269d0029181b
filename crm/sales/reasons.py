"""Reasons: the list from which somebody says why a deal or a lead was lost; the usual ones are there from the start."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.errors import Invalid, NotFound
from crm.base.history import Change, record
from crm.base.i18n import N_button, Translator
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.base.text import clean_name
from crm.people.reps import authorise
from crm.sales.pipelines import Reason

DEAL, LEAD, SPAM = "deal", "lead", "spam"
NAME_MOST = 24
USUAL_REASONS = {
    DEAL: {
        "price": N_button("Too expensive"),
        "competitor": N_button("Bought elsewhere"),
        "silent": N_button("Does not answer"),
        "no_need": N_button("No need any more"),
        "no_stock": N_button("We do not have it"),
        "later": N_button("Not now, perhaps later"),
    },
    LEAD: {
        "not_ours": N_button("Not what we sell"),
        "silent": N_button("Does not answer"),
        "price": N_button("Too expensive"),
        "no_need": N_button("No need any more"),
        "unfit": N_button("Does not fit us"),
    },
    SPAM: {
        "advertising": N_button("Advertising"),
        "robot": N_button("A robot"),
        "fraud": N_button("Fraud"),
        "insults": N_button("Insults"),
    },
}


def reasons_of(session: Session, about: str) -> list[Reason]:
    """The reasons to choose from, in their order; runs in a deed that may write."""
    return [reason for reason in every_reason(session, about) if reason.active]


def every_reason(session: Session, about: str) -> list[Reason]:
    """All reasons, also those that are offered no more, in their order; the usual ones are written where there are none yet."""
    wanted = select(Reason).where(Reason.about == about).order_by(Reason.place, Reason.id)
    found = session.scalars(wanted).all()
    if not found:
        ids = take_ids(session, len(USUAL_REASONS[about]))
        rows = [
            {"id": next(ids), "about": about, "name": said, "usual": usual, "place": place} for place, (usual, said) in enumerate(USUAL_REASONS[about].items())
        ]
        add_new(session, Reason, rows)
        found = session.scalars(wanted).all()
    return list(found)


def reason_at(session: Session, about: str, reason_id: int) -> Reason:
    """A reason by its number, also one that is offered no more."""
    found = session.get(Reason, reason_id)
    if found is None or found.about != about:
        raise NotFound("no such reason")
    return found


def reason_words(tr: Translator, reason: Reason) -> str:
    """A reason as its reader says it: a usual one in their language, another one in the words of whoever added it."""
    return tr.button(reason.name) if reason.usual else reason.name


def add_reason(session: Session, actor: Rep, about: str, name: str, *, now: int) -> Reason:
    """Add a reason to the list; the same words again answer the same."""
    authorise(session, actor, Action.SET_PIPELINES)
    said = clean_name(name, NAME_MOST)
    if not said or about not in USUAL_REASONS:
        raise Invalid("a reason needs words")
    there = session.scalar(select(Reason).where(Reason.about == about, Reason.name == said))
    if there is not None:
        return _offered(session, actor, there, True, now=now)
    number = next(take_ids(session, 1))
    last = session.scalar(select(func.max(Reason.place)).where(Reason.about == about))
    add_new(session, Reason, [{"id": number, "about": about, "name": said, "usual": None, "place": -1 if last is None else last + 1}])
    record(session, Change("reason", number, "added", actor, after={"about": about, "name": said}), now=now)
    return session.get_one(Reason, number)


def offer_reason(session: Session, actor: Rep, reason_id: int, offered: bool, *, now: int) -> Reason:
    """Offer a reason, or offer it no more; what was lost for it keeps it."""
    authorise(session, actor, Action.SET_PIPELINES)
    found = session.get(Reason, reason_id)
    if found is None:
        raise NotFound("no such reason")
    return _offered(session, actor, found, offered, now=now)


def _offered(session: Session, actor: Rep, reason: Reason, offered: bool, *, now: int) -> Reason:
    if bool(reason.active) != offered:
        record(session, Change("reason", reason.id, "offered" if offered else "archived", actor), now=now)
        reason.active = int(offered)
        session.flush()
    return reason
