"""Following an Asterisk: logging in, keeping what happens, and what a broken line costs."""

import asyncio
from dataclasses import replace

import pytest

from channels.asterisk import Asterisk
from crm.base.errors import Busy, Misconfigured
from crm.base.events import CallPhase, Unknown
from sandbox.asterisk.ringing import Board
from sandbox.asterisk.server import Ami
from tests.channels.asterisk.stand import ANN, FIRM, OPTIONS, log_of, stand
from tests.conftest import NOON
from tests.doors import Inbox


async def test_a_missed_call_is_kept_with_its_callers_number() -> None:
    async with stand() as place:
        place.ami.replay(log_of("missed"))
        ringing, missed = await place.calls(2)
    assert (ringing.phase, missed.phase) == (CallPhase.RINGING, CallPhase.MISSED)
    assert (missed.sender.phone, missed.sender.proven, missed.sender.name, missed.line) == (ANN, True, "Ann", "37410111111")
    assert ringing.external_id == missed.external_id
    assert len({raw.lane for raw in place.inbox.events}) == 1


async def test_the_secret_itself_goes_over_the_line_only_where_it_is_asked_to() -> None:
    async with stand() as place:
        assert [one["Action"] for one in place.ami.asked] == ["Challenge", "Login", "CoreShowChannels"]
        assert "open-sesame" not in str(place.ami.asked)
    async with stand(replace(OPTIONS, plain=True), faulty("no_challenge")) as place:
        assert [one["Action"] for one in place.ami.asked] == ["Login", "CoreShowChannels"]


def faulty(*faults: str) -> Ami:
    """An Asterisk that does something wrong."""
    made = Ami()
    made.faults |= set(faults)
    return made


async def test_a_wrong_secret_is_told_and_tried_again() -> None:
    async with stand(replace(OPTIONS, secret="wrong"), listed=False) as place:
        async with asyncio.timeout(30):
            while sum(one["Action"] == "Login" for one in place.ami.asked) < 2:
                await asyncio.sleep(0.01)
        health = await place.asterisk.health()
    assert (health.ok, health.words) == (False, "Asterisk does not take this user and secret")


async def test_a_call_is_kept_once_though_it_is_told_again_over_a_new_line() -> None:
    async with stand() as place:
        place.ami.replay(log_of("missed"))
        await place.calls(2)
        place.ami.cut()
        await place.ami.listed(2)
        place.ami.replay(log_of("missed"))
        place.ami.tell(Board(clock=lambda: NOON / 1000).missed("37491000009"))
        calls = await place.calls(4)
    assert [one.sender.phone for one in calls] == [ANN, ANN, "+37491000009", "+37491000009"]


async def test_a_call_that_ended_while_nobody_looked_is_over() -> None:
    async with stand() as place:
        board = Board(clock=lambda: NOON / 1000)
        caller = board.comes("37491123456")
        other = board.comes("37491000009")
        phone = board.rings(other, "101")
        board.meet("b-1", other, phone)
        place.ami.tell(board.told)
        await place.calls(3)
        place.ami.cut()
        calls = await place.calls(5)
    over = {one.external_id: one.phase for one in calls[3:]}
    assert over == {caller.key: CallPhase.MISSED, other.key: CallPhase.ENDED}


async def test_a_call_that_goes_on_is_followed_to_its_end_over_the_new_line() -> None:
    async with stand() as place:
        board = Board(clock=lambda: NOON / 1000)
        caller = board.comes("37491123456")
        place.ami.tell(board.told)
        await place.calls(1)
        place.ami.live = [{**caller.fields(), "BridgeId": "", "Duration": "00:00:05"}]
        place.ami.cut()
        await place.ami.listed(2)
        board.hang_up(caller)
        place.ami.tell(board.told[-1:])
        calls = await place.calls(2)
    assert [one.phase for one in calls] == [CallPhase.RINGING, CallPhase.MISSED]


async def test_a_call_that_began_before_anybody_looked_is_joined_in_the_middle() -> None:
    board = Board(clock=lambda: NOON / 1000)
    caller = board.comes("37491123456", "Ann")
    phone = board.rings(caller, "101", "Tigran")
    ami = Ami()
    ami.live = [{**leg.fields(), "BridgeId": "b-1", "Duration": "00:01:00"} for leg in (caller, phone)]
    async with stand(ami=ami) as place:
        ringing, answered = await place.calls(2)
        board.wait(30)
        board.hang_up(caller)
        place.ami.tell(board.told[-1:])
        ended = (await place.calls(3))[2]
    assert (ringing.phase, answered.phase, answered.agent) == (CallPhase.RINGING, CallPhase.ANSWERED, "101")
    assert (ringing.at, ended.phase, ended.seconds) == (NOON - 60_000, CallPhase.ENDED, 30)


async def test_who_may_not_list_what_is_under_way_hears_what_comes() -> None:
    async with stand(ami=faulty("no_list")) as place:
        place.ami.replay(log_of("answered"))
        assert [one.phase.value for one in await place.calls(3)] == ["ringing", "answered", "ended"]


async def test_a_line_that_says_nothing_any_more_is_built_anew() -> None:
    async with stand(replace(OPTIONS, ping_seconds=0.1, answer_seconds=0.1)) as place:
        place.ami.faults.add("silent")
        async with asyncio.timeout(30):
            while (await place.asterisk.health()).ok:
                await asyncio.sleep(0.01)
        place.ami.faults.clear()
        await place.ami.listed(2)
        place.ami.replay(log_of("missed"))
        assert len(await place.calls(2)) == 2


async def test_what_the_store_is_too_busy_for_is_kept_later() -> None:
    async with stand(inbox=Inbox(Busy("full"), Busy("full"))) as place:
        place.ami.replay(log_of("missed"))
        assert len(await place.calls(2)) == 2


async def test_a_hidden_number_is_counted_and_is_nobody() -> None:
    async with stand() as place:
        place.ami.replay(log_of("hidden"))
        assert [type(event) for event in await place.events(1)] == [Unknown]


@pytest.mark.parametrize("wrong", [{"user": ""}, {"secret": "a\r\nb"}, {"inbound": (), "trunks": ()}, {"host": ""}, {"ping_seconds": 0.0}])
def test_options_that_cannot_work_are_refused_at_once(wrong: dict[str, object]) -> None:
    with pytest.raises(Misconfigured):
        Asterisk(replace(OPTIONS, **wrong), FIRM)  # type: ignore[arg-type]
