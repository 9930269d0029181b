"""A client of Meta's Graph API that says whether something left: certainly not, refused for good, or nobody knows.

The token stands in a header of every call and Meta repeats it in some refusals, so no library error and no word of Meta's leaves this file unread.
"""

import hashlib
import hmac
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout, ConnectionTimeoutError, FormData

from channels import outside
from channels.outside import fetch
from channels.payload import Json, part, plain_name, text, whole
from crm.base.errors import DragomanError, NotFound
from crm.base.outbound import Media, OpenMedia, Reason, RetryLater, Uncertain, Undeliverable

PAUSE, THROTTLED, LONGEST_PAUSE = 5.0, 60.0, 3600.0
HOMES = (".fbsbx.com", ".fbcdn.net", ".facebook.com", ".whatsapp.net", ".cdninstagram.com")
"""Where Meta keeps files: the token is shown at these alone."""
_NOT_LEFT = (ClientConnectorError, ConnectionTimeoutError)
_UNREADABLE = (OSError, LookupError, ValueError, DragomanError)
_TOKEN = re.compile(r"EAA[A-Za-z0-9_|-]{16,}")


@dataclass(frozen=True, slots=True)
class Wait:
    """A verdict: certainly not sent, again after `seconds`; `account` = everything of this account waits."""

    seconds: float = PAUSE
    account: bool = False


Verdict = Reason | Wait
Table = Mapping[int | tuple[int, int], Verdict]
"""What error numbers mean for a sending: a code, or a code with its subcode, which is looked up first."""

SHARED: Table = {
    2: Wait(PAUSE, account=True),
    4: Wait(THROTTLED, account=True),
    17: Wait(THROTTLED, account=True),
    32: Wait(THROTTLED, account=True),
    613: Wait(THROTTLED, account=True),
    80006: Wait(THROTTLED, account=True),
    80007: Wait(THROTTLED, account=True),
    (100, 33): Reason.ACCOUNT_PROBLEM,
    368: Reason.ACCOUNT_PROBLEM,
    **dict.fromkeys((0, 3, 10, 102, 104, 190, *range(200, 300)), Reason.ACCOUNT_PROBLEM),
}
"""Numbers that mean the same on all of Graph: throttles, what is wrong with the token or its rights."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What Graph says went wrong; `after` = seconds it asks to wait (0 = it does not say)."""

    code: int
    subcode: int
    words: str
    status: int
    transient: bool = False
    after: float = 0.0


class Refused(Undeliverable):
    """Meta said no, for good."""

    def __init__(self, reason: Reason, problem: Problem) -> None:
        super().__init__(reason, f"{problem.code}{f'/{problem.subcode}' if problem.subcode else ''}: {problem.words}")
        self.problem = problem


class Later(RetryLater):
    """Meta said not now."""

    def __init__(self, problem: Problem, after: float, *, account: bool) -> None:
        super().__init__(after, account=account, answered=True)
        self.problem = problem


def verdict(problem: Problem, table: Table) -> Exception:
    """The one of the three outcomes that a problem is; a number of no table is a refusal, but what broke down at Meta's end may have left."""
    found = next((known[key] for key in ((problem.code, problem.subcode), problem.code) for known in (table, SHARED) if key in known), None)
    if isinstance(found, Wait) or (found is None and problem.status == 429):
        wait = found or Wait(THROTTLED)
        return Later(problem, min(problem.after or wait.seconds, LONGEST_PAUSE), account=wait.account)
    if found is None and (problem.status >= 500 or problem.transient):
        return Uncertain(f"status {problem.status}, {problem.code}: {problem.words}")
    return Refused(found or Reason.REJECTED, problem)


def judge(status: int, body: bytes, headers: Mapping[str, str], table: Table) -> Json:
    """The object of an answer; raises RetryLater, Refused or Uncertain. Only what Graph itself wrote decides: a proxy may answer for it."""
    answer = _object(body)
    error = part(answer, "error") if answer is not None else {}
    if error:
        raise verdict(_problem(status, error, headers), table)
    if 200 <= status < 300 and answer is not None:
        return answer
    if status == 429:
        raise RetryLater(_asked(headers) or PAUSE, account=True, answered=True)
    if status == 413:
        raise Undeliverable(Reason.BAD_CONTENT, "too big for the platform")
    raise Uncertain(f"status {status}, an answer that cannot be read")


def _object(body: bytes) -> Json | None:
    try:
        found = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _problem(status: int, error: Json, headers: Mapping[str, str]) -> Problem:
    told = part(error, "error_data")
    words = " ".join(one for one in (text(error, "message"), text(told, "details") or text(error, "error_user_msg")) if one)
    code, subcode = whole(error, "code"), whole(error, "error_subcode")
    return Problem(code, subcode, without_token(plain_name(words[:600])), status, error.get("is_transient") is True, _asked(headers))


def without_token(words: str) -> str:
    """Meta's words without a token it may repeat in them."""
    return _TOKEN.sub("…", words)


