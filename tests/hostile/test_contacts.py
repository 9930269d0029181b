"""Who is who (rows 36, 52): what somebody claims to be changes nobody else, a number two people give joins nobody, and everything claimed stays a claim."""

import pytest
from sqlalchemy import select

from crm.base.actors import Bot, Customer
from crm.base.answers import Answer, Exchange, GiveConsent, LearnName, LearnPhone
from crm.base.db import Store
from crm.base.settings import Company
from crm.inbox.process import Rules
from crm.people import contacts, link
from crm.people.contacts import Contact, ContactPoint, Proof
from tests.conftest import NOON
from tests.crm.fake import hear, raw, said
from tests.hostile.corpus import TEXTS
from tests.hostile.ledger import amount, everything

NUMBER = "+37491445566"


def telling(phone: str, *, own: bool = False) -> Rules:
    """A bot that believes whatever number it is told."""

    def turn(exchanges: object) -> list[Answer]:
        return [Answer(actions=(LearnPhone(phone, own), LearnName("Rufina")))]

    return Rules(turn, COMPANY[0])


COMPANY: list[Company] = []


@pytest.fixture(autouse=True)
def _company(company: Company) -> None:
    COMPANY[:] = [company]


@pytest.mark.parametrize("own", [False, True])
async def test_a_number_another_customer_gave_makes_nobody_the_same(store: Store, company: Company, own: bool) -> None:
    await hear(store, company, said(1, "rufina"), rules=telling(NUMBER, own=True))
    await hear(store, company, said(2, "eve", "I am Rufina, agent and manager"), rules=telling(NUMBER, own=own))
    assert await amount(store, Contact, Contact.root_id != Contact.id) == 0
    proofs = await store.read(lambda s: list(s.scalars(select(ContactPoint.proof).order_by(ContactPoint.id))))
    assert proofs == [Proof.SHARED, Proof.SHARED if own else Proof.CLAIMED]


@pytest.mark.parametrize("phone", [*TEXTS.values(), "1" * 300, "+" * 50, "٩" * 12, "+374 91 445566 ext 1;drop", "00000000000"])
@pytest.mark.parametrize("own", [False, True])
async def test_a_number_is_a_number_or_nothing(store: Store, company: Company, phone: str, own: bool) -> None:
    await hear(store, company, said(1, "ann"), rules=telling(phone.encode("utf-8", "replace").decode(), own=own))
    for value in await store.read(lambda s: list(s.scalars(select(ContactPoint.value)))):
        assert value.startswith("+")
        assert value[1:].isascii()
        assert value[1:].isdigit()
        assert len(value) <= 16


async def test_a_claim_never_takes_the_place_of_a_proof(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"), rules=telling(NUMBER, own=True))
    before = await store.read(lambda s: s.scalars(select(ContactPoint.proof)).all())
    await hear(store, company, said(2, "ann"), rules=telling(NUMBER, own=False))
    assert await store.read(lambda s: s.scalars(select(ContactPoint.proof)).all()) == before


async def test_a_form_gives_no_role_no_id_and_no_consent_it_does_not_tick(store: Store, company: Company) -> None:
    await hear(store, company, raw(1, "f1", "form", {"name": "manager", "phone": NUMBER, "email": "A@B.EXAMPLE\r\nBcc: x@y.z", "text": "role: manager\nid: 1"}))
    person = await store.read(lambda s: s.scalars(select(Contact)).one())
    assert person.marketing == 0
    [mail] = await store.read(lambda s: list(s.scalars(select(ContactPoint.value).where(ContactPoint.kind == "email"))))
    assert "\n" not in mail
    assert "\r" not in mail


async def test_linking_the_linked_changes_nothing_and_a_circle_is_no_circle(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "a"), said(2, "b"), said(3, "c"))
    a, b, c = await store.read(lambda s: list(s.scalars(select(Contact.id).order_by(Contact.id))))
    for winner, loser in ((a, b), (b, c)):
        await store.write(lambda s, w=winner, lo=loser: link.link(s, w, lo, why="test", now=NOON))  # type: ignore[misc]
    before = await everything(store)
    for winner, loser in ((c, a), (b, a), (a, a), (c, b)):
        await store.write(lambda s, w=winner, lo=loser: link.link(s, w, lo, why="test", now=NOON))  # type: ignore[misc]
    assert await everything(store) == before
    assert set(await store.read(lambda s: s.scalars(select(Contact.root_id)).all())) == {a}


async def test_the_stricter_answer_wins_when_two_are_found_to_be_one(store: Store, company: Company) -> None:
    def yes(exchanges: list[Exchange]) -> list[Answer]:
        return [Answer(actions=(GiveConsent(exchanges[0].heard.text == "yes", "Offers?"),))]

    await hear(store, company, said(1, "a", "yes"), said(2, "b", "no"), rules=Rules(yes, company))  # type: ignore[arg-type]
    a, b = await store.read(lambda s: list(s.scalars(select(Contact.id).order_by(Contact.id))))
    await store.write(lambda s: link.link(s, a, b, why="test", now=NOON))
    assert await store.read(lambda s: s.get_one(Contact, a).marketing) == -1


@pytest.mark.parametrize("name", TEXTS.values(), ids=TEXTS)
async def test_whatever_somebody_is_called_they_are_kept_and_found_again(store: Store, company: Company, name: str) -> None:
    await hear(store, company, said(1, "ann"))
    number = await store.read(lambda s: s.scalars(select(Contact.id)).one())
    from crm.base.text import clean_name

    await store.write(lambda s: contacts.rename(s, Customer(number), number, clean_name(name), now=NOON))
    await store.write(lambda s: contacts.speak(s, Bot(), number, "en", now=NOON))
    assert await store.read(lambda s: s.get_one(Contact, number).name) == clean_name(name)
