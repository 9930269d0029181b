"""Rows: statements written once and driven by the engine itself say the same as SQLAlchemy's own way."""

import pytest
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.base.db import Store
from crm.base.rows import among, ask, run, table_of, take_ids
from crm.inbox.log import Offset

FIRST = select(Offset.name, Offset.value).where(Offset.value >= bindparam("least")).order_by(Offset.value).limit(1)
NAMED = select(Offset.value).where(among(Offset.name, "names")).order_by(Offset.value)
HIGHEST = select(func.max(Offset.value).label("value"))
RAISE = update(table_of(Offset)).where(among(Offset.name, "names")).values(value=Offset.value + bindparam("by"))
CLEAR = update(table_of(Offset)).where(Offset.name == bindparam("which")).values(value=0).returning(Offset.name, Offset.value)
TWIN = update(table_of(Offset)).values(name="twin")


def three(session: Session) -> None:
    """Three offsets, not flushed yet."""
    session.add_all([Offset(name="ani", value=10), Offset(name="՛բենո", value=20), Offset(name="it's", value=30)])


async def test_rows_are_read_by_name(store: Store) -> None:
    def read(session: Session) -> tuple[str, int]:
        three(session)
        [row] = ask(session, FIRST, {"least": 15})
        return row.name, row.value

    assert await store.write(read) == ("՛բենո", 20)


async def test_a_list_is_one_parameter_and_may_be_empty(store: Store) -> None:
    def read(session: Session) -> tuple[list[int], list[int]]:
        three(session)
        return [row.value for row in ask(session, NAMED, {"names": ["it's", "ani"]})], ask(session, NAMED, {"names": []})

    assert await store.write(read) == ([10, 30], [])


async def test_a_question_about_nothing_has_an_empty_answer(store: Store) -> None:
    assert await store.read(lambda session: ask(session, HIGHEST, {})[0].value) is None


async def test_a_change_is_carried_out_and_may_hand_rows_back(store: Store) -> None:
    def alter(session: Session) -> tuple[list[int], list[tuple[str, int]]]:
        three(session)
        run(session, RAISE, {"names": ["ani"], "by": 5})
        return [row.value for row in ask(session, NAMED, {"names": ["ani"]})], [tuple(row) for row in ask(session, CLEAR, {"which": "ani"})]

    assert await store.write(alter) == ([15], [("ani", 0)])


async def test_a_broken_rule_is_told_in_the_same_words_as_everywhere(store: Store) -> None:
    def break_it(session: Session) -> None:
        three(session)
        run(session, TWIN, {})

    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        await store.write(break_it)
    assert await store.read(lambda session: ask(session, HIGHEST, {})[0].value) is None


async def test_ids_rise_and_are_never_handed_out_twice(store: Store) -> None:
    first, second = [await store.write(lambda session: list(take_ids(session, 3))) for _ in range(2)]
    assert first + second == sorted({*first, *second})
