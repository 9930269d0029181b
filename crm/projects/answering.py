"""Answering: a customer presses a score or types it, and says why; who is not content is somebody's task at once."""

import re

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm.base.actors import Actor, Customer, Role
from crm.base.history import Change, record
from crm.base.i18n import N_, Translator, translator
from crm.base.policy import Action, may
from crm.base.settings import Company
from crm.base.text import clean
from crm.base.time import DAY, HOUR
from crm.base.worktime import after
from crm.conversations import pressing
from crm.conversations.pressing import Press
from crm.conversations.threads import Author, Kind, Message
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people.calendars import calendar_of
from crm.people.contacts import root_of
from crm.people.reps import Member
from crm.projects.asking import CONTENT, SCORES
from crm.projects.figures import CONTENT_FROM, DETRACTS_TO
from crm.projects.projects import Project, steps_of, still_there
from crm.projects.starting import MACHINE
from crm.projects.survey import Rating
from crm.projects.telling import ASKED, how_button, progress
from crm.sales.tasks import Duty, Task, TaskKind, TaskState, add_task, reopen, settle_all

WORDS_MOST = 1000
GOOD_FOR, CHANGED_FOR = 30 * DAY, DAY
"""For how long a question may be answered, and for how long an answer may be changed."""
CALL_WITHIN = 4 * HOUR
"""Within so much working time somebody is to call whoever is not content."""
HEARD_AT_ONCE = 50
_TYPED = re.compile(r"\s*(\d{1,2})\s*(?:/\s*(?:5|10))?\s*[.!]*\s*")
OVER = N_("This question is over. Write here if there is anything else.")
LOW = N_("Thank you for saying so. What went wrong? Write it here: a person reads it.")
HIGH = N_("Thank you! If you want to add something, just write it here.")


def pressed(session: Session, press: Press, company: Company) -> None:
    """A score was pressed, or somebody asks how it is going; what is not theirs, or over, is told so and changes nothing."""
    tr = translator(press.language)
    first, _, rest = press.detail.partition(":")
    if first == ASKED:
        project = session.get(Project, _number(rest))
        if project is None or root_of(session, project.contact_id).id != press.root_id:
            pressing.say(session, press, tr(OVER))
        else:
            pressing.say(session, press, progress(tr, project, steps_of(session, project.id), company.zone), how_button(tr, project.id))
        return
    rating = session.get(Rating, _number(first), with_for_update=True)
    score = int(rest) if rest.isascii() and rest.isdigit() and len(rest) < 3 else -1
    theirs = rating is not None and root_of(session, rating.contact_id).id == press.root_id
    if rating is None or not theirs or not open_to(rating, score, press.at):
        pressing.say(session, press, tr(OVER))
        return
    rating.listen_from = _last_press(session, press.conversation_id) if press.conversation_id == rating.conversation_id else rating.listen_from
    take(session, Customer(press.root_id), rating, score, company, now=press.at)
    pressing.say(session, press, thanks(tr, rating))


def open_to(rating: Rating, score: int, now: int) -> bool:
    """Whether a question may be answered so, now; pure."""
    if score not in SCORES[rating.kind]:
        return False
    return now - rating.answered_at < CHANGED_FOR if rating.answered_at else now - rating.asked_at < GOOD_FOR


def take(session: Session, actor: Actor, rating: Rating, score: int, company: Company, *, now: int) -> None:
    """Write a score down; a low one is told to whose work it was and to the managers, and becomes a task."""
    if rating.score == score:
        return
    record(session, Change("rating", rating.id, "rated", actor, {"score": rating.score}, {"score": score, "kind": rating.kind}), now=now)
    rating.score, rating.words_until = score, now + DAY
    rating.answered_at = rating.answered_at or now
    session.flush()
    if is_low(rating.kind, score):
        _mind(session, rating, company, now=now)
    else:
        done = select(Task).where(Task.once == _once(rating), Task.state == TaskState.OPEN.value)
        settle_all(session, MACHINE, session.scalars(done).all(), TaskState.DROPPED, now=now)


def is_low(kind: str, score: int) -> bool:
    """Whether somebody is not content; pure."""
    return score < CONTENT_FROM if kind == CONTENT else score <= DETRACTS_TO


def thanks(tr: Translator, rating: Rating) -> str:
    """What a customer reads who has answered."""
    return tr(LOW if is_low(rating.kind, rating.score or 0) else HIGH)


def listen(session: Session, company: Company, *, now: int) -> int:
    """Take what customers wrote after a question as their score, or as what they say to it; answers how many were heard."""
    heard = (
        select(Rating.id, func.min(Message.id).label("message"))
        .join(Message, Message.conversation_id == Rating.conversation_id)
        .where(Rating.words_until > 0, Message.id > Rating.listen_from)
        .where(Message.author == Author.CONTACT.value, Message.kind == Kind.MESSAGE.value)
        .group_by(Rating.id)
        .order_by(Rating.id)
        .limit(HEARD_AT_ONCE)
    )
    found = session.execute(heard).all()
    for row in found:
        _hear(session, session.get_one(Rating, row.id, with_for_update=True), session.get_one(Message, row.message), company, now=now)
    over = update(Rating).where(Rating.words_until > 0, Rating.words_until <= now).values(words_until=0)
    session.execute(over, execution_options={"synchronize_session": False})
    return len(found)


def _hear(session: Session, rating: Rating, message: Message, company: Company, *, now: int) -> None:
    rating.listen_from = message.id
    if message.at > rating.words_until:
        rating.words_until = 0
    elif rating.score is None:
        typed = _TYPED.fullmatch(message.text)
        rating.words_until = 0
        if typed and int(typed[1]) in SCORES[rating.kind]:
            take(session, Customer(root_of(session, rating.contact_id).id), rating, int(typed[1]), company, now=now)
    elif message.text.strip():
        rating.words, rating.words_until = clean(message.text, WORDS_MOST), 0
        record(session, Change("rating", rating.id, "words", Customer(root_of(session, rating.contact_id).id)), now=now)
        if is_low(rating.kind, rating.score):
            _tell(session, rating, now=now)
    session.flush()


def _mind(session: Session, rating: Rating, company: Company, *, now: int) -> None:
    """Tell of a low score, and have somebody call."""
    _tell(session, rating, now=now)
    calendar = calendar_of(session, company, around=now)
    due = (after(calendar, now, CALL_WITHIN) if any(calendar.hours.days) else None) or now + CALL_WITHIN
    member = session.get(Member, still_there(session, rating.rep_id) or 0)
    rep_id = member.id if member and may(Role(member.role), Action.DO_TASK) else None
    tr = translator(company.languages[0])
    text = tr("Not content: {score} of {most}. Ask what went wrong.", score=rating.score, most=SCORES[rating.kind][-1])
    number = add_task(session, MACHINE, rating.conversation_id, Duty(TaskKind.CALL, due, text, rep_id, _once(rating)), now=now)
    reopen(session, MACHINE, number, now=now)  # who was content for a moment, and is not after all


def _tell(session: Session, rating: Rating, *, now: int) -> None:
    tell(session, [Notice(NoticeKind.RATING, rating.id, f"rating:{rating.id}")], now=now)


def _once(rating: Rating) -> str:
    return f"rating:{rating.id}"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _last_press(session: Session, conversation_id: int) -> int:
    pressed_last = select(Message.id).where(Message.conversation_id == conversation_id, Message.kind == Kind.PRESS.value)
    return session.scalar(pressed_last.order_by(Message.id.desc()).limit(1)) or 0
