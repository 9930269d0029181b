"""Tags: put on and taken off within one's reach, of one person whichever side they stand on, chosen by in a segment, forgotten with the person."""

from functools import partial

import pytest
from sqlalchemy import select

from crm.base.actors import Role
from crm.base.db import Store
from crm.base.errors import Forbidden, Invalid, Taken
from crm.base.history import DomainEvent
from crm.base.settings import Company
from crm.conversations.assign import take
from crm.conversations.threads import Conversation
from crm.outreach.segments import Segment, belongs, unpack
from crm.people.contacts import Contact
from crm.people.merge import join
from crm.people.tags import EACH_MOST, Tag, known_tags, plain, tag, tags_of
from crm.sales.tagging import put_on, take_off, worn
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said


@pytest.mark.parametrize(("typed", "kept"), [(" #VIP ", "vip"), ("Big  Buyer", "big buyer"), ("Մեծ", "մեծ"), ("a,b", "a b"), ("#", ""), ("  ", "")])
def test_a_tag_is_kept_in_small_letters(typed: str, kept: str) -> None:
    assert plain(typed) == kept


async def people(store: Store, company: Company) -> list[int]:
    await hear(store, company, said(1, "ann"), said(2, "bob"))
    return await rows(store, select(Contact.id).order_by(Contact.id))


async def test_a_word_is_put_on_once_and_taken_off_and_both_are_on_record(store: Store, company: Company) -> None:
    rep, [ann, _] = await hire(store), await people(store, company)
    done = [await store.write(partial(put_on, actor=rep, contact_id=ann, word=word, now=NOON)) for word in ("VIP", "#vip", "wholesale")]
    assert done == [True, False, True]
    assert await store.read(lambda s: worn(s, rep, ann)) == ("vip", "wholesale")
    assert await store.write(lambda s: take_off(s, rep, ann, "Vip", now=NOON))
    assert not await store.write(lambda s: take_off(s, rep, ann, "Vip", now=NOON))
    assert await rows(store, select(Tag.word)) == ["wholesale"]
    kinds = select(DomainEvent.kind).where(DomainEvent.subject == "contact", DomainEvent.kind.like("%tagged")).order_by(DomainEvent.id)
    assert await rows(store, kinds) == ["tagged", "tagged", "untagged"]


async def test_nothing_is_written_on_a_person_somebody_else_has(store: Store, company: Company) -> None:
    rep, other, guest = await hire(store), await hire(store, "nare"), await hire(store, "guest", Role.GUEST)
    [ann, _] = await people(store, company)
    talk = (await rows(store, select(Conversation.id).where(Conversation.contact_id == ann)))[0]
    await store.write(lambda s: take(s, other, talk, now=NOON))
    with pytest.raises(Taken):
        await store.write(lambda s: put_on(s, rep, ann, "vip", now=NOON))
    with pytest.raises(Forbidden):
        await store.write(lambda s: put_on(s, guest, ann, "vip", now=NOON))
    assert await rows(store, select(Tag.id)) == []


async def test_no_words_and_too_many_are_refused(store: Store, company: Company) -> None:
    rep, [ann, _] = await hire(store), await people(store, company)
    for number in range(EACH_MOST):
        await store.write(partial(put_on, actor=rep, contact_id=ann, word=f"word {number}", now=NOON))
    for word in ("", "one more"):
        with pytest.raises(Invalid):
            await store.write(partial(put_on, actor=rep, contact_id=ann, word=word, now=NOON))


async def test_two_who_are_one_have_the_words_of_both_and_lose_one_for_both(store: Store, company: Company) -> None:
    boss, [ann, bob] = await hire(store, "mariam", Role.MANAGER), await people(store, company)
    await store.write(lambda s: [tag(s, boss, ann, "vip", now=NOON), tag(s, boss, bob, "vip", now=NOON), tag(s, boss, bob, "old", now=NOON)])
    await store.write(lambda s: join(s, boss, ann, bob, now=NOON))
    assert await store.read(lambda s: tags_of(s, [ann])[ann]) == ("old", "vip")
    await store.write(lambda s: take_off(s, boss, ann, "vip", now=NOON))
    assert await store.read(lambda s: tags_of(s, [ann])[ann]) == ("old",)


async def test_a_segment_chooses_by_tags_of_whichever_side(store: Store, company: Company) -> None:
    boss, [ann, bob] = await hire(store, "mariam", Role.MANAGER), await people(store, company)
    await store.write(lambda s: [tag(s, boss, bob, "vip", now=NOON), tag(s, boss, ann, "old", now=NOON)])
    segment = Segment(tags=frozenset({"vip"}))
    assert unpack(segment.pack()) == segment
    found = select(Contact.id).where(*belongs(segment, NOON))
    assert await rows(store, found) == [bob]
    await store.write(lambda s: join(s, boss, ann, bob, now=NOON))
    assert await rows(store, found) == [ann]


async def test_the_words_in_use_come_by_how_often(store: Store, company: Company) -> None:
    rep, [ann, bob] = await hire(store), await people(store, company)
    await store.write(lambda s: [tag(s, rep, ann, "rare", now=NOON), tag(s, rep, ann, "vip", now=NOON), tag(s, rep, bob, "vip", now=NOON)])
    assert await store.read(lambda s: list(known_tags(s))) == ["vip", "rare"]
