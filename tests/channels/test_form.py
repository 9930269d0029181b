"""The site form: three encodings, many names for a field, one event for a double click, nothing typed is lost."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer

from channels.form import Form, FormOptions
from crm.base.events import LeadForm, RawEvent, Unknown
from crm.base.outbound import Reason, Say, Undeliverable, Window
from tests.channels.web_stand import NOON, Shop

FIXTURES = Path(__file__).parent / "fixtures" / "form"
SUBMISSION = "a1b2c3d4e5f6a7b8"
WRITTEN = {"name": "Անի", "phone": "+374 77 123456", "text": "Ten kilos?", "submission": SUBMISSION}


def _shown(state: str, status: int, fields: Mapping[str, str]) -> web.Response:
    return web.json_response({"state": state, "fields": dict(fields)}, status=status)


@dataclass
class Stand:
    shop: Shop
    form: Form
    client: TestClient[web.Request, web.Application]

    async def post(self, fields: Mapping[str, str], **more: Any) -> tuple[int, dict[str, Any]]:
        answer = await self.client.post("/in/form", data=fields, **more)
        return answer.status, await answer.json()

    def leads(self) -> list[LeadForm]:
        events = [self.form.parse(raw)[0] for raw in self.shop.kept]
        return [event for event in events if isinstance(event, LeadForm)]


@asynccontextmanager
async def standing(**options: Any) -> AsyncIterator[Stand]:
    shop = Shop()
    form = Form(FormOptions(**options), _shown, shop.clock)
    app = web.Application()
    app.add_routes(form.routes(shop.keep))
    async with TestClient(TestServer(app)) as client:
        yield Stand(shop, form, client)


async def test_a_form_becomes_a_lead_with_its_source() -> None:
    async with standing() as stand:
        more = {"utm_source": "insta", "referrer": "https://insta.example/", "page": "https://shop.example/", "language": "hy"}
        assert (await stand.post(WRITTEN | more))[0] == 200
        (lead,) = stand.leads()
        assert (lead.name, lead.phone, lead.text, lead.at) == ("Անի", "+374 77 123456", "Ten kilos?", NOON)
        assert (lead.source.utm_source, lead.source.referrer, lead.sender.language) == ("insta", "https://insta.example/", "hy")


async def test_a_double_click_is_one_event() -> None:
    async with standing() as stand:
        await stand.post(WRITTEN)
        await stand.post(WRITTEN)
        assert len(stand.shop.kept) == 1


async def test_a_double_click_on_a_form_without_a_submission_id_is_one_event() -> None:
    async with standing() as stand:
        await stand.post({"phone": "1", "text": "x"})
        await stand.post({"phone": "1", "text": "x"})
        assert len(stand.shop.kept) == 1


async def test_other_words_from_the_same_page_are_another_event() -> None:
    async with standing() as stand:
        await stand.post(WRITTEN)
        await stand.post(WRITTEN | {"text": "No, twenty."})
        assert [lead.text for lead in stand.leads()] == ["Ten kilos?", "No, twenty."]


async def test_a_claimed_phone_never_joins_two_people() -> None:
    async with standing() as stand:
        for name, submission in (("Ani", SUBMISSION), ("Narek", SUBMISSION[::-1])):
            await stand.post({"name": name, "phone": "+37477123456", "submission": submission})
        one, two = stand.leads()
        assert one.sender.external_id != two.sender.external_id
        assert len({raw.lane for raw in stand.shop.kept}) == 2


@pytest.mark.parametrize(
    ("field", "name"),
    [("phone", "tel"), ("phone", "Your-Phone"), ("phone", "телефон"), ("email", "E-mail"), ("text", "comment"), ("text", "መልእክት"), ("name", "ФИО")],
)
async def test_a_field_is_known_by_many_names(field: str, name: str) -> None:
    async with standing() as stand:
        await stand.post({name: "value", "phone": "1"} if field == "name" else {name: "value"})
        assert getattr(stand.leads()[0], field) == "value"


async def test_first_and_last_name_make_a_name_and_odd_fields_are_not_lost() -> None:
    async with standing() as stand:
        await stand.post({"first_name": "Ani", "last_name": "Sargsyan", "text": "Hello", "size": "XL"})
        (lead,) = stand.leads()
        assert (lead.name, lead.text) == ("Ani Sargsyan", "Hello\nsize: XL")


@pytest.mark.parametrize(("ticked", "offers", "shown"), [({}, False, ""), ({"offers": "yes"}, True, "News, please")])
async def test_the_offers_box_counts_only_when_ticked(ticked: dict[str, str], offers: bool, shown: str) -> None:
    async with standing() as stand:
        await stand.post(WRITTEN | ticked | {"offers_text": "News, please"})
        (lead,) = stand.leads()
        assert (lead.offers, lead.offers_text) == (offers, shown)


async def test_the_same_form_as_parts_and_as_json() -> None:
    async with standing() as stand:
        parts = FormData({"phone": "+37477123456", "text": "Բարև"}, default_to_multipart=True)
        parts.add_field("file", b"\x00\x01", filename="x.bin")
        assert (await stand.client.post("/in/form", data=parts)).status == 200
        answer = await stand.client.post("/in/form", json={"phone": 37477123456, "text": "Hello", "offers": True})
        assert await answer.json() == {"ok": True, "state": "thanks"}
        assert [(lead.phone, lead.text) for lead in stand.leads()] == [("+37477123456", "Բարև"), ("37477123456", "Hello")]


async def test_the_language_is_taken_from_the_browser_when_the_form_has_none() -> None:
    async with standing() as stand:
        await stand.post({"phone": "1"}, headers={"Accept-Language": "ka,en;q=0.5"})
        assert stand.leads()[0].sender.language == "ka"


async def test_a_form_without_a_way_to_answer_is_given_back_with_what_was_typed() -> None:
    async with standing() as stand:
        status, shown = await stand.post({"name": "<b>Ani</b>", "phone": "  "})
        assert (status, shown["state"], shown["fields"]["name"]) == (400, "empty", "<b>Ani</b>")
        assert stand.shop.kept == []


async def test_a_robot_that_fills_the_trap_is_thanked_and_counted() -> None:
    async with standing() as stand:
        status, shown = await stand.post(WRITTEN | {"homepage": "https://spam.example"})
        assert (status, shown["state"]) == (200, "thanks")
        assert stand.shop.kept == []
        assert (await stand.form.health()).facts == {"trapped": "1"}


async def test_a_site_builders_probe_is_answered_and_not_kept() -> None:
    async with standing() as stand:
        assert (await stand.post({"test": "test"}))[0] == 200
        assert stand.shop.kept == []


async def test_too_many_from_one_address_wait_and_keep_what_they_typed() -> None:
    async with standing(posts=2, posts_seconds=60.0) as stand:
        statuses = [(await stand.post(WRITTEN | {"text": str(n)}))[0] for n in range(3)]
        answer = await stand.client.post("/in/form", data=WRITTEN)
        assert (statuses, answer.status, answer.headers["Retry-After"]) == ([200, 200, 429], 429, "30")
        assert (await answer.json())["fields"]["text"] == "Ten kilos?"
        stand.shop.now += 60_000
        assert (await stand.post(WRITTEN))[0] == 200


async def test_when_nothing_can_be_kept_the_visitor_is_told_to_come_back() -> None:
    async with standing() as stand:
        stand.shop.busy = True
        assert (await stand.post(WRITTEN))[0] == 503


async def test_json_from_a_foreign_page_is_refused_and_from_a_listed_one_taken() -> None:
    async with standing(origins=("https://shop.example",)) as stand:
        listed, foreign = {"Origin": "https://shop.example"}, {"Origin": "https://evil.example"}
        assert (await stand.client.post("/in/form", json=WRITTEN, headers=foreign)).status == 403
        taken = await stand.client.post("/in/form", json=WRITTEN, headers=listed)
        assert (taken.status, taken.headers["Access-Control-Allow-Origin"]) == (200, "https://shop.example")
        assert (await stand.client.options("/in/form", headers=foreign)).status == 403


HOSTILE = [
    (b"[" * 60_000, "application/json", 400),
    (b'{"phone":"1","phone":"2"}', "application/json", 400),
    (b'{"phone":{"$ne":1}}', "application/json", 400),
    (b'{"phone":NaN}', "application/json", 400),
    (b'{"phone":' + b"9" * 5000 + b"}", "application/json", 400),
    (b"\xff\xfe{", "application/json", 400),
    (b"&" * 5000 + b"a=1&" * 100, "application/x-www-form-urlencoded", 400),
    (b"%ff=%fe&%00=%00", "application/x-www-form-urlencoded", 400),
    (b"x" * 70_000, "application/x-www-form-urlencoded", 413),
    (b"phone=1", "text/plain", 415),
    (b"", "multipart/form-data", 400),
    (b"--x\r\n\r\n\r\n--x--", "multipart/form-data; boundary=x", 400),
    (b"--x\r\nContent-Disposition: form-data; name*=utf-8''%ff\r\n\r\n1\r\n" * 900, "multipart/form-data; boundary=x", 400),
    (b"--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" * 1000, "multipart/form-data; boundary=x", 400),
    (b"", "application/x-www-form-urlencoded; charset=nonsense", 400),
]


@pytest.mark.parametrize(("body", "kind", "status"), HOSTILE)
async def test_hostile_bodies_are_refused_in_words(body: bytes, kind: str, status: int) -> None:
    async with standing() as stand:
        answer = await stand.client.post("/in/form", data=body, headers={"Content-Type": kind})
        assert answer.status == status
        assert stand.shop.kept == []


@pytest.mark.parametrize(
    "text",
    ["\u202egnp.exe", "\u200b" * 50, "a" + "\u0301" * 1000, "{{7*7}}", "<script>alert(1)</script>", "\U0001f469\u200d\U0001f52c" * 900, "\n" * 5000 + "x"],
)
async def test_odd_text_is_kept_as_it_came(text: str) -> None:
    async with standing() as stand:
        await stand.post({"phone": "1", "text": text})
        assert stand.leads()[0].text == text.strip()


async def test_a_browsers_line_ends_become_plain_ones() -> None:
    async with standing() as stand:
        await stand.post({"text": "one\r\ntwo"})
        assert stand.leads()[0].text == "one\ntwo"


async def test_what_no_engine_stores_alike_is_replaced() -> None:
    async with standing() as stand:
        await stand.client.post("/in/form", data=b'{"phone":"1","text":"a\\u0000b\\udc00"}', headers={"Content-Type": "application/json"})
        assert stand.leads()[0].text == "a\ufffdb\ufffd"


async def test_nothing_can_be_sent_to_a_form() -> None:
    async with standing() as stand:
        with pytest.raises(Undeliverable) as refusal:
            await stand.form.send("f1", Say("hello"), stand.shop.open_media)
        assert refusal.value.reason is Reason.UNSUPPORTED
        assert stand.form.limits(Window(), NOON).text == 0


def test_a_captured_submission_parses_and_broken_bytes_do_not_raise() -> None:
    form = Form(FormOptions(), _shown)
    (lead,) = form.parse(RawEvent("form", "k", "l", (FIXTURES / "lead.json").read_bytes(), NOON))
    assert isinstance(lead, LeadForm)
    assert (lead.email, lead.offers, lead.offers_text) == ("ani@example.am", True, "I would like to hear about offers and news.")
    for body in (b"", b"[]", b'{"id":1}', b'{"id":"x","at":Infinity,"fields":{}}', b'{"id":"x","at":1,"fields":[]}', b"[" * 100_000):
        assert form.parse(RawEvent("form", "k", "l", body, NOON)) == [Unknown("unreadable", at=NOON)]
