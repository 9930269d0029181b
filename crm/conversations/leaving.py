"""Leaving: the team with what each has taken, and what becomes of a member's conversations when they leave."""

from dataclasses import dataclass

from sqlalchemy import column, func, select, table, update
from sqlalchemy.orm import Session

from crm.base.actors import Actor, Rep
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.conversations.threads import Conversation, Status
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.outbox.queue import withdraw
from crm.people import team
from crm.people.contacts import Contact
from crm.people.pretended import ACCOUNT as PRACTICE
from crm.people.reps import Member, as_actor, authorise

# Tasks are of the sales above, which import the conversations: the table is named here, not mapped.
_tasks = table("tasks", column("id"), column("rep_id"), column("state"))
_OPEN = Conversation.status.in_([Status.OPEN.value, Status.SNOOZED.value])


@dataclass(frozen=True, slots=True)
class Colleague:
    """A member of staff, whether on duty, since when, and how many open conversations they have taken."""

    rep: Rep
    available: bool
    joined_at: int
    taken: int


def colleagues(session: Session, actor: Actor) -> list[Colleague]:
    """The whole team, oldest first."""
    authorise(session, actor, Action.STEER_TEAM)
    taken = select(func.count()).where(Conversation.rep_id == Member.id, _OPEN).correlate(Member).scalar_subquery()
    rows = session.execute(select(Member, taken).where(Member.active == 1).order_by(Member.id))
    return [Colleague(as_actor(member), bool(member.available), member.created_at, int(count)) for member, count in rows]


def leave(session: Session, actor: Actor, rep_id: int, surface: str, *, now: int) -> tuple[Rep, int]:
    """Remove a member: their conversations and tasks are anybody's again, nothing more is shown to them on the account `surface`, managers are told.

    What is closed keeps who had it, however much that is, and is nobody's (`talk.held_by`) until it is opened again.
    Answers who left and how many open conversations went back; raises `LastManager` where nobody else would be a manager.
    """
    rep = team.dismiss(session, actor, rep_id, now=now)
    _practise_no_more(session, rep_id)
    back = list(session.scalars(select(Conversation.id).where(Conversation.rep_id == rep_id, _OPEN).order_by(Conversation.id)))
    session.execute(update(Conversation).where(Conversation.rep_id == rep_id, _OPEN).values(rep_id=None), execution_options={"synchronize_session": False})
    undone = _tasks.c.rep_id == rep_id, _tasks.c.state == "open"
    tasks = sorted(session.scalars(update(_tasks).where(*undone).values(rep_id=None).returning(_tasks.c.id)))
    session.expire_all()
    withdraw(session, surface, rep.address, why="left the team", now=now)
    handed = [Change("conversation", number, "handed_back", actor, {"rep": rep_id}, cause="left the team") for number in back]
    handed += [Change("task", number, "given", actor, {"rep": rep_id}, {"rep": None}, cause="left the team") for number in tasks]
    record(session, Change("rep", rep_id, "removed", actor, {"role": rep.role.value}, {"conversations": len(back)}), *handed, now=now)
    by = actor.id if isinstance(actor, Rep) else 0
    left = Notice(NoticeKind.LEFT, rep_id, f"left:{rep_id}:{now}", {"name": rep.name, "by": by, "conversations": len(back), "tasks": len(tasks)})
    tell(session, [left, *(card(number, urgent=True) for number in back)], now=now)
    return rep, len(back)


def _practise_no_more(session: Session, rep_id: int) -> None:
    """Whoever a member practised on goes with them: they are nobody else's."""
    mine = (Conversation.account == PRACTICE, Conversation.rep_id == rep_id)
    theirs = update(Contact).where(Contact.id.in_(select(Conversation.contact_id).where(*mine))).values(blocked=1)
    over = update(Conversation).where(*mine).values(status=Status.CLOSED.value, open_identity_id=None, waiting_since=0, unread=0, snoozed_until=0)
    for statement in (theirs, over):
        session.execute(statement, execution_options={"synchronize_session": False})
