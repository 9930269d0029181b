"""What a rep does from their own chat: answers by replying, takes and gives back, notes, puts off, closes, blocks, and asks for lists."""

import asyncio
from typing import Any

import aiohttp
import pytest

from sandbox.telegram.shapes import Json
from tests.walks.desk import Desk, Phone, card_of, customer, data_of, labels, taken
from tests.walks.house import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="session")
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082"
)
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 40
HELD = "SELECT rep_id IS NOT NULL, status FROM conversations WHERE address = ?"


async def test_of_two_who_take_one_has_it_and_the_other_hears_who(desk: Desk, rep: Phone, colleague: Phone) -> None:
    who = await customer(desk.house, "lilit")
    await who.say("Hello, do you make shelves to measure?")
    cards = [await card_of(one, "lilit") for one in (rep, colleague)]
    presses = (one.press_data(card, data_of(card, "Take")) for one, card in zip((rep, colleague), cards, strict=True))
    said = await asyncio.gather(*presses)
    won = [rep, colleague][said.index("It is yours. Reply to the card to answer.")]
    lost = colleague if won is rep else rep
    assert any(won.name.title() in words and "has this conversation" in words for words in said)
    assert (await lost.sees("Taken by"))["buttons"] == []
    await lost.say("Me too!", reply_to=cards[0 if lost is rep else 1]["message_id"])
    assert won.name.title() in (await lost.sees("Not sent."))["text"]
    assert "Me too!" not in await who.heard()


async def test_a_reply_to_the_card_or_to_any_message_of_the_customer_reaches_them(rep: Phone) -> None:
    who, card = await taken(rep, "aram")
    await who.say("In oak, please")
    post = await rep.sees("In oak, please", after=card["message_id"])
    await who.say("And two of them")
    await rep.sees("And two of them", after=post["message_id"])
    await rep.answer(post, "Oak it is.")
    await who.sees("Oak it is.")
    await rep.answer(card, "Two, noted.")
    await who.sees("Two, noted.")
    await rep.sees("Our last answer: sent ✓")


async def test_a_bare_message_reaches_nobody_and_is_explained(rep: Phone) -> None:
    who, _ = await taken(rep, "bella")
    await rep.say("I hope nobody reads this")
    told = await rep.sees("This was not sent to anybody")
    assert "reply to their card" in told["text"]
    assert labels(told) == ["Inbox"]
    assert rep.house.rows("SELECT 1 FROM messages WHERE text = 'I hope nobody reads this'") == []
    assert "I hope nobody reads this" not in await who.heard()


@pytest.mark.parametrize(("kind", "name", "content"), [("photo", "desk.png", PNG), ("document", "plan.pdf", PDF)])
async def test_a_file_passes_both_ways_byte_for_byte(rep: Phone, kind: str, name: str, content: bytes) -> None:
    who, card = await taken(rep, f"sender{kind}")
    await who.send_file(kind, name, content, caption="like this one")
    shown = await rep.sees("like this one", after=card["message_id"])
    assert (shown["file"]["kind"], await rep.file_of(shown)) == (kind, content)
    await rep.send_file(kind, name, content[::-1] if kind == "document" else content, caption="or like this", reply_to=str(shown["message_id"]))
    came = await who.sees("or like this")
    assert (came["file"]["kind"], await who.file_of(came)) == (kind, content[::-1] if kind == "document" else content)
    assert came["file"]["name"] == name or kind == "photo"


async def test_what_a_rep_edits_changes_at_the_customers(rep: Phone) -> None:
    who, card = await taken(rep, "davit", "Hello")
    number = await rep.answer(card, "It costs 90 000")
    first = await who.sees("It costs 90 000")
    await rep.do("edit", message_id=number, text="It costs 80 000")
    assert (await who.sees("It costs 80 000"))["message_id"] == first["message_id"]


async def test_what_a_customer_edits_is_shown_to_the_rep(rep: Phone) -> None:
    who, card = await taken(rep, "emma")
    number = await who.say("Four chairs")
    await rep.sees("Four chairs", after=card["message_id"])
    await who.do("edit", message_id=number, text="Fourteen chairs")
    assert "Emma" in (await rep.sees("changed a message"))["text"]
    await rep.sees("Fourteen chairs", after=card["message_id"])


