"""/deals: the open deals, those that have stood longest first: one's own, or everybody's for a manager, with what they are worth."""

from dataclasses import dataclass, replace

from bots.staff import deals
from bots.staff.posts import Key, Keys, Post
from bots.staff.visit import Command, Done, Group, Visit, ask
from bots.staff.words import MORE
from crm.base.db import Session
from crm.base.i18n import N_, N_button, Translator
from crm.base.money import money
from crm.base.policy import Action
from crm.base.text import clean_name
from crm.base.time import DAY
from crm.people.desk import Intent
from crm.people.reps import Member
from crm.people.sight import Sight, sight_of
from crm.people.teams import teammates
from crm.reports.deals import Brief, Wanted, Worth, winning, worth_of
from crm.reports.deals import deals as listed
from crm.reports.paging import Page, Place
from crm.sales.pipelines import pipelines, stages_of

PAGE = 4  # with the three filters and the next page it makes eight buttons
MINE, TEAM, ALL = "mine", "team", "all"
WHOSE = {MINE: N_button("Mine"), TEAM: N_button("My team's"), ALL: N_button("Everybody's")}
HEADS = {MINE: N_("Your open deals, those first that stand longest in their stage."), TEAM: N_("Your team's open deals:"), ALL: N_("Everybody's open deals:")}
ANY_STAGE, ROTTING, NOT_ROTTING = N_button("Any stage"), N_button("🥀 Only rotting"), N_button("All, not only rotting")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which deals are shown: whose, in which stage (0 = any), only rotting ones, after a place in the list."""

    whose: str = MINE
    stage: int = 0
    rotting: bool = False
    after: Place | None = None

    def intent(self) -> Intent:
        """What a button that shows these asks for."""
        at, number = (self.after.at, self.after.id) if self.after else (0, 0)
        return Intent("deals", number, f"{self.whose}:{self.stage}:{int(self.rotting)}:{at}")


def choice(intent: Intent) -> Choice:
    """Read what `Choice.intent` wrote."""
    whose, stage, rotting, at = intent.detail.split(":")
    return Choice(whose, int(stage), rotting == "1", Place(int(at), intent.target) if intent.target else None)


def deed(session: Session, visit: Visit) -> Done:
    """Show one's own deals."""
    return Done((page(session, visit, Choice()),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Choose anew where the button was pressed, or show the next page below."""
    wanted = choice(intent)
    post = page(session, visit, wanted)
    return Done((post if wanted.after else replace(post, edits=visit.replied_to or 0),))


def page(session: Session, visit: Visit, chosen: Choice) -> Post:
    """One page of deals with what all of them are worth."""
    tr, sight = visit.tr, sight_of(session, visit.rep, Action.SEE_DEALS)
    wanted = Wanted(_reps(session, visit, chosen.whose), chosen.stage or None, chosen.rotting)
    found = listed(session, visit.rep, wanted, now=visit.now, after=chosen.after, limit=PAGE)
    summed = ask(visit, ("deals", wanted), lambda s: worth_of(s, visit.rep, wanted, now=visit.now))
    sums = [_worth(tr, one) for one in summed]
    won = _won(visit, wanted.reps) if not chosen.stage and not chosen.rotting else []
    rows = [_row(tr, number, one, visit.now, chosen.whose) for number, one in enumerate(found.rows, 1)]
    head = tr(HEADS[chosen.whose]) if rows else tr("There is no such deal. Choose anew, or open one from a card.")
    return Post("\n".join([head, *rows, *([""] if sums and rows else []), *(sums if rows else []), *won]), _keys(session, visit, chosen, found, sight))


def _reps(session: Session, visit: Visit, whose: str) -> frozenset[int] | None:
    if whose == ALL:
        return None
    if whose == TEAM:
        return teammates(session, session.get_one(Member, visit.rep.id))
    return frozenset({visit.rep.id})


def _row(tr: Translator, number: int, one: Brief, now: int, whose: str) -> str:
    owner = "" if whose == MINE else f" · {clean_name(one.owner, 20) or tr('nobody')}"
    return f"{number}. {deals.facts(tr, one, now)}{owner}"


def _worth(tr: Translator, one: Worth) -> str:
    """What deals of one currency are worth together."""
    if not one.amount:
        return tr.many("{n} deal without an amount", "{n} deals without an amount", one.deals)
    sums = {"amount": money(tr.language, one.amount, one.currency), "likely": money(tr.language, one.weighted, one.currency)}
    return tr.many("{n} deal: {amount}, likely {likely}", "{n} deals: {amount}, likely {likely}", one.deals, **sums)


def _won(visit: Visit, reps: frozenset[int] | None) -> list[str]:
    """How long it takes these members to win a deal, of late."""
    one = ask(visit, ("winning", reps), lambda s: winning(s, visit.rep, reps, now=visit.now))
    return [visit.tr("Won within {days} days, as the median of {n} in the last 90 days", days=f"{one.took / DAY:.1f}", n=one.deals)] if one else []


def _keys(session: Session, visit: Visit, chosen: Choice, found: Page[Brief], sight: Sight) -> Keys:
    """A button per deal, the next choice of each filter, and the next page."""
    tr = visit.tr
    rows: list[tuple[Key, ...]] = [(Key(deals.label(tr, one, number), Intent("deal", one.id, "open")),) for number, one in enumerate(found.rows, 1)]
    fresh = replace(chosen, after=None)
    filters = [Key(tr.button(NOT_ROTTING if chosen.rotting else ROTTING), replace(fresh, rotting=not chosen.rotting).intent())]
    if sight.reps is None or len(sight.reps) > 1:
        whose = list(WHOSE) if sight.reps is None else [MINE, TEAM]
        following = whose[(whose.index(chosen.whose) + 1) % len(whose)] if chosen.whose in whose else MINE
        filters.insert(0, Key(tr.button(WHOSE[following]), replace(fresh, whose=following).intent()))
    filters.append(_stage_key(session, tr, fresh))
    more = ((Key(tr.button(MORE), replace(chosen, after=found.next).intent()),),) if found.next else ()
    return (*rows, tuple(filters), *more)


def _stage_key(session: Session, tr: Translator, chosen: Choice) -> Key:
    """The next stage of any pipeline, round and round."""
    steps = [step for one in pipelines(session) for step in stages_of(session, one.id)]
    numbers = [0, *(step.id for step in steps)]
    at = numbers[(numbers.index(chosen.stage) + 1) % len(numbers)] if chosen.stage in numbers else 0
    name = next((clean_name(step.name, 20) for step in steps if step.id == at), "")
    return Key(name or tr.button(ANY_STAGE), replace(chosen, stage=at).intent())


COMMAND = Command("deals", N_("Open deals and what they are worth"), deed, Action.SEE_DEALS, presses={"deals": turn}, group=Group.SELL)
