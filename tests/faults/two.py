"""Two nodes with both bots on one server, each behind a line of its own, and the main job that goes on whatever befalls them."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import asyncpg

from crm.base.db import look
from crm.base.errors import Busy
from crm.base.nodes import nodes
from sandbox.proxy import FAIR, End, Proxy
from tests.cluster import Cluster
from tests.faults.checker import HEARD, against_intents, checked, left, settled
from tests.walks.desk import Phone, customer
from tests.walks.house import PATIENCE, House, asked

T = TypeVar("T")
WALKERS = 3
PAUSE, SLOW = 0.15, 0.3
SENDER = "send:telegram"
OF_BOTS = frozenset({SENDER, "send:staff", "poll:telegram", "poll:staff"})
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
GREETING = "Marani"
NOBODY_KNOWS = "arrived. Look before you send it again."
# A post in a rep's chat that shows the newest word of a customer, the latest of them.
SHOWN = """SELECT post.external_id FROM conversations c JOIN deliveries post ON post.conversation_id = c.id
WHERE c.account = 'telegram' AND c.address = ? AND c.last_heard_id > 0 AND post.desk = 1 AND post.address = ? AND post.message_id >= c.last_heard_id
AND post.state = 'sent' AND post.external_id IS NOT NULL ORDER BY post.id DESC LIMIT 1"""
DOUBT = "SELECT id FROM deliveries WHERE account = 'telegram' AND address = ? AND state = 'unknown' AND position(? in payload) > 0"
LEAVES = "SELECT 1 FROM deliveries WHERE account = 'telegram' AND state = 'sending' LIMIT 1"
DOUBTS = "SELECT address, payload::json ->> 'text' FROM deliveries WHERE account = 'telegram' AND state = 'unknown'"
# The post that tells of a doubt may be in doubt itself.
TOLD_IN_VAIN = f"SELECT 1 FROM deliveries WHERE desk = 1 AND state = 'unknown' AND position('{NOBODY_KNOWS}' in payload) > 0"
DECIDED = """SELECT d.address, d.payload::json ->> 'text', count(*) FROM domain_events e JOIN deliveries d ON d.id = e.subject_id
WHERE e.subject = 'delivery' AND e.kind = 'resent' GROUP BY 1, 2"""
UNTOLD = """SELECT (SELECT count(*) FROM notices WHERE kind = 'trouble')
+ (SELECT count(*) FROM deliveries WHERE desk = 1 AND talk = 1 AND state IN ('queued', 'sending'))"""
ONE_OF_EACH = """SELECT c.address FROM conversations c JOIN identities i ON i.id = c.identity_id JOIN leads l ON l.contact_id = i.contact_id
WHERE c.account = 'telegram'"""


@dataclass(frozen=True, slots=True)
class Node:
    """One node, and its line to the server."""

    house: House
    line: Proxy

    def heal(self) -> None:
        """The line is good again; what hung on it while it was not is cut off."""
        self.line.set(FAIR)
        self.line.break_lines(End.RESET)


@dataclass(frozen=True, slots=True)
class Two:
    """The two nodes, their server, and `direct`, a way to it on which no fault is."""

    cluster: Cluster
    direct: str
    nodes: tuple[Node, Node]

    async def ask(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Look into the database; nothing is seen while the server is away."""
        try:
            return await asked(self.direct, sql, values)
        except AWAY:
            return []

    async def held(self) -> dict[int, frozenset[str]]:
        """What each of the nodes holds, by the number of its process, as `main.py nodes` tells it."""
        try:
            seen = await asyncio.to_thread(look, self.direct, lambda session: nodes(session, now=0))
        except Busy:
            return {}
        return {int(one.name.split(":")[1]): frozenset(one.holds) for one in seen}

    async def sender(self) -> tuple[Node, Node, frozenset[str]]:
        """The node that sends to customers, the other one, and what of both bots the first holds."""

        async def found() -> tuple[Node, Node, frozenset[str]] | None:
            held = await self.held()
            for one, other in itertools.permutations(self.nodes):
                if SENDER in held.get(one.house.pid, ()):
                    return one, other, held[one.house.pid] & OF_BOTS
            return None

        return await self.until(found, "nobody sends")

    async def moved(self, work: frozenset[str], to: Node) -> None:
        """Wait until a node holds all this work."""

        async def there() -> bool:
            return work <= (await self.held()).get(to.house.pid, frozenset())

        await self.until(there, f"{sorted(work)} did not move to node {to.house.pid}")

    async def until(self, question: Callable[[], Awaitable[T | None]], otherwise: str) -> T:
        """Wait until a question has an answer."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not (found := await question()):
                    await asyncio.sleep(PAUSE)
                return found
        except TimeoutError:
            raise AssertionError(f"{otherwise}\n{await self.situation()}") from None

    async def situation(self) -> str:
        """What can be told when something is amiss."""
        told = {
            "held": await self.held(),
            "waiting": await self.ask("SELECT desk, attempts, parked, error, count(*) FROM waiting GROUP BY 1, 2, 3, 4"),
            "notices": await self.ask("SELECT kind, count(*) FROM notices GROUP BY 1"),
            "deliveries": await self.ask("SELECT account, address, state, detail, talk, count(*) FROM deliveries GROUP BY 1, 2, 3, 4, 5"),
        }
        logs = [node.house.log.read_text()[-4000:] for node in self.nodes]
        return "\n".join([*(f"{name}: {value}" for name, value in told.items()), *logs])


@dataclass(slots=True)
class Story:
    """Strangers write, are greeted, a rep sees each one's card and answers; what was said and to whom is remembered."""

    two: Two
    name: str
    reps: list[Phone]
    luck: random.Random
    over: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    people: dict[str, Phone] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    served: int = 0

    async def walk(self, number: int) -> None:
        """One stranger after another, until it is over."""
        for place in itertools.count():
            await self.serve(f"{self.name}w{number}n{place}", self.reps[number % len(self.reps)])
            if self.over.is_set():
                return
            await asyncio.sleep(self.luck.uniform(0.0, 0.5))

    async def serve(self, name: str, rep: Phone) -> None:
        """One stranger from the first word to the thanks; the rep writes with the newest word in sight."""
        who = self.people[name] = await customer(rep.house, name)
        await self.says(who, f"please {name}")
        self.begun.set()
        await self.arrives(who, GREETING)
        [(post,)] = await self.two.until(lambda: self.two.ask(SHOWN, str(who.id), str(rep.id)), f"{rep.name} was shown nothing of {name}")
        card = await rep.sees(f"please {name}", after=int(post) - 1)
        await rep.say(answer_for(name), reply_to=card["message_id"])
        await self.arrives(who, answer_for(name))
        await self.says(who, f"thanks from {name}")
        self.served += 1

    async def another(self) -> None:
        """Wait until one more stranger was served from beginning to end."""
        before = self.served

        async def came() -> bool:
            return self.served > before

        await self.two.until(came, "nobody else was served")

    async def says(self, who: Phone, words: str) -> None:
        """Somebody types something that nobody else says."""
        await who.say(words)
        self.said.append(words)

    async def arrives(self, who: Phone, words: str) -> None:
        """Wait until a customer reads these words, or our own rows say that nobody knows."""

        async def known() -> bool:
            return await reads(who, words) or bool(await self.two.ask(DOUBT, str(who.id), words))

        await self.two.until(known, f"{words!r} did not reach {who.name}")


