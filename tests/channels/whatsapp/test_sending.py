"""How words go out by WhatsApp, as the pretended Meta takes them."""

import asyncio
from typing import Any

import pytest

from channels.whatsapp import say as bodies
from crm.base.events import MediaKind
from crm.base.outbound import (
    ApprovedTemplate,
    Button,
    Delete,
    Edit,
    React,
    Reason,
    RetryLater,
    Say,
    Typing,
    Uncertain,
    Undeliverable,
)
from tests.channels.whatsapp.stand import ANAHIT, Town, town

READY = {
    "name": "order_ready",
    "language": "hy",
    "status": "APPROVED",
    "category": "UTILITY",
    "components": [{"type": "BODY", "text": "{{1}}, your order {{2}} is ready"}],
}
ROWS = tuple((Button(f"Choice {number}", f"c:{number}"),) for number in range(1, 8))


async def refused(here: Town, outbound: Any, address: str = ANAHIT) -> tuple[Reason, str]:
    with pytest.raises(Undeliverable) as no:
        await here.say(outbound, address)
    return no.value.reason, no.value.detail


async def test_words_go_plain_with_our_name_for_them_and_what_they_answer() -> None:
    async with town() as here:
        asked = await here.heard()
        receipt = await here.say(Say("<b>5 &lt; 6</b> &amp; more", html=True, reply_to=asked, ref="d:7:0"))
        [body] = here.bodies()
        assert receipt.ids == tuple(here.world.sent)
        assert body["text"] == {"body": "5 < 6 & more", "preview_url": False}
        assert (body["biz_opaque_callback_data"], body["context"]) == ("d:7:0", {"message_id": asked})


async def test_the_longest_text_is_4096_characters_and_not_units() -> None:
    async with town() as here:
        await here.heard()
        await here.say(Say("🦊" * 4096))
        assert len(here.bodies()[0]["text"]["body"]) == 4096


async def test_a_hidden_number_is_written_to_by_the_id_that_stands_for_it() -> None:
    async with town() as here:
        await here.heard()
        stand_in = here.world.people[ANAHIT].user_id
        await here.say(Say("hello"), stand_in)
        assert here.bodies()[0]["recipient"] == stand_in
        assert "to" not in here.bodies()[0]


async def test_up_to_three_short_buttons_go_under_the_words() -> None:
    async with town() as here:
        await here.heard()
        sent = await here.say(Say("Tonight?", buttons=((Button("Yes", "y"), Button("No", "n")), (Button("My number", ask="phone"),))))
        inside = here.bodies()[0]["interactive"]
        assert inside["type"] == "button"
        assert [one["reply"] for one in inside["action"]["buttons"]] == [{"id": "y", "title": "Yes"}, {"id": "n", "title": "No"}]
        await here.does("press", message_id=sent.ids[0], label="No")


async def test_more_buttons_or_longer_ones_go_as_a_list() -> None:
    async with town() as here:
        await here.heard()
        sent = await here.say(Say("Choose", buttons=ROWS))
        await here.say(Say("Choose", buttons=((Button("A choice with a very long name", "long"),),)))
        many, long = (body["interactive"]["action"]["sections"][0]["rows"] for body in here.bodies())
        assert [row["id"] for row in many] == [f"c:{number}" for number in range(1, 8)]
        assert long == [{"id": "long", "title": "A choice with a very lon", "description": "A choice with a very long name"}]
        await here.does("press", message_id=sent.ids[0], label="Choice 7")


async def test_one_link_is_a_button_and_more_are_lines() -> None:
    async with town() as here:
        await here.heard()
        link = Button("Menu", url="https://lavhac.example/menu")
        await here.say(Say("Look", buttons=((link,),)))
        await here.say(Say("Look", buttons=((link, Button("Book", "book")),)))
        lone, mixed = (body["interactive"] for body in here.bodies())
        assert lone["action"] == {"name": "cta_url", "parameters": {"display_text": "Menu", "url": "https://lavhac.example/menu"}}
        assert mixed["body"]["text"] == "Look\nMenu: https://lavhac.example/menu"
        assert mixed["type"] == "button"


