"""What staff do is brought to the staff bot's webhook, kept once before it is answered, and nobody else is let in."""

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest
from aiohttp import ClientSession, web
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.staff.app import Staff
from bots.staff.hook import SECRET, Hook, HookLimits, gate_of, raw_event, stuck
from bots.staff.poll import ALLOWED, Pace
from bots.staff.transport import StaffOptions
from crm.base.db import Store
from crm.base.errors import Busy, Invalid, Misconfigured
from crm.base.settings import Company
from crm.base.webhooks import Gate
from crm.inbox.log import for_desk
from crm.inbox.process import Claimed
from sandbox.telegram.hands import BareBot, Hands
from tests import doors
from tests.bots.staff.office import Wall
from tests.doors import served

KEY, OLD_KEY = b"k" * 32, b"o" * 32
NOON = 1_764_072_000_000
QUICK = Pace(wait=5, first=0.01, most=0.02, look=0.02)
LIMITS = HookLimits(again=0, patience=5.0)
BARE = StaffOptions("200:STAFF", "http://127.0.0.1:9", public_url="http://127.0.0.1:9", keys=(KEY,))
Bring = Callable[..., Awaitable[int]]
DEEP = b'{"update_id":41,"message":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


class Inbox(doors.Inbox):
    """What was kept, as the words that staff wrote."""

    async def texts(self, count: int) -> list[str]:
        return [json.loads(event.body)["message"]["text"] for event in await self.until(count)]


class Bureau:
    """The staff bot at a public address, by webhook or by polling."""

    def __init__(self, hands: Hands, options: StaffOptions, store: Store, company: Company, wall: Wall) -> None:
        self.hands, self._options, self._store, self._company, self._wall = hands, options, store, company, wall
        self.bot = BareBot(hands.url, options.token)

    @asynccontextmanager
    async def at_work(self, inbox: Inbox, *, hooked: bool = True) -> AsyncIterator[Staff]:
        made = list[Staff]()

        def routes(url: str) -> Sequence[web.RouteDef]:
            options = replace(self._options, public_url=url, keys=(KEY,)) if hooked else self._options
            made.append(Staff(options, self._store, self._company, clock=self._wall.now, limits=LIMITS))
            return made[0].routes(inbox)

        async with served(routes):
            task = asyncio.create_task(made[0].poll(inbox, QUICK))
            try:
                yield made[0]
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                await made[0].close()

    async def until(self, true: Callable[[dict[str, object]], object]) -> dict[str, object]:
        """What Telegram tells of the webhook once something is true of it."""
        async with asyncio.timeout(30):
            while not true(told := dict((await self.bot.call("getWebhookInfo"))["result"])):
                pass
        return told

    async def hooked(self) -> None:
        await self.until(lambda told: told["url"] and not told["pending_update_count"])

    async def asked(self, method: str) -> list[dict[str, object]]:
        return [entry["parameters"] for entry in await self.hands.log(bot="staff", method=method)]


