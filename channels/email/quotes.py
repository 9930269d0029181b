"""What a person wrote now, without what they quote: rules on plain text that know no language (`cuts` takes the quotes of HTML by its structure first).

An attribution line ("On Monday Anna <a@b> wrote:") ends in a colon of any script and holds a time and an address or a known verb. Nothing that might be the
person's own words is taken: when in doubt a quote stays.
"""

import re
from collections.abc import Sequence

_MOST_LINES = 20_000
_WRAPPED = 3
_ATTRIBUTION_LENGTH = 400

_QUOTED = re.compile(r"\s{0,3}>")
_COLON = re.compile(r"[:：՝፦፡]\s*\Z")
_TOLD = re.compile(r"(?:գրել\s+է|գրեց|գրում\s+է)\s*[.․։]\s*\Z")
_ANGLE = re.compile(r"(?:<|\[mailto:|<mailto:)\s*[^\s<>@\[\]]{1,80}@[^\s<>@\[\]]{1,120}[>\]]")
_ADDRESS = re.compile(r"[^\s<>@,;:\"'()]{1,80}@[^\s<>@,;:\"'()]{1,120}")
_CLOCK = re.compile(r"(?<!\d)\d{1,2}[:.։]\d{2}(?!\d)")
_DAY = re.compile(r"(?<!\d)(?:(?:19|20)\d\d(?!\d)|\d{1,2}[./-]\d{1,2}[./-]\d{2,4})")
_VERB = re.compile(
    r"\b(?:wrote|writes|написал(?:а|\(а\))?|пишет|писал(?:а|\(а\))?|сообщил(?:а|\(а\))?|գրել\s+է|գրեց|գրում\s+է|წერს|დაწერა|მოგწერათ|schrieb|"
    r"a\s+écrit|escribió|ha\s+scritto|escreveu|napisał\(?a?\)?|написав|написала|пише|yazdı|skrev|schreef)\b|ጽፏል|ጻፈ|ጽፈዋል|ጻፉ",
    re.IGNORECASE,
)
_LABELLED = re.compile(r"[>*\s]{0,6}\*?([^\W\d_][\w .․’'-]{0,28}?)\s?\*?[:：՝]\s?\*?\s*(\S.{0,400})")
_SUBJECT_WORDS = (
    "subject тема թեմա վերնագիր თემა სათაური ርዕስ betreff objet asunto oggetto assunto temat konu onderwerp ämne emne aihe předmět tárgy mavzu мавзӯ тақырып"
)
_SUBJECTS = frozenset({*_SUBJECT_WORDS.split(), "ርዕሰ ጉዳይ"})
_RULE = re.compile(r"\s*(?:[-_=*–—]{5,}|[-_=*–—]{2,}\s*[^\W\d_][^-_=*–—]{2,60}[-_=*–—]{2,})\s*")  # noqa: RUF001


def unquoted(text: str) -> str:
    """Take the quotes off a plain text; what is left may be empty."""
    lines = text.split("\n")[:_MOST_LINES]
    lines = _before_headers(lines)
    lines = _without_attribution(lines)
    return _trimmed(_without_trailing_quotes(lines))


def _before_headers(lines: list[str]) -> list[str]:
    """Cut from where the headers of an older mail stand as words: `From: …`, `Sent: …`, `Subject: …`."""
    for place, line in enumerate(lines):
        if _LABELLED.fullmatch(line) and _is_older_mail(lines[place : place + 12]):
            start = place
            while start and (not lines[start - 1].strip() or _RULE.fullmatch(lines[start - 1])):
                start -= 1
            return lines[:start]
    return lines


def _is_older_mail(lines: Sequence[str]) -> bool:
    """At least three labels in a row, with a time, and an address in angles or the word for a subject: so that a form filled in is not taken for one."""
    found: list[tuple[str, str]] = []
    for line in lines:
        if labelled := _LABELLED.fullmatch(line):
            found.append((" ".join(labelled[1].casefold().split()), labelled[2]))
        elif line.strip() and not line.startswith((" ", "\t")):
            break
    values = " ".join(value for _, value in found)
    dated = bool(_CLOCK.search(values) and (_DAY.search(values) or len(found) >= 4))
    about = any(label in _SUBJECTS for label, _ in found)
    return len({label for label, _ in found}) >= 3 and dated and (about or bool(_ANGLE.search(values)))


def _without_attribution(lines: list[str]) -> list[str]:
    for place in range(len(lines)):
        if found := _attribution(lines, place):
            start, end, sure = found
            rest = lines[end:]
            if any(_QUOTED.match(line) for line in rest[:3]):
                return [*lines[:start], *_answers(rest)]
            if sure or not any(line.strip() for line in rest):
                return lines[:start]
    return lines


def _answers(rest: Sequence[str]) -> list[str]:
    """Behind an attribution: what stands between the quotes is the answer."""
    return ["", *(line for line in rest if not _QUOTED.match(line))]


def _attribution(lines: Sequence[str], place: int) -> tuple[int, int, bool] | None:
    """Find an attribution that begins on this line: where it starts, where it ends, and whether it can be nothing else."""
    for end in range(place + 1, min(place + _WRAPPED, len(lines)) + 1):
        if not lines[end - 1].strip() or _QUOTED.match(lines[end - 1]):
            return None
        sure = _is_attribution(lines[place:end])
        if sure is None:
            continue
        if any(_is_attribution(lines[later:end]) is not None for later in range(place + 1, end)):
            return None  # it begins on a later line
        return _wrapped_start(lines, place, end), end, sure
    return None


def _is_attribution(lines: Sequence[str]) -> bool | None:
    """Whether these lines together name a time and a person: surely, perhaps (False), or not (None)."""
    joined = " ".join(line.strip() for line in lines)
    if len(joined) > _ATTRIBUTION_LENGTH:
        return None
    timed, dated, verb = bool(_CLOCK.search(joined)), bool(_DAY.search(joined)), bool(_VERB.search(joined))
    if not (_COLON.search(joined) or _TOLD.search(joined)) or not (timed or dated) or not (verb or _ADDRESS.search(joined)):
        return None
    return bool(_ANGLE.search(joined))


def _wrapped_start(lines: Sequence[str], place: int, end: int) -> int:
    """The day may have stayed on the line before."""
    before = lines[place - 1].strip() if place else ""
    alone = place < 2 or not lines[place - 2].strip()
    dated = _DAY.search(" ".join(lines[place:end]))
    return place - 1 if not dated and alone and _DAY.search(before) and len(before) < 100 and before[-1:] not in ".!?" else place


def _without_trailing_quotes(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and (not lines[end - 1].strip() or _QUOTED.match(lines[end - 1])):
        end -= 1
    return lines[:end]


def _trimmed(lines: Sequence[str]) -> str:
    """Blank lines are at most one in a row, none at either end; a rule left alone at the end goes too."""
    text = re.sub(r"\n[ \t]*(?:\n[ \t]*){2,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()
    kept, _, last = text.rpartition("\n")
    return kept.rstrip() if kept and re.fullmatch(r"[-_=*–—]{5,}", last.strip()) else text  # noqa: RUF001
