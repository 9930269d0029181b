"""The file for whoever helps: it says how the installation does in numbers, and nothing that anybody has typed, wherever it was put."""

import re
from typing import Any

import pytest
from sqlalchemy import Column, LargeBinary, String, insert, select, text

from crm.base.actors import Role
from crm.base.db import Session
from crm.base.errors import Forbidden
from crm.base.jobs import Job, JobState
from crm.base.nodes import Node
from crm.base.outbound import Reason
from crm.base.table import Base
from crm.base.time import DAY, HOUR
from crm.conversations.threads import Message
from crm.exchange import support
from crm.exchange.made import MadeFile
from crm.exchange.support_lines import About, error_kind, labels, reason
from crm.exchange.works import Exchange
from crm.inbox.log import Waiting, keep
from crm.outbox.deliveries import Delivery, State
from crm.outbox.notices import NoticeRow
from crm.people.contacts import Contact
from crm.tables import TABLES
from scheduler.works import work_once
from tests.conftest import NOON
from tests.crm.exchange.stand import Stand
from tests.crm.fake import counts, hear, hire, rows, said

KINDS = frozenset({"fake", "email"})
SECRETS = ("Arpine Grigoryan", "Арпине", "+374 91 123456", "37491123456", "arpine@example.am", "123456:AAsecretTokenSecretToken", "/home/arpine/dragoman")
HOSTILE = " ".join(SECRETS)
LEAKS = re.compile("|".join(["arpine", "grigoryan", "арпине", "123456", "123 456", "37491", "374 9", "example", "secret", "/home", "@", "://"]), re.IGNORECASE)


async def made(stand: Stand, about: About | None = None, health: dict[str, bool] | None = None) -> str:
    """The file that the manager gets."""
    exchange = Exchange(stand.store, stand.folder, stand.company, lambda: stand.now, TABLES, about=lambda: about or About())
    await stand.store.write(lambda session: support.ask(session, stand.who, health, now=stand.now))
    while await work_once(stand.store, exchange, "here", lambda: stand.now):
        pass
    [path] = await rows(stand.store, select(MadeFile.path).where(MadeFile.name.startswith(support.SUPPORT)))
    return str((exchange.made.folder / path).read_text("utf-8"))


def parts(words: str) -> dict[str, list[str]]:
    """The lines under each title."""
    found: dict[str, list[str]] = {}
    title = ""
    for line in words.splitlines()[2:]:
        if line.startswith("  "):
            found[title].append(line.strip())
        elif line:
            title = line
            found[title] = []
    return found


async def troubled(stand: Stand) -> None:
    """Two things could not be read, three did not arrive, a job broke, a node works, something waits to leave."""

    def deed(session: Session) -> None:
        for row, error in zip(session.scalars(select(Waiting)).all(), (f"ValueError: {HOSTILE}", f"{HOSTILE}: no"), strict=True):
            row.parked, row.attempts, row.error = 1, 5, error
        base = {"address": SECRETS[2], "place": 1, "lane": 0, "due_at": NOON - HOUR, "created_at": NOON, "payload": HOSTILE, "detail": f"blocked: {HOSTILE}"}
        for number, (account, state, detail, at) in enumerate(
            (
                ("fake", State.FAILED, f"{Reason.BLOCKED}: {HOSTILE}", NOON - HOUR),
                ("email:arpine", State.FAILED, HOSTILE, NOON - HOUR),
                ("email:grigoryan", State.UNKNOWN, "TimeoutError", NOON - HOUR),
                ("fake", State.FAILED, f"{Reason.REJECTED}: long ago", NOON - 8 * DAY),
                ("arpine@example.am", State.QUEUED, None, 0),
            ),
            11,
        ):
            session.add(Delivery(id=number, state=state.value, settled_at=at, **{**base, "account": account, "detail": detail}))
        session.add(
            Job(id=21, kind="export", state=JobState.FAILED.value, words=HOSTILE, tries=3, created_at=1, ended_at=NOON - HOUR, facts=f'{{"x": "{HOSTILE}"}}')
        )
        session.add(Node(name=HOSTILE, address=SECRETS[4], version="0.1.0", started_at=1, seen_at=NOON))

    await stand.store.gather(keep, [said(f"bad {number}", "x", HOSTILE, at=NOON - 3 * DAY) for number in (1, 2)])
    await stand.store.write(deed)