@pytest.fixture
def wall() -> Wall:
    """The machine's own clock, by which the webhook tells what is late."""
    return Wall(time.time_ns() // 1_000_000)


@pytest.fixture
async def bureau(hands: Hands, options: StaffOptions, store: Store, company: Company, ruben: str, wall: Wall) -> AsyncIterator[Bureau]:
    await hands.put("/play/pace", {"first": 0.01, "longest": 0.02})
    made = Bureau(hands, options, store, company, wall)
    yield made
    await made.bot.close()


def gate(*keys: bytes) -> Gate:
    made = gate_of(replace(BARE, keys=keys))
    assert made
    return made


@asynccontextmanager
async def door(inbox: Inbox, limits: HookLimits = LIMITS, keys: tuple[bytes, ...] = (KEY,)) -> AsyncIterator[tuple[Hook, Bring]]:
    hook = Hook("staff", gate(*keys), limits, lambda: NOON)
    async with served(lambda _: hook.routes(inbox)) as url, ClientSession() as http:

        async def bring(body: bytes, secret: str = "", path: str = "", **headers: str) -> int:
            told = {"Content-Type": "application/json", SECRET: secret or gate(KEY).secrets[0], **headers}
            async with http.post(url + (path or gate(KEY).paths[0]), data=body, headers=told) as answer:
                return answer.status

        yield hook, bring


async def test_what_a_rep_writes_is_brought_and_kept_as_if_it_were_polled(bureau: Bureau, ruben: str) -> None:
    inbox = Inbox()
    async with bureau.at_work(inbox):
        await bureau.hands.do("ruben", "send", bot="staff", text="բարև")
        assert await inbox.texts(2) == ["/start", "բարև"]
    event = inbox.events[-1]
    assert (event.account, event.key, event.lane) == ("staff", str(json.loads(event.body)["update_id"]), f"staff:{ruben}")


async def test_the_webhook_is_set_with_its_secret_and_the_updates_wanted(bureau: Bureau) -> None:
    async with bureau.at_work(Inbox()):
        await bureau.hooked()
    (asked,) = await bureau.asked("setWebhook")
    assert asked["allowed_updates"] == list(ALLOWED)
    assert len(str(asked["secret_token"])) == 64
    assert "drop_pending_updates" not in asked


async def test_an_update_that_could_not_be_kept_is_brought_again_and_kept_once(bureau: Bureau) -> None:
    inbox = Inbox(Busy(), RuntimeError("the disk is full"))
    await bureau.hands.fault("duplicate", method="webhook")
    async with bureau.at_work(inbox) as staff:
        await bureau.hooked()
        health = await staff.health()
    brought = (await bureau.hands.get("/play/deliveries", bot="staff"))["deliveries"]
    assert [entry["status"] for entry in brought] == [503, 503, 200, 200]
    assert len(inbox.events) == 1
    assert health.facts["kept"] == "2"


async def test_going_over_to_the_webhook_and_back_loses_and_doubles_nothing(bureau: Bureau) -> None:
    inbox, said = Inbox(), ["/start"]
    for turn, hooked in enumerate((False, True, False)):
        said += [f"before {turn}", f"during {turn}"]
        await bureau.hands.do("ruben", "send", bot="staff", text=said[-2])
        async with bureau.at_work(inbox, hooked=hooked):
            await inbox.texts(len(said) - 1)
            await bureau.hands.do("ruben", "send", bot="staff", text=said[-1])
            assert await inbox.texts(len(said)) == said


async def test_a_webhook_left_over_is_removed_and_told(bureau: Bureau) -> None:
    await bureau.bot.call("setWebhook", url="https://old.example/hook/secret")
    inbox = Inbox(Busy())
    async with bureau.at_work(inbox, hooked=False) as staff:
        assert await inbox.texts(1) == ["/start"]
        async with asyncio.timeout(30):
            while not (health := await staff.health()).ok:
                await asyncio.sleep(0)
    assert health.words == "listening, a webhook left over at https://old.example was removed"
    assert await bureau.asked("deleteWebhook") == [{}]


async def test_an_offset_from_before_is_forgotten_before_the_webhook_is_removed(bureau: Bureau) -> None:
    await bureau.bot.call("setWebhook", url="https://old.example/hook/secret")
    await bureau.hands.fault("500", method="deleteWebhook", count=0)
    inbox = Inbox(Busy())
    inbox.offset = 77  # from a time with higher numbers
    async with bureau.at_work(inbox, hooked=False):
        async with asyncio.timeout(30):
            while inbox.offset:
                await asyncio.sleep(0)
        await bureau.until(lambda told: told["url"])
        await bureau.hands.heal()
        assert await inbox.texts(1) == ["/start"]


async def test_a_webhook_set_while_we_poll_is_left_alone_and_told(bureau: Bureau) -> None:
    inbox = Inbox()
    async with bureau.at_work(inbox, hooked=False) as staff:
        await inbox.texts(1)
        await bureau.bot.call("setWebhook", url="https://new.example/hook")
        async with asyncio.timeout(30):
            while "webhook takes this bot's updates" not in (await staff.health()).words:
                await asyncio.sleep(0)
    assert await bureau.asked("deleteWebhook") == []


@pytest.mark.parametrize("kind", ["500", "garbage", "drop", "429"])
async def test_it_is_set_as_often_as_it_takes(bureau: Bureau, kind: str) -> None:
    await bureau.hands.fault(kind, method="setWebhook", seconds=0.1)
    async with bureau.at_work(Inbox()):
        await bureau.hooked()


async def test_it_is_set_again_when_somebody_took_it(bureau: Bureau) -> None:
    inbox = Inbox()
    async with bureau.at_work(inbox) as staff:
        await bureau.hooked()
        async with asyncio.timeout(30):
            while "another program moved the webhook to https://rival.example" not in (await staff.health()).words:
                await bureau.bot.call("setWebhook", url="https://rival.example/hook")
        await bureau.hands.do("ruben", "send", bot="staff", text="still here")
        await inbox.texts(2)


async def test_a_secret_that_telegram_has_wrong_is_mended(bureau: Bureau) -> None:
    inbox = Inbox()
    async with bureau.at_work(inbox):
        url = (await bureau.until(lambda told: told["url"] and not told["pending_update_count"]))["url"]
        await bureau.bot.call("setWebhook", url=url, secret_token="somebody-elses", allowed_updates=list(ALLOWED))
        await bureau.hands.do("ruben", "send", bot="staff", text="can you hear me?")
        assert await inbox.texts(2) == ["/start", "can you hear me?"]


async def test_health_says_where_updates_come_and_what_does_not(bureau: Bureau) -> None:
    inbox = Inbox()
    async with bureau.at_work(inbox) as staff:
        await bureau.hooked()
        async with asyncio.timeout(30):
            while "messages come to http://127.0.0.1" not in (await staff.health()).words:
                await asyncio.sleep(0)
        inbox.failures = [Busy()] * 10_000
        await bureau.hands.do("ruben", "send", bot="staff", text="nobody can keep this")
        async with asyncio.timeout(30):
            while (health := await staff.health()).ok:
                await asyncio.sleep(0)
    assert health.words.startswith("Telegram cannot bring a message to http://127.0.0.1")
    assert health.words.endswith("Wrong response from the webhook: 503 Service Unavailable")


@pytest.mark.parametrize("secret", ["wrong", "é" * 3, "\udcff"])
async def test_a_wrong_secret_is_turned_away_counted_and_nothing_is_kept(secret: str) -> None:
    inbox = Inbox()
    async with door(inbox) as (hook, bring):
        assert await bring(b'{"update_id":1}', secret) == 401
        assert hook.counts == {"refused": 1}
        assert inbox.events == []


async def test_while_keys_change_both_paths_and_both_secrets_are_good() -> None:
    inbox, old, new = Inbox(), gate(OLD_KEY), gate(KEY)
    async with door(inbox, keys=(KEY, OLD_KEY)) as (_, bring):
        ways = [(path, secret) for path in (*old.paths, *new.paths) for secret in (*old.secrets, *new.secrets)]
        brought = [await bring(b'{"update_id":%d}' % number, secret, path) for number, (path, secret) in enumerate(ways)]
    assert brought == [200] * 4
    assert len(inbox.events) == 4


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (gzip.compress(b"0" * 5_000_000), {"Content-Encoding": "gzip"}, 415),
        (b" " * (1024 * 1024 + 1), {}, 413),
    ],
    ids=["plain text", "gzip", "over a megabyte"],
)
async def test_a_body_of_another_kind_or_size_is_refused(body: bytes, headers: dict[str, str], status: int) -> None:
    async with door(inbox := Inbox()) as (_, bring):
        assert await bring(body, **headers) == status
    assert inbox.events == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
