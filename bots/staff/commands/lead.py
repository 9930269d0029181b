"""/lead: the lead of the conversation replied to: whose it is, where it stands, what comes next; taken, won, put away for a reason, and all of that undone."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from bots.staff import deals, menus, score
from bots.staff.posts import Key, Post
from bots.staff.replies import conversation_at
from bots.staff.tasks import zone_of
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Group, Visit
from bots.staff.words import BLOCK, MORE, OPEN, UNDO, line_html, name_html
from crm.base.db import Session
from crm.base.errors import Expired, NotFound
from crm.base.i18n import N_, N_button, Translator
from crm.base.policy import Action, may
from crm.base.text import clean_name, escape_html
from crm.conversations.later import moment
from crm.conversations.threads import the
from crm.outreach.sequences import enroll_by_hand
from crm.people.contacts import points_of, root_of
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.reps import Member, authorise, reps
from crm.people.sight import seen_by
from crm.reports.deal import sheet
from crm.reports.words import LEADS, TASKS, plain_name, short_source
from crm.sales import tasks, triage
from crm.sales.leads import OPEN as OPEN_LEADS
from crm.sales.leads import Lead, LeadStatus, lead_of
from crm.sales.moves import Why
from crm.sales.pipelines import Reason
from crm.sales.reasons import reason_words, reasons_of
from crm.sales.tasks import Duty, TaskKind

NAME, REASON = "lead", "lead_reason"
REASONS, TEAM = 6, 6
ACCEPT, WON, LOST, SPAM = N_button("Accepted"), N_button("Won"), N_button("Lost"), N_button("Spam")
GIVE, NEXT, BACK, OWN_WORDS = N_button("Give to…"), N_button("Next step…"), N_button("Back"), N_button("In my own words")
CALL, WRITE, OTHER_TASK = N_button("☎️ Call tomorrow"), N_button("✉️ Write tomorrow"), N_button("📌 Another task…")
DEAL, FOLLOW = N_button("💼 Make a deal"), N_button("🔁 Follow up by itself")
WHY = {LeadStatus.LOST: N_("Why is this lead lost?"), LeadStatus.SPAM: N_("Why is this spam? The conversation is closed, and nothing more is sent to them.")}
DUTIES = {"call": TaskKind.CALL, "write": TaskKind.LETTER}


def deed(session: Session, visit: Visit) -> Done:
    """Show the lead of the card replied to."""
    conversation_id = conversation_at(session, visit)
    if conversation_id is None:
        words = visit.tr("Reply with /lead to a card or to a message of the customer.")
        return Done((Post(words, menus.home(visit.tr)),))
    return Done((_lead_of(session, visit, the(session, conversation_id).contact_id),))


def of_person(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show the lead of a person."""
    return Done((_lead_of(session, visit, intent.target),))


