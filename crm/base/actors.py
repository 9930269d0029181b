"""Who does a deed: a rep with a role, a customer, the bot, the system."""

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What a member of staff may do: everything; steer; serve and sell; the same while learning; look on for a while."""

    OWNER = "owner"
    MANAGER = "manager"
    REP = "rep"
    TRAINEE = "trainee"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Rep:
    """A member of staff; the role here is for showing, verbs read it again in their own transaction.

    `text_only` = files come as their names; `points` = phones and e-mails are shown in full; `zone` is where they work ("" = where the firm does).
    `scope` is what was said of whose work they see ("" = as the role has it), `team_id` their team.
    """

    id: int
    role: Role
    name: str
    language: str
    address: str
    text_only: bool = field(default=False, compare=False)
    points: bool = field(default=True, compare=False)
    zone: str = field(default="", compare=False)
    scope: str = field(default="", compare=False)
    team_id: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Customer:
    """A person outside."""

    contact_id: int


@dataclass(frozen=True, slots=True)
class Bot:
    """The customer's bot."""


@dataclass(frozen=True, slots=True)
class System:
    """The product itself: a schedule, a start-up, a command at the machine; `part` says which."""

    part: str


Actor = Rep | Customer | Bot | System


def name_of(actor: Actor) -> str:
    """A short name for the record."""
    match actor:
        case Rep(number, role):
            return f"{role}:{number}"
        case Customer(number):
            return f"customer:{number}"
        case Bot():
            return "bot"
        case System(part):
            return f"system:{part}"
