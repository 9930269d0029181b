"""Our number at Meta: its limits, its webhook, its templates, files that come, how it does."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from channels.accounts import open_account, read_accounts
from channels.graph import Graph, GraphOptions
from channels.whatsapp import WhatsApp, WhatsAppOptions
from channels.whatsapp.approved import Approved
from crm.base.errors import DragomanError, Misconfigured, NotFound
from crm.base.events import MediaKind, MediaRef
from crm.base.outbound import Limits, May, RetryLater, Say, Undeliverable, Unit, Window
from tests.channels.whatsapp.stand import ANAHIT, BUSINESS, NOW, NUMBER, Town, channel, firm, options, town

HOUR = 3_600_000
DOCS = Path(__file__).parents[3] / "docs" / "channels.md"


@asynccontextmanager
async def listening(here: Town) -> AsyncIterator[None]:
    task = asyncio.create_task(here.whatsapp.listen(here.inbox))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(true: Any) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.001)


async def file_of(here: Town, ref: str) -> bytes:
    return b"".join([chunk async for chunk in here.whatsapp.fetch_media(MediaRef(MediaKind.PHOTO, ref))])


def test_for_a_day_after_they_wrote_anything_goes_and_then_templates() -> None:
    whatsapp, wrote = channel(), Window(last_inbound_at=NOW)
    assert [whatsapp.limits(wrote, NOW + hours * HOUR - 1).may for hours in (1, 24)] == [May.ANYTHING, May.ANYTHING]
    assert [whatsapp.limits(window, NOW + 24 * HOUR).may for window in (wrote, Window())] == [May.TEMPLATE, May.TEMPLATE]


def test_an_advertisement_keeps_the_window_open_longer() -> None:
    window = Window(last_inbound_at=NOW, session_ends_at=NOW + 72 * HOUR)
    assert [channel().limits(window, NOW + hours * HOUR).may for hours in (71, 72)] == [May.ANYTHING, May.TEMPLATE]


def test_the_number_carries_what_whatsapp_lets_it() -> None:
    limits = channel().limits(Window(last_inbound_at=NOW), NOW)
    assert limits == Limits(
        text=4096,
        caption=1024,
        buttons=10,
        label=20,
        media=frozenset(MediaKind),
        media_size=100 * 2**20,
        knows=frozenset({"sent", "delivered", "read"}),
        account_rate=80.0,
        chat_every=6.0,
        chat_burst=20,
        needs_inbound=False,
        unit=Unit.CHARACTERS,
        reactions=True,
        windows=True,
        templates=True,
    )


def test_a_number_the_owner_has_on_the_phone_too_is_slower() -> None:
    assert channel(phone_app=True).limits(Window(), NOW).account_rate == 20.0


def test_what_meta_may_change_is_a_setting() -> None:
    changed = channel(window_hours=12, rate=5.0, document_mb=1, pair_every=1.0)
    limits = changed.limits(Window(last_inbound_at=NOW), NOW + 12 * HOUR)
    assert (limits.may, limits.account_rate, limits.media_size, limits.chat_every) == (May.TEMPLATE, 5.0, 2**20, 1.0)


async def test_messages_are_had_brought_to_us_by_ourselves() -> None:
    async with town(hooked=False) as here, listening(here):
        await until(lambda: here.world.callback and here.world.business_callback)
        await here.heard(text="found the way")
        assert here.world.callback.startswith(here.public_url + "/in/whatsapp/")
        await until(here.whatsapp.watch.looked.is_set)
        told = await here.whatsapp.health()
        assert (told.ok, told.words) == (True, "+15550783881 answers, its quality is green")


async def test_a_webhook_somebody_moved_is_moved_back() -> None:
    async with town(hooked=False) as here, listening(here):
        await until(lambda: here.world.callback)
        here.world.callback = "https://elsewhere.example/hook"
        await until(lambda: here.world.callback.startswith(here.public_url))


async def test_a_webhook_set_by_hand_is_left_alone() -> None:
    async with town(hooked=False, set_webhook=False, verify_token="by-hand") as here, listening(here):
        await until(here.whatsapp.watch.looked.is_set)
        assert (here.world.callback, here.calls("POST node")) == ("", [])
        assert (here.whatsapp.webhook.token, here.whatsapp.webhook.url) == ("by-hand", here.public_url + firm().paths("whatsapp")[0])
        assert (await here.whatsapp.health()).ok


async def test_meta_in_trouble_is_asked_again_and_said_so() -> None:
    async with town(hooked=False) as here:
        await here.play("faults", kind="error", code=190, path=NUMBER)
        await here.play("faults", kind="garbage", path=NUMBER, left=2)
        async with listening(here):
            await until(lambda: here.whatsapp.watch.trouble.startswith("Meta refuses the token"))
            assert not (await here.whatsapp.health()).ok
            await until(lambda: here.whatsapp.watch.trouble == "Meta cannot be reached")
            await until(here.whatsapp.watch.looked.is_set)
            assert (await here.whatsapp.health()).ok


async def test_an_account_that_may_not_send_is_not_well_until_it_may_again() -> None:
    async with town() as here:
        await here.heard()
        await here.play("faults", kind="error", code=131042, path="messages")
        with pytest.raises(Undeliverable):
            await here.say(Say("hello"))
        told = await here.whatsapp.health()
        assert (told.ok, told.words.partition(": ")[0]) == (False, "Meta refuses to send for us")
        await here.say(Say("hello"))
        assert (await here.whatsapp.health()).ok


async def test_a_number_rated_red_is_not_well() -> None:
    async with town() as here:
        here.world.quality = "RED"
        async with listening(here):
            await until(here.whatsapp.watch.looked.is_set)
            assert not (await here.whatsapp.health()).ok


async def test_without_a_public_address_nothing_can_be_brought_and_health_says_so() -> None:
    whatsapp = WhatsApp(options(), firm(public_url=""))
    told = await whatsapp.health()
    assert (told.ok, told.words) == (False, "no public https address, so Meta cannot bring messages")


async def test_templates_are_listed_page_by_page_with_what_cannot_be_filled() -> None:
    async with town() as here:
        body = {"type": "BODY", "text": "Hi {{1}}"}
        for number in range(130):
            one = {"name": f"t{number}", "language": "hy", "status": "APPROVED", "category": "MARKETING", "components": [body]}
            await here.play("template", template=one)
        here.world.templates[1]["components"] = [{"type": "HEADER", "format": "IMAGE"}, body]
        here.world.templates[2]["status"] = "PAUSED"
        here.world.templates[3]["components"] = [{"type": "BODY", "text": "Hi {{name}}"}]
        here.world.templates[4]["components"] = [{"type": "HEADER", "format": "TEXT", "text": "News"}, body, {"type": "FOOTER", "text": "Lav Hac"}]
        here.world.templates[5]["components"] = [body, {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "See", "url": "https://x.example/{{1}}"}]}]
        found = await here.whatsapp.templates()
        assert len(found) == 130
        assert found[0] == Approved("t0", "hy", "Hi {{1}}", "marketing", "approved")
        assert [one.status for one in found[1:6]] == ["unfit", "paused", "unfit", "approved", "unfit"]
        assert found[4].body == "News\nHi {{1}}\nLav Hac"
        assert all(one.why for one in found if one.status == "unfit")


async def test_without_the_business_account_there_are_no_templates() -> None:
    with pytest.raises(NotFound):
        await channel(business="").templates()


async def test_a_file_of_theirs_is_fetched_by_an_address_asked_for_anew() -> None:
    async with town() as here:
        stored = here.world.store("image/jpeg", b"picture" * 50_000)
        here.clock.later(24 * 29)
        assert await file_of(here, stored.id) == stored.body
        here.clock.later(48)
        with pytest.raises(NotFound):
            await file_of(here, stored.id)


@pytest.mark.parametrize("ref", ["../../etc/passwd", "", "x" * 300, "a b", "1/2", "..", "404"])
async def test_what_is_no_file_of_theirs_is_not_fetched(ref: str) -> None:
    async with town() as here:
        with pytest.raises(NotFound):
            await file_of(here, ref)


async def test_a_file_too_large_is_not_fetched() -> None:
    async with town(document_mb=1) as here:
        stored = here.world.store("video/mp4", b"x" * (2**20 + 1))
        with pytest.raises(NotFound):
            await file_of(here, stored.id)
        assert not any("download" in str(one) for one in here.world.log)


@pytest.mark.parametrize("fault", [{"kind": "garbage"}, {"kind": "drop", "left": 2}, {"kind": "error", "code": 130429}, {"kind": "error", "code": 190}])
async def test_a_file_that_will_not_come_now_may_come_later(fault: dict[str, Any]) -> None:
    async with town() as here:
        stored = here.world.store("image/jpeg", b"picture")
        await here.play("faults", path=stored.id, **fault)
        with pytest.raises(RetryLater):
            await file_of(here, stored.id)
        await here.play("faults", kind="garbage", path="download")
        with pytest.raises(RetryLater):
            await file_of(here, stored.id)
        assert await file_of(here, stored.id) == b"picture"


@pytest.mark.parametrize(
    "url", ["https://evil.example/x", "http://169.254.169.254/latest", "https://fbsbx.com.evil.example/x", "file:///etc/passwd", "", "//x"]
)
async def test_the_token_is_shown_at_metas_own_addresses_alone(url: str) -> None:
    with pytest.raises(DragomanError):
        async for _ in Graph(GraphOptions("EAAx"), {}).download(url, 1000, known=True):
            raise AssertionError("bytes came")


def test_the_example_in_the_docs_opens_and_is_off_where_meta_is_restricted(tmp_path: Path) -> None:
    [example] = re.findall(r"```toml\n([^`]*\[whatsapp\]\n[^`]*)```", DOCS.read_text("utf-8"))
    (tmp_path / "channels.toml").write_text(example, "utf-8")
    [account] = read_accounts(tmp_path / "channels.toml", {"WHATSAPP_TOKEN": "EAAx", "WHATSAPP_APP_SECRET": "secret"})
    opened = open_account(account, firm())
    assert isinstance(opened, WhatsApp)
    assert (opened.options.business, opened.options.app_secrets) == (BUSINESS, ("secret",))
    assert open_account(account, replace(firm(), region="RU")) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"phone_number": "+374 91 234567"},
        {"phone_number": ""},
        {"business": "abc"},
        {"token": ""},
        {"token": "two words"},
        {"app_secrets": ()},
        {"app_secrets": ("a", "")},
        {"api_base": "graph.facebook.com"},
        {"api_version": "24"},
    ],
)
def test_a_setting_that_cannot_be_is_refused_at_the_start(wrong: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured) as no:
        WhatsApp(options(**wrong), firm())
    assert "EAA" not in str(no.value)


def test_no_secret_is_in_what_options_show() -> None:
    shown = repr(WhatsAppOptions(NUMBER, "EAAtoken", ("appsecret",), business=BUSINESS, verify_token="verify"))
    assert not any(secret in shown for secret in ("EAAtoken", "appsecret", '"verify"', "'verify'"))


async def test_the_proof_some_apps_demand_goes_with_every_call() -> None:
    async with town(proof=True) as here:
        await here.heard()
        assert (await here.say(Say("hello"))).ids
        with pytest.raises(Undeliverable):
            await here.say(Say(""))
        assert len(here.bodies()) == 1
        assert here.bodies()[0]["to"] == ANAHIT
