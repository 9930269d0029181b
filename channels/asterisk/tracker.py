"""From legs to calls: what Asterisk tells of channels and bridges becomes what happened to a call; pure.

A call is its first leg, whose Uniqueid all others have as their Linkedid; it was answered when that leg stood in a bridge with somebody, and is over when
that leg hangs up, however often it was put through.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from channels.asterisk.options import AsteriskOptions
from channels.asterisk.packets import Packet, moment
from crm.base.events import CallPhase

DAY = 86_400_000
MOST = 5000
"""How many calls and bridges are known at once; the oldest are forgotten first."""
_NOBODY = frozenset({"", "<unknown>", "unknown", "anonymous", "restricted", "unavailable", "private"})
_WAITING = frozenset({"holding", "parking"})


@dataclass(frozen=True, slots=True)
class Told:
    """Something that happened to a call; instants and `seconds` as in `crm.base.events.Call`."""

    call: str
    phase: CallPhase
    number: str
    at: int
    line: str = ""
    agent: str = ""
    name: str = ""
    seconds: int = 0
    outgoing: bool = False


@dataclass(slots=True)
class Under:
    """A call under way by its first leg; `customer` = it is one with a customer, which of a call from inside shows only when it is put on a trunk."""

    key: str
    channel: str
    began: int
    number: str = ""
    name: str = ""
    line: str = ""
    agent: str = ""
    outgoing: bool = False
    customer: bool = False
    rang: bool = False
    answered: int = 0


@dataclass(slots=True)
class Tracker:
    """The calls under way."""

    options: AsteriskOptions
    _calls: "OrderedDict[str, Under]" = field(default_factory=OrderedDict)
    _bridges: "OrderedDict[str, dict[str, str]]" = field(default_factory=OrderedDict)
    _before: frozenset[str] = frozenset()
    _over: set[str] = field(default_factory=set)

    def feed(self, packet: Packet, now: int) -> list[Told]:
        """What one event tells."""
        at = moment(packet, now)
        match packet.get("event", "").lower():
            case "newchannel":
                return self._begun(packet, at)
            case "newcallerid":
                return self._named(packet, at)
            case "dialbegin":
                return self._dialled(packet, at)
            case "bridgeenter":
                return self._entered(packet, at)
            case "bridgeleave":
                self._bridges.get(packet.get("bridgeuniqueid", ""), {}).pop(packet.get("uniqueid", ""), None)
            case "bridgedestroy":
                self._bridges.pop(packet.get("bridgeuniqueid", ""), None)
            case "hangup":
                return self._hung_up(packet.get("uniqueid", ""), at)
        return []

    def asked(self) -> None:
        """The list of what is under way has been asked for: from now on what ends or begins is not judged by it."""
        self._before, self._over = frozenset(self._calls), set()
        self._bridges.clear()

    def resumed(self, rows: Sequence[Packet], now: int) -> list[Told]:
        """Join what is under way to what was: calls that are gone are over, calls that began meanwhile are known from now on."""
        there = {row.get("uniqueid", "") for row in rows}
        told = [one for key in self._before - there for one in self._hung_up(key, now)]
        for row in rows:
            key = row.get("uniqueid", "")
            if key and key not in self._calls and key not in self._over:
                told += self._begun(row, now - 1000 * lasted(row.get("duration", "")))
        for row in rows:
            if row.get("bridgeid"):
                told += self._entered({**row, "bridgeuniqueid": row["bridgeid"]}, now)
        return told

    def _begun(self, packet: Packet, at: int) -> list[Told]:
        """A leg; the first of a call has its own id for the call's."""
        key, channel = packet.get("uniqueid", ""), packet.get("channel", "")
        if not key or packet.get("linkedid", key) != key or key in self._calls:
            return []
        call = Under(key, channel, at, person(packet.get("calleridnum", "")), named(packet.get("calleridname", "")))
        options, line = self.options, packet.get("exten", "")
        if any(fits(packet.get("context", ""), one) for one in options.inbound) or any(fits(channel, one + "*") for one in options.trunks):
            if options.lines and line not in options.lines:
                return []
            call.customer, call.line = True, line
        elif options.trunks:
            call.agent = named(packet.get("calleridname", "")) or extension(channel)
        else:
            return []
        self._calls[key] = call
        self._forget(at)
        return self._ringing(call, at)

    def _forget(self, now: int) -> None:
        while self._calls and (len(self._calls) > MOST or now - next(iter(self._calls.values())).began > DAY):
            self._calls.popitem(last=False)
        while len(self._bridges) > MOST:
            self._bridges.popitem(last=False)

    def _named(self, packet: Packet, at: int) -> list[Told]:
        call = self._calls.get(packet.get("uniqueid", ""))
        if call is None or call.outgoing or not call.customer or call.number:
            return []
        call.number, call.name = person(packet.get("calleridnum", "")), named(packet.get("calleridname", "")) or call.name
        return self._ringing(call, at)

    def _ringing(self, call: Under, at: int) -> list[Told]:
        if call.rang or not call.customer or not call.number:
            return []
        call.rang = True
        return [self._told(call, CallPhase.RINGING, at)]

    def _dialled(self, packet: Packet, at: int) -> list[Told]:
        """A call from inside that is put on a trunk is one to a customer."""
        call, out = self._calls.get(packet.get("linkedid", "")), packet.get("destchannel", "")
        if call is None or call.customer or not any(fits(out, one + "*") for one in self.options.trunks):
            return []
        called = (dialled(packet.get("dialstring", "")), person(packet.get("destcalleridnum", "")), person(packet.get("exten", "")))
        call.customer, call.outgoing, call.line, call.name = True, True, call.number, ""
        call.number = next(filter(None, called), "")
        return self._ringing(call, at)

    def _entered(self, packet: Packet, at: int) -> list[Told]:
        """Somebody stands in a bridge; with the first leg of a call in it and another, that call is answered."""
        bridge, key = packet.get("bridgeuniqueid", ""), packet.get("uniqueid", "")
        if not bridge or not key or {packet.get("bridgetype", "").lower(), packet.get("bridgetechnology", "").removesuffix("_bridge")} & _WAITING:
            return []
        members = self._bridges.setdefault(bridge, {})
        members[key] = channel = packet.get("channel", "")
        if key not in self._calls and not channel.startswith("Local/"):  # a name is better than nothing, and a rep's own better than a detour's
            self._agents(members, extension(channel))
        crowd = max(len(members), whole(packet.get("bridgenumchannels", "")))
        return [one for member in members if crowd > 1 for one in self._answered(self._calls.get(member), members, at)]

    def _agents(self, members: Mapping[str, str], agent: str) -> None:
        for call in (self._calls.get(member) for member in members):
            if call is not None and not call.outgoing:
                call.agent = agent

    def _answered(self, call: Under | None, members: Mapping[str, str], at: int) -> list[Told]:
        if call is None or call.answered or not call.customer:
            return []
        others = [extension(channel) for key, channel in members.items() if key != call.key]
        call.answered, call.agent = at, call.agent or next(filter(None, others), "")
        return [*self._ringing(call, call.began), self._told(call, CallPhase.ANSWERED, at)]

    def _hung_up(self, key: str, at: int) -> list[Told]:
        self._over.add(key)
        if len(self._over) > MOST:
            self._over.clear()
        call = self._calls.pop(key, None)
        for members in self._bridges.values():
            members.pop(key, None)
        if call is None or not call.customer:
            return []
        if not call.answered:
            return [self._told(call, CallPhase.MISSED, at)]
        return [self._told(call, CallPhase.ENDED, at, max(1, (at - call.answered) // 1000))]

    def _told(self, call: Under, phase: CallPhase, at: int, seconds: int = 0) -> Told:
        return Told(call.key, phase, call.number, at, call.line, call.agent, "" if call.outgoing else call.name, seconds, call.outgoing)


def fits(text: str, place: str) -> bool:
    """Whether a name is this one, or begins so where a * stands at its end."""
    return text.startswith(place.rstrip("*")) if place.endswith("*") else text == place


def person(number: str) -> str:
    """A number as somebody is called back by it ("" = it was kept back)."""
    return "" if number.strip().lower() in _NOBODY else number.strip()


def named(name: str) -> str:
    """A name that is one ("" = there is none, or it repeats a number)."""
    return "" if person(name) == "" or not any(mark.isalpha() for mark in name) else name.strip()


def extension(channel: str) -> str:
    """Whose channel it is: 101 in "PJSIP/101-0000002a" and in "Local/101@from-queue-00000007;1"."""
    return channel.partition("/")[2].rpartition("-")[0].partition("@")[0]


def dialled(text: str) -> str:
    """The number in what was dialled: "37491123456@operator", "operator/37491123456", "PJSIP/operator/sip:37491123456@…"."""
    parts: Iterable[str] = reversed(text.replace("@", "/").replace(":", "/").split("/"))
    return next((part for part in parts if sum(mark.isdigit() for mark in part) >= 5 and not any(mark.isalpha() for mark in part) and part.count(".") < 2), "")


def lasted(text: str) -> int:
    """Seconds in 00:01:05; 0 for what cannot be read."""
    parts = text.split(":")
    if not 1 <= len(parts) <= 3 or not all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
        return 0
    return sum(int(part) * 60**place for place, part in enumerate(reversed(parts)))


def whole(text: str) -> int:
    """A small number; 0 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
