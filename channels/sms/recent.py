"""Recent: what Twilio holds of messages to us. It does not bring a message again and again, so one that came while nobody was here is fetched."""

import asyncio
import json
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

from channels.base import Offsets
from channels.payload import Json, objects, text
from channels.sms.door import MESSAGE
from channels.sms.line import Line
from crm.base.errors import Busy
from crm.base.events import RawEvent
from crm.base.outbound import RetryLater, Uncertain

log = logging.getLogger(__name__)
OVERLAP = 10 * 60_000
PAGE, PAGES, MEDIA = 200, 50, 10
_ANSWER_MOST = 8 * 1024 * 1024
Kept = Callable[[str, Mapping[str, object], int], RawEvent | None]
"""What a callback would have been kept as."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the messages lie: the API's address, the account's path below it, and our number ("" = all that come in); `every` is seconds."""

    api: str
    path: str
    number: str
    every: float


class Recent:
    """Looks every few minutes; `trouble` says in words what is wrong at the moment ("" = nothing)."""

    def __init__(self, account: str, line: Line, place: Place, kept: Kept, clock: Callable[[], int]) -> None:
        self._account, self._line, self._place, self._kept, self._clock = account, line, place, kept, clock
        self._failures = 0
        self.trouble, self.looked = "", asyncio.Event()

    async def run(self, offsets: Offsets) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look(offsets)
            except (RetryLater, Uncertain, Busy, Refused) as error:
                self._failures += 1
                self._say(_words(error))
            else:
                self._failures = 0
                self._say("")
            self.looked.set()
            longest = self._place.every if not self._failures else min(self._place.every, 2.0 ** min(self._failures, 20))
            await asyncio.sleep(longest * random.uniform(0.5, 1.0))

    async def look(self, offsets: Offsets) -> None:
        """Look once; what is known already falls under its key. The first look begins with this moment: what lay there before is history."""
        name, now = f"{self._account}:recent", self._clock()
        since = await offsets.get(name) or now
        found = await self._since(since - OVERLAP) if since < now else []
        made = (self._kept(MESSAGE, await self._record(one), now) for one in reversed(found))
        await offsets.keep(name, now, [event async for event in made if event])

    async def _since(self, since: int) -> list[Json]:
        """Messages to us since an instant, the newest first."""
        day = datetime.fromtimestamp(since / 1000, UTC).date().isoformat()
        asked = {"DateSent>": day, "PageSize": str(PAGE), **({"To": self._place.number} if self._place.number else {})}
        page, found = f"{self._place.path}/Messages.json?{urlencode(asked)}", []
        for _ in range(PAGES):
            answer = await self._get(page)
            listed = objects(answer.get("messages"))
            found += [one for one in listed if text(one, "direction") == "inbound" and sent_at(one) >= since]
            page = text(answer, "next_page_uri")
            if not page.startswith(f"{self._place.path}/") or (listed and all(sent_at(one) < since for one in listed)):
                break
        return found

    async def _record(self, one: Json) -> dict[str, object]:
        """A message as the callback would have told it, and when it was sent."""
        fields: dict[str, object] = {"MessageSid": text(one, "sid"), "From": text(one, "from"), "Body": text(one, "body"), "At": str(sent_at(one))}
        if text(one, "num_media") in ("", "0"):
            return fields
        try:
            answer = await self._get(f"{self._place.path}/Messages/{text(one, 'sid')}/Media.json")
        except Refused:  # they are not there any more; the words are
            return fields
        files = objects(answer.get("media_list"))[:MEDIA]
        for place, file in enumerate(files):
            fields[f"MediaUrl{place}"] = f"{self._place.api}{text(file, 'uri').removesuffix('.json')}"
            fields[f"MediaContentType{place}"] = text(file, "content_type")
        return {**fields, "NumMedia": str(len(files))}

    async def _get(self, path: str) -> Json:
        said = await self._line.ask("GET", f"{self._place.api}{path}", most=_ANSWER_MOST)
        try:
            answer = json.loads(said.text)
        except (ValueError, RecursionError):
            answer = None
        if said.status == 200 and isinstance(answer, dict):
            return answer
        if said.status in (401, 403, 404):
            raise Refused(f"Twilio does not let us read the messages (status {said.status})")
        raise Uncertain(f"status {said.status}")

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.log(logging.WARNING if trouble else logging.INFO, "%s: %s", self._account, trouble or "well again")
        self.trouble = trouble


class Refused(Exception):
    """Twilio does not show us what it holds."""


def _words(error: Exception) -> str:
    if isinstance(error, Refused):
        return str(error)
    return "the waiting list is full" if isinstance(error, Busy) else "Twilio cannot be reached"


def sent_at(one: Json) -> int:
    """When a message was sent, as the API writes it (RFC 2822); 0 = it cannot be read."""
    try:
        return int(parsedate_to_datetime(text(one, "date_sent") or text(one, "date_created")).timestamp()) * 1000
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0
