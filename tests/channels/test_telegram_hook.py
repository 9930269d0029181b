"""Telegram brings updates to a webhook: each is kept once before it is answered, and nobody else is let in."""

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from channels.telegram import Telegram, TelegramOptions
from channels.telegram.hook import KINDS, SECRET, HookOptions, Standing, gate_of, read_update, standing_of, stuck
from channels.telegram.listen import raw_event
from crm.base.db import Store
from crm.base.errors import Busy, Misconfigured
from crm.base.events import Message, Postback, RawEvent, Unknown
from crm.base.outbound import Button, Say
from crm.base.webhooks import Gate
from crm.inbox.log import Polled, RawEventRow, keep, keep_polled, offset_of
from tests.channels.hook_stand import KEY, OLD_KEY, QUICK, TOKEN, Town, town
from tests.doors import Inbox, served

API = "http://127.0.0.1:9"
NOON = 1_764_072_000_000
DEEP = b'{"update_id":41,"message":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.fixture(name="town")
async def _town() -> AsyncIterator[Town]:
    async with town() as made:
        yield made


class Door:
    """A channel's door on a free port, and a caller at it."""

    def __init__(self, http: ClientSession, url: str, telegram: Telegram, inbox: Inbox) -> None:
        self.http, self.telegram, self.inbox = http, telegram, inbox
        self.gate = gate(url, KEY)
        self.url = url + self.gate.paths[0]

    async def bring(self, body: bytes | object, secret: str | None = None, **headers: str) -> int:
        """Bring something as Telegram would; answers the status."""
        told = {"Content-Type": "application/json", SECRET: self.gate.secrets[0] if secret is None else secret, **headers}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.http.post(self.url, data=data, headers=told) as answer:
            return answer.status


@asynccontextmanager
async def door(inbox: Inbox | None = None, hook: HookOptions = QUICK, keys: tuple[bytes, ...] = (KEY,)) -> AsyncIterator[Door]:
    made, kept = list[Telegram](), inbox or Inbox()

    def routes(url: str) -> Sequence[object]:
        made.append(Telegram(TelegramOptions(TOKEN, api_base=API, public_url=url, keys=keys, hook=hook)))
        return made[0].routes(kept)

    async with served(routes) as url, ClientSession() as http:  # type: ignore[arg-type]
        yield Door(http, url, made[0], kept)
        await made[0].close()


def gate(url: str, *keys: bytes) -> Gate:
    made = gate_of(url, API, TOKEN.partition(":")[0], keys)
    assert made
    return made


# One update, once.


async def test_an_update_is_brought_once_and_read_as_one_that_was_polled(town: Town) -> None:
    telegram, inbox = town.channel(), Inbox()
    async with town.at_work(telegram, inbox):
        await town.say("Do you have lamps?")
        _, raw = await inbox.until(2)
        await town.hooked()
    (heard,) = telegram.parse(raw)
    assert isinstance(heard, Message)
    assert heard.text == "Do you have lamps?"
    assert (raw.account, raw.lane) == ("telegram", f"telegram:{heard.sender.external_id}")
    assert raw == raw_event("telegram", json.loads(raw.body), raw.received_at, raw.body)


async def test_an_update_that_could_not_be_kept_is_brought_again_and_kept_once(town: Town) -> None:
    inbox = Inbox(Busy(), Busy(), RuntimeError("the disk is full"))
    async with town.at_work(town.channel(), inbox):
        await town.hooked()
    brought = (await town.hands.get("/play/deliveries", bot="customer"))["deliveries"]
    assert [entry["status"] for entry in brought] == [503, 503, 503, 200]
    assert len(inbox.events) == 1


async def test_a_delivery_whose_answer_was_lost_is_kept_once(town: Town) -> None:
    await town.hands.fault("drop_after", method="webhook", count=2)
    await town.hands.fault("duplicate", method="webhook")
    inbox = Inbox()
    async with town.at_work(town.channel(), inbox):
        await town.hooked()
    assert len((await town.hands.get("/play/deliveries", bot="customer"))["deliveries"]) == 4
    assert len(inbox.events) == 1


async def test_a_busy_store_tells_when_to_come_again() -> None:
    async with door(Inbox(Busy()), replace(QUICK, again=7)) as at:
        async with at.http.post(at.url, json={"update_id": 1}, headers={SECRET: at.gate.secrets[0]}) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "7")
        assert at.telegram._hook is not None
        assert at.telegram._hook.counts == {}


