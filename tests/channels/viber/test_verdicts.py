"""Every answer of Viber's is HTTP 200; the status inside says what became of a message."""

import json

import pytest

from channels.viber.verdicts import Pauses, Refused, billed, judge
from crm.base.outbound import Reason, RetryLater, Uncertain, Undeliverable

PAUSES = Pauses(5.0, 10.0)
MAP = {
    Reason.ACCOUNT_PROBLEM: (1, 2, 7, 8, 9, 10, 15),
    Reason.BAD_CONTENT: (3, 4, 14, 16, 17, 18, 19, 20, 22),
    Reason.BAD_ADDRESS: (5, 11, 13),
    Reason.BLOCKED: (6,),
    Reason.REJECTED: (21, 99),
    Reason.WINDOW_CLOSED: (23, 24),
}


def answer(status: object, **more: object) -> bytes:
    return json.dumps({"status": status, "status_message": "some words", **more}).encode()


@pytest.mark.parametrize(("reason", "status"), [(reason, status) for reason, statuses in MAP.items() for status in statuses])
def test_each_status_is_refused_for_its_reason(reason: Reason, status: int) -> None:
    with pytest.raises(Refused) as refused:
        judge(200, answer(status), "", PAUSES)
    assert (refused.value.reason, refused.value.status, refused.value.detail) == (reason, status, f"{status}: some words")


def test_nought_is_taken() -> None:
    assert judge(200, answer(0, message_token=7), "", PAUSES)["message_token"] == 7


@pytest.mark.parametrize(("http", "body", "asked", "after"), [(200, answer(12), "", 10.0), (429, b"", "3", 3.0), (429, b"slow", "", 10.0)])
def test_too_many_goes_again_and_everybody_waits(http: int, body: bytes, asked: str, after: float) -> None:
    with pytest.raises(RetryLater) as later:
        judge(http, body, asked, PAUSES)
    assert (later.value.after, later.value.account, later.value.answered) == (after, True, True)


@pytest.mark.parametrize(
    ("http", "body"),
    [(500, b""), (502, b"<html>"), (503, answer(0)), (200, b""), (200, b"[]"), (200, b"{}"), (200, answer("0")), (200, answer(True)), (302, answer(0))],
)
def test_an_answer_that_is_not_vibers_tells_nothing(http: int, body: bytes) -> None:
    with pytest.raises(Uncertain):
        judge(http, body, "", PAUSES)


def test_a_body_that_is_too_big_is_refused_for_good() -> None:
    with pytest.raises(Undeliverable) as refused:
        judge(413, b"", "", PAUSES)
    assert refused.value.reason is Reason.BAD_CONTENT


@pytest.mark.parametrize(("told", "costs"), [({}, False), ({"billing_status": 0}, False), ({"billing_status": 1}, False), ({"billing_status": 3}, True)])
def test_what_costs_money_is_known(told: dict[str, object], costs: bool) -> None:
    assert billed(told) is costs
