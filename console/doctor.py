"""`doctor`: every fault of this installation and its mend, one line each."""

import asyncio
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from console import answers, clock, dotfile, environment, machine, papers, photos, server
from console.channels import Accounts
from console.environment import Environment
from console.finding import Finding, Level, fault, fine, shown, warning
from console.lock import running
from console.log import Shape
from console.tokens import BotFacts, CheckToken, same_bot
from crm.base.db import file_of
from crm.base.errors import DragomanError, Invalid
from crm.base.i18n import LANGUAGES

INIT = "run `python main.py init`"
KNOWN = {name.upper() for name in Environment.__dataclass_fields__}
LEAST_TOKEN = 16
Hear = Callable[[str, str], tuple[float, float] | None]
"""Asks a server, by a proxy ("" = none), what time it is; answers its time and ours, in seconds since 1970 UTC, or None."""


def no_accounts(_: Environment) -> list[tuple[str, str, list[str]]]:
    """No channel but those of `.env`."""
    return []


def run(file: Path, check: CheckToken, fast_parser: Callable[[], bool], hear: Hear = clock.told_by, *, accounts: Accounts = no_accounts) -> int:
    """Print what was found; 1 when there is a fault."""
    findings = [*examine(file, check, fast_parser, hear), *channels(environment.read(file=file), accounts)]
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    print(shown(findings))
    return int(any(one.level is Level.FAULT for one in findings))


def examine(file: Path, check: CheckToken, fast_parser: Callable[[], bool], hear: Hear = clock.told_by) -> Iterator[Finding]:
    """Every finding; `fast_parser` says whether aiohttp reads requests with its C parser, `hear` what time Telegram has."""
    yield from readable(file)
    try:
        env = environment.read(file=file)
    except (UnicodeDecodeError, OSError):
        env = environment.read(variables=os.environ)
    yield from overruled(file, os.environ)
    yield from firm(env)
    yield from numbers(env)
    yield from addresses(env)
    yield from bots(env, check)
    yield from on_this_machine(file, env)
    yield from times(file, env, hear)
    yield from machine.python(sys.version_info, machine.headers_are_guarded())
    yield machine.http_parser(fast_parser())
    yield from papers.papers()
    yield photos.photos()


def channels(env: Environment, accounts: Accounts) -> Iterator[Finding]:
    """The accounts on other platforms: the file can be used, and who has to come to us can."""
    try:
        found = accounts(env)
    except DragomanError as error:
        yield fault("channels", str(error), f"mend {env.channels_file}; docs/channels.md says what may stand in it")
        return
    for account, title, paths in found:
        if paths and not env.public_url:
            yield warning("channels", f"{account} ({title}) waits to be called, and PUBLIC_URL is empty", "set PUBLIC_URL, see docs/operations.md")
        else:
            yield fine("channels", f"{account} ({title}) can be used; `python main.py channels` shows its addresses")


def on_this_machine(file: Path, env: Environment) -> Iterator[Finding]:
    """Files, database, disk, port."""
    path = file_of(env.database_url)
    yield from machine.private(file, env.folder, path if path and path.resolve().parent != env.folder.resolve() else None)
    try:
        if path is None:
            yield from server.server(env.database_url)
            runs = machine.answers_as_ours(env.http_host, env.port)
        else:
            yield from machine.database(path)
            yield machine.lock(path)
            runs = running(path)
        yield machine.port(env.http_host, env.port, runs)
    except DragomanError as error:
        yield fault("database", str(error), "see .env.example")
    yield machine.room(env.folder)


def times(file: Path, env: Environment, hear: Hear) -> Iterator[Finding]:
    """The clock, held against our own files and against Telegram's."""
    yield clock.clock([file, env.folder / "dragoman.db", Path(__file__)])
    if (env.customer_bot_token or env.staff_bot_token) and (heard := hear(env.telegram_api_base, env.telegram_proxy)):
        yield clock.skew(*heard, "Telegram's")


def readable(file: Path) -> Iterator[Finding]:
    """The settings file: there, text, every line of it understood, every name known."""
    if not file.exists():
        yield warning("settings", f"there is no {file}, so everything has its default", INIT)
        return
    try:
        text = dotfile.text_of(file)
    except DragomanError as error:
        yield fault("settings", str(error), "mend the file or " + INIT)
        return
    wrong = dotfile.unreadable_lines(text)
    yield from (fault("settings", f"line {number} of {file} cannot be read", "write it as NAME=value") for number in wrong)
    known = KNOWN | asked_for()
    for name in dotfile.values(file):
        if name not in known:
            near = get_close_matches(name, KNOWN, 1)
            yield warning("settings", f"{name} in {file} is no setting of ours", f"write {near[0]}" if near else "remove it, unless something else reads it")
    if not wrong:
        yield fine("settings", f"{file} is readable")


def asked_for() -> set[str]:
    """The names that the channels' file takes from the environment."""
    file = Path(environment.read().channels_file)
    return set(re.findall(r"\benv:(\w+)", file.read_text("utf-8", "replace"))) if file.is_file() else set()


def overruled(file: Path, variables: Mapping[str, str]) -> Iterator[Finding]:
    """Settings that the environment replaces."""
    try:
        written = dotfile.values(file)
    except DragomanError:
        return
    for name in sorted(KNOWN & set(written)):
        if variables.get(name, written[name]) != written[name]:
            yield warning("settings", f"{name} is also set in the environment, and that one is used", "unset it there, or remove it here")


