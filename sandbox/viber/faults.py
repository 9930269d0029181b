"""The ways in which Viber misbehaves when it is told to."""

from dataclasses import dataclass

KINDS = frozenset({"429", "500", "502", "hang", "drop", "drop_after", "garbage", "refuse", "twice", "late", "lost", "fails"})


@dataclass(slots=True)
class Fault:
    """One rule: what happens, to which person, how often (None = without end).

    `refuse` answers with `status`; `hang` never answers; `drop` cuts the line before, `drop_after` when the message was taken; `garbage` answers a page;
    `twice` brings an event two times, `late` holds it back until `release`, `lost` never brings it; `fails` tells of a message that it failed, by `words`.
    """

    kind: str
    person: str = ""
    status: int = 0
    words: str = ""
    left: int | None = 1


class Faults:
    """The rules in force, the oldest first."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []

    def add(self, kind: str, person: str = "", *, status: int = 0, words: str = "", count: int = 1) -> Fault:
        """Add a rule for `count` uses, without end when `count` is 0; raises ValueError for one that is not known."""
        if kind not in KINDS:
            raise ValueError(f"a fault is one of {', '.join(sorted(KINDS))}")
        fault = Fault(kind, person, status, words, count or None)
        self.rules.append(fault)
        return fault

    def clear(self) -> None:
        """Remove every rule."""
        self.rules.clear()

    def take(self, person: str, *kinds: str) -> Fault | None:
        """Use up the first rule of these kinds that fits a person."""
        fault = next((one for one in self.rules if one.kind in kinds and one.person in ("", person)), None)
        if fault is not None and fault.left is not None:
            fault.left -= 1
            if not fault.left:
                self.rules.remove(fault)
        return fault
