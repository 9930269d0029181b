"""Suggestions: two people who may be one; nothing is joined before a person says so, and what was refused is never suggested again."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, bindparam, or_, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from crm.base.actors import Rep, System
from crm.base.history import Change, record
from crm.base.likeness import likeness, name_keys
from crm.base.rows import add_new, among, ask, take_ids
from crm.base.table import Row
from crm.people.contacts import UNPROVEN, Contact, ContactPoint, PointKind, Proof, root_of

MOST = 3
CROWD = 20
"""What more people than this have in common tells nothing about any two of them."""
ALIKE = 0.94
"""Precision 1.00 and recall 0.80 on names of the region in five scripts."""
SURE = 95
SCORES: dict[str, int] = {PointKind.PHONE: 90, PointKind.EMAIL: 85}
LOOKING = System("suggestions")


class SuggestionState(StrEnum):
    """What became of a suggestion."""

    OPEN = "open"
    MERGED = "merged"
    REFUSED = "refused"


class Suggestion(Row):
    """`contact_id` and `other_id` (the smaller first) are possibly the same: why (`reason`, `facts` as JSON) and how sure (`score`, 0 to 100)."""

    __tablename__ = "suggestions"
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    other_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    reason: Mapped[str]
    facts: Mapped[str] = mapped_column(server_default="")
    score: Mapped[int]
    state: Mapped[str] = mapped_column(server_default="open")
    at: Mapped[int]
    decided_at: Mapped[int] = mapped_column(server_default="0")
    decided_by: Mapped[int | None]
    __table_args__ = (UniqueConstraint("contact_id", "other_id"), Index("suggestions_other", "other_id"))


@dataclass(frozen=True, slots=True)
class Possible:
    """Somebody who may be the same person: a suggestion's number, who, why, what they have in common, and how sure it is."""

    id: int
    contact_id: int
    name: str
    reason: str
    common: str
    score: int


_own, _root = aliased(Contact), aliased(Contact)
_ALIKE = (
    select(ContactPoint.value, ContactPoint.proof, _root.id, _root.name, _root.platform_name)
    .join(_own, _own.id == ContactPoint.contact_id)
    .join(_root, _root.id == _own.root_id)
    .where(ContactPoint.kind == bindparam("kind"), among(ContactPoint.value, "values"), _root.id != bindparam("mine"))
    .limit(bindparam("most"))
)
_one, _other = aliased(Contact), aliased(Contact)
_ABOUT = (
    select(Suggestion.id, Suggestion.state, Suggestion.reason, Suggestion.facts, Suggestion.score, _one.root_id.label("one"), _other.root_id.label("other"))
    .join(_one, _one.id == Suggestion.contact_id)
    .join(_other, _other.id == Suggestion.other_id)
    .where(or_(among(Suggestion.contact_id, "people"), among(Suggestion.other_id, "people")))
    .order_by(Suggestion.score.desc(), Suggestion.id)
)
_FAMILY = select(Contact.id).where(Contact.root_id == bindparam("root"))


def _about(session: Session, root_id: int) -> list[tuple[int, str, str, str, int, int]]:
    """Every suggestion about a person: its number, state, reason, facts, score, and who the other one is now."""
    family = [row.id for row in ask(session, _FAMILY, {"root": root_id})]
    rows = ask(session, _ABOUT, {"people": family})
    return [(row.id, row.state, row.reason, row.facts, row.score, row.other if row.one == root_id else row.one) for row in rows]


def look(session: Session, contact_id: int, points: Iterable[tuple[str, str]] = (), *, now: int) -> int:
    """Suggest who may be this person, by points just learnt and by their names; answers how many suggestions are new. Only indexes are asked."""
    root = root_of(session, contact_id)
    keys = _learn_names(session, root, contact_id, now=now)
    found: dict[int, tuple[int, str, str]] = {}
    for reason, common, other, score in (*_by_points(session, root, points), *_by_names(session, root, keys)):
        if other not in found or score > found[other][0]:
            found[other] = (score, reason, common)
    best = sorted(found.items(), key=lambda one: (-one[1][0], one[0]))
    return sum(suggest(session, root.id, other, reason, score, common, now=now) for other, (score, reason, common) in best[:MOST])


def _learn_names(session: Session, root: Contact, contact_id: int, *, now: int) -> list[str]:
    """Under which keys a person is found by name, those that are new for them; written down so that an index knows them."""
    keys = list(dict.fromkeys(key for name in (root.name, root.platform_name) if " " in name for key in name_keys(name)))
    if not keys:
        return []
    known = {"contact_id": contact_id, "kind": PointKind.NAME.value, "proof": Proof.CLAIMED.value, "message_id": None, "at": now}
    rows: list[dict[str, Any]] = [{"id": number, **known, "value": key} for number, key in zip(take_ids(session, len(keys)), keys, strict=True)]
    new = add_new(session, ContactPoint, rows)
    return [row["value"] for row in rows if row["id"] in new]


