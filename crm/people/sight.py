"""Sight: whose work a member of staff sees, and whether phones and e-mails are shown to them in full."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, SQLColumnExpression, or_, true
from sqlalchemy.orm import Session

from crm.base.actors import Actor, Rep, Role
from crm.base.masks import hushed, masked, veiled
from crm.base.policy import Action, Scope, may, scope_of
from crm.people.reps import Member, authorise, points_full
from crm.people.teams import leads_any, teammates


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose work is seen: `reps` are their numbers (None = everybody's), `free` = also what nobody has; `points` = phones and e-mails in full."""

    reps: frozenset[int] | None = None
    free: bool = True
    points: bool = True

    def covers(self, rep_id: int | None) -> bool:
        """Whether something of this member's, or of nobody's, is seen."""
        return self.reps is None or (self.free if rep_id is None else rep_id in self.reps)

    def rows(self, column: SQLColumnExpression[int | None]) -> ColumnElement[bool]:
        """The condition that keeps the rows whose owner's column is covered."""
        if self.reps is None:
            return true()
        mine = column.in_(sorted(self.reps))
        return or_(mine, column.is_(None)) if self.free else mine

    def shown(self, kind: str, value: str) -> str:
        """A phone or an e-mail as this member may read it."""
        return value if self.points else masked(kind, value)

    def told(self, text: str, *, points: bool) -> str:
        """What a message says as this member may read it; `points` = it is a shared contact or a form, which are phones and e-mails by themselves."""
        return text if self.points or not points else hushed(text)

    def named(self, name: str) -> str:
        """A name or a username as this member may read it: some are nothing but a phone or an e-mail."""
        return name if self.points else veiled(name)


EVERYTHING = Sight()


def sight_of(session: Session, actor: Actor, action: Action) -> Sight:
    """Whose work this actor sees for an action they may do; raises `Forbidden` where they may not. What is nobody's is seen by whoever may take it."""
    member = authorise(session, actor, action)
    return EVERYTHING if member is None or not isinstance(actor, Rep) else sight_at(session, member)


def sight_at(session: Session, member: Member) -> Sight:
    """Whose work a member sees, whatever they may do with it."""
    scope, points = scope_at(session, member), points_full(member)
    if scope is Scope.ALL:
        return Sight(points=points)
    reps = teammates(session, member) if scope is Scope.TEAM else frozenset({member.id})
    return Sight(reps, free=may(Role(member.role), Action.TAKE), points=points)


def scope_at(session: Session, member: Member) -> Scope:
    """Whose work a member sees: as an owner said, or their team's where they lead it, or as their role has it."""
    if member.scope:
        return Scope(member.scope)
    own = scope_of(Role(member.role))
    return Scope.TEAM if own is Scope.OWN and leads_any(session, member.id) else own


def seen_by(actor: Rep) -> Sight:
    """Only how phones, e-mails and names are shown to a reader; whose work they see is asked in a transaction."""
    return EVERYTHING if actor.points else _MASKED


def follows(reader: Rep, rep_id: int | None, team_id: int | None) -> bool:
    """Whether a reader may see more on a card than whose a thing is: theirs, nobody's, or of whom they were told to see or their role has it.

    `team_id` is the team of whoever has it. Pure: whoever leads a team without a word said of their sight finds its work in the lists.
    """
    scope = Scope(reader.scope) if reader.scope else scope_of(reader.role)
    ours = scope is Scope.TEAM and team_id is not None and team_id == reader.team_id
    return rep_id in (None, reader.id) or scope is Scope.ALL or ours


_MASKED = Sight(points=False)