async def test_buttons_that_do_not_fit_become_lines_and_nothing_is_lost() -> None:
    async with town() as here:
        await here.heard()
        eleven = (*ROWS, *((Button(f"More {number}", f"m:{number}"),) for number in range(4)))
        await here.say(Say("Choose", buttons=eleven))
        await here.say(Say("x" * 2000, buttons=((Button("Yes", "y"),),)))
        first, second = (body["text"]["body"] for body in here.bodies())
        assert first.startswith("Choose\n\n• Choice 1\n")
        assert first.endswith("• More 3")
        assert second == "x" * 2000 + "\n\n• Yes"


async def test_two_choices_called_alike_are_told_apart() -> None:
    async with town() as here:
        await here.heard()
        await here.say(Say("Which?", buttons=((Button("Tea", "t1"), Button("Tea", "t2"), Button("Tea", "t1")),)))
        assert [one["reply"]["title"] for one in here.bodies()[0]["interactive"]["action"]["buttons"]] == ["Tea", "Tea 2"]


async def test_buttons_meta_will_not_have_are_said_in_words() -> None:
    async with town() as here:
        await here.heard()
        await here.play("faults", kind="error", code=131009, path="messages")
        await here.say(Say("Tonight?", buttons=((Button("Yes", "y"),),)))
        assert [body["text"]["body"] for body in here.bodies()] == ["Tonight?\n\n• Yes"]


@pytest.mark.parametrize(
    ("kind", "mime", "type_"),
    [
        (MediaKind.PHOTO, "image/png", "image"),
        (MediaKind.PHOTO, "image/heic", "document"),
        (MediaKind.VIDEO, "video/mp4", "video"),
        (MediaKind.AUDIO, "audio/mpeg", "audio"),
        (MediaKind.VOICE, "audio/ogg; codecs=opus", "audio"),
        (MediaKind.DOCUMENT, "application/pdf", "document"),
        (MediaKind.STICKER, "image/webp", "sticker"),
    ],
)
async def test_a_file_goes_as_what_whatsapp_takes_it_for(kind: MediaKind, mime: str, type_: str) -> None:
    async with town() as here:
        await here.heard()
        await here.say(Say("", media=here.files.add(kind, mime, name="plan.pdf")))
        [body] = here.bodies()
        assert body["type"] == type_
        assert here.world.files[body[type_]["id"]].body == here.files.held[1]
        assert body[type_].get("voice") is (True if kind is MediaKind.VOICE else None)


async def test_a_file_goes_up_once_and_by_its_id_after_that() -> None:
    async with town() as here:
        await here.heard()
        photo = here.files.add(MediaKind.PHOTO, "image/jpeg")
        for words in ("one", "two"):
            await here.say(Say(words, media=photo))
        assert [body["image"]["caption"] for body in here.bodies()] == ["one", "two"]
        assert len(here.calls("POST media")) == 1
        here.clock.later(24 * 30)
        here.world.people[ANAHIT].wrote_at = here.clock.seconds()
        await here.say(Say("a month later", media=photo))
        assert len(here.calls("POST media")) == 2


async def test_a_file_meta_has_forgotten_goes_up_again() -> None:
    async with town() as here:
        await here.heard()
        photo = here.files.add(MediaKind.PHOTO, "image/jpeg")
        await here.say(Say("one", media=photo))
        here.world.files.clear()
        await here.say(Say("two", media=photo))
        assert len(here.files.opened) == 2
        assert len(here.bodies()) == 2


async def test_a_picture_with_buttons_is_their_header() -> None:
    async with town() as here:
        await here.heard()
        await here.say(Say("This one?", media=here.files.add(MediaKind.PHOTO, "image/jpeg"), buttons=((Button("Yes", "y"),),)))
        inside = here.bodies()[0]["interactive"]
        assert inside["header"]["type"] == "image"
        assert inside["body"]["text"] == "This one?"