def firm(env: Environment) -> Iterator[Finding]:
    """The company's settings."""
    yield _answer("languages", "COMPANY_LANGUAGES", env.company_languages, _codes, "write codes such as hy,ru,en")
    zone = _answer("zone", "COMPANY_ZONE", env.company_zone, _exact_zone, "write one such as Asia/Yerevan")
    yield zone
    if zone.level is Level.FINE:
        yield _answer("hours", "WORKING_HOURS", env.working_hours, lambda words: answers.hours(words, env.company_zone), "write them as mon-fri 09:00-18:00")
    yield _answer("currency", "COMPANY_CURRENCY", env.company_currency, answers.currency, "write three letters such as AMD")
    if env.company_region:
        yield _answer("country", "COMPANY_REGION", env.company_region, answers.country, "write two letters such as AM")


def _answer(subject: str, variable: str, words: str, read: Callable[[str], str], mend: str) -> Finding:
    try:
        return fine(subject, read(words))
    except Invalid as refusal:
        return fault(subject, f"{variable}: {refusal}", mend)


def _codes(words: str) -> str:
    """Languages as the product reads them: codes alone."""
    given = [word.strip() for word in words.split(",") if word.strip()]
    if unknown := [word for word in given if word not in LANGUAGES]:
        raise Invalid(f"{unknown[0]!r} is no language of ours")
    if not given:
        raise Invalid("no language is set")
    return ",".join(given)


def _exact_zone(words: str) -> str:
    if answers.zone(words) != words:
        raise Invalid(f"{words!r} is not the name of a time zone")
    return words


def numbers(env: Environment) -> Iterator[Finding]:
    """Settings that are numbers or one of a few words."""
    try:
        if not 0 < float(env.follow_up_seconds) < 86_400:
            raise ValueError
    except ValueError:
        yield fault("follow-ups", f"FOLLOW_UP_SECONDS is {env.follow_up_seconds!r}", "write seconds such as 10")
    if env.log_level not in answers.LOG_LEVELS:
        yield fault("log", f"LOG_LEVEL is {env.log_level!r}", "write DEBUG, INFO, WARNING or ERROR")
    if env.log_format not in list(Shape):
        yield fault("log", f"LOG_FORMAT is {env.log_format!r}", "write text or json")
    if 0 < len(env.metrics_token) < LEAST_TOKEN:
        yield warning("metrics", "METRICS_TOKEN is short enough to be guessed", f"write {LEAST_TOKEN} random letters and digits or more")


def addresses(env: Environment) -> Iterator[Finding]:
    """Settings that are addresses."""
    table = (("address", "PUBLIC_URL", env.public_url, answers.site), ("telegram", "TELEGRAM_API_BASE", env.telegram_api_base, answers.server))
    for subject, variable, words, read in table:
        if words:
            found = _answer(subject, variable, words, read, "write it as https://name.example")
            yield found
            if found.level is Level.FINE and words == env.public_url:
                yield from machine.public(words)
    for origin in env.origins:
        if _answer("sites", "SITE_ORIGINS", origin, answers.site, "").level is Level.FAULT or origin.endswith("/"):
            yield fault("sites", f"SITE_ORIGINS has {origin!r}", "write each as https://shop.example, with commas between")
    if any(len(word) < environment.SECRET_LEAST for word in environment.listed(env.site_secret)):
        yield fault("sites", f"SITE_SECRET is shorter than {environment.SECRET_LEAST} letters", "write what `openssl rand -hex 32` says")
    if env.telegram_proxy:
        found = _answer("telegram", "TELEGRAM_PROXY", env.telegram_proxy, answers.proxy, "write it as http://127.0.0.1:3128 or socks5://127.0.0.1:1080")
        yield found if found.level is Level.FAULT else fine("telegram", "goes through a proxy")


def bots(env: Environment, check: CheckToken) -> Iterator[Finding]:
    """Both bots: present, shaped, different, known to Telegram by the name we give out."""
    ours = ("customer bot", "CUSTOMER_BOT", env.customer_bot_token, env.customer_bot_username)
    staff = ("staff bot", "STAFF_BOT", env.staff_bot_token, env.staff_bot_username)
    if not env.customer_bot_token:
        yield warning("customer bot", "CUSTOMER_BOT_TOKEN is not set, so nobody can write by Telegram", INIT)
    if not env.staff_bot_token:
        yield fault("staff bot", "STAFF_BOT_TOKEN is not set, so nobody can answer", INIT)
    if same_bot(env.customer_bot_token, env.staff_bot_token):
        yield fault("staff bot", "both tokens are of one bot", f"make a second one with @BotFather and {INIT}")
    for subject, variable, token, name in (ours, staff):
        if token and not answers.TOKEN.fullmatch(token):
            yield fault(subject, f"{variable}_TOKEN does not look like a token", f"copy it from @BotFather again and {INIT}")
        elif token:
            yield known(subject, variable, name, asyncio.run(_asked(check, token, env)), env.public_url)


async def _asked(check: CheckToken, token: str, env: Environment) -> BotFacts | str:
    return await check(token, env.telegram_api_base, env.telegram_proxy)


def known(subject: str, variable: str, name: str, answer: BotFacts | str, public_url: str = "") -> Finding:
    """What Telegram's answer about a token means; pure."""
    if isinstance(answer, str):
        return fault(subject, answer, f"look at {variable}_TOKEN, TELEGRAM_API_BASE and TELEGRAM_PROXY, or {INIT}")
    if answer.webhook and not answer.comes_to(public_url):
        return fault(subject, f"@{answer.username} sends its messages to {answer.webhook}, so none can come here", "stop using it there and delete its webhook")
    if name.lower() != answer.username.lower():
        return fault(subject, f"{variable}_USERNAME is {name!r}, so links lead elsewhere", f"write {variable}_USERNAME={answer.username}")
    return fine(subject, f"@{answer.username}" + (f", its messages come to {answer.webhook}" if answer.webhook else ""))
