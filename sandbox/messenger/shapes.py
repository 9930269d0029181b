"""The shapes that cross the wire: JSON objects, and errors as Graph writes them."""

from typing import Any, TypeAlias

# The stand-in speaks JSON on both sides, so its objects stay as loose as Meta's own.
Json: TypeAlias = dict[str, Any]


class GraphError(Exception):
    """A call that Graph refuses."""

    def __init__(self, code: int, words: str, subcode: int = 0, status: int = 400) -> None:
        super().__init__(words)
        self.code, self.words, self.subcode, self.status = code, words, subcode, status

    def body(self) -> Json:
        """The answer's body."""
        error: Json = {"message": f"(#{self.code}) {self.words}", "type": "OAuthException", "code": self.code, "fbtrace_id": "AsandboxTrace"}
        return {"error": {**error, **({"error_subcode": self.subcode} if self.subcode else {})}}


class NotPossible(Exception):
    """A person cannot do that."""


def invalid(words: str, subcode: int = 0) -> GraphError:
    """The refusal of a parameter."""
    return GraphError(100, words, subcode)
