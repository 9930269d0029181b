"""/link and /links: a link that brings a product and a source, for every channel; a post with its button; the leads it brought."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from sqlalchemy import select

from bots.staff.transport import StaffOptions
from crm.base.actors import Role
from crm.base.db import Store
from crm.base.outbound import Delete, Reason, Say, Undeliverable
from crm.base.settings import Company
from crm.sales.entries import Entry, Ways
from sandbox.telegram.hands import Hands
from tests.bots.staff.firm import Message, ask, firm, labels, press, toast
from tests.bots.staff.office import Office, Wall


@pytest.fixture
def company() -> Company:
    return firm()


@pytest_asyncio.fixture
async def office(store: Store, company: Company, options: StaffOptions, hands: Hands, wall: Wall) -> AsyncIterator[Office]:
    ways = Ways(lambda code, words: {"letters": f"https://letters/{code}"}, lambda name: {"letters": name} if name.startswith("@") else {})
    made = Office(store, company, replace(options, ways=ways), hands, wall)
    await made.staff.open()
    yield made
    await made.staff.close()


def words(message: Message) -> str:
    return str(message["text"]).replace("\u2068", "").replace("\u2069", "")


async def code(office: Office) -> str:
    return await office.store.read(lambda s: s.scalars(select(Entry.code).order_by(Entry.id.desc())).first() or "")


async def linked(office: Office) -> Message:
    """Mariam makes a link by typing its two words."""
    await office.member("mariam", Role.MANAGER)
    return await ask(office, "mariam", "/link Oak table | Autumn post")


async def draft(office: Office, link: Message) -> Message:
    """The post as it would be, before it is posted."""
    await office.press("mariam", link, "Post it in a channel")
    await ask(office, "mariam", "@marani")
    question = await ask(office, "mariam", "New oak tables!")
    await office.press("mariam", question, "Գրեք մեզ")
    return await office.last("mariam")


async def test_a_link_is_made_by_two_choices_and_shows_the_way_into_each_channel(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    question = await ask(office, "mariam", "/link")
    assert "Which product" in words(question)
    question = await ask(office, "mariam", "Oak table")
    await office.press("mariam", question, "Flyer")
    link = await office.last("mariam")
    made = await code(office)
    for told in ("🔗 Oak table · Flyer", f"Letters: https://letters/{made}", f"In words: #{made}", "0 leads came by it."):
        assert told in words(link)


async def test_what_was_used_before_is_a_button(office: Office) -> None:
    await linked(office)
    question = await ask(office, "mariam", "/link")
    await office.press("mariam", question, "Oak table")
    question = await office.last("mariam")
    assert labels(question)[0] == "Autumn post"
    await office.press("mariam", question, "Autumn post")
    assert "🔗 Oak table · Autumn post" in words(await office.last("mariam"))


async def test_the_card_tells_what_brought_a_customer_and_the_link_counts_them(office: Office) -> None:
    await linked(office)
    await office.letter(f"How much? #{await code(office)}")
    await office.show()
    assert "🛒 Oak table · Autumn post" in words(await office.find("mariam", "How much?"))
    listed = await ask(office, "mariam", "/links")
    assert "1. Oak table · Autumn post: 1 lead" in words(listed)
    await office.press("mariam", listed, "1")
    assert "1 lead came by it." in words(await office.last("mariam"))


async def test_a_link_made_by_mistake_is_listed_no_more_and_again(office: Office) -> None:
    link = await press(office, "mariam", await linked(office), "Undo")
    assert "There are no links yet" in words(await ask(office, "mariam", "/links"))
    await press(office, "mariam", link, "Undo")
    assert "Oak table" in words(await ask(office, "mariam", "/links"))


async def test_a_post_is_looked_at_before_it_leaves_and_taken_down_again(office: Office) -> None:
    look = await draft(office, await linked(office))
    url = f"https://letters/{await code(office)}"
    for told in ("@marani will show this", "New oak tables!", f"[ Գրեք մեզ ] {url}"):
        assert told in words(look)
    assert office.letters.sent == []
    posted = await press(office, "mariam", look, "Post it now")
    [(address, say)] = office.letters.sent
    assert isinstance(say, Say)
    assert (address, say.text, say.buttons[0][0].url) == ("@marani", "New oak tables!", url)
    down = await press(office, "mariam", posted, "Take it down")
    assert office.letters.sent[1:] == [("@marani", Delete("letter-1"))]
    assert "taken down" in words(down)
    await office.press("mariam", down, "Post it again")
    await office.press("mariam", await office.find("mariam", "will show this"), "Post it now")
    assert [say.text for _, say in office.letters.sent if isinstance(say, Say)] == ["New oak tables!"] * 2


async def test_a_post_that_is_not_taken_says_why_and_what_to_do(office: Office) -> None:
    look = await draft(office, await linked(office))
    await office.refuse(Undeliverable(Reason.BLOCKED, "bot is not a member of the channel chat"))
    await office.press("mariam", look, "Post it now")
    trouble = await office.find("mariam", "Your post in @marani failed")
    assert "must be an administrator there" in words(trouble)
    assert labels(trouble) == ["Post it again"]


async def test_the_button_of_an_older_look_posts_nothing(office: Office) -> None:
    link = await linked(office)
    older = await draft(office, link)
    newer = await draft(office, link)
    await office.press("mariam", older, "Post it now")
    assert "expired" in await toast(office)
    await office.press("mariam", newer, "Post it now")
    await office.press("mariam", older, "Post it now")
    assert "left or done already" in await toast(office)
    assert len(office.letters.sent) == 1


async def test_a_name_that_is_no_channel_is_asked_for_again(office: Office) -> None:
    await office.press("mariam", await linked(office), "Post it in a channel")
    assert "no channel I can post in" in words(await ask(office, "mariam", "my friends"))
    assert "Type the text of the post" in words(await ask(office, "mariam", "@marani"))


async def test_links_are_for_managers(office: Office) -> None:
    await office.member("tigran")
    await ask(office, "tigran", "/link Oak | Flyer")
    assert "/link is for managers." in await office.posts("tigran")
    assert await code(office) == ""
