"""Visitors of the site who remember what became of every word: kept, refused, or nobody knows."""

import asyncio
import itertools
import json
import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import aiohttp

from channels.webchat.raw import visitor_id
from tests.walks.house import PATIENCE, House

_numbers = itertools.count(1)
ANSWER_SECONDS = 30.0  # longer than a busy machine takes for one answer
ANSWERED = "SELECT 1 FROM deliveries WHERE account = 'webchat' AND address = ? AND state = 'sent'"


class Outcome(StrEnum):
    """How an attempt ended for the one who made it; `info` = nobody knows (the word of Jepsen's histories)."""

    OK = "ok"
    FAILED = "failed"
    INFO = "info"


@dataclass(slots=True)
class Word:
    """One thing somebody said, with what is known of it."""

    text: str
    id: str
    outcome: Outcome = Outcome.FAILED
    tries: int = 0
    body: str = ""
    file: str = ""

    def heard(self, outcome: Outcome) -> None:
        """One more try ended: what was acknowledged once stays so, and a doubt does not go away by a refusal."""
        self.tries += 1
        if self.outcome is not Outcome.OK and not (self.outcome is Outcome.INFO and outcome is Outcome.FAILED):
            self.outcome = outcome


@dataclass(slots=True)
class Visitor:
    """Somebody at a browser of their own, from an address of their own."""

    house: House
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    number: int = field(default_factory=lambda: next(_numbers))
    words: list[Word] = field(default_factory=list)

    @property
    def address(self) -> str:
        """What the product calls them."""
        return visitor_id(self.secret)

    @property
    def headers(self) -> dict[str, str]:
        """What their browser sends along."""
        address = f"203.{self.number >> 16 & 255}.{self.number >> 8 & 255}.{self.number & 255}"
        return {"Origin": self.house.shop, "X-Visitor": self.secret, "X-Forwarded-For": address}

    def word(self, text: str = "") -> Word:
        """A new word of theirs, not said yet."""
        made = Word(text or f"please v{self.number}n{len(self.words)}", f"w{self.number}-{len(self.words)}-{secrets.token_hex(4)}")
        self.words.append(made)
        return made

    async def say(self, word: Word, *, seconds: float = ANSWER_SECONDS) -> Outcome:
        """Try once."""
        frame = {"type": "say", "id": word.id, "text": word.text} | ({"file": word.file} if word.file else {})
        outcome, word.body = Outcome.INFO, ""
        try:
            async with self._post({"frames": [frame]}, seconds) as answer:
                word.body = await answer.text()
                outcome = _outcome(answer.status, word.body)
        except aiohttp.ClientConnectorError:
            outcome = Outcome.FAILED  # refused: no byte of it left
        except (aiohttp.ClientError, TimeoutError, OSError):
            pass
        word.heard(outcome)
        return outcome

    async def insist(self, word: Word, dice: random.Random | None = None) -> Word:
        """Try until it is acknowledged, as a widget does."""
        async with asyncio.timeout(PATIENCE):
            while await self.say(word) is not Outcome.OK:
                pause = (dice or random).uniform(0.005, 0.05)
                await asyncio.sleep(20 * pause if word.body else pause)  # who is told to come again later does; who hears nothing tries at once
        return word

    async def screen(self) -> list[dict[str, object]]:
        """Every line their screen shows after it was loaded anew, oldest first."""
        async with asyncio.timeout(PATIENCE):
            while True:
                async with self._post({}, ANSWER_SECONDS) as answer:
                    if answer.status == 200:
                        lines: list[dict[str, object]] = (await answer.json())["lines"]
                        return lines
                    assert answer.status == 503, await answer.text()
                await asyncio.sleep(float(answer.headers["Retry-After"]))

    def _post(self, body: dict[str, object], seconds: float) -> "aiohttp.client._RequestContextManager":
        patience = aiohttp.ClientTimeout(total=seconds)
        return self.house.http.post(f"{self.house.shop}/in/webchat/messages", headers=self.headers, json=body, timeout=patience)


def _outcome(status: int, body: str) -> Outcome:
    if status != 200:
        return Outcome.FAILED if status in (429, 503) else Outcome.INFO
    answers: Sequence[dict[str, object]] = json.loads(body)["answers"]
    return Outcome.OK if answers[0]["type"] == "kept" else Outcome.FAILED


async def greeted(house: House) -> Visitor:
    """A new stranger says hello and is answered: the house lives."""
    stranger = Visitor(house)
    await stranger.insist(stranger.word(f"anybody there v{stranger.number}?"))
    await house.until(ANSWERED, stranger.address)
    assert any(line["from"] == "bot" for line in await stranger.screen())
    return stranger
