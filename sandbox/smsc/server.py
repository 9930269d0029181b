"""The centre on TCP: sessions are bound, parts are taken or refused, receipts and messages are brought until they are acknowledged."""

import asyncio
import re
import ssl
import struct
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from sandbox.smsc.faults import STATUSES, Fault
from sandbox.smsc.wire import BIND_RX, BIND_TX, BINDS, DELIVER, ENQUIRE, NACK, SUBMIT, UNBIND, Sm, Unit, Wrong, bind_of, sm_of
from sandbox.smsc.world import Centre, Text

NUMBER = re.compile(r"[1-9][0-9]{6,14}", re.ASCII)
TRIES_AGAIN = 0.05
LONGEST = 70_000


@dataclass(slots=True)
class Link:
    """One session; `way` is the command that bound it (0 = not bound), `waiting` what it was brought and has not acknowledged."""

    writer: asyncio.StreamWriter
    way: int = 0
    deaf: bool = False
    numbers: int = 0
    heard: int = 0
    waiting: dict[int, Sm] = field(default_factory=dict)

    def say(self, unit: Unit) -> None:
        if not self.deaf and not self.writer.is_closing():
            self.writer.write(unit.wire())


class Smsc:
    """The centre as the firm sees it."""

    def __init__(self, centre: Centre) -> None:
        self.centre, self.port = centre, 0
        self.links: list[Link] = []
        self._out: deque[Sm] = deque()
        self._late: list[Sm] = []
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        """Listen on loopback; port 0 takes a free one."""
        self._server = await asyncio.start_server(self._come, "127.0.0.1", port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and cut every session."""
        if self._server:
            self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def __aenter__(self) -> Self:
        if not self._server:
            await self.open()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    def cut(self) -> None:
        """Break every session, as a network does."""
        for link in self.links:
            link.writer.transport.abort()

    async def bound(self, count: int = 1) -> None:
        """Wait until so many sessions are bound."""
        async with asyncio.timeout(30), self.centre.changed:
            await self.centre.changed.wait_for(lambda: sum(bool(link.way) for link in self.links) >= count)

    async def quiet(self) -> None:
        """Wait until everything that was to be brought has been acknowledged."""
        async with asyncio.timeout(30), self.centre.changed:
            await self.centre.changed.wait_for(lambda: not self._out and not any(link.waiting for link in self.links))

    def write(self, number: str, text: str) -> Text:
        """Somebody writes to the firm."""
        made = Text(text, self.centre.clock(), ours=False)
        self.centre.phone(number).texts.append(made)
        for sm in self.centre.written(number, text):
            self.bring(sm)
        return made

    def bring(self, *sms: Sm) -> None:
        """Have the firm brought these, one after another."""
        self._out.extend(sms)
        self._pump()

    def release(self) -> None:
        """Bring the receipts that are late."""
        late, self._late = self._late, []
        self.bring(*late)

    def _pump(self) -> None:
        """Bring what waits, no more at once than the firm is trusted with; the last that was bound gets it."""
        takers = [link for link in self.links if link.way and link.way != BIND_TX]
        if takers:
            link = takers[-1]
            while self._out and len(link.waiting) < self.centre.manner.window:
                link.numbers += 1
                link.waiting[link.numbers] = sm = self._out.popleft()
                link.say(Unit(DELIVER, 0, link.numbers, sm.body()))

    async def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link, task = Link(writer), asyncio.current_task()
        assert task
        self._tasks.add(task)
        self.links.append(link)
        try:
            while True:
                length = struct.unpack(">I", await reader.readexactly(4))[0]
                if not 16 <= length <= LONGEST:
                    return
                command, status, number = struct.unpack(">III", await reader.readexactly(12))
                if not await self._take(link, Unit(command, status, number, await reader.readexactly(length - 16))):
                    return
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            await self._gone(link)
            self._tasks.discard(task)

    async def _gone(self, link: Link) -> None:
        """A session ended: what it had not acknowledged is brought again."""
        self.links.remove(link)
        self._out.extendleft(reversed(link.waiting.values()))
        link.waiting.clear()
        with suppress(OSError, RuntimeError):
            link.writer.close()
        self._pump()
        async with self.centre.changed:
            self.centre.changed.notify_all()

    async def _take(self, link: Link, unit: Unit) -> bool:
        """Deal with one unit; False ends the session."""
        going = True
        if unit.command & NACK:
            await self._acknowledged(link, unit)
            return await self._changed(going)
        if unit.number < 1 or unit.number == link.heard:
            link.say(Unit(NACK, 0x02, unit.number))
        elif unit.command in BINDS:
            going = self._bind(link, unit)
        elif unit.command == ENQUIRE:
            link.say(Unit(ENQUIRE | NACK, 0, unit.number))
        elif unit.command == UNBIND:
            link.say(Unit(UNBIND | NACK, 0, unit.number))
            going = False
        elif unit.command == SUBMIT:
            going = await self._submit(link, unit)
        else:
            link.say(Unit(NACK, 0x03, unit.number))
        link.heard = unit.number
        return await self._changed(going)

    async def _changed(self, going: bool) -> bool:
        async with self.centre.changed:
            self.centre.changed.notify_all()
        return going

    def _bind(self, link: Link, unit: Unit) -> bool:
        try:
            name, password = bind_of(unit.body)
            if link.way:
                raise Wrong(0x05)
            if name != self.centre.system_id:
                raise Wrong(0x0F)
            if password != self.centre.password:
                raise Wrong(0x0E)
            if sum(bool(one.way) for one in self.links) >= self.centre.manner.sessions:
                raise Wrong(0x05)
            if self.centre.faults.take("", "no_bind"):
                raise Wrong(0x0D)
        except Wrong as wrong:
            link.say(Unit(unit.command | NACK, wrong.status, unit.number))
            return False
        link.way = unit.command
        link.say(Unit(unit.command | NACK, 0, unit.number, b"centre\0"))
        self._pump()
        return True

    async def _acknowledged(self, link: Link, unit: Unit) -> None:
        sm = link.waiting.pop(unit.number, None)
        if sm is not None and unit.status:  # not taken: it comes again
            self._out.appendleft(sm)
            await asyncio.sleep(TRIES_AGAIN)
        self._pump()

    async def _submit(self, link: Link, unit: Unit) -> bool:
        """Take one part, or refuse it as a centre does."""
        try:
            if link.way in (0, BIND_RX):
                raise Wrong(0x04)
            sm = self._checked(unit.body)
            to = f"+{sm.target}"
            fault = self.centre.faults.take(to, "hang", "drop", "unbind", "deaf", "nack", *STATUSES)
            if fault and fault.kind in STATUSES:
                raise Wrong(STATUSES[fault.kind])
            if fault:
                return self._strange(fault, link, unit)
            number = self.centre.number()
            shown = self.centre.shown(number, self.centre.manner.answers)
            await self.centre.put(sm, shown)
        except Wrong as wrong:
            link.say(Unit(SUBMIT | NACK, wrong.status, unit.number))
            return True
        early = self.centre.faults.take(to, "early")
        if early:
            self._tell(sm, number)
        if self.centre.faults.take(to, "drop_after"):
            return False
        link.say(Unit(SUBMIT | NACK, 0, unit.number, shown.encode() + b"\0"))
        if not early:
            self._tell(sm, number)
        return True

    def _strange(self, fault: Fault, link: Link, unit: Unit) -> bool:
        if fault.kind == "unbind":
            link.numbers += 1
            link.say(Unit(UNBIND, 0, link.numbers))
        if fault.kind == "nack":
            link.say(Unit(NACK, 0x03, unit.number))
        link.deaf = link.deaf or fault.kind == "deaf"
        return fault.kind != "drop"

    def _checked(self, body: bytes) -> Sm:
        try:
            sm = sm_of(body)
        except (IndexError, ValueError):
            raise Wrong(0x02) from None
        if not NUMBER.fullmatch(sm.target) or sm.target_ton != 1:
            raise Wrong(0x0B)
        if (sm.source_ton == 5 and len(sm.source) > 11) or (sm.source_ton != 5 and sm.source and not sm.source.isdigit()):
            raise Wrong(0x0A)
        return sm

    def _tell(self, sm: Sm, number: int) -> None:
        """Bring the receipt that was asked for: twice, late or never where a fault says so."""
        phone = self.centre.phone(f"+{sm.target}")
        for text in phone.texts:
            if self.centre.shown(number, self.centre.manner.answers) in text.ids:
                text.state = phone.state
        if not sm.registered & 1 or not phone.state or self.centre.faults.take(phone.number, "lost"):
            return
        made = [self.centre.receipt(sm, number, phone)] * (2 if self.centre.faults.take(phone.number, "twice") else 1)
        if self.centre.faults.take(phone.number, "late"):
            self._late += made
        else:
            self.bring(*made)
