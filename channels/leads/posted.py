"""Bodies as forms send them: JSON or a form's own encodings, brought to one object; pure."""

import json
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from channels.form import read_parts
from channels.payload import read
from crm.base.errors import Invalid

_MOST_FIELDS = 300
_PARTS = 65_536  # the library takes four milliseconds for this much
_INSIDE = re.compile(r"\[([^\[\]]*)\]")
Json = dict[str, object]


def told(body: bytes, content_type: str) -> object:
    """What a body says: an object, or a list of them; raises Invalid for anything else. Whatever begins as JSON is JSON, for not everybody says so."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        if len(body) > _PARTS:
            raise Invalid("too many bytes for a form in parts")
        return nested(read_parts(body, content_type))
    start = body.lstrip()[:1]
    try:
        if start == b"{":
            return read(body)
        if start == b"[":
            return read(b'{"":' + body + b"}")[""]
        if kind != "application/json":
            return nested(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except (ValueError, KeyError):
        raise Invalid("neither JSON nor a form") from None
    raise Invalid("not a JSON object")


def nested(pairs: list[tuple[str, str]]) -> Json:
    """Pairs as one object: fields[name][value]=Ani goes inside, a name that comes again becomes a list."""
    found: Json = {}
    for name, value in pairs:
        head, *inside = _steps(name)
        _put(found, [head, *inside], value)
    return found


def _steps(name: str) -> list[str]:
    """The way that a name with brackets leads; brackets that do not close are part of the name."""
    head, bracket, _ = name.partition("[")
    inner = _INSIDE.findall(name[len(head) :])
    if not bracket or not head or head + "".join(f"[{one}]" for one in inner) != name or len(inner) > 8:
        return [name]
    return [head, *inner]


def _put(found: Json, steps: list[str], value: str) -> None:
    *way, last = [step for step in steps if step] or [""]
    for step in way:
        inner = found.get(step)
        if not isinstance(inner, dict):
            inner = {"": inner} if inner is not None else {}
            found[step] = inner
        found = inner
    before = found.get(last)
    if last not in found:
        found[last] = value
    elif isinstance(before, list):
        before.append(value)
    elif isinstance(before, dict):
        _put(before, [""], value)
    else:
        found[last] = [before, value]


def at(place: str, value: object) -> object:
    """What stands at a dotted place, None where nothing does; a number is a place in a list."""
    for step in place.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step[:6]) < len(value):
            value = value[int(step[:6])]
        else:
            return None
    return value


def written(value: object) -> bytes:
    """An object as it is kept."""
    return json.dumps(value, separators=(",", ":")).encode()
