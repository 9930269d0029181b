"""The settings file: read, changed line by line so that what is not ours stays, written whole or not at all, for its owner's eyes only."""

import io
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream

from crm.base.errors import Misconfigured

PLAIN = re.compile(r"[A-Za-z0-9_.,:/@+-]*", re.ASCII)


def values(file: Path) -> dict[str, str]:
    """What the file sets; nothing when it is not there."""
    return {name: value for name, value in dotenv_values(stream=io.StringIO(text_of(file))).items() if value is not None}


def text_of(file: Path) -> str:
    """The file as text, "" when it is not there."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{file.name} is not UTF-8 text: save it again as UTF-8") from error
    except OSError as error:
        raise Misconfigured(f"{file.name} cannot be read: {error.strerror}") from error


def unreadable_lines(text: str) -> list[int]:
    """The numbers of lines that set nothing and are no comment."""
    return [binding.original.line for binding in parse_stream(io.StringIO(text)) if binding.error]


def merged(text: str, new: Mapping[str, str]) -> str:
    """The text with new values in the places of the old ones, the rest behind; comments, order and foreign lines stay; pure."""
    kept: list[str] = []
    placed: set[str] = set()
    for binding in parse_stream(io.StringIO(text)):
        if binding.key is None or binding.key not in new:
            kept.append(binding.original.string)
        elif binding.key not in placed:
            kept.append(_in_place(binding, new[binding.key]))
            placed.add(binding.key)
    body = "".join(kept)
    body += "" if not body or body.endswith("\n") else "\n"
    return body + "".join(f"{name}={quoted(value)}\n" for name, value in new.items() if name not in placed)


def _in_place(binding: Binding, value: str) -> str:
    old = binding.original.string
    blank = old[: len(old) - len(old.lstrip())]
    export = "export " if old.lstrip().startswith("export") else ""
    return f"{blank}{export}{binding.key}={quoted(value)}\n"


def quoted(value: str) -> str:
    """A value as the file holds it."""
    if PLAIN.fullmatch(value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def write(file: Path, text: str) -> None:
    """Put the text in place in one step, readable by the owner alone; a killed write leaves the old file."""
    file = file.resolve()
    try:
        handle, fresh = tempfile.mkstemp(prefix=f"{file.name}.", dir=file.parent)  # mode 0600
    except OSError as error:
        raise Misconfigured(f"{file} cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(handle)
        Path(fresh).replace(file)
    except BaseException:
        Path(fresh).unlink()
        raise
    _settle(file.parent)


def _settle(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
