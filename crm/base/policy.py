"""Which role may do what; a pure table, read by `crm.people.reps.authorise` in the transaction of the deed."""

from enum import StrEnum

from crm.base.actors import Role


class Action(StrEnum):
    """What staff may do or see."""

    TALK = "talk"
    TAKE = "take"
    TAKE_OVER = "take_over"
    NOTE = "note"
    BLOCK = "block"
    MERGE = "merge"
    SEE_LEADS = "see_leads"
    CHANGE_LEAD = "change_lead"
    BE_AVAILABLE = "be_available"
    INVITE = "invite"
    STEER_TEAM = "steer_team"
    SEE_REPORTS = "see_reports"
    PROMOTE = "promote"
    FOLLOW_UP = "follow_up"
    SETTLE_PARKED = "settle_parked"
    SETTLE_DELIVERY = "settle_delivery"
    RELEASE = "release"
    LINK_FORUM = "link_forum"


_REP = frozenset(
    {
        Action.TALK,
        Action.TAKE,
        Action.NOTE,
        Action.BLOCK,
        Action.MERGE,
        Action.SEE_LEADS,
        Action.CHANGE_LEAD,
        Action.BE_AVAILABLE,
        Action.SETTLE_DELIVERY,
    }
)
_MAY: dict[Role, frozenset[Action]] = {Role.REP: _REP, Role.MANAGER: frozenset(Action)}


def may(role: Role, action: Action) -> bool:
    """Whether a role may do an action."""
    return action in _MAY[role]
