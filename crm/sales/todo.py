"""To do: the lists of tasks: one's own, nobody's, everybody's, what is overdue, and what concerns one person."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, or_, select, true, tuple_
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Rep
from crm.base.policy import Action
from crm.conversations.threads import Conversation
from crm.people.contacts import Contact, family_of
from crm.people.reps import Member, authorise
from crm.people.sight import seen_by, sight_of
from crm.sales.deals import Deal
from crm.sales.tasks import Task, TaskKind, TaskState


class Which(StrEnum):
    """Whose tasks a list shows; of everybody's and of what is overdue only what its reader may see."""

    MINE_AND_FREE = "both"
    MINE = "mine"
    FREE = "free"
    OVERDUE = "overdue"
    EVERYBODYS = "all"


@dataclass(frozen=True, slots=True)
class Due:
    """An open task in a list, with whom it is about and whose it is ("" = nobody's); `mine` = the reader's, by name, by conversation or by deal."""

    id: int
    conversation_id: int | None
    kind: TaskKind
    text: str
    due_at: int
    name: str
    mine: bool
    owner: str = ""


def tasks_for(
    session: Session, actor: Rep, *, limit: int, now: int = 0, which: Which = Which.MINE_AND_FREE, after: tuple[int, int] = (0, 0), before: int = 0
) -> list[Due]:
    """Open tasks, the most urgent first, beyond the one that is due and numbered `after`, due before the instant `before` (0 = whenever).

    What is nobody's yet: neither the task nor its conversation or its deal. Who was shut out is left out.
    """
    authorise(session, actor, Action.DO_TASK)
    seen = seen_by(actor)
    root, holder, owner = aliased(Contact), aliased(Member), aliased(Member)
    rows = session.execute(
        select(Task.id, Task.conversation_id, Task.kind, Task.text, Task.due_at, owner.id.label("owner_id"), owner.name.label("owner"))
        .add_columns(holder.id.label("holder_id"), holder.name.label("holder"), root.name, root.platform_name)
        .join(Contact, Contact.id == Task.contact_id)
        .join(root, root.id == Contact.root_id)
        .outerjoin(Conversation, Conversation.id == Task.conversation_id)
        .outerjoin(Deal, Deal.id == Task.deal_id)
        .outerjoin(holder, and_(holder.id == func.coalesce(Conversation.rep_id, Deal.rep_id), holder.active == 1))
        .outerjoin(owner, and_(owner.id == Task.rep_id, owner.active == 1))
        .where(Task.state == TaskState.OPEN.value, root.blocked == 0, *_wanted(session, actor, which, now, holder, owner))
        .where(tuple_(Task.due_at, Task.id) > tuple_(*after) if any(after) else true(), Task.due_at < before if before else true())
        .order_by(Task.due_at, Task.id)
        .limit(limit)
    )
    return [
        Due(row.id, row.conversation_id, TaskKind(row.kind), text, row.due_at, name, mine, row.owner or row.holder or "")
        for row in rows
        for text, name in [(seen.named(row.text), seen.named(row.name or row.platform_name))]
        for mine in [actor.id in (row.owner_id or row.holder_id, row.holder_id)]
    ]


def beside(session: Session, conversation: Conversation, limit: int, family: Sequence[int] = ()) -> Sequence[Task]:
    """What is to be done for the person of a conversation: about it, about them alone, or about another one that nobody else has.

    `family` = all their contacts, where these are known already.
    """
    family = family or family_of(session, conversation.contact_id)
    near = or_(Task.conversation_id.is_(None), Conversation.id == conversation.id, Conversation.rep_id.is_(None), Conversation.rep_id == conversation.rep_id)
    wanted = select(Task).outerjoin(Conversation, Conversation.id == Task.conversation_id).where(Task.contact_id.in_(family), near)
    return session.scalars(wanted.where(Task.state == TaskState.OPEN.value).order_by(Task.due_at, Task.id).limit(limit)).all()


def _wanted(session: Session, actor: Rep, which: Which, now: int, holder: type[Member], owner: type[Member]) -> list[ColumnElement[bool]]:
    """The conditions of a list."""
    mine = or_(Task.rep_id == actor.id, and_(owner.id.is_(None), holder.id == actor.id))
    free = and_(owner.id.is_(None), holder.id.is_(None))
    match which:
        case Which.MINE:
            return [mine]
        case Which.FREE:
            return [free]
        case Which.MINE_AND_FREE:
            return [or_(mine, free)]
    sight = sight_of(session, actor, Action.DO_TASK)
    seen = true() if sight.reps is None else or_(mine, free, owner.id.in_(sorted(sight.reps)), and_(owner.id.is_(None), holder.id.in_(sorted(sight.reps))))
    return [seen, Task.due_at < now] if which is Which.OVERDUE else [seen]
