"""Queue: how the waiting customers of a team, or of the whole firm, come to somebody: in which way, how fast, how many at a time."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from sqlalchemy import UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor
from crm.base.errors import Invalid
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.base.text import clean_name
from crm.base.time import DAY, MINUTE
from crm.people.reps import Member, authorise, member_of
from crm.people.teams import TeamRow

FIRM = 0
"""The number of the queue that is of no team."""
WORD_MOST, WORDS_MOST, CAP_MOST = 30, 30, 1000
ACCEPT_LEAST = 10_000


class Way(StrEnum):
    """How a waiting customer comes to somebody."""

    EVERYBODY = "everybody"
    """All who are on duty see them, and whoever is first takes them."""
    EVEN = "even"
    """One is asked at a time: who got the fewest in the last 24 hours."""
    LOAD = "load"
    """One is asked at a time: who has the fewest now."""


class QueueRow(Row):
    """What a manager said of a queue; `team_id` 0 is the firm's own. Times are ms: `accept_ms` of the clock, the others of working time (0 = not said).

    `cap` is how many conversations somebody has at most (0 = no limit); `absent_ms` after how long a customer of somebody who is away is anybody's.
    """

    __tablename__ = "queues"
    team_id: Mapped[int] = mapped_column(unique=True)
    way: Mapped[str] = mapped_column(server_default="everybody")
    accept_ms: Mapped[int] = mapped_column(server_default="120000")
    cap: Mapped[int] = mapped_column(server_default="0")
    answer_within: Mapped[int] = mapped_column(server_default="0")
    next_within: Mapped[int] = mapped_column(server_default="0")
    absent_ms: Mapped[int] = mapped_column(server_default="1800000")


class ChannelQueue(Row):
    """A channel account whose customers come to a team's queue; those of all others come to the firm's."""

    __tablename__ = "queue_channels"
    account: Mapped[str] = mapped_column(unique=True)
    team_id: Mapped[int]


class Skill(Row):
    """What a member can do: `kind` language (its code) or skill (a word customers use for it)."""

    __tablename__ = "skills"
    rep_id: Mapped[int]
    kind: Mapped[str]
    word: Mapped[str]
    __table_args__ = (UniqueConstraint("rep_id", "kind", "word"),)


@dataclass(frozen=True, slots=True)
class Queue:
    """How one queue goes; `own` = it was said of this team itself, else it is as the firm's."""

    team_id: int | None = None
    way: Way = Way.EVERYBODY
    accept_ms: int = 2 * MINUTE
    cap: int = 0
    answer_within: int = 0
    next_within: int = 0
    absent_ms: int = 30 * MINUTE
    own: bool = False

    @property
    def asks(self) -> bool:
        """Whether one member is asked at a time."""
        return self.way is not Way.EVERYBODY


@dataclass(frozen=True, slots=True)
class Queues:
    """All queues of the firm: its own, and those of teams of which something was said; `channels` come to teams by themselves."""

    firm: Queue = field(default_factory=Queue)
    teams: Mapping[int, Queue] = field(default_factory=dict)
    channels: Mapping[str, int] = field(default_factory=dict)

    def of(self, team_id: int | None) -> Queue:
        """The queue of a team; one of which nothing was said goes as the firm's."""
        if not team_id:
            return self.firm
        return self.teams.get(team_id) or replace(self.firm, team_id=team_id, own=False)

    @property
    def ask(self) -> bool:
        """Whether in any of them one member is asked at a time."""
        return self.firm.asks or any(queue.asks for queue in self.teams.values())


@dataclass(frozen=True, slots=True)
class Talents:
    """What a member can do: the languages they speak (none = nobody said), and their skills."""

    languages: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()


LEARNT = {("language", True): "language_on", ("language", False): "language_off", ("skill", True): "skill_on", ("skill", False): "skill_off"}
"""What is put on record of a member's languages and skills."""
LEAST_MOST: Mapping[str, tuple[int, int]] = {
    "accept_ms": (ACCEPT_LEAST, DAY),
    "cap": (0, CAP_MOST),
    "answer_within": (0, 30 * DAY),
    "next_within": (0, 30 * DAY),
    "absent_ms": (0, 30 * DAY),
}


def queues(session: Session) -> Queues:
    """How all queues go now; a team that has ended has none."""
    question = select(QueueRow).outerjoin(TeamRow, TeamRow.id == QueueRow.team_id)
    rows = session.scalars(question.where((QueueRow.team_id == FIRM) | (TeamRow.ended_at == 0)).order_by(QueueRow.team_id))
    found = {row.team_id: _queue(row) for row in rows}
    channels = select(ChannelQueue.account, ChannelQueue.team_id).join(TeamRow, TeamRow.id == ChannelQueue.team_id).where(TeamRow.ended_at == 0)
    return Queues(found.pop(FIRM, Queue()), found, {row.account: row.team_id for row in session.execute(channels)})


def _queue(row: QueueRow) -> Queue:
    numbers = {name: int(getattr(row, name)) for name in LEAST_MOST}
    return Queue(row.team_id or None, Way(row.way), own=True, **numbers)


