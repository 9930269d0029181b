"""SMS through Twilio: what it is asked, what its answers and its receipts mean, and what people write."""

from dataclasses import replace

import pytest

from channels.sms.twilio import TwilioSms, TwilioSmsOptions
from channels.twilio import EMPTY
from crm.base.errors import Busy, DragomanError, Misconfigured
from crm.base.events import Arrival, MediaKind, MediaRef, Message, OptIn, OptOut, Scope, Status, Unknown
from crm.base.outbound import Reason, RetryLater, Say, Uncertain, Undeliverable
from tests.channels.sms.stand import ANN, firm, no_media
from tests.channels.twilio.stand import LINE, NEW, OPTIONS, stand
from tests.conftest import NOON
from tests.doors import Inbox

JPEG = b"\xff\xd8\xff\xe0" + b"0" * 64


async def test_a_text_goes_out_and_every_state_of_it_comes_back_under_our_own_mark() -> None:
    async with stand() as open_:
        [sid] = await open_.say("Բարև", ref="d7")
        await open_.courier.quiet()
        back = f"{open_.place('receipt')}?ref=d7#rc=3&rp=all"
        assert open_.world.asked == [{"To": ANN, "From": LINE, "Body": "Բարև", "StatusCallback": back}]
        assert open_.events == [Status(arrival, NOON, (sid,), "d7", ANN) for arrival in (Arrival.SENT, Arrival.DELIVERED)]
        assert open_.world.wrong == []


async def test_a_messaging_service_may_choose_the_number() -> None:
    async with stand(replace(OPTIONS, sender="", service="MG00000000000000000000000000000001")) as open_:
        await open_.say("hi")
        assert open_.world.asked[0]["MessagingServiceSid"] == "MG00000000000000000000000000000001"
        assert "From" not in open_.world.asked[0]


async def test_without_a_public_address_nothing_is_asked_to_be_told() -> None:
    async with stand() as open_:
        alone = TwilioSms(replace(OPTIONS, api=open_.api.own_url), firm(public_url=""))
        await alone.send(ANN, Say("hi"), no_media)
        await alone.close()
        assert "StatusCallback" not in open_.world.asked[0]
        assert "PUBLIC_URL" in (await alone.health()).words


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("21610", Reason.OPTED_OUT),
        ("21211", Reason.BAD_ADDRESS),
        ("21614", Reason.BAD_ADDRESS),
        ("21408", Reason.REJECTED),
        ("21617", Reason.BAD_CONTENT),
        ("20003", Reason.ACCOUNT_PROBLEM),
        ("21606", Reason.ACCOUNT_PROBLEM),
        ("29999", Reason.REJECTED),
    ],
)
async def test_a_refusal_is_read_by_its_number(code: str, reason: Reason) -> None:
    async with stand() as open_:
        open_.world.faults.add("refuse", words=code)
        with pytest.raises(Undeliverable) as refused:
            await open_.say("hi")
        assert (refused.value.reason, code in refused.value.detail) == (reason, True)
        assert (await open_.sms.health()).ok == (reason is not Reason.ACCOUNT_PROBLEM)


@pytest.mark.parametrize("code", ["20429", "14107", "63018"])
async def test_a_number_that_means_too_fast_waits(code: str) -> None:
    async with stand() as open_:
        open_.world.faults.add("refuse", words=code)
        with pytest.raises(RetryLater) as later:
            await open_.say("hi")
        assert (later.value.after, later.value.account, later.value.answered) == (30.0, True, True)


async def test_too_many_requests_is_later() -> None:
    async with stand() as open_:
        open_.world.faults.add("429")
        with pytest.raises(RetryLater):
            await open_.say("hi")


@pytest.mark.parametrize("fault", ["500", "503", "garbage", "drop", "drop_after", "hang"])
async def test_what_may_have_left_is_never_called_sent_or_refused(fault: str) -> None:
    async with stand(replace(OPTIONS, send_seconds=0.3) if fault == "hang" else OPTIONS) as open_:
        open_.world.faults.add(fault)
        with pytest.raises(Uncertain) as unknown:
            await open_.say("hi")
        assert "127.0.0.1" not in str(unknown.value)


async def test_a_message_whose_answer_was_lost_is_found_by_the_mark_in_its_receipt() -> None:
    async with stand() as open_:
        open_.world.faults.add("drop_after")
        with pytest.raises(Uncertain):
            await open_.say("hi", ref="d9")
        await open_.courier.quiet()
        assert {event.ref for event in open_.events if isinstance(event, Status)} == {"d9"}


async def test_a_wrong_token_is_the_accounts_trouble() -> None:
    async with stand(replace(OPTIONS, tokens=("wrong", NEW))) as open_:
        with pytest.raises(Undeliverable) as refused:
            await open_.say("hi")
        assert refused.value.reason is Reason.ACCOUNT_PROBLEM


