"""Choices: the buttons of a message as far as they can be shown, and in words where they cannot be pressed; lengths are UTF-16 units; pure."""

from collections.abc import Iterable
from dataclasses import replace

from channels.payload import storable
from crm.base.outbound import Button, Buttons
from crm.base.text import cut_utf16, utf16_length


def shown(buttons: Iterable[Button], *, asking: bool = False) -> list[Button]:
    """Those that have something to show and to do; `asking` = the platform has one that asks for the number."""
    named = [replace(one, label=" ".join(storable(one.label).split())) for one in buttons]
    return [one for one in named if one.label and (one.ask == "phone" if one.ask else one.url or one.value) and (asking or not one.ask)]


def spelled(words: str, buttons: Buttons, most: int) -> str:
    """The words with every choice as a line of its own; what is too long loses of its words, not of its choices."""
    known = [one for row in buttons for one in shown(row)]
    choices = "\n".join([f"• {one.label}" for one in known if not one.url] + [f"{one.label}: {one.url}" for one in known if one.url])
    if not choices:
        return words
    room = max(most - utf16_length(choices) - 3, 0)
    fitting = words.strip() if utf16_length(words.strip()) <= room else f"{cut_utf16(words.strip(), room)}…"
    return cut_utf16("\n\n".join(filter(None, [fitting, choices])), most)
