"""The Graph API over HTTP: messages, files up and down, templates, who is subscribed; with the faults in force."""

import asyncio
import hashlib
import hmac
import json
import re
from typing import Any

from aiohttp import web

from sandbox.meta.checks import checked, only
from sandbox.meta.errors import Json, No
from sandbox.meta.faults import Fault
from sandbox.meta.world import UPLOADS, Stored, World

MINUTES = 5
GARBAGE = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
_PLACES = re.compile(r"\{\{[^{}]+\}\}")
_TYPES = {"image/jpeg": "image", "image/png": "image", "image/webp": "sticker", "video/mp4": "video", "video/3gpp": "video"}


class GraphApi:
    """The server as businesses see it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def mount(self, app: web.Application) -> None:
        """Add its routes to an application; the webhook is served while it runs."""
        app.on_startup.append(self._open)
        app.on_shutdown.append(self._close)
        app.router.add_route("*", r"/{version:v\d+\.\d+}/{node}", self.answer)
        app.router.add_route("*", r"/{version:v\d+\.\d+}/{node}/{edge}", self.answer)
        app.router.add_get("/whatsapp_business/attachments/", self.download)

    async def _open(self, _app: web.Application) -> None:
        self._world.courier.open()

    async def _close(self, _app: web.Application) -> None:
        await self._world.courier.close()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        node, edge = request.match_info["node"], request.match_info.get("edge", "")
        what = f"{request.method} {edge or 'node'}"
        try:
            self._known(request)
            given = await _given(request)
            to = str(given.get("to") or given.get("recipient") or "")
            fault = self._world.faults.take(edge or node, to)
            if fault:
                return await self._misbehave(request, fault, (node, edge, given))
            body = await self._do(request, node, edge, given)
        except No as no:
            self._world.log.append({"what": what, "node": node, "code": no.code})
            return web.json_response(no.envelope(), status=no.status, headers=no.headers)
        self._world.log.append({"what": what, "node": node, "given": {key: held for key, held in given.items() if key != "file"}})
        return web.json_response(body)

    def _known(self, request: web.Request) -> None:
        given = request.headers.get("Authorization", "")
        if not given.startswith("Bearer "):
            raise No(190, "An access token is required to request this resource.")
        if given.removeprefix("Bearer ") != self._world.token:
            raise No(190, f"Malformed access token {given.removeprefix('Bearer ')}")
        proofs = {hmac.new(secret.encode(), self._world.token.encode(), hashlib.sha256).hexdigest() for secret in self._world.secrets}
        if request.query.get("appsecret_proof", next(iter(proofs))) not in proofs:
            raise No(100, "Invalid appsecret_proof provided in the API argument")

    async def _do(self, request: web.Request, node: str, edge: str, given: Json) -> Json:
        world = self._world
        match request.method, edge:
            case "POST", "messages":
                self._ours(node)
                return await self._message(given)
            case "POST", "media":
                self._ours(node)
                return self._upload(given)
            case "GET", "message_templates":
                return self._templates(request)
            case "POST", "subscribed_apps":
                world.business_callback = await self._callback(given) or world.business_callback
                return {"success": True}
            case "GET", "subscribed_apps":
                mine = {"whatsapp_business_api_data": {"id": "1", "name": "Dragoman"}, "override_callback_uri": world.business_callback}
                return {"data": [mine]}
            case "POST", "" if node == world.number:
                world.callback = await self._callback(given.get("webhook_configuration") or {}) or world.callback
                world.courier.wake()
                return {"success": True}
            case "GET", "" if node == world.number:
                return self._number(request)
            case "GET", "":
                return self._file(request, world.file(node))
        raise No(100, f"Unsupported {request.method} request. Object with ID '{node}' does not exist", subcode=33)

    def _ours(self, node: str) -> None:
        if node != self._world.number:
            raise No(100, f"Unsupported post request. Object with ID '{node}' does not exist", subcode=33)

    async def _message(self, given: Json) -> Json:
        world = self._world
        if given.get("status") == "read":
            only(given, {"messaging_product", "status", "message_id", "typing_indicator"}, "the message")
            if not any(one["id"] == given.get("message_id") for one in world.heard):
                raise No(131009, "message_id is not a message of theirs")
            world.seen.append(given["message_id"])
            return {"success": True}
        to, type_ = checked(given)
        if to == world.display:
            raise No(131021)
        self._held(given, type_)
        sent = await world.take(to, given)
        contact = {"input": to, "wa_id": to} if to.isdigit() else {"input": to, "user_id": to}
        return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": sent.id}]}

    def _held(self, given: Json, type_: str) -> None:
        """What a message points to is there: its file, its template."""
        header = given[type_].get("header", {}) if type_ == "interactive" else {}
        holder = header.get(header.get("type"), {}) if header else given[type_] if type_ in {*UPLOADS} else {}
        if isinstance(holder, dict) and "id" in holder:
            self._world.file(holder["id"])
        if type_ == "template":
            self._fits(given["template"])

    def _fits(self, template: Json) -> None:
        named = (template["name"], template["language"]["code"])
        found = next((one for one in self._world.templates if (one["name"], one["language"]) == named), None)
        if found is None or found["status"] in {"PENDING", "REJECTED"}:
            raise No(132001, f"template name ({named[0]}) does not exist in {named[1]}")
        if found["status"] in {"PAUSED", "DISABLED"}:
            raise No(132015 if found["status"] == "PAUSED" else 132016)
        body = next(one["text"] for one in found["components"] if one["type"] == "BODY")
        given = [len(one.get("parameters", [])) for one in template.get("components", []) if one["type"].lower() == "body"]
        if sum(given) != len(set(_PLACES.findall(body))):
            raise No(
                132000, f"body: number of localizable_params ({sum(given)}) does not match the expected number of params ({len(set(_PLACES.findall(body)))})"
            )

    def _upload(self, given: Json) -> Json:
        file, mime = given.get("file"), str(given.get("type", "")).partition(";")[0]
        if given.get("messaging_product") != "whatsapp" or not isinstance(file, web.FileField):
            raise No(100, "(#100) The parameter messaging_product and file are required.")
        if set(given) - {"messaging_product", "type", "file", "ttl_minutes"}:
            raise No(100, "Unexpected field in the form")
        body = file.file.read()
        kind = _TYPES.get(mime, "audio" if mime.startswith("audio/") else "document")
        if not body or len(body) > UPLOADS["document"] or (len(body) > UPLOADS[kind] and kind == "sticker"):
            raise No(131053, f"The file has {len(body)} bytes")
        return {"id": self._world.store(mime, body).id}

    def _file(self, request: web.Request, stored: Stored) -> Json:
        until = int(self._world.clock()) + MINUTES * 60
        url = f"{request.scheme}://{request.host}/whatsapp_business/attachments/?mid={stored.id}&ext={until}&hash={_mark(stored.id, until)}"
        mark = hashlib.sha256(stored.body).hexdigest()
        return {"messaging_product": "whatsapp", "url": url, "mime_type": stored.mime, "sha256": mark, "file_size": len(stored.body), "id": stored.id}

    async def download(self, request: web.Request) -> web.StreamResponse:
        """The bytes of a file, while its address lives, to whoever has the token."""
        try:
            self._known(request)
            mid, until = request.query.get("mid", ""), request.query.get("ext", "0")
            if request.query.get("hash") != _mark(mid, int(until)) or int(until) < self._world.clock():
                return web.Response(status=404, text="URL signature expired")
            stored = self._world.file(mid)
        except No as no:
            return web.json_response(no.envelope(), status=no.status)
        if self._world.faults.take("download", ""):
            return web.Response(status=503)
        return web.Response(body=stored.body, content_type=stored.mime or "application/octet-stream")

    def _number(self, request: web.Request) -> Json:
        world = self._world
        held: Json = {"display_phone_number": f"+{world.display}", "verified_name": "Lav Hac", "quality_rating": world.quality}
        held["webhook_configuration"] = {"phone_number": world.callback, "application": "https://elsewhere.example/hook"}
        fields = request.query.get("fields", "").split(",")
        return {**{key: value for key, value in held.items() if key in fields or fields == [""]}, "id": world.number}

    def _templates(self, request: web.Request) -> Json:
        first, most = int(request.query.get("after", "0")), int(request.query.get("limit", "25"))
        page = self._world.templates[first : first + most]
        paging: Json = {"cursors": {"before": str(first), "after": str(first + len(page))}}
        if first + most < len(self._world.templates):
            paging["next"] = "https://graph.facebook.com/next"
        return {"data": page, "paging": paging if page else {}}

    async def _callback(self, given: Json) -> str:
        url = given.get("override_callback_uri", "")
        if url and not await self._world.courier.challenge(url, str(given.get("verify_token"))):
            raise No(100, f"(#2200) Callback verification failed with the following errors: HTTP Status Code = 403 {url}")
        return str(url)

    async def _misbehave(self, request: web.Request, fault: Fault, call: tuple[str, str, Json]) -> web.StreamResponse:
        node, edge, given = call
        self._world.log.append({"what": f"{request.method} {edge or 'node'}", "node": node, "fault": fault.kind})
        if fault.kind == "error":
            raise fault.no()
        if fault.kind == "garbage":
            return web.Response(status=502, text=GARBAGE, content_type="text/html")
        if fault.kind == "empty":
            return web.Response(status=200, text="")
        if fault.kind == "hang":
            await asyncio.sleep(fault.seconds)
        elif fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            return web.json_response(await self._do(request, node, edge, given))
        elif fault.kind == "drop_after":
            await self._do(request, node, edge, given)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()


async def _given(request: web.Request) -> dict[str, Any]:
    if request.method == "GET":
        return {}
    if request.content_type == "multipart/form-data":
        return dict(await request.post())
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError:
        raise No(100, "The request body is not valid JSON") from None
    if not isinstance(body, dict):
        raise No(100, "The request body must be an object")
    return body


def _mark(mid: str, until: int) -> str:
    return hashlib.sha256(f"{mid}:{until}".encode()).hexdigest()[:24]
