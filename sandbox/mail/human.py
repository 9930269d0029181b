"""The human side of the provider over HTTP: `/play/mail/…`, where people write and read, tests look, and tokens are given."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import ClientSession, ClientTimeout, web

from sandbox.mail.letters import Draft, Json, Upload, address, answer, opened, shown, written
from sandbox.mail.world import INBOX, SENT, Letter, Mailbox, MailWorld

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
PATIENCE = 5.0


class NotPossible(Exception):
    """A deed that cannot be done; what it says is why."""


class MailHuman:
    """The provider as people see it; a person is known by their address."""

    def __init__(self, world: MailWorld) -> None:
        self._world = world

    def mount(self, app: web.Application) -> None:
        """Add its routes to an application."""
        person = "/play/mail/people/{address}"
        app.router.add_put(person, answered(self.name))
        for deed in (self.write, self.answer, self.leave):
            app.router.add_post(f"{person}/{deed.__name__}", answered(deed))
        app.router.add_get(f"{person}/mails", answered(self.mails))
        app.router.add_get(f"{person}/wait", answered(self.wait))
        app.router.add_get(f"{person}/mails/{{uid}}/files/{{number}}", answered(self.file))
        app.router.add_post("/play/mail/faults", answered(self.fault))
        app.router.add_delete("/play/mail/faults", answered(self.heal))
        app.router.add_post("/play/mail/cut", answered(self.cut))
        app.router.add_post("/play/mail/renumber", answered(self.renumber))
        app.router.add_post("/play/mail/expire", answered(self.expire))
        app.router.add_get("/play/mail/taken", answered(self.taken))
        app.router.add_post("/play/mail/token", self.token)

    async def name(self, request: web.Request) -> Json:
        """Open a mailbox, or name its owner anew."""
        box, body = self._box(request), await body_of(request)
        box.name = str(body.get("name") or box.name)
        box.password = str(body.get("password") or box.password)
        return {"address": box.address, "name": box.name}

    async def write(self, request: web.Request) -> Json:
        """Write to somebody: `to`, `subject`, `text`, `rich`, files in a form."""
        box, (body, files) = self._box(request), await told(request)
        draft = Draft(str(body.get("to", "")), str(body.get("subject", "")), str(body.get("text", "")), body.get("rich", True) not in (False, "false"), files)
        if "@" not in draft.to:
            raise NotPossible("to is an address")
        return self._sent(box, draft.to, written(box, draft, self._world.clock()))

    async def answer(self, request: web.Request) -> Json:
        """Answer a mail: `uid` (else the newest), `text`, `quote`, files in a form."""
        box, (body, files) = self._box(request), await told(request)
        letter = self._letter(box, body.get("uid"))
        raw = answer(box, letter, str(body.get("text", "")), self._world.clock(), files, quote=body.get("quote", True) not in (False, "false"))
        return self._sent(box, address(str(opened(raw)["To"])), raw)

    async def leave(self, request: web.Request) -> Json:
        """Press the mail program's own button for no more offers: one POST, as RFC 8058 has it."""
        box, body = self._box(request), await body_of(request)
        page = str(shown(self._letter(box, body.get("uid")))["unsubscribe"])
        if urlsplit(page).hostname not in LOOPBACK:
            raise NotPossible("the mail names no page on this machine")
        async with ClientSession(timeout=ClientTimeout(total=10)) as http, http.post(page, data={"List-Unsubscribe": "One-Click"}) as said:
            return {"status": said.status}

    async def mails(self, request: web.Request) -> Json:
        """What lies in a folder, the oldest first."""
        box, folder = self._box(request), request.query.get("folder", INBOX)
        if folder not in box.folders:
            raise NotPossible(f"folder is one of {', '.join(box.folders)}")
        return {"name": box.name, "changes": box.changes, "mails": [shown(letter) for letter in box.folders[folder].letters]}

    async def wait(self, request: web.Request) -> Json:
        """The first mail after the number `after` that contains a text, as soon as there is one."""
        box, query = self._box(request), request.query
        after, wanted = int(query.get("after", "0")), query.get("contains", "")
        try:
            async with asyncio.timeout(float(query.get("timeout", PATIENCE))):
                return {"mail": await came(box, after, wanted)}
        except TimeoutError:
            raise NotPossible("no such mail came") from None

    async def file(self, request: web.Request) -> web.StreamResponse:
        """The bytes of a file in a mail."""
        letter = self._letter(self._box(request), int(request.match_info["uid"]))
        files = list(opened(letter.raw).iter_attachments())
        number = int(request.match_info["number"])
        if not 0 <= number < len(files):
            raise NotPossible("there is no such file")
        content = files[number].get_payload(decode=True)
        return web.Response(body=content if isinstance(content, bytes) else b"", content_type="application/octet-stream")

    async def fault(self, request: web.Request) -> Json:
        """Have the provider misbehave: `kind`, `place`, `address`, `code`, `words`, `count`."""
        body = await body_of(request)
        fault = self._world.faults.add(**{name: body[name] for name in ("kind", "place", "address", "code", "words", "count") if name in body})
        return {"kind": fault.kind, "place": fault.place}

    async def heal(self, _: web.Request) -> Json:
        """End every misbehaviour."""
        self._world.faults.clear()
        return {}

    async def cut(self, _: web.Request) -> Json:
        """Break every line that stands."""
        self._world.cut()
        return {}

    async def renumber(self, request: web.Request) -> Json:
        """Number somebody's mails anew, under a new UIDVALIDITY."""
        box = self._world.open(str((await body_of(request)).get("address", "")))
        for folder in box.folders.values():
            folder.renumber()
        self._world.cut()
        return {}

    async def expire(self, _: web.Request) -> Json:
        """End every token that was given."""
        self._world.expire_tokens()
        return {}

    async def taken(self, _: web.Request) -> Json:
        """What was submitted, with its envelope."""
        return {"taken": [{"user": one.user, "sender": one.sender, "recipients": list(one.recipients)} for one in self._world.taken]}

    async def token(self, request: web.Request) -> web.Response:
        """Give a token for a refresh token, as the great providers do (RFC 6749)."""
        form = await request.post()
        whose = self._world.refreshes.get(str(form.get("refresh_token", "")))
        if form.get("grant_type") != "refresh_token" or whose is None:
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response({"access_token": self._world.grant(whose), "expires_in": 3600, "token_type": "Bearer"})

    def _sent(self, box: Mailbox, to: str, raw: bytes) -> Json:
        copy = box.put(SENT, raw, self._world.clock())
        self._world.deliver(box.address, to, raw)
        return {"message_id": shown(copy)["message_id"]}

    def _box(self, request: web.Request) -> Mailbox:
        return self._world.open(request.match_info["address"])

    def _letter(self, box: Mailbox, uid: object) -> Letter:
        letters = box.folders[INBOX].letters
        found = letters[-1:] if uid is None else [letter for letter in letters if str(letter.uid) == str(uid)]
        if not found:
            raise NotPossible("there is no such mail")
        return found[0]