async def test_the_bot_is_silent_while_a_rep_has_the_conversation_and_speaks_when_it_is_handed_back(rep: Phone) -> None:
    who, card = await taken(rep, "felix")
    before = await who.heard()
    await who.say("talk to a person")
    await rep.sees("talk to a person", after=card["message_id"])
    assert await who.heard() == before
    assert "Handed back" in await rep.press(card, "Hand back")
    await rep.house.until(HELD, str(who.id), want=[(0, "open")])
    await who.say("talk to a person")
    await who.sees("A person will write to you here soon.")


async def test_a_note_is_for_colleagues_only(rep: Phone) -> None:
    who, card = await taken(rep, "gor")
    await rep.press(card, "Note")
    await rep.sees("Write your note about")
    await rep.say("Asks for a discount every time")
    await rep.sees("The note is kept")
    noted = await rep.sees("📝")
    assert (noted["message_id"], "Asks for a discount" in noted["text"]) == (card["message_id"], True)
    assert not any("discount" in text for text in await who.heard())


async def test_a_conversation_put_off_comes_back_with_the_customers_word(rep: Phone) -> None:
    who, card = await taken(rep, "hasmik")
    await rep.press(card, "Later")
    choice = await rep.sees("come back?")
    assert labels(choice) == ["In 1 hour", "In 3 hours", "Tomorrow 09:00", "Monday 09:00"]
    assert "Put off until" in await rep.press(choice, "Tomorrow 09:00")
    await rep.sees("💤 Put off until tomorrow 09:00")
    await who.say("It cannot wait")
    await rep.house.until(HELD, str(who.id), want=[(1, "open")])
    await rep.sees("It cannot wait", after=card["message_id"])


async def test_a_closed_conversation_is_opened_by_the_customers_word(rep: Phone) -> None:
    who, card = await taken(rep, "irina")
    assert await rep.press(card, "Close") == "Closed."
    await rep.sees("✅ Closed")
    assert rep.house.rows(HELD, str(who.id))[0][1] == "closed"
    await who.say("One more thing")
    await rep.house.until("SELECT status FROM conversations WHERE address = ? ORDER BY id", str(who.id), want=[("open",)])
    await rep.sees("One more thing", after=card["message_id"] - 1)
    assert rep.house.rows("SELECT count(*) FROM leads l JOIN conversations c ON c.contact_id = l.contact_id WHERE c.address = ?", str(who.id)) == [(1,)]


async def test_a_blocked_customer_is_kept_but_not_heard_until_it_is_undone(rep: Phone) -> None:
    who, card = await taken(rep, "juda")
    assert await rep.press(card, "Block") == "Blocked."
    undo = await rep.sees("Blocked. \u2068Juda")
    await rep.sees("⛔ Blocked")
    await who.say("Buy my pills")
    await rep.house.until(
        "SELECT 1 FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE c.address = ? AND m.text = 'Buy my pills'", str(who.id)
    )
    await rep.press(undo, "Undo")
    await rep.house.until("SELECT k.blocked FROM contacts k JOIN conversations c ON c.contact_id = k.id WHERE c.address = ?", str(who.id), want=[(0,)])
    await who.say("I meant pillows")
    await rep.sees("I meant pillows", after=undo["message_id"])
    # What they wrote meanwhile stands on their card at most, as the last they said; nobody was called to it.
    posts = [message for message in (await rep.chat())["messages"] if message["message_id"] != card["message_id"]]
    assert not any(message["text"].endswith("Buy my pills\u2069") for message in posts)


