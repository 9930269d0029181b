"""Routing: who is shown a customer whom nobody has, what whoever is asked sees and says, and why they were asked."""

from collections.abc import Mapping, Sequence

from bots.staff.posts import Key, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene, read_name, see
from bots.staff.visit import Done, Visit
from bots.staff.words import OPEN, line_html, name_html
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import N_, N_button, Translator
from crm.base.text import escape_html
from crm.conversations import accepting
from crm.conversations.choosing import Reason
from crm.conversations.offers import Offer, Outcome, explained, latest, reasons_of
from crm.conversations.queues import members_of
from crm.conversations.threads import POINTED, Author, Conversation, the
from crm.outbox.notices import Waiting
from crm.people.contacts import root_of
from crm.people.desk import Intent
from crm.people.sight import seen_by
from crm.reports.thread import Thread, reach
from crm.reports.words import plain_name
from crm.sales.leads import Lead
from crm.sales.routing import OLDEST, awaits_its_team

ACCEPT, NOT_ME, WHY = N_button("✅ Accept"), N_button("Not me"), N_button("❓ Why me?")
WORDS = 200
FOR: Mapping[str, str] = {
    "owner:has": N_("has another conversation with them"),
    "owner:deal": N_("has a deal with them"),
    "owner:lead": N_("has their lead"),
    "owner:had": N_("had this conversation before"),
    "speaks": N_("speaks their language"),
    "only": N_("is the only one who is free"),
}
NOT: Mapping[str, str] = {
    "off_work": N_("does not work now"),
    "off_duty": N_("is off duty"),
    "passed": N_("was asked already, or gave it back"),
    "asked": N_("is asked about others just now"),
}
NOBODY: Mapping[str, str] = {
    Outcome.NOBODY: N_("Nobody could be asked: nobody is at work now. Managers see the conversation."),
    Outcome.FULL: N_("Nobody could be asked: whoever is at work has as many conversations as they may have. The next who is free is asked."),
    Outcome.EVERYBODY: N_("Everybody at work was asked, and nobody took it. Anybody may take it now."),
}
OVER: Mapping[str, str] = {
    Outcome.TAKEN: N_("🟢 {name} is yours."),
    Outcome.DECLINED: N_("{name} goes to somebody else, as you asked."),
    Outcome.TIMEOUT: N_("⏱ {name} goes to somebody else now. As long as nobody has them, you may still take them."),
    Outcome.GONE: N_("{name} does not wait for you any more."),
}


def readers(session: Session, conversation: Conversation, scene: Scene) -> tuple[Rep, ...]:
    """Who is to see a conversation that nobody has: whoever is asked to take it; where its queue asks nobody, all who watch."""
    if awaits_its_team(session, scene.queues, conversation, now=scene.now):
        return ()
    if not scene.queues.of(conversation.team_id).asks:
        return _watching(session, conversation, scene)
    since = conversation.waiting_since
    if not since:
        return ()
    found = latest(session, conversation.id, waiting_since=since)
    if found is not None and not found.ended_at:
        asked = scene.rep(found.rep_id)
        return (asked,) if asked else ()
    if found is not None and found.outcome == Outcome.EVERYBODY:
        return tuple(dict.fromkeys((*_watching(session, conversation, scene), *scene.managers)))
    if found is not None and found.outcome in (Outcome.NOBODY, Outcome.FULL):
        return scene.managers
    return () if since > scene.now - OLDEST else _watching(session, conversation, scene)  # the next tick asks somebody, but not for those of days ago


def _watching(session: Session, conversation: Conversation, scene: Scene) -> tuple[Rep, ...]:
    """Who watches, of a team those of it; a team of nobody is served by all."""
    theirs = {member.id for member in members_of(session, conversation.team_id)} if conversation.team_id else set()
    if not theirs:
        return scene.watching
    return tuple(rep for rep in scene.watching if rep.id in theirs) or scene.managers


