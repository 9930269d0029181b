"""A subject is shown where it tells something new."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from crm.base.answers import Answer, Exchange
from crm.base.db import Store
from crm.base.events import Message, Sender
from crm.base.settings import Company
from crm.base.subjects import bare_subject
from crm.conversations.threads import Message as MessageRow
from crm.inbox.plan import Got
from crm.inbox.process import Rules
from crm.inbox.topics import titled
from tests.crm.fake import rows
from tests.crm.told import happen, message


def mail(subject: str, text: str, address: str = "ani@mail.example") -> Got:
    return Got(1, 0, "email", 1, Message(Sender(address), "m1", text, 1, subject=subject))


async def words(store: Store, *mails: Got) -> list[str]:
    found = await store.read(lambda session: titled(session, mails))
    return [f"{one.event.title}\n{one.event.text}".strip() for one in found if isinstance(one.event, Message)]


async def test_the_first_letter_and_each_new_matter_has_its_subject_above_it(store: Store) -> None:
    said = await words(store, mail("Kettles", "Do you sell them?"), mail("Re: kettles", "In blue?"), mail("An invoice", "Where is it?"))
    assert said == ["Kettles\nDo you sell them?", "In blue?", "An invoice\nWhere is it?"]


async def test_each_address_has_matters_of_its_own(store: Store) -> None:
    assert await words(store, mail("Kettles", "One"), mail("Kettles", "Two", "bob@mail.example")) == ["Kettles\nOne", "Kettles\nTwo"]


@pytest.mark.parametrize(("subject", "text", "shown"), [("Re:", "Yes", "Yes"), ("Kettles", "Kettles in blue", "Kettles in blue"), ("Call me", "", "Call me")])
async def test_what_says_nothing_new_is_left_out(store: Store, subject: str, text: str, shown: str) -> None:
    assert await words(store, mail(subject, text)) == [shown]


@pytest.mark.parametrize("subject", ["Re: Kettles", "FWD: re[2]: kettles", "Отв: Kettles", "Պատ՝ Kettles", "KETTLES"])
def test_answers_are_about_the_same(subject: str) -> None:
    assert bare_subject(subject) == "kettles"


async def test_who_answers_an_offer_with_stop_has_said_stop_whatever_the_letter_is_called(store: Store, company: Company) -> None:
    heard: list[str] = []

    def turn(exchanges: Sequence[Exchange]) -> list[Answer]:
        heard.extend(one.heard.text for one in exchanges)
        return [Answer() for _ in exchanges]

    await happen(store, company, message(1, "STOP", subject="Re: Autumn prices"), rules=Rules(turn, company))
    assert heard == ["STOP"]
    assert await rows(store, select(MessageRow.text)) == ["Re: Autumn prices\nSTOP"]
