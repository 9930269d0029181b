"""Calls: what a phone call means. A missed one is a lead, a task and a question on the caller's best channel; an answered one is an answer."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Bot, Customer, System
from crm.base.events import Call, CallPhase
from crm.base.history import Change, DomainEvent, record
from crm.base.i18n import translator
from crm.base.outbound import Lane
from crm.base.rows import add_new, take_ids
from crm.base.settings import Company
from crm.base.tallies import Count, count
from crm.base.time import MINUTE
from crm.conversations import calls
from crm.conversations.calls import SPOKEN, CallRow
from crm.conversations.reaching import where_to
from crm.conversations.talk import PREVIEW, Saying, held_by, say_many
from crm.conversations.threads import Author, Conversation, Status
from crm.inbox.plan import Got, sane
from crm.inbox.strangers import identity_at, stranger, thread_of
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.outreach import persons, sequences
from crm.people import contacts
from crm.people.calendars import as_open, firm_hours
from crm.people.contacts import Contact, Identity
from crm.sales import tasks
from crm.sales.leads import Lead
from crm.sales.tasks import Duty, TaskKind, TaskState

ASKED = "asked_after_call"
ASK_EVERY = 30 * MINUTE
PHONE = System("telephone")


def called(session: Session, got: Got, company: Company, *, now: int) -> None:
    """Take one event of a call: it joins what is known of the call, and what is new of it has its consequences."""
    event = got.event
    assert isinstance(event, Call)
    identity = _whose(session, got, company, now=now)
    if identity is None:
        return
    root, thread = contacts.root_of(session, identity.contact_id), thread_of(session, identity)
    at = sane(event.at, got.received_at)
    call = calls.call_at(session, got.account, event.external_id) or calls.begin(session, thread, event, at=at, now=now)
    before = CallPhase(call.phase)
    changed = calls.learn(session, call, event, at=at)
    recorded = event.recording is not None and calls.attach(session, call, event.recording)
    phase = CallPhase(call.phase)
    if not root.blocked and phase is not CallPhase.RINGING and (changed or recorded):  # the first notice decides how urgent the card is
        news = phase is not before and phase is not CallPhase.RECORDED and not call.outgoing
        tell(session, [card(thread.id, urgent=news), *_posts(session, thread, call, news=news, recorded=recorded)], now=now)
    if phase in SPOKEN and before not in SPOKEN:
        _spoken(session, call, thread, root, company, now=now)
    elif phase is CallPhase.MISSED and before is not CallPhase.MISSED and not call.outgoing:
        _missed(session, call, thread, root, company, now=now)


def _whose(session: Session, got: Got, company: Company, *, now: int) -> Identity | None:
    """Who rings or is rung; a recording may be told without a number, and is theirs whose call it is of (None = of nobody we know)."""
    event = got.event
    assert isinstance(event, Call)
    if event.sender.external_id:
        return identity_at(session, got.account, event.sender.external_id) or _meet(session, got, company, now=now)
    call = calls.call_at(session, got.account, event.external_id)
    return session.get_one(Identity, session.get_one(Conversation, call.conversation_id).identity_id) if call else None


def _posts(session: Session, thread: Conversation, call: CallRow, *, news: bool, recorded: bool) -> list[Notice]:
    """Whoever has the conversation sees the call as a post of its own, and its recording when it comes."""
    if held_by(session, thread) is None or not (news or recorded):
        return []
    return [Notice(NoticeKind.HEARD, call.message_id, f"heard:{call.message_id}")]


def _meet(session: Session, got: Got, company: Company, *, now: int) -> Identity:
    """Whoever rings or is rung for the first time; a number that somebody has proven to be theirs is that person's."""
    event = got.event
    assert isinstance(event, Call)
    identity = stranger(session, got, company, now=now, open_now=False)
    if persons.sender_points(session, event.sender, identity, now=now):
        session.expire_all()
    return identity


def _heard(session: Session, call: CallRow, thread: Conversation, root: Contact, *, now: int) -> None:
    """The customer has rung: they were heard, as by a message."""
    count(session, {(call.account, Count.HEARD): 1}, now=now)
    thread.last_heard_id, thread.first_heard_at = max(thread.last_heard_id, call.message_id), thread.first_heard_at or call.began_at
    root.last_inbound_at, thread.last_at = max(root.last_inbound_at, now), max(thread.last_at, now)
    thread.status, thread.snoozed_until, thread.open_identity_id = Status.OPEN.value, 0, thread.identity_id
    session.flush()
    if not root.blocked:
        _lead(session, thread, root, now=now)
        sequences.stop(session, [root.id], "replied", now=now)


