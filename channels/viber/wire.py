"""The line to Viber's API: one token, JSON both ways; says whether something left. No library error leaves with words: they may hold an address."""

import json
from collections.abc import Mapping

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout, ConnectionTimeoutError

from channels.payload import Json
from channels.viber.options import KB, ViberOptions
from channels.viber.verdicts import Pauses, judge
from crm.base.outbound import Reason, RetryLater, Uncertain, Undeliverable


class Wire:
    """Asks Viber for one bot; opens itself at the first call."""

    def __init__(self, options: ViberOptions) -> None:
        self._options, self._base = options, options.api_base.rstrip("/")
        self._pauses = Pauses(options.pause_seconds, options.throttled_seconds)
        self._session: ClientSession | None = None

    async def post(self, path: str, body: Mapping[str, object]) -> Json:
        """Ask once; raises RetryLater (it certainly did not leave), Refused, or Uncertain (nobody knows)."""
        options, said = self._options, written(body, self._options.request_kb)
        timeout = ClientTimeout(total=options.send_seconds, connect=options.connect_seconds)
        headers = {"X-Viber-Auth-Token": options.tokens[0], "Content-Type": "application/json"}
        try:
            async with self._open().post(f"{self._base}/pa/{path}", data=said, headers=headers, timeout=timeout, allow_redirects=False) as answer:
                status, asked, told = answer.status, answer.headers.get("Retry-After", ""), await answer.read()
        except (ClientConnectorError, ConnectionTimeoutError) as error:
            raise RetryLater(options.pause_seconds, account=True) from ConnectionError(type(error).__name__)
        except (ClientError, TimeoutError, OSError) as error:
            raise Uncertain(f"no answer: {type(error).__name__}") from None
        return judge(status, told, asked, self._pauses)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> ClientSession:
        if self._session is None:
            self._session = ClientSession(trust_env=False)
        return self._session


def written(body: Mapping[str, object], most_kb: int) -> bytes:
    """A request's bytes: letters as they are, since \\u escapes would take twice the room; raises Undeliverable for more than Viber reads."""
    made = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    if len(made) > most_kb * KB:
        raise Undeliverable(Reason.BAD_CONTENT, f"the message is larger than the {most_kb} kB Viber takes")
    return made
