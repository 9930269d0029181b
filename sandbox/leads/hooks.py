"""Where Meta keeps what an app and a page are subscribed to: an address is asked whether it is the app's own before it is taken."""

import json

from aiohttp import web

from sandbox.meta.courier import Courier
from sandbox.meta.errors import Json, No


class LeadHooks:
    """The subscriptions of one app and one page; `hook` is the address that was taken, `fields` what is brought there."""

    def __init__(self, page_token: str, app: str, secret: str) -> None:
        self._page_token, self.app, self._app_token = page_token, app, f"{app}|{secret}"
        self.hook, self.fields, self.page_fields = "", set[str](), set[str]()
        self.courier = Courier(lambda: self.hook, lambda: secret, "page")

    def mount(self, app: web.Application) -> None:
        """Add its routes to an application, before those that take whatever is left."""
        app.on_startup.append(self._open)
        app.on_shutdown.append(self._close)
        for path in ("me", "me/subscribed_apps", f"{self.app}/subscriptions"):
            app.router.add_route("*", rf"/leadgraph/{{version:v\d+\.\d+}}/{path}", self._answer)

    async def _open(self, _app: web.Application) -> None:
        self.courier.open()

    async def _close(self, _app: web.Application) -> None:
        await self.courier.close()

    async def _answer(self, request: web.Request) -> web.Response:
        try:
            return web.json_response(await self._do(request))
        except No as no:
            return web.json_response(no.envelope(), status=no.status)

    async def _do(self, request: web.Request) -> Json:
        of_app = request.path.endswith("/subscriptions")
        if request.headers.get("Authorization") != f"Bearer {self._app_token if of_app else self._page_token}":
            raise No(190)
        asked = json.loads(await request.read() or b"{}")
        match request.method, request.path.rpartition("/")[2]:
            case "GET", "me":
                return {"id": "102290129340398", "name": "Lamp shop"}
            case "GET", "subscribed_apps":
                return {"data": [{"id": self.app, "subscribed_fields": sorted(self.page_fields)}]}
            case "POST", "subscribed_apps" if set(asked) == {"subscribed_fields"}:
                self.page_fields = set(asked["subscribed_fields"].split(","))
                return {"success": True}
            case "GET", "subscriptions":
                told = {"object": "page", "callback_url": self.hook, "active": True, "fields": [{"name": field} for field in sorted(self.fields)]}
                return {"data": [told] if self.hook else []}
            case "POST", "subscriptions" if set(asked) == {"object", "callback_url", "verify_token", "fields"} and asked["object"] == "page":
                return await self._taken(asked)
        raise No(100, "Unsupported request")

    async def _taken(self, asked: Json) -> Json:
        if not await self.courier.challenge(asked["callback_url"], asked["verify_token"]):
            raise No(2200, "Callback verification failed", status=400)
        self.hook, self.fields = asked["callback_url"], set(asked["fields"].split(","))
        self.courier.wake()
        return {"success": True}
