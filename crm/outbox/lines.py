"""Lines: where what is said has a subject, what the next letter of a conversation answers."""

from dataclasses import dataclass

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.table import Row

MOST = 20
"""How many earlier ids a letter names: the first, and the newest."""


class Mail(Row):
    """The letter behind a message; `external_id` is its Message-ID, `ancestors` are those before it, the oldest first, apart by spaces."""

    __tablename__ = "mails"
    message_id: Mapped[int] = mapped_column(unique=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    account: Mapped[str]
    external_id: Mapped[str] = mapped_column(server_default="")
    subject: Mapped[str] = mapped_column(server_default="")
    full: Mapped[str] = mapped_column(server_default="")
    ancestors: Mapped[str] = mapped_column(server_default="")
    __table_args__ = (Index("mails_conversation", "conversation_id", "id"), Index("mails_external", "account", "external_id"))


@dataclass(frozen=True, slots=True)
class Line:
    """What the next letter continues: the subject, the id it answers, the ids before that, the oldest first."""

    subject: str = ""
    answers: str = ""
    ancestors: tuple[str, ...] = ()


def line_of(session: Session, conversation_id: int) -> Line:
    """The newest letter of a conversation, as the next one answers it; an empty line where there is none."""
    mail = session.scalar(select(Mail).where(Mail.conversation_id == conversation_id).order_by(Mail.id.desc()).limit(1))
    if mail is None:
        return Line()
    before = mail.ancestors.split()
    return Line(mail.subject, mail.external_id, tuple(before if len(before) <= MOST else [before[0], *before[1 - MOST :]]))
