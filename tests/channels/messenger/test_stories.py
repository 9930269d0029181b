"""Whole stories with the stand-in: a comment becomes one private reply and one person, receipts come late, doubled and turned around."""

import json

import pytest

from crm.base.events import Arrival, Delete, Edit, Event, IdentityChanged, MediaKind, Message, Reaction, SessionStarted, Status
from crm.base.outbound import Button, Media, React, Reason, Receipt, Say, Typing, Uncertain, Undeliverable
from sandbox.messenger.site import DAY, Fault
from tests.channels.messenger.stand import MADE, World, world


def of(kind: type, events: list[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


async def refusal(site: World, address: str, say: Say) -> Reason:
    with pytest.raises(Undeliverable) as refused:
        await site.send(address, say)
    return refused.value.reason


@pytest.mark.parametrize("kind", MADE)
async def test_a_comment_gets_one_private_reply_and_is_the_same_person_afterwards(kind: str) -> None:
    async with world(kind) as site:
        number = site.hands.comment("ani", "How much?")
        (comment,) = of(Message, await site.heard(1))
        assert isinstance(comment, Message)
        address = comment.sender.external_id
        receipt = await site.send(address, Say("25 euro. Which colour?", buttons=((Button("Blue", "b"),),)))
        assert (address, len(receipt.ids), site.site.comments[number].replied) == (f"comment:{number}", 1, True)
        (changed,) = of(IdentityChanged, await site.settled())
        assert isinstance(changed, IdentityChanged)
        assert (changed.sender.external_id, changed.new_id) == (address, site.site.person("ani").number)
        assert await refusal(site, address, Say("Hello again")) is Reason.WINDOW_CLOSED
        assert await refusal(site, changed.new_id, Say("Hello again")) is Reason.WINDOW_CLOSED
        site.hands.choose("ani", "Blue")
        await site.send(changed.new_id, Say("Blue it is"))
        assert [line["text"] for line in site.said("ani")] == ["25 euro. Which colour?", "Blue it is"]


async def test_a_private_reply_is_words_alone_and_not_later_than_a_week() -> None:
    async with world("messenger") as site:
        address = f"comment:{site.hands.comment('ani', 'How much?')}"
        picture = Say("", media=Media(7, MediaKind.PHOTO, "a.jpg", "image/jpeg", 3))
        assert await refusal(site, address, picture) is Reason.UNSUPPORTED
        assert await site.send(address, Typing()) == Receipt(())
        with pytest.raises(Undeliverable):
            await site.send(address, React("m_1", "😊"))
        site.site.ahead = 7 * DAY + 60
        assert await refusal(site, address, Say("Sorry, that took us long")) is Reason.WINDOW_CLOSED
        assert await refusal(site, "comment:1_1", Say("Hello")) is Reason.BAD_ADDRESS
        assert site.said("ani") == []


@pytest.mark.parametrize("kind", MADE)
async def test_what_the_owner_writes_elsewhere_is_heard_once_and_our_own_is_not(kind: str) -> None:
    async with world(kind) as site:
        site.hands.say("ani", "Hello")
        await site.send(site.site.person("ani").number, Say("Hello from us", ref="d41"))
        site.hands.answer_from_inbox("ani", "Hello from the owner")
        said = [(event.text, event.echo) for event in of(Message, await site.settled()) if isinstance(event, Message)]
        assert said == [("Hello", False), ("Hello from the owner", True)]


async def test_our_own_echo_is_known_by_its_mark_where_the_app_is_not_named() -> None:
    async with world("instagram") as site:
        site.site.echo_names_app = False
        site.hands.say("ani", "Hello")
        await site.send(site.site.person("ani").number, Say("Hello from us"))
        assert [event.text for event in of(Message, await site.settled()) if isinstance(event, Message)] == ["Hello"]


async def test_a_lost_answer_is_found_again_by_its_echo() -> None:
    async with world("messenger") as site:
        site.hands.say("ani", "Hello")
        site.site.faults.append(Fault("drop_after", path="messages"))
        with pytest.raises(Uncertain):
            await site.send(site.site.person("ani").number, Say("Hello from us", ref="d41"))
        left = [event for event in of(Status, await site.settled()) if isinstance(event, Status) and event.ref == "d41"]
        assert [(one.arrival, one.ids) for one in left] == [(Arrival.SENT, (site.said("ani")[0]["mid"],))]


async def test_receipts_that_come_late_and_turned_around_tell_the_same() -> None:
    async with world("messenger") as site:
        site.hands.say("ani", "Hello")
        address = site.site.person("ani").number
        site.site.holds = True
        first, second = await site.send(address, Say("One")), await site.send(address, Say("Two"))
        site.hands.read("ani")
        site.pages.courier.release(site.site, turned=True)
        statuses = [event for event in of(Status, await site.settled()) if isinstance(event, Status)]
        assert [one.arrival for one in statuses if one.until] == [Arrival.READ, Arrival.DELIVERED, Arrival.DELIVERED]
        assert {mid for one in statuses for mid in one.ids} == {*first.ids, *second.ids}
        assert all(one.address in ("", address) for one in statuses)


@pytest.mark.parametrize("kind", MADE)
async def test_everything_brought_twice_is_kept_once(kind: str) -> None:
    async with world(kind) as site:
        site.site.doubles = True
        mid = site.hands.say("ani", "Hello")
        site.hands.edit("ani", mid, "Hello!")
        site.hands.react("ani", mid, "❤")
        site.hands.unsend("ani", mid)
        site.hands.follow("ani", "lamp7")
        site.hands.comment("ani", "How much?")
        events = await site.settled()
        assert [len(of(sort, events)) for sort in (Edit, Reaction, Delete, SessionStarted, Message)] == [1, 1, 1, 1, 2]


async def test_an_edit_that_comes_before_its_message_still_names_it() -> None:
    async with world("messenger") as site:
        site.pages.courier.tell(site.site, {**head(site), "message_edit": {"mid": "m_late", "text": "new", "num_edit": 1}})
        site.pages.courier.tell(site.site, {**head(site), "message": {"mid": "m_late", "text": "old"}})
        edit, message = await site.settled()
        assert isinstance(edit, Edit)
        assert isinstance(message, Message)
        assert (edit.external_id, edit.sender) == (message.external_id, message.sender)


def head(site: World) -> dict[str, object]:
    return {"sender": {"id": site.site.person("ani").number}, "recipient": {"id": site.site.number}, "timestamp": 1_767_000_000_000}


async def test_a_start_with_a_link_brings_its_source() -> None:
    async with world("messenger") as site:
        site.hands.start("ani", "lamp7")
        (started,) = of(SessionStarted, await site.settled())
        assert isinstance(started, SessionStarted)
        assert started.source.payload == "lamp7"


async def test_people_act_over_http_as_well_for_a_page_that_shows_them() -> None:
    async with world("instagram") as site:
        async with site.http.post(f"{site.url}/play/instagram/people/ani/say", json={"text": "Hello"}) as answer:
            assert (await answer.json())["ok"]
        async with site.http.post(f"{site.url}/play/instagram/people/ani/fly", json={}) as answer:
            assert answer.status == 400
        (message,) = await site.heard(1)
        assert isinstance(message, Message)
        await site.send(message.sender.external_id, Say("Good day"))
        async with site.http.get(f"{site.url}/play/instagram/people/ani/chat") as answer:
            assert [line["text"] for line in (await answer.json())["messages"]] == ["Hello", "Good day"]
        async with site.http.post(f"{site.url}/play/instagram/faults", json={"kind": "613", "path": "messages"}) as answer:
            assert (await answer.json())["ok"]
        assert len(site.site.faults) == 1


async def test_the_stand_in_refuses_what_the_reference_does_not_name() -> None:
    async with world("messenger") as site:
        site.hands.say("ani", "Hello")
        to = {"id": site.site.person("ani").number}
        fine = {"recipient": to, "messaging_type": "RESPONSE", "message": {"text": "x"}}
        wrong = [
            {},
            {**fine, "surprise": 1},
            {**fine, "messaging_type": "MESSAGE_TAG"},
            {**fine, "messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"},
            {**fine, "message": {"text": "x", "attachment": {}}},
            {**fine, "message": {"text": "x", "quick_replies": [{"content_type": "text", "title": "t" * 21, "payload": "p"}]}},
            {**fine, "recipient": {**to, "comment_id": "1"}},
            {"recipient": to, "sender_action": "dance"},
        ]
        headers = {"Authorization": f"Bearer {site.site.token}", "Content-Type": "application/json"}
        found = []
        for body in [fine, *wrong]:
            async with site.http.post(f"{site.url}/pages/v25.0/me/messages", data=json.dumps(body), headers=headers) as answer:
                found.append(answer.status)
        assert found == [200, *[400] * len(wrong)]
