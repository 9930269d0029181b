"""Deals: how one reads on a card, in a list and in a post of its own, and what is told to its owner."""

from collections.abc import Callable, Iterator
from datetime import date

from bots.staff import menus, orders, papers
from bots.staff.healths import short
from bots.staff.posts import Key, Keys, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene
from bots.staff.visit import Visit
from bots.staff.words import line_html, name_html
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import N_, N_button, Translator
from crm.base.money import money
from crm.base.text import clean_name, escape_html, isolated
from crm.base.time import DAY, local
from crm.outbox.notices import Waiting
from crm.people.desk import EVERYBODY, Intent
from crm.people.field_words import shown_date
from crm.reports.deal import Sheet
from crm.reports.deals import Brief, as_read_by, briefs, readable
from crm.reports.thread import Thread
from crm.reports.words import plain_name
from crm.sales.deals import DealState
from crm.sales.reasons import reason_words
from crm.sales.rotting import rotten_for

DEAL = N_button("💼 Deal")
WON, LOST, REOPEN = N_button("🏆 Won"), N_button("✖ Lost"), N_button("Run it on")
STAGE, AMOUNT, CLOSE_ON, MORE_OF = N_button("Stage…"), N_button("Amount"), N_button("Close date"), N_button("More…")
PROJECT = N_button("🛠 The work")
CARD, BACK = N_button("Show the card"), N_button("Back")
MARKS = {DealState.OPEN: "💼", DealState.WON: "🏆", DealState.LOST: "✖️"}
STATES = {DealState.WON: N_("won"), DealState.LOST: N_("lost")}
LABEL_MOST = 24


def key(tr: Translator, conversation_id: int) -> Key:
    """The button of a card that opens the deals of its person."""
    return Key(tr.button(DEAL), Intent("deals_of", conversation_id))


def title(tr: Translator, one: Brief, most: int = 60) -> str:
    """What a deal is called, as plain text."""
    return isolated(clean_name(one.title, most)) if one.title.strip() else plain_name(tr, one.name, most)


def lines(sight: Thread, reader: Rep, tr: Translator, now: int, most: int) -> Iterator[str]:
    """The deals of a person as lines of a card; of one that is a colleague's only whose it is."""
    for one in sight.deals:
        if reader.id == EVERYBODY or readable(reader, one):
            yield card_line(tr, one if reader.id == EVERYBODY else as_read_by(reader, one), now, most)
        elif one.state is DealState.OPEN:
            yield f"{MARKS[one.state]} {tr('A deal of {name}', name=name_html(tr, one.owner, 30))}"


def card_line(tr: Translator, one: Brief, now: int, most: int) -> str:
    """A deal as a line of a card: what, where, how much."""
    parts = (
        line_html(one.title or one.name, min(most, 60)),
        _where(tr, one, html=True),
        escape_html(worth(tr, one)),
        f"🛒 {one.goods}" if one.goods else "",
        rotten(tr, one, now),
        short(tr, one.project),
    )
    return f"{MARKS[one.state]} {' · '.join(filter(None, parts))}"


def _where(tr: Translator, one: Brief, *, html: bool = False) -> str:
    """The stage a deal is in, or how it ended."""
    if one.state is not DealState.OPEN:
        return tr(STATES[one.state])
    return line_html(one.stage, 40) if html else isolated(clean_name(one.stage, 40))


def worth(tr: Translator, one: Brief) -> str:
    """What a deal is worth ("" = not known)."""
    return money(tr.language, one.amount, one.currency) if one.amount is not None else ""


def rotten(tr: Translator, one: Brief, now: int) -> str:
    """That a deal has stood too long in its stage, and for how long ("" = it has not)."""
    days = rotten_for(one.entered_at, one.rotting_days, now) if one.state is DealState.OPEN else 0
    return f"🥀 {tr.ago(days * DAY)}" if days else ""


def facts(tr: Translator, one: Brief, now: int) -> str:
    """One deal of a list in words."""
    person = plain_name(tr, one.name, 30) if one.title.strip() != one.name.strip() else ""
    closes = tr("closes {when}", when=day(tr, one.expected_on)) if one.expected_on and one.state is DealState.OPEN else ""
    return " · ".join(filter(None, (title(tr, one, 40), person, _where(tr, one), worth(tr, one), closes, rotten(tr, one, now))))


def label(tr: Translator, one: Brief, number: int = 0) -> str:
    """One deal on a button."""
    return f"{f'{number}. ' if number else ''}{MARKS[one.state]} {title(tr, one, 28)}"


def day(tr: Translator, iso: str) -> str:
    """A day in the reader's words."""
    return shown_date(date.fromisoformat(iso), tr.language)


def today(visit: Visit) -> date:
    """The firm's local day."""
    return local(visit.now, visit.company.zone).date()


def post(visit: Visit, one: Sheet) -> Post:
    """A deal with what may be done with it; pure."""
    tr, found = visit.tr, one.brief
    rows = [f"{MARKS[found.state]} <b>{escape_html(title(tr, found))}</b>", *_told(visit, one)]
    return Post("\n".join(rows), keys(tr, one), html=True)


