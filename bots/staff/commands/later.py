"""/later: a reply to be sent at another time; called back by itself where the customer writes first, unless that is not wanted."""

from collections.abc import Mapping

from bots.staff import menus, planned
from bots.staff.posts import Key, Post
from bots.staff.replies import conversation_at
from bots.staff.sight import read_name, see
from bots.staff.tasks import at as chosen_at
from bots.staff.tasks import times, zone_of
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Group, Visit, told
from bots.staff.words import CANCEL, whole
from crm.base import moments
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_, N_button, Translator
from crm.base.time import HOUR
from crm.conversations.planned import Plan, heard_last, plan
from crm.conversations.threads import the
from crm.people.desk import Intent, Wizard, begin, quit_wizard, wizard_of
from crm.reports.thread import reach

NAME, LASTS = "later_reply", HOUR
ALWAYS, UNLESS = N_button("Send in any case"), N_button("Only if no answer")


def deed(session: Session, visit: Visit) -> Done:
    """Keep what was typed behind the command, or ask for the words and the time."""
    conversation_id = conversation_at(session, visit)
    if conversation_id is None:
        words = visit.tr("Reply with /later to a card or to a message of the customer.")
        words += " " + visit.tr("You may write when and what behind it: /later tomorrow 10:00 Good morning!")
        return Done((Post(words, menus.home(visit.tr)),))
    reach(session, visit.rep, conversation_id)
    read = moments.leading(_behind(visit), visit.now, zone_of(visit.rep, visit.company))
    seen = heard_last(session, the(session, conversation_id))  # whatever they write from here on, the words were not meant to answer
    return _asked(session, visit, conversation_id, {"text": read.text, "at": read.at or 0, "seen": seen})


def _behind(visit: Visit) -> str:
    """What was typed behind the command, with its lines."""
    if not isinstance(visit.said, Text):
        return visit.rest
    return "".join(visit.said.text.split(maxsplit=1)[1:])


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take the words, or the time."""
    said = visit.said.text if isinstance(visit.said, Text) and not visit.said.media else ""
    if wizard.facts["step"] == "text":
        return _asked(session, visit, wizard.target, {**wizard.facts, "text": said.strip()})
    at = moments.read(said, visit.now, zone_of(visit.rep, visit.company)).at
    if at is None:
        return told(visit.tr("I do not understand that time. Write it like this: tomorrow 15:00, Friday 10:00, 24.12 09:30, in 2 h. Or /cancel."))
    return _asked(session, visit, wizard.target, {**wizard.facts, "at": at})


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Take the time on the button, or keep it as it is to be kept."""
    wizard = wizard_of(session, visit.rep, NAME, now=visit.now)
    if wizard is None or wizard.target != intent.target:
        raise Expired
    match intent.detail:
        case "unless" | "always":
            return _kept(session, visit, wizard, unless_reply=intent.detail == "unless")
        case "typed":
            _keep(session, visit, wizard.target, {**wizard.facts, "step": "at"})
            return Done((Post(visit.tr("When? Write it like this: tomorrow 15:00, Friday 10:00, 24.12 09:30, in 2 h."), ((_cancel(visit.tr),),), lasts=LASTS),))
    return _asked(session, visit, wizard.target, {**wizard.facts, "at": chosen_at(intent.detail, visit)})


def _asked(session: Session, visit: Visit, conversation_id: int, facts: Mapping[str, object]) -> Done:
    """Ask for what is missing: the words, the time; then whether an answer makes it needless."""
    tr, name = visit.tr, read_name(visit.tr, visit.rep, see(session, conversation_id, visit.scene(session)).name)
    if not facts.get("text"):
        _keep(session, visit, conversation_id, {**facts, "step": "text"})
        return Done((Post(tr("What shall {name} get later? Write it as they shall read it.", name=name), ((_cancel(tr),),), lasts=LASTS),))
    at = int(str(facts.get("at") or 0))
    if at <= visit.now:
        _keep(session, visit, conversation_id, {**facts, "step": "at"})
        each = times(tr, visit.rep, visit.company, visit.now, Intent(NAME, conversation_id))
        return Done((Post(tr("When shall {name} get it?", name=name), (*menus.in_rows(each), (_cancel(tr),)), lasts=LASTS),))
    _keep(session, visit, conversation_id, {**facts, "step": "sure"}, listens=False)
    when = tr.when(at, zone_of(visit.rep, visit.company), visit.now)
    keys = (Key(tr.button(UNLESS), Intent(NAME, conversation_id, "unless")), Key(tr.button(ALWAYS), Intent(NAME, conversation_id, "always")))
    words = tr("{name} shall get it {when}. And if they write before?", name=name, when=when)
    return Done((Post(f"{words}\n\n{whole(str(facts['text']))}", (keys, (_cancel(tr),)), lasts=LASTS),))


def _kept(session: Session, visit: Visit, wizard: Wizard, *, unless_reply: bool) -> Done:
    facts = wizard.facts
    wanted = Plan(str(facts["text"]), int(facts["at"]), unless_reply, facts.get("seen"))
    row = plan(session, visit.rep, wizard.target, wanted, once=visit.once, now=visit.now)
    quit_wizard(session, visit.rep, NAME)
    return Done((planned.page(session, visit, row),), visit.tr("Written down."))


def _keep(session: Session, visit: Visit, conversation_id: int, facts: Mapping[str, object], *, listens: bool = True) -> None:
    begin(session, visit.rep, Wizard(NAME, NAME, conversation_id, dict(facts), listens), until=visit.now + LASTS)


def _cancel(tr: Translator) -> Key:
    return Key(tr.button(CANCEL), Intent("cancel", detail=NAME))


COMMAND = Command(
    "later",
    N_("A reply to be sent later"),
    deed,
    presses={NAME: turn, "planned": planned.turn},
    listeners={NAME: typed},
    group=Group.WORK,
)
