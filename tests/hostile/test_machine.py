"""A state machine over inbox, outbox and scheduler on a real store, held against a few sets and lists that say what must be true.

Whatever the order of duplicates, crashes, late answers and clock jumps: each message is there once, each intent is accepted by the stub at most
once, nobody is promoted to after they opted out, and the books balance after every step. HOSTILE_EXAMPLES asks for more and for new runs.
"""

import asyncio
import json
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from crm.base import dialect
from crm.base.actors import Rep, Role, System
from crm.base.db import SqliteStore, Store, open_store
from crm.base.errors import DragomanError
from crm.base.events import RawEvent
from crm.base.leases import LEASE_MS, release_all
from crm.base.outbound import Lane, Limits
from crm.base.settings import Company
from crm.base.time import DAY, HOUR, MINUTE, SECOND, parse_hours
from crm.conversations.threads import Conversation, Message
from crm.inbox import process
from crm.inbox.log import keep
from crm.inbox.process import Rules
from crm.outbox import claim as outbox
from crm.outbox.claim import Sender
from crm.outbox.deliveries import Delivery, State
from crm.outbox.settle import Result
from crm.outreach import campaigns, ticks
from crm.outreach.segments import Segment, reached
from crm.outreach.sequences import found_default
from crm.people.reps import invite, join
from crm.reports.books import check
from crm.tables import metadata
from tests.cluster import Cluster, Databases
from tests.conftest import NOON
from tests.crm.outreach.town import parse, turn
from tests.hostile.corpus import EXAMPLES, PHASES, TEXTS, steady

T = TypeVar("T")
MEMORY = Path("/dev/shm")
ACCOUNT = "telegram"
PEOPLE = ("ani", "bob", "eve")
WORDS = ("hello", "I need a lamp for my desk", "yes", "stop", TEXTS["nul"], TEXTS["half a character"], TEXTS["fields"])
LIMITS = Limits(account_rate=10_000.0, chat_every=0.0, chat_burst=10_000)
COMPANY = Company("Marani", ("en",), "Asia/Yerevan", "AMD", "AM", parse_hours("mon-sun 00:00-24:00", "Asia/Yerevan"), b"key")


@dataclass
class Truth:
    """What must be: who said what in which order, who wants offers, what the world outside took."""

    said: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    applied: Counter[str] = field(default_factory=Counter)
    stops: Counter[str] = field(default_factory=Counter)
    agreed: set[str] = field(default_factory=set)
    accepted: Counter[int] = field(default_factory=Counter)
    promoted: Counter[tuple[int, str]] = field(default_factory=Counter)

    def hears(self, who: str, text: str) -> None:
        """A message has been worked off."""
        self.applied[who] += 1
        if text == "yes":
            self.agreed.add(who)
            self.stops[who] = min(self.stops[who], 0)
        if text == "stop":
            self.stops[who] += 1
            self.agreed.discard(who)


@dataclass(frozen=True)
class Flying:
    """A part on its way: the stub has taken it or not, whatever the sender is told."""

    delivery: int
    lane: int


def empty_database() -> Path:
    """A file with every table and nothing in it."""
    path = Path(tempfile.mkdtemp(prefix="machine")) / "empty.db"
    engine = create_engine(f"sqlite:///{path}")
    dialect.prepare(engine, writes=True)
    with engine.begin() as connection:
        metadata.create_all(connection)
        dialect.found(connection)
    engine.dispose()
    return path


