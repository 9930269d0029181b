"""What people do in Viber: open a chat, write, press, share, subscribe, leave."""

import html
import json

from sandbox.viber.checks import wrong
from sandbox.viber.server import ViberApi
from sandbox.viber.world import Json, Note, Person


class Hands:
    """The hands of everybody."""

    def __init__(self, api: ViberApi) -> None:
        self._api, self._world = api, api.world

    async def open(self, person: Person, context: str = "") -> str:
        """Open the chat; what the bot answers at once lies in it. Answers why such an answer was not taken ("" = it was, or there was none)."""
        told: Json = {"type": "open", **({"context": context} if context else {}), "user": person.shown(), "subscribed": person.subscribed}
        _, answer = await self._api.courier.bring(self._api.courier.event("conversation_started", self._world.number(), told))
        if not answer:
            return ""
        body = json.loads(answer)
        found = wrong(body, None) or ((3, "a welcome has no receiver") if "receiver" in body else None)
        if found:
            return found[1]
        await self._world.put(person, Note(self._world.number(), body, self._world.clock(), ours=True, state="seen", billing=1))
        return ""

    async def say(self, person: Person, text: str) -> Note:
        """Write some words; what a button below shows is a press of it."""
        for button in person.keyboard:
            if html.unescape(button.get("Text", "")) == text and button["ActionType"] == "reply":
                return await self.press(person, button)
        return await self.send(person, {"type": "text", "text": text})

    async def press(self, person: Person, button: Json) -> Note:
        """Press a button that answers: in silence where it says so."""
        return await self.send(person, {"type": "text", "text": button["ActionBody"]}, silent=bool(button.get("Silent")))

    async def share(self, person: Person) -> Note:
        """Press the button that asks for the number: a card without a name, with the words of the button."""
        button = next(one for one in person.keyboard if one["ActionType"] == "share-phone")
        return await self.send(person, {"type": "contact", "text": button["ActionBody"], "contact": {"phone_number": person.number}})

    async def picture(self, person: Person, body: bytes, words: str = "") -> Note:
        """Send a picture; its address is good for an hour."""
        name = f"{self._world.number()}.jpg"
        self._world.files[name] = body
        return await self.send(person, {"type": "picture", "text": words, "media": f"{self._world.base}/{name}", "file_name": name})

    async def send(self, person: Person, body: Json, *, silent: bool = False) -> Note:
        """Send any message: who writes is subscribed from then on, and the free day begins anew."""
        tracked = {"tracking_data": person.tracking} if person.tracking else {}
        note = Note(self._world.number(), {**body, **tracked}, self._world.clock(), ours=False, silent=silent)
        person.subscribed, person.wrote_at = True, self._world.clock()
        await self._world.put(person, note)
        self._api.courier.tell("message", note.token, person, {"sender": person.shown(), "message": note.body, "silent": silent})
        return note

    def subscribe(self, person: Person) -> None:
        """Turn on that messages may come."""
        person.subscribed = True
        self._api.courier.tell("subscribed", self._world.number(), person, {"user": person.shown()})

    def leave(self, person: Person) -> None:
        """Turn it off."""
        person.subscribed = False
        self._api.courier.tell("unsubscribed", self._world.number(), person, {"user_id": person.id})
