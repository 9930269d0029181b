"""The accounts a firm has on the platforms, read from a file: a table each, checked field by field against the channel's own options."""

import importlib
import logging
import tomllib
import types
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from aiohttp import web

from channels import CHANNELS
from channels.base import Channel, Firm
from crm.base.errors import Misconfigured
from crm.base.events import RawEvent
from crm.base.outbound import Limits, May, Unit, Window
from crm.base.settings import Allows

log = logging.getLogger(__name__)
ELSEWHERE = {"telegram": "CUSTOMER_BOT_TOKEN", "webchat": "SITE_ORIGINS", "form": "SITE_ORIGINS"}
"""Channels with settings of their own."""
SECRET = "env:"
MANUAL = "see docs/channels.md, where each channel has its settings"
OF_ALL = frozenset({"anyway", "public_url"})
"""Settings that every account may have: `anyway` turns on what is off in the firm's country, `public_url` is where this account alone is come to."""


_NAMES = {str: "text", int: "a number", float: "a number", bool: "true or false", list: "a list", dict: "a table"}


@dataclass(frozen=True, slots=True)
class Account:
    """One account as the file names it: [whatsapp], or [email.sales] where there are several of a kind; `table` holds secrets."""

    kind: str
    name: str
    table: Mapping[str, object] = field(repr=False)

    @property
    def account(self) -> str:
        """What the account is called in every table and on every screen."""
        return f"{self.kind}:{self.name}" if self.name else self.kind


def read_accounts(file: Path, variables: Mapping[str, str]) -> tuple[Account, ...]:
    """Read the file; values like "env:WHATSAPP_TOKEN" come from the environment. Raises Misconfigured, naming the place."""
    if not file.exists():
        return ()
    with explained():
        return _read(file, variables)


@contextmanager
def explained() -> Iterator[None]:
    """Whoever has set a channel up wrongly is told where it is written how it is done."""
    try:
        yield
    except Misconfigured as error:
        raise Misconfigured(f"{error}; {MANUAL}") from None


def _read(file: Path, variables: Mapping[str, str]) -> tuple[Account, ...]:
    try:
        found = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{file.name} cannot be read: {error}") from None
    return tuple(Account(one.kind, one.name, _filled(one, variables, file)) for kind, value in found.items() for one in _of_kind(kind, value, file))


def _of_kind(kind: str, value: object, file: Path) -> list[Account]:
    if kind in ELSEWHERE:
        raise Misconfigured(f"[{kind}] in {file.name}: this channel is set by {ELSEWHERE[kind]} in .env")
    if kind not in CHANNELS or not isinstance(value, dict):
        known = ", ".join(name for name in CHANNELS if name not in ELSEWHERE)
        raise Misconfigured(f"{file.name} names {kind!r}; tables are called {known}")
    named = kind_of_all(value)
    if not named:
        return [Account(kind, "", value)]
    for name in named:
        if not (name.isascii() and name.isalnum() and name.islower()):
            raise Misconfigured(f"[{kind}.{name}] in {file.name}: a name is small letters and digits")
    return [Account(kind, name, table) for name, table in named.items()]


