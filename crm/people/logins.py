"""Login: how staff come to the web inbox when Telegram is down: one-time links, and the sessions that they open."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor, Rep
from crm.base.errors import Expired, Forbidden, NotFound
from crm.base.history import Change, DomainEvent, record
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.base.text import clean_name
from crm.base.time import DAY, HOUR, MINUTE
from crm.people.reps import Member, as_actor, authorise, digest, expired

LOGIN_MS = 5 * MINUTE
SESSION_MS = 14 * DAY
SLIDE_MS = HOUR
AGENT = 160


class Login(Row):
    """A link that opens one session, once; only its hash is stored."""

    __tablename__ = "logins"
    digest: Mapped[str] = mapped_column(unique=True)
    rep_id: Mapped[int]
    expires_at: Mapped[int]
    used_at: Mapped[int | None]


class WebSession(Row):
    """A browser that a member of staff logged in with; it is good for the role they had then."""

    __tablename__ = "web_sessions"
    digest: Mapped[str] = mapped_column(unique=True)
    rep_id: Mapped[int] = mapped_column(index=True)
    role: Mapped[str]
    agent: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[int]
    seen_at: Mapped[int]
    expires_at: Mapped[int]


@dataclass(frozen=True, slots=True)
class Entered:
    """Who is behind a session, and which one it is."""

    rep: Rep
    session_id: int
    seen_at: int


@dataclass(frozen=True, slots=True)
class Browser:
    """One open session as its owner sees it; `agent` is what the browser calls itself."""

    id: int
    agent: str
    created_at: int
    seen_at: int


def issue(session: Session, actor: Actor, rep_id: int, secret: str, *, now: int) -> int:
    """Make a link good for a member; `secret` has at least 128 random bits. A rep makes their own only. Answers when it expires."""
    authorise(session, actor, Action.TALK)
    if isinstance(actor, Rep) and actor.id != rep_id:
        raise Forbidden
    _the(session, rep_id)
    session.execute(delete(Login).where(Login.expires_at < now - DAY))
    number = next(take_ids(session, 1))
    if add_new(session, Login, [{"id": number, "digest": digest(secret), "rep_id": rep_id, "expires_at": now + LOGIN_MS}]):
        record(session, Change("rep", rep_id, "web_link", actor), now=now)
    return now + LOGIN_MS


def good(session: Session, secret: str, *, now: int) -> bool:
    """Whether a link could be used now; asking changes nothing."""
    return bool(session.scalar(select(exists().where(Login.digest == digest(secret), Login.used_at.is_(None), Login.expires_at > now))))


def log_in(session: Session, secret: str, key: str, *, agent: str, now: int, before: str = "", lasts: int = SESSION_MS) -> Rep:
    """Use a link, once, and open a session under `key` (256 random bits) that ends `lasts` ms after its last use; the one under `before` ends."""
    claimed = session.execute(
        update(Login).where(Login.digest == digest(secret), Login.used_at.is_(None), Login.expires_at > now).values(used_at=now).returning(Login.rep_id),
        execution_options={"synchronize_session": False},
    ).first()
    if claimed is None:
        raise Expired
    member = _the(session, claimed.rep_id)
    session.execute(delete(WebSession).where((WebSession.digest == digest(before)) | (WebSession.expires_at <= now)))
    times = {"created_at": now, "seen_at": now, "expires_at": now + lasts}
    row = {"digest": digest(key), "rep_id": member.id, "role": member.role, "agent": clean_name(agent, AGENT), **times}
    add_new(session, WebSession, [{"id": next(take_ids(session, 1)), **row}])
    rep = as_actor(member)
    record(session, Change("rep", member.id, "web_login", rep), now=now)
    return rep


def enter(session: Session, key: str, *, now: int) -> Entered:
    """Who has this session, read in the transaction of what they do: raises `Expired` once it ended, the member left, or their role changed."""
    joined = select(WebSession, Member).join(Member, Member.id == WebSession.rep_id)
    found = session.execute(joined.where(WebSession.digest == digest(key))).one_or_none()
    if found is None:
        raise Expired
    kept, member = found
    if kept.expires_at <= now or not member.active or expired(member, now) or member.role != kept.role or _came_again(session, kept):
        raise Expired
    return Entered(as_actor(member), kept.id, kept.seen_at)


def _came_again(session: Session, kept: WebSession) -> bool:
    """Whether the member came in anew since: a role that was changed there and back has ended the session all the same."""
    about = (DomainEvent.subject == "rep", DomainEvent.subject_id == kept.rep_id, DomainEvent.kind == "joined")
    return bool(session.scalar(select(exists().where(*about, DomainEvent.at > kept.created_at))))


def slide(session: Session, key: str, *, now: int, lasts: int = SESSION_MS) -> None:
    """A session that is used lasts longer."""
    entered = enter(session, key, now=now)
    session.execute(update(WebSession).where(WebSession.id == entered.session_id).values(seen_at=now, expires_at=now + lasts))


def browsers(session: Session, actor: Rep, *, now: int) -> list[Browser]:
    """The open sessions of a member, the newest first."""
    wanted = select(WebSession).where(WebSession.rep_id == actor.id, WebSession.expires_at > now).order_by(WebSession.id.desc())
    return [Browser(row.id, row.agent, row.created_at, row.seen_at) for row in session.scalars(wanted)]


def end(session: Session, actor: Rep, session_ids: Sequence[int], *, now: int) -> int:
    """End sessions of one's own; answers how many there were."""
    gone = session.execute(
        delete(WebSession).where(WebSession.rep_id == actor.id, WebSession.id.in_(session_ids)).returning(WebSession.id),
        execution_options={"synchronize_session": False},
    )
    ids = list(gone.scalars())
    record(session, *(Change("rep", actor.id, "web_logout", actor, before={"session": number}) for number in ids), now=now)
    return len(ids)


