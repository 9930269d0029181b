"""What the doctor holds the machine's clock against: files, the newest event, the database's server, Telegram."""

import base64
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import unquote, urlsplit

from console.finding import Finding, fault, fine, warning

DAY = 86_400
WRITTEN_IN = 2025
SKEW, SKEW_MOST = 5.0, 60.0
SET_CLOCK = "set the clock, such as with `timedatectl set-ntp true`"
TELEGRAM = "https://api.telegram.org"


def clock(files: Sequence[Path], now: float | None = None) -> Finding:
    """The clock, held against when files were last written; `now` in seconds since 1970 UTC."""
    now = time.time() if now is None else now
    newest = max((path.stat().st_mtime for path in files if path.exists()), default=0.0)
    told = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M} UTC"
    if datetime.fromtimestamp(now, UTC).year < WRITTEN_IN or newest > now + DAY:
        return fault("clock", f"the machine says {told}, which is past", SET_CLOCK)
    return fine("clock", told)


def noted(newest: float, now: float) -> Finding:
    """The clock, held against the newest event in the database; both in seconds since 1970 UTC."""
    if newest > now + SKEW_MOST:
        return fault("clock", f"the newest event is {span(newest - now)} ahead of the machine's clock: it was set back, and what is due waits", SET_CLOCK)
    return fine("clock", "no event is ahead of the machine's clock")


def skew(theirs: float, ours: float, whose: str) -> Finding:
    """The machine's clock held against another; seconds since 1970 UTC."""
    apart = ours - theirs
    words = f"the machine is {span(abs(apart))} {'ahead of' if apart > 0 else 'behind'} {whose}"
    if abs(apart) <= SKEW:
        return fine("clock", f"goes with {whose}")
    if abs(apart) <= SKEW_MOST:
        return warning("clock", words, SET_CLOCK)
    return fault("clock", f"{words}, so follow-ups leave at the wrong time", SET_CLOCK)


def span(seconds: float) -> str:
    """A span of time in the largest unit that says enough."""
    for unit, name in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"


def told_by(server: str, proxy: str = "", *, seconds: float = 5.0) -> tuple[float, float] | None:
    """What time a server says it is, and what it was here then; None where it says nothing, or the way leads through SOCKS."""
    if proxy and not proxy.startswith("http://"):
        return None
    there, way = urlsplit(server or TELEGRAM), urlsplit(proxy or server or TELEGRAM)
    try:
        secure = there.scheme == "https"
        kind = HTTPSConnection if secure else HTTPConnection
        line = kind(way.hostname or "", way.port or (443 if secure and not proxy else 80), timeout=seconds)
        if proxy and secure:
            line.set_tunnel(there.hostname or "", there.port or 443, _introduced(way.username, way.password))
        began = time.time()
        path = "/" if secure or not proxy else f"{server}/"
        line.request("HEAD", path, headers={} if secure else _introduced(way.username, way.password))
        said = line.getresponse().headers.get("Date", "")
        line.close()
        return parsedate_to_datetime(said).timestamp() + 0.5, (began + time.time()) / 2
    except (OSError, HTTPException, ValueError):
        return None


def _introduced(name: str | None, password: str | None) -> dict[str, str]:
    pair = f"{unquote(name or '')}:{unquote(password or '')}".encode()
    return {"Proxy-Authorization": "Basic " + base64.b64encode(pair).decode()} if name else {}
