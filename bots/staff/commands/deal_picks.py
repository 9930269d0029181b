"""Picking goods for a deal: several of the price list on one post, each press one more; saved at once at the end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bots.staff import deals, goods
from bots.staff.deals import MORE_OF
from bots.staff.posts import Key, Keys, Post
from bots.staff.updates import Text
from bots.staff.visit import Done, Listener, Visit
from bots.staff.words import CANCEL
from crm.base.db import Session
from crm.base.errors import Expired, Invalid
from crm.base.i18n import N_button
from crm.base.money import money
from crm.base.pricing import LINES_MOST, ONE, QUANTITY_MOST, totals
from crm.base.quantities import quantity, read_quantity
from crm.base.text import clean_name
from crm.base.time import HOUR
from crm.people.desk import Intent, Wizard, begin, quit_wizard, wizard_of
from crm.reports.deal import sheet
from crm.sales.deals import held_deal
from crm.sales.discounts import given
from crm.sales.lines import currency_for, lines_of, mark, set_lines
from crm.sales.picking import merged, picks_of
from crm.sales.price_words import read_picks
from crm.sales.products import Goods, products_at, products_like

NAME = "goods_pick"
SAVE, EVERYTHING = N_button("✓ Save"), N_button("The whole list")
SHOWN, WORDS_MOST, LABEL_MOST = 4, 40, 28


@dataclass(frozen=True, slots=True)
class Draft:
    """What was picked so far: how much of which product, what is looked for, which page; `last` is the product that numbers alone are about."""

    picks: Mapping[int, int]
    seen: str
    currency: str
    words: str = ""
    page: int = 0
    last: int = 0


def pick(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Begin with what the deal has."""
    deal, lines = held_deal(session, visit.rep, deal_id), lines_of(session, deal_id)
    draft = Draft(picks_of(lines), mark(lines), currency_for(session, deal))
    return shown(session, visit, deal_id, draft)


