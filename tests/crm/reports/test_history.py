"""History: what changed about a person or a thing, in the reader's words, newest first, a page at a time, within sight."""

import ast
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

import crm
from crm.base.actors import Rep, Role, System
from crm.base.db import Store
from crm.base.errors import Forbidden, Taken
from crm.base.history import Change, record
from crm.base.i18n import translator
from crm.base.settings import Company
from crm.conversations import assign
from crm.conversations.threads import Conversation
from crm.people import contacts, team
from crm.people.reps import Member, as_actor
from crm.reports.history import Past, of_person, of_thing
from crm.reports.history_words import KINDS, SUBJECTS, Clock, line
from crm.sales.deals import NewDeal, add_deal
from crm.sales.pipelines import found_pipeline
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said, step_up


async def known(store: Store, company: Company, name: str = "ann") -> tuple[int, int]:
    """A customer; answers their conversation and themselves."""
    await hear(store, company, said(f"{name} 1", name))
    [(conversation, contact)] = await rows(store, select(Conversation.id, Conversation.contact_id).where(Conversation.address == name))
    return conversation, contact


async def past(store: Store, rep: Rep, contact: int, *, before: int = 0, limit: int = 8) -> Past:
    return await store.read(lambda s: of_person(s, rep, contact, before=before, limit=limit))


def told(found: Past, language: str = "en") -> list[str]:
    return [line(translator(language), Clock("Asia/Yerevan", NOON), one).partition(" · ")[2] for one in found.rows]


async def test_a_persons_past_is_told_newest_first_with_who_did_what(store: Store, company: Company) -> None:
    boss, tigran = await hire(store, "mariam", Role.MANAGER), await hire(store)
    conversation, contact = await known(store, company)
    await store.write(lambda s: assign.take(s, tigran, conversation, now=NOON))
    await store.write(lambda s: assign.take_over(s, boss, conversation, now=NOON))
    await store.write(lambda s: contacts.rename(s, boss, contact, "Ann Lee", now=NOON))
    found = told(await past(store, boss, contact))
    assert found[0].endswith("Customer: name: Ann → Ann Lee") or "name" in found[0]
    assert found[1:3] == ["Mariam · Conversation: taken over: Tigran → Mariam", "Tigran · Conversation: taken"]


async def test_the_past_has_pages_without_gaps(store: Store, company: Company) -> None:
    boss = await hire(store, "mariam", Role.MANAGER)
    _, contact = await known(store, company)
    changes = [Change("contact", contact, "language", boss, {"language": "en"}, {"language": "hy"}) for _ in range(20)]
    await store.write(lambda s: record(s, *changes, now=NOON))
    seen, before = [], 0
    while True:
        found = await past(store, boss, contact, before=before)
        seen += [one.id for one in found.rows]
        before = found.next
        if not before:
            break
    assert len(seen) == len(set(seen)) >= 20
    assert seen == sorted(seen, reverse=True)


async def test_the_past_of_somebody_elses_customer_is_theirs(store: Store, company: Company) -> None:
    await hire(store, "mariam", Role.MANAGER)
    tigran, nare, trainee = await hire(store), await hire(store, "nare"), await hire(store, "gor", Role.TRAINEE)
    conversation, contact = await known(store, company)
    await store.write(lambda s: assign.take(s, tigran, conversation, now=NOON))
    with pytest.raises(Taken, match="Tigran"):
        await past(store, nare, contact)
    with pytest.raises(Forbidden):
        await past(store, trainee, contact)


async def test_the_past_of_a_colleague_is_for_those_who_steer(store: Store) -> None:
    boss, tigran = await hire(store, "mariam", Role.MANAGER), await hire(store)
    await step_up(store, boss)
    await store.write(lambda s: team.change_role(s, boss, tigran.id, Role.TRAINEE, now=NOON))
    found = await store.read(lambda s: of_thing(s, boss, "rep", tigran.id))
    assert told(found)[0] == "Mariam · Team: role: rep → trainee"
    with pytest.raises(Forbidden):
        await store.read(lambda s: of_thing(s, tigran, "rep", boss.id))


async def test_a_title_that_is_a_phone_is_masked_for_whom_phones_are(store: Store, company: Company) -> None:
    boss = await hire(store, "mariam", Role.MANAGER)
    _, contact = await known(store, company)

    def sold(session: Session) -> tuple[int, Rep]:
        found_pipeline(session, "en", now=NOON)
        deal = add_deal(session, System("test"), NewDeal(contact, "+37491700712", "AMD", rep_id=None), "en", now=NOON)
        team.set_points(session, boss, boss.id, False, now=NOON)
        return deal.id, as_actor(session.get_one(Member, boss.id))

    number, masked = await store.write(sold)
    found = await store.read(lambda s: of_thing(s, masked, "deal", number)), await past(store, masked, contact)
    assert found[0].name == "+374•••12"
    assert "+37491700712" not in str(found)


async def test_what_the_product_did_is_said_to_have_come_by_itself(store: Store, company: Company) -> None:
    boss = await hire(store, "mariam", Role.MANAGER)
    conversation, contact = await known(store, company)
    await store.write(lambda s: record(s, Change("conversation", conversation, "woken", System("clock")), now=NOON))
    assert told(await past(store, boss, contact))[0] == "by itself · Conversation: came back"
    assert "by itself" not in told(await past(store, boss, contact), "hy")[0]


def test_every_kind_of_change_of_a_thing_that_has_a_past_has_words() -> None:
    """A kind that is computed is told by its table's states, which stand among the words too."""
    raw = set()
    for path in Path(crm.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Change" and len(node.args) > 2:
                subject = getattr(node.args[0], "value", None)
                kinds = [one.value for one in ast.walk(node.args[2]) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
                raw |= {(subject, kind) for kind in kinds if subject in SUBJECTS and not any(one.startswith(kind) for one in KINDS)}
    assert raw <= {("lead", "came_by"), ("rep", "plan"), ("rep", "web_link"), ("contact", "called")}