async def test_a_picture_with_many_choices_has_them_in_its_caption() -> None:
    async with town() as here:
        await here.heard()
        await here.say(Say("x" * 1000, media=here.files.add(MediaKind.PHOTO, "image/jpeg"), buttons=ROWS))
        caption = here.bodies()[0]["image"]["caption"]
        assert len(caption) <= 1024
        assert caption.endswith("…\n\n" + "\n".join(f"• Choice {number}" for number in range(1, 8)))


async def test_a_voice_with_words_is_a_document_that_can_carry_them() -> None:
    async with town() as here:
        await here.heard()
        await here.say(Say("listen", media=here.files.add(MediaKind.VOICE, "audio/ogg", name="v.ogg")))
        assert here.bodies()[0]["document"]["caption"] == "listen"
        assert here.bodies()[0]["document"]["filename"] == "v.ogg"


async def test_files_too_large_for_their_kind_are_documents_and_beyond_that_refused_in_clear_words() -> None:
    async with town() as here:
        await here.heard()
        await here.say(Say("", media=here.files.add(MediaKind.PHOTO, "image/jpeg", size=6 * 2**20)))
        assert here.bodies()[0]["type"] == "document"
        told = await refused(here, Say("", media=here.files.add(MediaKind.DOCUMENT, "application/zip", size=101 * 2**20)))
        assert told == (Reason.BAD_CONTENT, "the file is larger than the 100 MB that WhatsApp takes")


async def test_a_file_that_cannot_be_read_is_refused_and_nothing_is_said() -> None:
    async with town() as here:
        await here.heard()
        here.files.breaks = True
        told = await refused(here, Say("look", media=here.files.add(MediaKind.DOCUMENT, "application/pdf")))
        assert told == (Reason.BAD_CONTENT, "the file cannot be read")
        assert here.bodies() == []


async def test_an_approved_template_goes_at_any_time_with_its_fields_on_one_line() -> None:
    async with town() as here:
        await here.heard()
        await here.play("template", template=READY)
        here.clock.later(48)
        await here.say(ApprovedTemplate("order_ready", "hy", "…", ("Anahit\n\tHakobyan", ""), ref="d:9:0"))
        [body] = here.bodies()
        assert [one["text"] for one in body["template"]["components"][0]["parameters"]] == ["Anahit Hakobyan", "–"]
        assert body["biz_opaque_callback_data"] == "d:9:0"


@pytest.mark.parametrize(
    ("status", "fields", "reason"),
    [("PAUSED", ("a", "b"), Reason.REJECTED), ("APPROVED", ("a",), Reason.BAD_CONTENT), ("REJECTED", ("a", "b"), Reason.REJECTED)],
)
async def test_a_template_that_may_not_go_is_refused_and_the_account_goes_on(status: str, fields: tuple[str, ...], reason: Reason) -> None:
    async with town() as here:
        await here.heard()
        await here.play("template", template={**READY, "status": status})
        assert (await refused(here, ApprovedTemplate("order_ready", "hy", "…", fields)))[0] is reason


async def test_a_reaction_is_put_and_taken_away() -> None:
    async with town() as here:
        theirs = await here.heard()
        await here.say(React(theirs, "👍"))
        await here.say(React(theirs, ""))
        assert [body["reaction"] for body in here.bodies()] == [{"message_id": theirs, "emoji": "👍"}, {"message_id": theirs, "emoji": ""}]
        assert (await refused(here, React("17", "👍")))[0] is Reason.BAD_CONTENT


@pytest.mark.parametrize("outbound", [Edit("wamid.X", "other words"), Delete("wamid.X")])
async def test_what_was_sent_stays_as_it_is(outbound: Edit | Delete) -> None:
    async with town() as here:
        assert (await refused(here, outbound))[0] is Reason.UNSUPPORTED
        assert here.world.log == []


async def test_typing_reads_their_last_message_and_never_fails() -> None:
    async with town() as here:
        assert (await here.say(Typing())).ids == ()
        await here.heard(text="first")
        last = await here.heard(text="last")
        await here.say(Typing())
        assert here.world.seen == [last]
        await here.play("faults", kind="drop", path="messages")
        assert (await here.say(Typing())).ids == ()


