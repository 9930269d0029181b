"""The hostile corpus: what a stranger may put where a name, a text, a field or an update is expected; and strategies that never spare us half a character."""

import json
import os
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("HOSTILE_EXAMPLES", "100"))
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, *((Phase.shrink,) if "HOSTILE_EXAMPLES" in os.environ else ()))
steady = settings(derandomize="HOSTILE_EXAMPLES" not in os.environ, max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The same examples on every run; HOSTILE_EXAMPLES asks for more of them, and new ones each time."""

TEXTS: Mapping[str, str] = {
    "nul": "before\x00after",
    "half a character": "before\ud800after",
    "the other half": "\udfff",
    "halves the wrong way round": "\udc00\ud83d",
    "two halves that make one": "\ud83d\ude00",
    "turned around": "\u202egnp.exe\u202c",
    "isolates": "\u2066\u2067\u2068\u2069",
    "zero width": "a\u200bd\u2060m\ufeffi\u200en",
    "tags": "\U000e0041\U000e0042",
    "flag of Wales": "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
    "marks": "a" + "\u0301" * 1000,
    "family": "👩‍👩‍👧‍👦" * 200,
    "ansi": "\x1b[31mred\x1b[0m\x07",
    "markup": "_*[`~|>#+-=|{}.!</b><b>",
    "fields": "{{7*7}} {name} {0.__class__} ${x} %s %0999999999d #{1}",
    "sql": "'; DROP TABLE messages; --",
    "like": "%" * 200 + "_\\",
    "match": '" OR NEAR( * ^ -x a:b (((((',
    "regex": "a" * 200 + "!(a+)+$",
    "header": "Ani\r\nBcc: x@y.example",
    "encoded word": "=?utf-8?q?a=0D=0ABcc:_x@y.z?=",
    "formula": "=HYPERLINK(1)",
    "path": "../../etc/passwd\x00.png",
    "spaces": " \u00a0\u2003\u3000\t",
    "invisible": "\u3164\u115f\u2800\u00ad",
    "lines": "line\n" * 2000,
    "carriage": "a\rb\r\nc\x0b\x0c\x1c\u2028\u2029d",
    "long": "x" * 20_000,
    "digits": "9" * 5000,
    "arabic digits": "٣٤٥ ²³ ⅷ",
    "command": "/start c_" + "A" * 22,
    "stop in disguise": "ST\u200bOP",
    "homoglyph": "Аdmin of Маrani",
    "json": '{"role": "manager", "text": {"$ne": 1}}',
    "nothing": "",
}
# Each would raise a dialog or call a stranger if any of it became markup; the browser's test listens for both.
XSS: tuple[str, ...] = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "'><svg/onload=alert(3)>",
    "<iframe src='javascript:alert(4)'></iframe>",
    "javascript:alert(5)",
    "<a href='javascript:alert(6)'>x</a>",
    "<img src='https://evil.example/pixel.gif'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import url(//evil.example/y.css)</style>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example/'>",
    "<math><mtext></p><style><img src=x onerror=alert(7)></style>",
    "</textarea></title></script><script>alert(8)</script>",
    "<form action=//evil.example><button>x</button></form>",
    "${alert(9)}{{constructor.constructor('alert(10)')()}}",
    "<!--<img src='--><img src=x onerror=alert(11)//'>",
    "\u202e<img src=x onerror=alert(12)>\u2066",
    "<details open ontoggle=alert(13)>",
    "<input autofocus onfocus=alert(14)>",
    "data:text/html,<script>alert(15)</script>",
)


def anything(most: int = 200) -> st.SearchStrategy[str]:
    """Any text: half characters, NUL and the corpus among it."""
    alphabet = st.integers(0, 0x10FFFF).map(chr) | st.sampled_from("\x00\ud800\udfff\u202e\u200d\ufe0f\u0301\n\r\t {}|/@+:.-0٣²")
    return st.text(alphabet, max_size=most) | st.sampled_from([text[:most] for text in TEXTS.values()])


def json_values() -> st.SearchStrategy[Any]:
    """Any JSON value, with the numbers a parser trips over."""
    numbers = (
        st.sampled_from([0, -1, 2**31, 2**53, 2**63, -(2**63) - 1, 10**18, 1.5, 1e308, -0.0]) | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    )
    leaves = st.none() | st.booleans() | numbers | anything(40)
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(anything(12), inner, max_size=4), max_leaves=12)


# Bytes that are no JSON object at all, or one that only a hostile writer makes; by name.
BROKEN: Mapping[str, bytes] = {
    "nothing": b"",
    "no JSON": b"\x00\xff\xfe",
    "cut off": b'{"text": "a',
    "a list": b"[1]",
    "a number": b"7",
    "deep lists": b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"a":' * 30_000 + b"1" + b"}" * 30_000,
    "a long number": b'{"update_id": ' + b"9" * 5000 + b"}",
    "no number": b'{"update_id": NaN}',
    "no end of numbers": b'{"update_id": -Infinity}',
    "a name twice": b'{"message": {}, "message": {}}',
    "a mark in front": b'\xef\xbb\xbf{"text": "a"}',
    "sixteen bits": '{"text": "a"}'.encode("utf-16"),
    "something behind": b'{"text": "a"} {"text": "b"}',
    "not UTF-8": b'{"text": "\xed\xa0\x80"}',
}


ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 7, 2**31, 2**53, 2**63, -(2**63) - 1, 10**18, 1.5, -0.0, 1e308, "", "7", "1e9", "private", "/start c_AAAA", [], {}),
    *([7], [{}], {"id": 7}, {"$ne": 1}, {"id": "7", "type": "private"}, [[["x"]]], "\x00", "\ud800", "\u202e", "x" * 5000),
)


def changed(value: Any, draw: st.DrawFn) -> Any:
    """A payload with one of its parts dropped, retyped, doubled or nested: the grammar of what platforms send, made wrong."""
    if isinstance(value, dict) and value:
        key = draw(st.sampled_from(sorted(value)))
        deed = draw(st.sampled_from(["deeper", "drop", "retype", "rename", "wrap"]))
        rest = {name: part for name, part in value.items() if name != key}
        match deed:
            case "drop":
                return rest
            case "retype":
                return {**value, key: draw(st.sampled_from(ODD))}
            case "rename":
                return {**rest, draw(st.sampled_from(["", "message", "from", "chat", "\ud800", "__proto__"])): value[key]}
            case "wrap":
                return {**value, key: [value[key]]}
        return {**value, key: changed(value[key], draw)}
    if isinstance(value, list) and value:
        return [changed(value[0], draw), *value, *value]
    return draw(st.sampled_from(ODD))


@st.composite
def mutants(draw: st.DrawFn, seeds: list[Any]) -> bytes:
    """Bytes of a real payload after one to four such changes."""
    value = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 4))):
        value = changed(value, draw)
    return json.dumps(value).encode()


def storable(text: str) -> bool:
    """Whether every engine stores this text alike."""
    return "\x00" not in text and not any("\ud800" <= mark <= "\udfff" for mark in text)
