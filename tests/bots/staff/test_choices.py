"""Choices of the firm's fields as buttons: an old button never writes another value, and every choice can be reached."""

import pytest
from sqlalchemy import select

from crm.base.actors import Rep, Role
from crm.people.fields import About, FieldKind, FieldValue, FieldView
from crm.people.fieldset import Draft, make_field, set_choices
from tests.bots.staff.firm import Message, firm, labels
from tests.bots.staff.office import Office


@pytest.fixture
async def boss(office: Office) -> Rep:
    """A manager to whom Ann has written."""
    office.company = firm()
    found = await office.member("boss", Role.MANAGER)
    await office.letter("Do you have oak tables?")
    await office.show()
    return found


async def sizes(office: Office, boss: Rep, about: About, *choices: str) -> FieldView:
    draft = Draft(about, FieldKind.CHOICE, "Size", "\n".join(choices))
    return await office.store.write(lambda session: make_field(session, boss, draft, now=office.now()))


async def values(office: Office) -> list[str]:
    return await office.store.read(lambda session: list(session.scalars(select(FieldValue.value))))


async def walk(office: Office, post: Message, *buttons: str) -> Message:
    """The newest state of a post after some buttons, one after another."""
    for button in buttons:
        await office.press("boss", post, next(label for label in labels(post) if button in label))
        post = next(one for one in await office.chat("boss") if one["message_id"] == post["message_id"])
    return post


async def details(office: Office) -> Message:
    await office.say("boss", "/field", reply_to=(await office.find("boss", "oak tables"))["message_id"])
    await office.settle()
    return await office.last("boss")


async def deal(office: Office) -> Message:
    await office.press("boss", await office.find("boss", "oak tables"), "💼 Deal")
    await office.press("boss", await office.find("boss", "has no deal yet"), "New deal")
    return await walk(office, await office.find("boss", "Whose:"), "More…", "More…", "Fields", "Size")


async def test_a_button_from_before_writes_the_choice_it_names(office: Office, boss: Rep) -> None:
    field = await sizes(office, boss, About.CONTACT, "Small", "Big")
    post = await walk(office, await details(office), "Size")
    await office.store.write(lambda session: set_choices(session, boss, field.id, "Tiny\nSmall\nBig", now=office.now()))
    await walk(office, post, "Small")
    assert await values(office) == ["Small"]


async def test_a_button_of_a_choice_that_is_gone_writes_nothing(office: Office, boss: Rep) -> None:
    field = await sizes(office, boss, About.CONTACT, "Small", "Big")
    post = await walk(office, await details(office), "Size")
    await office.store.write(lambda session: set_choices(session, boss, field.id, "Tiny\nHuge", now=office.now()))
    await walk(office, post, "Small")
    assert await values(office) == []


async def test_a_deals_button_from_before_writes_the_choice_it_names(office: Office, boss: Rep) -> None:
    field = await sizes(office, boss, About.DEAL, "Small", "Big")
    post = await deal(office)
    await office.store.write(lambda session: set_choices(session, boss, field.id, "Tiny\nSmall\nBig", now=office.now()))
    await walk(office, post, "Small")
    assert await values(office) == ["Small"]


async def test_the_last_of_many_choices_of_a_deal_is_reached(office: Office, boss: Rep) -> None:
    names = [f"S{number:02}" for number in range(14)]
    await sizes(office, boss, About.DEAL, *names)
    post, seen = await deal(office), list[str]()
    for _ in range(3):
        seen += [label for label in labels(post) if label in names]
        post = await walk(office, post, "More")
    assert seen == names
    await walk(office, await walk(office, post, "More", "More"), "S13")
    assert await values(office) == ["S13"]
