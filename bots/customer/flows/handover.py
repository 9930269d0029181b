"""A person is asked for, or all is asked: the bot steps back and says only when somebody will answer."""

from bots.customer import words
from bots.customer.flows import offers, qualify
from bots.customer.hearing import Act, Meant
from crm.base.answers import Answer, CallPerson, Facts, GiveConsent, Heard, OfferLink, Reply

AT_REST = frozenset({"done", "done:closed"})


def flow(state: str, meant: Meant, heard: Heard, facts: Facts) -> Answer:
    """Call a person; who has called already hears it once only."""
    if facts.person_called and state in AT_REST:
        told = done(state, meant, heard, facts)
        return Answer(say=told.say, state=told.state, actions=(CallPerson(),))
    return Answer(say=(words.farewell(facts, words.tongue(facts)("Of course.")),), state=qualify.at_rest(facts), actions=(CallPerson(),))


def done(state: str, meant: Meant, heard: Heard, facts: Facts) -> Answer:
    """Silence while a person is awaited; a closed house says so once until somebody is heard in open hours again."""
    rest = qualify.at_rest(facts)
    if meant.act in {Act.START, Act.LANGUAGE}:
        here = words.tongue(facts)("We are here. Write what you need, and a person will answer.")
        return Answer(say=(words.farewell(facts) if facts.opens else Reply(here),), state=rest)
    if meant.act is Act.PHONE:
        return Answer(say=(Reply(words.tongue(facts)("Thank you!")),), state=_known(state), actions=qualify.shared_phone(heard))
    if heard.kind == "postback":
        return Answer(state=_known(state))
    if facts.opens and state != rest:
        return Answer(say=(words.farewell(facts),), state=rest)
    return Answer(state=rest)


def elsewhere(state: str, _meant: Meant, _heard: Heard, facts: Facts) -> Answer:
    """Give the way to another channel; what stands open here stays open."""
    tr = words.tongue(facts)
    text = tr("Press the button, and we go on in Telegram. The link works once.")
    return Answer(state=state, actions=(OfferLink(text, tr.button(words.ELSEWHERE)),) if facts.can_continue else ())


def silent(state: str, meant: Meant, heard: Heard, facts: Facts) -> Answer:
    """No words: a rep talks, or nothing was asked yet; a shared number and a yes or no to offers are kept all the same."""
    consent = (GiveConsent(meant.detail == "yes", offers.shown(meant, facts)),) if meant.act is Act.OFFERS and heard.kind == "postback" else ()
    return Answer(state=state, actions=(*qualify.shared_phone(heard), *consent))


def _known(state: str) -> str:
    return state if state in AT_REST else "done"
