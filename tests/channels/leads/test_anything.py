"""Leads from anything that can post: who may bring them, one or many, and what is the same when it comes again."""

import json
from base64 import b64encode
from dataclasses import replace

import pytest

from channels.leads.anything import LISTS, leads_in
from crm.base.errors import Busy, Misconfigured
from crm.base.events import LeadForm, RawEvent, Unknown
from sandbox.leads.forms import Posted, anything
from tests.channels.leads.stand import ANI, NEW, NOW, OLD, read, source, standing
from tests.doors import Inbox

TABLE: dict[str, object] = {"secrets": [NEW, OLD]}
LEAD = {"name": "Ani", "phone": "+37491123456"}


def json_of(value: object, **headers: str) -> Posted:
    return Posted({"Content-Type": "application/json", "Authorization": f"Bearer {NEW}", **headers}, json.dumps(value).encode())


@pytest.mark.parametrize("secret", [NEW, OLD])
async def test_a_lead_is_proven_by_a_signature_a_bearer_or_a_password(secret: str) -> None:
    signed = anything(ANI, secret)
    basic = f"Basic {b64encode(f'shop:{secret}'.encode()).decode()}"
    async with standing(source("leads", TABLE)) as stand:
        assert (await stand.post(signed))[0] == 200
        for authorization in (f"Bearer {secret}", basic):
            assert (await stand.post(replace(signed, headers={"Authorization": authorization})))[0] == 200
    assert len(stand.inbox.events) == 1
    assert (stand.lead.name, stand.lead.phone, stand.lead.text) == (ANI.name, ANI.phone, ANI.message)


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}, {"Authorization": "Basic !!"}, {"X-Signature": "00"}],
)
async def test_whoever_does_not_know_the_secret_is_turned_away(headers: dict[str, str]) -> None:
    async with standing(source("leads", TABLE)) as stand:
        assert (await stand.post(Posted(headers, anything(ANI, NEW).body)))[0] == 401
    assert stand.inbox.events == []


async def test_a_wrong_signature_is_not_made_good_by_a_bearer_and_a_firm_may_want_signatures_alone() -> None:
    async with standing(source("leads", TABLE)) as stand:
        assert (await stand.post(json_of(LEAD, **{"X-Signature": "00"})))[0] == 401
    async with standing(source("leads", {**TABLE, "signed": True})) as stand:
        assert (await stand.post(json_of(LEAD)))[0] == 401
        assert (await stand.post(anything(ANI, OLD)))[0] == 200


async def test_where_the_firm_says_so_the_secret_address_is_enough() -> None:
    async with standing(source("leads", {"unproven": True})) as stand:
        assert (await stand.post(Posted({}, json.dumps(LEAD).encode())))[0] == 200
    assert stand.lead.name == "Ani"


@pytest.mark.parametrize("table", [{}, {"secrets": []}, {"secrets": ["short"]}, {"secrets": [NEW], "unproven": True}, {"signed": True, "unproven": True}])
def test_a_door_without_a_lock_is_refused_at_the_start(table: dict[str, object]) -> None:
    with pytest.raises(Misconfigured):
        source("leads", table)


async def test_a_form_may_be_posted_in_any_encoding() -> None:
    urlencoded = Posted({"Content-Type": "application/x-www-form-urlencoded"}, b"name=Ani&phone=%2B37491123456&fields[Wood][value]=Oak")
    boundary = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    parts = boundary % (b"name", b"Ani") + boundary % (b"phone", b"+37491123456") + boundary % (b"Wood", b"Oak") + b"--b--\r\n"
    for what in (urlencoded, Posted({"Content-Type": "multipart/form-data; boundary=b"}, parts)):
        async with standing(source("leads", {"unproven": True})) as stand:
            assert (await stand.post(what))[0] == 200
        assert (stand.lead.name, stand.lead.phone) == ("Ani", "+37491123456")
        assert "Wood: Oak" in stand.lead.text


@pytest.mark.parametrize("list_name", ["", *LISTS])
async def test_each_lead_of_a_list_is_an_event_of_its_own(list_name: str) -> None:
    leads = [{"id": number, **LEAD} for number in range(3)]
    async with standing(source("leads", TABLE)) as stand:
        assert (await stand.post(json_of({list_name: leads} if list_name else leads)))[0] == 200
    assert len(stand.inbox.events) == 3
    assert len({raw.lane for raw in stand.inbox.events}) == 3
    assert all(isinstance(event, LeadForm) for event in stand.events)


async def test_a_list_may_stand_anywhere_when_its_place_is_named() -> None:
    async with standing(source("leads", {**TABLE, "each": "page.0.rows", "id": "meta.key"})) as stand:
        leads = [{"meta": {"key": f"k{number}"}, **LEAD} for number in range(2)]
        assert (await stand.post(json_of({"page": [{"rows": leads}]})))[0] == 200
        assert (await stand.post(json_of({"page": []})))[0] == 400
    assert [raw.key for raw in stand.inbox.events] == ["lead:k0", "lead:k1"]


def test_answers_in_a_list_are_no_leads() -> None:
    answers = [{"key": "name", "value": "Ani"}, {"key": "phone", "value": "+37491123456"}]
    assert leads_in({"data": answers}, "") is None
    assert leads_in({"data": [], "name": "Ani"}, "") is None


