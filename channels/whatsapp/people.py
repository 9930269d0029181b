"""Who is who on WhatsApp: a phone number, an id that stands for it within one business, or both."""

import re

from channels.payload import Json, name, part, text
from crm.base.events import Sender

PHONE = re.compile(r"[1-9][0-9]{4,19}", re.ASCII)
STAND_IN = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}", re.ASCII)
"""A business-scoped user id, such as US.1349…: what Meta shows of people who hide their number."""
_OF_MESSAGE = ("from", "to", "from_user_id", "to_user_id", "from_parent_user_id", "to_parent_user_id", "wa_id", "user_id")
_OF_CONTACT = ("wa_id", "user_id", "parent_user_id")


def is_address(words: str) -> bool:
    """Whether something can be written to under these words."""
    return bool(PHONE.fullmatch(words) or STAND_IN.fullmatch(words))


def ids_of(message: Json, contact: Json) -> tuple[str, ...]:
    """Every id a message and its card give for the person, the number first: it is the one to write to while it is known."""
    given = [text(message, key) for key in _OF_MESSAGE if key in message]
    given += [text(contact, key) for key in _OF_CONTACT if key in contact]
    known = dict.fromkeys(one for one in given if is_address(one))
    return tuple(sorted(known, key=lambda one: (not one.isdigit(), ".ENT." in one)))


def sender_of(message: Json, contact: Json) -> Sender | None:
    """The person; None where no id can be read. The platform vouches for a number: an account stands on it."""
    ids = ids_of(message, contact)
    if not ids:
        return None
    profile = part(contact, "profile")
    number = ids[0] if ids[0].isdigit() else ""
    called = name(profile, "name"), name(profile, "username") or name(contact, "username")
    return Sender(ids[0], *called, aliases=ids[1:], phone=f"+{number}" if number else "", proven=bool(number))
