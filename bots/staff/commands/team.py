"""/team: who is of the staff; roles, teams and scopes are changed, members removed, invitations taken back, by buttons."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bots.staff import menus
from bots.staff.commands import team_facts
from bots.staff.crew import given_back
from bots.staff.posts import ACCOUNT, Key, Keys, Mail, Post, put
from bots.staff.visit import Command, Done, Group, Visit
from bots.staff.words import CANCEL, HISTORY, MORE, ROLES
from crm.base.actors import Rep, Role
from crm.base.db import Session
from crm.base.errors import Expired, NotFound
from crm.base.i18n import N_, N_button, Translator, translator
from crm.base.policy import Action, may
from crm.conversations.leaving import Colleague, colleagues
from crm.people import steps, team
from crm.people.desk import CONFIRM_MS, Intent
from crm.people.team import Invitation
from crm.reports.words import plain_name
from crm.sales.leaving import leave

PAGE = 5
REMOVE, SURE = N_button("Remove"), N_button("Yes, remove")
TEAM, INVITATIONS, ROLE, SEES = N_button("The team"), N_button("Open invitations"), N_button("Another role"), N_button("Team and sight")
MAKE = {
    Role.OWNER: N_button("Make an owner"),
    Role.MANAGER: N_button("Make a manager"),
    Role.REP: N_button("Make a rep"),
    Role.TRAINEE: N_button("Make a trainee"),
    Role.GUEST: N_button("Make a guest"),
}
FORGET = N_button("Forget their PIN")
NOW = {
    Role.OWNER: N_("You are an owner now. See /help for what you can do."),
    Role.MANAGER: N_("You are a manager now. See /help for what you can do."),
    Role.REP: N_("You are a rep now. See /help for what you can do."),
    Role.TRAINEE: N_("You are a trainee now. See /help for what you can do."),
    Role.GUEST: N_("You are a guest for a week now. See /help for what you can do."),
}


def deed(session: Session, visit: Visit) -> Done:
    """Show the team."""
    return Done((_team(session, visit, 0),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button asks for; what is shown takes the place of the page that was pressed."""
    match intent.detail:
        case "page":
            return _edited(visit, _team(session, visit, intent.target))
        case "one" | "ask" | "roles":
            shown = {"one": one_of, "ask": _sure, "roles": _roles}[intent.detail]
            return _edited(visit, shown(session, visit, _the(session, visit, intent.target)))
        case "remove":
            return _removed(session, visit, intent.target)
        case "forget_pin":
            return _forgotten(session, visit, intent.target)
        case "invitations":
            return _edited(visit, _invitations(session, visit))
        case "revoke":
            team.revoke(session, visit.rep, intent.target, now=visit.now)
            return _edited(visit, _invitations(session, visit), visit.tr("The link lets nobody in any more."))
    if intent.detail in set(Role):
        return _changed(session, visit, intent.target, Role(intent.detail))
    raise Expired


