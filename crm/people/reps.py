"""Rep: the staff, their invitations, and whether they may do what they ask."""

import hashlib
import re
from collections.abc import Collection

from sqlalchemy import select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor, Rep, Role, System
from crm.base.errors import Expired, Forbidden, LastManager, LastOwner, NotFound
from crm.base.history import Change, record
from crm.base.policy import Action, may, sees_points
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.base.time import DAY, HOUR

INVITE_MS = 24 * HOUR
GUEST_MS = 7 * DAY
FULL, MASKED = "full", "masked"
STEERING = [role.value for role in Role if may(role, Action.STEER_TEAM)]
FAILURES_MOST = 5


class Member(Row):
    """A member of staff; `address` is their numeric id on the staff surface, never a username or a phone.

    `expires_at` ends a guest (0 = stays); `scope` and `points` (full, masked) are what was said besides their role ("" = as the role has it).
    `zone` is where they work ("" = where the firm does), `morning` whether their plan comes to them when the firm opens,
    `weekly` whether they read once a week what was done for them.
    """

    __tablename__ = "reps"
    address: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    language: Mapped[str]
    active: Mapped[int] = mapped_column(server_default="1")
    available: Mapped[int] = mapped_column(server_default="1")
    text_only: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[int]
    expires_at: Mapped[int] = mapped_column(server_default="0")
    team_id: Mapped[int | None]
    scope: Mapped[str] = mapped_column(server_default="")
    points: Mapped[str] = mapped_column(server_default="")
    username: Mapped[str] = mapped_column(server_default="")
    zone: Mapped[str] = mapped_column(server_default="")
    morning: Mapped[int] = mapped_column(server_default="1")
    weekly: Mapped[int] = mapped_column(server_default="1")


class Invite(Row):
    """A one-time, expiring link into the staff, bound to a role; only its hash is stored. `lasts` = how long the guest stays (ms)."""

    __tablename__ = "invites"
    digest: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    lasts: Mapped[int] = mapped_column(server_default="0")
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
    who, text_only, points = (member.id, Role(member.role), member.name, member.language, member.address), bool(member.text_only), points_full(member)
    return Rep(*who, text_only, points, member.zone, member.scope, member.team_id)


def points_full(member: Member) -> bool:
    """Whether phones and e-mails are shown to a member in full."""
    return member.points == FULL if member.points else sees_points(Role(member.role))


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
    """Refuse what would leave the firm without anybody who steers it, or, where there is an owner, without one."""
    role = Role(member.role)
    if not member.active or not may(role, Action.STEER_TEAM):
        return
    enough = [Role.OWNER.value] if role is Role.OWNER else STEERING
    others = select(Member.id).where(Member.active == 1, Member.role.in_(enough), Member.expires_at == 0, Member.id != member.id).limit(1)
    if session.scalar(others) is None:
        raise LastOwner if role is Role.OWNER else LastManager


def within_rank(session: Session, actor: Actor, member: Member, role: Role | None = None) -> None:
    """Refuse what only an owner may do: to change another owner, or to make one."""
    if Role.OWNER in (member.role, role):
        authorise(session, actor, Action.MAKE_OWNERS)


def rep_at(session: Session, address: str, *, now: int) -> Rep | None:
    """The active member of staff at an address, if there is one; a guest whose time is over is nobody."""
    member = session.scalar(select(Member).where(Member.address == address, Member.active == 1))
    return as_actor(member) if member and not expired(member, now) else None


def expired(member: Member, now: int) -> bool:
    """Whether a guest's time is over."""
    return 0 < member.expires_at <= now


def reps(session: Session, *, role: Role | None = None, available: bool = False, now: int = 0) -> list[Rep]:
    """The active staff, oldest first; only those on duty when `available`; without the guests whose time was over at `now`."""
    question = select(Member).where(Member.active == 1).order_by(Member.id)
    if role:
        question = question.where(Member.role == role.value)
    if available:
        question = question.where(Member.available == 1)
    return [as_actor(member) for member in session.scalars(question) if not expired(member, now)]


def invite(session: Session, actor: Actor, role: Role, secret: str, *, now: int, lasts: int = GUEST_MS) -> int:
    """Open a way in for one person and answer when it expires; a role that steers needs a second look.

    `secret` is 128 random bits and goes into the link; a guest stays for `lasts` ms.
    """
    from crm.people import steps  # it knows members, so that it is known here only when it is asked

    authorise(session, actor, Action.MAKE_OWNERS if role is Role.OWNER else Action.INVITE)
    if may(role, Action.STEER_TEAM):
        steps.require(session, actor, steps.What.ROLE, f"invite:{role.value}", now=now)
    issuer = actor.id if isinstance(actor, Rep) else None
    number = next(take_ids(session, 1))
    row = {"digest": digest(secret), "role": role.value, "issued_by": issuer, "expires_at": now + INVITE_MS}
    add_new(session, Invite, [{"id": number, **row, "lasts": lasts if role is Role.GUEST else 0}])
    record(session, Change("invite", number, "invited", actor, after={"role": role.value}), now=now)
    return now + INVITE_MS


