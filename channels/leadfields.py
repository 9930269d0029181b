"""What people answered in a form, whoever made the form: which answer is a name, a phone, a consent, and which are further words; pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import islice

from channels.payload import plain_name, storable
from crm.base.asked import NAMES, plain
from crm.base.events import LeadForm, Sender, Source

MARKS = tuple(one.name for one in fields(Source))
PARTS = ("first_name", "middle_name", "last_name")
FIELDS = frozenset({"name", *PARTS, "phone", "email", "text", "language", "offers", "offers_text", *MARKS, "at", "id", "-"})
"""What an answer can be; "-" = nothing anybody needs."""
SYNONYMS: Mapping[str, str] = {
    synonym: ours
    for ours, synonyms in {
        **NAMES,
        "text": "text textarea message comment comments question your_message your_question need enquiry inquiry details "
        "հաղորդագրություն մեկնաբանություն հարց ձեր_հարցը შეტყობინება კომენტარი კითხვა መልእክት መልዕክት አስተያየት ጥያቄ "
        "сообщение комментарий комментарии вопрос ваш_вопрос текст пожелания",
        "page": "page page_url landing_page",
        "referrer": "referrer referer",
        "at": "created_at created_time submitted_at submit_time submission_time timestamp",
        "id": "id submission_id lead_id response_id entry_id idempotency_key uuid",
        **{mark: mark for mark in MARKS if mark.startswith("utm_")},
        **{own: own for own in ("offers", "offers_text", "payload")},
    }.items()
    for synonym in synonyms.split()
}
"""Names of fields as forms in five languages have them, as `plain` writes them."""
_AROUND = (
    "answers attributes body client contact contacts customer customer_info data event fields form form_data form_response info input lead payload person "
    "properties response submission user values контакт клиент"
)
AROUND = frozenset(_AROUND.split())
"""What an object is called that holds a person's fields, so that `contact.name` is a name and `product.name` is none."""
_LABELS = ("column_id", "key", "name", "id", "label", "question", "title", "column_name", "field_label")
_SHOWN = ("question", "label", "title", "column_name", "field_label", "name", "key", "column_id", "id")
_VALUES = ("value", "answer", "values", "string_value", "response")
_YES = frozenset({"1", "on", "true", "yes", "y", "да", "այո", "კი", "დიახ", "አዎ", "አዎን", "checked", "accepted", "agree", "agreed", "✓", "✔"})
_SHAPES = {"phone": re.compile(r"\+[\d\s()-]{8,24}"), "email": re.compile(r"[^\s@,;]{1,64}@[^\s@,;]{1,190}\.[^\s@,;]{2,}")}
"""What is a phone or an e-mail whatever its question is called."""
MOST, VALUE, LABEL, NAMED, SHORTEST = 200, 4000, 150, 254, 5


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: what the field may be called, the likeliest first, what it says, and how the question reads."""

    names: tuple[str, ...]
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Naming:
    """What a firm says of its own forms: `fields` from their names to ours, before any synonym; `offers` is the box for offers, with the words beside it."""

    fields: Mapping[str, str] = field(default_factory=dict)
    offers: str = ""
    offers_text: str = ""


def answers_in(value: object) -> list[Answer]:
    """Every answer in what a form sent, however deep it stands; at most as many as anybody reads."""
    found = []
    for one in _walk(value, ()):
        found.append(one)
        if len(found) == MOST:
            break
    return found


def _walk(value: object, path: tuple[str, ...]) -> Iterator[Answer]:
    if isinstance(value, dict):
        if path and (answer := labelled(value)):
            yield answer
            return
        for name, inner in value.items():
            yield from _walk(inner, (*path, str(name)))
    elif isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
        for number, inner in enumerate(value, 1):
            yield from _walk(inner, (*path, str(number)) if len(value) > 1 else path)
    elif path and not path[-1].startswith("_") and (words := worded(value)):
        yield _plain_answer(path, words)


def _plain_answer(path: tuple[str, ...], words: str) -> Answer:
    """An answer by the way that leads to it: numbers of lists, and objects that only hold a person's fields, say nothing."""
    steps = [part for part in path if not part.isdigit()] or list(path)
    if len(steps) > 1 and steps[-1] in _VALUES:
        steps.pop()
    telling = steps[next((place for place, part in enumerate(steps[:-1]) if plain(part) not in AROUND), len(steps) - 1) :]
    short = (telling[0],) if len(telling) == 1 else ()
    return Answer((".".join(path), ".".join(steps), *short), words, " ".join(telling))


def labelled(told: Mapping[object, object]) -> Answer | None:
    """An answer that stands with its question in one object, as {"label": …, "value": …}; None for any other object."""
    value = next((told[key] for key in _VALUES if key in told), None)
    names = tuple(str(told[key]) for key in _LABELS if isinstance(told.get(key), str | int) and told[key] != "")
    if not names or not any(key in told for key in _VALUES):
        return None
    shown = next((str(told[key]) for key in _SHOWN if isinstance(told.get(key), str) and told[key]), names[0])
    return Answer(names, worded(value), shown)


