"""A rep's emoji on a customer's message: put on its post, or typed as an answer to it; a clear word where the channel knows no such thing."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from bots.staff.poll import ALLOWED
from bots.staff.transport import StaffOptions
from bots.staff.updates import Other, Place, Reacted, read
from crm.base.db import Store
from crm.base.outbound import Limits, React, Reason, Undeliverable, Window
from crm.base.settings import Company
from crm.outbox.drain import Drain
from sandbox.telegram.hands import Hands
from tests.bots.staff.firm import Message, firm, labels, press, toast
from tests.bots.staff.office import Letters, Office, Wall, no_media


class Moody(Letters):
    """Letters that take reactions, unless they are told not to."""

    can = True

    def limits(self, window: Window, now: int) -> Limits:
        return replace(super().limits(window, now), reactions=self.can)


class Shop(Office):
    """An office whose letters take reactions."""

    def __init__(self, store: Store, company: Company, options: StaffOptions, hands: Hands, wall: Wall) -> None:
        self.moody = letters = Moody()
        super().__init__(store, company, replace(options, allows=lambda _, window, now: letters.limits(window, now)), hands, wall)
        self.letters = letters
        self._drains = [Drain(store, carrier, no_media, node="test", clock=self.now) for carrier in (letters, self.staff.carrier)]


@pytest.fixture
def company() -> Company:
    return firm()


@pytest_asyncio.fixture
async def office(store: Store, company: Company, options: StaffOptions, hands: Hands, wall: Wall) -> AsyncIterator[Shop]:
    made = Shop(store, company, options, hands, wall)
    await made.staff.open()
    await made.staff.carrier.request.call("getUpdates", {"offset": 0, "timeout": 0, "allowed_updates": list(ALLOWED)})
    await made.member("ruben")
    yield made
    await made.staff.close()


async def posted(office: Shop) -> Message:
    """Ruben has Ann's conversation, and sees her next words in a post of their own."""
    await office.letter("Do you have tables?")
    await office.show()
    await office.press("ruben", await office.find("ruben", "Do you have tables?"), "Take")
    await office.letter("And chairs?")
    await office.show()
    chat = await office.chat("ruben")
    return next(one for one in reversed(chat) if str(one["text"]).endswith("And chairs?\u2069") and labels(one) == ["📌 Task"])


async def put(office: Shop, message: Message, emoji: str) -> None:
    await office.hands.do("ruben", "react", bot="staff", message_id=message["message_id"], emoji=emoji)
    await office.settle()


def reactions(office: Shop) -> list[React]:
    return [one for _, one in office.letters.sent if isinstance(one, React)]


async def test_a_reaction_on_the_post_goes_on_the_customers_message_and_off_it_again(office: Shop) -> None:
    post = await posted(office)
    await put(office, post, "👍")
    await put(office, post, "❤")
    await put(office, post, "")
    first, second, third = reactions(office)
    assert [one.emoji for one in (first, second, third)] == ["👍", "❤", ""]
    assert {one.message for one in (first, second, third)} == {"l2"}
    assert office.letters.texts == []


async def test_a_single_emoji_as_the_answer_to_a_post_is_a_reaction_with_a_way_back(office: Shop) -> None:
    post = await posted(office)
    await office.say("ruben", "👍", post["message_id"])
    await office.settle()
    told = await office.find("ruben", "👍 is on its way")
    assert labels(told) == ["Undo"]
    await press(office, "ruben", told, "Undo")
    assert await toast(office) == "Taken away."
    assert reactions(office) == [React("l2", "👍"), React("l2", "")]


async def test_an_emoji_as_the_answer_to_a_card_is_an_answer(office: Shop) -> None:
    await posted(office)
    await office.say("ruben", "👍", (await office.find("ruben", "Do you have tables?"))["message_id"])
    await office.settle()
    assert (reactions(office), office.letters.texts) == ([], ["👍"])


async def test_where_the_channel_knows_no_reactions_a_rep_is_told_and_an_emoji_is_an_answer(office: Shop) -> None:
    post = await posted(office)
    office.moody.can = False
    await put(office, post, "👍")
    assert "Letters takes no reactions now" in str((await office.last("ruben"))["text"])
    before = len(await office.posts("ruben"))
    await put(office, post, "")
    assert len(await office.posts("ruben")) == before
    await office.say("ruben", "👍", post["message_id"])
    await office.settle()
    assert (reactions(office), office.letters.texts) == ([], ["👍"])


async def test_a_reaction_that_the_platform_refuses_is_told(office: Shop) -> None:
    post = await posted(office)
    await office.refuse(Undeliverable(Reason.UNSUPPORTED, "no such reaction"))
    await put(office, post, "🍷")
    trouble = str((await office.find("ruben", "failed"))["text"])
    assert "🍷" in trouble
    assert "the channel cannot do this" in trouble


async def test_a_reaction_on_a_card_means_nothing(office: Shop) -> None:
    await posted(office)
    before = len(await office.posts("ruben"))
    await put(office, await office.find("ruben", "Do you have tables?"), "👍")
    assert (reactions(office), len(await office.posts("ruben"))) == ([], before)


async def test_a_stranger_reacts_to_the_staff_bot_and_is_not_heard(office: Shop) -> None:
    await office.hands.do("eve", "start", bot="staff")
    await office.settle()
    before = await office.chat("eve")
    await office.hands.do("eve", "react", bot="staff", message_id=before[-1]["message_id"], emoji="👍")
    await office.settle()
    assert len(await office.chat("eve")) == len(before)


EMOJI = [{"type": "emoji", "emoji": "👍"}]
HEART = [{"type": "emoji", "emoji": "❤"}]


def change(old: object, new: object, **more: object) -> bytes:
    told = {"chat": {"id": 7, "type": "private"}, "message_id": 5, "user": {"id": 7, "is_bot": False}, "old_reaction": old, "new_reaction": new, **more}
    return json.dumps({"update_id": 1, "message_reaction": told}).encode()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (change([], EMOJI), Reacted(7, 7, 5, "👍")),
        (change(EMOJI, [*EMOJI, *HEART]), Reacted(7, 7, 5, "❤")),
        (change(EMOJI, []), Reacted(7, 7, 5, "")),
        (change([], [{"type": "custom_emoji", "custom_emoji_id": "1"}]), Other("message_reaction", 7)),
        (change("x", 5), Reacted(7, 7, 5, "")),
        (change([], EMOJI, user={"id": 8, "is_bot": False}), Other("message_reaction")),
        (change([], EMOJI, user=None, actor_chat={"id": -5}), Other("message_reaction")),
        (change([], EMOJI, chat={"id": -100, "type": "supergroup", "title": "Shop", "is_forum": True}), Reacted(7, 7, 5, "👍", Place(-100, 0, "Shop", True))),
    ],
)
def test_a_reaction_is_read_whatever_its_shape(raw: bytes, said: object) -> None:
    assert read(raw) == said
