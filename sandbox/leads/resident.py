"""Somebody who fills in forms."""

from sandbox.leads.world import KINDS, LeadWorld
from sandbox.resident import Line, Resident


class FormResident(Resident):
    """Somebody who fills in a form, with what they need in it; each maker of forms has a telephone number of its own."""

    def __init__(self, world: LeadWorld, kind: str) -> None:
        self._world, self._kind = world, kind

    async def say(self, text: str) -> None:
        await self._world.bring(self._kind, self._world.filled(text, phone=f"+3749100001{KINDS.index(self._kind)}"))

    def lines(self) -> list[Line]:
        return self._world.shown(self._kind)
