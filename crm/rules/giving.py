"""Giving: to whom of a team a rule gives something, and how a conversation is given."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.base.actors import Rep, Role
from crm.base.errors import NotFound
from crm.base.policy import Action, may
from crm.base.settings import Company
from crm.conversations import handing
from crm.conversations.talk import held_by
from crm.conversations.threads import Conversation
from crm.people.calendars import at_work
from crm.people.reps import Member, expired
from crm.people.teams import TeamRow
from crm.rules.deeds import What
from crm.sales.deals import Deal, DealState
from crm.sales.leads import OPEN, Lead


def least_busy(session: Session, team_id: int, what: What, company: Company, *, now: int) -> int:
    """Whoever of a team has least of a kind: of those at work and on duty, or else of all; then who came first. Raises `NotFound` for an empty team."""
    members = [one for one in session.scalars(select(Member).where(Member.team_id == team_id, Member.active == 1)) if _deals(one, now)]
    there = at_work(session, company, [one.id for one in members], now=now)
    wanted = [one for one in members if one.available and one.id in there] or members
    if not wanted:
        raise NotFound("there is nobody in this team")
    loads = _loads(session, [one.id for one in wanted], what)
    return min(wanted, key=lambda one: (loads.get(one.id, 0), one.id)).id


def _deals(member: Member, now: int) -> bool:
    """Whether somebody deals with customers at all: a guest of the team has least of everything, and could do nothing with it."""
    return not expired(member, now) and may(Role(member.role), Action.TAKE)


def _loads(session: Session, rep_ids: list[int], what: What) -> dict[int, int]:
    table: type[Deal] | type[Lead] = Deal if what is What.DEAL else Lead
    mine = Deal.state == DealState.OPEN.value if what is What.DEAL else Lead.status.in_([status.value for status in OPEN])
    counted = select(table.rep_id, func.count()).where(table.rep_id.in_(rep_ids), mine).group_by(table.rep_id)
    return {rep_id: count for rep_id, count in session.execute(counted).all() if rep_id}


def give_talk(session: Session, actor: Rep, conversation: Conversation, rep_id: int, team_id: int, *, now: int) -> None:
    """Give a conversation to a member, or to a team's queue, which finds somebody in its own way; whoever has it already keeps it."""
    if team_id:
        if conversation.team_id != team_id:
            handing.hand_to_team(session, actor, conversation.id, team_id, now=now)
    elif held_by(session, conversation) != rep_id:
        handing.hand_over(session, actor, conversation.id, rep_id, now=now)


def team_names(session: Session) -> dict[int, str]:
    """What the teams are called, by their numbers, the oldest first."""
    return {team.id: team.name for team in session.scalars(select(TeamRow).where(TeamRow.ended_at == 0).order_by(TeamRow.id))}
