"""/web: a member of staff gets a button that logs their browser in, once."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from crm.base.actors import Role
from crm.base.errors import Expired
from crm.base.settings import Company
from crm.people.logins import LOGIN_MS, Login, enter, log_in
from tests.bots.staff.firm import labels, press
from tests.bots.staff.office import Office
from tests.crm.fake import rows

AT = "https://crm.example/desk"


@pytest.fixture
def company(company: Company) -> Company:
    """A firm whose web inbox has an address."""
    return replace(company, desk_at=AT)


async def ask(office: Office, person: str, words: str = "/web") -> dict[str, object]:
    """The newest post after somebody's words."""
    await office.say(person, words)
    await office.settle()
    return await office.last(person)


def address(message: dict[str, object]) -> str:
    """Where the one button under a message leads."""
    found: list[list[dict[str, str]]] = message["buttons"]  # type: ignore[assignment]
    [[button]] = found
    return button["url"]


async def test_web_gives_a_button_that_logs_its_owner_in_once(office: Office) -> None:
    ruben = await office.member("ruben")
    post = await ask(office, "ruben")
    assert labels(post) == ["Open the inbox"]
    head, _, secret = address(post).rpartition("/")
    assert (head, len(secret) >= 22, secret in str(post["text"])) == (f"{AT}/login", True, False)
    assert await office.store.write(lambda s: log_in(s, secret, "key", agent="", now=office.now())) == ruben
    with pytest.raises(Expired):
        await office.store.write(lambda s: log_in(s, secret, "again", agent="", now=office.now()))


async def test_each_asking_gives_another_link_that_dies_after_five_minutes(office: Office) -> None:
    await office.member("ruben")
    first, second = address(await ask(office, "ruben")), address(await ask(office, "ruben"))
    assert first != second
    office.ahead += LOGIN_MS
    with pytest.raises(Expired):
        await office.store.write(lambda s: log_in(s, second.rpartition("/")[2], "key", agent="", now=office.now()))


async def test_who_asks_decides_whose_link_it_is(office: Office) -> None:
    mariam = await office.member("mariam", Role.MANAGER)
    await office.member("ruben")
    secret = address(await ask(office, "mariam")).rpartition("/")[2]
    await office.store.write(lambda s: log_in(s, secret, "key", agent="", now=office.now()))
    assert (await office.store.read(lambda s: enter(s, "key", now=office.now()))).rep == mariam


@pytest.mark.parametrize("role", [Role.REP, Role.MANAGER])
async def test_the_menu_leads_there(office: Office, role: Role) -> None:
    await office.member("ruben", role)
    menu = await press(office, "ruben", await ask(office, "ruben", "/start"), "Settings")
    while "In the browser" not in labels(menu):
        menu = await press(office, "ruben", menu, "More")
    assert len(labels(menu)) <= 8
    await office.press("ruben", menu, "In the browser")
    assert address(await office.last("ruben")).startswith(AT)


async def test_a_stranger_gets_no_link(office: Office) -> None:
    await office.hands.introduce("eve", first_name="Eve", language_code="en")
    await office.hands.do("eve", "start", bot="staff")
    await ask(office, "eve")
    assert not any("desk" in post for post in await office.posts("eve"))
    assert await rows(office.store, select(Login.id)) == []


async def test_without_an_address_it_says_what_is_missing(office: Office) -> None:
    office.staff._company = replace(office.company, desk_at="")
    await office.member("ruben")
    assert "PUBLIC_URL" in str((await ask(office, "ruben"))["text"])
    assert await rows(office.store, select(Login.id)) == []
