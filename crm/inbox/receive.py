"""Receive: what a batch of things heard means: people, threads, messages, leads, answers, and what staff must see. Set-based."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, bindparam, update
from sqlalchemy.orm import Session

from crm.base.actors import Customer
from crm.base.answers import Answer, CallPerson, Exchange, Opening
from crm.base.events import ContactShared, Event, LeadForm, Message, Postback, Reaction, SessionStarted, Unknown
from crm.base.history import Change, record_many
from crm.base.rows import add, among, change, run, table_of, take_ids
from crm.base.settings import Company
from crm.base.tallies import Count, count
from crm.base.text import is_order_question
from crm.base.time import MINUTE, Hours, local
from crm.base.wakes import MEDIA, wake
from crm.conversations.rest import POSTED
from crm.conversations.talk import say_many
from crm.conversations.threads import Attachment, Conversation, Status
from crm.conversations.threads import Message as MessageRow
from crm.inbox import asked_times
from crm.inbox.albums import Album, gather, settle_albums
from crm.inbox.edits import catch_up
from crm.inbox.elsewhere import SILENT, answered_now
from crm.inbox.facing import exchange
from crm.inbox.known import Address, Thread, known, standing
from crm.inbox.own import owners
from crm.inbox.plan import Due, Got, Plan, answer_with, hear, meet, only_looks, stops
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.outreach import sequences
from crm.people.calendars import firm_hours, next_of_any
from crm.people.contacts import Contact, Identity
from crm.sales import ladder, order_answers
from crm.sales.leads import Lead

Turn = Callable[[Sequence[Exchange]], list[Answer]]
IDS = 24
_PEOPLE = update(table_of(Contact)).where(among(Contact.id, "people")).values(last_inbound_at=bindparam("at"))
_ADDRESSES = update(table_of(Identity)).where(among(Identity.id, "addresses")).values(last_inbound_at=bindparam("at"), reachable=1)
_REACHABLE = update(table_of(Identity)).where(among(Identity.id, "addresses")).values(reachable=1)


def receive(session: Session, got: Sequence[Got], turn: Turn, company: Company, *, now: int) -> list[Due]:
    """Store what was heard and queue what the bot answers; answers the actions still to be run."""
    heard = [one for one in got if is_heard(one.event)]
    if not heard:
        return []
    threads = known(session, {(one.account, one.event.sender.external_id) for one in heard if one.event.sender})
    plan = Plan(take_ids(session, IDS * len(heard)))
    albums: list[Album] = []
    if special := [one for one in heard if (one.event.sender and one.event.sender.through) or (isinstance(one.event, Message) and one.event.album)]:
        plan.owners = owners(session, special)
        heard, albums = gather(session, heard, threads)
    if len(heard) < len(got) and any(isinstance(one.event, Message) and one.event.echo for one in got):
        plan.answered = answered_now(session, got, now=now)
    asked_times.recall(session, heard, threads, company.zone, now=now)
    plan.ordered = _ordered(session, heard, threads, now=now)
    house = standing(session, local(now, company.zone).date().isoformat(), now=now)
    hours = firm_hours(session, company, now=now, version=house.calendar)
    opens = opening(hours, company.zone, now, on_duty=house.on_duty)
    if opens and hours.open_at(now):  # the firm works, and everybody is away: somebody may be back today
        opens = replace(opens, at=next_of_any(session, company, now=now) or opens.at)
    draw(plan, heard, threads, turn, company, opens, now=now)
    write(session, plan, list(threads.values()), now=now)
    if albums:
        settle_albums(session, albums, plan.messages, threads, now=now)
    if house.promises:
        ladder.replied(session, [thread.root_id for thread in threads.values() if thread.heard], now=now)
    if house.edits:
        catch_up(session, threads, now=now)
    count(session, Counter((one.account, Count.HEARD) for one in heard if not only_looks(one.event)), now=now)
    return plan.due


def _ordered(session: Session, heard: Sequence[Got], threads: dict[Address, Thread], *, now: int) -> Set[int]:
    """Who of those that ask where their order is has one to be told of; nearly no batch has anybody who asks."""
    asking = {(one.account, one.event.sender.external_id) for one in heard if isinstance(one.event, Message) and is_order_question(one.event.text)}
    return order_answers.told_of_any(session, [threads[one].root_id for one in asking if one in threads], at=now) if asking else frozenset()


def is_heard(event: Event) -> bool:
    """Whether a person said or did something that stands in their thread and may be answered."""
    if isinstance(event, Message):
        return not event.echo and not event.auto
    return isinstance(event, Postback | ContactShared | SessionStarted | LeadForm | Reaction | Unknown) and event.sender is not None


def opening(hours: Hours, zone: str, now: int, *, on_duty: bool) -> Opening | None:
    """When somebody will be there again; None = somebody is there now."""
    if on_duty and hours.open_at(now):
        return None
    return Opening(hours.next_opening(now), zone, now)


def draw(plan: Plan, heard: Sequence[Got], threads: dict[Address, Thread], turn: Turn, company: Company, opens: Opening | None, *, now: int) -> None:
    """Decide what a batch adds; pure but for `threads`, which it brings up to date."""
    for one in heard:
        assert one.event.sender
        address = (one.account, one.event.sender.external_id)
        thread = threads.get(address)
        if thread is None:
            thread = threads[address] = meet(plan, one, company, now=now)
        if plan.owners and thread.rep_id is None:
            thread.rep_id = plan.owners.get(address)
        if address in plan.answered:  # whoever answered by other means goes first, wherever their words stand in the batch
            thread.flow_state, thread.asked_id, thread.asked_at = SILENT, None, None
        said = hear(plan, thread, one, now=now)
        if thread.blocked or isinstance(one.event, LeadForm | Reaction):
            continue
        [answer] = turn([exchange(thread, said, company, opens, now=now)])
        if thread.spam:  # the bot is silent, but a word that wants no more of us is heard
            stops(plan, thread, answer, one)
            continue
        answer_with(plan, thread, answer, one)
        thread.asked_times.update(asked_times.asked_by(answer))
        if any(isinstance(action, CallPerson) for action in answer.actions):
            thread.person_called = 1


def write(session: Session, plan: Plan, threads: Sequence[Thread], *, now: int) -> None:
    """One statement per table."""
    for table, rows in (
        (Contact, plan.contacts),
        (Identity, plan.identities),
        (Conversation, plan.conversations),
        (Lead, plan.leads),
        (MessageRow, plan.messages),
        (Attachment, plan.attachments),
    ):
        add(session, table, rows)
    old = [thread for thread in threads if not thread.new and thread.told]
    if old:
        run(session, _PEOPLE, {"people": [thread.root_id for thread in old], "at": now})
        late = [thread for thread in old if thread.wrote_at < now - MINUTE]  # after an outage: a window counts from when they wrote
        if len(late) < len(old):
            run(session, _ADDRESSES, {"addresses": [thread.identity_id for thread in old if thread.wrote_at >= now - MINUTE], "at": now})
        if late:
            run(session, _REACHABLE, {"addresses": [thread.identity_id for thread in late]})
            change(session, Identity, "id", [{"id": thread.identity_id, "last_inbound_at": thread.wrote_at} for thread in late], only=_later)
    change(session, Conversation, "id", [_conversation(thread, now) for thread in threads if thread.told])
    change(session, Conversation, "id", [_spoken(thread, now) for thread in threads if thread.spoke and not thread.told])
    say_many(session, plan.sayings, now=now)
    opened = [Change("lead", row["id"], "opened", Customer(row["contact_id"]), after={"channel": row["channel"]}) for row in plan.leads]
    needs = [Change("lead", row["id"], "need", Customer(row["contact_id"]), {"need": ""}, {"need": row["need"]}) for row in plan.leads if row["need"]]
    record_many(session, [*opened, *needs], now=now)
    enrolled = [thread.root_id for thread in threads if thread.enrolled and thread.told]
    if enrolled:
        sequences.stop(session, enrolled, "replied", now=now)
    tell(session, [notice for thread in threads if thread.told and not (thread.blocked or thread.shut) for notice in notices_of(thread)], now=now)
    if plan.attachments:
        wake(session, MEDIA)


def _later(now: Any, given: Any) -> ColumnElement[bool]:
    """What came since stays: the backlog of an outage may hold older words than those already heard."""
    condition: ColumnElement[bool] = now.last_inbound_at < given["last_inbound_at"]
    return condition


def _spoken(thread: Thread, now: int) -> dict[str, Any]:
    """What the bot's greeting of somebody who only looks changes."""
    said = {"flow_state": thread.flow_state, "asked_id": thread.asked_id, "last_message_id": thread.last_message_id, "preview": thread.preview}
    return {"id": thread.conversation_id, **said, "last_at": now}


