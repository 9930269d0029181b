"""Which role may do what, and whose work it sees; a pure table, read by `crm.people.reps.authorise` in the transaction of the deed."""

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
    FIND = "find"
    SEE_LEADS = "see_leads"
    CHANGE_LEAD = "change_lead"
    SEE_DEALS = "see_deals"
    CHANGE_DEAL = "change_deal"
    CHANGE_PERSON = "change_person"
    DO_TASK = "do_task"
    LEAVE_TASK = "leave_task"
    GIVE_TASK = "give_task"
    SEE_HISTORY = "see_history"
    WRITE_SNIPPETS = "write_snippets"
    BE_AVAILABLE = "be_available"
    INVITE = "invite"
    MAKE_OWNERS = "make_owners"
    STEER_TEAM = "steer_team"
    SEE_REPORTS = "see_reports"
    PROMOTE = "promote"
    FOLLOW_UP = "follow_up"
    SET_PIPELINES = "set_pipelines"
    SET_FIELDS = "set_fields"
    SETTLE_PARKED = "settle_parked"
    SETTLE_DELIVERY = "settle_delivery"
    RELEASE = "release"
    LINK_FORUM = "link_forum"
    IMPORT = "import"
    EXPORT = "export"
    ERASE = "erase"
    AUDIT = "audit"
    HAND_OVER = "hand_over"
    SET_QUEUES = "set_queues"
    PLAN_LEAVE = "plan_leave"
    SET_CALENDARS = "set_calendars"
    SET_PRICES = "set_prices"
    MAKE_DOCUMENTS = "make_documents"
    SET_LAYOUTS = "set_layouts"
    SEE_ORDERS = "see_orders"
    CHANGE_ORDER = "change_order"
    CONFIRM_PAYMENT = "confirm_payment"
    SEE_PROJECTS = "see_projects"
    CHANGE_PROJECT = "change_project"
    SET_BLUEPRINTS = "set_blueprints"
    SET_RULES = "set_rules"
    TAG = "tag"
    CAPTURE = "capture"
    SET_UP = "set_up"
    BACK_UP = "back_up"


class Scope(StrEnum):
    """Whose work somebody sees: their own, their team's, or everybody's."""

    OWN = "own"
    TEAM = "team"
    ALL = "all"


_GUEST = frozenset({Action.FIND, Action.SEE_LEADS, Action.SEE_DEALS, Action.SEE_ORDERS, Action.SEE_PROJECTS})
_TRAINEE = _GUEST | {
    Action.TALK,
    Action.TAKE,
    Action.NOTE,
    Action.CHANGE_LEAD,
    Action.CHANGE_DEAL,
    Action.CHANGE_PERSON,
    Action.DO_TASK,
    Action.BE_AVAILABLE,
    Action.HAND_OVER,
    Action.PLAN_LEAVE,
    Action.CHANGE_ORDER,
    Action.CHANGE_PROJECT,
    Action.TAG,
    Action.CAPTURE,
}
_REP = _TRAINEE | {
    Action.BLOCK,
    Action.MERGE,
    Action.SETTLE_DELIVERY,
    Action.SEE_HISTORY,
    Action.LEAVE_TASK,
    Action.WRITE_SNIPPETS,
    Action.MAKE_DOCUMENTS,
    Action.CONFIRM_PAYMENT,
}
_MANAGER = frozenset(Action) - {Action.MAKE_OWNERS}
_MAY: dict[Role, frozenset[Action]] = {
    Role.OWNER: frozenset(Action),
    Role.MANAGER: _MANAGER,
    Role.REP: _REP,
    Role.TRAINEE: _TRAINEE,
    Role.GUEST: _GUEST,
}
_SCOPE: dict[Role, Scope] = {Role.OWNER: Scope.ALL, Role.MANAGER: Scope.ALL, Role.REP: Scope.OWN, Role.TRAINEE: Scope.OWN, Role.GUEST: Scope.TEAM}
_MASKED = frozenset({Role.TRAINEE, Role.GUEST})


def may(role: Role, action: Action) -> bool:
    """Whether a role may do an action."""
    return action in _MAY[role]


def scope_of(role: Role) -> Scope:
    """Whose work a role sees where nothing else was said."""
    return _SCOPE[role]


def sees_points(role: Role) -> bool:
    """Whether a role reads phones and e-mails in full where nothing else was said."""
    return role not in _MASKED
