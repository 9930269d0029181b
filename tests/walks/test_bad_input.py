"""Hostile input at every door: a clear answer, nothing lost, nobody in, and afterwards everything goes on and the books balance."""

import asyncio
import gzip
import json
from typing import Any

import aiohttp
import pytest

from crm.base.db import look
from crm.reports.books import check
from sandbox.telegram.shapes import Json
from tests.walks.desk import Desk, Phone, card_of, customer, data_of, phone, taken
from tests.walks.house import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="session")
TEXTS = "SELECT m.text FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE c.address = ? AND m.author = 'contact' ORDER BY m.id"
HOSTILE = [
    "\u202egnp.exe\u202c",
    "a" + "\u0301" * 1000,
    "_*[<b>`~|{{7*7}} {name} </a>",
    "<b>" * 500,
    "x" * 4096,
    "\u200b\u2066\ufeff",
    "\x1b[31mred\x1b[0m",
    "👩‍👩‍👧‍👦" * 300,
    "\U000e0041\U000e0042",
    "line\n" * 500,
]
# As only a hostile client could have it sent: half a character, a NUL, more than a message holds, nested deeply.
RAW = ["half \ud800 a character", "nul \x00 inside", "y" * 20_000, "\udfff", "1" * 5000]


def message_of(who: Phone, text: object, **more: object) -> Json:
    """A message as an update."""
    person = {"id": who.id, "first_name": who.name.title(), "language_code": "en"}
    head = {"message_id": 10_000 + len(str(text)), "date": 1, "chat": {**person, "type": "private"}, "from": {**person, "is_bot": False}}
    return {**head, "text": text, **more}


async def raw(who: Phone, update: Json) -> None:
    """Have an update delivered exactly as it is."""
    await who.house.hands.post("/play/raw", {"bot": who.bot, "update": update})


async def worked_off(desk: Desk, kept: int) -> None:
    """Wait until this many more events than `kept` are in, and all are done."""
    await desk.house.until("SELECT 1 FROM raw_events GROUP BY 1 HAVING count(*) >= ?", kept)
    await desk.house.until("SELECT count(*) FROM waiting WHERE parked = 0", want=[(0,)])


def kept(desk: Desk) -> int:
    """How many events are in."""
    return int(desk.house.rows("SELECT count(*) FROM raw_events")[0][0])


async def test_hostile_texts_are_kept_shown_and_answered(desk: Desk, rep: Phone) -> None:
    who = await customer(desk.house, "mallory", first_name="\u202e<b>Mallory</b>\u0301{{7*7}}")
    for text in HOSTILE:
        await who.say(text)
    for number, text in enumerate(RAW):
        await raw(who, {"message": message_of(who, text, message_id=20_000 + number)})
    await who.say("And now a plain question")
    card = await rep.sees("And now a plain question")
    assert "\u202e" not in card["text"]
    await rep.answer(card, "And a plain <b>answer</b> _*[`")
    await who.sees("And a plain <b>answer</b> _*[`")
    heard = [row[0] for row in desk.house.rows(TEXTS, str(who.id))]
    assert len(heard) == len(HOSTILE) + len(RAW) + 1
    assert heard[4] == "x" * 4096
    assert not any("\x00" in text or "\ud800" in text for text in heard)


async def test_hostile_texts_reach_the_rep_in_full(desk: Desk, rep: Phone) -> None:
    who, card = await taken(rep, "oscar")
    await who.say("_*[<b>`~|{{7*7}} {name} </a>")
    await rep.sees("_*[<b>`~|{{7*7}} {name} </a>", after=card["message_id"])
    await who.say("\u202egnp.exe")
    assert "\u202e" not in (await rep.sees("gnp.exe", after=card["message_id"]))["text"]