async def test_what_ails_the_store_is_logged_without_what_people_wrote(caplog: pytest.LogCaptureFixture) -> None:
    async with door(Inbox(RuntimeError("INSERT … 'my secret'"))) as at:
        assert await at.bring({"update_id": 1}) == 503
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert told == ["events of telegram were not kept: RuntimeError"]


async def test_an_update_with_a_lower_number_than_the_last_is_kept() -> None:
    async with door() as at:
        assert [await at.bring({"update_id": number}) for number in (900, 12, 900)] == [200] * 3
        assert [event.key for event in at.inbox.events] == ["900", "12"]


async def test_a_pressed_button_stops_turning(town: Town) -> None:
    telegram, inbox = town.channel(), Inbox()
    async with town.at_work(telegram, inbox):
        address = (await inbox.until(1))[0].lane.partition(":")[2]
        receipt = await telegram.send(address, Say("Which language?", buttons=((Button("English", value="q:en"),),)), None)  # type: ignore[arg-type]
        pressed = await town.hands.do("anahit", "click", message_id=int(receipt.ids[0]), button="English")
        (press,) = telegram.parse((await inbox.until(2))[1])
    assert pressed["answered"]
    assert isinstance(press, Postback)


# Who is let in, and with what.


@pytest.mark.parametrize("secret", ["", "wrong", "é" * 3, "\udcff", "x" * 5000])
async def test_a_wrong_secret_is_turned_away_counted_and_nothing_is_kept(secret: str) -> None:
    async with door() as at:
        assert await at.bring({"update_id": 1}, secret) == 401
        assert at.telegram._hook is not None
        assert at.telegram._hook.counts == {"refused": 1}
        assert at.inbox.events == []


async def test_without_a_secret_the_body_is_not_even_looked_at() -> None:
    async with door() as at, at.http.post(at.url, data=b"\x00" * 3_000_000) as answer:
        assert answer.status == 401


async def test_while_keys_change_both_paths_and_both_secrets_are_good() -> None:
    async with door(keys=(KEY, OLD_KEY)) as at:
        old = gate(at.url, OLD_KEY)
        host = at.url.removesuffix(at.gate.paths[0])
        for number, (path, secret) in enumerate((path, secret) for path in (*at.gate.paths, *old.paths) for secret in (*at.gate.secrets, *old.secrets)):
            at.url = host + path
            assert await at.bring({"update_id": number + 1}, secret) == 200
        assert await at.bring({"update_id": 99}, gate(at.url, b"third" * 8).secrets[0]) == 401
        assert len(at.inbox.events) == 4


async def test_an_address_that_was_guessed_leads_nowhere() -> None:
    async with door() as at:
        at.url = at.url[:-1]
        assert await at.bring({"update_id": 1}) == 404


def test_paths_and_secrets_tell_nothing_and_differ_from_bot_to_bot() -> None:
    mine, theirs = gate_of("https://crm.example/", "", "100", (KEY,)), gate_of("https://crm.example/", "", "200", (KEY,))
    assert mine
    assert theirs
    assert (mine.host, urlsplit(mine.url).path) == ("https://crm.example", mine.paths[0])
    assert not {mine.paths[0], mine.secrets[0]} & {theirs.paths[0], theirs.secrets[0]}
    assert mine.paths[0].rpartition("/")[2] not in mine.secrets[0]
    assert mine.paths[0] not in repr(mine)
    assert mine.secrets[0] not in repr(mine)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
async def test_another_method_is_refused(method: str) -> None:
    async with door() as at, at.http.request(method, at.url, headers={SECRET: at.gate.secrets[0]}) as answer:
        assert answer.status == 405


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (gzip.compress(b"0" * 5_000_000), {"Content-Encoding": "gzip"}, 415),
        (b'{"update_id":1,"x":"' + b"a" * 1024 * 1024 + b'"}', {}, 413),
    ],
    ids=["plain text", "a form", "gzip", "over a megabyte"],
)
async def test_a_body_of_another_kind_or_size_is_refused(body: bytes, headers: dict[str, str], status: int) -> None:
    async with door() as at:
        assert await at.bring(body, None, **headers) == status
        assert at.inbox.events == []


async def test_an_endless_body_is_cut_off() -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"a" * 100_000

    async with door() as at:
        headers = {SECRET: at.gate.secrets[0], "Content-Type": "application/json"}
        async with at.http.post(at.url, data=endless(), headers=headers) as answer:
            assert answer.status == 413


