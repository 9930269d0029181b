"""Recognise: whose an event is: one of several ids, a known thread, a number for a button."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import select

from crm.base.answers import Answer, Exchange, Heard, Reply
from crm.base.db import Store
from crm.base.events import IdentityChanged, MediaKind, MediaRef, Sender
from crm.base.outbound import Button
from crm.base.settings import Company
from crm.conversations.threads import Conversation, Message
from crm.inbox.process import Rules
from crm.inbox.receive import Turn
from crm.people.aliases import IdentityAlias
from crm.people.contacts import Contact, Identity
from crm.sales.leads import Lead
from tests.conftest import NOON
from tests.crm.fake import counts, rows
from tests.crm.told import ANN, happen, message

SAID = select(Message.kind, Message.text).where(Message.author == "contact").order_by(Message.id)
PHONE = Sender("37410", "Ann", aliases=("AM.1",))
BOB = Sender("bob@firm.am", "Bob")


async def thread(store: Store, company: Company) -> int:
    """Ann's conversation, which her first letter began."""
    await happen(store, company, message(1, "Do you have tables?", subject="Tables"))
    [number] = await rows(store, select(Conversation.id))
    return int(number)


async def test_who_is_called_by_several_ids_is_one_person_under_any_of_them(store: Store, company: Company) -> None:
    await happen(store, company, message(1, "one", PHONE))
    await happen(store, company, message(2, "two", Sender("AM.1", "Ann", aliases=("37410",))))
    await happen(store, company, message(3, "three", Sender("AM.1", "Ann")))
    assert await counts(store, Contact, Identity, Lead, Conversation) == {"contacts": 1, "identities": 1, "leads": 1, "conversations": 1}
    assert await rows(store, select(Identity.external_id)) == ["37410"]
    assert await rows(store, select(IdentityAlias.external_id)) == ["AM.1"]


async def test_whose_number_becomes_known_later_stays_who_they_were(store: Store, company: Company) -> None:
    await happen(store, company, message(1, "one", Sender("AM.1", "Ann")))
    await happen(store, company, message(2, "two", PHONE))
    assert (await counts(store, Identity, Lead)) == {"identities": 1, "leads": 1}
    assert [text for _, text in await rows(store, SAID)] == ["one", "two"]


async def test_a_new_number_keeps_the_thread(store: Store, company: Company) -> None:
    await happen(store, company, message(1, "one", Sender("37410", "Ann")))
    await happen(store, company, IdentityChanged(Sender("37410"), True, NOON, new_id="37499"))
    await happen(store, company, message(2, "two", Sender("37499", "Ann")), message(3, "three", Sender("37410", "Ann")))
    assert await counts(store, Identity, Conversation) == {"identities": 1, "conversations": 1}
    assert await rows(store, select(Identity.external_id)) == ["37499"]


async def test_the_same_id_on_two_accounts_is_two_people(store: Store, company: Company) -> None:
    await happen(store, company, message(1, "one", PHONE))
    await happen(store, company, message(1, "one", Sender("AM.1", "Ann")), account="other")
    assert (await counts(store, Identity))["identities"] == 2


async def test_a_colleague_who_answers_lands_in_the_proven_thread_by_name(store: Store, company: Company) -> None:
    number = await thread(store, company)
    await happen(store, company, message(2, "Two of them, please", BOB, thread=f"c{number}"))
    assert await counts(store, Contact, Lead, Conversation) == {"contacts": 1, "leads": 1, "conversations": 1}
    assert (await rows(store, SAID))[-1][1] == "Bob <bob@firm.am>:\nTwo of them, please"


async def test_whoever_only_names_a_letter_they_have_read_writes_for_themselves(store: Store, company: Company) -> None:
    await thread(store, company)
    await happen(store, company, message(2, "Two, please", Sender("bob@firm.am"), answers=("unknown", "m1")))
    assert (await rows(store, SAID))[-1][1] == "Two, please"
    assert await counts(store, Contact, Conversation) == {"contacts": 2, "conversations": 2}


