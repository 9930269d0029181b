"""/products: the price list: looked through by everybody who sells; typed, pasted, changed and counted by managers."""

from collections.abc import Mapping
from dataclasses import replace

from bots.staff import goods, menus
from bots.staff.commands import deal_goods, import_, product, product_discounts, product_list
from bots.staff.posts import Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Group, Listener, Visit
from bots.staff.words import MORE
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_, N_button
from crm.base.policy import Action, may
from crm.base.text import clean_name
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin
from crm.sales.price_words import is_list
from crm.sales.products import Which, products_like

NAME = "products"
SHOWN, WORDS_MOST = 4, 40
ADD, LOW, OFF, EVERYTHING = N_button("Add to the list"), N_button("⚠️ Runs out"), N_button("Not sold any more"), N_button("The whole list")


def deed(session: Session, visit: Visit) -> Done:
    """Show the price list, or what some words find on it."""
    return Done((_listed(session, visit, Which.SOLD, visit.rest or _behind(visit), 0),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Another page of the list, or another list of it."""
    which, page, words = (*intent.detail.split(":", 2), "", "")[:3]
    if which not in list(Which):
        raise Expired
    return Done((replace(_listed(session, visit, Which(which), words, int(page or 0)), edits=visit.replied_to or 0),))


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """A part of a name is looked for; lines with prices are taken over by whoever sets them."""
    if import_.is_list(visit):  # a file of people, sent while this happened to listen
        return import_.filed(session, visit)
    said = visit.said.text if isinstance(visit.said, Text) else ""
    if may(visit.rep.role, Action.SET_PRICES) and is_list(said):
        return product_list.taken(session, visit, said)
    return Done((_listed(session, visit, Which.SOLD, said, 0),))


def _behind(visit: Visit) -> str:
    """What stands behind the command."""
    said = visit.said.text if isinstance(visit.said, Text) else ""
    return said.partition(" ")[2] if said.startswith("/") else ""


def _listed(session: Session, visit: Visit, which: Which, words: str, page: int) -> Post:
    tr, sought = visit.tr, " ".join(words.split())[:WORDS_MOST]
    found = products_like(session, visit.rep, sought, limit=SHOWN + 1, offset=page * SHOWN, which=which)
    if not found and page:
        return _listed(session, visit, which, words, 0)
    sets = may(visit.rep.role, Action.SET_PRICES)
    begin(session, visit.rep, Wizard(NAME, NAME), until=visit.now + CONFIRM_MS)
    rows = [_head(visit, which, sought, some=bool(found))]
    rows += [f"{number}. {goods.offer(tr, one)}" for number, one in enumerate(found[:SHOWN], page * SHOWN + 1)]
    more_words = tr("Type a part of a name to find it; lines like {example} are added.", example=tr("Oak table; 45000; pc"))
    rows.append(more_words if sets else tr("Type a part of a name."))
    keys = [(Key(f"{clean_name(one.offer.name, 28)} · {goods.price(tr, one)}", Intent("product", one.id, "open")),) for one in found[:SHOWN]]
    more = [Key(tr.button(MORE), Intent("products", 0, f"{which.value}:{page + 1}:{sought}"))] if len(found) > SHOWN or page else []
    return Post("\n".join(rows), (*keys, *menus.in_rows([*more, *_ways(session, visit, which, sought, sets=sets)])))


def _head(visit: Visit, which: Which, sought: str, *, some: bool) -> str:
    tr = visit.tr
    if not some:
        return tr("Nothing on the price list is called so.") if sought else tr("There is nothing here yet.")
    return {Which.SOLD: tr("The price list:"), Which.LOW: tr("What runs out:"), Which.OFF: tr("What is not sold any more:")}[which]


def _ways(session: Session, visit: Visit, which: Which, sought: str, *, sets: bool) -> list[Key]:
    """The other lists, where there is anything in them, and how to add."""
    tr = visit.tr
    if which or sought:
        return [Key(tr.button(EVERYTHING), Intent("products"))]
    ways = [Key(tr.button(ADD), Intent("product_list", 0, "ask"))] if sets else []
    for name, label in ((Which.LOW, LOW), (Which.OFF, OFF)):
        if (sets or name is Which.LOW) and products_like(session, visit.rep, limit=1, which=name):
            ways.append(Key(tr.button(label), Intent("products", 0, name.value)))
    return ways


LISTENERS: Mapping[str, Listener] = {NAME: typed, **product.LISTENERS, **product_list.LISTENERS, **product_discounts.LISTENERS, **deal_goods.LISTENERS}
COMMAND = Command(
    "products",
    N_("The price list: what is sold at which price, and how much of it there is"),
    deed,
    Action.SEE_DEALS,
    presses={
        "products": turn,
        "product": product.turn,
        "product_list": product_list.turn,
        product_discounts.NAME: product_discounts.turn,
        "goods": deal_goods.turn,
    },
    listeners=LISTENERS,
    group=Group.SELL,
)
