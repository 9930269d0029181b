"""The pretended Viber refuses what Viber refuses, tells what Viber tells, and misbehaves when it is told to."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, web

from sandbox.viber.checks import wrong
from sandbox.viber.human import ViberHuman
from sandbox.viber.server import ViberApi
from sandbox.viber.world import Person, ViberWorld
from tests.channels.sms.stand import operator

ANI = "ani="
TEXT: dict[str, Any] = {"type": "text", "text": "hi", "sender": {"name": "Marani"}}
BUTTON = {"Columns": 6, "Rows": 1, "ActionType": "reply", "ActionBody": "yes", "Text": "Yes"}


class Part:
    """Viber with both its sides, and somebody who is come to."""

    def __init__(self) -> None:
        self.world = ViberWorld("token")
        self.api = ViberApi(self.world)
        self.came: list[dict[str, Any]] = []
        self.answers = 200

    def mount(self, app: web.Application) -> None:
        self.api.mount(app)
        ViberHuman(self.api).mount(app)
        app.router.add_post("/hook", self.hook)

    async def hook(self, request: web.Request) -> web.Response:
        self.came.append(await request.json())
        return web.Response(status=self.answers)


class Firm:
    """Somebody with a bot."""

    def __init__(self, part: Part, url: str, http: ClientSession) -> None:
        self.part, self.url, self.http = part, url, http

    async def ask(self, method: str, body: object, token: str = "token") -> dict[str, Any]:
        async with self.http.post(f"{self.url}/viber/pa/{method}", json=body, headers={"X-Viber-Auth-Token": token}) as answer:
            assert answer.status == 200
            told: dict[str, Any] = await answer.json()
            return told

    async def do(self, deed: str, **body: object) -> None:
        async with self.http.post(f"{self.url}/play/viber/{ANI}/{deed}", json=body) as answer:
            assert answer.status == 200

    async def events(self) -> list[str]:
        await self.part.api.quiet()
        return [str(one["event"]) for one in self.part.came]


@pytest.fixture
async def firm() -> AsyncIterator[Firm]:
    """A firm whose bot is told of everything."""
    part = Part()
    async with operator(part) as url, ClientSession() as http:
        made = Firm(part, url, http)
        assert (await made.ask("set_webhook", {"url": f"{url}/hook"}))["status"] == 0
        yield made


async def test_the_webhook_is_called_while_it_is_set(firm: Firm) -> None:
    assert await firm.events() == ["webhook"]
    told = await firm.ask("get_account_info", {})
    assert (told["webhook"], "message" in told["event_types"]) == (f"{firm.url}/hook", True)
    firm.part.answers = 401
    assert (await firm.ask("set_webhook", {"url": f"{firm.url}/hook"}))["status"] == 1
    assert (await firm.ask("set_webhook", {"url": "ftp://x"}))["status"] == 1


async def test_what_is_taken_is_delivered_and_told(firm: Firm) -> None:
    await firm.do("say", text="hello")
    told = await firm.ask("send_message", {"receiver": ANI, **TEXT})
    assert (told["status"], told["billing_status"]) == (0, 1)
    assert await firm.events() == ["webhook", "message", "delivered"]


@pytest.mark.parametrize(
    ("body", "status"),
    [({**TEXT}, 4), ({"receiver": "nobody=", **TEXT}, 5), ({"receiver": ANI, **TEXT, "sender": {}}, 4), ({"receiver": ANI, **TEXT, "text": "x" * 31_000}, 3)],
)
async def test_a_message_to_nobody_or_of_no_shape_is_refused(firm: Firm, body: dict[str, Any], status: int) -> None:
    await firm.do("say", text="hello")
    assert (await firm.ask("send_message", body))["status"] == status


async def test_only_subscribers_are_written_to_and_only_with_the_token(firm: Firm) -> None:
    firm.part.world.person(ANI)
    assert (await firm.ask("send_message", {"receiver": ANI, **TEXT}))["status"] == 6
    await firm.do("subscribe")
    assert (await firm.ask("send_message", {"receiver": ANI, **TEXT}))["status"] == 0
    assert (await firm.ask("send_message", {"receiver": ANI, **TEXT}, "wrong"))["status"] == 2
    await firm.do("leave")
    assert (await firm.ask("send_message", {"receiver": ANI, **TEXT}))["status"] == 6
    assert [one for one in await firm.events() if one != "delivered"] == ["webhook", "subscribed", "unsubscribed"]


async def test_after_a_day_it_costs_and_without_money_nothing_goes(firm: Firm) -> None:
    await firm.do("subscribe")
    firm.part.world.free_left = 1
    costs = [(await firm.ask("send_message", {"receiver": ANI, **TEXT}))["billing_status"] for _ in range(2)]
    firm.part.world.balance = False
    assert costs == [2, 3]
    assert (await firm.ask("send_message", {"receiver": ANI, **TEXT}))["status"] == 24


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"type": "carousel"}, 3),
        ({"type": ""}, 4),
        ({"text": ""}, 3),
        ({"text": "x" * 7001}, 3),
        ({"sender": {"name": "x" * 29}}, 3),
        ({"tracking_data": "x" * 4001}, 3),
        ({"colour": "red"}, 3),
        ({"min_api_version": 11}, 13),
        ({"type": "picture"}, 4),
        ({"type": "picture", "media": "ftp://x"}, 3),
        ({"type": "picture", "media": "https://x/a.jpg", "text": "x" * 513}, 3),
        ({"type": "video", "media": "https://x/a.avi", "size": 5}, 3),
        ({"type": "file", "media": "https://x/a", "size": 0, "file_name": "a.pdf"}, 3),
        ({"type": "file", "media": "https://x/a", "size": 9, "file_name": "noending"}, 3),
        ({"keyboard": {"Type": "keyboard", "Buttons": []}}, 3),
        ({"keyboard": {"Type": "keyboard", "Buttons": [BUTTON] * 13}}, 3),
        ({"keyboard": {"Type": "keyboard", "Buttons": [{**BUTTON, "Columns": 7}]}}, 3),
        ({"keyboard": {"Type": "keyboard", "Buttons": [{**BUTTON, "ActionBody": ""}]}}, 3),
        ({"keyboard": {"Type": "keyboard", "Buttons": [{**BUTTON, "ActionType": "share-phone"}]}}, 3),
    ],
)
def test_each_thing_that_viber_refuses_has_its_status(changes: dict[str, Any], status: int) -> None:
    made = {**TEXT, **changes}
    if made["type"] in ("video", "file", "picture") and "text" not in changes:
        del made["text"]
    found = wrong(made, Person(ANI))
    assert found is not None
    assert found[0] == status


def test_twelve_rows_fit_whether_one_stands_in_each_or_six() -> None:
    for width, count in ((6, 12), (1, 72)):
        board = {"Type": "keyboard", "Buttons": [{**BUTTON, "Columns": width}] * count}
        assert wrong({**TEXT, "keyboard": board}, Person(ANI)) is None


async def test_events_come_twice_late_or_never_when_told_so(firm: Firm) -> None:
    for kind in ("twice", "late", "lost"):
        firm.part.world.faults.add(kind)
        await firm.do("say", text=kind)
        await firm.part.api.quiet()
    assert [one["message"]["text"] for one in firm.part.came[1:]] == ["twice", "twice"]
    firm.part.api.courier.release()
    await firm.part.api.quiet()
    assert firm.part.came[-1]["message"]["text"] == "late"
    with pytest.raises(ValueError, match="a fault is one of"):
        firm.part.world.faults.add("fire")


async def test_an_opened_chat_shows_what_the_bot_answers(firm: Firm) -> None:
    async with firm.http.post(f"{firm.url}/play/viber/{ANI}/open", json={"context": "oak"}) as answer:
        assert (await answer.json()) == {"ok": True, "refused": ""}
    assert (firm.part.came[-1]["event"], firm.part.came[-1]["context"], firm.part.came[-1]["subscribed"]) == ("conversation_started", "oak", False)
    async with firm.http.get(f"{firm.url}/play/viber/{ANI}") as answer:
        assert (await answer.json())["notes"] == []
