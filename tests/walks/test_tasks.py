"""Tasks as they are lived: from a customer's message to done, needless once they write, told once although the machine dies, and brought to the manager."""

import time
from pathlib import Path

import pytest

from tests.walks.desk import Phone, data_of, labels, phone, taken
from tests.walks.house import House, open_house, staffed

pytestmark = pytest.mark.asyncio(loop_scope="session")
STATE = "SELECT t.state FROM tasks t JOIN conversations c ON c.id = t.conversation_id WHERE c.address = ?"
DUE = "UPDATE tasks SET due_at = {due} WHERE text = '{text}'"
HOUR = 3_600_000


async def test_a_message_becomes_a_task_by_buttons_and_is_done(rep: Phone) -> None:
    who, card = await taken(rep, "taguhi")
    await who.say("Please ring me about the oak shelves")
    post = await rep.sees("about the oak shelves", after=card["message_id"])
    assert labels(post) == ["📌 Task"]
    await rep.press(post, "📌 Task")
    await rep.press(await rep.sees("What is to be done for"), "☎️ Call")
    await rep.press(await rep.sees("☎️ Call: when?"), "Tomorrow 10:00")
    made = await rep.sees("I will remind you tomorrow 10:00.")
    assert "about the oak shelves" in made["text"]
    await rep.sees("☎️ call back · ")
    assert "Done: call back" in await rep.press(made, "✔ Task done")
    assert rep.house.rows(STATE, str(who.id)) == [("done",)]
    await rep.press(await rep.sees("Done: call back"), "Undo")
    await rep.house.until(STATE, str(who.id), want=[("open",)])


async def test_what_waits_for_silence_is_needless_once_they_write(rep: Phone) -> None:
    who, card = await taken(rep, "usik")
    await rep.answer(card, "/task tomorrow 15:00 call again if no reply")
    assert "Needless if they write before." in (await rep.sees("I will remind you tomorrow 15:00."))["text"]
    await who.say("I have thought about it: yes!")
    await rep.house.until(STATE, str(who.id), want=[("dropped",)])
    assert "call again" not in (await rep.sees("I have thought about it", after=card["message_id"] - 1))["text"]


async def test_a_task_is_told_once_although_the_machine_dies_and_what_is_late_reaches_the_manager(tmp_path: Path) -> None:
    async with open_house(tmp_path / "late", TICK_SECONDS="0.2") as house:
        await staffed(house)
        await house.start()
        await house.until("SELECT name FROM reps ORDER BY name", want=[("Mariam",), ("Tigran",)])
        rep, boss = await phone(house, "tigran", "staff"), await phone(house, "mariam", "staff")
        _, card = await taken(rep, "siran")
        for text in ("send the first offer", "send the second offer"):
            await rep.answer(card, f"/task in 5 h {text}")
            await rep.sees(f"{text}\u2069\n")
        await again(house, "send the first offer", 26)
        await rep.sees("⏰ To do: send a letter")
        await rep.sees("⏰ Still to do: send a letter")
        raised = await boss.sees("has not done this: send a letter")
        assert "Overdue by 26 h" in raised["text"]
        await again(house, "send the second offer", 3)
        await rep.sees("Overdue by 3 h")
        for words in ("⏰ To do", "⏰ Still to do"):
            told = [text for text in await rep.heard() if text.startswith(words)]
            assert [sum(text in one for one in told) for text in ("first offer", "second offer")] == [1, 1]
        assert len([text for text in await boss.heard() if "has not done this" in text]) == 1
        await boss.press_data(raised, data_of(raised, "✔ Task done"))
        await house.until("SELECT state FROM tasks WHERE text = 'send the first offer'", want=[("done",)])


async def again(house: House, text: str, hours: int) -> None:
    """The machine dies, and comes back when a task has been due for some hours."""
    await house.kill()
    house.change(DUE.format(due=time.time_ns() // 1_000_000 - hours * HOUR, text=text))
    await house.start()
