"""An HTML mail as safe text: no script, no style, no hidden words, no remote pictures; links show where they lead."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from channels.email import cuts, quotes
from channels.email.walk import walk

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

SIZE, DEPTH = 1_000_000, 250
"""Characters of HTML that are read, and how deep elements may lie in one another before the tree is not built at all."""
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})[^<>]{0,4000}>?")
_MUST_BE_CLOSED = (
    "div span table blockquote ul ol b i u em strong font a section article center form small big code pre svg math template object noscript select"
)
_COUNTED = frozenset(_MUST_BE_CLOSED.split())
_ON_LINES_OF_THEIR_OWN = "div p table tr ul ol li h1 h2 h3 h4 h5 h6 blockquote pre section article header footer address dl dt dd form center hr fieldset"
_LINES = frozenset(_ON_LINES_OF_THEIR_OWN.split())
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "pre", "blockquote"})
_BLANKS = re.compile(r"[ \t\r\n\f\u00a0\u200b\u200c\u2060\ufeff]+")
_BREAKS = re.compile(r"[ \t\r\n\f]+")
_SHOWN_LINK = re.compile(r"https?://[^\s<>\"]{1,600}", re.IGNORECASE)
_MARKS = {"li": "• "}


@dataclass(frozen=True, slots=True)
class Page:
    """What an HTML mail says: `text` without quotes, `full` with them; `shown` and `named` are Content-IDs of pictures in either."""

    text: str
    full: str
    shown: frozenset[str]
    named: frozenset[str]


def read(html: str) -> Page:
    """Read an HTML mail; one too deep to be honest is read by taking its tags off."""
    html = html[:SIZE].replace("\x00", "")
    if _depth(html) > DEPTH:
        full = _without_tags(html)
        return Page(quotes.unquoted(full), full, frozenset(), frozenset())
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(html)
    full, named = words(tree, frozenset())
    text, shown = words(tree, cuts.cut(tree))
    return Page(quotes.unquoted(text), full, shown, named)


def words(tree: "LexborHTMLParser", without: frozenset[int]) -> tuple[str, frozenset[str]]:
    """Write a tree as text, some of its nodes left out, and tell which pictures of the mail itself it shows."""
    body = tree.body
    if body is None:
        return "", frozenset()
    writer = _Writer()
    for node, entering in walk(body, without):
        if not entering:
            writer.leave(node)
        elif node.is_text_node:
            writer.say(node.text_content or "")
        else:
            writer.enter(node)
    return writer.text(), frozenset(writer.cids)


class _Writer:
    """Puts words on lines; knows how deep in quotes it is."""

    def __init__(self) -> None:
        self.cids: list[str] = []
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quotes = self._verbatim = 0
        self._links: list[tuple[str, int]] = []

    def say(self, words: str) -> None:
        if self._verbatim:
            first, *others = words.replace("\r\n", "\n").split("\n")
            self._line.append(first)
            for line in others:
                self._end(keep=True)
                self._line.append(line)
        else:
            self._line.append(_BREAKS.sub(" ", words))

    def enter(self, node: "LexborNode") -> None:
        tag = node.tag or ""
        if tag == "br":
            self._end(keep=True)
        elif tag == "img":
            self._picture(node)
        elif tag == "a":
            self._links.append((node.attributes.get("href") or "", len(self._line)))
        elif tag in _LINES:
            self._end()
            if tag in _PARAGRAPHS:
                self._blank()
            self._quotes += tag == "blockquote"
            self._verbatim += tag == "pre"
            self._line.append(_MARKS.get(tag, ""))

    def leave(self, node: "LexborNode") -> None:
        tag = node.tag or ""
        if tag == "a" and self._links:
            self._link(*self._links.pop())
        elif tag in ("td", "th"):
            self._line.append(" ")
        elif tag in _LINES:
            self._end()
            self._quotes -= tag == "blockquote"
            self._verbatim -= tag == "pre"
            if tag in _PARAGRAPHS:
                self._blank()

    def text(self) -> str:
        self._end()
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(self._lines)).strip("\n")
        return re.sub(r"(?:\n[> ]*)+\Z", "", text)

    def _end(self, *, keep: bool = False) -> None:
        """End the line; an empty one is kept where somebody asked for it: by a break, by a blank that does not break."""
        line = "".join(self._line)
        self._line.clear()
        keep = keep or "\u00a0" in line
        line = line.rstrip() if self._verbatim else _BLANKS.sub(" ", line).strip()
        if line or keep:
            self._lines.append(f"{self._mark()}{line}".rstrip())

    def _blank(self) -> None:
        """Between paragraphs stands one blank line."""
        if self._lines and self._lines[-1].strip("> "):
            self._lines.append(self._mark().rstrip())

    def _mark(self) -> str:
        return "> " * min(self._quotes, 5)

    def _link(self, target: str, since: int) -> None:
        """A link's words may say another address than it leads to, so the true one is shown beside them."""
        target = target.strip()
        label = "".join(self._line[since:]).strip()
        if _SHOWN_LINK.fullmatch(target) and target.rstrip("/") not in (label, label.rstrip("/"), f"http://{label}", f"https://{label}"):
            self._line.append(f" ({target})" if label else target)

    def _picture(self, node: "LexborNode") -> None:
        attributes = node.attributes
        source = (attributes.get("src") or "").strip()
        if source.lower().startswith("cid:"):
            self.cids.append(source[4:].strip("<> "))
        label = (attributes.get("alt") or "").strip()
        if label and len(label) <= 8 and not any(letter.isalnum() for letter in label):
            self._line.append(label)  # Gmail writes emoji so


def _depth(html: str) -> int:
    """How deep elements that must be closed lie in one another, as counted without a tree."""
    deepest = depth = 0
    for tag in _TAG.finditer(html):
        if tag[2].lower() in _COUNTED:
            depth = max(0, depth - 1) if tag[1] else depth + 1
            deepest = max(deepest, depth)
    return deepest


def _without_tags(html: str) -> str:
    from html import unescape

    html = re.sub(r"(?is)<(script|style|head|template)\b.*?(?:</\1\s*>|\Z)", " ", html)
    html = re.sub(r"(?i)<(?:br|/p|/div|/tr|/li|/h[1-6])\b[^>]{0,200}>", "\n", html)
    lines = unescape(_TAG.sub(" ", html)).split("\n")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(_BLANKS.sub(" ", line).strip() for line in lines)).strip()
