"""Duties: whom a task is about, as a notice or a page of it shows it."""

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.conversations.talk import held_by
from crm.conversations.threads import Conversation
from crm.people.contacts import family_of, points_of, root_of
from crm.people.sight import seen_by
from crm.sales.deals import Deal
from crm.sales.tasks import Task, task_in_reach


@dataclass(frozen=True, slots=True)
class Whom:
    """The person of a task; `conversation_id` is where they are answered: the one it is about, else their newest (None = they have none), `holder_id` who has
    the deal it is about, else that conversation.
    """

    name: str
    phone: str
    conversation_id: int | None
    holder_id: int | None
    blocked: bool


def whom(session: Session, task: Task) -> Whom:
    """Whom a task is about, for one who decides by themselves who may see it."""
    root = root_of(session, task.contact_id)
    newest = (
        select(Conversation.id).where(Conversation.contact_id.in_(family_of(session, root.id))).order_by(Conversation.last_at.desc(), Conversation.id.desc())
    )
    number = task.conversation_id or session.scalar(newest.limit(1))
    talk = session.get(Conversation, number) if number else None
    phone = next(iter(points_of(session, root.id, "phone")), "")
    deal = session.get(Deal, task.deal_id) if task.deal_id else None
    holder = deal.rep_id if deal else held_by(session, talk) if talk else None
    return Whom(root.name or root.platform_name, phone, number, holder, bool(root.blocked))


def task_for(session: Session, actor: Rep, task_id: int) -> tuple[Task, Whom]:
    """A task and whom it is about, as one who may change it reads of them."""
    task = task_in_reach(session, actor, task_id)
    return task, as_read_by(actor, whom(session, task))


def as_read_by(reader: Rep, about: Whom) -> Whom:
    """The person of a task as this reader may have them: a phone, and a name that is one, are masked for whoever sees them so. Pure."""
    sight = seen_by(reader)
    return replace(about, name=sight.named(about.name), phone=sight.shown("phone", about.phone) if about.phone else "")
