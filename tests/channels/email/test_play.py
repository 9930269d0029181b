"""The provider's human side: people write and read in JSON, as the play page does, and the channel never knows."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession, FormData, web

from crm.base.events import Message
from crm.base.outbound import Say
from sandbox.mail.human import MailHuman
from tests.channels.email.stand import ANAHIT, PDF, SHOP, Stand, digest, standing
from tests.doors import served

PERSON = f"/play/mail/people/{ANAHIT}"


class Play:
    """A stand and a person's screen."""

    def __init__(self, stand: Stand, http: ClientSession, url: str) -> None:
        self.stand, self._http, self._url = stand, http, url

    async def ask(self, method: str, path: str, status: int = 200, **more: Any) -> dict[str, Any]:
        async with self._http.request(method, self._url + path, **more) as answer:
            assert answer.status == status, await answer.text()
            said: dict[str, Any] = await answer.json()
            return said

    async def do(self, deed: str, **body: object) -> dict[str, Any]:
        return await self.ask("POST", f"{PERSON}/{deed}", json=body)

    async def wait(self, words: str) -> dict[str, Any]:
        mail: dict[str, Any] = (await self.ask("GET", f"{PERSON}/wait", params={"contains": words, "timeout": "60"}))["mail"]
        return mail


@pytest_asyncio.fixture
async def play(tmp_path: Path) -> AsyncIterator[Play]:
    async with standing(tmp_path) as stand:
        app = web.Application()
        MailHuman(stand.world).mount(app)

        def routes(_: str) -> Sequence[web.AbstractRouteDef]:
            return [
                web.route(route.method, route.resource.canonical, route.handler) for route in app.router.routes() if route.resource and route.method != "HEAD"
            ]

        async with served(routes) as url, ClientSession() as http:  # type: ignore[arg-type]
            yield Play(stand, http, url)


async def test_a_person_writes_is_answered_and_answers(play: Play) -> None:
    await play.ask("PUT", PERSON, json={"name": "Anahit Petrosyan"})
    await play.do("write", to=SHOP, subject="Գինի", text="Ինչ արժե՞")
    async with play.stand.listening():
        [question] = play.stand.parsed(await play.stand.offsets.have(1))
        assert isinstance(question, Message)
        assert (question.sender.name, question.text, question.subject) == ("Anahit Petrosyan", "Ինչ արժե՞", "Գինի")
        await play.stand.send(Say("9,000 դրամ", reply_to=question.external_id, subject=question.subject, thread="c5", ref="d5"))
        mail = await play.wait("9,000")
        assert (mail["subject"], mail["auto"], mail["answers"]) == ("Re: Գինի", "auto-replied", f"<{question.external_id}>")
        await play.do("answer", uid=mail["uid"], text="Երկուսը")
        [_, further] = play.stand.parsed(await play.stand.offsets.have(2))
    assert isinstance(further, Message)
    assert (further.text, further.thread) == ("Երկուսը", "c5")


async def test_files_go_both_ways(play: Play) -> None:
    form = FormData({"to": SHOP, "subject": "Label", "text": "Here"})
    form.add_field("file", b"\x89PNG", filename="label.png", content_type="image/png")
    await play.ask("POST", f"{PERSON}/write", data=form)
    async with play.stand.listening():
        [kept] = await play.stand.offsets.have(1)
    assert [part.name for part in digest(kept).parts] == ["label.png"]
    await play.stand.send(Say("The list", PDF, subject="Wine"))
    mail = await play.wait("The list")
    assert [(file["name"], file["size"]) for file in mail["files"]] == [("Գինի_прайс.pdf", 7)]


async def test_faults_are_set_and_healed(play: Play) -> None:
    await play.ask("POST", "/play/mail/faults", json={"kind": "refuse", "place": "rcpt", "code": 550, "words": "5.1.1 nobody", "count": 0})
    assert len(play.stand.world.faults.rules) == 1
    await play.ask("DELETE", "/play/mail/faults")
    assert not play.stand.world.faults.rules


@pytest.mark.parametrize("body", [{"kind": "explode", "place": "rcpt"}, {"kind": "refuse", "place": "moon"}, {}])
async def test_a_fault_that_is_not_known_is_refused(play: Play, body: dict[str, str]) -> None:
    assert not (await play.ask("POST", "/play/mail/faults", 400, json=body))["ok"]


async def test_what_cannot_be_done_says_why(play: Play) -> None:
    assert (await play.ask("POST", f"{PERSON}/answer", 400, json={"text": "x"}))["error"] == "there is no such mail"
    assert (await play.ask("POST", f"{PERSON}/write", 400, json={"to": "nowhere"}))["error"] == "to is an address"
    assert (await play.ask("GET", f"{PERSON}/wait", 400, params={"timeout": "0.01"}))["error"] == "no such mail came"


async def test_numbers_can_begin_anew_and_lines_be_cut(play: Play) -> None:
    async with play.stand.listening():
        await play.stand.idle()
        validity = play.stand.box.folders["INBOX"].validity
        await play.ask("POST", "/play/mail/renumber", json={"address": SHOP})
        await play.stand.offsets.stand_at("email:INBOX", validity + 1)
        await play.ask("POST", "/play/mail/cut")
        await play.do("write", to=SHOP, subject="After", text="after")
        assert await play.stand.offsets.have(1)
