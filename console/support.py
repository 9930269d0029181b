"""`support`: a plain file for whoever helps; and what the machine knows for the same file when a manager asks the staff bot for it."""

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from console import doctor, machine, papers, photos
from console.channels import Accounts
from console.environment import Environment
from console.finding import Finding, Level
from console.tokens import CheckToken
from crm.base.db import look
from crm.base.errors import DragomanError, Misconfigured
from crm.exchange.support import written
from crm.exchange.support_lines import About

MARKS = {Level.FINE: "fine", Level.WARNING: "WARNING", Level.FAULT: "FAULT"}
SUBJECT = re.compile(r"[a-zA-Z -]{1,30}")


@dataclass(frozen=True, slots=True)
class Built:
    """What was installed: the version of the product, and the kinds of accounts it knows."""

    version: str = ""
    kinds: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked to find out how the machine does."""

    built: Built
    check: CheckToken
    fast_parser: Callable[[], bool]
    accounts: Accounts


def run(env: Environment, settings: Path, to: str, asked: Asked) -> int:
    """Write the file; one that is there already is left alone."""
    if not env.on_server and not env.database.exists():
        raise Misconfigured("there is no database yet: start the product once, or set DATABASE_URL")
    findings = [*doctor.examine(settings, asked.check, asked.fast_parser), *doctor.channels(env, asked.accounts)]
    told = _told(env, asked, findings)
    words = look(env.database_url, lambda session: written(session, told, now=time.time_ns() // 1_000_000))
    try:
        handle = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Misconfigured(f"{to} is there already: choose another name") from None
    except OSError as error:
        raise Misconfigured(f"{to} cannot be written: {error.strerror}") from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(words)
    print(f"Written to {to}: read it, then hand it to whoever helps you. No names, messages or passwords are in it.")
    return 0


def about(env: Environment, asked: Asked) -> About:
    """What a running product says of its machine; the doctor's looks at files and locks of ours are for a process of its own."""
    return _told(env, asked, _outside(env, asked))


def _told(env: Environment, asked: Asked, findings: Iterable[Finding]) -> About:
    try:
        accounts = tuple(account for account, _, _ in asked.accounts(env))
    except DragomanError:  # the doctor says so
        accounts = ()
    return About(asked.built.version, asked.built.kinds, accounts, tuple(map(shown, findings)), set_in(env))


def _outside(env: Environment, asked: Asked) -> Iterator[Finding]:
    yield from doctor.firm(env)
    yield from doctor.numbers(env)
    yield from doctor.addresses(env)
    yield from doctor.bots(env, asked.check)
    yield from doctor.channels(env, asked.accounts)
    yield machine.room(env.folder)
    yield machine.http_parser(asked.fast_parser())
    yield from papers.papers()
    yield photos.photos()


def shown(finding: Finding) -> str:
    """A finding without its words, which may hold what somebody wrote: how bad, about what, and the settings it names; pure."""
    subject = finding.subject if SUBJECT.fullmatch(finding.subject) else "other"
    words = re.findall(r"[A-Z][A-Z_]+", f"{finding.words} {finding.mend}")
    named = sorted({word for word in words if word in doctor.KNOWN}) if finding.level is not Level.FINE else []
    return f"{MARKS[finding.level]}: {subject}" + (f" ({', '.join(named)})" if named else "")


def set_in(env: Environment) -> tuple[str, ...]:
    """The names of the settings that are not as they come."""
    return tuple(sorted(one.name.upper() for one in fields(env) if getattr(env, one.name) != one.default))
