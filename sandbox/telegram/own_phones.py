"""The human side of own accounts over HTTP: `/play/own/{owner}/…`, where an owner connects a bot and both sides write."""

from aiohttp import web

from sandbox.telegram import own
from sandbox.telegram.deeds import NotPossible
from sandbox.telegram.messages import Message
from sandbox.telegram.own import Connection, OwnChat
from sandbox.telegram.shapes import Json
from sandbox.telegram.world import World


class OwnPhones:
    """What an owner and the people who write to them do with their phones."""

    def __init__(self, world: World) -> None:
        self._world = world

    def connect(self, request: web.Request, body: Json) -> Json:
        """Connects a bot to the owner's account; `can_reply` false lets it only read."""
        owner = self._world.person(request.match_info["owner"])
        bot = self._world.bots.get(str(body.get("bot", "customer")))
        if bot is None:
            raise NotPossible("there is no such bot")
        return {"connection": own.connect(self._world, bot, owner, may_reply=body.get("can_reply", True) is True).wire()}

    def disconnect(self, request: web.Request, body: Json) -> Json:
        """Takes the bot off the account."""
        own.disconnect(self._connection(request, body))
        return {}

    def say(self, request: web.Request, body: Json) -> Json:
        """The person writes to the owner, or (`by` = "owner") the owner to them by their own hand."""
        chat = self._chat(request, body)
        return {"message_id": own.said(self._world, chat, {"text": str(body.get("text", ""))}, by_owner=body.get("by") == "owner").message_id}

    def edit(self, request: web.Request, body: Json) -> Json:
        """Changes the text of a message, whoever of the two wrote it."""
        chat = self._chat(request, body)
        message = _message(chat, body)
        message.content = {"text": str(body.get("text", ""))}
        self._world.edited(message)
        own.tell(chat, "edited_business_message", message.wire())
        return {}

    def delete(self, request: web.Request, body: Json) -> Json:
        """Deletes messages for both sides."""
        own.delete(self._chat(request, body), list(body.get("message_ids", [])))
        return {}

    def click(self, request: web.Request, body: Json) -> Json:
        """Presses the button that carries `data`."""
        chat = self._chat(request, body)
        own.press(self._world, chat, _message(chat, body), str(body.get("data", "")))
        return {}

    def chat(self, request: web.Request, body: Json) -> Json:
        """Shows the chat: `from` is "bot" for the owner's side, with `for_owner` where the bot wrote it."""
        chat = self._chat(request, body)
        return {"messages": [{**one.shown(), "for_owner": "sender_business_bot" in one.extra} for one in chat.messages.values()]}

    def _connection(self, request: web.Request, body: Json) -> Connection:
        owner = self._world.person(request.match_info["owner"])
        found = self._world.connections.get((str(body.get("bot", "customer")), owner.id))
        if found is None:
            raise NotPossible("this account has no bot connected")
        return found

    def _chat(self, request: web.Request, body: Json) -> OwnChat:
        return self._connection(request, body).chat(self._world.person(request.match_info["person"]))


def _message(chat: OwnChat, body: Json) -> Message:
    found = chat.messages.get(int(body.get("message_id", 0)))
    if found is None:
        raise NotPossible("there is no such message")
    return found
