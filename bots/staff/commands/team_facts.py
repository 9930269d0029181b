"""What is said of a member besides their role: their team, whether they lead it, whose work and which phones they see, until when they stay."""

from collections.abc import Iterator
from dataclasses import replace

from bots.staff import menus
from bots.staff.posts import Key, Keys, Post
from bots.staff.visit import Done, Visit, told
from crm.base.actors import Role
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_, N_button, Translator
from crm.base.policy import Action, Scope, may
from crm.base.time import DAY
from crm.people import team, teams
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.reps import Member, member_of, points_full
from crm.people.sight import scope_at
from crm.reports.words import plain_name
from crm.sales.leaving import Handed

BACK = N_button("Back")
NEW_TEAM, NO_TEAM, OTHER_TEAM = N_button("A new team"), N_button("No team"), N_button("Another team")
LEADS, LEADS_NOT = N_button("Let them lead it"), N_button("Lead it no longer")
SCOPES = {Scope.OWN: N_("sees their own work"), Scope.TEAM: N_("sees the work of their team"), Scope.ALL: N_("sees all work")}
SEE = {Scope.OWN: N_button("Own work"), Scope.TEAM: N_button("The team's work"), Scope.ALL: N_button("All work")}
FULL, MASKED = N_button("Show full phones"), N_button("Mask phones")
LONGER = {7: N_button("7 more days"), 30: N_button("30 more days")}
TEAMS_MOST = 5


def lines(session: Session, visit: Visit, rep_id: int) -> Iterator[str]:
    """What is said of a member, in lines."""
    tr, member = visit.tr, member_of(session, rep_id)
    name = teams.name_of_team(session, member.team_id)
    if name:
        lead = tr("leads it") if teams.leads_any(session, rep_id) else ""
        yield " · ".join(filter(None, (tr("Team: {name}", name=plain_name(tr, name)), lead)))
    yield " · ".join((tr(SCOPES[scope_at(session, member)]), tr("phones and e-mails in full") if points_full(member) else tr("phones and e-mails masked")))
    if member.expires_at:
        yield tr("Stays until {when}", when=tr.when(member.expires_at, visit.company.zone, visit.now))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button asks for; the page that was pressed shows how it is now."""
    what, _, value = intent.detail.partition(":")
    rep_id, now = intent.target, visit.now
    match what:
        case "teams":
            return _edited(visit, _teams(session, visit, rep_id))
        case "new":
            begin(session, visit.rep, Wizard("team_name", "team_name", rep_id), until=now + CONFIRM_MS)
            return Done((menus.question(visit.tr, visit.tr("What is the new team called?"), "team_name"),))
        case "team":
            teams.put_in(session, visit.rep, rep_id, int(value) or None, now=now)
        case "lead":
            teams.set_lead(session, visit.rep, rep_id, value == "yes", now=now)
        case "scope":
            team.set_scope(session, visit.rep, rep_id, Scope(value), now=now)
        case "points":
            team.set_points(session, visit.rep, rep_id, value == "full", now=now)
        case "days":
            member = member_of(session, rep_id)
            team.set_expiry(session, visit.rep, rep_id, max(member.expires_at, now) + int(value) * DAY, now=now)
        case "show":
            pass
        case _:
            raise Expired
    return _edited(visit, _facts(session, visit, rep_id))


def named(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """A new team's name was written; the member it was made for is in it."""
    number = teams.found_team(session, visit.rep, getattr(visit.said, "text", ""), now=visit.now)
    quit_wizard(session, visit.rep, wizard.name)
    if not wizard.target:
        return told(visit.tr("The team is there."))
    teams.put_in(session, visit.rep, wizard.target, number, now=visit.now)
    return Done((_facts(session, visit, wizard.target),))


def sold_back(tr: Translator, handed: Handed) -> str:
    """How many leads and deals are nobody's now ("" = none)."""
    said = [
        tr.many("{n} lead is nobody's now.", "{n} leads are nobody's now.", handed.leads) if handed.leads else "",
        tr.many("{n} deal is nobody's now.", "{n} deals are nobody's now.", handed.deals) if handed.deals else "",
    ]
    return " ".join(filter(None, said))


def _facts(session: Session, visit: Visit, rep_id: int) -> Post:
    tr, member = visit.tr, member_of(session, rep_id)
    words = [plain_name(tr, member.name), *lines(session, visit, rep_id)]
    rows: Keys = (tuple(_team_keys(session, tr, member)), *_sight_keys(session, visit, member), tuple(_guest_keys(tr, member)))
    back = (Key(tr.button(BACK), Intent("team", rep_id, "one")),)
    return Post("\n".join(words), (*filter(None, rows), back))


def _team_keys(session: Session, tr: Translator, member: Member) -> Iterator[Key]:
    yield Key(tr.button(OTHER_TEAM), _intent(member, "teams"))
    if member.team_id:
        leads = teams.leads_any(session, member.id)
        yield Key(tr.button(LEADS_NOT if leads else LEADS), _intent(member, "lead:no" if leads else "lead:yes"))


def _sight_keys(session: Session, visit: Visit, member: Member) -> Iterator[tuple[Key, ...]]:
    """What an owner alone may say."""
    tr = visit.tr
    if may(visit.rep.role, Action.MAKE_OWNERS):
        now = scope_at(session, member)
        yield tuple(Key(tr.button(SEE[scope]), _intent(member, f"scope:{scope.value}")) for scope in Scope if scope is not now)
        full = points_full(member)
        yield (Key(tr.button(MASKED if full else FULL), _intent(member, "points:masked" if full else "points:full")),)


def _guest_keys(tr: Translator, member: Member) -> Iterator[Key]:
    if member.role == Role.GUEST:
        for days, label in LONGER.items():
            yield Key(tr.button(label), _intent(member, f"days:{days}"))


def _teams(session: Session, visit: Visit, rep_id: int) -> Post:
    tr, member = visit.tr, member_of(session, rep_id)
    found = teams.teams(session, visit.rep)[-TEAMS_MOST:]
    keys = [Key(plain_name(tr, one.name, 24), _intent(member, f"team:{one.id}")) for one in found if one.id != member.team_id]
    keys += [Key(tr.button(NEW_TEAM), _intent(member, "new")), *([Key(tr.button(NO_TEAM), _intent(member, "team:0"))] if member.team_id else ())]
    words = tr("Which team is {name} in?", name=plain_name(tr, member.name))
    return Post(words, (*menus.in_rows(keys), (Key(tr.button(BACK), _intent(member, "show")),)))


def _intent(member: Member, detail: str) -> Intent:
    return Intent("team_facts", member.id, detail)


def _edited(visit: Visit, post: Post) -> Done:
    return Done((replace(post, edits=visit.replied_to or 0),))
