"""Deeds: what a rule may do, read from data and written back; pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from crm.base.i18n import N_
from crm.base.template import BadTemplate, parse, tidy
from crm.base.time import DAY
from crm.people.field_words import About
from crm.people.tags import plain
from crm.rules.conditions import BadRule
from crm.sales.tasks import TEXT_MOST, TaskKind

NOTICE_MOST, URL_MOST, AHEAD_MOST = 300, 500, 366 * DAY


class What(StrEnum):
    """What is given to somebody, or whose owner is meant."""

    DEAL = "deal"
    LEAD = "lead"
    CONVERSATION = "conversation"


@dataclass(frozen=True, slots=True)
class Assign:
    """Give a deal, a lead or a conversation to a member, or to whoever of a team has least of them."""

    what: What
    rep_id: int = 0
    team_id: int = 0


@dataclass(frozen=True, slots=True)
class PutTag:
    """Put a word on the person, or take it off."""

    word: str
    on: bool = True


@dataclass(frozen=True, slots=True)
class MakeTask:
    """A task, due so many milliseconds later; of the owner of what it is about (`rep_id` 0), of a member, or of nobody (-1)."""

    kind: TaskKind
    text: str = ""
    due_ms: int = DAY
    rep_id: int = 0
    unless_reply: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """Words to the customer with fields in them, or a ready answer by its word."""

    text: str = ""
    snippet: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """Put the deal into a stage, or win it (0)."""

    stage_id: int = 0


@dataclass(frozen=True, slots=True)
class SetField:
    """Write down what one of the firm's own fields says; "" takes it away."""

    about: About
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Hook:
    """Tell another programme what happened, with the values of before."""

    url: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Words to a member of staff, to the owner of what it is about (`rep_id` 0), or to the managers (-1)."""

    text: str
    rep_id: int = 0


Deed = Assign | PutTag | MakeTask | Message | Move | SetField | Hook | Tell
NOBODY, MANAGERS, OWNER = -1, -1, 0


def read(data: object) -> Deed:
    """Read one deed from data such as {"do": "tag", "word": "vip"}; raises `BadRule`."""
    kind = data.get("do") if isinstance(data, dict) else None
    if not isinstance(data, dict) or kind not in _READERS:
        raise BadRule(N_("A deed is an object whose do is one of: {words}."), words=", ".join(_READERS))
    reader, names = _READERS[str(kind)]
    unknown = set(data) - names - {"do"}
    if unknown:
        raise BadRule(N_("“{do}” knows no “{word}”; it knows: {words}."), do=kind, word=str(min(unknown))[:40], words=", ".join(sorted(names)))
    return reader(data)


def write(deed: Deed) -> dict[str, Any]:
    """A deed as data again; reading it gives the same."""
    match deed:
        case Assign(what, rep_id, team_id):
            return {"do": "assign", "what": what.value, **({"team": team_id} if team_id else {"rep": rep_id})}
        case PutTag(word, on):
            return {"do": "tag" if on else "untag", "word": word}
        case MakeTask(kind, text, due_ms, rep_id, unless):
            besides = {**({"text": text} if text else {}), **({"unless_reply": True} if unless else {})}
            return {"do": "task", "kind": kind.value, "in_minutes": due_ms // 60_000, "who": _who(rep_id, "nobody"), **besides}
        case Message(text, snippet):
            return {"do": "message", **({"snippet": snippet} if snippet else {"text": text})}
        case Move(stage_id):
            return {"do": "stage", "id": stage_id} if stage_id else {"do": "won"}
        case SetField(about, name, value):
            return {"do": "field", "about": about.value, "name": name, "value": value}
        case Hook(url):
            return {"do": "webhook", "url": url}
        case Tell(text, rep_id):
            return {"do": "notice", "text": text, "to": _who(rep_id, "managers")}


def _who(rep_id: int, nobody: str) -> str | int:
    return "owner" if rep_id == OWNER else nobody if rep_id == NOBODY else rep_id


def _assign(data: Mapping[str, Any]) -> Deed:
    what = str(data.get("what", ""))
    rep_id, team_id = _number(data.get("rep", 0)), _number(data.get("team", 0))
    if what not in set(What) or (rep_id > 0) == (team_id > 0):
        raise BadRule(N_("assign needs what (deal, lead or conversation) and the number of a rep or of a team."))
    return Assign(What(what), max(rep_id, 0), max(team_id, 0))


def _tag(data: Mapping[str, Any]) -> Deed:
    word = plain(str(data.get("word", "")))
    if not word:
        raise BadRule(N_("A tag is a word."))
    return PutTag(word, data["do"] == "tag")


def _task(data: Mapping[str, Any]) -> Deed:
    kind = str(data.get("kind", TaskKind.OTHER.value))
    minutes = _number(data.get("in_minutes", 1440))
    if kind not in set(TaskKind) or not 0 <= minutes * 60_000 <= AHEAD_MOST:
        raise BadRule(N_("A task has a kind ({words}) and is due within a year, in minutes."), words=", ".join(TaskKind))
    text = _template(data.get("text", ""), TEXT_MOST, empty=True)
    return MakeTask(TaskKind(kind), text, minutes * 60_000, _whose(data.get("who", "owner"), "nobody"), data.get("unless_reply") is True)


def _message(data: Mapping[str, Any]) -> Deed:
    snippet = str(data.get("snippet", "")).strip()[:40]
    if bool(snippet) == bool(data.get("text")):
        raise BadRule(N_("A message has a text, or the word of a ready answer."))
    return Message(snippet=snippet) if snippet else Message(_template(data["text"], 4000))


def _stage(data: Mapping[str, Any]) -> Deed:
    number = _number(data.get("id", 0))
    if number <= 0:
        raise BadRule(N_("A stage is named by its number."))
    return Move(number)


def _field(data: Mapping[str, Any]) -> Deed:
    about, name, value = str(data.get("about", "")), str(data.get("name", "")), data.get("value", "")
    if about not in (About.CONTACT, About.DEAL) or not name or not isinstance(value, str | int | float) or len(str(value)) > 500:
        raise BadRule(N_("field needs about (contact or deal), a name and a value."))
    return SetField(About(about), name[:40], str(value))


def _hook(data: Mapping[str, Any]) -> Deed:
    url = str(data.get("url", ""))
    try:
        parts = urlsplit(url)
        fine = parts.scheme == "https" and bool(parts.hostname) and not parts.username and len(url) <= URL_MOST and url.isascii() and " " not in url
    except ValueError:
        fine = False
    if not fine:
        raise BadRule(N_("A webhook goes to an https address of at most {most} characters."), most=URL_MOST)
    return Hook(url)


def _tell(data: Mapping[str, Any]) -> Deed:
    return Tell(_template(data.get("text", ""), NOTICE_MOST), _whose(data.get("to", "owner"), "managers"))


def _template(text: object, most: int, *, empty: bool = False) -> str:
    """A text with fields, checked as it is kept."""
    said = tidy(text) if isinstance(text, str) else ""
    if (not said and not empty) or len(said) > most:
        raise BadRule(N_("A text has one to {most} characters."), most=most)
    try:
        if said:
            parse(said, None)
    except BadTemplate as error:
        raise BadRule(error.phrase, **error.fields) from None
    return said


def _whose(value: object, nobody: str) -> int:
    if value == "owner":
        return OWNER
    return NOBODY if value == nobody else _number(value)


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**62:
        raise BadRule(N_("“{word}” is not the number of anything."), word=str(value)[:40])
    return value


_READERS: Mapping[str, tuple[Callable[[Mapping[str, Any]], Deed], frozenset[str]]] = {
    "assign": (_assign, frozenset({"what", "rep", "team"})),
    "tag": (_tag, frozenset({"word"})),
    "untag": (_tag, frozenset({"word"})),
    "task": (_task, frozenset({"kind", "text", "in_minutes", "who", "unless_reply"})),
    "message": (_message, frozenset({"text", "snippet"})),
    "stage": (_stage, frozenset({"id"})),
    "won": (lambda _: Move(), frozenset()),
    "field": (_field, frozenset({"about", "name", "value"})),
    "webhook": (_hook, frozenset({"url"})),
    "notice": (_tell, frozenset({"text", "to"})),
}
