"""What a firm sends by SMPP: parts as they were counted, and how every sending ends."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from channels.smpp import Smpp
from crm.base.errors import Misconfigured
from crm.base.outbound import Reason, RetryLater, Uncertain, Undeliverable
from crm.base.sms import parts
from sandbox.smsc.world import Manner
from tests.channels.smpp.stand import ANN, BEN, OPTIONS, Stand, firm, stand

LONG = "Բարև ձեզ, ունենք նոր դարակներ 😀 " * 8
PLAIN = "We have new shelves of oak & pine {now} for 20€ " * 8


async def test_a_short_text_is_one_part_with_one_id(tmp_path: Path) -> None:
    async with stand(tmp_path) as place:
        ids = await place.say("Yes, in oak.")
        [text] = await place.centre.until(ANN, 1)
    assert text.text == "Yes, in oak."
    assert [text.ids] == [list(ids)]
    assert place.centre.taken[0].source == "Marani"
    assert place.centre.taken[0].source_ton == 5


@pytest.mark.parametrize("long", ["udh", "sar"])
@pytest.mark.parametrize("words", [LONG, PLAIN], ids=["ucs2", "gsm"])
async def test_a_long_text_arrives_whole_in_as_many_parts_as_were_counted(tmp_path: Path, long: str, words: str) -> None:
    async with stand(tmp_path, replace(OPTIONS, long=long)) as place:
        ids = await place.say(words)
        [text] = await place.centre.until(ANN, 1)
    assert text.text == words
    assert text.parts == parts(words).parts == len(ids) == len(place.centre.taken) > 2
    assert text.ids == list(ids)


async def test_where_the_operator_cuts_a_long_text_goes_whole(tmp_path: Path) -> None:
    async with stand(tmp_path, replace(OPTIONS, long="payload")) as place:
        ids = await place.say(PLAIN)
        [text] = await place.centre.until(ANN, 1)
    assert text.text == PLAIN
    assert len(ids) == 1


async def test_each_parts_words_are_written_alike_though_one_alone_could_be_shorter(tmp_path: Path) -> None:
    async with stand(tmp_path) as place:
        await place.say("a" * 70 + "հ")
        [text] = await place.centre.until(ANN, 1)
    assert text.parts == 2
    assert {sm.coding for sm in place.centre.taken} == {8}


async def test_an_operator_that_writes_latin_gets_latin_and_a_euro_is_refused_before_it_leaves(tmp_path: Path) -> None:
    async with stand(tmp_path, replace(OPTIONS, alphabet="latin1"), Manner(alphabet="latin1")) as place:
        await place.say("Café [new] à la carte")
        [text] = await place.centre.until(ANN, 1)
        assert text.text == "Café [new] à la carte"
        assert await ending(place, "20 €") is Reason.BAD_CONTENT


async def test_two_messages_in_a_row_do_not_share_their_reference(tmp_path: Path) -> None:
    async with stand(tmp_path) as place:
        await place.say(LONG, ref="d255")
        await place.say(LONG, ref="d256")
        texts = await place.centre.until(ANN, 2)
    assert [text.text for text in texts] == [LONG, LONG]
    assert {sm.words[3] for sm in place.centre.taken} == {255, 0}


@pytest.mark.parametrize("kind", ["throttle", "full", "system"])
async def test_too_fast_and_too_full_are_no_failures(tmp_path: Path, kind: str) -> None:
    async with stand(tmp_path) as place:
        place.centre.faults.add(kind)
        with pytest.raises(RetryLater) as later:
            await place.say("hello")
        assert (later.value.after, later.value.account, later.value.answered) == (1.0, True, True)
        assert await place.say("hello")


async def test_a_long_text_that_had_to_wait_in_the_middle_goes_on_from_there(tmp_path: Path) -> None:
    async with stand(tmp_path) as place:
        place.centre.faults.add("throttle", after=2)
        with pytest.raises(RetryLater):
            await place.say(LONG, ref="d7")
        ids = await place.say(LONG, ref="d7")
        [text] = await place.centre.until(ANN, 1)
    assert (text.text, text.ids) == (LONG, list(ids))
    assert len(place.centre.taken) == parts(LONG).parts


async def test_a_long_text_whose_middle_was_the_accounts_trouble_goes_on_from_there(tmp_path: Path) -> None:
    async with stand(tmp_path) as place:
        place.centre.faults.add("bad_source", after=2)
        with pytest.raises(Undeliverable):
            await place.say(LONG, ref="d7")
        ids = await place.say(LONG, ref="d7")
        [text] = await place.centre.until(ANN, 1)
    assert (text.text, text.ids) == (LONG, list(ids))
    assert len(place.centre.taken) == parts(LONG).parts


async def test_what_is_refused_for_good_says_why(tmp_path: Path) -> None:
    async with stand(tmp_path, replace(OPTIONS, errors={"0x45": "opted_out"})) as place:
        for kind, reason in (("bad_number", Reason.BAD_ADDRESS), ("bad_source", Reason.ACCOUNT_PROBLEM), ("refuse", Reason.OPTED_OUT)):
            place.centre.faults.add(kind)
            assert await ending(place, "hello") is reason


async def ending(place: Stand, text: str, to: str = ANN) -> Reason:
    with pytest.raises(Undeliverable) as refused:
        await place.say(text, to)
    return refused.value.reason


@pytest.mark.parametrize("kind", ["drop", "drop_after", "unbind"])
async def test_where_the_line_breaks_before_the_answer_nobody_knows(tmp_path: Path, kind: str) -> None:
    async with stand(tmp_path) as place:
        place.centre.faults.add(kind)
        with pytest.raises(Uncertain):
            await place.say("hello")


async def test_where_no_answer_comes_nobody_knows_and_the_line_stands(tmp_path: Path) -> None:
    async with stand(tmp_path, replace(OPTIONS, answer_seconds=0.3)) as place:
        place.centre.faults.add("hang", BEN)
        with pytest.raises(Uncertain):
            await place.say("hello", BEN)
        assert await place.say("hello")


async def test_a_centre_that_knows_no_such_command_has_refused(tmp_path: Path) -> None:
    async with stand(tmp_path) as place:
        place.centre.faults.add("nack")
        assert await ending(place, "hello") is Reason.ACCOUNT_PROBLEM


async def test_a_line_gone_deaf_is_found_out_and_built_anew(tmp_path: Path) -> None:
    async with stand(tmp_path, replace(OPTIONS, answer_seconds=0.2, enquire_seconds=0.2)) as place:
        old = place.smsc.links[0]
        place.centre.faults.add("deaf")
        with pytest.raises(Uncertain):
            await place.say("hello")
        async with asyncio.timeout(30):
            while not place.follows or old in place.smsc.links:
                await asyncio.sleep(0.01)
        assert await place.say("hello")


async def test_where_no_session_stands_nothing_left(tmp_path: Path) -> None:
    async with stand(tmp_path) as place:
        place.centre.faults.add("no_bind", count=0)
        place.smsc.cut()
        async with asyncio.timeout(30):
            while place.follows:
                await asyncio.sleep(0)
        with pytest.raises(RetryLater):
            await place.say("hello")
        assert not (await place.smpp.health()).ok
        place.centre.faults.clear()
        await place.smsc.bound()
    assert place.centre.taken == []


async def test_a_wrong_password_is_the_accounts_trouble(tmp_path: Path) -> None:
    async with stand(tmp_path, replace(OPTIONS, password="wrong"), listen=False) as place:
        assert await ending(place, "hello") is Reason.ACCOUNT_PROBLEM
        assert "system_id" in (await place.smpp.health()).words or "refuses" in (await place.smpp.health()).words


async def test_a_node_that_does_not_follow_sends_over_a_session_of_its_own(tmp_path: Path) -> None:
    async with stand(tmp_path, listen=False) as place:
        await place.say("hello")
        assert [link.way for link in place.smsc.links] == [0x02]
        await place.listen()
        await place.say("hello")
        async with asyncio.timeout(30):
            while len(place.smsc.links) > 1:
                await asyncio.sleep(0)
        assert [link.way for link in place.smsc.links] == [0x09]


async def test_an_operator_that_allows_one_session_gets_no_second_one(tmp_path: Path) -> None:
    async with stand(tmp_path, manner=Manner(sessions=1), listen=False) as place:
        await place.say("hello")
        await place.listen()
        await place.say("hello")
        assert [link.way for link in place.smsc.links] == [0x09]


async def test_two_sessions_go_each_their_way(tmp_path: Path) -> None:
    async with stand(tmp_path, replace(OPTIONS, bind="two")) as place:
        await place.say("hello")
        assert sorted(link.way for link in place.smsc.links) == [0x01, 0x02]


async def test_no_more_than_the_window_is_under_way(tmp_path: Path) -> None:
    async with stand(tmp_path, replace(OPTIONS, window=2, answer_seconds=0.3)) as place:
        place.centre.faults.add("hang", count=2)
        endings = await asyncio.gather(*(place.say("hello") for _ in range(4)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in endings) == ["Uncertain", "Uncertain", "tuple", "tuple"]
    assert len(place.centre.taken) == 2


@pytest.mark.parametrize(
    "wrong",
    [{"long": "cut"}, {"bind": "both"}, {"receipt_ids": "octal"}, {"errors": {"0x45": "sorry"}}, {"parts": 0}, {"window": 0}, {"alphabet": "ebcdic"}],
)
def test_options_that_cannot_work_are_refused_at_once(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(Misconfigured):
        Smpp(replace(OPTIONS, **wrong), firm(tmp_path, lambda: 0))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sender", "told"), [("Marani", ("Marani", 5, 0)), ("+37410222222", ("37410222222", 1, 1)), ("1020", ("1020", 3, 0)), ("", ("", 0, 0))]
)
async def test_the_kind_of_a_sender_is_seen(tmp_path: Path, sender: str, told: tuple[str, int, int]) -> None:
    async with stand(tmp_path, replace(OPTIONS, sender=sender)) as place:
        await place.say("hello")
    assert (place.centre.taken[0].source, place.centre.taken[0].source_ton) == told[:2]