async def test_a_body_that_does_not_end_in_time_is_given_up() -> None:
    async with door(hook=replace(QUICK, patience=0.05)) as at:
        answer = await raw_http(at, b"Content-Length: 10\r\n\r\n{")
        assert answer.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(
    "rest",
    [
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        b"Content-Length: \xd9\xa3\r\n\r\n{}",
        b"Content-Length: 2\r\nExpect: 100-wonder\r\n\r\n{}",
        b"Content-Length: 2\r\nContent-Type: application/json; charset=klingon\r\n\r\n{}",
    ],
    ids=["a broken chunk", "two lengths", "a length and chunks", "a length in other digits", "a strange wish", "a strange charset"],
)
async def test_broken_http_is_no_fault_of_ours(rest: bytes) -> None:
    async with door() as at:
        answer = await raw_http(at, rest)
        assert not answer.startswith(b"HTTP/1.1 5")
        assert await at.bring({"update_id": 5}) == 200


async def raw_http(at: Door, rest: bytes) -> bytes:
    """The beginning of the answer to a request written by hand."""
    parts = urlsplit(at.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    kind = b"" if b"Content-Type" in rest else b"Content-Type: application/json\r\n"
    writer.write(f"POST {parts.path} HTTP/1.1\r\nHost: x\r\n{SECRET}: {at.gate.secrets[0]}\r\n".encode() + kind + rest)
    async with asyncio.timeout(30):
        answer = await reader.read(200)
    writer.close()
    return answer


# Bodies that nobody can read.


@pytest.mark.parametrize(
    "body", [DEEP, b'{"update_id":41,', b'{"update_id":41,"x":' + b"9" * 5000 + b"}", b'{"update_id":41}\xff', b'\xef\xbb\xbf{"update_id":41}']
)
async def test_a_damaged_update_is_kept_as_it_came_under_its_number(body: bytes) -> None:
    async with door() as at:
        assert [await at.bring(body), await at.bring(body)] == [200, 200]
        (event,) = at.inbox.events
        assert (event.key, event.body, event.lane) == ("41", body, "telegram:")
        assert isinstance(at.telegram.parse(event)[0], Unknown)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"7", b'"hello"', b"{}", b"{", b'{"update_id":true}', b'{"update_id":"7"}', b'{"update_id":9223372036854775808}']
)
async def test_what_has_no_number_is_kept_once_all_the_same(body: bytes) -> None:
    async with door() as at:
        assert [await at.bring(body), await at.bring(body)] == [200, 200]
        (event,) = at.inbox.events
        assert event.key.startswith("sha256:")
        assert event.body == body


def test_no_body_and_no_header_makes_a_server_error() -> None:
    words = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
    json_like = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
    bodies = st.binary(max_size=300) | json_like.map(json.dumps).map(str.encode) | st.integers().map(lambda number: f'{{"update_id":{number}}}'.encode())

    with asyncio.Runner() as runner:
        opened = door()
        at = runner.run(entered(opened))

        @settings(max_examples=120, deadline=None)
        @example(b"{}", ";0*", "identity")
        @given(bodies, st.just("application/json") | words, st.just("identity") | words)
        def attack(body: bytes, kind: str, encoding: str) -> None:
            status = runner.run(at.bring(body, None, **{"Content-Type": kind.strip() or "x", "Content-Encoding": encoding.strip() or "identity"}))
            assert status in (200, 400, 415)

        attack()
        runner.run(opened.__aexit__(None, None, None))


async def entered(opened: object) -> Door:
    made: Awaitable[Door] = opened.__aenter__()  # type: ignore[attr-defined]
    return await made


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_are_an_update_or_stay_what_they_are(body: bytes) -> None:
    event = raw_event("telegram", read_update(body), NOON, body)
    assert (event.body, event.received_at) == (body, NOON)
    assert event.key


# From polling to the webhook and back.


