"""The ways in which the pretended Graph API misbehaves when it is told to."""

from dataclasses import dataclass

from sandbox.meta.errors import Json, No

KINDS = ("error", "garbage", "hang", "drop", "drop_after", "slow", "empty")


@dataclass(slots=True)
class Fault:
    """One rule: `kind` happens to the next `left` requests (0 = all) whose path ends in `path` ("" = any) and that are for `to` ("" = anybody)."""

    kind: str
    left: int = 1
    path: str = ""
    to: str = ""
    code: int = 131000
    seconds: float = 1.0
    after: int = 0
    always: bool = False

    def no(self) -> No:
        """The refusal of a rule of the kind "error"."""
        return No(self.code, "told so by the sandbox", headers={"Retry-After": str(self.after)} if self.after else {})


class Faults:
    """The rules in force, oldest first."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []

    def add(self, given: Json) -> None:
        """Add a rule from its fields; raises ValueError for a kind that is none."""
        if given.get("kind") not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        fault = Fault(**given)
        fault.always = fault.left == 0
        self._rules.append(fault)

    def clear(self) -> None:
        """Remove every rule."""
        self._rules.clear()

    def take(self, path: str, to: str) -> Fault | None:
        """Use up the first rule that fits a request."""
        for fault in self._rules:
            if path.endswith(fault.path) and fault.to in ("", to):
                fault.left -= 1
                if fault.left == 0 and not fault.always:
                    self._rules.remove(fault)
                return fault
        return None
