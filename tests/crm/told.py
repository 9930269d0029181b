"""What platforms tell, given as events; and a carrier for which it matters when somebody wrote last."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from bots.turn import turn
from crm.base.db import Store
from crm.base.events import Event, Message, RawEvent, Sender
from crm.base.outbound import Lane, Limits, May, Window
from crm.base.rows import add, take_ids
from crm.base.settings import Company
from crm.base.time import DAY
from crm.conversations.talk import Saying, say_many
from crm.conversations.threads import Author, Conversation
from crm.inbox import process
from crm.inbox.log import keep
from crm.inbox.process import Rules
from crm.inbox.statuses import owed
from crm.outbox.approved import ApprovedRow
from crm.outbox.drain import Drain
from tests.conftest import NOON
from tests.crm.fake import Stub, rows

_keys = itertools.count(1)
ANN = Sender("ann", "Ann", language="en")


def message(number: object, text: str, sender: Sender = ANN, **facts: object) -> Message:
    """Somebody says something."""
    return replace(Message(sender, f"m{number}", text, NOON), **facts)  # type: ignore[arg-type]


async def happen(store: Store, company: Company, *events: Event, now: int = NOON, rules: Rules | None = None, account: str = "fake") -> None:
    """Platforms tell these things in one batch, and all of it is processed."""
    told: dict[str, Event] = {f"k{next(_keys)}": event for event in events}
    raws = [RawEvent(account, key, f"{account}:{event.sender.external_id if event.sender else ''}", key.encode(), now) for key, event in told.items()]
    await store.gather(keep, raws)
    chosen = rules or Rules(turn, company)
    done: Sequence[process.Claimed] = ()
    while True:
        before = done
        batch = await store.write(lambda session: process.step(session, before, chosen, now=now))  # noqa: B023
        if not batch:
            return
        done = process.read(batch, lambda raw: [told[raw.key]])
        assert not [one.fault for one in done if one.fault]


class Windowed(Stub):
    """A carrier that takes everything for a day after the person wrote last, and then what `may` says."""

    def __init__(self, may: May, *answers: Callable[[], None], **facts: object) -> None:
        open_now = replace(Limits(edits=True, windows=True, needs_inbound=False, chat_burst=100), **facts)  # type: ignore[arg-type]
        super().__init__(*answers, limits=open_now)
        self._closed = replace(open_now, may=may, late=may is May.PERSONAL)

    def limits(self, window: Window, now: int) -> Limits:
        return self._limits if now < max(window.last_inbound_at + DAY, window.session_ends_at) else self._closed


async def drain(store: Store, carrier: Stub, now: int) -> None:
    """Everything that is due leaves."""
    await Drain(store, carrier, None, node="n", clock=lambda: now, owe=owed).run()  # type: ignore[arg-type]


async def say(store: Store, text: str, *, author: Author = Author.REP, lane: Lane = Lane.REPLY, now: int = NOON, who: str = "ann") -> None:
    """We say something to a customer."""
    [number] = await rows(store, select(Conversation.id).where(Conversation.address == who))
    saying = Saying(number, "fake", who, text, author, lane, f"{who}:{text}:{now}")
    await store.write(lambda session: say_many(session, [saying], now=now))


async def approve(store: Store, name: str = "hello", *, text: str = "Hello {{1}}, we are here", language: str = "en", used_for: str = "", **facts: str) -> int:
    """The platform lists an approved text; answers its number."""

    def deed(session: Session) -> int:
        number = next(take_ids(session, 1))
        row = {"id": number, "account": "fake", "name": name, "language": language, "text": text, "status": "approved", "used_for": used_for, "seen_at": NOON}
        add(session, ApprovedRow, [{**row, **facts}])
        return number

    return await store.write(deed)
