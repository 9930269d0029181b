"""A quote by buttons alone: drafted, looked at, sent as a PDF, accepted with a tap; a correction takes the place of what the customer has."""

import io

import pypdf
import pytest

from sandbox.telegram.shapes import Json
from tests.walks.desk import Desk, Phone, labels
from tests.walks.test_deals import new_deal

pytestmark = pytest.mark.asyncio(loop_scope="session")
STATE = "SELECT d.number, d.version, d.state FROM documents d JOIN contacts c ON c.id = d.contact_id WHERE c.platform_name = ? ORDER BY d.id"


async def priced(rep: Phone, who: str, amount: str) -> Json:
    """A deal of somebody who has just written, with its amount; as its post."""
    post = await new_deal(rep, who)
    await rep.press(post, "Amount")
    await rep.sees("how much is it worth?", since=post["revision"])
    await rep.say(amount)
    return await rep.sees(f"Amount: ֏{amount[:-3]},{amount[-3:]}")


async def drafted(rep: Phone, post: Json, kind: str = "Quote") -> Json:
    """The picture of a new document of a deal."""
    await rep.press(post, "More…")
    more = await rep.sees("what do you want to change?", since=post["revision"])
    await rep.press(more, "Quote, invoice…")
    await rep.press(await rep.sees("document", since=more["revision"]), kind)
    said = await rep.sees("A picture of it follows")
    return await rep.sees(kind, after=said["message_id"])


def words(made: bytes) -> str:
    """What stands in a PDF."""
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(made)).pages).split())


async def test_a_quote_goes_from_a_card_to_a_yes_by_buttons(rep: Phone) -> None:
    post = await priced(rep, "arusik", "250000")
    picture = await drafted(rep, post)
    assert picture["file"]["kind"] == "photo"
    assert (await rep.file_of(picture)).startswith(b"\x89PNG")
    await rep.press(picture, "📨 Send to the customer")
    await rep.sees("It is on its way", after=picture["message_id"])
    nvard = Phone(rep.house, "arusik", "customer", 0)
    came = await nvard.sees("Quote Q-")
    assert labels(came) == ["Accept", "Decline"]
    seen = words(await nvard.file_of(came))
    assert "Arusik" in seen
    assert "֏250,000" in seen
    assert "DRAFT" not in seen
    await nvard.press(came, "Accept")
    await nvard.sees("You have accepted Quote Q-")
    told = await rep.sees("has accepted")
    assert "Make the invoice" in labels(told)
    [(number, version, state)] = await rep.house.until(STATE, "Arusik")
    assert (number[:2], version, state) == ("Q-", 1, "accepted")


async def test_a_corrected_quote_takes_the_place_of_the_first(rep: Phone) -> None:
    post = await priced(rep, "sirarpi", "120000")
    picture = await drafted(rep, post)
    await rep.press(picture, "📨 Send to the customer")
    sent = await rep.sees("It is on its way", after=picture["message_id"])
    sirarpi = Phone(rep.house, "sirarpi", "customer", 0)
    first = await sirarpi.sees("Quote Q-")
    await rep.press(sent, "Correct it")
    newer = await rep.sees("A newer version", since=sent["revision"])
    await rep.press(await rep.sees("not sent yet", after=newer["message_id"]), "📨 Send to the customer")
    second = await sirarpi.sees("version 2", after=first["message_id"])
    await sirarpi.press(first, "Decline")
    await sirarpi.sees("was replaced by")
    await sirarpi.press(second, "Decline")
    await sirarpi.sees("You have declined")
    await rep.sees("has declined")
    states = [state for _, _, state in rep.house.rows(STATE, "Sirarpi")]
    assert states == ["superseded", "declined"]


async def test_what_the_firm_says_of_itself_stands_on_its_papers(desk: Desk, rep: Phone) -> None:
    manager = desk.manager
    asked = await manager.say("/documents")
    home = await manager.sees("What stands on your quotes", after=asked)
    await manager.press(home, "About the firm")
    ours = await manager.sees("Name of the firm", since=home["revision"])
    await manager.press(ours, "✏️ Bank account")
    await manager.sees("the bank and the account", since=ours["revision"])
    await manager.say("Marani Bank 1570001234567890")
    await manager.sees("1570001234567890")
    picture = await drafted(rep, await priced(rep, "tatevik", "99000"), "Invoice")
    await rep.press(picture, "📨 Send to the customer")
    tatevik = Phone(rep.house, "tatevik", "customer", 0)
    came = await tatevik.sees("Invoice I-")
    assert not came.get("buttons")
    assert "Marani Bank 1570001234567890" in words(await tatevik.file_of(came))