async def test_another_method_is_refused(method: str) -> None:
    hook = Hook("staff", gate(KEY), LIMITS, lambda: NOON)
    async with served(lambda _: hook.routes(Inbox())) as url, ClientSession() as http:
        answer = await http.request(method, url + gate(KEY).paths[0], headers={SECRET: gate(KEY).secrets[0]})
        assert answer.status == 405


@pytest.mark.parametrize("body", [DEEP, b'{"update_id":41,', b'{"update_id":41,"x":' + b"9" * 5000 + b"}", b'{"update_id":41}\xff'])
async def test_a_damaged_update_is_kept_as_it_came_under_its_number(body: bytes) -> None:
    async with door(inbox := Inbox()) as (_, bring):
        assert [await bring(body), await bring(body)] == [200, 200]
    (event,) = inbox.events
    assert (event.key, event.body, event.lane) == ("41", body, "staff:0")


async def test_a_damaged_update_fails_at_the_desk_so_that_it_is_parked(store: Store, company: Company, wall: Wall) -> None:
    staff = Staff(BARE, store, company, clock=wall.now)
    raw = for_desk(raw_event("staff", b'{"update_id":41,', NOON))
    with pytest.raises(Invalid):
        await staff.drive(Claimed(1, 1, raw))
    await staff.close()


