"""A tree of HTML walked in the order of reading, without recursion and without changing it."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_NEVER = "script style head title template object embed iframe svg math noscript select textarea audio video applet frameset"
_SKIPPED = frozenset(_NEVER.split())
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)


def walk(body: "LexborNode", without: frozenset[int]) -> "Iterator[tuple[LexborNode, bool]]":
    """Give every node on the way in (True) and every element on the way out (False); nothing from inside what is not shown or left out."""
    node: LexborNode | None = body.child
    while node is not None:
        if node.mem_id not in without:
            yield node, True
            child = node.child if node.is_element_node and not _unseen(node) else None
            if child is not None:
                node = child
                continue
            if node.is_element_node:
                yield node, False
        while node is not None and node.next is None:
            node = node.parent
            if node is None or node.mem_id == body.mem_id:
                return
            yield node, False
        node = node.next if node is not None else None


def _unseen(node: "LexborNode") -> bool:
    if node.tag in _SKIPPED:
        return True
    attributes = node.attributes
    return "hidden" in attributes or bool(_UNSEEN.search(attributes.get("style") or ""))