@pytest.mark.parametrize("address", ["", "anahit", "+37491", "0123456", "37491234567 ", "AM.", "am.12", "x" * 300, "\x00"])
async def test_what_is_no_address_never_reaches_the_network(address: str) -> None:
    async with town() as here:
        assert (await refused(here, Say("hello"), address))[0] is Reason.BAD_ADDRESS
        assert here.world.log == []


async def test_nothing_is_not_said() -> None:
    async with town() as here:
        assert (await refused(here, Say(" \n")))[0] is Reason.BAD_CONTENT


@pytest.mark.parametrize("kind", ["garbage", "drop", "drop_after", "empty"])
async def test_where_nobody_knows_whether_it_left_it_is_not_said_twice(kind: str) -> None:
    async with town() as here:
        await here.heard()
        await here.play("faults", kind=kind, path="messages")
        with pytest.raises(Uncertain):
            await here.say(Say("hello", ref="d:1:0"))
        assert len(here.bodies()) == (1 if kind == "drop_after" else 0)


@pytest.mark.parametrize(("code", "account"), [(130429, True), (131056, False), (80007, True), (131016, True)])
async def test_meta_is_waited_for_and_nothing_left(code: int, account: bool) -> None:
    async with town() as here:
        await here.heard()
        await here.play("faults", kind="error", code=code, path="messages", to=ANAHIT, after=7)
        with pytest.raises(RetryLater) as later:
            await here.say(Say("hello"))
        assert (later.value.after, later.value.account, later.value.answered) == (7.0, account, True)
        assert here.bodies() == []
        assert (await here.say(Say("hello"))).ids


async def test_what_left_unseen_is_found_again_by_our_own_name_for_it() -> None:
    async with town() as here:
        await here.heard()
        await here.play("faults", kind="drop_after", path="messages")
        with pytest.raises(Uncertain):
            await here.say(Say("hello", ref="d:1:0"))
        assert {getattr(one, "ref", "") for one in (await here.events(3))[1:]} == {"d:1:0"}


async def test_an_answer_that_never_comes_is_waited_for_only_so_long() -> None:
    async with town(send_seconds=0.05) as here:
        await here.heard()
        await here.play("faults", kind="hang", path="messages", seconds=0.3)
        with pytest.raises(Uncertain):
            await here.say(Say("hello"))


async def test_where_nobody_listens_it_certainly_did_not_leave() -> None:
    async with town(api_base="http://127.0.0.1:9") as here:
        with pytest.raises(RetryLater) as later:
            await here.say(Say("hello"))
        assert later.value.account


@pytest.mark.parametrize("kind", ["garbage", "drop", "drop_after", "empty"])
async def test_an_upload_is_repeated_since_nobody_sees_it(kind: str) -> None:
    async with town() as here:
        await here.heard()
        await here.play("faults", kind=kind, path="media")
        photo = here.files.add(MediaKind.PHOTO, "image/jpeg")
        with pytest.raises(RetryLater):
            await here.say(Say("look", media=photo))
        await here.say(Say("look", media=photo))
        assert len(here.bodies()) == 1


async def test_the_token_is_in_no_error_and_no_record(caplog: pytest.LogCaptureFixture) -> None:
    async with town(token="EAAwrongTOKENwrongTOKEN99") as here:
        task = asyncio.create_task(here.whatsapp.listen(here.inbox))
        reason, detail = await refused(here, Say("hello"))
        assert reason is Reason.ACCOUNT_PROBLEM
        while not here.whatsapp.watch.trouble:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        told = f"{detail} {here.whatsapp.watch.trouble} {here.whatsapp.options!r} {caplog.text} {await here.whatsapp.health()}"
        assert "EAAwrong" not in told
        assert "Malformed access token …" in detail


def test_a_text_with_too_many_choices_loses_of_its_words_alone() -> None:
    buttons = tuple((Button(f"Choice number {number}", str(number)),) for number in range(20))
    said = bodies.spelled(Say("w" * 4090, buttons=buttons), bodies.TEXT)
    assert len(said) <= bodies.TEXT
    assert said.endswith("• Choice number 19")