@asynccontextmanager
async def story(two: Two, name: str, reps: list[Phone], luck: random.Random) -> AsyncIterator[Story]:
    """The main job goes on while the body does its worst; in the end everybody was served, nothing came twice, and both nodes work."""
    told = Story(two, name, reps, luck)
    async with asyncio.TaskGroup() as people:
        for number in range(WALKERS):
            people.create_task(told.walk(number))
        await strikes(told)
        yield told
        told.over.set()
    await told.serve(f"{name}last", reps[0])
    await ended(told)


async def strikes(told: Story) -> None:
    """Wait for the moment of the fault: any on somebody's way, or one at which something is on its way to a customer."""
    await told.begun.wait()
    await told.two.nodes[0].house.hands.fault("slow", bot="customer", method="sendMessage", seconds=SLOW, count=0)
    await asyncio.sleep(told.luck.uniform(0.0, 1.0))
    if told.luck.random() < 0.5:
        await told.two.until(lambda: told.two.ask(LEAVES), "nothing is sent")


async def ended(told: Story) -> None:
    """Hold everything against everything, for a story that is over."""
    two, house = told.two, told.two.nodes[0].house
    await house.hands.heal()
    await two.until(lambda: kept(told), "not everything that was said is there")
    await settled(house)
    await left(house, "telegram")
    await two.until(lambda: two.ask(f"SELECT 1 WHERE ({UNTOLD}) = 0"), "the staff was not told everything")
    await decide(told)
    stored = Counter(text for (text,) in house.rows(HEARD))
    assert {words: stored[words] for words in told.said} == dict.fromkeys(told.said, 1)
    one_each = Counter(address for (address,) in house.rows(ONE_OF_EACH))
    assert {who.name: one_each[str(who.id)] for who in told.people.values()} == dict.fromkeys(told.people, 1)
    assert await unserved(told) == [], await two.situation()
    assert await doubled(house) == []
    for node in two.nodes:
        await checked(node.house, [])


