"""What Viber refuses in a message, by its own status numbers; pure."""

from sandbox.viber.world import Json, Person

BAD_DATA, MISSING, UNKNOWN, UNSUBSCRIBED, OLD = 3, 4, 5, 6, 13
REQUEST_MOST, TEXT_MOST, CAPTION_MOST, NAME_MOST, TRACKING_MOST = 30 * 1024, 7000, 512, 28, 4000
VIDEO_MOST, FILE_MOST, FILE_NAME_MOST, ROWS, GRID, SHARES = 26 * 1024**2, 50 * 1024**2, 256, 12, 6, 3
AROUND = {"receiver", "type", "sender", "tracking_data", "min_api_version", "keyboard"}
NEEDED = {"text": {"text"}, "picture": {"media"}, "video": {"media", "size"}, "file": {"media", "size", "file_name"}}
KNOWN = {"picture": {"text", "thumbnail"}, "video": {"duration", "thumbnail"}}
ACTIONS = {"reply", "open-url", "share-phone", "location-picker", "none"}
BUTTON = {"Columns", "Rows", "Text", "TextSize", "ActionType", "ActionBody", "Silent"}
Wrong = tuple[int, str]


def wrong(body: Json, person: Person | None) -> Wrong | None:
    """Why a message is refused, as status and words; `person` is None for an answer to an opened chat."""
    sort, sender = body.get("type"), body.get("sender")
    if not isinstance(sort, str) or sort not in NEEDED:
        return (MISSING, "missing type") if not sort else (BAD_DATA, f"type {sort} is not supported")
    if not isinstance(sender, dict) or not sender.get("name"):
        return MISSING, "missing sender name"
    missing = NEEDED[sort] - body.keys()
    strange = body.keys() - AROUND - NEEDED[sort] - KNOWN.get(sort, set())
    if missing or strange:
        return (MISSING, f"missing {sorted(missing)}") if missing else (BAD_DATA, f"unknown {sorted(strange)}")
    return _long(body, sort) or _sized(body, sort) or _board(body) or (_old(body, person) if person else None)


def _long(body: Json, sort: str) -> Wrong | None:
    """Words and names that do not fit."""
    text = body.get("text", "")
    most = TEXT_MOST if sort == "text" else CAPTION_MOST
    if not isinstance(text, str) or len(text) > most or (sort == "text" and not text):
        return BAD_DATA, f"text has 1 to {most} characters"
    if len(str(body["sender"]["name"])) > NAME_MOST:
        return BAD_DATA, "sender name too long"
    if len(str(body.get("tracking_data", ""))) > TRACKING_MOST:
        return BAD_DATA, "tracking_data too long"
    return None


def _sized(body: Json, sort: str) -> Wrong | None:
    """Files whose address or size is none, or too much."""
    if sort == "text":
        return None
    if not str(body["media"]).startswith(("https://", "http://127.0.0.1:")):
        return BAD_DATA, "media must be an https address"
    if sort == "video" and not str(body["media"]).endswith(".mp4"):
        return BAD_DATA, "a video's address ends in .mp4"
    most = {"video": VIDEO_MOST, "file": FILE_MOST}.get(sort, 0)
    if most and not (type(body["size"]) is int and 0 < body["size"] <= most):
        return BAD_DATA, f"size is 1 to {most}"
    name = body.get("file_name", "a.b")
    return None if isinstance(name, str) and 2 < len(name) <= FILE_NAME_MOST and "." in name else (BAD_DATA, "file_name has an ending")


def _board(body: Json) -> Wrong | None:
    """A keyboard that cannot be drawn."""
    if "keyboard" not in body:
        return None
    board = body["keyboard"]
    buttons = board.get("Buttons") if isinstance(board, dict) else None
    if not isinstance(buttons, list) or not buttons or board.get("Type") != "keyboard":
        return BAD_DATA, "keyboard has no buttons"
    rows, left = 0, 0
    for button in buttons:
        said = _button(button, body.get("min_api_version", 1))
        if said:
            return BAD_DATA, said
        rows, left = (rows, left - button["Columns"]) if button["Columns"] <= left else (rows + 1, GRID - button["Columns"])
    return (BAD_DATA, f"keyboard has {rows} rows") if rows > ROWS else None


def _button(button: Json, version: int) -> str:
    if not isinstance(button, dict) or button.keys() - BUTTON:
        return "a button has strange fields"
    if not (button.get("Columns") in range(1, GRID + 1) and button.get("Rows", 1) in (1, 2)):
        return "a button is 1 to 6 columns wide and 1 or 2 rows high"
    if button.get("ActionType") not in ACTIONS or not isinstance(button.get("ActionBody"), str) or not button["ActionBody"]:
        return "a button needs its action"
    if len(button["ActionBody"]) > 250 and button["ActionType"] != "open-url":
        return "ActionBody too long"
    return "share-phone needs min_api_version 3" if button["ActionType"] == "share-phone" and version < SHARES else ""


def _old(body: Json, person: Person) -> Wrong | None:
    return (OLD, "apiVersionNotSupported") if body.get("min_api_version", 1) > person.version else None
