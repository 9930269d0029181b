"""The whole way, told three times: a stranger until they say how content they are, a customer of somebody absent, a rep who is removed."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from sandbox.telegram.shapes import Json
from tests.walks.desk import Desk, Phone, card_of, customer, labels, open_desk, taken
from tests.walks.house import zone_where_it_is
from tests.walks.test_roles import EXPIRED

pytestmark = pytest.mark.asyncio(loop_scope="module")
PRICES = "Name; Price; Unit; Tax\nCherry table; 90 000; pc; 20%\nCherry chair; 30 000; pc; 20%"
PLAN = "Tables\nPack 1\nDeliver 3"
REPLY = "We do. I will send you a quote."
TAPS = 25
"""Everything from a stranger's first word to how content they are, in presses of the rep's."""
MENU = 8
WHOLE = """SELECT d.state, o.state, o.paid_at > 0, p.state, r.score FROM contacts c JOIN deals d ON d.contact_id = c.id JOIN orders o ON o.deal_id = d.id
JOIN projects p ON p.deal_id = d.id JOIN ratings r ON r.contact_id = c.id WHERE c.platform_name = ?"""
HOLDER = "SELECT r.address FROM conversations c LEFT JOIN reps r ON r.id = c.rep_id WHERE c.address = ?"
AN_HOUR_AGO = "UPDATE conversations SET waiting_since = waiting_since - 3600000 WHERE waiting_since > 0"
QUOTE, WORK = ("📨 Send to the customer", "Throw it away"), ("✔ Pack", "📣 Tell the customer")
ORDER = ("👍 Confirm", "💵 Money came", "🔕 Do not tell them", "💳 Ask for payment")
SOLD = (
    "SELECT id, state, moved_at, paid_at FROM orders ORDER BY id",
    "SELECT id, number, state, version FROM documents ORDER BY id",
    "SELECT id, state, health FROM projects ORDER BY id",
    "SELECT id, state, rep_id FROM project_steps ORDER BY id",
    "SELECT id, stage_id, state, rep_id, amount FROM deals ORDER BY id",
    "SELECT id, state FROM tasks ORDER BY id",
    "SELECT count(*) FROM payments",
    "SELECT count(*) FROM messages",
    "SELECT count(*) FROM domain_events WHERE subject IN ('order', 'document', 'project', 'deal', 'task', 'payment')",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A firm at one in the afternoon whose manager has made a price list and a work plan."""
    async with open_desk(tmp_path_factory.mktemp("shop"), COMPANY_ZONE=zone_where_it_is(13), TICK_SECONDS="1") as made:
        manager = made.manager
        await manager.sees("Type a part of a name", after=await manager.say("/products"))
        told = await manager.sees("2 new", after=await manager.say(PRICES))
        await manager.press(told, "Take it over")
        await manager.sees("The price list is as you sent it", since=told["revision"])
        listed = await manager.sees("No work plan yet", after=await manager.say("/blueprints"))
        await manager.press(listed, "New work plan")
        await manager.sees("Type its name")
        await manager.say(PLAN)
        await manager.sees("2. \u2068Deliver\u2069 · 3 working days")
        yield made


@dataclass(slots=True)
class Hand:
    """A rep who does everything by presses, which are counted."""

    rep: Phone
    taps: int = 0

    async def tap(self, post: Json, button: str, words: str) -> Json:
        """What comes of a button: the same post with these words, or a new one."""
        self.taps += 1
        last = await self.rep.last_id()
        await self.rep.press(post, button)
        return await self.rep.sees(words, after=last, since=post["revision"])

    async def sells(self, card: Json) -> Json:
        """The products of a new deal of the person of a card."""
        none = await self.tap(card, "💼 Deal", "has no deal yet")
        deal = await self.tap(none, "New deal", "Whose:")
        more = await self.tap(deal, "More…", "what do you want to change?")
        picking = await self.tap(more, "🛒 Products", "what shall it be?")
        picking = await self.tap(picking, "+ Cherry table", "🛒 1")
        picking = await self.tap(picking, "+ Cherry chair", "Cherry chair\u2069 = ")
        return await self.tap(picking, "✓ Save", "Total: ֏120,000")

    async def draws(self, goods: Json) -> Json:
        """The picture of a quote of what a deal is about."""
        papers = await self.tap(goods, "Quote, invoice…", "document")
        drafted = await self.tap(papers, "Quote", "A picture of it follows")
        return await self.rep.sees("Quote", after=drafted["message_id"])

    async def wins(self, deal: Json) -> tuple[Json, Json]:
        """A new order of a deal that is won now, and the work on it."""
        won = await self.tap(deal, "🏆 Won", "Won today")
        work = await self.rep.sees("The work on this has begun", after=deal["message_id"])
        order = await self.tap(won, "📦 Order", "No address yet")
        return order, await self.tap(work, labels(work)[0], "\u2068Pack\u2069 ·")

    async def delivers(self, order: Json, who: Phone) -> None:
        """An order is confirmed, paid, sent and there; its customer reads of each step."""
        order = await self.tap(order, "👍 Confirm", "· confirmed")
        await who.sees("is confirmed")
        asked = await self.tap(order, "💳 Ask for payment", "The customer reads this")
        await self.tap(asked, "💳 Ask for payment", "")
        await who.press(await who.sees("please pay ֏120,000"), "I have paid")
        came = await self.tap(await self.rep.sees("says they have paid ֏120,000"), "✔ It came", "· came")
        order = await self.tap(came, "📦 Order", "Paid in full")
        order = await self.tap(order, "🚚 Sent", "· sent")
        await who.sees("is on its way")
        await self.tap(order, "📬 Delivered", "· delivered")
        await who.sees("is delivered")

    async def typed(self) -> list[str]:
        """Everything they wrote since they were let in."""
        said = (await self.rep.chat())["messages"]
        return [one["text"] for one in said if one["from"] != "bot" and not one["text"].startswith("/start")]

    async def menus(self) -> list[int]:
        """How many buttons each post had that ever stood in their chat."""
        said = [one["parameters"] for one in await self.rep.house.hands.log(bot="staff")]
        mine = [one["reply_markup"] for one in said if str(one.get("chat_id")) == str(self.rep.id) and one.get("reply_markup")]
        rows = [json.loads(made) if isinstance(made, str) else made for made in mine]
        return [sum(map(len, made.get("inline_keyboard", ()))) for made in rows]


