"""The manager interface: who knows the secret is told what happens to the calls."""

import asyncio
import hashlib
import itertools
import ssl
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

GREETING = b"Asterisk Call Manager/5.0.2\r\n"
FAULTS = frozenset({"silent", "no_list", "no_challenge", "drop"})
Fields = Mapping[str, str]


class Ami:
    """An Asterisk; `live` is what it lists as under way, `asked` every action it was brought, `faults` what it does wrong until it is taken away."""

    def __init__(self, user: str = "crm", secret: str = "open-sesame") -> None:
        self.user, self.secret, self.port = user, secret, 0
        self.live: list[Fields] = []
        self.asked: list[Fields] = []
        self.faults: set[str] = set()
        self._changed = asyncio.Condition()
        self._followers: list[asyncio.StreamWriter] = []
        self._numbers = itertools.count(100_000)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        """Listen on loopback; port 0 takes a free one."""
        self._server = await asyncio.start_server(self._come, "127.0.0.1", port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and cut every line."""
        if self._server:
            self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def __aenter__(self) -> Self:
        if not self._server:
            await self.open()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    def cut(self) -> None:
        """Break every line."""
        for writer in self._followers:
            writer.transport.abort()

    def replay(self, log: str) -> None:
        """Tell a recorded log: packets with empty lines between them."""
        for writer in self._followers:
            writer.write(("\r\n".join(log.strip().splitlines()) + "\r\n\r\n").encode())

    def tell(self, events: Iterable[Fields]) -> None:
        """Tell events."""
        for event in events:
            self.replay(said(event))

    async def listed(self, count: int = 1) -> None:
        """Wait until what is under way has been asked for so often: whoever asks is logged in and hears what follows."""
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(lambda: sum(one.get("Action") == "CoreShowChannels" for one in self.asked) >= count)

    async def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            writer.write(GREETING)
            challenge = ""
            while True:
                raw = (await reader.readuntil(b"\r\n\r\n")).decode()
                fields = dict(line.split(": ", 1) for line in raw.strip().split("\r\n"))
                if "drop" in self.faults:
                    return
                challenge = self._answered(fields, challenge, writer)
                async with self._changed:
                    self.asked.append(fields)
                    self._changed.notify_all()
        except (OSError, EOFError, ValueError, asyncio.CancelledError):
            pass
        finally:
            if writer in self._followers:
                self._followers.remove(writer)
            self._tasks.discard(task)
            writer.transport.abort()

    def _answered(self, fields: Fields, challenge: str, writer: asyncio.StreamWriter) -> str:
        """Answer one action; the challenge that holds from now on."""
        action = fields["Action"].lower()
        if "silent" in self.faults:
            return challenge
        if action == "challenge" and "no_challenge" not in self.faults:
            challenge = str(next(self._numbers))
            _say(writer, fields, Response="Success", Challenge=challenge)
        elif action == "login":
            self._login(fields, challenge, writer)
            challenge = ""
        elif writer not in self._followers:
            _say(writer, fields, Response="Error", Message="Permission denied")
        elif action == "ping":
            _say(writer, fields, Response="Success", Ping="Pong")
        elif action == "coreshowchannels":
            self._list(fields, writer)
        else:
            _say(writer, fields, Response="Error", Message="Invalid/unknown command")
        return challenge

    def _login(self, fields: Fields, challenge: str, writer: asyncio.StreamWriter) -> None:
        key = hashlib.md5(f"{challenge}{self.secret}".encode(), usedforsecurity=False).hexdigest()
        known = fields.get("Secret") == self.secret or (challenge and fields.get("AuthType") == "MD5" and fields.get("Key") == key)
        if fields.get("Username") != self.user or not known:
            _say(writer, fields, Response="Error", Message="Authentication failed")
            return
        _say(writer, fields, Response="Success", Message="Authentication accepted")
        self._followers.append(writer)
        writer.write(f"{said({'Event': 'FullyBooted', 'Privilege': 'system,all', 'Status': 'Fully Booted'})}\r\n\r\n".encode())

    def _list(self, fields: Fields, writer: asyncio.StreamWriter) -> None:
        if "no_list" in self.faults:
            _say(writer, fields, Response="Error", Message="Permission denied")
            return
        _say(writer, fields, Response="Success", EventList="start", Message="Channels will follow")
        for one in self.live:
            _say(writer, fields, Event="CoreShowChannel", **one)
        _say(writer, fields, Event="CoreShowChannelsComplete", EventList="Complete", ListItems=str(len(self.live)))


def said(event: Fields) -> str:
    """A packet without its end."""
    return "\r\n".join(f"{name}: {value}" for name, value in event.items())


def _say(writer: asyncio.StreamWriter, asked: Fields, **fields: str) -> None:
    kind, *rest = fields.items()
    numbered = {"ActionID": asked["ActionID"]} if "ActionID" in asked else {}
    writer.write(f"{said({kind[0]: kind[1], **numbered, **dict(rest)})}\r\n\r\n".encode())
