"""The site form as a channel: HTML or JSON comes in, nothing can be answered there."""

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message as Part
from email.parser import BytesHeaderParser
from urllib.parse import parse_qsl

from aiohttp import web

from channels.base import Keep
from channels.http import Budget, client_address, cross_origin, origin_allowed, read_body, storable, strict_json, wall
from channels.mute import A_FORM, Mute
from crm.base.errors import Busy, Invalid
from crm.base.events import Event, LeadForm, RawEvent, Sender, Source, Unknown
from crm.base.outbound import Health
from crm.base.webhooks import media_type

Fields = Mapping[str, str]
Show = Callable[[str, int, Fields], web.Response]
"""Renders a page for the visitor: what to say (`thanks`, `empty`, `slow`, `later`), the HTTP status, and the fields as typed."""

SYNONYMS: Mapping[str, str] = {
    synonym: field
    for field, synonyms in {
        "name": "name full_name fullname your_name fio անուն სახელი ስም имя фио",
        "first_name": "first_name firstname",
        "last_name": "last_name lastname surname ազգանուն გვარი фамилия",
        "phone": "phone tel telephone mobile phone_number your_phone հեռախոս ტელეფონი ስልክ телефон",
        "email": "email e_mail mail your_email էլ_փոստ ელფოსტა ኢሜይል почта",
        "text": "text message comment comments question your_message need հաղորդագրություն შეტყობინება መልእክት сообщение комментарий вопрос",
        "language": "language lang",
        "offers": "offers newsletter marketing",
    }.items()
    for synonym in synonyms.split()
}
MARKS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "referrer", "page", "payload")
_OURS = frozenset({*SYNONYMS.values(), *MARKS, "submission", "offers_text"})
_SUBMISSION = re.compile(r"[A-Za-z0-9_-]{16,64}")
_YES = frozenset({"1", "on", "true", "yes"})
_BODY, _MOST_FIELDS = 65_536, 60


@dataclass(frozen=True, slots=True)
class FormOptions:
    """Settings of the form's door: `origins` are the sites that may post JSON (`https://shop.example`), `honeypot` the field no person sees."""

    origins: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    honeypot: str = "homepage"
    posts: int = 10
    posts_seconds: float = 600.0


class Form(Mute):
    """Forms on any page of the firm; `show` renders what the visitor sees next."""

    unanswered = A_FORM
    fileless = "a form carries no files"

    def __init__(self, options: FormOptions, show: Show, clock: Callable[[], int] = wall) -> None:
        super().__init__("form", "Site form")
        self._options, self._show, self._clock = options, show, clock
        self._budget = Budget(options.posts, options.posts_seconds)

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Open POST /in/form."""

        async def post(request: web.Request) -> web.Response:
            return await self._post(request, keep)

        return [web.post("/in/form", post), web.options("/in/form", self._preflight)]

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        """Read one submission: pure and total."""
        try:
            body = json.loads(raw.body)
            fields = {str(name): storable(str(value)) for name, value in body["fields"].items()}
            return [_lead(str(body["id"]), int(body["at"]), fields)]
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            return [Unknown("unreadable", at=raw.received_at)]

    async def health(self) -> Health:
        """Tell how many were kept and how many were caught by the trap."""
        return Health(ok=True, words="open to visitors", facts={name: str(count) for name, count in self.counts.items()})

    async def _preflight(self, request: web.Request) -> web.Response:
        if not origin_allowed(request, self._options.origins):
            raise web.HTTPForbidden
        return web.Response(status=204, headers=cross_origin(request, self._options.origins))

    async def _post(self, request: web.Request, keep: Keep) -> web.Response:
        as_json = media_type(request.headers) == "application/json"
        if as_json and request.headers.get("Origin") and not origin_allowed(request, self._options.origins):
            raise web.HTTPForbidden(text="this page may not talk to us")
        answer = self._tell if as_json else self._show
        state, status, fields, extra = await self._judged(request, keep)
        shown = answer(state, status, fields)
        shown.headers.update(cross_origin(request, self._options.origins) if as_json else {})
        shown.headers.update(extra)
        return shown

    def _tell(self, state: str, status: int, fields: Fields) -> web.Response:
        return web.json_response({"ok": status == 200, "state": state}, status=status)

    async def _judged(self, request: web.Request, keep: Keep) -> tuple[str, int, Fields, dict[str, str]]:
        """Decide what becomes of a submission: what to say, the status, the fields as typed, more headers."""
        try:
            fields = read_fields(await read_body(request, limit=_BODY), request)
        except Invalid:
            return "empty", 400, {}, {}
        fields.setdefault("language", request.headers.get("Accept-Language", "").split(",")[0].strip()[:12])
        now, quiet = self._clock(), self._caught(fields)
        if quiet:
            self.counts[quiet] += 1
            return "thanks", 200, fields, {}
        if not any(fields.get(name, "").strip() for name in ("phone", "email", "text")):
            return "empty", 400, fields, {}
        if wait := self._budget.take(client_address(request, self._options.proxies), now):
            return "slow", 429, fields, {"Retry-After": str(math.ceil(wait))}
        try:
            await keep([_raw(self.account, fields, now)])
        except Busy:
            return "later", 503, fields, {"Retry-After": "5"}
        self.counts["kept"] += 1
        return "thanks", 200, fields, {}

    def _caught(self, fields: Fields) -> str:
        """Name what is no submission: a filled trap, or the probe a site builder sends when it is connected."""
        if fields.get(self._options.honeypot, "").strip():
            return "trapped"
        probe = fields.get("test") == "test" and not any(fields.get(name) for name in ("name", "phone", "email", "text"))
        return "probed" if probe else ""


def read_fields(body: bytes, request: web.Request) -> dict[str, str]:
    """Read the fields of any of the three encodings under our own names; raises Invalid, or 415 for another type."""
    pairs = _pairs(body, request)
    if len(pairs) > _MOST_FIELDS:
        raise Invalid("too many fields")
    fields: dict[str, str] = {}
    for name, value in pairs:
        plain = re.sub(r"[\s.-]+", "_", storable(name).strip().casefold())[:64]
        fields.setdefault(SYNONYMS.get(plain, plain), value)
    if "name" not in fields and (parts := [fields.pop(part, "") for part in ("first_name", "last_name")]):
        fields["name"] = " ".join(filter(None, parts))
    return fields


def _pairs(body: bytes, request: web.Request) -> list[tuple[str, str]]:
    if media_type(request.headers) == "application/json":
        return [(name, _scalar(value)) for name, value in strict_json(body, depth=2).items()]
    if media_type(request.headers) == "application/x-www-form-urlencoded":
        return _urlencoded(body)
    if media_type(request.headers) == "multipart/form-data":
        return read_parts(body, request.headers["Content-Type"])
    raise web.HTTPUnsupportedMediaType


def _scalar(value: object) -> str:
    if isinstance(value, list | dict):
        raise Invalid("a field is not plain")
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None else str(value)


def _urlencoded(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Invalid("too many fields") from None


_END = re.compile(rb"\r?\n\r?\n")
_HEAD, _FACTS = 2_048, 32
"""How many bytes and facts the head of a part may have, since the library is slow with them: browsers need two hundred bytes and two facts."""


def read_parts(body: bytes, content_type: str) -> list[tuple[str, str]]:
    """Cut at the boundary, once over: the library's own parser takes seconds for 64 KB of parts within parts."""
    form = Part()
    form["Content-Type"] = re.sub(r"[\r\n]", " ", content_type)
    try:
        boundary = b"\r\n--" + (form.get_boundary() or "").encode("utf-8", "surrogateescape")
        pieces = (b"\r\n" + body).split(boundary, _MOST_FIELDS + 2)[1:]
        if len(boundary) == 4 or len(pieces) > _MOST_FIELDS + 1:
            raise Invalid("not a form")
        named = [_part(piece.removeprefix(b"\r\n")) for piece in pieces if not piece.startswith(b"--")]
    except (ValueError, LookupError):
        raise Invalid("not a form") from None
    return [(name, value) for name, value in named if name]