def _by_points(session: Session, root: Contact, points: Iterable[tuple[str, str]]) -> list[tuple[str, str, int, int]]:
    found = []
    for kind, value in points:
        rows = ask(session, _ALIKE, {"kind": kind, "values": [value], "mine": root.id, "most": CROWD + 1})
        if len(rows) <= CROWD:
            score = SCORES.get(kind, SURE)
            found += [(kind, value, row.id, score if row.proof not in UNPROVEN else score - 10) for row in rows]
    return found


def _by_names(session: Session, root: Contact, keys: Sequence[str]) -> list[tuple[str, str, int, int]]:
    rows = ask(session, _ALIKE, {"kind": PointKind.NAME.value, "values": keys, "mine": root.id, "most": CROWD + 1}) if keys else []
    if len(rows) > CROWD:
        return []
    found = []
    for row in rows:
        alike, common = max((likeness(one, other), other) for one in (root.name, root.platform_name) for other in (row.name, row.platform_name))
        if alike >= ALIKE:
            found.append((PointKind.NAME.value, common, row.id, round(70 * alike)))
    return found


def suggest(session: Session, one_id: int, other_id: int, reason: str, score: int, common: str = "", *, now: int) -> bool:
    """Write down that two people may be one, once for ever and never more than three at a time for either; answers whether it is new."""
    for mine, theirs in ((one_id, other_id), (other_id, one_id)):
        about = [row for row in _about(session, mine) if row[5] != mine]
        if any(row[5] == theirs for row in about) or sum(row[1] == SuggestionState.OPEN for row in about) >= MOST:
            return False
    small, large = sorted((one_id, other_id))
    row = {"id": next(take_ids(session, 1)), "contact_id": small, "other_id": large, "reason": reason, "score": score, "at": now}
    if not add_new(session, Suggestion, [{**row, "facts": json.dumps({"common": common}, ensure_ascii=False) if common else ""}]):
        return False
    record(session, Change("contact", small, "suggested", LOOKING, after={"contact": large, "reason": reason, "score": score}), now=now)
    return True


def open_ones(session: Session, contact_id: int) -> list[Possible]:
    """Who a person is possibly the same as, the surest first."""
    root_id = root_of(session, contact_id).id
    found = []
    for number, state, reason, facts, score, other in _about(session, root_id):
        if state == SuggestionState.OPEN and other != root_id:
            person = session.get_one(Contact, other)
            found.append(Possible(number, other, person.name or person.platform_name, reason, json.loads(facts)["common"] if facts else "", score))
    return found[:MOST]


def kept_apart(session: Session, one_id: int, other_id: int) -> bool:
    """Whether staff has said that these two people are not the same."""
    other = root_of(session, other_id).id
    return any(state == SuggestionState.REFUSED and who == other for _, state, _, _, _, who in _about(session, root_of(session, one_id).id))


def settled(session: Session, root_id: int, *, now: int) -> None:
    """What was suggested about two who are one now is answered, also where it was refused before."""
    for number, state, _, _, _, other in _about(session, root_id):
        if other == root_id and state != SuggestionState.MERGED:
            _decide(session, session.get_one(Suggestion, number), SuggestionState.MERGED, None, now=now)


def refuse(session: Session, actor: Rep, suggestion: Suggestion, *, now: int) -> None:
    """Two people are not the same: this is never suggested again."""
    if suggestion.state != SuggestionState.REFUSED:
        _decide(session, suggestion, SuggestionState.REFUSED, actor, now=now)
        record(session, Change("contact", suggestion.contact_id, "not_the_same", actor, after={"contact": suggestion.other_id}), now=now)


def reconsider(session: Session, actor: Rep, suggestion: Suggestion, *, now: int) -> None:
    """Undo a refusal: the question is open again."""
    if suggestion.state == SuggestionState.REFUSED:
        _decide(session, suggestion, SuggestionState.OPEN, actor, now=now)
        record(session, Change("contact", suggestion.contact_id, "asked_again", actor, after={"contact": suggestion.other_id}), now=now)


def keep_apart(session: Session, actor: Rep, one_id: int, other_id: int, *, now: int) -> None:
    """Two contacts who were one by mistake: nothing but a person joins them again."""
    small, large = sorted((one_id, other_id))
    found = session.scalar(select(Suggestion).where(Suggestion.contact_id == small, Suggestion.other_id == large))
    if found is None:
        number = next(take_ids(session, 1))
        add_new(session, Suggestion, [{"id": number, "contact_id": small, "other_id": large, "reason": "parted", "score": 0, "at": now}])
        found = session.get_one(Suggestion, number)
    _decide(session, found, SuggestionState.REFUSED, actor, now=now)


def _decide(session: Session, suggestion: Suggestion, state: SuggestionState, actor: Rep | None, *, now: int) -> None:
    suggestion.state, suggestion.decided_at, suggestion.decided_by = state.value, now, actor.id if actor else None
    session.flush()
