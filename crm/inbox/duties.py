"""Duties: what a person has to do for somebody whom nothing can be written to where they came from."""

from sqlalchemy.orm import Session

from crm.base.actors import System
from crm.base.events import LeadForm
from crm.base.phones import normalise
from crm.base.settings import Company
from crm.base.text import clean_name
from crm.inbox.plan import Got
from crm.inbox.strangers import thread_of
from crm.people.calendars import firm_hours
from crm.people.contacts import Identity
from crm.sales import tasks
from crm.sales.tasks import Duty, TaskKind

FORM = System("form")


def reach(session: Session, got: Got, identity: Identity, company: Company, *, now: int) -> None:
    """Whoever filled in a form that cannot be answered is rung, or written to at the e-mail they left (it stands in the task): one task at a time."""
    event = got.event
    assert isinstance(event, LeadForm)
    phone, email = normalise(event.phone, company.region), clean_name(event.email)
    if not company.sendable or got.account in company.sendable or not (phone or email):
        return
    kind, thread = TaskKind.CALL if phone else TaskKind.ANSWER, thread_of(session, identity)
    if any(task.kind == kind for task in tasks.open_tasks(session, thread.id)):
        return
    hours = firm_hours(session, company, now=now)
    due = now if hours.open_at(now) else hours.next_opening(now)
    duty = Duty(kind, due, email, once=f"form:{got.account}:{event.external_id}")
    tasks.add_task(session, FORM, thread.id, duty, now=now)
