"""Ways in: each account's own link that brings a code along, and the public pages on which an account may post.

Both are optional methods of a channel: `entry(code, words) -> str`, the link ("" = there is none, or it is not known yet), where `words` are filled in
beside the code if it must be typed; and `board(name) -> str`, the address of the page that a name means ("" = it is none of this platform's).
"""

import re
from collections.abc import Mapping
from typing import Protocol, runtime_checkable
from urllib.parse import quote

from channels.base import Channel
from crm.sales.entries import Ways

_NUMBER = re.compile(r"\+?[0-9][0-9 ()-]{5,20}", re.ASCII)


@runtime_checkable
class Entered(Protocol):
    """A channel that people can be sent to."""

    def entry(self, code: str, words: str = "") -> str: ...


@runtime_checkable
class Boarded(Protocol):
    """A channel with public pages."""

    def board(self, name: str) -> str: ...


def ways(channels: Mapping[str, Channel]) -> Ways:
    """How people come to all these accounts."""

    def links(code: str, words: str) -> Mapping[str, str]:
        found = ((account, channel.entry(code, words)) for account, channel in channels.items() if isinstance(channel, Entered))
        return {account: link for account, link in found if link}

    def boards(name: str) -> Mapping[str, str]:
        found = ((account, channel.board(name)) for account, channel in channels.items() if isinstance(channel, Boarded))
        return {account: address for account, address in found if address}

    return Ways(links, boards)


def typed(code: str, words: str) -> str:
    """What is filled in for somebody to send, in a URL: the words and the code behind a #; pure."""
    return quote(f"{words} #{code}".strip(), safe="")


def digits_of(number: str) -> str:
    """A phone number's digits ("" = it is none); pure."""
    return "".join(mark for mark in number if mark.isdigit()) if _NUMBER.fullmatch(number.strip()) else ""
