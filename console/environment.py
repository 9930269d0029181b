"""The settings of an installation, read from the environment and `.env`; a wrong one is refused with one clear line."""

import contextlib
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crm.base.backup import Plan
from crm.base.db import file_of
from crm.base.durations import Durations
from crm.base.errors import Misconfigured
from crm.base.i18n import LANGUAGES
from crm.base.settings import Company
from crm.base.time import HOUR, MINUTE, SECOND, parse_hours

SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?")
SECRET_LEAST = 32
REGIONS = {"Asia/Yerevan": "AM", "Asia/Tbilisi": "GE", "Africa/Addis_Ababa": "ET", "Europe/Moscow": "RU"}


@dataclass(frozen=True, slots=True)
class Environment:
    """Everything that can be set; each field is the variable of the same name in capitals."""

    company_name: str = "My company"
    company_languages: str = "en,ru,hy,ka,am"
    company_zone: str = "Asia/Yerevan"
    company_currency: str = "AMD"
    company_region: str = ""
    working_hours: str = "mon-fri 09:00-18:00"
    company_holidays: str = ""
    customer_bot_token: str = field(default="", repr=False)
    customer_bot_username: str = ""
    staff_bot_token: str = field(default="", repr=False)
    staff_bot_username: str = ""
    telegram_api_base: str = ""
    telegram_proxy: str = field(default="", repr=False)
    database_url: str = "sqlite:///data/dragoman.db"
    data_dir: str = "data"
    http_host: str = "127.0.0.1"
    http_port: str = "8080"
    public_url: str = ""
    desk_at: str = ""
    site_origins: str = ""
    site_secret: str = field(default="", repr=False)
    frame_ancestors: str = "'self'"
    trusted_proxies: str = ""
    telegram_link: str = "https://t.me/"
    channels_file: str = "channels.toml"
    follow_up_seconds: str = "10"
    lease_seconds: str = "30"
    look_seconds: str = "1"
    backoff_seconds: str = "1"
    backoff_most_seconds: str = "30"
    trouble_seconds: str = "60"
    connect_seconds: str = "10"
    send_seconds: str = "20"
    upload_seconds: str = "180"
    poll_seconds: str = "25"
    poll_grace_seconds: str = "10"
    stop_seconds: str = "20"
    lock_seconds: str = "5"
    database_seconds: str = "10"
    tick_seconds: str = "0"
    backup_every: str = "24"
    backup_keep: str = "7,4"
    media_quota_mb: str = "0"
    answer_minutes: str = "0"
    undo_seconds: str = "0"
    step_up_over: str = "500"
    backup_dir: str = ""
    log_level: str = "INFO"
    log_format: str = "text"
    metrics_token: str = field(default="", repr=False)

    @property
    def folder(self) -> Path:
        """Where files, keys and the database live."""
        return Path(self.data_dir)

    @property
    def database(self) -> Path:
        """The database file; refused where DATABASE_URL names a server."""
        path = file_of(self.database_url)
        if path is None:
            raise Misconfigured("this is for a database in a file: DATABASE_URL names a server")
        return path

    @property
    def on_server(self) -> bool:
        """Whether the database is a server's."""
        return file_of(self.database_url) is None

    @property
    def durations(self) -> Durations:
        """How long is waited for what."""
        return Durations(**{name: seconds(getattr(self, f"{name}_seconds"), f"{name}_seconds".upper()) for name in Durations.__dataclass_fields__})

    @property
    def port(self) -> int:
        """The port of the web server (0 = any free one)."""
        return whole(self.http_port, "HTTP_PORT", 0, 65535)

    @property
    def origins(self) -> tuple[str, ...]:
        """The sites that may talk to the widget and the form."""
        return tuple(filter(None, (origin.strip().lower() for origin in self.site_origins.split(","))))


def listed(words: str) -> tuple[str, ...]:
    """The parts of a setting that names several, apart by commas."""
    return tuple(filter(None, (word.strip() for word in words.split(","))))


def site_secrets(words: str) -> tuple[bytes, ...]:
    """What the shop's server signs with, from SITE_SECRET; a short one is guessed."""
    found = listed(words)
    if any(len(word) < SECRET_LEAST for word in found):
        raise Misconfigured(f"SITE_SECRET must be {SECRET_LEAST} letters or more: openssl rand -hex 32 makes one")
    return tuple(word.encode() for word in found)