def worded(value: object) -> str:
    """A value as words: several with commas, a ticked box as yes, nothing as nothing."""
    if isinstance(value, list):
        return ", ".join(filter(None, map(worded, value[:MOST])))[:VALUE]
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, dict):
        return " ".join(filter(None, map(worded, islice(value.values(), MOST))))[:VALUE]
    return "" if value is None else storable(str(value)).strip()[:VALUE]


class Sheet:
    """A form filled in: the answers under our own names, and the rest in words."""

    def __init__(self, answers: Iterable[Answer], naming: Naming) -> None:
        self._own = {plain(theirs): ours for theirs, ours in naming.fields.items()}
        self._box = plain(naming.offers)
        self._naming = naming
        self.known: dict[str, str] = {}
        self.offers, self.label = False, ""
        self.rest: list[tuple[str, str]] = []
        for answer in answers:
            if answer.value:
                self._take(answer)
        for ours, shape in _SHAPES.items():
            found = next((value for _, value in self.rest if shape.fullmatch(value)), "")
            self.known.setdefault(ours, found)

    def _take(self, answer: Answer) -> None:
        names = [plain(name) for name in answer.names]
        if self._box and self._box in names:
            self.offers, self.label = ticked(answer), answer.label
            return
        ours = next((self._own[name] for name in names if name in self._own), "") or next((SYNONYMS[name] for name in names if name in SYNONYMS), "")
        if ours == "-" or (ours in ("id", "at") and ours in self.known):
            return
        if ours and ours not in self.known and _fits(ours, answer.value):
            self.known[ours] = answer.value
        else:
            label = answer.label if " " in answer.label else answer.label.replace("_", " ")
            self.rest.append((plain_name(label)[:LABEL].rstrip(" :*"), answer.value))

    def form(self, sender: str, external_id: str, at: int, source: Source) -> LeadForm:
        """The event; marks that the form carried itself go before what the platform says."""
        known, name = self.known, self._name()
        words = self._naming.offers_text or known.get("offers_text", "") or self.label
        offers = (self.offers or known.get("offers", "").casefold() in _YES) and bool(words)  # nobody can show what was agreed to without its words
        told = {mark: known[mark][:500] for mark in MARKS if known.get(mark)}
        return LeadForm(
            Sender(sender, name=name, language=known.get("language", "")[:12]),
            external_id,
            at,
            name=name,
            phone=known.get("phone", "")[:NAMED],
            email=known.get("email", "")[:NAMED],
            text="\n".join(filter(None, [known.get("text", ""), *(f"{label}: {value}" for label, value in self.rest)])).replace("\r\n", "\n"),
            offers=offers,
            offers_text=words[:1000] if offers else "",
            source=replace(source, **told),
        )

    def empty(self) -> bool:
        """Whether it tells of nobody: no name, no words, and nothing anywhere that may be a way to reach somebody."""
        told = any(self.known.get(name) for name in ("name", *PARTS, "phone", "email", "text"))
        return not told and not any("@" in value or sum(mark.isdecimal() for mark in value) >= SHORTEST for _, value in self.rest)

    def _name(self) -> str:
        known = self.known
        first = known.get("name") or known.get("first_name", "")
        more = [part for part in (known.get("middle_name", ""), known.get("last_name", "")) if part and part not in first]
        return " ".join(filter(None, [first, *more]))[:NAMED]


def ticked(answer: Answer) -> bool:
    """Whether a box was ticked: some send yes, some the words that stand beside it."""
    value = answer.value.strip().casefold()
    return value in _YES or value == answer.label.strip().casefold()


def _fits(ours: str, value: str) -> bool:
    """Whether a value can be what its field is called: a number of rooms is no telephone."""
    match ours:
        case "phone":
            return sum(mark.isdecimal() for mark in value) >= SHORTEST
        case "email":
            return "@" in value
    return True


def vk_form(event: Mapping[str, object]) -> tuple[Mapping[str, object], str]:
    """The filled-in form of a Callback event of VK's, and the name that is its own among all of the community's; ({}, "") for anything else."""
    told = event.get("object")
    if event.get("type") != "lead_forms_new" or not isinstance(told, dict):
        return {}, ""
    form, lead = told.get("form_id"), told.get("lead_id")
    return (told, f"{form}-{lead}") if isinstance(lead, int | str) and isinstance(form, int | str) else ({}, "")


def vk_lead(event: Mapping[str, object], naming: Naming, received_at: int) -> LeadForm | None:
    """What VK's lead_forms_new says; None for anything else. Who filled it in is known by their number at VK, so two forms of one person meet."""
    told, name = vk_form(event)
    if not name:
        return None
    user = told.get("user_id")
    who = str(user) if type(user) is int and user > 0 else f"lead:{name}"
    ad, form = worded(told.get("ad_id")), worded(told.get("form_name")) or worded(told.get("form_id"))
    source = Source(utm_source="vk", utm_medium="lead form", utm_campaign=form[:200], utm_content=ad if ad != "0" else "")
    sheet = Sheet(answers_in({"answers": told.get("answers")}), naming)
    return sheet.form(who, f"lead:{name}", received_at, source)
