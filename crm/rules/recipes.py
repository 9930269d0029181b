"""Recipes: rules that many firms want, ready but for a few choices; pure."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from crm.base.i18n import N_, N_button, Translator
from crm.rules.plans import Plan, unpack

Chosen = Mapping[str, Any]
"""What was chosen, by what was asked."""


class Ask(StrEnum):
    """What a recipe has to be told."""

    CHANNEL = "channel"
    TEAM = "team"
    REP = "rep"
    STAGE = "stage"
    HOURS = "hours"
    DAYS = "days"
    AMOUNT = "amount"
    WORD = "word"
    TAG = "tag"
    TEXT = "text"
    URL = "url"


NUMBERS = frozenset((Ask.TEAM, Ask.REP, Ask.STAGE, Ask.HOURS, Ask.DAYS, Ask.AMOUNT))
"""What is a whole number; of an amount, in the currency's main unit."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One ready rule: its label, what it does in a sentence, what it asks for, and how that becomes a plan.

    `stage_first` among what was chosen says that the stage is the first of its pipeline, into which deals come by being opened.
    """

    key: str
    label: str
    words: str
    asks: tuple[Ask, ...]
    build: Callable[[Chosen, Translator], dict[str, Any]]

    def plan(self, chosen: Chosen, tr: Translator) -> Plan:
        """The plan for what was chosen, its words to the staff in the maker's language; raises `BadRule` for what cannot be."""
        return unpack(json.dumps(self.build(chosen, tr), ensure_ascii=False))


def _name(tr: Translator) -> str:
    """The place of the customer's name in a text for the staff."""
    return f"{{name|{tr('a customer')}}}"


def _lead_to_team(one: Chosen, tr: Translator) -> dict[str, Any]:
    when = {"field": "lead.channel", "value": one["channel"]}
    return {"event": "lead.opened", "when": when, "do": [{"do": "assign", "what": "conversation", "team": one["team"]}]}


def _lead_waits(one: Chosen, tr: Translator) -> dict[str, Any]:
    text = tr("A new lead has had no answer: {name}", name=_name(tr))
    return {"event": "lead.opened", "after": {"hours": one["hours"], "unless": ["said", "taken"]}, "do": [{"do": "notice", "to": "managers", "text": text}]}


def _deal_stands(one: Chosen, tr: Translator) -> dict[str, Any]:
    event = "deal.opened" if one.get("stage_first") else "deal.stage"
    when = {"field": "deal.stage", "value": one["stage"]}
    task = {"do": "task", "kind": "call", "text": tr("The deal of {name} stands still", name=_name(tr)), "in_minutes": 60}
    return {"event": event, "when": {"all": [when, OPEN]}, "after": {"days": one["days"], "unless": ["moved"]}, "do": [task]}


def _no_reply(one: Chosen, tr: Translator) -> dict[str, Any]:
    task = {"do": "task", "kind": "call", "text": tr("No answer yet from {name}", name=_name(tr)), "in_minutes": 60, "unless_reply": True}
    return {"event": "message.said", "after": {"days": one["days"], "unless": ["heard", "said"]}, "do": [task]}


def _ask_again(one: Chosen, tr: Translator) -> dict[str, Any]:
    return {"event": "message.said", "when": OPEN, "after": {"days": one["days"], "unless": ["heard", "said"]}, "do": [{"do": "message", "text": one["text"]}]}


def _accepted(one: Chosen, tr: Translator) -> dict[str, Any]:
    return {"event": "document.accepted", "do": [{"do": "stage", "id": one["stage"]}]}


def _paid(_: Chosen, tr: Translator) -> dict[str, Any]:
    return {"event": "document.paid", "do": [{"do": "won"}]}


def _big(one: Chosen, tr: Translator) -> dict[str, Any]:
    when = {"field": "deal.amount", "is": "at_least", "value": one["amount"]}
    return {"event": "deal.amount", "when": when, "do": [{"do": "notice", "to": "managers", "text": tr("A big deal: {name}", name=_name(tr))}]}


def _word(one: Chosen, tr: Translator) -> dict[str, Any]:
    when = {"field": "message.text", "is": "says", "value": one["word"]}
    return {"event": "message.heard", "when": when, "do": [{"do": "tag", "word": one["tag"]}]}


def _thanks(one: Chosen, tr: Translator) -> dict[str, Any]:
    return {"event": "deal.won", "after": {"days": one["days"]}, "do": [{"do": "message", "text": one["text"]}]}


def _lost(one: Chosen, tr: Translator) -> dict[str, Any]:
    task = {"do": "task", "kind": "call", "text": tr("Ask once more: {name}", name=_name(tr)), "in_minutes": one["days"] * 1440}
    return {"event": "deal.lost", "do": [task]}


def _tag_to_rep(one: Chosen, tr: Translator) -> dict[str, Any]:
    when = {"all": [{"field": "new.tag", "value": one["tag"]}, {"field": "deal.state", "value": "open"}]}
    return {"event": "contact.tagged", "when": when, "do": [{"do": "assign", "what": "deal", "rep": one["rep"]}]}


def _hook(one: Chosen, tr: Translator) -> dict[str, Any]:
    return {"event": "deal.won", "do": [{"do": "webhook", "url": one["url"]}]}


OPEN: dict[str, Any] = {"field": "deal.state", "value": "open"}
RECIPES: tuple[Recipe, ...] = (
    Recipe("lead_team", N_button("New lead to a team"), N_("A new lead from a channel goes to a team."), (Ask.CHANNEL, Ask.TEAM), _lead_to_team),
    Recipe("lead_waits", N_button("New lead waits"), N_("Nobody answers a new lead for hours: the managers hear of it."), (Ask.HOURS,), _lead_waits),
    Recipe("stands", N_button("Deal stands still"), N_("A deal stands in a stage for days: its owner gets a task."), (Ask.STAGE, Ask.DAYS), _deal_stands),
    Recipe("no_reply", N_button("No answer: remind us"), N_("The customer does not answer for days: a task to call."), (Ask.DAYS,), _no_reply),
    Recipe(
        "ask_again",
        N_button("No answer: ask again"),
        N_("A customer with a deal does not answer for days: they are asked again."),
        (Ask.DAYS, Ask.TEXT),
        _ask_again,
    ),
    Recipe("accepted", N_button("Accepted: move on"), N_("The customer accepts a quote: the deal moves to a stage."), (Ask.STAGE,), _accepted),
    Recipe("paid", N_button("Paid: deal won"), N_("An invoice is paid: the deal is won."), (), _paid),
    Recipe("big", N_button("Big deal: tell us"), N_("A deal is worth so much or more: the managers hear of it."), (Ask.AMOUNT,), _big),
    Recipe("word", N_button("Word puts a tag"), N_("A customer writes a word: they get a tag."), (Ask.WORD, Ask.TAG), _word),
    Recipe("thanks", N_button("Won: write to them"), N_("Days after a deal was won the customer gets a message."), (Ask.DAYS, Ask.TEXT), _thanks),
    Recipe("lost", N_button("Lost: call again"), N_("A deal is lost: a task to call again after days."), (Ask.DAYS,), _lost),
    Recipe("tag_rep", N_button("Tag gives the deal"), N_("Somebody gets a tag: their deal goes to a member."), (Ask.TAG, Ask.REP), _tag_to_rep),
    Recipe("hook", N_button("Won: tell a programme"), N_("A deal is won: another programme is told by a webhook."), (Ask.URL,), _hook),
)


def recipe_of(key: str) -> Recipe | None:
    """The recipe of a key."""
    return next((one for one in RECIPES if one.key == key), None)
