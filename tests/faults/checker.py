"""The checker: holds what people did against the database and against what the provider accepted, then sees that the house still works."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Sequence

from crm.reports.books import Books, check
from tests.faults.visitors import Outcome, Visitor, greeted
from tests.walks.desk import Phone
from tests.walks.house import House

Words = tuple[str, str]
HEARD = "SELECT m.text FROM messages m WHERE m.author = 'contact' AND m.kind = 'message' ORDER BY m.id"
THREAD = """SELECT c.address, m.text FROM messages m JOIN conversations c ON c.id = m.conversation_id
WHERE m.author = 'contact' AND m.kind = 'message' AND c.account = 'webchat' ORDER BY m.id"""
WAITING = "SELECT count(*) FROM waiting WHERE parked = 0"
LEAVING = "SELECT id, address, state, place, lane, talk, card, attempts, due_at, claimed_at, detail FROM deliveries WHERE account = ? AND state IN ('queued', 'sending')"
INTENTS = "SELECT address, payload, state FROM deliveries WHERE account = ?"
REPLIED = "SELECT d.state FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE m.author = 'rep' AND m.text = ?"
UNCHANGED = "message is not modified"
ARRIVED, MAYBE = ("sent", "delivered", "read"), ("unknown", "sending")


async def checked(house: House, visitors: Sequence[Visitor], *, accounts: dict[str, str] | None = None, balance: bool = True) -> None:
    """Everything at once, for a house that runs: `accounts` are those that send to the pretended Telegram, with their bot's name there."""
    await settled(house)
    assert not list(against_words(house, visitors)), list(against_words(house, visitors))
    for account, bot in (accounts or {}).items():
        found = await against_intents(house, account, bot)
        assert not found, found
    await greeted(house)
    await settled(house)
    if balance:
        books = await balance_of(house)
        assert books.balanced, books.problems


async def settled(house: House) -> None:
    """Wait until everything kept has been worked through."""
    await house.until(WAITING, want=[(0,)])


def against_words(house: House, visitors: Sequence[Visitor]) -> Iterator[str]:
    """What was acknowledged stands once, what was refused or is in doubt at most once, nothing stands that nobody said, and each thread is in order."""
    stored = Counter(text for (text,) in house.rows(HEARD))
    for visitor in visitors:
        for word in visitor.words:
            least = 1 if word.outcome is Outcome.OK else 0
            if not least <= stored[word.text] <= 1:
                yield f"{word.text!r} was {word.outcome} after {word.tries} tries and stands {stored[word.text]} times"
        said = [word.text for word in visitor.words]
        order = [said.index(text) for _, text in house.rows(THREAD) if text in said]
        if order != sorted(order):
            yield f"visitor {visitor.number}: {[said[place] for place in order]} is not the order of {said}"


async def against_intents(house: House, account: str, bot: str) -> list[str]:
    """The provider accepted no more than was meant, all that is `sent`, and nothing that is neither `sent` nor `unknown`.

    The house may still be drawing cards: what it says it has sent is read before the provider's log, what it may have sent after it.
    """
    sent = _intents(house, account, ARRIVED)
    log = await house.hands.log(bot=bot)
    meant = _intents(house, account, ARRIVED + MAYBE)
    posted = Counter(_said(one) for one in log if one["method"] == "sendMessage" and one["accepted"])
    edited = Counter(_said(one) for one in log if one["method"] == "editMessageText" and (one["accepted"] or UNCHANGED in str(one["answer"])))
    found = []
    for words in sorted({*posted, *sent}):
        # A card that stands is edited, and editing it twice, or into what stands there already, changes nothing.
        least = sent[words] if not edited[words] else min(sent[words], 1)
        if posted[words] > meant[words] or posted[words] + edited[words] < least:
            found.append(f"{words}: accepted {posted[words]} times (and {edited[words]} as edits), sent {sent[words]}, meant {meant[words]}")
    return found


def _intents(house: House, account: str, states: Sequence[str]) -> Counter[Words]:
    """How often each text to each address is in one of these states."""
    rows = house.rows(INTENTS, account)
    return Counter((address, str(json.loads(payload or "{}").get("text", ""))) for address, payload, state in rows if state in states)


async def rep_answers(house: House, rep: Phone) -> Visitor:
    """A new stranger is greeted, the rep sees their card and answers it, and the answer is on the stranger's screen: the whole way works."""
    stranger = await greeted(house)
    card = await rep.sees(stranger.words[0].text)
    answer = f"answer to {stranger.words[0].text}"
    await rep.answer(card, answer)
    await house.until(REPLIED, answer, want=[("sent",)])
    assert answer in [line["text"] for line in await stranger.screen()]
    return stranger


def unknown(house: House, account: str) -> int:
    """How many of an account's deliveries may have arrived."""
    return int(house.rows("SELECT count(*) FROM deliveries WHERE account = ? AND state = 'unknown'", account)[0][0])


async def left(house: House, account: str) -> None:
    """Wait until an account has nothing on its way."""
    await house.until(LEAVING, account, want=[])


async def balance_of(house: House) -> Books:
    """The books, read beside the running product."""
    from crm.base.db import file_of, look, open_store

    path = file_of(house.url)
    if path is not None:
        return await asyncio.to_thread(look, path, check)
    store = open_store(house.url)
    try:
        return await store.read(check)
    finally:
        await store.close()


def _said(one: dict[str, object]) -> Words:
    given = one["parameters"]
    assert isinstance(given, dict)
    return str(given["chat_id"]), str(given["text"])
