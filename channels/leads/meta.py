"""Leads of Facebook's and Instagram's own forms: the webhook names a lead, which is fetched before it is acknowledged, so that what is kept is whole.

What could not be fetched is answered 503 and Meta names it again for 36 hours; besides, the page's forms are listed every few minutes, and what is
missing is kept under the same key.
"""

import asyncio
import logging
import random
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from aiohttp import web

from channels.base import Firm, Keep, Offsets
from channels.callback import moment
from channels.graph import Graph, GraphOptions
from channels.http import kept, read_json
from channels.leadfields import Naming
from channels.leads.imported import Imported, check_naming
from channels.leads.leadgen import form_of, forms_of, is_dummy, lead_at, leads_since, named_in, number
from channels.leads.posted import written
from channels.messenger.watch import Pace, Post, Watch
from channels.meta import SIGNATURE, challenged, parked, signed
from channels.payload import Json, read, text
from crm.base.errors import Busy, Misconfigured
from crm.base.events import Event, RawEvent, Unknown
from crm.base.outbound import Health, Reason, RetryLater, Uncertain, Undeliverable
from crm.base.webhooks import LOOPBACK

log = logging.getLogger(__name__)
_FAILED = (RetryLater, Uncertain, Undeliverable, TimeoutError)
_REMEMBERED, _AT_ONCE = 5_000, 4
DAY = 86_400


@dataclass(frozen=True, slots=True)
class MetaLeadsOptions:
    """The forms of one page: its number, a `token` of it that may read leads, and all `app_secrets` that are believed, the newest first.

    `app` = an app that is there for leads alone: then the webhook is set by itself; left out, it is set by hand (`verify_token` is a word for that
    beside ours) or there is none, and leads come by the list alone. `forms` = only these (() = all of the page). `first_days` is how far back the
    first list goes, `overlap_seconds` every later one. `fields`, `offers` and `offers_text` as for every form. Sizes are bytes.
    """

    account: str
    page: str
    token: str = field(repr=False)
    app_secrets: tuple[str, ...] = field(repr=False)
    app: str = ""
    verify_token: str = field(default="", repr=False)
    title: str = "Meta lead form"
    forms: tuple[str, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)
    offers: str = ""
    offers_text: str = ""
    proof: bool = False
    look_seconds: float = 300.0
    first_wait: float = 1.0
    first_days: float = 1.0
    overlap_seconds: float = 3600.0
    watch_seconds: float = 3600.0
    fetch_seconds: float = 8.0
    connect_seconds: float = 5.0
    list_seconds: float = 30.0
    api_base: str = "https://graph.facebook.com"
    api_version: str = "v25.0"
    size: int = 1024 * 1024
    patience: float = 10.0
    again: int = 30


