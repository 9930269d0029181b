"""A pretended platform on the load's core: answers every POST the same way at once, so that only the one who sends is measured."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import machine

ROOT = Path(__file__).parents[1]
_MESSAGE = {"message_id": 1, "date": 1_700_000_000, "chat": {"id": 1, "type": "private", "first_name": "Ani"}, "text": "taken"}
_BODY = json.dumps({"ok": True, "result": _MESSAGE}).encode()
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)


class Door(asyncio.Protocol):
    """One connection: counts the bytes of a request and answers it."""

    def __init__(self) -> None:
        self._got = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        while (size := whole(self._got)) and len(self._got) >= size:
            self._got = self._got[size:]
            assert self._transport
            self._transport.write(_ANSWER)


def whole(got: bytes) -> int:
    """How many bytes the first request has with its body (0 = its head is not there yet)."""
    end = got.find(b"\r\n\r\n")
    if end < 0:
        return 0
    head = got[:end].lower()
    if b"transfer-encoding: chunked" in head:
        last = got.find(b"0\r\n\r\n", end)
        return last + 5 if last >= 0 else len(got) + 1
    at = head.find(b"content-length: ")
    return end + 4 + (int(head[at + 16 :].split(b"\r", 1)[0]) if at >= 0 else 0)


async def serve() -> None:
    """Answer until this process is ended."""
    server = await asyncio.get_running_loop().create_server(Door, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def platform(core: int = machine.LOAD) -> Iterator[int]:
    """The port of a pretended platform in a process of its own."""
    with subprocess.Popen([sys.executable, "-m", "bench.stub", str(core)], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


if __name__ == "__main__":
    machine.pin(int(sys.argv[1]))
    asyncio.run(serve())
