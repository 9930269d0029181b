"""/payways: how customers pay the firm: cards, wallets, banks, with the picture of a code; and whether a paid deal is won by itself."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bots.staff import menus
from bots.staff.posts import ACCOUNT, Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Group, Visit
from crm.base.db import Session
from crm.base.errors import Expired, Invalid
from crm.base.i18n import N_, N_button
from crm.base.policy import Action
from crm.base.text import isolated
from crm.base.time import HOUR
from crm.people.desk import Intent, Wizard, begin, quit_wizard
from crm.people.reps import authorise
from crm.sales import pay_ways
from crm.sales.pay_ways import Way, WayKind, ways

NAME = "payways"
KINDS = {WayKind.CARD: N_button("💳 Card"), WayKind.WALLET: N_button("📱 Wallet"), WayKind.BANK: N_button("🏦 Bank"), WayKind.CASH: N_button("💵 Cash")}
NEW, WORDS, CODE, NO_CODE = N_button("A new way to pay"), N_button("Change the words"), N_button("A picture of its code"), N_button("No picture")
OFFER, OFFER_NOT, BACK = N_button("Offer it again"), N_button("Do not offer it"), N_button("Back")
WIN, WIN_NOT = N_button("Paid deals are won: on"), N_button("Paid deals are won: off")


def deed(session: Session, visit: Visit) -> Done:
    """Show how the firm is paid."""
    authorise(session, visit.rep, Action.SET_PRICES)
    return Done((_all(session, visit),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Go on by a button; what is shown takes the place of the page that was pressed."""
    name, _, value = intent.detail.partition(":")
    if name not in TURNS:
        raise Expired
    authorise(session, visit.rep, Action.SET_PRICES)
    quit_wizard(session, visit.rep, NAME)
    return TURNS[name](session, visit, intent.target, value)


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take the name and the words of a way to pay, or the picture of its code."""
    said, what = visit.said, str(wizard.facts["what"])
    words = said.text.strip() if isinstance(said, Text) else ""
    try:
        way = _taken(session, visit, wizard, what, words)
    except Invalid:
        again = visit.tr("Send a photo of the code.") if what == "code" else visit.tr("A way to pay needs a name of a few letters; there are at most six.")
        return Done((menus.question(visit.tr, again, NAME),))
    quit_wizard(session, visit.rep, NAME)
    return Done((_one(visit, way),))


def _taken(session: Session, visit: Visit, wizard: Wizard, what: str, words: str) -> Way:
    if what == "code":
        pictures = visit.said.media if isinstance(visit.said, Text) else ()
        if len(pictures) != 1:
            raise Invalid("a code is a picture")
        return pay_ways.show_code(session, visit.rep, wizard.target, pictures[0], ACCOUNT, now=visit.now)
    if what == "words":
        return pay_ways.reword(session, visit.rep, wizard.target, words, now=visit.now)
    label, _, details = words.partition("\n") if "\n" in words else words.partition(":")
    return pay_ways.add_way(session, visit.rep, WayKind(what), label, details, once=visit.once, now=visit.now)


def _all(session: Session, visit: Visit) -> Post:
    tr, found = visit.tr, ways(session, every=True)[:6]
    head = tr("How customers pay you. They read it when you ask for payment.") if found else tr("No way to pay is written down yet.")
    lines = [_line(visit, one) for one in found]
    keys = [(Key(f"{'' if one.active else '✖ '}{one.label}", Intent(NAME, one.id, "show")),) for one in found]
    wins = pay_ways.wins(session)
    last = (Key(tr.button(NEW), Intent(NAME, 0, "new")), Key(tr.button(WIN if wins else WIN_NOT), Intent(NAME, 0, f"win:{int(not wins)}")))
    return Post("\n".join([head, *lines]), (*keys, last))


def _line(visit: Visit, one: Way) -> str:
    code = visit.tr("with a picture") if one.picture else ""
    off = "" if one.active else visit.tr("not offered")
    return "• " + " · ".join(filter(None, (isolated(one.label), isolated(one.details), code, off)))


def _one(visit: Visit, one: Way) -> Post:
    tr = visit.tr
    code = (NO_CODE, "nocode") if one.picture else (CODE, "code")
    offer = (OFFER_NOT, "offer:0") if one.active else (OFFER, "offer:1")
    keys = [Key(tr.button(label), Intent(NAME, one.id, detail)) for label, detail in ((WORDS, "words"), code, offer, (BACK, "all"))]
    return Post(_line(visit, one), menus.in_rows(keys))


def _page(session: Session, visit: Visit, way_id: int, value: str) -> Done:
    return _edited(visit, _all(session, visit))


def _show(session: Session, visit: Visit, way_id: int, value: str) -> Done:
    return _edited(visit, _one(visit, pay_ways.way_at(session, way_id)))


def _new(session: Session, visit: Visit, way_id: int, value: str) -> Done:
    """Ask with what one pays, then for the words."""
    if not value:
        keys = [Key(visit.tr.button(label), Intent(NAME, 0, f"new:{kind}")) for kind, label in KINDS.items()]
        back = (Key(visit.tr.button(BACK), Intent(NAME, 0, "all")),)
        return _edited(visit, Post(visit.tr("What is it?"), (*menus.in_rows(keys), back)))
    words = visit.tr("Type its name, a colon, and what customers need to pay: Idram: 101 202 303, Marani LLC")
    return _listen(session, visit, WayKind(value).value, 0, words)


def _words(session: Session, visit: Visit, way_id: int, value: str) -> Done:
    return _listen(session, visit, "words", way_id, visit.tr("Type what customers need to pay this way, without its name."))


def _code(session: Session, visit: Visit, way_id: int, value: str) -> Done:
    return _listen(session, visit, "code", way_id, visit.tr("Send a photo of the code that people pay by."))


def _no_code(session: Session, visit: Visit, way_id: int, value: str) -> Done:
    return _edited(visit, _one(visit, pay_ways.show_code(session, visit.rep, way_id, None, "", now=visit.now)))


def _offer(session: Session, visit: Visit, way_id: int, value: str) -> Done:
    return _edited(visit, _one(visit, pay_ways.offer(session, visit.rep, way_id, value == "1", now=visit.now)))


def _win(session: Session, visit: Visit, way_id: int, value: str) -> Done:
    pay_ways.let_win(session, visit.rep, value == "1", now=visit.now)
    words = visit.tr("A deal is won by itself once it is paid in full.") if value == "1" else visit.tr("You say yourselves when a deal is won.")
    return _edited(visit, _all(session, visit), words)


def _listen(session: Session, visit: Visit, what: str, way_id: int, words: str) -> Done:
    begin(session, visit.rep, Wizard(NAME, NAME, way_id, {"what": what}), until=visit.now + HOUR)
    return Done((menus.question(visit.tr, words, NAME),))


def _edited(visit: Visit, post: Post, toast: str = "") -> Done:
    return Done((replace(post, edits=visit.replied_to or 0),), toast)


TURNS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {
    "all": _page,
    "show": _show,
    "new": _new,
    "words": _words,
    "code": _code,
    "nocode": _no_code,
    "offer": _offer,
    "win": _win,
}
COMMAND = Command(NAME, N_("How customers pay you"), deed, Action.SET_PRICES, presses={NAME: turn}, listeners={NAME: typed}, group=Group.SETUP)
