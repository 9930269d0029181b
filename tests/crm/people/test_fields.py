"""Fields: made by managers, filled by reps, undone, told of one person whichever of their contacts it was heard of; refusals change nothing."""

import json
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Actor, Bot, Customer, Rep, Role, System
from crm.base.db import Store
from crm.base.errors import DragomanError, Expired, Forbidden, Invalid, NotFound
from crm.base.history import DomainEvent
from crm.outreach import persons
from crm.people.fields import About, BadValue, FieldKind, FieldValue, FieldView, fields_of, kept_of, last_change, own_values, set_value, undo_value, values_of
from crm.people.fieldset import FIELDS_MOST, Draft, archive_field, last_edit, make_field, move_field, rename_field, set_choices, show_field, undo_edit
from tests.conftest import NOON
from tests.crm.fake import counts
from tests.crm.people.crowd import Somebody, employ, meet

BOSS = System("test")
CHOICE = Draft(About.CONTACT, FieldKind.CHOICE, "Kind of shop", "Bakery\nFlorist\nOther")


async def made(store: Store, draft: Draft = CHOICE, actor: Actor = BOSS) -> FieldView:
    return await store.write(lambda s: make_field(s, actor, draft, now=NOON))


async def told(store: Store, contact: int, field: FieldView) -> str:
    values = await store.read(lambda s: values_of(s, About.CONTACT, [contact]))
    return values[contact].get(field.id, "")


async def write(store: Store, actor: Actor, field: FieldView, contact: int, value: str | None, now: int = NOON + 1) -> bool:
    return await store.write(lambda s: set_value(s, actor, field, contact, value, now=now))


async def two(store: Store) -> tuple[Rep, Somebody, Somebody]:
    rep = await store.write(employ)
    return rep, await store.write(lambda s: meet(s, "ann", "telegram")), await store.write(lambda s: meet(s, "ann-lee", "mail", now=NOON + 1))


async def test_a_field_is_made_named_and_put_last(store: Store) -> None:
    first, second = await made(store), await made(store, Draft(About.CONTACT, FieldKind.DATE, "Birthday"))
    assert (first.name, first.choices, second.name) == ("kind_of_shop", ("Bakery", "Florist", "Other"), "birthday")
    assert [field.label for field in await store.read(lambda s: fields_of(s, About.CONTACT))] == ["Kind of shop", "Birthday"]
    assert await store.read(lambda s: fields_of(s, About.DEAL)) == []


@pytest.mark.parametrize(
    "draft",
    [
        CHOICE,
        Draft(About.CONTACT, FieldKind.TEXT, "kind of SHOP"),
        Draft(About.CONTACT, FieldKind.TEXT, " "),
        Draft(About.CONTACT, FieldKind.CHOICE, "x", "one"),
    ],
)
async def test_a_field_that_is_there_or_says_nothing_is_refused(store: Store, draft: Draft) -> None:
    await made(store)
    with pytest.raises(BadValue):
        await made(store, draft)
    assert (await counts(store, DomainEvent))["domain_events"] == 1


async def test_a_field_is_never_named_as_a_place_of_every_text(store: Store) -> None:
    assert (await made(store, Draft(About.CONTACT, FieldKind.TEXT, "Name"))).name == "name_2"


async def test_there_are_fifty_fields_at_most(store: Store) -> None:
    def many(session: Session) -> None:
        for number in range(FIELDS_MOST):
            make_field(session, BOSS, Draft(About.CONTACT, FieldKind.TEXT, f"field {number}"), now=NOON)

    await store.write(many)
    with pytest.raises(BadValue):
        await made(store)


async def test_a_field_is_renamed_and_that_is_undone(store: Store) -> None:
    field = await made(store)
    assert (await store.write(lambda s: rename_field(s, BOSS, field.id, "Trade", now=NOON + 1))).label == "Trade"
    change = await store.read(lambda s: last_edit(s, field.id))
    assert (await store.write(lambda s: undo_edit(s, BOSS, field.id, change, now=NOON + 2))).label == "Kind of shop"
    with pytest.raises(Expired):
        await store.write(lambda s: undo_edit(s, BOSS, field.id, change, now=NOON + 3))


