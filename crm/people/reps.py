"""Rep: the staff, their invitations, and whether they may do what they ask."""

import hashlib
from collections.abc import Collection

from sqlalchemy import select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor, Rep, Role, System
from crm.base.errors import Expired, Forbidden, LastManager, NotFound
from crm.base.history import Change, record
from crm.base.policy import Action, may
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.base.time import HOUR

INVITE_MS = 24 * HOUR
FAILURES_MOST = 5


class Member(Row):
    """A member of staff; `address` is their numeric id on the staff surface, never a username or a phone."""

    __tablename__ = "reps"
    address: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    language: Mapped[str]
    active: Mapped[int] = mapped_column(server_default="1")
    available: Mapped[int] = mapped_column(server_default="1")
    text_only: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[int]


class Invite(Row):
    """A one-time, expiring link into the staff, bound to a role; only its hash is stored."""

    __tablename__ = "invites"
    digest: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    issued_by: Mapped[int | None]
    expires_at: Mapped[int]
    used_by: Mapped[int | None]
    used_at: Mapped[int | None]


class Stranger(Row):
    """Somebody who tried to get in with a wrong invitation; locked out after five tries."""

    __tablename__ = "strangers"
    address: Mapped[str] = mapped_column(unique=True)
    failures: Mapped[int] = mapped_column(server_default="0")


def digest(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def as_actor(member: Member) -> Rep:
    """A member of staff as an actor."""
    return Rep(member.id, Role(member.role), member.name, member.language, member.address, bool(member.text_only))


def authorise(session: Session, actor: Actor, action: Action) -> Member | None:
    """Refuse unless this actor may do this now; a role is read here, in the transaction of the deed, so that a removal works at once."""
    if isinstance(actor, System):
        return None
    member = session.get(Member, actor.id) if isinstance(actor, Rep) else None
    if member is None or not member.active or not may(Role(member.role), action):
        raise Forbidden
    return member


def member_of(session: Session, rep_id: int) -> Member:
    """An active member of staff."""
    member = session.get(Member, rep_id)
    if member is None or not member.active:
        raise NotFound("no such member of staff")
    return member


def keep_a_manager(session: Session, member: Member) -> None:
    """Refuse what would leave the firm without a manager."""
    others = select(Member.id).where(Member.active == 1, Member.role == Role.MANAGER.value, Member.id != member.id).limit(1)
    if member.active and member.role == Role.MANAGER and session.scalar(others) is None:
        raise LastManager


def rep_at(session: Session, address: str) -> Rep | None:
    """The active member of staff at an address, if there is one."""
    member = session.scalar(select(Member).where(Member.address == address, Member.active == 1))
    return as_actor(member) if member else None


def reps(session: Session, *, role: Role | None = None, available: bool = False) -> list[Rep]:
    """The active staff, oldest first; only those on duty when `available`."""
    question = select(Member).where(Member.active == 1).order_by(Member.id)
    if role:
        question = question.where(Member.role == role.value)
    if available:
        question = question.where(Member.available == 1)
    return [as_actor(member) for member in session.scalars(question)]


def invite(session: Session, actor: Actor, role: Role, secret: str, *, now: int) -> int:
    """Open a way in for one person; `secret` is 128 random bits and goes into the link. Answers when it expires."""
    authorise(session, actor, Action.INVITE)
    issuer = actor.id if isinstance(actor, Rep) else None
    number = next(take_ids(session, 1))
    add_new(session, Invite, [{"id": number, "digest": digest(secret), "role": role.value, "issued_by": issuer, "expires_at": now + INVITE_MS}])
    record(session, Change("invite", number, "invited", actor, after={"role": role.value}), now=now)
    return now + INVITE_MS


def join(session: Session, secret: str, *, address: str, name: str, language: str, now: int) -> tuple[Rep, int | None]:
    """Use an invitation, once; answers the new member and who invited them. A member who uses another one takes its role."""
    tries = session.scalar(select(Stranger.failures).where(Stranger.address == address)) or 0
    if tries >= FAILURES_MOST:
        raise Forbidden
    claimed = session.execute(
        update(Invite)
        .where(Invite.digest == digest(secret), Invite.used_by.is_(None), Invite.expires_at > now)
        .values(used_at=now, used_by=0)
        .returning(Invite.id, Invite.role, Invite.issued_by)
    ).first()
    if claimed is None:
        raise Expired
    member = session.scalar(select(Member).where(Member.address == address))
    if member is None:
        number = next(take_ids(session, 1))
        add_new(session, Member, [{"id": number, "address": address, "name": name, "role": claimed.role, "language": language, "created_at": now}])
        member = session.get_one(Member, number)
    else:
        if claimed.role != Role.MANAGER and claimed.issued_by is not None:  # one made at the machine itself may do anything
            keep_a_manager(session, member)
        if claimed.role != Role.MANAGER:
            end_invitations(session, member.id, now=now)
        member.role, member.active, member.available = claimed.role, 1, 1
    session.execute(update(Invite).where(Invite.id == claimed.id).values(used_by=member.id))
    rep = as_actor(member)
    record(session, Change("rep", member.id, "joined", rep, after={"role": claimed.role}, once=f"invite:{claimed.id}"), now=now)
    return rep, claimed.issued_by


def end_invitations(session: Session, rep_id: int, *, now: int) -> None:
    """Whoever may not invite any more must not come back by a link of their own."""
    session.execute(update(Invite).where(Invite.issued_by == rep_id, Invite.used_by.is_(None), Invite.expires_at > now).values(expires_at=now))


def still_members(session: Session, rep_ids: Collection[int]) -> set[int]:
    """Who of these is of the staff now."""
    return set(session.scalars(select(Member.id).where(Member.id.in_(rep_ids), Member.active == 1)))


def count_failure(session: Session, address: str) -> None:
    """Count a wrong invitation."""
    add_new(session, Stranger, [{"id": next(take_ids(session, 1)), "address": address}])
    session.execute(update(Stranger).where(Stranger.address == address).values(failures=Stranger.failures + 1))


def set_available(session: Session, actor: Rep, available: bool, *, now: int) -> None:
    """Go on duty or off duty."""
    member = authorise(session, actor, Action.BE_AVAILABLE)
    assert member is not None
    if member.available != int(available):
        member.available = int(available)
        record(session, Change("rep", member.id, "available" if available else "away", actor), now=now)


def set_text_only(session: Session, actor: Rep, text_only: bool, *, now: int) -> None:
    """Have photos and files named rather than shown, where data is dear, or shown again."""
    member = session.get(Member, actor.id)
    if member is None or not member.active:
        raise NotFound
    if member.text_only != int(text_only):
        member.text_only = int(text_only)
        session.flush()
        record(session, Change("rep", member.id, "text_only" if text_only else "with_files", actor), now=now)


def set_language(session: Session, actor: Rep, language: str, *, now: int) -> None:
    """Choose the language the staff bot speaks to this member."""
    member = session.get(Member, actor.id)
    if member is None or not member.active:
        raise NotFound
    if member.language != language:
        before, member.language = member.language, language
        record(session, Change("rep", member.id, "language", actor, before={"language": before}, after={"language": language}), now=now)
