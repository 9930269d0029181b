"""A moment: whoever names a day with a time of it is asked by buttons whether just that is meant, so that nobody waits for them in vain."""

from dataclasses import replace

from bots.customer import words
from bots.customer.hearing import Act, Meant
from crm.base.answers import Answer, Exchange, Facts, Reply
from crm.base.i18n import N_button, Translator
from crm.base.outbound import Button
from crm.base.said_times import by_phone, meant, whose_clock
from crm.base.time import MINUTE
from crm.outreach.zones import known

OTHER = N_button("Another time")
CALL, MEETING = "c", "m"


def asked(exchange: Exchange, said: Meant, found: Answer, facts: Facts) -> Answer:
    """The answer with the question about the moment, where a new one was named and nobody of the staff talks; a question of the bot's own stands last."""
    if facts.taken or said.act not in {Act.TEXT, Act.GREETING, Act.PERSON} or not exchange.now:
        return found
    theirs = exchange.their_zone if known(exchange.their_zone) else ""
    zones = (exchange.zone, theirs or exchange.zone)
    moments = [at for at in meant(exchange.heard.text, facts.language, zones, exchange.now) if at not in exchange.asked_times]
    if not moments:
        return found
    reply = _question(words.tongue(facts), moments, zones, exchange)
    return replace(found, say=(reply, *found.say) if found.asks else (*found.say, reply))


def _question(tr: Translator, moments: list[int], zones: tuple[str, ...], exchange: Exchange) -> Reply:
    how = CALL if by_phone(exchange.heard.text) else MEETING
    rows = tuple((Button(_label(tr, at, zones, exchange.now), value=f"time:{how}{at // MINUTE}"),) for at in moments)
    text = tr("Do you mean this time? Press it, and we write it down.") if len(moments) == 1 else tr("Which time do you mean? Press it, and we write it down.")
    return Reply(text, (*rows, (Button(tr.button(OTHER), value="time:other"),)))


def _label(tr: Translator, at: int, zones: tuple[str, ...], now: int) -> str:
    """The instant on our clock, and on theirs where that shows another time."""
    from babel.dates import get_timezone_location

    clocks = whose_clock(at, zones)
    if len(clocks) == 1:
        return tr.when(at, zones[0], now)
    return " = ".join(f"{tr.when(at, zone, now)} ({get_timezone_location(zone, locale=tr.language, return_city=True)})" for zone in clocks)