def more(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """One more of a product."""
    return _by(session, visit, deal_id, int(value), ONE)


def less(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """One less of a product; what is left of it is nothing at least."""
    return _by(session, visit, deal_id, int(value), -ONE)


def _by(session: Session, visit: Visit, deal_id: int, product: int, much: int) -> Done:
    draft = draft_of(session, visit, deal_id)
    there = draft.picks.get(product, 0)
    if there + much > QUANTITY_MOST or (product not in draft.picks and len(draft.picks) >= LINES_MOST):
        return Done(toast=visit.tr("This is too much."), alert=True)
    return shown(session, visit, deal_id, replace(draft, picks={**draft.picks, product: max(there + much, 0)}, last=product))


def page(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Another page of the list."""
    return shown(session, visit, deal_id, replace(draft_of(session, visit, deal_id), page=int(value)))


def everything(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """The whole list again."""
    return shown(session, visit, deal_id, replace(draft_of(session, visit, deal_id), words="", page=0))


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """So much of a number of the list, so much of what was pressed last, or a part of a name."""
    said = visit.said.text.strip() if isinstance(visit.said, Text) else ""
    draft, tr = draft_of(session, visit, wizard.target), visit.tr
    picks = read_picks(said)
    if picks is not None:
        return _numbered(session, visit, wizard.target, draft, picks)
    much = _quantity(said)
    if much is not None and draft.last:
        return shown(session, visit, wizard.target, replace(draft, picks={**draft.picks, draft.last: much}))
    if not said or much is not None:
        words = tr("Press a product first, or type its number and how much: {example}.", example="2 3.5")
        return shown(session, visit, wizard.target, draft, words)
    return shown(session, visit, wizard.target, replace(draft, words=said[:WORDS_MOST], page=0))


def _numbered(session: Session, visit: Visit, deal_id: int, draft: Draft, picks: Mapping[int, int]) -> Done:
    """Take so much of the numbers of the list; one that is not on it changes nothing."""
    most = max(picks)
    listed = products_like(session, visit.rep, draft.words, currency=draft.currency, limit=most)
    if min(picks) < 1 or most > len(listed):
        return shown(session, visit, deal_id, draft, visit.tr("There is no number {n} on this list.", n=most if most > len(listed) else 0))
    said = {listed[number - 1].id: much for number, much in picks.items()}
    return shown(session, visit, deal_id, replace(draft, picks={**draft.picks, **said}, last=list(said)[-1]))


def _quantity(said: str) -> int | None:
    try:
        return read_quantity(said)
    except Invalid:
        return None


def save(session: Session, visit: Visit, deal_id: int) -> bool:
    """The deal is about what was picked; whether that changed anything."""
    draft, before = draft_of(session, visit, deal_id), lines_of(session, deal_id)
    wanted = merged(before, draft.picks, _sold(session, draft))
    set_lines(session, visit.rep, deal_id, wanted, seen=draft.seen, currency=draft.currency if wanted else "", now=visit.now)
    quit_wizard(session, visit.rep, NAME)
    return mark(before) != mark(lines_of(session, deal_id))


def _sold(session: Session, draft: Draft) -> dict[int, Goods]:
    """What was picked and is still sold in this currency."""
    found = products_at(session, draft.picks)
    return {number: one for number, one in found.items() if one.active and one.offer.currency == draft.currency}


def draft_of(session: Session, visit: Visit, deal_id: int) -> Draft:
    """What this member has picked for this deal; raises `Expired` where it was left, or another deal was begun meanwhile."""
    held_deal(session, visit.rep, deal_id)
    found = wizard_of(session, visit.rep, NAME, now=visit.now)
    if found is None or found.target != deal_id:
        raise Expired
    facts = found.facts
    picks = {int(number): int(much) for number, much in facts["picks"].items()}
    return Draft(picks, str(facts["seen"]), str(facts["currency"]), str(facts["words"]), int(facts["page"]), int(facts["last"]))


def _keep(session: Session, visit: Visit, deal_id: int, draft: Draft) -> None:
    facts = {"picks": dict(draft.picks), "seen": draft.seen, "currency": draft.currency, "words": draft.words, "page": draft.page, "last": draft.last}
    begin(session, visit.rep, Wizard(NAME, NAME, deal_id, facts), until=visit.now + HOUR)


def shown(session: Session, visit: Visit, deal_id: int, draft: Draft, note: str = "") -> Done:
    """A page of the price list with what was picked so far; `note` says what was wrong with what was typed."""
    tr = visit.tr
    found = products_like(session, visit.rep, draft.words, currency=draft.currency, limit=SHOWN + 1, offset=draft.page * SHOWN)
    if not found and draft.page:
        return shown(session, visit, deal_id, replace(draft, page=0), note)
    _keep(session, visit, deal_id, draft)
    title = deals.title(tr, sheet(session, visit.rep, deal_id).brief)
    rows = [note, tr("{title}: what shall it be? Press for one more. Type a part of a name, or number and quantity: {example}.", title=title, example="2 3.5")]
    rows += [f"{number}. {goods.offer(tr, one)}" for number, one in enumerate(found[:SHOWN], draft.page * SHOWN + 1)]
    if not found:
        rows.append(tr("Nothing on the price list is called so.") if draft.words else tr("There is nothing on the price list yet."))
    rows.append(_picked(session, visit, deal_id, draft))
    return Done((Post("\n".join(filter(None, rows)), _keys(visit, deal_id, draft, found), edits=_edits(visit)),))


def _picked(session: Session, visit: Visit, deal_id: int, draft: Draft) -> str:
    """What was picked so far, and what it comes to with what the deal has besides."""
    before, deal = lines_of(session, deal_id), held_deal(session, visit.rep, deal_id)
    every = given(session, deal.contact_id, before, merged(before, draft.picks, _sold(session, draft)))
    if not every:
        return ""
    tr, sums = visit.tr, totals(every, draft.currency)
    names = ", ".join(
        f"{quantity(tr.language, one.quantity_m, clean_name(one.unit, 12))} × {goods.name(one.title, 24)}" for one in goods.read_by(visit.rep, every[:8])
    )
    return f"🛒 {names}{', …' if len(every) > 8 else ''} = {money(tr.language, sums.gross, draft.currency)}"


def _keys(visit: Visit, deal_id: int, draft: Draft, found: list[Goods]) -> Keys:
    """A button for each product, one less of the last, the way on, to save and back: eight at most."""
    tr = visit.tr

    def act(label: str, verb: str) -> Key:
        return Key(label, Intent("goods", deal_id, verb))

    rows = [(act(_label(visit, one, draft.picks.get(one.id, 0)), f"more:{one.id}"),) for one in found[:SHOWN]]
    middle = []
    last = next((one for one in found[:SHOWN] if one.id == draft.last and draft.picks.get(one.id, 0)), None)
    if last:
        middle.append(act(f"− {clean_name(last.offer.name, 16)}", f"less:{last.id}"))
    if len(found) > SHOWN or draft.page:
        middle.append(act(tr.button(MORE_OF), f"page:{draft.page + 1}"))
    elif draft.words:
        middle.append(act(tr.button(EVERYTHING), "all"))
    ends = (act(tr.button(SAVE), "save"), act(tr.button(CANCEL), "show"))
    return (*rows, *([tuple(middle)] if middle else []), ends)


def _label(visit: Visit, one: Goods, much: int) -> str:
    return f"{quantity(visit.tr.language, much)} × {clean_name(one.offer.name, LABEL_MOST)}" if much else f"+ {clean_name(one.offer.name, LABEL_MOST)}"


def _edits(visit: Visit) -> int:
    return 0 if isinstance(visit.said, Text) else visit.replied_to or 0


LISTENERS: Mapping[str, Listener] = {NAME: typed}
TURNS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {
    "pick": pick,
    "more": more,
    "less": less,
    "page": page,
    "all": everything,
}
