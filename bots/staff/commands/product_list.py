"""Adding to the price list: one line or many that are typed or pasted; many are told first and taken over by a button, which can be undone."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from bots.staff import goods, menus
from bots.staff.commands import product
from bots.staff.posts import Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Done, Listener, Visit
from bots.staff.words import UNDO
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_button
from crm.base.policy import Action
from crm.base.text import isolated
from crm.base.time import DAY, HOUR
from crm.people.desk import Intent, Wizard, begin, quit_wizard, wizard_of
from crm.people.reps import authorise
from crm.sales.price_words import Read, Said, read_list
from crm.sales.pricelist import Listed, compare, take_back, take_list
from crm.sales.products import LIST_MOST, Offer, product_at

NAME = "product_list"
TAKE, LEAVE = N_button("Take it over"), N_button("Leave it")
BAD_SHOWN = 5


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button about a list asks for."""
    authorise(session, visit.rep, Action.SET_PRICES)
    verb, _, number = intent.detail.partition(":")
    if verb == "ask":
        return ask(session, visit)
    kept = wizard_of(session, visit.rep, f"{NAME}:{number}", now=visit.now)
    if kept is None:
        raise Expired
    quit_wizard(session, visit.rep, kept.name)
    if verb == "take" and "lines" in kept.facts:
        return _take(session, visit, [_said(one) for one in kept.facts["lines"]], edits=True)
    if verb == "undo" and "made" in kept.facts:
        before = {int(number): Offer(**offer) for number, offer in kept.facts["before"].items()}
        take_back(session, visit.rep, Listed(made=tuple(kept.facts["made"]), before=before), now=visit.now)
    words = visit.tr("Taken back.") if verb == "undo" else visit.tr("Left as it was.")
    return Done((Post(words, _home(visit), edits=visit.replied_to or 0),), words)


def ask(session: Session, visit: Visit) -> Done:
    """Ask for lines of the price list."""
    begin(session, visit.rep, Wizard(NAME, NAME), until=visit.now + HOUR)
    tr = visit.tr
    words = tr("Type what is sold: name; price; unit; tax; code. One on each line, only name and price are needed. You may paste a table.")
    return Done((menus.question(tr, f"{words}\n{tr('Oak table; 45000; pc')}", NAME),))


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take the lines that were typed."""
    return taken(session, visit, visit.said.text if isinstance(visit.said, Text) else "")


def taken(session: Session, visit: Visit, said: str) -> Done:
    """Read a list: one good line is added at once, of more it is told first what they would do."""
    authorise(session, visit.rep, Action.SET_PRICES)
    read = read_list(said, visit.company.currency)
    if not read.lines:
        words = visit.tr("There is no name with a price in it. Type it as {example}.", example=visit.tr("Oak table; 45000; pc"))
        return Done((menus.question(visit.tr, words, NAME),))
    if len(read.lines) > LIST_MOST:
        return Done((menus.question(visit.tr, visit.tr("This is too much for one go. Send at most {n} lines.", n=LIST_MOST), NAME),))
    if len(read.lines) == 1 and not read.bad:
        return _take(session, visit, read.lines)
    return _told(session, visit, read)


def _told(session: Session, visit: Visit, read: Read) -> Done:
    """What a list would do."""
    tr, would = visit.tr, compare(session, visit.rep, read.lines)
    facts = {"lines": [asdict(one) for one in read.lines]}
    begin(session, visit.rep, Wizard(f"{NAME}:{visit.event}", NAME, 0, facts, listens=False), until=visit.now + HOUR)
    rows = [*_counted(visit, would), *_not_read(visit, read)]
    keys = [Key(tr.button(label), Intent(NAME, 0, f"{verb}:{visit.event}")) for label, verb in ((TAKE, "take"), (LEAVE, "leave"))]
    return Done((Post("\n".join(rows), menus.in_rows(keys)),))


def _counted(visit: Visit, one: Listed) -> list[str]:
    tr = visit.tr
    rows = [tr.many("{n} new", "{n} new", one.added)] if one.added else []
    rows += [tr.many("{n} with something else than before", "{n} with something else than before", len(one.before))] if one.before else []
    return rows + ([tr.many("{n} as it is already", "{n} as they are already", one.same)] if one.same else [])


def _not_read(visit: Visit, read: Read) -> list[str]:
    tr = visit.tr
    rows = [tr("Not understood, line {n}: {words}", n=number, words=isolated(words)) for number, words in read.bad[:BAD_SHOWN]]
    more = len(read.bad) - BAD_SHOWN
    return rows + ([tr.many("and {n} more line", "and {n} more lines", more)] if more > 0 else [])


def _take(session: Session, visit: Visit, said: Sequence[Said], *, edits: bool = False) -> Done:
    """Take lines over, with a day to undo it."""
    tr, done = visit.tr, take_list(session, visit.rep, said, once=visit.once, now=visit.now)
    quit_wizard(session, visit.rep, NAME)
    facts = {"made": list(done.made), "before": {str(number): asdict(offer) for number, offer in done.before.items()}}
    begin(session, visit.rep, Wizard(f"{NAME}:{visit.event}", NAME, 0, facts, listens=False), until=visit.now + DAY)
    undo = Key(tr.button(UNDO), Intent(NAME, 0, f"undo:{visit.event}"))
    numbers = [*done.made, *done.before]
    if len(numbers) == 1:
        one = product_at(session, numbers[0])
        post = product.post(visit, one)
        ways = [key for row in post.keys for key in row if key.intent is None or key.intent.action != "history"]  # eight at most
        return Done((replace(post, keys=menus.in_rows([undo, *ways]), edits=_edits(visit, edits)),), tr("Saved."))
    words = "\n".join([tr("The price list is as you sent it."), *_counted(visit, done)])
    keys = ((undo,), *_home(visit)) if numbers else _home(visit)
    return Done((Post(words, keys, edits=_edits(visit, edits)),), tr("Saved."))


def _home(visit: Visit) -> tuple[tuple[Key, ...], ...]:
    return ((Key(visit.tr.button(goods.LIST), Intent("products")),),)


def _edits(visit: Visit, edits: bool) -> int:
    return (visit.replied_to or 0) if edits else 0


def _said(facts: Mapping[str, Any]) -> Said:
    return Said(Offer(**facts["offer"]), bool(facts["taxed"]))


LISTENERS: Mapping[str, Listener] = {NAME: typed}