class Firm(RuleBasedStateMachine):
    """The firm, its customers, and everything that may go wrong between them."""

    pattern: Path | None = None

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.store = self.loop.run_until_complete(self._open())
        self.now, self.truth, self.events = NOON, Truth(), 0
        self.kept: list[RawEvent] = []
        self.done: tuple[process.Claimed, ...] = ()
        self.node, self.flying, self.lost = 1, dict[int, Flying](), list[tuple[int, Result]]()
        self.campaigns: list[int] = []
        self.manager = self.do(self._hire)
        self.do(lambda session: found_default(session, now=self.now))

    async def _open(self) -> Store:
        """A store on a fresh file."""
        Firm.pattern = Firm.pattern or empty_database()
        self.folder = Path(tempfile.mkdtemp(prefix="machine", dir=MEMORY if MEMORY.is_dir() else None))
        shutil.copy(Firm.pattern, self.folder / "firm.db")
        self.engine = create_engine(f"sqlite:///{self.folder / 'firm.db'}")
        dialect.prepare(self.engine, writes=False)
        return SqliteStore(self.folder / "firm.db")

    def _remove(self) -> None:
        """Take the file away, once its store is closed."""
        self.engine.dispose()
        shutil.rmtree(self.folder)

    def _hire(self, session: Session) -> Rep:
        invite(session, System("test"), Role.MANAGER, "secret", now=self.now)
        return join(session, "secret", address="1", name="Mariam", language="en", now=self.now)[0]

    def do(self, deed: Callable[[Session], T]) -> T:
        """Run a deed in a transaction of its own."""
        return self.loop.run_until_complete(self.store.write(deed))

    def ask(self, question: Callable[[Session], T]) -> T:
        """Ask the store."""
        with Session(self.engine) as session:
            return question(session)

    # The inbox.

    @rule(who=st.sampled_from(PEOPLE), text=st.sampled_from(WORDS), copies=st.integers(1, 3))
    def somebody_writes(self, who: str, text: str, copies: int) -> None:
        self.events += 1
        body = json.dumps({"who": who, "name": who.title(), "text": text}).encode()
        event = RawEvent(ACCOUNT, f"e{self.events}", f"{ACCOUNT}:{who}", body, self.now)
        for _ in range(copies):
            self.loop.run_until_complete(self.store.gather(keep, [event]))
        self.kept.append(event)
        self.truth.said[who].append(text)

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def the_platform_repeats_itself(self, data: st.DataObject) -> None:
        again = data.draw(st.lists(st.sampled_from(self.kept), min_size=1, max_size=4))
        assert self.loop.run_until_complete(self.store.gather(keep, again)) == [False] * len(again)

    @initialize(agreed=st.booleans())
    def ani_is_a_customer(self, agreed: bool) -> None:
        self.somebody_writes("ani", "yes" if agreed else "hello", 1)
        self.everything_is_worked_off()
        self.the_sender_takes_a_turn()

    @rule()
    def a_step_is_made(self) -> None:
        done = self.done
        batch = self.do(lambda session: process.step(session, done, Rules(turn, COMPANY, limit=3), now=self.now))
        for one in done:
            told = json.loads(one.raw.body)
            self.truth.hears(told["who"], told["text"])
        self.done = process.read(batch, parse)

    @rule()
    def everything_is_worked_off(self) -> None:
        self.a_step_is_made()
        while self.done:
            self.a_step_is_made()

    # The outbox.

    def _turn(self, results: list[Result], node: str) -> tuple[outbox.Claimed, ...]:
        sender = Sender(ACCOUNT, node, LIMITS, 4, {}, {})
        return self.do(lambda session: outbox.turn(session, sender, results, now=self.now)).claimed

    @rule()
    def the_sender_takes_a_turn(self) -> None:
        claimed = self._turn([], f"node{self.node}")
        lanes = self.ask(lambda session: {row.id: (row.lane, row.batch_id) for row in session.execute(select(Delivery.id, Delivery.lane, Delivery.batch_id))})
        for part in claimed:
            lane, batch = lanes[part.delivery_id]
            assert part.delivery_id not in self.flying
            assert lane != Lane.PROMOTION or part.address in self.truth.agreed, "somebody is promoted to who has not agreed or has opted out"
            assert lane < Lane.FOLLOWUP or self.truth.stops[part.address] < 2, "somebody is reminded who wants nothing at all"
            if lane == Lane.PROMOTION:
                self.truth.promoted[batch, part.address] += 1
            self.flying[part.delivery_id] = Flying(part.delivery_id, lane)

    @precondition(lambda self: self.flying)
    @rule(outcome=st.sampled_from(["sent", "refused", "later", "taken and no answer", "lost and no answer"]), many=st.booleans())
    def sendings_end(self, outcome: str, many: bool) -> None:
        ended = list(self.flying)[: None if many else 1]
        results = []
        for number in ended:
            self.truth.accepted[number] += outcome in ("sent", "taken and no answer")
            results.append(self._result(number, outcome))
            del self.flying[number]
        self._turn_settling(results)

    def _result(self, number: int, outcome: str) -> Result:
        if outcome == "sent":
            return Result(number, State.SENT, external_id=f"x{number}")
        if outcome == "refused":
            return Result(number, State.FAILED, detail="rejected: no")
        return Result(number, State.QUEUED, self.now + SECOND) if outcome == "later" else Result(number, State.UNKNOWN, detail="no answer")

    def _turn_settling(self, results: list[Result]) -> None:
        """Settle as the sender does; it claims nothing, having no room."""
        sender = Sender(ACCOUNT, f"node{self.node}", LIMITS, 0, {}, {})
        self.do(lambda session: outbox.turn(session, sender, results, now=self.now))

    @staticmethod
    def _states(session: Session) -> dict[int, str]:
        return {row.id: row.state for row in session.execute(select(Delivery.id, Delivery.state))}

    def _give_up(self, taken: bool) -> None:
        """Whatever the sender has on the way, nobody waits for any more; the stub has taken it or certainly has not."""
        outcome = "sent" if taken else "later"
        for number in self.flying:
            self.truth.accepted[number] += taken
        self.lost += [(number, self._result(number, outcome)) for number in self.flying]
        self.flying = {}

    @rule(taken=st.booleans())
    def the_process_dies_and_another_takes_over(self, taken: bool) -> None:
        self._give_up(taken)
        self.done, self.node = (), self.node + 1
        self.do(release_all)
        self._turn_settling([])
        assert State.SENDING not in self.ask(self._states).values(), "what a dead sender held is left in the air"

    @precondition(lambda self: self.lost)
    @rule(later=st.sampled_from([0, LEASE_MS + 1]))
    def a_dead_sender_comes_back_with_its_answers(self, later: int) -> None:
        """While another holds the account it is not heard; where nobody does, it learns nothing from itself but that something was sent."""
        self.now += later
        before = self.ask(self._states)
        sender = Sender(ACCOUNT, "the dead one", LIMITS, 0, {}, {})
        self.do(lambda session: outbox.turn(session, sender, [result for _, result in self.lost], now=self.now))
        after = self.ask(self._states)
        changed = {(before[number], state) for number, state in after.items() if before[number] != state}
        assert changed <= {("unknown", "sent"), ("sending", "unknown"), ("sending", "sent")}
        assert all(self.truth.accepted[number] for number, state in after.items() if state == "sent" and before[number] != "sent")
        if later:
            self._give_up(taken=False)
            self.do(release_all)
            self._turn_settling([])

    # The scheduler.

    @rule()
    def follow_ups_are_due(self) -> None:
        self.do(lambda session: ticks.follow_ups(session, COMPANY, now=self.now))

    @rule()
    def campaigns_are_composed(self) -> None:
        self.do(lambda session: ticks.compose(session, COMPANY, now=self.now))

    @precondition(lambda self: len(self.campaigns) < 3)
    @rule(twice=st.booleans())
    def a_campaign_is_launched(self, twice: bool) -> None:
        count = self.ask(lambda session: reached(session, Segment(), now=self.now))
        number = self.do(lambda session: campaigns.draft(session, self.manager, Segment(), "News for {name}", once=f"c{len(self.campaigns)}", now=self.now))
        self.campaigns.append(number)
        for _ in range(1 + twice):
            self._steer(campaigns.launch, number, count)

    @precondition(lambda self: self.campaigns)
    @rule(data=st.data(), verb=st.sampled_from([campaigns.hold, campaigns.resume, campaigns.cancel]))
    def a_campaign_is_steered(self, data: st.DataObject, verb: Any) -> None:
        self._steer(verb, data.draw(st.sampled_from(self.campaigns)))

    def _steer(self, verb: Any, *what: int) -> None:
        """Ask for it; what is refused is refused with words."""

        def deed(session: Session) -> None:
            try:
                verb(session, self.manager, *what, now=self.now)
            except DragomanError:
                session.rollback()

        self.do(deed)

    @rule(jump=st.sampled_from([SECOND, 5 * MINUTE, LEASE_MS + 1, 6 * HOUR, 25 * HOUR, 8 * DAY, -SECOND, -HOUR, -30 * DAY]))
    def the_clock_moves(self, jump: int) -> None:
        self.now = max(NOON - 60 * DAY, self.now + jump)

    # What must be true after every step.

    @invariant()
    def each_message_is_there_once_and_in_order(self) -> None:
        rows = select(Conversation.address, Message.text).join(Message, Message.conversation_id == Conversation.id).where(Message.author == "contact")
        heard: dict[str, list[str]] = defaultdict(list)
        for who, text in self.ask(lambda session: session.execute(rows.order_by(Message.id)).all()):
            heard[who].append(text)
        for who, said in self.truth.said.items():
            assert len(heard[who]) == self.truth.applied[who]
            assert [len(text) for text in heard[who]] == [len(text) for text in said[: len(heard[who])]]

    @invariant()
    def each_intent_was_accepted_at_most_once(self) -> None:
        assert all(times <= 1 for times in self.truth.accepted.values())
        assert all(times <= 1 or self._retried(batch, who) for (batch, who), times in self.truth.promoted.items())

    def _retried(self, batch: int, who: str) -> bool:
        """Whether a person's one promotion was claimed again because it certainly had not left."""
        where = (Delivery.batch_id == batch, Delivery.address == who, Delivery.part == 0)
        return self.ask(lambda session: len(session.scalars(select(Delivery.id).where(*where)).all())) == 1

    @invariant()
    def the_books_balance(self) -> None:
        assert self.ask(check).problems == ()

    def teardown(self) -> None:
        """However it was left, work goes on: what is due is worked off, and a newcomer is answered."""
        try:
            self.the_process_dies_and_another_takes_over(False)
            self.now += 40 * DAY
            self.somebody_writes("newcomer", "hello", 1)
            for _ in range(self.events + 3):
                self.a_step_is_made()
            self.each_message_is_there_once_and_in_order()
            assert self.truth.applied["newcomer"] == 1
            for _ in range(40):
                self.the_sender_takes_a_turn()
                if not self.flying:
                    break
                self.sendings_end("sent", many=True)
            self.each_intent_was_accepted_at_most_once()
            self.the_books_balance()
            assert self.ask(lambda s: s.scalar(select(Delivery.state).where(Delivery.address == "newcomer"))) == State.SENT
        finally:
            self.loop.run_until_complete(self.store.close())
            self.loop.close()
            self._remove()


class TestFirm(Firm.TestCase):  # type: ignore[valid-type,misc]
    settings = settings(
        steady,
        max_examples=max(1, EXAMPLES // 8),
        stateful_step_count=40,
        phases=PHASES,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


class FirmOnServer(Firm):
    """The same on a server, whose leases go by its own clock: no jump of ours ends one."""

    def __init__(self, cluster: Cluster, databases: Databases) -> None:
        self.cluster, self.databases, self.name = cluster, databases, databases.lend()
        super().__init__()

    async def _open(self) -> Store:
        return open_store(self.cluster.url(self.name))

    def _remove(self) -> None:
        self.databases.take_back(self.name)

    def ask(self, question: Callable[[Session], T]) -> T:
        """Ask the store."""
        return self.loop.run_until_complete(self.store.read(question))


def test_a_firm_on_a_server(cluster: Cluster, databases: Databases) -> None:
    fewer = settings(TestFirm.settings, max_examples=max(1, EXAMPLES // 16), stateful_step_count=25)
    run_state_machine_as_test(partial(FirmOnServer, cluster, databases), settings=fewer)  # type: ignore[arg-type]  # whatever makes one will do
