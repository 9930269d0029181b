"""Fitting what is said to what a carrier can carry, in the unit it counts in; pure."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from crm.base import sms
from crm.base.outbound import Edit, Limits, Say, Unit
from crm.base.text import cut_utf16, utf16_length


def _bytes(text: str) -> int:
    return len(text.encode())


def _parts(text: str) -> int:
    return sms.parts(text).parts


def _cut_characters(text: str, most: int) -> str:
    return text[:most]


def _cut_bytes(text: str, most: int) -> str:
    return text.encode()[:most].decode(errors="ignore")


MEASURES: Mapping[Unit, tuple[Callable[[str], int], Callable[[str, int], str]]] = {
    Unit.UTF16: (utf16_length, cut_utf16),
    Unit.CHARACTERS: (len, _cut_characters),
    Unit.BYTES: (_bytes, _cut_bytes),
    Unit.SMS: (_parts, sms.beginning),
}
"""How long a text is, and its longest beginning of at most so many units."""
WIDEST: Mapping[Unit, int] = {Unit.UTF16: 2, Unit.CHARACTERS: 1, Unit.BYTES: 4, Unit.SMS: 1}
"""The most units that one character takes."""


def fit(say: Say, limits: Limits) -> list[Say]:
    """Split a message into parts a carrier can take: a caption that is too long becomes a text of its own, buttons go under the last part."""
    if say.buttons and not limits.buttons:
        say = numbered(say)
    if not say.media and 0 < len(say.text) * WIDEST[limits.unit] <= limits.text:  # nothing to cut, as nearly always
        return [say]
    if say.media and (say.media.kind not in limits.media or say.media.size > limits.media_size):
        name = say.media.name or say.media.kind.value
        return fit(replace(say, media=None, text=f"{say.text}\n[{name}]".strip()), limits)
    length, _ = MEASURES[limits.unit]
    if say.media and say.text and length(say.text) > (limits.words_with(say.media) if limits.words_with else limits.caption):
        return [replace(say, text="", buttons=()), *fit(replace(say, media=None, reply_to=""), limits)]
    texts = [say.text] if say.media else split(say.text, limits.text, limits.unit)
    parts = [replace(say, text=text, buttons=(), reply_to=say.reply_to if place == 0 else "") for place, text in enumerate(texts)]
    return [*parts[:-1], replace(parts[-1], buttons=say.buttons)]


def numbered(say: Say) -> Say:
    """Where there are no buttons, choices stand in the text under numbers that can be typed, and links as they are."""
    rows = [button for row in say.buttons for button in row]
    lines = [f"{place}. {label}" for place, label in enumerate((button.label for button in rows if button.value), 1)]
    lines += [f"{button.label}: {button.url}" for button in rows if button.url]
    return replace(say, text="\n".join(filter(None, (say.text, *lines))), buttons=())


def fit_edit(edit: Edit, limits: Limits) -> Edit:
    """Cut an edit to the length a message may have: what was one message stays one."""
    most = limits.caption if edit.media else limits.text
    length, cut = MEASURES[limits.unit]
    if length(edit.text) <= most:
        return edit
    return replace(edit, text=cut(edit.text, most - length("…")) + "…")


def split(text: str, most: int, unit: Unit = Unit.UTF16) -> list[str]:
    """Cut a text into pieces of at most `most` units, at a blank line, a line, a space, or where it must be; nothing but white space is lost."""
    length, cut = MEASURES[unit]
    pieces: list[str] = []
    rest = text
    while length(rest) > most:
        head = cut(rest, most) or rest[:1]  # however little fits, the rest gets shorter
        places = (head.rfind(mark) for mark in ("\n\n", "\n", " "))
        end = next((place for place in places if place >= len(head) // 2), len(head))
        pieces.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    if rest or not pieces:
        pieces.append(rest)
    return [piece for piece in pieces if piece] or [""]
