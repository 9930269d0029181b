"""One line of the doctor: how bad, what is so, and what mends it."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is; the value is the mark shown."""

    FINE = "✓"
    WARNING = "!"
    FAULT = "✗"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one subject; `mend` says what to do and is empty where nothing is to be done."""

    level: Level
    subject: str
    words: str
    mend: str = ""


def fine(subject: str, words: str) -> Finding:
    """All is well."""
    return Finding(Level.FINE, subject, words)


def warning(subject: str, words: str, mend: str) -> Finding:
    """It works, but somebody should know."""
    return Finding(Level.WARNING, subject, words, mend)


def fault(subject: str, words: str, mend: str) -> Finding:
    """Something does not work."""
    return Finding(Level.FAULT, subject, words, mend)


def shown(findings: list[Finding]) -> str:
    """The findings, one line each, subjects in a column, and a line that counts them."""
    wide = max((len(one.subject) for one in findings), default=0)
    lines = [f"{one.level} {one.subject:{wide}}  {' '.join(one.words.split())}{f': {one.mend}' if one.mend else ''}" for one in findings]
    faults, warnings = (sum(one.level is level for one in findings) for level in (Level.FAULT, Level.WARNING))
    end = f"{faults} fault{'s' * (faults != 1)}" if faults else "No fault"
    return "\n".join([*lines, "", f"{end}, {warnings} warning{'s' * (warnings != 1)}."])
