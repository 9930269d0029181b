"""The pretended Graph refuses what Meta refuses, so that a channel that passes here has asked rightly."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession, web

from sandbox.leads.graph import LeadGraph
from tests.channels.leads.stand import ANI, NOW
from tests.doors import served


@pytest_asyncio.fixture
async def graph() -> AsyncIterator[tuple[LeadGraph, str, str]]:
    """A page with one lead, where its Graph is, and the lead's number."""
    made = LeadGraph(lambda: NOW / 1000)
    number = made.add(ANI)
    async with served(lambda _: [web.get("/leadgraph/{rest:.+}", made.answer)]) as url:
        yield made, f"{url}/leadgraph/v25.0", number


async def ask(url: str, token: str = "EAALEADS", **asked: str) -> tuple[int, Any]:
    async with ClientSession() as http, http.get(url, params=asked, headers={"Authorization": f"Bearer {token}"}) as answer:
        return answer.status, await answer.json()


async def test_only_the_pages_token_reads_and_only_fields_that_exist(graph: tuple[LeadGraph, str, str]) -> None:
    _, url, number = graph
    assert (await ask(f"{url}/{number}", "EAAWRONG", fields="id"))[1]["error"]["code"] == 190
    assert (await ask(f"{url}/{number}", fields="id,phone"))[1]["error"]["code"] == 100
    assert (await ask(f"{url}/{number}", fields="id,created_time")) == (200, {"id": number, "created_time": "2025-11-25T12:00:00+0000"})
    assert (await ask(f"{url}/4444", fields="id"))[1]["error"]["error_subcode"] == 33


async def test_advertisements_are_for_those_who_may_see_them(graph: tuple[LeadGraph, str, str]) -> None:
    world, url, number = graph
    world.ads = False
    assert (await ask(f"{url}/{number}", fields="id,ad_name"))[1]["error"]["code"] == 200


async def test_a_list_goes_by_its_filter_and_by_pages(graph: tuple[LeadGraph, str, str]) -> None:
    world, url, number = graph
    place = f"{url}/{world.form}/leads"
    for since, found in ((NOW // 1000 - 1, [{"id": number}]), (NOW // 1000, [])):
        newer = json.dumps([{"field": "time_created", "operator": "GREATER_THAN", "value": since}])
        assert (await ask(place, fields="id", filtering=newer))[1] == {"data": found}
    assert (await ask(place, fields="id", filtering="yesterday"))[0] == 400
    assert (await ask(place, fields="id", since="yesterday"))[0] == 400


@pytest.mark.parametrize("path", ["777000111", "1/leads", "me"])
async def test_there_is_nothing_else(graph: tuple[LeadGraph, str, str], path: str) -> None:
    assert (await ask(f"{graph[1]}/{path}"))[0] == 400
