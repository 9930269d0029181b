"""`init`: a few questions on the terminal, each answer checked at once; then `.env`, the database and the first manager's link."""

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from console import answers, dotfile, environment
from console.environment import Environment
from console.invite import managed, way_in, write_invite
from console.lock import running
from console.terminal import Terminal
from console.tokens import BotFacts, CheckToken, masked, masked_address, same_bot
from crm.base.actors import Role
from crm.base.errors import Invalid, Misconfigured
from crm.base.i18n import LANGUAGES, NATIVE

WELCOME = """Dragoman, set up in a few questions. Enter takes what stands in brackets; Ctrl+C changes nothing.
"""
BOTFATHER = """
  You get a bot in Telegram: open @BotFather, send /newbot, choose a name and a username that ends in "bot".
  BotFather answers with a token such as 123456789:AAF...; paste it here. Nothing shows while you paste.
"""
CHOICES = "Paste it again, or write: skip = go on without it, keep = store it unchecked, way = change how Telegram is reached."
NEXT = """
What to do next:
  1. make run        starts the product; leave it running
  2. open the link   on your phone or here, and press Start: you are the manager then
  3. /invite rep     in the staff bot lets your colleagues in
  make doctor says what is wrong, should anything be."""


@dataclass(frozen=True, slots=True)
class Bot:
    """One of the two bots: who writes to it, its variables, and what does not work without it."""

    title: str
    variable: str
    missing: str


CUSTOMER = Bot("customers", "CUSTOMER_BOT", "Without it customers reach you by the site widget and the form only, not by Telegram.")
STAFF = Bot("staff", "STAFF_BOT", "Without it nobody can answer: reps and managers work in this bot. Run init again when you have it.")


class Wizard:
    """The questions; `given` holds the answers as they will stand in the file."""

    def __init__(self, terminal: Terminal, old: Mapping[str, str], check: CheckToken) -> None:
        self._terminal, self._old, self._check = terminal, old, check
        self.given: dict[str, str] = {}

    def ask(self) -> dict[str, str]:
        """Go through all questions."""
        self._terminal.say(WELCOME)
        self._ask_firm()
        self._terminal.say(BOTFATHER)
        blocked = bool(self._had("TELEGRAM_API_BASE") or self._had("TELEGRAM_PROXY"))
        if self._terminal.agree("Is Telegram blocked where this machine stands?", blocked):
            self._ask_way()
        for bot in (CUSTOMER, STAFF):
            self._ask_bot(bot)
        return self.given

    def _had(self, variable: str) -> str:
        return self._old.get(variable, "")

    def _ask_firm(self) -> None:
        ask, given = self._terminal.ask, self.given
        given["COMPANY_NAME"] = ask("The company's name, as customers see it", self._had("COMPANY_NAME"), answers.line)
        self._terminal.say("\n" + "   ".join(f"{number} {NATIVE[code]}" for number, code in enumerate(LANGUAGES, 1)))
        spoken = (self._had("COMPANY_LANGUAGES") or Environment().company_languages).replace(",", " ")
        given["COMPANY_LANGUAGES"] = ask("Languages your customers speak, the first is used when nothing tells", spoken, answers.languages)
        likely = self._had("COMPANY_ZONE") or answers.zone_of_this_machine() or Environment().company_zone
        given["COMPANY_ZONE"] = zone = ask("\nTime zone (or your city or country, in English)", likely, answers.zone)
        given["COMPANY_REGION"] = self._region(zone)
        likely = self._had("COMPANY_CURRENCY") or answers.CURRENCIES.get(given["COMPANY_REGION"], "")
        given["COMPANY_CURRENCY"] = ask("Currency, three letters", likely, answers.currency)
        likely = self._had("WORKING_HOURS") or "mon-fri 09:00-18:00"
        self._terminal.say("\nFor example: mon-fri 09:00-18:00   or   mon-fri 10:00-19:00, sat 11:00-16:00")
        given["WORKING_HOURS"] = ask("Working hours", likely, lambda words: answers.hours(words, zone))

    def _region(self, zone: str) -> str:
        if found := answers.country_of(zone):
            return found
        return self._terminal.ask("Country, two letters, to read phone numbers", self._had("COMPANY_REGION"), answers.country)

    def _ask_way(self) -> None:
        """How Telegram is reached."""
        ask, proxy = self._terminal.ask, self._way("TELEGRAM_PROXY")
        self.given["TELEGRAM_API_BASE"] = ask("Address of another Bot API server (- = Telegram's own)", self._way("TELEGRAM_API_BASE") or "-", answers.server)
        shown = masked_address(proxy) or "-"
        words = "Proxy, such as http://127.0.0.1:3128 or socks5://127.0.0.1:1080 (- = none)"
        self.given["TELEGRAM_PROXY"] = ask(words, shown, lambda typed: proxy if typed == shown else answers.proxy(typed))

    def _way(self, variable: str) -> str:
        return self.given.get(variable, self._had(variable))

    def _ask_bot(self, bot: Bot) -> None:
        """Ask for a token until it is checked, kept or left out."""
        say, old = self._terminal.say, self._had(f"{bot.variable}_TOKEN")
        last, name = "" if same_bot(old, self.given.get("CUSTOMER_BOT_TOKEN", "")) else old, ""
        while not name:
            typed = self._terminal.secret(f"Token of the bot for {bot.title} ({'skip = none' if last else 'Enter = skip'})", masked(last))
            match typed or ("" if last else "skip"):
                case "skip":
                    say(f"  ! {bot.missing}")
                    last = ""
                    break
                case "way":
                    self._ask_way()
                case "keep" if last:
                    name = self._terminal.ask("  Its username", self._had(f"{bot.variable}_USERNAME") if last == old else "", answers.username)
                case word:
                    last, name = self._try(bot, word or last, last)
        self.given |= {f"{bot.variable}_TOKEN": last, f"{bot.variable}_USERNAME": name}

    def _try(self, bot: Bot, words: str, last: str) -> tuple[str, str]:
        """The token to remember and, when Telegram knows it, the bot's username."""
        try:
            token = answers.token(words)
            if bot is STAFF and same_bot(token, self.given["CUSTOMER_BOT_TOKEN"]):
                raise Invalid("this is the customers' bot: the staff needs a bot of its own")
        except Invalid as refusal:
            self._terminal.say(f"  ✗ {refusal}.")
            return last, ""
        self._terminal.say(f"  Asking Telegram about {masked(token)} ...")
        answer = asyncio.run(_asked(self._check, token, self._way("TELEGRAM_API_BASE"), self._way("TELEGRAM_PROXY")))
        if isinstance(answer, str):
            self._terminal.say(f"  ✗ {answer}. {CHOICES}")
            return token, ""
        self._terminal.say(f"  ✓ @{answer.username}")
        if answer.webhook and not answer.comes_to(self._had("PUBLIC_URL")):
            self._terminal.say(f"  ! Its messages go to {answer.webhook}, so we would get none: stop using it there and delete its webhook.")
        return token, answer.username


