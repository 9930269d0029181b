"""Leads of Google Ads: the key in the body, the button that tries the address, questions of the form's own, where somebody came from."""

import json

from crm.base.events import LeadForm, Source, Unknown
from sandbox.leads.forms import Posted, google
from tests.channels.leads.stand import ANI, NEW, NOW, OLD, read, source, standing

TABLE: dict[str, object] = {"keys": [NEW, OLD]}


async def test_a_lead_comes_under_either_key_and_again_is_one() -> None:
    async with standing(source("googleads", TABLE)) as stand:
        assert await stand.post(google(ANI, NEW)) == (200, "{}")
        assert await stand.post(google(ANI, OLD)) == (200, "{}")
    assert (stand.lead.name, stand.lead.phone, stand.lead.email) == (ANI.name, ANI.phone, ANI.email)
    assert stand.lead.text == f"What do you need?: {ANI.message}"


async def test_the_key_is_nowhere_in_what_is_kept() -> None:
    async with standing(source("googleads", TABLE)) as stand:
        await stand.post(google(ANI, NEW))
    assert NEW.encode() not in stand.inbox.events[0].body
    assert b"google_key" not in stand.inbox.events[0].body


async def test_a_wrong_key_or_none_is_turned_away() -> None:
    async with standing(source("googleads", TABLE)) as stand:
        for key in ("", "wrong", NEW[:-1], NEW + " x"):
            assert (await stand.post(google(ANI, key)))[0] == 401
        body = {**json.loads(google(ANI, NEW).body), "google_key": [NEW]}
        assert (await stand.post(Posted(google(ANI, NEW).headers, json.dumps(body).encode())))[0] == 401
        assert (await stand.post(Posted({"Content-Type": "application/json"}, b"[]")))[0] == 400
        assert (await stand.channel.health()).facts == {"refused": "5", "unreadable": "1"}
    assert stand.inbox.events == []


async def test_the_button_that_tries_the_address_is_answered_kept_and_is_no_lead() -> None:
    async with standing(source("googleads", TABLE)) as stand:
        assert await stand.post(google(ANI, NEW, test=True)) == (200, "{}")
        assert (await stand.channel.health()).facts == {"tests": "1"}
    assert stand.events == [Unknown("test lead", at=NOW)]


async def test_a_test_under_the_number_of_a_lead_does_not_stand_in_its_way() -> None:
    lead = json.loads(google(ANI, NEW).body)
    async with standing(source("googleads", TABLE)) as stand:
        for is_test in (True, False):
            await stand.post(Posted({"Content-Type": "application/json"}, json.dumps({**lead, "is_test": is_test}).encode()))
    assert [type(event) for event in stand.events] == [Unknown, LeadForm]


async def test_a_campaign_and_a_click_say_where_somebody_came_from() -> None:
    async with standing(source("googleads", TABLE)) as stand:
        await stand.post(google(ANI, NEW))
    assert stand.lead.source == Source(utm_source="google", utm_medium="lead form", utm_campaign="123456", utm_content="30000000000", page="gclid=Cj0K00000001")


def test_questions_without_words_are_shown_by_their_name_and_two_mails_are_both_there() -> None:
    columns = [
        {"column_id": "FIRST_NAME", "string_value": "Ani"},
        {"column_id": "LAST_NAME", "string_value": "Sargsyan"},
        {"column_id": "EMAIL", "string_value": "ani@mail.example"},
        {"column_id": "WORK_EMAIL", "string_value": "ani@work.example"},
        {"column_id": "which_wood_do_you_like", "string_value": "Oak"},
        {"column_id": "CITY"},
    ]
    event = read(source("googleads", TABLE), json.dumps({"lead_id": "1", "user_column_data": columns}).encode())
    assert isinstance(event, LeadForm)
    assert (event.name, event.email) == ("Ani Sargsyan", "ani@mail.example")
    assert event.text == "WORK EMAIL: ani@work.example\nwhich wood do you like: Oak"


def test_a_question_about_offers_is_a_consent_with_the_words_of_the_question() -> None:
    column = {"column_name": "May we write to you about offers?", "column_id": "may_we_write", "string_value": "Yes"}
    lead = json.dumps({"lead_id": "1", "user_column_data": [column, {"column_id": "EMAIL", "string_value": "a@b.example"}]}).encode()
    event = read(source("googleads", {**TABLE, "offers": "may_we_write"}), lead)
    assert isinstance(event, LeadForm)
    assert (event.offers, event.offers_text) == (True, "May we write to you about offers?")
    silent = read(source("googleads", TABLE), lead)
    assert isinstance(silent, LeadForm)
    assert not silent.offers