async def test_the_customers_own_answer_is_not_named(store: Store, company: Company) -> None:
    number = await thread(store, company)
    await happen(store, company, message(2, "Two, please", thread=f"c{number}", answers=("m1",)))
    assert (await rows(store, SAID))[-1][1] == "Two, please"


@pytest.mark.parametrize("key", ["c999999", "c", "x1", "c1;--", "c" + "9" * 30])
async def test_a_thread_that_is_not_there_makes_a_stranger_of_a_stranger(store: Store, company: Company, key: str) -> None:
    await thread(store, company)
    await happen(store, company, message(2, "hello", BOB, thread=key, answers=("nothing",)))
    assert (await counts(store, Contact))["contacts"] == 2


async def test_a_thread_of_another_account_is_not_ours_to_land_in(store: Store, company: Company) -> None:
    number = await thread(store, company)
    await happen(store, company, message(2, "hello", BOB, thread=f"c{number}", answers=("m1",)), account="other")
    assert (await counts(store, Contact))["contacts"] == 2


async def test_a_colleagues_vacation_note_is_a_line_of_the_thread_it_answers(store: Store, company: Company) -> None:
    number = await thread(store, company)
    await happen(store, company, message(2, "I am away", BOB, thread=f"c{number}", auto=True))
    assert (await rows(store, SAID))[-1] == ("auto", "Bob <bob@firm.am>:\nI am away")
    assert (await counts(store, Contact))["contacts"] == 1


async def test_what_the_firm_wrote_to_a_colleague_elsewhere_is_not_said_by_them(store: Store, company: Company) -> None:
    number = await thread(store, company)
    await happen(store, company, message("e1", "See the price list", BOB, thread=f"c{number}", echo=True))
    assert await rows(store, select(Message.author, Message.text).where(Message.kind == "elsewhere")) == [("rep", "See the price list")]


def asking(heard: list[Heard]) -> Turn:
    """A bot that asks with two buttons and a link, and notes what it hears."""

    def turn(exchanges: Sequence[Exchange]) -> list[Answer]:
        heard.extend(one.heard for one in exchanges)
        buttons = ((Button("Yes", "yes"), Button("Our page", url="https://marani.am")), (Button("No", "no"),))
        return [Answer((Reply("Offers?", buttons),), asks=True) for _ in exchanges]

    return turn


async def test_a_number_presses_the_button_it_stands_before(store: Store, company: Company) -> None:
    heard: list[Heard] = []
    rules = Rules(asking(heard), company, numbered=frozenset({"fake"}))
    await happen(store, company, message(1, "hi"), rules=rules)
    for number, typed in enumerate(("2", " 1 ", "3", "12", "two"), 2):
        await happen(store, company, message(number, typed), rules=rules)
    assert [(one.kind, one.value or one.text) for one in heard[1:]] == [
        ("postback", "no"),
        ("postback", "yes"),
        ("message", "3"),
        ("message", "12"),
        ("message", "two"),
    ]
    assert (await rows(store, SAID))[1] == ("press", "No")


async def test_a_number_is_a_number_where_there_are_buttons_to_press(store: Store, company: Company) -> None:
    heard: list[Heard] = []
    rules = Rules(asking(heard), company)
    await happen(store, company, message(1, "hi"), rules=rules)
    await happen(store, company, message(2, "1"), rules=rules)
    assert heard[-1].kind == "message"


async def test_a_number_under_a_photo_or_of_the_firm_itself_presses_nothing(store: Store, company: Company) -> None:
    heard: list[Heard] = []
    rules = Rules(asking(heard), company, numbered=frozenset({"fake"}))
    await happen(store, company, message(1, "hi"), rules=rules)
    photo = (MediaRef(MediaKind.PHOTO, "ref"),)
    await happen(store, company, message(2, "1", media=photo), replace(message(3, "1", ANN, echo=True)), rules=rules)
    assert [one.kind for one in heard] == ["message", "message"]
    assert (await rows(store, select(Message.kind).order_by(Message.id.desc()).limit(1))) == ["elsewhere"]
