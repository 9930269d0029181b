"""What a manager does in a day: a promotion to those who agreed, its result, whoever had enough, and the day's report."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.walks.house import PATIENCE, House, open_house, staffed, zone_where_it_is

pytestmark = pytest.mark.asyncio(loop_scope="session")
FRIENDS = {"arpi": "Arpi", "hakob": "Hakob", "nare": "Nare"}
TEXT = "Hello {name}, chairs are cheaper at {company} this week"
MARKETING = "SELECT k.marketing FROM contacts k JOIN conversations c ON c.contact_id = k.id WHERE c.address = ?"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house where it is noon, so that nobody is left to sleep."""
    folder: Path = tmp_path_factory.mktemp("noon")
    async with open_house(folder, COMPANY_ZONE=zone_where_it_is(12)) as made:
        await staffed(made)
        await made.start()
        await made.until("SELECT name FROM reps ORDER BY name", want=[("Mariam",), ("Tigran",)])
        yield made


async def answer(house: House, name: str, text: str, contains: str) -> dict[str, Any]:
    """A customer says something and the bot answers."""
    seen = (await house.hands.chat(name))["messages"][-1]["message_id"]
    await house.hands.do(name, "send", text=text)
    return await house.hands.wait(name, after=seen, contains=contains, timeout=PATIENCE)


async def friend(house: House, name: str, first_name: str) -> str:
    """A customer who agreed to offers; answers their address."""
    person = await house.hands.introduce(name, first_name=first_name, language_code="en")
    address = str(person["person"]["id"])
    await house.hands.do(name, "start")
    await house.hands.wait(name, contains="What can we help", timeout=PATIENCE)
    await answer(house, name, "A walnut desk", "phone")
    question = await answer(house, name, "091 23 45 67", "offers")
    await house.hands.do(name, "click", message_id=question["message_id"], button="Yes")
    await house.until(MARKETING, address, want=[(1,)])
    return address


async def by_form(house: House) -> None:
    """Somebody agrees in the form, where nothing can be sent to them."""
    fields = {"name": "Sona", "phone": "+374 94 555666", "text": "A wardrobe", "offers": "on", "submission": "s" * 20}
    async with house.http.post(f"{house.shop}/in/form", data=fields) as answered:
        assert answered.status == 200
    await house.until("SELECT k.marketing FROM contacts k JOIN leads l ON l.contact_id = k.id WHERE l.channel = 'form'", want=[(1,)])


async def says(house: House, text: str, contains: str) -> dict[str, Any]:
    """The manager types, and the staff bot answers."""
    seen = (await house.hands.chat("mariam", bot="staff"))["messages"][-1]["message_id"]
    await house.hands.do("mariam", "send", bot="staff", text=text)
    return await house.hands.wait("mariam", bot="staff", after=seen, contains=contains, timeout=PATIENCE)


async def presses(house: House, message: dict[str, Any], button: str) -> None:
    """The manager presses a button."""
    await house.hands.do("mariam", "click", bot="staff", message_id=message["message_id"], button=button, wait=0)


async def preview(house: House, text: str) -> dict[str, Any]:
    """The manager goes from the command to the preview of a text."""
    first = await says(house, "/promo", "1 of 3")
    await presses(house, first, "Next: the text")
    await house.hands.wait("mariam", bot="staff", contains="2 of 3", timeout=PATIENCE)
    return await says(house, text, "3 of 3")


async def test_a_promotion_reaches_who_agreed_and_never_again_who_said_stop(office: House) -> None:
    hands = office.hands
    addresses = [await friend(office, name, first_name) for name, first_name in FRIENDS.items()]
    await by_form(office)
    shown = await preview(office, TEXT)
    assert "3 people get it" in shown["text"]
    assert "cannot be reached: 1" in shown["text"]
    assert "chairs are cheaper at Marani" in shown["text"]
    await presses(office, shown, "Send to 3")
    for name, first_name in FRIENDS.items():
        await hands.wait(name, contains=f"Hello {first_name}, chairs", timeout=PATIENCE)
    await hands.wait("mariam", bot="staff", contains="Sent: 3 of 3", timeout=PATIENCE)
    result = await hands.wait("mariam", bot="staff", contains="finished", timeout=PATIENCE)

    offer = await hands.wait("nare", contains="chairs", timeout=PATIENCE)
    await hands.do("nare", "click", message_id=offer["message_id"], button="Stop")
    await office.until(MARKETING, addresses[2], want=[(-1,)])
    await hands.do("arpi", "send", text="How much is one?")
    await office.until("SELECT 1 FROM messages WHERE text = 'How much is one?'")
    await presses(office, result, "Refresh")
    await hands.wait("mariam", bot="staff", contains="Turned offers off: 1", timeout=PATIENCE)

    again = await preview(office, "Hello {name}, sofas now")
    assert "0 people get it" in again["text"]
    assert "no consent to offers: 1" in again["text"]
    assert "in the last 24 hours: 2" in again["text"]


async def test_a_day_and_a_restart_later_the_next_promotion_passes_over_who_stopped(office: House) -> None:
    """The day is made to pass by moving what was written down about it; the promotion is begun before the restart and sent after it."""
    hands = office.hands
    first = await says(office, "/promo", "1 of 3")
    await office.stop()
    office.change("UPDATE contacts SET promoted_at = promoted_at - 90000000 WHERE promoted_at > 0")
    office.change("UPDATE recipients SET composed_at = composed_at - 90000000")
    await office.start()
    await presses(office, first, "Next: the text")
    await hands.wait("mariam", bot="staff", contains="2 of 3", timeout=PATIENCE)
    shown = await says(office, "Hello {name}, sofas now", "3 of 3")
    assert "2 people get it" in shown["text"]
    await presses(office, shown, "Send to 2")
    for name in ("arpi", "hakob"):
        await hands.wait(name, contains="sofas now", timeout=PATIENCE)
    await hands.wait("mariam", bot="staff", contains="Sent: 2 of 2", timeout=PATIENCE)
    assert not any("sofas" in message["text"] for message in (await hands.chat("nare"))["messages"])


async def test_the_manager_sees_the_day_and_the_leads(office: House) -> None:
    day = await says(office, "/today", "The day so far")
    assert "New leads: 4" in day["text"]
    leads = await says(office, "/leads", "newest first")
    assert "Nare" in leads["text"]
    assert "Only new" in [button["text"] for row in leads["buttons"] for button in row]
    shown = await says(office, "/followup", "Follow-ups are on")
    await presses(office, shown, "Pause")
    await office.until("SELECT state FROM sequences", want=[("paused",)])
