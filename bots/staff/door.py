"""Door: who comes in. A stranger gets one neutral answer, an invitation makes a member, five wrong ones lock the door."""

from collections.abc import Callable

from bots.staff import menus, tour
from bots.staff.commands import grouped, inbox
from bots.staff.posts import ACCOUNT, Post, numbered, put
from bots.staff.updates import Text
from bots.staff.visit import Visit
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import translator
from crm.base.outbound import Lane, Say
from crm.base.policy import Action, may
from crm.base.settings import Company
from crm.base.text import choose_language, clean_name
from crm.base.time import MINUTE
from crm.conversations import desk
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.outbox.queue import Parcel, enqueue
from crm.people import reps
from crm.people.desk import handled, toast_of


def join(session: Session, said: Text, visit_of: Callable[[Rep], Visit], company: Company, *, event: int, now: int) -> Rep | None:
    """Let somebody in who holds an invitation; raises `Expired` or `Forbidden`. None when this update was handled before."""
    if toast_of(session, event) is not None:
        return None
    language = choose_language("", said.language, company.languages[0], company.languages)
    name = clean_name(said.user_name) or "?"
    rep, issuer = reps.join(session, secret_in(said), address=str(said.chat_id), name=name, language=language, now=now)
    tell(session, [Notice(NoticeKind.JOINED, rep.id, f"joined:{event}", {"issuer": issuer})], now=now)
    visit = visit_of(rep)
    put(session, numbered(rep, welcome(session, visit), event), company.link_key, now=now)
    handled(session, event, "")
    return rep


def secret_in(said: Text) -> str:
    """What stands behind /start ("" = nothing)."""
    return said.text.partition(" ")[2].strip()


def welcome(session: Session, visit: Visit) -> list[Post]:
    """The first words to a member, with the menu, and what waits already."""
    tr = visit.tr
    hello = tr("Welcome, {name}. Customers' messages come here as cards; reply to a card to answer.", name=clean_name(visit.rep.name))
    waiting = may(visit.rep.role, Action.TALK) and desk.inbox(session, visit.rep, most=1)[1]
    start = [Post(hello, menus.main_menu(tr, grouped(visit.rep.role))), tour.invitation(tr, visit.rep)]
    return [*start, *(inbox.deed(session, visit).posts if waiting else ())]


def wrong_invitation(session: Session, said: Text, company: Company, *, event: int, now: int) -> None:
    """Count a try, once."""
    if toast_of(session, event) is None:
        reps.count_failure(session, str(said.chat_id))
        turn_away(session, said.chat_id, said.language, company, now=now)
        handled(session, event, "")


def turn_away(session: Session, chat_id: int, language: str, company: Company, *, now: int) -> None:
    """The one answer to everybody who is not of the staff, at most once a minute each."""
    tr = translator(choose_language("", language, company.languages[0], company.languages))
    words = tr("This bot is for the staff of {company}. If you have an invitation, open its link.", company=company.name)
    once = f"stranger:{chat_id}:{now // MINUTE}"
    enqueue(session, [Parcel(ACCOUNT, str(chat_id), Say(words), Lane.REPLY, once, desk=True)], now=now)