def opened(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show a lead of a list below it."""
    return Done((shown(session, visit, triage.seen_lead(session, visit.rep, intent.target), card=True),))


def _lead_of(session: Session, visit: Visit, contact_id: int) -> Post:
    lead = lead_of(session, contact_id)
    if lead is None:
        raise NotFound
    return shown(session, visit, lead)


def shown(session: Session, visit: Visit, lead: Lead, *, told: str = "", undo: int = 0, card: bool = False) -> Post:
    """A lead with the steps it may take, and the way to its card; `told` is what has just been done, which `undo` takes back."""
    triage.seen_lead(session, visit.rep, lead.id)
    way = [Key(visit.tr.button(OPEN), Intent("show", lead.conversation_id))] if card else []
    rows = [*([f"{escape_html(told)}\n"] if told else []), *_told(session, visit, lead)]
    return Post("\n".join(rows), menus.in_rows([*_keys(visit, lead, undo), *way]), html=True)


def _told(session: Session, visit: Visit, lead: Lead) -> Iterator[str]:
    tr, root, sight = visit.tr, root_of(session, lead.contact_id), seen_by(visit.rep)
    yield f"<b>{name_html(tr, sight.named(root.name or root.platform_name))}</b>"
    yield tr("Lead: {status}", status=tr(LEADS.get(lead.status, lead.status)))
    owner = session.get(Member, triage.owner_of(session, lead) or 0)
    yield tr("Whose: {name}", name=name_html(tr, owner.name)) if owner else tr("Nobody has it")
    if why := _reason(session, tr, lead):
        yield tr("Why: {reason}", reason=line_html(why, 300))
    yield tr("Came {when} over {channel}", when=tr.when(lead.created_at, visit.company.zone, visit.now), channel=escape_html(lead.channel))
    if short_source(lead.source):
        yield tr("Source: {source}", source=line_html(short_source(lead.source), 120))
    yield tr("First words: {text}", text=line_html(lead.first_message, 300))
    if lead.need:
        yield tr("Need: {need}", need=line_html(lead.need, 300))
    for phone in points_of(session, root.id, "phone")[:2]:
        yield tr("Phone: {phone}", phone=escape_html(sight.shown("phone", phone)))


def _reason(session: Session, tr: Translator, lead: Lead) -> str:
    reason = session.get(Reason, lead.reason_id) if lead.reason_id else None
    return reason_words(tr, reason) if reason else lead.reason_words


def _keys(visit: Visit, lead: Lead, undo: int) -> list[Key]:
    tr, number = visit.tr, lead.id
    if lead.status == LeadStatus.MERGED:
        return []
    ours = lead.status == LeadStatus.ACCEPTED and lead.rep_id == visit.rep.id
    keys = [Key(tr.button(NEXT), _intent(number, "next"))] if ours else [Key(tr.button(ACCEPT), _intent(number, "accept"))]
    steps = {LeadStatus.WON: (WON, "won"), LeadStatus.LOST: (LOST, "lost"), LeadStatus.SPAM: (SPAM, "spam")}
    keys += [Key(tr.button(label), _intent(number, verb)) for status, (label, verb) in steps.items() if status != lead.status]
    if may(visit.rep.role, Action.GIVE_TASK):
        keys.append(Key(tr.button(GIVE), _intent(number, "give")))
    if lead.status in OPEN_LEADS:
        keys.append(Key(tr.button(score.SCORE), _intent(number, "score")))
    if lead.status == LeadStatus.SPAM:
        keys.append(Key(tr.button(BLOCK), Intent("block", lead.conversation_id)))
    if undo:
        keys.append(Key(tr.button(UNDO), _intent(number, "undo", undo)))
    return keys


def step(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button of a lead asks for; what is shown takes the place of the post that was pressed."""
    verb, _, value = intent.detail.partition(":")
    pressed = TURNS.get(verb)
    if pressed is None:
        raise Expired
    lead = triage.held_lead(session, visit.rep, intent.target)
    try:
        return pressed(session, visit, lead, value)
    except triage.DealRuns:
        return _edited(visit, _deal_runs(visit, lead))


def _deal_runs(visit: Visit, lead: Lead) -> Post:
    """What is to be done first, with a way there."""
    tr = visit.tr
    words = tr("A deal with them still runs. Close it as lost first, then call the lead spam.")
    return Post(words, ((Key(tr.button(deals.DEAL), Intent("deals_of", lead.conversation_id)), Key(tr.button(BACK), _intent(lead.id, "show"))),))


def _accept(session: Session, visit: Visit, lead: Lead, value: str) -> Done:
    """The lead is theirs; what comes next is asked at once."""
    triage.accept(session, visit.rep, lead.id, now=visit.now)
    return _next(session, visit, lead, "")


def _next(session: Session, visit: Visit, lead: Lead, value: str) -> Done:
    """Ask for the next step: no lead is left without one; `value` is the task that was just taken back, which may be asked for again."""
    tr, root = visit.tr, root_of(session, lead.contact_id)
    keys = [
        Key(tr.button(CALL), _intent(lead.id, "task", f"call:{value}")),
        Key(tr.button(WRITE), _intent(lead.id, "task", f"write:{value}")),
        Key(tr.button(OTHER_TASK), Intent("task_new", lead.conversation_id)),
        Key(tr.button(DEAL), _intent(lead.id, "deal")),
        Key(tr.button(FOLLOW), _intent(lead.id, "follow")),
    ]
    keys += [Key(tr.button(UNDO), _intent(lead.id, "undo", step_id))] if (step_id := triage.last_step(session, lead.id)) else []
    name = plain_name(tr, seen_by(visit.rep).named(root.name or root.platform_name))
    words = tr("The lead {name} is yours. What is the next step?", name=name)
    return _edited(visit, Post(words, menus.in_rows([*keys, Key(tr.button(BACK), _intent(lead.id, "show"))])), tr("It is yours."))


def _task(session: Session, visit: Visit, lead: Lead, value: str) -> Done:
    """Something to do tomorrow; a second tap on the same button is not a second task."""
    kind, tr = DUTIES.get(value.partition(":")[0]), visit.tr
    if kind is None:
        raise Expired
    zone = zone_of(visit.rep, visit.company)
    due = moment("tomorrow", visit.now, zone)
    once = f"{_tapped(visit, lead)}:{visit.rep.id}:task:{value}"
    number = tasks.add_task(session, visit.rep, lead.conversation_id, Duty(kind, due, rep_id=visit.rep.id, once=once), now=visit.now)
    words = tr("Next step: {what}, {when}.", what=tr(TASKS[kind]), when=tr.when(due, zone, visit.now))
    keys = (Key(tr.button(UNDO), _intent(lead.id, "untask", number)), Key(tr.button(OPEN), Intent("show", lead.conversation_id)))
    return _edited(visit, Post(words, (keys,)), words)


def _untask(session: Session, visit: Visit, lead: Lead, value: str) -> Done:
    tasks.drop(session, visit.rep, int(value), now=visit.now)
    return _next(session, visit, lead, value)


def _deal(session: Session, visit: Visit, lead: Lead, value: str) -> Done:
    """Make a deal of the lead; a second tap on the same post makes no second one."""
    deal = triage.convert(session, visit.rep, lead.id, visit.company, {}, once=f"{_tapped(visit, lead)}:deal", now=visit.now)
    return _edited(visit, deals.post(visit, sheet(session, visit.rep, deal.id)), visit.tr("💼 A new deal."))


def _follow(session: Session, visit: Visit, lead: Lead, value: str) -> Done:
    """Have them followed up."""
    if enroll_by_hand(session, visit.rep, lead.conversation_id, visit.company, now=visit.now):
        words = visit.tr("They are followed up by itself, until they write.")
        return _edited(visit, Post(words, ((Key(visit.tr.button(OPEN), Intent("show", lead.conversation_id)),),)), words)
    return Done(toast=visit.tr("They cannot be followed up now: they wait for an answer, or were followed up already. Choose another step."), alert=True)


def _won(session: Session, visit: Visit, lead: Lead, value: str) -> Done:
    return _moved(session, visit, triage.win(session, visit.rep, lead.id, now=visit.now))


def _why(status: LeadStatus) -> "Turn":
    """Ask for the reason of putting a lead away."""

    def ask(session: Session, visit: Visit, lead: Lead, value: str) -> Done:
        tr, page = visit.tr, int(value or 0)
        listed = reasons_of(session, triage.REASONS[status])
        room = REASONS - 1 if len(listed) > REASONS else REASONS
        page = page if 0 <= page * room < len(listed) else 0
        shown = listed[page * room : (page + 1) * room]
        keys = [Key(clean_name(reason_words(tr, one), 24), _intent(lead.id, "why", f"{status.value}:{one.id}")) for one in shown]
        if len(listed) > room:
            keys.append(Key(tr.button(MORE), _intent(lead.id, status.value, (page + 1) % -(-len(listed) // room))))
        ends = (Key(tr.button(OWN_WORDS), _intent(lead.id, "words", status.value)), Key(tr.button(BACK), _intent(lead.id, "show")))
        return _edited(visit, Post(tr(WHY[status]), (*menus.in_rows(keys), ends)))

    return ask


def _put_away(session: Session, visit: Visit, lead: Lead, value: str) -> Done:
    status, _, reason = value.partition(":")
    return _moved(session, visit, triage.put_away(session, visit.rep, lead.id, LeadStatus(status), Why(int(reason)), now=visit.now))


def _words(session: Session, visit: Visit, lead: Lead, value: str) -> Done:
    """Ask for a reason in their own words."""
    begin(session, visit.rep, Wizard(REASON, REASON, lead.id, {"status": LeadStatus(value).value}), until=visit.now + CONFIRM_MS)
    return _edited(visit, menus.question(visit.tr, visit.tr("Type the reason in a few words."), REASON))


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take the reason that was typed."""
    said = visit.said.text if isinstance(visit.said, Text) and not visit.said.media else ""
    if not said.strip():
        return Done((menus.question(visit.tr, visit.tr("Type the reason in a few words."), REASON),))
    status = LeadStatus(str(wizard.facts["status"]))
    quit_wizard(session, visit.rep, REASON)
    try:
        return _moved(session, visit, triage.put_away(session, visit.rep, wizard.target, status, Why(words=said), now=visit.now))
    except triage.DealRuns:
        return Done((_deal_runs(visit, triage.held_lead(session, visit.rep, wizard.target)),))


def _give(session: Session, visit: Visit, lead: Lead, value: str) -> Done:
    """Ask whose the lead shall be."""
    authorise(session, visit.rep, Action.GIVE_TASK)
    tr, page = visit.tr, int(value or 0)
    team = [rep for rep in reps(session) if may(rep.role, Action.CHANGE_LEAD)]
    page = page if 0 <= page * TEAM < len(team) else 0
    keys = [Key(clean_name(rep.name, 24), _intent(lead.id, "to", rep.id)) for rep in team[page * TEAM : (page + 1) * TEAM]]
    more = [Key(tr.button(MORE), _intent(lead.id, "give", (page + 1) % -(-len(team) // TEAM)))] if len(team) > TEAM else []
    return _edited(visit, Post(tr("Whose shall this lead be?"), menus.in_rows([*keys, *more, Key(tr.button(BACK), _intent(lead.id, "show"))])))


def _score(session: Session, visit: Visit, lead: Lead, value: str) -> Done:
    return _edited(visit, score.explained(session, visit, lead))


def _heat(session: Session, visit: Visit, lead: Lead, value: str) -> Done:
    return _edited(visit, score.say(session, visit, lead, value), visit.tr("Written down."))


def _to(session: Session, visit: Visit, lead: Lead, value: str) -> Done:
    given = triage.accept(session, visit.rep, lead.id, rep_id=int(value), now=visit.now)
    return _next(session, visit, given, "") if given.rep_id == visit.rep.id else _moved(session, visit, given)


def _undo(session: Session, visit: Visit, lead: Lead, value: str) -> Done:
    back = triage.undo(session, visit.rep, lead.id, int(value), now=visit.now)
    words = visit.tr("Lead: {status}", status=visit.tr(LEADS[back.status]))
    return _edited(visit, shown(session, visit, back), words)


def _show(session: Session, visit: Visit, lead: Lead, value: str) -> Done:
    return _edited(visit, shown(session, visit, lead))


def _moved(session: Session, visit: Visit, lead: Lead) -> Done:
    words = visit.tr("Lead: {status}", status=visit.tr(LEADS[lead.status]))
    return _edited(visit, shown(session, visit, lead, told=words, undo=triage.last_step(session, lead.id)), words)


def _intent(lead_id: int, verb: str, value: object = "") -> Intent:
    return Intent(NAME, lead_id, f"{verb}:{value}")


def _tapped(visit: Visit, lead: Lead) -> str:
    """The once-key of what a button of this very post does for a lead: two taps in a row are two updates."""
    return f"lead:{lead.id}:{visit.chat}:{visit.replied_to or visit.event}"


def _edited(visit: Visit, post: Post, toast: str = "") -> Done:
    edits = 0 if isinstance(visit.said, Text) else visit.replied_to or 0
    return Done((replace(post, edits=edits),), toast)


Turn = Callable[[Session, Visit, Lead, str], Done]
TURNS: Mapping[str, Turn] = {
    "accept": _accept,
    "accepted": _accept,  # buttons of before, which are good for thirty days
    "next": _next,
    "task": _task,
    "untask": _untask,
    "deal": _deal,
    "follow": _follow,
    "won": _won,
    "lost": _why(LeadStatus.LOST),
    "spam": _why(LeadStatus.SPAM),
    "why": _put_away,
    "words": _words,
    "give": _give,
    "to": _to,
    "undo": _undo,
    "show": _show,
    "score": _score,
    "heat": _heat,
}
COMMAND = Command(
    NAME,
    N_("The lead of the card you reply to"),
    deed,
    presses={NAME: step, "lead_of": of_person, "lead_open": opened},
    listeners={REASON: typed},
    group=Group.SELL,
)
