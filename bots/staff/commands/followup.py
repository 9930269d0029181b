"""/followup: what is said to leads that fell silent, who gets it and when."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from bots.staff import menus
from bots.staff.commands import followup_steps
from bots.staff.commands.followup_steps import BACK
from bots.staff.posts import Key, Keys, Post
from bots.staff.visit import Command, Done, Group, Visit
from bots.staff.words import MORE
from crm.base.db import Session
from crm.base.errors import Expired, NotFound
from crm.base.i18n import N_, N_button, Translator
from crm.base.policy import Action
from crm.base.text import clean_name, isolated
from crm.base.time import allowed_from
from crm.outreach import followups
from crm.outreach.followups import InSequence, Overview, StepView
from crm.people.desk import Intent
from crm.people.reps import authorise
from crm.reports.words import plain_name

PAGE, PEOPLE = 8, 6
WORDS = 160
PAUSE = N_button("Pause")
RESUME = N_button("Resume")
EDIT = N_button("Edit a step")
WHO = N_button("Who is in them")
TAKE_OUT = N_button("Take out")
CARD = N_button("Show the card")


def deed(session: Session, visit: Visit) -> Done:
    """Show the follow-ups."""
    try:
        return Done((page(session, visit, (0, 0)),))
    except NotFound:
        return Done((Post(visit.tr("There are no follow-ups yet."), menus.home(visit.tr)),))


def page(session: Session, visit: Visit, after: tuple[int, int]) -> Post:
    """One page: the steps, then who is in them, soonest first."""
    found = followups.overview(session, visit.rep, now=visit.now, after=after, limit=PAGE + 1)
    return overview_post(visit, replace(found, enrolled=found.enrolled[:PAGE]), more=len(found.enrolled) > PAGE)


def overview_post(visit: Visit, found: Overview, *, more: bool = False) -> Post:
    """The follow-ups as a post; pure."""
    tr = visit.tr
    head = tr("⏸ Follow-ups are paused: nobody is written to.") if found.paused else tr("🔁 Follow-ups are on.")
    steps = [step_line(tr, step) for step in found.steps]
    count = tr.many("{n} person is in them.", "{n} people are in them.", found.active)
    people = [f"• {person_line(visit, one)}" for one in found.enrolled]
    return Post("\n".join([head, "", *steps, "", count, *people, *_expired(visit, found)]), _keys(tr, found, more=more))


def _keys(tr: Translator, found: Overview, *, more: bool) -> Keys:
    switch = ("resume", RESUME) if found.paused else ("pause", PAUSE)
    first = (Key(tr.button(switch[1]), Intent("followup", found.sequence_id, switch[0])), Key(tr.button(EDIT), Intent("followup", detail="steps")))
    who = (Key(tr.button(WHO), Intent("followup", detail="people:0")),) if found.enrolled else ()
    last = found.enrolled[-1] if found.enrolled else None
    onward = (Key(tr.button(MORE), Intent("followup", last.enrollment_id, f"page:{last.due_at}")),) if last and more else ()
    return tuple(row for row in (first, who, onward) if row)


def step_line(tr: Translator, step: StepView) -> str:
    """One step: when, and its words in the reader's language."""
    words = step.texts.get(tr.language) or next(iter(step.texts.values()), "")
    return tr("{n}. After {delay} of silence: {text}", n=step.place + 1, delay=tr.ago(step.delay_ms), text=isolated(clean_name(words, WORDS)))


def person_line(visit: Visit, one: InSequence) -> str:
    """One person: which step is next, and when by their own clock."""
    tr = visit.tr
    return tr("{name}: step {step} of {steps}, {when}", name=plain_name(tr, one.name, 40), step=one.step, steps=one.steps, when=due(visit, one))


def due(visit: Visit, one: InSequence) -> str:
    """When the next step is said: by the person's own clock, never at night, and where that clock is when it is not the firm's."""
    zone = one.zone or visit.company.zone
    at = allowed_from(max(one.due_at, visit.now), zone)
    when = visit.tr("now") if at <= visit.now else visit.tr.when(at, zone, visit.now)
    return when if zone == visit.company.zone else f"{when} ({zone.rpartition('/')[2].replace('_', ' ')})"


