"""The channel against a real Matrix server, with a real program on the other side."""

import asyncio
import base64
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from channels.matrix import Matrix
from crm.base.events import Arrival, Delete, Edit, IdentityChanged, MediaKind, Message, Reaction, Status, Unknown
from crm.base.outbound import Delete as TakeBack
from crm.base.outbound import Edit as Change
from crm.base.outbound import React, Reason, RetryLater, Say, Typing, Undeliverable
from tests.channels.matrix.stand import OPTIONS, Stand, firm, listening
from tests.channels.vk.stand import Files
from tests.doors import Inbox
from tests.synapse import Account, Customer, Synapse, customer, needed, synapse

PICTURE = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
NUMBERS = itertools.count(1)
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    """The server, for all tests of this file; each has accounts of its own."""
    needed()
    with synapse(tmp_path_factory.mktemp("synapse")) as made:
        yield made


@dataclass
class Real(Stand):
    """Our side, and somebody's program."""

    server: Synapse
    shop: Account
    ani: Customer
    room: str = ""

    async def meet(self, **more: object) -> str:
        """Ani opens a room for the two."""
        self.room = self.ani.room = str(await self.ani.do("open", who=self.shop.user, **more))
        return self.room

    async def tell(self, outbound: object) -> str:
        """Say something to Ani."""
        ids = (await self.matrix.send(self.room, outbound, self.files.open)).ids  # type: ignore[arg-type]
        return ids[0] if ids else ""

    def another(self) -> Matrix:
        """Our side after a restart."""
        return Matrix(self.matrix.options, replace(firm(self.folder), clock=self.matrix.listener._clock))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ani(server: Synapse) -> AsyncIterator[Customer]:
    """Ani's program, which is open all the time."""
    async with customer(server, server.register("ani")) as program:
        yield program


