"""Sheets: which tables an export of everything has for people to read, and how a value stands there; pure."""

import re
from collections.abc import Mapping, Sequence

from crm.base.time import local
from crm.people.sight import Sight
from crm.sales.ledger import Payment

SHEETS = (
    "calls",
    "campaigns",
    "companies",
    "consents",
    "conversations",
    "deal_contacts",
    "deal_lines",
    "deals",
    "discount_rules",
    "documents",
    "entries",
    "field_values",
    "fields",
    "leads",
    "leaves",
    "messages",
    "notes",
    "order_lines",
    "orders",
    Payment.__tablename__,
    "pipelines",
    "products",
    "project_costs",
    "project_steps",
    "projects",
    "ratings",
    "reasons",
    "reps",
    "shipments",
    "snippets",
    "stages",
    "stock_moves",
    "tags",
    "tasks",
    "teams",
)
"""Tables that people read as they are; times are written as times, money and quantities as numbers."""
MASKED = (
    "campaigns",
    "companies",
    "deal_contacts",
    "deal_lines",
    "deals",
    "discount_rules",
    "documents",
    "order_lines",
    "orders",
    "pipelines",
    "products",
    "project_costs",
    "project_steps",
    "projects",
    "reasons",
    "shipments",
    "stages",
    "tags",
    "tasks",
)
"""Those of them that whoever is not to see any phone or e-mail gets, with those masked that stand in their words."""
UNREAD: Mapping[str, frozenset[str]] = {"documents": frozenset(("data", "seal")), "messages": frozenset(("buttons",)), "companies": frozenset(("folded",))}
"""Columns that say nothing to people."""
_MONEY = frozenset(("amount", "price", "total", "net", "tax", "discount_amount", "budget"))
_PIECES = frozenset(("quantity_m", "on_hand", "reserved", "low_m"))
_COUNTED = frozenset(("campaigns",))
_NUMBERED = frozenset(("documents", "orders"))
_WHEN = ("_at", "_until", "_since", "_from")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def columns(table: str, names: Sequence[str]) -> list[str]:
    """The columns that a sheet has."""
    return [name for name in names if name not in UNREAD.get(table, ())]


def cell(table: str, name: str, value: object, zone: str, sight: Sight) -> object:
    """A value as its reader may have it: words may hold a phone or an e-mail anywhere, a day and numbers of ours look like phones and are none."""
    if isinstance(value, str):
        ours = bool(_DAY.fullmatch(value)) or (name == "number" and table in _NUMBERED)
        return sight.told(value, points=not ours)
    return _number(table, name, value, zone) if isinstance(value, int) else value


def _number(table: str, name: str, value: int, zone: str) -> object:
    """An instant as a time where the firm is, an amount as whole money, a quantity as whole pieces."""
    if value > 10**11 and (name == "at" or name.endswith(_WHEN)):
        return local(value, zone).strftime("%Y-%m-%d %H:%M:%S")
    if name in _MONEY and table not in _COUNTED:
        return _parted(value, 100, 2)
    if name in _PIECES:
        return _parted(value, 1000, 3)
    return "" if value == 0 and name.endswith(_WHEN) else value


def _parted(value: int, parts: int, digits: int) -> str:
    """A number of hundredths or thousandths, exactly."""
    whole, rest = divmod(abs(value), parts)
    return f"{'-' if value < 0 else ''}{whole}.{rest:0{digits}}"
