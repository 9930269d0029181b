"""Documents at the staff's hands: a quote drafted, looked at and sent by buttons, corrected, withdrawn, answered; the firm's own words by a manager."""

from pathlib import Path

import pytest
from sqlalchemy import select

from crm.base.actors import Role
from crm.base.db import Session
from crm.base.outbound import Say
from crm.conversations.media import arrived
from crm.conversations.pressing import Press
from crm.conversations.threads import Attachment, Conversation
from crm.documents import sending
from crm.documents.documents import Document
from crm.documents.render import Papers
from crm.exchange.made import MadeFiles
from crm.people.contacts import Contact
from scheduler.papers import draw_once
from tests.bots.staff.firm import labels
from tests.bots.staff.office import Office
from tests.bots.staff.test_deals import deal_of, said, same, walk

Message = dict[str, object]


@pytest.fixture
async def ruben(office: Office) -> str:
    """Ruben, a rep."""
    await office.member("ruben")
    return "ruben"


async def quoted(office: Office, folder: Path, person: str = "ruben") -> Message:
    """The draft of a quote for Ann Lee, as its picture."""
    post = await deal_of(office, person)
    post = await walk(office, person, post, "Amount")
    await said(office, person, "250000")
    post = await office.find(person, "Amount: ֏250,000")
    post = await walk(office, person, post, "More", "Quote, invoice")
    await office.press(person, post, "Quote")
    assert labels(await office.find(person, "A picture of it follows")) == []
    return await drawn(office, folder, person)


async def draw(office: Office, folder: Path) -> int:
    """The pictures that are wanted are drawn."""
    done = await draw_once(office.store, Papers(office.store), MadeFiles(folder, office.store), office.now)
    await office.show()
    return done


async def drawn(office: Office, folder: Path, person: str = "ruben") -> Message:
    """The picture that is wanted, drawn."""
    assert await draw(office, folder) == 1
    return await office.last(person)


async def fetched(office: Office) -> None:
    """The files that wait are here."""

    def deed(session: Session) -> None:
        for number in session.scalars(select(Attachment.id).where(Attachment.state == "waiting")).all():
            arrived(session, number, "file", 4, now=office.now())

    await office.store.write(deed)
    await office.show()


async def answer(office: Office, verb: str) -> None:
    """Ann presses a button under the newest document."""

    def deed(session: Session) -> None:
        paper = session.scalars(select(Document).order_by(Document.id.desc())).first()
        contact = session.scalars(select(Contact)).one()
        assert paper is not None
        talk = session.scalars(select(Conversation.id)).one()
        press = Press(talk, "letters", "ann", contact.id, contact.root_id, "en", f"{verb}:{paper.id}", "pressed:1", office.now())
        sending.pressed(session, press, office.company)

    await office.store.write(deed)
    await office.show()


async def test_a_quote_is_drafted_seen_and_sent_by_buttons(office: Office, ruben: str, tmp_path: Path) -> None:
    picture = await quoted(office, tmp_path)
    assert labels(picture) == ["📨 Send to the customer", "Another language", "Write it anew", "Throw it away", "Deal"]
    assert dict(picture["file"])["kind"] == "photo"  # type: ignore[call-overload]
    assert "Quote · ֏250,000 · not sent yet" in str(picture["text"])
    await office.press(ruben, picture, "📨 Send to the customer")
    await fetched(office)
    sent = await office.find(ruben, "It is on its way")
    assert "Send again" in labels(sent)
    says = [one for _, one in office.letters.sent if isinstance(one, Say) and one.media]
    assert [(one.media.name, [b.label for row in one.buttons for b in row]) for one in says if one.media] == [("Q-2025-0001.pdf", ["Accept", "Decline"])]
    await answer(office, "yes")
    told = await office.find(ruben, "has accepted")
    assert labels(told)[:2] == ["Make the invoice", "Deal"]
    await office.press(ruben, told, "Make the invoice")
    await office.find(ruben, "Invoice · ֏250,000")


async def test_a_button_from_before_a_quote_was_sent_sends_it_no_second_time(office: Office, ruben: str, tmp_path: Path) -> None:
    picture = await quoted(office, tmp_path)
    await office.press(ruben, picture, "📨 Send to the customer")
    await fetched(office)
    office.ahead += 60_000
    await office.press(ruben, picture, "📨 Send to the customer")
    await fetched(office)
    assert len([one for _, one in office.letters.sent if isinstance(one, Say) and one.media]) == 1
    post = await office.last(ruben)
    assert "Q-2025-0001 · ֏250,000 · sent" in str(post["text"])
    await office.press(ruben, post, "Send again")
    await fetched(office)
    assert len([one for _, one in office.letters.sent if isinstance(one, Say) and one.media]) == 2


