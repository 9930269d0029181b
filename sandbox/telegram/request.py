"""What a bot asked: parameters from the query, a form, a multipart body or JSON, and the files sent with them."""

import json
from dataclasses import dataclass, field

from aiohttp import web

from sandbox.telegram.shapes import Json, bad_request

NUMBERS = frozenset(
    [
        "chat_id",
        "from_chat_id",
        "user_id",
        "message_id",
        "message_thread_id",
        "offset",
        "limit",
        "timeout",
        "reply_to_message_id",
        "duration",
        "width",
        "height",
        "cache_time",
        "max_connections",
        "length",
    ]
)
REALS = frozenset(["latitude", "longitude", "horizontal_accuracy"])
FLAGS = frozenset(
    [
        "disable_notification",
        "protect_content",
        "show_alert",
        "is_big",
        "drop_pending_updates",
        "disable_content_type_detection",
        "has_spoiler",
        "supports_streaming",
        "show_caption_above_media",
        "allow_sending_without_reply",
        "disable_web_page_preview",
        "revoke_messages",
        "remove_caption",
        "for_channels",
    ]
)
STRUCTURES = frozenset(
    [
        "reply_markup",
        "entities",
        "caption_entities",
        "media",
        "reply_parameters",
        "link_preview_options",
        "allowed_updates",
        "commands",
        "scope",
        "message_ids",
        "reaction",
        "menu_button",
    ]
)
NAMES_OF_STRUCTURES = {"reply_markup": "reply keyboard markup JSON object", "entities": "entities", "caption_entities": "entities"}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that arrived in a multipart body."""

    name: str
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one request, each already of the type its name calls for."""

    values: Json = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A text, empty when it was not given."""
        value = self.values.get(name)
        return "" if value is None else str(value)

    def number(self, name: str, default: int = 0) -> int:
        """A whole number, `default` when it was not given or is none."""
        value = self.values.get(name)
        return value if isinstance(value, int) else default

    def flag(self, name: str) -> bool:
        """A truth, false when it was not given."""
        return self.values.get(name) is True

    def object(self, name: str) -> Json | None:
        """A JSON object, or None when it was not given."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise bad_request(f"can't parse {NAMES_OF_STRUCTURES.get(name, name)}: object expected")
        return value

    def objects(self, name: str) -> list[Json] | None:
        """A list of JSON objects, or None when it was not given."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise bad_request(f"can't parse {NAMES_OF_STRUCTURES.get(name, name)}: expected an Array of objects")
        return value

    def upload(self, name: str, reference: str) -> Upload | None:
        """The file sent as the field itself or, as `attach://field`, beside it."""
        if reference.startswith("attach://"):
            return self.uploads.get(reference.removeprefix("attach://"))
        return self.uploads.get(name) if not reference else None

    def recorded(self) -> Json:
        """The parameters as the log of requests shows them: a file as its name and size."""
        files = {name: {"name": upload.name, "size": len(upload.body)} for name, upload in self.uploads.items()}
        return {**self.values, **files}


async def read(request: web.Request) -> Parameters:
    """Reads a request's parameters; raises a refusal where Telegram cannot parse them."""
    values: Json = dict(request.query)
    uploads: dict[str, Upload] = {}
    if request.content_type == "application/json" and request.can_read_body:
        values.update(_body_of_json(await request.read()))
    elif request.method == "POST":
        for name, part in (await request.post()).items():
            if isinstance(part, web.FileField):
                uploads[name] = Upload(part.filename, part.content_type, part.file.read())
            else:
                values[name] = part if isinstance(part, str) else bytes(part).decode()
    return Parameters({name: _typed(name, value) for name, value in values.items()}, uploads)


def _body_of_json(raw: bytes) -> Json:
    try:
        body = json.loads(raw or b"{}")
    except ValueError as error:
        raise bad_request("can't parse JSON object") from error
    if not isinstance(body, dict):
        raise bad_request("can't parse JSON object")
    return body


def _typed(name: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    if name in STRUCTURES:
        return _structure(name, value)
    if name in FLAGS:
        return value.lower() in {"true", "1", "yes"}
    try:
        if name in NUMBERS:
            return int(value)
        if name in REALS:
            return float(value)
    except ValueError:
        return value  # a chat may be named @like_this; the method refuses what it cannot use
    return value


def _structure(name: str, value: str) -> object:
    if not value:
        return None
    try:
        return json.loads(value)
    except ValueError as error:
        raise bad_request(f"can't parse {NAMES_OF_STRUCTURES.get(name, name)}: can't parse JSON") from error
