"""/deal: the deals of the person of a card: a new one, its stages, won, lost for a reason, and run on again; all by buttons."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bots.staff import deals, menus
from bots.staff.commands import deal_fields, deal_people, deal_terms
from bots.staff.deals import MORE_OF
from bots.staff.posts import Key, Post
from bots.staff.replies import conversation_at
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Group, Visit
from crm.base.db import Session
from crm.base.errors import Expired, Invalid
from crm.base.i18n import N_, N_button, Translator
from crm.base.policy import Action
from crm.base.text import clean_name, escape_html, isolated
from crm.conversations.threads import the
from crm.people.contacts import root_of
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.sight import seen_by
from crm.reports.deal import deals_with, sheet
from crm.reports.words import plain_name
from crm.sales import moves
from crm.sales.deals import Missing, Moved, open_deal
from crm.sales.moves import AMOUNT, COMPANY, EXPECTED, Why
from crm.sales.pipelines import stages_of
from crm.sales.reasons import DEAL, reason_words, reasons_of

NEW, OWN_WORDS = N_button("New deal"), N_button("In my own words")
LISTED, REASONS = 5, 6
REASON = "deal_reason"
ASKED = {AMOUNT: (N_("the amount"), "amount"), EXPECTED: (N_("the close date"), "date"), COMPANY: (N_("the company"), "firm")}


def deed(session: Session, visit: Visit) -> Done:
    """Show the deals of the card replied to."""
    conversation_id = conversation_at(session, visit)
    if conversation_id is None:
        words = visit.tr("Reply with /deal to a card or to a message of the customer.")
        return Done((Post(words, menus.home(visit.tr)),))
    return _of(session, visit, conversation_id)


def of_person(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show the deals of the person of a card."""
    return _of(session, visit, intent.target)


def _of(session: Session, visit: Visit, conversation_id: int) -> Done:
    tr, contact_id = visit.tr, the(session, conversation_id).contact_id
    found, others = deals_with(session, visit.rep, contact_id, limit=LISTED)
    root = root_of(session, contact_id)
    name = plain_name(tr, seen_by(visit.rep).named(root.name or root.platform_name))
    head = tr("The deals of {name}:", name=name) if found else tr("{name} has no deal yet.", name=name)
    rows = [f"{number}. {deals.facts(tr, one, visit.now)}" for number, one in enumerate(found, 1)]
    more = [tr.many("and {n} deal of a colleague's", "and {n} deals of colleagues", others)] if others else []
    keys = [(Key(deals.label(tr, one, number), Intent("deal", one.id, "open")),) for number, one in enumerate(found, 1)]
    return Done((Post("\n".join([head, *rows, *more]), (*keys, (Key(tr.button(NEW), Intent("deal_new", conversation_id)),))),))


def new(session: Session, visit: Visit, intent: Intent) -> Done:
    """Make a deal of a conversation; a second tap on the same post makes no second one."""
    once = f"deal_new:{intent.target}:{visit.chat}:{visit.replied_to or visit.event}"
    deal = open_deal(session, visit.rep, intent.target, visit.company, once=once, now=visit.now)
    return _shown(session, visit, deal.id, visit.tr("💼 A new deal."))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button of a deal asks for; who was too late is told what stands now, and nothing is changed."""
    name, _, value = intent.detail.partition(":")
    pressed = TURNS.get(name)
    if pressed is None:
        raise Expired
    try:
        return pressed(session, visit, intent.target, value)
    except Moved:
        return too_late(session, visit, intent.target)
    except Missing as error:
        return _lacks(session, visit, intent.target, error)


def too_late(session: Session, visit: Visit, deal_id: int) -> Done:
    """Say who has changed the deal meanwhile, and show it as it is."""
    tr, found = visit.tr, sheet(session, visit.rep, deal_id)
    change = moves.last_change(session, deal_id)
    who = plain_name(tr, change.who) if change and change.who else tr("Somebody")
    when = tr.when(change.at, visit.company.zone, visit.now) if change else ""
    words = tr("{name} has changed this deal meanwhile ({when}). Nothing of yours was done.", name=who, when=when)
    post = deals.post(visit, found)
    return Done((replace(post, text=f"⚠️ {escape_html(words)}\n\n{post.text}", edits=_edits(visit)),), words, alert=True)


def _edits(visit: Visit) -> int:
    return (visit.replied_to or 0) if not isinstance(visit.said, Text) else 0


def _shown(session: Session, visit: Visit, deal_id: int, toast: str = "") -> Done:
    """The deal in the place of the post whose button was pressed."""
    return Done((replace(deals.post(visit, sheet(session, visit.rep, deal_id)), edits=_edits(visit)),), toast)


def _asked(visit: Visit, post: Post, toast: str = "") -> Done:
    return Done((replace(post, edits=_edits(visit)),), toast)


def _lacks(session: Session, visit: Visit, deal_id: int, error: Missing) -> Done:
    """What must be known before the deal goes on, with a button to each."""
    tr, found = visit.tr, sheet(session, visit.rep, deal_id)
    labels = deal_fields.asked_names(session, error.what)
    words = ", ".join(tr(ASKED[name][0]) if name in ASKED else isolated(labels[name]) for name in error.what)
    keys = [_fill_key(tr, deal_id, name, labels.get(name, name)) for name in error.what]
    text = tr("{title}: before it goes on from {stage}, fill in {what}.", title=deals.title(tr, found.brief), stage=isolated(found.stage.name), what=words)
    return _asked(visit, deals.choice(tr, text, keys, deal_id, wide=1), tr("Something is missing."))


def _fill_key(tr: Translator, deal_id: int, name: str, label: str) -> Key:
    if name in ASKED:
        phrase, verb = ASKED[name]
        said = tr(phrase)
        return Key(f"✏️ {said[:1].upper()}{said[1:]}", Intent("deal", deal_id, verb))
    return Key(f"✏️ {clean_name(label, 20)}", Intent("deal", deal_id, f"field:{name}"))


def _open(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    return Done((deals.post(visit, sheet(session, visit.rep, deal_id)),))


def _show(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    for name in (REASON, deal_terms.NAME, deal_people.FIRM, deal_people.JOIN, deal_fields.NAME):
        quit_wizard(session, visit.rep, name)
    return _shown(session, visit, deal_id)


def _stages(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Every stage of the pipeline, the one it is in ticked."""
    tr, found = visit.tr, sheet(session, visit.rep, deal_id)
    page, steps = int(value or 0), found.stages
    room = menus.MOST - 2
    shown = steps[page * room : (page + 1) * room]
    keys = [
        Key(f"{'✓ ' if step.id == found.stage.id else ''}{clean_name(step.name, 24)}", Intent("deal", deal_id, f"to:{step.id}:{found.stage.id}"))
        for step in shown
    ]
    if len(steps) > room:
        keys.append(Key(tr.button(MORE_OF), Intent("deal", deal_id, f"stages:{(page + 1) % -(-len(steps) // room)}")))
    return _asked(visit, deals.choice(tr, tr("{title}: into which stage?", title=deals.title(tr, found.brief)), keys, deal_id))


