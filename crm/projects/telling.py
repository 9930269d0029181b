"""Telling: what a customer reads about the work for them: a step that was begun or done, and how far it is."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from crm.base.i18n import N_, N_button, Translator, translator
from crm.base.outbound import Button, Buttons, Lane
from crm.base.settings import Company
from crm.base.template import Values, names_for, parse, render
from crm.base.text import clean_name
from crm.base.time import local
from crm.conversations.addresses import thread_at
from crm.conversations.reaching import where_to
from crm.conversations.talk import Saying, say_many
from crm.conversations.threads import Author, Conversation
from crm.outbox.notices import card, tell
from crm.people.contacts import root_of
from crm.people.field_words import shown_date
from crm.people.reps import Member
from crm.projects.projects import ENDED, Project, ProjectState, ProjectStep

ASKED = "how"
"""The button that asks how it is going has the value `rate:how:<number of the project>`."""
HOW = N_button("How is it going?")
DONE, CALLED_OFF = N_("{title}: everything is done."), N_("{title}: this was called off. Write here if you have a question.")


def talk_of(session: Session, contact_id: int, company: Company, *, now: int) -> Conversation | None:
    """Where a customer is told things: in their conversation at the address that suits them best; None for one who cannot be written to, or was shut out."""
    if root_of(session, contact_id).blocked:
        return None
    route = where_to(session, contact_id, company.sendable, allows=company.allows, now=now)
    return thread_at(session, route.identity, now=now) if route else None


def say(session: Session, talk: Conversation, text: str, buttons: Buttons, *, once: str, lane: Lane = Lane.SERVICE, now: int) -> None:
    """Say something in a conversation, once, and show it on its card."""
    if say_many(session, [Saying(talk.id, talk.account, talk.address, text, Author.BOT, lane, once, buttons)], now=now):
        tell(session, [card(talk.id)], now=now)


def step_words(session: Session, project: Project, step: ProjectStep, company: Company) -> str:
    """What a customer reads of a step, with their name in it."""
    root = root_of(session, project.contact_id)
    owner = session.get(Member, project.rep_id) if project.rep_id else None
    values = Values(**names_for(root.greeting_name, root.name, root.platform_name), company=company.name, rep=owner.name if owner else "")
    return render(parse(step.notify_text, None), values, root.language)


def tell_step(session: Session, project: Project, step: ProjectStep, company: Company, *, now: int) -> bool:
    """Tell the customer of a step in the words of the blueprint, once; answers whether there was a way to."""
    talk = talk_of(session, project.contact_id, company, now=now)
    if talk is None or not step.notify_text:
        return False
    buttons = how_button(translator(root_of(session, project.contact_id).language), project.id)
    say(session, talk, step_words(session, project, step, company), buttons, once=f"project:{project.id}:step:{step.id}", now=now)
    step.told_at = now
    session.flush()
    return True


def tell_progress(session: Session, project: Project, steps: Sequence[ProjectStep], company: Company, *, once: str, now: int) -> bool:
    """Tell the customer how far it is; answers whether there was a way to."""
    talk = talk_of(session, project.contact_id, company, now=now)
    if talk is None:
        return False
    tr = translator(root_of(session, project.contact_id).language)
    say(session, talk, progress(tr, project, steps, company.zone), how_button(tr, project.id), once=once, now=now)
    return True


def how_button(tr: Translator, project_id: int) -> Buttons:
    """The button by which a customer asks how it is going."""
    return ((Button(tr.button(HOW), value=f"rate:{ASKED}:{project_id}"),),)


def progress(tr: Translator, project: Project, steps: Sequence[ProjectStep], zone: str) -> str:
    """How far a project is, in a customer's words; pure."""
    title = clean_name(project.title, 80)
    if project.state == ProjectState.CANCELLED:
        return tr(CALLED_OFF, title=title)
    left = [step for step in steps if step.state not in ENDED]
    if project.state == ProjectState.DONE or not left:
        return tr(DONE, title=title)
    done = tr.many("{title}: {done} of {n} step is done.", "{title}: {done} of {n} steps are done.", len(steps), title=title, done=len(steps) - len(left))
    following = next((step for step in left if step.begun_at), left[0])
    day = shown_date(local(max(step.due_at for step in left), zone).date(), tr.language)
    return "\n".join((done, tr("Now: {step}", step=clean_name(following.title, 80)), tr("It should be ready by {day}.", day=day)))
