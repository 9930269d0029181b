"""Entry: what guards the staff inbox on HTTP: headers, cookies, the page's own origin, the token in its forms, bounded bodies."""

import asyncio
import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl, urlsplit

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from crm.base.errors import Busy
from crm.base.webhooks import media_type
from web.desk.options import DeskOptions

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ROOT = "/desk"
FIELDS = 20
# What the library raises for a form in parts that is none.
MALFORMED = (ValueError, AssertionError, RuntimeError, LookupError, HttpProcessingError)
NONCE_SECONDS = 900
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,128}\Z")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Under no-referrer a browser says `Origin: null` even for the page's own forms; nothing is told to other sites either way.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def guarded(inner: Handler) -> Handler:
    """Every answer, refusals too, carries the headers that keep the page alone; 503 while the store answers nobody."""

    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            answer = await inner(request)
        except web.HTTPException as refusal:
            refusal.headers.update(HEADERS)
            raise
        except Busy:
            raise web.HTTPServiceUnavailable(text="try again in a minute", headers=HEADERS | {"Retry-After": "5"}) from None
        if not answer.prepared:
            for name, value in HEADERS.items():
                answer.headers.setdefault(name, value)
        return answer

    return handler


class Cookies:
    """The two cookies: the session's key, and the nonce that binds a login page to its browser. No script reads them, no other site sends them."""

    def __init__(self, options: DeskOptions) -> None:
        self._options = options
        mark = "__Host-" if options.secure else ""
        self._session, self._nonce = f"{mark}desk", f"{mark}desk-login"

    def key(self, request: web.Request) -> str:
        """The key of the session ("" = nobody is logged in)."""
        return secret_in(request.cookies.get(self._session, ""))

    def nonce(self, request: web.Request) -> str:
        """The nonce of this browser ("" = it saw no login page)."""
        return secret_in(request.cookies.get(self._nonce, ""))

    def keep(self, answer: web.StreamResponse, key: str) -> None:
        """Let the browser hold a session's key."""
        self._set(answer, self._session, key, self._options.lasts // 1000)
        self._drop(answer, self._nonce)

    def keep_nonce(self, answer: web.StreamResponse, nonce: str) -> None:
        """Let the browser hold a nonce."""
        self._set(answer, self._nonce, nonce, NONCE_SECONDS)

    def forget(self, answer: web.StreamResponse) -> None:
        """Take the key away."""
        self._drop(answer, self._session)

    def _set(self, answer: web.StreamResponse, name: str, value: str, seconds: int) -> None:
        answer.set_cookie(name, value, max_age=seconds, path="/", httponly=True, secure=self._options.secure, samesite="Strict")

    def _drop(self, answer: web.StreamResponse, name: str) -> None:
        answer.del_cookie(name, path="/", httponly=True, secure=self._options.secure, samesite="Strict")


def secret_in(word: str) -> str:
    """A word from outside if it has the shape of a secret of ours, else ""."""
    return word if _SECRET.match(word) else ""


def new_key() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def token_of(key: str) -> str:
    """The token that every form of a session carries; it follows from the key, which no other site knows."""
    made = hmac.new(key.encode(), b"form", hashlib.sha256).digest()[:24]
    return base64.urlsafe_b64encode(made).decode()


def same(one: str, other: str) -> bool:
    """Whether two secrets are equal and not empty, in a time that does not tell where they differ."""
    return bool(one) and hmac.compare_digest(one.encode(), other.encode())


def own_page(request: web.Request, public_url: str) -> bool:
    """Whether the page that posts is ours: its origin is this host, or the public one behind a proxy that renames it."""
    origin = host_of(request.headers.get("Origin", ""))
    return bool(origin) and origin in {request.host.lower(), host_of(public_url)}


def host_of(address: str) -> str:
    """Host and port of an http(s) address in small letters ("" for anything else)."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return parts.netloc.lower() if parts.scheme in {"http", "https"} else ""


def refuse_foreign(request: web.Request, options: DeskOptions) -> None:
    """403 for a form that another site's page sends."""
    if not own_page(request, options.public_url):
        raise web.HTTPForbidden(text="this form was not sent from its own page")


async def read_form(request: web.Request, options: DeskOptions) -> dict[str, str]:
    """The fields of a form; 403 from another page, 415, 413 and 408 for bodies no form of ours sends. The last of equal names counts."""
    refuse_foreign(request, options)
    if media_type(request.headers) != "application/x-www-form-urlencoded" or "Content-Encoding" in request.headers:
        raise web.HTTPUnsupportedMediaType
    body = bytearray()
    try:
        async with asyncio.timeout(options.body_seconds):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > options.body:
                    raise web.HTTPRequestEntityTooLarge(max_size=options.body, actual_size=len(body))
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS, errors="replace"))
    except ValueError:
        raise web.HTTPBadRequest from None


async def read_parts(request: web.Request, options: DeskOptions, fields: dict[str, str]) -> BodyPartReader | None:
    """Fill in the fields of a form that may bring a file and answer the file's part, still unread: it comes last. Refuses as `read_form` does."""
    refuse_foreign(request, options)
    if "Content-Encoding" in request.headers:
        raise web.HTTPUnsupportedMediaType
    left = options.body
    try:
        async with asyncio.timeout(options.body_seconds):
            form = await request.multipart()
            for _ in range(FIELDS):
                part = await form.next()
                if part is None:
                    return None
                if not isinstance(part, BodyPartReader) or part.name is None:
                    break
                if part.name == "file":
                    return part
                words = await _words(part, left)
                left -= len(words)
                fields[part.name] = words.decode("utf-8", "replace")
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except MALFORMED:
        raise web.HTTPBadRequest from None
    raise web.HTTPBadRequest


async def _words(part: BodyPartReader, most: int) -> bytes:
    words = bytearray()
    while not part.at_eof():
        words += await part.read_chunk()
        if len(words) > most:
            raise web.HTTPRequestEntityTooLarge(max_size=most, actual_size=len(words))
    return bytes(words)
