"""Team: roles change, invitations are taken back, members leave; somebody always stays a manager."""

from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Actor, Rep, Role
from crm.base.errors import NotFound
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.people import own_accounts
from crm.people.desk import WizardRow
from crm.people.logins import Login, WebSession
from crm.people.reps import Invite, Member, as_actor, authorise, end_invitations, keep_a_manager, member_of

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Invitation:
    """A way in that is open: for which role, by whom, until when."""

    id: int
    role: Role
    issuer: str
    expires_at: int


def invitations(session: Session, actor: Actor, *, now: int) -> list[Invitation]:
    """The invitations that nobody has used yet, the newest at the top."""
    authorise(session, actor, Action.STEER_TEAM)
    issuer = aliased(Member)
    question = select(Invite, issuer.name).outerjoin(issuer, issuer.id == Invite.issued_by).where(Invite.used_by.is_(None), Invite.expires_at > now)
    rows = session.execute(question.order_by(Invite.expires_at.desc(), Invite.id.desc()).limit(SHOWN))
    return [Invitation(one.id, Role(one.role), name or "", one.expires_at) for one, name in rows]


def revoke(session: Session, actor: Actor, invite_id: int, *, now: int) -> None:
    """Take an invitation back; one that was used or is over is not there any more."""
    authorise(session, actor, Action.STEER_TEAM)
    open_ones = (Invite.id == invite_id, Invite.used_by.is_(None), Invite.expires_at > now)
    if session.execute(update(Invite).where(*open_ones).values(expires_at=now).returning(Invite.id)).first() is None:
        raise NotFound("this invitation is not open any more")
    record(session, Change("invite", invite_id, "revoked", actor), now=now)


def change_role(session: Session, actor: Actor, rep_id: int, role: Role, *, now: int) -> Rep:
    """Give a member another role, which ends their browsers' logins; raises `LastManager` where nobody else would be one."""
    authorise(session, actor, Action.STEER_TEAM)
    member = member_of(session, rep_id)
    before = member.role
    if before != role:
        if role is not Role.MANAGER:
            keep_a_manager(session, member)
            end_invitations(session, rep_id, now=now)
        member.role = role.value
        session.flush()
        _end_logins(session, rep_id)
        record(session, Change("rep", rep_id, "role", actor, {"role": before}, {"role": role.value}), now=now)
    return as_actor(member)


def dismiss(session: Session, actor: Actor, rep_id: int, *, now: int) -> Rep:
    """End a membership: no deed, login, or invitation of theirs is good any more. What they had taken is `leaving.leave`'s to give back."""
    authorise(session, actor, Action.STEER_TEAM)
    member = member_of(session, rep_id)
    keep_a_manager(session, member)
    member.active, member.available = 0, 0
    session.flush()
    _end_logins(session, rep_id)
    end_invitations(session, rep_id, now=now)
    session.execute(delete(WizardRow).where(WizardRow.rep_id == rep_id))
    own_accounts.shut(session, member.address)
    return as_actor(member)


def _end_logins(session: Session, rep_id: int) -> None:
    session.execute(delete(WebSession).where(WebSession.rep_id == rep_id))
    session.execute(delete(Login).where(Login.rep_id == rep_id))