def kept(words: str) -> tuple[int, int]:
    """How many daily and weekly copies are kept, from a setting like 7,4."""
    daily, _, weekly = words.partition(",")
    return whole(daily.strip(), "BACKUP_KEEP", 1, 1000), whole(weekly.strip() or "0", "BACKUP_KEEP", 0, 1000)


def copying(env: Environment) -> Plan | None:
    """Where copies go by schedule, how often, and how many stay; None where BACKUP_EVERY wants none."""
    hours, (daily, weekly) = whole(env.backup_every, "BACKUP_EVERY", 0, 1000), kept(env.backup_keep)
    into = Path(env.backup_dir) if env.backup_dir else env.folder / "backups"
    return Plan(into, hours * HOUR, daily, weekly) if hours else None


def seconds(words: str, name: str) -> float:
    """A number of seconds from a setting."""
    if not SECONDS.fullmatch(words):
        raise Misconfigured(f"{name} must be a number of seconds like 10 or 0.5, not {words!r}")
    return float(words)


def whole(words: str, name: str, least: int, most: int) -> int:
    """A whole number from a setting."""
    if not (words.isascii() and words.isdigit() and least <= int(words) <= most):
        raise Misconfigured(f"{name} must be a whole number from {least} to {most}, not {words!r}")
    return int(words)


def variables_of(file: Path = Path(".env")) -> dict[str, str]:
    """What `.env` and the environment say; the environment wins."""
    from dotenv import dotenv_values

    return {**{name: value for name, value in dotenv_values(file).items() if value is not None}, **os.environ}


def read(variables: Mapping[str, str] | None = None, file: Path = Path(".env")) -> Environment:
    """The settings that `variables` name, or else `.env` and the environment."""
    found = variables_of(file) if variables is None else variables
    names = Environment.__dataclass_fields__
    return Environment(**{name: value for name in names if (value := found.get(name.upper())) is not None})


def company(env: Environment) -> Company:
    """The firm, with every setting checked."""
    languages = tuple(filter(None, (word.strip() for word in env.company_languages.split(","))))
    unknown = [word for word in languages if word not in LANGUAGES]
    if unknown or not languages:
        raise Misconfigured(f"COMPANY_LANGUAGES takes {', '.join(LANGUAGES)}; {', '.join(unknown) or 'nothing'} was given")
    try:
        ZoneInfo(env.company_zone)
        hours = parse_hours(env.working_hours, env.company_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        what = f"WORKING_HOURS: {error}" if isinstance(error, ValueError) and "hours" in str(error) else f"COMPANY_ZONE {env.company_zone!r} is not a time zone"
        raise Misconfigured(what) from error
    region = env.company_region or REGIONS.get(env.company_zone, "AM")
    desk_at = f"{env.public_url.rstrip('/')}/desk" if env.public_url else env.desk_at
    link = f"{env.telegram_link}{env.customer_bot_username}?start=" if env.customer_bot_username else ""
    return Company(
        env.company_name,
        languages,
        env.company_zone,
        env.company_currency,
        region,
        hours,
        link_key(env.folder),
        link,
        frozenset({"webchat"}),
        desk_at,
        media_quota=1_000_000 * whole(env.media_quota_mb, "MEDIA_QUOTA_MB", 0, 100_000_000),
        answer_within=MINUTE * whole(env.answer_minutes, "ANSWER_MINUTES", 0, 100_000),
        undo_ms=SECOND * whole(env.undo_seconds, "UNDO_SECONDS", 0, 60),
        step_up_over=whole(env.step_up_over, "STEP_UP_OVER", 0, 1_000_000_000),
        holidays=holidays(env),
    )


def holidays(env: Environment) -> str:
    """On which country's public holidays the firm is closed ("" = on none): the one that is set, else its own where that is sure."""
    said = env.company_holidays.strip()
    if not said:
        return env.company_region or REGIONS.get(env.company_zone, "")
    if said.lower() != "none" and not re.fullmatch("[A-Z]{2}", said):
        raise Misconfigured(f"COMPANY_HOLIDAYS takes a country such as AM, or none; {said!r} was given")
    return "" if said.lower() == "none" else said


def link_key(folder: Path) -> bytes:
    """The key behind links and file addresses: 32 random bytes kept beside the database, readable by the owner alone."""
    path = folder / "link.key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = folder / f"link.key.{secrets.token_hex(4)}"  # whole or not at all, also when the plug is pulled here or two nodes begin at once
        handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(handle)
        with contextlib.suppress(FileExistsError):
            os.link(made, path)
        made.unlink()
    return path.read_bytes()
