"""What is said to an engine in its own words when rows are written: upserts, and many rows as lists in one statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, Table, bindparam, cast, column, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from crm.base.dialect import fixed, is_server


def _insert(session: Session, table: Table) -> Any:
    """Both engines spell an upsert alike; each has an insert of its own that knows it."""
    return postgresql.insert(table) if is_server(session) else sqlite.insert(table)


def insert_ignoring(session: Session, table: Table) -> Any:
    """An insert that passes over rows which break a unique key."""
    return insert_on_server(table) if is_server(session) else insert_in_file(table)


def insert_on_server(table: Table) -> Any:
    """The same for a server, where no session is open."""
    return postgresql.insert(table).on_conflict_do_nothing()


def insert_in_file(table: Table) -> Any:
    """The same for a file."""
    return sqlite.insert(table).on_conflict_do_nothing()


def lists(table: Table, columns: Sequence[str]) -> Any:
    """Rows given as a list for each column: one plan and one round trip for all of them."""
    given = (cast(bindparam(name), ARRAY(table.c[name].type)) for name in columns)
    return func.unnest(*given).table_valued(*(column(name, table.c[name].type) for name in columns)).render_derived(name="given")


def insert_lists(insert: Any, columns: Sequence[str]) -> Any:
    """The same insert for rows given as lists."""
    rows = lists(insert.table, columns)
    return insert.from_select(list(columns), select(*(rows.c[name] for name in columns)))


def update_lists(table: Table, keys: Sequence[str], columns: Sequence[str], only: Any = None) -> Any:
    """An update by `keys` for rows given as lists; `only` those that meet a condition on the table's columns and the given ones."""
    rows = lists(table, columns)
    mine = [*(table.c[key] == rows.c[key] for key in keys), *([only(table.c, rows.c)] if only else [])]
    return update(table).where(*mine).values({name: rows.c[name] for name in columns if name not in keys})


def insert_or_bump(session: Session, table: Table, key: str, bump: str, newer: Sequence[str] = ()) -> Any:
    """An insert that, where `key` is there already, raises `bump` by one and takes over the columns `newer`."""
    statement = _insert(session, table)
    changes: dict[str, Any] = {bump: table.c[bump] + fixed(1), **{name: statement.excluded[name] for name in newer}}
    return statement.on_conflict_do_update(index_elements=[key], set_=changes)


def insert_or_add(session: Session, table: Table, keys: Sequence[str], amount: str) -> Any:
    """An insert that, where the keys are there already, adds its amount to theirs."""
    statement = _insert(session, table)
    return statement.on_conflict_do_update(index_elements=list(keys), set_={amount: table.c[amount] + statement.excluded[amount]})


def insert_or_replace(session: Session, table: Table, key: str, value: str) -> Any:
    """An insert that, where the key is there already, takes over the new value."""
    statement = _insert(session, table)
    return statement.on_conflict_do_update(index_elements=[key], set_={value: statement.excluded[value]})
