"""A real Matrix server and a real customer's program for tests: Synapse and nio, in an environment and processes of their own.

Neither is imported here: Synapse is under the AGPL and stays outside, and both pin libraries that the product has in other versions.
"""

import asyncio
import base64
import hashlib
import hmac
import http.client
import json
import os
import secrets
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port

Json = dict[str, Any]
ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv" / "synapse" / "bin" / "python"
CUSTOMER = ROOT / "tests" / "channels" / "matrix" / "customer.py"
NAME, PATIENCE = "marani.example", 120.0
MISSING = "Synapse is not installed (make .venv/installed-synapse)"
_FREE = {"per_second": 10_000, "burst_count": 10_000}


def needed() -> None:
    """Skip where the server is not installed; CI installs it, so there its absence is a fault."""
    if PYTHON.exists():
        return
    if os.environ.get("REQUIRE_ALL"):
        pytest.fail(MISSING)
    pytest.skip(MISSING)


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody on the server."""

    user: str
    password: str
    token: str


class Synapse:
    """One server on loopback, on a file in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "synapse.log"
        self._secret = secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None

    def configure(self) -> Path:
        """Write the settings; JSON is YAML too."""
        self.folder.mkdir(parents=True, exist_ok=True)
        logs = {"version": 1, "handlers": {"console": {"class": "logging.StreamHandler"}}, "root": {"level": "WARNING", "handlers": ["console"]}}
        (self.folder / "log.yaml").write_text(json.dumps(logs))
        settings = {
            "server_name": NAME,
            "pid_file": str(self.folder / "pid"),
            "listeners": [
                {"port": self.port, "type": "http", "tls": False, "bind_addresses": ["127.0.0.1"], "resources": [{"names": ["client", "media"]}]},
            ],
            "database": {"name": "sqlite3", "args": {"database": str(self.folder / "synapse.db")}},
            "log_config": str(self.folder / "log.yaml"),
            "media_store_path": str(self.folder / "media"),
            "signing_key": f"ed25519 a_test {base64.b64encode(secrets.token_bytes(32)).decode().rstrip('=')}",
            "registration_shared_secret": self._secret,
            "macaroon_secret_key": secrets.token_hex(16),
            "form_secret": secrets.token_hex(16),
            "report_stats": False,
            "trusted_key_servers": [],
            "suppress_key_server_warning": True,
            "bcrypt_rounds": 4,
            "presence": {"enabled": False},
            "rc_message": _FREE,
            "rc_registration": _FREE,
            "rc_login": {"address": _FREE, "account": _FREE, "failed_attempts": _FREE},
            "rc_joins": {"local": _FREE, "remote": _FREE},
            "rc_joins_per_room": _FREE,
            "rc_invites": {"per_room": _FREE, "per_user": _FREE, "per_issuer": _FREE},
            "rc_room_creation": _FREE,
        }
        (self.folder / "homeserver.yaml").write_text(json.dumps(settings))
        return self.folder / "homeserver.yaml"

    def start(self) -> None:
        """Start it and wait until it answers."""
        file = self.configure() if not (self.folder / "homeserver.yaml").exists() else self.folder / "homeserver.yaml"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(PYTHON), "-m", "synapse.app.homeserver", "-c", str(file)], cwd=self.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        end = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, self.log.read_text()[-4000:]
            assert time.monotonic() < end, self.log.read_text()[-4000:]
            time.sleep(0.05)

    def stop(self) -> None:
        """End this process and no other; nothing of it is needed any more."""
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _answers(self) -> bool:
        try:
            return bool(self.ask("GET", "/_matrix/client/versions"))
        except OSError:
            return False

    def ask(self, method: str, path: str, body: Json | None = None, token: str = "") -> Json:
        """One request as an administrator's script makes it."""
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        data = None if body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            found: Json = json.loads(answer.read())
        finally:
            connection.close()
        assert answer.status == 200, found
        return found

    def register(self, name: str, shown: str = "", *, admin: bool = False) -> Account:
        """A new account, by the secret that the server shares with us."""
        nonce, password = self.ask("GET", "/_synapse/admin/v1/register")["nonce"], secrets.token_hex(8)
        said = b"\x00".join((nonce.encode(), name.encode(), password.encode(), b"admin" if admin else b"notadmin"))
        mac = hmac.new(self._secret.encode(), said, hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": name, "displayname": shown or name.title(), "password": password, "admin": admin, "mac": mac}
        made = self.ask("POST", "/_synapse/admin/v1/register", body)
        return Account(made["user_id"], password, made["access_token"])


@contextmanager
def synapse(folder: Path) -> Iterator[Synapse]:
    """A server that runs."""
    made = Synapse(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()


class Customer:
    """Somebody with nio, in a process that does what it is told line by line; `room` = what happens elsewhere is not looked at ("" = anywhere)."""

    def __init__(self, process: asyncio.subprocess.Process, account: Account) -> None:
        self._process, self.account = process, account
        self._lock = asyncio.Lock()
        self.room = ""

    async def do(self, deed: str, **given: object) -> Any:
        """One deed; answers what came of it."""
        assert self._process.stdin
        assert self._process.stdout
        async with self._lock, asyncio.timeout(PATIENCE):
            self._process.stdin.write(json.dumps({"deed": deed, **given}).encode() + b"\n")
            await self._process.stdin.drain()
            line = await self._process.stdout.readline()
        assert line, "the customer's program has ended"
        told = json.loads(line)
        assert told["ok"], told
        return told["made"]

    async def events(self) -> list[Json]:
        """What their program has seen so far, oldest first."""
        found: list[Json] = await self.do("events", room=self.room)
        return found

    async def sees(self, true: Callable[[Json], bool]) -> Json:
        """The first event like this, once it is there."""
        found: list[Json] = []
        try:
            async with asyncio.timeout(PATIENCE):
                while (event := next(filter(true, found := await self.events()), None)) is None:
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"still {found}") from None
        return event

    async def hears(self, words: str) -> Json:
        """The message with these words that somebody else sent."""
        return await self.sees(lambda event: words in event["content"].get("body", "") and event["sender"] != self.account.user)


@asynccontextmanager
async def customer(server: Synapse, account: Account) -> AsyncIterator[Customer]:
    """Their program, for a while."""
    with (server.folder / "customer.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            str(PYTHON), "-I", str(CUSTOMER), server.url, account.user, account.token,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log, limit=16 * 1024 * 1024,
        )  # fmt: skip
    try:
        yield Customer(process, account)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
