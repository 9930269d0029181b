"""One socket from hello to goodbye: a reader that takes frames and a pourer that keeps the screen equal to the store."""

import asyncio
import logging
import secrets
from collections.abc import Sequence

from aiohttp import WSCloseCode, WSMsgType, web

from channels.http import Budget
from channels.webchat.desk import Desk, echo
from channels.webchat.frames import Act, ClientFrame, Hello, TypingNow, read_frame
from channels.webchat.lines import Frame, History, Line, Seal, changes, floor, prints, shown
from channels.webchat.options import WebchatOptions
from channels.webchat.raw import Visitor, visitor_id
from channels.webchat.room import MALFORMED, TOO_FAST, HangUp, Room, Session
from crm.base.errors import Invalid

LONGEST_WELCOME = 200
_REMEMBERED_LINES = 1000
_CLOSING = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)
_log = logging.getLogger(__name__)


async def resume(history: History, visitor: str, last_seq: int) -> tuple[int, Sequence[Line]]:
    """Read what a screen lacks that has seen `last_seq`, and the seq above which the answer is the whole truth.

    A screen that claims to have seen more than there is (the store was restored) gets the thread from its beginning.
    """
    lines = await history(visitor, last_seq)
    if not lines and last_seq:
        last_seq, lines = 0, await history(visitor, 0)
    if len(lines) <= LONGEST_WELCOME:
        return last_seq, lines
    return lines[-LONGEST_WELCOME].seq - 1, lines[-LONGEST_WELCOME:]


def welcome(after: int, lines: Sequence[Line], seal: Seal, options: WebchatOptions) -> Frame:
    """Greet a screen: what it shows above `after` and is not listed here has gone."""
    seq = lines[-1].seq if lines else after
    told = {"type": "welcome", "after": after, "seq": seq, "title": options.title, "text": options.text, "file": options.file_size}
    return told | {"lines": [shown(line, seal) for line in lines]}


class Talk:
    """Runs sockets; one object serves them all."""

    def __init__(self, desk: Desk, room: Room, history: History, seal: Seal) -> None:
        self._desk, self._room, self._history, self._seal = desk, room, history, seal
        self.frames = Budget(desk.options.frames, desk.options.frames_seconds)

    async def run(self, socket: web.WebSocketResponse, address: str) -> None:
        """Serve one socket until it closes; a misbehaving one is closed with a code."""
        try:
            visitor, secret = await self._greeted(socket)
            session = Session(socket, visitor, address)
            with self._room.joined(session):
                await self._welcome(session, secret)
                await self._serve(session)
        except HangUp as error:
            await socket.close(code=error.code, message=error.words.encode()[:120])
        except ConnectionError:
            await socket.close()

    async def _greeted(self, socket: web.WebSocketResponse) -> tuple[Visitor, str]:
        try:
            async with asyncio.timeout(self._desk.options.hello_seconds):
                frame = await self._frame(socket, "")
        except TimeoutError:
            raise HangUp(MALFORMED, "no hello") from None
        if not isinstance(frame, Hello):
            raise HangUp(MALFORMED, "hello comes first")
        secret = frame.secret or secrets.token_urlsafe(32)
        return Visitor(visitor_id(secret), frame), "" if frame.secret else secret

    async def _welcome(self, session: Session, made: str) -> None:
        hello, options = session.visitor.hello, self._desk.options
        after, lines = await resume(self._history, session.visitor.id, hello.last_seq)
        session.known, session.base = prints(lines), after
        session.start = after if after > hello.last_seq else 0
        secret = {"secret": made} if made else {}
        await session.socket.send_json(welcome(after, lines, self._seal, options) | secret)

    async def _serve(self, session: Session) -> None:
        pourer = asyncio.create_task(self._pour(session))
        try:
            while (frame := await self._frame(session.socket, session.visitor.id)) is not None:
                await self._heard(session, frame)
        finally:
            pourer.cancel()
            for ended in await asyncio.gather(pourer, return_exceptions=True):
                if isinstance(ended, Exception) and not isinstance(ended, ConnectionError):
                    _log.error("a widget's screen could not be kept up to date", exc_info=ended)

    async def _frame(self, socket: web.WebSocketResponse, visitor: str) -> ClientFrame | None:
        while True:
            message = await socket.receive()
            if message.type in _CLOSING:
                return None
            if visitor and self.frames.take(visitor, self._desk.clock()):
                raise HangUp(TOO_FAST, "too fast")
            if message.type is WSMsgType.PING:
                await socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                return _read(message.data)
            elif message.type is not WSMsgType.PONG:
                raise HangUp(1003, "text only")

    async def _heard(self, session: Session, frame: ClientFrame) -> None:
        if isinstance(frame, Hello):
            raise HangUp(MALFORMED, "hello comes once")
        if isinstance(frame, TypingNow):
            return
        await self._take(session, frame)

    async def _take(self, session: Session, act: Act) -> None:
        answer = await self._desk.take(session.visitor, act, session.address, stranger=not session.known)
        await session.socket.send_json(answer)
        told = echo(act, self._desk.clock())
        if answer["type"] != "kept" or told is None:
            return
        for other in self._room.of(session.visitor.id):
            if other is not session:
                other.tell(told)

    async def _pour(self, session: Session) -> None:
        """Keep a screen up to date; whatever ends this closes the socket, and the widget comes back for a welcome."""
        try:
            while True:
                await session.stirred.wait()
                session.stirred.clear()
                for frame in await self._news(session):
                    await session.socket.send_json(frame)
        except Exception:
            await session.socket.close(code=WSCloseCode.INTERNAL_ERROR)
            raise

    async def _news(self, session: Session) -> list[Frame]:
        told = [session.notices.popleft() for _ in range(len(session.notices))]
        if not session.look:
            return told
        after = session.start if session.deep else max(session.base, floor(session.known))
        session.look = session.deep = False
        lines = await self._history(session.visitor.id, after)
        frames = changes(session.known, lines, after, self._seal)
        kept = {seq: mark for seq, mark in session.known.items() if seq <= after} | prints(lines)
        session.known = dict(sorted(kept.items())[-_REMEMBERED_LINES:])
        return told + frames


def _read(text: str) -> ClientFrame:
    try:
        return read_frame(text)
    except Invalid as error:
        raise HangUp(MALFORMED, error.detail) from None
