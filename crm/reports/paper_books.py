"""Books of papers: the numbers that were given held against the documents that have them, and every seal against its words; a problem in one line each."""

import hashlib
from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.documents.documents import STANDING, Document
from crm.documents.numbers import Serial

SHOWN = 5
_FORGOTTEN = "{}"


def papers(session: Session) -> Iterator[str]:
    """What does not add up among documents."""
    for name, last in session.execute(select(Serial.name, Serial.last).order_by(Serial.name)):
        there = session.scalar(select(func.count(func.distinct(Document.number))).where(Document.number.startswith(f"{name}-"))) or 0
        if there != last:
            yield f"documents {name}: {last} numbers were given, {there} are there"
    sealed = select(Document.number, Document.version, Document.seal, Document.data).where(Document.seal != "", Document.data != _FORGOTTEN)
    broken = (row for row in session.execute(sealed.order_by(Document.id)) if hashlib.sha256(row.data.encode()).hexdigest() != row.seal)
    for _, row in zip(range(SHOWN), broken, strict=False):
        yield f"document {row.number} version {row.version}: its words are not those that were sealed"
    twice = select(Document.number).where(Document.state.in_(STANDING)).group_by(Document.number).having(func.count() > 1)
    yield from (f"document {number}: two versions of it stand" for number in session.scalars(twice.limit(SHOWN)))
