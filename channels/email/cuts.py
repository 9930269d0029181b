"""Which parts of an HTML mail are a quote, by its structure: what mailers mark, ruled-off headers of an older mail, blockquotes at the end.

The tree is not changed: nodes are named by their ids, since a node destroyed inside another one destroyed before takes the process with it.
"""

import re
from typing import TYPE_CHECKING

from channels.email.walk import walk

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_MOST = 5_000
"""Nodes that are looked at on one question."""
_NAMED = (
    "blockquote[type=cite], .gmail_attr, blockquote.gmail_quote, div.gmail_quote > blockquote, .moz-cite-prefix, .moz-email-headers-table, "
    ".moz-forward-container, .yahoo_quoted, .protonmail_quote, .tutanota_quote, .zmail_extra, .ms-outlook-mobile-reference-message, #reply-intro"
)
_ONWARDS = "#divRplyFwdMsg, #x_divRplyFwdMsg, #appendonsend, #x_appendonsend, #OLK_SRC_BODY_SECTION, #mail-editor-reference-message-container, [id^=divRpF]"
_BORDER = re.compile(r"border-top\s*:[^;]*solid|border-top-style\s*:\s*solid|border-top-color|border\s*:\s*none\s*;\s*border-top", re.IGNORECASE)
_LABEL = re.compile(r"[^\W\d_]{2,}\s?[:：՝]")
_CLOCK = re.compile(r"(?<!\d)\d{1,2}[:.]\d{2}(?!\d)")


def cut(tree: "LexborHTMLParser") -> frozenset[int]:
    """Name the nodes that are quotes: they and what is in them are not the person's own words."""
    body = tree.body
    if body is None:
        return frozenset()
    quoted = {node.mem_id for node in tree.css(_NAMED)[:_MOST]}
    quoted |= {node.mem_id for node in tree.css("div.gmail_quote, div.gmail_quote_container")[:_MOST] if node.css_first("blockquote") is None}
    for node in tree.css(_ONWARDS)[:1]:
        quoted |= _onwards(node, body)
    for node in tree.css("div[style], td[style]")[:_MOST]:
        if _BORDER.search(node.attributes.get("style") or "") and _is_header_block(node):
            quoted |= _onwards(node, body)
            break
    return frozenset(quoted | _last_quotes(body, frozenset(quoted)))


def _onwards(node: "LexborNode", body: "LexborNode") -> set[int]:
    """A node and everything after it in the order of reading."""
    found = {node.mem_id}
    here: LexborNode | None = node
    while here is not None and here.mem_id != body.mem_id:
        after = here.next
        while after is not None:
            found.add(after.mem_id)
            after = after.next
        here = here.parent
    return found


def _is_header_block(node: "LexborNode") -> bool:
    """Tell whether a ruled-off box begins with the headers of an older mail: a signature has labels too, but no time."""
    words = ""
    for inside, entering in walk(node, frozenset()):
        if entering and inside.is_text_node:
            words += f" {inside.text_content or ''}"
        if len(words) > 1_500:
            break
    return len(_LABEL.findall(words[:1_500])) >= 3 and bool(_CLOCK.search(words))


def _last_quotes(body: "LexborNode", quoted: frozenset[int]) -> set[int]:
    """Blockquotes behind which nothing more is said."""
    said, open_, seen = 0, 0, []
    for node, entering in walk(body, quoted):
        if node.is_text_node:
            said += bool((node.text_content or "").strip())
        elif node.tag == "blockquote":
            open_ += 1 if entering else -1
            if entering and open_ == 1:
                seen.append([node.mem_id, said, said])
            elif not entering and open_ == 0 and seen:
                seen[-1][2] = said
    found = set()
    for id_, before, behind in reversed(seen):
        if behind != said:
            break
        found.add(id_)
        said = before
    return found
