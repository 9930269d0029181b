"""The further half of the table behind the matrix: selling, papers, work plans, and what the house itself is asked and told."""

from dataclasses import replace

from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.time import DAY
from crm.conversations import accepting, addresses, assign, handing, planned, reactions, snippets, templates
from crm.conversations.planned import Plan
from crm.conversations.threads import Conversation
from crm.documents.documents import Kind
from crm.outreach import persons, sequences
from crm.people import tags
from crm.people.fields import About
from crm.reports import channel as channel_reports
from crm.reports import day, deal, deals, duties, find, orphans, ratings, search, search_around, thread
from crm.reports import orders as order_reports
from crm.reports import person as person_reports
from crm.reports import projects as project_reports
from crm.reports.deals import Wanted
from crm.sales import details, lines, moves, papers, payments, referrals, tasks, terms, triage
from crm.sales.deals import open_deal
from crm.sales.leads import LeadStatus
from crm.sales.moves import Why
from crm.sales.orders import Line, NewOrder, add_order, held_order
from crm.sales.tasks import Duty, TaskKind
from crm.sales.todo import tasks_for
from tests.conftest import NOON
from tests.crm.matrix import FIRM, A, R, Verb

LOST, CALL = Why(words="dear"), Duty(TaskKind.CALL, NOON + DAY)


def call(who: Rep) -> Duty:
    """A task of one's own."""
    return replace(CALL, rep_id=who.id)


def ordered(session: Session, conversation_id: int) -> NewOrder:
    """Something to be ordered by whom a conversation is with."""
    person = session.get_one(Conversation, conversation_id).contact_id
    return NewOrder(person, (Line("x", 1),), "AMD", conversation_id)


