"""The steps of the follow-ups: choose one, type its words in a language or its delay, look, save."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.templates import fields, refusal
from bots.staff.updates import Text
from bots.staff.visit import Done, Visit, told
from bots.staff.words import CANCEL, whole
from crm.base.db import Session
from crm.base.errors import Expired, Invalid
from crm.base.i18n import N_, NATIVE, N_button, Translator
from crm.base.template import BadTemplate, Values, parse, render, tidy
from crm.base.text import cut
from crm.base.time import DAY, HOUR, MINUTE
from crm.outreach import followups
from crm.outreach.followups import StepView
from crm.people.desk import Intent, Wizard, begin, quit_wizard, wizard_of
from crm.people.fields import template_names

LASTS = HOUR
SHOWN = 600
NAME = "followup"
BACK = N_button("Back")
DELAY = N_button("Delay")
SAVE = N_button("Save")
AMOUNT = re.compile(r"(\d{1,5})\s*([^\W\d_]*)")
UNITS = ((MINUTE, N_("{minutes} min"), "m min mins minute minutes"), (HOUR, N_("{hours} h"), "h hour hours"), (DAY, N_("{days} d"), "d day days"))


def choose(session: Session, visit: Visit, target: int, value: str) -> Done:
    """Which step is to be changed."""
    tr, steps = visit.tr, _steps(session, visit)
    keys = [Key(tr.button("Step {n}", n=step.place + 1), Intent("followup", step.id, "step")) for step in steps]
    back = Key(tr.button(BACK), Intent("followup", detail="show"))
    return _changed(visit, Post(tr("Which step do you want to change?"), menus.in_rows([*keys[: menus.MOST - 1], back])))


def show(session: Session, visit: Visit, target: int, value: str) -> Done:
    """One step in every language; which part is to be changed."""
    return _changed(visit, step_post(visit, _step(session, visit, target)))


def step_post(visit: Visit, step: StepView) -> Post:
    """One step as a post; pure."""
    tr = visit.tr
    head = tr("Step {n}, after {delay} of silence", n=step.place + 1, delay=tr.ago(step.delay_ms))
    said = [f"{NATIVE[language]}:\n{whole(cut(step.texts.get(language, '—'), SHOWN))}" for language in NATIVE]
    keys = [Key(NATIVE[language], Intent("followup", step.id, f"text:{language}")) for language in NATIVE]
    ends = [Key(tr.button(DELAY), Intent("followup", step.id, "delay")), Key(tr.button(BACK), Intent("followup", detail="steps"))]
    return Post("\n\n".join([head, *said, tr("What do you want to change?")]), menus.in_rows([*keys, *ends]))


def ask_text(session: Session, visit: Visit, target: int, value: str) -> Done:
    """Ask for new words in one language."""
    if value not in NATIVE:
        raise Expired
    step, tr = _step(session, visit, target), visit.tr
    _begin(session, visit, target, {"language": value})
    now = whole(step.texts.get(value, "—"))
    words = tr("Type the new text of step {n} in {language}. Nothing changes before you save it.", n=step.place + 1, language=NATIVE[value])
    return Done((_question(tr, f"{words}\n{fields(tr)}\n\n{tr('It says now:')}\n{now}"),))


def ask_delay(session: Session, visit: Visit, target: int, value: str) -> Done:
    """Ask for a new delay."""
    step, tr = _step(session, visit, target), visit.tr
    _begin(session, visit, target, {})
    least, most = _bounds(session, visit, step)
    words = tr("After how much silence is step {n} said? Type it as {minutes}, {hours} or {days}.", n=step.place + 1, **_examples(tr))
    return Done((_question(tr, f"{words}\n{tr('Between {least} and {most}.', least=tr.ago(least), most=tr.ago(most))}"),))


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take the words or the delay that were asked for, and show what would be saved."""
    said = visit.said.text if isinstance(visit.said, Text) else ""
    language = str(wizard.facts.get("language", ""))
    try:
        return _look_text(session, visit, wizard, said) if language else _look_delay(session, visit, wizard, said)
    except BadTemplate as error:
        return Done((_question(visit.tr, f"{refusal(visit.tr, error)}\n{fields(visit.tr)}"),))


def _look_text(session: Session, visit: Visit, wizard: Wizard, said: str) -> Done:
    tr, language = visit.tr, str(wizard.facts["language"])
    template = parse(tidy(said), template_names(session))
    step = _step(session, visit, wizard.target)
    _begin(session, visit, wizard.target, {"language": language, "text": said, "typed": visit.event})
    sample = render(template, Values(visit.rep.name, visit.company.name), language)
    words = tr("Step {n} in {language}, as a customer with your name would see it:", n=step.place + 1, language=NATIVE[language])
    return Done((_preview(visit, wizard.target, f"{words}\n\n{whole(sample)}"),))


