"""How what happens in rooms is fetched: the place in the stream, invitations, rooms that are not for us."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from channels.matrix.listen import FAILURES
from channels.matrix.memo import Memo, Place
from crm.base.errors import Busy
from crm.base.events import Arrival, Delete, Edit, Event, IdentityChanged, Message, Reaction, Status, Unknown
from crm.base.outbound import Say
from sandbox.matrix import stream
from sandbox.matrix.world import SHOP
from tests.channels.matrix.stand import NOW, Stand, again, listening, stand
from tests.channels.test_contract import damaged, places


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Stand]:
    """A channel that follows its account."""
    async with stand(tmp_path) as made, listening(made):
        yield made


@pytest.fixture
async def quiet(tmp_path: Path) -> AsyncIterator[Stand]:
    """A channel that does not follow its account yet."""
    async with stand(tmp_path) as made:
        yield made


async def words(here: Stand, count: int) -> list[str]:
    """What people have said, as far as it was kept."""
    return [one.text for one in await here.until(Message, count)]


async def test_an_invitation_is_accepted_and_what_is_said_in_the_room_is_heard(here: Stand) -> None:
    room = here.human.open("ani")
    here.human.say("ani", "Hello")
    (message,) = await here.until(Message)
    assert (message.text, message.sender.external_id, message.sender.name) == ("Hello", room, "Ani")
    assert here.human.room("ani").members[SHOP] == "join"
    here.human.say("ani", "Shelves?")
    assert await words(here, 2) == ["Hello", "Shelves?"]


async def test_what_was_said_before_we_came_in_is_heard_in_its_order_however_much_it_is(here: Stand) -> None:
    said = [f"word {number}" for number in range(250)]
    here.human.open("ani")
    for one in said:
        here.human.say("ani", one)
    assert await words(here, 250) == said


async def test_what_happened_when_nobody_looked_is_fetched_whole(quiet: Stand) -> None:
    async with listening(quiet):
        quiet.human.say("ani", "first")
        await words(quiet, 1)
    for number in range(250):
        quiet.human.say("ani", f"word {number}")
    later = again(quiet)
    async with listening(quiet, later):
        assert await words(quiet, 251) == ["first", *(f"word {number}" for number in range(250))]
    await later.close()


async def test_what_stood_in_rooms_before_the_first_look_is_nobodys_first_word(quiet: Stand) -> None:
    room = quiet.human.open("ani")
    quiet.world.member(quiet.world.rooms[room], SHOP, "join")
    quiet.human.say("ani", "an old word")
    async with listening(quiet):
        quiet.human.say("ani", "a new word")
        assert await words(quiet, 1) == ["a new word"]


async def test_who_asked_us_in_before_the_first_look_is_heard(quiet: Stand) -> None:
    quiet.human.say("ani", "Hello?")
    async with listening(quiet):
        assert await words(quiet, 1) == ["Hello?"]


async def test_a_place_that_is_lost_or_that_the_server_has_forgotten_loses_and_doubles_nothing(quiet: Stand) -> None:
    async with listening(quiet):
        quiet.human.say("ani", "first")
        await words(quiet, 1)
    for lost in ("file", "server"):
        quiet.human.say("ani", f"while nobody looked ({lost})")
        if lost == "file":
            (quiet.folder / "matrix" / "matrix.json").unlink()
        else:
            quiet.world.age += 1
        later, count = again(quiet), len(quiet.inbox.events)
        async with listening(quiet, later):
            await quiet.inbox.until(count + 1)
        await later.close()
    assert await words(quiet, 3) == ["first", "while nobody looked (file)", "while nobody looked (server)"]
    assert len({event.key for event in quiet.inbox.events}) == len(quiet.inbox.events)


async def test_a_place_ahead_of_what_is_kept_is_not_believed(quiet: Stand) -> None:
    async with listening(quiet):
        quiet.human.say("ani", "kept, then lost with the disk")
        await words(quiet, 1)
    quiet.inbox.events.clear()
    quiet.inbox.offset = NOW - 60_000  # a copy from before was put back
    later = again(quiet)
    async with listening(quiet, later):
        assert await words(quiet, 1) == ["kept, then lost with the disk"]
    await later.close()


async def test_the_place_moves_only_with_what_is_kept(quiet: Stand) -> None:
    quiet.inbox.failures += [Busy("full")] * 3
    quiet.human.say("ani", "Hello?")
    async with listening(quiet):
        assert await words(quiet, 1) == ["Hello?"]


async def test_an_invitation_that_fails_is_tried_again_and_not_forgotten_over_a_restart(quiet: Stand) -> None:
    quiet.world.faults.add("error", "/join", code=429, word="M_LIMIT_EXCEEDED", after=1, left=2)
    async with listening(quiet):
        quiet.human.say("ani", "Hello?")
        await quiet.once(lambda: not quiet.world.faults.rules or quiet.matrix._rooms.pending)
    later = again(quiet)
    async with listening(quiet, later):
        assert await words(quiet, 1) == ["Hello?"]
    await later.close()


async def test_an_invitation_that_nobody_can_follow_is_given_up_and_holds_up_nothing(tmp_path: Path) -> None:
    async with stand(tmp_path, invite_tries=1) as made, listening(made):
        made.world.faults.add("status", "/join", code=502)
        lost = made.human.open("ara")
        await made.once(lambda: not made.world.faults.rules)
        made.human.say("ani", "Hello")
        assert await words(made, 1) == ["Hello"]
        await made.once(lambda: not made.matrix._rooms.pending)
        assert made.world.rooms[lost].members[SHOP] == "invite"


async def test_one_room_whose_past_cannot_be_had_holds_up_no_other(here: Stand) -> None:
    here.world.faults.add("status", "/messages", code=500, left=0)
    here.human.open("ani")
    here.human.say("ara", "Hello")
    assert "Hello" in await words(here, 1)
    for number in range(80):
        here.human.say("ara", f"word {number}")
    here.human.say("ani", "me too")
    await here.once(lambda: any(one.text == "me too" for one in here._of(Message)))
    assert "word 79" in [one.text for one in here._of(Message)]


async def test_no_more_invitations_are_accepted_in_a_minute_than_is_allowed(tmp_path: Path) -> None:
    async with stand(tmp_path, invites_per_minute=2) as made, listening(made):
        for name in ("ani", "ara", "eva"):
            made.human.open(name)
        await made.once(lambda: sum(room.members[SHOP] == "join" for room in made.world.rooms.values()) == 2)
        assert [room.members[SHOP] for room in made.world.rooms.values()].count("invite") == 1
        assert (await made.matrix.health()).facts["invitations"] == "1"


async def test_a_public_room_is_declined_and_a_crowd_is_left_with_a_word(here: Stand) -> None:
    square = here.world.rooms[here.human.open("ara", public=True)]
    crowd = here.world.rooms[here.human.open("ani", others=["eva"])]
    await here.once(lambda: square.members[SHOP] == crowd.members[SHOP] == "leave")
    assert here.human.lines("ara") == []
    assert "one person at a time" in here.sent("ani")[0]
    assert "мы двое" in here.sent("ani")[0]
    assert not here._of(Message)


async def test_who_brings_somebody_else_along_is_left_with_a_word(here: Stand) -> None:
    here.human.say("ani", "Hello")
    await words(here, 1)
    here.human.ask_in("ani", "eva")
    room = here.human.room("ani")
    await here.once(lambda: room.members[SHOP] == "leave")
    assert "one person at a time" in here.sent("ani")[-1]


async def test_a_room_that_turns_encrypted_hears_of_it_too(here: Stand) -> None:
    here.human.say("ani", "Hello")
    await words(here, 1)
    here.human.encrypt("ani")
    await here.once(lambda: here.sent())
    assert "encrypted" in here.sent()[0]


async def test_in_an_encrypted_room_it_is_said_once_that_we_cannot_read_it(quiet: Stand) -> None:
    quiet.human.open("ani", encrypted=True)
    async with listening(quiet):
        quiet.human.whisper("ani")
        (found,) = await quiet.until(Unknown)
        assert (found.kind, found.sender.external_id) == ("encrypted", quiet.human.homes["ani"])
        await quiet.once(lambda: quiet.sent())
        quiet.human.whisper("ani")
        await quiet.until(Unknown, 2)
    later = again(quiet)
    async with listening(quiet, later):
        quiet.human.whisper("ani")
        await quiet.until(Unknown, 3)
        quiet.human.say("ani", "plain")
        await words(quiet, 1)
    await later.close()
    assert len(quiet.sent()) == 1
    assert "encrypted" in quiet.sent()[0]


async def test_changes_emoji_and_receipts_come(here: Stand) -> None:
    first = here.human.say("ani", "Two shelves")
    await words(here, 1)
    (ours,) = (await here.say(Say("Yes", ref="d7"))).ids
    here.human.edit("ani", first, "Three shelves")
    emoji = here.human.react("ani", ours, "👍")
    here.human.read("ani", ours)
    await here.until(Reaction)
    here.human.remove("ani", emoji)
    here.human.remove("ani", first)
    assert [one.text for one in await here.until(Edit)] == ["Three shelves"]
    assert [(one.message, one.emoji) for one in await here.until(Reaction, 2)] == [(ours, "👍"), (ours, "")]
    assert [one.external_id for one in await here.until(Delete)] == [first]
    states = [(one.arrival, one.ids, one.ref) for one in await here.until(Status, 3)]
    assert (Arrival.SENT, (ours,), "d7") in states
    assert (Arrival.READ, (ours,), "d7") in states


async def test_a_receipt_of_what_is_not_remembered_is_looked_up(quiet: Stand) -> None:
    async with listening(quiet):
        quiet.human.say("ani", "Two shelves")
        await words(quiet, 1)
        (ours,) = (await quiet.say(Say("Yes", ref="d7"))).ids
        await quiet.until(Status)
    later = again(quiet)
    async with listening(quiet, later):
        quiet.human.read("ani", ours)
        states = await quiet.until(Status, 3)
    await later.close()
    assert [(one.arrival, one.ids) for one in states[1:]] == [(Arrival.READ, (ours,)), (Arrival.READ, ())]


async def test_what_another_program_of_the_account_says_is_the_firms_answer(here: Stand) -> None:
    here.human.say("ani", "Two shelves?")
    await words(here, 1)
    here.human.elsewhere("ani", "Yes, tomorrow")
    (_, echo) = await here.until(Message, 2)
    assert (echo.text, echo.echo, echo.sender.external_id) == ("Yes, tomorrow", True, here.human.homes["ani"])


async def test_who_leaves_cannot_be_reached_and_is_met_in_the_room_they_open_next(here: Stand) -> None:
    old = here.human.open("ani")
    here.human.say("ani", "Hello")
    await words(here, 1)
    here.human.leave("ani")
    new = here.human.open("ani")
    here.human.say("ani", "Me again")
    await words(here, 2)
    turned: list[Event] = await here.until(IdentityChanged, 3)
    assert [(one.sender.external_id, one.reachable, one.new_id) for one in turned if isinstance(one, IdentityChanged)] == [
        ("@ani:matrix.example", True, old),
        (old, False, ""),
        ("@ani:matrix.example", True, new),
    ]


async def test_who_is_met_elsewhere_by_now_may_leave_the_old_room(here: Stand) -> None:
    old = here.human.open("ani")
    here.human.say("ani", "Hello")
    await words(here, 1)
    here.human.open("ani")
    here.human.say("ani", "Here now")
    await words(here, 2)
    here.world.member(here.world.rooms[old], "@ani:matrix.example", "leave")
    here.human.say("ani", "Still here")
    await words(here, 3)
    assert all(one.reachable for one in here._of(IdentityChanged))


async def test_who_puts_us_out_cannot_be_reached(here: Stand) -> None:
    room = here.human.open("ani")
    here.human.say("ani", "Hello")
    await words(here, 1)
    here.human.say("ani", "Enough of you")
    here.human.put_out("ani")
    assert await words(here, 2) == ["Hello", "Enough of you"]
    last = (await here.until(IdentityChanged, 2))[-1]
    assert (last.sender.external_id, last.reachable) == (room, False)


async def test_a_token_that_is_not_known_is_trouble_until_it_is(quiet: Stand) -> None:
    quiet.world.faults.add("error", "/whoami", code=401, word="M_UNKNOWN_TOKEN", left=0)
    task = asyncio.create_task(quiet.matrix.listen(quiet.inbox))
    await quiet.once(lambda: quiet.matrix.listener.trouble)
    health = await quiet.matrix.health()
    assert not health.ok
    assert "token" in health.words
    quiet.world.faults.rules.clear()
    await quiet.once(lambda: not quiet.matrix.listener.trouble)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_line_that_breaks_is_mended(quiet: Stand) -> None:
    for kind in ("drop", "garbage", "status", "drop_after"):
        quiet.world.faults.add(kind, "/sync", code=500)
    async with listening(quiet):
        quiet.human.say("ani", "Hello")
        assert await words(quiet, 1) == ["Hello"]
    health = await quiet.matrix.health()
    assert (health.ok, SHOP in health.words) == (True, True)


async def test_a_file_that_is_damaged_counts_as_none(tmp_path: Path) -> None:
    memo = Memo(tmp_path, "matrix:shop")
    assert await memo.load() == Place()
    memo.told["!room"] = None
    await memo.save(Place("s7", 9))
    other = Memo(tmp_path, "matrix:shop")
    assert (await other.load(), list(other.told)) == (Place("s7", 9), ["!room"])
    for body in ("{", json.dumps([1]), json.dumps({"since": 7, "at": "x", "told": {}})):
        (tmp_path / "matrix" / "matrix-shop.json").write_text(body)
        assert await Memo(tmp_path, "matrix:shop").load() == Place()


async def test_no_damage_to_what_the_server_tells_breaks_the_reader(quiet: Stand) -> None:
    quiet.human.open("ani")
    quiet.world.member(quiet.human.room("ani"), SHOP, "join")
    word = quiet.human.say("ani", "Hello")
    quiet.human.react("ani", word, "👍")
    quiet.human.read("ani", word)
    quiet.human.open("eva")
    told, digest = json.loads(json.dumps(stream.told(quiet.world, SHOP, 0, 50))), quiet.matrix._digest
    await quiet.matrix._api.who()
    assert (await digest.read(told, "s0_1", NOW)).events
    for place in places(told):
        for harm in ("drop", "retype", "nest", "double"):
            odd = json.loads(damaged(told, place, harm))
            try:
                batch = await digest.read(odd, "s0_1", NOW)
            except FAILURES:
                continue
            assert all(quiet.matrix.parse(one) or one.key for one in batch.events), (place, harm)
