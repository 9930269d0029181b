"""Practised: what there is about people who are there to practise on, which no export of everything holds."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from crm.base.table import Base
from crm.exchange.belongings import NAMED, all_of, values_about
from crm.people.pretended import pretended

Things = Mapping[str, frozenset[int]]
"""The numbers of rows by their tables."""
_ALSO = {"links": ("winner_id", "loser_id"), "suggestions": ("contact_id", "other_id")}


def practised(session: Session) -> Things:
    """Everything about those who are there to practise on; what is on record of them stays, since its seals are over all of it."""
    people = pretended(session)
    if not people:
        return {}
    what = all_of(session, people)
    return {**{table: frozenset(ids) for table, ids in what.ids.items()}, "field_values": frozenset(values_about(session, what))}


def without(table: str, rows: Sequence[Any], nobody: Things) -> Sequence[Any]:
    """The rows of a table that are about nobody of them."""
    if not nobody:
        return rows
    places = list(_places(table, nobody))
    return [row for row in rows if not any(row[place] in ids for place, ids in places)]


def _places(table: str, nobody: Things) -> Iterator[tuple[int, frozenset[int]]]:
    """Where a row of this table names one of their things."""
    for place, name in enumerate(Base.metadata.tables[table].columns.keys()):
        of = table if name == "id" else "contacts" if name in _ALSO.get(table, ()) else NAMED.get(name, "")
        if of in nobody:
            yield place, nobody[of]
