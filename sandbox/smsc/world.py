"""The centre's world: who may be bound, the telephones, and what lies on them, whole or in parts."""

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.smsc.faults import Faults
from sandbox.smsc.wire import Sm, Wrong, from_gsm, to_gsm

UCS2 = 8
PAYLOAD, SAR_REF, SAR_TOTAL, SAR_PLACE, RECEIPTED, STATE = 0x0424, 0x020C, 0x020E, 0x020F, 0x001E, 0x0427
STATES = {"DELIVRD": 2, "EXPIRED": 3, "DELETED": 4, "UNDELIV": 5, "ACCEPTD": 6, "UNKNOWN": 7, "REJECTD": 8}
Join = tuple[str, str, int, int]


@dataclass(slots=True)
class Text:
    """One message on a telephone; `ours` = it was sent by the firm, in `parts` parts under these ids."""

    text: str
    at: float
    ours: bool
    ids: list[str] = field(default_factory=list)
    state: str = ""

    @property
    def parts(self) -> int:
        return len(self.ids)


@dataclass(slots=True)
class Phone:
    """A telephone: `state` is what the centre says of a part for it ("" = nothing yet), `error` the network's number for why."""

    number: str
    state: str = "DELIVRD"
    error: str = "000"
    texts: list[Text] = field(default_factory=list)
    half: dict[Join, dict[int, tuple[str, str]]] = field(default_factory=dict)


@dataclass(slots=True)
class Manner:
    """How this centre does what others do otherwise.

    Ids in an answer and in receipts ("text", "decimal", "hex"); receipts by words, parameters or both; how many messages it brings before it waits; how
    many `sessions` it allows; how its default alphabet is written.
    """

    answers: str = "text"
    receipts: str = "text"
    words: bool = True
    parameters: bool = False
    window: int = 1
    sessions: int = 10
    alphabet: str = "gsm"


class Centre:
    """One operator's centre; `system_id` and `password` let the firm in, `line` is the firm's number there."""

    def __init__(self, system_id: str = "marani", password: str = "sesame", line: str = "37410222222", clock: Callable[[], float] = time.time) -> None:
        self.system_id, self.password, self.line, self.clock = system_id, password, line, clock
        self.manner, self.faults = Manner(), Faults()
        self.phones: dict[str, Phone] = {}
        self.taken: list[Sm] = []
        self._numbers, self._references = itertools.count(1_000_001), itertools.count(1)
        self.changed = asyncio.Condition()

    def phone(self, number: str) -> Phone:
        """The telephone with a number (+374…), made at the first asking."""
        return self.phones.setdefault(number, Phone(number))

    def number(self) -> int:
        """A number nobody has had."""
        return next(self._numbers)

    def shown(self, number: int, way: str) -> str:
        """A message's number as this centre writes it."""
        return {"text": f"{number:x}", "decimal": f"{number:010d}", "hex": f"{number:X}"}[way]

    async def put(self, sm: Sm, number: str) -> Text | None:
        """Lay a part on its telephone; the message it completes."""
        self.taken.append(sm)
        phone, (join, total, place, words) = self.phone(f"+{sm.target}"), self.placed(sm)
        text = words_of(words, sm.coding, self.manner.alphabet)
        async with self.changed:
            half = phone.half.setdefault(join, {})
            half[place] = (text, number)
            whole = None
            if len(half) == total:
                parts = [half[one] for one in sorted(half)]
                whole = Text("".join(part for part, _ in parts), self.clock(), True, [one for _, one in parts])
                phone.texts.append(whole)
                del phone.half[join]
            self.changed.notify_all()
        return whole

    def placed(self, sm: Sm) -> tuple[Join, int, int, bytes]:
        """What a part belongs to, of how many, where it stands, and its words; raises Wrong for what no telephone takes."""
        if PAYLOAD in sm.options:
            if sm.words:
                raise Wrong(0x01)
            return ("payload", sm.source, self.number(), 1), 1, 1, sm.options[PAYLOAD]
        if sm.esm & 0x40:
            if len(sm.words) < 6 or sm.words[:3] != b"\x05\x00\x03" or not 1 <= sm.words[5] <= sm.words[4]:
                raise Wrong(0x43)
            fits(sm.words[6:], sm.coding, 153)
            return ("udh", sm.source, sm.words[3], sm.words[4]), sm.words[4], sm.words[5], sm.words[6:]
        if SAR_REF in sm.options:
            reference, total, place = (int.from_bytes(sm.options.get(tag, b""), "big") for tag in (SAR_REF, SAR_TOTAL, SAR_PLACE))
            if not 1 <= place <= total:
                raise Wrong(0xC4)
            fits(sm.words, sm.coding, 153)
            return ("sar", sm.source, reference, total), total, place, sm.words
        fits(sm.words, sm.coding, 160)
        return ("alone", sm.source, self.number(), 1), 1, 1, sm.words

    def written(self, number: str, text: str) -> list[Sm]:
        """What somebody writes, in as many parts as their telephone makes of it."""
        raw = to_gsm(text)
        coding, words, room = (0, raw, 153) if raw is not None else (UCS2, text.encode("utf-16-be"), 134)
        source, reference = number.lstrip("+"), next(self._references) & 0xFF
        if len(words) <= (160 if coding == 0 else 140):
            return [Sm(source, self.line, words, coding=coding)]
        pieces = [words[at : at + room] for at in range(0, len(words), room)]
        heads = [bytes((5, 0, 3, reference, len(pieces), place)) for place in range(1, len(pieces) + 1)]
        return [Sm(source, self.line, head + piece, esm=0x40, coding=coding) for head, piece in zip(heads, pieces, strict=True)]

    def receipt(self, sm: Sm, number: int, phone: Phone) -> Sm:
        """What is told of a part."""
        shown = self.shown(number, self.manner.receipts)
        words = f"id:{shown} sub:001 dlvrd:001 submit date:2511251200 done date:2511251201 stat:{phone.state} err:{phone.error} text:"
        made = Sm(sm.target, sm.source, words.encode() if self.manner.words else b"", target_ton=sm.source_ton, esm=0x04)
        if self.manner.parameters:
            made.options = {RECEIPTED: self.shown(number, self.manner.answers).encode() + b"\0", STATE: bytes((STATES[phone.state],))}
        return made

    async def until(self, number: str, count: int) -> list[Text]:
        """Wait until so many messages of the firm lie on a telephone."""
        async with asyncio.timeout(30), self.changed:
            await self.changed.wait_for(lambda: sum(text.ours for text in self.phone(number).texts) >= count)
        return [text for text in self.phone(number).texts if text.ours]


def fits(words: bytes, coding: int, septets: int) -> None:
    """Raise Wrong for what is longer than one SMS on the air."""
    if len(words) > (septets if coding == 0 else 140 if septets == 160 else 134):
        raise Wrong(0x01)


def words_of(raw: bytes, coding: int, alphabet: str) -> str:
    """What a telephone shows; raises Wrong for what it cannot."""
    if coding == 0:
        return from_gsm(raw) if alphabet == "gsm" else raw.decode("latin-1")
    if coding != UCS2 or len(raw) % 2:
        raise Wrong(0x45)
    try:
        return raw.decode("utf-16-be")
    except UnicodeDecodeError:  # half a pair: a part was cut inside a character
        raise Wrong(0x45) from None
