"""The pretended MAX over HTTP: the bot API, the servers files go up to, and the files people sent."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import web

from sandbox.max import checks
from sandbox.max.checks import No
from sandbox.max.world import TOKEN, Json, Line, Person, Subscription, World
from sandbox.vk.faults import hang_up

LARGEST = 64 * 1024 * 1024
Method = Callable[[web.Request, Any], Awaitable[Json]]


class MaxApi:
    """MAX as a bot's program sees it; `root` goes before each path where several platforms share an address."""

    def __init__(self, world: World, root: str = "") -> None:
        self._world, self._root = world, root

    def mount(self, app: web.Application) -> None:
        """Add its routes to an application."""
        app.on_startup.append(self._open)
        app.on_shutdown.append(self._close)
        add, root = app.router.add_route, self._root
        for method, path, take in (
            ("GET", "/me", self.me),
            ("GET", "/subscriptions", self.subscriptions),
            ("POST", "/subscriptions", self.subscribe),
            ("DELETE", "/subscriptions", self.unsubscribe),
            ("GET", "/updates", self.updates),
            ("POST", "/messages", self.send),
            ("PUT", "/messages", self.edit),
            ("DELETE", "/messages", self.delete),
            ("POST", "/answers", self.answer),
            ("POST", "/uploads", self.uploads),
            ("POST", "/chats/{chat}/actions", self.action),
            ("GET", "/videos/{token}", self.video),
        ):
            add(method, root + path, self._answered(take))
        add("POST", f"{root}/up/{{kind}}", self.upload)
        add("GET", f"{root}/files/{{word}}", self.file)

    def _answered(self, take: Method) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            instead = await self._world.faults.before(request)
            if instead is not None:
                return instead
            try:
                told, status = await take(request, await self._read(request)), 200
            except No as no:
                told, status = {"code": no.word, "message": no.words}, no.status
            return hang_up(request) if self._world.faults.take(request.path, "drop_after") else web.json_response(told, status=status)

        return answer

    async def _read(self, request: web.Request) -> Any:
        if request.headers.get("Authorization") != TOKEN or "access_token" in request.query:
            raise No(401, "verify.token", "Invalid access_token")
        body = await request.json() if request.can_read_body else None
        self._world.calls.append((request.method, request.path.removeprefix(self._root), {**request.query, "body": body}))
        fault = self._world.faults.take(request.path, "error")
        if fault is not None:
            raise No(fault.code, fault.word, "told so by the sandbox")
        return body

    async def me(self, request: web.Request, body: Any) -> Json:
        """Who the bot is."""
        return self._world.bot()

    async def subscriptions(self, request: web.Request, body: Any) -> Json:
        """Where updates are brought; never the secret."""
        return {"subscriptions": [{"url": one.url, "time": one.at, "update_types": sorted(one.kinds)} for one in self._world.subscriptions]}

    async def subscribe(self, request: web.Request, body: Any) -> Json:
        """Have updates brought; the newest address is the first."""
        url, secret = body.get("url", ""), body.get("secret", "")
        if not url.startswith(("https://", "http://127.0.0.1:")) or (secret and not 5 <= len(secret) <= 256):
            raise checks.wrong("an address begins with https://, a secret has 5 to 256 characters")
        made = Subscription(url, secret, frozenset(body.get("update_types", ())), self._world.now())
        self._world.subscriptions[:] = [made, *(one for one in self._world.subscriptions if one.url != url)]
        self._world.courier.wake()
        return {"success": True}

    async def unsubscribe(self, request: web.Request, body: Any) -> Json:
        """Bring nothing there any more."""
        url = request.query.get("url", "")
        known = [one for one in self._world.subscriptions if one.url != url]
        gone, self._world.subscriptions[:] = len(known) < len(self._world.subscriptions), known
        return {"success": True} if gone else {"success": False, "message": "no such subscription"}

    async def updates(self, request: web.Request, body: Any) -> Json:
        """Wait for updates after a marker; nothing comes this way while they are brought elsewhere."""
        world, marker = self._world, int(request.query.get("marker", "0"))
        begin = max(marker - world.first, 0)
        if len(world.updates) <= begin and not world.subscriptions:
            world.came.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(float(request.query.get("timeout", "30"))):
                    await world.came.wait()
        found = [] if world.subscriptions else world.updates[begin : begin + int(request.query.get("limit", "100"))]
        return {"updates": found, "marker": world.first + begin + len(found)}

    def _person(self, request: web.Request) -> Person:
        number = request.query.get("user_id", "")
        found = self._world.people.get(int(number)) if number.isdecimal() else None
        if found is None or not (found.started or any(not line.ours for line in found.lines)):
            raise No(404, "dialog.not.found", f"Dialog with user {number} not found")
        if found.stopped:
            raise No(403, "chat.denied", "Key: error.dialog.suspended")
        return found

    async def send(self, request: web.Request, body: Any) -> Json:
        """Say something to one person."""
        checks.body(body, self._world.tokens, new=True)
        person, link = self._person(request), body.get("link")
        if link and (link.get("type") != "reply" or not self._world.line(link.get("mid", ""))):
            raise checks.wrong("nothing is answered by this")
        if self._world.unready and any(one["type"] != "inline_keyboard" for one in body.get("attachments") or []):
            self._world.unready -= 1
            raise No(400, "attachment.not.ready", "Key: errors.process.attachment.file.not.processed")
        line = self._world.put(person, body.get("text"), body.get("attachments") or [], ours=True)
        line.asked = body
        return {"message": self._world.message(person, line)}

    def _line(self, request: web.Request) -> Line:
        found = self._world.line(request.query.get("message_id", ""))
        if found is None:
            raise No(404, "not.found", "Message not found")
        line = found[1]
        if not line.ours or self._world.now() - line.at > 86_400_000:
            raise No(403, "chat.denied", "this message is left as it is")
        return line

    async def edit(self, request: web.Request, body: Any) -> Json:
        """Change a message: what is not named stays, an empty list takes away."""
        checks.body(body, self._world.tokens, new=False)
        line = self._line(request)
        line.body |= {key: body[key] for key in ("text", "attachments") if body.get(key) is not None}
        return {"success": True}

    async def delete(self, request: web.Request, body: Any) -> Json:
        """Take a message back."""
        self._line(request).gone = True
        return {"success": True}

    async def answer(self, request: web.Request, body: Any) -> Json:
        """A press has been heard."""
        self._world.answered.append(request.query.get("callback_id", ""))
        return {"success": True}

    async def action(self, request: web.Request, body: Any) -> Json:
        """Show that an answer is being written."""
        if body.get("action") not in ("typing_on", "mark_seen") or int(request.match_info["chat"]) not in {one.chat for one in self._world.people.values()}:
            raise checks.wrong("no such action or chat")
        return {"success": True}

    async def uploads(self, request: web.Request, body: Any) -> Json:
        """Where a file of a type goes up; sounds and videos are named beforehand."""
        kind = request.query.get("type", "")
        if kind not in ("image", "video", "audio", "file"):
            raise checks.wrong("no such type")
        told = {"url": f"http://{request.host}{self._root}/up/{kind}"}
        return {**told, "token": self._token(kind)} if kind in ("video", "audio") else told

    def _token(self, kind: str) -> str:
        made = f"{kind}-{self._world.next()}"
        self._world.tokens[made] = kind
        return made

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """A file comes up."""
        instead = await self._world.faults.before(request)
        if instead is not None:
            return instead
        kind, found = request.match_info["kind"], (await request.post()).get("data")
        if not isinstance(found, web.FileField):
            return web.Response(status=400, text="no file")
        made = self._token(kind)
        self._world.files[made] = found.file.read()
        if kind in ("video", "audio"):
            return web.Response(text="<retval>1</retval>", content_type="text/xml")
        return web.json_response({"photos": {"p1": {"token": made}}} if kind == "image" else {"fileId": self._world.next(), "token": made})

    async def video(self, request: web.Request, body: Any) -> Json:
        """Where a video of a person lies."""
        word = request.match_info["token"]
        if word not in self._world.files:
            raise No(404, "not.found", "Video not found")
        return {"token": word, "urls": {"mp4_720": f"http://{request.host}{self._root}/files/{word}", "mp4_144": "http://127.0.0.1:9/small"}}

    async def file(self, request: web.Request) -> web.StreamResponse:
        """A file that a person sent."""
        found = self._world.files.get(request.match_info["word"])
        return web.Response(body=found) if found is not None else web.Response(status=404)

    async def _open(self, _app: web.Application) -> None:
        self._world.faults.closing.clear()
        self._world.courier.open()

    async def _close(self, _app: web.Application) -> None:
        self._world.faults.closing.set()
        self._world.came.set()
        await self._world.courier.close()
