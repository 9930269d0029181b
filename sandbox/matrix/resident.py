"""Somebody of the town with a Matrix account, as the play page and the walks know them."""

from sandbox.matrix.human import MatrixHuman
from sandbox.matrix.world import TOKEN
from sandbox.resident import Line, Resident

ROOT, ANI = "/matrix", "ani"


class MatrixResident(Resident):
    """Ani, in a room of two."""

    def __init__(self, human: MatrixHuman) -> None:
        self._human = human

    async def say(self, text: str) -> None:
        self._human.say(ANI, text)

    def lines(self) -> list[Line]:
        return [{"mine": one["mine"], "text": one["text"]} for one in self._human.lines(ANI)]


def settings(base: str) -> str:
    """The account's table in the channels' file."""
    return f'[matrix]\ntoken = "{TOKEN}"\napi_base = "{base}{ROOT}"\nfirst_wait = 0.1\n\n'
