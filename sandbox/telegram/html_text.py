"""Telegram's HTML, read into plain text and entities."""

import re
from dataclasses import dataclass, field

from sandbox.telegram.shapes import Json, Refusal, bad_request

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
REFERENCES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
REFERENCE = re.compile(r"&(?:(lt|gt|amp|quot)|#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6}));?")
RUN = re.compile(r"[^<&]+")
START_TAG = re.compile(r"<([^\s>/]*)((?:\s+[^\s=>]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>\"']+))?)*)\s*>")
ATTRIBUTE = re.compile(r"([^\s=>]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+)))?")
END_TAG = re.compile(r"</([^\s>]*)\s*>")


def utf16_length(text: str) -> int:
    """The length of a text in UTF-16 units, in which Telegram counts."""
    return len(text) + sum(character > "\uffff" for character in text)


@dataclass(frozen=True, slots=True)
class OpenTag:
    """A tag whose end has not come yet."""

    name: str
    attributes: dict[str, str]
    offset: int
    at: int


@dataclass(slots=True)
class HtmlText:
    """A reader of one text; `read` answers its plain text and its entities."""

    source: str
    _at: int = 0
    _plain: list[str] = field(default_factory=list)
    _units: int = 0
    _open: list[OpenTag] = field(default_factory=list)
    _entities: list[Json] = field(default_factory=list)

    def read(self) -> tuple[str, list[Json]]:
        """Reads the whole text; raises a refusal in Telegram's wording where it is malformed."""
        while self._at < len(self.source):
            run = RUN.match(self.source, self._at)
            if run:
                self._put(run.group(), run.end())
            elif self.source[self._at] == "&":
                self._reference()
            elif self.source.startswith("</", self._at):
                self._end_tag()
            else:
                self._start_tag()
        if self._open:
            raise self._wrong(f'Can\'t find end tag corresponding to start tag "{self._open[-1].name}"')
        return "".join(self._plain), sorted(self._entities, key=lambda entity: (entity["offset"], -entity["length"]))

    def _put(self, text: str, end: int) -> None:
        self._plain.append(text)
        self._units += utf16_length(text)
        self._at = end

    def _reference(self) -> None:
        match = REFERENCE.match(self.source, self._at)
        if match is None:
            self._put("&", self._at + 1)
            return
        name, decimal, hexadecimal = match.groups()
        if name:
            self._put(REFERENCES[name], match.end())
            return
        code = int(decimal) if decimal else int(hexadecimal, 16)
        known = 0 < code < 0x110000 and not 0xD800 <= code < 0xE000
        self._put(chr(code) if known else match.group(), match.end())

    def _start_tag(self) -> None:
        match = START_TAG.match(self.source, self._at)
        name = (match.group(1) if match else re.split(r"[\s>]", self.source[self._at + 1 :], maxsplit=1)[0]).lower()
        if name not in TAGS:
            raise self._wrong(f'Unsupported start tag "{name}" at byte offset {self._byte(self._at)}')
        if match is None:
            raise self._wrong(f"Unclosed start tag at byte offset {self._byte(self._at)}")
        attributes = {key.lower(): HtmlText._plain_value(a or b or c) for key, a, b, c in ATTRIBUTE.findall(match.group(2))}
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise self._wrong(f'Tag "span" must have class "tg-spoiler" at byte offset {self._byte(self._at)}')
        self._open.append(OpenTag(name, attributes, self._units, len(self._plain)))
        self._at = match.end()

    def _end_tag(self) -> None:
        match = END_TAG.match(self.source, self._at)
        if match is None:
            raise self._wrong(f"Unclosed end tag at byte offset {self._byte(self._at)}")
        if not self._open:
            raise self._wrong(f"Unexpected end tag at byte offset {self._byte(self._at)}")
        tag, name = self._open.pop(), match.group(1).lower()
        if name not in {"", tag.name}:
            raise self._wrong(f'Unmatched end tag at byte offset {self._byte(self._at)}, expected "</{tag.name}>", found "</{name}>"')
        self._at = match.end()
        if self._units > tag.offset:
            self._add(tag)

    def _add(self, tag: OpenTag) -> None:
        entity: Json = {"type": TAGS[tag.name], "offset": tag.offset, "length": self._units - tag.offset}
        span = (entity["offset"], entity["length"])
        language = tag.attributes.get("class", "").removeprefix("language-")
        if tag.name == "code" and language and self._open and self._open[-1].name == "pre":
            entity["language"] = language
        if tag.name == "pre" and self._entities and (self._entities[-1]["offset"], self._entities[-1]["length"]) == span:
            # <pre><code class="language-x">…</code></pre> is one block with a language.
            inner = self._entities[-1]
            if inner["type"] == "code" and "language" in inner:
                entity["language"] = self._entities.pop()["language"]
        if tag.name == "blockquote" and "expandable" in tag.attributes:
            entity["type"] = "expandable_blockquote"
        if tag.name == "tg-emoji":
            entity["custom_emoji_id"] = tag.attributes.get("emoji-id", "")
        if tag.name == "tg-time":
            unix = tag.attributes.get("unix", "")
            if not unix.isdecimal():
                raise self._wrong('Tag "tg-time" must have a valid attribute "unix"')
            entity |= {"unix_time": int(unix), "date_time_format": tag.attributes.get("format", "")}
        if tag.name == "a":
            entity["url"] = tag.attributes.get("href") or "".join(self._plain[tag.at :])
            if not re.match(r"(https?|tg|tel|mailto):|[^\s/]+\.[^\s/]+", entity["url"]):
                return  # Telegram keeps the text of a link that leads nowhere and forgets the link
        self._entities.append(entity)

    @staticmethod
    def _plain_value(value: str) -> str:
        return REFERENCE.sub(lambda match: REFERENCES.get(match.group(1) or "", match.group()), value)

    def _byte(self, at: int) -> int:
        return len(self.source[:at].encode("utf-8", "surrogatepass"))

    @staticmethod
    def _wrong(reason: str) -> Refusal:
        return bad_request(f"can't parse entities: {reason}")
