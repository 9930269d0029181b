"""Keeping: what was captured is written down, as a list of one would be, so that all of it can be taken back exactly."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.errors import Expired, Invalid, NotFound
from crm.base.events import MediaKind, MediaRef
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.rows import add, take_ids
from crm.base.settings import Company as Firm
from crm.conversations import shelf
from crm.conversations.shelf import Remark
from crm.conversations.talk import within_reach
from crm.conversations.threads import Attachment, Conversation, Message, Note, the
from crm.exchange.bring import Bringing, bring
from crm.exchange.captures import Capture, CaptureKind, CaptureState
from crm.exchange.capturing import Item, draft_of, items_of, settle, standing
from crm.exchange.cards import Draft
from crm.exchange.cells import Person
from crm.exchange.imports import BY_HAND, Import, ImportRow, ImportState, Outcome
from crm.exchange.plan import Deed
from crm.exchange.reach import in_reach
from crm.exchange.tombstones import erased_among, is_erased
from crm.exchange.undo import named_by, take_back
from crm.outbox.deliveries import Delivery
from crm.outbox.notices import NoticeRow, card, tell
from crm.people import suggestions
from crm.people.contacts import SHELF, ContactPoint, Identity, family_of, root_of

STAFF = "staff"
SHOWING = frozenset({"deliveries", "notices", "captures"})
"""What names a conversation only to show it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a capture became: whom it is about, the conversation that shows it."""

    contact_id: int
    conversation_id: int


def keep_person(session: Session, actor: Rep, firm: Firm, capture_id: int, contact_id: int | None, *, now: int) -> Kept:
    """Make a new person of a draft, or fill with it what is empty of one who is known; raises `Invalid` where there is nothing to know them by."""
    one = standing(session, actor, capture_id, CaptureState.ASKED)
    draft = draft_of(one)
    if contact_id is not None:
        in_reach(session, actor, Action.CAPTURE, contact_id)
    elif not (draft.name or draft.points):
        raise Invalid("nobody can be known by this")
    if erased_among(session, draft.points, firm.link_key) or (contact_id is not None and is_erased(session, contact_id)):
        raise Invalid("this person was erased")
    one.import_id, one.contact_id = _written(session, actor, firm, draft, contact_id, now=now)
    about = _remark(one, draft)
    home = shelf.home_of(session, one.contact_id, now=now)
    if about:
        shelf.keep_note(session, actor, home.id, about, once=f"capture:{one.id}:0", now=now)
    return _over(session, actor, one, home, now=now)


def keep_words(session: Session, actor: Rep, capture_id: int, conversation_id: int, *, now: int) -> Kept:
    """Keep what was said elsewhere as notes about the person of a conversation."""
    one = standing(session, actor, capture_id, CaptureState.ASKED)
    home = within_reach(session, actor, conversation_id)
    if is_erased(session, home.contact_id):
        raise Expired("this person was erased")
    one.contact_id = root_of(session, home.contact_id).id
    _notes(session, actor, one, home.id, now=now)
    return _over(session, actor, one, home, now=now)


def keep_words_of_new(session: Session, actor: Rep, firm: Firm, capture_id: int, name: str, *, now: int) -> Kept:
    """Make a person of whoever said something elsewhere, and keep their words as notes."""
    one = standing(session, actor, capture_id, CaptureState.ASKED)
    if not name:
        raise Invalid("nobody can be known by this")
    one.import_id, one.contact_id = _written(session, actor, firm, Draft(name=name), None, now=now)
    home = shelf.home_of(session, one.contact_id, now=now)
    _notes(session, actor, one, home.id, now=now)
    return _over(session, actor, one, home, now=now)


def _notes(session: Session, actor: Rep, one: Capture, conversation_id: int, *, now: int) -> None:
    for place, remark in enumerate(_remarks(items_of(one))):
        shelf.keep_note(session, actor, conversation_id, remark, once=f"capture:{one.id}:{place}", now=now)


def _remarks(items: Sequence[Item]) -> list[Remark]:
    """What one person said in a row is one note; each file is one of its own. Pure."""
    found: list[Remark] = []
    for (source, filed), some in groupby(items, lambda item: (item.source, bool(item.media))):
        if filed:
            found += [Remark(item.text, source, media_of(item.media), STAFF) for item in some]
        else:
            found.append(Remark("\n".join(item.text for item in some), source))
    return found


def media_of(packed: Sequence[Any]) -> MediaRef:
    """A file's reference as it was stored."""
    kind, ref, name, mime, size = packed
    return MediaRef(MediaKind(kind), str(ref), str(name), str(mime), int(size))


def _remark(one: Capture, draft: Draft) -> Remark | None:
    """What of a card has no field: what its owner does, their page, and the photo itself."""
    photo = json.loads(one.data).get("photo")
    words = " · ".join(filter(None, (draft.role, draft.site)))
    return Remark(words, "", media_of(photo) if photo else None, STAFF if photo else "") if words or photo else None


def _over(session: Session, actor: Rep, one: Capture, home: Conversation, *, now: int) -> Kept:
    assert one.contact_id
    one.conversation_id = home.id
    settle(session, one, CaptureState.KEPT, now=now)
    record(session, Change("capture", one.id, "capture kept", actor, after={"contact": one.contact_id}), now=now)
    return Kept(one.contact_id, home.id)


