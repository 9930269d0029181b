"""Steps: a deed that needs a second look waits until its reader has shown their PIN, or a second manager has agreed."""

import re

from bots.staff.menus import question
from bots.staff.posts import ACCOUNT, Key, Keys, Mail, Post, put
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene
from bots.staff.updates import Press, Text
from bots.staff.visit import Deed, Done, Visit, refused, told
from bots.staff.words import CANCEL, ROLES
from crm.base.actors import Rep, Role
from crm.base.db import Session
from crm.base.errors import DragomanError, Expired, Invalid, Locked, StepUp
from crm.base.i18n import N_, N_button, Translator, translator
from crm.base.outbound import Delete, Lane
from crm.inbox.scrub import scrub
from crm.outbox import steps as told_steps
from crm.outbox.notices import Waiting
from crm.outbox.queue import Parcel, enqueue
from crm.outreach.campaigns import Campaign
from crm.people import steps
from crm.people.contacts import Contact
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, hush, quit_wizard, redeem, wizard_of
from crm.people.sight import seen_by
from crm.people.steps import Asked, Fits, What
from crm.reports.words import plain_name

NAME = "step"
SECOND, GO_ON, AGREE, REFUSE = N_button("Ask a second manager"), N_button("Do it now"), N_button("I agree"), N_button("I do not")
WANTED = {
    What.ROLE: N_("{name} wants to make {who} a {role}."),
    What.EXPORT: N_("{name} wants to take the firm's data out."),
    What.ERASE: N_("{name} wants to erase all data of {who} (person {n})."),
    What.SEND: N_("{name} wants to send campaign {n} to {count} people: “{text}”"),
    What.FORGET: N_("{name} wants to take the forgotten PIN of {who} away."),
}
INVITES, ONE_OUT = N_("{name} wants to invite somebody as {role}."), N_("{name} wants to take out everything known of {who} (person {n}).")
TEXT_MOST = 300
RIGHT = N_("That is it. For five minutes you may go on.")


def ask(error: StepUp) -> Deed:
    """Asks for a PIN, or for a new one where there is none; what was pressed waits for it."""

    def deed(session: Session, visit: Visit) -> Done:
        facts = {"what": error.detail, "about": error.about, **_waiting(session, visit)}
        known = steps.has_pin(session, visit.rep)
        kind = "pin" if known else "pin_new"
        hush(session, visit.rep)
        young = error.detail != "pin" and steps.counts_from(session, visit.rep) > visit.now
        begin(session, visit.rep, Wizard(NAME, kind, 0, facts, listens=not young), until=visit.now + CONFIRM_MS)
        post = waits(session, visit) if young else asking(session, visit, known=known, second=error.detail != "pin")
        return Done((post,), visit.tr("Show that it is you."), private=True)

    return deed


def asking(session: Session, visit: Visit, *, known: bool, second: bool) -> Post:
    """The question for a PIN, old or new."""
    tr = visit.tr
    if known:
        words = tr("Show that it is you: write your PIN. It is taken out of the chat at once.")
    else:
        words = tr("Choose a PIN of four to eight digits and write it. It is taken out of the chat at once, and asked for before what hurts most.")
    return Post(words, _keys(session, visit, second=second), lasts=CONFIRM_MS)


def waits(session: Session, visit: Visit, before: str = "") -> Post:
    """A PIN that is too young to count; until it does there is a second manager."""
    when = visit.tr.when(steps.counts_from(session, visit.rep), visit.company.zone, visit.now)
    words = visit.tr("Your PIN is new and counts from {when} on. Until then a second manager has to agree.", when=when)
    return Post(" ".join(filter(None, (before, words))), _keys(session, visit, second=True), lasts=CONFIRM_MS)


def _keys(session: Session, visit: Visit, *, second: bool) -> Keys:
    others = [rep for rep in visit.scene(session).managers if rep.id != visit.rep.id]
    keys = ((Key(visit.tr.button(SECOND), Intent("step_second")),),) if second and others else ()
    return (*keys, (Key(visit.tr.button(CANCEL), Intent("cancel", detail=NAME)),))


def _waiting(session: Session, visit: Visit) -> dict[str, object]:
    """What was pressed or typed, to be gone on with by a button."""
    said = visit.said
    if isinstance(said, Press):
        try:
            intent = redeem(session, visit.rep, said.data, now=visit.now)
        except Expired:
            return {}
        return {"action": intent.action, "target": intent.target, "detail": intent.detail}
    if isinstance(said, Text) and said.text.startswith("/"):
        return {"action": "command", "target": 0, "detail": said.text.removeprefix("/").partition("@")[0] if "@" in said.text else said.text[1:]}
    return {}