def _missed(session: Session, call: CallRow, thread: Conversation, root: Contact, company: Company, *, now: int) -> None:
    _heard(session, call, thread, root, now=now)
    if calls.answered_after(session, thread.id, call.began_at):
        return  # told late: somebody has spoken with them since
    thread.unread, thread.waiting_since = thread.unread + 1, min(thread.waiting_since or call.began_at, call.began_at)
    session.flush()
    if root.blocked:
        return
    _call_back(session, call, company, now=now)
    if now - call.began_at < ASK_EVERY:
        _ask(session, call, root, company, now=now)


def _call_back(session: Session, call: CallRow, company: Company, *, now: int) -> None:
    """Somebody has to ring them: one task, however often they have rung in vain."""
    if not any(task.kind == TaskKind.CALL for task in tasks.open_tasks(session, call.conversation_id)):
        hours = firm_hours(session, company, now=now)
        due = now if hours.open_at(now) else hours.next_opening(now)
        tasks.add_task(session, PHONE, call.conversation_id, Duty(TaskKind.CALL, due, once=_cause(call)), now=now)


def _cause(call: CallRow) -> str:
    return f"call:{call.account}:{call.external_id}"


def _spoken(session: Session, call: CallRow, thread: Conversation, root: Contact, company: Company, *, now: int) -> None:
    """Somebody of ours has spoken with the customer: they wait no more, unless they have rung in vain since, and nobody has to call them back."""
    if not call.outgoing:
        _heard(session, call, thread, root, now=now)
    if thread.first_heard_at:
        thread.first_answer_at = thread.first_answer_at or max(call.answered_at, thread.first_heard_at)
    since = calls.missed_after(session, thread.id, call.answered_at)
    if thread.waiting_since and thread.waiting_since <= max(call.answered_at, call.began_at):
        thread.waiting_since, thread.unread, thread.person_called = since[0].began_at if since else 0, min(thread.unread, len(since)), 0
    session.flush()
    causes = {_cause(one) for one in since}
    over = [task for task in tasks.open_tasks(session, thread.id) if task.kind == TaskKind.CALL and task.once not in causes]
    tasks.settle_all(session, PHONE, [task for task in over if task.once == _cause(call)], TaskState.DROPPED, now=now)
    tasks.settle_all(session, PHONE, [task for task in over if task.once != _cause(call)], TaskState.DONE, now=now)
    if since and not root.blocked:
        _call_back(session, since[0], company, now=now)


def _lead(session: Session, thread: Conversation, root: Contact, *, now: int) -> None:
    """Whoever rings is interested in something, as whoever writes is."""
    if session.scalar(select(Lead.id).where(Lead.open_contact_id == root.id)) is not None:
        return
    number = next(take_ids(session, 1))
    row = {"contact_id": root.id, "open_contact_id": root.id, "conversation_id": thread.id, "channel": thread.account, "source": thread.source or "{}"}
    if add_new(session, Lead, [{"id": number, **row, "language": root.language, "created_at": now}]):
        record(session, Change("lead", number, "opened", Customer(root.id), after={"channel": thread.account}), now=now)


def _ask(session: Session, call: CallRow, root: Contact, company: Company, *, now: int) -> None:
    """Ask on the caller's best channel what they need, in their language: not whom a rep is writing with, and not again and again."""
    lately = select(DomainEvent.id).where(DomainEvent.subject == "contact", DomainEvent.subject_id == root.id)
    if root.silenced or session.scalar(lately.where(DomainEvent.kind == ASKED, DomainEvent.at > now - ASK_EVERY).limit(1)) is not None:
        return
    accounts = company.sendable - {call.account}
    route = where_to(session, root.id, accounts, allows=company.allows, now=now) if accounts else None
    thread = thread_of(session, route.identity) if route else None
    if thread is None or held_by(session, thread) is not None:
        return
    number, words = next(take_ids(session, 1)), _question(root.language, as_open(session, company, now=now), now)
    once = f"asked:{call.account}:{call.external_id}"
    said = Saying(thread.id, thread.account, thread.address, words, Author.BOT, Lane.SERVICE, once, message_id=number)
    if say_many(session, [said], now=now):
        thread.last_message_id, thread.last_at, thread.preview = number, now, words[:PREVIEW]
        session.flush()
        record(session, Change("contact", root.id, ASKED, Bot(), after={"channel": thread.account}, once=once), now=now)
        tell(session, [card(thread.id)], now=now)


def _question(language: str, company: Company, now: int) -> str:
    tr = translator(language)
    words = tr("You have just called {company}, and we could not answer. How can we help you? You can write to us here.", company=company.name)
    if company.hours.open_at(now):
        return words
    opens = tr.when(company.hours.next_opening(now), company.zone, now)
    return f"{words}\n{tr('We are closed now and will call you back when we are there again: {opens}.', opens=opens)}"
