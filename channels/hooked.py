"""What accounts have in common whose events come to one webhook, a request each, and whose words go out by the platform's API, at all times alike."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import web

from channels.base import Keep
from crm.base.outbound import Limits, OpenMedia, Outbound, Reason, Receipt, Undeliverable, Window


@dataclass(frozen=True, slots=True)
class DoorOptions:
    """How the webhook of one account is served; all `secrets` are believed, the newest first; sizes bytes, times seconds."""

    account: str
    paths: tuple[str, ...] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    size: int = 1024 * 1024
    patience: float = 10.0
    again: int = 2


class Door:
    """The webhook; `counts` says how often it let in and turned away."""

    def __init__(self, options: DoorOptions, clock: Callable[[], int]) -> None:
        self.options, self.clock = options, clock
        self.counts: Counter[str] = Counter()

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Open the paths."""

        async def take(request: web.Request) -> web.Response:
            return await self.take(request, keep)

        return [web.post(path, take) for path in self.options.paths]

    async def take(self, request: web.Request, keep: Keep) -> web.Response:
        """One request: proven, split, kept, answered."""
        raise NotImplementedError


class Speaks(Protocol):
    """What says things by the platform's API; errors as `Carrier.send` says."""

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt: ...


class Hooked:
    """One account; `denied` is what the platform refuses our own account for ("" = nothing)."""

    title = ""

    def __init__(self, account: str, door: Door, speaker: Speaks, limits: Limits) -> None:
        self._account, self._door, self._speaker, self._limits = account, door, speaker, limits
        self.denied = ""

    @property
    def account(self) -> str:
        return self._account

    async def open(self) -> None:
        """Nothing takes long."""

    def limits(self, window: Window, now: int) -> Limits:
        """The same at all times: who may be written to may be until they forbid it."""
        return self._limits

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """The webhook."""
        return self._door.routes(keep)

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        """Say it, and remember whether the platform takes anything of ours; errors as `Carrier.send` says."""
        try:
            receipt = await self._speaker.send(address, outbound, open_media)
        except Undeliverable as refused:
            if refused.reason is Reason.ACCOUNT_PROBLEM:
                self.denied = f"{self.title} refuses to send for us: {refused.detail}"
            raise
        self.denied = ""
        return receipt
