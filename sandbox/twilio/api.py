"""Twilio's REST API as far as messages go, and people who text: it refuses what Twilio refuses, by Twilio's numbers."""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from sandbox.gateway.faults import REFUSING
from sandbox.twilio.courier import Courier
from sandbox.twilio.world import Text, World

NUMBER = re.compile(r"\+[1-9][0-9]{7,14}", re.ASCII)
BASE = "/2010-04-01/Accounts/{sid}"
TEXT_MOST, PAGE_MOST = 1600, 1000
STOPS, STARTS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit"}), frozenset({"start", "yes", "unstop"})
REFUSED: Mapping[int, tuple[int, str]] = {
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    21211: (400, "Invalid 'To' Phone Number"),
    21602: (400, "Message body is required"),
    21603: (400, "A 'From' phone number is required"),
    21606: (400, "The 'From' phone number provided is not a valid, SMS-capable number"),
    21609: (400, "Invalid 'StatusCallback' URL"),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21617: (400, "The message body exceeds the 1600 character limit"),
}
KNOWN = frozenset({"To", "From", "MessagingServiceSid", "Body", "StatusCallback"})


class TwilioApi:
    """The API as the firm sees it, and the people who write to its number; `own_url` is where this server is reached itself."""

    def __init__(self, world: World, courier: Courier) -> None:
        self._world, self._courier = world, courier
        self.own_url = ""

    def mount(self, app: web.Application) -> None:
        """Add its routes to an application."""
        self._courier.mount(app)
        app.router.add_post(f"{BASE}/Messages.json", self.send)
        app.router.add_get(f"{BASE}/Messages.json", self.listed, allow_head=False)
        app.router.add_get(f"{BASE}/Messages/{{message}}/Media.json", self.files, allow_head=False)
        app.router.add_get(f"{BASE}/Messages/{{message}}/Media/{{file}}", self.file, allow_head=False)
        app.router.add_get("/twilio/files/{file}", self.bytes, allow_head=False)

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Take one message, or refuse it."""
        asked = {name: str(value) for name, value in (await request.post()).items()}
        number = asked.get("To", "")
        self._world.asked.append(asked)
        fault = self._world.faults.take(number, "hang", "drop", "garbage", "refuse", *REFUSING)
        if fault and fault.kind == "hang":
            await self._courier.closing.wait()
        if fault and fault.kind in ("hang", "drop"):
            return hang_up(request)
        if fault and fault.kind == "garbage":
            return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")
        if fault and fault.kind in REFUSING:
            code = 20429 if fault.kind == "429" else 20500
            return web.json_response({"code": code, "message": REFUSING[fault.kind], "status": int(fault.kind)}, status=int(fault.kind))
        wrong = int(fault.words) if fault else self._wrong(request, asked)
        if wrong:
            return refused(wrong)
        made = Text(self._world.id("SM"), number, asked["Body"], self._world.clock(), ours=True, state="queued", back=asked.get("StatusCallback", ""))
        await self._world.put(made)
        phone = self._world.phone(number)
        self.tell(made, *phone.states, error=phone.error)
        return (
            hang_up(request)
            if self._world.faults.take(number, "drop_after")
            else web.json_response({**self._shown(made), "status": "queued", "error_code": None}, status=201)
        )

    def tell(self, text: Text, *states: str, error: str = "") -> None:
        """Tell the firm what became of a message, twice or never where a fault says so; the error goes with the last state."""
        if not states or self._world.faults.take(text.number, "lost"):
            return
        again = 2 if self._world.faults.take(text.number, "twice") else 1
        about = {"AccountSid": self._world.sid, "ApiVersion": "2010-04-01", "From": self._world.number, "To": text.number, "MessageSid": text.sid}
        told = [{**about, "SmsSid": text.sid, "MessageStatus": state, "SmsStatus": state} for state in ("queued", *states) for _ in range(again)]
        if error:
            told[-1]["ErrorCode"] = error
        text.state, text.error = states[-1], error
        self._courier.bring(text.back, *told)

    async def write(self, number: str, text: str, *files: str) -> Text:
        """Somebody writes to the number, perhaps with files of the world's `media`; lost on its way where a fault says so."""
        world, phone, word = self._world, self._world.phone(number), text.strip().lower()
        made = Text(world.id("MM" if files else "SM"), number, text, world.clock(), ours=False, files=files)
        await world.put(made)
        stop, start = word in STOPS, word in STARTS
        phone.stopped = (phone.stopped or stop) and not start
        wish = "STOP" if stop else "START" if start else "HELP" if word == "help" else ""
        fields = {**self._about(made), **({"OptOutType": wish} if world.optout and wish else {})}
        if not world.faults.take(number, "lost"):
            self._courier.bring(world.places.messages, *([fields] * (2 if world.faults.take(number, "twice") else 1)), text=True)
        return made

    def _about(self, text: Text) -> dict[str, str]:
        world = self._world
        known = {"MessageSid": text.sid, "SmsSid": text.sid, "SmsMessageSid": text.sid, "AccountSid": world.sid, "From": text.number, "To": world.number}
        more = {"Body": text.text, "NumMedia": str(len(text.files)), "NumSegments": "1", "SmsStatus": "received", "ApiVersion": "2010-04-01", "FromCity": ""}
        base = f"{self.own_url or 'https://api.twilio.com'}{BASE.format(sid=world.sid)}"
        media = {f"MediaUrl{place}": f"{base}/Messages/{text.sid}/Media/{name}" for place, name in enumerate(text.files)}
        return {**known, **more, **media, **{f"MediaContentType{place}": world.media[name][0] for place, name in enumerate(text.files)}}

    def _wrong(self, request: web.Request, asked: Mapping[str, str]) -> int:
        world, number, back = self._world, asked.get("To", ""), asked.get("StatusCallback", "")
        if wrong := self.stranger(request):
            return wrong
        assert set(asked) <= KNOWN, f"Twilio knows no {set(asked) - KNOWN}"
        checks = (
            (not NUMBER.fullmatch(number), 21211),
            (not asked.get("From") and not asked.get("MessagingServiceSid"), 21603),
            (asked.get("From", world.number) != world.number or asked.get("MessagingServiceSid", world.service) != world.service, 21606),
            (not asked.get("Body"), 21602),
            (len(asked.get("Body", "")) > TEXT_MOST, 21617),
            (bool(back) and (urlsplit(back).scheme not in ("http", "https") or not urlsplit(back).netloc), 21609),
            (world.phone(number).stopped, 21610),
        )
        return next((code for wrong, code in checks if wrong), 0)

    def stranger(self, request: web.Request) -> int:
        """Who asks has to be the account's owner, and to ask about the account."""
        given = request.headers.get("Authorization", "").removeprefix("Basic ")
        known = {base64.b64encode(f"{self._world.sid}:{token}".encode()).decode() for token in self._world.tokens}
        return 20003 if given not in known else 20404 if request.match_info["sid"] != self._world.sid else 0

    def _shown(self, text: Text) -> dict[str, object]:
        ends = {"from": self._world.number, "to": text.number} if text.ours else {"from": text.number, "to": self._world.number}
        at = format_datetime(datetime.fromtimestamp(text.at, UTC))
        told = {"sid": text.sid, "body": text.text, "status": text.state, "direction": "outbound-api" if text.ours else "inbound", **ends}
        return {**told, "num_media": str(len(text.files)), "error_code": text.error or None, "date_sent": at, "date_created": at}

    async def listed(self, request: web.Request) -> web.Response:
        """What the account holds, the newest first, page by page."""
        if wrong := self.stranger(request):
            return refused(wrong)
        asked = request.query
        since = datetime.fromisoformat(asked["DateSent>"]).replace(tzinfo=UTC).timestamp() if "DateSent>" in asked else 0.0
        found = [
            text for text in reversed(self._world.texts) if text.at >= since and asked.get("To", "") in ("", text.number if text.ours else self._world.number)
        ]
        size, page = min(int(asked.get("PageSize", "50")), PAGE_MOST), int(asked.get("Page", "0"))
        shown, more = found[page * size : (page + 1) * size], len(found) > (page + 1) * size
        following = f"{request.path}?{urlencode({**asked, 'Page': str(page + 1)})}" if more else None
        return web.json_response({"messages": [self._shown(text) for text in shown], "next_page_uri": following, "page": page, "page_size": size})

    async def files(self, request: web.Request) -> web.Response:
        """The files of a message."""
        if wrong := self.stranger(request):
            return refused(wrong)
        text = next((one for one in self._world.texts if one.sid == request.match_info["message"]), None)
        if text and self._world.gone.intersection(text.files):
            return refused(20404)
        path = request.path.removesuffix(".json")
        media = [{"sid": name, "content_type": self._world.media[name][0], "uri": f"{path}/{name}.json"} for name in (text.files if text else ())]
        return web.json_response({"media_list": media})

    async def file(self, request: web.Request) -> web.Response:
        """A file: its place, for whoever may know it."""
        if wrong := self.stranger(request):
            return refused(wrong)
        return web.Response(status=307, headers={"Location": f"/twilio/files/{request.match_info['file']}"})

    async def bytes(self, request: web.Request) -> web.Response:
        """The bytes of a file."""
        kind, body = self._world.media.get(request.match_info["file"], ("", b""))
        return web.Response(body=body, content_type=kind) if kind else web.Response(status=404)


def refused(code: int) -> web.Response:
    """No, in Twilio's words."""
    status, words = REFUSED.get(code, (400, f"Error {code}"))
    return web.json_response({"code": code, "message": words, "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": status}, status=status)


def hang_up(request: web.Request) -> web.Response:
    """Cut the line."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