async def _asked(check: CheckToken, token: str, server: str, proxy: str) -> BotFacts | str:
    return await check(token, server, proxy)


def run(file: Path, check: CheckToken, terminal: Terminal | None = None) -> int:
    """Ask, write the settings, make the database, print what comes next; raises KeyboardInterrupt with nothing changed."""
    terminal = terminal or Terminal()
    text = dotfile.text_of(file)
    try:
        given = Wizard(terminal, dotfile.values(file), check).ask()
    except EOFError as error:
        raise Misconfigured("the answers ended before the questions: nothing was written") from error
    except KeyboardInterrupt:
        terminal.say("\nNothing was written.")
        raise
    dotfile.write(file, dotfile.merged(text, given))
    terminal.say(f"\n{file} is written.")
    for name in sorted(name for name, value in given.items() if os.environ.get(name, value) != value):
        terminal.say(f"  ! {name} is set in the environment too, and that one is used: unset it there.")
    return finish(file, terminal)


def finish(file: Path, terminal: Terminal) -> int:
    """Make the database and let the first manager in."""
    env = environment.read(file=file)
    environment.company(env)
    if not env.on_server and running(env.database):
        terminal.say("The product runs: stop it and start it again, so that it reads the new settings.")
        return 0
    if asyncio.run(managed(env.database_url)):
        terminal.say("A manager is in already; `python main.py invite manager` prints a link for another one. Start with: make run")
    elif env.staff_bot_token:
        secret = asyncio.run(write_invite(env.database_url, Role.MANAGER, now=time.time_ns() // 1_000_000))
        terminal.say(f"\nYour link into the staff bot, for one manager, once, within 24 hours:\n\n  {way_in(env, secret)}\n{NEXT}")
    else:
        terminal.say(f"There is no staff bot yet, so nobody can answer customers. {STAFF.missing}")
    return 0
