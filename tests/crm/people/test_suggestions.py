"""Suggestions: who may be one person, said once, with the reason, and never again after a no."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.base.actors import Bot, Rep, Role
from crm.base.answers import Answer, LearnName, LearnPhone
from crm.base.db import Store
from crm.base.errors import Taken
from crm.base.settings import Company
from crm.conversations import assign
from crm.inbox.process import Rules
from crm.outreach import persons
from crm.people import contacts, suggestions
from crm.people.contacts import Contact, Proof
from crm.people.suggestions import CROWD, MOST, Possible, Suggestion, SuggestionState
from tests.conftest import NOON
from tests.crm.fake import hear, said
from tests.crm.people.crowd import Somebody, employ, meet

PHONE = "+37491223344"


async def named(store: Store, *names: str) -> list[Somebody]:
    """People who told their names, one after another."""

    def deed(session: Session, place: int, name: str) -> Somebody:
        one = meet(session, f"p{place}", f"account{place}", now=NOON + place)
        contacts.rename(session, Bot(), one.contact, name, now=NOON + place)
        suggestions.look(session, one.contact, now=NOON + place)
        return one

    return [await store.write(lambda s, n=n, name=name: deed(s, n, name)) for n, name in enumerate(names)]  # type: ignore[misc]


async def claims(store: Store, who: Somebody, phone: str = PHONE) -> bool:
    def deed(session: Session) -> bool:
        return persons.learn_point(session, Bot(), who.contact, "phone", phone, proof=Proof.CLAIMED, message_id=None, now=NOON + 9)

    return await store.write(deed)


async def about(store: Store, who: Somebody) -> list[Possible]:
    return await store.read(lambda s: suggestions.open_ones(s, who.contact))


async def count(store: Store) -> int:
    return await store.read(lambda s: s.scalar(select(func.count()).select_from(Suggestion))) or 0


@pytest.mark.parametrize("other", ["Արմեն Պետրոսյան", "Армен Петросян", "Petrosyan Armen", "Armen S. Petrosian"])
async def test_like_names_in_any_script_are_suggested_from_both_sides(store: Store, other: str) -> None:
    one, two = await named(store, "Armen Petrosyan", other)
    [found], [back] = await about(store, one), await about(store, two)
    assert (found.contact_id, found.name, found.reason) == (two.contact, other, "name")
    assert (back.contact_id, back.common) == (one.contact, "Armen Petrosyan")
    assert 60 <= found.score <= 70


@pytest.mark.parametrize("other", ["Arman Petrosyan", "Armen", "Armen Sargsyan", "", "🌹 🌹", "Anna Petrosyan"])
async def test_other_names_and_half_names_are_not(store: Store, other: str) -> None:
    await named(store, "Armen Petrosyan", other)
    assert await count(store) == 0


async def test_the_same_claimed_phone_is_surer_than_a_name(store: Store) -> None:
    one, two, three = await named(store, "Armen Petrosyan", "Armen Petrosyan", "Eve Black")
    for who in (one, three):
        await claims(store, who)
    assert [(found.contact_id, found.reason, found.score) for found in await about(store, one)] == [
        (three.contact, "phone", 80),
        (two.contact, "name", 70),
    ]


async def test_a_crowd_with_one_name_or_one_phone_tells_nothing(store: Store) -> None:
    crowd = await named(store, *["Armen Petrosyan"] * (CROWD + 4))
    before = await count(store)
    last = crowd[-1]
    assert await about(store, last) == []
    for who in crowd:
        await claims(store, who, "+37491000000")
    [late] = [await store.write(lambda s: meet(s, "late", "late", now=NOON))]
    await claims(store, late, "+37491000000")
    assert await about(store, late) == []
    assert before <= (CROWD + 4) * MOST


async def test_nobody_has_more_than_three_at_a_time(store: Store) -> None:
    people = await named(store, *["Armen Petrosyan"] * 8)
    for who in people:
        assert len(await about(store, who)) <= MOST


async def decided(store: Store) -> tuple[Rep, Somebody, Somebody]:
    rep = await store.write(employ)
    one, two = await named(store, "Armen Petrosyan", "Armen Petrosyan")
    [found] = await about(store, one)
    await store.write(lambda s: persons.refused(s, rep, found.id, now=NOON + 5))
    return rep, one, two


async def test_not_the_same_is_never_suggested_again(store: Store) -> None:
    _, one, two = await decided(store)
    for who in (one, two):
        await claims(store, who)
    await store.write(lambda s: suggestions.look(s, two.contact, now=NOON + 6))
    assert await about(store, one) == []
    assert await count(store) == 1


async def test_not_the_same_can_be_undone(store: Store) -> None:
    rep, one, two = await decided(store)
    [number] = await store.read(lambda s: list(s.scalars(select(Suggestion.id))))
    await store.write(lambda s: persons.asked_again(s, rep, number, now=NOON + 6))
    assert [found.contact_id for found in await about(store, one)] == [two.contact]


async def test_not_the_same_holds_for_everybody_they_become_one_with(store: Store) -> None:
    rep, one, two = await decided(store)
    third = await store.write(lambda s: meet(s, "third", "third", now=NOON - 1))
    await store.write(lambda s: persons.merged(s, rep, third.contact, two.contact, now=NOON + 6))
    await claims(store, third)
    await claims(store, one)
    assert await about(store, one) == []
    assert not await store.write(lambda s: persons.proven_same(s, one.identity, "email", "a@b.c", now=NOON + 7))
    assert not await store.write(lambda s: persons.proven_same(s, third.identity, "email", "a@b.c", now=NOON + 8))


async def test_a_merge_answers_what_was_suggested(store: Store) -> None:
    rep = await store.write(employ)
    one, two = await named(store, "Armen Petrosyan", "Armen Petrosyan")
    await store.write(lambda s: persons.merged(s, rep, one.contact, two.contact, now=NOON + 5))
    assert await about(store, one) == []
    assert await store.read(lambda s: s.scalars(select(Suggestion.state)).all()) == [SuggestionState.MERGED]


async def test_a_rep_says_no_only_about_those_they_reach(store: Store) -> None:
    one, two = await named(store, "Armen Petrosyan", "Armen Petrosyan")
    ruben, zara = [await store.write(lambda s, n=name: employ(s, n, Role.REP)) for name in ("ruben", "zara")]  # type: ignore[misc]
    await store.write(lambda s: assign.take(s, zara, two.conversation, now=NOON + 4))
    [found] = await about(store, one)
    with pytest.raises(Taken):
        await store.write(lambda s: persons.refused(s, ruben, found.id, now=NOON + 5))


async def test_what_the_bot_learns_suggests_in_the_same_transaction(store: Store, company: Company) -> None:
    rules = Rules(lambda exchanges: [Answer(actions=(LearnName("Armen Petrosyan"), LearnPhone(PHONE, False))) for _ in exchanges], company)
    await hear(store, company, said(1, "a"), rules=rules)
    await hear(store, company, said(2, "b"), rules=rules)
    [first, second] = await store.read(lambda s: list(s.scalars(select(Contact.id).order_by(Contact.id))))
    [found] = await store.read(lambda s: suggestions.open_ones(s, second))
    assert (found.contact_id, found.reason) in {(first, "name"), (first, "phone")}
    assert await store.read(lambda s: len(set(s.scalars(select(Contact.root_id))))) == 2
