"""A list brought in: guessed, tried, written once, and taken back."""

import asyncio

import pytest
from sqlalchemy import select, update

from bots.staff import exchange
from crm.base.actors import System
from crm.base.db import Session
from crm.base.errors import Forbidden, Invalid
from crm.base.i18n import translator
from crm.exchange import imports, runs
from crm.exchange.imports import ImportState, Outcome
from crm.people import fieldset
from crm.people.contacts import Contact, ContactPoint, Proof, add_point, rename
from crm.people.fields import About, FieldKind
from crm.people.kinds import Kind
from crm.people.link import learn_point
from crm.people.reps import Member
from crm.sales import stages
from crm.sales.deals import Deal
from crm.sales.pipelines import default_pipeline
from tests.conftest import NOON
from tests.crm.exchange.stand import Stand

LIST = b"Name;Phone;E-mail;Company\nAnna;091 12 34 56;anna@x.am;Marani LLC\nBagrat;+374 91 222222;;marani\nNobody;;;\nTwice;091123456;;\n"


async def test_a_list_becomes_people_once(stand: Stand) -> None:
    number = await stand.bring(LIST)
    assert await stand.people() == [("Anna", ("+37491123456", "anna@x.am")), ("Bagrat", ("+37491222222",))]
    assert [outcome for _, outcome, _ in await stand.outcomes(number)] == ["new", "new", "nobody", "same"]
    assert (await stand.sheet(number)).state is ImportState.DONE


async def test_a_column_that_is_a_field_of_the_firm_is_called_what_people_call_it(stand: Stand) -> None:
    await stand.do(fieldset.make_field, fieldset.Draft(About.CONTACT, FieldKind.DATE, "Ծննդյան օր"))
    number = await stand.receive("Հեռախոս;Ծննդյան օր\n091123456;1990-05-01\n".encode())
    sheet, tr = await stand.sheet(number), translator("en")
    assert "→ Ծննդյան օր" in exchange.page(tr, sheet).text
    targets = await stand.store.read(imports.targets)
    assert "Ծննդյան օր" in [key.label for row in exchange.choices(tr, sheet, 1, targets, 12).keys for key in row]


async def test_the_same_list_again_changes_nothing(stand: Stand) -> None:
    await stand.bring(LIST + b"Deal;091 55 55 55;;\n")
    before = await stand.dump()
    again = await stand.bring(LIST + b"Deal;091 55 55 55;;\n")
    assert {outcome for _, outcome, _ in await stand.outcomes(again)} == {"same", "nobody"}
    assert await stand.dump() == before


async def test_deals_of_a_list_stand_in_the_pipeline_for_their_kind_of_person(stand: Stand) -> None:
    def made(session: Session) -> tuple[int, int]:
        bought = stages.add_pipeline(session, stand.who, "Purchases", "en", now=NOON)
        stages.dedicate_pipeline(session, stand.who, bought.id, Kind.SUPPLIER, now=NOON)
        return bought.id, default_pipeline(session, "en", now=NOON).id

    bought, usual = await stand.store.write(made)
    people = b"Anna;091123456;;Shelf;New\nBagrat;091222222;supplier;Oak;New\nVera;091333333;supplier;Ash;\n"
    await stand.bring(b"Name;Phone;Kind;Deal;Stage\n" + people)
    found = await stand.store.read(lambda s: [tuple(row) for row in s.execute(select(Deal.title, Deal.pipeline_id).order_by(Deal.title))])
    assert found == [("Ash", bought), ("Oak", bought), ("Shelf", usual)]


async def test_an_import_that_is_undone_leaves_nothing(stand: Stand) -> None:
    before = await stand.dump()
    number = await stand.bring(
        b"Name;Phone;Company;Deal;Amount;Consent;Consent date;Consent source\nAnna;091 12 34 56;Marani;Oak shelf;120000;yes;2024-05-01;shop\n"
    )
    made = await stand.dump()
    assert (len(made["contacts"]), len(made["deals"]), len(made["consents"]), len(made["companies"])) == (1, 1, 1, 1)
    await stand.undo(number)
    after = await stand.dump()
    assert {name: rows for name, rows in after.items() if rows != before[name]} == {name: after[name] for name in ("pipelines", "stages") if after[name]}
    assert (await stand.sheet(number)).state is ImportState.UNDONE


async def test_only_what_is_empty_is_filled_and_goes_back(stand: Stand) -> None:
    await stand.bring(b"Name;Phone\n;091123456\nBagrat;091222222\n")
    before = await stand.dump()
    number = await stand.bring(b"Name;Phone;E-mail;Company\nAnna;091123456;a@x.am;Marani\nOther;091222222;;\n")
    assert await stand.people() == [("Anna", ("+37491123456", "a@x.am")), ("Bagrat", ("+37491222222",))]
    assert [outcome for _, outcome, _ in await stand.outcomes(number)] == ["filled", "same"]
    await stand.undo(number)
    assert await stand.dump() == before


async def test_what_somebody_changed_since_is_kept_and_named(stand: Stand) -> None:
    number = await stand.bring(LIST)

    def renamed(session: Session) -> None:
        who = session.scalars(select(Contact.id).where(Contact.name == "Anna")).one()
        rename(session, stand.who, who, "Anna Petrosyan", now=stand.now)

    await stand.store.write(renamed)
    await stand.undo(number)
    assert [name for name, _ in await stand.people()] == ["Anna Petrosyan"]
    kept = await stand.store.read(lambda session: list(runs.kept_rows(session, number)))
    assert [(row, why) for row, why, _ in kept] == [(1, "person; company")]


