"""Fitting what is said to what a carrier can carry; pure. Lengths are UTF-16 units, as Telegram counts."""

from dataclasses import replace

from crm.base.outbound import Edit, Limits, Say
from crm.base.text import cut_utf16, utf16_length


def fit(say: Say, limits: Limits) -> list[Say]:
    """Split a message into parts a carrier can take: a caption that is too long becomes a text of its own, buttons go under the last part."""
    if not say.media and 0 < len(say.text) <= limits.text // 2:  # at most two units a character: nothing to cut, as nearly always
        return [say]
    if say.media and (say.media.kind not in limits.media or say.media.size > limits.media_size):
        name = say.media.name or say.media.kind.value
        return fit(replace(say, media=None, text=f"{say.text}\n[{name}]".strip()), limits)
    if say.media and utf16_length(say.text) > limits.caption:
        return [replace(say, text="", buttons=()), *fit(replace(say, media=None, reply_to=""), limits)]
    texts = [say.text] if say.media else split(say.text, limits.text)
    parts = [replace(say, text=text, buttons=(), reply_to=say.reply_to if place == 0 else "") for place, text in enumerate(texts)]
    return [*parts[:-1], replace(parts[-1], buttons=say.buttons)]


def fit_edit(edit: Edit, limits: Limits) -> Edit:
    """Cut an edit to the length a message may have: what was one message stays one."""
    most = limits.caption if edit.media else limits.text
    if utf16_length(edit.text) <= most:
        return edit
    return replace(edit, text=cut_utf16(edit.text, most - 1) + "…")


def split(text: str, most: int) -> list[str]:
    """Cut a text into pieces of at most `most` units, at a blank line, a line, a space, or where it must be; nothing but white space is lost."""
    pieces: list[str] = []
    rest = text
    while utf16_length(rest) > most:
        head = cut_utf16(rest, most) or rest[:1]  # however little fits, the rest gets shorter
        places = (head.rfind(mark) for mark in ("\n\n", "\n", " "))
        cut = next((place for place in places if place >= len(head) // 2), len(head))
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    if rest or not pieces:
        pieces.append(rest)
    return [piece for piece in pieces if piece] or [""]
