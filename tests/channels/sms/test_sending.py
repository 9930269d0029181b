"""Sending SMS: what the operator is asked, and what its answer means."""

from dataclasses import replace

import pytest

from channels.sms import Sms, SmsOptions
from channels.sms.shape import nested
from channels.sms.verdicts import judge
from crm.base.errors import Misconfigured, NotFound
from crm.base.events import MediaKind, MediaRef
from crm.base.outbound import Delete, Reason, RetryLater, Say, Uncertain, Undeliverable, Unit
from sandbox.gateway.world import Shape
from tests.channels.sms.stand import ANN, OPTIONS, firm, no_media, stand

FORM = replace(
    OPTIONS, body="form", fields={"number": "{digits}", "text": "{text}"}, id_at=r"re:OK:(\S+)", ok_at=r"re:^(OK|ERR)", ok=("ok",), error_at=r"re:ERR (.+)"
)
PLAIN = Shape(to="number", text="text", accepted="OK:{id}", refused="ERR {error}", refused_status=200)


async def test_a_text_goes_out_as_the_operator_wants_it_in_json() -> None:
    async with stand() as open_:
        assert await open_.say("Բարև {to}", ref="d7") == ("sms-1",)
        assert open_.gateway.asked == [{"from": "Marani", "to": ANN, "message": "Բարև {to}", "ref": "d7"}]
        assert [text.text for text in await open_.gateway.until(ANN, 1)] == ["Բարև {to}"]


@pytest.mark.parametrize(("body", "method"), [("form", "POST"), ("query", "GET"), ("query", "POST")])
async def test_a_text_goes_out_as_a_form_or_a_query_and_the_answer_is_plain_text(body: str, method: str) -> None:
    async with stand(replace(FORM, body=body, method=method), PLAIN) as open_:
        assert await open_.say("a&b=ж+1") == ("sms-1",)
        assert open_.gateway.asked == [{"number": ANN[1:], "text": "a&b=ж+1"}]


async def test_the_operator_is_told_how_the_text_is_written_and_where_to_report() -> None:
    options = replace(OPTIONS, fields={**OPTIONS.fields, "type": "{coding}", "callback": "{callback}"}, coding={"gsm7": "0", "ucs2": "8"})
    async with stand(options) as open_:
        await open_.say("plain")
        await open_.say("Привет")
        assert [asked["type"] for asked in open_.gateway.asked] == ["0", "8"]
        assert open_.gateway.asked[0]["callback"] == f"https://crm.example{firm().paths('sms')[0]}/receipt"


def test_a_json_body_has_lists_and_parts_within_parts() -> None:
    fields = {"messages[].to[]": "{to}", "messages[].content.text": "{text}", "key": "k"}
    assert nested(fields, {"to": "1", "text": "hi"}) == {"messages": [{"to": ["1"], "content": {"text": "hi"}}], "key": "k"}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("invalid number", Reason.BAD_ADDRESS),
        ("Recipient has OPTED OUT of this", Reason.OPTED_OUT),
        ("no credit", Reason.ACCOUNT_PROBLEM),
        ("something new", Reason.REJECTED),
    ],
)
async def test_a_refusal_is_read_by_the_error_map(words: str, reason: Reason) -> None:
    async with stand() as open_:
        open_.gateway.faults.add("refuse", words=words)
        with pytest.raises(Undeliverable) as refused:
            await open_.say("hi")
        assert (refused.value.reason, words in refused.value.detail) == (reason, True)
        assert (await open_.sms.health()).ok == (reason is not Reason.ACCOUNT_PROBLEM)


async def test_a_gateway_that_takes_again_what_it_is_given_is_well_again() -> None:
    async with stand() as open_:
        open_.gateway.faults.add("402")
        with pytest.raises(Undeliverable):
            await open_.say("hi")
        assert not (await open_.sms.health()).ok
        await open_.say("hi")
        assert (await open_.sms.health()).ok


@pytest.mark.parametrize(("fault", "words", "after"), [("429", "", 2.0), ("503", "", 2.0), ("refuse", "busy", 30.0)])
async def test_what_the_operator_wants_later_goes_later(fault: str, words: str, after: float) -> None:
    async with stand() as open_:
        open_.gateway.faults.add(fault, words=words)
        with pytest.raises(RetryLater) as later:
            await open_.say("hi")
        assert (later.value.after, later.value.account, later.value.answered) == (after, True, True)


