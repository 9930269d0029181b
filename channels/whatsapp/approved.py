"""The texts WhatsApp has approved for an account, for the staff to choose from."""

import re
from dataclasses import dataclass

from channels.graph import Graph
from channels.payload import Json, name, part, parts, text

_FIELDS = "name,language,status,category,parameter_format,components"
_PLACE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_MOST_PAGES, _A_PAGE = 60, 100


@dataclass(frozen=True, slots=True)
class Approved:
    """One template in one language: `body` is all the customer reads, with {{1}}, {{2}}… where fields go; `status` "approved" may be sent.

    `status` "unfit" = approved, but with parts that plain fields cannot fill; `why` names them.
    """

    name: str
    language: str
    body: str
    category: str
    status: str
    why: str = ""


async def listed(graph: Graph, business: str) -> list[Approved]:
    """Every template of a business account, page by page; raises as `Graph.get` does."""
    found: list[Approved] = []
    after: dict[str, str] = {}
    for _ in range(_MOST_PAGES):
        page = await graph.get(f"{business}/message_templates", fields=_FIELDS, limit=str(_A_PAGE), **after)
        found += [read_template(one) for one in parts(page, "data") if text(one, "name")]
        paging = part(page, "paging")
        cursor = text(part(paging, "cursors"), "after")
        if not cursor or "next" not in paging:
            break
        after = {"after": cursor}
    return found


def read_template(one: Json) -> Approved:
    """A template as the API lists it."""
    components = parts(one, "components")
    status, why = name(one, "status").lower(), _unfit(one, components)
    body = "\n".join(filter(None, (_words(components, kind) for kind in ("HEADER", "BODY", "FOOTER"))))
    category = name(one, "category").lower()
    return Approved(name(one, "name"), name(one, "language"), body, category, "unfit" if why and status == "approved" else status, why)


def _words(components: list[Json], kind: str) -> str:
    return next((text(one, "text") for one in components if name(one, "type").upper() == kind), "")


def _unfit(one: Json, components: list[Json]) -> str:
    """What a template needs beside the fields of its body ("" = nothing)."""
    for component in components:
        kind = name(component, "type").upper()
        if kind == "HEADER" and (name(component, "format").upper() not in {"", "TEXT"} or _PLACE.search(text(component, "text"))):
            return "its header needs a file or a field"
        if kind == "BUTTONS" and any(_PLACE.search(text(button, "url")) or _needs(button) for button in parts(component, "buttons")):
            return "a button of it needs a field"
        if kind not in {"HEADER", "BODY", "FOOTER", "BUTTONS"}:
            return f"it has a part of the kind {kind.lower()}"
    places = _PLACE.findall(_words(components, "BODY"))
    if name(one, "parameter_format").upper() == "NAMED" or any(not place.isdigit() for place in places):
        return "its fields have names instead of numbers"
    return ""


def _needs(button: Json) -> bool:
    return name(button, "type").upper() in {"COPY_CODE", "OTP", "FLOW", "CATALOG", "MPM", "SPM"}
