"""A page looks after itself at Meta: it has everything brought here, keeps what others set, and says what is wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from channels.messenger.channel import Page
from crm.base.events import Message
from tests.channels.messenger.stand import MADE, World, channel, firm, world
from tests.doors import Inbox, served


@asynccontextmanager
async def moved_in(site: World, **more: object) -> AsyncIterator[tuple[Page, Inbox]]:
    """The channel of a firm whose public address leads to its own door, which the platform has not heard of."""
    kind, inbox, made = site.site.kind, Inbox(), list[Page]()
    settings = {"token": site.site.token, "app_secrets": (site.site.secret,), "api_base": f"{site.url}/pages", "first_wait": 0.01}
    build, options, number = MADE[kind]

    def open_at(url: str) -> list[object]:
        made.append(build(options(id=number, app=site.site.app, **{**settings, **more}), firm(public_url=url)))
        return list(made[0].routes(inbox))

    async with served(open_at) as url:  # type: ignore[arg-type]
        assert url
        try:
            yield made[0], inbox
        finally:
            await made[0].close()


@pytest.mark.parametrize("kind", MADE)
async def test_the_webhook_is_set_by_itself_and_brings_what_is_said(kind: str) -> None:
    async with world(kind) as site, moved_in(site) as (page, inbox):
        assert await page.watch.look() == page.options.look_seconds
        site.hands.say("ani", "Hello")
        (raw,) = await inbox.until(1)
        (event,) = page.parse(raw)
        assert isinstance(event, Message)
        assert (await page.health()).words == "what is written to Lamp shop is brought here"
        assert {"messages", "messaging_postbacks"} <= set(site.site.hook_fields)


async def test_what_was_set_is_not_set_again_and_what_others_set_stays() -> None:
    async with world("messenger") as site, moved_in(site) as (page, _):
        site.site.subscribed = ["leadgen"]
        await page.watch.look()
        await page.watch.look()
        posts = [entry for entry in site.site.log if "subscribed_fields" in entry["asked"]]
        assert (len(posts), "leadgen" in site.site.subscribed, "message_echoes" in site.site.subscribed) == (1, True, True)


async def test_a_webhook_that_another_program_moved_is_moved_back() -> None:
    async with world("messenger") as site, moved_in(site) as (page, _):
        await page.watch.look()
        ours, site.site.hook = site.site.hook, site.hook
        await page.watch.look()
        assert site.site.hook == ours


async def test_by_hand_means_that_nothing_is_set_and_what_is_missing_is_said() -> None:
    async with world("messenger") as site, moved_in(site, set_webhook=False, page_fields=("messages", "message_echoes")) as (page, _):
        site.site.subscribed = ["messages"]
        await page.watch.look()
        assert (await page.health()).words == "the page does not send us message_echoes: subscribe the app to them"
        assert site.site.hook == site.hook


async def test_a_token_or_a_secret_that_is_not_known_is_said_and_tried_again() -> None:
    async with world("messenger") as site:
        for wrong in ({"token": "EAAWRONG"}, {"app_secrets": ("wrong",)}):
            async with moved_in(site, **wrong) as (page, _):
                assert await page.watch.look() < 1
                health = await page.health()
                assert (health.ok, health.words) == (False, "Meta does not take this token")


async def test_an_address_that_does_not_answer_is_no_callback() -> None:
    async with world("messenger") as site:
        kind, options, number = MADE["messenger"]
        settings = {"token": site.site.token, "app_secrets": (site.site.secret,), "api_base": f"{site.url}/pages"}
        page = kind(options(id=number, app=site.site.app, **settings), firm(public_url="http://127.0.0.1:9"))
        await page.watch.look()
        assert site.site.hook == site.hook
        assert (await page.health()).words.startswith("Meta refuses: 2200")
        await page.close()


async def test_a_platform_that_is_away_is_said() -> None:
    away = channel("instagram")
    await away.watch.look()
    assert (await away.health()).words == "Meta cannot be reached"
    await away.close()


async def test_listening_ends_when_it_is_told_to() -> None:
    async with world("messenger") as site, moved_in(site) as (page, inbox):
        task = asyncio.create_task(page.listen(inbox))
        site.site.hook = ""
        async with asyncio.timeout(30):
            while not site.site.hook:
                await page.enrich(site.site.person("ani").number)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
