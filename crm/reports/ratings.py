"""Ratings: how content customers are, of whose work, and what they wrote; only of those whose work one sees."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Rep
from crm.base.policy import Action
from crm.people.contacts import Contact
from crm.people.reps import Member
from crm.people.sight import seen_by, sight_of
from crm.projects.asking import CONTENT, RECOMMEND, project_title
from crm.projects.figures import Promoters, Share, content, promoters
from crm.projects.survey import Rating

COUNTED = 20_000
_own, _root = aliased(Contact), aliased(Contact)


@dataclass(frozen=True, slots=True)
class Said:
    """One answer: who, of what, which score, in which words, and whose work it was ("" = nobody's)."""

    id: int
    conversation_id: int
    kind: str
    score: int
    name: str
    title: str
    words: str
    at: int
    who: str
    rep_id: int | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """How content customers are since an instant: after projects, after conversations; whether they recommend us; how many were asked at all."""

    projects: Share
    talks: Share
    recommend: Promoters
    asked: int


def figures(session: Session, actor: Rep, *, since: int) -> Content:
    """What customers said since an instant of the work one sees."""
    sight = sight_of(session, actor, Action.SEE_PROJECTS)
    wanted = select(Rating.kind, Rating.about, Rating.score).where(Rating.asked_at >= since, sight.rows(Rating.rep_id))
    rows = session.execute(wanted.order_by(Rating.id.desc()).limit(COUNTED)).all()

    def scores(kind: str, about: str = "") -> list[int]:
        return [row.score for row in rows if row.kind == kind and row.score is not None and about in ("", row.about)]

    return Content(content(scores(CONTENT, "project")), content(scores(CONTENT, "conversation")), promoters(scores(RECOMMEND)), len(rows))


def latest(session: Session, actor: Rep, *, before: int = 0, limit: int = 5) -> tuple[Said, ...]:
    """The newest answers to the work one sees, older than the one of a number (0 = the newest of all)."""
    sight = sight_of(session, actor, Action.SEE_PROJECTS)
    wanted = select(Rating).where(Rating.score.is_not(None), sight.rows(Rating.rep_id))
    rows = session.scalars((wanted.where(Rating.id < before) if before else wanted).order_by(Rating.id.desc()).limit(limit)).all()
    return tuple(said(session, actor, one) for one in rows)


def said(session: Session, reader: Rep, rating: Rating) -> Said:
    """An answer as this reader may have it."""
    named = seen_by(reader).named
    found = session.execute(select(_root.name, _root.platform_name).join(_own, _own.root_id == _root.id).where(_own.id == rating.contact_id)).one()
    member = session.get(Member, rating.rep_id) if rating.rep_id else None
    about = rating.conversation_id, rating.kind, rating.score or 0, named(found.name or found.platform_name), named(project_title(session, rating))
    return Said(rating.id, *about, rating.words, rating.answered_at, member.name if member else "", rating.rep_id)
