"""Whether offers are welcome: asked once; only a yes is a yes, and silence is a no."""

from bots.customer import words
from bots.customer.flows import qualify
from bots.customer.hearing import Act, Meant
from crm.base.answers import Answer, Facts, GiveConsent, Heard
from crm.base.i18n import translator


def flow(state: str, meant: Meant, heard: Heard, facts: Facts) -> Answer:
    """Anything said instead of yes or no is no consent and ends the questions; nobody is pestered."""
    match meant.act:
        case Act.TEXT | Act.SKIP:
            return qualify.go_on("offers", facts)
        case Act.GREETING | Act.LANGUAGE | Act.START:
            return qualify.again(state, facts, first=meant.act is not Act.GREETING)
        case Act.NOTHING if heard.kind == "message":
            return qualify.again(state, facts)
    return Answer(state=state, actions=qualify.shared_phone(heard))


def pressed(state: str, meant: Meant, heard: Heard, facts: Facts) -> Answer:
    """A yes or no: kept whenever it comes, with the very words it was shown under; it moves the talk only where it was asked."""
    consent = GiveConsent(meant.detail == "yes", shown(meant, facts))
    if state != "offers":
        return Answer(state=state, actions=(consent,))
    return qualify.go_on("offers", facts, (consent,))


def shown(meant: Meant, facts: Facts) -> str:
    """The offers question as the person saw it, in the language its button was made in."""
    return translator(meant.shown or facts.language)(words.QUESTIONS["offers"], company=facts.company)
