"""Twilio's signature, made by Twilio's own library."""

import hashlib
import json
from urllib.parse import urlencode

import pytest
from aiohttp import ClientSession
from multidict import MultiDict
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from yarl import URL

from channels.twilio import folded, matches, spellings
from tests.channels.sms.stand import ANN
from tests.channels.twilio.stand import NEW, OLD, Stand, stand

FIELDS = {"MessageSid": "SM1", "From": ANN, "To": "+37410111111", "Body": "Բարև & a=b+c", "NumMedia": "0", "FromCity": ""}
FORM = "application/x-www-form-urlencoded"
VECTOR = "https://mycompany.com/myapp.php?foo=1&bar=2"


async def post(open_: Stand, address: str, body: bytes, signature: str, kind: str = FORM, **more: str) -> int:
    """Bring something to an address of ours, however it is signed."""
    headers = {"Content-Type": kind, **({"X-Twilio-Signature": signature} if signature else {}), **more}
    async with ClientSession() as http, http.post(URL(address, encoded=True), data=body, headers=headers) as answer:
        return answer.status


def test_the_published_vector_is_reproduced() -> None:
    fields = {"CallSid": "CA1234567890ABCDE", "Digits": "1234", "From": "+14158675309", "To": "+18005551212", "Caller": "+14158675309"}
    assert RequestValidator("12345").compute_signature(VECTOR, fields) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert matches("RSOYDt4T1cUTdK1PDd93/VVr8B8=", VECTOR + folded(list(fields.items())), "12345")


def test_a_field_that_stands_twice_is_signed_by_each_of_its_values_once() -> None:
    pairs = [("Sid", "b"), ("Body", "x"), ("Sid", "a"), ("Sid", "b")]
    assert matches(RequestValidator(NEW).compute_signature(VECTOR, MultiDict(pairs)), VECTOR + folded(pairs), NEW)


@pytest.mark.parametrize(
    ("address", "other"),
    [("https://a.example/", "https://a.example:443"), ("https://a.example:443/x", "https://a.example/x"), ("http://a.example", "http://a.example:80")],
)
def test_an_address_is_tried_with_its_port_and_without(address: str, other: str) -> None:
    assert spellings(address) == (address.rstrip("/"), other)


@pytest.mark.parametrize(("token", "status"), [(NEW, 200), (OLD, 200), ("another", 401)])
async def test_a_form_is_believed_by_either_of_two_tokens(token: str, status: int) -> None:
    async with stand() as open_:
        address = open_.place("message")
        assert await post(open_, address, urlencode(FIELDS).encode(), RequestValidator(token).compute_signature(address, FIELDS)) == status
        assert len(open_.inbox.events) == (status == 200)


async def test_every_spelling_of_our_address_may_be_what_was_signed() -> None:
    async with stand() as open_:
        address, body = open_.place("message"), urlencode(FIELDS).encode()
        port = f":{URL(open_.door).port}"
        for signed in (address, address.replace(port, ""), f"{address}#rc=3&rp=all"):
            assert await post(open_, address, body, RequestValidator(NEW).compute_signature(signed, FIELDS)) == 200
        for other in (address.replace("127.0.0.1", "elsewhere.example"), f"{address}x", address.replace("http:", "https:")):
            assert await post(open_, address, body, RequestValidator(NEW).compute_signature(other, FIELDS)) == 401


async def test_what_the_host_header_says_changes_nothing() -> None:
    async with stand() as open_:
        address, body = open_.place("message"), urlencode(FIELDS).encode()
        good, forged = (RequestValidator(NEW).compute_signature(one, FIELDS) for one in (address, address.replace("127.0.0.1", "evil.example")))
        assert await post(open_, address, body, good, Host="evil.example", **{"X-Forwarded-Host": "evil.example"}) == 200
        assert await post(open_, address, body, forged, Host="evil.example", **{"X-Forwarded-Host": "evil.example"}) == 401


async def test_the_query_is_signed_as_it_came() -> None:
    async with stand() as open_:
        fields, address = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": ANN}, f"{open_.place('receipt')}?ref=d7&x=%D5%A1%20b"
        mark = RequestValidator(NEW).compute_signature(address, fields)
        assert await post(open_, address, urlencode(fields).encode(), mark) == 200
        assert await post(open_, address.replace("d7", "d8"), urlencode(fields).encode(), mark) == 401


async def test_json_is_believed_by_the_mark_in_its_address() -> None:
    async with stand() as open_:
        body = json.dumps(FIELDS).encode()
        address = f"{open_.place('message')}?bodySHA256={hashlib.sha256(body).hexdigest()}"
        mark = RequestValidator(NEW).compute_signature(address, {})
        assert RequestValidator(NEW).validate(address, body.decode(), mark)
        assert await post(open_, address, body, mark, "application/json") == 200
        assert await post(open_, address, body + b" ", mark, "application/json") == 401
        bare = open_.place("message")
        assert await post(open_, bare, body, RequestValidator(NEW).compute_signature(bare, {}), "application/json") == 401
        assert len(open_.inbox.events) == 1


async def test_a_signature_of_a_shared_key_is_made_by_the_hash_it_names() -> None:
    async with stand() as open_:
        address, body = open_.place("message"), urlencode(FIELDS).encode()
        mark = RequestValidator(NEW).compute_signature(address, FIELDS, "HMAC_SHA256")
        named = {"X-Twilio-Webhooks-Signature-Settings": "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"}
        assert await post(open_, address, body, mark, **named) == 200
        assert await post(open_, address, body, mark) == 401
        assert await post(open_, address, body, mark, **{"X-Twilio-Webhooks-Signature-Settings": "algorithm=NONE"}) == 401


@pytest.mark.parametrize("signature", ["", "é", "AAAA", "RSOYDt4T1cUTdK1PDd93/VVr8B8="])
async def test_who_cannot_sign_is_turned_away(signature: str) -> None:
    async with stand() as open_:
        assert await post(open_, open_.place("message"), urlencode(FIELDS).encode(), signature) == 401
        assert open_.inbox.events == []
        assert (await open_.sms.health()).facts == {"refused": "1"}


@pytest.mark.parametrize(("token", "status"), [(NEW, 200), (OLD, 200), ("another", 401)])
async def test_a_number_that_is_set_to_get_is_signed_by_its_address_alone(token: str, status: int) -> None:
    async with stand() as open_:
        address = f"{open_.place('message')}?{urlencode(FIELDS)}"
        headers = {"X-Twilio-Signature": RequestValidator(token).compute_signature(address, {})}
        async with ClientSession() as http, http.get(URL(address, encoded=True), headers=headers) as answer:
            assert answer.status == status
        assert len(open_.inbox.events) == (status == 200)
