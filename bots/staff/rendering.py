"""Rendering: what a notice becomes, and the shape of every function that makes it so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bots.staff.posts import Mail, Post
from bots.staff.sight import Scene
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import Translator, translator
from crm.outbox.notices import Waiting


class AboutTopic(Protocol):
    """What is done about the topic of a conversation, before and after what is shown in it is put on its way; in the same transaction."""

    def before(self, session: Session) -> None: ...

    def after(self, session: Session) -> None: ...


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one notice becomes: mails, and names of posts that are not edited any more, but give way to fresh ones.

    `topic` is what has to be done about the topic that mails to the group go to; a card holds `until` an instant (0 = no end is near).
    """

    notice: Waiting
    mails: tuple[Mail, ...] = ()
    retired: tuple[str, ...] = ()
    away: tuple[Rep, ...] = ()
    topic: "AboutTopic | None" = None
    until: int = 0


Renderer = Callable[[Session, Waiting, Scene], Rendered]


def mail_each(notice: Waiting, readers: Sequence[Rep], make: Callable[[Translator, Rep], Post]) -> tuple[Mail, ...]:
    """One mail per reader, in their language, once per version of its cause."""
    return tuple(Mail(rep, make(translator(rep.language), rep), once_key(notice, rep)) for rep in readers)


def once_key(notice: Waiting, rep: Rep) -> str:
    """What makes showing this notice to this reader twice impossible."""
    return f"notice:{notice.id}:{notice.version}:{rep.id}"
