"""What every source of leads has in common: leads come in, and nothing can be said there."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aiohttp import web

from channels.base import Firm, Keep
from channels.http import read_json
from channels.leadfields import FIELDS, Naming
from channels.mute import A_FORM, Mute
from channels.payload import read
from crm.base.errors import Misconfigured
from crm.base.events import Event, RawEvent, Unknown
from crm.base.outbound import Health

SHORTEST = 16
LEAD = "lead:"
_NAME = re.compile(r"[A-Za-z0-9._:@=+/-]{1,160}", re.ASCII)
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormOptions:
    """What forms of every maker are read by: `fields` lead from the maker's names to ours, `offers` is the question or box about offers and
    `offers_text` its words where it has no others. Sizes are bytes, times seconds."""

    fields: dict[str, str] = field(default_factory=dict)
    offers: str = ""
    offers_text: str = ""
    size: int = 256 * 1024
    patience: float = 10.0
    again: int = 5

    @property
    def naming(self) -> Naming:
        """How the answers are named."""
        return Naming(self.fields, self.offers, self.offers_text)


class Imported(Mute):
    """A source of leads."""

    unanswered = A_FORM
    fileless = "a form carries no files"

    def __init__(self, account: str, title: str, firm: Firm) -> None:
        super().__init__(account, title)
        self.firm = firm

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Open the secret paths, for POST alone."""

        async def take(request: web.Request) -> web.Response:
            return await self.take(request, keep)

        return [web.post(path, take) for path in self.firm.paths(self._account)]

    async def object_in(self, request: web.Request, options: FormOptions) -> dict[str, object]:
        """The JSON object that was brought; what is none is counted and refused."""
        body = await read_json(request, limit=options.size, seconds=options.patience)
        try:
            return dict(read(body))
        except ValueError:
            self.counts["unreadable"] += 1
            raise web.HTTPBadRequest from None

    async def take(self, request: web.Request, keep: Keep) -> web.Response:
        """One request: proven, split, kept, answered."""
        raise NotImplementedError

    def read(self, told: Mapping[str, object], raw: RawEvent) -> Event:
        """What one kept object says; whatever is of another shape may raise as a missing key does."""
        raise NotImplementedError

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        """Read one lead: pure and total."""
        try:
            told = json.loads(raw.body)
            return [self.read(told, raw)] if isinstance(told, dict) else [Unknown("unreadable", at=raw.received_at)]
        except _UNREADABLE:
            return [Unknown("unreadable", at=raw.received_at)]

    async def health(self) -> Health:
        """Tell how many leads came and how many callers were turned away."""
        return Health(True, "waits for leads", {name: str(count) for name, count in self.counts.items()})

    async def close(self) -> None:
        """Nothing is held open."""

    def kept_as(self, name: str, body: bytes, now: int, who: str = "") -> RawEvent:
        """A lead as it is kept: once under its name, and the first words stand; in a lane of its own, or in that of a person (`who`) the maker knows."""
        key = LEAD + (name if _NAME.fullmatch(name) else digest(name.encode("utf-8", "surrogatepass")))
        return RawEvent(self._account, key, f"{self._account}:{who or key}", body, now)


def digest(body: bytes) -> str:
    """A name made of what has none."""
    return hashlib.sha256(body).hexdigest()[:40]


def check_naming(account: str, naming: Naming) -> None:
    """Raise Misconfigured for fields that lead to nothing we know."""
    wrong = sorted(set(naming.fields.values()) - FIELDS)
    if wrong:
        raise Misconfigured(f"{account}: fields lead to {', '.join(sorted(FIELDS))}; not to {', '.join(wrong)}")


def check_secrets(account: str, name: str, secrets: Sequence[str], shortest: int = SHORTEST) -> None:
    """Raise Misconfigured for secrets that anybody could guess."""
    if not secrets or any(len(secret) < shortest for secret in secrets):
        raise Misconfigured(f"{account} needs {name} of at least {shortest} characters")
