"""Figure 10: how long a rep's reply takes to the carrier while a campaign runs at the account's cap: 25 a second, one a second to a chat.

The real loops and ticks in a process of their own; a reply is timed from the rep's deed to the moment the carrier is given it.
"""

import asyncio
import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench import machine, places, town
from bench.carriers import Noting, no_media
from bench.rounds import Figure, Size, share
from crm.base.db import Session, Store, open_store
from crm.base.outbound import Limits
from crm.conversations.talk import reply
from crm.outbox.drain import Drain
from crm.outreach import ticks
from crm.outreach.campaigns import draft, launch
from crm.outreach.segments import Segment, reached
from scheduler import workers
from scheduler.clock import Clock
from scheduler.jobs import Pulse
from scheduler.jobs import ticks as ticks_of

ROOT = Path(__file__).parents[1]
EVERY = 0.5
SEGMENT = Segment(consent=True)


def measure(size: Size) -> list[Figure]:
    """Ten thousand recipients; a thousand, and some seconds of them, in CI."""
    seconds, lags, rates = size.of(10, 30), list[float](), list[float]()
    with places.file(town.Town(people=size.of(1_000, 10_000), offers=True, zone=noon())) as place:
        for _ in range(1 if size.small else size.rounds):
            found = subprocess.run([sys.executable, "-m", "bench.replies", place.fresh(), str(seconds)], capture_output=True, text=True, cwd=ROOT, check=False)
            if found.returncode:
                raise RuntimeError(found.stderr[-2000:])
            told = json.loads(found.stdout.splitlines()[-1])
            lags.append(share(told["lags"], 0.95))
            rates.append(told["sent"] / seconds)
    cap = Limits().account_rate
    return [
        Figure("a reply while a campaign runs at its cap, p95", tuple(lags), "s", 2.0, less=True),
        Figure(f"  sent meanwhile, of {cap:.0f} allowed", tuple(rates), "/s"),
    ]


def noon() -> str:
    """A zone where it is early afternoon now, so that no quiet hours hold the campaign back."""
    ahead = 13 - datetime.now(UTC).hour
    ahead = ahead - 24 if ahead > 12 else ahead
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


async def run(url: str, seconds: float) -> None:
    """Launch, let the product work, and reply twice a second; prints what was felt."""
    store, limits = open_store(url), Limits()
    carrier = Noting(town.ACCOUNT, limits.account_rate, chat_every=limits.chat_every)
    drain = Drain(store, carrier, no_media, node="bench", clock=town.wall)
    await store.write(partial(launched))
    clock = Clock(ticks_of(store, town.wall, Pulse(), {"compose": lambda session, now: ticks.compose(session, town.company(), now=now)}))
    sending = asyncio.create_task(workers.send_loop(store, drain, town.ACCOUNT, town.wall))
    clock.start()
    while carrier.count < 2 * limits.account_rate:  # written down, composed, and at the cap
        await asyncio.sleep(0.1)
    asked, before = await replied(store, seconds), carrier.count
    await asyncio.sleep(3.0)
    clock.stop()
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    await drain.close(1.0)
    await store.close()
    lags = [carrier.texts.get(words, time.monotonic()) - instant for words, instant in asked.items()]
    instants = [instant for instant in carrier.instants if min(asked.values()) <= instant < min(asked.values()) + seconds]
    print(json.dumps({"lags": lags, "sent": len(instants), "before": before}))


async def replied(store: Store, seconds: float) -> dict[str, float]:
    """Replies to one customer after another; the instant of each by its words."""
    asked: dict[str, float] = {}
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        number = len(asked) + 1
        words, thread = f"mark {number}", town.thread_of(number)
        asked[words] = time.monotonic()
        await store.write(lambda session, words=words, thread=thread: reply(session, town.TIGRAN, thread, words, once=words, now=town.wall()))  # type: ignore[misc]
        await asyncio.sleep(EVERY)
    return asked


def launched(session: Session) -> int:
    """A promotion to everybody."""
    now = town.wall()
    number = draft(session, town.MANAGER, SEGMENT, "Good day, {name}! Oak tables are a tenth cheaper until Friday.", now=now)
    return launch(session, town.MANAGER, number, reached(session, SEGMENT, now=now), over=10**9, now=now)


if __name__ == "__main__":
    machine.pin(machine.SERVER)
    asyncio.run(run(sys.argv[1], float(sys.argv[2])))
