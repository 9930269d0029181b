"""The human side over HTTP: `/play/…`, where people act and tests look."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import web

from sandbox.telegram.deeds import Deeds, NotPossible
from sandbox.telegram.messages import Chat, Message
from sandbox.telegram.own_phones import OwnPhones
from sandbox.telegram.request import Upload
from sandbox.telegram.shapes import Json, Refusal
from sandbox.telegram.world import Bot, Person, World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
DEEDS = ("start", "admit", "send", "file", "contact", "location", "edit", "click", "press", "react", "block", "unblock")
PATIENCE = 5.0


class Human:
    """The server as people see it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def mount(self, app: web.Application) -> None:
        """Adds its routes to an application."""
        person = "/play/people/{person}"
        app.router.add_put(person, answered(self.name))
        for deed in DEEDS:
            app.router.add_post(f"{person}/{deed}", answered(getattr(self, deed)))
        app.router.add_get(f"{person}/chat", answered(self.chat))
        app.router.add_get(f"{person}/wait", answered(self.wait))
        app.router.add_post("/play/raw", answered(self.raw))
        self._mount_own(app, OwnPhones(self._world))
        app.router.add_get("/play/files/{unique_id}", answered(self.download))

    def _mount_own(self, app: web.Application, phones: OwnPhones) -> None:
        """Adds the routes of own accounts."""
        for deed in (phones.connect, phones.disconnect):
            app.router.add_post(f"/play/own/{{owner}}/{deed.__name__}", answered(partial(_told, deed)))
        for deed in (phones.say, phones.edit, phones.delete, phones.click, phones.chat):
            app.router.add_post(f"/play/own/{{owner}}/{{person}}/{deed.__name__}", answered(partial(_told, deed)))

    async def name(self, request: web.Request) -> Json:
        """Creates or renames a person."""
        person, body = self._person(request), await body_of(request)
        if not text_of(body, "first_name", person.first_name):
            raise NotPossible("first_name must not be empty")
        for field in ("first_name", "last_name", "username", "language_code"):
            setattr(person, field, text_of(body, field, getattr(person, field)))
        return {"person": {"name": person.name, **person.user()}}

    async def start(self, request: web.Request) -> Json:
        """Presses Start."""
        deeds, body = await self._deeds(request)
        return {"message_id": deeds.start(text_of(body, "payload")).message_id}

    async def admit(self, request: web.Request) -> Json:
        """Lets a bot post in a channel, or no more."""
        deeds, body = await self._deeds(request)
        return {"admitted": deeds.admit(body.get("allowed") is not False)}

    async def send(self, request: web.Request) -> Json:
        """Types a message."""
        deeds, body = await self._deeds(request)
        return {"message_id": deeds.type(text_of(body, "text"), body.get("entities"), number_of(body, "reply_to")).message_id}

    async def file(self, request: web.Request) -> Json:
        """Sends a file."""
        form = await request.post()
        part = form.get("file")
        if not isinstance(part, web.FileField):
            raise NotPossible("the file itself is missing")
        body = {name: value for name, value in form.items() if isinstance(value, str)}
        upload = Upload(part.filename, part.content_type, part.file.read())
        deeds = self._deeds_in(request, body)
        reply_to = int(body["reply_to"]) if body.get("reply_to") else None
        message = deeds.send_file(body.get("kind", "document"), upload, body.get("caption", ""), reply_to, body.get("media_group_id", ""))
        return {"message_id": message.message_id}

    async def contact(self, request: web.Request) -> Json:
        """Shares a contact, their own unless the body says otherwise."""
        deeds, body = await self._deeds(request)
        user_id = number_of(body, "user_id") if "user_id" in body else deeds.person.id
        return {"message_id": deeds.share_contact(text_of(body, "phone"), user_id).message_id}

    async def location(self, request: web.Request) -> Json:
        """Sends a place."""
        deeds, body = await self._deeds(request)
        return {"message_id": deeds.send_location(body.get("latitude"), body.get("longitude")).message_id}

    async def edit(self, request: web.Request) -> Json:
        """Edits a message of the person's own."""
        deeds, body = await self._deeds(request)
        return {"message_id": deeds.edit(deeds.message(body.get("message_id")).message_id, text_of(body, "text")).message_id}

    async def click(self, request: web.Request) -> Json:
        """Presses a button under a message, or one of a keyboard."""
        deeds, body = await self._deeds(request)
        message = deeds.message(body.get("message_id"))
        button = find_button(message, body.get("button"))
        if (message.markup or {}).get("keyboard"):
            return {"message_id": press_key(deeds, message, button).message_id}
        if "callback_data" not in button:
            return {name: button[name] for name in ("url", "web_app", "copy_text", "login_url") if name in button}
        return await self._hear(deeds.press(message, button["callback_data"]), body)

    async def press(self, request: web.Request) -> Json:
        """Sends any callback data, also data that no button carries."""
        deeds, body = await self._deeds(request)
        return await self._hear(deeds.press(deeds.message(body.get("message_id")), text_of(body, "data")), body)

    async def react(self, request: web.Request) -> Json:
        """Reacts to a message."""
        deeds, body = await self._deeds(request)
        deeds.react(deeds.message(body.get("message_id")).message_id, text_of(body, "emoji"))
        return {}

    async def block(self, request: web.Request) -> Json:
        """Blocks the bot."""
        deeds, _ = await self._deeds(request)
        deeds.block()
        return {}

    async def unblock(self, request: web.Request) -> Json:
        """Unblocks the bot."""
        deeds, _ = await self._deeds(request)
        deeds.unblock()
        return {}

    async def chat(self, request: web.Request) -> Json:
        """Shows the chat as the person sees it."""
        bot, person = self._bot(request.query.get("bot")), self._person(request)
        chat = self._world.chat(bot, person)
        shown = [message.shown() for message in chat.messages.values()]
        button = bot.menu_buttons.get(person.id) or bot.menu_buttons.get(0, {"type": "default"})
        state = {"blocked": chat.blocked, "started": chat.opened, "revision": self._world.changes.revision}
        return {"messages": shown, **state, "menu": bot.menu(person), "menu_button": button}

    async def wait(self, request: web.Request) -> Json:
        """Answers the first message of the bot that is new or newly edited and contains a text."""
        query = request.query
        chat = self._world.chat(self._bot(query.get("bot")), self._person(request))
        since = int(query["since"]) if "since" in query else None
        after = int(query["after"]) if "after" in query else (None if since is not None else 0)

        def fits(message: Message) -> bool:
            new = after is not None and message.message_id > after
            edited = since is not None and message.edit_revision > since
            return message.by_bot and (new or edited) and query.get("contains", "") in message.shown()["text"]

        try:
            async with asyncio.timeout(float(query.get("timeout", "10"))):
                message = await self._first(chat, fits)
        except TimeoutError as error:
            raise web.HTTPRequestTimeout(reason="no such message came") from error
        return {"message": message.shown(), "revision": self._world.changes.revision}

    async def _first(self, chat: Chat, fits: Callable[[Message], bool]) -> Message:
        """The first message of a chat that fits, now or when it comes."""
        with self._world.changes.watched() as changes:
            while True:
                message = next(filter(fits, chat.messages.values()), None)
                if message is not None:
                    return message
                if await changes.get() is None:
                    raise NotPossible("the server closes")

    async def raw(self, request: web.Request) -> Json:
        """Queues an update exactly as given."""
        body = await body_of(request)
        update = body.get("update")
        if not isinstance(update, dict):
            raise NotPossible("update must be an object")
        return {"update": self._bot(body.get("bot")).updates.put_raw(update)}

    async def download(self, request: web.Request) -> web.Response:
        """Gives the content of a file in a chat."""
        stored = self._world.files.shown(request.match_info["unique_id"])
        if stored is None:
            raise web.HTTPNotFound(reason="there is no such file")
        # Uploads may be anything: the page shows pictures, and nothing may run.
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
        return web.Response(body=stored.body, content_type=stored.mime or "application/octet-stream", headers=headers)

    async def _hear(self, answer: asyncio.Future[Json], body: Json) -> Json:
        try:
            async with asyncio.timeout(float(body.get("wait", PATIENCE))):
                return {"answered": True, **await asyncio.shield(answer)}
        except TimeoutError:
            return {"answered": False}

    async def _deeds(self, request: web.Request) -> tuple[Deeds, Json]:
        body = await body_of(request)
        return self._deeds_in(request, body), body

    def _deeds_in(self, request: web.Request, body: Json) -> Deeds:
        return Deeds(self._world, self._world.chat(self._bot(body.get("bot")), self._person(request)))

    def _person(self, request: web.Request) -> Person:
        return self._world.person(request.match_info["person"])

    def _bot(self, name: object) -> Bot:
        bot = self._world.bots.get(str(name))
        if bot is None:
            raise NotPossible(f"bot is one of {', '.join(self._world.bots)}")
        return bot


