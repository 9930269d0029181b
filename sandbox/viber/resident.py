"""Somebody of the town who writes on Viber."""

import html

from sandbox.resident import Line, Resident
from sandbox.viber.hands import Hands
from sandbox.viber.server import ViberApi

PERSON, NUMBER = "dGhlIG9uZSBpbiB0aGUg", "+37491000004"


class ViberResident(Resident):
    """Somebody with Viber; what is on a button is a press of it."""

    def __init__(self, api: ViberApi) -> None:
        self._hands, self._person = Hands(api), api.world.person(PERSON, "Ani")
        self._person.number = NUMBER

    async def say(self, text: str) -> None:
        if text in [html.unescape(button["Text"]) for button in self._person.keyboard if button["ActionType"] == "share-phone"]:
            await self._hands.share(self._person)
        else:
            await self._hands.say(self._person, text)

    def lines(self) -> list[Line]:
        newest = self._person.notes[-1] if self._person.notes else None
        return [
            {
                "mine": not one.ours,
                "text": one.shown,
                "state": one.state,
                "choices": [html.unescape(button["Text"]) for button in self._person.keyboard] if one is newest else [],
            }
            for one in self._person.notes
        ]
