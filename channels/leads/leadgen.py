"""Lead forms as Meta tells of them: the webhook names a lead and no more, Graph gives it whole; who reads it may have to do without the advertisement."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from json import dumps

from channels.graph import Graph
from channels.leadfields import Answer, Naming, Sheet, answers_in
from channels.payload import Json, part, parts, text, whole
from crm.base.events import LeadForm, Source
from crm.base.outbound import Undeliverable

ALL = "id,created_time,form_id,platform,is_organic,field_data,custom_disclaimer_responses,ad_id,ad_name,adset_id,adset_name,campaign_id,campaign_name"
LEAST = "id,created_time,form_id,field_data"
"""What may be read without leave for the advertisements."""
PLATFORMS = {"fb": "facebook", "ig": "instagram"}
_DUMMY = "<test lead:"
_A_PAGE, _MOST_PAGES = 100, 100


@dataclass(frozen=True, slots=True)
class Named:
    """A lead as the webhook names it."""

    page: str
    lead: str


def named_in(envelope: Json) -> list[Named]:
    """Every lead that an envelope names, each but once."""
    changes = [(entry, change) for entry in parts(envelope, "entry") for change in parts(entry, "changes") if text(change, "field") == "leadgen"]
    found = [Named(number(part(change, "value"), "page_id") or number(entry, "id"), number(part(change, "value"), "leadgen_id")) for entry, change in changes]
    return [one for one in dict.fromkeys(found) if one.lead]


def number(value: Json, key: str) -> str:
    """An id, which Meta writes as text or as a number; "" for anything else."""
    found = text(value, key) or str(whole(value, key) or "")
    return found if found.isascii() and found.isdigit() and len(found) <= 40 else ""


async def lead_at(graph: Graph, lead: str) -> Json:
    """A lead by its number; raises as `Graph.get` does."""
    try:
        return await graph.get(lead, fields=ALL)
    except Undeliverable:
        return await graph.get(lead, fields=LEAST)


async def forms_of(graph: Graph, page: str) -> list[str]:
    """The numbers of a page's forms; raises as `Graph.get` does."""
    return [form async for listed in paged(graph, f"{page}/leadgen_forms", fields="id,status") for one in listed if (form := number(one, "id"))]


async def leads_since(graph: Graph, form: str, since: int) -> AsyncIterator[list[Json]]:
    """The leads of a form that came after an instant (seconds), page by page; raises as `Graph.get` does."""
    newer = dumps([{"field": "time_created", "operator": "GREATER_THAN", "value": since}])
    try:
        async for listed in paged(graph, f"{form}/leads", fields=ALL, filtering=newer):
            yield listed
    except Undeliverable:
        async for listed in paged(graph, f"{form}/leads", fields=LEAST, filtering=newer):
            yield listed


async def paged(graph: Graph, path: str, **asked: str) -> AsyncIterator[list[Json]]:
    """What a list holds, page by page."""
    after: dict[str, str] = {}
    for _ in range(_MOST_PAGES):
        page = await graph.get(path, limit=str(_A_PAGE), **asked, **after)
        yield parts(page, "data")
        paging = part(page, "paging")
        cursor = text(part(paging, "cursors"), "after")
        if not cursor or "next" not in paging:
            return
        after = {"after": cursor}


def is_dummy(lead: Json) -> bool:
    """Whether Meta's own testing tool made it up."""
    return any(one.value.startswith(_DUMMY) for one in answers_in({"answers": lead.get("field_data")}))


def form_of(lead: Json, naming: Naming, key: str, at: int) -> LeadForm | None:
    """A lead as an event; None for one that tells of nobody."""
    sheet = Sheet([*answers_in({"answers": lead.get("field_data")}), *_boxes(lead, naming)], naming)
    if sheet.empty():
        return None
    platform = text(lead, "platform")
    source = Source(
        utm_source=PLATFORMS.get(platform, platform or "meta")[:100],
        utm_medium="lead form",
        utm_campaign=_called(lead, "campaign"),
        utm_content=_called(lead, "ad"),
        page=f"form={number(lead, 'form_id')}",
    )
    return sheet.form(key, key, at, source)


def _called(lead: Json, what: str) -> str:
    return (text(lead, f"{what}_name") or number(lead, f"{what}_id"))[:200]


def _boxes(lead: Json, naming: Naming) -> Sequence[Answer]:
    """The box for offers among the form's own; Meta gives its name and not its words, which the firm has written down."""
    boxes = [(text(one, "checkbox_key"), one.get("is_checked")) for one in parts(lead, "custom_disclaimer_responses")]
    return [Answer((key,), "yes", "") for key, checked in boxes if key and key == naming.offers and checked in (True, 1, "1", "true")]
