"""The pretended SMS operator at its human side: telephones, places, faults."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, web

from sandbox.gateway.human import SmsHuman
from sandbox.gateway.server import SmsApi
from sandbox.gateway.world import Gateway
from tests.channels.sms.stand import operator

ANN = "+37491123456"


class Part:
    """The operator with both its sides."""

    def __init__(self) -> None:
        self.world = Gateway()
        self.api = SmsApi(self.world)

    def mount(self, app: web.Application) -> None:
        self.api.mount(app)
        SmsHuman(self.world, self.api).mount(app)


@pytest.fixture
async def world() -> AsyncIterator[tuple[str, ClientSession]]:
    """An operator's address, and somebody to talk to it."""
    async with operator(Part()) as url, ClientSession() as http:
        yield url, http


async def test_what_is_sent_lies_on_the_telephone(world: tuple[str, ClientSession]) -> None:
    url, http = world
    async with http.post(f"{url}/sms/send", json={"to": ANN, "message": "hi", "ref": "r1"}) as answer:
        assert (await answer.json())["acknowledge"] == "success"
    async with http.get(f"{url}/play/sms/{ANN[1:]}") as answer:
        [text] = (await answer.json())["texts"]
    assert (text["text"], text["ours"], text["ref"], text["state"]) == ("hi", True, "r1", "DELIVERED")


async def test_a_telephone_that_is_off_says_nothing_and_one_who_writes_is_seen(world: tuple[str, ClientSession]) -> None:
    url, http = world
    await http.put(f"{url}/play/sms/{ANN[1:]}", json={"state": ""})
    await http.post(f"{url}/sms/send", json={"to": ANN, "message": "hi"})
    await http.post(f"{url}/play/sms/{ANN[1:]}/send", json={"text": "hello"})
    async with http.get(f"{url}/play/sms/{ANN[1:]}") as answer:
        texts = (await answer.json())["texts"]
    assert [(text["text"], text["ours"], text["state"]) for text in texts] == [("hi", True, ""), ("hello", False, "")]


@pytest.mark.parametrize(("asked", "words"), [({"to": "12", "message": "hi"}, "invalid number"), ({"to": ANN, "message": ""}, "bad text")])
async def test_the_operator_is_strict(world: tuple[str, ClientSession], asked: dict[str, str], words: str) -> None:
    url, http = world
    async with http.post(f"{url}/sms/send", json=asked) as answer:
        assert (await answer.json()) == {"acknowledge": "error", "response": {"errors": [words]}}


async def test_the_operator_misbehaves_as_often_as_it_is_told(world: tuple[str, ClientSession]) -> None:
    url, http = world
    await http.post(f"{url}/play/sms/faults", json={"kind": "429", "count": 2})
    statuses = []
    for _ in range(3):
        async with http.post(f"{url}/sms/send", json={"to": ANN, "message": "hi"}) as answer:
            statuses.append(answer.status)
    assert statuses == [429, 429, 200]
    for wrong in ({"kind": "nonsense"}, {"sort": "429"}):
        async with http.post(f"{url}/play/sms/faults", json=wrong) as answer:
            assert answer.status == 400
