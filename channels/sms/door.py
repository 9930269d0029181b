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
Pairs = Sequence[tuple[str, str]]
Proof = Callable[[web.Request, bytes, Pairs], bool]
"""Whether a callback comes from whom it should, by its head, its body (of a GET: its query) and the fields of a form in it."""
CORE = {RECEIPT: ("id", "ref", "state"), MESSAGE: ("id", "number", "text")}
"""What a callback that comes again says again."""

_JSON = json.JSONEncoder(ensure_ascii=False).encode


class Door:
    """Where the operator brings what happened; `counts` says how often it let in and turned away."""

    def __init__(self, options: SmsOptions, paths: Sequence[str], address: Address, clock: Callable[[], int], proof: Proof | None = None) -> None:
        self._options, self._paths, self._address, self._clock, self._proof = options, paths, address, clock, proof or self._proven
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
        query, posted = request.raw_path.partition("?")[2], request.method == "POST"
        body = await read_body(request, limit=_BODY, seconds=self._options.patience) if posted else b""
        asked = media_type(request.headers) == "application/json" or body[:1] in (b"{", b"[")
        try:
            pairs = () if asked or not posted else _pairs(body.decode("utf-8", "replace"))
            if not self._proof(request, body or query.encode("utf-8", "surrogateescape"), pairs):
                self.counts["refused"] += 1
                raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Basic"} if self._options.callback_user else None)
            found = records(self._options.each, told(body if asked else b"", pairs, query))[:_MOST_RECORDS]
        except Invalid:
            self.counts["unreadable"] += 1
            raise web.HTTPBadRequest from None
        events = [event for record in found if (event := self.raw(what, record, self._clock()))]
        if events:
            await kept(keep, events, again=self._options.again)
        self.counts[what] += len(events)
        return web.Response(text=self._options.callback_answer, content_type=self._options.callback_type)

    def _proven(self, request: web.Request, body: bytes, _: Pairs) -> bool:
        """Whether a callback proves itself as the options ask; the secret path alone is enough where they ask nothing."""
        options = self._options
        if options.callback_secrets:
            return signed(body, request.headers.get(options.callback_header, ""), options.callback_secrets)
        if options.callback_user:
            return any_equal(basic(request.headers.get("Authorization", "")), [f"{options.callback_user}:{one}" for one in options.callback_passwords])
        return True

    def raw(self, what: str, record: Mapping[str, object], now: int) -> RawEvent | None:
        """One record, with its key by the gateway's id, or by its words and the minute where it gives none; None for one that says nothing."""
        named, account = self._options.receipt if what == RECEIPT else self._options.inbound, self._options.account
        found = ((name, at(place, record) if "." in place else record.get(place)) for name, place in named.items())
        values = {name: storable(scalar(value)) for name, value in found if value is not None and value != ""}
        number, state = values.get("id", "") or values.get("ref", ""), values.get("state", "")
        if not (number if what == RECEIPT else values.get("number")) or (what == RECEIPT and state in self._options.quiet):
            return None  # somebody looks whether we are there, or it says nothing
        core = {name: values.pop(name, "") for name in CORE[what] if name in named}
        same, fields = _JSON(core)[1:-1], _JSON(core | values)
        marked = f"{number}:{state}" if number else f"{same}:{sorted(values.items())}:{'' if values.get('at') else now // MINUTE}"
        lane = f"{account}:{self._address(values.get('number', '') or core.get('number', '')) or what}"
        key = f"{what}:{hashlib.sha256(marked.encode()).hexdigest()[:40]}"
        return RawEvent(account, key, lane, f'{{"v": 1, "what": "{what}", "fields": {fields}}}'.encode(), now, same=same.encode())


def told(words: bytes, pairs: Pairs, query: str) -> object:
    """What a callback says, in JSON, in a form, in its query; raises Invalid for JSON that is none."""
    asked = dict(_pairs(query)) if query else {}
    if not words:
        return {**asked, **dict(pairs)}
    inside = strict_json(words if words[:1] == b"{" else b'{"": ' + words + b"}")
    return inside[""] if set(inside) == {""} else {**asked, **inside}


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Invalid("too many fields") from None
