"""Figure 15: fifty reps at work among so many people and messages: their inboxes, searches, cards and moves, several at a time, over the same among a tenth."""

import asyncio
import itertools
import random
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from bench import find, indexed, machine, stages, town
from bench.rounds import Figure, Size, ratios, share, turn_about
from bots.staff.sight import Scene, look, see
from crm.base.actors import Rep, Role
from crm.base.db import Session, Store, open_store
from crm.conversations import desk
from crm.reports.search import find as search
from crm.sales import moves
from crm.sales.deals import Deal, DealState
from crm.sales.pipelines import default_pipeline, stages_of

REPS, APART, HANDS = 50, 10, 4
"""So many reps; so many times fewer people beside them; so many of them press at the same moment."""
FIRST_REP = 100
_STAFF = """WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO reps(id, address, name, role, language, active, available, created_at) SELECT ? + i, '8000' || i, 'Rep ' || i, 'rep', 'en', 1, 1, 0 FROM n"""
_TAKEN = "UPDATE conversations SET rep_id = ? + (id / 5) % ? WHERE rep_id IS NOT NULL"
_DEALS = "UPDATE deals SET rep_id = ? + (id / 5) % ?"
Press = Callable[[], Awaitable[object]]
DEEDS = ("/inbox", "/find", "opening a card", "moving a stage")
CPU = "CPU"


def measure(size: Size) -> list[Figure]:
    """Ten thousand people with a hundred thousand messages in CI, a hundred thousand with a million otherwise; beside a tenth of that."""
    many = size.of(10_000, 100_000)
    machine.pin(machine.SERVER)
    try:
        with tempfile.TemporaryDirectory() as folder:
            towns = {people: built(Path(folder), people) for people in (many // APART, many)}
            return figures(towns, many, size)
    finally:
        machine.unpin()


def figures(towns: dict[int, Path], many: int, size: Size) -> list[Figure]:
    """The same presses by turns in both towns."""
    sides = {str(people): partial(pressed, path, size.of(25, 150)) for people, path in towns.items()}
    found: dict[str, dict[str, list[list[float]]]] = {side: {deed: [] for deed in (*DEEDS, CPU)} for side in sides}
    for run in sides.values():
        run()
    together: dict[str, Callable[[], dict[str, list[float]]]] = dict(sides)
    for side, rounds in turn_about(together, size.rounds).items():
        for times, deed in itertools.product(rounds, (*DEEDS, CPU)):
            found[side][deed].append(times[deed])
    made: list[Figure] = []
    for deed in DEEDS:
        tails = {side: [share(times, 0.95) * 1000 for times in each[deed]] for side, each in found.items()}
        beside = f"{deed} of fifty reps among {many:,} people / among {many // APART:,}, p95"
        made += [
            Figure(beside, ratios(tails[str(many)], tails[str(many // APART)]), "x", 6.0, 12.0, less=True),
            Figure(f"  {deed} among {many:,} people and {many * find.APART:,} messages, p95", tuple(tails[str(many)]), "ms", 200.0, less=True),
        ]
    each = tuple(times[0] * 1000 for times in found[str(many)][CPU])
    return [*made, Figure("  CPU of this process a press, of the four together", each, "ms", less=True)]


def built(folder: Path, people: int) -> Path:
    """A town with fifty reps, everybody's words indexed, an open deal each."""
    path = folder / f"{people}.db"
    stages.built(path, people)
    with sqlite3.connect(path) as connection:
        connection.execute(_STAFF, (REPS - 1, FIRST_REP))
        connection.execute(_TAKEN, (FIRST_REP, REPS))
        connection.execute(_DEALS, (FIRST_REP, REPS))
    connection.close()
    find.talk(path, people * find.APART)
    indexed.index(path)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE IF EXISTS sqlite_stat1")  # a product never asks for statistics, so its plans must do without
    connection.close()
    return path


def pressed(path: Path, each: int) -> dict[str, list[float]]:
    """Seconds of each press, so many of each kind, and of the processor for one of them."""
    return asyncio.run(_pressed(path, each))


async def _pressed(path: Path, each: int) -> dict[str, list[float]]:
    store, now, luck = open_store(f"sqlite:///{path}"), town.wall(), random.Random(7)
    words = find.vocabulary(random.Random(3))
    scene, steps, dealt, held = await store.read(partial(_known, now=now))
    presses: list[tuple[str, Press]] = []
    for _ in range(each):
        rep = Rep(FIRST_REP + luck.randrange(REPS), Role.REP, "Rep", "en", "8000")
        said, card, deal = " ".join(luck.choices(luck.choice(words), k=2)), luck.choice(held), luck.choice(dealt)
        presses += [
            ("/inbox", partial(store.read, partial(_inbox, rep))),
            ("/find", partial(store.read, partial(_find, rep, said))),
            ("opening a card", partial(store.read, partial(_card, scene, card))),
            ("moving a stage", partial(_moved, store, deal, steps)),
        ]
    luck.shuffle(presses)
    times: dict[str, list[float]] = {deed: [] for deed in DEEDS}

    async def hand(mine: list[tuple[str, Press]]) -> None:
        for deed, press in mine:
            began = time.perf_counter()
            await press()
            times[deed].append(time.perf_counter() - began)

    spent = time.process_time()
    await asyncio.gather(*(hand(presses[at::HANDS]) for at in range(HANDS)))
    spent = time.process_time() - spent
    await store.close()
    return {**times, CPU: [spent / len(presses)]}


def _inbox(rep: Rep, session: Session) -> object:
    return desk.inbox(session, rep, most=7)


def _find(rep: Rep, words: str, session: Session) -> object:
    return search(session, rep, words, "AM")


def _card(scene: Scene, conversation_id: int, session: Session) -> object:
    return see(session, conversation_id, scene)


def _known(session: Session, *, now: int) -> tuple[Scene, list[int], list[tuple[int, int]], list[int]]:
    """The staff, the stages, open deals with whose they are, conversations with their words."""
    from sqlalchemy import select

    from crm.conversations.threads import Conversation

    scene = look(session, town.company(), {town.ACCOUNT: "Telegram"}, now=now)
    steps = [step.id for step in stages_of(session, default_pipeline(session, "en", now=now).id)]
    rows = session.execute(select(Deal.id, Deal.rep_id).where(Deal.state == DealState.OPEN.value).order_by(Deal.id).limit(5_000)).all()
    held = session.scalars(select(Conversation.id).where(Conversation.rep_id.is_not(None)).order_by(Conversation.id).limit(5_000)).all()
    return scene, steps, [(row.id, row.rep_id) for row in rows], list(held)


async def _moved(store: Store, deal: tuple[int, int], steps: list[int]) -> None:
    """A deal goes on a stage, or from the last one to the first."""
    number, owner = deal

    def move(session: Session) -> int:
        seen = session.get_one(Deal, number).stage_id
        to = steps[(steps.index(seen) + 1) % len(steps)]
        return moves.move(session, Rep(owner, Role.REP, "Rep", "en", "8000"), number, to, seen=seen, now=town.wall()).id

    await store.write(move)
