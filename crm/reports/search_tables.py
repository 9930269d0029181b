"""What search keeps: the things that can be found, every word that was said, and how far the index has come."""

from enum import StrEnum

from sqlalchemy import Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from crm.base.table import Base, Row


class About(StrEnum):
    """What kind of thing was found."""

    MESSAGE = "message"
    CONTACT = "contact"
    DEAL = "deal"
    ORDER = "order"
    COMPANY = "company"


class Findable(Row):
    """A thing that can be found, under its own number; `words` are the tokens it is found by. The engine's index stands beside this table."""

    __tablename__ = "findables"
    about: Mapped[str]
    words: Mapped[str]


class WordGram(Base):
    """Every word that was ever said, by its sound, under each three of its letters: what parts of words and slips of the hand are found with."""

    __tablename__ = "word_grams"
    gram: Mapped[str] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(primary_key=True)
    __table_args__ = (Index("word_grams_word", "word", sqlite_where=sql("gram = ''"), postgresql_where=sql("gram = ''")),)


class SearchMark(Base):
    """How far the index has come with one kind of thing.

    `ahead` is the last number looked at. On a server a lower number may be seen later: all up to `mark` are known to be here, and what was
    seen up to `head` at the instant `head_at` is looked through once more when a minute has passed.
    """

    __tablename__ = "search_marks"
    name: Mapped[str] = mapped_column(primary_key=True)
    ahead: Mapped[int] = mapped_column(server_default="0")
    mark: Mapped[int] = mapped_column(server_default="0")
    head: Mapped[int] = mapped_column(server_default="0")
    head_at: Mapped[int] = mapped_column(server_default="0")
