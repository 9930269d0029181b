"""Where somebody is written to, as the staff sees it on the card's More: what and why, a press that chooses, and the way back."""

import pytest
from sqlalchemy import select, update

from crm.base.db import Session
from crm.base.settings import Company
from crm.people import link
from crm.people.contacts import Contact, Identity
from tests.bots.staff.firm import firm, labels, press, toast
from tests.bots.staff.office import Office


@pytest.fixture
def company() -> Company:
    return firm()


def words(message: dict[str, object]) -> str:
    """The text of a message without the marks around names."""
    return str(message["text"]).replace("\u2068", "").replace("\u2069", "")


async def opened(office: Office) -> dict[str, object]:
    """The post behind "More" of Ann's card."""
    card = await office.find("ruben", "And chairs?")
    assert "⋯ More" in labels(card)
    await office.press("ruben", card, "⋯ More")
    menu = await office.find("ruben", "What shall it be about")
    while "📮 Channel" not in labels(menu):
        menu = await press(office, "ruben", menu, "More")
    await office.press("ruben", menu, "📮 Channel")
    return await office.find("ruben", "is written to on")


async def ann(office: Office) -> None:
    """Ann wrote on Telegram, and then letters."""
    await office.member("ruben")
    await office.letter("Do you have tables?", who="ann-tg", name="Ann Lee")
    await office.letter("And chairs?")

    def join(session: Session) -> None:
        session.execute(update(Identity).where(Identity.external_id == "ann-tg").values(account="telegram", username="annlee"))
        one, other = session.scalars(select(Contact.id).order_by(Contact.id)).all()
        link.link(session, other, one, why="token", now=office.now())

    await office.store.write(join)
    await office.show()


async def test_a_rep_sees_where_they_are_written_to_chooses_and_leaves_it_to_itself(office: Office) -> None:
    await ann(office)
    post = await opened(office)
    assert words(post) == "Ann Lee is written to on Letters: they wrote there last.\nWhere shall news, follow-ups and offers go?"
    assert labels(post) == ["Letters", "Telegram @annlee"]
    done = await press(office, "ruben", post, "Telegram @annlee")
    assert await toast(office) == "Written down."
    assert "is written to on Telegram @annlee: somebody of the team chose it." in words(done)
    assert labels(done) == ["Letters", "Let it choose itself"]
    done = await press(office, "ruben", done, "Let it choose itself")
    assert "is written to on Letters: they wrote there last." in words(done)
    assert await office.store.read(lambda s: list(s.scalars(select(Contact.preferred_id).where(Contact.preferred_id.is_not(None))))) == []


async def test_one_channel_leaves_nothing_to_choose_and_none_says_so(office: Office) -> None:
    await office.member("ruben")
    await office.letter("And chairs?")
    await office.show()
    post = await opened(office)
    assert (words(post), labels(post)) == ("Ann Lee is written to on Letters: there is no other way now.", [])
    await office.store.write(lambda s: s.execute(update(Identity).values(reachable=0)) and None)
    menu = await office.find("ruben", "What shall it be about")
    await office.press("ruben", menu, "📮 Channel")
    assert "Ann Lee cannot be written to on any channel now." in words(await office.last("ruben"))
