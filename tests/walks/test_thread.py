"""The thread through everything: a stranger's word on Telegram reaches a rep, and the rep's answer reaches the stranger."""

import pytest

from tests.walks.house import PATIENCE, House

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_stranger_writes_and_is_answered_by_a_person(house: House) -> None:
    hands = house.hands
    await hands.introduce("zoe", first_name="Zoe", language_code="en")
    await hands.do("zoe", "start")
    await hands.do("zoe", "send", text="Do you have oak tables?")
    card = await hands.wait("tigran", bot="staff", contains="oak tables", timeout=PATIENCE)
    await hands.do("tigran", "send", bot="staff", text="Yes, from 1.2 m.", reply_to=card["message_id"])
    answer = await hands.wait("zoe", contains="Yes, from 1.2 m.", timeout=PATIENCE)
    assert answer["from"] == "bot"
    await house.until("SELECT d.state FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE m.author = 'rep' AND d.desk = 0", want=[("sent",)])
