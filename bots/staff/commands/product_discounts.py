"""Discounts of the price list, on a product's page: from so many pieces, for a kind of people, for a tag; each change can be taken back."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bots.staff import goods, menus
from bots.staff.posts import Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Done, Listener, Visit
from bots.staff.words import MORE, UNDO
from crm.base.db import Session
from crm.base.errors import Expired, Invalid
from crm.base.i18n import N_, N_button
from crm.base.policy import Action
from crm.base.pricing import ONE
from crm.base.quantities import quantity, rate, read_quantity, read_rate
from crm.base.text import clean_name
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.reps import authorise
from crm.people.tags import known_tags
from crm.reports.words import PEOPLE, discount_words
from crm.sales.discounts import By, Rule, rules_of, set_discount
from crm.sales.products import Goods, product_at

NAME = "discounts"
DISCOUNTS, FROM, KINDS, TAGS = N_button("Discounts"), N_button("From so many"), N_button("For a kind of people…"), N_button("For a tag…")
BACK, REMOVE, FOR_ALL, FOR_ONE = N_button("Back"), N_button("Take it away"), N_button("For everything"), N_button("For this one only")
SHARES, PIECES, TAGS_MOST = (500, 1000, 1500, 2000), (5, 10, 20, 50, 100), 6
ASKED = {
    "from": N_("From how many, and how much is taken off? Press a number, or type both: {example}."),
    "tag": N_("For people with which tag? Press it, or type it with the share: {example}."),
    "share": N_("How much is taken off? Press, or type a share as {example}."),
}
EXAMPLES = {"from": "10 5%", "tag": "vip 5%", "share": "7.5%"}


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button about the discounts of a product asks for."""
    authorise(session, visit.rep, Action.SET_PRICES)
    verb, _, value = intent.detail.partition(":")
    pressed = TURNS.get(verb)
    if pressed is None:
        raise Expired
    return pressed(session, visit, intent.target, value)


def told(visit: Visit, one: Goods, rule: Rule) -> str:
    """A rule in words: from 10 pc: −5 %; pure."""
    words = f"{discount_words(visit.tr, rule.cause, one.offer.unit)}: −{rate(visit.tr.language, rule.share_bp)}"
    return f"{words} ({visit.tr('on everything')})" if rule.everything else words


