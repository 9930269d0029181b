"""The part of Meta's Graph API that gives lead forms and their leads: by number, by form since an instant, page by page; with the faults in force."""

import asyncio
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from sandbox.leads.forms import Filled, lead_number
from sandbox.meta.errors import Json, No
from sandbox.meta.faults import Fault, Faults

OF_A_LEAD = frozenset({"id", "created_time", "form_id", "platform", "is_organic", "field_data", "custom_disclaimer_responses"})
OF_ITS_AD = frozenset({"ad_id", "ad_name", "adset_id", "adset_name", "campaign_id", "campaign_name"})
_PLACE = re.compile(r"/leadgraph/v\d+\.\d+/(?P<node>[^/]+)(?:/(?P<edge>[^/]+))?")


class LeadGraph:
    """One page, its form and its leads; `ads` = the token may see advertisements too, `a_page` = how many leads a list gives at once."""

    def __init__(self, clock: Callable[[], float], page: str = "102290129340398", form: str = "777000111", token: str = "EAALEADS") -> None:  # noqa: S107
        self.page, self.form, self.token, self._clock = page, form, token, clock
        self.leads: dict[str, Json] = {}
        self.faults, self.ads, self.a_page = Faults(), True, 25
        self.asked: list[str] = []
        self._closing = asyncio.Event()

    def add(self, filled: Filled) -> str:
        """Somebody has filled in the form; answers the lead's number."""
        asked = {"full_name": filled.name, "phone_number": filled.phone, "email": filled.email, "what_do_you_need?": filled.message, **filled.more}
        lead = {
            "id": lead_number(filled),
            "created_time": datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
            "form_id": self.form,
            "platform": "ig",
            "is_organic": False,
            "field_data": [{"name": name, "values": [value]} for name, value in asked.items() if value],
        }
        names = {"ad": "Oak shelves", "adset": "Yerevan", "campaign": "Autumn"}
        ad = {f"{what}_{part}": value for what, name in names.items() for part, value in (("id", "1202"), ("name", name))}
        self.leads[lead_number(filled)] = {**lead, **ad}
        return lead_number(filled)

    def mount(self, app: web.Application) -> None:
        """Add its routes to an application."""
        app.on_shutdown.append(self._close)
        app.router.add_get("/leadgraph/{rest:.+}", self.answer)

    async def _close(self, _app: web.Application) -> None:
        self._closing.set()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        place = _PLACE.fullmatch(request.path)
        if place is None:
            raise web.HTTPNotFound
        self.asked.append(f"{place['node']}/{place['edge'] or ''}")
        try:
            if request.headers.get("Authorization") != f"Bearer {self.token}":
                raise No(190)
            fault = self.faults.take(place["edge"] or place["node"], "")
            body = self._do(request, place["node"], place["edge"] or "") if fault is None or fault.kind == "drop_after" else {}
            return web.json_response(body) if fault is None else await self._misbehave(request, fault)
        except No as no:
            return web.json_response(no.envelope(), status=no.status, headers=no.headers)

    async def _misbehave(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        match fault.kind:
            case "error":
                raise fault.no()
            case "garbage":
                return web.Response(status=502, text="<html>502 Bad Gateway</html>", content_type="text/html")
            case "hang":
                try:
                    async with asyncio.timeout(fault.seconds):
                        await self._closing.wait()
                except TimeoutError:
                    pass
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def _do(self, request: web.Request, node: str, edge: str) -> Json:
        query = dict(request.query)
        match edge:
            case "leadgen_forms" if node == self.page:
                only(query, {"fields", "limit", "after"})
                return {"data": [{"id": self.form, "status": "ACTIVE"}]}
            case "leads" if node == self.form:
                only(query, {"fields", "limit", "after", "filtering"})
                return self._list(query)
            case "" if node in self.leads:
                only(query, {"fields"})
                return self._shown(self.leads[node], query.get("fields", ""))
        raise No(100, "Unsupported get request. Object does not exist, cannot be loaded due to missing permissions", subcode=33)

    def _list(self, query: dict[str, str]) -> Json:
        since = newer_than(query.get("filtering", "[]"))
        found = [lead for lead in reversed(self.leads.values()) if datetime.fromisoformat(lead["created_time"]).timestamp() > since]
        first = int(query.get("after", "0"))
        last = first + min(self.a_page, int(query.get("limit", "25")))
        more = {"paging": {"cursors": {"after": str(last)}, "next": "https://graph.facebook.com/more"}} if last < len(found) else {}
        return {"data": [self._shown(lead, query.get("fields", "")) for lead in found[first:last]], **more}

    def _shown(self, lead: Json, fields: str) -> Json:
        """The fields that were asked for; advertisements are not for everybody."""
        asked = set(fields.split(","))
        if not asked <= OF_A_LEAD | OF_ITS_AD:
            raise No(100, f"Tried accessing nonexisting field ({', '.join(sorted(asked - OF_A_LEAD - OF_ITS_AD))})")
        if asked & OF_ITS_AD and not self.ads:
            raise No(200, "Requires ads_management permission")
        return {name: value for name, value in lead.items() if name in asked | {"id"}}


def only(query: dict[str, str], known: set[str]) -> None:
    """Raise for anything that is no parameter of this call."""
    if not set(query) <= known | {"appsecret_proof"}:
        raise No(100, f"Unexpected parameter {', '.join(sorted(set(query) - known))}")


def newer_than(filtering: str) -> float:
    """The instant that a filter names (seconds)."""
    try:
        rules: Any = json.loads(filtering)
        assert all(rule["field"] == "time_created" and rule["operator"] == "GREATER_THAN" and isinstance(rule["value"], int) for rule in rules)
    except (ValueError, KeyError, TypeError, AssertionError):
        raise No(100, "filtering must be a JSON-encoded list of rules") from None
    return float(max((rule["value"] for rule in rules), default=0))
