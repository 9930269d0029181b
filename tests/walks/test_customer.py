"""What a customer meets: a greeting in their language, questions they may skip, a person whenever they want one, offers only if they agree."""

import asyncio

import aiohttp
import pytest

from tests.walks.house import PATIENCE, House

pytestmark = pytest.mark.asyncio(loop_scope="session")
ONE_OF_EACH = """SELECT (SELECT count(*) FROM identities i WHERE i.external_id = ?), (SELECT count(*) FROM conversations c WHERE c.address = ?),
(SELECT count(*) FROM leads l JOIN conversations c ON c.id = l.conversation_id WHERE c.address = ?)"""


async def person(house: House, name: str, **names: str) -> str:
    """Bring a customer on; answers their address."""
    answer = await house.hands.introduce(name, **{"first_name": name.title(), **names})
    return str(answer["person"]["id"])


@pytest.mark.parametrize(
    ("name", "hint", "text", "greeting"),
    [
        ("ani", "ru", "Բարև ձեզ", "Բարև"),
        ("nino", "en", "გამარჯობა", "გამარჯობა"),
        ("abebe", "en", "ሰላም ዋጋ ስንት ነው?", "ሰላም"),
        ("ivan", "en", "Здравствуйте", "Здравствуйте"),
        ("mary", "ru", "Hello there", "Hello"),
        ("gayane", "en", "barev dzez", "Բարև"),
        ("pyotr", "ru", "...", "Здравствуйте"),
    ],
)
async def test_a_stranger_is_greeted_in_their_language(house: House, name: str, hint: str, text: str, greeting: str) -> None:
    await person(house, name, language_code=hint)
    await house.hands.do(name, "send", text=text)
    message = await house.hands.wait(name, contains="Marani", timeout=PATIENCE)
    assert message["text"].startswith(greeting), message["text"]


async def test_three_first_messages_at_once_make_one_of_each_and_one_greeting(house: House) -> None:
    address = await person(house, "eager", language_code="en")
    await house.hands.do("eager", "start", payload="spring_flyer")
    await asyncio.gather(*(house.hands.do("eager", "send", text=text) for text in ("Hello", "I need chairs", "six of them")))
    await house.until(
        "SELECT count(*) FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE c.address = ? AND m.author = 'contact'", address, want=[(4,)]
    )
    await house.until(ONE_OF_EACH, address, address, address, want=[(1, 1, 1)])
    await house.hands.wait("eager", contains="Marani", timeout=PATIENCE)
    greetings = [m for m in (await house.hands.chat("eager"))["messages"] if m["from"] == "bot" and "Marani" in m["text"]]
    assert len(greetings) == 1
    assert "spring_flyer" in house.rows("SELECT l.source FROM leads l JOIN conversations c ON c.id = l.conversation_id WHERE c.address = ?", address)[0][0]


async def answer(house: House, name: str, text: str, contains: str) -> dict[str, object]:
    """Say something and wait for the bot's answer."""
    seen = (await house.hands.chat(name))["messages"][-1]["message_id"]
    await house.hands.do(name, "send", text=text)
    return dict(await house.hands.wait(name, after=seen, contains=contains, timeout=PATIENCE))


async def test_a_stranger_is_asked_what_is_needed_and_agrees_to_offers(house: House) -> None:
    address = await person(house, "maro", language_code="en", first_name="Maro")
    await house.hands.do("maro", "start")
    await house.hands.wait("maro", contains="What can we help", timeout=PATIENCE)
    await answer(house, "maro", "A walnut desk", "phone")
    question = await answer(house, "maro", "091 23 45 67", "offers")
    await house.hands.do("maro", "click", message_id=question["message_id"], button="Yes")
    await house.until("SELECT k.granted, k.shown FROM consents k JOIN conversations c ON c.contact_id = k.contact_id WHERE c.address = ?", address)
    granted, shown = house.rows("SELECT k.granted, k.shown FROM consents k JOIN conversations c ON c.contact_id = k.contact_id WHERE c.address = ?", address)[0]
    assert granted == 1
    assert "offers" in shown
    await house.until(
        "SELECT l.status, l.need FROM leads l JOIN conversations c ON c.id = l.conversation_id WHERE c.address = ?",
        address,
        want=[("qualified", "A walnut desk")],
    )
    await house.until(
        "SELECT p.value, p.proof FROM contact_points p JOIN conversations c ON c.contact_id = p.contact_id WHERE c.address = ?",
        address,
        want=[("+37491234567", "claimed")],
    )


async def test_a_shared_contact_is_believed_only_when_it_is_their_own(house: House) -> None:
    address = await person(house, "karen", language_code="en")
    await house.hands.do("karen", "start")
    await house.hands.wait("karen", contains="What can we help", timeout=PATIENCE)
    await answer(house, "karen", "A bench", "phone")
    await house.hands.do("karen", "contact", phone="37493111222", user_id=999)
    await house.until("SELECT author FROM messages WHERE kind = 'contact' AND text LIKE '%37493111222'", want=[("contact",)])
    await house.hands.do("karen", "contact", phone="37493111333")
    await house.until(
        "SELECT p.proof FROM contact_points p JOIN conversations c ON c.contact_id = p.contact_id WHERE c.address = ? AND p.value = '+37493111333'",
        address,
        want=[("shared",)],
    )
    assert house.rows("SELECT proof FROM contact_points WHERE value LIKE '%37493111222'") == []


