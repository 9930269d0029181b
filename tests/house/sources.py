"""Our source files as the laws of the house read them: a path, a text, a tree, and whom it imports."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ("main", "channels", "bots", "scheduler", "web", "console", "crm", "sandbox", "tests", "bench")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file; `path` is relative to the repository, with slashes."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The file as Python reads it."""
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree."""
        return tuple(ast.walk(self.tree))

    @property
    def package(self) -> str:
        """The first part of the path: "crm", "bots", "main"."""
        return self.path.split("/")[0].removesuffix(".py")

    @cached_property
    def imports(self) -> tuple[tuple[int, str], ...]:
        """Line and full name of everything imported, wherever it stands: in functions, under TYPE_CHECKING, by a written name at run time."""
        return tuple(found for node in self.nodes for found in self._named(node))

    @property
    def functions(self) -> tuple[Function, ...]:
        """Every function and method."""
        return tuple(node for node in self.nodes if isinstance(node, Function))

    def under(self, *places: str) -> bool:
        """Whether the file stands at one of these paths or below one that ends with a slash (or a star)."""
        return any(self.path.startswith(place.rstrip("*")) if place.endswith(("/", "*")) else self.path == place for place in places)

    def _named(self, node: ast.AST) -> Iterator[tuple[int, str]]:
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, name.name) for name in names)
            case ast.ImportFrom(names=names):
                yield from ((node.lineno, f"{self._absolute(node)}.{name.name}") for name in names)
            case ast.Call() if any(_imports(part) for part in (node.func, *node.args)):
                words = (argument for argument in node.args if isinstance(argument, ast.Constant))
                yield from ((node.lineno, word.value) for word in words if isinstance(word.value, str))

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        here = self.path.removesuffix(".py").split("/")
        above = here[: len(here) - node.level]
        return ".".join([*above, *([node.module] if node.module else [])])


def _imports(node: ast.AST) -> bool:
    match node:
        case ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"):
            return True
        case _:
            return False


@cache
def read_all() -> tuple[Source, ...]:
    """Every Python file of the repository."""
    paths = [ROOT / "main.py", *(path for name in OURS for path in sorted((ROOT / name).rglob("*.py")))]
    return tuple(Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths)
