"""Drawing one document in a process of its own, with little memory and little time.

The process reads a line of JSON: {"data", "format", "ppi", "at"}; it writes one line of JSON, {"pages"} or {"refused"}, and then the bytes of what it drew.
"""

import json
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LAYOUTS, FONTS = HERE / "layouts", HERE / "fonts"


def confine(memory: int, seconds: int) -> None:
    """Take away what drawing does not need: memory and time over a bound, new files, traces of a crash."""
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def drawn(wanted: dict[str, Any]) -> tuple[int, bytes]:
    """How many pages it has, and its bytes: a PDF, or its first page as a PNG. Words reach the layout as data and are never read as markup."""
    import typst

    data = wanted["data"]
    layout = LAYOUTS / f"{data['layout']}.typ"
    if layout.parent != LAYOUTS or layout not in LAYOUTS.iterdir():
        raise ValueError("there is no such layout")
    if "@preview" in layout.read_text("utf-8"):
        raise ValueError("a layout brings nothing from elsewhere")
    house: dict[str, Any] = {"root": str(LAYOUTS), "font_paths": [str(FONTS)], "ignore_system_fonts": True, "package_path": str(LAYOUTS)}
    compiler = typst.Compiler(input=str(layout), sys_inputs={"data": json.dumps(data)}, **house)
    if wanted["format"] == "pdf":
        made = compiler.compile(format="pdf", timestamp=wanted["at"])
    else:
        made = compiler.compile(format="png", ppi=float(wanted["ppi"]))
    pages = [made] if isinstance(made, bytes) else made
    if not pages:
        raise ValueError("there is no page")
    return len(pages), pages[0]


def main() -> None:
    """Draw what stands on the input."""
    memory, seconds = sys.argv[1:3]
    confine(int(memory), int(seconds))
    try:
        pages, made = drawn(json.loads(sys.stdin.buffer.readline()))
    except ImportError:
        _tell({"refused": "typst is not installed, or has no room"})
    except (RuntimeError, MemoryError, ValueError, KeyError, OSError) as error:
        _tell({"refused": f"{type(error).__name__}: {error}"[:300]})
    else:
        _tell({"pages": pages})
        sys.stdout.buffer.write(made)


def _tell(value: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(value).encode() + b"\n")


if __name__ == "__main__":
    main()
