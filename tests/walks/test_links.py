"""A link that tells what brought a customer, from the manager's words to the card; a post in a public channel; a rep's emoji on a customer's message."""

import re

import pytest

from tests.walks.desk import Desk, Phone, customer, labels, taken
from tests.walks.house import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="session")
POSTED = "SELECT state FROM deliveries WHERE address = ? ORDER BY id"


async def test_who_follows_a_link_is_a_lead_of_its_product_and_the_link_counts_them(desk: Desk, rep: Phone) -> None:
    await desk.manager.say("/link Oak table | Autumn post")
    made = await desk.manager.sees("🔗 \u2068Oak table\u2069")
    found = re.search(r"https://t\.me/\w+\?start=(\w{8})", made["text"])
    assert found, made["text"]
    who = await customer(desk.house, "linda")
    await who.do("start", payload=found[1])
    await who.say("How much is it?")
    await rep.sees("🛒 \u2068Oak table\u2069 · \u2068Autumn post\u2069")
    await desk.manager.say("/links")
    await desk.manager.sees("\u2068Oak table\u2069 · \u2068Autumn post\u2069: 1 lead")


async def test_a_post_with_a_links_button_stands_in_the_channel_until_it_is_taken_down(desk: Desk) -> None:
    board, manager = "@walkshop", desk.manager
    await desk.house.hands.do(board, "admit", bot="customer")
    await manager.say("/link Walnut desk | Channel")
    await manager.press(await manager.sees("🔗 \u2068Walnut desk\u2069"), "Post it in a channel")
    await manager.sees("In which channel shall it stand?")
    await manager.say(board)
    await manager.sees("Type the text of the post.")
    await manager.say("A new desk of walnut")
    question = await manager.sees("What shall its button say?")
    await manager.press(question, labels(question)[0])
    await manager.press(await manager.sees(f"{board} will show this."), "Post it now")
    post = await desk.house.hands.wait(board, contains="A new desk of walnut", timeout=PATIENCE)
    assert "?start=" in post["buttons"][0][0]["url"]
    await desk.house.until(POSTED, board, want=[("sent",)])
    await manager.press(await manager.sees("📢"), "Take it down")
    await desk.house.until(POSTED, board, want=[("sent",), ("sent",)])
    assert (await desk.house.hands.chat(board))["messages"] == []


async def test_a_reps_emoji_on_a_post_stands_on_the_customers_message_and_goes_again(rep: Phone) -> None:
    who, card = await taken(rep, "edita")
    await who.say("What a beautiful desk")
    post = await rep.sees("What a beautiful desk", after=card["message_id"])

    async def standing(want: list[str]) -> None:
        """The customer sees these on their words."""
        await rep.house.until("SELECT count(*) FROM deliveries WHERE once LIKE 'react:%' AND state = 'sent'", want=[(len(seen),)])
        words = [one for one in (await who.chat())["messages"] if one["text"] == "What a beautiful desk"]
        assert [emoji for put in (words[-1].get("reactions") or {}).values() for emoji in put] == want

    seen = ["❤"]
    await rep.do("react", message_id=post["message_id"], emoji="❤")
    await standing(["❤"])
    seen.append("")
    await rep.do("react", message_id=post["message_id"], emoji="")
    await standing([])