async def _told(deed: Callable[[web.Request, Json], Json], request: web.Request) -> Json:
    return deed(request, await body_of(request))


def answered(act: Callable[[web.Request], Awaitable[Json | web.StreamResponse]]) -> Handler:
    """Wraps a deed so that it answers `ok` with what it says, or `error` with why not."""

    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            said = await act(request)
        except web.HTTPException as error:
            return web.json_response({"ok": False, "error": error.reason}, status=error.status)
        except (NotPossible, Refusal, ValueError) as error:
            return web.json_response({"ok": False, "error": str(error)}, status=400)
        return said if isinstance(said, web.StreamResponse) else web.json_response({"ok": True, **said})

    return handler


async def body_of(request: web.Request) -> Json:
    """The JSON object a call brings."""
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError as error:
        raise NotPossible("the body must be JSON") from error
    if not isinstance(body, dict):
        raise NotPossible("the body must be a JSON object")
    return body


def text_of(body: Json, name: str, default: str = "") -> str:
    """A text of the body."""
    value = body.get(name, default)
    if not isinstance(value, str):
        raise NotPossible(f"{name} must be a text")
    return value


def number_of(body: Json, name: str) -> int | None:
    """A number of the body, None when it is missing."""
    value = body.get(name)
    if value is not None and not isinstance(value, int):
        raise NotPossible(f"{name} must be a number")
    return value


def find_button(message: Message, wanted: object) -> Json:
    """The button of this text or at this `[row, column]`."""
    markup = message.markup or {}
    rows: list[list[Json]] = markup.get("inline_keyboard") or markup.get("keyboard") or []
    if isinstance(wanted, list):
        row, column = (part if isinstance(part, int) else -1 for part in (*wanted, -1, -1)[:2])
        if 0 <= row < len(rows) and 0 <= column < len(rows[row]):
            return rows[row][column]
    for button in (button for row in rows for button in row):
        if button["text"] == wanted:
            return button
    raise NotPossible(f"there is no button {wanted} under message {message.message_id}")


def press_key(deeds: Deeds, message: Message, button: Json) -> Message:
    """Presses a key of a keyboard below the chat: shares the contact it asks for or sends its text."""
    if button.get("request_contact") is True:
        return deeds.share_contact("", deeds.person.id, message.message_id)
    return deeds.type(button["text"])
