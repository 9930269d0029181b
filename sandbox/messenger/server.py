"""Graph over HTTP, under /pages: the calls of the Send API, profiles, uploads, and the addresses of files; with the faults in force."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

from aiohttp import ClientError, web

from sandbox.messenger.courier import Courier
from sandbox.messenger.human import Human
from sandbox.messenger.sending import SendApi
from sandbox.messenger.shapes import GraphError, Json, NotPossible, invalid
from sandbox.messenger.site import Fault, Site

LARGEST = 25 * 1024 * 1024
KINDS = {"image", "audio", "video", "file"}
GARBAGE = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


class Pages:
    """All sites of one pretended Meta."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.messenger = Site("messenger", "102290129340398", "123456789012345", "EAAPAGETOKEN", "lamp-app-secret", clock)
        self.instagram = Site("instagram", "17841400008460056", "123456789012345", "EAAINSTAGRAMTOKEN", "lamp-app-secret", clock)
        self.sites = [self.messenger, self.instagram]
        self.courier = Courier(self.sites)
        self._closing = asyncio.Event()

    def mount(self, app: web.Application) -> None:
        """Add the calls and the human side to an application; webhooks are brought while it runs."""
        app.on_startup.append(self._open)
        app.on_shutdown.append(self._close)
        app.router.add_post("/pages/{version}/me/messages", self._called(self._send))
        app.router.add_post("/pages/{version}/me/message_attachments", self._called(self._upload))
        app.router.add_get("/pages/{version}/me", self._called(self._me))
        app.router.add_get("/pages/{version}/me/subscribed_apps", self._called(self._subscribed))
        app.router.add_get("/pages/{version}/me/message_templates", self._called(self._templates))
        app.router.add_get("/pages/cdn/{kind}/{name}", self._download)
        app.router.add_post("/pages/{version}/me/subscribed_apps", self._called(self._subscribe))
        app.router.add_get(r"/pages/{version}/{app:\d+}/subscriptions", self._hooks)
        app.router.add_post(r"/pages/{version}/{app:\d+}/subscriptions", self._hook)
        app.router.add_get(r"/pages/{version}/{number:\d+}", self._called(self._profile))
        for site in self.sites:
            Human(site, self.courier).mount(app)

    async def _open(self, _app: web.Application) -> None:
        self._closing.clear()
        await self.courier.open()

    async def _close(self, _app: web.Application) -> None:
        self._closing.set()
        await self.courier.close()

    def _called(self, act: Callable[[Site, web.Request, Json], Json]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handler(request: web.Request) -> web.StreamResponse:
            given = request.headers.get("Authorization", "").removeprefix("Bearer ")
            site = next((one for one in self.sites if one.token == given), None)
            if site is None:
                return refused(GraphError(190, "Invalid OAuth access token.", status=401))
            asked = await read(request)
            entry: Json = {"path": request.path, "asked": shown(asked), "answer": None}
            site.log.append(entry)
            fault = site.take_fault(request.path)
            if fault and fault.kind != "drop_after":
                return await self._misbehave(request, fault)
            try:
                entry["answer"] = act(site, request, asked)
            except GraphError as error:
                return refused(error)
            return hang_up(request) if fault else web.json_response(entry["answer"])

        return handler

    async def _misbehave(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        match fault.kind:
            case "613":
                return refused(GraphError(613, "Calls to this api have exceeded the rate limit."))
            case "429":
                return refused(GraphError(4, "Application request limit reached", status=429), {"Retry-After": str(round(fault.seconds))})
            case "garbage":
                return web.Response(status=502, text=GARBAGE, content_type="text/html")
            case "error":
                assert fault.error
                return refused(fault.error)
            case "hang":
                try:
                    async with asyncio.timeout(fault.seconds):
                        await self._closing.wait()
                except TimeoutError:
                    pass
        return hang_up(request)

    def _send(self, site: Site, _request: web.Request, asked: Json) -> Json:
        return SendApi(site, self.courier).send(asked)

    def _upload(self, site: Site, _request: web.Request, asked: Json) -> Json:
        try:
            wanted = json.loads(asked.get("message", ""))["attachment"]
            sort, reusable = wanted["type"], wanted["payload"]["is_reusable"]
        except (ValueError, KeyError, TypeError):
            raise invalid("message must name the attachment") from None
        body = asked.get("filedata")
        if not isinstance(body, bytes) or not body or sort not in KINDS or reusable is not True:
            raise invalid("Upload attachment failure.", 2018047)
        if len(body) > LARGEST:
            raise invalid("the file is too large", 2018109)
        if site.instagram != (asked.get("platform") == "instagram"):
            raise invalid("platform does not fit")
        number = str(1_900_000_000_000_000 + site.count())
        site.uploads[number] = (sort, body)
        return {"attachment_id": number}

    def _me(self, site: Site, _request: web.Request, _asked: Json) -> Json:
        return {"id": site.number, "name": "Lamp shop"}

    def _subscribed(self, site: Site, _request: web.Request, _asked: Json) -> Json:
        return {"data": [{"id": site.app, "name": "Dragoman", "subscribed_fields": site.subscribed}]}

    def _subscribe(self, site: Site, _request: web.Request, asked: Json) -> Json:
        if set(asked) != {"subscribed_fields"} or not isinstance(asked["subscribed_fields"], str):
            raise invalid("subscribed_fields is a list with commas")
        site.subscribed = sorted(asked["subscribed_fields"].split(","))
        return {"success": True}

    async def _hooks(self, request: web.Request) -> web.StreamResponse:
        if not self._of_app(request):
            return refused(GraphError(190, "Invalid OAuth access token.", status=401))
        told = [
            {"object": site.topic, "callback_url": site.hook, "active": True, "fields": [{"name": one, "version": "v25.0"} for one in site.hook_fields]}
            for site in self.sites
            if site.hook
        ]
        return web.json_response({"data": told})

    async def _hook(self, request: web.Request) -> web.StreamResponse:
        """An app's subscription: the address has to answer before it is taken."""
        if not self._of_app(request):
            return refused(GraphError(190, "Invalid OAuth access token.", status=401))
        asked = await read(request)
        site = next((one for one in self.sites if one.topic == asked.get("object")), None)
        if site is None or set(asked) != {"object", "callback_url", "verify_token", "fields"}:
            return refused(invalid("object, callback_url, verify_token and fields are needed"))
        try:
            await self.courier.connect(site, asked["callback_url"], asked["verify_token"])
        except (NotPossible, ClientError, ValueError) as error:
            return refused(GraphError(2200, f"callback verification failed: {type(error).__name__}"))
        site.hook_fields = asked["fields"].split(",")
        return web.json_response({"success": True})

    def _of_app(self, request: web.Request) -> bool:
        site = self.messenger
        return request.match_info["app"] == site.app and request.headers.get("Authorization") == f"Bearer {site.app}|{site.secret}"

    def _templates(self, site: Site, request: web.Request, _asked: Json) -> Json:
        first = int(request.query.get("after", "0"))
        listed = [
            {"name": name, "language": "en", "status": "APPROVED", "category": "UTILITY", "components": [{"type": "BODY", "text": text}]}
            for name, text in site.templates.items()
        ]
        paging = {"paging": {"cursors": {"after": str(first + 1)}, "next": "there is more"}} if first + 1 < len(listed) else {}
        return {"data": listed[first : first + 1], **paging}

    def _profile(self, site: Site, request: web.Request, _asked: Json) -> Json:
        person = site.person_of(request.match_info["number"])
        if person is None:
            raise invalid("No matching user found", 2018001)
        names = {"first_name": person.name, "last_name": "Quince", "name": f"{person.name} Quince", "username": person.name.lower()}
        fields = request.query.get("fields", "").split(",")
        if not set(fields) <= ({"name", "username"} if site.instagram else {"first_name", "last_name", "name", "profile_pic"}):
            raise invalid("Tried accessing nonexisting field")
        return {**{field: names[field] for field in fields if field in names}, "id": person.number}

    async def _download(self, request: web.Request) -> web.Response:
        site = next((one for one in self.sites if one.kind == request.match_info["kind"]), self.messenger)
        stored = site.files.get(request.match_info["name"])
        if stored is None or site.now() > stored.until:
            return web.Response(status=403, text="URL signature expired")
        return web.Response(body=stored.body, content_type=stored.mime)


async def read(request: web.Request) -> Json:
    """What a call asks for: JSON, or the fields of a form with the file's bytes."""
    if request.content_type == "multipart/form-data":
        form = await request.post()
        return {key: value.file.read() if isinstance(value, web.FileField) else value for key, value in form.items()}
    if request.method == "GET":
        return dict(request.query)
    try:
        asked = json.loads(await request.read())
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}


def shown(asked: Json) -> Json:
    """A call as the log keeps it: of a file its size."""
    return {key: f"{len(value)} bytes" if isinstance(value, bytes) else value for key, value in asked.items()}


def refused(error: GraphError, headers: dict[str, str] | None = None) -> web.Response:
    """An error as Graph answers it."""
    return web.json_response(error.body(), status=error.status, headers=headers)


def hang_up(request: web.Request) -> web.Response:
    """Cut the line without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
