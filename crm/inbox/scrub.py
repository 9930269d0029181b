"""Scrub: a secret that was typed into a chat does not stay in the bytes we keep."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.inbox.log import RawBody

HIDDEN = "•"
TYPED = ("text", "caption")
"""What platforms call the words that somebody typed."""


def scrub(session: Session, event_id: int, secret: str) -> None:
    """Write dots over a secret in the words of a raw event's JSON; numbers and names stay, though they may have the same digits."""
    body = session.scalar(select(RawBody.body).where(RawBody.event_id == event_id))
    if body is None or not secret.strip():
        return
    try:
        said = json.loads(body)
    except ValueError:
        return
    for each in _objects(said):
        for key in TYPED:
            if isinstance(each.get(key), str):
                each[key] = each[key].replace(secret.strip(), HIDDEN * 4)
    hidden = json.dumps(said, separators=(",", ":")).encode()  # in ASCII, since half a character has no bytes
    session.execute(update(RawBody).where(RawBody.event_id == event_id).values(body=hidden), execution_options={"synchronize_session": False})


def _objects(said: Any) -> Iterator[dict[str, Any]]:
    """Every object in parsed JSON."""
    left = [said]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            yield one
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)
