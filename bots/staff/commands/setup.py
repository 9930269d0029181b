"""/setup: the first hour: a list of what makes a firm ready, each with its button; a team without a lead keeps it open."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bots.staff import menus, tour
from bots.staff.posts import Key, Post
from bots.staff.visit import Command, Done, Group, Visit
from bots.staff.words import UNDO
from crm.base.db import Session
from crm.base.errors import Expired, Invalid
from crm.base.i18n import N_, N_button, Translator
from crm.base.policy import Action
from crm.base.text import isolated
from crm.exchange import settling
from crm.exchange.readiness import MUST, Part, Readiness, be_ready, readiness
from crm.exchange.settling import Settled
from crm.exchange.trades import TRADES
from crm.people.desk import Intent

NAME = "setup"
OWN_SITE = frozenset({"webchat", "form", "practice"})
# What each part is called, and the button that does it: a press, or a command with its own.
PARTS: Mapping[Part, tuple[str, str, Intent]] = {
    Part.TRADE: (N_("Your trade: stages, fields, ready answers and follow-ups to start with"), N_button("My trade"), Intent(NAME, 0, "trades")),
    Part.CHANNELS: (N_("The places customers write to you at"), N_button("My channels"), Intent(NAME, 0, "channels")),
    Part.TEAM: (N_("Colleagues who answer with you"), N_button("Invite somebody"), Intent("command", detail="invite")),
    Part.PEOPLE: (N_("Your own customers, from a table, a phone or old chats"), N_button("Bring people in"), Intent("command", detail="import")),
    Part.OWNERS: (N_("Somebody who leads each team, and somebody on duty"), N_button("The team"), Intent("command", detail="team")),
    Part.PRACTISE: (N_("A pretended customer to practise on"), tour.PRACTISE, Intent("practise")),
}
FINISH, BACK = N_button("🏁 We are ready"), N_button("Back")


def deed(session: Session, visit: Visit) -> Done:
    """Show the list."""
    return Done((_list(session, visit),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button of the list asks for, in its place."""
    verb, _, value = intent.detail.partition(":")
    match verb:
        case "list":
            return _edited(visit, _list(session, visit))
        case "trades":
            return _edited(visit, _trades(session, visit))
        case "trade":
            return _settled(session, visit, value)
        case "undo":
            return _taken_back(session, visit, intent.target)
        case "channels":
            return _edited(visit, _channels(visit))
        case "finish":
            return _finished(session, visit)
    raise Expired


def _list(session: Session, visit: Visit, told: str = "") -> Post:
    found = readiness(session, visit.rep, _accounts(visit))
    rows = [*([told, ""] if told else []), *_told(visit.tr, found)]
    keys = [Key(visit.tr.button(label), intent) for part, (_, label, intent) in PARTS.items() if part not in found.done or part is Part.TRADE]
    if not found.ready:
        keys.append(Key(visit.tr.button(FINISH), Intent(NAME, 0, "finish")))
    return Post("\n".join(rows), menus.in_rows(keys))


def _accounts(visit: Visit) -> list[str]:
    return [account for account in visit.titles if account not in OWN_SITE]


def _told(tr: Translator, found: Readiness) -> Iterator[str]:
    yield tr("Your firm, step by step: {done} of {all} done. You may leave this at any time; /setup brings it back.", done=len(found.done), all=len(PARTS))
    for part, (words, _, _) in PARTS.items():
        yield f"{'✅' if part in found.done else '▫️'} {tr(words)}"
    yield from _missing(tr, found)


def _missing(tr: Translator, found: Readiness) -> Iterator[str]:
    if found.unowned:
        yield tr("⚠️ Nobody leads {teams}: what they should hear of, nobody would.", teams=", ".join(isolated(name) for _, name in found.unowned))
    if found.alone:
        yield tr("⚠️ Nobody who answers customers is on duty: /available")


