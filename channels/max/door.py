"""Where MAX brings what happened: the secret in a header, one update of each request."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aiohttp import web

from channels.ask import object_of
from channels.base import Keep
from channels.callback import any_equal
from channels.http import kept, read_json
from channels.max.split import raw_event
from channels.payload import NOTHING, Json

SECRET = "X-Max-Bot-Api-Secret"


@dataclass(frozen=True, slots=True)
class DoorOptions:
    """How the webhook of one bot is served; all `secrets` are believed, the newest first; sizes bytes, times seconds."""

    account: str
    paths: tuple[str, ...] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    size: int = 1024 * 1024
    patience: float = 10.0
    again: int = 2


class Door:
    """The webhook; `heard` is told of each update that was kept, `counts` says how often it let in and turned away."""

    def __init__(self, options: DoorOptions, heard: Callable[[Json], None], clock: Callable[[], int]) -> None:
        self._options, self._heard, self._clock = options, heard, clock
        self.counts: Counter[str] = Counter()

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Open the paths."""

        async def take(request: web.Request) -> web.Response:
            return await self._take(request, keep)

        return [web.post(path, take) for path in self._options.paths]

    async def _take(self, request: web.Request, keep: Keep) -> web.Response:
        body = await read_json(request, limit=self._options.size, seconds=self._options.patience)
        if not any_equal(request.headers.get(SECRET, ""), self._options.secrets):
            self.counts["refused"] += 1
            raise web.HTTPUnauthorized
        update = object_of(body) or NOTHING
        await kept(keep, [raw_event(self._options.account, update, self._clock(), body)], again=self._options.again)
        self._heard(update)
        self.counts["kept"] += 1
        return web.Response()
