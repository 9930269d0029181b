"""Masks: a phone or an e-mail as it is shown to one who may not have it in full; pure."""

import re

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+?[\d\s().\-\u2010-\u2013\u2066-\u2069]{7,}")
_EMAIL_IN = re.compile(r"[^@\s:]+@[^@\s]+\.[^@\s]+")
# Between its digits may stand the spaces and dashes of a page it was copied from, but no line's end.
_PHONE_IN = re.compile(r"\+?\d[\d \u00a0\u2000-\u200a\u202f().\-\u2010-\u2013]{5,}\d")


def masked(kind: str, value: str) -> str:
    """The ends of a phone, the first letter and the domain of an e-mail; anything else is hidden whole."""
    if kind == "phone":
        return f"{value[:4]}•••{value[-2:]}" if len(value) > 8 else "•••"
    name, at, domain = value.rpartition("@")
    return f"{name[:1]}•••{at}{domain}" if at else "•••"


def veiled(name: str) -> str:
    """A name or a username, masked where it is nothing but a phone or an e-mail, as it is on channels that know people by these alone."""
    if _EMAIL.fullmatch(name):
        return masked("email", name)
    return masked("phone", name) if _PHONE.fullmatch(name) and any(mark.isdigit() for mark in name) else name


def hushed(text: str) -> str:
    """Words in which every phone and e-mail is masked: what a shared contact or a form told; not for what people say, where a price looks like a phone."""
    return _PHONE_IN.sub(lambda found: masked("phone", found[0]), _EMAIL_IN.sub(lambda found: masked("email", found[0]), text))
