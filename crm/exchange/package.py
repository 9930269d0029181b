"""Package: all that is known of one person, to be handed to them: JSON with everything exact, a page that people read, and the files."""

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from crm.base import jobs
from crm.base.actors import Actor
from crm.base.db import Store
from crm.base.history import Change, record
from crm.base.jobs import Progress, Work
from crm.base.policy import Action
from crm.base.time import local
from crm.exchange.belongings import belongings_of, events_of, rows_of, values_about
from crm.exchange.chunks import actor_of
from crm.exchange.exports import hand_over, packed
from crm.exchange.made import MadeFiles, write_down
from crm.exchange.reach import in_reach, whole
from crm.people.contacts import root_of
from crm.people.steps import What, require
from crm.sales.ledger import Payment

PACKAGE = "package"
TOLD = (
    "contacts",
    "contact_points",
    "identities",
    "identity_aliases",
    "consents",
    "conversations",
    "messages",
    "attachments",
    "notes",
    "tags",
    "leads",
    "deals",
    "deal_contacts",
    "deal_lines",
    "documents",
    "orders",
    "order_lines",
    "shipments",
    Payment.__tablename__,
    "pay_asks",
    "projects",
    "project_steps",
    "ratings",
    "tasks",
    "calls",
    "mails",
    "enrollments",
    "deliveries",
)
# Numbers of the staff and of our own machinery are nobody's own data.
_WITHHELD = frozenset(
    {
        "rep_id",
        "payload",
        "once",
        "card",
        "place",
        "lane",
        "talk",
        "desk",
        "attempts",
        "flow_state",
        "agent",
        "done_by",
        "confirmed_by",
        "seen_id",
        "seal",
        "budget",
    }
)
_KEPT = frozenset({("project", "budget"), ("project", "cost")})
"""What is on record of a person's things and is the firm's own: what the work for them costs it."""
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>
<style>body{{font:15px/1.5 sans-serif;max-width:50em;margin:2em auto;padding:0 1em}}table{{border-collapse:collapse}}td,th{{border:1px solid #ccc;
padding:.2em .6em;text-align:left;vertical-align:top;overflow-wrap:anywhere}}p.us{{color:#555;margin-left:3em}}</style></head><body>
<h1>{name}</h1><p>What {firm} keeps about this person, as it was on {day}.</p>
{sections}
</body></html>
"""


def ask(session: Session, actor: Actor, contact_id: int, *, now: int) -> int:
    """Have a person's package made; who asks shows once more that it is they. Answers the job."""
    whole(in_reach(session, actor, Action.EXPORT, contact_id))
    root = root_of(session, contact_id)
    require(session, actor, What.EXPORT, f"contact {root.id}", now=now)
    record(session, Change("contact", root.id, "package asked", actor), now=now)
    return jobs.begin(session, actor, PACKAGE, root.id, now=now)


class Packages:
    """Writes packages into the folder of made files; `folder` is the data folder."""

    def __init__(self, store: Store, folder: Path, about: tuple[str, str], made: MadeFiles, clock: Callable[[], int]) -> None:
        self._store, self._folder, self._made, self._clock = store, folder, made, clock
        self._firm, self._zone = about

    async def make(self, work: Work) -> None:
        """Make a package; one that was cut off is begun again."""
        known = await self._store.read(partial(known_about, contact_id=work.subject_id, rep_id=work.rep_id))
        with self._made.making() as path:
            with self._made.room() as room:
                await asyncio.to_thread(self._written, room, known)
                await asyncio.to_thread(packed, room, path, None)
            await self._store.write(partial(_ready, work=work, path=path, now=self._clock()))

    def _written(self, room: Path, known: Mapping[str, list[dict[str, Any]]]) -> None:
        (room / "data.json").write_text(json.dumps(known, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
        day = local(self._clock(), self._zone).strftime("%Y-%m-%d")
        (room / "index.html").write_text(page(known, self._firm, self._zone, day), encoding="utf-8")
        (room / "files").mkdir()
        for file in known.get("attachments", ()):
            source = self._folder / "media" / str(file["path"])
            if file["path"] and source.is_file():
                shutil.copyfile(source, room / "files" / file_name(file))


def file_name(file: Mapping[str, Any]) -> str:
    """What a file is called in the package: its number, and what its sender called it."""
    return f"{file['id']}-{''.join(mark for mark in str(file['name']) if mark.isalnum() or mark in '._-')[-60:] or file['kind']}"


def known_about(session: Session, contact_id: int, rep_id: int | None) -> dict[str, list[dict[str, Any]]]:
    """Everything about a person, by table; what tells of others is left out."""
    whole(in_reach(session, actor_of(session, rep_id), Action.EXPORT, contact_id))
    what = belongings_of(session, contact_id)
    found = {name: [_own(row) for row in rows_of(session, name, what.of(name))] for name in TOLD if what.of(name)}
    found["fields"] = [_own(row) for row in rows_of(session, "field_values", values_about(session, what))]
    labels = {row["id"]: row["label"] for row in rows_of(session, "fields", sorted({row["field_id"] for row in found["fields"]}))}
    found["fields"] = [{"field": labels.get(row["field_id"], ""), **row} for row in found["fields"]]
    changes = [row for row in rows_of(session, "domain_events", events_of(session, what)) if (row["subject"], row["kind"]) not in _KEPT]
    found["changes"] = [{name: row[name] for name in ("at", "subject", "kind", "before", "after")} for row in changes]
    found["deliveries"] = [row for row in found.get("deliveries", []) if row.get("message_id")]
    return {name: rows for name, rows in found.items() if rows}


def _own(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _WITHHELD}


def page(known: Mapping[str, Sequence[Mapping[str, Any]]], firm: str, zone: str, day: str) -> str:
    """The same as a page; pure."""
    contacts = known.get("contacts", ())
    name = next((str(row["name"] or row["platform_name"]) for row in contacts if row["name"] or row["platform_name"]), "") or "A person"
    sections = "".join((*_tables(known, zone), *_threads(known, zone)))
    return PAGE.format(name=escape(name), firm=escape(firm), day=day, sections=sections)


def _tables(known: Mapping[str, Sequence[Mapping[str, Any]]], zone: str) -> Iterator[str]:
    for title, rows in known.items():
        if title in ("messages", "changes", "deliveries", "mails"):
            continue
        names = list(rows[0])
        head = "".join(f"<th>{escape(name)}</th>" for name in names)
        body = "".join("<tr>" + "".join(f"<td>{escape(_shown(name, row[name], zone))}</td>" for name in names) + "</tr>" for row in rows)
        yield f"<h2>{escape(title.replace('_', ' '))}</h2><table><tr>{head}</tr>{body}</table>"


def _threads(known: Mapping[str, Sequence[Mapping[str, Any]]], zone: str) -> Iterator[str]:
    files: dict[int, list[Mapping[str, Any]]] = {}
    for file in known.get("attachments", ()):
        files.setdefault(int(file["message_id"]), []).append(file)
    if known.get("messages"):
        yield "<h2>what was said</h2>"
    for row in known.get("messages", ()):
        who = "" if row["author"] == "contact" else ' class="us"'
        links = "".join(f' <a href="files/{escape(file_name(file))}">{escape(str(file["name"]) or "file")}</a>' for file in files.get(int(row["id"]), ()))
        yield f"<p{who}>{escape(_shown('at', row['at'], zone))}: {escape(str(row['text']))}{links}</p>"


def _shown(name: str, value: object, zone: str) -> str:
    if isinstance(value, int) and value > 10**11 and (name == "at" or name.endswith("_at")):
        return local(value, zone).strftime("%Y-%m-%d %H:%M")
    return "" if value is None or (value == 0 and name.endswith("_at")) else str(value)


def _ready(session: Session, work: Work, path: Path, *, now: int) -> None:
    number = write_down(session, work.rep_id, path, f"person-{work.subject_id}.zip", "application/zip", now=now)
    jobs.keep_on(session, work, Progress(work.place, work.done, over=True, file=number), now=now)
    record(session, Change("contact", work.subject_id, "package made", actor_of(session, work.rep_id)), now=now)
    hand_over(session, work.rep_id, number, now=now)
