"""The pretended VK over HTTP: `/method/…`, the servers files go up to, and the files people sent."""

import inspect
import json

from aiohttp import web

from sandbox.vk.checks import No
from sandbox.vk.faults import hang_up
from sandbox.vk.methods import Methods
from sandbox.vk.world import TOKEN, World

LARGEST = 64 * 1024 * 1024


class VkApi:
    """VK as a community's program sees it."""

    def __init__(self, world: World) -> None:
        self._world, self._base = world, ""
        self.methods = Methods(world, lambda: self._base)

    def mount(self, app: web.Application) -> None:
        """Add its routes to an application."""
        app.on_startup.append(self._open)
        app.on_shutdown.append(self._close)
        app.router.add_post("/method/{name}", self.call)
        app.router.add_post("/vk/upload/{kind}", self.upload)
        app.router.add_get("/vk/files/{word}", self.file)

    async def call(self, request: web.Request) -> web.StreamResponse:
        """One method: its answer, or its error, both with status 200."""
        self._base = f"http://{request.host}"
        instead = await self._world.faults.before(request)
        if instead is not None:
            return instead
        fields = {name: str(value) for name, value in {**request.query, **await request.post()}.items()}
        name = request.match_info["name"]
        try:
            told = {"response": await self._answer(name, request, fields)}
        except No as no:
            told = {"error": {"error_code": no.code, "error_msg": no.words, "request_params": [{"key": "method", "value": name}]}}
        return hang_up(request) if self._world.faults.take(request.path, "drop_after") else web.json_response(told)

    async def _answer(self, name: str, request: web.Request, fields: dict[str, str]) -> object:
        if fields.pop("access_token", "") != TOKEN:
            raise No(5, "User authorization failed: invalid access_token (4).")
        if not fields.pop("v", "").startswith("5."):
            raise No(8, "Invalid request: v (version) is required")
        self._world.calls.append((name, fields))
        fault = self._world.faults.take(request.path, "error")
        if fault is not None:
            raise No(fault.code, fault.word or "told so by the sandbox")
        if name not in self.methods.known:
            raise No(3, "Unknown method passed")
        right, method = self.methods.known[name]
        if right and right not in self._world.rights:
            raise No(15, "Access denied: no access to call this method")
        found = method(fields)
        return await found if inspect.isawaitable(found) else found

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """A file comes up: answered by a word that only VK reads."""
        instead = await self._world.faults.before(request)
        if instead is not None:
            return instead
        kind, field = request.match_info["kind"], None
        async for part in await request.multipart():
            field = part
            break
        if field is None or getattr(field, "name", "") != ("photo" if kind == "photo" else "file") or not request.content_length:
            return web.json_response({"error": "no file", "error_descr": "no file"})
        body = bytes(await field.read(decode=False))  # type: ignore[union-attr]
        word = f"{kind}|{self._world.next()}"
        self._world.files[word] = body
        if kind != "photo":
            return web.json_response({"file": word})
        return web.json_response({"server": 100500, "photo": json.dumps([{"photo": word}]), "hash": f"h{word}"})

    async def file(self, request: web.Request) -> web.StreamResponse:
        """A file that a person sent."""
        found = self._world.files.get(request.match_info["word"])
        return web.Response(body=found) if found is not None else web.Response(status=404)

    async def _open(self, _app: web.Application) -> None:
        self._world.faults.closing.clear()
        self._world.courier.open()

    async def _close(self, _app: web.Application) -> None:
        self._world.faults.closing.set()
        await self._world.courier.close()
