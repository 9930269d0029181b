"""What the operator brings: receipts and messages, however it says them, once each, and from nobody else."""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from aiohttp import ClientSession, FormData
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.sms import Sms
from crm.base.errors import Busy
from crm.base.events import Arrival, Event, Message, RawEvent, Status, Unknown
from crm.base.text import is_stop
from crm.inbox.log import alike
from sandbox.gateway.world import Shape
from tests.channels.sms.stand import ANN, OPTIONS, Stand, firm, stand
from tests.conftest import NOON
from tests.doors import Inbox, served

SECRETS = ("new-secret", "old-secret")


def events(open_: Stand) -> list[Event]:
    return [event for raw in open_.inbox.events for event in open_.sms.parse(raw)]


@pytest.mark.parametrize("way", ["json", "form", "query"])
async def test_a_receipt_and_a_message_are_read_whichever_way_they_come(way: str) -> None:
    async with stand(shape=Shape(token="open-sesame", way=way)) as open_:
        await open_.say("hi")
        await open_.api.write(ANN, "Ունե՞ք սեղան & աթոռ")
        await open_.api.quiet()
        receipt, message = sorted(events(open_), key=lambda event: type(event).__name__, reverse=True)
        assert receipt == Status(Arrival.DELIVERED, NOON, ("sms-1",), address=ANN)
        assert isinstance(message, Message)
        assert (message.text, message.sender.external_id, message.sender.phone, message.sender.proven) == ("Ունե՞ք սեղան & աթոռ", ANN, ANN, True)


async def test_a_receipt_that_comes_twice_is_kept_once_and_another_state_besides() -> None:
    async with stand() as open_:
        open_.gateway.faults.add("twice", count=0)
        open_.gateway.phone(ANN).state = "ACCEPTED"
        await open_.say("hi")
        [text] = await open_.gateway.until(ANN, 1)
        open_.api.report(open_.gateway.phone(ANN), text, "DELIVERED")
        await open_.api.quiet()
        assert sorted(event.arrival for event in events(open_) if isinstance(event, Status)) == ["delivered", "sent"]


async def test_what_comes_again_says_what_was_kept() -> None:
    async with stand() as open_, ClientSession() as http:
        again: list[RawEvent] = []

        class Twice(Inbox):
            """A store that remembers what came again."""

            async def __call__(self, events: Sequence[RawEvent]) -> None:
                again.extend(events)
                await super().__call__(events)

        async with served(lambda _: open_.sms.routes(Twice())) as door:
            place = f"{door}{open_.house.paths('sms')[0]}"
            for told in ({"id": "1", "from": ANN, "text": "Բարև", "at": "1764071990"}, {"at": "1764071990", "text": "Բարև", "id": "1", "from": ANN}):
                await http.post(f"{place}/message", json=told)
            for told in ({"id": "1", "status": "DELIVERED", "to": ANN}, {"id": "1", "status": "DELIVERED", "to": ANN, "error": "0"}):
                await http.post(f"{place}/receipt", json=told)
    for first, second in (again[:2], again[2:]):
        assert first.key == second.key
        assert alike(first.body, second)
    assert not alike(again[0].body, replace(again[1], same=again[1].same.replace("Բ".encode(), "բ".encode())))


async def test_a_failed_receipt_says_why() -> None:
    async with stand() as open_:
        phone = open_.gateway.phone(ANN)
        phone.state, phone.error = "UNDELIVERED", "opted out"
        await open_.say("hi")
        await open_.api.quiet()
        assert events(open_) == [Status(Arrival.FAILED, NOON, ("sms-1",), address=ANN, reason="opted_out", detail="opted out")]


async def test_what_could_not_be_kept_is_brought_again() -> None:
    async with stand(inbox=Inbox(Busy(), Busy())) as open_:
        await open_.api.write(ANN, "hi")
        await open_.api.quiet()
        assert len(events(open_)) == 1


async def test_two_texts_without_an_id_are_two_and_one_brought_again_is_one() -> None:
    async with stand(replace(OPTIONS, inbound={"number": "from", "text": "text", "at": "at"})) as open_, ClientSession() as http:
        for at in ("1764071990", "1764071990", "1764071995"):
            async with http.post(open_.place("message"), json={"from": ANN, "text": "yes", "at": at}) as answer:
                assert (answer.status, await answer.text()) == (200, "OK")
        assert len(open_.inbox.events) == 2


async def test_a_list_of_receipts_is_as_many_events() -> None:
    options = replace(OPTIONS, each="results", receipt={"id": "messageId", "state": "status.groupName"})
    told = {"results": [{"messageId": f"m{number}", "status": {"groupName": "DELIVERED"}} for number in range(3)]}
    async with stand(options) as open_, ClientSession() as http:
        await http.post(open_.place("receipt"), json=told)
        assert [event.ids for event in events(open_) if isinstance(event, Status)] == [("m0",), ("m1",), ("m2",)]


async def test_somebody_who_only_looks_in_leaves_nothing() -> None:
    async with stand() as open_, ClientSession() as http:
        for url in (open_.place("receipt"), open_.place("message")):
            async with http.get(url) as answer:
                assert answer.status == 200
        assert open_.inbox.events == []


