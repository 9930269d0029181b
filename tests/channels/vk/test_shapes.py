"""What we read was captured in VK's shapes, and the pretended VK tells of things in no others."""

import json

import pytest

from crm.base.outbound import Button, Say
from tests.channels.vk.shapes import OBJECTS, faults
from tests.channels.vk.stand import ANI, FIXTURES, stand

CAPTURED = sorted(FIXTURES.glob("*.json"))


@pytest.mark.parametrize("path", CAPTURED, ids=[path.stem for path in CAPTURED])
def test_what_was_captured_is_as_vk_tells_it(path: object) -> None:
    assert faults(json.loads(path.read_bytes())) == []  # type: ignore[attr-defined]


def test_every_kind_we_subscribe_to_was_captured() -> None:
    assert {json.loads(path.read_bytes())["type"] for path in CAPTURED} >= set(OBJECTS)


async def test_what_happens_at_the_pretended_vk_is_told_as_vk_tells_it() -> None:
    async with stand() as here:
        human = here.human
        cmid = human.say(ANI, "Здравствуйте")
        await here.say(Say("Да?", buttons=((Button("Да", "yes"),),), ref="d:1:0"))
        human.press(ANI, "Да")
        human.edit(ANI, cmid, "Добрый день")
        human.react(ANI, 2, 4)
        human.react(ANI, 2, 0)
        human.read(ANI)
        human.answered_by_hand(ANI, "Сейчас")
        human.deny(ANI)
        human.allow(ANI)
        human.ban(ANI)
        human.unban(ANI)
        human.fill_form(ANI, {"phone": "+79160000000"})
        await here.world.courier.idle()
        told = [json.loads(body) for _, body in here.world.courier.brought]
    assert [faults(one) for one in told] == [[] for _ in told]
    assert {one["type"] for one in told} == set(OBJECTS)
