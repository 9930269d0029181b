"""Mutants: ways in which this program could be written wrongly, each with the smallest test that must find it out and the words it fails with."""

from dataclasses import dataclass

from tests.faults.copies import Change


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mistake: what is changed, the test that turns red, and what it says then."""

    name: str
    change: Change
    test: str
    reason: str


MUTANTS = (
    Mutant(
        "ack before commit",
        Change(
            "channels/webchat",
            "            await self.keep([write_raw(self.account, visitor, act, media, self.clock(), customer=customer)])",
            "            __import__('asyncio').ensure_future(self.keep([write_raw(self.account, visitor, act, media, self.clock(), customer=customer)]))",
        ),
        "tests/channels/test_webchat.py::test_what_we_cannot_keep_is_not_acknowledged",
        "AssertionError",
    ),
    Mutant(
        "retry on timeout",
        Change(
            "crm/outbox",
            "return Result(part.delivery_id, State.UNKNOWN, detail=str(error) or type(error).__name__), None",
            "return Result(part.delivery_id, State.QUEUED, clock(), detail=str(error)), None",
        ),
        "tests/crm/outbox/test_drain.py::test_an_unknown_is_never_sent_again_by_itself",
        "AssertionError",
    ),
    Mutant(
        "no BEGIN IMMEDIATE",
        Change("crm/base", 'begin = "BEGIN IMMEDIATE" if writes else "BEGIN"', 'begin = "BEGIN"'),
        "tests/faults/test_small.py::test_who_reads_first_and_writes_then_waits_for_a_writer_and_is_not_refused",
        "database is locked",
    ),
    Mutant(
        "offset before commit",
        Change(
            "scheduler/offsets.py",
            "        await self._store.gather(keep_polled, [Polled(name, offset, kept, self._fence)])",
            "        await self._store.gather(keep_polled, [Polled(name, offset, (), self._fence)])\n"
            "        await self._store.gather(keep_polled, [Polled(name, offset, kept, self._fence)])",
        ),
        "tests/faults/test_small.py::test_an_offset_stands_still_when_what_it_covers_cannot_be_kept",
        "assert 42 == 0",
    ),
    Mutant(
        "max-id dedupe",
        Change(
            "crm/inbox/log.py",
            "    new = add_new(session, RawEventRow, rows)\n",
            "    top = session.scalar(text('SELECT max(CAST(key AS INTEGER)) FROM raw_events')) or 0\n"
            "    new = add_new(session, RawEventRow, [row for row in rows if int(row['key']) > top])\n",
        ),
        "tests/faults/test_small.py::test_a_lower_number_than_the_last_one_is_an_event_like_any_other",
        "assert [False] == [True]",
    ),
    Mutant(
        "attempt counter after work",
        Change("crm/inbox", '        run(session, COUNT, {"ids": [row.event_id for row in rows]})', "        pass"),
        "tests/crm/inbox/test_process.py::test_an_attempt_is_on_disk_before_it_is_made",
        "AssertionError",
    ),
)
