"""How the words of an SMS are written in bytes: GSM 03.38's alphabet, UCS-2, and the few others that come in; pure."""

from crm.base.sms import Encoding

BASIC = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
EXTENDED = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€"}
ESCAPE = 0x1B
GSM, LATIN = "gsm", "latin1"
_TO_GSM = {**{mark: bytes((place,)) for place, mark in enumerate(BASIC) if place != ESCAPE}, **{mark: bytes((ESCAPE, at)) for at, mark in EXTENDED.items()}}
DEFAULT, ASCII, LATIN1, UCS2 = 0x00, 0x01, 0x03, 0x08
_OTHERS = {ASCII: "ascii", LATIN1: "latin-1", 0x05: "shift_jis", 0x06: "iso8859-5", 0x07: "iso8859-8", UCS2: "utf-16-be", 0x0E: "euc_kr"}


def written(text: str, encoding: Encoding, alphabet: str = GSM) -> tuple[int, bytes]:
    """The data coding and the bytes of a text; `alphabet` is how the operator writes its default one. Raises ValueError for what that one has not."""
    if encoding is Encoding.UCS2:
        return UCS2, text.encode("utf-16-be", "replace")
    if alphabet == LATIN:  # it has no euro and no Greek capitals
        return DEFAULT, text.encode("latin-1")
    return DEFAULT, b"".join(_TO_GSM[mark] for mark in text)


def read(raw: bytes, coding: int, alphabet: str = GSM) -> str | None:
    """The words in some bytes; None for data that are no words."""
    kind = charset(coding)
    if kind == "default":
        return gsm(raw) if alphabet == GSM else raw.decode("latin-1")
    return raw.decode(kind, "replace") if kind else None


def charset(coding: int) -> str:
    """Which characters a data coding means ("" = none: data); the upper half of the codes is read as GSM 03.38 has it."""
    if coding & 0xF0 == 0xF0:
        return "" if coding & 0x04 else "default"
    if coding & 0xC0 == 0 and coding & 0x10:  # with a class, as of an SMS that is shown and not stored
        return {0x00: "default", 0x08: "utf-16-be"}.get(coding & 0x0C, "")
    return "default" if coding == DEFAULT else _OTHERS.get(coding, "")


def gsm(raw: bytes) -> str:
    """The words in bytes of GSM's alphabet, one to a byte; an escape that means nothing is a space, as the standard says."""
    found, marks = [], iter(raw)
    for mark in marks:
        if mark == ESCAPE:
            following = next(marks, None)
            found.append(" " if following is None else EXTENDED.get(following, BASIC[following] if following < 128 and following != ESCAPE else " "))
        else:
            found.append(BASIC[mark] if mark < 128 else "\ufffd")
    return "".join(found)
