"""The Bot API over HTTP: `/bot<token>/<method>` and the files of a bot, with the faults in force."""

from aiohttp import web

from sandbox.telegram import request as asked
from sandbox.telegram.crowd import Crowd
from sandbox.telegram.faults import Fault
from sandbox.telegram.files import LARGEST_UPLOAD
from sandbox.telegram.methods import NAMES, carry_out
from sandbox.telegram.methods.call import Call
from sandbox.telegram.request import Parameters
from sandbox.telegram.shapes import Json, Refusal
from sandbox.telegram.world import Bot, World

GARBAGE = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"
UNAUTHORIZED = Refusal(401, "Unauthorized")
NOT_FOUND = Refusal(404, "Not Found")
TOO_LARGE = Refusal(413, "Request Entity Too Large")


class BotApi:
    """The server as bots see it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def mount(self, app: web.Application) -> None:
        """Adds its routes to an application; webhooks are served while it runs."""
        app.on_startup.append(self._open)
        app.on_shutdown.append(self._close)
        app.router.add_route("*", "/bot{token:[^/]+}/{method}", self.answer)
        app.router.add_get("/file/bot{token:[^/]+}/{path:.+}", self.download)

    async def _open(self, _app: web.Application) -> None:
        self._world.couriers.open()

    async def _close(self, _app: web.Application) -> None:
        await self._world.couriers.close()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answers one call of a method."""
        bot = self._world.bot_of(request.match_info["token"])
        if bot is None:
            return _respond(UNAUTHORIZED.envelope())
        given = request.match_info["method"]
        method = NAMES.get(given.lower(), given)
        parameters = Parameters()
        try:
            parameters = await _read(request)
            chat = parameters.values.get("chat_id")
            fault = self._world.faults.take(bot.name, chat, method)
            group = self._world.person_of(chat)
            if isinstance(group, Crowd):
                group.pace(method, self._world.clock())
            if fault is not None:
                return await self._misbehave(request, fault, bot, method, parameters)
        except Refusal as refusal:
            return self._record(bot, method, parameters, refusal.envelope())
        return self._record(bot, method, parameters, await self._carry_out(request, bot, method, parameters))

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Gives the content of a file to the bot whose file it is."""
        bot = self._world.bot_of(request.match_info["token"])
        if bot is None:
            return _respond(UNAUTHORIZED.envelope())
        stored = self._world.files.at(bot.name, request.match_info["path"])
        if stored is None:
            return _respond(NOT_FOUND.envelope())
        return web.Response(body=stored.body, content_type="application/octet-stream")

    async def _carry_out(self, request: web.Request, bot: Bot, method: str, parameters: Parameters) -> Json:
        def alive() -> bool:
            return request.transport is not None and not request.transport.is_closing()

        try:
            return await carry_out(method, Call(self._world, bot, parameters, alive))
        except Refusal as refusal:
            return refusal.envelope()

    async def _misbehave(self, request: web.Request, fault: Fault, bot: Bot, method: str, parameters: Parameters) -> web.StreamResponse:
        match fault.kind:
            case "slow":
                await self._world.pause(fault.seconds)
                return self._record(bot, method, parameters, await self._carry_out(request, bot, method, parameters))
            case "drop_after":
                body: Json | None = await self._carry_out(request, bot, method, parameters)
            case "hang" | "drop":
                body = None
                if fault.kind == "hang":
                    await self._world.pause(fault.seconds)
            case "garbage":
                self._world.log.add(bot.name, method, parameters.recorded(), None, fault.kind)
                return web.Response(status=502, text=GARBAGE, content_type="text/html")
            case _:
                raise fault.refusal()
        self._world.log.add(bot.name, method, parameters.recorded(), body, fault.kind)
        return _hang_up(request)

    def _record(self, bot: Bot, method: str, parameters: Parameters, body: Json) -> web.StreamResponse:
        self._world.log.add(bot.name, method, parameters.recorded(), body)
        return _respond(body)


async def _read(request: web.Request) -> Parameters:
    try:
        parameters = await asked.read(request)
    except web.HTTPRequestEntityTooLarge as error:
        raise TOO_LARGE from error
    if any(len(upload.body) > LARGEST_UPLOAD for upload in parameters.uploads.values()):
        raise TOO_LARGE
    return parameters


def _respond(body: Json) -> web.Response:
    return web.json_response(body, status=200 if body["ok"] else body["error_code"])


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
