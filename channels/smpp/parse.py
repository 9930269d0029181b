"""What the operator brings, as events; pure and total. A kept event holds the units' bytes, those of one long message together."""

import json
import re
from collections.abc import Callable, Mapping, Sequence

from channels.http import storable
from channels.smpp.alphabet import read
from channels.smpp.options import DECIMAL, HEX, TEXT, SmppOptions
from channels.smpp.parts import body_of, part_of
from channels.smpp.pdu import Malformed, Short, Tag, short_of
from channels.smpp.verdicts import reason_of
from crm.base.events import Arrival, Event, Message, Sender, Status, Unknown

RECEIPT, NOTE = 0x04, 0x20
"""What esm_class says of a unit that tells of a message of ours: what became of it in the end, or on its way."""
_KIND = 0x3C
_MISSING = "[…]"
_MOST = 255
_WORDS = re.compile(r"\b(id|stat|err):\s*([^\s]+)", re.IGNORECASE)
_NAMES = {1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 6: "ACCEPTD", 7: "UNKNOWN", 8: "REJECTD"}
_ARRIVALS = {
    **dict.fromkeys(("ENROUTE", "ACCEPTD", "ACCEPTED", "BUFFERED", "BUFFRED"), Arrival.SENT),
    **dict.fromkeys(("DELIVRD", "DELIVERED"), Arrival.DELIVERED),
    **dict.fromkeys(("EXPIRED", "DELETED", "UNDELIV", "UNDELIVERABLE", "REJECTD", "REJECTED", "FAILED"), Arrival.FAILED),
}
Normalise = Callable[[str], str]
"""A number as the operator writes it, in international form ("" = nobody can be reached there)."""


def packed(mark: str, bodies: Sequence[bytes], total: int = 1) -> bytes:
    """Units as they are kept: their bytes in hexadecimal, the key's own words, and of how many parts they are."""
    return json.dumps({"v": 1, "mark": mark, "of": total, "units": [body.hex() for body in bodies]}).encode()


def parse(body: bytes, options: SmppOptions, normalise: Normalise, key: str, at: int) -> Event:
    """What some kept units say."""
    try:
        told = json.loads(body)
        shorts = [short_of(bytes.fromhex(unit)) for unit in told["units"][:_MOST]]
        total = told.get("of")
        if not shorts:
            return Unknown("unreadable", at=at)
        if is_receipt(shorts[0]):
            return _status(shorts[0], options, normalise, at)
        return _message(shorts, total if isinstance(total, int) and 0 < total <= _MOST else 1, options, normalise, key, at)
    except (Malformed, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Unknown("unreadable", at=at)


def is_receipt(short: Short) -> bool:
    """Whether a unit tells of a message of ours rather than being one of somebody's: a number alone beside words that say no state makes it none."""
    if short.esm & _KIND in (RECEIPT, NOTE) or short.tlv(Tag.RECEIPTED_MESSAGE_ID) is None:
        return short.esm & _KIND in (RECEIPT, NOTE)
    return "stat" in said(short) or not body_of(short)


def said(short: Short) -> dict[str, str]:
    """What a receipt says: id, stat and err; parameters count more than words, which operators shape as they like."""
    words = {name.lower(): value for name, value in reversed(_WORDS.findall(body_of(short).decode("latin-1")))}
    state = short.tlv(Tag.MESSAGE_STATE) or b""
    error = short.tlv(Tag.NETWORK_ERROR_CODE) or b""
    told = {"stat": _NAMES.get(state[0], "") if state else "", "err": str(int.from_bytes(error[1:3], "big")) if len(error) == 3 else ""}
    return {**words, **{name: value for name, value in told.items() if value and not (name == "err" and words.get("err"))}}


def ids_of(short: Short, options: SmppOptions) -> str:
    """The number of the message that a receipt is about, as `canonical` writes it; the parameter repeats the answer's, the words are the operator's own."""
    parameter = (short.tlv(Tag.RECEIPTED_MESSAGE_ID) or b"").partition(b"\0")[0].decode("latin-1")
    return canonical(parameter, options.submit_ids) or canonical(said(short).get("id", ""), options.receipt_ids)


def canonical(number: str, written: str) -> str:
    """A message's number in the one form in which answers and receipts are compared: as it is, or decimal where the operator is known to mix."""
    text = storable(number.strip())[:100]
    if written == TEXT:
        return text
    try:
        return str(int(text, {HEX: 16, DECIMAL: 10}[written]))
    except ValueError:
        return text


def number_of(short: Short, normalise: Normalise) -> str:
    """Who a unit is from ("" = a name or a short number)."""
    if short.source.ton == 5:
        return ""
    return normalise(f"+{short.source.text.lstrip('+')}" if short.source.ton == 1 else short.source.text)


def _status(short: Short, options: SmppOptions, normalise: Normalise, at: int) -> Event:
    told, number = said(short), ids_of(short, options)
    state = told.get("stat", "").upper()
    arrival = _ARRIVALS.get(state)
    if arrival is None or not number:
        return Unknown("receipt", at=at)
    if arrival is not Arrival.FAILED:
        return Status(arrival, at, (number,), "", number_of(short, normalise))
    error = told.get("err", "")
    reason = reason_of(options, error) if error.strip("0") else reason_of(options, state)
    return Status(arrival, at, (number,), "", number_of(short, normalise), 0, reason, storable(f"{state} {error}".strip())[:200])


def _message(shorts: Sequence[Short], total: int, options: SmppOptions, normalise: Normalise, key: str, at: int) -> Event:
    number = number_of(shorts[0], normalise)
    if not number:
        return Unknown("SMS from a short number", at=at)
    placed = {(part.place if (part := part_of(short)) else order): short for order, short in enumerate(shorts, 1)}
    text = _text(placed, max(total, *placed), options)
    if text is None:
        return Unknown("SMS without words", Sender(number, phone=number, proven=True), key, at)
    return Message(Sender(number, phone=number, proven=True), key, storable(text.replace("\r\n", "\n")), at)


def _text(placed: Mapping[int, Short], total: int, options: SmppOptions) -> str | None:
    """The words of all parts; neighbours are read together, because telephones cut inside a character. None for what is no words."""
    runs: list[tuple[int, int, bytes, int]] = []
    for place in sorted(placed):
        short, last = placed[place], runs[-1] if runs else None
        if last and last[1] == place - 1 and last[3] == short.coding:
            runs[-1] = (last[0], place, last[2] + body_of(short), short.coding)
        else:
            runs.append((place, place, body_of(short), short.coding))
    found, before = "", 0
    for begin, end, raw, coding in runs:
        words = read(raw, coding, options.alphabet)
        if words is None:
            return None
        found += (_MISSING if begin > before + 1 else "") + words
        before = end
    return found + (_MISSING if before < total else "")
