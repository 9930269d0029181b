"""Twilio's telephone: somebody rings the number, Twilio asks whom to put them through to, and tells what became of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.etree import ElementTree

from aiohttp import web

from sandbox.phone.ringing import DELAY, RINGS, SOUND
from sandbox.twilio.api import BASE, TwilioApi, refused
from sandbox.twilio.courier import Courier
from sandbox.twilio.world import World


@dataclass(frozen=True, slots=True)
class Ring:
    """A call: who rings, for how long somebody talks with them (0 = nobody answers); `dialled` = which telephones rang."""

    sid: str
    number: str
    seconds: int
    dialled: tuple[str, ...] = ()


class TwilioVoice:
    """People who ring the number; each call is told in full before `ring` answers."""

    def __init__(self, world: World, courier: Courier, api: TwilioApi) -> None:
        self._world, self._courier, self._api = world, courier, api
        self.told: list[str] = []

    def mount(self, app: web.Application) -> None:
        """Add its routes to an application."""
        app.router.add_get(f"{BASE}/Recordings/{{name}}", self.recording, allow_head=False)

    async def ring(self, number: str, seconds: int = 0) -> Ring:
        """Somebody rings, is put through as the number's owner says, and speaks with them or does not."""
        sid, began = self._world.id("CA"), self._world.clock()
        fields = {"CallSid": sid, "AccountSid": self._world.sid, "From": number, "To": self._world.number, "Direction": "inbound", "ApiVersion": "2010-04-01"}
        self.told.append(f"ring {number}")
        dial = None
        if self._world.places.calls:
            status, _, words = await self._courier.ask(self._world.places.calls, {**fields, "CallStatus": "ringing"})
            dial = ElementTree.fromstring(words).find("Dial") if status == 200 else None  # noqa: S314 - the firm's own words
        if dial is None:
            await self._states(fields, began, seconds)
            return Ring(sid, number, seconds)
        ended = {"DialCallStatus": "completed", "DialCallDuration": str(seconds)} if seconds else {"DialCallStatus": "no-answer"}
        await self._courier.ask(str(dial.get("action")), {**fields, "CallStatus": "in-progress" if seconds else "ringing", **ended})
        await self._states(fields, began, seconds)
        if seconds and dial.get("record"):
            await self._courier.ask(str(dial.get("recordingStatusCallback")), self._recording(sid, seconds))
        return Ring(sid, number, seconds, tuple(str(one.text) for one in dial.findall("Number")))

    async def _states(self, fields: dict[str, str], began: float, seconds: int) -> None:
        """What the number's own callback is told, each with its place in the order."""
        if not self._world.places.states:
            return
        over = ("completed", DELAY + seconds) if seconds else ("no-answer", RINGS)
        for place, (status, after) in enumerate((("ringing", 0.0), *((("in-progress", DELAY),) if seconds else ()), over)):
            at = format_datetime(datetime.fromtimestamp(began + after, UTC))
            told = {**fields, "CallStatus": status, "SequenceNumber": str(place), "Timestamp": at, "CallbackSource": "call-progress-events"}
            lasted = {"CallDuration": str(seconds), "Duration": "1"} if status == "completed" else {}
            self.told.append(status)
            await self._courier.ask(self._world.places.states, {**told, **lasted})

    def _recording(self, sid: str, seconds: int) -> dict[str, str]:
        name = self._world.id("RE")
        url = f"{self._api.own_url or 'https://api.twilio.com'}{BASE.format(sid=self._world.sid)}/Recordings/{name}"
        about = {"AccountSid": self._world.sid, "CallSid": sid, "RecordingSid": name, "RecordingUrl": url}
        return {**about, "RecordingStatus": "completed", "RecordingDuration": str(seconds), "RecordingChannels": "2", "RecordingSource": "DialVerb"}

    async def recording(self, request: web.Request) -> web.Response:
        """The sound of a call, for whoever may hear it."""
        if wrong := self._api.stranger(request):
            return refused(wrong)
        return web.Response(body=SOUND, content_type="audio/mpeg") if request.match_info["name"].endswith(".mp3") else refused(20404)
