"""Which flow answers, and in which language: the whole of the customer's bot, as a pure function."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bots.customer.flows import beside, greet, handover, moment, offers, order, qualify, stop
from bots.customer.hearing import Act, Meant, meaning
from crm.base.answers import Action, Answer, Exchange, Facts, Heard, SpeakLanguage

Flow = Callable[[str, Meant, Heard, Facts], Answer]
"""(state, what was meant, what was heard, facts) -> what to say and do; pure and total."""

# One line per place a conversation can stand in; a state nobody knows any more is treated like "done".
FLOWS: Mapping[str, Flow] = {
    "": greet.flow,
    "name": qualify.flow,
    "need": qualify.flow,
    "phone": qualify.flow,
    "offers": offers.flow,
    "done": handover.done,
}
# Works even while a rep talks: nobody is kept from leaving.
ALWAYS: Mapping[Act, Flow] = {Act.STOP: stop.flow, Act.ELSEWHERE: handover.elsewhere, Act.ABOUT: beside.flow}
# Means the same wherever the conversation stands.
ANYWHERE: Mapping[Act, Flow] = {Act.PERSON: handover.flow, Act.OFFERS: offers.pressed, Act.ORDER: order.flow}


def answer(exchange: Exchange) -> Answer:
    """What the bot says and does about one exchange."""
    heard, state = exchange.heard, exchange.state
    meant = meaning(heard, state)
    facts = _in_their_language(meant, exchange)
    flow = _flow(meant, exchange)
    found = moment.asked(exchange, meant, flow(state, meant, heard, facts), facts)
    spoken: tuple[Action, ...] = (SpeakLanguage(facts.language),) if facts.language != exchange.facts.language else ()
    return replace(found, actions=(*spoken, *found.actions)) if spoken else found


def _flow(meant: Meant, exchange: Exchange) -> Flow:
    heard, facts, state = exchange.heard, exchange.facts, exchange.state
    if meant.act in ALWAYS:
        return ALWAYS[meant.act]
    if facts.taken:
        return handover.silent
    if meant.act in ANYWHERE:
        return ANYWHERE[meant.act]
    name = state.partition(":")[0]
    if heard.first and name not in FLOWS:
        return greet.flow
    if not heard.seen and state and meant.act is not Act.LANGUAGE:
        return handover.silent
    return FLOWS.get(name, handover.done)


def _in_their_language(meant: Meant, exchange: Exchange) -> Facts:
    """The facts with the language chosen by button, or with the one written in while questions are being asked."""
    facts, name = exchange.facts, exchange.state.partition(":")[0]
    chosen = meant.detail if meant.act is Act.LANGUAGE else ""
    asking = not facts.taken and name in FLOWS and name != "done"
    wanted = chosen or (exchange.heard.language_heard if asking else "")
    return replace(facts, language=wanted) if wanted in facts.languages and wanted != facts.language else facts
