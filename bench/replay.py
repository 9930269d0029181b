"""Replay: the ceiling. The very rows a run of the product left, written again by bare sqlite3: set-based, a commit for 200 messages, nothing decided.

What any writer must do is in it: read the JSON, ask which keys are new, ask for the threads. What only ours does is not: the waiting rows, the attempts,
the numbering, the bot.
"""

import json
import sqlite3
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crm.base import dialect
from crm.tables import metadata

Rows = list[tuple[Any, ...]]
BATCH = 200
THREAD = (
    "status",
    "open_identity_id",
    "flow_state",
    "asked_id",
    "last_at",
    "last_message_id",
    "last_heard_id",
    "preview",
    "unread",
    "waiting_since",
    "first_heard_at",
    "person_called",
)
SEEN = "SELECT key FROM raw_events WHERE account = ? AND key IN (SELECT value FROM json_each(?))"
KNOWN = (
    "SELECT external_id, conversations.id, contacts.id FROM identities JOIN contacts ON contacts.id = identities.contact_id "
    "LEFT JOIN conversations ON identity_id = identities.id WHERE identities.account = ? AND external_id IN (SELECT value FROM json_each(?))"
)
CHANGED = (
    f"UPDATE conversations SET {', '.join(f'{name} = ?' for name in THREAD)} WHERE id = ?",
    "UPDATE contacts SET last_inbound_at = ? WHERE id = ?",
    "UPDATE identities SET last_inbound_at = ?, reachable = 1 WHERE id = ?",
)


@dataclass(slots=True)
class Chunk:
    """What one commit writes: letters to read, rows by statement."""

    bodies: list[bytes]
    keys: list[str]
    addresses: list[str]
    rows: dict[str, Rows]


@dataclass(frozen=True, slots=True)
class Recording:
    """All that a run of the product left."""

    account: str
    chunks: list[Chunk]
    counts: dict[str, int]


def record(path: Path, account: str, first: int) -> Recording:
    """Read what a run added to a database: every row numbered from `first`, and the threads it changed."""
    connection = sqlite3.connect(path)
    heard = connection.execute("SELECT id, conversation_id FROM messages WHERE author = 'contact' AND id >= ? ORDER BY id", (first,)).fetchall()
    ends = [row[0] for row in heard[BATCH - 1 :: BATCH]]
    chunks = [Chunk([], [], [], {}) for _ in range(len(ends) + 1)]
    _letters(connection, chunks, first)
    for table in metadata.sorted_tables:
        key = next(iter(table.primary_key.columns)).name
        if table.name not in ("raw_events", "raw_bodies", "counters", "leases", "tallies", "waiting"):
            _added(connection, chunks, ends, table.name, key, first)
    for number, thread in heard:
        if thread < first:
            _changed(connection, chunks[bisect_left(ends, number)], thread)
    counts = {
        table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("raw_events", "messages", "deliveries", "contacts", "leads")
    }
    connection.close()
    return Recording(account, [chunk for chunk in chunks if chunk.rows], counts)


def _letters(connection: sqlite3.Connection, chunks: list[Chunk], first: int) -> None:
    question = "SELECT e.*, b.* FROM raw_events e JOIN raw_bodies b ON b.event_id = e.id WHERE e.id >= ? ORDER BY e.id"
    cursor = connection.execute(question, (first,))
    names = [column[0] for column in cursor.description]
    split = names.index("event_id")
    for place, row in enumerate(cursor):
        chunk = chunks[min(place // BATCH, len(chunks) - 1)]
        found = dict(zip(names, row, strict=True))
        chunk.bodies.append(found["body"])
        chunk.keys.append(found["key"])
        chunk.addresses.append(str(json.loads(found["body"]).get("visitor") or json.loads(found["body"])["message"]["chat"]["id"]))
        chunk.rows.setdefault(_insert("raw_events", names[:split]), []).append(row[:split])
        chunk.rows.setdefault(_insert("raw_bodies", names[split:]), []).append(row[split:])


def _added(connection: sqlite3.Connection, chunks: list[Chunk], ends: list[int], table: str, key: str, first: int) -> None:
    cursor = connection.execute(f"SELECT * FROM {table} WHERE typeof({key}) = 'integer' AND {key} >= ? ORDER BY {key}", (first,))
    names = [column[0] for column in cursor.description]
    at, statement = names.index(key), _insert(table, names)
    for row in cursor:
        chunks[bisect_left(ends, row[at])].rows.setdefault(statement, []).append(row)


def _insert(table: str, names: Sequence[str]) -> str:
    return f"INSERT INTO {table}({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"


def _changed(connection: sqlite3.Connection, chunk: Chunk, thread: int) -> None:
    row = connection.execute(f"SELECT {', '.join(THREAD)}, id, contact_id, identity_id, last_at FROM conversations WHERE id = ?", (thread,)).fetchone()
    end = len(THREAD)
    for statement, values in zip(CHANGED, (row[: end + 1], (row[end + 3], row[end + 1]), (row[end + 3], row[end + 2])), strict=True):
        chunk.rows.setdefault(statement, []).append(values)


def play(recording: Recording, path: Path) -> tuple[float, float]:
    """Write it all into a fresh copy; answers seconds, and seconds of CPU."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in (*dialect.PRAGMAS, *dialect.WRITER):
        connection.execute("PRAGMA " + pragma)
    began, cpu = time.perf_counter(), time.process_time()
    for chunk in recording.chunks:
        connection.execute("BEGIN IMMEDIATE")
        for body in chunk.bodies:
            json.loads(body)
        connection.execute(SEEN, (recording.account, json.dumps(chunk.keys))).fetchall()
        connection.execute(KNOWN, (recording.account, json.dumps(chunk.addresses))).fetchall()
        for statement, rows in chunk.rows.items():
            connection.executemany(statement, rows)
        connection.execute("COMMIT")
    taken = time.perf_counter() - began, time.process_time() - cpu
    for table, count in recording.counts.items():
        there = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        assert there == count, f"{table}: {there} rows instead of {count}"
    connection.close()
    return taken
