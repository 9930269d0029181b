"""The sheet of people: a line each, with their phones, e-mails, company and the firm's own fields, read a page at a time."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.i18n import Translator, translator
from crm.base.time import local
from crm.people.companies import Company
from crm.people.contacts import Contact, ContactPoint, PointKind
from crm.people.field_words import About, FieldKind, FieldView, shown_value
from crm.people.fields import fields_of, values_of
from crm.people.pretended import real
from crm.people.sight import Sight
from crm.people.tags import tags_of

COLUMNS = ("id", "name", "phones", "emails", "company", "kind", "language", "offers", "blocked", "created", "tags")
OFFERS = {1: "yes", -1: "no", 0: ""}


def people_header(session: Session) -> tuple[tuple[str, ...], Sequence[FieldView]]:
    """What the columns are called, and the firm's own fields among them."""
    fields = fields_of(session, About.CONTACT)
    return (*COLUMNS, *(field.label for field in fields)), fields


def people_page(session: Session, after: int, size: int, fields: Sequence[FieldView], sight: Sight, zone: str) -> list[tuple[int, tuple[object, ...]]]:
    """A page of people, each with the number it stands at."""
    wanted = select(Contact).where(Contact.id > after, Contact.root_id == Contact.id, real(Contact.id))
    roots = session.scalars(wanted.order_by(Contact.id).limit(size)).all()
    ids = [contact.id for contact in roots]
    kin = {row.id: row.root_id for row in session.execute(select(Contact.id, Contact.root_id).where(Contact.root_id.in_(ids)))}
    points: dict[tuple[int, str], list[str]] = defaultdict(list)
    held_by = select(ContactPoint.contact_id, ContactPoint.kind, ContactPoint.value).where(ContactPoint.contact_id.in_(sorted(kin)))
    for row in session.execute(held_by.where(ContactPoint.kind.in_([PointKind.PHONE.value, PointKind.EMAIL.value])).order_by(ContactPoint.id)):
        held = points[kin[row.contact_id], row.kind]
        if row.value not in held:
            held.append(row.value)
    companies = {
        row.id: row.name for row in session.execute(select(Company.id, Company.name).where(Company.id.in_({contact.company_id or 0 for contact in roots})))
    }
    tags = tags_of(session, ids)
    values, tr = values_of(session, About.CONTACT, ids), translator("en")
    return [
        (
            one.id,
            (
                one.id,
                _name(one.name or one.platform_name, sight),
                ", ".join(sight.shown("phone", value) for value in points[one.id, PointKind.PHONE.value]),
                ", ".join(sight.shown("email", value) for value in points[one.id, PointKind.EMAIL.value]),
                _name(companies.get(one.company_id or 0, ""), sight),
                one.kind,
                one.language,
                OFFERS.get(one.marketing, ""),
                "yes" if one.blocked else "",
                local(one.created_at, zone).strftime("%Y-%m-%d"),
                sight.told(", ".join(tags[one.id]), points=True),
                *(_value(field, values[one.id][field.id], tr, sight) if field.id in values.get(one.id, {}) else "" for field in fields),
            ),
        )
        for one in roots
    ]


def _name(name: str, sight: Sight) -> str:
    """A name without the phone or e-mail that stands for it or beside it."""
    return sight.told(sight.named(name), points=True)


def _value(field: FieldView, stored: str, tr: Translator, sight: Sight) -> str:
    """A field's value; a number, an amount and a date look like phones and are none."""
    if field.kind is FieldKind.PHONE:
        return sight.shown("phone", stored)
    return sight.told(shown_value(field, stored, tr), points=field.kind in (FieldKind.TEXT, FieldKind.CHOICE))
