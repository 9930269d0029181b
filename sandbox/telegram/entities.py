"""Texts with entities: what Telegram finds in them, trims off them and refuses in them."""

import re
from dataclasses import dataclass, field

from sandbox.telegram.html_text import HtmlText, utf16_length
from sandbox.telegram.shapes import Json, bad_request

LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
MOST_ENTITIES = 100
FOUND = {
    "url": re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]]"),
    "email": re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "bot_command": re.compile(r"(?<![\w/@<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/@<>])"),
    "mention": re.compile(r"(?<![\w@/.])@[A-Za-z]\w{3,31}"),
    "hashtag": re.compile(r"(?<![\w#])#\w*[^\W\d]\w*"),
}


@dataclass(frozen=True, slots=True)
class RichText:
    """A text as Telegram stores it: trimmed, with all its entities."""

    text: str = ""
    entities: list[Json] = field(default_factory=list)

    def content(self, name: str = "text") -> Json:
        """The fields of a message: `text` and `entities`, or `caption` and `caption_entities`."""
        of_entities = "entities" if name == "text" else f"{name}_entities"
        shown: Json = {name: self.text} if self.text else {}
        return shown | ({of_entities: self.entities} if self.entities else {})


def rich_text(text: object, mode: object, entities: object) -> RichText:
    """What Telegram makes of a text sent with a parse mode or with entities; raises a refusal for either when malformed."""
    text, mode, entities = "" if text is None else str(text), str(mode or ""), entities or []
    if not isinstance(entities, list) or not all(isinstance(entity, dict) for entity in entities):
        raise bad_request("can't parse entities: expected an Array of objects")
    if mode and mode.lower() != "html":
        raise bad_request("unsupported parse_mode")
    if mode:
        plain, given = HtmlText(text).read()
    else:
        plain, given = text, [entity for entity in entities[:MOST_ENTITIES] if entity.get("length") != 0]
        check_bounds(plain, given)
    return trimmed(plain, [*given, *found(plain, given)])


def found(text: str, given: list[Json]) -> list[Json]:
    """The commands, addresses and tags Telegram marks by itself, outside the entities already there."""
    taken = [(entity["offset"], entity["offset"] + entity["length"]) for entity in given]
    entities: list[Json] = []
    for kind, pattern in FOUND.items():
        for match in pattern.finditer(text):
            start = utf16_length(text[: match.start()])
            end = start + utf16_length(match.group())
            if all(end <= first or last <= start for first, last in taken):
                taken.append((start, end))
                entities.append({"type": kind, "offset": start, "length": end - start})
    return entities


def check_bounds(text: str, entities: list[Json]) -> None:
    """Raises a refusal for an entity that is not an entity, leaves the text or cuts a character in two."""
    units = text.encode("utf-16-le", "surrogatepass")
    size = len(units) // 2
    for entity in entities:
        offset, length = entity.get("offset"), entity.get("length")
        if not isinstance(entity.get("type"), str) or not isinstance(offset, int) or not isinstance(length, int):
            raise bad_request("can't parse MessageEntity: type, offset and length are required")
        if offset < 0 or offset > size:
            raise bad_request(f"entity begins after the end of the text at UTF-16 offset {offset}")
        if length < 0 or offset + length > size:
            raise bad_request(f"entity beginning at UTF-16 offset {offset} ends after the end of the text at UTF-16 offset {offset + length}")
        for edge, verb in ((offset, "begins"), (offset + length, "ends")):
            if 0xDC <= (units[2 * edge + 1] if edge < size else 0) <= 0xDF:
                raise bad_request(f"entity {verb} in a middle of a UTF-16 symbol at byte offset {edge}")


def trimmed(text: str, entities: list[Json]) -> RichText:
    """The text without the white space around it, its entities moved along."""
    kept = text.strip()
    lead = utf16_length(text[: len(text) - len(text.lstrip())])
    size = utf16_length(kept)
    moved: list[Json] = []
    for entity in entities:
        start = max(0, entity["offset"] - lead)
        end = min(size, entity["offset"] + entity["length"] - lead)
        if end > start:
            moved.append({**entity, "offset": start, "length": end - start})
    return RichText(kept, sorted(moved, key=lambda entity: (entity["offset"], -entity["length"])))


def message_text(rich: RichText) -> RichText:
    """The text of a message; raises a refusal when it is empty or over 4096 UTF-16 units."""
    if not rich.text:
        raise bad_request("message text is empty")
    if utf16_length(rich.text) > LONGEST_TEXT:
        raise bad_request("message is too long")
    return rich


def caption(rich: RichText) -> RichText:
    """The caption of a file, which may be empty; raises a refusal over 1024 UTF-16 units."""
    if utf16_length(rich.text) > LONGEST_CAPTION:
        raise bad_request("message caption is too long")
    return rich
