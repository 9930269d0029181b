"""The goods of a deal: what it is about line by line, with discounts, and what they come to; changed by buttons, every change can be taken back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bots.staff import deals, goods, menus, papers
from bots.staff.commands import deal_line, deal_picks
from bots.staff.commands.deal import too_late
from bots.staff.posts import Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Done, Listener, Visit
from bots.staff.words import UNDO
from crm.base.db import Session
from crm.base.errors import Expired, Invalid
from crm.base.i18n import N_button
from crm.base.money import money
from crm.base.policy import Action, may
from crm.base.pricing import ONE, Line, totals
from crm.base.quantities import rate
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.reps import authorise
from crm.reports.deal import sheet
from crm.sales.deals import Moved, held_deal
from crm.sales.discounts import by_hand, by_itself
from crm.sales.lines import currency_for, discounted, lines_of, mark, set_lines, shared_out, undo_lines
from crm.sales.price_words import read_less, read_offer
from crm.sales.products import products_like
from crm.sales.stock import lacking

LESS, FREE = "goods_less", "goods_free"
CHANGE, ONE_LINE, DISCOUNT, WORDS = N_button("Choose…"), N_button("One line…"), N_button("Discount"), N_button("A line of words")
TAKE_TOTAL, NO_DISCOUNT = N_button("Take this total"), N_button("No discount")
SHARES = (500, 1000, 1500, 2000)


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button about the goods of a deal asks for; who was too late is told so, and nothing is changed."""
    verb, _, value = intent.detail.partition(":")
    pressed = TURNS.get(verb)
    if pressed is None:
        raise Expired
    try:
        return pressed(session, visit, intent.target, value)
    except Moved:
        return too_late(session, visit, intent.target)