def _part(piece: bytes) -> tuple[str, str]:
    end = _END.search(piece, 0, _HEAD)
    head = piece[: end.start() if end else _HEAD]
    if (end is None and len(piece) > _HEAD) or head.count(b";") > _FACTS:
        raise Invalid("the head of a part is too long")
    part = BytesHeaderParser().parsebytes(piece)
    name, payload = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
    if not isinstance(name, str) or part.get_filename() is not None or not isinstance(payload, bytes):
        return "", ""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"), payload.decode("utf-8", "replace")


def _raw(account: str, fields: Fields, now: int) -> RawEvent:
    """Write a submission down; its id is new for other words, the same for a double click, and says nothing about who it is."""
    submission = fields.get("submission", "")
    once = submission if _SUBMISSION.fullmatch(submission) else str(now // 60_000)
    told = sorted((name, value) for name, value in fields.items() if name != "submission")
    ours = "f" + hashlib.sha256(json.dumps(["dragoman form", once, told]).encode()).hexdigest()[:40]
    body = json.dumps({"v": 1, "id": ours, "at": now, "fields": dict(fields)}).encode()
    return RawEvent(account, ours, f"{account}:{ours}", body, now, same=ours.encode())


def _lead(ours: str, at: int, fields: Fields) -> LeadForm:
    offers = fields.get("offers", "").strip().casefold() in _YES
    return LeadForm(
        Sender(ours, name=_short(fields, "name"), language=_short(fields, "language")[:12]),
        ours,
        at,
        name=_short(fields, "name"),
        phone=_short(fields, "phone"),
        email=_short(fields, "email"),
        text=_words(fields),
        offers=offers,
        offers_text=fields.get("offers_text", "")[:1000] if offers else "",
        source=Source(**{mark: fields.get(mark, "")[:500] for mark in MARKS}),
    )


def _short(fields: Fields, name: str) -> str:
    return fields.get(name, "").strip()[:254]


def _words(fields: Fields) -> str:
    """What was written, and below it the fields only this firm's form has."""
    more = [f"{name}: {value.strip()}" for name, value in fields.items() if name not in _OURS and value.strip() and not name.startswith("_")]
    return "\n".join(filter(None, [fields.get("text", "").strip(), *more])).replace("\r\n", "\n")
