"""A session with an operator: one connection, bound, watched over, with so many questions under way at once."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import cache

from channels.smpp.options import SmppOptions
from channels.smpp.pdu import ANSWER, Address, Bind, Command, Malformed, Pdu, decoded, length_of
from channels.smpp.verdicts import QUEUE_FULL, TEMPORARY

WAITING = 500
"""How many messages may wait to be kept; the operator is told to bring the rest later."""
_WRITTEN = 256 * 1024
_UNKNOWN_COMMAND = 0x03


class Unreachable(Exception):
    """Nothing has left: there is no session, or it ended before."""


class Unanswered(Exception):
    """It may have left: the session ended, or the answer did not come in time."""


class Denied(Exception):
    """The operator does not want a session with us."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status 0x{status:02X}")
        self.status = status


class Session:
    """One bound connection; what comes in waits in `inbound`, and `ended` is set when nothing more will."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, options: SmppOptions, *, takes: bool) -> None:
        self._reader, self._writer, self._options, self._takes = reader, writer, options, takes
        self._numbers, self._asked = 0, dict[int, asyncio.Future[Pdu]]()
        self._room = asyncio.Semaphore(options.window)
        self._heard = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        self.inbound: asyncio.Queue[Pdu] = asyncio.Queue(WAITING)
        self.ended = asyncio.Event()

    @classmethod
    async def open(cls, options: SmppOptions, command: Command) -> "Session":
        """Connect and bind; raises Unreachable or Denied."""
        try:
            async with asyncio.timeout(options.connect_seconds):
                streams = await asyncio.open_connection(options.host, options.port, ssl=tls(options.ca_file) if options.tls else None)
        except (OSError, TimeoutError) as error:
            raise Unreachable(type(error).__name__) from None
        session = cls(*streams, options, takes=command is not Command.BIND_TRANSMITTER)
        session._tasks.append(asyncio.create_task(session._read()))
        try:
            who = Bind(options.system_id, options.password, options.system_type, Address(options.address_range, 0, 0))
            answer = await session.ask(command, who.encode())
            if answer.status:
                raise Denied(answer.status)
        except BaseException as error:
            await session.close()
            if isinstance(error, Unanswered):
                raise Unreachable("no answer to the bind") from None
            raise
        session._tasks.append(asyncio.create_task(session._watch()))
        return session

    @property
    def stands(self) -> bool:
        """Whether anything can still be said."""
        return not self.ended.is_set()

    async def submit(self, body: bytes) -> Pdu:
        """Bring one message, when there is room for it; raises Unreachable or Unanswered."""
        async with self._room:
            return await self.ask(Command.SUBMIT_SM, body)

    async def ask(self, command: Command, body: bytes = b"") -> Pdu:
        """Ask and wait for the answer; raises Unreachable or Unanswered."""
        if not self.stands:
            raise Unreachable("the session has ended")
        self._numbers = self._numbers % 0x7FFF_FFFF + 1
        number, answer = self._numbers, asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            self._say(Pdu(command, number, body))
            async with asyncio.timeout(self._options.answer_seconds):
                told: Pdu = await answer
                return told
        except TimeoutError:
            raise Unanswered("no answer in time") from None
        finally:
            self._asked.pop(number, None)

    def reply(self, to: Pdu, status: int = 0) -> None:
        """Answer what came in."""
        if self.stands:
            self._say(to.answer(b"\0" if to.command == Command.DELIVER_SM else b"", status))

    async def leave(self, seconds: float) -> None:
        """Wait so long for what is under way, say goodbye, and close."""
        with suppress(Unreachable, Unanswered, TimeoutError):
            async with asyncio.timeout(seconds):
                if self._asked:
                    await asyncio.wait(list(self._asked.values()))
                await self.ask(Command.UNBIND)
        await self.close()

    async def close(self) -> None:
        """Cut the connection."""
        self._end()
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _say(self, pdu: Pdu) -> None:
        """Write; who does not read what we write is not there."""
        self._writer.write(pdu.encode())
        if self._writer.transport.get_write_buffer_size() > _WRITTEN:
            self._end()

    def _end(self) -> None:
        if self.ended.is_set():
            return
        self.ended.set()
        self._writer.transport.abort()
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(Unanswered("the session ended"))

    async def _read(self) -> None:
        """Take units until there are none."""
        try:
            while True:
                head = await self._reader.readexactly(4)
                pdu = decoded(head + await self._reader.readexactly(length_of(head) - 4))
                self._heard = asyncio.get_running_loop().time()
                if self._taken(pdu):
                    return
        except (OSError, EOFError, Malformed):  # an end inside a unit is an EOFError; who sends what is no SMPP is cut off
            pass
        finally:
            self._end()

    def _taken(self, pdu: Pdu) -> bool:
        """Deal with one unit; True ends the session."""
        if pdu.command & ANSWER:
            answer = self._asked.get(pdu.number)
            if answer is not None and not answer.done():
                answer.set_result(pdu)
            return False
        match pdu.command:
            case Command.DELIVER_SM:
                self._delivered(pdu)
            case Command.ENQUIRE_LINK:
                self.reply(pdu)
            case Command.UNBIND:
                self.reply(pdu)
                return True
            case Command.ALERT | Command.OUTBIND:
                pass
            case _:
                self._say(Pdu(Command.GENERIC_NACK, pdu.number, b"", _UNKNOWN_COMMAND))
        return False

    def _delivered(self, pdu: Pdu) -> None:
        if not self._takes:
            self.reply(pdu, TEMPORARY)
            return
        try:
            self.inbound.put_nowait(pdu)
        except asyncio.QueueFull:
            self.reply(pdu, QUEUE_FULL)

    async def _watch(self) -> None:
        """Ask whether the operator is there, whenever it was silent for a while."""
        clock: Callable[[], float] = asyncio.get_running_loop().time
        while True:
            silent = clock() - self._heard
            if silent < self._options.enquire_seconds:
                await asyncio.sleep(self._options.enquire_seconds - silent)
                continue
            try:
                await self.ask(Command.ENQUIRE_LINK)
            except (Unreachable, Unanswered):
                self._end()
                return


@cache
def tls(file: str) -> ssl.SSLContext:
    """How the operator proves who it is: by the authorities this machine trusts, or by those in a file of the owner's."""
    return ssl.create_default_context(cafile=file or None)
