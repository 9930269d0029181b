"""Bytes of a mail as text: the declared charset first, then UTF-8, then a guess; never an exception."""

import codecs

_ALIASES = {
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "x-mac-cyrillic": "mac_cyrillic",
    "win-1251": "cp1251",
    "win1251": "cp1251",
    "x-cp1251": "cp1251",
    "windows-874": "cp874",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "ks_c_5601-1987": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "unicode-1-1-utf-7": "utf-7",
    "ansi_x3.4-1968": "ascii",
    "us-ascii": "ascii",
    "utf8mb4": "utf-8",
}
_REFUSED = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"}
_WESTERN = {"iso8859-1", "cp1252", "iso8859-15"}
_SAMPLE = 20_000


def decode(data: bytes, label: str = "") -> str:
    """Decode bytes, believing the label only while it fits them."""
    codec = _codec(label)
    if codec in _WESTERN and _mostly_high(data):
        codec = ""  # whole words of accented letters: somebody's mailer labels everything Latin
    for name in (codec, "utf-8"):
        if name and (text := _strictly(data, name)) is not None:
            return text
    guess = _guess(data)
    text = _strictly(data, guess) if guess else None
    return data.decode(codec or "utf-8", "replace") if text is None else text


def _codec(label: str) -> str:
    plain = label.strip().strip("\"'").lower()[:60]
    try:
        found = codecs.lookup(_ALIASES.get(plain, plain))
    except (LookupError, ValueError, UnicodeError):
        return ""
    readable = getattr(found, "_is_text_encoding", True)  # zlib and its like are codecs too
    return found.name if readable and found.name.replace("_", "-") not in _REFUSED else ""


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, LookupError):
        return None


def _mostly_high(data: bytes) -> bool:
    sample = data[:_SAMPLE]
    letters = [byte for byte in sample if byte > 64]
    return len(letters) > 3 and sum(byte > 191 for byte in letters) * 10 > len(letters) * 7


def _guess(data: bytes) -> str:
    import chardet

    try:
        found = chardet.detect(data[:_SAMPLE]).get("encoding")
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):
        return ""
    return _codec(found) if isinstance(found, str) else ""
