"""What goes to other programmes: signed, never inside, tried again where it may still be taken, given up where it will not be."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from aiohttp import web

from channels.hooks import AGAIN, HookOptions, Hooks
from crm.base.hooks import secret, signature
from crm.base.outbound import Delete, Reason, RetryLater, Say, Undeliverable
from tests.bots.staff.office import no_media
from tests.doors import served

KEY, BODY = b"k" * 32, json.dumps({"id": "rule:1:2:0", "event": "deal.won", "after": {"state": "won", "title": "Կաղնի"}})


class There:
    """Another programme: it remembers what came, and answers as it is told."""

    def __init__(self) -> None:
        self.came: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[web.Response] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.came.append((dict(request.headers), await request.read()))
        return self.answers.pop(0) if self.answers else web.Response(text="thanks")


@pytest.fixture
async def there() -> AsyncIterator[There]:
    made = There()
    async with served(lambda _: [web.post("/in", made.take)]) as url:
        made.url = f"{url}/in"
        yield made


def hooks(there: There, **more: Any) -> Hooks:
    return Hooks(HookOptions(KEY, (there.url.split("/")[2],), **more), lambda: 1_700_000_000_123)


async def test_the_body_arrives_as_it_is_and_proves_whose_it_is(there: There) -> None:
    await hooks(there).send(there.url, Say(BODY), no_media)
    [(headers, body)] = there.came
    assert body == BODY.encode()
    shared = secret(KEY, there.url)
    assert headers["X-Dragoman-Signature"] == f"sha256={signature(shared, 1_700_000_000, body)}"
    assert (headers["X-Dragoman-Id"], headers["X-Dragoman-Timestamp"]) == ("rule:1:2:0", "1700000000")
    assert signature(shared, 1_700_000_001, body) != signature(shared, 1_700_000_000, body)
    assert secret(KEY, "https://other.example") != shared


@pytest.mark.parametrize(("status", "headers", "after"), [(500, {}, AGAIN), (429, {"Retry-After": "7"}, 7.0), (503, {"Retry-After": "99999"}, 3600.0)])
async def test_what_may_still_be_taken_is_tried_again(there: There, status: int, headers: dict[str, str], after: float) -> None:
    there.answers.append(web.Response(status=status, headers=headers))
    with pytest.raises(RetryLater) as error:
        await hooks(there).send(there.url, Say(BODY), no_media)
    assert (error.value.after, error.value.answered) == (after, True)


@pytest.mark.parametrize("status", [400, 404, 410, 302])
async def test_what_will_never_be_taken_is_given_up(there: There, status: int) -> None:
    there.answers.append(web.Response(status=status, headers={"Location": "http://127.0.0.1/"}))
    with pytest.raises(Undeliverable) as error:
        await hooks(there).send(there.url, Say(BODY), no_media)
    assert error.value.reason is Reason.REJECTED
    assert len(there.came) == 1


async def test_a_silent_address_is_tried_again(there: There) -> None:
    gone = there.url.rpartition(":")[0] + ":9/in"
    with pytest.raises(RetryLater):
        await Hooks(HookOptions(KEY, (gone.split("/")[2],), seconds=5.0)).send(gone, Say(BODY), no_media)


INSIDE: Sequence[str] = (
    "http://example.com/in",
    "https://127.0.0.1/in",
    "https://10.0.0.5/in",
    "https://[::1]/in",
    "https://169.254.169.254/latest",
    "https://example.com:8443/in",
    "https://user:pass@example.com/in",
    "https://0x7f000001/in",
    "file:///etc/passwd",
)


@pytest.mark.parametrize("url", INSIDE)
async def test_nothing_goes_inside(url: str) -> None:
    with pytest.raises(Undeliverable) as error:
        await Hooks(HookOptions(KEY)).send(url, Say(BODY), no_media)
    assert error.value.reason is Reason.BAD_ADDRESS


async def test_a_name_that_leads_inside_is_not_connected_to() -> None:
    with pytest.raises(RetryLater):
        await Hooks(HookOptions(KEY, seconds=5.0)).send("https://localhost/in", Say(BODY), no_media)


async def test_only_words_are_carried() -> None:
    with pytest.raises(Undeliverable):
        await Hooks(HookOptions(KEY)).send("https://example.com/in", Delete("1"), no_media)