async def kept(told: Story) -> bool:
    """Whether everything that was said is in the store."""
    return {text for (text,) in await told.two.ask(HEARD)} >= set(told.said)


async def decide(told: Story) -> None:
    """The reps look at each message of which nobody knows whether it arrived: what did not is sent again."""
    two = told.two
    people = {str(who.id): who for who in told.people.values()}
    posts = [(rep, post) for rep in told.reps for post in (await rep.chat())["messages"] if NOBODY_KNOWS in post["text"] and post["buttons"]]
    for address, words in await doubts(told):
        who = people[address]
        for rep, post in posts:
            asks = f"{who.name.title()}\u2069 {NOBODY_KNOWS}" in post["text"] and words in post["text"]
            if asks and (address, words) in await doubts(told):
                await rep.press(post, "Mark sent" if await reads(who, words) else "Resend")
    await left(two.nodes[0].house, "telegram")
    still = await doubts(told)
    assert not still or await two.ask(TOLD_IN_VAIN), f"the reps were not asked about {still}\n{posts}"


async def doubts(told: Story) -> list[tuple[str, str]]:
    """To whom of this story what was said of which nobody knows whether it arrived."""
    people = {str(who.id) for who in told.people.values()}
    return [(address, words) for address, words in await told.two.ask(DOUBTS) if address in people]


async def unserved(told: Story) -> list[str]:
    """Who did not read a greeting and an answer, except where our own rows say that nobody knows."""
    missing = []
    for name, who in told.people.items():
        for words in (GREETING, answer_for(name)):
            if not await reads(who, words) and not await told.two.ask(DOUBT, str(who.id), words):
                missing.append(f"{name}: {words}")
    return missing


async def doubled(house: House) -> list[str]:
    """What either bot sent that was not meant, or more often than it was meant and a person decided to send it again."""
    again = {str((address, words)): times for address, words, times in house.rows(DECIDED)}

    def decided(fault: str) -> bool:
        words, _, accepted = fault.partition(": accepted ")
        return words in again and int(accepted.split()[0]) <= 1 + again[words]

    found = [*await against_intents(house, "telegram", "customer"), *await against_intents(house, "staff", "staff")]
    return [fault for fault in found if not decided(fault)]


async def reads(who: Phone, words: str) -> bool:
    """Whether these words stand in somebody's chat."""
    return any(words in text for text in await who.heard())


def answer_for(name: str) -> str:
    """What the rep writes to this customer and to nobody else."""
    return f"answer for {name}."