WORK = (
    Verb("move a deal", A.CHANGE_DEAL, lambda s, who, n: moves.move(s, who, n, 1, seen=0, now=NOON), "d", R.SIGHT),
    Verb("move a deal into another pipeline", A.CHANGE_DEAL, lambda s, who, n: moves.change_pipeline(s, who, n, 1, seen=0, now=NOON), "d", R.SIGHT),
    Verb("lose a deal", A.CHANGE_DEAL, lambda s, who, n: moves.lose(s, who, n, LOST, seen=0, now=NOON), "d", R.SIGHT),
    Verb("open a deal again", A.CHANGE_DEAL, lambda s, who, n: moves.reopen(s, who, n, now=NOON), "d", R.SIGHT),
    Verb("take back a deal's goods", A.CHANGE_DEAL, lambda s, who, n: lines.undo_lines(s, who, n, now=NOON), "d", R.SIGHT),
    Verb("say what a deal is worth", A.CHANGE_DEAL, lambda s, who, n: terms.set_amount(s, who, n, None, seen=None, now=NOON), "d", R.SIGHT),
    Verb("hand a deal over", A.CHANGE_DEAL, lambda s, who, n: terms.hand_over(s, who, n, who.id, now=NOON), "d", R.SIGHT),
    Verb("say whose firm a deal is with", A.CHANGE_DEAL, lambda s, who, n: terms.set_company(s, who, n, None, now=NOON), "d", R.SIGHT),
    Verb("add somebody to a deal", A.CHANGE_DEAL, lambda s, who, n: terms.add_person(s, who, n, 0, now=NOON), "d", R.SIGHT),
    Verb("take somebody out of a deal", A.CHANGE_DEAL, lambda s, who, n: terms.remove_person(s, who, n, 0, now=NOON), "d", R.SIGHT),
    Verb("see what was asked lately", A.SEE_DEALS, lambda s, who, n: terms.amounts_lately(s, who, "AMD")),
    Verb("open a deal", A.CHANGE_DEAL, lambda s, who, n: open_deal(s, who, n, FIRM, once="d", now=NOON), "c", R.SIGHT),
    Verb("read a deal", A.SEE_DEALS, lambda s, who, n: deal.sheet(s, who, n), "d", R.SIGHT),
    Verb("read somebody's deals", A.SEE_DEALS, lambda s, who, n: deal.deals_with(s, who, n, limit=1)),
    Verb("list deals", A.SEE_DEALS, lambda s, who, n: deals.deals(s, who, Wanted(), now=NOON)),
    Verb("what deals come to", A.SEE_DEALS, lambda s, who, n: deals.worth_of(s, who, Wanted(), now=NOON)),
    Verb("how long winning takes", A.SEE_DEALS, lambda s, who, n: deals.winning(s, who, None, now=NOON)),
    Verb("see a pipeline", A.SEE_DEALS, lambda s, who, n: deals.board(s, who, 1, now=NOON)),
    Verb("read the fields of a deal", A.SEE_DEALS, lambda s, who, n: details.details_of(s, who, About.DEAL, n), "d", R.SIGHT),
    Verb("take back a field of a deal", A.CHANGE_DEAL, lambda s, who, n: details.undo_detail(s, who, About.DEAL, n, 1, now=NOON), "d", R.SIGHT),
    Verb("add a task to a deal", A.DO_TASK, lambda s, who, n: tasks.add_to_deal(s, who, n, call(who), now=NOON), "d", R.SIGHT),
    Verb("hold a deal for a task", A.DO_TASK, lambda s, who, n: tasks.deal_in_sight(s, who, n), "d", R.SIGHT),
    Verb("add a task", A.DO_TASK, lambda s, who, n: tasks.add_task(s, who, n, call(who), now=NOON), "c", R.SIGHT),
    Verb("leave a task to whoever takes it", A.LEAVE_TASK, lambda s, who, n: tasks.add_task(s, who, n, CALL, now=NOON), "c", R.SIGHT),
    Verb("open a task again", A.DO_TASK, lambda s, who, n: tasks.reopen(s, who, n, now=NOON), "t", R.SIGHT),
    Verb("give a task", A.DO_TASK, lambda s, who, n: tasks.give(s, who, n, who.id, now=NOON), "t", R.SIGHT),
    Verb("make a task wait for silence", A.DO_TASK, lambda s, who, n: tasks.need_no_reply(s, who, n, True, now=NOON), "t", R.SIGHT),
    Verb("read a task", A.DO_TASK, lambda s, who, n: duties.task_for(s, who, n), "t", R.SIGHT),
    Verb("list tasks", A.DO_TASK, lambda s, who, n: tasks_for(s, who, limit=1)),
    Verb("see one's day", A.DO_TASK, lambda s, who, n: day.day_of(s, who, FIRM, now=NOON)),
    Verb("accept a lead", A.CHANGE_LEAD, lambda s, who, n: triage.accept(s, who, n, now=NOON), "l", R.SIGHT),
    Verb("put a lead away", A.CHANGE_LEAD, lambda s, who, n: triage.put_away(s, who, n, LeadStatus.LOST, LOST, now=NOON), "l", R.SIGHT),
    Verb("convert a lead", A.CHANGE_LEAD, lambda s, who, n: triage.convert(s, who, n, FIRM, {}, once="c", now=NOON), "l", R.SIGHT),
    Verb("win a lead", A.CHANGE_LEAD, lambda s, who, n: triage.win(s, who, n, now=NOON), "l", R.SIGHT),
    Verb("take back a step of a lead", A.CHANGE_LEAD, lambda s, who, n: triage.undo(s, who, n, 0, now=NOON), "l", R.SIGHT),
    Verb("list orphans", A.SEE_LEADS, lambda s, who, n: orphans.orphans(s, who, now=NOON)),
    Verb("hold an order", A.CHANGE_ORDER, lambda s, who, n: held_order(s, who, n), "o", R.SIGHT),
    Verb("make an order", A.CHANGE_ORDER, lambda s, who, n: add_order(s, who, ordered(s, n), "UTC", now=NOON), "c", R.SIGHT),
    Verb("read somebody's orders", A.SEE_ORDERS, lambda s, who, n: order_reports.orders_with(s, who, n, limit=1)),
    Verb("see what is to be confirmed", A.CONFIRM_PAYMENT, lambda s, who, n: order_reports.payments_to_check(s, who, limit=1)),
    Verb("hold a payment", A.CONFIRM_PAYMENT, lambda s, who, n: payments.held_payment(s, who, n), "y", R.SIGHT),
    Verb("draw a document", A.MAKE_DOCUMENTS, lambda s, who, n: papers.draft_of(s, who, n, Kind.QUOTE, FIRM, once="q", now=NOON), "d", R.SIGHT),
    Verb("see a document", A.MAKE_DOCUMENTS, lambda s, who, n: papers.paper_of(s, who, 1)),
    Verb("speak another language", A.MAKE_DOCUMENTS, lambda s, who, n: papers.speak(s, who, 1, "ru", FIRM, now=NOON)),
    Verb("correct a document", A.MAKE_DOCUMENTS, lambda s, who, n: papers.correct(s, who, 1, FIRM, once="c", now=NOON)),
    Verb("send a document", A.MAKE_DOCUMENTS, lambda s, who, n: papers.send(s, who, 1, FIRM, once="s", now=NOON)),
    Verb("look at a document", A.MAKE_DOCUMENTS, lambda s, who, n: papers.look(s, who, 1, now=NOON)),
    Verb("withdraw a document", A.MAKE_DOCUMENTS, lambda s, who, n: papers.withdraw(s, who, 1, now=NOON)),
    Verb("bring a document back", A.MAKE_DOCUMENTS, lambda s, who, n: papers.bring_back(s, who, 1, now=NOON)),
    Verb("accept a document", A.MAKE_DOCUMENTS, lambda s, who, n: papers.accept(s, who, 1, now=NOON)),
    Verb("take back that it was accepted", A.MAKE_DOCUMENTS, lambda s, who, n: papers.not_accepted(s, who, 1, now=NOON)),
    Verb("ask for the money of a document", A.MAKE_DOCUMENTS, lambda s, who, n: papers.ask_money(s, who, 1, once="a", now=NOON)),
    Verb("say that a document is paid", A.MAKE_DOCUMENTS, lambda s, who, n: papers.paid(s, who, 1, once="p", now=NOON)),
    Verb("read a project", A.SEE_PROJECTS, lambda s, who, n: project_reports.sheet(s, who, n), "j", R.SIGHT),
    Verb("read what customers said", A.SEE_PROJECTS, lambda s, who, n: ratings.latest(s, who)),
    Verb("plan an answer", A.TALK, lambda s, who, n: planned.plan(s, who, n, Plan("hi", NOON + DAY), once="p", now=NOON), "c", R.HELD),
    Verb("answer at another address", A.TALK, lambda s, who, n: addresses.answer_at(s, who, n, 0, (), now=NOON), "c", R.SIGHT),
    Verb("read a conversation", A.TALK, lambda s, who, n: thread.reach(s, who, n), "c", R.SIGHT),
    Verb("see where somebody is written to", A.TALK, lambda s, who, n: channel_reports.channel_of(s, who, n, {}, FIRM, now=NOON), "c", R.SIGHT),
    Verb("play a file", A.TALK, lambda s, who, n: thread.file_at(s, who, n, 0), "c", R.SIGHT),
    Verb("follow up by hand", A.TALK, lambda s, who, n: sequences.enroll_by_hand(s, who, n, FIRM, now=NOON), "c", R.SIGHT),
    Verb("say an approved text", A.TALK, lambda s, who, n: templates.say_template(s, who, n, 0, (), once="t", now=NOON), "c", R.HELD),
    Verb("put an emoji", A.TALK, lambda s, who, n: reactions.react(s, who, 0, "+", once="e", now=NOON)),
    Verb("accept an offer", A.TAKE, lambda s, who, n: accepting.accept(s, who, 0, now=NOON)),
    Verb("decline an offer", A.TAKE, lambda s, who, n: accepting.decline(s, who, 0, now=NOON)),
    Verb("keep what was handed over", A.TAKE, lambda s, who, n: handing.keep(s, who, 0, now=NOON)),
    Verb("give back what was handed over", A.TAKE, lambda s, who, n: handing.give_back(s, who, 0, now=NOON)),
    Verb("show a note", A.NOTE, lambda s, who, n: assign.show_note(s, who, 0, who.id, now=NOON)),
    Verb("read snippets", A.TALK, lambda s, who, n: snippets.snippets(s, who)),
    Verb("read a snippet", A.TALK, lambda s, who, n: snippets.snippet_at(s, who, 0)),
    Verb("find a snippet", A.TALK, lambda s, who, n: snippets.snippet_of(s, who, "x")),
    Verb("switch a snippet", A.WRITE_SNIPPETS, lambda s, who, n: snippets.set_active(s, who, 0, False, now=NOON)),
    Verb("offer a snippet at a stage", A.WRITE_SNIPPETS, lambda s, who, n: snippets.offer_at(s, who, 0, None, now=NOON)),
    Verb("refer a friend", A.TALK, lambda s, who, n: referrals.refer(s, who, n, "code", now=NOON), "p", R.SIGHT),
    Verb("find", A.FIND, lambda s, who, n: search.find(s, who, "x", "AM")),
    Verb("find a conversation", A.TALK, lambda s, who, n: find.candidates(s, who, "x", "AM")),
    Verb("read around a message", A.FIND, lambda s, who, n: search_around.around(s, who, 0)),
    Verb("look at two people", A.MERGE, lambda s, who, n: person_reports.preview_two(s, who, n, n, {}), "p", R.SIGHT),
    Verb("merge two people", A.MERGE, lambda s, who, n: persons.merged(s, who, n, n, now=NOON), "p", R.SIGHT),
    Verb("tag", A.TAG, lambda s, who, n: tags.tag(s, who, n, "x", now=NOON), "p"),
)
