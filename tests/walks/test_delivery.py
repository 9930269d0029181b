"""How a message ends when Telegram misbehaves: never twice by itself, never a state we cannot know, and always with a way on."""

from pathlib import Path

import pytest

from console.demo import CUSTOMER_TOKEN
from sandbox.telegram.shapes import Json
from tests.walks.desk import Desk, Phone, customer, labels, open_desk, taken

pytestmark = pytest.mark.asyncio(loop_scope="session")
STATES = "SELECT d.state FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE d.desk = 0 AND d.address = ? AND m.text = ?"
REACHABLE = "SELECT reachable FROM identities WHERE external_id = ?"
HEARD = "SELECT count(*) FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE c.address = ? AND m.text = ?"
WAITS = "SELECT detail FROM deliveries WHERE desk = 0 AND address = ? AND state = 'queued'"
AN_HOUR_GOES_BY = "UPDATE deliveries SET due_at = due_at - 7200000 WHERE state = 'queued'"
UNKNOWN = "Nobody knows whether this message"


async def sent(who: Phone, text: str) -> list[Json]:
    """The requests that carried a text to a customer."""
    log = await who.house.hands.log(bot="customer", method="sendMessage")
    return [request for request in log if request["parameters"].get("chat_id") == who.id and request["parameters"].get("text") == text]


async def answered_into(rep: Phone, name: str, text: str, kind: str, **rule: object) -> tuple[Phone, Json]:
    """A customer whom a rep answers while Telegram misbehaves towards that chat."""
    who, card = await taken(rep, name)
    await rep.house.hands.fault(kind, bot="customer", chat=who.id, method="sendMessage", **rule)
    await rep.answer(card, text)
    return who, card


async def test_who_has_blocked_us_is_not_written_to_until_they_write_again(rep: Phone) -> None:
    who, card = await answered_into(rep, "anahit", "Are you there?", "403")
    await rep.sees("Our last answer: failed ✗: the customer has blocked us or is gone")
    assert labels(await rep.sees("⚠️ Your message to")) == ["Resend"]
    assert rep.house.rows(REACHABLE, str(who.id)) == [(0,)]
    await rep.sees("🚫 cannot be reached")
    await rep.answer(card, "Still there?")
    await rep.house.until(STATES, str(who.id), "Still there?", want=[("failed",)])
    assert await sent(who, "Still there?") == []
    await who.say("I am back")
    await rep.house.until(REACHABLE, str(who.id), want=[(1,)])
    await rep.answer(await rep.sees("I am back"), "Good!")
    await who.sees("Good!")


async def test_blocking_the_bot_on_the_phone_is_seen_on_the_card(rep: Phone) -> None:
    who, _ = await taken(rep, "bagrat")
    await who.do("block")
    await rep.sees("🚫 cannot be reached")
    await who.do("unblock")
    await rep.house.until(REACHABLE, str(who.id), want=[(1,)])


async def test_nothing_goes_to_a_chat_before_the_time_telegram_named(rep: Phone) -> None:
    who, card = await answered_into(rep, "carmen", "First words", "429", seconds=2)
    await rep.answer(card, "Second words")
    await who.sees("Second words")
    attempts = [one for text in ("First words", "Second words") for one in await sent(who, text)]
    assert [one["accepted"] for one in attempts] == [False, True, True]
    assert attempts[1]["at"] - attempts[0]["at"] >= 2
    assert [text for text in await who.heard() if text.endswith(" words")] == ["First words", "Second words"]


@pytest.mark.parametrize(("name", "kind"), [("diana", "drop_after"), ("edgar", "drop"), ("flora", "500"), ("garik", "garbage"), ("hrant", "hang")])
async def test_a_message_nobody_knows_about_is_never_sent_again_by_itself(rep: Phone, name: str, kind: str) -> None:
    who, card = await answered_into(rep, name, "Did this arrive?", kind, seconds=0.2)
    trouble = await rep.sees(UNKNOWN)
    assert labels(trouble) == ["Resend", "Mark sent"]
    assert "Did this arrive?" in trouble["text"]
    await rep.sees("Our last answer: nobody knows whether it arrived")
    await rep.answer(card, "A later message")
    await who.sees("A later message")
    assert len(await sent(who, "Did this arrive?")) == 1
    assert ("Did this arrive?" in await who.heard()) is (kind == "drop_after")


async def test_a_rep_who_saw_it_arrive_marks_it_sent(rep: Phone) -> None:
    who, _ = await answered_into(rep, "ida", "It did arrive", "drop_after")
    trouble = await rep.sees(UNKNOWN)
    assert await rep.press(trouble, "Mark sent") == "Marked as sent."
    await rep.sees("Our last answer: sent ✓")
    assert "expired" in await rep.press(trouble, "Resend")
    assert len(await sent(who, "It did arrive")) == 1


