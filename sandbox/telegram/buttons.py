"""Buttons under messages and keyboards below the chat, and what Telegram refuses in them."""

import re

from sandbox.telegram.shapes import Json, bad_request

ACTIONS = frozenset(
    [
        "url",
        "callback_data",
        "web_app",
        "login_url",
        "switch_inline_query",
        "switch_inline_query_current_chat",
        "switch_inline_query_chosen_chat",
        "copy_text",
        "callback_game",
        "pay",
        "disabled",
    ]
)
MOST_BUTTONS = 100
MOST_DATA = 64
LINK = re.compile(r"(https?|tg|ton)://\S+|[\w-]+(\.[\w-]+)+(/\S*)?|tel:\S+")
STYLES = frozenset(["danger", "success", "primary"])


def checked_markup(markup: Json | None) -> Json | None:
    """The markup of a message in Telegram's shape, None for none; raises a refusal for a wrong one."""
    if not markup:
        return None
    if "inline_keyboard" in markup:
        rows = [[_inline_button(button) for button in row] for row in _rows(markup["inline_keyboard"])]
        rows = [row for row in rows if row]
        return {"inline_keyboard": rows} if rows else None
    if "keyboard" in markup:
        rows = [[_keyboard_button(button) for button in row] for row in _rows(markup["keyboard"])]
        return {**markup, "keyboard": rows}
    if markup.get("remove_keyboard") is True or markup.get("force_reply") is True:
        return markup
    raise bad_request("object expected as reply markup")


def inline_markup(markup: Json | None) -> Json | None:
    """The same for an edit, which takes inline buttons only."""
    checked = checked_markup(markup)
    if checked is not None and "inline_keyboard" not in checked:
        raise bad_request("inline keyboard expected")
    return checked


def _rows(rows: object) -> list[list[object]]:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request("can't parse reply keyboard markup: field must be an Array of Arrays")
    if sum(len(row) for row in rows) > MOST_BUTTONS:
        raise bad_request("REPLY_MARKUP_TOO_LONG")
    return rows


def _inline_button(button: object) -> Json:
    if not isinstance(button, dict) or not isinstance(button.get("text"), str):
        raise bad_request('can\'t parse inline keyboard button: field "text" must be of type String')
    if not button["text"].strip():
        raise bad_request("can't parse inline keyboard button: text must be non-empty")
    actions = ACTIONS & {name for name, value in button.items() if value is not None}
    if not actions:
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise bad_request("can't parse inline keyboard button: exactly one action must be specified")
    if "callback_data" in actions and not 1 <= len(str(button["callback_data"]).encode("utf-8", "surrogatepass")) <= MOST_DATA:
        raise bad_request("BUTTON_DATA_INVALID")
    if "url" in actions and not LINK.fullmatch(str(button["url"])):
        raise bad_request(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
    return _styled(button)


def _keyboard_button(button: object) -> Json:
    if isinstance(button, str):
        button = {"text": button}
    if not isinstance(button, dict) or not isinstance(button.get("text"), str) or not button["text"].strip():
        raise bad_request("can't parse keyboard button: text must be non-empty")
    return _styled(button)


def _styled(button: Json) -> Json:
    if button.get("style") is not None and str(button["style"]) not in STYLES:
        raise bad_request("can't parse keyboard button: invalid button style specified")
    return {name: value for name, value in button.items() if value is not None}
