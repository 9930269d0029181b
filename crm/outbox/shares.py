"""Share: a file that a channel cannot carry goes as a link to it: an address nobody can guess, which ends after a while."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.errors import NotFound
from crm.base.outbound import Limits, Media, Say
from crm.base.rows import add_new, change, take_ids
from crm.base.table import Row
from crm.base.time import DAY
from crm.outbox.deliveries import Delivery
from crm.outbox.payload import pack

LASTS = 30 * DAY
PATH = "/files/"


class ShareRow(Row):
    """A file under an address; only the hash of its secret is stored, with the name, kind and size it is handed out with."""

    __tablename__ = "shares"
    digest: Mapped[str] = mapped_column(unique=True)
    attachment_id: Mapped[int] = mapped_column(ForeignKey("attachments.id"), index=True)
    name: Mapped[str]
    kind: Mapped[str]
    mime: Mapped[str]
    size: Mapped[int]
    expires_at: Mapped[int]


Share = Callable[[Session, Media, int], str]
"""Makes the address of a file; the last argument is now."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Makes addresses that begin with the `site`; the same file has the same one, which lasts as long as it was sent last."""

    site: str
    key: bytes = field(repr=False)

    def __call__(self, session: Session, media: Media, now: int) -> str:
        """The address of a file."""
        made = hmac.new(self.key, f"share:{media.attachment_id}".encode(), hashlib.sha256).digest()[:18]
        secret = base64.urlsafe_b64encode(made).decode()
        known = session.scalar(select(ShareRow).where(ShareRow.digest == digest(secret)))
        if known is None:
            about = {"attachment_id": media.attachment_id, "name": media.name, "kind": media.kind.value, "mime": media.mime, "size": media.size}
            add_new(session, ShareRow, [{"id": next(take_ids(session, 1)), "digest": digest(secret), **about, "expires_at": now + LASTS}])
        else:
            known.expires_at = now + LASTS
            session.flush()
        return f"{self.site.rstrip('/')}{PATH}{secret}"


def digest(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def shared(session: Session, secret: str, *, now: int) -> ShareRow:
    """The file under an address; raises `NotFound` where there is none, or not any more."""
    found = session.scalar(select(ShareRow).where(ShareRow.digest == digest(secret), ShareRow.expires_at > now))
    if found is None:
        raise NotFound("no such file")
    return found


def carried(media: Media, limits: Limits) -> bool:
    """Whether a channel can carry a file at all; pure."""
    return media.kind in limits.media and media.size <= limits.media_size


def linked(session: Session, delivery_id: int, say: Say, limits: Limits, share: Share | None, *, now: int) -> Say:
    """What leaves for a part: the link to its file where the channel cannot carry that, and people can come to us for it."""
    if say.media is None or share is None or carried(say.media, limits):
        return say
    name = say.media.name or say.media.kind.value
    said = replace(say, media=None, text="\n".join(filter(None, (say.text, f"{name}: {share(session, say.media, now)}"))))
    change(session, Delivery, "id", [{"id": delivery_id, "payload": pack(said)}])
    return said
