"""The thread as a visitor sees it: lines from the store, and what must be told to a screen that showed something else."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from crm.base.outbound import Buttons, Media

if TYPE_CHECKING:
    from crm.conversations.history import Said

OVERLAP = 30
"""Lines read again on every look: a message held back for a while becomes visible behind newer ones."""

Frame = dict[str, object]
Seal = Callable[[Media], str]


class Author(StrEnum):
    """Who said a line, from the visitor's chair."""

    BOT = "bot"
    REP = "rep"
    YOU = "you"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the thread; `seq` is our message id, `client` the id the visitor's browser gave (its message's external id)."""

    seq: int
    author: Author
    text: str
    at: int
    buttons: Buttons = ()
    media: tuple[Media, ...] = ()
    edited: bool = False
    name: str = ""
    client: str = ""


History = Callable[[str, int], Awaitable[Sequence[Line]]]
"""Answers the lines of one visitor (external id) with a seq above the second argument, oldest first.

It holds what the visitor said and those of our messages whose sending has begun (`sending`, `sent`, `unknown`): a held or cancelled one is not there.
"""


def lines_of(said: "Sequence[Said]") -> list[Line]:
    """What the store says a customer sees, in our own words."""
    chairs = {"contact": Author.YOU, "rep": Author.REP}
    return [
        Line(one.message_id, chairs.get(one.author, Author.BOT), one.text, one.at, one.buttons, one.media, one.edited, one.rep, one.external_id) for one in said
    ]


def shown(line: Line, seal: Seal) -> Frame:
    """Put a line into the words of the protocol."""
    frame: Frame = {"seq": line.seq, "from": line.author.value, "text": line.text, "at": line.at}
    if line.client:
        frame["id"] = line.client
    if line.name:
        frame["name"] = line.name
    if line.edited:
        frame["edited"] = True
    if line.buttons:
        frame["buttons"] = [[_button(button.label, button.value, button.url) for button in row if not button.ask] for row in line.buttons]
    if line.media:
        frame["media"] = [{"kind": m.kind.value, "name": m.name, "mime": m.mime, "size": m.size, "url": seal(m)} for m in line.media]
    return frame


def _button(label: str, value: str, url: str) -> Frame:
    return {"label": label, "url": url} if url else {"label": label, "value": value}


def prints(lines: Iterable[Line]) -> dict[int, int]:
    """Remember lines by number and fingerprint, which is all that is needed to see a change."""
    return {line.seq: hash(line) for line in lines}


def changes(before: Mapping[int, int], lines: Sequence[Line], after: int, seal: Seal) -> list[Frame]:
    """Tell the frames that turn a screen showing `before` into one showing `lines`, for everything above `after`."""
    frames: list[Frame] = []
    for line in lines:
        if line.seq not in before:
            frames.append({"type": "message", **shown(line, seal)})
        elif before[line.seq] != hash(line):
            frames.append({"type": "edit", **shown(line, seal)})
    gone = before.keys() - {line.seq for line in lines}
    return frames + [{"type": "delete", "seq": seq} for seq in sorted(gone) if seq > after]


def floor(seqs: Iterable[int]) -> int:
    """Give the seq above which a screen showing `seqs` should be looked at again."""
    newest = sorted(seqs)[-OVERLAP - 1 :]
    return newest[0] if len(newest) > OVERLAP else 0
