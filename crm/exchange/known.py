"""Known: who is known already of those a list tells of; a few statements for a whole chunk of it."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from crm.base.rows import among, ask
from crm.exchange.cells import Person
from crm.exchange.plan import Known, Point, Somebody, deal_key
from crm.exchange.tombstones import erased_among
from crm.people.contacts import Contact, ContactPoint, Proof
from crm.people.fields import FieldValue
from crm.people.tags import tags_of
from crm.sales.deals import Deal

_POINTS = select(ContactPoint.value, ContactPoint.proof, ContactPoint.contact_id).where(
    ContactPoint.kind == bindparam("kind"), among(ContactPoint.value, "values")
)
_ROOTS = select(Contact.id, Contact.root_id).where(among(Contact.id, "ids"))
_KIN = select(Contact.id, Contact.root_id).where(among(Contact.root_id, "roots"))
_PEOPLE = select(Contact.id, Contact.name, Contact.company_id, Contact.marketing).where(among(Contact.id, "ids"))
_OWN = select(ContactPoint.contact_id, ContactPoint.kind, ContactPoint.value).where(among(ContactPoint.contact_id, "ids"))
_VALUES = select(FieldValue.subject_id, FieldValue.field_id).where(among(FieldValue.subject_id, "ids"), among(FieldValue.field_id, "fields"))
_DEALS = select(Deal.once).where(among(Deal.once, "keys"))


def known_of(session: Session, people: Sequence[Person], key: bytes) -> Known:
    """Whom these rows may be about; `key` is the one that tombstones are made with."""
    points = {point for person in people for point in person.points}
    by_point, claimed = _by_point(session, points)
    roots = sorted({number for numbers in by_point.values() for number in numbers})
    kin = {row.id: row.root_id for row in ask(session, _KIN, {"roots": roots})} if roots else {}
    own: dict[int, set[Point]] = defaultdict(set)
    for row in ask(session, _OWN, {"ids": sorted(kin)}) if kin else ():
        own[kin[row.contact_id]].add((row.kind, row.value))
    fields = sorted({number for person in people for number, _ in person.values})
    filled: dict[int, set[int]] = defaultdict(set)
    for row in ask(session, _VALUES, {"ids": sorted(kin), "fields": fields}) if kin and fields else ():
        filled[kin[row.subject_id]].add(row.field_id)
    tags = tags_of(session, roots) if any(person.tags for person in people) else {}
    found = {
        row.id: Somebody(
            row.id, row.name, row.company_id, frozenset(own[row.id]), frozenset(filled[row.id]), bool(row.marketing), frozenset(tags.get(row.id, ()))
        )
        for row in (ask(session, _PEOPLE, {"ids": roots}) if roots else ())
    }
    keys = sorted(filter(None, map(deal_key, people)))
    deals = frozenset(row.once for row in ask(session, _DEALS, {"keys": keys})) if keys else frozenset()
    return Known(by_point, found, erased_among(session, points, key), deals, claimed)


def _by_point(session: Session, points: set[Point]) -> tuple[dict[Point, tuple[int, ...]], frozenset[Point]]:
    """Whom each phone or e-mail leads to: those who have proven it, or else whom the firm itself brought in.

    Who only typed it may be anybody, and would get what a list says of somebody else; they are suggested, and a person decides.
    """
    held: dict[Point, dict[bool, list[int]]] = defaultdict(lambda: defaultdict(list))
    claimed: set[Point] = set()
    for kind in ("phone", "email"):
        values = sorted(value for of, value in points if of == kind)
        for row in ask(session, _POINTS, {"kind": kind, "values": values}) if values else ():
            if row.proof == Proof.CLAIMED.value:
                claimed.add((kind, row.value))
            else:
                held[kind, row.value][row.proof == Proof.IMPORTED.value].append(row.contact_id)
    everybody = sorted({number for sides in held.values() for numbers in sides.values() for number in numbers})
    roots = {row.id: row.root_id for row in ask(session, _ROOTS, {"ids": everybody})} if everybody else {}
    found = {point: tuple(dict.fromkeys(roots[number] for number in sides[False] or sides[True])) for point, sides in held.items()}
    return found, frozenset(claimed)
