"""Storage: how much room the files of conversations take, and how much of what the firm allows them."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.policy import Action
from crm.conversations.threads import Attachment, MediaState
from crm.people.reps import authorise

NEARLY = 0.9


@dataclass(frozen=True, slots=True)
class Kept:
    """The files of one kind: how many there are, and their bytes."""

    kind: str
    files: int
    size: int


@dataclass(frozen=True, slots=True)
class Storage:
    """What the files take, the most first; `quota` in bytes, 0 = none was set."""

    kept: tuple[Kept, ...]
    quota: int = 0

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(one.size for one in self.kept)

    @property
    def share(self) -> float:
        """How much of the quota is taken, 0 where there is none."""
        return self.size / self.quota if self.quota else 0.0


def storage(session: Session, actor: Actor, quota: int = 0) -> Storage:
    """What the files that are here take; reads them all, so it is asked of a snapshot and never by a clock."""
    authorise(session, actor, Action.SEE_REPORTS)
    size = func.coalesce(func.sum(Attachment.size), 0)
    rows = session.execute(
        select(Attachment.kind, func.count(), size)
        .where(Attachment.state == MediaState.READY.value)
        .group_by(Attachment.kind)
        .order_by(size.desc(), Attachment.kind)
    )
    return Storage(tuple(Kept(kind, files, int(taken)) for kind, files, taken in rows), quota)