async def test_fields_are_put_in_another_order(store: Store) -> None:
    for label in ("A", "B", "C"):
        last = await made(store, Draft(About.DEAL, FieldKind.TEXT, label))
    for _ in range(3):
        await store.write(lambda s: move_field(s, BOSS, last.id, -1, now=NOON))
    assert [field.label for field in await store.read(lambda s: fields_of(s, About.DEAL))] == ["C", "A", "B"]


async def test_an_archived_field_keeps_its_values_and_comes_back_with_them(store: Store) -> None:
    _, ann, _ = await two(store)
    field = await made(store)
    await write(store, BOSS, field, ann.contact, "Bakery")
    await store.write(lambda s: archive_field(s, BOSS, field.id, True, now=NOON))
    assert await told(store, ann.contact, field) == ""
    with pytest.raises(NotFound):
        await write(store, BOSS, field, ann.contact, "Florist")
    await store.write(lambda s: archive_field(s, BOSS, field.id, False, now=NOON))
    assert await told(store, ann.contact, field) == "Bakery"


async def test_a_choice_that_is_no_longer_offered_stays_where_it_was_chosen(store: Store) -> None:
    _, ann, _ = await two(store)
    field = await made(store)
    await write(store, BOSS, field, ann.contact, "Bakery")
    changed = await store.write(lambda s: set_choices(s, BOSS, field.id, "Cafe\nFlorist", now=NOON))
    assert changed.choices == ("Cafe", "Florist")
    assert await told(store, ann.contact, field) == "Bakery"
    with pytest.raises(Invalid):
        await write(store, BOSS, changed, ann.contact, "Other")


async def test_a_value_is_on_record_with_the_old_one_who_and_when(store: Store) -> None:
    rep, ann, _ = await two(store)
    field = await made(store)
    assert await write(store, rep, field, ann.contact, "Bakery")
    assert not await write(store, rep, field, ann.contact, "Bakery")
    assert await write(store, rep, field, ann.contact, "Florist", NOON + 5)
    changes = await store.read(lambda s: list(s.execute(select(DomainEvent.before, DomainEvent.after, DomainEvent.rep_id).where(DomainEvent.kind == "field"))))
    said = [(json.loads(before)["value"], json.loads(after)["value"], by) for before, after, by in changes]
    assert said == [("", "Bakery", rep.id), ("Bakery", "Florist", rep.id)]
    kept = (await store.read(lambda s: kept_of(s, About.CONTACT, [ann.contact], [field.id])))[ann.contact][field.id]
    assert (kept.value, kept.at, kept.rep_id) == ("Florist", NOON + 5, rep.id)


async def test_an_erased_value_comes_back_when_that_is_undone(store: Store) -> None:
    rep, ann, _ = await two(store)
    field = await made(store)
    await write(store, rep, field, ann.contact, "Bakery")
    await write(store, rep, field, ann.contact, None, NOON + 2)
    assert await told(store, ann.contact, field) == ""
    change = await store.read(lambda s: last_change(s, About.CONTACT, ann.contact))
    await store.write(lambda s: undo_value(s, rep, About.CONTACT, ann.contact, change, now=NOON + 3))
    assert await told(store, ann.contact, field) == "Bakery"


async def test_what_was_changed_since_is_not_undone(store: Store) -> None:
    rep, ann, _ = await two(store)
    field = await made(store)
    await write(store, rep, field, ann.contact, "Bakery")
    change = await store.read(lambda s: last_change(s, About.CONTACT, ann.contact))
    await write(store, rep, field, ann.contact, "Florist", NOON + 2)
    with pytest.raises(Expired):
        await store.write(lambda s: undo_value(s, rep, About.CONTACT, ann.contact, change, now=NOON + 3))
    assert await told(store, ann.contact, field) == "Florist"


