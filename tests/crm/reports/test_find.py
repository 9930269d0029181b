"""Whom typed words lead to: what a member's sight covers, with masks, whatever their role."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.base.actors import Rep, Role, System
from crm.base.db import Store
from crm.base.policy import Scope
from crm.base.settings import Company
from crm.conversations import assign
from crm.conversations.threads import Conversation
from crm.people.contacts import Contact, Proof
from crm.people.link import learn_point
from crm.people.reps import Member
from crm.reports.find import candidates, matching
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said


async def met(store: Store, company: Company, who: str, holder: Rep | None) -> None:
    """A customer of this member's, or of nobody's."""
    await hear(store, company, said(who, who))
    [number] = await rows(store, select(Conversation.id).where(Conversation.address == who))
    if holder:
        await store.write(lambda s: assign.take(s, holder, number, now=NOON))


async def found(store: Store, who: Rep, words: str) -> list[str]:
    listed, sure = await store.read(lambda s: candidates(s, who, words, "AM"))
    return [one.name for one in matching(listed, words, sure=sure, most=9)]


async def told(store: Store, who: Rep, **words: object) -> None:
    """What an owner said of a member's sight."""

    def limited(session: Session) -> None:
        session.execute(update(Member).where(Member.id == who.id).values(**words))

    await store.write(limited)


async def test_what_is_found_goes_by_sight_and_not_by_role(store: Store, company: Company) -> None:
    boss, nare = await hire(store, "mariam", Role.MANAGER), await hire(store, "nare")
    await met(store, company, "annlee", nare)
    await met(store, company, "annfree", None)
    assert sorted(await found(store, boss, "ann")) == ["Annfree", "Annlee"]
    await told(store, boss, scope=Scope.OWN.value)
    assert await found(store, boss, "ann") == ["Annfree"]
    assert sorted(await found(store, nare, "ann")) == ["Annfree", "Annlee"]


async def test_whoever_sees_phones_masked_reads_none_as_a_name(store: Store, company: Company) -> None:
    boss = await hire(store, "mariam", Role.MANAGER)
    await met(store, company, "ann", None)

    def nameless(session: Session) -> None:
        session.execute(update(Contact).values(name="", platform_name="+37491700711"))
        number = session.scalars(select(Contact.id)).one()
        learn_point(session, System("test"), number, "phone", "+37491700711", proof=Proof.SHARED, message_id=None, now=NOON)

    await store.write(nameless)
    assert await found(store, boss, "+374") == ["+37491700711"]
    await told(store, boss, points="masked")
    [shown] = await found(store, boss, "+37491700711")
    assert "700" not in shown
