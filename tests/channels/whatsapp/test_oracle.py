"""What we say and read, beside what pywa, written by others from Meta's own documentation, says and reads."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from crm.base.events import Arrival, CallPhase, Edit, Message, Postback
from crm.base.outbound import ApprovedTemplate, Button, Outbound, React, Say
from tests.channels.whatsapp.stand import ANAHIT, BUSINESS, FIXTURES, NUMBER, channel, raw, town

THEIRS = "wamid.THEIRS"
LISTS = {"message": "messages", "status": "statuses", "echo": "message_echoes", "preference": "user_preferences", "call": "calls"}


def client(taken: list[Any]) -> Any:
    """pywa's client, whose requests are noted instead of sent."""
    import httpx
    import pywa

    def note(request: httpx.Request) -> httpx.Response:
        taken.append((request.url.path, json.loads(request.content)))
        return httpx.Response(200, json={"contacts": [{"input": ANAHIT, "wa_id": ANAHIT}], "messages": [{"id": "wamid.X"}]})

    theirs: Any = pywa
    return theirs.WhatsApp(phone_id=NUMBER, token="EAAx", session=httpx.Client(transport=httpx.MockTransport(note)))


def models() -> Any:
    """pywa's types; what it exports it does not tell a type checker."""
    import pywa.types

    return pywa.types


def buttons() -> Any:
    return [models().Button("Yes", "y"), models().Button("No", "n")]


def body_text() -> Any:
    from pywa.types import templates

    made: Any = templates
    return {"language": made.TemplateLanguage.RUSSIAN, "params": [made.BodyText.params("Anahit", "17")]}


SAID: dict[str, tuple[Outbound, Callable[[Any], object]]] = {
    "words": (Say("hello", reply_to=THEIRS, ref="d:1:0"), lambda wa: wa.send_message(ANAHIT, "hello", reply_to_message_id=THEIRS, tracker="d:1:0")),
    "buttons": (Say("Tonight?", buttons=((Button("Yes", "y"), Button("No", "n")),)), lambda wa: wa.send_message(ANAHIT, "Tonight?", buttons=buttons())),
    "a link": (
        Say("Look", buttons=((Button("Menu", url="https://lavhac.example/"),),)),
        lambda wa: wa.send_message(ANAHIT, "Look", buttons=models().URLButton("Menu", "https://lavhac.example/")),
    ),
    "a reaction": (React(THEIRS, "👍"), lambda wa: wa.send_reaction(ANAHIT, emoji="👍", message_id=THEIRS)),
    "no reaction any more": (React(THEIRS, ""), lambda wa: wa.remove_reaction(ANAHIT, message_id=THEIRS)),
    "a template": (ApprovedTemplate("order_ready", "ru", "…", ("Anahit", "17")), lambda wa: wa.send_template(ANAHIT, name="order_ready", **body_text())),
}


@pytest.mark.parametrize("what", SAID)
async def test_what_we_say_is_what_pywa_would_say(what: str) -> None:
    outbound, by_them = SAID[what]
    async with town() as here:
        template = {"name": "order_ready", "language": "ru", "status": "APPROVED", "category": "UTILITY"}
        await here.play("template", template={**template, "components": [{"type": "BODY", "text": "{{1}} {{2}}"}]})
        await here.heard()
        await here.say(outbound)
        taken: list[Any] = []
        by_them(client(taken))
        for part in taken[0][1].get("template", {}).get("components", []):
            part["type"] = part["type"].lower()  # Meta takes both
        assert here.bodies() == [body for _, body in taken]


async def test_a_list_is_what_pywa_would_say() -> None:
    async with town() as here:
        await here.heard()
        await here.say(Say("Choose", buttons=tuple((Button(f"Choice {number}", f"c:{number}"),) for number in range(5))))
        taken: list[Any] = []
        rows = [models().SectionRow(f"Choice {number}", f"c:{number}") for number in range(5)]
        client(taken).send_message(ANAHIT, "Choose", buttons=models().SectionList("☰", [models().Section("s", rows)]))
        [(_, theirs)], [ours] = taken, here.bodies()
        del theirs["interactive"]["action"]["sections"][0]["title"]  # demanded only where there are several
        assert ours == theirs


async def test_a_hidden_number_is_written_to_as_pywa_would() -> None:
    async with town() as here:
        await here.heard()
        stand_in = here.world.people[ANAHIT].user_id
        await here.say(Say("hello"), stand_in)
        taken: list[Any] = []
        client(taken).send_message(stand_in, "hello")
        assert here.bodies() == [body for _, body in taken]