@pytest.mark.parametrize("body", [b"{", b'{"id": NaN}', b"[" * 100, b'{"id": 1, "id": 2}'])
async def test_what_is_no_json_is_refused(body: bytes) -> None:
    async with stand() as open_, ClientSession() as http:
        async with http.post(open_.place("receipt"), data=body, headers={"Content-Type": "application/json"}) as answer:
            assert answer.status == 400
        assert open_.inbox.events == []


async def test_a_stranger_does_not_find_the_way_and_the_older_path_stays_good() -> None:
    async with stand() as open_, ClientSession() as http:
        async with http.post(f"{open_.door}/in/sms/{'0' * 40}/message", json={"from": ANN, "text": "hi"}) as answer:
            assert answer.status == 404
        await http.post(open_.place("message", age=1), json={"id": "1", "from": ANN, "text": "hi"})
        assert len(events(open_)) == 1


@pytest.mark.parametrize(("secret", "status"), [(SECRETS[0], 200), (SECRETS[1], 200), ("wrong", 401)])
async def test_a_signed_callback_is_believed_by_either_of_two_secrets(secret: str, status: int) -> None:
    body = json.dumps({"id": "1", "from": ANN, "text": "hi"}).encode()
    mark = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    async with stand(replace(OPTIONS, callback_header="X-Sign", callback_secrets=SECRETS)) as open_, ClientSession() as http:
        async with http.post(open_.place("message"), data=body, headers={"Content-Type": "application/json", "X-Sign": mark}) as answer:
            assert answer.status == status
        assert len(open_.inbox.events) == (status == 200)


async def test_a_signed_query_is_believed_as_it_came() -> None:
    query = "id=1&from=%2B37491123456&text=a%20b"
    mark = hmac.new(SECRETS[0].encode(), query.encode(), hashlib.sha256).hexdigest()
    async with stand(replace(OPTIONS, callback_header="X-Sign", callback_secrets=SECRETS)) as open_, ClientSession() as http:
        from yarl import URL

        async with http.get(URL(f"{open_.place('message')}?{query}", encoded=True), headers={"X-Sign": mark}) as answer:
            assert answer.status == 200
        async with http.get(URL(f"{open_.place('message')}?{query}x", encoded=True), headers={"X-Sign": mark}) as answer:
            assert answer.status == 401
        assert [event.text for event in events(open_) if isinstance(event, Message)] == ["a b"]


@pytest.mark.parametrize(("password", "status"), [("one", 200), ("two", 200), ("three", 401)])
async def test_a_callback_with_a_password_is_believed_by_either_of_two(password: str, status: int) -> None:
    given = base64.b64encode(f"gate:{password}".encode()).decode()
    async with stand(replace(OPTIONS, callback_user="gate", callback_passwords=("one", "two"))) as open_, ClientSession() as http:
        form = FormData({"id": "1", "from": ANN, "text": "hi"})
        async with http.post(open_.place("message"), data=form, headers={"Authorization": f"Basic {given}"}) as answer:
            assert answer.status == status


async def test_a_body_that_is_too_long_is_not_read() -> None:
    async with stand() as open_, ClientSession() as http, http.post(open_.place("message"), data=b"x" * 300_000) as answer:
        assert answer.status == 413


def test_no_door_is_open_for_what_is_not_set_up() -> None:
    quiet = Sms(replace(OPTIONS, receipt={}, states={}, inbound={}), firm())
    assert quiet.routes(Inbox()) == []


@pytest.mark.parametrize("number", ["8070", "Marani", "", "+37499"])
def test_a_short_number_or_a_name_is_nobody_who_can_be_answered(number: str) -> None:
    assert Sms(OPTIONS, firm()).parse(record("message", number=number, text="hi")) == [Unknown("SMS from a short number", at=NOON)]


def test_a_state_without_a_meaning_is_passed_over() -> None:
    assert Sms(OPTIONS, firm()).parse(record("receipt", id="1", state="BUFFERED")) == [Unknown("receipt", at=NOON)]


def test_a_moment_to_come_is_now() -> None:
    [message] = Sms(OPTIONS, firm()).parse(record("message", number=ANN, text="hi", at="2090-01-01T00:00:00Z"))
    assert isinstance(message, Message)
    assert message.at == NOON


@pytest.mark.parametrize("word", ["STOP", "UNSUBSCRIBE", "СТОП", "ОТПИСКА", "ՍՏՈՊ", "სტოპ", "አቁም", "stop.", " Стоп! "])
def test_every_word_of_stopping_is_understood(word: str) -> None:
    assert is_stop(word)


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["id", "ref", "state", "number", "text", "at", "error"]), st.text(max_size=30) | st.integers() | st.none()), st.text())
def test_no_record_breaks_the_reader(fields: dict[str, object], what: str) -> None:
    for kind in ("receipt", "message", what):
        raw = RawEvent("sms", "k", "sms:x", json.dumps({"v": 1, "what": kind, "fields": fields}).encode(), NOON)
        assert len(Sms(OPTIONS, firm()).parse(raw)) == 1


def record(what: str, **fields: str) -> RawEvent:
    """One record as it is kept."""
    return RawEvent("sms", "k", "sms:x", json.dumps({"v": 1, "what": what, "fields": fields}).encode(), NOON)
