"""The ways in which the operator misbehaves when it is told to."""

from dataclasses import dataclass

REFUSING = {"429": "too many requests", "500": "internal error", "503": "try later", "401": "who are you", "402": "no credit left"}
KINDS = frozenset([*REFUSING, "refuse", "hang", "drop", "drop_after", "garbage", "twice", "lost"])


@dataclass(slots=True)
class Fault:
    """One rule: what happens, to which number, how often (None = without end).

    `refuse` answers in the operator's shape with `words`; `hang` never answers; `drop` cuts the line before, `drop_after` when the SMS was taken;
    `garbage` answers a page; `twice` brings a receipt two times, `lost` never.
    """

    kind: str
    number: str = ""
    words: str = ""
    left: int | None = 1


class Faults:
    """The rules in force, the oldest first."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []

    def add(self, kind: str, number: str = "", words: str = "", count: int = 1) -> Fault:
        """Add a rule for `count` uses, without end when `count` is 0; raises ValueError for one that is not known."""
        if kind not in KINDS:
            raise ValueError(f"a fault is one of {', '.join(sorted(KINDS))}")
        fault = Fault(kind, number, words, count or None)
        self.rules.append(fault)
        return fault

    def clear(self) -> None:
        """Remove every rule."""
        self.rules.clear()

    def take(self, number: str, *kinds: str) -> Fault | None:
        """Use up the first rule of these kinds that fits a number."""
        for fault in self.rules:
            if fault.kind in kinds and fault.number in ("", number):
                self._use(fault)
                return fault
        return None

    def _use(self, fault: Fault) -> None:
        if fault.left is not None:
            fault.left -= 1
            if not fault.left:
                self.rules.remove(fault)
