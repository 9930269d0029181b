"""Serial: the numbers of documents, one row for each kind and year, so that no number is given twice and none is left out."""

from collections.abc import Mapping

from sqlalchemy import update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.base.time import local
from crm.documents.documents import Kind

LETTERS: Mapping[Kind, str] = {Kind.QUOTE: "Q", Kind.INVOICE: "I", Kind.CONTRACT: "C", Kind.ACT: "A"}


class Serial(Row):
    """The last number that was given: `name` is a letter and a year ("Q-2026")."""

    __tablename__ = "serials"
    name: Mapped[str] = mapped_column(unique=True)
    last: Mapped[int] = mapped_column(server_default="0")


def next_number(session: Session, kind: Kind, zone: str, *, now: int) -> str:
    """The next number of a kind in the year it is in a zone: "Q-2026-0001". The row is held until the transaction ends, and what is rolled back uses none."""
    name = f"{LETTERS[kind]}-{local(now, zone).year}"
    raised = update(Serial).where(Serial.name == name).values(last=Serial.last + 1).returning(Serial.last)
    found = session.execute(raised, execution_options={"synchronize_session": False}).scalar()
    if found is None:
        add_new(session, Serial, [{"id": next(take_ids(session, 1)), "name": name, "last": 0}])
        found = session.execute(raised, execution_options={"synchronize_session": False}).scalar_one()
    return f"{name}-{found:04}"
