"""How a page brings what happened to its app: signed, in order, again until it is taken; late, doubled or turned around when told so."""

import asyncio
import hashlib
import hmac
import json
import secrets

from aiohttp import ClientError, ClientSession, ClientTimeout

from sandbox.messenger.shapes import Json, NotPossible
from sandbox.messenger.site import Person, Site

FIRST, LONGEST = 0.02, 1.0
"""Seconds until something refused is brought again, and at most."""


class Courier:
    """Brings the webhooks of all sites while the server runs."""

    def __init__(self, sites: list[Site]) -> None:
        self._sites, self._news = sites, asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._session: ClientSession | None = None

    async def open(self) -> None:
        """Begin to bring."""
        self._session = ClientSession(timeout=ClientTimeout(total=10))
        self._tasks = [asyncio.create_task(self._bring(site)) for site in self._sites]

    async def close(self) -> None:
        """Stop; what was not taken stays."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    async def connect(self, site: Site, url: str, verify: str) -> None:
        """Set where a site's webhooks go; the address has to say the given word back."""
        assert self._session
        word = secrets.token_hex(8)
        asked = {"hub.mode": "subscribe", "hub.verify_token": verify, "hub.challenge": word}
        async with self._session.get(url, params=asked) as answer:
            if answer.status != 200 or await answer.text() != word:
                raise NotPossible(f"the callback answered {answer.status} and not our word")
        site.hook = url
        self._news.set()

    def tell(self, site: Site, *bodies: Json, sort: str = "messaging", receipt: bool = False) -> None:
        """Write elements into one envelope, to be brought; nobody hears of what happens before there is a callback."""
        entry = {"id": site.number, "time": round(site.now() * 1000), sort: list(bodies)}
        body = json.dumps({"object": site.topic, "entry": [entry]}, ensure_ascii=False).encode()
        if not site.hook:
            return
        if receipt and site.holds:
            site.held.append(body)
        else:
            site.outbox.extend([body, body] if site.doubles else [body])
            self._news.set()

    def release(self, site: Site, *, turned: bool = False) -> None:
        """Let late receipts go, the newest first when `turned`."""
        site.outbox.extend(reversed(site.held) if turned else site.held)
        site.held.clear()
        self._news.set()

    async def _bring(self, site: Site) -> None:
        wait = FIRST
        while True:
            if not site.outbox or not site.hook:
                self._news.clear()
                await self._news.wait()
            elif await self._brought(site, site.outbox[0]):
                site.outbox.popleft()
                wait = FIRST
            else:
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST)

    async def _brought(self, site: Site, body: bytes) -> bool:
        assert self._session
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature(site.secret, body)}"}
        try:
            async with self._session.post(site.hook, data=body, headers=headers) as answer:
                return answer.status == 200
        except (ClientError, TimeoutError, OSError):
            return False


def signature(secret: str, body: bytes) -> str:
    """The mark of an app's secret on a body."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def between(site: Site, person: Person, *, echo: bool = False) -> Json:
    """The head of an element: who did it to whom, and when."""
    two = ({"id": person.number}, {"id": site.number})
    return {"sender": two[echo], "recipient": two[not echo], "timestamp": round(site.now() * 1000)}