def show(session: Session, visit: Visit, product_id: int, value: str = "", *, toast: str = "", back: str = "") -> Done:
    """The discounts of a product and those on everything, each a button; `back` undoes what was just changed."""
    quit_wizard(session, visit.rep, NAME)
    tr, one = visit.tr, product_at(session, product_id)
    rules = rules_of(session, [product_id])[product_id]
    rows = [goods.offer(tr, one), *(f"{place}. {told(visit, one, rule)}" for place, rule in enumerate(rules, 1))]
    rows.append(tr("The best one counts, they are not added up. What somebody typed into a deal stays.") if rules else tr("There is no discount yet."))
    every = [_key(product_id, told(visit, one, rule), f"rule:{_packed(rule)}") for rule in rules]
    pages, page = -(-len(every) // 2), int(value or 0)
    keys = every if len(every) <= 3 else [*every[page % pages * 2 : page % pages * 2 + 2], _key(product_id, tr.button(MORE), f"show:{page % pages + 1}")]
    keys += [_key(product_id, tr.button(label), verb) for label, verb in ((FROM, "from"), (KINDS, "kinds"), (TAGS, "tags"))]
    keys += [_key(product_id, tr.button(UNDO), f"undo:{back}")] if back else []
    post = Post("\n".join(rows), menus.in_rows([*keys, Key(tr.button(BACK), Intent("product", product_id, "show"))]))
    return Done((replace(post, edits=_edits(visit)),), toast)


def ask_from(session: Session, visit: Visit, product_id: int, value: str) -> Done:
    """Ask from how many on; a number is a button, both may be typed."""
    one = product_at(session, product_id)
    words = [(quantity(visit.tr.language, much * ONE, clean_name(one.offer.unit, 12)), f"{By.FROM}:{much * ONE}") for much in PIECES]
    return _asked(session, visit, product_id, "from", words)


def ask_kind(session: Session, visit: Visit, product_id: int, value: str) -> Done:
    """Ask for which kind of people."""
    kinds = [(visit.tr(words), f"{By.KIND}:{kind}") for kind, words in PEOPLE.items()]
    keys = [_key(product_id, label, f"share:{cause}") for label, cause in kinds]
    words = f"{goods.name(product_at(session, product_id).offer.name)}: {visit.tr('For whom?')}"
    return Done((replace(Post(words, menus.in_rows([*keys, _back(visit, product_id)])), edits=_edits(visit)),))


def ask_tag(session: Session, visit: Visit, product_id: int, value: str) -> Done:
    """Ask for which tag; any other than those in use is typed."""
    return _asked(session, visit, product_id, "tag", [(f"#{word}", f"{By.TAG}:{word}") for word in known_tags(session, TAGS_MOST)])


def ask_share(session: Session, visit: Visit, product_id: int, value: str) -> Done:
    """Ask how much is taken off for a cause."""
    _listen(session, visit, product_id, "share", value)
    one, tr = product_at(session, product_id), visit.tr
    keys = [_key(product_id, rate(tr.language, share), f"set:{_packed(Rule(value, share))}") for share in SHARES]
    words = f"{goods.name(one.offer.name)}, {discount_words(tr, value, one.offer.unit)}: {tr(ASKED['share'], example=EXAMPLES['share'])}"
    return Done((replace(Post(words, menus.in_rows([*keys, _back(visit, product_id)])), edits=_edits(visit)),))


def opened(session: Session, visit: Visit, product_id: int, value: str) -> Done:
    """One discount: how much it is, whether on everything, or none of it any more."""
    tr, one, rule = visit.tr, product_at(session, product_id), _unpacked(value)
    _listen(session, visit, product_id, "share", rule.cause, everything=rule.everything)
    keys = [_key(product_id, rate(tr.language, share), f"set:{_packed(replace(rule, share_bp=share))}") for share in SHARES if share != rule.share_bp]
    keys.append(_key(product_id, tr.button(REMOVE), f"set:{_packed(replace(rule, share_bp=0))}"))
    keys.append(_key(product_id, tr.button(FOR_ONE if rule.everything else FOR_ALL), f"move:{_packed(rule)}"))
    words = f"{goods.name(one.offer.name)}, {told(visit, one, rule)}\n{tr(ASKED['share'], example=EXAMPLES['share'])}"
    return Done((replace(Post(words, menus.in_rows([*keys, _back(visit, product_id)])), edits=_edits(visit)),))


def take(session: Session, visit: Visit, product_id: int, value: str) -> Done:
    """A discount is so much from now on."""
    return _set(session, visit, product_id, _unpacked(value))


def move(session: Session, visit: Visit, product_id: int, value: str) -> Done:
    """A discount is on everything, or on this product only."""
    rule = _unpacked(value)
    there = replace(rule, everything=not rule.everything)
    before = set_discount(session, visit.rep, product_id, there, now=visit.now)
    was = set_discount(session, visit.rep, product_id, replace(rule, share_bp=0), now=visit.now)
    back = f"{_packed(replace(there, share_bp=before))}\n{_packed(replace(rule, share_bp=was))}" if was else ""  # a second tap finds it moved
    return show(session, visit, product_id, toast=visit.tr("Saved."), back=back)


def undo(session: Session, visit: Visit, product_id: int, value: str) -> Done:
    """What was just changed is as it was; the same button makes it again."""
    again = []
    for rule in map(_unpacked, value.split("\n")):
        again.append(_packed(replace(rule, share_bp=set_discount(session, visit.rep, product_id, rule, now=visit.now))))
    return show(session, visit, product_id, toast=visit.tr("Taken back."), back="\n".join(again))


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take what was typed: a share, or a quantity or a tag with one."""
    authorise(session, visit.rep, Action.SET_PRICES)
    said, what = visit.said.text.strip() if isinstance(visit.said, Text) else "", str(wizard.facts["what"])
    try:
        share, sign = read_rate(said if what == "share" else said.split()[-1] if said else "")
        if sign == "+" or not share:
            raise Invalid("a discount takes something off")
        cause = str(wizard.facts["cause"])
        if what != "share":
            first = said.rpartition(" ")[0]
            cause = f"{By.FROM}:{read_quantity(first)}" if what == "from" else f"{By.TAG}:{first}"
        return _set(session, visit, wizard.target, Rule(cause, share, bool(wizard.facts["everything"])))
    except Invalid:
        words = f"{visit.tr('This cannot be used.')} {visit.tr(ASKED[what], example=EXAMPLES[what])}"
        return Done((menus.question(visit.tr, words, NAME),))


def _set(session: Session, visit: Visit, product_id: int, rule: Rule) -> Done:
    before = set_discount(session, visit.rep, product_id, rule, now=visit.now)
    back = _packed(replace(rule, share_bp=before)) if before != rule.share_bp else ""
    return show(session, visit, product_id, toast=visit.tr("Saved."), back=back)


def _asked(session: Session, visit: Visit, product_id: int, what: str, answers: list[tuple[str, str]]) -> Done:
    _listen(session, visit, product_id, what, "")
    keys = [_key(product_id, label, f"share:{cause}") for label, cause in answers]
    words = f"{goods.name(product_at(session, product_id).offer.name)}: {visit.tr(ASKED[what], example=EXAMPLES[what])}"
    return Done((replace(Post(words, menus.in_rows([*keys, _back(visit, product_id)])), edits=_edits(visit)),))


def _listen(session: Session, visit: Visit, product_id: int, what: str, cause: str, *, everything: bool = False) -> None:
    begin(session, visit.rep, Wizard(NAME, NAME, product_id, {"what": what, "cause": cause, "everything": everything}), until=visit.now + CONFIRM_MS)


def _packed(rule: Rule) -> str:
    return f"{rule.share_bp}:{int(rule.everything)}:{rule.cause}"


def _unpacked(words: str) -> Rule:
    share, everything, cause = words.split(":", 2)
    return Rule(cause, int(share), everything == "1")


def _key(product_id: int, label: str, detail: str) -> Key:
    return Key(label, Intent(NAME, product_id, detail))


def _back(visit: Visit, product_id: int) -> Key:
    return _key(product_id, visit.tr.button(BACK), "show")


def _edits(visit: Visit) -> int:
    return 0 if isinstance(visit.said, Text) else visit.replied_to or 0


LISTENERS: Mapping[str, Listener] = {NAME: typed}
TURNS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {
    "show": show,
    "from": ask_from,
    "kinds": ask_kind,
    "tags": ask_tag,
    "share": ask_share,
    "rule": opened,
    "set": take,
    "move": move,
    "undo": undo,
}