async def test_a_rep_may_decide_to_send_it_again(rep: Phone) -> None:
    who, _ = await answered_into(rep, "jasmin", "It did not arrive", "500")
    assert await rep.press(await rep.sees(UNKNOWN), "Resend") == "It is being sent again."
    await who.sees("It did not arrive")
    await rep.sees("Our last answer: sent ✓")
    assert [one["accepted"] for one in await sent(who, "It did not arrive")] == [False, True]


async def test_what_telegram_refuses_failed_and_says_why(rep: Phone) -> None:
    who, card = await answered_into(rep, "kamo", "Refused", "400", description="Bad Request: message text is empty")
    await rep.sees("⚠️ Your message to")
    await rep.sees("Our last answer: failed ✗: the platform does not take such a message")
    assert len(await sent(who, "Refused")) == 1
    await rep.answer(card, "Accepted")
    await who.sees("Accepted")


@pytest.mark.parametrize("kind", ["409", "500", "garbage", "hang", "drop", "429"])
async def test_listening_recovers_and_loses_nothing(rep: Phone, kind: str) -> None:
    who = await customer(rep.house, f"listener{kind}")
    for bot in ("customer", "staff"):
        await rep.house.hands.fault(kind, bot=bot, method="getUpdates", seconds=0.2)
    await who.say("The first thing")
    await who.say("The second thing")
    await rep.house.until(HEARD, str(who.id), "The second thing", want=[(1,)])
    card = await rep.sees("The second thing")
    await rep.answer(card, "All of it reached us")
    await who.sees("All of it reached us")
    assert rep.house.rows(HEARD, str(who.id), "The first thing") == [(1,)]


async def test_an_update_that_comes_twice_does_nothing_twice(rep: Phone) -> None:
    who, card = await taken(rep, "mane")
    for bot in ("customer", "staff"):
        await rep.house.hands.fault("duplicate", bot=bot, method="getUpdates")
    await who.say("Only once, please")
    post = await rep.sees("Only once, please", after=card["message_id"])
    await rep.answer(post, "Once it is")
    await who.sees("Once it is")
    for text in ("The same update", "Other words under the same number"):
        message = {**by(who), "message_id": 5000, "text": text}
        await rep.house.hands.post("/play/raw", {"bot": "customer", "update": {"update_id": 555_000_111, "message": message}})
    await who.say("And on we go")
    await rep.sees("And on we go", after=post["message_id"])
    assert [rep.house.rows(HEARD, str(who.id), text) for text in ("Only once, please", "Once it is", "The same update")] == [[(1,)]] * 3
    assert rep.house.rows(HEARD, str(who.id), "Other words under the same number") == [(0,)]
    assert (await who.heard()).count("Once it is") == 1


JUNK: list[Json] = [
    {"message": "not an object"},
    {"message": {"chat": {"id": 2**80, "type": "private"}, "from": None, "text": 7}},
    {"no_such_kind": {"deep": [[[[[]]]]]}},
    {"callback_query": {"id": 5, "data": {"$ne": 1}}},
    {"edited_message": {}},
    {},
]


async def test_an_update_that_cannot_be_read_is_kept_and_stops_nothing(desk: Desk, rep: Phone) -> None:
    who = await customer(desk.house, "norayr")
    count = "SELECT count(*) FROM raw_events"
    before = desk.house.rows(count)[0][0]
    for bot in ("customer", "staff"):
        for update in JUNK:
            await desk.house.hands.post("/play/raw", {"bot": bot, "update": update})
    await who.say("Hello after all that")
    await rep.sees("Hello after all that")
    await desk.house.until("SELECT 1 FROM raw_events GROUP BY 1 HAVING count(*) >= ?", before + 2 * len(JUNK) + 1)


def by(who: Phone) -> Json:
    """What every message of a customer carries."""
    person = {"id": who.id, "first_name": who.name.title()}
    return {"date": 1, "chat": {**person, "type": "private"}, "from": {**person, "is_bot": False}}


async def test_what_waits_where_the_account_was_taken_away_fails_and_says_so_and_once_it_is_back_all_goes_on(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk, desk.rep() as rep:
        who, card = await answered_into(rep, "vazgen", "Is anybody there?", "429", seconds=3600)
        await desk.house.until(WAITS, str(who.id), want=[("retry later",)])
        assert await desk.house.stop() == 0
        desk.house.change(AN_HOUR_GOES_BY)
        await desk.house.hands.heal()
        desk.house.vary(CUSTOMER_BOT_TOKEN="")
        await desk.house.start()
        await rep.sees("Our last answer: failed ✗: our account there is no longer set up")
        await rep.answer(card, "Hello?")
        await rep.sees("The customer cannot be written to there.")
        assert await desk.house.stop() == 0
        desk.house.vary(CUSTOMER_BOT_TOKEN=CUSTOMER_TOKEN)
        await desk.house.start()
        await rep.answer(card, "Here we are again")
        await who.sees("Here we are again")
        assert not {"Is anybody there?", "Hello?"} & set(await who.heard())
