"""The pretended Meta is as strict as the real one, so that what passes here passes there."""

from typing import Any

import pytest

from crm.base.events import ContactShared, Delete, Edit, Message, Postback, Reaction, Status, Unknown
from crm.base.outbound import Button, Say
from tests.channels.whatsapp.stand import ANAHIT, NUMBER, TOKEN, Town, town

AROUND = {"messaging_product": "whatsapp", "to": ANAHIT}
FINE = {**AROUND, "type": "text", "text": {"body": "hello"}}


def buttoned(*replies: tuple[str, str], **more: Any) -> dict[str, Any]:
    made = [{"type": "reply", "reply": {"id": id_, "title": title}} for id_, title in replies]
    return {**AROUND, "type": "interactive", "interactive": {"type": "button", "body": {"text": "?"}, "action": {"buttons": made}, **more}}


async def ask(here: Town, body: Any, *, token: str = TOKEN, path: str = f"{NUMBER}/messages") -> tuple[int, int]:
    """The status and Graph's own number of an answer."""
    headers = {"Authorization": f"Bearer {token}"}
    async with here.http.post(f"{here.meta_url}/v26.0/{path}", json=body, headers=headers) as answer:
        told = await answer.json()
    return answer.status, told.get("error", {}).get("code", 0)


WRONG: dict[str, tuple[Any, int]] = {
    "no object": ([], 100),
    "an unknown key": ({**FINE, "parse_mode": "HTML"}, 100),
    "an unknown key inside": ({**FINE, "text": {"body": "x", "html": True}}, 100),
    "no product": ({key: held for key, held in FINE.items() if key != "messaging_product"}, 100),
    "no address": ({key: held for key, held in FINE.items() if key != "to"}, 131008),
    "an id where a number goes": ({**FINE, "to": "AM.1234"}, 131009),
    "an unknown type": ({**FINE, "type": "poll"}, 100),
    "a body of another type": ({**FINE, "type": "image"}, 100),
    "no words": ({**FINE, "text": {"body": ""}}, 131008),
    "blank words": ({**FINE, "text": {"body": " \n"}}, 131009),
    "4097 characters": ({**FINE, "text": {"body": "x" * 4097}}, 131009),
    "a long name of ours": ({**FINE, "biz_opaque_callback_data": "x" * 513}, 131009),
    "four buttons": (buttoned(*((str(n), str(n)) for n in range(4))), 131009),
    "a long label": (buttoned(("a", "x" * 21)), 131009),
    "two labels alike": (buttoned(("a", "Yes"), ("b", "Yes")), 131009),
    "two ids alike": (buttoned(("a", "Yes"), ("a", "No")), 131009),
    "a long body over buttons": (buttoned(("a", "Yes"), body={"text": "x" * 1025}), 131009),
    "a sticker as a header": (buttoned(("a", "Yes"), header={"type": "sticker", "sticker": {"id": "1"}}), 131009),
    "a file nobody has": ({**AROUND, "type": "image", "image": {"id": "404"}}, 100),
    "a template nobody has": ({**AROUND, "type": "template", "template": {"name": "x", "language": {"code": "hy"}}}, 132001),
    "a reaction to nothing": ({**AROUND, "type": "reaction", "reaction": {"emoji": "👍"}}, 131008),
}


@pytest.mark.parametrize("what", WRONG)
async def test_a_body_with_a_fault_is_refused_with_its_number(what: str) -> None:
    body, code = WRONG[what]
    async with town() as here:
        assert await ask(here, body) == (400, code)
        assert here.bodies() == []


async def test_a_stranger_and_a_wrong_number_are_refused() -> None:
    async with town() as here:
        assert await ask(here, FINE) == (200, 0)
        assert await ask(here, FINE, token="EAAother") == (401, 190)
        assert await ask(here, FINE, path="1/messages") == (400, 100)


async def test_the_address_of_a_file_dies_after_five_minutes() -> None:
    async with town() as here:
        stored = here.world.store("image/png", b"picture")
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with here.http.get(f"{here.meta_url}/v26.0/{stored.id}", headers=headers) as answer:
            url = (await answer.json())["url"]
        async with here.http.get(url) as answer:
            assert answer.status == 401
        async with here.http.get(url, headers=headers) as answer:
            assert await answer.read() == b"picture"
        here.clock.later(0.1)
        async with here.http.get(url, headers=headers) as answer:
            assert answer.status == 404


async def test_people_do_everything_people_do() -> None:
    async with town() as here:
        first = await here.heard()
        sent = await here.say(Say("Tonight?", buttons=((Button("Yes", "y"),),)))
        await here.does("press", message_id=sent.ids[0], label="Yes")
        await here.does("react", message_id=sent.ids[0], emoji="👍")
        await here.does("edit", message_id=first, text="Barev dzez")
        await here.does("revoke", message_id=first)
        phones = [{"phone": "+374 91 234567", "wa_id": ANAHIT}]
        await here.does("send", message={"type": "contacts", "contacts": [{"name": {"formatted_name": "A"}, "phones": phones}]})
        await here.does("send", message={"type": "unsupported", "unsupported": {"type": "poll"}})
        kinds = [type(one) for one in await here.events(9)]
        assert [kind for kind in kinds if kind is not Status] == [Message, Postback, Reaction, Edit, Delete, ContactShared, Unknown]


async def test_somebody_who_blocked_us_or_is_not_there_is_told_of_later() -> None:
    async with town() as here:
        await here.heard()
        await here.does("block")
        await here.say(Say("hello"))
        await here.say(Say("hello"), "37499999999")
        assert [one.reason for one in (await here.events(3))[1:]] == ["bad_address", "bad_address"]  # type: ignore[union-attr]
