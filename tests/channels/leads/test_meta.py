"""Leads of Meta's forms: fetched before they are acknowledged, listed besides, each kept once whichever way it came."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import pytest
from aiohttp import web

from channels.leads.meta import MetaLeads
from crm.base.errors import Busy, Misconfigured
from crm.base.events import LeadForm, Source, Unknown
from sandbox.leads.forms import Filled, Posted, lead_number, leadgen
from sandbox.leads.graph import LeadGraph
from sandbox.leads.hooks import LeadHooks
from tests.channels.leads.stand import ANI, NOW, Stand, source, standing
from tests.doors import Inbox, served

NEW, OLD, APP = "new-secret-of-the-app", "old-secret-of-the-app", "123456789012345"


@dataclass(slots=True)
class Page:
    """A pretended page with a form, and the door that hears of its leads."""

    graph: LeadGraph
    hooks: LeadHooks
    stand: Stand

    @property
    def channel(self) -> MetaLeads:
        assert isinstance(self.stand.channel, MetaLeads)
        return self.stand.channel

    async def tell(self, *leads: Filled, page: str = "", secret: str = NEW) -> int:
        """Meta names leads; what the door said."""
        entries = [leadgen(lead, page or self.graph.page, self.graph.form) for lead in leads]
        return (await self.stand.post(signed({"object": "page", "entry": entries}, secret)))[0]

    async def fill(self, *leads: Filled) -> int:
        """People fill in the form, and Meta names what they sent."""
        for lead in leads:
            self.graph.add(lead)
        return await self.tell(*leads)


def signed(told: object, secret: str) -> Posted:
    body = json.dumps(told).encode()
    mark = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Posted({"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={mark}"}, body)


@asynccontextmanager
async def page(inbox: Inbox | None = None, **more: object) -> AsyncIterator[Page]:
    """The page, its door, and an empty inbox."""
    async with AsyncExitStack() as stack:
        graph = LeadGraph(lambda: NOW / 1000)
        hooks, app = LeadHooks(graph.token, APP, NEW), web.Application()
        hooks.mount(app)
        graph.mount(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        api = f"http://127.0.0.1:{runner.addresses[0][1]}/leadgraph"
        table = {"page": graph.page, "token": graph.token, "app_secrets": [NEW, OLD], "api_base": api, "first_wait": 0.01, **more}
        yield Page(graph, hooks, await stack.enter_async_context(standing(source("metaleads", table), inbox)))


async def test_a_lead_is_whole_before_it_is_acknowledged_and_again_is_one() -> None:
    async with page() as ours:
        assert await ours.fill(ANI) == 200
        assert await ours.tell(ANI, secret=OLD) == 200
    lead = ours.stand.lead
    assert (lead.name, lead.phone, lead.email) == (ANI.name, ANI.phone, ANI.email)
    assert lead.text == f"what do you need?: {ANI.message}"
    assert lead.source == Source(utm_source="instagram", utm_medium="lead form", utm_campaign="Autumn", utm_content="Oak shelves", page="form=777000111")
    assert ours.graph.asked == [f"{lead_number(ANI)}/"]


async def test_each_lead_of_a_batch_is_an_event_of_its_own() -> None:
    leads = [Filled(number, message=f"shelf {number}") for number in range(1, 12)]
    async with page() as ours:
        assert await ours.fill(*leads, leads[0]) == 200
    assert sorted(raw.key for raw in ours.stand.inbox.events) == sorted(f"lead:{lead_number(lead)}" for lead in leads)


async def test_the_handshake_knows_our_words_and_no_others() -> None:
    async with page(verify_token="a-word-of-mine") as ours:
        for word, status in ((ours.channel.words[1], 200), ("a-word-of-mine", 200), ("guessed", 403), ("", 403)):
            asked = {"hub.mode": "subscribe", "hub.verify_token": word, "hub.challenge": "1158201444"}
            async with ours.stand.http.get(ours.stand.url, params=asked) as answer:
                assert answer.status == status
                assert status != 200 or await answer.text() == "1158201444"


async def test_without_the_apps_secret_nothing_is_fetched_or_kept() -> None:
    async with page() as ours:
        ours.graph.add(ANI)
        assert await ours.tell(ANI, secret="guessed") == 401
        told = signed({"entry": []}, NEW)
        assert (await ours.stand.post(Posted(told.headers, told.body + b" ")))[0] == 401
        assert (await ours.stand.post(told, **{"X-Hub-Signature-256": "sha256="}))[0] == 401
    assert ours.stand.inbox.events == []
    assert ours.graph.asked == []


@pytest.mark.parametrize("kind", ["garbage", "drop", "drop_after", "hang", "error"])
async def test_what_cannot_be_fetched_is_not_acknowledged_and_comes_again(kind: str) -> None:
    async with page(fetch_seconds=0.5 if kind == "hang" else 8.0) as ours:
        ours.graph.faults.add({"kind": kind, "seconds": 30.0, "left": 2, "code": 4})
        assert await ours.fill(ANI) == 503
        assert ours.stand.inbox.events == []
        assert not (await ours.channel.health()).ok
        ours.graph.faults.clear()
        async with asyncio.timeout(30):
            while await ours.tell(ANI) != 200:
                pass
        assert (await ours.channel.health()).ok
    assert ours.stand.lead.name == ANI.name


async def test_a_batch_that_came_in_part_goes_on_where_it_stopped() -> None:
    leads = [Filled(number) for number in (1, 2, 3)]
    async with page() as ours:
        for lead in leads[:2]:
            ours.graph.add(lead)
        assert await ours.tell(*leads) == 503
        assert len(ours.stand.inbox.events) == 2
        ours.graph.asked.clear()
        ours.graph.add(leads[2])
        assert await ours.tell(*leads) == 200
        assert ours.graph.asked == [f"{lead_number(leads[2])}/"]
    assert len(ours.stand.inbox.events) == 3


async def test_what_the_store_did_not_take_is_fetched_again() -> None:
    async with page(Inbox(Busy("full"))) as ours:
        assert await ours.fill(ANI) == 503
        assert await ours.tell(ANI) == 200
    assert len(ours.stand.inbox.events) == 1


async def test_a_lead_of_another_page_as_the_test_button_sends_it_is_counted() -> None:
    async with page() as ours:
        assert await ours.tell(Filled(444), page="444444444444") == 200
        assert (await ours.channel.health()).facts["of other pages"] == "1"
    assert ours.stand.inbox.events == []
    assert ours.graph.asked == []


async def test_a_token_that_may_not_see_advertisements_still_brings_leads() -> None:
    async with page() as ours:
        ours.graph.ads = False
        assert await ours.fill(ANI) == 200
        await ours.channel.look(ours.stand.inbox)
    assert (ours.stand.lead.name, ours.stand.lead.source.utm_campaign) == (ANI.name, "")


async def test_a_wrong_token_is_told_in_words_and_nothing_is_acknowledged() -> None:
    async with page(token="EAAWRONG") as ours:
        assert await ours.fill(ANI) == 503
        told = await ours.channel.health()
    assert not told.ok
    assert "does not let this token read leads" in told.words


async def test_what_the_testing_tool_makes_up_is_kept_and_is_nobody() -> None:
    async with page() as ours:
        assert await ours.fill(Filled(5, name="<test lead: dummy data for full_name>")) == 200
    assert ours.stand.events == [Unknown("test lead", at=NOW)]


@pytest.mark.parametrize("told", [{}, {"entry": 5}, {"entry": [{"changes": [{"field": "feed", "value": {}}, {"field": "leadgen"}]}]}])
async def test_what_names_no_lead_is_acknowledged(told: object) -> None:
    async with page() as ours:
        assert (await ours.stand.post(signed(told, NEW)))[0] == 200
    assert ours.stand.inbox.events == []


async def test_a_signed_body_that_nobody_can_read_is_kept_whole() -> None:
    body = b"{]"
    mark = hmac.new(NEW.encode(), body, hashlib.sha256).hexdigest()
    async with page() as ours:
        assert (await ours.stand.post(Posted({"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={mark}"}, body)))[0] == 200
    assert ours.stand.events == [Unknown("unreadable", at=NOW)]


# The list.


async def test_what_never_came_through_the_door_is_found_in_the_list_and_kept_once() -> None:
    leads = [Filled(number) for number in range(1, 61)]
    async with page() as ours:
        assert await ours.fill(leads[0]) == 200
        for lead in leads[1:]:
            ours.graph.add(lead)
        assert await ours.channel.look(ours.stand.inbox) == 300.0
        assert await ours.channel.look(ours.stand.inbox) == 300.0
        assert await ours.tell(*leads) == 200
        assert (await ours.channel.health()).facts["listed"] == "59"
    assert sorted(raw.key for raw in ours.stand.inbox.events) == sorted(f"lead:{lead_number(lead)}" for lead in leads)
    assert ours.stand.inbox.offset == NOW // 1000


async def test_a_list_after_a_restart_goes_back_a_little_and_keeps_nothing_twice() -> None:
    inbox = Inbox()
    for _ in range(2):
        async with page(inbox) as ours:
            ours.graph.add(ANI)
            await ours.channel.look(inbox)
    assert len(inbox.events) == 1


async def test_a_list_that_broke_off_is_taken_from_its_beginning_and_waits_longer_each_time() -> None:
    async with page(first_wait=8.0) as ours:
        for number in range(1, 41):
            ours.graph.add(Filled(number))
        ours.graph.faults.add({"kind": "garbage", "path": "leads", "left": 2})
        waits = [await ours.channel.look(ours.stand.inbox) for _ in range(2)]
        assert 4.0 <= waits[0] <= 8.0 <= waits[1] <= 16.0
        assert ours.stand.inbox.offset == 0
        assert await ours.channel.look(ours.stand.inbox) == 300.0
    assert len(ours.stand.inbox.events) == 40


async def test_meta_may_ask_the_list_to_wait() -> None:
    async with page() as ours:
        ours.graph.faults.add({"kind": "error", "code": 4, "after": 77})
        assert await ours.channel.look(ours.stand.inbox) == 77.0
        assert not (await ours.channel.health()).ok


async def test_a_full_house_lets_the_list_come_again() -> None:
    async with page(Inbox(Busy("full"))) as ours:
        ours.graph.add(ANI)
        assert await ours.channel.look(ours.stand.inbox) < 1.0
        assert await ours.channel.look(ours.stand.inbox) == 300.0
    assert len(ours.stand.inbox.events) == 1


async def test_listening_lists_until_it_is_told_to_stop() -> None:
    async with page(forms=["777000111"]) as ours:
        ours.graph.add(ANI)
        task = asyncio.create_task(ours.channel.listen(ours.stand.inbox))
        await ours.stand.inbox.until(1)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert "102290129340398/leadgen_forms" not in ours.graph.asked


def test_a_box_for_offers_has_its_name_from_meta_and_its_words_from_the_firm() -> None:
    lead = json.dumps({"id": "1", "field_data": [{"name": "email", "values": ["a@b.example"]}], "custom_disclaimer_responses": BOXES}).encode()
    for options, agreed in (
        ({"offers": "news", "offers_text": "News once a month"}, True),
        ({"offers": "news"}, False),
        ({}, False),
        ({"offers": "terms"}, False),
    ):
        channel = source("metaleads", {"page": "1", "token": "EAAX", "app_secrets": [NEW], **options})
        [event] = channel.parse(channel.kept_as("1", lead, NOW))
        assert isinstance(event, LeadForm)
        assert (event.offers, event.text) == (agreed, "")


BOXES = [{"checkbox_key": "news", "is_checked": "1"}, {"checkbox_key": "terms", "is_checked": ""}]


@pytest.mark.parametrize(
    "wrong", [{"page": "my page"}, {"app": "x"}, {"forms": ["x"]}, {"token": ""}, {"app_secrets": []}, {"api_base": "http://graph.example"}]
)
def test_what_cannot_work_is_refused_at_the_start(wrong: dict[str, object]) -> None:
    with pytest.raises(Misconfigured):
        source("metaleads", {"page": "1", "token": "EAAX", "app_secrets": [NEW], **wrong})


async def test_an_app_of_its_own_gets_its_webhook_set_and_brings_leads_there() -> None:
    async with AsyncExitStack() as stack:
        told: list[MetaLeads] = []

        async def lead_on(request: web.Request) -> web.StreamResponse:
            handlers = {route.method: route.handler for route in told[0].routes(inbox) if isinstance(route, web.RouteDef) and route.path == request.path}
            return await handlers[request.method](request)

        inbox = Inbox()
        public = await stack.enter_async_context(served(lambda _: [web.route("*", "/in/{path:.+}", lead_on)]))
        ours = await stack.enter_async_context(page(inbox, app=APP, public_url=public))
        told.append(ours.channel)
        ours.graph.add(ANI)
        ours.hooks.courier.add(leadgen(ANI, ours.graph.page, ours.graph.form))
        task = asyncio.create_task(ours.channel.listen(inbox))
        async with asyncio.timeout(30):
            await ours.hooks.courier.idle()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert (ours.hooks.fields, ours.hooks.page_fields) == ({"leadgen"}, {"leadgen"})
    assert ours.hooks.hook.startswith(f"{public}/in/metaleads/")
    assert len(inbox.events) == 1


async def test_the_door_keeps_to_what_all_doors_keep() -> None:
    told = signed({"entry": [leadgen(ANI, "102290129340398", "777000111")]}, NEW)
    async with page() as ours:
        large = Posted(told.headers, b"[" + b" " * (5 * 1024 * 1024) + b"]")
        assert (await ours.stand.post(large))[0] == 413
        assert (await ours.stand.post(told, **{"Content-Type": "text/plain"}))[0] == 415
        for guess in ("/in/metaleads", "/in/metaleads/", ours.stand.url[:-1] + "!"):
            async with ours.stand.http.post(guess if "://" in guess else ours.stand.url.partition("/in/")[0] + guess, data=told.body) as answer:
                assert answer.status == 404
    assert ours.stand.inbox.events == []