def set_way(session: Session, actor: Actor, team_id: int | None, way: Way, *, now: int) -> Queue:
    """A manager says in which way a queue goes; answers how it went before."""
    authorise(session, actor, Action.SET_QUEUES)
    before = _row(session, team_id)
    went = _queue(before)
    if before.way != way:
        before.way = way.value
        session.flush()
        record(session, Change("queue", team_id or FIRM, "way", actor, {"way": went.way.value}, {"way": way.value}), now=now)
    return went


def set_number(session: Session, actor: Actor, team_id: int | None, name: str, value: int, *, now: int) -> Queue:
    """A manager says one of a queue's numbers, a column of `QueueRow`; raises `Invalid` where it makes no sense. Answers how it went before."""
    authorise(session, actor, Action.SET_QUEUES)
    if name not in LEAST_MOST or not LEAST_MOST[name][0] <= value <= LEAST_MOST[name][1]:
        raise Invalid("this number makes no sense here")
    row = _row(session, team_id)
    went = _queue(row)
    if getattr(row, name) != value:
        record(session, Change("queue", team_id or FIRM, name, actor, {name: getattr(row, name)}, {name: value}), now=now)
        setattr(row, name, value)
        session.flush()
    return went


def set_channel(session: Session, actor: Actor, account: str, team_id: int | None, *, now: int) -> None:
    """A manager says to which team's queue the customers of a channel come (None = the firm's); who was put somewhere already stays there."""
    authorise(session, actor, Action.SET_QUEUES)
    if team_id and session.scalar(select(TeamRow.id).where(TeamRow.id == team_id, TeamRow.ended_at == 0)) is None:
        raise Invalid("no such team")
    before = queues(session).channels.get(account)
    if before == team_id:
        return
    session.execute(delete(ChannelQueue).where(ChannelQueue.account == account))
    if team_id:
        add_new(session, ChannelQueue, [{"id": next(take_ids(session, 1)), "account": account, "team_id": team_id}])
    of = {"channel": account}
    record(session, Change("queue", team_id or before or FIRM, "channel", actor, {**of, "team": before}, {**of, "team": team_id}), now=now)


def forget_queue(session: Session, actor: Actor, team_id: int, *, now: int) -> None:
    """A team's queue goes as the firm's again."""
    authorise(session, actor, Action.SET_QUEUES)
    if session.execute(delete(QueueRow).where(QueueRow.team_id == team_id, QueueRow.team_id != FIRM).returning(QueueRow.id)).first():
        record(session, Change("queue", team_id, "as_firm", actor), now=now)


def _row(session: Session, team_id: int | None) -> QueueRow:
    """The row of a queue, made where there is none yet: a team begins as the firm's queue goes."""
    row = session.scalar(select(QueueRow).where(QueueRow.team_id == (team_id or FIRM)))
    if row is not None:
        return row
    if team_id and session.scalar(select(TeamRow.id).where(TeamRow.id == team_id, TeamRow.ended_at == 0)) is None:
        raise Invalid("no such team")
    now = queues(session).of(team_id)
    said = {"team_id": team_id or FIRM, "way": now.way.value, **{name: getattr(now, name) for name in LEAST_MOST}}
    add_new(session, QueueRow, [{"id": next(take_ids(session, 1)), **said}])
    return session.scalars(select(QueueRow).where(QueueRow.team_id == (team_id or FIRM))).one()


def talents(session: Session, rep_ids: Collection[int]) -> dict[int, Talents]:
    """What these members can do; of whom nothing was said is not among them."""
    found: dict[int, dict[str, set[str]]] = {}
    for row in session.execute(select(Skill.rep_id, Skill.kind, Skill.word).where(Skill.rep_id.in_(rep_ids))):
        found.setdefault(row.rep_id, {"language": set(), "skill": set()})[row.kind].add(row.word)
    return {number: Talents(frozenset(one["language"]), frozenset(one["skill"])) for number, one in found.items()}


def set_talent(session: Session, actor: Actor, rep_id: int, kind: str, word: str, has: bool, *, now: int) -> bool:
    """A manager says that a member speaks a language, or is good at something, or not; answers whether that changed anything."""
    authorise(session, actor, Action.SET_QUEUES)
    member, word = member_of(session, rep_id), clean_name(word, WORD_MOST).casefold()
    if (kind, has) not in LEARNT or not word:
        raise Invalid("a skill is a word")
    there = (Skill.rep_id == member.id, Skill.kind == kind)
    if not has:
        changed = session.execute(delete(Skill).where(*there, Skill.word == word).returning(Skill.id)).first() is not None
    else:
        known = set(session.scalars(select(Skill.word).where(*there)))
        if len(known) >= WORDS_MOST and word not in known:
            raise Invalid("these are skills enough")
        changed = word not in known
        if changed:
            add_new(session, Skill, [{"id": next(take_ids(session, 1)), "rep_id": member.id, "kind": kind, "word": word}])
    if changed:
        on_record = LEARNT[kind, has]
        record(session, Change("rep", member.id, on_record, actor, after={kind: word}), now=now)
    return changed


def members_of(session: Session, team_id: int | None) -> list[Member]:
    """The active members of a team, or of the firm, oldest first."""
    question = select(Member).where(Member.active == 1).order_by(Member.id)
    return list(session.scalars(question.where(Member.team_id == team_id) if team_id else question))
