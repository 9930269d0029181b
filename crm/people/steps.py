"""Step-up: before what hurts most, a member shows once more that it is they: by their PIN, or by the button of a second manager."""

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Index, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor, Rep, Role
from crm.base.errors import Expired, Forbidden, Invalid, Locked, StepUp
from crm.base.history import Change, record
from crm.base.policy import Action, may
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.base.time import DAY, MINUTE
from crm.people.reps import Invite, Member, authorise

FRESH_MS = 5 * MINUTE
ASKED_MS = 10 * MINUTE
TRIES = 5
YOUNG_MS = DAY
LOCK_MS = 15 * MINUTE
# scrypt of 8 MB: 20 ms on the writer; a PIN has few digits, so what keeps it is the lock after five tries, and that nobody reads the database.
_COST, _BLOCKS = 2**13, 8


class What(StrEnum):
    """What is not done without a second look."""

    ROLE = "role"
    EXPORT = "export"
    ERASE = "erase"
    SEND = "send"
    FORGET = "forget_pin"


class Pin(Row):
    """A member's PIN, as its hash; five wrong tries lock it for a while. `set_at` is when they chose their first."""

    __tablename__ = "pins"
    rep_id: Mapped[int] = mapped_column(unique=True)
    digest: Mapped[str]
    tries: Mapped[int] = mapped_column(server_default="0")
    locked_until: Mapped[int] = mapped_column(server_default="0")
    set_at: Mapped[int]


class StepRow(Row):
    """One time somebody was asked to show that it is they; `about` is the very deed, which a second manager's word is good for and nothing else."""

    __tablename__ = "step_ups"
    rep_id: Mapped[int]
    what: Mapped[str]
    about: Mapped[str] = mapped_column(server_default="")
    asked_at: Mapped[int]
    confirmed_at: Mapped[int] = mapped_column(server_default="0")
    confirmed_by: Mapped[int | None]
    __table_args__ = (Index("step_ups_rep", "rep_id", "asked_at"),)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a second manager is asked to agree to: who wants it, what, about whom or what."""

    id: int
    rep_id: int
    what: What
    about: str


def require(session: Session, actor: Actor, what: What, about: str = "", *, now: int) -> None:
    """Refuse by `StepUp` unless this member has shown within five minutes that it is they; what the product or the machine itself does is let through.

    `about` names the very deed, such as "7:manager"; a PIN is good for all deeds of the kind, a second manager's word for this one, once.
    """
    if not isinstance(actor, Rep):
        return
    fresh = select(StepRow).where(StepRow.rep_id == actor.id, StepRow.what == what.value, StepRow.confirmed_at > now - FRESH_MS)
    young = counts_from(session, actor) > now
    for row in session.scalars(fresh.order_by(StepRow.id.desc()).limit(TRIES).with_for_update()):  # two deeds at once do not share one word
        if row.confirmed_by == actor.id and not young:
            return
        if row.confirmed_by != actor.id and row.about == about:
            session.delete(row)  # a word that was given once is good for one deed
            session.flush()
            return
    raise StepUp(what.value, about)


def counts_from(session: Session, actor: Rep) -> int:
    """From when a member's PIN counts (0 = it does): the first one of whoever came to steer by a colleague counts after a day, so that others can object."""
    chosen = session.scalar(select(Pin.set_at).where(Pin.rep_id == actor.id))
    if chosen is None:
        return 0
    came = select(Invite.role, Invite.issued_by).where(Invite.used_by == actor.id).order_by(Invite.used_at.desc(), Invite.id.desc()).limit(1)
    found = session.execute(came).first()
    return 0 if found and found.issued_by is None and may(Role(found.role), Action.STEER_TEAM) else chosen + YOUNG_MS


def has_pin(session: Session, actor: Rep) -> bool:
    """Whether a member has chosen a PIN."""
    return session.scalar(select(Pin.id).where(Pin.rep_id == actor.id)) is not None


def choose(session: Session, actor: Rep, digits: str, *, now: int) -> None:
    """Choose a PIN of four to eight digits; a new one needs the old one first (`confirm` of the last five minutes)."""
    _of_staff(session, actor)
    if not (digits.isascii() and digits.isdecimal() and 4 <= len(digits) <= 8):
        raise Invalid("a PIN has four to eight digits")
    if len(set(digits)) == 1 or digits in "0123456789" or digits in "9876543210":
        raise Invalid("this PIN is the first that anybody would try")
    before = session.scalar(select(Pin).where(Pin.rep_id == actor.id))
    if before is not None:
        if not _fresh(session, actor, now):
            raise StepUp("pin", "")
        before.digest, before.tries, before.locked_until = _hashed(digits), 0, 0
        session.flush()
    else:
        add_new(session, Pin, [{"id": next(take_ids(session, 1)), "rep_id": actor.id, "digest": _hashed(digits), "set_at": now}])
    record(session, Change("rep", actor.id, "pin_chosen", actor), now=now)


class Fits(StrEnum):
    """Whether a PIN was right; `LOCKED` by this very try."""

    YES = "yes"
    NO = "no"
    LOCKED = "locked"


