"""The table behind the matrix: every verb of staff with its action, whose things it reaches, and how it is called by each face.

A new verb is one row. `call` gets (session, actor, the number of the thing); a thing is named by its column: c = conversation, p = person, l = lead,
d = deal, t = task, j = project, s = step of it. `press` is the button of the staff bot that does the same, `web` the deed of the page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy.orm import Session

from crm.base.actors import Rep, Role
from crm.base.events import MediaKind, MediaRef
from crm.base.policy import Action, Scope
from crm.base.pricing import Line
from crm.base.settings import Company
from crm.base.time import DAY, parse_hours
from crm.conversations import assign, desk, forum, handing, leaving, queues, shelf, snippets
from crm.conversations.queues import Way
from crm.conversations.shelf import Remark
from crm.conversations.talk import reply
from crm.documents import layouts
from crm.exchange import capturing, imports, keeping, past, readiness, settling
from crm.exchange.captures import CaptureKind
from crm.exchange.capturing import Item
from crm.exchange.cards import Draft
from crm.inbox import parked, practising
from crm.outbox import hold, settle
from crm.outreach import campaigns, channel, followups, greeting, kinds, persons
from crm.outreach.segments import Segment
from crm.people import companies, fieldset, leave, reps, steps, team, teams, workdays
from crm.people.fields import About, FieldKind
from crm.people.kinds import Kind
from crm.people.leave import Wish
from crm.people.steps import What
from crm.people.workdays import Whose
from crm.projects import asking as surveys
from crm.projects import budget, closing, drafting, projects, starting
from crm.projects import steps as project_steps
from crm.reports import history, leads, ratings, today
from crm.reports import orders as order_reports
from crm.reports import projects as project_reports
from crm.reports import queues as queue_reports
from crm.reports.person import person
from crm.reports.thread import look_at
from crm.rules import rules, runs
from crm.rules.plans import unpack
from crm.rules.rehearsal import rehearse
from crm.sales import (
    asking,
    discounts,
    entries,
    lines,
    moves,
    order_address,
    order_lines,
    order_steps,
    papers,
    pay_ways,
    payments,
    pricelist,
    products,
    scores,
    shipments,
    stages,
    stock,
    tagging,
    tasks,
    terms,
    triage,
    twins,
)
from crm.sales.deals import held_deal, seen_deal
from crm.sales.leads import LeadStatus, set_status
from crm.sales.orders import OrderState, order_at, order_of_deal, seen_order
from crm.sales.pay_ways import WayKind
from crm.sales.payments import Due, Money, due_of_order
from crm.sales.shipments import ShipmentState
from tests.conftest import NOON

Call = Callable[[Session, Rep, int], object]


class Reach(StrEnum):
    """Whose things a verb reaches, besides what the role may do at all."""

    ALL = "all"
    SIGHT = "sight"
    HELD = "held"
    """One's own and nobody's, whatever one sees."""
    WORKED = "worked"
    """What is seen; of what nobody has only for who sees everything."""


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
GOODS, NONE = [Line("Chair", 1000, 100)], lines.mark(())
RULE = unpack('{"event": "lead.opened", "do": [{"do": "tag", "word": "vip"}]}')
FIRM = Company("Marani", ("en",), "Asia/Yerevan", "AMD", "AM", parse_hours("mon-sun 00:00-24:00", "Asia/Yerevan"))
AWAY = Wish(date(2025, 12, 1), date(2025, 12, 2))
CASH = Money(100, "AMD", NOON)
OLD_CHAT = past.Chat("k", "", 1, "1", "1", ("Ann",), False)


def owing(session: Session, order_id: int) -> Due:
    """What money for an order is for."""
    return due_of_order(session, order_at(session, order_id))


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
    Verb("say how likely a lead is", A.CHANGE_LEAD, lambda s, who, n: scores.say_heat(s, who, n, scores.Heat.HOT, now=NOON), "l", R.SIGHT),
    Verb("list the likeliest leads", A.SEE_LEADS, lambda s, who, n: leads.likeliest(s, who, FIRM)),
    Verb("take a trade", A.SET_UP, lambda s, who, n: settling.settle(s, who, "shop", FIRM, now=NOON)),
    Verb("give a trade back", A.SET_UP, lambda s, who, n: settling.take_back(s, who, 1, now=NOON)),
    Verb("see how ready a firm is", A.SET_UP, lambda s, who, n: readiness.readiness(s, who, ())),
    Verb("say that a firm is ready", A.SET_UP, lambda s, who, n: readiness.be_ready(s, who, now=NOON)),
    Verb("practise", A.TALK, lambda s, who, n: practising.begin(s, who, FIRM, "Anna", now=NOON)),
    Verb("end a practice", A.TALK, lambda s, who, n: practising.end(s, who, 1, now=NOON)),
    Verb("see the documents of a deal", A.MAKE_DOCUMENTS, lambda s, who, n: papers.papers_of(s, who, n), "d", R.SIGHT, press="papers"),
    Verb("word a document", A.SET_LAYOUTS, lambda s, who, n: layouts.set_words(s, who, layouts.FIRM, "", "name", "Marani", now=NOON)),
    Verb("undo the words of a document", A.SET_LAYOUTS, lambda s, who, n: layouts.undo_words(s, who, layouts.FIRM, "", 0, now=NOON)),
    Verb("see an order", A.SEE_ORDERS, lambda s, who, n: seen_order(s, who, n), "o", R.SIGHT),
    Verb("read an order", A.SEE_ORDERS, lambda s, who, n: order_reports.order_sheet(s, who, n), "o", R.SIGHT),
    Verb("list orders", A.SEE_ORDERS, lambda s, who, n: order_reports.orders(s, who, skip=0, limit=5)),
    Verb("what orders come to", A.SEE_ORDERS, lambda s, who, n: order_reports.sums(s, who, now=NOON)),
    Verb("order what a deal is about", A.CHANGE_ORDER, lambda s, who, n: order_of_deal(s, who, n, "UTC", once="o", now=NOON), "d", R.SIGHT),
    Verb("bring an order on", A.CHANGE_ORDER, lambda s, who, n: order_steps.move(s, who, n, OrderState.CONFIRMED, seen="new", now=NOON), "o", R.SIGHT),
    Verb("set an order back", A.CHANGE_ORDER, lambda s, who, n: order_steps.step_back(s, who, n, seen="new", now=NOON), "o", R.SIGHT),
    Verb("say where an order goes", A.CHANGE_ORDER, lambda s, who, n: order_steps.goes_to(s, who, n, "here", now=NOON), "o", R.SIGHT),
    Verb("ask where an order goes", A.CHANGE_ORDER, lambda s, who, n: order_address.ask_address(s, who, n, once="w", now=NOON), "o", R.SIGHT),
    Verb("take an address over", A.CHANGE_ORDER, lambda s, who, n: order_address.take_address(s, who, n, 0, now=NOON), "o", R.SIGHT),
    Verb("note an order", A.CHANGE_ORDER, lambda s, who, n: order_steps.note(s, who, n, "n", now=NOON), "o", R.SIGHT),
    Verb("let a customer know", A.CHANGE_ORDER, lambda s, who, n: order_steps.let_know(s, who, n, False, now=NOON), "o", R.SIGHT),
    Verb("say who carries an order", A.CHANGE_ORDER, lambda s, who, n: order_steps.carried(s, who, n, "Post", "1", now=NOON), "o", R.SIGHT),
    Verb("say where a shipment is", A.CHANGE_ORDER, lambda s, who, n: shipments.went(s, who, n, ShipmentState.PACKED, now=NOON), "o", R.SIGHT),
    Verb("await an order", A.CHANGE_ORDER, lambda s, who, n: shipments.expect(s, who, n, date(2030, 1, 1), now=NOON), "o", R.SIGHT),
    Verb("ask for payment", A.CHANGE_ORDER, lambda s, who, n: asking.ask(s, who, owing(s, n), once="a", now=NOON), "o", R.SIGHT),
    Verb("enter a payment", A.CONFIRM_PAYMENT, lambda s, who, n: payments.enter(s, who, owing(s, n), CASH, once="e", now=NOON), "o", R.SIGHT),
    Verb("confirm a payment", A.CONFIRM_PAYMENT, lambda s, who, n: payments.confirm(s, who, n, now=NOON), "y", R.SIGHT),
    Verb("reject a payment", A.CONFIRM_PAYMENT, lambda s, who, n: payments.reject(s, who, n, now=NOON), "y", R.SIGHT),
    Verb("call two payments the same", A.CONFIRM_PAYMENT, lambda s, who, n: twins.same(s, who, n, now=NOON), "y", R.SIGHT),
    Verb("change what is ordered", A.CHANGE_ORDER, lambda s, who, n: order_lines.change_lines(s, who, n, [], seen="", now=NOON), "o", R.SIGHT),
    Verb("take back what is ordered", A.CHANGE_ORDER, lambda s, who, n: order_lines.undo_lines(s, who, n, now=NOON), "o", R.SIGHT),
    Verb("open a payment again", A.CONFIRM_PAYMENT, lambda s, who, n: payments.take_back(s, who, n, now=NOON), "y", R.SIGHT),
    Verb("add a way to pay", A.SET_PRICES, lambda s, who, n: pay_ways.add_way(s, who, WayKind.CARD, "Card", "1", once="w", now=NOON)),
    Verb("let paid deals be won", A.SET_PRICES, lambda s, who, n: pay_ways.let_win(s, who, True, now=NOON)),
    Verb("history of an order", A.SEE_HISTORY, lambda s, who, n: history.of_thing(s, who, "order", n), "o", R.SIGHT),
    Verb("see a deal", A.SEE_DEALS, lambda s, who, n: seen_deal(s, who, n), "d", R.SIGHT),
    Verb("hold a deal", A.CHANGE_DEAL, lambda s, who, n: held_deal(s, who, n), "d", R.SIGHT),
    Verb("entitle a deal", A.CHANGE_DEAL, lambda s, who, n: terms.entitle(s, who, n, "t", now=NOON), "d", R.SIGHT),
    Verb("expect a deal", A.CHANGE_DEAL, lambda s, who, n: terms.expect(s, who, n, date(2030, 1, 1), seen="", now=NOON), "d", R.SIGHT),
    Verb("win a deal", A.CHANGE_DEAL, lambda s, who, n: moves.win(s, who, n, seen=0, now=NOON), "d", R.SIGHT),
    Verb("set a deal's goods", A.CHANGE_DEAL, lambda s, who, n: lines.set_lines(s, who, n, GOODS, seen=NONE, now=NOON), "d", R.SIGHT, press="goods"),
    Verb("see the price list", A.SEE_DEALS, lambda s, who, n: products.products_like(s, who)),
    Verb("price something", A.SET_PRICES, lambda s, who, n: products.add_product(s, who, products.Offer("Chair", 100, "AMD"), now=NOON)),
    Verb("change a price", A.SET_PRICES, lambda s, who, n: products.revise(s, who, 0, products.Offer("Chair", 100, "AMD"), now=NOON)),
    Verb("sell something no more", A.SET_PRICES, lambda s, who, n: products.switch(s, who, 0, False, now=NOON)),
    Verb("set a discount", A.SET_PRICES, lambda s, who, n: discounts.set_discount(s, who, 0, discounts.Rule("from:1000", 500), now=NOON)),
    Verb("tax everything", A.SET_PRICES, lambda s, who, n: products.tax_all(s, who, 2000, True, now=NOON)),
    Verb("take a price list", A.SET_PRICES, lambda s, who, n: pricelist.take_list(s, who, [], once="l", now=NOON)),
    Verb("take a price list back", A.SET_PRICES, lambda s, who, n: pricelist.take_back(s, who, pricelist.Listed(), now=NOON)),
    Verb("count goods", A.SET_PRICES, lambda s, who, n: stock.count_is(s, who, 0, 1, once="c", now=NOON)),
    Verb("promise goods", A.CHANGE_ORDER, lambda s, who, n: stock.reserve(s, who, [], once="order:1", now=NOON)),
    Verb("finish a task", A.DO_TASK, lambda s, who, n: tasks.finish(s, who, n, now=NOON), "t", R.SIGHT, press="task_done"),
    Verb("drop a task", A.DO_TASK, lambda s, who, n: tasks.drop(s, who, n, now=NOON), "t", R.SIGHT),
    Verb("put a task off", A.DO_TASK, lambda s, who, n: tasks.put_off(s, who, n, NOON + DAY, now=NOON), "t", R.SIGHT),
    Verb("make a company", A.CHANGE_PERSON, lambda s, who, n: companies.make_company(s, who, "Marani", now=NOON)),
    Verb("say what somebody is", A.CHANGE_PERSON, lambda s, who, n: kinds.set_kind(s, who, n, Kind.SUPPLIER, now=NOON), "p", R.SIGHT),
    Verb("put a tag on", A.TAG, lambda s, who, n: tagging.put_on(s, who, n, "vip", now=NOON), "p", R.SIGHT),
    Verb("take a tag off", A.TAG, lambda s, who, n: tagging.take_off(s, who, n, "vip", now=NOON), "p", R.SIGHT),
    Verb("read tags", A.TAG, lambda s, who, n: tagging.worn(s, who, n), "p", R.SIGHT),
    Verb("make a rule", A.SET_RULES, lambda s, who, n: rules.make(s, who, "Tags", RULE, now=NOON)),
    Verb("list rules", A.SET_RULES, lambda s, who, n: rules.rules(s, who)),
    Verb("look at a rule", A.SET_RULES, lambda s, who, n: rules.rule_at(s, who, 1)),
    Verb("change a rule", A.SET_RULES, lambda s, who, n: rules.change(s, who, 1, RULE, now=NOON)),
    Verb("take a rule back", A.SET_RULES, lambda s, who, n: rules.go_back(s, who, 1, now=NOON)),
    Verb("call a rule", A.SET_RULES, lambda s, who, n: rules.rename(s, who, 1, "Words", now=NOON)),
    Verb("switch a rule", A.SET_RULES, lambda s, who, n: rules.switch(s, who, 1, True, now=NOON)),
    Verb("put a rule away", A.SET_RULES, lambda s, who, n: rules.put_away(s, who, 1, True, now=NOON)),
    Verb("try a rule on the past", A.SET_RULES, lambda s, who, n: rehearse(s, who, RULE, now=NOON)),
    Verb("read what a rule did", A.SET_RULES, lambda s, who, n: runs.log_of(s, who, 1)),
    Verb("make a field", A.SET_FIELDS, lambda s, who, n: fieldset.make_field(s, who, fieldset.Draft(About.DEAL, FieldKind.TEXT, "Size"), now=NOON)),
    Verb("make a pipeline", A.SET_PIPELINES, lambda s, who, n: stages.add_pipeline(s, who, "Repairs", "en", now=NOON)),
    Verb("write a snippet", A.WRITE_SNIPPETS, lambda s, who, n: snippets.write(s, who, "hi", "en", "Hello", now=NOON)),
    Verb("erase a snippet", A.WRITE_SNIPPETS, lambda s, who, n: snippets.forget(s, who, 1, now=NOON)),
    Verb("look at imports", A.IMPORT, lambda s, who, n: imports.latest(s, who)),
    Verb("bring a file", A.IMPORT, lambda s, who, n: imports.receive(s, who, "a.csv", {"file": "a"}, now=NOON)),
    Verb("say who of an old chat is the customer", A.IMPORT, lambda s, who, n: past.choose_customer(s, who, 1, 0, OLD_CHAT, now=NOON)),
    Verb("say whom an old chat is with", A.IMPORT, lambda s, who, n: past.choose_person(s, who, 1, 0, past.OUT, now=NOON)),
    Verb("capture a contact", A.CAPTURE, lambda s, who, n: capturing.open_person(s, who, Draft("Ann"), now=NOON)),
    Verb("capture a card", A.CAPTURE, lambda s, who, n: capturing.open_file(s, who, CaptureKind.CARD, MediaRef(MediaKind.PHOTO, "r"), now=NOON)),
    Verb("capture words", A.CAPTURE, lambda s, who, n: capturing.open_words(s, who, Item("hi"), now=NOON)),
    Verb("look at a capture", A.CAPTURE, lambda s, who, n: capturing.view(s, who, 1)),
    Verb("correct a capture", A.CAPTURE, lambda s, who, n: capturing.correct(s, who, 1, "name", "Ann", "AM", now=NOON)),
    Verb("type a card by hand", A.CAPTURE, lambda s, who, n: capturing.by_hand(s, who, 1, now=NOON)),
    Verb("leave a capture", A.CAPTURE, lambda s, who, n: capturing.leave(s, who, 1, now=NOON)),
    Verb("keep a captured person", A.CAPTURE, lambda s, who, n: keeping.keep_person(s, who, FIRM, 1, None, now=NOON)),
    Verb("keep captured words", A.CAPTURE, lambda s, who, n: keeping.keep_words(s, who, 1, 1, now=NOON)),
    Verb("keep words of somebody new", A.CAPTURE, lambda s, who, n: keeping.keep_words_of_new(s, who, FIRM, 1, "Ann", now=NOON)),
    Verb("take back what was captured", A.CAPTURE, lambda s, who, n: keeping.undo(s, who, 1, now=NOON)),
    Verb("keep a note with its source", A.NOTE, lambda s, who, n: shelf.keep_note(s, who, n, Remark("hi", "Ann"), once="kn", now=NOON), "c"),
    Verb("see the team", A.STEER_TEAM, lambda s, who, n: leaving.colleagues(s, who)),
    Verb("see invitations", A.STEER_TEAM, lambda s, who, n: team.invitations(s, who, now=NOON)),
    Verb("take an invitation back", A.STEER_TEAM, lambda s, who, n: team.revoke(s, who, 1, now=NOON)),
    Verb("invite a rep", A.INVITE, lambda s, who, n: reps.invite(s, who, Role.REP, "s", now=NOON)),
    Verb("invite an owner", A.MAKE_OWNERS, lambda s, who, n: reps.invite(s, who, Role.OWNER, "s", now=NOON)),
    Verb("change a role", A.STEER_TEAM, lambda s, who, n: team.change_role(s, who, who.id, Role.TRAINEE, now=NOON)),
    Verb("set a scope", A.MAKE_OWNERS, lambda s, who, n: team.set_scope(s, who, who.id, Scope.ALL, now=NOON)),
    Verb("mask phones", A.MAKE_OWNERS, lambda s, who, n: team.set_points(s, who, who.id, False, now=NOON)),
    Verb("found a team", A.STEER_TEAM, lambda s, who, n: teams.found_team(s, who, "Tables", now=NOON)),
    Verb("set hours", A.SET_CALENDARS, lambda s, who, n: workdays.set_hours(s, who, FIRM, Whose(rep_id=who.id), "mon 09:00-10:00", now=NOON)),
    Verb("take back what was said of hours", A.SET_CALENDARS, lambda s, who, n: workdays.unset_hours(s, who, FIRM, Whose(), 1, now=NOON)),
    Verb("close on a day", A.SET_CALENDARS, lambda s, who, n: workdays.set_day(s, who, FIRM, date(2025, 12, 1), True, now=NOON)),
    Verb("plan one's leave", A.PLAN_LEAVE, lambda s, who, n: leave.plan_leave(s, who, FIRM, who.id, AWAY, once="l", now=NOON)),
    Verb("plan a colleague's leave", A.SET_CALENDARS, lambda s, who, n: leave.plan_leave(s, who, FIRM, 0, AWAY, once="l", now=NOON)),
    Verb("see everybody's leave", A.SET_CALENDARS, lambda s, who, n: leave.leaves_of(s, who, FIRM, None, now=NOON)),
    Verb("say how somebody is greeted", A.CHANGE_PERSON, lambda s, who, n: greeting.greet_as(s, who, n, "Annie", now=NOON), "p", R.SIGHT),
    Verb("say where somebody is written to", A.CHANGE_PERSON, lambda s, who, n: channel.write_on(s, who, n, 0, (), now=NOON), "p", R.SIGHT),
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
    Verb("hand over", A.HAND_OVER, lambda s, who, n: handing.hand_over(s, who, n, 0, now=NOON), "c", R.SIGHT),
    Verb("give to a team", A.HAND_OVER, lambda s, who, n: handing.hand_to_team(s, who, n, None, now=NOON), "c", R.SIGHT),
    Verb("set a queue's way", A.SET_QUEUES, lambda s, who, n: queues.set_way(s, who, None, Way.EVEN, now=NOON)),
    Verb("set a queue's number", A.SET_QUEUES, lambda s, who, n: queues.set_number(s, who, None, "cap", 3, now=NOON)),
    Verb("give a channel to a queue", A.SET_QUEUES, lambda s, who, n: queues.set_channel(s, who, "telegram", None, now=NOON)),
    Verb("let a queue go as the firm's", A.SET_QUEUES, lambda s, who, n: queues.forget_queue(s, who, 1, now=NOON)),
    Verb("say what somebody is good at", A.SET_QUEUES, lambda s, who, n: queues.set_talent(s, who, who.id, "skill", "oak", True, now=NOON)),
    Verb("see how queues stand", A.SET_QUEUES, lambda s, who, n: queue_reports.standings(s, who)),
    Verb("see how fast queues answer", A.SEE_REPORTS, lambda s, who, n: queue_reports.speeds(s, who, FIRM, since=0, now=NOON)),
    Verb("see one's queue", A.TAKE, lambda s, who, n: queue_reports.my_queue(s, who)),
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
    Verb("see a project", A.SEE_PROJECTS, lambda s, who, n: projects.seen_project(s, who, n), "j", R.SIGHT),
    Verb("hold a project", A.CHANGE_PROJECT, lambda s, who, n: projects.held_project(s, who, n), "j", R.SIGHT),
    Verb("list projects", A.SEE_PROJECTS, lambda s, who, n: project_reports.projects(s, who)),
    Verb("see what customers say", A.SEE_PROJECTS, lambda s, who, n: ratings.figures(s, who, since=0)),
    Verb("begin a project", A.CHANGE_PROJECT, lambda s, who, n: starting.start(s, who, n, 0, starting.Cause("m", FIRM), now=NOON), "d", R.SIGHT),
    Verb("close a project", A.CHANGE_PROJECT, lambda s, who, n: closing.close(s, who, n, FIRM, now=NOON), "j", R.SIGHT),
    Verb("call a project off", A.CHANGE_PROJECT, lambda s, who, n: closing.cancel(s, who, n, now=NOON), "j", R.SIGHT),
    Verb("run a project on", A.CHANGE_PROJECT, lambda s, who, n: closing.reopen(s, who, n, now=NOON), "j", R.SIGHT),
    Verb("tell how far it is", A.CHANGE_PROJECT, lambda s, who, n: closing.tell_customer(s, who, n, FIRM, once="m", now=NOON), "j", R.SIGHT),
    Verb("hand a project on", A.GIVE_TASK, lambda s, who, n: closing.give(s, who, n, who.id, now=NOON), "j", R.SIGHT),
    Verb("do a step", A.CHANGE_PROJECT, lambda s, who, n: project_steps.finish_step(s, project_steps.Deed(who, FIRM), n, now=NOON), "s", R.SIGHT),
    Verb("block a step", A.CHANGE_PROJECT, lambda s, who, n: project_steps.block_step(s, project_steps.Deed(who, FIRM), n, "w", now=NOON), "s", R.SIGHT),
    Verb("tell of a step", A.CHANGE_PROJECT, lambda s, who, n: project_steps.tell_of(s, project_steps.Deed(who, FIRM), n, now=NOON), "s", R.SIGHT),
    Verb("set a budget", A.CHANGE_PROJECT, lambda s, who, n: budget.set_budget(s, who, n, 0, now=NOON), "j", R.SIGHT),
    Verb("write a cost down", A.CHANGE_PROJECT, lambda s, who, n: budget.add_cost(s, who, n, 100, "Paint", once="pc", now=NOON), "j", R.SIGHT),
    Verb("take a cost back", A.CHANGE_PROJECT, lambda s, who, n: budget.take_back(s, who, n, 0, now=NOON), "j", R.SIGHT),
    Verb("make a work plan", A.SET_BLUEPRINTS, lambda s, who, n: drafting.add_blueprint(s, who, drafting.NewBlueprint("Tables"), now=NOON)),
    Verb("archive a work plan", A.SET_BLUEPRINTS, lambda s, who, n: drafting.offer(s, who, 0, False, now=NOON)),
    Verb("switch a question", A.SET_BLUEPRINTS, lambda s, who, n: surveys.switch(s, who, surveys.Switch.TALK, True, now=NOON)),
)