def _trades(session: Session, visit: Visit) -> Post:
    """The trades; where one stands, what it was and how to take it back."""
    tr, made = visit.tr, settling.standing(session)
    back = (Key(tr.button(BACK), Intent(NAME, 0, "list")),)
    if made is not None:
        words = tr("Your trade: {trade}. Taking it back puts its stages, fields and ready answers out of use.", trade=tr.button(TRADES[made.trade].label))
        return Post(words, ((Key(tr.button(UNDO), Intent(NAME, made.id, "undo")), *back),))
    keys = [Key(tr.button(trade.label), Intent(NAME, 0, f"trade:{name}")) for name, trade in TRADES.items()]
    return Post(
        tr("What does your firm do? It gets stages, fields, ready answers and the steps after a sale; all can be changed."), (*menus.in_rows(keys), back)
    )


def _settled(session: Session, visit: Visit, name: str) -> Done:
    tr, made = visit.tr, settling.settle(session, visit.rep, name, visit.company, now=visit.now)
    keys = (Key(tr.button(UNDO), Intent(NAME, made.id, "undo")), Key(tr.button(BACK), Intent(NAME, 0, "list")))
    return _edited(visit, Post("\n".join(_brought(tr, made)), (keys,)), tr("Done."))


def _taken_back(session: Session, visit: Visit, number: int) -> Done:
    tr = visit.tr
    try:
        with session.begin_nested():
            settling.take_back(session, visit.rep, number, now=visit.now)
    except Invalid:  # nothing of it was taken back
        words = tr("It stays: deals run in its pipeline, or it is the only one. Move the deals to another pipeline first: /pipeline")
        return Done(toast=words, alert=True)
    return _edited(visit, _list(session, visit, tr("Taken back: the firm is as it was.")))


def _brought(tr: Translator, made: Settled) -> Iterator[str]:
    trade = TRADES[made.trade]
    yield f"{tr.button(trade.label)}:"
    if made.pipeline:
        yield f"▫️ {tr('Stages: {names}', names=' → '.join(tr(one.name) for one in trade.stages))}  /pipeline"
    if made.fields:
        yield f"▫️ {tr.many('{n} field', '{n} fields', len(made.fields))}  /fields"
    if made.answers:
        yield f"▫️ {tr.many('{n} ready answer', '{n} ready answers', len(made.answers))}  /snippets"
    if made.blueprint:
        yield f"▫️ {tr('After a sale: {steps}', steps=' → '.join(tr(one.title) for one in trade.steps))}"
    yield f"▫️ {tr('The first follow-up in the words of your trade')}  /followup"


def _channels(visit: Visit) -> Post:
    """What is connected, and how more comes."""
    tr = visit.tr
    named = ", ".join(visit.titles[account] for account in _accounts(visit)) or tr("none yet")
    words = [
        tr("Connected: {names}.", names=named),
        tr("A site chat and a form are there already. Telegram's bot and the other places are named by whoever looks after the machine:"),
        "make init · channels.toml · docs/channels.md",
        tr("/health shows how each of them does."),
    ]
    return Post("\n".join(words), ((Key(tr.button(BACK), Intent(NAME, 0, "list")),),))


def _finished(session: Session, visit: Visit) -> Done:
    """The firm is ready, unless something has no owner."""
    tr = visit.tr
    try:
        be_ready(session, visit.rep, now=visit.now)
    except Invalid:
        found = readiness(session, visit.rep, _accounts(visit))
        words = "\n".join([tr("Not yet:"), *_missing(tr, found)])
        keys = [Key(tr.button(label), intent) for part, (_, label, intent) in PARTS.items() if part in MUST]
        return _edited(visit, Post(words, ((*keys, Key(tr.button(BACK), Intent(NAME, 0, "list"))),)), tr("Something has no owner."))
    return _edited(visit, _list(session, visit, tr("🏁 The firm is ready. Good business!")), tr("Ready."))


def _edited(visit: Visit, post: Post, toast: str = "") -> Done:
    return Done((replace(post, edits=visit.replied_to or 0),), toast)


COMMAND = Command(NAME, N_("Set the firm up, step by step"), deed, Action.SET_UP, presses={NAME: turn}, group=Group.SETUP)
