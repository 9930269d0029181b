"""Name, need, phone: each asked once, each skippable, none asked that is known."""

import re
from dataclasses import replace

from bots.customer import words
from bots.customer.hearing import Act, Meant
from crm.base.answers import Action, Answer, Facts, Heard, LearnName, LearnNeed, LearnPhone, Qualified
from crm.base.text import cut, name_in

ORDER = ("name", "need", "phone", "offers")
NEED_LENGTH = 1000
DIGIT = re.compile(r"\d")
PHONE_DIGITS = 6
PICTURE = "\N{PAPERCLIP}"


def flow(state: str, meant: Meant, heard: Heard, facts: Facts) -> Answer:
    """Read the answer to the question the state names, and go on."""
    name = state.partition(":")[0]
    match meant.act:
        case Act.TEXT:
            return _ANSWERS[name](state, meant.text, facts)
        case Act.SKIP:
            return go_on(name, facts) if meant.detail in {"", name} else Answer(state=state)
        case Act.PHONE:
            known = knowing(facts, phone=heard.phone)
            return go_on(name, known, shared_phone(heard), _thank_you(facts)) if name == "phone" else Answer(state=state, actions=shared_phone(heard))
        case Act.MEDIA if name == "need":
            return go_on(name, knowing(facts, need=PICTURE), (LearnNeed(PICTURE),), words.tongue(facts)("Thank you, we have it."))
        case Act.MEDIA:
            return Answer(state=state)
        case Act.FORM:
            return Answer(state=state)
        case Act.NOTHING if heard.kind != "message":
            return Answer(state=state)
    return again(state, facts, first=meant.act in {Act.LANGUAGE, Act.START})


def _name(state: str, text: str, facts: Facts) -> Answer:
    name = name_in(text)
    if not name:
        return _need(state, text, facts)
    return go_on("name", replace(facts, name=name), (LearnName(name),), words.tongue(facts)("Nice to meet you, {name}!", name=name))


def _need(_state: str, text: str, facts: Facts) -> Answer:
    """What stands instead of a name is the need too, unless that is known; then it only stays in the thread."""
    told = cut(text, NEED_LENGTH)
    learned = () if facts.need else (LearnNeed(told),)
    return go_on("need", knowing(facts, need=told), learned, _thank_you(facts))


def _phone(state: str, text: str, facts: Facts) -> Answer:
    """Digits enough for a number are taken as typed; anything else is asked about once more, then let go."""
    if len(DIGIT.findall(text)) >= PHONE_DIGITS:
        typed = cut(text, NEED_LENGTH)
        return go_on("phone", knowing(facts, phone=typed), (LearnPhone(typed, own=False),), _thank_you(facts))
    return again("phone:2", facts) if state == "phone" else go_on("phone", facts)


_ANSWERS = {"name": _name, "need": _need, "phone": _phone}


def again(state: str, facts: Facts, *, first: bool = False) -> Answer:
    """The question of this state in the person's language; the state stays."""
    known = state if state in words.QUESTIONS else state.partition(":")[0]
    return Answer(say=(words.ask(known, facts, first=first),), state=known, asks=True)


def go_on(after: str, facts: Facts, actions: tuple[Action, ...] = (), before: str = "", *, first: bool = False) -> Answer:
    """Ask the next question that is still open, or thank and hand over when none is."""
    open_questions = [name for name in ORDER[ORDER.index(after) + 1 if after else 0 :] if _is_open(name, facts)]
    if open_questions:
        return Answer(say=(words.ask(open_questions[0], facts, before, first=first),), state=open_questions[0], actions=actions, asks=True)
    return Answer(say=(words.farewell(facts, before or _thank_you(facts)),), state=at_rest(facts), actions=(*actions, Qualified()))


def _is_open(name: str, facts: Facts) -> bool:
    known = {
        "name": facts.name or facts.platform_name,
        "need": facts.need,
        "phone": facts.phone,
        "offers": facts.offers is not None or facts.stopped or facts.followups_stopped,
    }
    return not known[name]


def at_rest(facts: Facts) -> str:
    """The state after the last words; it remembers that the opening time was told."""
    return "done:closed" if facts.opens else "done"


def knowing(facts: Facts, *, need: str = "", phone: str = "") -> Facts:
    """The facts with what was just told."""
    return replace(facts, need=facts.need or need, phone=facts.phone or phone)


def shared_phone(heard: Heard) -> tuple[Action, ...]:
    """A shared number as something learned."""
    return (LearnPhone(heard.phone, own=heard.own_phone),) if heard.phone else ()


def _thank_you(facts: Facts) -> str:
    return words.tongue(facts)("Thank you!")
