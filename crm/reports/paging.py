"""Pages of short lists: a place in an order instead of a number of rows to skip."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """The last row seen of a list that runs from new to old."""

    at: int
    id: int


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list, and the place to go on from (None = these are the last)."""

    rows: tuple[T, ...]
    next: Place | None = None
