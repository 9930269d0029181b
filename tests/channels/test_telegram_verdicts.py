"""What the answers of the Bot API mean for a sending, without a network."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.telegram.verdicts import Refused, Unreadable, judge
from crm.base.outbound import Reason, RetryLater, Uncertain, Undeliverable

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
ANSWERS = st.fixed_dictionaries(
    {}, optional={"ok": LEAVES, "description": LEAVES, "result": LEAVES, "parameters": LEAVES | st.fixed_dictionaries({"retry_after": LEAVES})}
)


def refusal(code: int, description: str = "", **parameters: object) -> bytes:
    return json.dumps({"ok": False, "error_code": code, "description": description, "parameters": parameters}).encode()


@pytest.mark.parametrize(
    ("code", "description", "reason"),
    [
        (403, "Forbidden: bot was blocked by the user", Reason.BLOCKED),
        (403, "Forbidden: user is deactivated", Reason.BAD_ADDRESS),
        (403, "Forbidden: bot can't initiate conversation with a user", Reason.BAD_ADDRESS),
        (403, "Forbidden: something new", Reason.REJECTED),
        (400, "Bad Request: chat not found", Reason.BAD_ADDRESS),
        (400, "Bad Request: message is too long", Reason.BAD_CONTENT),
        (400, "Bad Request: message text is empty", Reason.BAD_CONTENT),
        (400, "Bad Request: wrong file identifier/HTTP URL specified", Reason.BAD_CONTENT),
        (400, "Bad Request: BUTTON_DATA_INVALID", Reason.BAD_CONTENT),
        (400, "Bad Request: something new", Reason.REJECTED),
        (400, "", Reason.REJECTED),
        (401, "Unauthorized", Reason.ACCOUNT_PROBLEM),
        (404, "Not Found", Reason.ACCOUNT_PROBLEM),
        (413, "Request Entity Too Large", Reason.BAD_CONTENT),
    ],
)
def test_a_refusal_tells_its_reason(code: int, description: str, reason: Reason) -> None:
    with pytest.raises(Undeliverable) as caught:
        judge(code, refusal(code, description))
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("asked", "after"),
    [(7, 7.0), (0, 1.0), (-5, 1.0), (10**9, 3600.0), (10**400, 3600.0), ("soon", 5.0), (None, 5.0), (True, 5.0), ([], 5.0), (2.5, 2.5), (float("nan"), 5.0)],
)
def test_a_pause_is_obeyed_within_reason(asked: object, after: float) -> None:
    with pytest.raises(RetryLater) as caught:
        judge(429, refusal(429, retry_after=asked))
    assert caught.value.after == after


@pytest.mark.parametrize("body", [b"", b"<html>slow down</html>", b"[]"])
def test_a_pause_asked_without_words_lasts_five_seconds(body: bytes) -> None:
    with pytest.raises(RetryLater) as caught:
        judge(429, body)
    assert caught.value.after == 5.0


@pytest.mark.parametrize(
    ("status", "body"), [(500, refusal(500)), (502, b"<html>"), (400, b"<html>"), (200, refusal(200)), (302, b""), (200, b'["ok"]'), (200, b"[" * 100_000)]
)
def test_an_answer_that_tells_nothing_leaves_the_sending_uncertain(status: int, body: bytes) -> None:
    with pytest.raises(Uncertain):
        judge(status, body)


@pytest.mark.parametrize("status", [401, 404])
@pytest.mark.parametrize("body", [b"<html>log in to the hotel's network</html>", b"", b'{"error": "log in"}'])
def test_a_captive_portal_says_nothing_about_the_token(status: int, body: bytes) -> None:
    with pytest.raises(Uncertain):
        judge(status, body)


def test_an_unreadable_answer_keeps_its_bytes() -> None:
    with pytest.raises(Unreadable) as caught:
        judge(200, b'{"ok":true,"result":[')
    assert caught.value.body == b'{"ok":true,"result":['


@given(st.integers(100, 599), st.binary() | ANSWERS.map(lambda value: json.dumps(value).encode()))
def test_every_answer_is_a_result_or_one_of_the_closed_set(status: int, body: bytes) -> None:
    with suppress(RetryLater, Uncertain, Refused):
        judge(status, body)
