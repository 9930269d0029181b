"""The human side of groups over HTTP: `/play/groups/…`, where people write in topics, press, delete topics and steer what the bot may do."""

import asyncio

from aiohttp import web

from sandbox.telegram.crowd import ADMIN, FIRST_GROUP, KICKED, MEMBER, MOST_A_MINUTE, Crowd
from sandbox.telegram.deeds import Deeds, NotPossible
from sandbox.telegram.human import answered, body_of, find_button, number_of, text_of
from sandbox.telegram.messages import Chat, Message
from sandbox.telegram.request import Upload
from sandbox.telegram.shapes import Json
from sandbox.telegram.world import Bot, Person, World

DEEDS = ("rights", "send", "file", "edit", "click", "delete_topic", "close_topic", "migrate")


class Gathering:
    """Groups as people see them."""

    def __init__(self, world: World) -> None:
        self._world = world

    def mount(self, app: web.Application) -> None:
        """Adds its routes to an application."""
        app.router.add_put("/play/groups/{group}", answered(self.found))
        app.router.add_get("/play/groups/{group}", answered(self.show))
        for deed in DEEDS:
            app.router.add_post(f"/play/groups/{{group}}/{deed}", answered(getattr(self, deed)))

    async def found(self, request: web.Request) -> Json:
        """Makes a group, or renames it; the bot is in it as nobody special."""
        body, name = await body_of(request), request.match_info["group"]
        crowd = self._world.people.get(name)
        if crowd is None:
            crowd = Crowd(FIRST_GROUP - self._world.count("group"), name, name.title(), title=name.title())
            self._world.seat(crowd)
        if not isinstance(crowd, Crowd):
            raise NotPossible("a person has this name")
        crowd.title, crowd.topical = text_of(body, "title", crowd.title), body.get("topics", crowd.topical) is not False
        crowd.most = number_of(body, "most") or MOST_A_MINUTE
        self._chat(crowd, body).opened = True
        return {"group": crowd.chat()}

    async def show(self, request: web.Request) -> Json:
        """Lists the topics, and what was written, with its topic and who wrote it."""
        crowd = self._crowd(request)
        chat = self._chat(crowd, dict(request.query))
        messages = [{**message.shown(), "thread": message.extra.get("message_thread_id", 0)} for message in chat.messages.values()]
        return {"topics": [topic.shown() for topic in crowd.topics.values()], "messages": messages, "revision": self._world.changes.revision}

    async def rights(self, request: web.Request) -> Json:
        """Makes the bot an administrator, takes that back, or throws it out, and lets it know."""
        crowd, body = self._crowd(request), await body_of(request)
        status = text_of(body, "status", ADMIN)
        if status not in (MEMBER, ADMIN, KICKED):
            raise NotPossible(f"status is one of {MEMBER}, {ADMIN}, {KICKED}")
        before = self._membership(crowd, body)
        crowd.status, crowd.able = status, body.get("can_manage_topics", status == ADMIN) is True
        told: Json = {"chat": crowd.chat(), "from": self._person(body).user(), "date": self._world.now()}
        if body.get("silent") is not True:
            self._tell(crowd, body, "my_chat_member", {**told, "old_chat_member": before, "new_chat_member": self._membership(crowd, body)})
        return {}

    async def send(self, request: web.Request) -> Json:
        """Writes in the group, in a topic or outside of them; `anonymous` = as the group itself."""
        crowd, body = self._crowd(request), await body_of(request)
        return {"message_id": self._say(crowd, body, {"text": text_of(body, "text")}).message_id}

    async def file(self, request: web.Request) -> Json:
        """Sends a file to a topic."""
        form = await request.post()
        part = form.get("file")
        if not isinstance(part, web.FileField):
            raise NotPossible("the file itself is missing")
        body: Json = {name: value for name, value in form.items() if isinstance(value, str)}
        body["thread"] = int(body.get("thread", "0"))
        upload = Upload(part.filename, part.content_type, part.file.read())
        stored = self._world.files.add(self._bot(body).name, body.get("kind", "document"), upload.name, upload.content_type, upload.body)
        content = stored.content({}) | ({"caption": body["caption"]} if body.get("caption") else {})
        return {"message_id": self._say(self._crowd(request), body, content, stored.name).message_id}

    async def edit(self, request: web.Request) -> Json:
        """Edits what somebody wrote."""
        crowd, body = self._crowd(request), await body_of(request)
        message = self._message(crowd, body)
        message.content = {**message.content, "text": text_of(body, "text")}
        self._world.edited(message)
        self._tell(crowd, body, "edited_message", message.wire())
        return {"message_id": message.message_id}

    async def click(self, request: web.Request) -> Json:
        """Presses a button under a message, as one of the people."""
        crowd, body = self._crowd(request), await body_of(request)
        message = self._message(crowd, body)
        button = find_button(message, body.get("button"))
        if "callback_data" not in button:
            return {"url": button.get("url", "")}
        answer = Deeds(self._world, self._chat(crowd, body)).press(message, button["callback_data"], self._person(body))
        return await self._heard(answer, body)

    async def _heard(self, answer: asyncio.Future[Json], body: Json) -> Json:
        try:
            async with asyncio.timeout(float(body.get("wait", 5))):
                return {"answered": True, **await asyncio.shield(answer)}
        except TimeoutError:
            return {"answered": False}

    async def delete_topic(self, request: web.Request) -> Json:
        """Deletes a topic with everything in it; no bot is told of it."""
        crowd, body = self._crowd(request), await body_of(request)
        thread = number_of(body, "thread") or 0
        crowd.topics.pop(thread, None)
        chat = self._chat(crowd, body)
        for message in [one for one in chat.messages.values() if one.extra.get("message_thread_id") == thread]:
            del chat.messages[message.message_id]
        return {}

    async def close_topic(self, request: web.Request) -> Json:
        """Closes a topic by hand."""
        crowd, body = self._crowd(request), await body_of(request)
        crowd.topic(number_of(body, "thread") or 0).closed = True
        return {}

    async def migrate(self, request: web.Request) -> Json:
        """Gives the group another number: the old one refuses from now on and says so."""
        crowd, body = self._crowd(request), await body_of(request)
        old, chat = crowd.id, self._chat(crowd, body)
        ghost = Crowd(old, f"{crowd.name}_before", crowd.first_name, title=crowd.title, moved_to=FIRST_GROUP - self._world.count("group"))
        crowd.id = ghost.moved_to
        self._world.seat(crowd)
        self._world.seat(ghost)
        self._world.chats[self._bot(body).name, crowd.id] = chat
        self._world.chats[self._bot(body).name, old] = Chat(chat.bot, ghost, opened=True)
        if body.get("silent") is not True:
            message = self._world.post(self._world.chats[self._bot(body).name, old], {"migrate_to_chat_id": crowd.id}, by_bot=False)
            self._tell(ghost, body, "message", message.wire())
        return {"id": crowd.id}

    def _say(self, crowd: Crowd, body: Json, content: Json, file_name: str = "") -> Message:
        thread = number_of(body, "thread") or 0
        marks = {"message_thread_id": crowd.topic(thread).thread, "is_topic_message": True} if thread else {}
        anonymous = body.get("anonymous") is True
        sender = None if anonymous else self._person(body)
        extra = marks | ({"sender_chat": crowd.chat()} if anonymous else {})
        reply_to = number_of(body, "reply_to") or thread or None
        chat = self._chat(crowd, body)
        message = self._world.post(chat, content, by_bot=False, reply_to=reply_to, file_name=file_name, extra=extra, sender=sender)
        self._tell(crowd, body, "message", message.wire())
        return message

    def _membership(self, crowd: Crowd, body: Json) -> Json:
        told: Json = {"user": self._bot(body).user(), "status": crowd.status}
        rights = ("can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members", "can_promote_members", "can_change_info")
        more = ("can_invite_users", "can_post_stories", "can_edit_stories", "can_delete_stories", "can_be_edited", "is_anonymous")
        if crowd.status == ADMIN:
            return {**told, **dict.fromkeys((*rights, *more), False), "can_manage_topics": crowd.able}
        return {**told, **({"until_date": 0} if crowd.status == KICKED else {})}

    def _tell(self, crowd: Crowd, body: Json, kind: str, value: Json) -> None:
        if crowd.status != KICKED or kind == "my_chat_member":
            self._bot(body).updates.put(kind, value)

    def _message(self, crowd: Crowd, body: Json) -> Message:
        return Deeds(self._world, self._chat(crowd, body)).message(body.get("message_id"))

    def _chat(self, crowd: Crowd, body: Json) -> Chat:
        return self._world.chat(self._bot(body), crowd)

    def _crowd(self, request: web.Request) -> Crowd:
        crowd = self._world.people.get(request.match_info["group"])
        if not isinstance(crowd, Crowd):
            raise NotPossible("there is no such group")
        return crowd

    def _person(self, body: Json) -> Person:
        name = text_of(body, "person")
        if not name or isinstance(self._world.people.get(name), Crowd):
            raise NotPossible("person says who does it")
        return self._world.person(name)

    def _bot(self, body: Json) -> Bot:
        bot = self._world.bots.get(text_of(body, "bot", "staff"))
        if bot is None:
            raise NotPossible(f"bot is one of {', '.join(self._world.bots)}")
        return bot
