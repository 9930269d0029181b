"""Leads of VK's forms: the first look, the word in each body, other events, and one person who fills in two forms."""

import json

import pytest

from channels.leadfields import Naming, vk_lead
from crm.base.errors import Misconfigured
from crm.base.events import LeadForm, Source
from sandbox.leads.forms import Filled, Posted, confirmation, vk
from tests.channels.leads.stand import ANI, NEW, NOW, OLD, source, standing

GROUP = 123456
TABLE: dict[str, object] = {"group": GROUP, "confirmation": "0f4b1c6a", "secrets": [NEW, OLD]}


async def test_the_first_look_is_answered_with_the_words_that_vk_wants() -> None:
    async with standing(source("vkleads", TABLE)) as stand:
        assert await stand.post(confirmation(GROUP, NEW)) == (200, "0f4b1c6a")
        assert (await stand.post(confirmation(7, NEW)))[0] == 403


async def test_a_lead_comes_under_either_word_is_answered_ok_and_again_is_one() -> None:
    async with standing(source("vkleads", TABLE)) as stand:
        assert await stand.post(vk(ANI, GROUP, NEW)) == (200, "ok")
        assert await stand.post(vk(ANI, GROUP, OLD)) == (200, "ok")
    assert NEW.encode() not in stand.inbox.events[0].body
    assert (stand.lead.name, stand.lead.phone, stand.lead.email) == (ANI.name, ANI.phone, ANI.email)
    assert stand.lead.text == f"Что вам нужно?: {ANI.message}"
    assert stand.lead.source == Source(utm_source="vk", utm_medium="lead form", utm_campaign="Shelves", utm_content="98765")


@pytest.mark.parametrize(("group", "secret"), [(GROUP, "wrong"), (GROUP, ""), (7, NEW)])
async def test_a_wrong_word_or_another_community_is_turned_away(group: int, secret: str) -> None:
    async with standing(source("vkleads", TABLE)) as stand:
        assert (await stand.post(vk(ANI, group, secret)))[0] == 403
    assert stand.inbox.events == []


async def test_other_events_are_answered_ok_and_passed_over() -> None:
    async with standing(source("vkleads", TABLE)) as stand:
        for told in ({"type": "message_new", "object": {"message": {"text": "hi"}}}, {"type": "lead_forms_new", "object": []}, {"type": 5}):
            body = json.dumps({"group_id": GROUP, "secret": NEW, **told}).encode()
            assert await stand.post(Posted({"Content-Type": "application/json"}, body)) == (200, "ok")
        assert (await stand.channel.health()).facts == {"passed over": "3"}
    assert stand.inbox.events == []


async def test_two_forms_of_one_person_are_two_leads_of_one_address() -> None:
    async with standing(source("vkleads", TABLE)) as stand:
        for number in (1, 2):
            body = json.loads(vk(Filled(number, message=f"shelf {number}"), GROUP, NEW).body)
            body["object"]["user_id"] = 55
            await stand.post(Posted({"Content-Type": "application/json"}, json.dumps(body).encode()))
    assert [(raw.key, raw.lane) for raw in stand.inbox.events] == [("lead:3-1", "vkleads:55"), ("lead:3-2", "vkleads:55")]
    assert {event.sender.external_id for event in stand.events if event.sender} == {"55"}


def test_the_reader_is_the_same_for_whoever_hears_of_the_form() -> None:
    event = json.loads(vk(ANI, GROUP, NEW).body)
    assert isinstance(vk_lead(event, Naming(), NOW), LeadForm)
    assert vk_lead({**event, "type": "message_new"}, Naming(), NOW) is None
    assert vk_lead({**event, "object": {}}, Naming(), NOW) is None
    unnamed = vk_lead({**event, "object": {**event["object"], "user_id": 0}}, Naming(), NOW)
    assert unnamed
    assert (unnamed.sender.external_id, unnamed.phone) == ("lead:3-1", ANI.phone)


@pytest.mark.parametrize("wrong", [{"group": 0}, {"confirmation": ""}, {"secrets": []}, {"secrets": ["short"]}])
def test_what_cannot_work_is_refused_at_the_start(wrong: dict[str, object]) -> None:
    with pytest.raises(Misconfigured):
        source("vkleads", {**TABLE, **wrong})
