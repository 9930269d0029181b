"""Stale: lists that were left, could not be read, or ended a week ago keep what they did and no longer what they said."""

import json
from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from crm.base.db import Order, Store
from crm.base.time import DAY
from crm.exchange.imports import Import, ImportRow, ImportState

KEPT = 7 * DAY
CHUNK = 500
DROPPED = (ImportState.LEFT.value, ImportState.UNREADABLE.value)
WAITING = (ImportState.ASKED.value, ImportState.READY.value)
ENDED = (ImportState.DONE.value, ImportState.UNDONE.value)
EMPTY = "[]"


class Stale:
    """Empties lists whose time is over, a chunk at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def tidy(self, *, now: int) -> None:
        """Empty them; one that was only read or tried is left first. What an import made stays beside its rows, so that it can be taken back."""
        await self._store.write(lambda session: _leave(session, now=now))
        for number, gone in await self._store.read(lambda session: _over(session, now=now)):
            place = 0
            while rows := await self._store.read(lambda session: _rows(session, number, place)):  # noqa: B023 - awaited in this round
                place = rows[-1]
                await self._store.write(lambda session: _emptied(session, rows, gone=gone), Order.CHUNK)  # noqa: B023
            await self._store.write(lambda session: _done(session, number))  # noqa: B023


def _leave(session: Session, *, now: int) -> None:
    old = (Import.state.in_(WAITING), Import.created_at < now - KEPT)
    session.execute(update(Import).where(*old).values(state=ImportState.LEFT.value), execution_options={"synchronize_session": False})


def _over(session: Session, *, now: int) -> list[tuple[int, bool]]:
    """Lists that still say something and shall not, and whether their rows go whole."""
    said = select(Import.id, Import.state, Import.created_at, Import.ended_at).where(Import.samples != "").order_by(Import.id)
    found = said.where(Import.state.in_([*DROPPED, *ENDED]))
    return [(row.id, row.state in DROPPED) for row in session.execute(found) if max(row.created_at, row.ended_at) < now - KEPT]


def _rows(session: Session, import_id: int, after: int) -> Sequence[int]:
    found = select(ImportRow.id).where(ImportRow.import_id == import_id, ImportRow.id > after).order_by(ImportRow.id).limit(CHUNK)
    return session.scalars(found).all()


def _emptied(session: Session, rows: Sequence[int], *, gone: bool) -> None:
    deed = delete(ImportRow).where(ImportRow.id.in_(rows)) if gone else update(ImportRow).where(ImportRow.id.in_(rows)).values(cells=EMPTY)
    session.execute(deed, execution_options={"synchronize_session": False})


def _done(session: Session, import_id: int) -> None:
    """Without samples a list is not looked at again; of old chats only what the firm calls itself is remembered."""
    us = json.loads(session.scalar(select(Import.about).where(Import.id == import_id)) or "{}").get("us", [])
    values = {"samples": "", "about": json.dumps({"us": us}, ensure_ascii=False) if us else "{}"}
    session.execute(update(Import).where(Import.id == import_id).values(**values), execution_options={"synchronize_session": False})
