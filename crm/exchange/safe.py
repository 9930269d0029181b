"""Safe: rows as CSV that no spreadsheet takes for formulas; pure."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

BOM = "\ufeff"
# Whatever stands before it that a spreadsheet does not see; a phone is a number and no formula (facts: the bypass by leading spaces and controls).
_UNSEEN = re.compile(r"^[\s\x00-\x20\x7f-\xa0\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*")
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
# "a;=b" becomes two cells where the list separator is a semicolon, whatever quotes stand around it: some programs part before they look at quotes.
_BEHIND = re.compile(r"""([;,\t\r\n|]["'\s\x00-\x20\x7f-\xa0\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*)([=+\-@＝＋－＠])""")
_PHONE = re.compile(r"\+[0-9]{5,17}")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def safe(value: object) -> str:
    """A cell as it is written: what would be a formula begins with an apostrophe, also behind a mark that a spreadsheet of another country parts cells by."""
    text = "" if value is None else str(value).replace("\x00", "")
    if _PHONE.fullmatch(text) or _NUMBER.fullmatch(text):
        return text
    head = len(_UNSEEN.match(text)[0])  # type: ignore[index]  # it matches the empty string
    seen = _BEHIND.sub(r"\1'\2", text[head:])
    text = text[:head] + seen
    return "'" + text if seen.startswith(_FORMULA) or text[:1] in ("\t", "\r", "\n") else text


def lines(rows: Iterable[Sequence[object]]) -> str:
    """Rows as text of CSV."""
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([safe(value) for value in row] for row in rows)
    return out.getvalue()