def offered(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """Somebody is asked to take a customer, or is not any more: one post, that changes where it stands."""
    found = session.get(Offer, notice.subject_id)
    asked = scene.rep(found.rep_id) if found else None
    if found is None or asked is None:
        return Rendered(notice)
    sight = see(session, found.conversation_id, scene)
    return Rendered(notice, mail_each(notice, (asked,), lambda tr, rep: _offer(tr, rep, found, sight, scene)))


def _offer(tr: Translator, rep: Rep, found: Offer, sight: Thread, scene: Scene) -> Post:
    name, stands = escape_html(read_name(tr, rep, sight.name)), f"offer:{found.id}"
    if found.ended_at:
        return Post(tr(OVER.get(found.outcome, OVER[Outcome.GONE]), name=name), html=True, conversation_id=sight.conversation_id, name=stands)
    until = tr.when(found.until, rep.zone or scene.company.zone, scene.now)
    wrote = next((line for line in reversed(sight.lines) if line.author is Author.CONTACT), None)
    said = line_html(seen_by(rep).told(wrote.text, points=wrote.kind in POINTED), WORDS) if wrote else ""
    words = (tr("🔔 {name} waits for you. After {when} somebody else is asked.", name=name, when=until), said)
    keys = (Key(tr.button(ACCEPT), Intent("offer_yes", found.id)), Key(tr.button(NOT_ME), Intent("offer_no", found.id)))
    below = (Key(tr.button(WHY), Intent("offer_why", found.conversation_id)),)
    return Post("\n".join(filter(None, words)), (keys, below), html=True, conversation_id=sight.conversation_id, name=stands)


def yes(session: Session, visit: Visit, intent: Intent) -> Done:
    """Take whom one was asked to take."""
    accepting.accept(session, visit.rep, intent.target, now=visit.now)
    return Done(toast=visit.tr("It is yours. Reply to the card to answer."))


def no(session: Session, visit: Visit, intent: Intent) -> Done:
    """Leave them to the next one."""
    accepting.decline(session, visit.rep, intent.target, now=visit.now)
    return Done(toast=visit.tr("Somebody else is asked."))


def why(session: Session, visit: Visit, intent: Intent) -> Done:
    """Say why somebody was asked, or why nobody is."""
    conversation = reach(session, visit.rep, intent.target)
    found, names = explained(session, conversation.id), visit.scene(session).names
    if found is None:
        words = visit.tr("Nobody was chosen for this conversation: all who are on duty see it, and whoever is first takes it. /queue changes that.")
    else:
        words = explanation(visit.tr, found, names)
    return Done((Post(words, conversation_id=conversation.id),))


def explanation(tr: Translator, found: Offer, names: Mapping[int, str]) -> str:
    """Why somebody was asked, and why others were not; pure."""
    reasons = reasons_of(found)
    head = tr("Why {name} was asked:", name=_name(tr, names, found.rep_id)) if found.rep_id else tr(NOBODY.get(found.outcome, NOBODY[Outcome.NOBODY]))
    spoke = [f"• {_for(tr, one)}" for one in reasons if one.rep_id == found.rep_id]
    others = [f"• {_name(tr, names, one.rep_id)}: {_not(tr, one)}" for one in reasons if one.rep_id != found.rep_id]
    return "\n".join((head, *spoke, *((tr("Not asked:"),) if others else ()), *others))


def _name(tr: Translator, names: Mapping[int, str], rep_id: int | None) -> str:
    return plain_name(tr, names.get(rep_id or 0, ""))


def _for(tr: Translator, one: Reason) -> str:
    match one.kind:
        case "skill":
            return tr("knows about “{word}”", word=one.value)
        case "load":
            return tr.many("has {n} conversation now, nobody has fewer", "has {n} conversations now, nobody has fewer", int(one.value))
        case "got":
            return tr.many("got {n} conversation in 24 hours, nobody got fewer", "got {n} conversations in 24 hours, nobody got fewer", int(one.value))
    return tr(FOR.get(f"{one.kind}:{one.value}" if one.value else one.kind, FOR["only"]))


def _not(tr: Translator, one: Reason) -> str:
    return tr("has as many as they may have ({count})", count=one.value) if one.kind == "full" else tr(NOT.get(one.kind, NOT["passed"]))


def told(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """What becomes of a conversation besides: it was freed for others, nobody took it, what was handed over is kept or came back."""
    conversation, kind = the(session, notice.subject_id), str(notice.facts.get("kind", ""))
    one = scene.rep(notice.facts.get("rep"))
    to: Sequence[Rep] = scene.managers if kind == "everybody" else (one,) if one else ()
    if kind == "everybody" and conversation.rep_id is not None:
        return Rendered(notice)
    sight, by = see(session, conversation.id, scene), scene.rep(notice.facts.get("by"))

    def post(tr: Translator, rep: Rep) -> Post:
        name, who = escape_html(read_name(tr, rep, sight.name)), name_html(tr, by.name if by else "")
        said = {
            "everybody": tr("⚠️ Everybody at work was asked to take {name}, and nobody did.", name=name),
            "freed": tr("{name} wrote while you were away and waited too long: colleagues may answer now.", name=name),
            "kept": tr("🤝 {who} has {name} now.", who=who, name=name),
            "returned": tr("↩️ {who} gave {name} back to you.", who=who, name=name),
            "withdrawn": tr("↩️ {who} took {name} back.", who=who, name=name),
        }
        keys = ((Key(tr.button(OPEN), Intent("show", conversation.id)),),)
        return Post(said[kind], keys, html=True, conversation_id=conversation.id)

    return Rendered(notice, mail_each(notice, to, post) if kind in KINDS else ())


def lead_given(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """Somebody is given a lead: who gave it, of whom, what they need, and the way to it."""
    lead, to, by = session.get(Lead, notice.subject_id), scene.rep(notice.facts.get("rep")), scene.rep(notice.facts.get("by"))
    if lead is None or to is None or lead.rep_id != to.id:
        return Rendered(notice)
    root = root_of(session, lead.contact_id)

    def post(tr: Translator, rep: Rep) -> Post:
        name = escape_html(read_name(tr, rep, root.name or root.platform_name))
        words = (tr("🎯 {who} gives you the lead of {name}.", who=name_html(tr, by.name if by else ""), name=name), line_html(lead.need, WORDS))
        key = Key(tr.button(OPEN), Intent("lead_open", lead.id))
        return Post("\n".join(filter(None, words)), ((key,),), html=True)

    return Rendered(notice, mail_each(notice, (to,), post))


KINDS = frozenset(("everybody", "freed", "kept", "returned", "withdrawn"))
PRESSES = {"offer_yes": yes, "offer_no": no, "offer_why": why}
