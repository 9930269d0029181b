"""The table behind the matrix: every verb of staff with its action, whose things it reaches, and how it is called by each face.

A new verb is one row. `call` gets (session, actor, the number of the thing); a thing is named by its column: c = conversation, p = person, l = lead,
d = deal, t = task. `press` is the button of the staff bot that does the same, `web` the deed of the page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy.orm import Session

from crm.base.actors import Rep, Role
from crm.base.policy import Action, Scope
from crm.base.settings import Company
from crm.base.time import DAY, parse_hours
from crm.conversations import assign, desk, forum, leaving, snippets
from crm.conversations.talk import reply
from crm.exchange import imports
from crm.inbox import parked
from crm.outbox import hold, settle
from crm.outreach import campaigns, followups, kinds, persons
from crm.outreach.kinds import Kind
from crm.outreach.segments import Segment
from crm.people import companies, fieldset, reps, steps, team, teams
from crm.people.fields import About, FieldKind
from crm.people.steps import What
from crm.reports import history, leads, today
from crm.reports.person import person
from crm.reports.thread import look_at
from crm.sales import entries, moves, stages, tasks, terms, triage
from crm.sales.deals import held_deal, seen_deal
from crm.sales.leads import LeadStatus, set_status
from tests.conftest import NOON

Call = Callable[[Session, Rep, int], object]


class Reach(StrEnum):
    """Whose things a verb reaches, besides what the role may do at all."""

    ALL = "all"
    SIGHT = "sight"
    HELD = "held"
    """One's own and nobody's, whatever one sees."""


@dataclass(frozen=True, slots=True)
class Verb:
    """One row; `about` names the thing it is about ("" = about nothing of anybody's); `whole` = not for those whose sight was narrowed."""

    name: str
    action: Action
    call: Call
    about: str = ""
    reach: Reach = Reach.ALL
    press: str = ""
    web: str = ""
    whole: bool = False


A, R = Action, Reach
FIRM = Company("Marani", ("en",), "Asia/Yerevan", "AMD", "AM", parse_hours("mon-sun 00:00-24:00", "Asia/Yerevan"))
VERBS = (
    Verb("take", A.TAKE, lambda s, who, n: assign.take(s, who, n, now=NOON), "c", R.HELD, press="take", web="take"),
    Verb("take over", A.TAKE_OVER, lambda s, who, n: assign.take_over(s, who, n, now=NOON), "c", R.SIGHT, press="take_over"),
    Verb("hand back", A.TAKE, lambda s, who, n: assign.hand_back(s, who, n, now=NOON), "c", R.SIGHT, press="hand_back", web="hand_back"),
    Verb("put off", A.TALK, lambda s, who, n: assign.snooze(s, who, n, NOON + DAY, now=NOON), "c", R.SIGHT),
    Verb("close", A.TALK, lambda s, who, n: assign.close(s, who, n, now=NOON), "c", R.SIGHT, press="close", web="close"),
    Verb("reopen", A.TALK, lambda s, who, n: assign.reopen(s, who, n, now=NOON), "c", R.SIGHT, press="reopen", web="reopen"),
    Verb("answer", A.TALK, lambda s, who, n: reply(s, who, n, "hello", once="m", now=NOON), "c", R.HELD),
    Verb("note", A.NOTE, lambda s, who, n: assign.note(s, who, n, "n", once="n", now=NOON), "c", web="note"),
    Verb("block", A.BLOCK, lambda s, who, n: assign.block(s, who, n, True, now=NOON), "c", press="block"),
    Verb("look at a thread", A.TALK, lambda s, who, n: look_at(s, who, n, {}), "c", R.SIGHT),
    Verb("look at a person", A.MERGE, lambda s, who, n: person(s, who, n, {}), "c", R.SIGHT),
    Verb("reach a person", A.MERGE, lambda s, who, n: persons.reach(s, who, n), "p", R.SIGHT),
    Verb("history of a person", A.SEE_HISTORY, lambda s, who, n: history.of_person(s, who, n), "p", R.SIGHT),
    Verb("history of a deal", A.SEE_HISTORY, lambda s, who, n: history.of_thing(s, who, "deal", n), "d", R.SIGHT),
    Verb("history of a task", A.SEE_HISTORY, lambda s, who, n: history.of_thing(s, who, "task", n), "t", R.SIGHT),
    Verb("history of a colleague", A.STEER_TEAM, lambda s, who, n: history.of_thing(s, who, "rep", who.id)),
    Verb("inbox", A.TALK, lambda s, who, n: desk.inbox(s, who)),
    Verb("list leads", A.SEE_LEADS, lambda s, who, n: leads.leads(s, who, now=NOON)),
    Verb("see a lead", A.SEE_LEADS, lambda s, who, n: triage.seen_lead(s, who, n), "l", R.SIGHT),
    Verb("change a lead", A.CHANGE_LEAD, lambda s, who, n: triage.held_lead(s, who, n), "l", R.SIGHT),
    Verb("set a lead's status", A.CHANGE_LEAD, lambda s, who, n: set_status(s, who, n, LeadStatus.QUALIFIED, now=NOON), "l"),
    Verb("see a deal", A.SEE_DEALS, lambda s, who, n: seen_deal(s, who, n), "d", R.SIGHT),
    Verb("hold a deal", A.CHANGE_DEAL, lambda s, who, n: held_deal(s, who, n), "d", R.SIGHT),
    Verb("entitle a deal", A.CHANGE_DEAL, lambda s, who, n: terms.entitle(s, who, n, "t", now=NOON), "d", R.SIGHT),
    Verb("expect a deal", A.CHANGE_DEAL, lambda s, who, n: terms.expect(s, who, n, date(2030, 1, 1), seen="", now=NOON), "d", R.SIGHT),
    Verb("win a deal", A.CHANGE_DEAL, lambda s, who, n: moves.win(s, who, n, seen=0, now=NOON), "d", R.SIGHT),
    Verb("finish a task", A.DO_TASK, lambda s, who, n: tasks.finish(s, who, n, now=NOON), "t", R.SIGHT, press="task_done"),
    Verb("drop a task", A.DO_TASK, lambda s, who, n: tasks.drop(s, who, n, now=NOON), "t", R.SIGHT),
    Verb("put a task off", A.DO_TASK, lambda s, who, n: tasks.put_off(s, who, n, NOON + DAY, now=NOON), "t", R.SIGHT),
    Verb("make a company", A.CHANGE_PERSON, lambda s, who, n: companies.make_company(s, who, "Marani", now=NOON)),
    Verb("say what somebody is", A.CHANGE_PERSON, lambda s, who, n: kinds.set_kind(s, who, n, Kind.SUPPLIER, now=NOON), "p", R.SIGHT),
    Verb("make a field", A.SET_FIELDS, lambda s, who, n: fieldset.make_field(s, who, fieldset.Draft(About.DEAL, FieldKind.TEXT, "Size"), now=NOON)),
    Verb("make a pipeline", A.SET_PIPELINES, lambda s, who, n: stages.add_pipeline(s, who, "Repairs", "en", now=NOON)),
    Verb("write a snippet", A.WRITE_SNIPPETS, lambda s, who, n: snippets.write(s, who, "hi", "en", "Hello", now=NOON)),
    Verb("look at imports", A.IMPORT, lambda s, who, n: imports.latest(s, who)),
    Verb("bring a file", A.IMPORT, lambda s, who, n: imports.receive(s, who, "a.csv", {"file": "a"}, now=NOON)),
    Verb("see the team", A.STEER_TEAM, lambda s, who, n: leaving.colleagues(s, who)),
    Verb("see invitations", A.STEER_TEAM, lambda s, who, n: team.invitations(s, who, now=NOON)),
    Verb("take an invitation back", A.STEER_TEAM, lambda s, who, n: team.revoke(s, who, 1, now=NOON)),
    Verb("invite a rep", A.INVITE, lambda s, who, n: reps.invite(s, who, Role.REP, "s", now=NOON)),
    Verb("invite an owner", A.MAKE_OWNERS, lambda s, who, n: reps.invite(s, who, Role.OWNER, "s", now=NOON)),
    Verb("change a role", A.STEER_TEAM, lambda s, who, n: team.change_role(s, who, who.id, Role.TRAINEE, now=NOON)),
    Verb("set a scope", A.MAKE_OWNERS, lambda s, who, n: team.set_scope(s, who, who.id, Scope.ALL, now=NOON)),
    Verb("mask phones", A.MAKE_OWNERS, lambda s, who, n: team.set_points(s, who, who.id, False, now=NOON)),
    Verb("found a team", A.STEER_TEAM, lambda s, who, n: teams.found_team(s, who, "Tables", now=NOON)),
    Verb("list teams", A.STEER_TEAM, lambda s, who, n: teams.teams(s, who)),
    Verb("put into a team", A.STEER_TEAM, lambda s, who, n: teams.put_in(s, who, who.id, None, now=NOON), whole=True),
    Verb("let somebody lead", A.STEER_TEAM, lambda s, who, n: teams.set_lead(s, who, who.id, True, now=NOON), whole=True),
    Verb("end a team", A.STEER_TEAM, lambda s, who, n: teams.end_team(s, who, 1, now=NOON)),
    Verb("remove a member", A.STEER_TEAM, lambda s, who, n: team.dismiss(s, who, who.id, now=NOON)),
    Verb("let a guest stay", A.STEER_TEAM, lambda s, who, n: team.set_expiry(s, who, who.id, NOON + DAY, now=NOON)),
    Verb("agree to a deed", A.STEER_TEAM, lambda s, who, n: steps.agree(s, who, 1, now=NOON)),
    Verb("not agree to a deed", A.STEER_TEAM, lambda s, who, n: steps.refuse(s, who, 1, now=NOON)),
    Verb("take a PIN away", A.STEER_TEAM, lambda s, who, n: steps.forget_pin(s, who, 0, now=NOON)),
    Verb("ask a second manager", A.STEER_TEAM, lambda s, who, n: steps.ask_second(s, who, What.EXPORT, "", now=NOON)),
    Verb("go on or off duty", A.BE_AVAILABLE, lambda s, who, n: reps.set_available(s, who, False, now=NOON)),
    Verb("today", A.SEE_REPORTS, lambda s, who, n: today.today(s, who, FIRM, now=NOON)),
    Verb("draft a promotion", A.PROMOTE, lambda s, who, n: campaigns.draft(s, who, Segment(), "hello", now=NOON)),
    Verb("see promotions", A.PROMOTE, lambda s, who, n: campaigns.campaigns(s, who)),
    Verb("see follow-ups", A.FOLLOW_UP, lambda s, who, n: followups.overview(s, who, now=NOON)),
    Verb("pause follow-ups", A.FOLLOW_UP, lambda s, who, n: followups.pause(s, who, 1, now=NOON)),
    Verb("make a link", A.PROMOTE, lambda s, who, n: entries.make(s, who, "chair", "fair", "code", now=NOON)),
    Verb("see what is parked", A.SETTLE_PARKED, lambda s, who, n: parked.parked(s, who)),
    Verb("retry what is parked", A.SETTLE_PARKED, lambda s, who, n: parked.retry(s, who, 1, now=NOON), press="retry_parked"),
    Verb("resend", A.SETTLE_DELIVERY, lambda s, who, n: settle.resend(s, who, 1, now=NOON), press="resend"),
    Verb("release", A.RELEASE, lambda s, who, n: hold.release(s, who, now=NOON)),
    Verb("link a group", A.LINK_FORUM, lambda s, who, n: forum.link(s, who, "staff", "-1", title="g", now=NOON)),
)
