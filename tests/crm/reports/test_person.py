"""Person: what two would be as one is told before they are, everything said with one person is read in one go, and the books know who is whose."""

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.base.actors import Bot, Rep, Role
from crm.base.db import Store
from crm.base.errors import Taken
from crm.base.outbound import Lane
from crm.conversations import addresses, assign, talk
from crm.conversations.threads import Author, Message
from crm.outreach import persons
from crm.people import consents
from crm.people.aliases import IdentityAlias
from crm.people.contacts import Contact, Identity, Proof
from crm.people.link import Link
from crm.people.suggestions import Suggestion
from crm.reports.books import check
from crm.reports.person import person, preview
from crm.reports.thread import everything, look_at
from tests.conftest import NOON
from tests.crm.people.crowd import Somebody, agree, employ, meet

TITLES = {"mail": "E-mail", "telegram": "Telegram"}
PHONE = "+37491223344"


async def twins(store: Store) -> tuple[Rep, Somebody, Somebody, int]:
    """A manager, two people with one phone, and the suggestion that they are one."""
    rep = await store.write(employ)
    ann = await store.write(lambda s: meet(s, "ann", "telegram"))
    lee = await store.write(lambda s: meet(s, "ann@x", "mail", now=NOON + 1))

    def claim(session: Session) -> int:
        for one in (ann, lee):
            persons.learn_point(session, Bot(), one.contact, "phone", PHONE, proof=Proof.CLAIMED, message_id=None, now=NOON + 2)
        return session.query(Suggestion).one().id

    return rep, ann, lee, await store.write(claim)


async def test_a_preview_tells_both_sides_and_that_the_stricter_answer_wins_and_changes_nothing(store: Store) -> None:
    rep, ann, lee, number = await twins(store)
    await store.write(lambda s: agree(s, ann.contact, consents.MARKETING, True, now=NOON + 3))
    await store.write(lambda s: agree(s, lee.contact, consents.MARKETING, False, now=NOON + 3))
    found = await store.read(lambda s: preview(s, rep, number, TITLES))
    assert (found.stays.contact_id, found.joins.contact_id) == (ann.contact, lee.contact)
    assert (found.stays.marketing, found.joins.marketing, found.after.marketing) == (1, -1, -1)
    assert [one.channel for one in (*found.stays.addresses, *found.joins.addresses)] == ["Telegram", "E-mail"]
    assert [(one.value, one.proven) for one in found.stays.points] == [(PHONE, False)]
    assert (found.stays.lead_open, found.joins.lead_open, found.differ) == (True, True, False)
    assert await store.read(lambda s: s.query(Link).count()) == 0


async def test_a_preview_warns_of_two_different_proven_phones(store: Store) -> None:
    rep, ann, lee, number = await twins(store)
    for one, phone in ((ann, "+37491000001"), (lee, "+37491000002")):
        await store.write(lambda s, one=one, phone=phone: persons.proven_same(s, one.identity, "phone", phone, now=NOON + 3))  # type: ignore[misc]
    assert (await store.read(lambda s: preview(s, rep, number, TITLES))).differ


async def test_one_person_is_seen_whole_with_the_merges_that_made_them(store: Store) -> None:
    rep, ann, lee, _ = await twins(store)
    made = await store.write(lambda s: persons.merged(s, rep, ann.contact, lee.contact, now=NOON + 3))
    found = await store.read(lambda s: person(s, rep, lee.conversation, TITLES))
    assert (found.contact_id, found.conversations, [one.account for one in found.addresses]) == (ann.contact, 2, ["mail", "telegram"])
    assert [(one.link_id, one.name, one.why) for one in found.merges] == [(made, "ann@x", "staff")]


async def test_everything_said_with_one_person_is_read_in_order_with_its_channel(store: Store) -> None:
    rep, ann, lee, _ = await twins(store)
    await store.write(lambda s: persons.merged(s, rep, ann.contact, lee.contact, now=NOON + 3))
    for place, one in enumerate((ann, lee, ann)):
        await store.write(lambda s, n=place, one=one: talk.reply(s, rep, one.conversation, f"word {n}", once=f"w{n}", now=NOON + 4 + n))  # type: ignore[misc]
    said = await store.read(lambda s: everything(s, rep, ann.conversation, TITLES))
    assert [(channel, line.text) for channel, line in said] == [("Telegram", "word 0"), ("E-mail", "word 1"), ("Telegram", "word 2")]
    assert len(await store.read(lambda s: everything(s, rep, ann.conversation, TITLES, last=1))) == 1


async def test_who_reaches_a_part_only_sees_no_whole(store: Store) -> None:
    rep, ann, lee, number = await twins(store)
    ruben, zara = [await store.write(lambda s, n=name: employ(s, n, Role.REP)) for name in ("ruben", "zara")]  # type: ignore[misc]
    await store.write(lambda s: assign.take(s, zara, lee.conversation, now=NOON + 3))
    with pytest.raises(Taken):
        await store.read(lambda s: preview(s, ruben, number, TITLES))
    await store.write(lambda s: persons.merged(s, rep, ann.contact, lee.contact, now=NOON + 3))
    for question in (person, everything):
        with pytest.raises(Taken):
            await store.read(lambda s, question=question: question(s, ruben, ann.conversation, TITLES))  # type: ignore[misc]


async def test_a_line_says_that_it_was_meant_for_another_channel(store: Store) -> None:
    rep, ann, lee, _ = await twins(store)
    await store.write(lambda s: persons.merged(s, rep, ann.contact, lee.contact, now=NOON + 3))
    await store.write(lambda s: s.execute(update(Identity).where(Identity.id == lee.identity).values(reachable=0)) and None)
    ordered = talk.Saying(lee.conversation, "mail", "ann@x", "On its way.", Author.BOT, Lane.SERVICE, "o:1")
    await store.write(lambda s: talk.say_many(s, [ordered], now=NOON + 4))
    [number] = await store.read(lambda s: list(s.scalars(select(Message.id).where(Message.once == "o:1"))))
    await store.write(lambda s: addresses.serve_elsewhere(s, number, frozenset(), now=NOON + 4) and None)
    seen = await store.read(lambda s: look_at(s, rep, ann.conversation, TITLES))
    assert [(line.text, line.instead) for line in seen.lines] == [("On its way.", "E-mail")]
    assert [(one.account, one.reachable) for one in seen.others] == [("mail", False)]


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda s, ann, lee: s.execute(update(Contact).where(Contact.id == lee.contact).values(root_id=ann.contact)), "no merge says so"),
        (lambda s, ann, lee: s.execute(update(Contact).values(root_id=Contact.id)), "a merge says it became another"),
        (lambda s, ann, lee: s.add(IdentityAlias(id=10**9, account="viber", external_id="x", identity_id=ann.identity)), "its address is not there"),
    ],
)
async def test_the_books_find_who_is_whose_without_a_reason(store: Store, break_it: object, words: str) -> None:
    rep, ann, lee, _ = await twins(store)
    third = await store.write(lambda s: meet(s, "third", "mail"))
    await store.write(lambda s: persons.merged(s, rep, ann.contact, third.contact, now=NOON + 3))
    assert (await store.read(check)).balanced
    await store.write(lambda s: break_it(s, ann, lee) and None)  # type: ignore[operator]
    assert any(words in problem for problem in (await store.read(check)).problems)
