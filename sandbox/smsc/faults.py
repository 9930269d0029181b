"""The ways in which the centre misbehaves when it is told to."""

from dataclasses import dataclass

STATUSES = {"throttle": 0x58, "full": 0x14, "system": 0x08, "bad_number": 0x0B, "bad_source": 0x0A, "refuse": 0x45}
KINDS = frozenset([*STATUSES, "hang", "drop", "drop_after", "twice", "lost", "early", "late", "deaf", "unbind", "nack", "no_bind"])


@dataclass(slots=True)
class Fault:
    """One rule: what happens, to which number, how often (None = without end).

    A status is answered; `hang` never answers; `drop` cuts the line before, `drop_after` when the part was taken; `nack` answers that it knows no such
    command. A receipt comes `twice`, never (`lost`), before the answer (`early`), or when `release` is called (`late`). `deaf` = the line is not answered
    any more, `unbind` = the centre says goodbye in place of an answer, `no_bind` = nobody is let in.
    """

    kind: str
    number: str = ""
    left: int | None = 1
    after: int = 0


class Faults:
    """The rules in force, the oldest first."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []

    def add(self, kind: str, number: str = "", count: int = 1, after: int = 0) -> Fault:
        """Add a rule for `count` uses, without end when `count` is 0, from the use after the first `after` ones on."""
        if kind not in KINDS:
            raise ValueError(f"a fault is one of {', '.join(sorted(KINDS))}")
        fault = Fault(kind, number, count or None, after)
        self.rules.append(fault)
        return fault

    def clear(self) -> None:
        """Remove every rule."""
        self.rules.clear()

    def take(self, number: str, *kinds: str) -> Fault | None:
        """Use up the first rule of these kinds that fits a number."""
        for fault in self.rules:
            if fault.kind in kinds and fault.number in ("", number):
                if fault.after:
                    fault.after -= 1
                    return None
                self._use(fault)
                return fault
        return None

    def _use(self, fault: Fault) -> None:
        if fault.left is not None:
            fault.left -= 1
            if not fault.left:
                self.rules.remove(fault)
