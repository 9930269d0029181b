"""Company: a firm that customers belong to, found by how its name sounds."""

from dataclasses import dataclass

from sqlalchemy import Index, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor
from crm.base.errors import Invalid, NotFound
from crm.base.fold import fold
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.base.text import clean_name
from crm.people.contacts import root_of
from crm.people.reps import authorise

NAME_MOST = 80
READ = 200
# How firms say what they are in five languages, folded: no part of what tells one from another.
_FORMS = frozenset(
    fold(word)
    for word in (
        "llc",
        "ltd",
        "inc",
        "plc",
        "gmbh",
        "cjsc",
        "ojsc",
        "jsc",
        "ՍՊԸ",
        "ՓԲԸ",
        "ԲԲԸ",
        "ԱՁ",
        "შპს",
        "სს",
        "ООО",
        "ОАО",
        "ЗАО",
        "ПАО",
        "АО",
        "ИП",
        "ኃላ",
        "አማ",
    )
)


class Company(Row):
    """A firm; `folded` is its name by sound, so that one spelling finds the others."""

    __tablename__ = "companies"
    name: Mapped[str]
    folded: Mapped[str]
    created_at: Mapped[int]
    active: Mapped[int] = mapped_column(server_default="1")
    __table_args__ = (Index("companies_folded", "folded"),)


@dataclass(frozen=True, slots=True)
class Named:
    """A company in a list."""

    id: int
    name: str


def sound(name: str) -> str:
    """A company's name by sound, without what kind of firm it is; pure."""
    words = fold(name).split()
    return " ".join([word for word in words if word not in _FORMS] or words)


def company_at(session: Session, company_id: int) -> Company:
    """A company by its number."""
    found = session.get(Company, company_id)
    if found is None:
        raise NotFound("no such company")
    return found


def companies_like(session: Session, actor: Actor, name: str, *, limit: int = 5) -> list[Named]:
    """The companies whose names sound like this one, the nearest first: the same, then those that begin so, then those that hold one of its words."""
    authorise(session, actor, Action.FIND)
    heard = sound(name)
    if not heard:
        return []
    words = [word for word in heard.split() if len(word) > 2][:4] or [heard]
    like = or_(*(Company.folded.contains(word, autoescape=True) for word in words))
    found = session.execute(select(Company.id, Company.name, Company.folded).where(Company.active == 1, like).order_by(Company.id.desc()).limit(READ)).all()
    found = sorted(found, key=lambda row: (row.folded != heard, not row.folded.startswith(heard), -sum(word in row.folded.split() for word in words), row.id))
    return [Named(row.id, row.name) for row in found[:limit]]


def newest_companies(session: Session, actor: Actor, *, limit: int = 5) -> list[Named]:
    """The companies made last, to choose from where no name was typed."""
    authorise(session, actor, Action.FIND)
    found = session.execute(select(Company.id, Company.name).where(Company.active == 1).order_by(Company.created_at.desc(), Company.id.desc()).limit(limit))
    return [Named(row.id, row.name) for row in found]


def make_company(session: Session, actor: Actor, name: str, *, now: int) -> Company:
    """Make a company; one whose name sounds the same is answered instead."""
    authorise(session, actor, Action.CHANGE_PERSON)
    said = clean_name(name, NAME_MOST)
    heard = sound(said)
    if not heard:
        raise Invalid("a company needs a name")
    there = session.scalar(select(Company).where(Company.folded == heard, Company.active == 1).order_by(Company.id).limit(1))
    if there is not None:
        return there
    number = next(take_ids(session, 1))
    add_new(session, Company, [{"id": number, "name": said, "folded": heard, "created_at": now}])
    record(session, Change("company", number, "made", actor, after={"name": said}), now=now)
    return session.get_one(Company, number)


def rename_company(session: Session, actor: Actor, company_id: int, name: str, *, now: int) -> Company:
    """Call a company by another name."""
    authorise(session, actor, Action.CHANGE_PERSON)
    company, said = company_at(session, company_id), clean_name(name, NAME_MOST)
    if not sound(said):
        raise Invalid("a company needs a name")
    if company.name != said:
        record(session, Change("company", company.id, "name", actor, {"name": company.name}, {"name": said}), now=now)
        company.name, company.folded = said, sound(said)
        session.flush()
    return company


def belong(session: Session, actor: Actor, contact_id: int, company_id: int | None, *, now: int) -> None:
    """Write down which company a person belongs to (None = to none)."""
    authorise(session, actor, Action.CHANGE_PERSON)
    root = root_of(session, contact_id)
    if company_id is not None:
        company_at(session, company_id)
    if root.company_id != company_id:
        record(session, Change("contact", root.id, "company", actor, {"company": root.company_id}, {"company": company_id}), now=now)
        root.company_id = company_id
        session.flush()
