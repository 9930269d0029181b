"""Leaves: what the days somebody is away are called, in a list, a question and a notice; pure."""

from datetime import date

from crm.base.i18n import N_, N_button, Translator
from crm.people.leave import Away, LeaveKind

NAME = "leave"
EVERYBODY = N_button("Everybody's leave")
KINDS = {LeaveKind.LEAVE: N_("leave"), LeaveKind.SICK: N_("ill"), LeaveKind.OTHER: N_("away")}


def days_words(tr: Translator, one: Away, today: date) -> str:
    """The days of a leave in short words."""
    if one.from_on == one.to_on:
        return tr.day(one.from_on, today)
    return f"{tr.day(one.from_on, today)} – {tr.day(one.to_on, today)}"  # noqa: RUF001 - as printed
