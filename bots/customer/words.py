"""What the customer's bot says and shows, in the person's language."""

from crm.base.answers import Facts, Reply
from crm.base.i18n import N_, NATIVE, N_button, Translator, translator
from crm.base.outbound import Button, Buttons
from crm.base.text import clean_name, looks_like_name

SKIP = N_button("Skip")
PERSON = N_button("Talk to a person")
YES = N_button("Yes")
NO = N_button("No, thanks")
SHARE = N_button("Share my number")
ELSEWHERE = N_button("Continue in Telegram")
# A label typed in words counts as its button; yes and no mean offers only while that question stands.
LABELS = {SKIP: "skip", PERSON: "person", YES: "offers:yes", NO: "offers:no", ELSEWHERE: "continue"}

QUESTIONS = {
    "name": N_("What is your name?"),
    "need": N_("What can we help you with?"),
    "phone": N_("Which phone number can we reach you at?"),
    "phone:2": N_("This does not look like a phone number. Please type it in digits, or skip this question."),
    "offers": N_("May {company} send you offers and news from time to time? You can end them at any moment with the word STOP."),
}


def tongue(facts: Facts) -> Translator:
    """The translator of the person's language."""
    return translator(facts.language)


def goes_by(facts: Facts) -> str:
    """The name to greet with ("" = better none): as somebody said, else what the person told, else what the platform says if it reads like a name."""
    return facts.greeting_name or facts.name or (clean_name(facts.platform_name) if looks_like_name(facts.platform_name) else "")


def question(state: str, facts: Facts) -> str:
    """The words of a question."""
    return tongue(facts)(QUESTIONS[state], company=facts.company)


def buttons(state: str, facts: Facts, *, first: bool = False) -> Buttons:
    """The buttons under a question: its own answers, and always a person; `first` adds other languages by their native names and the way elsewhere."""
    tr, name = tongue(facts), state.partition(":")[0]
    person = Button(tr.button(PERSON), value="person")
    above, below = (_languages(facts), elsewhere(facts)) if first else ((), ())
    if name == "offers":
        answers = tuple(Button(tr.button(label), value=f"{LABELS[label]}:{tr.language}") for label in (YES, NO))
        return (*above, answers, (person,), *below)
    share = ((Button(tr.button(SHARE), ask="phone"),),) if name == "phone" else ()
    return (*above, *share, (Button(tr.button(SKIP), value=f"skip:{name}"), person), *below)


def _languages(facts: Facts) -> Buttons:
    others = [Button(NATIVE[language], value=f"lang:{language}") for language in facts.languages if language in NATIVE and language != facts.language]
    return tuple(tuple(others[at : at + 2]) for at in range(0, len(others), 2))


def elsewhere(facts: Facts) -> Buttons:
    """The way to go on in another channel, where there is one."""
    return ((Button(tongue(facts).button(ELSEWHERE), value=LABELS[ELSEWHERE]),),) if facts.can_continue else ()


def ask(state: str, facts: Facts, *before: str, first: bool = False) -> Reply:
    """A question with its buttons; what is said `before` it stands above."""
    return Reply("\n\n".join([*filter(None, before), question(state, facts)]), buttons(state, facts, first=first))


def hello(facts: Facts) -> str:
    """The greeting: who we are, one warm sentence, and that a person can always be asked for."""
    tr, name = tongue(facts), goes_by(facts)
    first = tr("Hello, {name}! This is {company}.", name=name, company=facts.company) if name else tr("Hello! This is {company}.", company=facts.company)
    return f"{first}\n{tr('We are glad that you wrote. You can ask for a person at any time.')}"


def out_of_hours(tr: Translator, opens: str) -> str:
    """What is said while nobody is there; `opens` is the next opening time in words of the same language."""
    return tr("We are closed now and will answer you when we are back. We open: {opens}.", opens=opens)


def soon(facts: Facts) -> str:
    """Who answers next, and when."""
    tr = tongue(facts)
    return out_of_hours(tr, tr.when(facts.opens.at, facts.opens.zone, facts.opens.now)) if facts.opens else tr("A person will write to you here soon.")


def farewell(facts: Facts, *before: str) -> Reply:
    """The bot's last words before a person takes over, with the way to go on elsewhere where the channel has one."""
    return Reply("\n\n".join([*filter(None, before), soon(facts)]), elsewhere(facts))
