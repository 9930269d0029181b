"""The set-based helpers every hot verb needs: ids, ask, run, add, add if new, change; rows are dicts inside a plan and nowhere else.

Whatever passes here is written as SQL once and goes to the driver as it is: SQLAlchemy's own way to a statement costs 70 us, the driver's 2.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Select, Table, bindparam, insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler

from crm.base.dialect import among, drive, fixed, is_server, take_ids
from crm.base.dialect_rows import insert_ignoring, insert_lists, insert_or_bump, update_lists
from crm.base.table import Base, Row

__all__ = ["Rows", "add", "add_new", "among", "ask", "bump", "change", "fixed", "run", "take_ids"]

Rows = list[dict[str, Any]]
Bind = Callable[[Mapping[str, Any]], tuple[Any, ...]]
Plan = tuple[str, Bind]
Only = Callable[[Any, Any], ColumnElement[bool]]
"""A condition, made of the columns of the table and of those that are given, both by name; a function of its module, since it is called only once."""

_plans: dict[tuple[str, object, tuple[str, ...]], Plan] = {}
_present: dict[type[Row], Select[Any]] = {}


def ask(session: Session, question: Any, given: Mapping[str, Any]) -> list[Any]:
    """Rows by name that answer a question, or that a change hands back; `question` is a constant of its module, since it is written only once."""
    session.flush()
    written, bind = _written(session, question)
    names, rows = drive(session, written, bind(given))
    return list(map(_row(names), rows))


def run(session: Session, statement: Any, given: Mapping[str, Any]) -> None:
    """Carry out a change that is a constant of its module."""
    session.flush()
    written, bind = _written(session, statement)
    drive(session, written, bind(given))


def add(session: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, all with the same columns; the session's identity map does not learn of them."""
    if rows:
        many(session, ("add", table), lambda: insert(table_of(table)), rows)


def add_new(session: Session, table: type[Row], rows: Sequence[dict[str, Any]]) -> set[int]:
    """Insert the rows that break no unique key and return the ids that made it."""
    if not rows:
        return set()
    into = table_of(table)
    if is_server(session):
        made = many(session, ("new", table), lambda: insert_ignoring(session, into).returning(into.c.id), rows)
        return {row[0] for row in made}
    many(session, ("ignore", table), lambda: insert_ignoring(session, into), rows)
    if table not in _present:
        _present[table] = select(table.id).where(among(table.id, "ids"))
    return {row[0] for row in ask(session, _present[table], {"ids": [row["id"] for row in rows]})}


def bump(session: Session, table: type[Base], rows: Sequence[dict[str, Any]], *, key: str, version: str, newer: Sequence[str] = ()) -> None:
    """Insert rows; where `key` stands already, raise its version and take over the columns `newer`."""
    if rows:
        many(session, ("bump", table, key, tuple(newer)), lambda: insert_or_bump(session, table_of(table), key, version, newer), rows)


def change(session: Session, table: type[Base], key: str | tuple[str, ...], rows: Sequence[dict[str, Any]], only: Only | None = None) -> None:
    """Update rows by `key`, all with the same columns; `only` those that meet a condition on the table's columns and the given ones."""
    if not rows:
        return
    into, columns, name = table_of(table), tuple(rows[0]), ("change", table, key, only)
    keys = (key,) if isinstance(key, str) else key
    if is_server(session):
        _run(session, name, columns, lambda: update_lists(into, keys, columns, only), _as_lists(rows, columns))
        return
    given: dict[str, Any] = {column: bindparam("v_" + column, type_=into.c[column].type) for column in columns}
    values = {column: value for column, value in given.items() if column not in keys}
    mine = [*(into.c[column] == given[column] for column in keys), *([only(into.c, given)] if only else [])]
    many(session, name, lambda: update(into).where(*mine).values(values), [{"v_" + column: value for column, value in row.items()} for row in rows])


def table_of(table: type[Base]) -> Table:
    """The Core table behind a mapped class."""
    found = table.__table__
    assert isinstance(found, Table)
    return found


def many(session: Session, name: object, build: Callable[[], Any], rows: Sequence[dict[str, Any]]) -> Sequence[Any]:
    """Run one statement for many rows by the driver, without SQLAlchemy's 8 us a row of parameter handling; answers what a server hands back."""
    columns = tuple(rows[0])
    if is_server(session) and not columns[0].startswith("v_"):
        return _run(session, name, columns, lambda: insert_lists(build(), columns), _as_lists(rows, columns))
    dialect = session.get_bind().dialect
    plan = _plans.get((dialect.name, name, columns))
    if plan is None:
        compiled = build().compile(dialect=dialect, column_keys=None if columns[0].startswith("v_") else list(columns))
        plan = _plans[dialect.name, name, columns] = str(compiled), _picker(compiled.positiontup)
    return drive(session, plan[0], [plan[1](row) for row in rows])[1]


def _run(session: Session, name: object, columns: tuple[str, ...], build: Callable[[], Any], given: dict[str, list[Any]]) -> Sequence[Any]:
    dialect = session.get_bind().dialect
    plan = _plans.get((dialect.name, name, columns))
    if plan is None:
        compiled = build().compile(dialect=dialect)
        plan = _plans[dialect.name, name, columns] = str(compiled), _picker(compiled.positiontup)
    return drive(session, plan[0], plan[1](given))[1]


def _as_lists(rows: Sequence[dict[str, Any]], columns: tuple[str, ...]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in columns}


def _picker(names: Sequence[str]) -> Bind:
    if len(names) == 1:
        return lambda row: (row[names[0]],)
    return itemgetter(*names)


def _written(session: Session, statement: Any) -> Plan:
    dialect = session.get_bind().dialect
    plan = _plans.get((dialect.name, statement, ()))
    if plan is None:
        compiled = statement.compile(dialect=dialect)
        plan = _plans[dialect.name, statement, ()] = str(compiled), _binder(compiled, dialect)
    return plan


def _binder(compiled: SQLCompiler, dialect: Dialect) -> Bind:
    """How values by name become the statement's parameters in their order; constants of the statement are among them."""
    fixed_values = {name: value for name, value in compiled.params.items() if not compiled.binds[name].required}
    steps = [(name, compiled.binds[name].type.bind_processor(dialect)) for name in compiled.positiontup or ()]

    def bind(given: Mapping[str, Any]) -> tuple[Any, ...]:
        values = {**fixed_values, **given}
        return tuple([process(values[name]) if process else values[name] for name, process in steps])

    return bind


@cache
def _row(names: tuple[str, ...]) -> Any:
    """What makes a row with these columns, which are known only when a question is asked."""
    shape: Any = namedtuple("Found", names, rename=True)  # type: ignore[misc]  # noqa: PYI024
    return shape._make