@pytest.mark.parametrize(("name", "button", "sent"), [("karo", "Send anyway", True), ("lena", "Do not send", False)])
async def test_a_reply_typed_before_newer_words_were_seen_waits_for_a_second_look(rep: Phone, name: str, button: str, sent: bool) -> None:
    who, card = await taken(rep, name)
    await rep.house.hands.fault("429", bot="staff", chat=rep.id, count=0)  # nothing new is shown to the rep until they have typed
    await who.say("Forget the chairs, I need a wardrobe")
    await rep.house.until(
        "SELECT 1 FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE c.address = ? AND m.text LIKE 'Forget%'", str(who.id)
    )
    typed = await rep.say("The chairs are ready!", reply_to=card["message_id"])
    await rep.house.until("SELECT 1 FROM wizards w JOIN reps r ON r.id = w.rep_id WHERE r.address = ? AND w.name = ?", str(rep.id), f"unsent:{typed}")
    await rep.house.hands.heal()
    warned = await rep.sees("Not sent: ")
    assert "I need a wardrobe" in warned["text"]
    assert "The chairs are ready!" not in await who.heard()
    assert await rep.press(warned, button) == ("Sent." if sent else "Not sent.")
    await rep.answer(card, "Which wood?")
    await who.sees("Which wood?")
    assert ("The chairs are ready!" in await who.heard()) is sent


async def test_a_visitor_of_the_site_is_answered_from_telegram(rep: Phone) -> None:
    shop = rep.house.shop
    async with rep.house.http.ws_connect(f"{shop}/in/webchat/socket", origin=shop) as socket:
        await socket.send_json({"type": "hello", "last_seq": 0, "language": "en"})
        await socket.send_json({"type": "say", "id": "visit-0001", "text": "Do you deliver beds to Gyumri?"})
        card = await rep.sees("beds to Gyumri")
        assert "Site chat" in card["text"]
        await rep.answer(card, "Yes, every Friday.")
        line = await frame_with(socket, "Yes, every Friday.")
    assert (line["type"], line["from"]) == ("message", "rep")


async def frame_with(socket: aiohttp.ClientWebSocketResponse, text: str) -> dict[str, Any]:
    """Read frames until one carries a text."""
    async with asyncio.timeout(PATIENCE):
        while True:
            frame = dict(await socket.receive_json())
            if frame.get("text") == text:
                return frame


async def test_a_form_cannot_be_answered_and_the_rep_is_told_what_to_do_instead(rep: Phone) -> None:
    async with rep.house.http.post(f"{rep.house.shop}/in/form", data={"name": "Mher", "phone": "094 555 777", "text": "A round table"}) as answer:
        assert answer.status == 200
    card = await rep.sees("A round table")
    assert "+37494555777" in card["text"]
    await rep.answer(card, "It will take a week")
    await rep.sees("The customer cannot be written to there. Try their phone")
    assert rep.house.rows("SELECT 1 FROM deliveries WHERE account = 'form'") == []


async def test_long_words_arrive_in_parts_and_in_order(rep: Phone) -> None:
    who, card = await taken(rep, "nune")
    story = " ".join(f"word{number:04}" for number in range(455))
    await who.say(story)
    await rep.sees("word0454", after=card["message_id"])
    posts = [message for message in (await rep.chat())["messages"] if message["from"] == "bot" and message["message_id"] != card["message_id"]]
    parts = [message["text"] for message in posts if "word0" in message["text"]]
    assert [word.strip("\u2068\u2069") for word in " ".join(parts).split() if "word" in word] == story.split()
    reply = " ".join(f"answer{number:04}" for number in range(900))
    await rep.house.hands.post("/play/raw", {"bot": "staff", "update": typed(rep, reply, card["message_id"])})
    await who.sees("answer0899")
    said = [text for text in await who.heard() if "answer" in text]
    assert (len(said) > 1, " ".join(said)) == (True, reply)


def typed(rep: Phone, text: str, reply_to: int) -> dict[str, Any]:
    """A reply longer than the sandbox's own phones take, as Telegram would deliver it."""
    chat = {"id": rep.id, "type": "private", "first_name": "Rep"}
    sender = {"id": rep.id, "is_bot": False, "first_name": "Rep"}
    replied = {"message_id": reply_to, "date": 1, "chat": chat, "text": "card"}
    return {"message": {"message_id": 900_000, "date": 1, "chat": chat, "from": sender, "text": text, "reply_to_message": replied}}


