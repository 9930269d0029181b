"""Score: how likely a lead is, on a card, in a list and with its reasons; a person's word wins over what was counted."""

from collections.abc import Iterator, Mapping

from bots.staff.posts import Key, Keys, Post
from bots.staff.visit import Visit
from bots.staff.words import line_html
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_, NATIVE, N_button, Translator
from crm.people.desk import Intent
from crm.sales import scores
from crm.sales.leads import Lead
from crm.sales.scores import Heat, Likely
from crm.sales.scoring import LEAST, Factor, Trait

SCORE, BACK = N_button("🌡 How likely?"), N_button("Back")
HEATS = {Heat.HOT: N_button("🔥 Hot"), Heat.WARM: N_button("🙂 Warm"), Heat.COLD: N_button("❄️ Cold")}
AS_COUNTED = N_button("As counted")
HOT, COLD = 0.66, 0.33
# What a value of a trait says of a person; those that name no value are told by the trait alone.
SAYS: Mapping[tuple[Trait, str], str] = {
    (Trait.PHONE, "yes"): N_("left a phone number"),
    (Trait.PHONE, "no"): N_("left no phone number"),
    (Trait.NEED, "yes"): N_("said what they need"),
    (Trait.NEED, "no"): N_("did not say what they need"),
    (Trait.AGAIN, "yes"): N_("has come before"),
    (Trait.AGAIN, "no"): N_("is here for the first time"),
    (Trait.FRIEND, "yes"): N_("was sent by a friend"),
    (Trait.FRIEND, "no"): N_("was sent by no friend"),
    (Trait.HOUR, "open"): N_("wrote in working hours"),
    (Trait.HOUR, "closed"): N_("wrote outside working hours"),
    (Trait.LENGTH, "short"): N_("began with a few words"),
    (Trait.LENGTH, "middle"): N_("began with a sentence or two"),
    (Trait.LENGTH, "long"): N_("began with many words"),
}
NAMES: Mapping[Trait, str] = {
    Trait.CHANNEL: N_("writes over {value}"),
    Trait.SOURCE: N_("came from {value}"),
    Trait.LANGUAGE: N_("speaks {value}"),
    Trait.LINK: N_("asked about {value}"),
}


def mark(likely: Likely) -> str:
    """How likely a lead is in two signs ("" = nothing is known); pure."""
    if likely.heat:
        return {Heat.HOT: "🔥", Heat.WARM: "🙂", Heat.COLD: "❄️"}[likely.heat]
    if likely.score is None:
        return ""
    chance = likely.score.chance
    return f"{'🔥' if chance >= HOT else '❄️' if chance <= COLD else '🙂'} {likely.score.percent} %"


def line(tr: Translator, likely: Likely, titles: Mapping[str, str], most: int) -> Iterator[str]:
    """How likely a lead is, with what tells most, as a line of a card; nothing where too little is known."""
    if likely.heat:
        yield f"{mark(likely)} {tr('Likely: {how}, says the team', how=tr.button(HEATS[likely.heat]))}"
    elif likely.score:
        why = ", ".join(said(tr, one, titles) for one in likely.score.factors[:2])
        yield f"{mark(likely)}{f': {line_html(why, most)}' if why else ''}"


def said(tr: Translator, factor: Factor, titles: Mapping[str, str]) -> str:
    """What a factor says of a person, with the way it points."""
    sign = "↑" if factor.weight > 0 else "↓"
    phrase = SAYS.get((factor.trait, factor.value))
    if phrase:
        return f"{tr(phrase)} {sign}"
    value = titles.get(factor.value, factor.value) if factor.trait is Trait.CHANNEL else NATIVE.get(factor.value, factor.value)
    return f"{tr(NAMES[factor.trait], value=value)} {sign}"


def explained(session: Session, visit: Visit, lead: Lead) -> Post:
    """How likely a lead is and why, with buttons for whoever knows better."""
    tr, found = visit.tr, scores.likely(session, visit.company, [lead.id]).get(lead.id, Likely())
    return Post("\n".join(_told(tr, found, visit.titles)), _keys(tr, lead, found), html=True)


def _told(tr: Translator, found: Likely, titles: Mapping[str, str]) -> Iterator[str]:
    if found.heat:
        yield f"{mark(found)} {tr('The team says: {how}.', how=tr.button(HEATS[found.heat]))}"
    if found.score is None:
        yield tr("Too little is known to count with: {n} of {least} leads have come to an end.", n=found.known, least=LEAST)
        yield tr("Say when a lead is won or lost, and this learns by itself.")
        return
    yield tr("Counted from {n} ended leads: {percent} % of such leads buy.", n=found.known, percent=found.score.percent)
    for one in found.score.factors:
        yield f"{line_html(said(tr, one, titles), 120)}: {tr('{won} of {of} bought', won=one.won, of=one.of)}"
    if not found.score.factors:
        yield tr("Nothing about this lead stands out.")


def _keys(tr: Translator, lead: Lead, found: Likely) -> Keys:
    heats = tuple(Key(tr.button(label), _intent(lead.id, f"heat:{heat.value}")) for heat, label in HEATS.items() if heat is not found.heat)
    counted = (Key(tr.button(AS_COUNTED), _intent(lead.id, "heat:")),) if found.heat else ()
    return heats, (*counted, Key(tr.button(BACK), _intent(lead.id, "show:")))


def say(session: Session, visit: Visit, lead: Lead, value: str) -> Post:
    """Take what a person says."""
    try:
        heat = Heat(value) if value else None
    except ValueError as error:
        raise Expired from error
    return explained(session, visit, scores.say_heat(session, visit.rep, lead.id, heat, now=visit.now))


def _intent(lead_id: int, detail: str) -> Intent:
    return Intent("lead", lead_id, detail)