def _asked(headers: Mapping[str, str]) -> float:
    """The seconds a throttled caller is asked to wait: by Retry-After, or by the business use case's minutes."""
    given = headers.get("Retry-After", "")
    if given.isascii() and given.isdigit():
        return float(min(max(int(given[:9]), 1), LONGEST_PAUSE))
    usage = _object(headers.get("X-Business-Use-Case-Usage", "").encode()) or {}
    minutes = [
        whole(one, "estimated_time_to_regain_access") for of_one in usage.values() if isinstance(of_one, list) for one in of_one if isinstance(one, dict)
    ]
    return float(min(max(minutes, default=0) * 60, LONGEST_PAUSE))


@dataclass(frozen=True, slots=True)
class GraphOptions:
    """How to reach Graph: `base` and `version` make the address, times are seconds; `secret` (the app's) adds the proof some apps demand."""

    token: str = field(repr=False)
    base: str = "https://graph.facebook.com"
    version: str = "v26.0"
    secret: str = field(default="", repr=False)
    connect_seconds: float = 10.0
    send_seconds: float = 20.0
    upload_seconds: float = 180.0
    pause: float = PAUSE


class Graph:
    """A line to the Graph API with one token; `table` says what the channel's own error numbers mean. It opens itself at the first call."""

    def __init__(self, options: GraphOptions, table: Table) -> None:
        self._options, self._table = options, table
        self._session: ClientSession | None = None

    async def get(self, path: str, **asked: str) -> Json:
        """Read something; asking twice changes nothing, so what nobody knows is RetryLater here."""
        return await self._again("GET", path, params=asked)

    async def post(self, path: str, body: object, *, repeatable: bool = False) -> Json:
        """Do something; Uncertain where nobody knows whether it was done, unless doing it twice is the same (`repeatable`)."""
        call = self._again if repeatable else self._call
        return await call("POST", path, json=body)

    async def delete(self, path: str, **asked: str) -> Json:
        """Take something away; again is harmless."""
        return await self._again("DELETE", path, params=asked)

    async def upload(self, path: str, fields: Mapping[str, str], media: Media, open_media: OpenMedia, name: str = "file") -> Json:
        """Bring a stored file up in a form; nobody sees it by that alone, so it may be repeated."""
        async with AsyncExitStack() as stack:
            try:
                chunks = await stack.enter_async_context(open_media(media.attachment_id))
            except _UNREADABLE:
                raise Undeliverable(Reason.BAD_CONTENT, "the file cannot be opened") from None
            broken: list[bool] = []
            form = FormData(quote_fields=False)
            for key, value in fields.items():
                form.add_field(key, value)
            form.add_field(name, _whole(chunks, broken), filename=_ascii(media.name) or media.kind.value, content_type=media.mime or "application/octet-stream")
            try:
                return await self._again("POST", path, seconds=self._options.upload_seconds, data=form)
            except RetryLater:
                if broken:
                    raise Undeliverable(Reason.BAD_CONTENT, "the file cannot be read") from None
                raise

    async def download(self, url: str, most: int, *, known: bool = False) -> AsyncGenerator[bytes, None]:
        """A file's bytes, at most `most`, from Meta's own hosts alone; `known` shows the token there. NotFound for good, RetryLater for now."""
        base = urlsplit(self._options.base)
        trusted = (f"{base.hostname}:{base.port or 443}",)
        try:
            async for chunk in fetch(url, most=most, hosts=HOMES, trusted=trusted, headers=self._headers() if known else None):
                yield chunk
        except outside.Refused:
            raise NotFound("the file is not at one of the platform's own addresses") from None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _again(self, method: str, path: str, seconds: float = 0.0, **more: Any) -> Json:
        try:
            return await self._call(method, path, seconds, **more)
        except Uncertain:
            raise RetryLater(self._options.pause) from None

    async def _call(self, method: str, path: str, seconds: float = 0.0, **more: Any) -> Json:
        """One call; raises RetryLater (certainly not done), Refused, or Uncertain (nobody knows)."""
        options = self._options
        more.update(headers=self._headers(), allow_redirects=False)
        timeout = ClientTimeout(total=seconds or options.send_seconds, connect=options.connect_seconds)
        if options.secret:
            proof = hmac.new(options.secret.encode(), options.token.encode(), hashlib.sha256).hexdigest()
            more["params"] = {**more.get("params", {}), "appsecret_proof": proof}
        try:
            async with self._open().request(method, f"{options.base}/{options.version}/{path}", timeout=timeout, **more) as answer:
                status, headers, body = answer.status, answer.headers, await answer.read()
        except _NOT_LEFT as error:
            raise RetryLater(options.pause, account=True) from _bare(error)
        except (ClientError, TimeoutError, OSError) as error:
            raise Uncertain(f"no answer: {type(error).__name__}") from None
        return judge(status, body, headers, self._table)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._options.token}"}

    def _open(self) -> ClientSession:
        if self._session is None:
            self._session = ClientSession()
        return self._session


async def _whole(chunks: AsyncIterator[bytes], broken: list[bool]) -> AsyncGenerator[bytes, None]:
    """A file's chunks; says in `broken` that our own side could not read on."""
    try:
        async for chunk in chunks:
            yield chunk
    except _UNREADABLE:
        broken.append(True)
        raise


def _ascii(name: str) -> str:
    """A file's name as a form's header takes it."""
    return re.sub(r"[^A-Za-z0-9._ -]", "_", name)[-100:].strip()


def _bare(error: BaseException) -> Exception:
    """The kind of an error without its words: they may hold an address, and so a token."""
    return ConnectionError(type(error).__name__)