@pytest_asyncio.fixture(loop_scope="module")
async def real(server: Synapse, ani: Customer, tmp_path: Path) -> AsyncIterator[Real]:
    """A new account of ours, which does not follow yet."""
    shop = server.register(f"shop{next(NUMBERS)}", "Marani")
    house = replace(firm(tmp_path), clock=lambda: time.time_ns() // 1_000_000)
    matrix = Matrix(replace(OPTIONS, token=shop.token, api_base=server.url, poll_seconds=10.0, events=20), house)
    nobody = dict.fromkeys(("world", "human", "http"))
    yield Real(**nobody, matrix=matrix, inbox=Inbox(), files=Files(), url=server.url, folder=tmp_path, server=server, shop=shop, ani=ani)  # type: ignore[arg-type]
    await matrix.close()


@pytest_asyncio.fixture(loop_scope="module")
async def here(real: Real) -> AsyncIterator[Real]:
    """Ani has said hello, and we heard it."""
    async with listening(real):
        await real.meet()
        await real.ani.do("say", room=real.room, text="Hello")
        await real.until(Message)
        yield real


def texts(real: Real) -> list[str]:
    """What was heard."""
    return [one.text for one in real._of(Message)]


async def test_somebody_asks_us_in_and_is_heard_by_their_name(here: Real) -> None:
    (message,) = await here.until(Message)
    sender = message.sender
    assert (message.text, sender.external_id, sender.name, sender.aliases) == ("Hello", here.room, "Ani", (here.ani.account.user,))
    assert (await here.matrix.health()).ok


async def test_an_answer_arrives_once_though_it_is_said_twice_and_the_stream_tells_of_it(here: Real) -> None:
    first, second = [await here.tell(Say("<b>Yes</b>, in oak", html=True, ref="d1")) for _ in range(2)]
    assert first == second
    heard = await here.ani.hears("Yes, in oak")
    assert heard["content"]["formatted_body"] == "<b>Yes</b>, in oak"
    await here.tell(Say("And in pine", ref="d2"))
    await here.ani.hears("And in pine")
    assert len([one for one in await here.ani.events() if one["content"].get("body") == "Yes, in oak"]) == 1
    sent = await here.until(Status, 2)
    assert [(one.arrival, one.ref) for one in sent] == [(Arrival.SENT, "d1"), (Arrival.SENT, "d2")]
    assert not [one for one in here._of(Message) if one.echo]


async def test_a_receipt_is_read_up_to_an_event(here: Real) -> None:
    await here.tell(Say("One", ref="d1"))
    last = await here.tell(Say("Two", ref="d2"))
    await here.ani.hears("Two")
    await here.ani.do("read", room=here.room, event=last)
    states = [one for one in await here.until(Status, 4) if one.arrival is Arrival.READ]
    assert [(one.ids, one.address) for one in states] == [((last,), ""), ((), here.room)]
    assert states[1].until > 0


async def test_pictures_go_both_ways(here: Real) -> None:
    url = await here.ani.do("upload", body=base64.b64encode(PICTURE).decode(), mime="image/png", name="wall.png")
    content = {"msgtype": "m.image", "body": "this wall", "filename": "wall.png", "url": url, "info": {"mimetype": "image/png", "size": len(PICTURE)}}
    await here.ani.do("send", room=here.room, type="m.room.message", content=content)
    message = (await here.until(Message, 2))[-1]
    assert (message.text, message.media[0].kind, message.media[0].name) == ("this wall", MediaKind.PHOTO, "wall.png")
    assert b"".join([chunk async for chunk in here.matrix.fetch_media(message.media[0])]) == PICTURE
    await here.tell(Say("Like this", here.files.add(MediaKind.PHOTO, "image/png", "shelf.png", PICTURE), ref="d1"))
    heard = await here.ani.hears("Like this")
    assert base64.b64decode(await here.ani.do("download", url=heard["content"]["url"])) == PICTURE


async def test_changes_go_both_ways(here: Real) -> None:
    theirs = await here.ani.do("say", room=here.room, text="Two")
    new = {"msgtype": "m.text", "body": "Three"}
    relates = {"rel_type": "m.replace", "event_id": theirs}
    content = {"msgtype": "m.text", "body": "* Three", "m.new_content": new, "m.relates_to": relates}
    await here.ani.do("send", room=here.room, type="m.room.message", content=content)
    (edit,) = await here.until(Edit)
    assert (edit.external_id, edit.text) == (theirs, "Three")
    ours = await here.tell(Say("Oak", ref="d1"))
    await here.tell(Change(ours, "Pine"))
    changed = await here.ani.sees(lambda one: one["content"].get("m.new_content", {}).get("body") == "Pine")
    assert changed["content"]["m.relates_to"]["event_id"] == ours
    held = await here.tell(Say("This", here.files.add(MediaKind.PHOTO, "image/png", "shelf.png", PICTURE), ref="d2"))
    await here.tell(Change(held, "That", media=True))
    changed = await here.ani.sees(lambda one: one["content"].get("m.new_content", {}).get("body") == "That")
    assert changed["content"]["m.new_content"]["url"].startswith("mxc://")


async def test_what_is_taken_back_is_gone_on_both_sides(here: Real) -> None:
    theirs = await here.ani.do("say", room=here.room, text="Oops")
    await here.until(Message, 2)
    await here.ani.do("redact", room=here.room, event=theirs)
    (gone,) = await here.until(Delete)
    assert gone.external_id == theirs
    ours = await here.tell(Say("Oops too", ref="d1"))
    await here.tell(TakeBack(ours))
    await here.ani.sees(lambda one: one["type"] == "m.room.redaction" and ours in (one.get("redacts"), one["content"].get("redacts")))


async def test_emoji_go_both_ways_and_one_takes_the_place_of_another(here: Real) -> None:
    ours = await here.tell(Say("Oak?", ref="d1"))
    await here.ani.hears("Oak?")
    put = await here.ani.do("send", room=here.room, type="m.reaction", content={"m.relates_to": {"rel_type": "m.annotation", "event_id": ours, "key": "👍"}})
    await here.until(Reaction)
    await here.ani.do("redact", room=here.room, event=put)
    assert [(one.message, one.emoji) for one in await here.until(Reaction, 2)] == [(ours, "👍"), (ours, "")]
    theirs = (await here.until(Message))[0].external_id
    for emoji in ("👍", "👍", "❤️"):
        await here.tell(React(theirs, emoji))
    first = await here.ani.sees(lambda one: one["type"] == "m.reaction" and one["sender"] == here.shop.user)
    await here.ani.sees(lambda one: one["type"] == "m.reaction" and one["content"].get("m.relates_to", {}).get("key") == "❤️")
    await here.ani.sees(lambda one: one["type"] == "m.room.redaction" and first["event_id"] in (one.get("redacts"), one["content"].get("redacts")))


async def test_an_answer_shows_what_it_answers_both_ways_and_typing_is_shown(here: Real) -> None:
    theirs = (await here.until(Message))[0].external_id
    await here.tell(Typing())
    ours = await here.tell(Say("This", reply_to=theirs, ref="d1"))
    heard = await here.ani.hears("This")
    assert heard["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == theirs
    relates = {"m.in_reply_to": {"event_id": ours}}
    await here.ani.do("say", room=here.room, text="> <@x:y> This\n\nGood", **{"m.relates_to": relates})
    answer = (await here.until(Message, 2))[-1]
    assert (answer.text, answer.reply_to) == ("Good", ours)


async def test_the_server_itself_says_too_fast(here: Real) -> None:
    admin = here.server.register(f"admin{next(NUMBERS)}", admin=True)
    path = f"/_synapse/admin/v1/users/{here.shop.user}/override_ratelimit"
    here.server.ask("POST", path, {"messages_per_second": 1, "burst_count": 1}, admin.token)
    ends = await asyncio.gather(*(here.tell(Say(f"word {number}", ref=f"d{number}")) for number in range(30)), return_exceptions=True)
    refused = [one for one in ends if isinstance(one, BaseException)]
    assert refused
    assert all(isinstance(one, RetryLater) and one.account and one.answered and 0 < one.after <= 60 for one in refused)


async def test_what_is_too_large_for_an_event_and_who_is_not_there_are_refused(here: Real) -> None:
    with pytest.raises(Undeliverable) as refused:
        await here.tell(Say("x" * 66_000, ref="d1"))
    assert refused.value.reason is Reason.BAD_CONTENT
    for full in ('"' * OPTIONS.text, "<b>x</b>" + "&lt;" * ((OPTIONS.text - 8) // 4), "\n" * (OPTIONS.text - 1) + "x"):
        assert await here.tell(Say(full, html=full.startswith("<"), ref=f"d{len(full)}{full[:1]}"))
    here.room = "!nowhere:marani.example"
    with pytest.raises(Undeliverable) as refused:
        await here.tell(Say("Hello?", ref="d3"))
    assert refused.value.reason is Reason.BLOCKED


async def test_a_token_that_is_taken_away_is_our_own_trouble(here: Real) -> None:
    admin = here.server.register(f"admin{next(NUMBERS)}", admin=True)
    here.server.ask("POST", f"/_synapse/admin/v1/deactivate/{here.shop.user}", {}, admin.token)
    with pytest.raises(Undeliverable) as refused:
        await here.tell(Say("Hello?", ref="d1"))
    assert refused.value.reason is Reason.ACCOUNT_PROBLEM
    assert not (await here.matrix.health()).ok


async def test_what_was_said_before_we_came_in_is_heard_in_its_order_however_much_it_is(real: Real) -> None:
    await real.meet()
    said = [f"word {number}" for number in range(130)]
    for one in said:
        await real.ani.do("say", room=real.room, text=one)
    async with listening(real):
        await real.until(Message, 130)
    assert texts(real) == said


@pytest.mark.parametrize("lost", ["nothing", "the file", "the word in it"])
async def test_a_restart_and_a_place_that_is_lost_lose_and_double_nothing(real: Real, lost: str) -> None:
    file = real.folder / "matrix" / "matrix.json"
    async with listening(real):
        await real.meet()
        await real.ani.do("say", room=real.room, text="Hello")
        await real.until(Message)
        await real.once(lambda: "since" in file.read_text())
    if lost == "the file":
        file.unlink()
    elif lost == "the word in it":
        file.write_text(file.read_text().replace('"since": "s', '"since": "x'))
    said = [f"word {number}" for number in range(45)]
    for one in said:
        await real.ani.do("say", room=real.room, text=one)
    later = real.another()
    async with listening(real, later):
        await real.until(Message, 46)
    await later.close()
    assert texts(real) == ["Hello", *said]


async def test_a_room_that_is_encrypted_hears_once_that_we_cannot_read_it(real: Real) -> None:
    async with listening(real):
        await real.meet(encrypted=True)
        heard = await real.ani.hears("encrypted")
        assert heard["content"]["msgtype"] == "m.notice"
        content = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgAEnACgAkLmt6qF84IK", "device_id": "D", "sender_key": "k", "session_id": "s"}
        await real.ani.do("send", room=real.room, type="m.room.encrypted", content=content)
        (found,) = await real.until(Unknown)
        assert (found.kind, found.sender and found.sender.external_id) == ("encrypted", real.room)
    assert len([one for one in await real.ani.events() if "encrypted" in one["content"].get("body", "")]) == 1


async def test_a_crowd_is_left_with_a_word(real: Real) -> None:
    eva = real.server.register(f"eva{next(NUMBERS)}")
    async with listening(real):
        await real.meet(others=[eva.user])
        assert "one person at a time" in (await real.ani.hears("one person"))["content"]["body"]
        await real.ani.sees(lambda one: one["type"] == "m.room.member" and one["state_key"] == real.shop.user and one["content"]["membership"] == "leave")
    assert not real._of(Message)


async def test_who_leaves_is_met_in_the_room_they_open_next(here: Real) -> None:
    old = here.room
    await here.ani.do("leave", room=old)
    new = await here.meet()
    await here.ani.do("say", room=new, text="Me again")
    await here.until(Message, 2)
    turned = [(one.sender.external_id, one.reachable, one.new_id) for one in await here.until(IdentityChanged, 3)]
    assert turned == [(here.ani.account.user, True, old), (old, False, ""), (here.ani.account.user, True, new)]