def first_time(session: Session, entered: Entered, deed: str, key: str, *, now: int) -> bool:
    """Whether a member's deed with this key is done for the first time; it is put on record in the transaction of the deed."""
    once = f"web:{entered.rep.id}:{key}"
    session.execute(select(WebSession.id).where(WebSession.id == entered.session_id).with_for_update())  # the same form may come to two nodes at once
    if session.scalar(select(exists().where(DomainEvent.once == once))):
        return False
    record(session, Change("web_session", entered.session_id, "deed", entered.rep, after={"deed": deed}, once=once), now=now)
    return True


def _the(session: Session, rep_id: int) -> Member:
    member = session.get(Member, rep_id)
    if member is None or not member.active:
        raise NotFound("no such member of staff")
    return member


@dataclass(frozen=True, slots=True)
class Letter:
    """A link that was made at the machine: whom it lets in, and until when."""

    rep_id: int
    expires_at: int


class Letterbox:
    """A folder where whoever sits at the machine leaves links for the running product, which alone may write its database.

    A file is named by the hash of its secret, so that reading the folder lets nobody in.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def drop(self, secret: str, rep_id: int, *, now: int) -> int:
        """Leave a link; answers when it expires."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._sweep(now)
        part = self._folder / f"{digest(secret)}.part"
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            json.dump({"rep_id": rep_id, "expires_at": now + LOGIN_MS}, file)
        part.rename(self._folder / digest(secret))
        return now + LOGIN_MS

    def find(self, secret: str, *, now: int) -> Letter | None:
        """The link that was left under a secret, while it is good."""
        letter = _read(self._folder / digest(secret))
        return letter if letter and letter.expires_at > now else None

    def take(self, secret: str) -> None:
        """The link is in the database now."""
        (self._folder / digest(secret)).unlink(missing_ok=True)

    def _sweep(self, now: int) -> None:
        for path in self._folder.iterdir():
            letter = _read(path)
            if not path.suffix and (letter is None or letter.expires_at <= now):
                path.unlink(missing_ok=True)


def _read(path: Path) -> Letter | None:
    try:
        values = json.loads(path.read_text(encoding="ascii"))
        return Letter(int(values["rep_id"]), int(values["expires_at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def accept(session: Session, letter: Letter, secret: str) -> None:
    """Write a link from the letterbox into the database; the one that stands there already, perhaps used, stays as it is."""
    add_new(session, Login, [{"id": next(take_ids(session, 1)), "digest": digest(secret), "rep_id": letter.rep_id, "expires_at": letter.expires_at}])
