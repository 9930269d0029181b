"""Calls as Asterisk tells of them: the events of a caller's leg, of the telephones that ring, and of the bridge where somebody answers."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Event = dict[str, str]
STATES = {"0": "Down", "4": "Ring", "5": "Ringing", "6": "Up"}


@dataclass(slots=True)
class Leg:
    """A channel; `call` is the id of the first one."""

    channel: str
    key: str
    call: str
    context: str
    exten: str
    number: str
    name: str = ""
    state: str = "4"

    def fields(self, prefix: str = "") -> Event:
        """Its snapshot, as it stands in every event."""
        told = {
            "Channel": self.channel,
            "ChannelState": self.state,
            "ChannelStateDesc": STATES[self.state],
            "CallerIDNum": self.number or "<unknown>",
            "CallerIDName": self.name or "<unknown>",
            "ConnectedLineNum": "<unknown>",
            "ConnectedLineName": "<unknown>",
            "Language": "en",
            "AccountCode": "",
            "Context": self.context,
            "Exten": self.exten,
            "Priority": "1",
            "Uniqueid": self.key,
            "Linkedid": self.call,
        }
        return {f"{prefix}{name}": value for name, value in told.items()}


@dataclass(slots=True)
class Board:
    """An Asterisk with a trunk and telephones; the instants are its own."""

    clock: Callable[[], float] = time.time
    trunk: str = "PJSIP/operator"
    line: str = "37410111111"
    told: list[Event] = field(default_factory=list)
    now: float = 0.0
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def event(self, name: str, *parts: Event, **fields: str) -> None:
        """Note an event."""
        joined = {key: value for part in parts for key, value in part.items()}
        self.told.append({"Event": name, "Privilege": "call,all", "Timestamp": f"{self.now:.6f}", **joined, **fields})

    def leg(self, channel: str, context: str, exten: str, number: str, name: str = "", call: str = "") -> Leg:
        """A channel begins."""
        self.now = self.now or self.clock()
        number_of = next(self._numbers)
        key = f"{int(self.now)}.{number_of}"
        made = Leg(f"{channel}-{number_of:08x}", key, call or key, context, exten, number, name, "0" if call else "4")
        self.event("Newchannel", made.fields())
        return made

    def comes(self, number: str, name: str = "") -> Leg:
        """A customer rings."""
        return self.leg(self.trunk, "from-trunk", self.line, number, name)

    def rings(self, caller: Leg, extension: str, name: str = "") -> Leg:
        """A telephone of the firm rings."""
        made = self.leg(f"PJSIP/{extension}", "from-internal", "", extension, name, call=caller.call)
        self.event("DialBegin", caller.fields(), made.fields("Dest"), DialString=f"{extension}/sip:{extension}@10.0.0.7:5060")
        made.state = "5"
        self.event("Newstate", made.fields())
        return made

    def meet(self, bridge: str, *legs: Leg, kind: str = "basic", technology: str = "simple_bridge") -> None:
        """Legs enter a bridge, one after another."""
        for count, leg in enumerate(legs, 1):
            leg.state = "6"
            of = {"BridgeUniqueid": bridge, "BridgeType": kind, "BridgeTechnology": technology, "BridgeNumChannels": str(count)}
            self.event("BridgeEnter", of, leg.fields())

    def leave(self, bridge: str, *legs: Leg) -> None:
        """Legs leave a bridge."""
        for left, leg in enumerate(legs, 1):
            of = {"BridgeUniqueid": bridge, "BridgeType": "basic", "BridgeNumChannels": str(len(legs) - left)}
            self.event("BridgeLeave", of, leg.fields())

    def dial_ends(self, caller: Leg, leg: Leg, status: str) -> None:
        """A telephone rings no more."""
        self.event("DialEnd", caller.fields(), leg.fields("Dest"), DialStatus=status)

    def hang_up(self, leg: Leg, cause: str = "16", words: str = "Normal Clearing") -> None:
        """A leg is over."""
        self.event("Hangup", leg.fields(), Cause=cause, **{"Cause-txt": words})

    def wait(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds

    def missed(self, number: str, name: str = "") -> list[Event]:
        """Somebody rings, and nobody answers."""
        begun = len(self.told)
        caller = self.comes(number, name)
        phone = self.rings(caller, "101", "Tigran")
        self.wait(20)
        self.dial_ends(caller, phone, "NOANSWER")
        self.hang_up(phone, "26", "Answered elsewhere")
        self.hang_up(caller)
        return self.told[begun:]
