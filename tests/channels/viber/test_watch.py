"""A bot looks after itself: it has everything brought here, and says what is wrong."""

import asyncio

import pytest

from crm.base.outbound import Reason, Say, Undeliverable
from tests.channels.viber.stand import bot, stand
from tests.doors import Inbox


async def test_the_webhook_is_set_by_itself_with_all_we_read() -> None:
    async with stand(looked=False) as place:
        assert not (await place.viber.health()).facts.get("uri")
        assert await place.viber.watch.look() == place.viber.options.look_seconds
        assert place.world.hook == place.hook
        assert set(place.world.events) == {"delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started"}
        health = await place.viber.health()
        assert (health.ok, health.words, health.facts["uri"]) == (True, "what is written to Marani is brought here", "marani")


async def test_what_is_set_is_not_set_again_and_what_somebody_moved_is_moved_back() -> None:
    async with stand() as place:
        await place.viber.watch.look()
        assert sum(method == "set_webhook" for method, _ in place.world.asked) == 1
        place.world.hook, place.world.events = "https://other.example/hook", []
        await place.viber.watch.look()
        assert (place.world.hook, len(place.world.events)) == (place.hook, 6)


async def test_by_hand_means_that_nothing_is_set_and_what_is_missing_is_said() -> None:
    async with stand(set_webhook=False) as place:
        assert place.world.hook == ""
        assert (await place.viber.health()).words == "Viber brings what happens to another address, or to none: set the webhook"
        place.world.hook = place.hook
        await place.viber.watch.look()
        assert (await place.viber.health()).ok


async def test_a_token_that_is_not_known_is_said_and_tried_again() -> None:
    async with stand(looked=False, tokens=("wrong-token",)) as place:
        assert await place.viber.watch.look() < 1
        assert (await place.viber.health()).words == "Viber does not take this bot: 2: invalidAuthToken"
        place.world.tokens.append("wrong-token")
        await place.viber.watch.look()
        assert (await place.viber.health()).words == "Viber does not take this bot: 1: webhook is not valid: HTTP status 401"


async def test_where_viber_is_not_to_be_reached_it_is_looked_for_more_and_more_seldom() -> None:
    viber = bot(first_wait=1.0)
    waits = [await viber.watch.look() for _ in range(12)]
    assert waits[0] <= 1.0 < waits[3]
    assert max(waits) <= 300.0
    assert (await viber.health()).words == "Viber cannot be reached"
    await viber.close()


async def test_the_link_into_the_chat_brings_a_code() -> None:
    async with stand() as place:
        assert place.viber.entry("s1 ä", "words") == "viber://pa?chatURI=marani&context=s1%20%C3%A4"
    assert bot().entry("s1") == ""


async def test_a_webhook_that_viber_has_forgotten_is_set_again_as_soon_as_a_message_is_refused_for_it() -> None:
    async with stand() as place:
        place.ani.subscribed, place.world.hook = True, ""
        listening = asyncio.create_task(place.viber.listen(Inbox()))
        try:
            await place.world.until(lambda: place.world.hook == place.hook)
            place.world.hook = ""
            with pytest.raises(Undeliverable) as refused:
                await place.send(Say("hi"))
            assert refused.value.reason is Reason.ACCOUNT_PROBLEM
            await place.world.until(lambda: place.world.hook == place.hook)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        assert (await place.send(Say("hi"))).ids
