"""The long work of bringing old chats along: try them, bring them in, take them back; each chunk is one transaction that also says how far it came."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from crm.base import jobs
from crm.base.actors import Actor
from crm.base.db import Order, Store
from crm.base.history import Change, record
from crm.base.jobs import Progress, Work
from crm.base.phones import normalise
from crm.base.policy import Action
from crm.base.rows import add_new, among, ask, change, take_ids
from crm.base.settings import Company
from crm.base.text import clean_name, cut
from crm.conversations import shelf
from crm.conversations.threads import Author, Conversation, Kind, Message
from crm.exchange import past
from crm.exchange.bring import Bringing, bring
from crm.exchange.cells import Person
from crm.exchange.chats import THEM, US
from crm.exchange.chunks import Pace, Row, actor_of, over, rows_after, timed, until_over, went_on
from crm.exchange.imports import RUN, TRY, UNDO, Import, ImportRow, ImportState, Outcome, counted
from crm.exchange.keeping import SHOWING, shelf_gone
from crm.exchange.past import NEW, OUT, Chat, at_ms, once_of
from crm.exchange.plan import Deed
from crm.exchange.runs import Kind as Doing
from crm.exchange.tombstones import erased_among, is_erased
from crm.exchange.undo import named_by, rows_to_undo, take_back
from crm.outbox.deliveries import Delivery
from crm.people.contacts import SHELF, Identity, PointKind, family_of, root_of
from crm.people.reps import authorise
from crm.reports import search_index

PREVIEW, BATCH = 120, 200
_THERE = select(Message.once).where(among(Message.once, "keys"))


def past_kind(kind: str) -> str:
    """The kind of a piece of work on old chats."""
    return kind.replace("import.", "past.")


class PastRuns:
    """The three kinds of work on old chats."""

    def __init__(self, store: Store, company: Company, clock: Callable[[], int]) -> None:
        self._store, self._company, self._clock = store, company, clock

    def kinds(self) -> Mapping[str, Doing]:
        """The work by its kind."""
        return {past_kind(TRY): self.try_out, past_kind(RUN): self.run, past_kind(UNDO): self.undo}

    async def try_out(self, work: Work) -> None:
        """Count what would be brought in; nothing is written."""
        counts: dict[str, int] = {}
        place = 0
        while batch := await self._store.read(partial(rows_after, import_id=work.subject_id, after=place, size=BATCH)):
            for outcome in await self._store.read(partial(_would, import_id=work.subject_id, batch=batch)):
                counts[outcome] = counts.get(outcome, 0) + 1
            place = batch[-1].number
            work = await self._store.write(partial(went_on, work=work, progress=Progress(place, place), now=self._clock()), Order.CHUNK)
        await self._store.write(partial(_tried, work=work, counts=counts, now=self._clock()))

    async def run(self, work: Work) -> None:
        """Bring the messages in that were not yet."""
        pace = Pace()
        while True:
            batch = await self._store.read(partial(rows_after, import_id=work.subject_id, after=work.place, size=pace.size, fresh=True))
            deed = partial(_brought, work=work, batch=batch, company=self._company, now=self._clock())
            work, seconds = await self._store.write(partial(timed, deed=deed), Order.CHUNK)
            pace.took(seconds)
            if not batch:
                return

    async def undo(self, work: Work) -> None:
        """Take back what was brought in, the last message first."""
        await until_over(self._store, work, lambda work, size: partial(_taken_back, work=work, size=size, now=self._clock()))


def _would(session: Session, import_id: int, batch: Sequence[Row]) -> list[str]:
    """What each of these rows would do."""
    one = session.get_one(Import, import_id)
    chats, source = {chat.key: chat for chat in past.chats_of(one)}, past.source_of(one)
    threads = {chat.key: thread_of(session, chat, source) for chat in chats.values() if chat.who > 0 and any(row.cells[0] == chat.key for row in batch)}
    keys = {row.id: once_of(threads[row.cells[0]], row.cells) for row in batch if threads.get(row.cells[0])}
    there = {row.once for row in ask(session, _THERE, {"keys": sorted(keys.values())})} if keys else set()
    return [_outcome(chats[row.cells[0]], keys.get(row.id, ""), there).value for row in batch]


def _outcome(chat: Chat, key: str, there: set[str]) -> Outcome:
    if chat.who == OUT:
        return Outcome.NOBODY
    return Outcome.SAME if key in there else Outcome.NEW


def thread_of(session: Session, chat: Chat, source: str) -> int:
    """Where a chat with somebody known stands already (0 = nowhere)."""
    mine = Identity.contact_id.in_(family_of(session, chat.who)), Identity.account == SHELF, Identity.external_id.startswith(f"{source}:")
    return session.scalar(select(Conversation.id).join(Identity, Identity.id == Conversation.identity_id).where(*mine).order_by(Conversation.id).limit(1)) or 0


def _tried(session: Session, work: Work, counts: dict[str, int], *, now: int) -> None:
    one = session.get_one(Import, work.subject_id)
    chats = past.chats_of(one)
    people = {"people": sum(chat.who == NEW for chat in chats), "known": sum(chat.who > 0 for chat in chats)}
    one.counts, one.state = json.dumps({**counts, **people}), ImportState.READY.value
    over(session, work, one.rows, now=now)


def _brought(session: Session, work: Work, batch: Sequence[Row], company: Company, *, now: int) -> Work:
    jobs.held(session, work)
    one = session.get_one(Import, work.subject_id)
    actor = actor_of(session, one.rep_id)
    authorise(session, actor, Action.IMPORT)
    if not batch:
        return _ended(session, work, one, actor, now=now)
    bringing = _Bringing(one, actor, company, past.source_of(one), {chat.key: chat for chat in past.chats_of(one)}, now)
    for key, rows in groupby(batch, lambda row: row.cells[0]):
        bringing.chat(session, bringing.chats[key], list(rows))
    past.keep_chats(one, list(bringing.chats.values()))
    session.flush()
    place = batch[-1].number
    return went_on(session, work, Progress(place, place), now=now)


@dataclass(slots=True)
class _Bringing:
    """A chunk of an export on its way in; `chats` learn whom and where they became."""

    one: Import
    actor: Actor
    company: Company
    source: str
    chats: dict[str, Chat]
    now: int

    def chat(self, session: Session, chat: Chat, rows: Sequence[Row]) -> None:
        """Bring in what a chunk has of one chat."""
        facts: dict[int, dict[str, Any]] = {}
        chat = self._with_person(session, chat, rows[0], facts)
        if chat.who == OUT:
            self._told(session, rows, {}, {}, None)
            return
        number = chat.conversation or thread_of(session, chat, self.source)
        title = past.SOURCES.get(self.source, "")
        home = session.get_one(Conversation, number) if number else shelf.shelf_of(session, chat.who, self.source, title=title, now=self.now)
        if not number:
            facts.setdefault(rows[0].id, {})["shelf"] = home.id
        self.chats[chat.key] = replace(chat, conversation=home.id)
        new = self._said(session, home, chat, rows)
        self._told(session, rows, new, facts, chat.who)

    def _with_person(self, session: Session, chat: Chat, first: Row, facts: dict[int, dict[str, Any]]) -> Chat:
        """Somebody new is made with the first message, as the row of a list would make them; who was erased is left out."""
        phone = normalise(chat.name, self.company.region)
        points = ((PointKind.PHONE.value, phone),) if phone else ()
        gone = is_erased(session, chat.who) if chat.who > 0 else erased_among(session, points, self.company.link_key)
        if chat.who != NEW or gone:
            chat = replace(chat, who=OUT) if gone else chat
            self.chats[chat.key] = chat
            return chat
        person = Person(first.number, "" if phone else clean_name(chat.name), (phone,) if phone else ())
        deed = Deed(person, Outcome.NEW, None, person.name, "", points)
        bring(session, [deed], {first.number: first.id}, Bringing(self.one.id, self.actor, self.company, self.one.name), now=self.now)
        row = session.get_one(ImportRow, first.id, populate_existing=True)
        facts[first.id] = json.loads(row.made)
        assert row.contact_id
        return replace(chat, who=row.contact_id, made=True)

    def _said(self, session: Session, home: Conversation, chat: Chat, rows: Sequence[Row]) -> dict[int, int]:
        """Write the messages; answers their numbers by their rows, of those that were not there."""
        ids = take_ids(session, len(rows))
        made = {row.id: {"id": next(ids), **self._message(home, chat, row)} for row in rows}
        there = add_new(session, Message, list(made.values()))
        new = {row_id: message for row_id, message in made.items() if message["id"] in there}
        if new:
            last = max(new.values(), key=lambda message: message["at"])
            first = min(message["at"] for message in new.values())
            if last["at"] >= home.last_at or home.last_message_id == 0:
                home.last_at, home.preview = last["at"], cut(" ".join(last["text"].split()), PREVIEW)
            home.opened_at, home.last_message_id = min(home.opened_at, first), max(home.last_message_id, last["id"])
            session.flush()
        return {row_id: message["id"] for row_id, message in new.items()}

    def _message(self, home: Conversation, chat: Chat, row: Row) -> dict[str, Any]:
        _, _, at, who, side, text, _ = row.cells
        theirs = side == THEM if side else who == chat.customer
        author = Author.CONTACT if theirs and side != US else Author.REP
        told = {"conversation_id": home.id, "author": author.value, "kind": Kind.MESSAGE.value, "rep_id": None, "text": text}
        return {**told, "at": at_ms(at, self.company.zone) or self.now, "external_id": None, "once": once_of(home.id, row.cells)}

    def _told(self, session: Session, rows: Sequence[Row], new: Mapping[int, int], facts: Mapping[int, dict[str, Any]], who: int | None) -> None:
        """What became of each row; its words go, since they stand in the thread now."""
        told = []
        for row in rows:
            made = {**facts.get(row.id, {}), **({"message": new[row.id]} if row.id in new else {})}
            outcome = Outcome.NOBODY if who is None else Outcome.NEW if made else Outcome.SAME
            told.append({"id": row.id, "outcome": outcome.value, "cells": "[]", "contact_id": who, "made": json.dumps(made)})
        change(session, ImportRow, "id", told)
        session.expire_all()


def _ended(session: Session, work: Work, one: Import, actor: Actor, *, now: int) -> Work:
    chats = past.chats_of(one)
    us = sorted({sender for chat in chats if not chat.sided and len(chat.senders) == 2 for sender in chat.senders if sender != chat.customer})
    one.about = json.dumps({"source": past.source_of(one), "us": us}, ensure_ascii=False)  # whom it was with stands in their threads
    one.state, one.ended_at, one.counts = ImportState.DONE.value, now, json.dumps(counted(session, one.id))
    for chat in chats:
        if chat.conversation and chat.who > 0:
            number = root_of(session, chat.who).id
            record(session, Change("contact", number, "past brought", actor, after={"messages": chat.count}, cause=f"import:{one.id}"), now=now)
    return over(session, work, one.rows, now=now)


def _taken_back(session: Session, work: Work, size: int, *, now: int) -> tuple[Work, bool]:
    jobs.held(session, work)
    one = session.get_one(Import, work.subject_id)
    actor = actor_of(session, work.rep_id)
    authorise(session, actor, Action.IMPORT)
    rows = rows_to_undo(session, one.id, work.place, size)
    if not rows:
        one.state, one.ended_at, one.counts = ImportState.UNDONE.value, now, json.dumps(counted(session, one.id))
        return over(session, work, one.rows, now=now), True
    facts = {row.id: json.loads(row.made) for row in rows}
    kept, homes = _unsaid(session, [made["message"] for made in facts.values() if "message" in made])
    told = [{"id": row.id, "outcome": (Outcome.KEPT if facts[row.id].get("message") in kept else Outcome.UNDONE).value, "why": ""} for row in rows]
    change(session, ImportRow, "id", told)
    session.expire_all()
    for home in sorted({*homes, *(made["shelf"] for made in facts.values() if "shelf" in made)}):
        _emptied(session, home)
    take_back(session, actor, one.id, [row for row in rows if "made" in facts[row.id]], now=now)
    session.expire_all()
    return went_on(session, work, Progress(rows[-1].number, work.done + len(rows)), now=now), False


def _unsaid(session: Session, messages: Sequence[int]) -> tuple[set[int], set[int]]:
    """Take messages away that nothing else turns on; answers those that stay, and the threads that the others stood in."""
    kept = named_by(session, "messages", "message_id", sorted(messages), SHOWING) if messages else set()
    gone = [number for number in messages if number not in kept]
    homes: set[int] = set()
    if gone:
        homes = set(session.scalars(select(Message.conversation_id).where(Message.id.in_(gone)).distinct()))
        search_index.forget_said(session, gone)
        rest = {"synchronize_session": False}
        session.execute(update(Delivery).where(Delivery.message_id.in_(gone)).values(message_id=None), execution_options=rest)
        session.execute(delete(Message).where(Message.id.in_(gone)), execution_options=rest)
    return kept, homes


def _emptied(session: Session, number: int) -> None:
    """The thread of a chat goes when nothing stands in it any more, or says again what its last words are."""
    home = session.get(Conversation, number)
    if home is None:
        return
    last = session.scalar(select(Message).where(Message.conversation_id == number).order_by(Message.id.desc()).limit(1))
    if last is None:
        shelf_gone(session, home)
    else:
        home.last_message_id, home.last_at, home.preview = last.id, last.at, cut(last.text, PREVIEW)
        session.flush()