class Rows(Inbox):
    """The same over a real store."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store

    async def __call__(self, events: Sequence[RawEvent]) -> None:
        await self._store.gather(keep, events)
        await super().__call__(events)

    async def get(self, name: str) -> int:
        return await self._store.read(lambda session: offset_of(session, name))

    async def keep(self, name: str, offset: int, events: Sequence[RawEvent]) -> None:
        await self._store.gather(keep_polled, [Polled(name, offset, tuple(events))])
        await super().__call__(events)


async def test_going_over_to_the_webhook_and_back_loses_and_doubles_nothing(town: Town, store: Store) -> None:
    rows, said = Rows(store), ["/start"]
    for turn, hooked in enumerate((False, True, False, True, False)):
        said += [f"before {turn}", f"during {turn}"]
        await town.say(said[-2])
        telegram = town.channel(hooked=hooked)
        async with town.at_work(telegram, rows):
            await rows.until(len(said) - 1)
            await town.say(said[-1])
            await rows.until(len(said))
    texts = [json.loads(event.body)["message"]["text"] for event in rows.events]
    assert texts == said
    assert await store.read(lambda session: session.scalar(select(func.count()).select_from(RawEventRow))) == len(said)


async def test_a_webhook_left_over_is_removed_and_what_waited_there_is_polled(town: Town) -> None:
    await town.bot.call("setWebhook", url="https://old.example/hook/secret")
    await town.say("while it stood")
    telegram, inbox = town.channel(hooked=False), Inbox()
    inbox.offset = 2**40  # from a time with higher numbers
    async with town.at_work(telegram, inbox):
        assert len(await inbox.until(2)) == 2
        health = await telegram.health()
    assert health.ok
    assert health.words == "@customer_bot answers, a webhook left over at https://old.example was removed"
    assert inbox.offset < 2**40


async def test_an_offset_from_before_is_forgotten_before_the_webhook_is_removed(town: Town) -> None:
    await town.bot.call("setWebhook", url="https://old.example/hook")
    await town.hands.fault("500", method="deleteWebhook", count=0)
    telegram, inbox = town.channel(hooked=False), Inbox(Busy(), Busy())
    inbox.offset = 77
    async with town.at_work(telegram, inbox):
        async with asyncio.timeout(30):
            while inbox.offset:
                await asyncio.sleep(0)
        assert (await town.webhook())["url"] == "https://old.example/hook"
        await town.hands.heal()
        await inbox.until(1)


async def test_a_webhook_set_while_we_poll_is_left_alone_and_told(town: Town) -> None:
    telegram, inbox = town.channel(hooked=False), Inbox()
    async with town.at_work(telegram, inbox):
        await inbox.until(1)
        await town.bot.call("setWebhook", url="https://new.example/hook")
        async with asyncio.timeout(30):
            while (health := await telegram.health()).ok:
                pass
        assert health.words.startswith("messages go to https://new.example, so none can be polled")
    assert (await town.webhook())["url"] == "https://new.example/hook"


async def test_what_waits_at_telegram_is_never_dropped(town: Town) -> None:
    for hooked in (True, False):
        async with town.at_work(town.channel(hooked=hooked), inbox := Inbox()):
            await town.say("more")
            await inbox.until(1)
    asked = [entry for method in ("setWebhook", "deleteWebhook") for entry in await town.hands.log(bot="customer", method=method)]
    assert len(asked) == 2
    assert not any("drop_pending_updates" in entry["parameters"] for entry in asked)


# Keeping it set.


async def test_it_is_set_as_often_as_it_takes(town: Town) -> None:
    for kind in ("500", "429", "drop", "garbage"):
        await town.hands.fault(kind, method="setWebhook", seconds=0.1)
    async with town.at_work(town.channel(), Inbox()):
        await town.hooked()
    (*_, last) = await town.hands.log(bot="customer", method="setWebhook")
    assert last["parameters"]["allowed_updates"] == list(KINDS)
    assert last["parameters"]["secret_token"] == gate(town.public_url, KEY).secrets[0]


@pytest.mark.parametrize(
    "disturb", [{"url": ""}, {"url": "https://rival.example/hook"}, {"allowed_updates": ["poll"]}], ids=["removed", "moved", "other kinds of updates"]
)
async def test_it_is_set_again_when_somebody_changed_it(town: Town, disturb: dict[str, object]) -> None:
    inbox = Inbox()
    async with town.at_work(town.channel(), inbox):
        await town.hooked()
        asked = len(await town.hands.log(bot="customer", method="setWebhook"))
        await town.bot.call("setWebhook", **{"url": gate(town.public_url, KEY).url, "secret_token": gate(town.public_url, KEY).secrets[0], **disturb})
        async with asyncio.timeout(30):
            while len(await town.hands.log(bot="customer", method="setWebhook")) < asked + 2:
                pass
        await town.say("still here")
        await inbox.until(2)


async def test_who_takes_the_webhook_again_and_again_is_named(town: Town) -> None:
    telegram = town.channel(hook=replace(QUICK, look=0.05))
    async with town.at_work(telegram, Inbox()):
        await town.hooked()
        async with asyncio.timeout(30):
            while (health := await telegram.health()).ok:
                await town.bot.call("setWebhook", url="https://rival.example/hook")
    assert health.words == "another program moved the webhook to https://rival.example; it is set again"


async def test_a_secret_that_telegram_has_wrong_is_mended(town: Town) -> None:
    inbox = Inbox()
    async with town.at_work(town.channel(), inbox):
        await town.hooked()
        made = gate(town.public_url, KEY)
        kinds = list(KINDS)
        await town.bot.call("setWebhook", url=made.url, secret_token="somebody-elses", allowed_updates=kinds)
        await town.say("can you hear me?")
        await inbox.until(2)


async def test_two_nodes_that_keep_it_set_do_not_disturb_each_other(town: Town) -> None:
    inbox = Inbox()
    async with town.at_work(town.channel(), inbox), town.at_work(town.channel(), inbox):
        await town.hooked()
        before = len(await town.hands.log(bot="customer", method="getWebhookInfo"))
        async with asyncio.timeout(30):
            while len(await town.hands.log(bot="customer", method="getWebhookInfo")) < before + 10:
                pass
        assert len(await town.hands.log(bot="customer", method="setWebhook")) == 2


# What people are told of it.


async def test_health_says_where_messages_come_in(town: Town) -> None:
    telegram = town.channel()
    async with town.at_work(telegram, Inbox()):
        await town.hooked()
        health = await telegram.health()
    assert (health.ok, health.words) == (True, f"@customer_bot answers, messages come to {town.public_url}")
    assert (health.facts["kept"], health.facts["waiting"]) == ("1", "0")


async def test_health_says_that_telegram_cannot_bring_what_waits(town: Town) -> None:
    telegram = town.channel()
    async with town.at_work(telegram, Inbox(*[Busy()] * 10_000)):
        await town.until(lambda told: "last_error_message" in told)
        health = await telegram.health()
    assert not health.ok
    assert health.words == f"Telegram cannot bring a message to {town.public_url}: Wrong response from the webhook: 503 Service Unavailable"


async def test_health_says_before_it_is_set_that_it_is_not(town: Town) -> None:
    await town.hands.fault("400", method="setWebhook", count=0, description="Bad Request: bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    telegram = town.channel()
    async with town.at_work(telegram, Inbox()):
        async with asyncio.timeout(30):
            while "ports" not in (health := await telegram.health()).words:
                pass
        assert not health.ok


def test_an_error_that_is_over_is_not_told_for_ever() -> None:
    made = gate_of("https://crm.example", "", "100", (KEY,))
    assert made
    standing = Standing(made.url, waiting=3, error_at=NOON, error="Connection refused")
    assert stuck(standing, made, 300.0, NOON + 299_000) == "Telegram cannot bring 3 messages to https://crm.example: Connection refused"
    assert stuck(standing, made, 300.0, NOON + 301_000) == ""
    assert stuck(replace(standing, waiting=0), made, 300.0, NOON) == ""


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(st.sampled_from(list("ab") + ["url", "allowed_updates", "pending_update_count", "last_error_date", "last_error_message"]), x)
        ),
    )
)
def test_whatever_telegram_tells_of_a_webhook_can_be_read(told: object) -> None:
    standing = standing_of(told)
    assert standing.waiting >= 0
    assert isinstance(standing.host, str)


# Which of the two it is.


@pytest.mark.parametrize(
    ("public_url", "api_base", "hooked"),
    [
        ("https://crm.example", "", True),
        ("https://crm.example/", "https://tg.example", True),
        ("", "", False),
        ("http://crm.example", "", False),
        ("http://localhost:8080", "", False),
        ("http://localhost:8080", "http://127.0.0.1:9", True),
        ("http://10.0.0.5:8080", "http://127.0.0.1:9", False),
    ],
)
def test_without_an_address_that_telegram_can_come_to_it_polls(public_url: str, api_base: str, hooked: bool) -> None:
    telegram = Telegram(TelegramOptions(TOKEN, api_base=api_base, public_url=public_url, keys=(KEY,)))
    assert bool(telegram.routes(Inbox())) == hooked


@pytest.mark.parametrize(("public_url", "keys"), [("https://crm.example", ()), ("https://crm.example", (b"",)), ("https://[crm", (KEY,))])
def test_a_webhook_without_a_key_or_an_address_is_refused_at_the_start(public_url: str, keys: tuple[bytes, ...]) -> None:
    with pytest.raises(Misconfigured):
        Telegram(TelegramOptions(TOKEN, public_url=public_url, keys=keys))