class MetaLeads(Imported):
    """A door for Meta, and a look at what may not have come through it; `trouble` says in words why leads cannot be read ("" = they can)."""

    off_in = frozenset({"RU"})

    def __init__(self, options: MetaLeadsOptions, firm: Firm) -> None:
        super().__init__(options.account, options.title, firm)
        self._options, self._naming = options, Naming(options.fields, options.offers, options.offers_text)
        check_naming(options.account, self._naming)
        _check(options)
        self._graph = Graph(_way(options, options.token), {})
        self._app = Graph(_way(options, f"{options.app}|{options.app_secrets[0]}"), {})
        self.words = tuple(filter(None, (options.verify_token, *(made[:40] for made in firm.derived("webhook token", options.account)))))
        self._watch = Watch(options.account, self._graph, self._app, _post(options, firm, self.words[0]), Pace(options.watch_seconds, options.first_wait))
        self._known: OrderedDict[str, None] = OrderedDict()
        self._failures, self.trouble = 0, ""

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Open the secret paths: GET for Meta's handshake, POST for what happened."""

        async def greet(request: web.Request) -> web.Response:
            return challenged(request, self.words)

        return [*super().routes(keep), *(web.get(path, greet, allow_head=False) for path in self.firm.paths(self.account))]

    async def take(self, request: web.Request, keep: Keep) -> web.Response:
        body = await read_json(request, limit=self._options.size, seconds=self._options.patience)
        if not signed(body, request.headers.get(SIGNATURE, ""), self._options.app_secrets):
            self.counts["refused"] += 1
            raise web.HTTPUnauthorized
        try:
            named = named_in(read(body))
        except ValueError:
            await kept(keep, [parked(self.account, body, self.firm.clock())])
            return web.Response()
        wanted = [one.lead for one in named if one.page == self._options.page]
        self.counts["of other pages"] += len(named) - len(wanted)  # as the dashboard's test button names one that nobody has
        new = [lead for lead in wanted if lead not in self._known]
        found = await self._fetched(new)
        if found:
            await kept(keep, [self._raw(lead) for lead in found], again=self._options.again)
            self._remember(found, "kept")
        if len(found) < len(new):
            self.counts["not fetched"] += len(new) - len(found)
            raise web.HTTPServiceUnavailable(headers={"Retry-After": str(self._options.again)})
        return web.Response()

    async def listen(self, offsets: Offsets) -> None:
        """List what is new every few minutes, and have the app's webhook set where it is there for leads alone, until cancelled."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._look_on(offsets))
            if self._options.app:
                both.create_task(self._watch.run())

    async def look(self, offsets: Offsets) -> float:
        """List once what came since the newest that is known, and keep what is missing; answers the seconds until the next time."""
        try:
            await self._list(offsets)
        except (*_FAILED, Busy) as error:
            self._failures += 1
            asked = error.after if isinstance(error, RetryLater) and error.answered else 0.0
            if not isinstance(error, Busy):
                self._say(_words(error))
            longest = min(self._options.first_wait * 2.0 ** min(self._failures - 1, 20), self._options.look_seconds)
            return max(longest * random.uniform(0.5, 1.0), asked)
        self._failures = 0
        self._say("")
        return self._options.look_seconds

    def read(self, told: Mapping[str, object], raw: RawEvent) -> Event:
        """One lead; what Meta's testing tool makes up is counted and is nobody."""
        if is_dummy(told):
            return Unknown("test lead", at=raw.received_at)
        when = min(moment(told.get("created_time"), self.firm.zone) or raw.received_at, raw.received_at)
        return form_of(told, self._naming, raw.key, when) or Unknown("empty form", at=raw.received_at)

    async def health(self) -> Health:
        """What was last seen, without asking."""
        facts = {"page": self._options.page, **{name: str(count) for name, count in self.counts.items()}}
        trouble = self.trouble or self._watch.trouble
        return Health(not trouble, trouble or "leads are brought here and listed", facts)

    async def close(self) -> None:
        """Close the connections."""
        await self._graph.close()
        await self._app.close()

    async def _look_on(self, offsets: Offsets) -> None:
        while True:
            await asyncio.sleep(await self.look(offsets))

    async def _list(self, offsets: Offsets) -> None:
        options, name = self._options, f"{self.account}:leads"
        now = self.firm.clock() // 1000
        newest = await offsets.get(name) or now - round(options.first_days * DAY)
        since = newest - round(options.overlap_seconds)
        for form in options.forms or await forms_of(self._graph, options.page):
            async for listed in leads_since(self._graph, form, since):
                whole = [lead for lead in listed if number(lead, "id")]
                newest = max([newest, *(min(_seconds(lead, self.firm.zone), now) for lead in whole)])
                missing = [lead for lead in whole if number(lead, "id") not in self._known]
                if missing:  # the place moves at the end: what was listed before a failure is listed again
                    await offsets.keep(name, since + round(options.overlap_seconds), [self._raw(lead) for lead in missing])
                    self._remember(missing, "listed")
        await offsets.keep(name, newest, [])

    async def _fetched(self, leads: Sequence[str]) -> list[Json]:
        """The leads that could be fetched before Meta would lose patience."""
        turns, found = asyncio.Semaphore(_AT_ONCE), []

        async def fetch(lead: str) -> None:
            async with turns:
                told = await lead_at(self._graph, lead)
            if number(told, "id") == lead:
                found.append(told)

        results: list[BaseException | None] = []
        try:
            async with asyncio.timeout(self._options.fetch_seconds):
                results = await asyncio.gather(*(fetch(lead) for lead in leads), return_exceptions=True)
        except TimeoutError as late:
            results = [late]
        for failure in results:
            if isinstance(failure, _FAILED):
                self._say(_words(failure))
            elif failure is not None:
                raise failure
        if leads and len(found) == len(leads):
            self._say("")
        return found

    def _raw(self, lead: Json) -> RawEvent:
        name = number(lead, "id")  # the list may say more or less of it than the door, by what the token may see: it is the same lead
        return replace(self.kept_as(name, written(lead), self.firm.clock()), same=name.encode())

    def _remember(self, leads: Sequence[Json], how: str) -> None:
        """What is kept need not be fetched again: a batch that came in part goes on where it stopped."""
        self.counts[how] += len(leads)
        for lead in leads:
            self._known[number(lead, "id")] = None
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.log(logging.WARNING if trouble else logging.INFO, "%s: %s", self.account, trouble or "well again")
        self.trouble = trouble


def _seconds(lead: Json, zone: str) -> int:
    return moment(text(lead, "created_time"), zone) // 1000


def _words(error: BaseException) -> str:
    if isinstance(error, Undeliverable):
        account = error.reason is Reason.ACCOUNT_PROBLEM
        return f"Meta does not let this token read leads: {error.detail}" if account else f"Meta refuses: {error.detail}"
    return "Meta asks to wait" if isinstance(error, RetryLater) and error.answered else "Meta cannot be reached"


def _way(options: MetaLeadsOptions, token: str) -> GraphOptions:
    return GraphOptions(
        token,
        base=options.api_base.rstrip("/"),
        version=options.api_version,
        secret=options.app_secrets[0] if options.proof and token == options.token else "",
        connect_seconds=options.connect_seconds,
        send_seconds=options.list_seconds,
    )


def _post(options: MetaLeadsOptions, firm: Firm, word: str) -> Post:
    """Where Meta is told to come; nowhere without https, but for a pretended one on this machine."""
    there, we = urlsplit(options.api_base), urlsplit(firm.public_url)
    reachable = we.scheme == "https" or (we.scheme == "http" and {there.hostname, we.hostname} <= LOOPBACK)
    url = firm.public_url.rstrip("/") + firm.paths(options.account)[0] if options.app and reachable else ""
    return Post(options.app, "page", url, word, frozenset({"leadgen"}), frozenset({"leadgen"}))


def _check(options: MetaLeadsOptions) -> None:
    for what, given in (("page", options.page), ("app", options.app or "0"), *(("forms", form) for form in options.forms)):
        if not given.isascii() or not given.isdigit():
            raise Misconfigured(f"{what} of {options.account} is a number of Meta's: digits")
    if not options.token or not options.app_secrets or not all(options.app_secrets):
        raise Misconfigured(f"{options.account} needs the page's token and the app's secrets")
    parts = urlsplit(options.api_base)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise Misconfigured(f"api_base of {options.account} must begin with https://")
