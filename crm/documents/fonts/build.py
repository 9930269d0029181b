"""Makes the two files of the papers' font: Latin, Cyrillic, Armenian, Georgian and Ethiopic letters of Noto Sans in one, since no one file of Noto has them.

Run by whoever changes the font, never by the product: `python crm/documents/fonts/build.py FOLDER_OF_NOTO`, with fonttools installed.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FAMILY = "Dragoman Sans"
PARTS: dict[str, Sequence[tuple[int, int]]] = {
    # Latin with its accents, Cyrillic, punctuation, signs of money, the numero sign.
    "NotoSans": ((0x20, 0x7E), (0xA0, 0x17F), (0x2B9, 0x2DD), (0x400, 0x45F), (0x490, 0x493), (0x2010, 0x205F), (0x20A0, 0x20BF), (0x2116, 0x2122)),
    "NotoSansArmenian": ((0x531, 0x58F), (0xFB13, 0xFB17)),
    "NotoSansGeorgian": ((0x10A0, 0x10FF), (0x1C90, 0x1CBF)),
    "NotoSansEthiopic": ((0x1200, 0x137F), (0x1380, 0x139F)),
}


def main() -> None:
    """Write Regular and Bold beside this file."""
    source = Path(sys.argv[1])
    for weight in ("Regular", "Bold"):
        target = HERE / f"DragomanSans-{weight}.ttf"
        _merged(source, weight, target)
        sys.stdout.write(f"{target.name}: {target.stat().st_size} bytes\n")


def _merged(source: Path, weight: str, target: Path) -> None:
    from fontTools.merge import Merger, Options  # type: ignore[import-not-found,unused-ignore]

    with tempfile.TemporaryDirectory() as folder:
        parts = [_part(source / f"{name}-{weight}.ttf", ranges, Path(folder)) for name, ranges in PARTS.items()]
        merged = Merger(Options(drop_tables=["vmtx", "vhea", "MATH", "DSIG"])).merge(parts)
    _rename(merged, weight)
    merged.save(target)


def _part(path: Path, ranges: Sequence[tuple[int, int]], folder: Path) -> str:
    """The letters we want of one file, without hints for screens."""
    from fontTools.subset import Options, Subsetter, load_font, save_font  # type: ignore[import-not-found,unused-ignore]

    options = Options(hinting=False, notdef_outline=True, layout_features=["kern", "mark", "mkmk", "ccmp", "locl", "liga"], drop_tables=["DSIG", "MATH"])
    font = load_font(str(path), options)
    cutter = Subsetter(options)
    cutter.populate(unicodes=[code for first, last in ranges for code in range(first, last + 1)])
    cutter.subset(font)
    out = folder / path.name
    save_font(font, str(out), options)
    return str(out)


def _rename(font: Any, weight: str) -> None:
    """Call it by a name of our own, and say whose letters they are."""
    names = {
        0: "Copyright 2015-2021 Google LLC. All Rights Reserved. A subset of Noto Sans, merged.",
        1: FAMILY,
        2: weight,
        3: f"{FAMILY} {weight}",
        4: f"{FAMILY} {weight}",
        6: f"{FAMILY.replace(' ', '')}-{weight}",
        13: "This Font Software is licensed under the SIL Open Font License, Version 1.1.",
        14: "https://openfontlicense.org",
    }
    table = font["name"]
    table.names = []
    for number, words in names.items():
        table.setName(words, number, 3, 1, 0x409)


if __name__ == "__main__":
    main()
