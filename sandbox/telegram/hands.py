"""A client of the sandbox for tests and tools: people's hands, and a look at what bots did."""

from types import TracebackType
from typing import Self

import aiohttp

from sandbox.telegram.shapes import Json


class NotDone(Exception):
    """The human side refused a deed."""


class Hands:
    """Acts for any person of the sandbox at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = aiohttp.ClientSession()

    async def do(self, person: str, deed: str, bot: str = "customer", **body: object) -> Json:
        """Does a deed of a person: `start`, `send`, `click`, …; raises `NotDone` where it is refused."""
        return await self.post(f"/play/people/{person}/{deed}", {"bot": bot, **body})

    async def introduce(self, person: str, **names: str) -> Json:
        """Creates or renames a person."""
        return await self.put(f"/play/people/{person}", dict(names))

    async def send_file(self, person: str, kind: str, name: str, content: bytes, bot: str = "customer", **fields: str) -> Json:
        """Sends a file from a person's phone."""
        form = aiohttp.FormData({"bot": bot, "kind": kind, **fields})
        form.add_field("file", content, filename=name)
        async with self._session.post(f"{self.url}/play/people/{person}/file", data=form) as response:
            return await _said(response)

    async def group(self, name: str, deed: str = "", **body: object) -> Json:
        """Makes a group with topics, or does one of its deeds: `send`, `click`, `rights`, `delete_topic`, …"""
        return await (self.post(f"/play/groups/{name}/{deed}", dict(body)) if deed else self.put(f"/play/groups/{name}", dict(body)))

    async def send_file_to(self, group: str, name: str, content: bytes, bot: str = "staff", **fields: str) -> Json:
        """Sends a file to a group: `person`, `thread`, `kind`, `caption`."""
        form = aiohttp.FormData({"bot": bot, **fields})
        form.add_field("file", content, filename=name)
        async with self._session.post(f"{self.url}/play/groups/{group}/file", data=form) as response:
            return await _said(response)

    async def seen(self, name: str, bot: str = "staff") -> Json:
        """Reads a group: its topics and what was written in them."""
        return await self.get(f"/play/groups/{name}", bot=bot)

    async def chat(self, person: str, bot: str = "customer") -> Json:
        """Reads a chat as the person sees it."""
        return await self.get(f"/play/people/{person}/chat", bot=bot)

    async def wait(self, person: str, bot: str = "customer", **wanted: object) -> Json:
        """Waits for a message of the bot: `after`, `since`, `contains`, `timeout`; answers that message."""
        message: Json = (await self.get(f"/play/people/{person}/wait", bot=bot, **wanted))["message"]
        return message

    async def log(self, **wanted: object) -> list[Json]:
        """Lists requests that bots made: `bot`, `method`, `after`."""
        requests: list[Json] = (await self.get("/play/log", **wanted))["requests"]
        return requests

    async def fault(self, kind: str, **rule: object) -> Json:
        """Adds a rule by which the server misbehaves."""
        return await self.post("/play/faults", {"kind": kind, **rule})

    async def heal(self) -> None:
        """Removes every such rule."""
        async with self._session.delete(f"{self.url}/play/faults") as response:
            await _said(response)

    async def get(self, path: str, **query: object) -> Json:
        """Asks the human side for anything."""
        async with self._session.get(self.url + path, params={name: str(value) for name, value in query.items()}) as response:
            return await _said(response)

    async def post(self, path: str, body: Json) -> Json:
        """Tells the human side anything."""
        async with self._session.post(self.url + path, json=body) as response:
            return await _said(response)

    async def put(self, path: str, body: Json) -> Json:
        """Sets anything of the human side."""
        async with self._session.put(self.url + path, json=body) as response:
            return await _said(response)

    async def close(self) -> None:
        """Lets go of the connections."""
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()


class BareBot:
    """A bot without a library: calls methods and answers the server's envelopes as they are."""

    def __init__(self, url: str, token: str) -> None:
        self._address = f"{url}/bot{token}"
        self._session = aiohttp.ClientSession()

    async def call(self, method: str, **parameters: object) -> Json:
        """Calls a method with JSON parameters."""
        async with self._session.post(f"{self._address}/{method}", json=parameters) as response:
            envelope: Json = await response.json()
            return envelope

    async def close(self) -> None:
        """Lets go of the connections."""
        await self._session.close()


async def _said(response: aiohttp.ClientResponse) -> Json:
    said: Json = await response.json()
    if not said["ok"]:
        raise NotDone(said["error"])
    return said