SAYS = {
    "/inbox": ("", "Inbox", "Press"),
    "/mine": ("My work", "My conversations", "1 conversation. Press it to see its card."),
    "/lead": ("Selling", "Lead", "Reply with /lead to a card"),
    "/available": ("My work", "On or off duty", "duty"),
    "/help": ("Settings", "Help", "/inbox — "),
    "/language": ("Settings", "Language", "Which language shall I speak?"),
}


@pytest.mark.parametrize("command", SAYS)
async def test_a_command_and_its_button_do_the_same(desk: Desk, rep: Phone, command: str) -> None:
    await taken(rep, f"own{command[1:]}")
    group, label, words = SAYS[command]
    before = await rep.last_id()
    await rep.say(command)
    first = await rep.sees(words, after=before)
    await rep.say("/start")
    menu = await rep.sees("What would you like to do?", after=before)
    if group:
        menu = await turned(rep, menu, group, group)
    while label not in labels(menu):
        menu = await turned(rep, menu, "More", group)
    await rep.press(menu, label)
    again = await rep.sees(words, after=menu["message_id"])
    assert len(labels(first)) == len(labels(again))
    assert first["text"] == again["text"] or command == "/available"


async def turned(rep: Phone, menu: Json, button: str, group: str) -> Json:
    """The menu after a press that changed it where it stands into a page of a group."""
    revision = (await rep.chat())["revision"]
    await rep.press(menu, button)
    return await rep.sees(group, since=revision)


async def test_the_lead_of_a_card_is_shown_and_moved(rep: Phone) -> None:
    _, card = await taken(rep, "ofelia")
    await rep.answer(card, "/lead")
    lead = await rep.sees("First words:")
    assert await rep.press(lead, "Won") == "Lead: won"


async def test_a_rep_chooses_their_language_and_the_command_list_follows(rep: Phone) -> None:
    await rep.say("/language")
    choice = await rep.sees("Which language")
    assert await rep.press(choice, "Русский") == "Русский"
    assert "Меню" in labels(await rep.sees("", after=choice["message_id"]))
    menu = {line["command"]: line["description"] for line in (await rep.chat())["menu"]}
    assert not menu["help"].isascii()


async def listed(who: Phone) -> set[str]:
    """The commands that somebody's Telegram offers."""
    return {line["command"] for line in (await who.chat())["menu"]}


async def test_each_role_has_its_own_list_of_commands(desk: Desk, rep: Phone) -> None:
    await customer(desk.house, "passerby")
    outside = {line["command"] for line in (await desk.house.hands.chat("passerby", bot="staff"))["menu"]}
    async with asyncio.timeout(PATIENCE):
        while (reps := await listed(rep)) == outside:  # the list follows the welcome
            await asyncio.sleep(0.05)
    managers = await listed(desk.manager)
    assert outside == {"start"}
    assert reps == {
        "start",
        "inbox",
        "find",
        "mine",
        "tasks",
        "task",
        "day",
        "later",
        "snippets",
        "lead",
        "field",
        "deal",
        "deals",
        "order",
        "pipeline",
        "products",
        "document",
        "projects",
        "ratings",
        "merge",
        "refer",
        "kind",
        "tag",
        "capture",
        "available",
        "queue",
        "leave",
        "calendar",
        "tour",
        "files",
        "language",
        "history",
        "help",
        "web",
    }
    assert managers > reps
    assert {"today", "leads", "invite", "followup", "promo", "parked", "release", "templates", "link", "links", "support"} <= managers


async def test_no_menu_of_either_bot_ever_has_more_than_eight_buttons(desk: Desk) -> None:
    requests = await desk.house.hands.log()
    keyboards = [(request["parameters"].get("text"), request["parameters"].get("reply_markup") or {}) for request in requests]
    shown = [(sum(len(row) for row in keyboard.get("inline_keyboard") or keyboard.get("keyboard") or []), text) for text, keyboard in keyboards]
    assert max(count for count, _ in shown) > 0
    assert [one for one in shown if one[0] > 8] == []
