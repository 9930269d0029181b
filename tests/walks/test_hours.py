"""Nobody there: outside the working hours, or with nobody on duty, managers get the card and the customer hears when somebody will be back."""

import pytest

from tests.walks.desk import Desk, Phone, card_of, customer, go_home

pytestmark = pytest.mark.asyncio(loop_scope="session")
PERSON = {"en": "talk to a person", "ru": "позовите человека", "hy": "օպերատոր"}
CLOSED = {"en": "We are closed now", "ru": "Сейчас мы закрыты", "hy": "Այժմ փակ ենք"}
TOMORROW = {"en": "tomorrow", "ru": "завтра", "hy": "վաղը"}


@pytest.mark.parametrize("language", ["en", "ru", "hy"])
async def test_after_hours_a_customer_hears_in_their_language_when_we_open(night: Desk, language: str) -> None:
    who = await customer(night.house, f"late{language}", language_code=language)
    await who.do("start")
    await who.sees("Marani")
    await who.say(PERSON[language])
    told = (await who.sees(CLOSED[language]))["text"]
    assert TOMORROW[language] in told
    assert "10:00" in told


async def test_after_hours_the_card_comes_to_the_managers_and_not_to_a_rep_on_duty(night: Desk) -> None:
    async with night.rep() as rep:
        await rep.sees("Welcome")
        who = await customer(night.house, "owl")
        await who.say("Hello, are you there at this hour?")
        await who.sees("Marani")
        card = await card_of(night.manager, "owl")
        await night.manager.answer(card, "I happen to be awake.")
        await who.sees("I happen to be awake.")
        assert not any("Owl" in text for text in await rep.heard())


async def test_with_nobody_on_duty_the_managers_get_the_card_and_the_customer_the_next_opening(desk: Desk) -> None:
    who = await customer(desk.house, "forsaken")
    await who.say("Hello, I need a door for my house")
    await who.sees("Marani")
    await card_of(desk.manager, "forsaken")
    await who.say("talk to a person")
    assert "tomorrow 00:00" in (await who.sees("We are closed now"))["text"]
    await desk.manager.sees("asks for a person")


async def test_back_on_duty_a_rep_gets_the_cards_again(desk: Desk, rep: Phone) -> None:
    await go_home(rep)
    assert desk.house.rows("SELECT count(*) FROM reps WHERE available = 1") == [(0,)]
    missed = await customer(desk.house, "missed")
    await missed.say("Hello, I need a gate for my yard")
    await card_of(desk.manager, "missed")
    before = await rep.last_id()
    await rep.say("/available")
    await rep.sees("You are on duty", after=before)
    who = await customer(desk.house, "welcomed")
    await who.say("Hello, I need a fence for my yard")
    await card_of(rep, "welcomed")
    await who.say("talk to a person")
    await who.sees("A person will write to you here soon.")
    assert not any("Missed" in text for text in await rep.heard())
    await missed.say("Is anybody there by now?")
    await card_of(rep, "missed")
