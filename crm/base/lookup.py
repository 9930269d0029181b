"""Lookup: one row by its number, or the words that say it is not there."""

from typing import TypeVar

from sqlalchemy.orm import Session

from crm.base.errors import NotFound
from crm.base.table import Row

R = TypeVar("R", bound=Row)


def row_at(session: Session, table: type[R], number: int, why: str, *, hold: bool = False) -> R:
    """The row of a table by its number, held until the transaction ends where `hold` says so; NotFound with `why` where there is none."""
    found = session.get(table, number, with_for_update=True, populate_existing=True) if hold else session.get(table, number)
    if found is None:
        raise NotFound(why)
    return found
