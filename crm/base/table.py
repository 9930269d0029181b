"""What every table shares: the base class, integer keys the store hands out, the counter behind them."""

from typing import ClassVar

from sqlalchemy import BigInteger, Integer
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine


class Base(DeclarativeBase):
    """Tables are columns and constraints only. Hot tables hold integers, text and bytes; instants are milliseconds since 1970 UTC."""

    type_annotation_map: ClassVar[dict[type, TypeEngine[int]]] = {int: BigInteger().with_variant(Integer, "sqlite")}


class Row(Base):
    """A table whose key comes from the store's one rising sequence."""

    __abstract__ = True
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class Counter(Base):
    """The next free id where the engine has no sequence of its own."""

    __tablename__ = "counters"
    name: Mapped[str] = mapped_column(primary_key=True)
    next: Mapped[int]