async def test_a_photo_before_a_name_is_kept_with_its_bytes(house: House) -> None:
    address = await person(house, "lusine", language_code="en")
    await house.hands.send_file("lusine", "photo", "desk.png", PNG)
    await house.until(
        "SELECT a.state FROM attachments a JOIN messages m ON m.id = a.message_id JOIN conversations c ON c.id = m.conversation_id WHERE c.address = ?",
        address,
        want=[("ready",)],
    )


async def test_stop_has_exactly_one_confirmation_and_a_second_stop_another(house: House) -> None:
    address = await person(house, "tired", language_code="en")
    await house.hands.do("tired", "start")
    await house.hands.wait("tired", contains="Marani", timeout=PATIENCE)
    before = len((await house.hands.chat("tired"))["messages"])
    flags = "SELECT k.marketing, k.silenced FROM contacts k JOIN conversations c ON c.contact_id = k.id WHERE c.address = ?"
    for want in ((-1, 0), (-1, 1), (-1, 1)):
        await house.hands.do("tired", "send", text="stop")
        await house.until(flags, address, want=[want])
    await house.until(
        "SELECT count(*) FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE c.address = ? AND m.text = 'stop'", address, want=[(3,)]
    )
    await house.hands.do("tired", "send", text="a person please")
    await house.until("SELECT 1 FROM messages WHERE text = 'a person please'")
    await house.until("SELECT 1 FROM deliveries WHERE address = ? AND state IN ('queued', 'sending')", address, want=[])
    confirmations = [m for m in (await house.hands.chat("tired"))["messages"][before:] if m["from"] == "bot"]
    assert len(confirmations) == 3  # two stops, then the person who was asked for


async def test_staff_commands_are_unknown_words_to_customers(house: House) -> None:
    answers = set()
    for number, text in enumerate(("/today", "/promo", "/parked", "/invite manager", "/frobnicate")):
        await person(house, f"nosy{number}", language_code="en", first_name="Nosy")
        await house.hands.do(f"nosy{number}", "start")
        await house.hands.wait(f"nosy{number}", contains="Marani", timeout=PATIENCE)
        answers.add(str((await answer(house, f"nosy{number}", text, ""))["text"]))
    assert len(answers) == 1, answers


async def test_a_form_makes_a_lead_with_its_source(house: House) -> None:
    fields = {"name": "Sona", "phone": "+374 94 555666", "text": "A wardrobe", "utm_source": "flyer", "referrer": "https://example.am/", "submission": "s" * 20}
    for _ in range(2):
        async with house.http.post(f"{house.shop}/in/form", data=fields) as answered:
            assert answered.status == 200
    await house.until("SELECT count(*) FROM leads WHERE channel = 'form' AND need = 'A wardrobe'", want=[(1,)])
    assert "flyer" in house.rows("SELECT source FROM leads WHERE need = 'A wardrobe'")[0][0]
    assert house.rows("SELECT k.marketing FROM contacts k JOIN leads l ON l.contact_id = k.id WHERE l.need = 'A wardrobe'") == [(0,)]


async def test_a_robot_in_the_form_leaves_no_trace(house: House) -> None:
    async with house.http.post(f"{house.shop}/in/form", data={"text": "buy pills", "homepage": "http://spam"}) as answered:
        assert answered.status == 200
    assert house.rows("SELECT 1 FROM messages WHERE text LIKE '%pills%'") == []


async def visitor(house: House, socket: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, object]:
    """The next frame of a kind."""
    async with asyncio.timeout(PATIENCE):
        while True:
            frame = await socket.receive_json()
            if frame["type"] == kind:
                return dict(frame)


async def test_a_visitor_goes_on_in_telegram_and_is_one_person(house: House) -> None:
    async with house.http.ws_connect(f"{house.shop}/in/webchat/socket", origin=house.shop) as socket:
        await socket.send_json(
            {
                "type": "hello",
                "last_seq": 0,
                "page": "https://shop.example/?utm_source=ad",
                "referrer": "https://search.example/",
                "language": "en",
                "utm_source": "ad",
            }
        )
        await visitor(house, socket, "welcome")
        await socket.send_json({"type": "say", "id": "c1-abcdefgh", "text": "Hello, do you deliver?"})
        await visitor(house, socket, "kept")
        while True:
            frame = await visitor(house, socket, "message")
            buttons = [button for row in frame.get("buttons", []) for button in row]  # type: ignore[attr-defined]
            offered = [button for button in buttons if button.get("value") == "continue"]
            if offered:
                break
        await socket.send_json({"type": "press", "id": "c2-abcdefgh", "value": "continue", "label": offered[0]["label"], "message": str(frame["seq"])})
        while True:
            frame = await visitor(house, socket, "message")
            links = [button["url"] for row in frame.get("buttons", []) for button in row if button.get("url")]  # type: ignore[attr-defined]
            if links:
                break
    payload = links[0].split("start=")[1]
    address = await person(house, "walker", language_code="en")
    await house.hands.do("walker", "start", payload=payload)
    roots = (
        "SELECT count(DISTINCT k.root_id), count(*) FROM contacts k JOIN conversations c ON c.contact_id = k.id WHERE c.address = ? OR c.account = 'webchat'"
    )
    await house.until(roots, address, want=[(1, 2)])
    assert house.rows(
        "SELECT count(*) FROM leads l JOIN contacts k ON k.root_id = l.contact_id JOIN conversations c ON c.contact_id = k.id WHERE c.address = ?", address
    ) == [(1,)]
    await person(house, "thief", language_code="en")
    await house.hands.do("thief", "start", payload=payload)
    await house.hands.wait("thief", contains="Marani", timeout=PATIENCE)
    await house.until(roots, address, want=[(1, 2)])


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082"
)
