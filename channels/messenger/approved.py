"""The utility texts Meta has approved for a page, for the staff to choose from."""

from dataclasses import replace

from channels.graph import Graph
from channels.payload import Json, name, part, parts, text
from channels.whatsapp.approved import Approved, read_template

_FIELDS = "name,language,status,category,parameter_format,components"
_MOST_PAGES, _A_PAGE = 60, 100


async def listed(graph: Graph) -> list[Approved]:
    """Every template of the page, page by page; raises as `Graph.get` does."""
    found: list[Approved] = []
    after: dict[str, str] = {}
    for _ in range(_MOST_PAGES):
        told = await graph.get("me/message_templates", fields=_FIELDS, limit=str(_A_PAGE), **after)
        found += [of_page(one) for one in parts(told, "data") if text(one, "name")]
        cursor = text(part(part(told, "paging"), "cursors"), "after")
        if not cursor or "next" not in part(told, "paging"):
            break
        after = {"after": cursor}
    return found


def of_page(one: Json) -> Approved:
    """A template as the API lists it; its reference shows some with a `body` alone, which Meta itself wrote."""
    written = one if "components" in one else {**one, "components": [{"type": "BODY", "text": text(one, "body")}]}
    read = read_template({"status": "approved", **written})
    if read.status == "approved" and any("{{" in text(button, "payload") for button in _buttons(written)):
        return replace(read, status="unfit", why="a button of it needs a field")
    return read


def _buttons(one: Json) -> list[Json]:
    return [button for component in parts(one, "components") if name(component, "type").upper() == "BUTTONS" for button in parts(component, "buttons")]