async def test_of_one_person_the_newest_word_counts_and_parted_each_has_their_own(store: Store) -> None:
    rep, ann, lee = await two(store)
    field = await made(store)
    await write(store, rep, field, ann.contact, "Florist", NOON + 5)
    await write(store, rep, field, lee.contact, "Bakery", NOON + 4)
    link = await store.write(lambda s: persons.merged(s, rep, ann.contact, lee.contact, now=NOON + 6))
    assert [await told(store, one.contact, field) for one in (ann, lee)] == ["Florist", "Florist"]
    await write(store, rep, field, lee.contact, None, NOON + 3)  # a clock that runs behind
    assert [await told(store, one.contact, field) for one in (ann, lee)] == ["", ""]
    await store.write(lambda s: persons.parted(s, rep, link, now=NOON + 7))
    assert [await told(store, one.contact, field) for one in (ann, lee)] == ["Florist", ""]


async def test_texts_say_a_value_in_the_words_of_who_reads_them(store: Store) -> None:
    _, ann, lee = await two(store)
    field = await made(store, Draft(About.CONTACT, FieldKind.YES_NO, "Member"))
    await write(store, BOSS, field, ann.contact, "yes")
    found = await store.read(lambda s: own_values(s, {"member"}, {ann.contact: "en", lee.contact: "en"}))
    assert found == {ann.contact: {"member": "Yes"}, lee.contact: {}}


VERBS: list[Callable[[Session, Actor, FieldView], object]] = [
    lambda s, actor, field: make_field(s, actor, Draft(About.DEAL, FieldKind.TEXT, "x"), now=NOON),
    lambda s, actor, field: rename_field(s, actor, field.id, "x", now=NOON),
    lambda s, actor, field: set_choices(s, actor, field.id, "x\ny", now=NOON),
    lambda s, actor, field: show_field(s, actor, field.id, False, now=NOON),
    lambda s, actor, field: archive_field(s, actor, field.id, True, now=NOON),
    lambda s, actor, field: move_field(s, actor, field.id, 1, now=NOON),
    lambda s, actor, field: undo_edit(s, actor, field.id, 1, now=NOON),
]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("role", [Role.REP, Role.TRAINEE, Role.GUEST, None])
async def test_only_a_manager_changes_fields_and_a_refusal_changes_nothing(store: Store, verb: Callable[..., object], role: Role | None) -> None:
    field = await made(store)
    actor: Actor = await store.write(lambda s: employ(s, "sly", role)) if role else Bot()
    before = await counts(store, DomainEvent), await store.read(lambda s: fields_of(s, About.CONTACT, archived=True))
    with pytest.raises(Forbidden):
        await store.write(lambda s: verb(s, actor, field))
    assert before == (await counts(store, DomainEvent), await store.read(lambda s: fields_of(s, About.CONTACT, archived=True)))


@pytest.mark.parametrize("value", ["", "Butcher", "bakery", "\x00"])
async def test_a_value_of_another_form_is_refused_and_changes_nothing(store: Store, value: str) -> None:
    _, ann, _ = await two(store)
    field = await made(store)
    with pytest.raises(Invalid):
        await write(store, BOSS, field, ann.contact, value)
    assert (await counts(store, FieldValue))["field_values"] == 0


@pytest.mark.parametrize("actor", [Bot(), Customer(1), Rep(99, Role.OWNER, "x", "en", "x")])
async def test_nobody_but_the_staff_writes_a_value(store: Store, actor: Actor) -> None:
    _, ann, _ = await two(store)
    field = await made(store)
    with pytest.raises(DragomanError):
        await write(store, actor, field, ann.contact, "Bakery")
    assert (await counts(store, FieldValue))["field_values"] == 0


@pytest.mark.parametrize("about", [About.CONTACT, About.COMPANY])
async def test_there_is_no_value_of_what_is_not_there(store: Store, about: About) -> None:
    field = await made(store, Draft(about, FieldKind.TEXT, "x"))
    with pytest.raises(NotFound):
        await write(store, BOSS, field, 424242, "words")
    assert (await counts(store, FieldValue))["field_values"] == 0
