"""A copy of the product's tree in which something was changed: to put a poison in it, or a mutant. Our own code in place is never touched."""

import asyncio
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.walks.house import ROOT

PARTS = ("bots", "channels", "console", "crm", "sandbox", "scheduler", "tests", "web", "main.py", "pyproject.toml")


@dataclass(frozen=True, slots=True)
class Change:
    """Words of one file and what stands there instead; the file is looked for by the words, so that they may move."""

    folder: str
    before: str
    after: str


def copy_of_the_tree(folder: Path) -> Path:
    """The whole tree, without what was built or cached."""
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            shutil.copy(ROOT / part, folder / part)
    return folder


def change(tree: Path, changes: Sequence[Change]) -> None:
    """Make the changes; words that stand nowhere, or more than once, are a fault of the change."""
    for one in changes:
        found = [path for path in _files(tree, one.folder) if one.before in path.read_text()]
        assert len(found) == 1, f"{one.before!r} stands in {found}"
        text = found[0].read_text()
        assert text.count(one.before) == 1, f"{one.before!r} stands {text.count(one.before)} times in {found[0]}"
        found[0].write_text(text.replace(one.before, one.after))


def _files(tree: Path, folder: str) -> Iterator[Path]:
    place = tree / folder
    return iter([place]) if place.is_file() else place.rglob("*.py")


async def run_tests(tree: Path, *tests: str) -> tuple[int, str]:
    """Run tests in a tree; answers pytest's exit code and what it said."""
    command = (sys.executable, "-m", "pytest", *tests, "-x", "-p", "no:cacheprovider", "--basetemp", str(tree / "temp"))
    process = await asyncio.create_subprocess_exec(*command, cwd=tree, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode(errors="replace")
