"""The shapes that cross the wire: JSON objects and refusals."""

from typing import Any, TypeAlias

# The stand-in speaks JSON on both sides, so its objects stay as loose as Telegram's own.
Json: TypeAlias = dict[str, Any]


class Refusal(Exception):
    """A method call that Telegram would answer with `ok: false`."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def envelope(self) -> Json:
        """The body Telegram sends with the refusal; the HTTP status equals `error_code`."""
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad_request(reason: str) -> Refusal:
    """A 400 in Telegram's wording, which begins every such description the same way."""
    return Refusal(400, f"Bad Request: {reason}")


def forbidden(reason: str) -> Refusal:
    """A 403 in Telegram's wording."""
    return Refusal(403, f"Forbidden: {reason}")


def conflict(reason: str) -> Refusal:
    """A 409 in Telegram's wording."""
    return Refusal(409, f"Conflict: {reason}")