async def test_another_language_a_correction_and_a_withdrawal_are_buttons(office: Office, ruben: str, tmp_path: Path) -> None:
    await office.press(ruben, await quoted(office, tmp_path), "Another language")
    await office.press(ruben, await office.find(ruben, "In which language"), "Հայերեն")
    draft = await drawn(office, tmp_path)
    assert "in Հայերեն" in str(draft["text"])
    await office.press(ruben, draft, "📨 Send to the customer")
    post = await walk(office, ruben, await office.last(ruben), "Withdraw it")
    assert "its buttons tell the customer so" in str(post["text"])
    post = await walk(office, ruben, post, "Undo")
    assert "Q-2025-0001" in str(post["text"])
    post = await walk(office, ruben, post, "Accepted in person")
    assert "accepted" in str(post["text"])
    post = await walk(office, ruben, post, "Not answered after all", "Correct it")
    assert "A newer version" in str(post["text"])
    assert labels(post) == []
    await office.press(ruben, await drawn(office, tmp_path), "📨 Send to the customer")
    assert "version 2" in str((await office.last(ruben))["text"])


async def test_a_document_needs_something_to_stand_on_it(office: Office, ruben: str) -> None:
    await walk(office, ruben, await deal_of(office), "More", "Quote, invoice", "Invoice")
    post = await office.find(ruben, "Say first what is sold")
    assert labels(post) == ["Products", "Amount", "Back"]
    assert "no products in it yet" in str((await walk(office, ruben, post, "Products"))["text"])


async def test_an_invoice_is_asked_for_paid_and_unpaid_by_buttons(office: Office, ruben: str, tmp_path: Path) -> None:
    post = await deal_of(office)
    await walk(office, ruben, post, "Amount")
    await said(office, ruben, "250000")
    await walk(office, ruben, await office.find(ruben, "Amount: ֏250,000"), "More", "Quote, invoice", "Invoice")
    await office.press(ruben, await drawn(office, tmp_path), "📨 Send to the customer")
    post = await walk(office, ruben, await office.find(ruben, "It is on its way"), "Ask for payment")
    assert "They were asked for ֏250,000." in str(post["text"])
    post = await walk(office, ruben, post, "It is paid")
    assert "paid" in str(post["text"])
    assert "Withdraw it" not in labels(post)
    post = await walk(office, ruben, post, "Undo")
    assert "It is paid" in str(labels(post))
    post = await walk(office, ruben, post, "It is paid")
    assert "· paid" in str(post["text"])
    await office.press(ruben, post, "Deal")
    assert "💰 Invoice I-2025-0001 · ֏250,000 · paid" in str((await office.last(ruben))["text"])


async def test_the_card_leads_to_the_documents(office: Office, ruben: str) -> None:
    await deal_of(office)
    card = next(post for post in await office.chat(ruben) if post.get("buttons") and "⋯ More" in labels(post))
    await office.press(ruben, card, "⋯ More")
    await office.press(ruben, await office.find(ruben, "What shall it be about"), "Quote, invoice…")
    assert "which document?" in str((await office.last(ruben))["text"])


async def test_a_manager_sets_the_firms_words_and_takes_them_back(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    home = await said(office, "mariam", "/documents")
    assert "Tell first who you are" in str(home["text"])
    asked = await walk(office, "mariam", home, "About the firm", "Bank account")
    assert "the bank and the account" in str(asked["text"])
    post = await said(office, "mariam", "Ameriabank\n1570001234567890")
    assert "1570001234567890" in str(post["text"])
    post = await walk(office, "mariam", post, "Undo")
    assert "1570001234567890" not in str(post["text"])
    post = await walk(office, "mariam", post, "Back", "Quote", "How many days")
    wrong = await said(office, "mariam", "soon")
    assert "whole number of days" in str(wrong["text"])
    post = await said(office, "mariam", "30")
    assert "How many days: 30" in str(post["text"]).replace("\u2068", "").replace("\u2069", "")
    post = await walk(office, "mariam", post, "All languages", "Русский")
    assert "Русский" in str((await same(office, "mariam", post))["text"])
