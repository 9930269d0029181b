"""Which team's queue the customers of a channel come to: shown and changed by buttons."""

from dataclasses import replace

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.visit import Done, Visit
from bots.staff.words import MORE
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_button
from crm.base.policy import Action
from crm.conversations.queues import queues, set_channel
from crm.people.desk import Intent
from crm.people.pretended import ACCOUNT as PRACTICE
from crm.people.reps import authorise
from crm.people.teams import teams_there
from crm.reports.words import plain_name

NAME, PAGE = "queue_channel", 5
FIRM, BACK = N_button("The firm's queue"), N_button("Back")


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button asks for; `target` is a page, or the team (0 = the firm) that a channel is given to."""
    authorise(session, visit.rep, Action.SET_QUEUES)
    what, _, account = intent.detail.partition(":")
    match what:
        case "all":
            return _edited(visit, _all(session, visit, intent.target))
        case "ask" if account in visit.titles:
            return _edited(visit, _ask(session, visit, account, intent.target))
        case "to" if account in visit.titles:
            set_channel(session, visit.rep, account, intent.target or None, now=visit.now)
            return _edited(visit, _all(session, visit, 0), visit.tr("Written down."))
    raise Expired


def _all(session: Session, visit: Visit, page: int) -> Post:
    """Each channel with its queue."""
    tr, known, accounts = visit.tr, queues(session), sorted(account for account in visit.titles if account != PRACTICE)
    names = {team.id: plain_name(tr, team.name, 24) for team in teams_there(session)}
    page = page if 0 <= page * PAGE < len(accounts) else 0
    shown = accounts[page * PAGE : (page + 1) * PAGE]
    lines = [f"• {visit.titles[one]}: {names.get(known.channels.get(one, 0)) or tr('the firm’s queue')}" for one in shown]
    keys = [Key(plain_name(tr, visit.titles[one], 24), _intent(f"ask:{one}")) for one in shown]
    more = [Key(tr.button(MORE), _intent("all", (page + 1) % -(-len(accounts) // PAGE)))] if len(accounts) > PAGE else []
    words = [tr("To which queue customers come who write there first:"), *lines]
    return Post("\n".join(words), menus.in_rows([*keys, *more, Key(tr.button(BACK), Intent("queue", detail="all"))]))


def _ask(session: Session, visit: Visit, account: str, page: int) -> Post:
    tr, found = visit.tr, teams_there(session)
    page = page if 0 <= page * PAGE < len(found) else 0
    keys = [Key(plain_name(tr, one.name, 24), _intent(f"to:{account}", one.id)) for one in found[page * PAGE : (page + 1) * PAGE]]
    more = [Key(tr.button(MORE), _intent(f"ask:{account}", (page + 1) % -(-len(found) // PAGE)))] if len(found) > PAGE else []
    words = tr("To which queue shall customers of {channel} come?", channel=visit.titles[account])
    words = words if found else f"{words} {tr('There is no team yet. Make one with /team.')}"
    return Post(words, menus.in_rows([*keys, *more, Key(tr.button(FIRM), _intent(f"to:{account}")), Key(tr.button(BACK), _intent("all"))]))


def _intent(detail: str, target: int = 0) -> Intent:
    return Intent(NAME, target, detail)


def _edited(visit: Visit, post: Post, toast: str = "") -> Done:
    return Done((replace(post, edits=visit.replied_to or 0),), toast)
