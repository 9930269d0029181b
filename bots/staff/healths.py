"""Healths: how the work after a sale does, in a few signs; pure."""

from crm.base.i18n import N_, Translator
from crm.projects.projects import Health, ProjectState, Standing

MARKS = {Health.BLOCKED: "⛔", Health.LATE: "⏰", Health.SILENT: "💤", Health.OK: "🟢"}
HEALTHS = {Health.BLOCKED: N_("waits for something"), Health.LATE: N_("late"), Health.SILENT: N_("silent")}


def short(tr: Translator, one: Standing | None) -> str:
    """How far the work is, and how it does where that is not well ("" = there is none)."""
    if one is None:
        return ""
    if one.state is ProjectState.DONE:
        return f"🛠 {tr('done')}"
    health = f" {MARKS[one.health]} {tr(HEALTHS[one.health])}" if one.health in HEALTHS else ""
    return f"🛠 {one.done}/{one.steps}{health}"