def kind_of_all(value: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    """The accounts of a kind that has several: every value is a table."""
    return {name: table for name, table in value.items() if isinstance(table, dict)} if all(isinstance(table, dict) for table in value.values()) else {}


def _filled(one: Account, variables: Mapping[str, str], file: Path) -> Mapping[str, object]:
    return {name: _value(value, variables, f"{name} of [{one.account.replace(':', '.')}] in {file.name}") for name, value in one.table.items()}


def _value(value: object, variables: Mapping[str, str], where: str) -> object:
    if isinstance(value, str) and value.startswith(SECRET):
        name = value.removeprefix(SECRET)
        if not variables.get(name):
            raise Misconfigured(f"{where} asks for {name}, which is not set")
        return variables[name]
    if isinstance(value, dict):
        return {key: _value(inner, variables, where) for key, inner in value.items()}
    return [_value(inner, variables, where) for inner in value] if isinstance(value, list) else value


def open_account(one: Account, firm: Firm) -> Channel | None:
    """The channel of an account; None where it is off by default in the firm's country (`anyway = true` turns it on). Raises Misconfigured."""
    with explained():
        return _open(one, firm)


def _open(one: Account, firm: Firm) -> Channel | None:
    module, _, kind = CHANNELS[one.kind].partition(":")
    made = importlib.import_module(module)
    channel, options = getattr(made, kind), getattr(made, f"{kind}Options")
    table = {name: value for name, value in one.table.items() if name not in OF_ALL}
    if "public_url" in one.table:
        firm = replace(firm, public_url=str(fitting(one.table["public_url"], str, f"public_url of {one.account}")))
    if firm.region in getattr(channel, "off_in", ()) and one.table.get("anyway") is not True:
        log.warning("%s is off: its use is restricted in the country of the firm; anyway = true turns it on", one.account)
        return None
    opened: Channel = channel(filled(options, {**table, "account": one.account}, one.account), firm)
    return opened


def doors_of(file: Path, variables: Mapping[str, str], firm: Firm) -> list[tuple[str, str, list[str]]]:
    """Each account with its title and the paths its platform comes to, for the owner to enter there."""

    async def nothing(_: Sequence[RawEvent]) -> None:
        raise AssertionError("nothing is served")

    opened = [channel for one in read_accounts(file, variables) if (channel := open_account(one, firm)) is not None]
    return [(one.account, one.title, sorted(_doors(one.routes(nothing)))) for one in opened]


def _doors(routes: Sequence[web.RouteDef]) -> set[str]:
    """The paths of doors: not those of pages that people come to by a link of their own."""
    return {route.path for route in routes if route.method != "OPTIONS" and "{" not in route.path}


def filled(options: type[Any], table: Mapping[str, object], where: str) -> Any:
    """Options made of a table: unknown, missing and ill-typed values are refused by name."""
    known, kinds = {one.name: one for one in fields(options)}, get_type_hints(options)
    for name in table:
        if name not in known:
            raise Misconfigured(f"{where} has no setting {name!r}; it knows {', '.join(sorted(set(known) - {'account'}))}")
    for name, one in known.items():
        if name not in table and one.default is MISSING and one.default_factory is MISSING:
            raise Misconfigured(f"{where} needs {name}")
    return options(**{name: fitting(value, kinds[name], f"{name} of {where}") for name, value in table.items()})


def fitting(value: object, kind: Any, where: str) -> object:
    """A value as its type asks for: numbers, words, lists, tables."""
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(one for one in get_args(kind) if one is not type(None))
    origin, inner = get_origin(kind), get_args(kind)
    if origin is tuple and isinstance(value, list):
        return tuple(fitting(one, inner[0], where) for one in value)
    if origin in (dict, Mapping) and isinstance(value, dict):
        return {str(name): fitting(one, inner[1], where) for name, one in value.items()}
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(kind, type) and isinstance(value, kind) and (kind is bool) == isinstance(value, bool):
        return value
    raise Misconfigured(f"{where} is {_NAMES.get(type(value), 'something')}, which does not fit")  # its kind alone: it may be a secret


def titles(channels: Mapping[str, Channel]) -> dict[str, str]:
    """What people call each account."""
    return {name: channel.title for name, channel in channels.items()}


def sendable(channels: Mapping[str, Channel], now: int) -> frozenset[str]:
    """The accounts that can carry words."""
    return frozenset(name for name, channel in channels.items() if channel.limits(Window(), now).text)


def unbuttoned(channels: Mapping[str, Channel], now: int) -> frozenset[str]:
    """The accounts whose customers type a number instead of pressing."""
    return frozenset(name for name in sendable(channels, now) if not channels[name].limits(Window(), now).buttons)


def counted(channels: Mapping[str, Channel], now: int) -> frozenset[str]:
    """The accounts where a text is paid for by its parts."""
    return frozenset(name for name, channel in channels.items() if channel.limits(Window(), now).unit is Unit.SMS)


def allowing(channels: Mapping[str, Channel]) -> Allows:
    """Tells what each account takes for an address; one that is not set up, or not any more, takes nothing."""
    return lambda account, window, now: channels[account].limits(window, now) if account in channels else Limits(may=May.NOTHING)