def _team(session: Session, visit: Visit, page: int) -> Post:
    tr, found = visit.tr, colleagues(session, visit.rep)
    open_ones = team.invitations(session, visit.rep, now=visit.now)
    page = page if 0 <= page * PAGE < len(found) else 0
    head = [tr.many("The team: {n} person.", "The team: {n} people.", len(found))]
    if open_ones:
        head.append(tr.many("{n} invitation is open.", "{n} invitations are open.", len(open_ones)))
    keys = [(Key(_label(tr, one), _intent("one", one.rep.id)),) for one in found[page * PAGE : (page + 1) * PAGE]]
    more = Key(tr.button(MORE), _intent("page", (page + 1) % -(-len(found) // PAGE)))
    below = [menus.command_key(tr, "invite"), *([Key(tr.button(INVITATIONS), _intent("invitations"))] if open_ones else ())]
    return Post(" ".join(head), (*keys, *([(more,)] if len(found) > PAGE else ()), tuple(below)))


def _label(tr: Translator, one: Colleague) -> str:
    duty = "🟢" if one.available else "⚪"
    return f"{duty} {plain_name(tr, one.rep.name, 24)} · {tr(ROLES[one.rep.role])}"


def one_of(session: Session, visit: Visit, one: Colleague) -> Post:
    """One member, with what may be changed."""
    tr = visit.tr
    lines = [
        f"{plain_name(tr, one.rep.name)} · {tr(ROLES[one.rep.role])}",
        tr("On duty") if one.available else tr("Off duty"),
        tr.many("{n} conversation taken", "{n} conversations taken", one.taken),
        tr("Here since {when}", when=tr.when(one.joined_at, visit.company.zone, visit.now)),
        *team_facts.lines(session, visit, one.rep.id),
    ]
    keys: Keys = (
        (Key(tr.button(ROLE), _intent("roles", one.rep.id)), Key(tr.button(SEES), Intent("team_facts", one.rep.id, "show"))),
        (Key(tr.button(HISTORY), Intent("history", one.rep.id, "rep")), Key(tr.button(REMOVE), _intent("ask", one.rep.id))),
        *_pin_keys(session, visit, one),
        _back(tr),
    )
    return Post("\n".join(lines), keys)


def _pin_keys(session: Session, visit: Visit, one: Colleague) -> Keys:
    """A forgotten PIN is taken away by a colleague, an owner's by another owner."""
    allowed = one.rep.id != visit.rep.id and (one.rep.role is not Role.OWNER or may(visit.rep.role, Action.MAKE_OWNERS))
    return ((Key(visit.tr.button(FORGET), _intent("forget_pin", one.rep.id)),),) if allowed and steps.has_pin(session, one.rep) else ()


def _forgotten(session: Session, visit: Visit, rep_id: int) -> Done:
    one = _the(session, visit, rep_id)
    steps.forget_pin(session, visit.rep, rep_id, now=visit.now)
    _tell(session, visit, one.rep, N_("Your PIN was taken away, since you had forgotten it. Choose another one with /pin."))
    words = visit.tr("{name} has no PIN now.", name=plain_name(visit.tr, one.rep.name))
    return _edited(visit, one_of(session, visit, one), words)


def _roles(session: Session, visit: Visit, one: Colleague) -> Post:
    """Which role shall it be; an owner's is changed by an owner alone."""
    tr = visit.tr
    mighty = may(visit.rep.role, Action.MAKE_OWNERS)
    wanted = [role for role in Role if role is not one.rep.role and (mighty or Role.OWNER not in (role, one.rep.role))]
    keys = [Key(tr.button(MAKE[role]), _intent(role, one.rep.id)) for role in wanted]
    words = tr("{name} is a {role} now.", name=plain_name(tr, one.rep.name), role=tr(ROLES[one.rep.role]))
    return Post(f"{words} {_meaning(tr)}", (*menus.in_rows(keys), (Key(tr.button(CANCEL), _intent("one", one.rep.id)),)))


def _meaning(tr: Translator) -> str:
    return tr(
        "An owner may do everything. A manager steers and sees all work. A rep answers customers. "
        "A trainee does so, too, but sees no full phones or e-mails. A guest only looks on, for a while."
    )


def _sure(session: Session, visit: Visit, one: Colleague) -> Post:
    tr = visit.tr
    words = [
        tr("Remove {name} from the team?", name=plain_name(tr, one.rep.name)),
        tr.many("{n} conversation goes back to the inbox.", "{n} conversations go back to the inbox.", one.taken) if one.taken else "",
        tr("They can come back by a new invitation only."),
    ]
    keys = ((Key(tr.button(SURE), _intent("remove", one.rep.id)), Key(tr.button(CANCEL), _intent("one", one.rep.id))),)
    return Post(" ".join(filter(None, words)), keys, lasts=CONFIRM_MS)


def _changed(session: Session, visit: Visit, rep_id: int, role: Role) -> Done:
    before = _the(session, visit, rep_id).rep
    after = team.change_role(session, visit.rep, rep_id, role, now=visit.now)
    if before.role is not role:
        _tell(session, visit, after, NOW[role])
    if rep_id == visit.rep.id:
        return replace(_edited(visit, Post(visit.tr(NOW[role]), menus.home(visit.tr))), dress=True)
    words = visit.tr("{name} is a {role} now.", name=plain_name(visit.tr, after.name), role=visit.tr(ROLES[role]))
    return replace(_edited(visit, one_of(session, visit, _the(session, visit, rep_id)), words), dressed=(after,))


def _removed(session: Session, visit: Visit, rep_id: int) -> Done:
    handed = leave(session, visit.rep, rep_id, ACCOUNT, now=visit.now)
    rep, tr = handed.rep, visit.tr
    _tell(session, visit, rep, N_("You are not of the team any more. Thank you for your work."))
    words = tr("{name} is not of the team any more.", name=plain_name(tr, rep.name))
    if rep_id == visit.rep.id:
        return Done(toast=words, dressed=(rep,))
    back = [given_back(tr, handed.conversations), team_facts.sold_back(tr, handed)]
    return replace(_edited(visit, Post(" ".join(filter(None, (words, *back))), (_back(tr), *menus.home(tr))), words), dressed=(rep,))


def _tell(session: Session, visit: Visit, rep: Rep, phrase: str) -> None:
    """Say something to another member, in their language; to oneself it is the answer already."""
    if rep.id != visit.rep.id or phrase not in NOW.values():
        mail = Mail(rep, Post(translator(rep.language)(phrase)), f"{visit.once}:told:{rep.id}")
        put(session, [mail], visit.company.link_key, now=visit.now)


def _invitations(session: Session, visit: Visit) -> Post:
    tr, found = visit.tr, team.invitations(session, visit.rep, now=visit.now)
    if not found:
        return Post(tr("No invitation is open."), (_back(tr),))
    shown: Sequence[Invitation] = found[: menus.MOST - 1]
    words = [tr("Open invitations. Press one to take it back:"), *_lines(visit, shown)]
    keys = [Key(tr.button("✖️ Take back {n}", n=place), _intent("revoke", one.id)) for place, one in enumerate(shown, 1)]
    return Post("\n".join(words), (*menus.in_rows(keys), _back(tr)))


def _lines(visit: Visit, shown: Sequence[Invitation]) -> Iterator[str]:
    tr = visit.tr
    for place, one in enumerate(shown, 1):
        issuer, until = plain_name(tr, one.issuer, 24), tr.when(one.expires_at, visit.company.zone, visit.now)
        facts = [tr(ROLES[one.role]), tr("by {name}", name=issuer) if one.issuer else "", tr("until {when}", when=until)]
        yield f"{place}. {' · '.join(filter(None, facts))}"


def _the(session: Session, visit: Visit, rep_id: int) -> Colleague:
    found = next((one for one in colleagues(session, visit.rep) if one.rep.id == rep_id), None)
    if found is None:
        raise NotFound
    return found


def _intent(what: str, target: int = 0) -> Intent:
    return Intent("team", target, what)


def _back(tr: Translator) -> tuple[Key, ...]:
    return (Key(tr.button(TEAM), _intent("page")),)


def _edited(visit: Visit, post: Post, toast: str = "") -> Done:
    return Done((replace(post, edits=visit.replied_to or 0),), toast)


COMMAND = Command(
    "team",
    N_("The team: roles, invitations, removal"),
    deed,
    Action.STEER_TEAM,
    presses={"team": turn, "team_facts": team_facts.turn},
    listeners={"team_name": team_facts.named},
    group=Group.TEAM,
)
