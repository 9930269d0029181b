"""The set-based helpers every hot verb needs: ids, add, add if new, change; rows are dicts inside a plan and nowhere else."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import CursorResult, Select, Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from crm.base.dialect import among, fixed, insert_ignoring, insert_lists, insert_or_bump, is_server, take_ids, update_lists
from crm.base.table import Base, Row

__all__ = ["Rows", "add", "add_new", "among", "bump", "change", "fixed", "take_ids"]

Rows = list[dict[str, Any]]
Plan = tuple[str, Callable[[dict[str, Any]], tuple[Any, ...]]]

_plans: dict[tuple[str, object, tuple[str, ...]], Plan] = {}
_present: dict[type[Row], Select[Any]] = {}


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
        return set(made.scalars())
    many(session, ("ignore", table), lambda: insert_ignoring(session, into), rows)
    if table not in _present:
        _present[table] = select(table.id).where(among(table.id, "ids"))
    return set(session.scalars(_present[table], {"ids": [row["id"] for row in rows]}))


def bump(session: Session, table: type[Base], rows: Sequence[dict[str, Any]], *, key: str, version: str, newer: Sequence[str] = ()) -> None:
    """Insert rows; where `key` stands already, raise its version and take over the columns `newer`."""
    if rows:
        many(session, ("bump", table, key, tuple(newer)), lambda: insert_or_bump(session, table_of(table), key, version, newer), rows)


def change(session: Session, table: type[Base], key: str, rows: Sequence[dict[str, Any]]) -> None:
    """Update rows by `key`, all with the same columns."""
    if not rows:
        return
    into, columns = table_of(table), tuple(rows[0])
    if is_server(session):
        _run(session, ("change", table, key), columns, lambda: update_lists(into, key, columns), _as_lists(rows, columns))
        return
    fields: dict[str, Any] = {name: bindparam("v_" + name) for name in columns if name != key}
    given = [{"v_" + name: value for name, value in row.items()} for row in rows]
    many(session, ("change", table, key), lambda: update(into).where(into.c[key] == bindparam("v_" + key)).values(fields), given)


def table_of(table: type[Base]) -> Table:
    """The Core table behind a mapped class."""
    found = table.__table__
    assert isinstance(found, Table)
    return found


def many(session: Session, name: object, build: Callable[[], Any], rows: Sequence[dict[str, Any]]) -> CursorResult[Any]:
    """Run one statement for many rows by the driver: compiled once, without SQLAlchemy's 8 us a row of parameter handling."""
    columns = tuple(rows[0])
    if is_server(session) and not columns[0].startswith("v_"):
        return _run(session, name, columns, lambda: insert_lists(build(), columns), _as_lists(rows, columns))
    dialect = session.get_bind().dialect
    plan = _plans.get((dialect.name, name, columns))
    if plan is None:
        compiled = build().compile(dialect=dialect, column_keys=None if columns[0].startswith("v_") else list(columns))
        plan = _plans[dialect.name, name, columns] = str(compiled), _picker(compiled.positiontup)
    return session.connection().exec_driver_sql(plan[0], [plan[1](row) for row in rows])


def _run(session: Session, name: object, columns: tuple[str, ...], build: Callable[[], Any], given: dict[str, list[Any]]) -> CursorResult[Any]:
    dialect = session.get_bind().dialect
    plan = _plans.get((dialect.name, name, columns))
    if plan is None:
        compiled = build().compile(dialect=dialect)
        plan = _plans[dialect.name, name, columns] = str(compiled), _picker(compiled.positiontup)
    return session.connection().exec_driver_sql(plan[0], plan[1](given))


def _as_lists(rows: Sequence[dict[str, Any]], columns: tuple[str, ...]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in columns}


def _picker(names: Sequence[str]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    if len(names) == 1:
        return lambda row: (row[names[0]],)
    return itemgetter(*names)