def shown(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """A PIN was written: it leaves the chat, and what waited goes on by a button where it was right."""
    digits = hidden(session, visit)
    try:
        fits = told_steps.confirm(session, visit.rep, str(wizard.facts.get("what", "")), digits, now=visit.now)
    except (Expired, Locked) as error:
        return _kept_hidden(session, visit, error)
    if fits is Fits.LOCKED:  # it is still listened to: what is written now may be the right one
        return told(visit.tr("That was the fifth wrong PIN: it is locked for a quarter of an hour. The managers know."))
    if fits is Fits.NO:
        return Done((question(visit.tr, visit.tr("That is not your PIN. Write it again, or leave it."), NAME),))
    if wizard.facts.get("what") == "pin":
        begin(session, visit.rep, Wizard(NAME, "pin_new", 0, {}), until=visit.now + CONFIRM_MS)
        return Done((question(visit.tr, visit.tr("Now write the new PIN: four to eight digits."), NAME),))
    quit_wizard(session, visit.rep, NAME)
    return Done((going_on(visit.tr, wizard, visit.tr(RIGHT)),))


def chosen(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """A new PIN was written."""
    digits = hidden(session, visit)
    try:
        told_steps.choose(session, visit.rep, digits, now=visit.now)
    except Invalid:
        words = visit.tr("Not this one: a PIN has four to eight digits and is no row like 1111 or 1234. Write another.")
        return Done((Post(words, _keys(session, visit, second=bool(wizard.facts.get("what"))), lasts=CONFIRM_MS),))
    except StepUp as error:
        return _kept_hidden(session, visit, error)
    quit_wizard(session, visit.rep, NAME)
    if wizard.facts.get("what") and steps.counts_from(session, visit.rep) > visit.now:
        begin(session, visit.rep, Wizard(NAME, "pin", 0, wizard.facts, listens=False), until=visit.now + CONFIRM_MS)
        return Done((waits(session, visit, visit.tr("Your PIN is kept.")),))
    if wizard.facts.get("what"):
        told_steps.confirm(session, visit.rep, str(wizard.facts["what"]), digits, now=visit.now)
        return Done((going_on(visit.tr, wizard, f"{visit.tr('Your PIN is kept.')} {visit.tr(RIGHT)}"),))
    return told(visit.tr("Your PIN is kept."))


def _kept_hidden(session: Session, visit: Visit, error: DragomanError) -> Done:
    """Why not, in words of the same deed: one that fails would leave what was written where it is."""
    return (ask(error) if isinstance(error, StepUp) else refused(error))(session, visit)


def hidden(session: Session, visit: Visit, secret: str = "") -> str:
    """The digits that were written; they leave the chat and the bytes we keep. `secret` = the part of it that is one ("" = all)."""
    said = visit.said
    assert isinstance(said, Text)
    scrub(session, visit.event, secret or said.text)
    gone = Parcel(ACCOUNT, visit.rep.address, Delete(str(said.message_id)), Lane.REPLY, f"{visit.once}:hidden", desk=True)
    enqueue(session, [gone], now=visit.now)
    return re.sub(r"\s", "", said.text)


def going_on(tr: Translator, wizard: Wizard, words: str) -> Post:
    """The button that goes on with what waited; what was typed as an answer has to be typed again."""
    facts = wizard.facts
    if not facts.get("action"):
        return Post(f"{words} {tr('Do it again.')}")
    intent = Intent(str(facts["action"]), int(facts.get("target", 0)), str(facts.get("detail", "")))
    return Post(words, ((Key(tr.button(GO_ON), intent),),), lasts=steps.FRESH_MS)


def second(session: Session, visit: Visit, intent: Intent) -> Done:
    """Ask the other managers to agree."""
    wizard = wizard_of(session, visit.rep, NAME, now=visit.now)
    if wizard is None or wizard.facts.get("what") not in set(What):
        raise Expired
    told_steps.ask_second(session, visit.rep, What(str(wizard.facts["what"])), str(wizard.facts.get("about", "")), now=visit.now)
    begin(session, visit.rep, Wizard(NAME, wizard.kind, 0, wizard.facts, listens=False), until=visit.now + CONFIRM_MS)
    words = visit.tr("The other managers are asked. You hear as soon as one of them agrees.")
    return Done((Post(words, edits=visit.replied_to or 0),), visit.tr("Asked."))


def agreed(session: Session, visit: Visit, intent: Intent) -> Done:
    """A second manager agrees, or does not; whoever asked hears of it, with the button that goes on."""
    if intent.detail != "yes":
        steps.refuse(session, visit.rep, intent.target, now=visit.now)
        return Done((Post(visit.tr("Left as it was."), edits=visit.replied_to or 0),))
    found = steps.agree(session, visit.rep, intent.target, now=visit.now)
    asker = visit.scene(session).rep(found.rep_id)
    if asker is None:
        raise Expired
    wizard = wizard_of(session, asker, NAME, now=visit.now) or Wizard(NAME, "pin")
    quit_wizard(session, asker, NAME)
    theirs = translator(asker.language)
    words = theirs("{name} agrees. For five minutes you may go on.", name=plain_name(theirs, visit.rep.name))
    put(session, [Mail(asker, going_on(theirs, wizard, words), f"{visit.once}:agreed")], visit.company.link_key, now=visit.now)
    return Done((Post(visit.tr("You have agreed. {name} may go on.", name=plain_name(visit.tr, asker.name)), edits=visit.replied_to or 0),))


def wanted(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """Somebody wants what a second manager has to agree to: the others are asked."""
    try:
        found = steps.asked(session, notice.subject_id, now=scene.now)
    except Expired:
        return Rendered(notice)
    asker = scene.rep(found.rep_id)
    if asker is None:
        return Rendered(notice)
    readers = [rep for rep in scene.managers if rep.id != asker.id]
    return Rendered(notice, mail_each(notice, readers, lambda tr, rep: _asked(session, tr, rep, asker, found, scene)))


def _asked(session: Session, tr: Translator, reader: Rep, asker: Rep, found: Asked, scene: Scene) -> Post:
    words = _wanted(session, tr, reader, asker, found, scene)
    keys = (Key(tr.button(AGREE), Intent("step_agree", found.id, "yes")), Key(tr.button(REFUSE), Intent("step_agree", found.id, "no")))
    return Post(f"🔐 {words} {tr('Ask them whether it is they, by another way than this chat.')}", (keys,), lasts=steps.ASKED_MS)


def _wanted(session: Session, tr: Translator, reader: Rep, asker: Rep, found: Asked, scene: Scene) -> str:
    """The very deed, with whom or what it is about and how many it reaches."""
    name, (first, _, rest) = plain_name(tr, asker.name), found.about.removeprefix("contact ").partition(":")
    number = int(first) if first.isdecimal() else 0
    match found.what:
        case What.ROLE:
            role, who = tr(ROLES[Role(rest)]) if rest in set(Role) else rest, scene.rep(number)
            return tr(WANTED[What.ROLE], name=name, who=plain_name(tr, who.name if who else "?"), role=role) if number else tr(INVITES, name=name, role=role)
        case What.FORGET:
            who = scene.rep(number)
            return tr(WANTED[What.FORGET], name=name, who=plain_name(tr, who.name if who else "?"))
        case What.SEND:
            campaign = session.get(Campaign, number)
            text = plain_name(tr, campaign.text if campaign else "?", TEXT_MOST)
            return tr(WANTED[What.SEND], name=name, n=number, count=rest.rpartition(":")[2], text=text)
        case _ if not number:
            return tr(WANTED[found.what], name=name) if found.what is What.EXPORT else tr(WANTED[found.what], name=name, who="?", n="?")
    person = session.get(Contact, number)
    called = seen_by(reader).named((person.name or person.platform_name) if person else "?")
    return tr(ONE_OUT if found.what is What.EXPORT else WANTED[What.ERASE], name=name, who=plain_name(tr, called), n=number)


def locked(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """A PIN was tried too often, or is new: the managers know."""
    who = scene.rep(notice.subject_id)
    if who is None:
        return Rendered(notice)
    fresh = bool(notice.facts.get("chosen"))
    phrase = N_("🔐 {name} has chosen a PIN.") if fresh else N_("🔐 Somebody tried five wrong PINs in the chat of {name}. Ask them whether it was they.")
    readers = [rep for rep in scene.managers if rep.id != who.id] if fresh else scene.managers
    return Rendered(notice, mail_each(notice, readers, lambda tr, _: Post(tr(phrase, name=plain_name(tr, who.name)))))


def guest_over(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """A guest's time is over: the managers hear of it."""
    name = str(notice.facts.get("name", ""))
    phrase = N_("The time of the guest {name} is over: they are not of the team any more.")
    return Rendered(notice, mail_each(notice, scene.managers, lambda tr, _: Post(tr(phrase, name=plain_name(tr, name)))))
