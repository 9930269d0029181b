"""How people are greeted: as staff said, else by the name they told, never by a guess; merged, parted and forgotten with them."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bots.customer.words import goes_by, hello
from crm.base.actors import Role
from crm.base.answers import Facts
from crm.base.db import Store
from crm.base.errors import Forbidden
from crm.base.settings import Company
from crm.base.template import Values, names_for, parse, render
from crm.conversations import snippets
from crm.conversations.threads import Conversation, Message
from crm.outreach import persons
from crm.outreach.greeting import choices, greet_as
from crm.people.contacts import Contact
from tests.conftest import NOON
from tests.crm.fake import hear, hire, raw, said


@pytest.mark.parametrize(
    ("name", "words"),
    [("Abebe Bikila", ("Abebe", "Bikila", "Abebe Bikila")), ("Անի", ("Անի",)), ("+374 91 123456", ()), ("Ann Ann", ("Ann", "Ann Ann")), ("", ())],
)
def test_the_words_of_a_name_are_offered(name: str, words: tuple[str, ...]) -> None:
    assert choices(name) == words


def test_a_guess_is_never_a_greeting_name() -> None:
    hello_you = parse("Hi {greeting_name|friend}!")
    assert render(hello_you, Values(**names_for("", "", "Bikila Abebe")), "en") == "Hi friend!"
    assert render(hello_you, Values(**names_for("", "Abebe Bikila", "x")), "en") == "Hi Abebe Bikila!"
    assert render(hello_you, Values(**names_for("Abebe", "Abebe Bikila", "x")), "en") == "Hi Abebe!"
    assert render(parse("{greeting_name}"), Values(), "en") == "dear customer"


def test_the_bot_greets_as_somebody_said() -> None:
    facts = Facts("Marani", "en", ("en",), name="Abebe Bikila", platform_name="ab")
    assert goes_by(facts) == "Abebe Bikila"
    assert "Hello, Abebe!" in hello(Facts("Marani", "en", ("en",), name="Abebe Bikila", greeting_name="Abebe"))


async def people(store: Store, company: Company, *names: str) -> list[int]:
    await hear(store, company, *(said(name, name) for name in names))
    return await store.read(lambda s: list(s.scalars(select(Conversation.contact_id).order_by(Conversation.id))))


async def greeting(store: Store, number: int) -> str:
    return await store.read(lambda s: s.get_one(Contact, number).greeting_name)


async def test_a_rep_says_it_and_every_text_follows(store: Store, company: Company) -> None:
    [ann], rep, trainee = await people(store, company, "ann"), await hire(store, "ruben", Role.MANAGER), await hire(store, "guest", Role.GUEST)
    with pytest.raises(Forbidden):
        await store.write(lambda s: greet_as(s, trainee, ann, "Annie", now=NOON))
    assert await store.write(lambda s: greet_as(s, rep, ann, "  Annie\u202e ", now=NOON)) == ""

    def ready(session: Session) -> str:
        number = snippets.write(session, rep, "hi", "en", "Hello {greeting_name}, {name}!", now=NOON).id
        talk = session.scalars(select(Conversation.id)).one()
        return snippets.filled(session, rep, number, talk, company, "fake")

    assert await store.write(ready) == "Hello Annie, Ann!"
    await hear(store, company, raw("again", "ann", "start"), now=NOON)
    assert await store.write(lambda s: greet_as(s, rep, ann, "", now=NOON)) == "Annie"


async def test_two_who_are_one_keep_it_and_when_parted_have_their_own_again(store: Store, company: Company) -> None:
    rep = await hire(store, "mariam", Role.MANAGER)
    ann, bob = await people(store, company, "ann", "bob")
    await store.write(lambda s: greet_as(s, rep, bob, "Bobby", now=NOON))
    link = await store.write(lambda s: persons.merged(s, rep, ann, bob, now=NOON + 1))
    assert await greeting(store, ann) == "Bobby"
    await store.write(lambda s: greet_as(s, rep, ann, "Annie", now=NOON + 2))
    await store.write(lambda s: persons.parted(s, rep, link, now=NOON + 3))
    assert [await greeting(store, ann), await greeting(store, bob)] == ["Annie", "Bobby"]


async def test_a_customer_the_bot_knows_is_greeted_so(store: Store, company: Company) -> None:
    rep, [ann] = await hire(store, "mariam", Role.MANAGER), await people(store, company, "ann")
    await store.write(lambda s: greet_as(s, rep, ann, "Annie", now=NOON))
    await store.write(lambda s: setattr(s.scalars(select(Conversation)).one(), "flow_state", ""))
    await hear(store, company, raw("9", "ann", "start"), now=NOON)
    texts = await store.read(lambda s: list(s.scalars(select(Message.text))))
    assert any("Hello, Annie!" in text for text in texts)