@pytest.mark.parametrize("fault", ["500", "garbage", "drop", "drop_after", "hang"])
async def test_what_may_have_left_is_never_called_sent_or_refused(fault: str) -> None:
    async with stand(replace(OPTIONS, send_seconds=0.3) if fault == "hang" else OPTIONS) as open_:
        open_.gateway.faults.add(fault)
        with pytest.raises(Uncertain) as unknown:
            await open_.say("hi")
        assert "127.0.0.1" not in str(unknown.value)


async def test_a_gateway_that_is_not_there_was_surely_given_nothing() -> None:
    async with stand() as gone:
        url = f"{gone.door}/sms/send"
    sms = Sms(replace(OPTIONS, url=url), firm())
    with pytest.raises(RetryLater) as later:
        await sms.send(ANN, Say("hi"), no_media)
    assert (later.value.account, later.value.answered) == (True, False)
    await sms.close()


@pytest.mark.parametrize(
    ("status", "text", "ends"),
    [
        (302, "", Reason.ACCOUNT_PROBLEM),
        (401, "{}", Reason.ACCOUNT_PROBLEM),
        (404, "<html>", Reason.ACCOUNT_PROBLEM),
        (422, '{"acknowledge": "error"}', Reason.REJECTED),
        (200, '{"acknowledge": "error"}', Reason.REJECTED),
    ],
)
def test_a_clear_refusal_is_read_by_its_status_where_no_map_tells(status: int, text: str, ends: Reason) -> None:
    with pytest.raises(Undeliverable) as refused:
        judge(OPTIONS, status, text)
    assert refused.value.reason is ends


@pytest.mark.parametrize(("status", "text"), [(200, ""), (200, "<html>a portal</html>"), (408, ""), (502, "")])
def test_an_answer_that_says_nothing_is_no_answer(status: int, text: str) -> None:
    with pytest.raises(Uncertain):
        judge(OPTIONS, status, text)


@pytest.mark.parametrize(("asked", "after"), [("7", 7.0), ("", 30.0), ("soon", 30.0), ("-3", 1.0), ("1e9", 3600.0), ("nan", 30.0)])
def test_a_pause_is_what_can_be_believed(asked: str, after: float) -> None:
    with pytest.raises(RetryLater) as later:
        judge(OPTIONS, 429, "", asked)
    assert later.value.after == after


def test_a_gateway_without_an_id_is_believed_all_the_same() -> None:
    assert judge(replace(OPTIONS, ok_at="", ok=(), id_at=""), 200, "queued").ids == ()


async def test_what_sms_cannot_carry_is_refused_before_the_network() -> None:
    async with stand() as open_:
        for address, said, reason in (
            ("12345", "hi", Reason.BAD_ADDRESS),
            (ANN, "", Reason.BAD_CONTENT),
            (ANN, "ж" * 671, Reason.BAD_CONTENT),
        ):
            with pytest.raises(Undeliverable) as refused:
                await open_.say(said, to=address)
            assert refused.value.reason is reason
        with pytest.raises(Undeliverable):
            await open_.sms.send(ANN, Delete("1"), no_media)
        assert open_.gateway.asked == []


async def test_an_sms_has_no_files_to_fetch() -> None:
    async with stand() as open_:
        with pytest.raises(NotFound):
            async for _ in open_.sms.fetch_media(MediaRef(MediaKind.PHOTO, "x")):
                raise AssertionError("bytes came")


async def test_limits_count_parts_and_say_that_they_cost() -> None:
    async with stand() as open_:
        limits = open_.limits
        assert (limits.unit, limits.text, limits.buttons, limits.media, limits.free, limits.needs_inbound) == (Unit.SMS, 10, 0, frozenset(), False, False)
        assert limits.knows == {"sent", "delivered"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "ftp://x"},
        {"body": "xml"},
        {"method": "DELETE"},
        {"method": "GET"},
        {"fields": {"to": "{to}"}},
        {"fields": {"text": "{text}"}},
        {"ok": ()},
        {"errors": {"x": "nonsense"}},
        {"states": {"X": "gone"}},
        {"states": {}},
        {"inbound": {"text": "text"}},
        {"callback_header": "X-Sign"},
        {"callback_user": "gate"},
        {"parts": 0},
        {"id_at": "re:("},
    ],
)
def test_options_that_cannot_work_are_refused_at_once(wrong: dict[str, object]) -> None:
    with pytest.raises(Misconfigured):
        Sms(replace(OPTIONS, **wrong), firm())  # type: ignore[arg-type]


def test_nothing_secret_is_shown() -> None:
    options = SmsOptions("sms", "https://gate.example?key=topsecret", headers={"K": "topsecret"}, password="topsecret", fields={"k": "topsecret"})
    assert "topsecret" not in repr(options)