def opened(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """The goods of a deal; where there are none yet, the price list to choose from."""
    authorise(session, visit.rep, Action.CHANGE_DEAL)
    if lines_of(session, deal_id):
        return show(session, visit, deal_id)
    deal = held_deal(session, visit.rep, deal_id)
    if products_like(session, visit.rep, currency=currency_for(session, deal), limit=1):
        return deal_picks.pick(session, visit, deal_id, "")
    return show(session, visit, deal_id)


def show(session: Session, visit: Visit, deal_id: int, value: str = "", *, toast: str = "", undo: bool = False) -> Done:
    """Every line and what they come to; `undo` = something was just changed."""
    for name in (deal_picks.NAME, deal_line.NAME, LESS, FREE):
        quit_wizard(session, visit.rep, name)
    tr, brief, every = visit.tr, sheet(session, visit.rep, deal_id).brief, lines_of(session, deal_id)
    sums = totals(every, brief.currency)
    rows = [f"🛒 {deals.title(tr, brief)}", *goods.lines(tr, goods.read_by(visit.rep, every), sums)]
    if every:
        rows += [*goods.totals(tr, every, sums), *goods.short(tr, lacking(session, every))]
    else:
        rows.append(tr("There are no products in it yet."))
    differs = bool(every) and brief.amount != sums.gross
    if differs and brief.amount is not None:
        rows.append(tr("⚠️ The deal itself says {amount}.", amount=money(tr.language, brief.amount, brief.currency)))
    keys = _keys(visit, deal_id, some=bool(every), differs=differs, undo=undo)
    post = Post("\n".join(rows), (*menus.in_rows(keys), (deals.back(tr, deal_id),)), edits=_edits(visit))
    return Done((post,), toast)


def _keys(visit: Visit, deal_id: int, *, some: bool, differs: bool, undo: bool) -> list[Key]:
    rows = [(CHANGE, "pick"), *([(ONE_LINE, "lines"), (DISCOUNT, "off")] if some else []), (WORDS, "free")]
    rows += [(TAKE_TOTAL, "total")] if differs else []
    rows += [(UNDO, "undo")] if undo else []
    keys = [Key(visit.tr.button(label), Intent("goods", deal_id, verb)) for label, verb in rows]
    if some and may(visit.rep.role, Action.MAKE_DOCUMENTS):
        keys.append(Key(visit.tr.button(papers.PAPERS), Intent("papers", deal_id)))
    if not some and may(visit.rep.role, Action.SET_PRICES):
        keys.append(Key(visit.tr.button(goods.LIST), Intent("command", detail="products")))
    return keys


def save(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """What was picked is of the deal."""
    changed = deal_picks.save(session, visit, deal_id)
    return show(session, visit, deal_id, toast=visit.tr("Saved.") if changed else visit.tr("Left as it was."), undo=changed)


def undo(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Take the last change back; the same button makes it again."""
    undo_lines(session, visit.rep, deal_id, now=visit.now)
    return show(session, visit, deal_id, toast=visit.tr("Taken back."), undo=True)


def total(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """The deal is worth what its lines come to."""
    every = lines_of(session, deal_id)
    set_lines(session, visit.rep, deal_id, every, seen=mark(every), now=visit.now)
    return show(session, visit, deal_id, toast=visit.tr("Saved."), undo=True)


def less(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Ask for a discount on everything."""
    tr, every = visit.tr, lines_of(session, deal_id)
    held_deal(session, visit.rep, deal_id)
    begin(session, visit.rep, Wizard(LESS, LESS, deal_id, {"seen": mark(every)}), until=visit.now + CONFIRM_MS)
    keys = [Key(rate(tr.language, share), Intent("goods", deal_id, f"share:{share}:{mark(every)}")) for share in SHARES]
    keys.append(Key(tr.button(NO_DISCOUNT), Intent("goods", deal_id, f"share:0:{mark(every)}")))
    if any(one.product_id and by_hand(one) for one in every):
        keys.append(Key(tr.button(deal_line.BY_ITSELF), Intent("goods", deal_id, f"itself_all:{mark(every)}")))
    words = tr("How much is taken off everything? Press, or type a share as {share} or an amount as {amount}.", share="7.5%", amount="5000")
    return Done((replace(Post(words, (*menus.in_rows(keys, 3), _back(visit, deal_id))), edits=_edits(visit)),))


def share(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Take a share off everything, instead of whatever discount there was."""
    points, _, seen = value.partition(":")
    set_lines(session, visit.rep, deal_id, discounted(lines_of(session, deal_id), int(points)), seen=seen, now=visit.now)
    return show(session, visit, deal_id, toast=visit.tr("Saved."), undo=True)


def itself(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """The rules of the price list say again what is taken off each line."""
    set_lines(session, visit.rep, deal_id, by_itself(lines_of(session, deal_id)), seen=value, now=visit.now)
    return show(session, visit, deal_id, toast=visit.tr("Saved."), undo=True)


def less_typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take off what was typed: a share, or an amount that each line bears its part of."""
    said, every = _said(visit), lines_of(session, wizard.target)
    currency = held_deal(session, visit.rep, wizard.target).currency
    try:
        read = read_less(said, currency)
        wanted = shared_out(every, read.amount, currency) if read.amount else discounted(every, read.share_bp)
    except Invalid:
        words = visit.tr("This is no discount that can be taken off. Type a share as {share} or an amount as {amount}.", share="7.5%", amount="5000")
        return Done((menus.question(visit.tr, words, LESS),))
    return changed(session, visit, wizard.target, wanted, str(wizard.facts["seen"]))


def free(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Ask for a line that is not of the price list."""
    held_deal(session, visit.rep, deal_id)
    facts = {"seen": mark(lines_of(session, deal_id))}
    begin(session, visit.rep, Wizard(FREE, FREE, deal_id, facts), until=visit.now + CONFIRM_MS)
    words = visit.tr("What is it, and what does it cost? Type it as {example}.", example=visit.tr("Delivery; 2000"))
    return Done((replace(Post(words, (_back(visit, deal_id),)), edits=_edits(visit)),))


def free_typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Add a line of somebody's own words."""
    deal, every = held_deal(session, visit.rep, wizard.target), lines_of(session, wizard.target)
    try:
        one = read_offer(_said(visit), deal.currency).offer
        wanted = (*every, Line(one.name, ONE, one.price, one.unit, tax_bp=one.tax_bp, tax_inside=one.tax_inside))
        totals(wanted, deal.currency)
        usable = one.currency == deal.currency
    except Invalid:
        usable = False
    if not usable:
        words = visit.tr("There is no price in it that can be used. Type it as {example}.", example=visit.tr("Delivery; 2000"))
        return Done((menus.question(visit.tr, words, FREE),))
    return changed(session, visit, wizard.target, wanted, str(wizard.facts["seen"]))


def changed(session: Session, visit: Visit, deal_id: int, wanted: Sequence[Line], seen: str) -> Done:
    """Keep new lines, and show them; who was too late is told so."""
    try:
        set_lines(session, visit.rep, deal_id, wanted, seen=seen, now=visit.now)
    except Moved:
        return too_late(session, visit, deal_id)
    return show(session, visit, deal_id, toast=visit.tr("Saved."), undo=True)


def line_typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Change one line by what was typed."""
    wanted = deal_line.typed(session, visit, wizard, _said(visit))
    return wanted if isinstance(wanted, Done) else changed(session, visit, wizard.target, wanted, str(wizard.facts["seen"]))


def _line(verb: deal_line.Change) -> Callable[[Session, Visit, int, str], Done]:
    """A button of one line that changes it, and stays with it as long as it is there."""

    def pressed(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
        place, _, seen = value.partition(":")
        held_deal(session, visit.rep, deal_id)
        every = lines_of(session, deal_id)
        if mark(every) != seen:
            raise Moved
        wanted = verb(every, int(place))
        set_lines(session, visit.rep, deal_id, wanted, seen=seen, now=visit.now)
        if len(wanted) < len(every):
            return show(session, visit, deal_id, toast=visit.tr("Saved."), undo=True)
        return deal_line.show(session, visit, deal_id, place)

    return pressed


def _said(visit: Visit) -> str:
    return visit.said.text if isinstance(visit.said, Text) else ""


def _back(visit: Visit, deal_id: int) -> tuple[Key, ...]:
    return (Key(visit.tr.button(deals.BACK), Intent("goods", deal_id, "show")),)


def _edits(visit: Visit) -> int:
    return 0 if isinstance(visit.said, Text) else visit.replied_to or 0


LISTENERS: Mapping[str, Listener] = {**deal_picks.LISTENERS, LESS: less_typed, FREE: free_typed, deal_line.NAME: line_typed}
TURNS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {
    "": opened,
    "show": show,
    "save": save,
    "undo": undo,
    "total": total,
    "off": less,
    "share": share,
    "itself_all": itself,
    "free": free,
    **deal_picks.TURNS,
    **deal_line.TURNS,
    **{verb: _line(change) for verb, change in deal_line.CHANGES.items()},
}
