"""What WhatsApp tells of our own account: templates, quality, limits, restrictions. Pure."""

from channels.payload import Json, kind, name, part, parts, text
from crm.base.events import AccountAlert

_WELL = frozenset({"APPROVED", "GREEN", "REINSTATED", "UNFLAGGED", "UPGRADE", "VERIFIED_ACCOUNT", "ACCOUNT_RECONNECTED", "REINSTATE", "ONBOARDING", "RESOLVED"})
_TEMPLATE = {
    "message_template_status_update": ("{} {}", "event", "reason"),
    "message_template_quality_update": ("quality {}, before {}", "new_quality_score", "previous_quality_score"),
    "template_category_update": ("category {}, before {}", "new_category", "previous_category"),
    "message_template_components_update": ("changed {} {}", "", ""),
}
_OWN = frozenset(
    {
        "account_update",
        "account_alerts",
        "account_review_update",
        "account_settings_update",
        "business_capability_update",
        "business_status_update",
        "phone_number_quality_update",
        "phone_number_name_update",
        "security",
    }
)
_SAID = (
    "event",
    "decision",
    "alert_type",
    "alert_status",
    "alert_description",
    "current_limit",
    "display_phone_number",
    "rejection_reason",
    "requested_verified_name",
)


def alert(field: str, value: Json, at: int) -> AccountAlert | None:
    """What a change of the account means for the staff; None for a field that is about something else."""
    if field in _TEMPLATE:
        words, told, before = (one if place == 0 else name(value, one) for place, one in enumerate(_TEMPLATE[field]))
        called = f"{name(value, 'message_template_name')} ({name(value, 'message_template_language')})"
        said = words.format(told.lower(), "" if before == "NONE" else before.lower()).strip(" ,")
        return AccountAlert("template", f"template {called}: {said}", at, ok=told.upper() in _WELL)
    if field in _OWN:
        parts_of = [name(value, key) for key in _SAID] + _restrictions(value)
        states = {name(value, "event").upper(), name(part(value, "ban_info"), "waba_ban_state").upper(), name(value, "decision").upper()}
        return AccountAlert(kind(field), " ".join(filter(None, parts_of)) or field, at, ok=bool(states & _WELL))
    errors = parts(value, "errors")
    if errors:
        return AccountAlert("errors", "; ".join(error_words(one) for one in errors[:5]), at)
    return None


def _restrictions(value: Json) -> list[str]:
    limits = [name(one, "restriction_type") for one in parts(value, "restriction_info")[:5]]
    more = (("violation_info", "violation_type"), ("ban_info", "waba_ban_state"), ("ban_info", "waba_ban_date"))
    return limits + [name(part(value, where), key) for where, key in more]


def error_words(error: Json) -> str:
    """An error as Meta words it, with its number."""
    said = text(part(error, "error_data"), "details") or text(error, "message") or text(error, "title")
    code = error.get("code")
    return f"{code if type(code) is int else '?'}: {name({'said': said}, 'said')}"
