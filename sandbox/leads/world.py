"""The makers of forms side by side: where each was told to bring leads, what it has brought, and what it was answered."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from sandbox.leads import forms
from sandbox.leads.forms import Filled, Posted
from sandbox.leads.graph import LeadGraph
from sandbox.meta.courier import Courier

KINDS = ("leads", "googleads", "metaleads", "vkleads", "tilda")
SECRET, APP_SECRET, GROUP = "leads-secret-of-the-demo", "app-secret-of-the-demo", 123456
PATIENCE = 10.0
Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Brought:
    """One form as it was brought, and the status that it was answered with (0 = none)."""

    filled: Filled
    status: int


class LeadWorld:
    """Everybody who gathers leads for the firm; `urls` are where they were told to bring them."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.graph = LeadGraph(clock)
        self.urls: dict[str, str] = {}
        self.brought: dict[str, list[Brought]] = {kind: [] for kind in KINDS}
        self.courier = Courier(lambda: self.urls.get("metaleads", ""), lambda: APP_SECRET, "page")
        self._numbers = itertools.count(1)

    def mount(self, app: web.Application) -> None:
        """Add what is asked for leads to an application; the webhook of Meta's is served while it runs."""
        app.on_startup.append(self._open)
        app.on_shutdown.append(self._close)
        self.graph.mount(app)

    async def _open(self, _app: web.Application) -> None:
        self.courier.open()

    async def _close(self, _app: web.Application) -> None:
        await self.courier.close()

    def filled(self, message: str, **more: Any) -> Filled:
        """A new form with these words in it."""
        return Filled(next(self._numbers), message=message, **more)

    async def bring(self, kind: str, filled: Filled, *, times: int = 1) -> list[int]:
        """Bring a filled-in form as this maker does, as often as asked; answers the statuses. Meta's courier brings in its own time."""
        if kind == "metaleads":
            self.graph.add(filled)
            for _ in range(times):
                self.courier.add(forms.leadgen(filled, self.graph.page, self.graph.form))
            self.brought[kind].append(Brought(filled, 200))
            return []
        async with ClientSession(timeout=ClientTimeout(total=PATIENCE)) as session:
            statuses = [await knock(session, self.urls[kind], posted(kind, filled)) for _ in range(times)]
        self.brought[kind] += [Brought(filled, status) for status in statuses]
        return statuses

    def shown(self, kind: str) -> list[Line]:
        """What somebody sees of the forms they have filled in there."""
        return [{"mine": True, "text": f"📝 {one.filled.message}", "state": "" if one.status == 200 else str(one.status)} for one in self.brought[kind]]

    def found_at(self, places: Mapping[str, list[str]]) -> None:
        """Learn where the firm waits for leads."""
        self.urls = {kind: places[kind][0] for kind in KINDS if places.get(kind)}
        self.courier.wake()

    def settings(self, base: str, shop: str) -> str:
        """The tables of a firm that gathers leads everywhere; `base` is where the pretended Graph is, `shop` where the firm is come to."""
        meta = f'[metaleads]\npage = "{self.graph.page}"\ntoken = "{self.graph.token}"\napp_secrets = ["{APP_SECRET}"]\n'
        return (
            f'\n[leads]\nsecrets = ["{SECRET}"]\n\n[googleads]\nkeys = ["{SECRET}"]\n\n'
            f'[vkleads]\ngroup = {GROUP}\nconfirmation = "0f4b1c6a"\nsecrets = ["{SECRET}"]\n\n[tilda]\nkeys = ["{SECRET}"]\n\n'
            f'{meta}api_base = "{base}/leadgraph"\npublic_url = "{shop}"\nlook_seconds = 60.0\n'
        )


def posted(kind: str, filled: Filled) -> Posted:
    """What a maker posts."""
    match kind:
        case "googleads":
            return forms.google(filled, SECRET)
        case "vkleads":
            return forms.vk(filled, GROUP, SECRET)
        case "tilda":
            return forms.tilda(filled, SECRET)
    return forms.anything(filled, SECRET)


async def knock(session: ClientSession, url: str, what: Posted) -> int:
    """Post something; 0 where nobody answers."""
    try:
        async with session.post(url, data=what.body, headers=what.headers) as answer:
            return answer.status
    except (ClientError, TimeoutError, OSError):
        return 0
