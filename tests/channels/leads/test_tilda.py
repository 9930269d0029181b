"""Leads of Tilda's sites: the probe, the key in a header or a field, the number that stays the same, orders, marks in the cookie."""

import json
from dataclasses import replace

import pytest

from channels.leads.tilda import marks_in
from crm.base.events import LeadForm, Source
from sandbox.leads.forms import Filled, Posted, probe, tilda
from tests.channels.leads.stand import ANI, NEW, OLD, read, source, standing

TABLE: dict[str, object] = {"keys": [NEW, OLD]}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("table", [TABLE, {}], ids=["with a key", "without"])
async def test_the_probe_is_answered_and_kept_nowhere(table: dict[str, object]) -> None:
    async with standing(source("tilda", table)) as stand:
        assert await stand.post(probe()) == (200, "ok")
        assert (await stand.channel.health()).facts == {"probed": "1"}
    assert stand.inbox.events == []


async def test_a_form_comes_under_either_key_and_again_is_one() -> None:
    async with standing(source("tilda", TABLE)) as stand:
        assert await stand.post(tilda(ANI, NEW)) == (200, "ok")
        assert await stand.post(tilda(ANI, OLD)) == (200, "ok")
        in_a_field = Posted(FORM, tilda(ANI, "").body + f"&api_key={OLD}".encode())
        assert await stand.post(in_a_field) == (200, "ok")
    assert (stand.lead.name, stand.lead.phone, stand.lead.text) == (ANI.name, ANI.phone, ANI.message)
    assert stand.lead.source == Source(payload="Contact", utm_source="google", utm_medium="cpc")


async def test_the_key_and_the_visitors_cookies_are_nowhere_in_what_is_kept() -> None:
    async with standing(source("tilda", TABLE)) as stand:
        await stand.post(Posted(FORM, tilda(ANI, "").body + f"&api_key={NEW}".encode()))
    body = stand.inbox.events[0].body
    assert NEW.encode() not in body
    assert b"GA1.2" not in body


@pytest.mark.parametrize("key", ["", "wrong"])
async def test_without_the_key_nobody_comes_in_where_there_is_one(key: str) -> None:
    async with standing(source("tilda", TABLE)) as stand:
        assert (await stand.post(tilda(ANI, key)))[0] == 401
        assert (await stand.post(Posted(FORM, b"test=test&Name=Ani")))[0] == 401
    assert stand.inbox.events == []


async def test_without_a_key_the_secret_address_is_enough() -> None:
    async with standing(source("tilda", {})) as stand:
        assert (await stand.post(tilda(ANI, "")))[0] == 200
    assert stand.lead.name == ANI.name


async def test_json_does_as_well_and_an_order_stands_among_the_words() -> None:
    order = {"orderid": "1520", "products": [{"name": "Shelf", "quantity": 2}], "amount": "240"}
    told = {"Name": "Ani", "Phone": "+37491123456", "tranid": "1:2", "formid": "f1", "payment": order}
    async with standing(source("tilda", {})) as stand:
        assert (await stand.post(Posted({"Content-Type": "application/json"}, json.dumps(told).encode())))[0] == 200
    assert stand.lead.text.split("\n") == ["payment orderid: 1520", "payment products name: Shelf", "payment products quantity: 2", "payment amount: 240"]


async def test_two_forms_are_two_leads() -> None:
    async with standing(source("tilda", {})) as stand:
        for number in (1, 2):
            await stand.post(tilda(Filled(number), ""))
    assert [raw.key for raw in stand.inbox.events] == ["lead:1234567:00000001", "lead:1234567:00000002"]


async def test_what_is_no_form_is_refused() -> None:
    async with standing(source("tilda", {})) as stand:
        assert (await stand.post(Posted({"Content-Type": "application/json"}, b"[]")))[0] == 400
        assert (await stand.post(replace(probe(), body=b"\xff" * 10, headers={"Content-Type": "application/json"})))[0] == 400


def test_a_box_is_a_consent_with_the_words_the_firm_has_written_down() -> None:
    lead = json.dumps({"Name": "Ani", "Email": "ani@mail.example", "Checkbox": "yes"}).encode()
    event = read(source("tilda", {"offers": "Checkbox", "offers_text": "News once a month"}), lead)
    assert isinstance(event, LeadForm)
    assert (event.offers, event.offers_text, event.text) == (True, "News once a month", "")


def test_marks_are_read_from_the_cookie_and_from_nothing_else() -> None:
    assert marks_in("a=b; TILDAUTM=utm_source%3Dgoogle%7C%7C%7Cutm_campaign%3Doak%2520shelf%7C%7C%7Cother%3D1") == {
        "utm_source": "google",
        "utm_campaign": "oak shelf",
    }
    assert marks_in("") == marks_in("TILDAUTM") == marks_in("TILDAUTM=%%%") == {}
