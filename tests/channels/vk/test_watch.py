"""What is set at VK by itself, and what health says."""

import asyncio

import pytest

from channels.vk import Vk
from sandbox.vk.world import CONFIRMATION
from tests.channels.vk.stand import OPTIONS, channel, firm, stand


async def test_vk_is_told_where_to_come_and_comes() -> None:
    async with stand() as here:
        (server,) = here.world.servers
        assert (server.url, server.status, server.secret_key) == (here.door, "ok", here.vk.secrets[0])
        assert server.settings["message_new"] == server.settings["message_deny"] == "1"
        assert "message_typing_state" not in server.settings
        here.heard()
        await here.inbox.until(1)
        assert (await here.vk.health()).ok
        assert "Полки Марани" in (await here.vk.health()).words


async def test_looking_again_changes_nothing() -> None:
    async with stand() as here:
        assert await here.vk.watch.look() == 3600.0
        assert len(here.world.servers) == 1
        assert here.sent("groups.editCallbackServer") == []


async def test_an_address_vk_has_given_up_is_taken_up_anew() -> None:
    async with stand() as here:
        here.world.servers[0].status = "failed"
        await here.vk.watch.look()
        assert not (await here.vk.health()).ok
        assert here.world.servers[0].status == "ok"
        await here.vk.watch.look()
        assert (await here.vk.health()).ok


async def test_a_key_that_may_not_set_the_webhook_says_so() -> None:
    async with stand(hooked=False) as here:
        here.world.rights = {"messages", "photos", "docs"}
        assert await here.vk.watch.look() < 1
        health = await here.vk.health()
        assert not health.ok
        assert "right" in health.words


async def test_where_the_owner_sets_the_webhook_nothing_is_set() -> None:
    async with stand(hooked=False, set_webhook=False, confirmation=CONFIRMATION) as here:
        await here.vk.watch.look()
        assert here.world.servers == []
        assert (await here.vk.health()).ok


async def test_a_key_vk_does_not_take_is_tried_again_until_it_is_taken() -> None:
    async with stand(hooked=False) as here:
        here.world.faults.add("error", "groups.getById", code=5, left=2)
        task = asyncio.create_task(here.vk.listen(here.inbox))
        async with asyncio.timeout(30):
            await here.vk.watch.looked.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert len(here.sent("groups.getById")) == 3
        assert (await here.vk.health()).ok


@pytest.mark.parametrize("public_url", ["", "http://crm.example"])
async def test_without_a_public_https_address_nobody_brings_anything(public_url: str) -> None:
    health = await Vk(OPTIONS, firm(public_url)).health()
    assert (health.ok, health.words) == (False, "no public https address, so VK cannot bring messages")


def test_a_link_to_the_dialog_brings_a_code_along() -> None:
    assert channel().entry("spring 1") == "https://vk.me/club210300400?ref=spring%201"


async def test_the_link_has_the_name_of_the_community_once_vk_has_told_it() -> None:
    async with stand() as here:
        assert here.vk.entry("spring") == "https://vk.me/marani?ref=spring"
