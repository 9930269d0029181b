"""Takes what a visitor did, over whichever wire it came, and answers only after it is kept."""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from channels.base import Keep
from channels.http import Budget, storable
from channels.webchat.frames import Act, Said
from channels.webchat.lines import Frame
from channels.webchat.options import WebchatOptions
from channels.webchat.raw import Visitor, vouched, write_raw
from channels.webchat.uploads import Uploads
from crm.base.errors import Busy, Invalid
from crm.base.events import MediaRef

_REMEMBERED = 20_000


@dataclass(slots=True)
class Desk:
    """Checks, keeps, acknowledges: `kept` after the commit, `busy` to come again, `refused` for what will never be taken."""

    account: str
    options: WebchatOptions
    keep: Keep
    uploads: Uploads
    clock: Callable[[], int]
    strangers: Budget = field(init=False)
    welcomed: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self.strangers = Budget(self.options.strangers_per_hour, 3600)

    async def take(self, visitor: Visitor, act: Act, address: str, *, stranger: bool) -> Frame:
        """Keep one deed of a visitor and answer the frame that tells them so."""
        try:
            media = await self._checked(visitor, act)
        except Invalid as error:
            return {"type": "refused", "id": act.id, "reason": error.detail}
        if stranger and (wait := self._too_many_strangers(visitor, address)):
            return {"type": "busy", "id": act.id, "after": math.ceil(wait)}
        try:
            customer = vouched(visitor.hello, self.options.secrets)
            await self.keep([write_raw(self.account, visitor, act, media, self.clock(), customer=customer)])
        except Busy:
            return {"type": "busy", "id": act.id, "after": 2}
        return {"type": "kept", "id": act.id}

    async def _checked(self, visitor: Visitor, act: Act) -> tuple[MediaRef, ...]:
        if not isinstance(act, Said):
            return ()
        if len(act.text) > self.options.text:
            raise Invalid("too_long")
        if act.file:
            return (await self._claimed(visitor, act.file),)
        if not act.text.strip():
            raise Invalid("empty")
        return ()

    async def _claimed(self, visitor: Visitor, name: str) -> MediaRef:
        try:
            return await self.uploads.claim(name, visitor.id)
        except Invalid:
            raise Invalid("no_file") from None

    def _too_many_strangers(self, visitor: Visitor, address: str) -> float:
        if visitor.id in self.welcomed:
            return 0.0
        if wait := self.strangers.take(address, self.clock()):
            return wait
        self.welcomed[visitor.id] = None
        if len(self.welcomed) > _REMEMBERED:
            self.welcomed.popitem(last=False)
        return 0.0


def echo(act: Act, now: int) -> Frame | None:
    """Tell the visitor's other windows what was just said in one of them."""
    if not isinstance(act, Said):
        return None
    return {"type": "said", "id": act.id, "text": storable(act.text), "at": now}
