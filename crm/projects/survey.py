"""Survey: what customers say: 1 to 5 when work is done, 0 to 10 once a quarter; asked in their conversation, answered by a button."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from crm.base.table import Row

_LISTENS = sql("words_until > 0")


class Rating(Row):
    """One question and its answer (`score` None = none yet); `about` and `subject_id` say what it was asked after, `rep_id` whose work it was.

    What the customer writes behind the message `listen_from` until `words_until` is kept as `words`, or taken as the score while there is none.
    """

    __tablename__ = "ratings"
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    kind: Mapped[str]
    about: Mapped[str]
    subject_id: Mapped[int]
    rep_id: Mapped[int | None] = mapped_column(ForeignKey("reps.id"))
    score: Mapped[int | None]
    words: Mapped[str] = mapped_column(server_default="")
    asked_at: Mapped[int]
    answered_at: Mapped[int] = mapped_column(server_default="0")
    words_until: Mapped[int] = mapped_column(server_default="0")
    listen_from: Mapped[int] = mapped_column(server_default="0")
    once: Mapped[str] = mapped_column(unique=True)
    __table_args__ = (
        Index("ratings_answered", "kind", "answered_at"),
        Index("ratings_listens", "words_until", sqlite_where=_LISTENS, postgresql_where=_LISTENS),
    )


class SurveySwitch(Row):
    """Whether a question is asked at all, where a manager has said so."""

    __tablename__ = "survey_switches"
    name: Mapped[str] = mapped_column(unique=True)
    active: Mapped[int]