async def test_lower_numbers_are_kept_and_the_same_one_once() -> None:
    async with door(inbox := Inbox()) as (_, bring):
        for number in (900, 12, 900):
            assert await bring(b'{"update_id":%d}' % number) == 200
    assert [event.key for event in inbox.events] == ["900", "12"]


@settings(max_examples=200)
@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)).map(lambda x: json.dumps(x).encode())
)
def test_any_bytes_can_be_kept(body: bytes) -> None:
    event = raw_event("staff", body, NOON)
    assert (event.body, event.lane.partition(":")[0]) == (body, "staff")
    assert event.key


def test_no_body_and_no_header_makes_a_server_error() -> None:
    words = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)

    async def attack(examples: list[tuple[bytes, str, str]]) -> set[int]:
        async with door(Inbox()) as (_, bring):
            return {
                await bring(body, **{"Content-Type": kind.strip() or "x", "Content-Encoding": packed.strip() or "identity"}) for body, kind, packed in examples
            }

    @settings(max_examples=10, deadline=None)
    @given(st.lists(st.tuples(st.binary(max_size=200), st.just("application/json") | words, st.just("identity") | words), max_size=20))
    def attacked(examples: list[tuple[bytes, str, str]]) -> None:
        assert asyncio.run(attack(examples)) <= {200, 400, 415}

    attacked()


@pytest.mark.parametrize(
    ("public_url", "server", "hooked"),
    [
        ("https://crm.example", "https://api.telegram.org", True),
        ("", "https://api.telegram.org", False),
        ("http://localhost:8080", "https://api.telegram.org", False),
        ("http://localhost:8080", "http://127.0.0.1:9", True),
    ],
)
def test_without_an_address_that_telegram_can_come_to_it_polls(public_url: str, server: str, hooked: bool) -> None:
    assert bool(gate_of(replace(BARE, public_url=public_url, server=server))) == hooked


@pytest.mark.parametrize("options", [replace(BARE, keys=()), replace(BARE, keys=(b"",)), replace(BARE, public_url="https://[crm")])
def test_a_webhook_without_a_key_or_an_address_is_refused_at_the_start(options: StaffOptions) -> None:
    with pytest.raises(Misconfigured):
        gate_of(options)


def test_path_and_secret_stand_in_no_words() -> None:
    made = gate(KEY)
    assert not [word for word in (*made.paths, *made.secrets) if word in repr(made)]
    assert KEY.decode() not in repr(BARE)


@pytest.mark.parametrize(("waiting", "at", "told"), [(2, 100, "2 messages"), (1, 100, "a message"), (0, 100, ""), (2, 99, ""), (2, 0, "")])
def test_only_a_fresh_error_with_something_waiting_is_told(waiting: int, at: int, told: str) -> None:
    info = {"pending_update_count": waiting, "last_error_date": at, "last_error_message": "Connection refused"}
    words = stuck(info, "https://crm.example", since=100)
    assert words == (f"Telegram cannot bring {told} to https://crm.example: Connection refused" if told else "")