async def test_too_many_leads_at_once_are_refused_whole_and_none_is_lost() -> None:
    async with standing(source("leads", TABLE)) as stand:
        assert (await stand.post(json_of([{"id": number} for number in range(501)])))[0] == 413
        assert (await stand.post(json_of([])))[0] == 200
    assert stand.inbox.events == []


async def test_a_lead_that_comes_again_is_one_and_two_forms_may_count_alike() -> None:
    async with standing(source("leads", TABLE)) as stand:
        for lead in ({"lead_id": 5}, {"lead_id": "5"}, {"submission_id": 5}, {"uuid": 5, "form_id": "kitchen"}, {"uuid": 5, "form_id": "hall"}):
            assert (await stand.post(json_of({**LEAD, **lead})))[0] == 200
    assert [raw.key for raw in stand.inbox.events] == ["lead:5", "lead:kitchen:5", "lead:hall:5"]


@pytest.mark.parametrize("name", ["id", "event_id"])
async def test_a_number_that_may_be_the_forms_own_takes_no_lead_for_another(name: str) -> None:
    form, other = {name: 5, **LEAD}, {"name": "Ruben", "phone": "+37455000111"}
    async with standing(source("leads", TABLE)) as stand:
        for lead in (form, {**form, name: "5"}, {**form, **other}, {**form, name: 6}, {**form, "message": "and a table"}, {**form, "form_id": "hall"}):
            assert (await stand.post(json_of(lead)))[0] == 200
        assert [raw.key.rpartition(":")[0] for raw in stand.inbox.events] == ["lead:5", "lead:5", "lead:6", "lead:5", "lead:hall:5"]
        assert [event.name for event in stand.events if isinstance(event, LeadForm)] == ["Ani", "Ruben", "Ani", "Ani", "Ani"]


async def test_a_number_that_may_be_the_forms_own_counts_where_the_lead_has_one_besides() -> None:
    async with standing(source("leads", TABLE)) as stand:
        for lead in ({"submission_id": 1}, {"submission_id": 2}, {"submission_id": 2, "message": "again"}):
            assert (await stand.post(json_of({"id": "contact", **LEAD, **lead})))[0] == 200
    assert [raw.key for raw in stand.inbox.events] == ["lead:1", "lead:2"]


async def test_the_firms_own_word_for_the_number_is_believed() -> None:
    async with standing(source("leads", {**TABLE, "id": "id"})) as stand:
        for message in ("Oak", "Pine"):
            assert (await stand.post(json_of({"id": 5, **LEAD, "message": message})))[0] == 200
    assert [raw.key for raw in stand.inbox.events] == ["lead:5"]


async def test_without_an_id_the_same_words_are_one_lead_on_one_day_and_other_words_another() -> None:
    inbox = Inbox()
    for now in (NOW, NOW + 3_600_000, NOW + 86_400_000):
        async with standing(source("leads", TABLE, now), inbox) as stand:
            await stand.post(json_of(LEAD))
    assert len(inbox.events) == 2
    async with standing(source("leads", TABLE), inbox) as stand:
        await stand.post(json_of({**LEAD, "message": "and a table"}))
    assert len(inbox.events) == 3


@pytest.mark.parametrize("body", [b"", b"[", b"7", b'"name"', b"[1]", b'{"a": 1, "a": 2}', b"\xff\xfe"])
async def test_what_nobody_can_read_is_refused_and_counted(body: bytes) -> None:
    async with standing(source("leads", TABLE)) as stand:
        status, _ = await stand.post(Posted({"Content-Type": "application/json", "Authorization": f"Bearer {NEW}"}, body))
        assert status == 400
        assert (await stand.channel.health()).facts["unreadable"] == "1"
    assert stand.inbox.events == []


async def test_a_look_whether_we_are_there_is_kept_and_is_nobody() -> None:
    async with standing(source("leads", TABLE)) as stand:
        assert (await stand.post(json_of({"event": "ping", "test": True}))) == (200, '{"ok": true}')
    assert stand.events == [Unknown("empty form", at=NOW)]


async def test_what_could_not_be_kept_is_brought_again() -> None:
    async with standing(source("leads", TABLE), Inbox(Busy("full"))) as stand:
        assert (await stand.post(anything(ANI, NEW)))[0] == 503
        assert (await stand.post(anything(ANI, NEW)))[0] == 200
    assert len(stand.inbox.events) == 1


def test_the_makers_own_time_counts_where_it_can_be() -> None:
    channel = source("leads", TABLE)
    for told, at in (("2025-11-25T15:59:00+04:00", NOW - 60_000), ("2025-11-25 15:59:00", NOW - 60_000), ("2099-01-01T00:00:00Z", NOW), ("soon", NOW)):
        event = read(channel, json.dumps({**LEAD, "created_at": told}).encode())
        assert isinstance(event, LeadForm)
        assert event.at == at


def test_reading_depends_on_what_was_kept_alone() -> None:
    channel = source("leads", {**TABLE, "origin": "partner"})
    raw = RawEvent("leads", "lead:9", "leads:lead:9", json.dumps(LEAD).encode(), NOW)
    [event] = channel.parse(raw)
    assert [event] == channel.parse(raw)
    assert isinstance(event, LeadForm)
    assert (event.external_id, event.sender.external_id, event.source.utm_source) == ("lead:9", "lead:9", "partner")