def _conversation(thread: Thread, now: int) -> dict[str, Any]:
    return {
        "id": thread.conversation_id,
        "status": thread.status,
        "rep_id": thread.rep_id,
        "open_identity_id": thread.identity_id if thread.status != Status.CLOSED else None,
        "flow_state": thread.flow_state,
        "asked_id": thread.asked_id,
        "last_at": now,
        "last_message_id": thread.last_message_id,
        "last_heard_id": thread.last_heard_id,
        "preview": thread.preview,
        "unread": thread.unread,
        "waiting_since": thread.waiting_since,
        "first_heard_at": thread.first_heard_at,
        "person_called": thread.person_called,
    }


def notices_of(thread: Thread) -> list[Notice]:
    """What staff must see: the card, and for whoever has the conversation each new message as a post of its own."""
    posts = list(posts_of(thread)) if thread.rep_id else []
    return [card(thread.conversation_id, urgent=thread.news or thread.reopened), *posts]


def posts_of(thread: Thread) -> Iterator[Notice]:
    """The first messages since the holder's last word are posts of their own; whoever writes on and on is one post that counts the rest."""
    number, room = thread.conversation_id, POSTED - (thread.unread - len(thread.heard))
    posted, rest = thread.heard[: max(0, room)], thread.heard[max(0, room) :]
    yield from (Notice(NoticeKind.HEARD, message, f"heard:{message}") for message in posted)
    if rest and room >= 0:  # where the rest begins is known here and now: an answer before the post is drawn begins another count
        yield Notice(NoticeKind.MORE_HEARD, number, f"more:{number}:{rest[0]}", {"first": rest[0]})
    elif rest:
        yield Notice(NoticeKind.MORE_HEARD, number, f"more:{number}")
