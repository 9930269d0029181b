"""Reading mails in a process of its own, with little memory and little time: what is in a mail can hurt nothing else.

The process gets a line of JSON for each question and answers a byte (1 = here it is, 0 = there is no such part), a length and the bytes.
"""

import asyncio
import json
import os
import resource
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from channels.email.mail import Mail, Trouble, read, write
from crm.base.errors import NotFound

ROOT = Path(__file__).parent.parent.parent
PROGRAM = (sys.executable, "-B", "-m", "channels.email.worker")
_WALL = 10.0
"""How many times its time on the processor a question may take on the clock, since other programs want the processor too."""
_HEAD = 256 * 1024
_MOST = 64_000_000
"""Bytes of one answer; a worker that has lost its mind may announce any number."""


class Died(Exception):
    """The process ended instead of answering."""


class TooSlow(Exception):
    """The process did not answer in time."""


class Digester:
    """Asks one process after another; `seconds` on the processor for each question, `memory` in bytes of address space."""

    def __init__(self, seconds: float, memory: int, program: Sequence[str] = PROGRAM) -> None:
        self._seconds, self._memory, self._program = seconds, memory, program
        self._process: asyncio.subprocess.Process | None = None
        self._turn, self._spoilt = asyncio.Lock(), False

    async def digest(self, path: Path) -> Mail:
        """What is in a mail; where reading it kills or takes too long, what is in its headers, and where they do that too, nothing."""
        trouble = Trouble.NONE
        for head in (False, True):
            try:
                mail = read(await self._ask({"path": str(path), "head": head}))
            except (Died, TooSlow, NotFound) as error:
                trouble = trouble or (Trouble.TOO_SLOW if isinstance(error, TooSlow) else Trouble.DIED)
            else:
                return replace(mail or Mail(), trouble=trouble)
        return Mail(trouble=trouble)

    async def part(self, path: Path, number: int) -> bytes:
        """The bytes of a file in a mail; raises NotFound."""
        try:
            return await self._ask({"path": str(path), "part": number})
        except (Died, TooSlow):
            raise NotFound("the file cannot be read out of the mail") from None

    async def close(self) -> None:
        """End the process."""
        async with self._turn:
            await self._end()

    async def _ask(self, question: dict[str, object]) -> bytes:
        async with self._turn:
            if self._spoilt:
                await self._end()
            self._spoilt = True  # whoever is stopped while it answers must not hear the answer to another's question
            found = await self._answered(question)
            self._spoilt = False
        if found is None:
            raise NotFound("there is no such part in the mail")
        return found

    async def _answered(self, question: dict[str, object]) -> bytes | None:
        if self._process is None:
            self._process = await self._begin()
        try:
            async with asyncio.timeout(self._seconds * _WALL):
                return await self._exchange(self._process, question)
        except TimeoutError:
            raise TooSlow from None

    async def _exchange(self, process: asyncio.subprocess.Process, question: dict[str, object]) -> bytes | None:
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(json.dumps({**question, "seconds": self._seconds}).encode() + b"\n")
            await process.stdin.drain()
            head = await process.stdout.readexactly(9)
            size = int.from_bytes(head[1:])
            if size > _MOST:
                raise Died
            body = await process.stdout.readexactly(size)
        except (asyncio.IncompleteReadError, OSError):
            # The kernel ends who has used up its time on the processor.
            raise (TooSlow if await process.wait() == -signal.SIGXCPU else Died) from None
        return body if head[0] else None

    async def _begin(self) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        # Nothing of our own surroundings: they hold secrets.
        surroundings = {"PYTHONPATH": str(ROOT), "PATH": os.defpath, "LANG": "C.UTF-8"}
        limits = (str(self._memory),)
        return await asyncio.create_subprocess_exec(
            *self._program, *limits, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL, env=surroundings, start_new_session=True
        )

    async def _end(self) -> None:
        """End the process; who is stopped meanwhile comes back to it."""
        self._spoilt = True
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.communicate()  # to the end of its pipes, so that they are closed
            self._process = None
        self._spoilt = False


def main() -> None:
    """Answer until nobody asks any more."""
    confine(int(sys.argv[1]))
    for line in sys.stdin.buffer:
        question = json.loads(line)
        hurry(float(question["seconds"]))
        found = answer(question)
        sys.stdout.buffer.write(bytes([found is not None]) + len(found or b"").to_bytes(8) + (found or b""))
        sys.stdout.buffer.flush()


def answer(question: dict[str, object]) -> bytes | None:
    """The digest of a mail or of its headers as JSON, or the bytes of a part."""
    from channels.email.digest import digest, open_part

    raw = Path(str(question["path"])).read_bytes()
    if "part" in question:
        return open_part(raw, int(str(question["part"])))
    if question.get("head"):
        return write(digest(head(raw), Trouble.DIED))
    return write(digest(raw))


def head(raw: bytes) -> bytes:
    """The headers of a mail, as far as they are not absurd."""
    ends = [place for edge in (b"\r\n\r\n", b"\n\n") if (place := raw.find(edge, 0, _HEAD)) >= 0]
    return raw[: min(ends, default=_HEAD)] + b"\r\n\r\n"


def confine(memory: int) -> None:
    """Take away what reading a mail does not need: memory over a bound, new files, traces of a crash."""
    with suppress(ValueError, OSError):  # not every system bounds memory, and a mail that is read is better than none
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def hurry(seconds: float) -> None:
    """Allow so many more seconds on the processor."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + seconds) + 1, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