def confirm(session: Session, actor: Rep, what: str, digits: str, *, now: int) -> Fits:
    """Whether this is the member's PIN; then what they wanted is let through for five minutes. Raises `Locked` for a while after five wrong ones."""
    _of_staff(session, actor)
    pin = session.scalar(select(Pin).where(Pin.rep_id == actor.id).with_for_update())
    if pin is None:
        raise Expired("there is no PIN")
    if pin.locked_until > now:
        raise Locked
    if not _fits(pin.digest, digits):
        pin.tries += 1
        if pin.tries >= TRIES:
            pin.tries, pin.locked_until = 0, now + LOCK_MS
            record(session, Change("rep", actor.id, "pin_locked", actor), now=now)
        session.flush()
        return Fits.LOCKED if pin.locked_until > now else Fits.NO
    pin.tries = 0
    _swept(session, now)
    row = {"rep_id": actor.id, "what": what, "asked_at": now, "confirmed_at": now, "confirmed_by": actor.id}
    add_new(session, StepRow, [{"id": next(take_ids(session, 1)), **row}])
    session.flush()
    record(session, Change("rep", actor.id, "stepped_up", actor, after={"what": what}), now=now)
    return Fits.YES


def ask_second(session: Session, actor: Rep, what: What, about: str, *, now: int) -> int:
    """Ask the other managers to agree; answers the number of the question, which is open for ten minutes."""
    authorise(session, actor, Action.STEER_TEAM)
    _swept(session, now)
    number = next(take_ids(session, 1))
    add_new(session, StepRow, [{"id": number, "rep_id": actor.id, "what": what.value, "about": about, "asked_at": now}])
    record(session, Change("rep", actor.id, "step_asked", actor, after={"what": what.value, "about": about}), now=now)
    return number


def asked(session: Session, number: int, *, now: int, answering: bool = False) -> Asked:
    """A question to a second manager, while it is open; whoever is `answering` it has it alone until they are done."""
    row = session.get(StepRow, number, with_for_update=answering)
    if row is None or row.confirmed_at or row.asked_at <= now - ASKED_MS:
        raise Expired
    return Asked(row.id, row.rep_id, What(row.what), row.about)


def agree(session: Session, actor: Rep, number: int, *, now: int) -> Asked:
    """A second manager agrees: what was asked may be done within five minutes, once. Nobody agrees to what they want themselves."""
    authorise(session, actor, Action.STEER_TEAM)
    question = asked(session, number, now=now, answering=True)
    if question.rep_id == actor.id:
        raise Forbidden
    row = session.get_one(StepRow, number)
    row.confirmed_at, row.confirmed_by = now, actor.id
    session.flush()
    record(session, Change("rep", question.rep_id, "step_agreed", actor, after={"what": question.what.value, "about": question.about}), now=now)
    return question


def refuse(session: Session, actor: Rep, number: int, *, now: int) -> None:
    """A second manager does not agree: the question is closed."""
    authorise(session, actor, Action.STEER_TEAM)
    question = asked(session, number, now=now, answering=True)
    if question.rep_id == actor.id:
        raise Forbidden
    session.delete(session.get_one(StepRow, number))
    session.flush()
    record(session, Change("rep", question.rep_id, "step_refused", actor, after={"what": question.what.value, "about": question.about}), now=now)


def forget(session: Session, rep_id: int) -> None:
    """Whoever leaves, or changes their role, has shown nothing any more."""
    session.execute(delete(StepRow).where(StepRow.rep_id == rep_id))


def forget_pin(session: Session, actor: Actor, rep_id: int, *, now: int) -> None:
    """Take a forgotten PIN away, so that a new one can be chosen; another manager does it after a second look, for an owner another owner, or the machine."""
    member = authorise(session, actor, Action.STEER_TEAM)
    if member is not None and member.id == rep_id:
        raise Forbidden
    target = session.get(Member, rep_id)
    if target is not None and target.role == "owner":
        authorise(session, actor, Action.MAKE_OWNERS)
    require(session, actor, What.FORGET, str(rep_id), now=now)
    if session.execute(delete(Pin).where(Pin.rep_id == rep_id).returning(Pin.id)).first() is not None:
        forget(session, rep_id)
        record(session, Change("rep", rep_id, "pin_forgotten", actor), now=now)


def _fresh(session: Session, actor: Rep, now: int) -> bool:
    own = (StepRow.rep_id == actor.id, StepRow.confirmed_by == actor.id, StepRow.what == "pin", StepRow.confirmed_at > now - FRESH_MS)
    return session.scalar(select(StepRow.id).where(*own).limit(1)) is not None


def _of_staff(session: Session, actor: Rep) -> None:
    member = session.get(Member, actor.id)
    if member is None or not member.active:
        raise Forbidden


def _swept(session: Session, now: int) -> None:
    session.execute(delete(StepRow).where(StepRow.asked_at < now - DAY))


def _hashed(digits: str) -> str:
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}:{_scrypt(digits, salt).hex()}"


def _fits(kept: str, digits: str) -> bool:
    salt, _, made = kept.partition(":")
    return secrets.compare_digest(_scrypt(digits, bytes.fromhex(salt)), bytes.fromhex(made))


def _scrypt(digits: str, salt: bytes) -> bytes:
    return hashlib.scrypt(digits.encode("utf-8", "replace"), salt=salt, n=_COST, r=_BLOCKS, p=1)
