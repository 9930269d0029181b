"""F28 with a real cable: one of two nodes lives in a network namespace of its own, and its only link is taken down while people talk."""

import asyncio
import os
import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from sandbox.proxy import Proxy
from tests.cluster import Cluster, from_wheel
from tests.faults.checker import checked
from tests.faults.stage import LEASE, dice, open_receiver, rounds
from tests.faults.syscalls import needed
from tests.faults.visitors import ANSWERED, Outcome, Visitor
from tests.walks.house import House

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="module")]
PATIENT = {"DATABASE_SECONDS": "2", "TICK_SECONDS": "2"}


@dataclass(frozen=True, slots=True)
class Cable:
    """A namespace and the one link into it; both addresses belong to this test alone."""

    name: str
    here: str
    there: str

    def lay(self) -> bool:
        """Make the namespace and plug it in; false where the machine does not allow it."""
        made = subprocess.run(["ip", "netns", "add", self.name], capture_output=True)
        if made.returncode:
            return False
        inside = ("ip", "-n", self.name)
        self._do("ip", "link", "add", self.near, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        self._do("ip", "address", "add", f"{self.here}/30", "dev", self.near)
        self._do(*inside, "address", "add", f"{self.there}/30", "dev", "eth0")
        self._do(*inside, "link", "set", "lo", "up")
        self._do(*inside, "link", "set", "eth0", "up")
        self.plug()
        return True

    @property
    def near(self) -> str:
        """The end of the link on this side; the kernel takes fifteen letters."""
        return self.name[-15:]

    @property
    def under(self) -> tuple[str, ...]:
        """What a program is started under to live in there."""
        return ("ip", "netns", "exec", self.name)

    def plug(self) -> None:
        """The link is up."""
        self._do("ip", "link", "set", self.near, "up")

    def pull(self) -> None:
        """The link is down: nobody hears anything, and nobody is told so."""
        self._do("ip", "link", "set", self.near, "down")

    def remove(self) -> None:
        """The link goes with the namespace."""
        subprocess.run(["ip", "netns", "delete", self.name], capture_output=True)

    def _do(self, *words: str) -> None:
        done = subprocess.run(words, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@dataclass(slots=True)
class Away:
    """A node behind the cable, a node beside the database, and the cable."""

    cable: Cable
    far: House
    close: House


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def away(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Away]:
    """Two nodes that run, one of them in a namespace."""
    needed("iproute2", os.geteuid() == 0 and shutil.which("ip"))
    place = os.getpid() % 16000  # a /30 of its own for each run of the tests
    first = f"10.213.{place * 4 // 256}.{place * 4 % 256 + 1}"
    cable = Cable(f"dragoman{secrets.token_hex(3)}", first, first.rpartition(".")[0] + f".{place * 4 % 256 + 2}")
    needed("iproute2 with the right to make namespaces", cable.lay())
    cluster = await asyncio.to_thread(Cluster, from_wheel(), durable=True)
    direct = await asyncio.to_thread(cluster.database, "faults")
    line = Proxy("127.0.0.1", cluster.port, cable.here)
    await line.open()
    try:
        async with _nodes(
            tmp_path_factory.mktemp("namespace"), direct, direct.replace(f"127.0.0.1:{cluster.port}", f"{cable.here}:{line.port}"), cable
        ) as found:
            yield found
    finally:
        await line.close()
        cable.remove()
        await asyncio.to_thread(cluster.remove)


@asynccontextmanager
async def _nodes(folder: Path, direct: str, behind: str, cable: Cable) -> AsyncIterator[Away]:
    outside = {"DATABASE_URL": behind, "HTTP_HOST": cable.there, "TRUSTED_PROXIES": f"{cable.here}/32"}
    async with open_receiver(folder / "far", **PATIENT, **outside) as far, open_receiver(folder / "close", DATABASE_URL=direct, **PATIENT) as close:
        far.url = close.url = direct
        far.shop = f"http://{cable.there}:{far.port}"
        try:
            await far.start(*cable.under)
            await close.start()
            yield Away(cable, far, close)
        finally:
            cable.plug()
            await far.kill()
            await close.kill()


async def test_a_node_whose_cable_is_pulled_loses_and_doubles_nothing(away: Away) -> None:
    for number in rounds(20, 200, ci=1):
        luck = dice("F28 cable", number)
        visitors = [Visitor(house) for house in (away.far, away.close) for _ in range(4)]
        talking = [asyncio.create_task(insisting(visitor)) for visitor in visitors]
        await asyncio.sleep(luck.uniform(0.05, 0.3))
        await asyncio.to_thread(away.cable.pull)
        lonely = Visitor(away.far)
        assert await lonely.say(lonely.word(), seconds=1.0) is not Outcome.OK
        beside = Visitor(away.close)
        await beside.insist(beside.word())
        await away.close.until(ANSWERED, beside.address)
        await asyncio.sleep(LEASE * luck.uniform(0.0, 1.5))  # around the length of a lease
        await asyncio.to_thread(away.cable.plug)
        await asyncio.gather(*talking)
        await lonely.insist(lonely.words[0])
        everybody = [*visitors, lonely, beside]
        await checked(away.close, everybody)
        await checked(away.far, everybody)


async def insisting(visitor: Visitor) -> None:
    """Says a few words, each until it is acknowledged."""
    for _ in range(4):
        await visitor.insist(visitor.word())