def _written(session: Session, actor: Rep, firm: Firm, draft: Draft, contact_id: int | None, *, now: int) -> tuple[int, int]:
    """Write a draft down as the only row of a list; answers the list and the person."""
    number, row_id = take_ids(session, 2)
    head = {"id": number, "rep_id": actor.id, "name": BY_HAND, "kind": BY_HAND, "state": ImportState.DONE.value, "rows": 1, "report_id": None}
    add(session, Import, [{**head, "created_at": now, "ended_at": now}])
    add(session, ImportRow, [{"id": row_id, "import_id": number, "number": 1, "cells": "[]"}])
    bring(session, [_deed(session, draft, contact_id)], {1: row_id}, Bringing(number, actor, firm, BY_HAND), now=now)
    found = session.get_one(ImportRow, row_id, populate_existing=True).contact_id
    assert found
    if contact_id is None:
        suggestions.look(session, found, draft.points, now=now)
    return number, root_of(session, found).id


def _deed(session: Session, draft: Draft, contact_id: int | None) -> Deed:
    person = Person(1, draft.name, draft.phones, draft.emails, company=draft.company)
    if contact_id is None:
        return Deed(person, Outcome.NEW, None, draft.name, draft.company, draft.points)
    root, family = root_of(session, contact_id), family_of(session, contact_id)
    known = {(row.kind, row.value) for row in session.execute(select(ContactPoint.kind, ContactPoint.value).where(ContactPoint.contact_id.in_(family)))}
    points = tuple(point for point in draft.points if point not in known)
    company = "" if root.company_id is not None else draft.company
    return Deed(person, Outcome.FILLED, root.id, "" if root.name else draft.name, company, points)


def undo(session: Session, actor: Rep, capture_id: int, *, now: int) -> bool:
    """Take back what was kept; answers whether all of it is gone: what somebody has changed since stays."""
    one = standing(session, actor, capture_id, CaptureState.KEPT)
    files = _notes_gone(session, one)
    assert one.conversation_id
    home_id, whole = one.conversation_id, True
    if one.import_id:
        made = session.scalars(select(ImportRow.made).where(ImportRow.import_id == one.import_id)).one()
        if "made" in json.loads(made):
            shelf_gone(session, the(session, home_id))
        one.contact_id = one.conversation_id = None
        session.flush()
        rows = session.execute(select(ImportRow.id, ImportRow.number, ImportRow.contact_id, ImportRow.made).where(ImportRow.import_id == one.import_id)).all()
        take_back(session, actor, one.import_id, rows, now=now)
        session.expire_all()
        whole = session.scalars(select(ImportRow.outcome).where(ImportRow.import_id == one.import_id)).one() == Outcome.UNDONE.value
    settle(session, one, CaptureState.UNDONE, now=now, data={"files": files} if files else None)
    record(session, Change("capture", one.id, "capture undone", actor), now=now)
    if session.get(Conversation, home_id):
        tell(session, [card(home_id)], now=now)
    return whole


def recording(session: Session, capture_id: int) -> list[Any]:
    """The file that was kept with the note of a capture, as it is sent."""
    found = select(Attachment).join(Note, Note.attachment_id == Attachment.id).where(Note.once.startswith(f"capture:{capture_id}:"))
    file = session.scalar(found.limit(1))
    if file is None or not file.ref:
        raise NotFound("the recording is not there any more")
    return [file.kind, file.ref, file.name, file.mime, file.size]


def _notes_gone(session: Session, one: Capture) -> list[str]:
    """Take the notes of a capture away with their files; answers where the bytes lie that are to go, too."""
    notes = session.scalars(select(Note).where(Note.once.startswith(f"capture:{one.id}:"))).all()
    files = session.scalars(select(Attachment).where(Attachment.id.in_([note.attachment_id for note in notes if note.attachment_id]))).all()
    paths, messages = [file.path for file in files if file.path], [file.message_id for file in files]
    for table, ids in ((Note, [note.id for note in notes]), (Attachment, [file.id for file in files]), (Message, messages)):
        session.execute(delete(table).where(table.id.in_(ids)), execution_options={"synchronize_session": False})
    session.expire_all()
    return paths


def shelf_gone(session: Session, home: Conversation) -> None:
    """A shelf that nothing stands on goes with the person it was made for; posts that showed it stay as they are, and lead nowhere."""
    if home.account != SHELF or named_by(session, "conversations", "conversation_id", [home.id], SHOWING):
        return
    number, identity_id, rest = home.id, home.identity_id, {"synchronize_session": False}
    session.execute(update(Delivery).where(Delivery.conversation_id == number).values(conversation_id=None), execution_options=rest)
    session.execute(delete(NoticeRow).where(NoticeRow.key == f"card:{number}"), execution_options=rest)
    session.execute(delete(Conversation).where(Conversation.id == number), execution_options=rest)
    session.execute(delete(Identity).where(Identity.id == identity_id), execution_options=rest)
    session.expire_all()


__all__ = ["CaptureKind", "Kept", "keep_person", "keep_words", "keep_words_of_new", "media_of", "undo"]
