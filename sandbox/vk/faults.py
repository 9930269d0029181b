"""The ways in which a pretended platform misbehaves when it is told to."""

import asyncio
from dataclasses import dataclass

from aiohttp import web

KINDS = frozenset({"error", "status", "garbage", "hang", "drop", "drop_after"})


@dataclass(slots=True)
class Fault:
    """One rule for the next `left` requests (0 = all) whose path ends in `path` ("" = any).

    `error` answers with the platform's own `code`, `status` with that HTTP status and nothing else; `hang` never answers, `drop` cuts the line before
    anything was done, `drop_after` when it was done; `garbage` answers a proxy's page.
    """

    kind: str
    path: str = ""
    code: int = 0
    word: str = ""
    after: int = 0
    left: int = 1


class Faults:
    """The rules in force, the oldest first."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []
        self.closing = asyncio.Event()

    def add(self, kind: str, path: str = "", **more: object) -> Fault:
        """Add a rule; raises ValueError for one that is not known."""
        if kind not in KINDS:
            raise ValueError(f"a fault is one of {', '.join(sorted(KINDS))}")
        fault = Fault(kind, path, **more)  # type: ignore[arg-type]
        self.rules.append(fault)
        return fault

    def take(self, path: str, *kinds: str) -> Fault | None:
        """Use up the first rule of these kinds that fits a path."""
        for fault in self.rules:
            if fault.kind in kinds and path.endswith(fault.path):
                if fault.left == 1:
                    self.rules.remove(fault)
                fault.left = max(fault.left - 1, 0)
                return fault
        return None

    async def before(self, request: web.Request) -> web.StreamResponse | None:
        """What happens instead of an answer: a line that is cut, a page, a bare status; None = nothing of that sort."""
        fault = self.take(request.path, "hang", "drop", "garbage", "status")
        if fault is None:
            return None
        if fault.kind == "hang":
            await self.closing.wait()
        if fault.kind in ("hang", "drop"):
            return hang_up(request)
        headers = {"Retry-After": str(fault.after)} if fault.after else {}
        status = fault.code if fault.kind == "status" else 502
        return web.Response(status=status, text="<html>Bad Gateway</html>", content_type="text/html", headers=headers)


def hang_up(request: web.Request) -> web.Response:
    """Cut the line."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
