"""The first words to a stranger, and the first question that is still open."""

from bots.customer import words
from bots.customer.flows import qualify
from bots.customer.hearing import Act, Meant
from crm.base.answers import Answer, Facts, Heard, LearnNeed
from crm.base.text import cut, is_substance


def flow(_state: str, meant: Meant, heard: Heard, facts: Facts) -> Answer:
    """Greet once; a first message that already says what it is about is the need, and is not asked for again."""
    told = meant.text if not facts.need and meant.text and (meant.act is Act.FORM or (meant.act is Act.TEXT and is_substance(meant.text))) else ""
    learned = (LearnNeed(cut(told, qualify.NEED_LENGTH)),) if told else ()
    known = qualify.knowing(facts, need=told, phone=heard.phone)
    hello = _thanks(facts) if meant.act is Act.FORM else words.hello(facts)
    return qualify.go_on("", known, (*learned, *qualify.shared_phone(heard)), hello, first=True)


def _thanks(facts: Facts) -> str:
    """A form is thanked for, not welcomed: it came with a name and a wish."""
    tr, name = words.tongue(facts), words.goes_by(facts)
    thanks = tr("Thank you, {name}! {company} has your message.", name=name, company=facts.company)
    return thanks if name else tr("Thank you! {company} has your message.", company=facts.company)
