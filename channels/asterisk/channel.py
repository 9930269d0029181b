"""Asterisk: its manager interface is followed, and what happens to customers' calls is kept as it happens."""

import asyncio
import json
import logging
import random
from collections.abc import Mapping, Sequence

from aiohttp import web

from channels.asterisk.line import Broken, Denied, Line
from channels.asterisk.options import AsteriskOptions, check
from channels.asterisk.tracker import Told, Tracker
from channels.base import Firm, Keep, Offsets
from channels.callback import plain
from channels.http import storable
from channels.mute import A_CALL, Mute
from crm.base.errors import Busy
from crm.base.events import Call, CallPhase, Event, RawEvent, Sender, Unknown
from crm.base.outbound import Health
from crm.base.phones import normalise
from crm.base.text import clean_name

log = logging.getLogger(__name__)
_LONGEST_CALL = 10**6
_LAST_INSTANT = 10**15


class Asterisk(Mute):
    """One Asterisk whose calls are followed."""

    unanswered = A_CALL
    fileless = "Asterisk's manager interface carries no files"

    def __init__(self, options: AsteriskOptions, firm: Firm) -> None:
        check(options)
        super().__init__(options.account, options.title)
        self._options, self._firm = options, firm
        self._failures, self._trouble, self._stands, self._told = 0, "", False, 0

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Open nothing: Asterisk is connected to."""
        return []

    async def listen(self, offsets: Offsets) -> None:
        """Follow until cancelled, whatever Asterisk says: a secret it does not take today may be right tomorrow."""
        tracker = Tracker(self._options)
        while True:
            try:
                line = await Line.open(self._options)
                await self._follow(line, tracker, offsets)
            except (Broken, Denied) as error:
                await asyncio.sleep(self._failed(error))
            finally:
                self._stands = False

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        """Read one thing that happened to a call: pure and total."""
        try:
            told = json.loads(raw.body)
            return [self._event(told)] if isinstance(told, dict) else [Unknown("unreadable", at=raw.received_at)]
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            return [Unknown("unreadable", at=raw.received_at)]

    async def health(self) -> Health:
        """Tell whether the line stands."""
        words = self._trouble or ("follows the calls" if self._stands else "is not followed here")
        return Health(not self._trouble, words, {"told": str(self._told)})

    async def _follow(self, line: Line, tracker: Tracker, offsets: Offsets) -> None:
        """Keep what one line tells until it ends; first what is under way is asked for."""
        try:
            self._well()
            tracker.asked()
            asked, rows = line.ask("CoreShowChannels"), list[Mapping[str, str]]()
            while True:
                packet = await self._packet(line)
                name = packet.get("event", "").lower()
                if packet.get("actionid") == asked and name == "coreshowchannel":
                    rows.append(packet)
                elif packet.get("actionid") == asked and name == "coreshowchannelscomplete":
                    await self._keep(offsets, tracker.resumed(rows, self._firm.clock()))
                else:
                    await self._keep(offsets, tracker.feed(packet, self._firm.clock()))
        finally:
            line.close()

    async def _packet(self, line: Line) -> dict[str, str]:
        """The next packet; who is silent for long is asked whether they are there."""
        for patience in (self._options.ping_seconds, self._options.answer_seconds):
            try:
                async with asyncio.timeout(patience):
                    return await line.packet()
            except TimeoutError:
                line.ask("Ping")
        raise Broken("no answer")

    async def _keep(self, offsets: Offsets, told: Sequence[Told]) -> None:
        events = [raw_event(self.account, one, self._firm.clock()) for one in told]
        while events:
            try:
                await offsets.keep(self.account, 0, events)
            except Busy as busy:
                await asyncio.sleep(self._failed(busy))
            else:
                self._told += len(events)
                self._well()
                return

    def _event(self, told: Mapping[str, object]) -> Event:
        phase, key, at, seconds = CallPhase(plain(told, "phase")), plain(told, "call")[:200], told["at"], told["seconds"]
        if not key or type(at) is not int or type(seconds) is not int or not (0 < at < _LAST_INSTANT and 0 <= seconds < _LONGEST_CALL):
            raise ValueError("no call")
        number = normalise(plain(told, "number"), self._firm.region)
        if not number:
            return Unknown("call from a hidden number", at=at)
        sender = Sender(number, name=clean_name(plain(told, "name")), phone=number, proven=True)
        agent, line = clean_name(plain(told, "agent"), 60), clean_name(plain(told, "line"), 32)
        return Call(sender, key, phase, at, told.get("outgoing") is True, seconds, agent, line)

    def _well(self) -> None:
        self._failures, self._stands = 0, True
        self._say("")

    def _failed(self, error: Exception) -> float:
        """Note a failure; answers the seconds to wait: twice as long each time, and spread."""
        self._failures += 1
        self._say(words(error))
        longest = self._options.longest_wait
        wait = longest if isinstance(error, Denied) else min(self._options.first_wait * 2.0 ** min(self._failures - 1, 20), longest)
        return wait * random.uniform(0.5, 1.0)

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.log(logging.WARNING if trouble else logging.INFO, "%s: %s", self.account, trouble or "follows again")
        self._trouble = trouble


def raw_event(account: str, told: Told, now: int) -> RawEvent:
    """Something that happened to a call as it is kept: once in a call's life for each phase. Its lane is the customer's number as Asterisk writes it."""
    body = {
        "v": 1,
        "call": told.call,
        "phase": told.phase.value,
        "number": told.number,
        "name": told.name,
        "at": told.at,
        "line": told.line,
        "agent": told.agent,
        "seconds": told.seconds,
        "outgoing": told.outgoing,
    }
    clean = {name: storable(value) if isinstance(value, str) else value for name, value in body.items()}
    mark = f'"call": {json.dumps(clean["call"])}, "phase": "{told.phase.value}"'
    key = f"{storable(told.call)[:100]}:{told.phase.value}"
    return RawEvent(account, key, f"{account}:{storable(told.number)[:40] or 'hidden'}", json.dumps(clean).encode(), now, same=mark.encode())


def words(error: Exception) -> str:
    """What is wrong, in words."""
    match error:
        case Busy():
            return "too much is waiting to be worked through"
        case Denied():
            return "Asterisk does not take this user and secret"
        case _:
            return f"Asterisk cannot be reached: {error}"