async def test_a_button_is_good_for_the_one_who_got_it_and_for_one_effect(desk: Desk, rep: Phone, colleague: Phone) -> None:
    who = await customer(desk.house, "peggy")
    await who.say("Hello, I need a lamp for my desk")
    card, other = await card_of(rep, "peggy"), await card_of(colleague, "peggy")
    take = data_of(card, "Take")
    for data in (data_of(other, "Take"), take[:-1], "x" * 64, "\u00ff" * 32, "\u202e\ud7ff", "{}", "take:1"):
        assert "expired" in await rep.press_data(card, data)
    outsider = await phone(desk.house, "trudy", "staff")
    await outsider.say("hello")
    turned_away = await outsider.sees("for the staff")
    assert await outsider.press_data(turned_away, take) != "It is yours. Reply to the card to answer."
    assert desk.house.rows("SELECT rep_id FROM conversations WHERE address = ?", str(who.id)) == [(None,)]
    said = await asyncio.gather(*(rep.press_data(card, take) for _ in range(20)))
    assert set(said) == {"It is yours. Reply to the card to answer."}
    events = "SELECT count(*) FROM domain_events e JOIN conversations c ON c.id = e.subject_id WHERE e.kind = 'taken' AND c.address = ?"
    assert desk.house.rows(events, str(who.id)) == [(1,)]


async def test_a_customer_who_presses_what_no_button_carries_changes_nothing(desk: Desk, rep: Phone) -> None:
    who = await customer(desk.house, "quentin")
    await who.say("Hello")
    question = await who.sees("Marani")
    before = kept(desk)
    pressed = ("x" * 64, "offers:yes:xx:yy", "lang:xx", "\u00ff" * 32, "stop:")
    for data in pressed:
        await who.press_data(question, data)
    await worked_off(desk, before + len(pressed))
    assert desk.house.rows("SELECT k.language FROM contacts k JOIN conversations c ON c.contact_id = k.id WHERE c.address = ?", str(who.id)) == [("en",)]
    await who.say("I need a stool for the kitchen")
    await rep.sees("I need a stool for the kitchen")


async def test_five_wrong_invitations_lock_the_door(desk: Desk) -> None:
    guesser = await phone(desk.house, "guesser", "staff")
    for guess in range(5):
        await guesser.do("start", payload=f"guess{guess}")
    await desk.house.until("SELECT failures FROM strangers WHERE address = ?", str(guesser.id), want=[(5,)])
    before = kept(desk)
    await guesser.do("start", payload=desk.invitations[-1])
    await worked_off(desk, before + 1)
    assert desk.house.rows("SELECT 1 FROM reps WHERE address = ?", str(guesser.id)) == []
    async with desk.rep() as member:
        await member.sees("Welcome")


async def test_staff_commands_are_unknown_words_to_everybody_else(desk: Desk, rep: Phone) -> None:
    answers = []
    for number, words in enumerate(("/today", "/promo", "/invite manager", "/export", "/start_everything", "/nosuchcommand")):
        who = await customer(desk.house, f"nosy{number}", first_name="Nosy")
        await who.say("Hello")
        first = await who.sees("Marani")
        await who.say(words)
        answers.append((await who.sees("", after=first["message_id"]))["text"])
    assert len(set(answers)) == 1
    outsider = await phone(desk.house, "outsider", "staff")
    await outsider.say("/today")
    assert "for the staff of Marani" in (await outsider.sees(""))["text"]


async def test_a_forwarded_or_edited_command_does_nothing(desk: Desk, rep: Phone) -> None:
    forwarded = {"type": "user", "sender_user": {"id": 1, "is_bot": False, "first_name": "Mariam"}, "date": 1}
    await raw(rep, {"message": message_of(rep, "/available", forward_origin=forwarded)})
    await raw(rep, {"edited_message": message_of(rep, "/available", edit_date=2)})
    await raw(rep, {"message": message_of(rep, "/available", via_bot={"id": 9, "is_bot": True, "first_name": "Inline"})})
    await raw(rep, {"message": message_of(rep, "/available", chat={"id": -100, "type": "group", "title": "Us"})})
    await rep.say("/help")
    await rep.sees("/inbox — ")
    assert desk.house.rows("SELECT available FROM reps WHERE address = ?", str(rep.id)) == [(1,)]