def join(session: Session, secret: str, *, address: str, name: str, language: str, now: int) -> tuple[Rep, int | None]:
    """Use an invitation, once; answers the new member and who invited them. A member who uses another one takes its role.

    What an owner said of a member's sight stays; where the role changes, or they come back, they have shown nothing any more.
    """
    tries = session.scalar(select(Stranger.failures).where(Stranger.address == address)) or 0
    if tries >= FAILURES_MOST:
        raise Forbidden
    claimed = session.execute(
        update(Invite)
        .where(Invite.digest == digest(secret), Invite.used_by.is_(None), Invite.expires_at > now)
        .values(used_at=now, used_by=0)
        .returning(Invite.id, Invite.role, Invite.issued_by, Invite.lasts)
    ).first()
    if claimed is None:
        raise Expired
    role, issuer = _role_of(session, Role(claimed.role), claimed.issued_by), session.get(Member, claimed.issued_by) if claimed.issued_by else None
    member = session.scalar(select(Member).where(Member.address == address))
    if member is None:
        number = next(take_ids(session, 1))
        row = {"id": number, "address": address, "name": name, "role": role.value, "language": language, "created_at": now}
        add_new(session, Member, [{**row, **_no_wider(issuer, role)}])
        member = session.get_one(Member, number)
    else:
        _again(session, member, role, issuer, now=now)
    member.expires_at = now + claimed.lasts if claimed.lasts else 0
    session.flush()
    session.execute(update(Invite).where(Invite.id == claimed.id).values(used_by=member.id))
    rep = as_actor(member)
    record(session, Change("rep", member.id, "joined", rep, after={"role": role.value}, once=f"invite:{claimed.id}"), now=now)
    return rep, claimed.issued_by


def _again(session: Session, member: Member, role: Role, issuer: Member | None, *, now: int) -> None:
    """Somebody who is known takes the role of an invitation; one that was made at the machine itself may do anything."""
    from crm.people.team import start_anew

    if issuer is not None and member.active and member.role != role:
        _outranked(session, member, role, issuer)
    if issuer is not None and issuer.id == member.id:
        raise Forbidden
    if not may(role, Action.INVITE):
        end_invitations(session, member.id, now=now)
    if member.role != role or not member.active:
        start_anew(session, member.id)
    member.role, member.active, member.available = role.value, 1, 1


def _no_wider(issuer: Member | None, role: Role) -> dict[str, str]:
    """What is said of a newcomer's sight from the start: whoever sees less than their role has it lets nobody in who sees more."""
    said = {} if issuer is None or issuer.points != MASKED else {"points": MASKED}
    return {**said, "scope": issuer.scope} if issuer is not None and may(role, Action.STEER_TEAM) else said


def _role_of(session: Session, role: Role, issuer: int | None) -> Role:
    """The first manager who is invited at the machine itself is the owner."""
    if role is not Role.MANAGER or issuer is not None:
        return role
    owner = session.scalar(select(Member.id).where(Member.active == 1, Member.role == Role.OWNER.value).limit(1))
    return role if owner else Role.OWNER


def _outranked(session: Session, member: Member, role: Role, issuer: Member) -> None:
    """An owner gives the role up by the invitation of another owner only; a rise that nobody looked at twice is not made by a link."""
    ranks = list(Role)
    if (member.role == Role.OWNER and issuer.role != Role.OWNER) or (not may(role, Action.STEER_TEAM) and ranks.index(role) < ranks.index(Role(member.role))):
        raise Forbidden
    if not may(role, Action.STEER_TEAM) or member.role == Role.OWNER:
        keep_a_manager(session, member)


def crown(session: Session, *, now: int) -> int | None:
    """A firm from the time before there were owners: its oldest manager is one from now on; answers who, None where there was nothing to do."""
    if session.scalar(select(Member.id).where(Member.role == Role.OWNER.value).limit(1)) is not None:
        return None
    oldest = session.scalar(select(Member).where(Member.active == 1, Member.role == Role.MANAGER.value).order_by(Member.created_at, Member.id).limit(1))
    if oldest is None:
        return None
    oldest.role = Role.OWNER.value
    session.flush()
    told = Change("rep", oldest.id, "role", System("start"), {"role": Role.MANAGER.value}, {"role": Role.OWNER.value}, cause="the oldest manager")
    record(session, told, now=now)
    return oldest.id


def end_invitations(session: Session, rep_id: int, *, now: int) -> None:
    """Whoever may not invite any more must not come back by a link of their own."""
    session.execute(update(Invite).where(Invite.issued_by == rep_id, Invite.used_by.is_(None), Invite.expires_at > now).values(expires_at=now))


def goes_by(session: Session, rep_id: int, username: str) -> None:
    """Write down what a member is called on the staff surface, so that colleagues can name them in a note."""
    session.execute(update(Member).where(Member.id == rep_id, Member.username != username).values(username=username))


def named_in(session: Session, text: str) -> list[int]:
    """Who of the staff is named in words by @ and their username, their name, or its first word."""
    said = text.casefold()
    if "@" not in said:
        return []
    found = []
    for member in session.scalars(select(Member).where(Member.active == 1).order_by(Member.id)):
        name = member.name.casefold()
        called = {f"@{one}" for one in (member.username.casefold(), name, name.split(" ")[0]) if one}
        if any(re.search(rf"(?<!\w){re.escape(one)}(?!\w)", said) for one in called):
            found.append(member.id)
    return found


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
