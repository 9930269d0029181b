"""The command line: which commands there are, and one clear line when one is refused."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from console import check, doctor, environment, init, invite
from console.answers import LOG_LEVELS
from console.environment import Environment
from console.tokens import CheckToken
from crm.base.actors import Role
from crm.base.errors import DragomanError, Misconfigured

SETTINGS = Path(".env")
COMMANDS = {
    "run": "run the product",
    "demo": "run the product against a pretended world",
    "init": "answer a few questions, write .env, get the first manager's link",
    "doctor": "name every fault of this installation and its mend",
    "check": "say whether the books balance",
    "invite": "print a one-time link into the staff",
}
OUR_LOGS = ("dragoman", "crm", "bots", "channels", "scheduler", "console", "web")


@dataclass(frozen=True, slots=True)
class Joined:
    """What `main.py` passes in, because the console knows neither channels nor the web."""

    run: Callable[[Environment], Awaitable[None]]
    demo: Callable[[Environment], Awaitable[None]]
    check_token: CheckToken
    fast_parser: Callable[[], bool]


def answer(joined: Joined, arguments: Sequence[str] | None = None) -> int:
    """Run one command and answer the exit code: 2 = refused, with one line that says what to do; 130 = Ctrl+C."""
    chosen = _parser().parse_args(arguments)
    try:
        return _carry_out(joined, chosen)
    except DragomanError as error:
        print(f"dragoman: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dragoman", description="An omnichannel, chatbot-driven CRM agent.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    named = {name: commands.add_parser(name, help=words, description=words) for name, words in COMMANDS.items()}
    named["invite"].add_argument("role", choices=[role.value for role in Role], help="what the person may do")
    return parser


def _carry_out(joined: Joined, chosen: argparse.Namespace) -> int:
    match chosen.command:
        case "init":
            return init.run(SETTINGS, joined.check_token)
        case "doctor":
            return doctor.run(SETTINGS, joined.check_token, joined.fast_parser)
        case "check":
            return check.run(environment.read())
        case "invite":
            return invite.run(environment.read(), Role(chosen.role))
    env = environment.read()
    start_logging(env.log_level)
    asyncio.run(_awaited({"run": joined.run, "demo": joined.demo}[chosen.command], env))
    return 0


async def _awaited(work: Callable[[Environment], Awaitable[None]], env: Environment) -> None:
    await work(env)


def start_logging(level: str) -> None:
    """One line a record on standard error; libraries only when they warn."""
    if level not in LOG_LEVELS:
        raise Misconfigured(f"LOG_LEVEL takes {', '.join(LOG_LEVELS)}, not {level!r}")
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in OUR_LOGS:
        logging.getLogger(name).setLevel(level)