async def test_it_says_in_numbers_how_everything_does(stand: Stand) -> None:
    await hear(stand.store, stand.company, said(1, "ann"))
    await troubled(stand)
    about = About("0.1.0", KINDS, ("fake", "email:grigoryan"), ("FAULT: staff bot (STAFF_BOT_TOKEN)",), ("STAFF_BOT_TOKEN",))
    found = parts(await made(stand, about, {"fake": True, "email:arpine": False}))
    assert found["VERSIONS"][0] == "Dragoman 0.1.0"
    assert any(line.startswith(("sqlite 3.", "postgresql 1")) for line in found["DATABASE"])
    assert found["DOCTOR"] == ["FAULT: staff bot (STAFF_BOT_TOKEN)"]
    assert found["CHANNELS"] == ["email 1: NOT WELL", "email 2: set up", "fake: well"]
    there = await counts(stand.store, Contact, Message, Delivery)
    assert there["deliveries"] > 5
    assert {f"{name}: {amount}" for name, amount in there.items()} <= set(found["ROWS"])
    assert len(found["ROWS"]) == len(Base.metadata.sorted_tables)
    assert found["BOOKS"][-1] == "The books do NOT balance."  # these deliveries were never counted
    assert found["PARKED"] == ["fake: 1 × ValueError", "fake: 1 × another error", "the oldest came 3 d ago"]
    assert found["NOT DELIVERED IN SEVEN DAYS"] == ["email 1: 1 failed, other", "email 2: 1 unknown, TimeoutError", "fake: 1 failed, blocked"]
    assert found["LONG WORKS"] == ["export: broke 60 min ago after 3 tries, another error", "waiting or running: 1"]
    assert "to be sent, other, reply: 1, late by 60 min" in found["QUEUES"]
    assert any(line.startswith("node 1: version 0.1.0, heard of ") for line in found["NODES"])
    assert "standard error" in found["LOG"][0]


async def test_nothing_that_anybody_typed_is_in_it_wherever_it_was_put(stand: Stand) -> None:
    await troubled(stand)

    def everywhere(session: Session) -> None:
        """A row in every table that leans on none, with hostile words in every column of words."""
        for table in Base.metadata.sorted_tables:
            leans = any(one.foreign_keys and not one.nullable for one in table.columns)
            if not leans and table.name not in ("waiting", "nodes"):
                session.execute(insert(table).values(**{one.name: value for one in table.columns if (value := _hostile(one)) is not None}))

    before = await stand.store.read(lambda session: support.written(session, About("0.1.0", KINDS), now=NOON))

    def looked(session: Session) -> str:
        everywhere(session)
        session.flush()
        return support.written(session, About(HOSTILE, KINDS, SECRETS), now=NOON)

    after = await stand.store.write(looked)
    assert sum(one != two for one, two in zip(parts(before)["ROWS"], parts(after)["ROWS"], strict=True)) > 25
    health = {"fake": True, "email:arpine": True, HOSTILE: False}
    whole = await made(stand, About(HOSTILE, KINDS, SECRETS), health)
    for words in (before, after, whole):
        assert LEAKS.findall(words) == []
    assert "Dragoman unknown" in after


def _hostile(one: Column[Any]) -> object:
    needed = not one.nullable and one.server_default is None
    if isinstance(one.type, String):
        return HOSTILE
    return HOSTILE.encode() if isinstance(one.type, LargeBinary) else 9_000 if needed else None


async def test_it_is_for_those_who_see_reports_and_comes_to_who_asked_once(stand: Stand) -> None:
    rep, trainee = await hire(stand.store), await hire(stand.store, "nare", Role.TRAINEE)
    for one in (rep, trainee):
        with pytest.raises(Forbidden):
            await stand.store.write(lambda session: support.ask(session, one, now=NOON))  # noqa: B023
    await made(stand)
    [(name, whose)] = await rows(stand.store, select(MadeFile.name, MadeFile.rep_id))
    assert (name, whose) == ("support-2025-11-25.txt", stand.who.id)
    assert await rows(stand.store, select(NoticeRow.kind).where(NoticeRow.kind == "made")) == ["made"]


async def test_what_an_older_database_lacks_keeps_nothing_else_back(stand: Stand) -> None:
    for name in ("discount_rules", "nodes"):
        await stand.store.write(lambda session: session.execute(text(f"DROP TABLE {name}")) and None)  # noqa: B023
    found = parts(await made(stand))
    assert {"discount_rules: is not there", "nodes: is not there"} <= set(found["ROWS"])
    assert found["BOOKS"] == ["The books balance."]
    assert [line.partition(": ")[0] for line in found["PROCESSES"]] == ["could not be read"]
    assert parts(await stand.store.read(lambda session: support.written(session, About(), now=NOON)))["QUEUES"] == found["QUEUES"]


async def test_asked_for_twice_before_it_stands_it_is_made_once(stand: Stand) -> None:
    first, again = [await stand.store.write(lambda session: support.ask(session, stand.who, now=stand.now)) for _ in range(2)]
    assert first == again
    await made(stand)  # asks once more while the first waits
    assert await stand.store.write(lambda session: support.ask(session, stand.who, now=stand.now)) != first


def test_an_error_is_told_by_its_class_and_a_refusal_by_its_reason() -> None:
    assert [error_kind(one) for one in ("KeyError: 'Arpine'", "Arpine: hello", "hello", "")] == ["KeyError", *["another error"] * 3]
    assert [reason(one) for one in ("window_closed: x", "ConnectionResetError", "Arpine", "")] == ["window_closed", "ConnectionResetError", "other", "other"]


def test_an_account_is_told_by_its_kind_alone() -> None:
    name = labels(("email:ann", "email:bob", "fake", "staff", "grigoryan"), KINDS)
    assert [name(one) for one in ("email:ann", "email:bob", "fake", "staff", "grigoryan", "email:new")] == [
        "email 1",
        "email 2",
        "fake",
        "staff",
        "other",
        "other",
    ]
