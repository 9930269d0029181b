"""Canaries: secrets are planted, a bit of the story is played with everything said aloud, and then every file is searched for them.

A backup is among these files. A server's dump is compressed, so it is unpacked first.
"""

import asyncio
import base64
import os
import re
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
import pytest_asyncio

from console import backup
from console.environment import Environment
from crm.base.actors import Role
from crm.base.backup import Copy, newest
from crm.tables import metadata
from sandbox.app import Sandbox, serve
from sandbox.telegram.hands import Hands
from tests.walks.desk import Phone, card_of, customer, phone
from tests.walks.house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")
TOKENS = {"customer": "7012345678:AAHcanaryOfTheShop-Zt9_q8w7e6r5t4y3u", "staff": "7098765432:AAHcanaryOfTheDesk-Xy8_p0o9i8u7y6t5"}
METRICS = "canary-of-the-figures-0123456789"
SETTINGS = {
    "CUSTOMER_BOT_TOKEN": TOKENS["customer"],
    "STAFF_BOT_TOKEN": TOKENS["staff"],
    "METRICS_TOKEN": METRICS,
    "LOG_LEVEL": "DEBUG",
}
SAID = ("The anniversary is a surprise", "ring me at 091 23 45 67 marmalade")
ANSWERED = "Your walnut table is ready"


class Told:
    """What was played: the house, and the secrets of its letters."""

    def __init__(self, house: House, unused: str, used: list[str], arguments: bytes, copy: Copy) -> None:
        self.house, self.unused, self.used, self.arguments, self.copy = house, unused, used, arguments, copy
        self.unpacked = unpacked(copy.folder / copy.database)
        self.key = (house.folder / "link.key").read_bytes()
        self.log = house.log.read_text()

    def files(self) -> Iterator[tuple[Path, bytes]]:
        """Every file of the data folder, and every row wherever the database is; the key's own file is where the key is kept."""
        yield from ((path, path.read_bytes()) for path in sorted(self.house.folder.rglob("*")) if path.is_file() and path.name != "link.key")
        for table in metadata.tables:
            rows = [tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in self.house.rows(f"SELECT * FROM {table}")]
            yield Path(table), repr(rows).encode()
        yield Path("backups") / "unpacked", self.unpacked


def unpacked(file: Path) -> bytes:
    """Everything a copied database says, in plain SQL."""
    if file.suffix == ".dump":
        return subprocess.run(["pg_restore", "--file=-", str(file)], capture_output=True, check=True).stdout
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as copy:
        return "\n".join(copy.iterdump()).encode()


@pytest.fixture(scope="module")
def programs(request: pytest.FixtureRequest, engine: str) -> Iterator[None]:
    """PostgreSQL's own programs, of the server's version, where there is a server."""
    with pytest.MonkeyPatch.context() as patch:
        if engine == "postgres":
            patch.setenv("PATH", f"{request.getfixturevalue('cluster').binaries}{os.pathsep}{os.environ['PATH']}")
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["text", "json"])
async def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, programs: None) -> AsyncIterator[Told]:
    """A customer, a rep who answers, a fault of Telegram, somebody with a guessed letter, a backup; then the house has stopped."""
    folder = tmp_path_factory.mktemp("canaries")
    async with await serve(Sandbox(dict(TOKENS))) as server, Hands(server.url) as hands:
        house = House(folder, server, hands, {**SETTINGS, "LOG_FORMAT": str(request.param)})
        try:
            yield await play(house)
        finally:
            await house.close()


async def play(house: House) -> Told:
    """The bit of the story."""
    unused, used, chief = [await house.invite(role) for role in (Role.REP, Role.REP, Role.MANAGER)]
    await house.start()
    rep, manager, guesser = [await phone(house, name, "staff") for name in ("tigran", "mariam", "mallory")]
    await rep.do("start", payload=used)
    await manager.do("start", payload=chief)
    await house.until("SELECT count(*) FROM reps", want=[(2,)])
    await guesser.do("start", payload="canary-of-nobody-at-all")
    await house.hands.fault("500", bot="staff", method="sendMessage")
    for bot, kind in (("customer", "drop"), ("staff", "garbage"), ("customer", "409"), ("staff", "drop")):
        await house.hands.fault(kind, bot=bot, method="getUpdates")
    await story(house, rep)
    arguments = Path(f"/proc/{house.pid}/cmdline").read_bytes()
    assert await asyncio.to_thread(backup.run, Environment(database_url=house.url, data_dir=str(house.folder))) == 0
    assert await house.stop() == 0
    copy = newest(house.folder / "backups")
    assert copy
    return Told(house, unused, [used, chief], arguments, copy)


async def story(house: House, rep: Phone) -> None:
    """Somebody writes, is answered by the bot and by a person, and sends what breaks."""
    who = await customer(house, "lilit")
    for words in SAID:
        await who.say(words)
    card = await card_of(rep, "lilit")
    await rep.press(card, "Take")
    await rep.answer(await rep.sees("Yours"), ANSWERED)
    await who.sees(ANSWERED)
    await house.http.post(f"{house.shop}/in/form", data=b"{" + SAID[0].encode())


def forms(secret: bytes) -> set[bytes]:
    """A secret as it is, and as programs write it down."""
    plain = {secret, secret.hex().encode(), secret.hex().upper().encode(), base64.b64encode(secret), base64.urlsafe_b64encode(secret).rstrip(b"=")}
    return plain | {quote(secret).encode(), repr(secret)[2:-1].encode(), secret[::-1]}


async def test_a_backup_is_among_what_is_searched_and_is_read_unpacked(told: Told) -> None:
    searched = {path.name: body for path, body in told.files() if "backups" in path.parts}
    assert {told.copy.database, "manifest.json", "unpacked"} <= set(searched)
    assert [words for words in (*SAID, ANSWERED) if words.encode() not in searched["unpacked"]] == []


@pytest.mark.parametrize("bot", list(TOKENS))
async def test_no_bots_token_is_in_any_file(told: Told, bot: str) -> None:
    token = TOKENS[bot].encode()
    wanted = forms(token) | {token.partition(b":")[2]}
    assert [(path.name, form) for path, body in told.files() for form in wanted if form in body] == []


async def test_neither_the_key_behind_links_nor_the_metrics_token_is_in_any_file(told: Told) -> None:
    wanted = forms(told.key) | forms(METRICS.encode())
    assert [(path.name, form) for path, body in told.files() for form in wanted if form in body] == []


async def test_a_letter_that_still_opens_the_door_is_in_no_file(told: Told) -> None:
    assert [path.name for path, body in told.files() if told.unused.encode() in body] == []


async def test_no_letter_and_no_link_is_in_the_log(told: Told) -> None:
    assert [secret for secret in (*told.used, told.unused, "canary") if secret in told.log] == []
    assert re.findall(r"c_[A-Za-z0-9_-]{16,}", told.log) == []


async def test_nobodys_words_are_in_the_log(told: Told) -> None:
    words = {"Lilit", "091 23 45 67", "+37491234567", "marmalade", *SAID, ANSWERED}
    assert [one for one in words if one in told.log] == []


async def test_the_log_has_said_a_lot_in_one_line_each(told: Told) -> None:
    names = {"dragoman", "telegram.Bot", "asyncio"}
    assert [name for name in names if name not in told.log] == []
    assert all(line.isprintable() for line in told.log.splitlines())


async def test_the_processs_own_command_line_carries_no_secret(told: Told) -> None:
    """Arguments can be read by everybody on a machine."""
    assert b"main.py" in told.arguments
    assert b"canary" not in told.arguments
