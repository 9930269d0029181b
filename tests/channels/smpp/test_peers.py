"""SMPP beside two more peers: Debian's Kannel plays the centre (a program in C), aiosmpplib the client of our pretended one."""

import asyncio
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiosmpplib  # type: ignore[import-untyped]
import pytest
from aiosmpplib.broker import SimpleBroker  # type: ignore[import-untyped]
from aiosmpplib.hook import AbstractHook  # type: ignore[import-untyped]

from channels.smpp import Smpp
from crm.base.outbound import Say
from sandbox.smsc.server import Smsc
from sandbox.smsc.world import Centre
from tests.channels.smpp.stand import ANN, OPTIONS, Clock, firm, no_media
from tests.doors import Inbox
from tests.ports import free_port

PROGRAM, PACKAGE = Path("/usr/lib/kannel/test/drive_smpp"), "kannel-extras"
BOX = 13001
"""Where the program looks for a Kannel to talk to; it is written into it, and without one it ends after two tries."""
MESSAGES = 3


@pytest.fixture(scope="module")
def program() -> Path:
    """Kannel's pretended centre; without it the test is skipped, and CI's fails."""
    if not PROGRAM.exists() and os.environ.get("REQUIRE_ALL"):
        pytest.fail(f"the Debian package {PACKAGE} is not installed")
    if not PROGRAM.exists():
        pytest.skip(f"the Debian package {PACKAGE} is not installed")
    return PROGRAM


@dataclass(slots=True)
class Kannel:
    """The program, and what it has said so far."""

    process: Process
    port: int
    lines: list[str] = field(default_factory=list)

    async def says(self, words: str, times: int = 1) -> None:
        """Read on until it has said this so many times."""
        assert self.process.stdout
        async with asyncio.timeout(60):
            while sum(words in line for line in self.lines) < times:
                line = await self.process.stdout.readline()
                assert line, "\n".join(self.lines)
                self.lines.append(line.decode(errors="replace"))


@asynccontextmanager
async def kannel(program: Path) -> AsyncIterator[Kannel]:
    """The centre on a free port, with a Kannel that only listens, so that it stays."""
    box = None

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    with suppress(OSError):  # whoever has the port already is as good
        box = await asyncio.start_server(listen, "127.0.0.1", BOX, reuse_port=True)
    port = free_port()
    process = await asyncio.create_subprocess_exec(str(program), "-v", "0", "-p", str(port), "-m", str(MESSAGES), stdout=PIPE, stderr=asyncio.subprocess.STDOUT)
    try:
        yield Kannel(process, port)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        if box:
            box.close()


async def test_kannels_centre_and_we_understand_each_other(program: Path, tmp_path: Path) -> None:
    async with kannel(program) as centre:
        smpp, inbox = Smpp(replace(OPTIONS, port=centre.port, bind="two"), firm(tmp_path, Clock())), Inbox()
        following = asyncio.create_task(smpp.listen(inbox))
        try:
            came = await inbox.until(MESSAGES)  # each names a message in a parameter, and is somebody's words all the same
            assert [raw.key.partition(":")[0] for raw in came] == ["sms"] * MESSAGES
            await centre.says("type deliver_sm_resp", MESSAGES)
            await centre.says("type enquire_link_resp", MESSAGES)
            assert (await smpp.send(ANN, Say("hello"), no_media)).ids == ()
            await centre.says("short_message = <hello>")
            assert (await smpp.health()).ok
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
            await smpp.close()


class Heard(AbstractHook):  # type: ignore[misc]
    """What the client was answered and brought."""

    def __init__(self) -> None:
        self.came = asyncio.Condition()
        self.messages: list[aiosmpplib.SmppMessage] = []
        self.errors: list[Exception] = []

    async def sending(self, smpp_message: aiosmpplib.SmppMessage, pdu: bytes, client_id: str) -> None:
        pass

    async def received(self, smpp_message: aiosmpplib.SmppMessage | None, pdu: bytes, client_id: str) -> None:
        async with self.came:
            if smpp_message is not None:
                self.messages.append(smpp_message)
            self.came.notify_all()

    async def send_error(self, smpp_message: aiosmpplib.SmppMessage, error: Exception, client_id: str) -> None:
        self.errors.append(error)

    async def of(self, kind: type, count: int) -> list[aiosmpplib.SmppMessage]:
        """The first so many messages of a kind."""
        async with asyncio.timeout(30), self.came:
            await self.came.wait_for(lambda: len([one for one in self.messages if isinstance(one, kind)]) >= count)
        return [one for one in self.messages if isinstance(one, kind)]


async def test_one_more_client_finds_our_pretended_centre_to_be_one() -> None:
    async with Smsc(Centre()) as smsc:
        heard, broker = Heard(), SimpleBroker()
        client = aiosmpplib.ESME("127.0.0.1", smsc.port, "marani", "sesame", hook=heard, broker=broker, log_level="CRITICAL")
        work = asyncio.create_task(client.start())
        try:
            await smsc.bound()
            to = aiosmpplib.PhoneNumber(ANN[1:], aiosmpplib.TON.INTERNATIONAL, aiosmpplib.NPI.ISDN)
            names = aiosmpplib.PhoneNumber("Marani"), aiosmpplib.PhoneNumber("Marani", aiosmpplib.TON.ALPHANUMERIC)
            for number, name in enumerate(names):
                said = aiosmpplib.SubmitSm(short_message="Բարև", source=name, destination=to, encoding="ucs2", log_id=str(number))
                await broker.enqueue(said)
            refused, taken = await heard.of(aiosmpplib.SubmitSmResp, 2)
            [receipt] = await heard.of(aiosmpplib.DeliverSm, 1)
            smsc.write(ANN, "Այո")
            word = (await heard.of(aiosmpplib.DeliverSm, 2))[-1]
        finally:
            await client.stop()
            await work
    assert [text.text for text in smsc.centre.phone(ANN).texts if text.ours] == ["Բարև"]
    assert refused.command_status == aiosmpplib.SmppCommandStatus.ESME_RINVSRCADR
    assert receipt.is_receipt()
    assert receipt.parse_receipt()["id"] == taken.message_id
    assert (word.is_receipt(), word.short_message) == (False, "Այո")
    assert heard.errors == []
