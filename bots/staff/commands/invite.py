"""/invite rep|manager: a one-time link into the staff."""

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.visit import Command, Done, Group, Visit
from crm.base.actors import Role
from crm.base.db import Session
from crm.base.i18n import N_, N_button
from crm.base.policy import Action, may
from crm.people import reps
from crm.people.desk import Intent

ROLES = {
    Role.REP: N_button("A rep"),
    Role.MANAGER: N_button("A manager"),
    Role.TRAINEE: N_button("A trainee"),
    Role.GUEST: N_button("A guest for a week"),
    Role.OWNER: N_button("An owner"),
}
START = "https://t.me/{username}?start={secret}"


def deed(session: Session, visit: Visit) -> Done:
    """Make a link for the role named, or ask which."""
    word = visit.rest.split(maxsplit=1)[0].lower() if visit.rest.strip() else ""
    if word in {role.value for role in Role}:
        return link(session, visit, Intent("invite", detail=word))
    keys = [Key(visit.tr.button(label), Intent("invite", detail=role.value)) for role, label in ROLES.items()]
    keys = keys if may(visit.rep.role, Action.MAKE_OWNERS) else keys[:-1]
    return Done((Post(visit.tr("Whom do you invite? A rep answers customers; a manager also sees reports and invites others."), menus.in_rows(keys)),))


def link(session: Session, visit: Visit, intent: Intent) -> Done:
    """Make a link; the same update always makes the same one."""
    secret = visit.secret("invite")
    until = reps.invite(session, visit.rep, Role(intent.detail), secret, now=visit.now)
    when = visit.tr.when(until, visit.company.zone, visit.now)
    words = visit.tr("This link lets one person in, once, until {when}. Send it to nobody else.", when=when)
    words = f"{visit.tr.button(ROLES[Role(intent.detail)])}: {words}"
    return Done((Post(f"{words}\n{START.format(username=visit.username, secret=secret)}"),), visit.tr("The link is below."))


COMMAND = Command("invite", N_("Invite a rep or a manager"), deed, Action.INVITE, presses={"invite": link}, group=Group.TEAM)