NONE, HELP, LEAD, BARE = "You have no conversation now.", "/inbox — ", "Reply with /lead to a card", "This was not sent to anybody"
ARGUMENTS = {
    "/mine " + "9" * 10_000: NONE,
    "/mine\n/available": NONE,
    "/available@otherbot": HELP,
    "/mine@staff_bot": NONE,
    "/lead ٣": LEAD,
    "/lead --": LEAD,
    "/mine ²": NONE,
    "/mine \"'": NONE,
    "/": BARE,
    "//": BARE,
    "/İnbox": HELP,
}


@pytest.mark.parametrize("words", ARGUMENTS, ids=range(len(ARGUMENTS)))
async def test_strange_arguments_get_an_answer_and_do_nothing(desk: Desk, rep: Phone, words: str) -> None:
    await raw(rep, {"message": message_of(rep, words)})
    await rep.sees(ARGUMENTS[words])
    assert desk.house.rows("SELECT available FROM reps WHERE address = ?", str(rep.id)) == [(1,)]


@pytest.mark.parametrize("words", ["/invite manager", "/promo", "/today", "/parked", "/followup", "/leads"])
async def test_a_managers_commands_are_refused_to_a_rep_in_words(desk: Desk, rep: Phone, words: str) -> None:
    before = desk.house.rows("SELECT count(*) FROM invites")
    await rep.say(words)
    await rep.sees(f"{words.split()[0]} is for managers.")
    assert desk.house.rows("SELECT count(*) FROM invites") == before


async def test_a_start_link_that_is_not_ours_makes_a_lead_and_nothing_more(desk: Desk, rep: Phone) -> None:
    before, payloads = kept(desk), ("A" * 64, "A" * 65, "<script>", "../../etc/passwd", "' OR 1=1 --", "c" * 22, "\ud800")
    people = [await customer(desk.house, f"arrival{number}") for number in range(len(payloads))]
    for who, payload in zip(people, payloads, strict=True):
        await raw(who, {"message": message_of(who, f"/start {payload}")})
    await worked_off(desk, before + len(payloads))
    roots = "SELECT count(DISTINCT k.root_id), count(DISTINCT l.id) FROM contacts k JOIN conversations c ON c.contact_id = k.id JOIN leads l ON l.contact_id = k.id WHERE c.address IN"
    numbers = ",".join(f"'{who.id}'" for who in people)
    await desk.house.until(f"{roots} ({numbers})", want=[(len(payloads), len(payloads))])


JSON_TYPE = {"Content-Type": "application/json"}
BODIES: list[tuple[int, bytes, dict[str, str]]] = [
    (413, b"text=" + b"x" * 100_000, {"Content-Type": "application/x-www-form-urlencoded"}),
    (415, gzip.compress(b"x" * 1_000_000), {"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip"}),
    (415, b"<xml/>", {"Content-Type": "text/xml"}),
    (400, b"{" * 50_000, JSON_TYPE),
    (400, b"[" * 50_000 + b"]" * 50_000, JSON_TYPE),
    (400, b'{"text": {"$ne": 1}}', JSON_TYPE),
    (400, b'{"text": ' + b"9" * 5000 + b"}", JSON_TYPE),
    (400, b'{"text": NaN}', JSON_TYPE),
    (400, b'{"text": "a", "text": "b"}', JSON_TYPE),
    (400, b'\xef\xbb\xbf{"text": "a"}', JSON_TYPE),
    (400, '{"text": "a"}'.encode("utf-16"), JSON_TYPE),
    (400, b'{"text": "a"} more', JSON_TYPE),
    (400, b'["text"]', JSON_TYPE),
    (400, b"", JSON_TYPE),
    (403, b'{"text": "a"}', {**JSON_TYPE, "Origin": "https://evil.example"}),
]


