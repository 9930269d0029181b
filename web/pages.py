"""Pages a visitor sees: the sample shop, the form alone, the thanks after it, and the widget's script."""

import gzip
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from crm.base.i18n import LANGUAGES, NATIVE, Translator, translator
from crm.base.text import clean

_HERE = Path(__file__).resolve().parent
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_MARKS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "referrer", "page", "payload")
_TYPED = ("name", "phone", "email", "text", "offers")
_RATES = {"AMD": 390.0, "GEL": 2.7, "ETB": 130.0, "RUB": 90.0}


@dataclass(frozen=True, slots=True)
class PageOptions:
    """Settings of the public pages; `languages` are offered in this order, the first is the default; `frame_ancestors` may embed them."""

    company: str
    languages: tuple[str, ...] = LANGUAGES
    currency: str = "AMD"
    frame_ancestors: str = "'self'"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file of ours, read once and served from memory."""

    body: bytes
    packed: bytes
    kind: str
    tag: str


class Pages:
    """The public pages of one firm."""

    def __init__(self, options: PageOptions) -> None:
        self._options = options
        self._files = {path.name: _load(path) for path in (_HERE / "static").iterdir() if path.suffix in _TYPES}
        loader = FileSystemLoader(_HERE / "templates")
        self._templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)

    def routes(self) -> Sequence[web.RouteDef]:
        """List the addresses."""
        return [
            web.get("/", self._shop),
            web.get("/form", self._form),
            web.get("/widget.js", self._widget),
            web.get("/static/{name}", self._static),
        ]

    def form_answer(self, state: str, status: int, fields: Mapping[str, str]) -> web.Response:
        """Render what a visitor sees after sending the form (`thanks`, `empty`, `slow`, `later`), with what they typed still in it."""
        language = self._known(fields.get("language", ""))
        if state == "thanks":
            return self._page("thanks.html", language, {}, status=status)
        tr = translator(language)
        problems = {
            "empty": tr("Please leave a phone number, an e-mail or a few words, so that we can answer you."),
            "slow": tr("That was a lot at once. Please wait a few minutes and press Send again."),
            "later": tr("We could not take it just now. Please press Send again in a minute."),
        }
        return self._page("form.html", language, {"links": []} | self._fields(language, fields, problems[state]), status=status)

    async def _shop(self, request: web.Request) -> web.Response:
        language = self._language(request)
        goods = [(name, *words, self._price(price, language)) for name, words, price in _goods(translator(language))]
        return self._page("shop.html", language, {"goods": goods, "links": self._links(request)} | self._fields(language, _arrived(request), ""))

    async def _form(self, request: web.Request) -> web.Response:
        language = self._language(request)
        return self._page("form.html", language, {"links": self._links(request)} | self._fields(language, _arrived(request), ""))

    async def _widget(self, request: web.Request) -> web.Response:
        return _serve(request, self._files["widget.js"])

    async def _static(self, request: web.Request) -> web.Response:
        file = self._files.get(request.match_info["name"])
        if file is None:
            raise web.HTTPNotFound
        return _serve(request, file)

    def _page(self, template: str, language: str, values: Mapping[str, object], *, status: int = 200) -> web.Response:
        text = self._templates.get_template(template).render(tr=translator(language), language=language, company=self._options.company, **values)
        return web.Response(text=text, status=status, content_type="text/html", charset="utf-8", headers=self._headers())

    def _headers(self) -> dict[str, str]:
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; img-src 'self' blob: data:; "
            f"form-action 'self'; base-uri 'none'; frame-ancestors {self._options.frame_ancestors}"
        )
        return {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "strict-origin-when-cross-origin",
            "Cache-Control": "no-store",
        }

    def _fields(self, language: str, known: Mapping[str, str], problem: str) -> dict[str, object]:
        tr = translator(language)
        offers = tr("I would like to hear about offers and news.")
        hidden = {mark: known[mark] for mark in _MARKS if known.get(mark)}
        hidden |= {"language": language, "offers_text": offers, "submission": known.get("submission") or secrets.token_urlsafe(16)}
        return {"values": {name: known.get(name, "") for name in _TYPED}, "hidden": hidden, "offers_text": offers, "problem": problem}

    def _language(self, request: web.Request) -> str:
        return self._known(request.query.get("lang", "")) if "lang" in request.query else self._known(*_accepted(request))

    def _known(self, *wanted: str) -> str:
        """Choose the first wanted language that is offered, else the firm's own."""
        offered = (code.replace("_", "-").split("-")[0].lower() for code in wanted)
        return next((code for code in offered if code in self._options.languages), self._options.languages[0])

    def _links(self, request: web.Request) -> list[tuple[str, str, str]]:
        marks = {name: value for name, value in request.query.items() if name in _MARKS}
        return [(code, NATIVE[code], f"{request.path}?{urlencode({**marks, 'lang': code})}") for code in self._options.languages]

    def _price(self, base: int, language: str) -> str:
        from babel.numbers import format_currency

        amount = base * _RATES.get(self._options.currency, 1.0)
        step = 100 if amount >= 1000 else 1
        return format_currency(round(amount / step) * step, self._options.currency, locale=language, currency_digits=False, format="#,##0 ¤")


def _goods(tr: Translator) -> list[tuple[str, tuple[str, str], int]]:
    return [
        ("beans", (tr("Yirgacheffe, 1 kg"), tr("Jasmine and lemon; for filter and pot.")), 32),
        ("light", (tr("House blend, 1 kg"), tr("Chocolate and hazelnut; for every morning.")), 24),
        ("pot", (tr("Copper coffee pot"), tr("Hand-beaten, for two or four cups.")), 38),
        ("grinder", (tr("Hand grinder"), tr("Steel burrs, from fine to coarse.")), 55),
        ("filter", (tr("Pour-over set"), tr("Cone, jug and forty paper filters.")), 42),
        ("gift", (tr("Gift box"), tr("Three coffees and a card in your words.")), 46),
    ]


def _arrived(request: web.Request) -> dict[str, str]:
    """Where the visitor came from, to travel with the form."""
    marks = {name: request.query[name][:500] for name in _MARKS if name in request.query}
    came = request.headers.get("Referer", "")[:500]
    foreign = {"referrer": came} if came and f"//{request.host}/" not in came else {}
    known = {"page": f"{request.scheme}://{request.host}{request.path}", **foreign, **marks}
    return {mark: clean(value) for mark, value in known.items()}  # bytes that are no text come as half characters, which no page can hold


def _accepted(request: web.Request) -> list[str]:
    return [part.split(";")[0].strip() for part in request.headers.get("Accept-Language", "")[:200].split(",")]


def _load(path: Path) -> StaticFile:
    body = path.read_bytes()
    return StaticFile(body, gzip.compress(body, 9, mtime=0), _TYPES[path.suffix], f'"{hashlib.sha256(body).hexdigest()[:20]}"')


def _serve(request: web.Request, file: StaticFile) -> web.Response:
    """Serve from memory; any site may load these, and a browser asks again after five minutes."""
    headers = {
        "ETag": file.tag,
        "Cache-Control": "public, max-age=300",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Encoding",
    }
    if request.headers.get("If-None-Match") == file.tag:
        return web.Response(status=304, headers=headers)
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    if packed:
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=file.packed if packed else file.body, content_type=file.kind, charset="utf-8", headers=headers)
