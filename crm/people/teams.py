"""Team: members who share work; whoever leads one, or is told to by their scope, sees what all of it has."""

from dataclasses import dataclass

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor
from crm.base.errors import Invalid, NotFound
from crm.base.history import Change, record
from crm.base.policy import Action, Scope
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.base.text import clean_name
from crm.people.reps import Member, authorise, member_of, within_rank

NAME_MOST = 40
SHOWN = 30


class TeamRow(Row):
    """A team; `lead_id` is who leads it (None = nobody)."""

    __tablename__ = "teams"
    name: Mapped[str]
    lead_id: Mapped[int | None]
    created_at: Mapped[int]
    ended_at: Mapped[int] = mapped_column(server_default="0")


@dataclass(frozen=True, slots=True)
class TeamSeen:
    """A team in a list: who leads it ("" = nobody), how many are in it."""

    id: int
    name: str
    lead_id: int | None
    lead: str
    members: int


def teams(session: Session, actor: Actor) -> list[TeamSeen]:
    """The teams, oldest first."""
    authorise(session, actor, Action.STEER_TEAM)
    inside = select(func.count()).where(Member.team_id == TeamRow.id, Member.active == 1).correlate(TeamRow).scalar_subquery()
    rows = session.execute(
        select(TeamRow, Member.name, inside)
        .outerjoin(Member, (Member.id == TeamRow.lead_id) & (Member.active == 1))
        .where(TeamRow.ended_at == 0)
        .order_by(TeamRow.id)
        .limit(SHOWN)
    )
    return [TeamSeen(team.id, team.name, team.lead_id if lead else None, lead or "", int(count)) for team, lead, count in rows]


def teams_there(session: Session) -> list[TeamRow]:
    """The teams, oldest first, for whoever may hand something to one."""
    return list(session.scalars(select(TeamRow).where(TeamRow.ended_at == 0).order_by(TeamRow.id).limit(SHOWN)))


def found_team(session: Session, actor: Actor, name: str, *, now: int) -> int:
    """Make a team and answer its number; one of the same name is the same team."""
    authorise(session, actor, Action.STEER_TEAM)
    name = clean_name(name, NAME_MOST)
    if not name:
        raise Invalid("a team needs a name")
    there = session.scalar(select(TeamRow.id).where(TeamRow.name == name, TeamRow.ended_at == 0))
    if there is not None:
        return there
    number = next(take_ids(session, 1))
    add_new(session, TeamRow, [{"id": number, "name": name, "created_at": now}])
    record(session, Change("team", number, "founded", actor, after={"name": name}), now=now)
    return number


def end_team(session: Session, actor: Actor, team_id: int, *, now: int) -> None:
    """Dissolve a team: its members see their own work, as those without a team do."""
    authorise(session, actor, Action.STEER_TEAM)
    team = _the(session, team_id)
    session.execute(update(Member).where(Member.team_id == team_id).values(team_id=None), execution_options={"synchronize_session": False})
    team.ended_at, team.lead_id = now, None
    session.flush()
    session.expire_all()
    record(session, Change("team", team_id, "ended", actor, {"name": team.name}), now=now)


def put_in(session: Session, actor: Actor, rep_id: int, team_id: int | None, *, now: int) -> None:
    """Put a member into a team, or into none; whoever leads a team they are not in any more leads it no longer."""
    _steers(session, actor)
    member = member_of(session, rep_id)
    within_rank(session, actor, member)
    if team_id is not None:
        _the(session, team_id)
    before = member.team_id
    if before == team_id:
        return
    member.team_id = team_id
    session.execute(update(TeamRow).where(TeamRow.lead_id == rep_id).values(lead_id=None), execution_options={"synchronize_session": False})
    session.flush()
    record(session, Change("rep", rep_id, "team", actor, {"team": before}, {"team": team_id}), now=now)


def set_lead(session: Session, actor: Actor, rep_id: int, leads: bool, *, now: int) -> None:
    """Have a member lead the team they are in, in the place of whoever led it, or lead it no longer."""
    _steers(session, actor)
    member = member_of(session, rep_id)
    within_rank(session, actor, member)
    if member.team_id is None:
        raise Invalid("in no team")
    team = _the(session, member.team_id)
    wanted = rep_id if leads else None
    if team.lead_id == wanted or (not leads and team.lead_id != rep_id):
        return
    before, team.lead_id = team.lead_id, wanted
    session.flush()
    record(session, Change("team", team.id, "lead", actor, {"rep": before}, {"rep": wanted}), now=now)


def _steers(session: Session, actor: Actor) -> None:
    """Whose sight an owner has narrowed would widen it by whoever is put into their team: then only an owner does it."""
    steering = authorise(session, actor, Action.STEER_TEAM)
    if steering is not None and steering.scope not in ("", Scope.ALL):
        authorise(session, actor, Action.MAKE_OWNERS)


def leads_any(session: Session, rep_id: int) -> bool:
    """Whether a member leads a team."""
    return session.scalar(select(TeamRow.id).where(TeamRow.lead_id == rep_id, TeamRow.ended_at == 0).limit(1)) is not None


def teammates(session: Session, member: Member) -> frozenset[int]:
    """The numbers of everybody who is or was in a member's team, or in one they lead; themselves among them."""
    mine = select(TeamRow.id).where(TeamRow.lead_id == member.id, TeamRow.ended_at == 0)
    rows = session.scalars(select(Member.id).where(or_(Member.team_id == member.team_id, Member.team_id.in_(mine)), Member.team_id.is_not(None)))
    return frozenset(rows) | {member.id}


def leave_teams(session: Session, rep_id: int) -> None:
    """Whoever has left leads nothing."""
    session.execute(update(TeamRow).where(TeamRow.lead_id == rep_id).values(lead_id=None), execution_options={"synchronize_session": False})


def name_of_team(session: Session, team_id: int | None) -> str:
    """What a team is called ("" = there is none)."""
    team = session.get(TeamRow, team_id) if team_id else None
    return team.name if team and not team.ended_at else ""


def _the(session: Session, team_id: int) -> TeamRow:
    team = session.get(TeamRow, team_id)
    if team is None or team.ended_at:
        raise NotFound("no such team")
    return team
