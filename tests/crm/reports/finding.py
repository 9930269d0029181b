"""Hands for tests of search: words said in a thread, and the index brought up to them."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from crm.base.actors import Actor, System
from crm.base.db import Order, Store
from crm.base.rows import add, take_ids
from crm.conversations.threads import Message
from crm.reports import search_index
from crm.reports.search import Found, find
from tests.conftest import NOON

SYSTEM = System("test")


def say(session: Session, conversation: int, *texts: str, author: str = "contact") -> list[int]:
    """Words said in a thread, one after another."""
    numbers = list(take_ids(session, len(texts)))
    rows = [{"id": number, "conversation_id": conversation, "author": author, "text": text, "at": NOON} for number, text in zip(numbers, texts, strict=True)]
    add(session, Message, rows)
    return numbers


async def step(store: Store, *, now: int = NOON) -> bool:
    """One chunk; False = there was nothing."""
    found = await store.read(lambda session: search_index.upcoming(session, now=now))
    if found is None:
        return False
    for part, entries in search_index.portions(found, search_index.digest(found)):
        await store.write(lambda session, part=part, entries=entries: search_index.enter(session, part, entries), Order.CHUNK)  # type: ignore[misc]
    return True


async def catch_up(store: Store, *, now: int = NOON) -> int:
    """Index whatever there is; answers in how many chunks."""
    chunks = 0
    while await step(store, now=now):
        chunks += 1
    return chunks


async def look(store: Store, words: str, actor: Actor = SYSTEM) -> Found:
    """What some words find."""
    return await store.read(lambda session: find(session, actor, words, "AM"))


async def said(store: Store, words: str, actor: Actor = SYSTEM) -> list[int]:
    """The messages that some words find, in their order."""
    return [one.message_id for one in (await look(store, words, actor)).said]


async def called(store: Store, words: str, actor: Actor = SYSTEM) -> list[str]:
    """The people that some words find, in their order."""
    return [one.name for one in (await look(store, words, actor)).people]


def share(hits: Iterable[bool]) -> float:
    """How many of these are so, 0 to 1."""
    found = list(hits)
    return sum(found) / len(found)