def envelope(name: str) -> Any:
    """A captured element as Meta brings it."""
    told = json.loads((FIXTURES / f"{name}.json").read_text("utf-8"))
    called = next(key for key in LISTS if key in told)
    value = {"messaging_product": "whatsapp", "metadata": told["metadata"], LISTS[called]: [told[called]]}
    contacts = [told["contact"]] if "contact" in told else [{"wa_id": ANAHIT, "user_id": "AM.1", "profile": {"name": "A"}}]
    return {"object": "whatsapp_business_account", "entry": [{"id": BUSINESS, "changes": [{"field": told["field"], "value": {**value, "contacts": contacts}}]}]}


def ours(name: str) -> Any:
    return channel().parse(raw((FIXTURES / f"{name}.json").read_bytes()))[0]


def theirs(kind: str, name: str) -> Any:
    return getattr(models(), kind).from_update(client([]), envelope(name))


@pytest.mark.parametrize("name", ["text", "reply", "image", "video", "voice", "document", "sticker", "location", "contacts", "order", "referral", "forwarded"])
def test_messages_are_read_as_pywa_reads_them(name: str) -> None:
    us, them = ours(name), theirs("Message", name)
    assert isinstance(us, Message)
    assert (us.external_id, us.at) == (them.id, int(them.timestamp.timestamp() * 1000))
    assert (us.sender.external_id, us.sender.name, us.sender.username) == (them.from_user.wa_id, them.from_user.name, them.from_user.username)
    assert us.sender.aliases == (them.from_user.bsuid, them.from_user.parent_bsuid)
    assert us.reply_to == (them.reply_to_message.id if them.reply_to_message else "")
    assert [file.ref for file in us.media] == ([them.media.id] if them.media else [])
    if them.text or them.caption:
        assert us.text == (them.text or them.caption)
    if them.order:
        assert all(str(product.sku) in us.text for product in them.order.products)


@pytest.mark.parametrize(("name", "kind"), [("button_reply", "CallbackButton"), ("button", "CallbackButton"), ("list_reply", "CallbackSelection")])
def test_pressed_buttons_are_read_as_pywa_reads_them(name: str, kind: str) -> None:
    us, them = ours(name), theirs(kind, name)
    assert isinstance(us, Postback)
    assert (us.value, us.label, us.message) == (them.data, them.title, them.reply_to_message.id)


@pytest.mark.parametrize("name", ["status_sent", "status_delivered", "status_read", "status_played", "status_failed"])
def test_states_are_read_as_pywa_reads_them(name: str) -> None:
    us, them = ours(name), theirs("MessageStatus", name)
    assert us.arrival == (Arrival.READ if them.status == "played" else them.status)
    assert (us.ids, us.ref) == ((them.id,), them.tracker or "")
    assert us.detail == (f"{them.error.code}: {them.error.details}" if them.error else "")


def test_edits_deletions_and_reactions_are_read_as_pywa_reads_them() -> None:
    edit, revoke, reaction = theirs("EditedMessage", "edit"), theirs("DeletedMessage", "revoke"), theirs("Message", "reaction").reaction
    us = ours("edit")
    assert isinstance(us, Edit)
    assert (us.external_id, us.text) == (edit.original_message_id, edit.message.text)
    assert ours("revoke").external_id == revoke.original_message_id
    assert (ours("reaction").message, ours("reaction").emoji) == (reaction.message_id, reaction.emoji)


def test_changes_of_a_person_are_read_as_pywa_reads_them() -> None:
    number, wish = theirs("PhoneNumberChange", "number_changed"), theirs("UserMarketingPreferences", "preference_stop")
    assert (ours("number_changed").sender.external_id, ours("number_changed").new_id) == (number.old_wa_id, number.new_wa_id)
    assert (ours("preference_stop").shown, wish.value) == (wish.detail, "stop")


def test_a_call_is_read_as_pywa_reads_it() -> None:
    us, them = ours("call_ringing"), theirs("CallConnect", "call_ringing")
    assert (us.external_id, us.phase, us.sender.external_id) == (them.id, CallPhase.RINGING, them.from_user.wa_id)


def test_the_mark_is_what_pywa_checks() -> None:
    from pywa.utils import webhook_updates_validator

    from tests.channels.whatsapp.test_door import mark

    assert webhook_updates_validator("app-secret", b"{}", mark(b"{}"))