def _look_delay(session: Session, visit: Visit, wizard: Wizard, said: str) -> Done:
    tr, step = visit.tr, _step(session, visit, wizard.target)
    least, most = _bounds(session, visit, step)
    delay = read_delay(said, tr)
    if delay is None or not least <= delay <= most:
        words = tr("This is not a delay that can be used. Type it as {minutes}, {hours} or {days}.", **_examples(tr))
        return Done((_question(tr, f"{words}\n{tr('Between {least} and {most}.', least=tr.ago(least), most=tr.ago(most))}"),))
    _begin(session, visit, wizard.target, {"delay": delay, "typed": visit.event})
    return Done((_preview(visit, wizard.target, tr("Step {n} after {delay} of silence.", n=step.place + 1, delay=tr.ago(delay))),))


def read_delay(said: str, tr: Translator) -> int | None:
    """A duration as people type it, in English or the reader's language, in milliseconds; None when it is none; pure."""
    units = {word: size for size, phrase, english in UNITS for word in (*english.split(), _unit(tr, phrase))}
    found = AMOUNT.findall(said.lower())
    if not found or AMOUNT.sub("", said.lower()).strip(" .,+") or any(unit not in units for _, unit in found):
        return None
    return sum(int(amount) * units[unit] for amount, unit in found)


def _unit(tr: Translator, phrase: str) -> str:
    """The word of a unit in the reader's language, as durations are shown to them."""
    return tr(phrase, minutes="", hours="", days="").strip(" .").lower()


def _examples(tr: Translator) -> dict[str, str]:
    return {"minutes": tr.ago(90 * MINUTE), "hours": tr.ago(24 * HOUR), "days": tr.ago(3 * DAY)}


def save(session: Session, visit: Visit, target: int, value: str) -> Done:
    """Save what was looked at."""
    wizard = wizard_of(session, visit.rep, NAME, now=visit.now)
    if wizard is None or wizard.target != target or str(wizard.facts.get("typed")) != value:
        raise Expired
    language, text, delay = (wizard.facts.get(name) for name in ("language", "text", "delay"))
    try:
        step = followups.edit_step(session, visit.rep, target, language=language or "", text=text, delay_ms=delay, now=visit.now)
    except BadTemplate as error:
        return told(refusal(visit.tr, error))
    except Invalid:  # another manager has moved a neighbouring step meanwhile
        return ask_delay(session, visit, target, value)
    quit_wizard(session, visit.rep, NAME)
    return replace(_changed(visit, step_post(visit, step)), toast=visit.tr("Saved."))


def leave(session: Session, visit: Visit, target: int, value: str) -> Done:
    """Leave it as it was."""
    gone = quit_wizard(session, visit.rep, NAME)
    words = visit.tr("Left as it was.") if gone else visit.tr("There was nothing to leave.")
    return replace(_changed(visit, Post(words)), toast=words)


def _preview(visit: Visit, step_id: int, words: str) -> Post:
    tr = visit.tr
    keys = (Key(tr.button(SAVE), Intent("followup", step_id, f"save:{visit.event}")), Key(tr.button(CANCEL), Intent("followup", step_id, "leave")))
    return Post(f"{words}\n\n{tr('Save it, or type it again.')}", (keys,), lasts=LASTS)


def _question(tr: Translator, words: str) -> Post:
    return Post(words, ((Key(tr.button(CANCEL), Intent("followup", detail="leave")),),), lasts=LASTS)


def _begin(session: Session, visit: Visit, step_id: int, facts: dict[str, object]) -> None:
    begin(session, visit.rep, Wizard(NAME, NAME, step_id, facts), until=visit.now + LASTS)


def _steps(session: Session, visit: Visit) -> tuple[StepView, ...]:
    return followups.overview(session, visit.rep, now=visit.now, limit=1).steps


def _step(session: Session, visit: Visit, step_id: int) -> StepView:
    found = next((step for step in _steps(session, visit) if step.id == step_id), None)
    if found is None:
        raise Expired
    return found


def _bounds(session: Session, visit: Visit, step: StepView) -> tuple[int, int]:
    """Between which delays a step may lie: each is later than the one before it."""
    steps = _steps(session, visit)
    least = max([followups.DELAY_LEAST, *(one.delay_ms + MINUTE for one in steps if one.place < step.place)])
    return least, min([followups.DELAY_MOST, *(one.delay_ms - MINUTE for one in steps if one.place > step.place)])


def _changed(visit: Visit, post: Post) -> Done:
    return Done((replace(post, edits=visit.replied_to or 0),))


Turn = Callable[[Session, Visit, int, str], Done]
TURNS: Mapping[str, Turn] = {"steps": choose, "step": show, "text": ask_text, "delay": ask_delay, "save": save, "leave": leave}
