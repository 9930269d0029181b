"""The way in: a session is held, what the operator brings is kept, and only then acknowledged."""

import asyncio
import hashlib
import logging
import random
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from channels.base import Firm, Offsets
from channels.smpp.joins import Half, Joins
from channels.smpp.options import TRANSCEIVER, SmppOptions
from channels.smpp.parse import Normalise, ids_of, is_receipt, number_of, packed, said
from channels.smpp.parts import part_of
from channels.smpp.pdu import Command, Malformed, Pdu, Short, short_of
from channels.smpp.session import Denied, Session, Unanswered, Unreachable
from channels.smpp.verdicts import WRONG_WHO
from crm.base.errors import Busy
from crm.base.events import RawEvent

log = logging.getLogger(__name__)
FAILURES = (Unreachable, Unanswered, Denied, OSError)
"""Everything that following may meet; an OSError is our own disk's, since the line's are Unreachable."""
AT_ONCE, REMEMBERED, PARTING = 100, 5000, 2.0
SPAN, HASTE, DAY = 120_000, 5_000, 86_400_000
"""Milliseconds: how long after it came a message may be brought again, and before which time nobody does so on the same session."""


class Follower:
    """Holds a session and keeps what comes; `session` is what stands now, `trouble` says in words what is wrong ("" = nothing)."""

    def __init__(self, options: SmppOptions, firm: Firm, normalise: Normalise) -> None:
        self._options, self._firm, self._normalise = options, firm, normalise
        self._joins = Joins(firm.folder / "smpp" / options.account.replace(":", "-"), int(options.join_seconds * 1000))
        self._repeats = Repeats()
        self._failures = 0
        self.session: Session | None = None
        self.trouble = ""

    async def run(self, offsets: Offsets) -> None:
        """Follow until cancelled, whatever the operator says: a password it does not take today may be right tomorrow."""
        command = Command.BIND_TRANSCEIVER if self._options.bind == TRANSCEIVER else Command.BIND_RECEIVER
        await self._joins.load()
        while True:
            try:
                session = await Session.open(self._options, command)
                self._well()
                await self._follow(session, offsets)
            except FAILURES as error:
                await asyncio.sleep(self._failed(error))

    async def _follow(self, session: Session, offsets: Offsets) -> None:
        """Take what one session brings until it ends."""
        self._repeats.began()
        self.session = session
        try:
            while session.stands:
                units = await self._units(session)
                await self._take(session, units, offsets)
        except asyncio.CancelledError:
            self.session = None
            await session.leave(PARTING)
            raise
        finally:
            self.session = None
            await session.close()
        raise Unreachable("the session ended")

    async def _units(self, session: Session) -> list[Pdu]:
        """What has come: at least one, or none when something has been waited for long enough or the session ended."""
        waits = [asyncio.ensure_future(session.inbound.get()), asyncio.ensure_future(session.ended.wait())]
        try:
            await asyncio.wait(waits, timeout=self._joins.pause(self._firm.clock()), return_when=asyncio.FIRST_COMPLETED)
            first = waits[0].result() if waits[0].done() else None
        finally:
            for one in waits:
                one.cancel()
        units = [first] if isinstance(first, Pdu) else []
        while units and len(units) < AT_ONCE and not session.inbound.empty():
            units.append(session.inbound.get_nowait())
        return units

    async def _take(self, session: Session, units: Sequence[Pdu], offsets: Offsets) -> None:
        """Keep some units and what has been waited for, then acknowledge; what could not be kept is not, and the operator brings it again."""
        now = self._firm.clock()
        events: list[RawEvent] = []
        told: list[Half] = []
        for unit in units:
            event, halves = await self._read(unit, now)
            told += halves
            events += [event] if event else [self._joined(half, now) for half in halves]
        late = [half for half in self._joins.late(now) if half not in told]
        told += late
        events += [self._joined(half, now) for half in late]
        if events:
            await self._keep(offsets, events)
        for unit in units:
            session.reply(unit)
        self._repeats.acknowledged(events)
        for half in told:
            await self._joins.over(half, now)

    async def _read(self, unit: Pdu, now: int) -> tuple[RawEvent | None, list[Half]]:
        """One unit as it is kept, or what it completes."""
        try:
            short = short_of(unit.body)
        except Malformed:
            return self._event(f"unit:{_digest(unit.body)}", "unreadable", [unit.body], 1, now), []
        if is_receipt(short):
            told = said(short)
            mark = f"receipt:{ids_of(short, self._options)}:{told.get('stat', '')}"
            return self._event(f"{mark[:150]}:{now // DAY}", number_of(short, self._normalise), [unit.body], 1, now, mark), []
        if part_of(short):
            return None, await self._joins.add(short, unit.body, now)
        key = self._repeats.key(_digest(unit.body), unit.number, now)
        return self._event(key, number_of(short, self._normalise), [unit.body], 1, now), []

    def _joined(self, half: Half, now: int) -> RawEvent:
        """A long message, or as much of it as has come; under one key whenever it is told."""
        bodies = half.ordered()
        return self._event(f"long:{_digest(b''.join(bodies))}:{half.since}", self._from(bodies[0]), bodies, half.total, now)

    def _from(self, body: bytes) -> str:
        short: Short = short_of(body)
        return number_of(short, self._normalise)

    def _event(self, key: str, who: str, bodies: Sequence[bytes], total: int, now: int, same: str = "") -> RawEvent:
        account = self._options.account
        body = packed(same, bodies, total)
        return RawEvent(account, key, f"{account}:{who or 'nobody'}", body, now, same=same.encode() if same.isascii() and '"' not in same else b"")

    async def _keep(self, offsets: Offsets, events: Sequence[RawEvent]) -> None:
        while True:
            try:
                await offsets.keep(self._options.account, 0, events)
            except Busy as busy:
                await asyncio.sleep(self._failed(busy))
            else:
                self._well()
                return

    def _well(self) -> None:
        self._failures = 0
        self._tell("")

    def _failed(self, error: Exception) -> float:
        """Note a failure; answers the seconds to wait: twice as long each time, and spread, so that many do not come back at once."""
        self._failures += 1
        self._tell(words(error))
        longest = self._options.longest_wait
        wrong = isinstance(error, Denied) and error.status in WRONG_WHO
        wait = longest if wrong else min(self._options.first_wait * 2.0 ** min(self._failures - 1, 20), longest)
        return wait * random.uniform(0.5, 1.0)

    def _tell(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.log(logging.WARNING if trouble else logging.INFO, "%s: %s", self._options.account, trouble or "the session stands again")
        self.trouble = trouble


class Repeats:
    """Tells a message that is brought again from one with the same words: SMPP gives what comes in no id.

    What was acknowledged on a session that still stands is over, so the same bytes are another message; else they are the same one brought again.
    """

    def __init__(self) -> None:
        self._session = 0
        self._known: OrderedDict[str, Seen] = OrderedDict()

    def began(self) -> None:
        """Another session: what was acknowledged on the last one may not have been heard."""
        self._session += 1

    def key(self, digest: str, number: int, now: int) -> str:
        """The key of a message; `number` is that of its unit, which a hasty repeat has too."""
        seen = self._known.get(digest)
        if seen and self._again(seen, number, now):
            key = seen.key
        else:
            key = f"sms:{digest}:{now // SPAN}" + (f":{now}:{number}" if seen else "")
        self._known[digest] = Seen(key, self._session, number, now)
        self._known.move_to_end(digest)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return key

    def _again(self, seen: "Seen", number: int, now: int) -> bool:
        age = now - seen.at
        return age < SPAN and (seen.session != self._session or seen.number == number or (not seen.over and age >= HASTE))

    def acknowledged(self, events: Sequence[RawEvent]) -> None:
        """These were answered."""
        for event in events:
            if seen := self._known.get(event.key.split(":")[1]):
                seen.over = True


@dataclass(slots=True)
class Seen:
    """A message as it came last: under which key, on which session and in which unit; `over` = it was acknowledged."""

    key: str
    session: int
    number: int
    at: int
    over: bool = False


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:40]


def words(error: Exception) -> str:
    """What is wrong, in words."""
    match error:
        case Busy():
            return "too much is waiting to be worked through; the operator holds the rest"
        case Denied() if error.status in WRONG_WHO:
            return "the operator does not take this system_id and password"
        case Denied():
            return f"the operator refuses a session: {error}"
        case OSError():
            return f"a part of a message cannot be laid down on our disk ({type(error).__name__})"
        case _:
            return f"the operator cannot be reached: {error}"