@pytest.mark.parametrize(
    ("state", "code", "reason"),
    [("undelivered", "30005", "bad_address"), ("failed", "30007", "rejected"), ("undelivered", "21610", "opted_out"), ("failed", "30002", "account_problem")],
)
async def test_a_failed_receipt_says_why(state: str, code: str, reason: str) -> None:
    async with stand() as open_:
        phone = open_.world.phone(ANN)
        phone.states, phone.error = ("sent", state), code
        [sid] = await open_.say("hi")
        await open_.courier.quiet()
        assert open_.events[-1] == Status(Arrival.FAILED, NOON, (sid,), address=ANN, reason=reason, detail=code)


async def test_receipts_that_come_twice_and_out_of_order_are_each_kept_once() -> None:
    async with stand() as open_:
        open_.world.phone(ANN).states = ("delivered", "sent")
        open_.world.faults.add("twice")
        await open_.say("hi")
        await open_.courier.quiet()
        assert [event.arrival for event in open_.events if isinstance(event, Status)] == [Arrival.DELIVERED, Arrival.SENT]


async def test_the_firm_may_say_what_a_number_means() -> None:
    async with stand(replace(OPTIONS, errors={"30005": "rejected"})) as open_:
        open_.world.faults.add("refuse", words="30005")
        with pytest.raises(Undeliverable) as refused:
            await open_.say("hi")
        assert refused.value.reason is Reason.REJECTED


async def test_what_somebody_writes_comes_once_and_twilio_has_nothing_to_say_to_them() -> None:
    async with stand() as open_:
        open_.world.faults.add("twice")
        await open_.hear("Ունե՞ք սեղան & աթոռ")
        [message] = open_.events
        assert isinstance(message, Message)
        assert (message.text, message.sender.external_id, message.sender.phone, message.sender.proven) == ("Ունե՞ք սեղան & աթոռ", ANN, ANN, True)
        assert (open_.world.wrong, EMPTY.count("Response")) == ([], 2)


async def test_what_could_not_be_kept_is_asked_for_again_where_the_address_says_so() -> None:
    async with stand(inbox=Inbox(Busy(), Busy())) as open_:
        open_.world.places.messages += "#rc=3&rp=all"
        await open_.hear("hi")
        assert len(open_.events) == 1


async def test_a_picture_is_fetched_with_our_name_and_password_and_only_there() -> None:
    async with stand() as open_:
        open_.world.media["ME1"] = ("image/jpeg", JPEG)
        await open_.hear("Like this", "ME1")
        [message] = open_.events
        assert isinstance(message, Message)
        [file] = message.media
        assert (file.kind, file.mime, file.ref.startswith(open_.api.own_url)) == (MediaKind.PHOTO, "image/jpeg", True)
        assert b"".join([chunk async for chunk in open_.sms.fetch_media(file)]) == JPEG


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "https://169.254.169.254/x", "file:///etc/passwd", "https://elsewhere.example/x", "../x"])
async def test_a_picture_is_fetched_from_nowhere_else(url: str) -> None:
    with pytest.raises(DragomanError):
        async for _ in TwilioSms(OPTIONS, firm()).fetch_media(MediaRef(MediaKind.PHOTO, url)):
            raise AssertionError("bytes came")


@pytest.mark.parametrize(("word", "kind"), [("STOP", OptOut), ("start", OptIn), ("HELP", Message), ("Stop it", Message)])
async def test_words_that_twilio_has_understood_are_a_wish(word: str, kind: type[object]) -> None:
    async with stand() as open_:
        open_.world.optout = True
        await open_.hear(word)
        [event] = open_.events
        assert type(event) is kind
        if isinstance(event, OptOut | OptIn):
            assert (event.scope, event.shown, event.sender.external_id) == (Scope.ALL, word, ANN)


async def test_who_said_stop_to_twilio_is_sent_nothing() -> None:
    async with stand() as open_:
        await open_.hear("STOP")
        with pytest.raises(Undeliverable) as refused:
            await open_.say("hi")
        assert refused.value.reason is Reason.OPTED_OUT


async def test_a_short_number_or_another_platform_is_nobody() -> None:
    async with stand() as open_:
        for number in ("8070", "whatsapp:+37491123456", "Marani"):
            await open_.api.write(number, "hi")
        await open_.courier.quiet()
        assert open_.events == [Unknown("SMS from a short number", at=NOON)] * 3


@pytest.mark.parametrize(
    "wrong",
    [{"sid": "SK1"}, {"tokens": ()}, {"tokens": ("",)}, {"sender": ""}, {"service": "MG1"}, {"key": "SK1"}, {"errors": {"1": "nonsense"}}, {"parts": 0}],
)
def test_options_that_cannot_work_are_refused_at_once(wrong: dict[str, object]) -> None:
    with pytest.raises(Misconfigured):
        TwilioSms(replace(OPTIONS, **wrong), firm())  # type: ignore[arg-type]


def test_nothing_secret_is_shown() -> None:
    assert "topsecret" not in repr(TwilioSmsOptions("twilio", "AC1", ("topsecret",), key="SK1", key_secret="topsecret"))


def test_a_link_opens_a_message_to_our_number() -> None:
    assert TwilioSms(OPTIONS, firm()).entry("ab12").startswith(f"sms:{LINE}?body=")