def _expired(visit: Visit, found: Overview) -> Iterator[str]:
    tr = visit.tr
    if found.expired:
        yield "\n" + tr("Not sent, because the time for it had gone by:")
    for one in found.expired:
        when = tr.when(one.at, visit.company.zone, visit.now)
        yield f"• {tr('{name}: step {step}, {when}', name=plain_name(tr, one.name, 40), step=one.step, when=when)}"


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button under the follow-ups asks for."""
    authorise(session, visit.rep, Action.FOLLOW_UP)
    name, _, value = intent.detail.partition(":")
    pressed = TURNS.get(name)
    if pressed is None:
        raise Expired
    return pressed(session, visit, intent.target, value)


def changed(visit: Visit, post: Post, toast: str = "") -> Done:
    """A post in place of the one whose button was pressed."""
    return Done((replace(post, edits=visit.replied_to or 0),), toast)


def _show(session: Session, visit: Visit, target: int, value: str) -> Done:
    return changed(visit, page(session, visit, (0, 0)))


def _page(session: Session, visit: Visit, target: int, value: str) -> Done:
    return Done((page(session, visit, (int(value), target)),))


def _pause(session: Session, visit: Visit, target: int, value: str) -> Done:
    followups.pause(session, visit.rep, target, now=visit.now)
    return changed(visit, page(session, visit, (0, 0)), visit.tr("Paused: nobody is written to."))


def _resume(session: Session, visit: Visit, target: int, value: str) -> Done:
    followups.resume(session, visit.rep, target, now=visit.now)
    return changed(visit, page(session, visit, (0, 0)), visit.tr("Follow-ups go on."))


def _people(session: Session, visit: Visit, target: int, value: str) -> Done:
    """Everybody in the follow-ups as buttons, a page at a time."""
    tr = visit.tr
    found = followups.overview(session, visit.rep, now=visit.now, after=(int(value), target), limit=PEOPLE + 1).enrolled
    keys = [(Key(f"{plain_name(tr, one.name, 24)} · {one.step}/{one.steps}", Intent("followup", one.enrollment_id, f"person:{one.due_at}")),) for one in found]
    last = found[PEOPLE - 1] if len(found) > PEOPLE else None
    more = (Key(tr.button(MORE), Intent("followup", last.enrollment_id, f"people:{last.due_at}")),) if last else ()
    words = tr("Who gets follow-ups. Press somebody to see more.") if found else tr("Nobody is in the follow-ups now.")
    return changed(visit, Post(words, (*keys[:PEOPLE], (Key(tr.button(BACK), Intent("followup", detail="show")), *more))))


def _person(session: Session, visit: Visit, target: int, value: str) -> Done:
    """One person, with the way out of the follow-ups."""
    found = followups.overview(session, visit.rep, now=visit.now, after=(int(value), target - 1), limit=1).enrolled
    one = next((one for one in found if one.enrollment_id == target), None)
    if one is None:
        return changed(visit, page(session, visit, (0, 0)), visit.tr("This has changed meanwhile. Look again."))
    tr = visit.tr
    keys = [
        Key(tr.button(TAKE_OUT), Intent("followup", target, "out")),
        Key(tr.button(CARD), Intent("show", one.conversation_id)),
        Key(tr.button(BACK), Intent("followup", detail="people:0")),
    ]
    words = tr("Taken out, they get no more follow-ups about this lead.")
    return changed(visit, Post(f"{person_line(visit, one)}\n{words}", menus.in_rows(keys)))


def _out(session: Session, visit: Visit, target: int, value: str) -> Done:
    followups.take_out(session, visit.rep, target, now=visit.now)
    return changed(visit, page(session, visit, (0, 0)), visit.tr("Taken out. They get no more follow-ups."))


Turn = Callable[[Session, Visit, int, str], Done]
TURNS: Mapping[str, Turn] = {
    "show": _show,
    "page": _page,
    "pause": _pause,
    "resume": _resume,
    "people": _people,
    "person": _person,
    "out": _out,
    **followup_steps.TURNS,
}

COMMAND = Command(
    "followup",
    N_("Follow-ups: who gets what and when"),
    deed,
    Action.FOLLOW_UP,
    presses={"followup": turn},
    listeners={"followup": followup_steps.typed},
    group=Group.REACH,
)
