"""The last third of the table behind the matrix: how the house is set up, what it sends to many, what comes in and goes out."""

from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.conversations import forum
from crm.exchange import capturing, erasure, exports, imports, package, past, support
from crm.exchange.reach import in_reach
from crm.inbox import parked
from crm.outbox import approved, hold, upkeep
from crm.outreach import campaigns, followups, segments
from crm.outreach.segments import Segment
from crm.people import companies, fieldset, logins
from crm.projects import drafting, ready
from crm.projects.blueprints import NotifyOn, Whose
from crm.reports import funnel, storage, week
from crm.sales import entries, pay_ways, postings, pricelist, reasons, stages, stock
from crm.sales.postings import Draft
from tests.conftest import NOON
from tests.crm.matrix import FIRM, A, R, Verb

POST = Draft("telegram", "-1", "Hello", "Ask", "https://t.me/x")


def linked(session: Session, who: Rep) -> int:
    """A link that a post may open."""
    return entries.make(session, who, "chair", "fair", "code", now=NOON).id


HOUSE = (
    Verb("erase somebody", A.ERASE, lambda s, who, n: erasure.ask(s, who, n, now=NOON), "p", R.WORKED),
    Verb("see what an erasure takes", A.ERASE, lambda s, who, n: erasure.preview(s, who, n), "p", R.WORKED),
    Verb("take everything out", A.EXPORT, lambda s, who, n: exports.ask(s, who, now=NOON), whole=True),
    Verb("take one person's data out", A.EXPORT, lambda s, who, n: package.ask(s, who, n, now=NOON), "p", R.SIGHT),
    Verb("reach somebody to capture them", A.CAPTURE, lambda s, who, n: in_reach(s, who, A.CAPTURE, n), "p", R.SIGHT),
    Verb("look at an import", A.IMPORT, lambda s, who, n: imports.shown(s, who, 1)),
    Verb("say what a column is", A.IMPORT, lambda s, who, n: imports.choose(s, who, 1, 0, "name", now=NOON)),
    Verb("try an import", A.IMPORT, lambda s, who, n: imports.check(s, who, 1, now=NOON)),
    Verb("run an import", A.IMPORT, lambda s, who, n: imports.run(s, who, 1, now=NOON)),
    Verb("undo an import", A.IMPORT, lambda s, who, n: imports.undo(s, who, 1, now=NOON)),
    Verb("stop an import", A.IMPORT, lambda s, who, n: imports.stop(s, who, 1, now=NOON)),
    Verb("see whom an old chat may be with", A.IMPORT, lambda s, who, n: past.likely(s, who, 1, 0, 0, "AM")),
    Verb("hold a capture", A.CAPTURE, lambda s, who, n: capturing.capture_at(s, who, 1)),
    Verb("read who said it", A.CAPTURE, lambda s, who, n: capturing.source_of(s, who, 1)),
    Verb("read a line of a card", A.CAPTURE, lambda s, who, n: capturing.line_at(s, who, 1, 0)),
    Verb("see one that is parked", A.SETTLE_PARKED, lambda s, who, n: parked.parked_one(s, who, 1)),
    Verb("drop what is parked", A.SETTLE_PARKED, lambda s, who, n: parked.drop(s, who, 1, now=NOON)),
    Verb("see approved texts", A.FOLLOW_UP, lambda s, who, n: approved.every_template(s, who)),
    Verb("use an approved text", A.FOLLOW_UP, lambda s, who, n: approved.use_for(s, who, 0, "", now=NOON)),
    Verb("hold sending", A.RELEASE, lambda s, who, n: hold.hold(s, who, now=NOON)),
    Verb("see what a hold keeps back", A.RELEASE, lambda s, who, n: hold.standing(s, who)),
    Verb("ask for a backup", A.BACK_UP, lambda s, who, n: upkeep.ask_for(s, who, now=NOON)),
    Verb("see how much room files take", A.SEE_REPORTS, lambda s, who, n: storage.storage(s, who)),
    Verb("have the file for whoever helps", A.SEE_REPORTS, lambda s, who, n: support.ask(s, who, now=NOON)),
    Verb("read what was done for one in a week", A.DO_TASK, lambda s, who, n: week.week_of(s, who, FIRM, now=NOON)),
    Verb("launch a promotion", A.PROMOTE, lambda s, who, n: campaigns.launch(s, who, 1, 1, now=NOON)),
    Verb("hold a promotion", A.PROMOTE, lambda s, who, n: campaigns.hold(s, who, 1, now=NOON)),
    Verb("resume a promotion", A.PROMOTE, lambda s, who, n: campaigns.resume(s, who, 1, now=NOON)),
    Verb("cancel a promotion", A.PROMOTE, lambda s, who, n: campaigns.cancel(s, who, 1, now=NOON)),
    Verb("see a promotion", A.PROMOTE, lambda s, who, n: campaigns.campaign_of(s, who, 1)),
    Verb("look at a promotion first", A.PROMOTE, lambda s, who, n: segments.preview(s, who, Segment(), "hi", FIRM, now=NOON)),
    Verb("resume follow-ups", A.FOLLOW_UP, lambda s, who, n: followups.resume(s, who, 1, now=NOON)),
    Verb("change a follow-up", A.FOLLOW_UP, lambda s, who, n: followups.edit_step(s, who, 0, delay_ms=1, now=NOON)),
    Verb("take somebody out of follow-ups", A.FOLLOW_UP, lambda s, who, n: followups.take_out(s, who, 0, now=NOON)),
    Verb("find a company", A.FIND, lambda s, who, n: companies.companies_like(s, who, "x")),
    Verb("see the newest companies", A.FIND, lambda s, who, n: companies.newest_companies(s, who)),
    Verb("rename a field", A.SET_FIELDS, lambda s, who, n: fieldset.rename_field(s, who, 0, "x", now=NOON)),
    Verb("set the choices of a field", A.SET_FIELDS, lambda s, who, n: fieldset.set_choices(s, who, 0, "x\ny", now=NOON)),
    Verb("show a field", A.SET_FIELDS, lambda s, who, n: fieldset.show_field(s, who, 0, True, now=NOON)),
    Verb("archive a field", A.SET_FIELDS, lambda s, who, n: fieldset.archive_field(s, who, 0, True, now=NOON)),
    Verb("move a field", A.SET_FIELDS, lambda s, who, n: fieldset.move_field(s, who, 0, 1, now=NOON)),
    Verb("undo what was done to a field", A.SET_FIELDS, lambda s, who, n: fieldset.undo_edit(s, who, 0, 0, now=NOON)),
    Verb("have a link to the web", A.TALK, lambda s, who, n: logins.issue(s, who, who.id, "s", now=NOON)),
    Verb("end the group", A.LINK_FORUM, lambda s, who, n: forum.unlink(s, who, now=NOON)),
    Verb("add steps to a work plan", A.SET_BLUEPRINTS, lambda s, who, n: drafting.add_steps(s, who, 0, [], now=NOON)),
    Verb("rename a work plan", A.SET_BLUEPRINTS, lambda s, who, n: drafting.rename(s, who, 0, "x", now=NOON)),
    Verb("say what a work plan is for", A.SET_BLUEPRINTS, lambda s, who, n: drafting.belong(s, who, 0, None, now=NOON)),
    Verb("say what a work plan speaks", A.SET_BLUEPRINTS, lambda s, who, n: drafting.speak(s, who, 0, "en", now=NOON)),
    Verb("entitle a step", A.SET_BLUEPRINTS, lambda s, who, n: drafting.entitle(s, who, 0, "x", now=NOON)),
    Verb("say when a step is due", A.SET_BLUEPRINTS, lambda s, who, n: drafting.due_after(s, who, 0, 1, working=True, now=NOON)),
    Verb("say who does a step", A.SET_BLUEPRINTS, lambda s, who, n: drafting.done_by(s, who, 0, Whose.DEAL, None, now=NOON)),
    Verb("say what a step tells", A.SET_BLUEPRINTS, lambda s, who, n: drafting.tells(s, who, 0, "x", now=NOON)),
    Verb("say when a step tells it", A.SET_BLUEPRINTS, lambda s, who, n: drafting.tells_when(s, who, 0, NotifyOn.DONE, auto=True, now=NOON)),
    Verb("move a step", A.SET_BLUEPRINTS, lambda s, who, n: drafting.put_before(s, who, 0, now=NOON)),
    Verb("take a step away", A.SET_BLUEPRINTS, lambda s, who, n: drafting.remove_step(s, who, 0, now=NOON)),
    Verb("take a ready work plan", A.SET_BLUEPRINTS, lambda s, who, n: ready.found_ready(s, who, next(iter(ready.READY)), "en", now=NOON)),
    Verb("see whether the selling is sound", A.SET_PIPELINES, lambda s, who, n: funnel.funnel_health(s, who, now=NOON)),
    Verb("rename a pipeline", A.SET_PIPELINES, lambda s, who, n: stages.rename_pipeline(s, who, 0, "x", now=NOON)),
    Verb("prefer a pipeline", A.SET_PIPELINES, lambda s, who, n: stages.prefer_pipeline(s, who, 0, now=NOON)),
    Verb("say for whom a pipeline is", A.SET_PIPELINES, lambda s, who, n: stages.dedicate_pipeline(s, who, 0, None, now=NOON)),
    Verb("archive a pipeline", A.SET_PIPELINES, lambda s, who, n: stages.archive_pipeline(s, who, 0, now=NOON)),
    Verb("bring a pipeline back", A.SET_PIPELINES, lambda s, who, n: stages.restore_pipeline(s, who, 0, now=NOON)),
    Verb("add a stage", A.SET_PIPELINES, lambda s, who, n: stages.add_stage(s, who, 0, "x", now=NOON)),
    Verb("rename a stage", A.SET_PIPELINES, lambda s, who, n: stages.rename_stage(s, who, 0, "x", now=NOON)),
    Verb("say how likely a stage is", A.SET_PIPELINES, lambda s, who, n: stages.set_probability(s, who, 0, 50, now=NOON)),
    Verb("say when a stage rots", A.SET_PIPELINES, lambda s, who, n: stages.set_rotting(s, who, 0, 5, now=NOON)),
    Verb("say what a stage demands", A.SET_PIPELINES, lambda s, who, n: stages.demand(s, who, 0, "amount", True, now=NOON)),
    Verb("move a stage", A.SET_PIPELINES, lambda s, who, n: stages.put_before(s, who, 0, now=NOON)),
    Verb("archive a stage", A.SET_PIPELINES, lambda s, who, n: stages.archive_stage(s, who, 0, None, now=NOON)),
    Verb("bring a stage back", A.SET_PIPELINES, lambda s, who, n: stages.restore_stage(s, who, 0, now=NOON)),
    Verb("add a reason", A.SET_PIPELINES, lambda s, who, n: reasons.add_reason(s, who, "deal", "x", now=NOON)),
    Verb("offer a reason", A.SET_PIPELINES, lambda s, who, n: reasons.offer_reason(s, who, 0, False, now=NOON)),
    Verb("change a way to pay", A.SET_PRICES, lambda s, who, n: pay_ways.reword(s, who, 0, "x", now=NOON)),
    Verb("show the code of a way to pay", A.SET_PRICES, lambda s, who, n: pay_ways.show_code(s, who, 0, None, "staff", now=NOON)),
    Verb("offer a way to pay", A.SET_PRICES, lambda s, who, n: pay_ways.offer(s, who, 0, False, now=NOON)),
    Verb("compare a price list", A.SET_PRICES, lambda s, who, n: pricelist.compare(s, who, [])),
    Verb("take goods in", A.SET_PRICES, lambda s, who, n: stock.come_in(s, who, 0, 1, once="c", now=NOON)),
    Verb("count a product", A.SET_PRICES, lambda s, who, n: stock.keep_count(s, who, 0, True, now=NOON)),
    Verb("see a link", A.PROMOTE, lambda s, who, n: entries.entry_at(s, who, 0)),
    Verb("list links", A.PROMOTE, lambda s, who, n: entries.listed(s, who, limit=1)),
    Verb("list a link no more", A.PROMOTE, lambda s, who, n: entries.end(s, who, 0, now=NOON)),
    Verb("list a link again", A.PROMOTE, lambda s, who, n: entries.renew(s, who, 0, now=NOON)),
    Verb("publish a post", A.PROMOTE, lambda s, who, n: postings.publish(s, who, linked(s, who), POST, once="p", now=NOON)),
    Verb("take a post down", A.PROMOTE, lambda s, who, n: postings.take_down(s, who, 0, now=NOON)),
    Verb("see a post", A.PROMOTE, lambda s, who, n: postings.posting_at(s, who, 0)),
    Verb("see the posts of a link", A.PROMOTE, lambda s, who, n: postings.postings_of(s, who, 0)),
)
