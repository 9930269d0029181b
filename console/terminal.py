"""The terminal of a person who answers questions; a file of answers serves as well."""

import sys
from collections.abc import Callable
from contextlib import suppress
from getpass import getpass
from typing import TextIO

from crm.base.errors import Invalid

Reading = Callable[[str], str]


class Terminal:
    """Asks until the answer can be used; raises EOFError when no answers are left."""

    def __init__(self, answers: TextIO | None = None, out: TextIO | None = None) -> None:
        self._answers, self._out = answers or sys.stdin, out or sys.stdout
        self._person = self._answers is sys.stdin and self._answers.isatty()
        if self._person:
            with suppress(ImportError):
                import readline  # noqa: F401 - `input` edits whole letters of our scripts with it
        for stream in (self._answers, self._out):
            if reconfigure := getattr(stream, "reconfigure", None):
                reconfigure(errors="replace")

    def say(self, words: str = "") -> None:
        """Show a line."""
        print(words, file=self._out, flush=True)

    def ask(self, words: str, default: str, read: Reading) -> str:
        """Ask for one line; Enter takes the default, and a refusal is shown before asking again."""
        while True:
            given = self._line(f"{words} [{default}]: " if default else f"{words}: ")
            try:
                return read(given or default)
            except Invalid as refusal:
                self.say(f"  ✗ {refusal}.")

    def secret(self, words: str, default: str) -> str:
        """Ask for what nobody should read over a shoulder; answers it as typed, "" for Enter."""
        prompt = f"{words} [{default}]: " if default else f"{words}: "
        return getpass(prompt).strip() if self._person else self._line(prompt)

    def agree(self, words: str, default: bool) -> bool:
        """Ask a question that is answered by yes or no."""
        return self.ask(f"{words} (y/n)", "y" if default else "n", _yes_or_no) == "y"

    def _line(self, prompt: str) -> str:
        if self._person:
            return input(prompt).strip()
        print(prompt, end="", file=self._out, flush=True)
        given = self._answers.readline()
        if not given:
            raise EOFError
        self.say()
        return given.strip()


def _yes_or_no(words: str) -> str:
    if words.strip().lower() not in ("y", "yes", "n", "no"):
        raise Invalid("answer y or n")
    return words.strip().lower()[0]