@pytest.mark.parametrize(("status", "body", "headers"), BODIES)
async def test_a_form_body_that_is_none_is_refused_and_leaves_nothing(desk: Desk, status: int, body: bytes, headers: dict[str, str]) -> None:
    before = desk.house.rows("SELECT count(*) FROM raw_events WHERE account = 'form'")
    async with desk.house.http.post(f"{desk.house.shop}/in/form", data=body, headers=headers) as answer:
        said = await answer.text()
    expected = {413, 400} if len(body) > 65_536 else {status}
    assert answer.status in expected
    assert "Traceback" not in said
    assert desk.house.rows("SELECT count(*) FROM raw_events WHERE account = 'form'") == before


async def test_a_form_claims_nothing_but_its_own_words(desk: Desk, rep: Phone) -> None:
    fields = {"name": "{{7*7}} \u202eVera", "text": "A \x00 shelf {name}", "role": "manager", "contact_id": "1", "offers": "on", "phone": "1" * 300}
    async with desk.house.http.post(f"{desk.house.shop}/in/form", json=fields) as answer:
        assert answer.status == 200
    card = await rep.sees("shelf {name}")
    assert "\u202e" not in card["text"]
    assert desk.house.rows("SELECT count(*) FROM reps WHERE name LIKE '%Vera%'") == [(0,)]


FRAMES = [
    "not json",
    "[]",
    '{"type": "fly"}',
    '{"type": "say"}',
    '{"type": "hello", "last_seq": -1}',
    '{"type": "hello", "last_seq": 1e400}',
    '{"type": "hello", "role": "agent"}',
    b"\x00\xff",
    "x" * 20_000,
]


@pytest.mark.parametrize("frame", FRAMES)
async def test_a_widget_that_talks_nonsense_is_hung_up_on(desk: Desk, frame: str | bytes) -> None:
    async with desk.house.http.ws_connect(f"{desk.house.shop}/in/webchat/socket", origin=desk.house.shop) as socket:
        await (socket.send_bytes(frame) if isinstance(frame, bytes) else socket.send_str(frame))
        async with asyncio.timeout(PATIENCE):
            ended = await socket.receive()
    assert ended.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING)


async def test_another_site_s_page_may_not_open_the_widget(desk: Desk) -> None:
    for origin in ("https://evil.example", "null"):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await desk.house.http.ws_connect(f"{desk.house.shop}/in/webchat/socket", origin=origin)
        assert refused.value.status == 403


async def test_a_visitor_who_claims_to_be_somebody_is_not_believed(desk: Desk, rep: Phone) -> None:
    known = await customer(desk.house, "rufina")
    await known.say("My phone is 091 44 55 66")
    await rep.sees("091 44 55 66")
    socket = await desk.house.http.ws_connect(f"{desk.house.shop}/in/webchat/socket", origin=desk.house.shop)
    async with socket:
        await socket.send_json({"type": "hello", "last_seq": 0, "language": "en"})
        await socket.send_json({"type": "say", "id": "claim-0001", "text": "I am Rufina, agent and manager, 091 44 55 66 {{7*7}}"})
        await rep.sees("I am Rufina, agent and manager")
    merged: list[Any] = desk.house.rows("SELECT count(*) FROM contacts WHERE root_id != id")
    assert merged == [(0,)]


async def test_after_all_that_a_conversation_goes_on_and_the_books_balance(desk: Desk, rep: Phone) -> None:
    who, card = await taken(rep, "sweetheart")
    await rep.answer(card, "Everything works here.")
    await who.sees("Everything works here.")
    async with desk.house.http.get(f"{desk.house.shop}/ready") as answer:
        assert answer.status == 200
    books = await asyncio.to_thread(look, desk.house.url, check)
    assert books.problems == ()
    assert [one.account for one in books.accounts] == ["form", "staff", "telegram", "webchat"]
    log = desk.house.log.read_text()
    assert "Traceback" not in log
    assert not any(token in log for token in ("100:CUSTOMER", "200:STAFF"))
    assert json.dumps(desk.house.rows("SELECT error FROM waiting WHERE parked = 1")) == "[]"
