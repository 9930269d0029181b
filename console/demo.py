"""`demo`: the real product in a process of its own, and around it a pretended world with a page where one person plays everybody."""

import asyncio
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Protocol

from console import environment
from console.channels import Accounts
from console.invite import write_invite
from crm.base.actors import Role
from crm.base.errors import Misconfigured

CUSTOMER_TOKEN, STAFF_TOKEN = "100:CUSTOMER", "200:STAFF"
STAFF = {"tigran": ("Տիգրան", "hy", Role.REP), "mariam": ("Mariam", "en", Role.MANAGER)}
FOLLOW_UP_SECONDS = "2"


class World(Protocol):
    """The pretended world, as the demo needs it; `sandbox` fulfils it and `main.py` joins the two."""

    url: str

    async def settle(self, file: Path, shop: str) -> None: ...

    def found_at(self, places: Mapping[str, list[str]]) -> None: ...

    async def introduce(self, person: str, first_name: str, language: str) -> None: ...

    async def start(self, person: str, payload: str) -> None: ...

    async def awake(self, bot: str) -> None: ...

    async def plug(self, running: Callable[[], bool], kill: Callable[[], Awaitable[None]], ready_url: str) -> str: ...

    async def close(self) -> None: ...


OpenWorld = Callable[[dict[str, str], dict[str, object], int], Awaitable[World]]


class Product:
    """The product as a child process that can be killed and started again."""

    def __init__(self, program: Path, variables: dict[str, str]) -> None:
        self._program, self._variables = program, variables
        self._process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it; its log goes where ours goes."""
        command = (sys.executable, str(self._program), "run")
        self._process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **self._variables}, start_new_session=True)

    async def kill(self) -> None:
        """Pull the plug and plug it in again."""
        if self._process and self.running:
            self._process.kill()
            await self._process.wait()
        await self.start()

    async def stop(self) -> None:
        """Ask it to stop and wait until it did."""
        if self._process and self.running:
            self._process.send_signal(signal.SIGTERM)
            await self._process.wait()


def variables(folder: Path, world: str, port: int) -> dict[str, str]:
    """The settings of the demo's firm: the same ones an owner would set."""
    return {
        "COMPANY_NAME": "Marani",
        "COMPANY_LANGUAGES": "hy,ka,am,ru,en",
        "COMPANY_ZONE": os.environ.get("DEMO_ZONE", "Asia/Yerevan"),
        "COMPANY_CURRENCY": "AMD",
        "WORKING_HOURS": "mon-sun 00:00-24:00",
        "COMPANY_HOLIDAYS": "none",
        "CUSTOMER_BOT_TOKEN": CUSTOMER_TOKEN,
        "CUSTOMER_BOT_USERNAME": "customer_bot",
        "STAFF_BOT_TOKEN": STAFF_TOKEN,
        "STAFF_BOT_USERNAME": "staff_bot",
        "TELEGRAM_API_BASE": world,
        "TELEGRAM_LINK": f"{world}/?open=https%3A%2F%2Ft.me%2F",  # the pretended Telegram is that page
        "DATABASE_URL": f"sqlite:///{folder / 'dragoman.db'}",
        "DATA_DIR": str(folder),
        "CHANNELS_FILE": str(folder / "channels.toml"),
        "HTTP_HOST": "127.0.0.1",
        "HTTP_PORT": str(port),
        "DESK_AT": f"http://127.0.0.1:{port}/desk",
        "BACKUP_EVERY": "0",
        "FRAME_ANCESTORS": f"'self' {world}",
        "FOLLOW_UP_SECONDS": FOLLOW_UP_SECONDS,
    }


async def play(open_world: OpenWorld, accounts: Accounts, program: Path, folder: Path) -> None:
    """Open the pretended world, let the staff in, start the product, print one address, and wait for Ctrl+C."""
    began = time.monotonic()
    watch: list[asyncio.Task[None]] = []
    port = free_port()
    print("Dragoman demo: the pretended world opens ...", flush=True)
    shop = f"http://127.0.0.1:{port}/"
    settings: dict[str, object] = {"company": "Marani", "shop_url": shop, "people": {"customer": "ani", "rep": "tigran", "manager": "mariam"}}
    try:
        world = await open_world({"customer": CUSTOMER_TOKEN, "staff": STAFF_TOKEN}, settings, int(os.environ.get("DEMO_PORT", "0")))
    except OSError as error:  # before the folder is emptied: a demo that runs on that port may be using it
        raise Misconfigured(f"the page cannot be opened: {error.strerror or error}; set DEMO_PORT to a free port, or to none") from error
    shutil.rmtree(folder, ignore_errors=True)
    now = time.time_ns() // 1_000_000
    starts = {name: await write_invite(f"sqlite:///{folder / 'dragoman.db'}", role, now=now) for name, (_, _, role) in STAFF.items()}
    set_to = variables(folder, world.url, port)
    await world.settle(Path(set_to["CHANNELS_FILE"]), shop.rstrip("/"))
    world.found_at({account: [f"{shop.rstrip('/')}{path}" for path in paths] for account, _, paths in accounts(environment.read(set_to))})
    product = Product(program, set_to)
    settings["control_url"] = await world.plug(lambda: product.running, product.kill, f"{shop}ready")
    await product.start()
    for name, (first_name, language, _) in STAFF.items():
        await world.introduce(name, first_name, language)
        await world.start(name, starts[name])
    print(f"\n  Open the play page:  {world.url}/\n\n  it answers after {time.monotonic() - began:.1f} s; Ctrl+C ends it", flush=True)
    for bot, words in (("staff", "the staff's bot is awake"), ("customer", "the customers' bot is awake")):
        watch.append(asyncio.create_task(_tell(world.awake(bot), words, began)))
    await _until_stopped()
    for task in watch:
        task.cancel()
    print("Stopping ...", flush=True)
    await product.stop()
    await world.close()


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _tell(awaited: Awaitable[None], words: str, began: float) -> None:
    await awaited
    print(f"  {words} after {time.monotonic() - began:.1f} s", flush=True)


async def _until_stopped() -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await stop.wait()
