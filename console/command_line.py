"""The command line: which commands there are, and one clear line when one is refused."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from console import (
    audit,
    backup,
    bringing,
    channels,
    check,
    doctor,
    environment,
    exporting,
    init,
    invite,
    log,
    move,
    nodes,
    pin,
    release,
    restore,
    support,
    web_link,
)
from console.channels import Accounts
from console.environment import Environment
from console.support import Built
from console.tokens import CheckToken
from crm.base.actors import Role
from crm.base.errors import DragomanError

SETTINGS = Path(".env")
COMMANDS = {
    "run": "run the product",
    "demo": "run the product against a pretended world",
    "init": "answer a few questions, write .env, get the first manager's link",
    "doctor": "name every fault of this installation and its mend",
    "channels": "name the accounts on other platforms, and the addresses to enter there",
    "check": "say whether the books balance",
    "support": "write a plain file for whoever helps: versions, numbers and faults, nobody's words",
    "audit": "say whether anybody has changed the record of what was done",
    "invite": "print a one-time link into the staff",
    "forget-pin": "take a forgotten PIN away, so that its owner chooses another one",
    "web-link": "print a link into the staff inbox on the web, for when Telegram is down",
    "backup": "take a copy, also while the product runs",
    "restore": "put a copy in the database's place; the old data is kept aside",
    "release": "let a restored or copied installation send again",
    "nodes": "say which processes work on the database, and who holds what",
    "import": "bring in people from a list, or take an import back",
    "export": "write everything the firm has, or all about one person, into a zip",
    "erase": "forget a person, and write the certificate",
    "move": "take the company from its file to a PostgreSQL server",
}


@dataclass(frozen=True, slots=True)
class Joined:
    """What `main.py` passes in, because the console knows neither channels nor the web."""

    run: Callable[[Environment], Awaitable[None]]
    demo: Callable[[Environment], Awaitable[None]]
    check_token: CheckToken
    fast_parser: Callable[[], bool]
    accounts: Accounts
    built: Built = field(default_factory=Built)


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
    named["audit"].add_argument("verify", choices=["verify"], help="walk the chain of seals")
    named["audit"].add_argument("--seal", default="", metavar="PLACE:DIGEST", help="a seal from a manager's daily report, which must still be there")
    named["support"].add_argument("to", nargs="?", default="support.txt", help="the file to write")
    named["forget-pin"].add_argument("who", help="name or number of the member of staff")
    named["web-link"].add_argument("who", help="name or number of the member of staff")
    named["backup"].add_argument("folder", nargs="?", default="", help="where to (BACKUP_DIR, or data/backups)")
    named["restore"].add_argument("copy", help="the copy to go back to")
    named["release"].add_argument("--drop-older", type=float, default=0.0, metavar="HOURS", help="what waits longer than this is not sent any more")
    _exchange(named)
    named["move"].add_argument("to", help="postgresql://user:password@host/database")
    return parser


def _exchange(named: Mapping[str, argparse.ArgumentParser]) -> None:
    bring = named["import"]
    bring.add_argument("file", nargs="?", default="", help="a list of people: CSV, Excel, vCards; without one the imports are named")
    bring.add_argument("--column", action="append", default=[], metavar="COLUMN=WHAT", help="what a column is, where it was guessed wrong")
    bring.add_argument("--yes", action="store_true", help="write it; without this it is only tried")
    bring.add_argument("--undo", type=int, default=0, metavar="NUMBER", help="take an import back")
    named["export"].add_argument("to", help="the zip to write")
    named["export"].add_argument("--files", action="store_true", help="also the files that people sent")
    named["export"].add_argument("--person", type=int, default=0, metavar="NUMBER", help="only what is known of this person (their number in people.csv)")
    named["erase"].add_argument("person", type=int, help="their number in people.csv")
    named["erase"].add_argument("--certificate", default="", metavar="FILE", help="where to write it")
    named["erase"].add_argument("--yes", action="store_true", help="do it; without this it is only told what would go")


def _carry_out(joined: Joined, chosen: argparse.Namespace) -> int:
    match chosen.command:
        case "init":
            return init.run(SETTINGS, joined.check_token)
        case "doctor":
            return doctor.run(SETTINGS, joined.check_token, joined.fast_parser, accounts=joined.accounts)
        case "channels":
            return channels.run(environment.read(), joined.accounts)
        case "check":
            return check.run(environment.read())
        case "support":
            asked = support.Asked(joined.built, joined.check_token, joined.fast_parser, joined.accounts)
            return support.run(environment.read(), SETTINGS, chosen.to, asked)
        case "audit":
            return audit.run(environment.read(), chosen.seal)
        case "invite":
            return invite.run(environment.read(), Role(chosen.role))
        case "forget-pin":
            return pin.run(environment.read(), chosen.who)
        case "web-link":
            return web_link.run(environment.read(), chosen.who)
        case "backup":
            env = environment.read()
            return backup.run(env, chosen.folder or env.backup_dir)
        case "restore":
            return restore.run(environment.read(), chosen.copy)
        case "release":
            return release.run(environment.read(), chosen.drop_older)
        case "nodes":
            return nodes.run(environment.read())
        case "import":
            return bringing.run(environment.read(), bringing.Wish(chosen.file, tuple(chosen.column), chosen.yes, chosen.undo))
        case "export":
            return exporting.run(environment.read(), chosen.to, files=chosen.files, person=chosen.person)
        case "erase":
            return exporting.erase(environment.read(), chosen.person, chosen.certificate, sure=chosen.yes)
        case "move":
            return move.run(environment.read(), chosen.to)
    env = environment.read()
    log.start(env.log_level, env.log_format, log.secrets_of(env))
    asyncio.run(_awaited({"run": joined.run, "demo": joined.demo}[chosen.command], env))
    return 0


async def _awaited(work: Callable[[Environment], Awaitable[None]], env: Environment) -> None:
    await work(env)
