"""Doors of telephones, and those who knock with something else."""

from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from channels.base import Channel
from tests.channels.contract_stand import built, call
from tests.channels.phone_stand import FORM
from tests.doors import Inbox, served

BODIES = [
    b"",
    b"&&&===",
    b"\xff\xfe\x00",
    b"%ff=%00&%ud800=x",
    b"&".join(b"a%d=1" % number for number in range(2_000)),
    b"json=" + b"%5B" * 5_000,
    b"json=" + b"9" * 5_000,
    b"event=NOTIFY_START&" + b"pbx_call_id=" + b"x" * 40_000,
    b"CallSid=" + b"%F0%9F%98%80" * 2_000,
]
HEADERS = {"X-Twilio-Signature": "A" * 28, "Signature": "A" * 56, "X-Twilio-Webhooks-Signature-Settings": "algorithm=,,,=;"}


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize("kind", [FORM, "application/json", "", "text/plain; charset=nonsense"])
@pytest.mark.parametrize("name", ["twilio", "voice", "zadarma", "mango"])
async def test_nothing_that_is_not_signed_is_kept_or_breaks_the_door(name: str, kind: str, body: bytes, tmp_path: Path) -> None:
    channel, inbox = built(name, tmp_path), Inbox()
    async with served(lambda _: routes(channel, inbox)) as url, ClientSession() as http:
        async with http.post(url + call(name, channel).path, data=body, headers={**HEADERS, "Content-Type": kind}) as answer:
            assert answer.status in (400, 401)
        async with http.post(url + call(name, channel).path, data=body, headers={**HEADERS, "Content-Encoding": "gzip"}) as answer:
            assert answer.status == 415
    assert inbox.events == []


def routes(channel: Channel, inbox: Inbox) -> list[web.RouteDef]:
    """The channel's own routes."""
    return [route for route in channel.routes(inbox) if isinstance(route, web.RouteDef)]