async def test_a_stranger_becomes_a_content_customer_by_buttons_alone(shop: Desk) -> None:
    async with shop.rep() as rep:
        hand, who = Hand(rep), await customer(rep.house, "wholenare")
        await who.say("Hello, do you make cherry tables?")
        card = await hand.tap(await card_of(rep, "wholenare"), "Take", "🟢 Yours")
        await rep.answer(card, REPLY)
        await who.sees(REPLY)
        picture = await hand.draws(await hand.sells(card))
        await hand.tap(picture, "📨 Send to the customer", "It is on its way")
        await who.press(await who.sees("Quote Q-"), "Accept")
        deal = await hand.tap(await rep.sees("has accepted"), "Deal", "Whose:")
        order, work = await hand.wins(deal)
        await hand.delivers(order, who)
        work = await hand.tap(await hand.tap(work, "✔ Pack", "1/2"), "✔ Deliver", "2/2")
        await hand.tap(work, "🏁 Close it", "Done today")
        question = await who.sees("How content are you")
        await who.press(question, "5 😀")
        await who.sees("Thank you!", after=question["message_id"])
        await rep.house.until(WHOLE, "Wholenare", want=[("won", "delivered", 1, "done", 5)])
        assert await hand.typed() == [REPLY]
        assert max(await hand.menus()) <= MENU
        assert hand.taps == TAPS


async def test_whose_rep_is_away_is_offered_to_a_colleague_who_takes_over(shop: Desk) -> None:
    page = await shop.manager.sees("How waiting customers come", after=await shop.manager.say("/queue"))
    for button, words in (("The firm", "Waiting customers:"), ("The way…", "How shall waiting"), ("To whoever has least", "who has the fewest now")):
        await shop.manager.press(page, button)
        page = await shop.manager.sees(words, since=page["revision"])
    async with shop.rep() as holder:
        who = await customer(shop.house, "wholevahe")
        await who.say("Hello, I need a cherry shelf")
        await holder.press(await holder.sees("waits for you"), "✅ Accept")
        await holder.answer(await card_of(holder, "wholevahe"), "How wide shall it be?")
        await who.sees("How wide shall it be?")
        async with shop.rep() as colleague:
            await holder.say("/leave")
            await holder.press(await holder.sees("Your leave:"), "🤒 I am ill today")
            await holder.sees("Written down:")
            await who.say("One metre and a half")
            await shop.house.until("SELECT count(*) FROM conversations WHERE waiting_since > 0", want=[(1,)])
            assert shop.house.rows(HOLDER, str(who.id)) == [(str(holder.id),)]
            await shop.house.stop()
            shop.house.change(AN_HOUR_AGO)
            await shop.house.start()
            offer = await colleague.sees("waits for you")
            assert "One metre and a half" in offer["text"]
            await holder.sees("wrote while you were away")
            await colleague.press(offer, "✅ Accept")
            await shop.house.until(HOLDER, str(who.id), want=[(str(colleague.id),)])
            await colleague.answer(await card_of(colleague, "wholevahe"), "It will be ready on Friday.")
            await who.sees("It will be ready on Friday.")


async def test_a_removed_rep_presses_old_buttons_of_what_they_sold_and_nothing_changes(shop: Desk) -> None:
    async with shop.rep() as leaver:
        hand, (who, card) = Hand(leaver), await taken(leaver, "wholemane")
        goods = await hand.sells(card)
        picture = await hand.draws(goods)
        deal = await hand.tap(goods, "Back", "🛒 2 products")
        order, work = await hand.wins(deal)
        asked = await shop.manager.say("/team")
        team = await shop.manager.sees("The team:", after=asked)
        await shop.manager.press(team, next(label for label in labels(team) if leaver.name.title() in label))
        await shop.manager.press(await shop.manager.sees("Here since", after=asked), "Remove")
        await shop.manager.press(await shop.manager.sees("by a new invitation only", after=asked), "Yes, remove")
        await leaver.sees("You are not of the team any more.")
        before, heard = [shop.house.rows(sql) for sql in SOLD], len((await who.chat())["messages"])
        for post, buttons in ((picture, QUOTE), (order, ORDER), (work, WORK)):
            for button in buttons:
                assert await leaver.press(post, button) == EXPIRED
        assert [shop.house.rows(sql) for sql in SOLD] == before
        assert len((await who.chat())["messages"]) == heard