async def came(box: Mailbox, after: int, wanted: str) -> Json:
    """The first mail after a number that contains a text, as soon as there is one."""
    while True:
        seen = box.changes
        for mail in (shown(letter) for letter in box.folders[INBOX].letters if letter.uid > after):
            if wanted in mail["subject"] + "\n" + mail["text"]:
                return mail
        await box.change(seen)


def answered(act: Callable[[web.Request], Awaitable[Json | web.StreamResponse]]) -> Handler:
    """Wrap a deed so that it answers `ok` with what it says, or `error` with why not."""

    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            said = await act(request)
        except (NotPossible, ValueError, TypeError) as error:
            return web.json_response({"ok": False, "error": str(error)}, status=400)
        return said if isinstance(said, web.StreamResponse) else web.json_response({"ok": True, **said})

    return handler


async def body_of(request: web.Request) -> Json:
    """The JSON object a call brings."""
    body = json.loads(await request.read() or b"{}")
    if not isinstance(body, dict):
        raise NotPossible("the body must be a JSON object")
    return body


async def told(request: web.Request) -> tuple[Json, list[Upload]]:
    """What a call brings: JSON, or a form with files."""
    if not request.content_type.startswith("multipart/"):
        return await body_of(request), []
    form = await request.post()
    files = [Upload(part.filename, part.content_type, part.file.read()) for part in form.getall("file", []) if isinstance(part, web.FileField)]
    return {name: value for name, value in form.items() if isinstance(value, str)}, files