def _to(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    stage, seen = (int(word) for word in value.split(":"))
    deal = moves.move(session, visit.rep, deal_id, stage, seen=seen, now=visit.now)
    name = next((step.name for step in stages_of(session, deal.pipeline_id) if step.id == deal.stage_id), "")
    return _shown(session, visit, deal_id, visit.tr("Stage: {stage}", stage=clean_name(name, 40)))


def _win(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    moves.win(session, visit.rep, deal_id, seen=int(value), now=visit.now)
    return _shown(session, visit, deal_id, visit.tr("🏆 Won!"))


def _lost(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Ask for the reason: there is no way to lose a deal without one."""
    tr, found = visit.tr, sheet(session, visit.rep, deal_id)
    keys = [Key(reason_words(tr, one), Intent("deal", deal_id, f"why:{one.id}:{value}")) for one in reasons_of(session, DEAL)[:REASONS]]
    keys.append(Key(tr.button(OWN_WORDS), Intent("deal", deal_id, f"words:{value}")))
    return _asked(visit, deals.choice(tr, tr("{title}: why was it lost?", title=deals.title(tr, found.brief)), keys, deal_id))


def _why(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    reason, seen = (int(word) for word in value.split(":"))
    moves.lose(session, visit.rep, deal_id, Why(reason), seen=seen, now=visit.now)
    return _shown(session, visit, deal_id, visit.tr("Lost. The reason is kept."))


def _words(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    found = sheet(session, visit.rep, deal_id)
    begin(session, visit.rep, Wizard(REASON, REASON, deal_id, {"seen": int(value)}), until=visit.now + CONFIRM_MS)
    words = visit.tr("{title}: type in your own words why it was lost.", title=deals.title(visit.tr, found.brief))
    return Done((menus.question(visit.tr, words, REASON),))


def reason_typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take the reason in somebody's own words."""
    words = visit.said.text if isinstance(visit.said, Text) else ""
    try:
        moves.lose(session, visit.rep, wizard.target, Why(words=words), seen=int(wizard.facts["seen"]), now=visit.now)
    except Moved:
        quit_wizard(session, visit.rep, wizard.name)
        return too_late(session, visit, wizard.target)
    except Invalid:
        return Done((menus.question(visit.tr, visit.tr("A lost deal needs a reason. Type it in a few words."), REASON),))
    quit_wizard(session, visit.rep, wizard.name)
    return _shown(session, visit, wizard.target)


def _reopen(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    moves.reopen(session, visit.rep, deal_id, now=visit.now)
    return _shown(session, visit, deal_id, visit.tr("It runs on."))


Turn = Callable[[Session, Visit, int, str], Done]
TURNS: Mapping[str, Turn] = {
    "open": _open,
    "show": _show,
    "stages": _stages,
    "to": _to,
    "win": _win,
    "lost": _lost,
    "why": _why,
    "words": _words,
    "reopen": _reopen,
    **deal_terms.TURNS,
    **deal_people.TURNS,
}

COMMAND = Command(
    "deal",
    N_("The deals of the card you reply to"),
    deed,
    Action.SEE_DEALS,
    presses={"deal": turn, "deals_of": of_person, "deal_new": new},
    listeners={REASON: reason_typed, **deal_terms.LISTENERS, **deal_people.LISTENERS},
    group=Group.SELL,
)
