"""How the Graph API says no."""

from typing import Any

Json = dict[str, Any]
STATUSES = {190: 401, 10: 403, 200: 403, 130429: 429, 131000: 500, 131016: 503, 1: 500, 2: 503}
WORDS = {
    0: "AuthException",
    4: "Application request limit reached",
    10: "Application does not have permission for this action",
    100: "Invalid parameter",
    190: "Invalid OAuth access token - Cannot parse access token",
    80007: "There have been too many calls to this WhatsApp Business account",
    130429: "Rate limit hit",
    130472: "User's number is part of an experiment",
    131000: "Something went wrong",
    131008: "Required parameter is missing",
    131009: "Parameter value is not valid",
    131016: "Service unavailable",
    131021: "Recipient cannot be sender",
    131026: "Message undeliverable",
    131031: "Account has been locked",
    131042: "Business eligibility payment issue",
    131047: "Re-engagement message",
    131048: "Spam rate limit hit",
    131049: "This message was not delivered to maintain healthy ecosystem engagement",
    131050: "User has stopped receiving marketing messages",
    131051: "Unsupported message type",
    131053: "Media upload error",
    131056: "(Business Account, Consumer Account) pair rate limit hit",
    131062: "Business-scoped User ID recipients are not supported for this message",
    132000: "Number of parameters does not match the expected number of params",
    132001: "Template name does not exist in the translation",
    132015: "Template is paused",
    132016: "Template is disabled",
    133010: "Phone number not registered",
}


class No(Exception):
    """A refusal: Graph's number, what it says about this case, and the headers that come with it."""

    def __init__(self, code: int, details: str = "", *, subcode: int = 0, status: int = 0, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{code}: {details}")
        self.code, self.details, self.subcode = code, details, subcode
        self.status, self.headers = status or STATUSES.get(code, 400), headers or {}

    def envelope(self) -> Json:
        """The body of the answer."""
        error: Json = {
            "message": f"(#{self.code}) {WORDS.get(self.code, 'Unknown')}",
            "type": "OAuthException",
            "code": self.code,
            "fbtrace_id": "AsandboxTRACE",
        }
        if self.subcode:
            error["error_subcode"] = self.subcode
        if self.details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        return {"error": error}

    def in_status(self) -> Json:
        """The same as a status or message carries it."""
        words = WORDS.get(self.code, "Unknown")
        return {"code": self.code, "title": words, "message": words, "error_data": {"details": self.details or words}}
