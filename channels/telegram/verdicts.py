"""What an answer of the Bot API means for a sending: the result, or one of the closed set of errors. Pure."""

import json
import math
import re

from crm.base.outbound import Reason, RetryLater, Uncertain, Undeliverable

PAUSE = 5.0
LONGEST_PAUSE = 3600.0

# Wordings as in Telegram's open server; matched anywhere and in lower case, because prefixes change between versions.
_FORBIDDEN = ((re.compile("blocked by the user"), Reason.BLOCKED), (re.compile("deactivated|can't initiate|can't send messages to bots"), Reason.BAD_ADDRESS))
_OWN = (
    (re.compile("business_peer_usage_missing"), Reason.WINDOW_CLOSED),  # the customer wrote there too long ago
    (re.compile("business connection not found|business_connection_invalid|business_connection_not_allowed|business_peer_invalid"), Reason.BLOCKED),
)
_REFUSED = (
    *_OWN,
    (re.compile("chat not found|user not found|peer_id_invalid|chat_id is empty|input_user_deactivated"), Reason.BAD_ADDRESS),
    (
        re.compile(
            "too long|is empty|must be non-empty|empty file|too big|too large|file identifier|remote file|file must be|can't parse|button|inline keyboard"
            "|reply markup|photo_|image_process|media_|voice_messages|entit"
        ),
        Reason.BAD_CONTENT,
    ),
)


class Refused(Undeliverable):
    """Telegram said no; `code` is the status it said it with."""

    def __init__(self, reason: Reason, detail: str, code: int) -> None:
        super().__init__(reason, detail)
        self.code = code

    def says(self, words: str) -> bool:
        """Whether Telegram's description has these words, in lower case."""
        return words in self.detail.lower()


class Unreadable(Uncertain):
    """Telegram says that it is well, in an answer that cannot be read."""

    def __init__(self, body: bytes) -> None:
        super().__init__("an answer that cannot be read")
        self.body = body


def judge(status: int, body: bytes) -> object:
    """The `result` of an answer; raises RetryLater, Refused or Uncertain. The status decides first, because a proxy may answer for Telegram."""
    answer = _answer(body)
    if status == 200 and answer is not None and answer.get("ok") is True:
        return answer.get("result")
    if status == 200 and answer is None:
        raise Unreadable(body)
    if status == 429:
        raise RetryLater(pause(answer), answered=True)
    # A captive portal answers for Telegram too, and knows nothing of tokens.
    if status in (401, 404) and answer is not None and answer.get("ok") is False:
        raise Refused(Reason.ACCOUNT_PROBLEM, _description(answer, status), status)
    if not 400 <= status < 500 or status in (401, 404) or (answer is None and status != 413):
        raise Uncertain(f"status {status}, {'an answer that cannot be read' if answer is None else _description(answer, status)}")
    raise Refused(_reason(status, _description(answer, status).lower()), _description(answer, status), status)


def pause(answer: dict[str, object] | None) -> float:
    """Seconds Telegram asks to wait, 1 to 3600; 5 when it does not say or says nonsense."""
    parameters = (answer or {}).get("parameters")
    asked = parameters.get("retry_after") if isinstance(parameters, dict) else None
    if isinstance(asked, bool) or not isinstance(asked, int | float) or (isinstance(asked, float) and math.isnan(asked)):
        return PAUSE
    return float(min(max(asked, 1), LONGEST_PAUSE))


def _reason(status: int, words: str) -> Reason:
    if status == 413:
        return Reason.BAD_CONTENT
    table = (*_OWN, *_FORBIDDEN) if status == 403 else _REFUSED
    return next((reason for pattern, reason in table if pattern.search(words)), Reason.REJECTED)


def _answer(body: bytes) -> dict[str, object] | None:
    try:
        answer = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _description(answer: dict[str, object] | None, status: int) -> str:
    said = (answer or {}).get("description")
    return said[:300] if isinstance(said, str) and said else f"status {status}"
