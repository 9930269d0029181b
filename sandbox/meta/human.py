"""The human side over HTTP: `/play/whatsapp/…`, where customers and the owner act, Meta decides, and tests look."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.meta.errors import Json, No
from sandbox.meta.world import Person, Sent, World

Act = Callable[[web.Request], Awaitable[Json]]
KINDS = ("image", "video", "audio", "document", "sticker")


class Human:
    """The server as people see it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def mount(self, app: web.Application) -> None:
        """Add its routes to an application."""
        base, person = "/play/whatsapp", "/play/whatsapp/people/{person}"
        app.router.add_put(person, answered(self.name))
        for deed in ("send", "file", "press", "react", "edit", "revoke", "number", "prefer", "echo", "read", "block"):
            app.router.add_post(f"{person}/{deed}", answered(getattr(self, deed)))
        app.router.add_get(f"{person}/chat", answered(self.chat))
        app.router.add_get(f"{person}/wait", answered(self.wait))
        for deed in ("status", "raw", "hold", "release", "template", "faults", "automatic", "secrets"):
            app.router.add_post(f"{base}/{deed}", answered(getattr(self, deed)))
        app.router.add_get(f"{base}/log", answered(self.log))
        app.router.add_get(f"{base}/idle", answered(self.idle))

    async def name(self, request: web.Request) -> Json:
        """Create or change a person: name, username, user_id, hides."""
        person, body = self._person(request), await body_of(request)
        for key in ("name", "username", "user_id", "hides"):
            setattr(person, key, body.get(key, getattr(person, key)))
        return {"person": person.contact()}

    async def send(self, request: web.Request) -> Json:
        """Send a message: `text`, or a whole message as WhatsApp brings it (`type` and what belongs to it), with `reply_to` and `referral`."""
        body = await body_of(request)
        message = {"type": "text", "text": {"body": body["text"]}} if isinstance(body.get("text"), str) else dict(body.get("message") or {})
        if body.get("reply_to"):
            message["context"] = {"from": self._world.display, "id": body["reply_to"]}
        if body.get("referral"):
            message["referral"] = body["referral"]
        if "type" not in message:
            raise ValueError("a message needs a text or a type")
        return {"id": self._world.hear(self._person(request), message)}

    async def file(self, request: web.Request) -> Json:
        """Send a file as `kind`, with a caption."""
        form = await request.post()
        part, kind = form.get("file"), str(form.get("kind", "document"))
        if not isinstance(part, web.FileField) or kind not in KINDS:
            raise ValueError("the file itself is missing, or its kind is none")
        stored = self._world.store(part.content_type, part.file.read())
        inside: Json = {"id": stored.id, "mime_type": stored.mime, "sha256": "sandbox="}
        more = {"caption": form.get("caption"), "filename": part.filename if kind == "document" else None}
        inside |= {key: held for key, held in more.items() if held}
        return {"id": self._world.hear(self._person(request), {"type": kind, kind: inside}), "media": stored.id}

    async def press(self, request: web.Request) -> Json:
        """Press a button, or a row of a list, under a message of the business's, by what it says."""
        body = await body_of(request)
        sent = self._sent(body)
        action = sent.body.get("interactive", {}).get("action", {})
        rows = [row for section in action.get("sections", []) for row in section["rows"]]
        kind, found = ("list_reply", rows) if rows else ("button_reply", [one["reply"] for one in action.get("buttons", [])])
        pressed = next((one for one in found if body.get("label") in (one["title"], one["id"])), None)
        if pressed is None:
            raise ValueError(f"there is no button {body.get('label')} under it")
        context = {"from": self._world.display, "id": sent.id}
        message = {"type": "interactive", "context": context, "interactive": {"type": kind, kind: pressed}}
        return {"id": self._world.hear(self._person(request), message)}

    async def react(self, request: web.Request) -> Json:
        """Put an emoji on a message ("" = take it away)."""
        body = await body_of(request)
        reaction = {"message_id": body["message_id"], **({"emoji": body["emoji"]} if body.get("emoji") else {})}
        return {"id": self._world.hear(self._person(request), {"type": "reaction", "reaction": reaction})}

    async def edit(self, request: web.Request) -> Json:
        """Change a message of theirs."""
        body = await body_of(request)
        now = {"type": "text", "text": {"body": body["text"]}}
        return {"id": self._world.hear(self._person(request), {"type": "edit", "edit": {"original_message_id": body["message_id"], "message": now}})}

    async def revoke(self, request: web.Request) -> Json:
        """Take back a message of theirs."""
        body = await body_of(request)
        return {"id": self._world.hear(self._person(request), {"type": "revoke", "revoke": {"original_message_id": body["message_id"]}})}

    async def number(self, request: web.Request) -> Json:
        """Take a new number."""
        person = self._person(request)
        self._world.renumber(person, str((await body_of(request))["new"]))
        return {"person": person.contact()}

    async def prefer(self, request: web.Request) -> Json:
        """Stop or resume offers by WhatsApp's own switch."""
        self._world.prefer(self._person(request), str((await body_of(request))["value"]))
        return {}

    async def echo(self, request: web.Request) -> Json:
        """The owner writes to this person from the phone."""
        body = await body_of(request)
        return {"id": self._world.echo(self._person(request), {"type": "text", "text": {"body": body["text"]}})}

    async def read(self, request: web.Request) -> Json:
        """Open the chat: everything that came is read."""
        person = self._person(request)
        mine = [one for one in self._world.sent.values() if one.by is person and "read" not in one.done and "failed" not in one.done]
        for one in mine:
            self._world.status(one, "read")
        return {"read": len(mine)}

    async def block(self, request: web.Request) -> Json:
        """Block the business, or let it write again."""
        self._person(request).blocked = (await body_of(request)).get("blocked", True)
        return {}

    async def chat(self, request: web.Request) -> Json:
        """What the business sent to a person, oldest first."""
        person = self._person(request)
        return {"messages": [shown(one) for one in self._world.sent.values() if one.by is person]}

    async def wait(self, request: web.Request) -> Json:
        """The first message of the business to a person that contains a text, now or when it comes."""
        person, words = self._person(request), request.query.get("contains", "")
        after = request.query.get("after", "")

        def found() -> Sent | None:
            mine = list(self._world.sent.values())
            ids = [one.id for one in mine]
            later = mine[ids.index(after) + 1 :] if after in ids else mine
            return next((one for one in later if one.by is person and words in json.dumps(one.body, ensure_ascii=False)), None)

        async with asyncio.timeout(float(request.query.get("timeout", "30"))), self._world.changed:
            await self._world.changed.wait_for(lambda: found() is not None)
        sent = found()
        assert sent
        return {"message": shown(sent)}

    async def status(self, request: web.Request) -> Json:
        """Tell a state of a message once more, late, or out of order: `message_id`, `status`, and `code` for a failure."""
        body = await body_of(request)
        problem = No(int(body["code"]), body.get("details", "")) if body.get("code") else None
        for _ in range(int(body.get("times", 1))):
            self._world.status(self._sent(body), str(body["status"]), problem)
        return {}

    async def raw(self, request: web.Request) -> Json:
        """Bring a change exactly as given (`field`, `value`), or a whole body (`body`)."""
        body = await body_of(request)
        if "body" in body:
            self._world.courier.post(str(body["body"]).encode("utf-8", "surrogatepass"))
        else:
            self._world.bring(str(body["field"]), body["value"], timed=bool(body.get("timed")))
        return {}

    async def hold(self, request: web.Request) -> Json:
        """Hold back what happens from now on."""
        self._world.courier.held = []
        return {}

    async def release(self, request: web.Request) -> Json:
        """Bring what was held as one body; `shuffled` = the other way round, `twice`."""
        body = await body_of(request)
        return {"entries": self._world.courier.release(shuffled=bool(body.get("shuffled")), twice=bool(body.get("twice")))}

    async def template(self, request: web.Request) -> Json:
        """Add a template (`template`), or decide about one (`name`, `language`, `status`)."""
        body = await body_of(request)
        if "template" in body:
            self._world.templates.append(body["template"])
        else:
            self._world.judge(body["name"], body["language"], body["status"], body.get("reason", "NONE"))
        return {}

    async def faults(self, request: web.Request) -> Json:
        """Add a fault, or end all of them with {}."""
        body = await body_of(request)
        if body:
            self._world.faults.add(body)
        else:
            self._world.faults.clear()
        return {}

    async def automatic(self, request: web.Request) -> Json:
        """Whether states are told by themselves."""
        self._world.automatic = bool((await body_of(request)).get("on", True))
        return {}

    async def secrets(self, request: web.Request) -> Json:
        """The app's secret is another from now on."""
        self._world.secrets.insert(0, str((await body_of(request))["new"]))
        return {}

    async def log(self, request: web.Request) -> Json:
        """Every request, oldest first."""
        return {"requests": self._world.log, "seen": self._world.seen}

    async def idle(self, request: web.Request) -> Json:
        """Answer when everything has been brought."""
        async with asyncio.timeout(float(request.query.get("timeout", "30"))):
            await self._world.courier.idle()
        return {"brought": [status for status, _ in self._world.courier.brought]}

    def _person(self, request: web.Request) -> Person:
        wa_id = request.match_info["person"]
        if not wa_id.isdigit():
            raise ValueError("a person is named by the number")
        return self._world.person(wa_id)

    def _sent(self, body: Json) -> Sent:
        found = self._world.sent.get(str(body.get("message_id")))
        if found is None:
            raise ValueError("the business sent no such message")
        return found


def shown(sent: Sent) -> Json:
    """A message as the person sees it."""
    return {"id": sent.id, "body": sent.body, "states": sent.done}


def answered(act: Act) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Wrap a deed so that it answers `ok` with what it says, or `error` with why not."""

    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            return web.json_response({"ok": True, **await act(request)})
        except TimeoutError:
            return web.json_response({"ok": False, "error": "nothing of the kind came"}, status=408)
        except (No, ValueError, KeyError, TypeError) as error:
            return web.json_response({"ok": False, "error": str(error)}, status=400)

    return handler


async def body_of(request: web.Request) -> Json:
    """The JSON object a call brings."""
    body = json.loads(await request.read() or b"{}")
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    return body