async def test_two_people_behind_one_row_are_left_to_a_person(stand: Stand) -> None:
    await stand.bring(b"Name;Phone\nAnna;091123456\nBagrat;091222222\n")
    number = await stand.bring(b'Name;Phone\nWho;"091123456, 091222222"\n')
    [(_, outcome, why)] = await stand.outcomes(number)
    assert (outcome, why.count("#")) == (Outcome.UNCLEAR, 2)


async def test_what_was_brought_in_never_links_by_itself(stand: Stand) -> None:
    await stand.bring(b"Name;Phone\nAnna;091123456\n")

    def come(session: Session) -> int:
        session.add(Contact(id=10**6, root_id=10**6, language="hy", zone="UTC", created_at=NOON))
        session.flush()
        return learn_point(session, System("test"), 10**6, "phone", "+37491123456", proof=Proof.SHARED, message_id=None, now=NOON)

    assert await stand.store.write(come) == 0


async def test_a_proof_outweighs_what_was_brought_in_and_survives_its_undo(stand: Stand) -> None:
    number = await stand.bring(b"Name;Phone\nAnna;091123456\n")

    def prove(session: Session) -> bool:
        who = session.scalars(select(Contact.id)).one()
        return add_point(session, System("test"), who, "phone", "+37491123456", proof=Proof.SHARED, message_id=None, now=NOON)

    assert await stand.store.write(prove)
    await stand.undo(number)
    assert await stand.store.read(lambda session: session.scalars(select(ContactPoint.proof)).all()) == ["shared"]


async def test_a_chosen_mapping_is_remembered_by_the_header(stand: Stand) -> None:
    first = await stand.receive(b"Who;Where\nAnna;091123456\n")
    await stand.do(imports.choose, first, 0, "name")
    await stand.do(imports.choose, first, 1, "phone")
    for verb in (imports.check, imports.run):
        await stand.do(verb, first)
        await stand.work()
    again = await stand.receive(b"Who;Where\nBagrat;091222222\n")
    assert (await stand.sheet(again)).mapping == ("name", "phone")


async def test_a_list_without_phone_and_e_mail_is_refused(stand: Stand) -> None:
    number = await stand.receive(b"Name;Company\nAnna;Marani\n")
    with pytest.raises(Invalid):
        await stand.do(imports.check, number)


async def test_a_consent_counts_only_with_its_day_and_source(stand: Stand) -> None:
    number = await stand.bring(
        b"Phone;Consent;Consent date;Consent source\n091123456;yes;;shop\n091222222;yes;2024-13-13;shop\n091333333;yes;2024-02-01;shop\n"
    )
    assert await stand.store.read(lambda session: session.scalars(select(Contact.marketing).order_by(Contact.id)).all()) == [0, 0, 1]
    assert [why for _, _, why in await stand.outcomes(number)] == ["consent: no date or source"] * 2 + [""]


async def test_a_rep_may_not_import(stand: Stand) -> None:
    await stand.store.write(lambda session: session.execute(update(Member).values(role="rep")))
    with pytest.raises(Forbidden):
        await stand.receive(LIST)


async def test_a_file_that_is_no_list_says_why(stand: Stand) -> None:
    number = await stand.receive(b"\x89PNG\r\n\x1a\n" + bytes(200), "photo.csv")
    sheet = await stand.sheet(number)
    assert (sheet.state, sheet.why) == (ImportState.UNREADABLE, "it is no table")


async def test_an_import_cut_off_in_the_middle_goes_on_and_does_nothing_twice(stand: Stand) -> None:
    rows = b"".join(b"P%d;0911%05d\n" % (n, n) for n in range(300))
    number = await stand.receive(b"Name;Phone\n" + rows)
    await stand.do(imports.check, number)
    await stand.work()
    await stand.do(imports.run, number)
    running = asyncio.create_task(stand.work())
    while len(await stand.people()) < 40:
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await stand.work()
    people = await stand.people()
    assert (len(people), len(set(people))) == (300, 300)
    assert (await stand.sheet(number)).counts == {"new": 300}


async def test_a_stopped_import_can_be_taken_back(stand: Stand) -> None:
    number = await stand.receive(b"Name;Phone\n" + b"".join(b"P%d;0911%05d\n" % (n, n) for n in range(1500)))
    await stand.do(imports.check, number)
    await stand.work()
    before = await stand.dump()
    await stand.do(imports.run, number)
    running = asyncio.create_task(stand.work())
    while not await stand.people():
        await asyncio.sleep(0)
    assert await stand.do(imports.stop, number) is ImportState.STOPPED
    await asyncio.gather(running, return_exceptions=True)
    await stand.undo(number)
    assert await stand.dump() == before


async def test_a_deal_of_a_list_is_opened_once(stand: Stand) -> None:
    for _ in range(2):
        await stand.bring("Имя;Телефон;Сделка;Сумма\nАнна;091123456;Полка;12 000\nАнна;091123456;Стол;50 000\n".encode("cp1251"))
    assert await stand.store.read(lambda session: session.execute(select(Deal.title, Deal.amount).order_by(Deal.id)).all()) == [
        ("Полка", 1_200_000),
        ("Стол", 5_000_000),
    ]
