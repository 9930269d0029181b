"""Stop: offers end everywhere, then follow-ups too; each is confirmed once."""

from bots.customer import words
from bots.customer.flows import qualify
from bots.customer.hearing import Meant
from crm.base.answers import Answer, Facts, Heard, Qualified, Reply, StopWriting


def flow(state: str, _meant: Meant, _heard: Heard, facts: Facts) -> Answer:
    """Confirm what ends; the offers question ends with it, every other question stays as it was."""
    if facts.followups_stopped:
        return Answer(state=state)
    tr = words.tongue(facts)
    first = tr("Done: no more offers from us, wherever you write to us. Say stop again, and we will not remind you of anything either.")
    second = tr("Done: we will not write to you first any more. You can write to us here at any time.")
    confirmed = (Reply(second if facts.stopped else first),)
    if state == "offers":
        return Answer(say=confirmed, state=qualify.at_rest(facts), actions=(StopWriting(), Qualified()))
    return Answer(say=confirmed, state=state, actions=(StopWriting(),))