def _told(visit: Visit, one: Sheet) -> Iterator[str]:
    tr, found, now = visit.tr, one.brief, visit.now
    yield " · ".join(filter(None, (name_html(tr, found.name), line_html(one.company, 60) if one.company else "")))
    yield from _standing(visit, one)
    if found.amount is not None:
        likely = money(tr.language, (found.amount * one.stage.probability + 50) // 100, found.currency) if found.state is DealState.OPEN else ""
        note = f" ({tr('likely {amount}, {percent} %', amount=likely, percent=one.stage.probability)})" if likely else ""
        yield tr("Amount: {amount}", amount=escape_html(worth(tr, found))) + escape_html(note)
    if found.goods:
        yield f"🛒 {tr.many('{n} product', '{n} products', found.goods)}"
    if found.expected_on and found.state is DealState.OPEN:
        late = f" ⚠️ {tr('gone by')}" if found.expected_on < today(visit).isoformat() else ""
        pushed = f" · {tr.many('put off {n} time', 'put off {n} times', found.pushes)}" if found.pushes else ""
        yield tr("Closes: {when}", when=escape_html(day(tr, found.expected_on))) + late + pushed
    yield tr("Whose: {name}", name=name_html(tr, found.owner)) if found.owner else tr("Nobody has it")
    yield from filter(None, (short(tr, found.project),))
    yield from (escape_html(papers.title(tr, paper)) for paper in one.papers)
    for person in one.people:
        yield f"👤 {name_html(tr, person.name, 40)}" + (f" ({line_html(person.role, 40)})" if person.role else "")
    if found.state is DealState.OPEN and (words := rotten(tr, found, now)):
        yield f"{words}: {tr('it stands too long in this stage')}"


def _standing(visit: Visit, one: Sheet) -> Iterator[str]:
    """In which stage a deal is since when, or how it ended."""
    tr, found = visit.tr, one.brief
    stage = line_html(found.stage, 40) + (f" ({line_html(one.pipeline, 40)})" if one.pipeline else "")
    if found.state is DealState.OPEN:
        yield tr("Stage: {stage}, {since}", stage=f"<b>{stage}</b>", since=tr.since(found.entered_at, visit.now))
        return
    when = tr.when(one.closed_at, visit.company.zone, visit.now)
    yield tr("Won {when}, in {stage}", when=when, stage=stage) if found.state is DealState.WON else tr("Lost {when}, in {stage}", when=when, stage=stage)
    why = " · ".join(filter(None, (reason_words(tr, one.reason) if one.reason else "", one.reason_words)))
    if why:
        yield tr("Why: {reason}", reason=line_html(why, 300))


def keys(tr: Translator, one: Sheet) -> Keys:
    """What may be done with a deal; the stage it was seen in travels with what moves it."""
    number, seen = one.brief.id, one.stage.id

    def act(label: str, detail: str) -> Key:
        return Key(tr.button(label), Intent("deal", number, detail))

    shown = (Key(tr.button(CARD), Intent("show", one.conversation_id)),) if one.conversation_id else ()
    if one.brief.state is DealState.WON:
        after = (Key(tr.button(PROJECT), Intent("project_of", number)), Key(tr.button(orders.ORDER), Intent("order_deal", number)))
        return (act(REOPEN, "reopen"), *after), (act(MORE_OF, "more"), *shown)
    if one.brief.state is DealState.LOST:
        return (act(REOPEN, "reopen"),), shown
    onward = one.following
    rows: list[tuple[Key, ...]] = [(Key(f"➡️ {clean_name(onward.name, LABEL_MOST)}", Intent("deal", number, f"to:{onward.id}:{seen}")),)] if onward else []
    rows.append((act(WON, f"win:{seen}"), act(LOST, f"lost:{seen}")))
    rows.append((act(STAGE, "stages"), act(AMOUNT, "amount"), act(CLOSE_ON, "date")))
    rows.append((act(MORE_OF, "more"), *shown))
    return tuple(rows)


def told(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """A deal is somebody's now, or it stands too long: its owner is told, or the managers where nobody has it."""
    found = next(iter(briefs(session, [notice.subject_id])), None)
    if found is None or found.state is not DealState.OPEN:
        return Rendered(notice)
    owner = scene.rep(found.rep_id)

    def made(tr: Translator, rep: Rep) -> Post:
        words = tr("💼 This deal is yours now:") if notice.facts.get("why") == "given" else tr("🥀 This deal stands too long in its stage:")
        seen = as_read_by(rep, found)
        return Post(f"{words}\n{facts(tr, seen, scene.now)}", ((Key(label(tr, seen), Intent("deal", found.id, "open")),),))

    return Rendered(notice, mail_each(notice, (owner,) if owner else scene.managers, made))


def back(tr: Translator, deal_id: int) -> Key:
    """The way back to a deal."""
    return Key(tr.button(BACK), Intent("deal", deal_id, "show"))


def paged(tr: Translator, keys: list[Key], page: int, following: Callable[[int], Intent]) -> list[Key]:
    """One page of choices, with the way to the next where there are more than a post has room for; pure."""
    room = menus.MOST - 1
    if len(keys) <= room:
        return keys
    pages = -(-len(keys) // (room - 1))
    page %= pages
    return [*keys[page * (room - 1) : (page + 1) * (room - 1)], Key(tr.button(MORE_OF), following((page + 1) % pages))]


def choice(tr: Translator, words: str, options: list[Key], deal_id: int, *, wide: int = 2) -> Post:
    """A question about a deal with its answers as buttons, at most seven, and the way back."""
    return Post(words, (*menus.in_rows(options[: menus.MOST - 1], wide), (back(tr, deal_id),)))
