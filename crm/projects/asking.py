"""Asking: when a customer is asked how content they are, or whether they would recommend us: never both at once, rarely, and only who is willing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.history import Change, record
from crm.base.i18n import Translator, translator
from crm.base.outbound import Button, Buttons, Lane
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.base.settings import Company
from crm.base.text import clean_name
from crm.base.time import DAY
from crm.conversations.threads import Conversation
from crm.people.contacts import family_of, root_of
from crm.people.reps import authorise
from crm.projects.figures import CSAT_SCORES, NPS_SCORES
from crm.projects.projects import Project, project_at
from crm.projects.starting import MACHINE
from crm.projects.survey import Rating, SurveySwitch
from crm.projects.telling import say, talk_of

CONTENT, RECOMMEND = "csat", "nps"
SCORES: Mapping[str, range] = {CONTENT: CSAT_SCORES, RECOMMEND: NPS_SCORES}
REST, REST_TALK, REST_RECOMMEND, QUARTER = DAY, 7 * DAY, 7 * DAY, 90 * DAY
"""For how long nobody is asked again after any question: after a project, after a talk, whether they recommend us; and the last of these at all."""
ASKED_AT_ONCE = 50
FACES: Mapping[int, str] = {1: "😞", 5: "😀"}


class Switch(StrEnum):
    """What a firm may ask or not."""

    PROJECT = "project"
    TALK = "conversation"
    RECOMMEND = "recommend"


USUAL: Mapping[Switch, bool] = {Switch.PROJECT: True, Switch.TALK: False, Switch.RECOMMEND: True}


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom to ask, after what, and whose work it was."""

    contact_id: int
    about: str
    subject_id: int
    rep_id: int | None


def is_on(session: Session, name: Switch) -> bool:
    """Whether the firm asks this question."""
    said = session.scalar(select(SurveySwitch.active).where(SurveySwitch.name == name.value))
    return USUAL[name] if said is None else bool(said)


def switch(session: Session, actor: Actor, name: Switch, on: bool, *, now: int) -> None:
    """Say whether the firm asks a question."""
    authorise(session, actor, Action.SET_BLUEPRINTS)
    if is_on(session, name) == on:
        return
    add_new(session, SurveySwitch, [{"id": next(take_ids(session, 1)), "name": name.value, "active": int(on)}])
    session.execute(update(SurveySwitch).where(SurveySwitch.name == name.value).values(active=int(on)))
    record(session, Change("survey", 0, name.value, actor, {"on": not on}, {"on": on}), now=now)


def ask_content(session: Session, asked: Asked, company: Company, *, now: int) -> Rating | None:
    """Ask how content a customer is now that a project is done; None where they are not to be asked."""
    if not is_on(session, Switch.PROJECT) or _lately(session, asked.contact_id, now - REST):
        return None
    talk = _willing(session, asked.contact_id, company, now=now)
    title = clean_name(project_at(session, asked.subject_id).title, 80)
    return _ask(session, CONTENT, asked, talk, lambda tr: tr("{title}: this is done. How content are you with it?", title=title), now=now) if talk else None


def ask_after_talk(session: Session, asked: Asked, talk: Conversation, company: Company, *, now: int) -> Rating | None:
    """Ask how content a customer is with a conversation that a member has closed, where the firm says so; in that conversation."""
    if not is_on(session, Switch.TALK) or _lately(session, asked.contact_id, now - REST_TALK) or not talk.last_heard_id:
        return None
    if _willing(session, asked.contact_id, company, now=now) is None:
        return None
    return _ask(session, CONTENT, asked, talk, lambda tr: tr("How content are you with our answers?"), now=now)


def recommend_due(session: Session, company: Company, *, now: int) -> int:
    """Ask those whose project was done a while ago whether they would recommend us; answers for how many this was decided."""
    wanted = select(Project).where(Project.nps_at > 0, Project.nps_at <= now).order_by(Project.nps_at).limit(ASKED_AT_ONCE)
    found = session.scalars(wanted.with_for_update(skip_locked=True)).all()
    for project in found:
        project.nps_at = 0
        session.flush()
        ask_recommend(session, Asked(project.contact_id, "project", project.id, project.rep_id), company, now=now)
    return len(found)


def ask_recommend(session: Session, asked: Asked, company: Company, *, now: int) -> Rating | None:
    """Ask whether a customer would recommend us, at most once a quarter."""
    if not is_on(session, Switch.RECOMMEND) or _lately(session, asked.contact_id, now - REST_RECOMMEND):
        return None
    if _lately(session, asked.contact_id, now - QUARTER, kind=RECOMMEND):
        return None
    talk = _willing(session, asked.contact_id, company, now=now)

    def words(tr: Translator) -> str:
        return tr("Would you recommend {company} to a friend? 0 = not at all, 10 = certainly.", company=company.name)

    return _ask(session, RECOMMEND, asked, talk, words, now=now) if talk else None


def _willing(session: Session, contact_id: int, company: Company, *, now: int) -> Conversation | None:
    """Where a customer may be asked; None for one who wants no letters, or cannot be written to."""
    return None if root_of(session, contact_id).silenced else talk_of(session, contact_id, company, now=now)


def _lately(session: Session, contact_id: int, since: int, *, kind: str = "") -> bool:
    """Whether a person was asked anything, or this, after an instant."""
    asked = select(Rating.id).where(Rating.contact_id.in_(family_of(session, contact_id)), Rating.asked_at > since)
    return session.scalar((asked.where(Rating.kind == kind) if kind else asked).limit(1)) is not None


def _ask(session: Session, kind: str, asked: Asked, talk: Conversation, words: Callable[[Translator], str], *, now: int) -> Rating | None:
    """Write the question down and say it; None where it was asked before."""
    number, once = next(take_ids(session, 1)), f"{kind}:{asked.about}:{asked.subject_id}"
    row = {"contact_id": asked.contact_id, "conversation_id": talk.id, "kind": kind, "about": asked.about, "subject_id": asked.subject_id, "once": once}
    times = {"asked_at": now, "words_until": now + DAY, "listen_from": number}
    if not add_new(session, Rating, [{"id": number, **row, "rep_id": asked.rep_id, **times}]):
        return None
    tr = translator(root_of(session, asked.contact_id).language)
    say(session, talk, words(tr), _buttons(number, SCORES[kind]), once=f"rating:{number}", lane=Lane.FOLLOWUP, now=now)
    record(session, Change("rating", number, "asked", MACHINE, after={"kind": kind, "about": asked.about, "subject": asked.subject_id}), now=now)
    return session.get_one(Rating, number)


def _buttons(number: int, scores: range) -> Buttons:
    """A button for each score, five in a row; 0 stands last, so that where choices are numbered each number is its own score."""
    last, scores_shown = scores[-1], sorted(scores, key=lambda score: (score == 0, score))
    each = [Button(f"{score} {FACES[score]}" if last in FACES and score in FACES else str(score), value=f"rate:{number}:{score}") for score in scores_shown]
    return tuple(tuple(each[first : first + 5]) for first in range(0, len(each), 5))


def project_title(session: Session, rating: Rating) -> str:
    """What a rating is about, where that is a project ("" = it is about a conversation)."""
    project = session.get(Project, rating.subject_id) if rating.about == "project" else None
    return project.title if project else ""
