"""Bring the catalogues in step with the code: `python -m crm.locale.extract`.

New phrases are added with empty translations, gone ones are dropped, what is translated stays; the same code gives the same bytes.
A phrase is the literal first argument of tr("…"), tr.button("…"), tr.many("…", "…", n), translator(x)("…"), N_("…") and N_button("…"),
in Python and in templates.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from crm.base.i18n import LANGUAGES, PLURALS, catalogue

ROOT = Path(__file__).resolve().parent.parent.parent
PLACES = ("bots", "channels", "console", "crm", "scheduler", "web", "main.py")
TEMPLATES = frozenset({".html", ".jinja", ".j2", ".txt"})
TRANSLATED = tuple(language for language in LANGUAGES if language != "en")
BUTTON = "button"

_CALL = re.compile(
    r"""\btr(?P<how>\.button|\.many)?\(\s*(?P<one>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')(?:\s*,\s*(?P<other>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))?"""
)


@dataclass(frozen=True, slots=True, order=True)
class Phrase:
    """A phrase as the code says it; `other` is the plural of a counted one, `button` says that it must be short."""

    one: str
    other: str = ""
    button: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A phrase as a catalogue says it: forms (empty = to be translated), flags and translators' remarks."""

    phrase: Phrase
    forms: tuple[str, ...] = ()
    fuzzy: bool = False
    remarks: tuple[str, ...] = ()


def spoken(root: Path = ROOT) -> list[Phrase]:
    """Every phrase of the code and the templates, sorted; one used as a button anywhere is a button, one counted anywhere is counted."""
    found: dict[str, Phrase] = {}
    for phrase in (phrase for path in _files(root) for phrase in _phrases_of(path)):
        known = found.get(phrase.one, phrase)
        found[phrase.one] = Phrase(phrase.one, known.other or phrase.other, known.button or phrase.button)
    return sorted(found.values())


def _files(root: Path) -> Iterator[Path]:
    for place in PLACES:
        path = root / place
        yield from sorted(path.rglob("*")) if path.is_dir() else filter(Path.exists, [path])


def _phrases_of(path: Path) -> Iterable[Phrase]:
    if path.suffix == ".py":
        return python_phrases(path.read_text(encoding="utf-8"))
    return template_phrases(path.read_text(encoding="utf-8")) if path.suffix in TEMPLATES and path.is_file() else ()


def python_phrases(source: str) -> Iterator[Phrase]:
    """The phrases of one module; a source that does not parse is somebody's work in progress and has none."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        how = _how(node.func) if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and how:
            said = [argument.value for argument in node.args[:2] if isinstance(argument, ast.Constant) and isinstance(argument.value, str)]
            if said:
                yield Phrase(said[0], said[1] if how == "many" and len(said) == 2 else "", how == BUTTON)


def _how(call: ast.expr) -> str:
    """How a call says a phrase: say, button, many ("" = it says none)."""
    match call:
        case (
            ast.Name(id="tr" | "N_")
            | ast.Attribute(attr="tr")
            | ast.Call(func=ast.Name(id="translator" | "tongue") | ast.Attribute(attr="translator" | "tongue"))
        ):
            return "say"
        case ast.Name(id="N_button"):
            return BUTTON
        case ast.Attribute(attr="button" | "many" as how, value=speaker) if _how(speaker) == "say":
            return how
    return ""


def template_phrases(source: str) -> Iterator[Phrase]:
    """The phrases of one template."""
    for call in _CALL.finditer(source):
        one, other = (ast.literal_eval(found) if found else "" for found in (call["one"], call["other"]))
        yield Phrase(one, other if call["how"] == ".many" else "", call["how"] == ".button")


def read(path: Path) -> dict[str, Entry]:
    """A catalogue as it is kept, by its English."""
    from babel.messages.pofile import read_po

    if not path.exists():
        return {}
    with path.open("rb") as file:
        kept = read_po(file)
    return {entry.phrase.one: entry for entry in map(_entry, (message for message in kept if message.id))}


def _entry(message: object) -> Entry:
    from babel.messages import Message

    assert isinstance(message, Message)
    one, other = (message.id, "") if isinstance(message.id, str) else (message.id[0], message.id[1])
    forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
    return Entry(Phrase(one, other, BUTTON in message.auto_comments), forms, message.fuzzy, tuple(message.user_comments))


def written(language: str, entries: Iterable[Entry]) -> str:
    """A catalogue as text: sorted, without dates and line numbers."""
    count, rule, _ = PLURALS[language]
    kept = ("Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit")
    about = (f"Language: {language}", *kept, f"Plural-Forms: nplurals={count}; plural={rule};")
    header = "\n".join(['msgid ""', 'msgstr ""', *(_quoted(f"{line}\n") for line in about), ""])
    return "\n".join([header, *(_block(entry, count) for entry in sorted(entries, key=lambda entry: entry.phrase))])


def _block(entry: Entry, count: int) -> str:
    phrase = entry.phrase
    lines = [
        *(f"# {remark}" for remark in entry.remarks),
        *(["#. button"] if phrase.button else []),
        *(["#, fuzzy"] if entry.fuzzy else []),
        f"msgid {_quoted(phrase.one)}",
    ]
    if not phrase.other:
        return "\n".join([*lines, f"msgstr {_quoted(entry.forms[0] if entry.forms else '')}", ""])
    forms = entry.forms if len(entry.forms) == count else ("",) * count
    return "\n".join([*lines, f"msgid_plural {_quoted(phrase.other)}", *(f"msgstr[{at}] {_quoted(form)}" for at, form in enumerate(forms)), ""])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def merged(phrases: Iterable[Phrase], kept: dict[str, Entry]) -> list[Entry]:
    """The code's phrases with the catalogue's words; a phrase whose plural came or went is translated anew."""
    entries = []
    for phrase in phrases:
        entry = kept.get(phrase.one, Entry(phrase))
        same = bool(entry.phrase.other) == bool(phrase.other)
        entries.append(Entry(phrase, entry.forms if same else (), entry.fuzzy, entry.remarks))
    return entries


def main() -> None:
    """Write every catalogue."""
    phrases = spoken()
    for language in TRANSLATED:
        path = catalogue(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written(language, merged(phrases, read(path))), encoding="utf-8")


if __name__ == "__main__":
    main()
