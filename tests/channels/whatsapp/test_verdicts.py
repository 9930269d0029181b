"""The whole map of WhatsApp's error numbers, for a sending and for what failed later."""

import json

import pytest

from channels.graph import SHARED, Later, Refused, judge
from channels.whatsapp.verdicts import ERRORS, reason_of
from crm.base.events import Arrival, Status
from crm.base.outbound import Reason, RetryLater, Uncertain, Undeliverable
from tests.channels.whatsapp.stand import FIXTURES, TOKEN, channel, raw, town

GROUPS = {
    Reason.WINDOW_CLOSED: [131047],
    Reason.OPTED_OUT: [131050],
    Reason.REJECTED: [131049, 130472, 130497, 132001, 132007, 132015, 132016],
    Reason.BAD_ADDRESS: [131026, 131021, 131030, 131062],
    Reason.ACCOUNT_PROBLEM: [0, 3, 10, 190, 200, 250, 299, 368, 131031, 131042, 131045, 131057],
    Reason.BAD_CONTENT: [131008, 131009, 132000, 132005, 132008, 132012],
}
THROTTLES = {4: True, 80007: True, 130429: True, 131048: True, 131064: True, 131056: False}
TRANSIENT = [131000, 131016, 131052, 131053]


def answer(code: int, status: int = 400, headers: dict[str, str] | None = None, **more: object) -> Exception:
    body = json.dumps({"error": {"message": f"(#{code}) words", "code": code, **more}}).encode()
    with pytest.raises((RetryLater, Undeliverable, Uncertain)) as said:
        judge(status, body, headers or {}, ERRORS)
    return said.value


@pytest.mark.parametrize(("reason", "code"), [(reason, code) for reason, codes in GROUPS.items() for code in codes])
def test_what_will_never_go_says_why(reason: Reason, code: int) -> None:
    said = answer(code, 500)
    assert isinstance(said, Refused)
    assert (said.reason, said.detail) == (reason, f"{code}: (#{code}) words")


@pytest.mark.parametrize(("code", "account"), THROTTLES.items())
def test_what_is_too_fast_waits(code: int, account: bool) -> None:
    said = answer(code)
    assert isinstance(said, Later)
    assert (said.account, said.answered) == (account, True)
    assert said.after > 0


@pytest.mark.parametrize("code", TRANSIENT)
@pytest.mark.parametrize("status", [400, 500])
def test_what_meta_says_it_did_not_send_goes_again(code: int, status: int) -> None:
    assert isinstance(answer(code, status), RetryLater)


@pytest.mark.parametrize(("reason", "code"), [(reason, code) for reason, codes in GROUPS.items() for code in codes])
def test_what_failed_later_says_why_in_the_same_words(reason: Reason, code: int) -> None:
    told = json.loads((FIXTURES / "status_failed.json").read_text("utf-8"))
    told["status"]["errors"][0]["code"] = code
    [found] = channel().parse(raw(json.dumps(told).encode()))
    assert isinstance(found, Status)
    assert (found.arrival, found.reason) == (Arrival.FAILED, reason.value)


@pytest.mark.parametrize("code", [*THROTTLES, 131000, 131016, 7, 999_999, -1])
def test_what_failed_later_for_no_reason_of_ours_is_refused(code: int) -> None:
    assert reason_of(code) is Reason.REJECTED


def test_a_file_that_failed_later_was_bad_content() -> None:
    assert reason_of(131053) is Reason.BAD_CONTENT


@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ({"Retry-After": "17"}, 17.0),
        ({"Retry-After": "999999999999"}, 3600.0),
        ({"Retry-After": "-3"}, 5.0),
        ({"Retry-After": "soon"}, 5.0),
        ({"X-Business-Use-Case-Usage": '{"1": [{"type": "messaging", "estimated_time_to_regain_access": 4}]}'}, 240.0),
        ({"X-Business-Use-Case-Usage": '{"1": [7, {"estimated_time_to_regain_access": "x"}], "2": 5}'}, 5.0),
        ({"X-Business-Use-Case-Usage": "["}, 5.0),
    ],
)
def test_meta_is_waited_for_as_long_as_it_asks(headers: dict[str, str], after: float) -> None:
    said = answer(130429, 429, headers)
    assert isinstance(said, RetryLater)
    assert said.after == after


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"", Uncertain),
        (200, b"<html>", Uncertain),
        (302, b"", Uncertain),
        (404, b"<html>", Uncertain),
        (502, b"<html>", Uncertain),
        (500, b"{}", Uncertain),
        (500, b'{"error": {"code": 1, "message": "An unknown error occurred"}}', Uncertain),
        (500, b'{"error": {"code": 77, "message": "?"}}', Uncertain),
        (400, b'{"error": {"code": 77, "message": "?", "is_transient": true}}', Uncertain),
        (503, b'{"error": {"code": 2, "message": "Service temporarily unavailable"}}', RetryLater),
        (429, b"<html>", RetryLater),
        (429, b'{"error": {"code": 77}}', RetryLater),
        (413, b"<html>", Undeliverable),
        (400, b'{"error": {"code": 77, "message": "?"}}', Undeliverable),
        (200, b'{"error": {"code": 190, "message": "expired"}}', Undeliverable),
    ],
)
def test_only_what_graph_itself_wrote_says_that_nothing_left(status: int, body: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        judge(status, body, {}, ERRORS)


def test_a_wrong_number_of_ours_is_an_account_problem_and_a_wrong_field_is_not() -> None:
    wrong_id, wrong_field = answer(100, error_subcode=33), answer(100)
    assert isinstance(wrong_id, Refused)
    assert isinstance(wrong_field, Refused)
    assert (wrong_id.reason, wrong_field.reason) == (Reason.ACCOUNT_PROBLEM, Reason.BAD_CONTENT)


def test_a_token_meta_repeats_is_not_repeated_by_us() -> None:
    said = answer(190, 401, error_data={"details": f"Malformed access token {TOKEN}"})
    assert TOKEN not in str(said)


def test_every_number_an_independent_library_knows_is_in_the_map() -> None:
    from pywa import errors

    known = {code for code, kind in errors._all_exceptions().items() if issubclass(kind, errors.SendMessageError | errors.ThrottlingError)}
    known |= {code for code, kind in errors._all_exceptions().items() if issubclass(kind, errors.IntegrityError | errors.AuthorizationError)}
    of_other_things = {131044, 132068, 132069}  # calls and flows, which we do not send
    assert known - of_other_things <= set(ERRORS) | set(SHARED)


async def test_a_failure_told_late_is_found_by_the_message_it_belongs_to() -> None:
    from crm.base.outbound import Say

    async with town() as here:
        await here.heard()
        here.clock.later(25)
        sent = await here.say(Say("too late", ref="d:3:0"))
        [_, failed] = await here.events(2)
        assert isinstance(failed, Status)
        assert (failed.ids, failed.ref, failed.reason) == (sent.ids, "d:3:0", "window_closed")
