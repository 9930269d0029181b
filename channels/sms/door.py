"""The door of a gateway: receipts and messages by GET or POST at secret paths; each record is kept before it is answered."""

import hashlib
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import parse_qsl

from aiohttp import web

from channels.base import Keep
from channels.callback import any_equal, basic, signed
from channels.http import kept, read_body, storable, strict_json
from channels.sms.options import SmsOptions
from channels.sms.shape import at, records, scalar
from crm.base.errors import Invalid
from crm.base.events import RawEvent
from crm.base.webhooks import media_type

RECEIPT, MESSAGE = "receipt", "message"
_BODY, _MOST_FIELDS, _MOST_RECORDS = 256 * 1024, 100, 500
MINUTE = 60_000
Address = Callable[[str], str]
"""A number as the gateway writes it -> the address ("" = nobody can be reached there)."""


class Door:
    """Where the operator brings what happened; `counts` says how often it let in and turned away."""

    def __init__(self, options: SmsOptions, paths: Sequence[str], address: Address, clock: Callable[[], int]) -> None:
        self._options, self._paths, self._address, self._clock = options, paths, address, clock
        self.counts: Counter[str] = Counter()

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Open each path for receipts and for messages, GET and POST."""
        wanted = [what for what, named in ((RECEIPT, self._options.receipt), (MESSAGE, self._options.inbound)) if named]
        places = [(f"{path}/{what}", self._taking(what, keep)) for path in self._paths for what in wanted]
        return [route for place, take in places for route in (web.get(place, take, allow_head=False), web.post(place, take))]

    def _taking(self, what: str, keep: Keep) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def take(request: web.Request) -> web.StreamResponse:
            return await self._take(request, what, keep)

        return take

    async def _take(self, request: web.Request, what: str, keep: Keep) -> web.Response:
        query = request.raw_path.partition("?")[2]
        body = await read_body(request, limit=_BODY, seconds=self._options.patience) if request.method == "POST" else b""
        if not self._believed(request, body or query.encode("utf-8", "surrogateescape")):
            self.counts["refused"] += 1
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Basic"} if self._options.callback_user else None)
        try:
            found = records(self._options.each, told(request, body, query))[:_MOST_RECORDS]
        except Invalid:
            self.counts["unreadable"] += 1
            raise web.HTTPBadRequest from None
        events = [event for record in found if (event := self._raw(what, record))]
        if events:
            await kept(keep, events, again=self._options.again)
        self.counts[what] += len(events)
        return web.Response(text=self._options.callback_answer)

    def _believed(self, request: web.Request, body: bytes) -> bool:
        """Whether a callback proves itself as the options ask; the secret path alone is enough where they ask nothing."""
        options = self._options
        if options.callback_secrets:
            return signed(body, request.headers.get(options.callback_header, ""), options.callback_secrets)
        if options.callback_user:
            return any_equal(basic(request.headers.get("Authorization", "")), [f"{options.callback_user}:{one}" for one in options.callback_passwords])
        return True

    def _raw(self, what: str, record: Mapping[str, object]) -> RawEvent | None:
        """One record, with its key by the gateway's id, or by its words and the minute where it gives none; None for one that says nothing."""
        named, now, account = self._options.receipt if what == RECEIPT else self._options.inbound, self._clock(), self._options.account
        values = {name: storable(scalar(at(place, record))) for name, place in named.items()}
        number = values.get("id", "") or values.get("ref", "")
        if not (number if what == RECEIPT else values.get("number")):
            return None  # somebody looks whether we are there
        words = json.dumps(values, sort_keys=True, ensure_ascii=False)
        once = "" if values.get("at") else str(now // MINUTE)
        marked = f"{number}:{values.get('state', '')}" if number else f"{words}:{once}"
        lane = f"{account}:{self._address(values.get('number', '')) or what}"
        body = json.dumps({"v": 1, "what": what, "fields": values}, ensure_ascii=False).encode()
        same = marked if what == RECEIPT else words
        return RawEvent(account, f"{what}:{hashlib.sha256(marked.encode()).hexdigest()[:40]}", lane, body, now, same=same.encode())


def told(request: web.Request, body: bytes, query: str) -> object:
    """What a callback says, whichever way it says it; raises Invalid for JSON that is none."""
    pairs = _pairs(query)
    if request.method != "POST":
        return pairs
    if media_type(request.headers) == "application/json" or body[:1] in (b"{", b"["):
        inside = strict_json(body if body[:1] == b"{" else b'{"": ' + body + b"}")
        return inside[""] if set(inside) == {""} else {**pairs, **inside}
    return {**pairs, **_pairs(body.decode("utf-8", "replace"))}


def _pairs(text: str) -> dict[str, object]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise Invalid("too many fields") from None
