"""Where MAX brings what happened: the secret in a header, one update of each request."""

from collections.abc import Callable

from aiohttp import web

from channels import hooked
from channels.ask import object_of
from channels.base import Keep
from channels.callback import any_equal
from channels.hooked import DoorOptions
from channels.http import kept, read_json
from channels.max.split import raw_event
from channels.payload import NOTHING, Json

SECRET = "X-Max-Bot-Api-Secret"


class Door(hooked.Door):
    """The webhook; `heard` is told of each update that was kept."""

    def __init__(self, options: DoorOptions, heard: Callable[[Json], None], clock: Callable[[], int]) -> None:
        super().__init__(options, clock)
        self._heard = heard

    async def take(self, request: web.Request, keep: Keep) -> web.Response:
        body = await read_json(request, limit=self.options.size, seconds=self.options.patience)
        if not any_equal(request.headers.get(SECRET, ""), self.options.secrets):
            self.counts["refused"] += 1
            raise web.HTTPUnauthorized
        update = object_of(body) or NOTHING
        await kept(keep, [raw_event(self.options.account, update, self.clock(), body)], again=self.options.again)
        self._heard(update)
        self.counts["kept"] += 1
        return web.Response()
