"""Team: roles and scopes change, invitations are taken back, members leave, guests' time ends; somebody always stays who steers."""

from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Actor, Rep, Role
from crm.base.errors import Invalid, NotFound
from crm.base.history import Change, record
from crm.base.policy import Action, Scope, may, scope_of, sees_points
from crm.base.time import DAY
from crm.people import own_accounts, steps, teams
from crm.people.desk import ButtonToken, WizardRow
from crm.people.logins import Login, WebSession
from crm.people.reps import FULL, GUEST_MS, MASKED, Invite, Member, as_actor, authorise, end_invitations, keep_a_manager, member_of, within_rank
from crm.people.steps import What

SHOWN = 50
GUEST_MOST = 90 * DAY


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
    """Give a member another role, which ends their browsers' logins; a second look is needed. What an owner said of their sight stays (see `_kept`).

    Only an owner makes an owner, or changes one; raises `LastManager` where nobody would be left to steer. A guest by this stays for a week.
    """
    authorise(session, actor, Action.STEER_TEAM)
    member = member_of(session, rep_id)
    within_rank(session, actor, member, role)
    before = member.role
    if before != role:
        if not may(role, Action.STEER_TEAM) or before == Role.OWNER:
            keep_a_manager(session, member)
        steps.require(session, actor, What.ROLE, f"{rep_id}:{role.value}", now=now)
        if not may(role, Action.INVITE):
            end_invitations(session, rep_id, now=now)
        member.scope, member.points = _kept(member, Role(before), role)
        member.role = role.value
        member.expires_at = now + GUEST_MS if role is Role.GUEST else 0
        session.flush()
        _end_logins(session, rep_id)
        steps.forget(session, rep_id)
        record(session, Change("rep", rep_id, "role", actor, {"role": before}, {"role": role.value}), now=now)
    return as_actor(member)


def _kept(member: Member, before: Role, role: Role) -> tuple[str, str]:
    """What stays of what an owner said of a member's sight and points: all of it, but an owner sees everything, and whoever is lowered no more than others."""
    if role is Role.OWNER:
        return "", ""
    lowered, widths = list(Role).index(role) > list(Role).index(before), list(Scope)
    wider = bool(member.scope) and widths.index(Scope(member.scope)) > widths.index(scope_of(role))
    clearer = member.points == FULL and not sees_points(role)
    return "" if lowered and wider else member.scope, "" if lowered and clearer else member.points


def set_scope(session: Session, actor: Actor, rep_id: int, scope: Scope | None, *, now: int) -> None:
    """An owner says whose work a member sees (None = as their role has it)."""
    authorise(session, actor, Action.MAKE_OWNERS)
    member = member_of(session, rep_id)
    _say(session, actor, member, "scope", scope.value if scope else "", now=now)


def set_points(session: Session, actor: Actor, rep_id: int, full: bool | None, *, now: int) -> None:
    """An owner says whether a member reads phones and e-mails in full (None = as their role has it)."""
    authorise(session, actor, Action.MAKE_OWNERS)
    member = member_of(session, rep_id)
    _say(session, actor, member, "points", "" if full is None else FULL if full else MASKED, now=now)


def _say(session: Session, actor: Actor, member: Member, what: str, value: str, *, now: int) -> None:
    before = getattr(member, what)
    if before != value:
        setattr(member, what, value)
        session.flush()
        record(session, Change("rep", member.id, what, actor, {what: before}, {what: value}), now=now)


def set_expiry(session: Session, actor: Actor, rep_id: int, until: int, *, now: int) -> None:
    """Say until when a guest stays, at most ninety days ahead."""
    authorise(session, actor, Action.STEER_TEAM)
    member = member_of(session, rep_id)
    if member.role != Role.GUEST or not now < until <= now + GUEST_MOST:
        raise Invalid("a guest stays for ninety days at most")
    before = member.expires_at
    if before != until:
        member.expires_at = until
        session.flush()
        record(session, Change("rep", rep_id, "until", actor, {"until": before}, {"until": until}), now=now)


def dismiss(session: Session, actor: Actor, rep_id: int, *, now: int) -> Rep:
    """End a membership: no deed, button, login, PIN or invitation of theirs is good any more. What they had is `leaving.leave`'s to give back."""
    authorise(session, actor, Action.STEER_TEAM)
    member = member_of(session, rep_id)
    within_rank(session, actor, member)
    keep_a_manager(session, member)
    member.active, member.available = 0, 0
    session.flush()
    start_anew(session, rep_id)
    end_invitations(session, rep_id, now=now)
    teams.leave_teams(session, rep_id)
    session.execute(delete(WizardRow).where(WizardRow.rep_id == rep_id))
    session.execute(delete(ButtonToken).where(ButtonToken.rep_id == rep_id), execution_options={"synchronize_session": False})
    own_accounts.shut(session, member.address)
    return as_actor(member)


def guests_over(session: Session, *, now: int, most: int = 20) -> list[int]:
    """The guests whose time is over and who have not been shown out yet."""
    over = select(Member.id).where(Member.active == 1, Member.expires_at > 0, Member.expires_at <= now).order_by(Member.id).limit(most)
    return list(session.scalars(over))


def start_anew(session: Session, rep_id: int) -> None:
    """Whoever leaves, or comes by another link, has neither a login nor a PIN, and has shown nothing."""
    _end_logins(session, rep_id)
    steps.forget(session, rep_id)
    session.execute(delete(steps.Pin).where(steps.Pin.rep_id == rep_id))


def _end_logins(session: Session, rep_id: int) -> None:
    session.execute(delete(WebSession).where(WebSession.rep_id == rep_id))
    session.execute(delete(Login).where(Login.rep_id == rep_id))
