"""The table of docs/hostile.md is whole: every row is there, and every test it names exists."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
TABLE = Path(__file__).parents[2] / "docs" / "hostile.md"
ROW = re.compile(r"^\| (\d+) \|(.*)\|(.*)\|(.*)\|$", re.MULTILINE)


def rows() -> dict[int, tuple[str, list[str]]]:
    """What each row says we do, and the tests it names."""
    found = ROW.findall(TABLE.read_text(encoding="utf-8"))
    return {int(number): (does.strip(), re.findall(r"`(test_\w+)`", tests)) for number, _, does, tests in found}


def known_tests() -> set[str]:
    """The names of all tests."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in TESTS.rglob("test_*.py"))
    return {
        node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def test_every_row_is_there_once() -> None:
    numbers = [int(number) for number, *_ in ROW.findall(TABLE.read_text(encoding="utf-8"))]
    assert numbers == list(range(1, 55))


def test_every_test_that_is_named_exists() -> None:
    known = known_tests()
    assert [(number, name) for number, (_, names) in rows().items() for name in names if name not in known] == []


def test_every_row_without_a_test_says_that_its_surface_is_not_there() -> None:
    assert [number for number, (does, names) in rows().items() if not names and not does.startswith("Not there: ")] == []
