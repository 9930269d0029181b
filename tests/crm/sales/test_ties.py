"""Ties: whose a customer is already, on whatever channel and under whichever of their contacts; the strongest tie of each member is told."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from crm.base.actors import Rep, Role, System
from crm.base.db import Session, Store
from crm.base.settings import Company
from crm.conversations import assign
from crm.conversations.threads import Conversation
from crm.outreach.persons import merged
from crm.people.contacts import Contact
from crm.sales.deals import open_deal
from crm.sales.leads import Lead, learn_need
from crm.sales.ties import ties
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said


@pytest.fixture
async def crew(store: Store) -> list[Rep]:
    return [await hire(store, name) for name in ("ruben", "sona", "tigran", "zara")]


async def do(store: Store, deed: Callable[[Session], Any]) -> Any:
    return await store.write(deed)


async def writes(store: Store, company: Company, who: str, text: str = "hi") -> int:
    await hear(store, company, said(f"{who}:{text}", who, text))
    [number] = await rows(store, select(Conversation.id).where(Conversation.address == who))
    return int(number)


async def owners(store: Store, number: int) -> dict[int, str]:
    found = await store.read(lambda s: ties(s, [s.get_one(Conversation, number)], words=False))
    return dict(found[number].owners)


async def test_nobody_is_tied_to_a_stranger(store: Store, company: Company, crew: list[Rep]) -> None:
    assert await owners(store, await writes(store, company, "ann")) == {}


async def test_each_tie_of_a_person_counts_on_all_their_channels(store: Store, company: Company, crew: list[Rep]) -> None:
    ruben, sona, tigran, zara = crew
    boss = await hire(store, "mariam", Role.MANAGER)
    ann, annie = await writes(store, company, "ann"), await writes(store, company, "annie")

    def deed(session: Session) -> None:
        one, other = session.get_one(Conversation, ann), session.get_one(Conversation, annie)
        assign.take(session, ruben, ann, now=NOON)
        assign.hand_back(session, ruben, ann, now=NOON)
        assign.take(session, tigran, annie, now=NOON)
        open_deal(session, tigran, annie, company, once="d", now=NOON).rep_id = sona.id
        session.execute(update(Lead).where(Lead.contact_id == other.contact_id).values(rep_id=zara.id))
        merged(session, boss, one.contact_id, other.contact_id, now=NOON)

    await do(store, deed)
    assert await owners(store, ann) == {ruben.id: "had", zara.id: "lead", sona.id: "deal", tigran.id: "has"}
    assert tigran.id not in {number for number, why in (await owners(store, annie)).items() if why == "has"}


async def test_words_are_read_only_where_they_are_asked_for(store: Store, company: Company) -> None:
    number = await writes(store, company, "ann", "two oak tables")
    await do(store, lambda s: learn_need(s, System("t"), s.scalars(select(Contact.id)).one(), "a bench", now=NOON))
    for words, want in ((True, "two oak tables\na bench"), (False, "")):
        found = await store.read(lambda s, words=words: ties(s, [s.get_one(Conversation, number)], words=words))  # type: ignore[misc]
        assert found[number].said == want
        assert found[number].language == "en"
