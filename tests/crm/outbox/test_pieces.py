"""Pieces: what went out as several messages has arrived when all of them have, and failed when one has."""

import itertools

import pytest
from sqlalchemy import Engine, event, select

from crm.base.db import Store
from crm.base.events import Arrival, Status
from crm.base.outbound import May, OpenMedia, Outbound, Reason, Receipt
from crm.base.settings import Company
from crm.base.time import DAY, SECOND
from crm.outbox.arrivals import PendingStatus
from crm.outbox.deliveries import Delivery
from crm.outbox.pieces import KEPT, Piece, note
from crm.outbox.settle import resend
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said
from tests.crm.told import Windowed, drain, happen, say

OURS = select(Delivery.state, Delivery.detail).where(Delivery.lane == 0, Delivery.desk == 0).order_by(Delivery.id)
IDS = ("p1", "p2", "p3")


class InPieces(Windowed):
    """A carrier that makes three messages of everything a person writes, under ids of its own."""

    def __init__(self) -> None:
        super().__init__(May.NOTHING)
        self.ids = itertools.count(1)
        self.each = True

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        receipt = await super().send(address, outbound, open_media)
        return Receipt(tuple(f"p{next(self.ids)}" for _ in IDS), each=self.each) if getattr(outbound, "text", "") == "Yes" else receipt


def told(arrival: Arrival, *ids: str, words: str = "") -> Status:
    return Status(arrival, NOON, ids, reason=Reason.REJECTED if words else "", detail=words)


async def asked(store: Store, company: Company) -> InPieces:
    """Ann wrote; the answer waits to be sent."""
    await hear(store, company, said(1, "ann"))
    carrier = InPieces()
    await drain(store, carrier, NOON)
    await say(store, "Yes")
    return carrier


async def answered(store: Store, company: Company) -> InPieces:
    """Ann wrote, and the answer went out in three pieces."""
    carrier = await asked(store, company)
    for _ in range(2):
        await drain(store, carrier, NOON)
    return carrier


@pytest.mark.parametrize("order", list(itertools.permutations(IDS)))
async def test_it_has_arrived_when_the_last_piece_has_in_whatever_order(store: Store, company: Company, order: tuple[str, ...]) -> None:
    await answered(store, company)
    for one in order:
        assert await rows(store, OURS) == [("sent", None)]
        await happen(store, company, told(Arrival.SENT, one), told(Arrival.DELIVERED, one), told(Arrival.DELIVERED, one))
    assert await rows(store, OURS) == [("delivered", None)]


async def test_all_told_at_once_is_enough(store: Store, company: Company) -> None:
    await answered(store, company)
    await happen(store, company, *(told(Arrival.DELIVERED, one) for one in IDS))
    assert await rows(store, OURS) == [("delivered", None)]


async def test_one_piece_that_failed_is_enough_and_only_that_all_arrived_says_otherwise(store: Store, company: Company) -> None:
    await answered(store, company)
    await happen(store, company, told(Arrival.DELIVERED, "p1"), told(Arrival.FAILED, "p2", words="UNDELIV 027"))
    assert await rows(store, OURS) == [("failed", "rejected: UNDELIV 027")]
    await happen(store, company, told(Arrival.DELIVERED, "p3"))
    assert await rows(store, OURS) == [("failed", "rejected: UNDELIV 027")]
    await happen(store, company, told(Arrival.DELIVERED, "p2"))
    assert await rows(store, OURS) == [("delivered", None)]


async def test_what_is_told_before_the_ids_are_known_waits_for_them(store: Store, company: Company) -> None:
    carrier = await asked(store, company)
    await happen(store, company, told(Arrival.DELIVERED, "p1"), told(Arrival.DELIVERED, "p3"))
    for _ in range(2):
        await drain(store, carrier, NOON)
    assert await rows(store, OURS) == [("sent", None)]
    assert await rows(store, select(PendingStatus.id)) == []
    await happen(store, company, told(Arrival.DELIVERED, "p2"))
    assert await rows(store, OURS) == [("delivered", None)]


async def test_what_passed_the_sending_on_another_node_is_found_with_the_next_status(store: Store, company: Company) -> None:
    await answered(store, company)
    waits = PendingStatus(id=1, account="fake", external_id="p1", arrival="delivered", at=NOON, detail="", kept_at=NOON)
    await store.write(lambda session: session.add(waits))
    await happen(store, company, told(Arrival.DELIVERED, "p2"), told(Arrival.DELIVERED, "p3"))
    assert await rows(store, OURS) == [("delivered", None)]


async def test_what_is_told_of_an_earlier_sending_is_not_told_of_the_next(store: Store, company: Company) -> None:
    carrier = await answered(store, company)
    rep = await hire(store)
    await happen(store, company, told(Arrival.FAILED, "p1", words="UNDELIV"))
    [number] = await rows(store, select(Piece.delivery_id).distinct())
    await store.write(lambda session: resend(session, rep, number, now=NOON + SECOND))
    await happen(store, company, *(told(Arrival.DELIVERED, one) for one in IDS))
    await drain(store, carrier, NOON + SECOND)
    assert [state for state, _ in await rows(store, OURS)] == ["sent"]
    assert await rows(store, select(Piece.external_id).order_by(Piece.external_id)) == ["p4", "p5", "p6"]


async def test_ids_that_come_round_belong_to_the_newest_and_old_ones_are_given_up(store: Store, company: Company) -> None:
    carrier = await answered(store, company)
    later = NOON + KEPT + DAY
    carrier.ids = itertools.count(3)
    await hear(store, company, said(2, "ann", at=later), now=later)
    await say(store, "Yes", now=later)
    for _ in range(2):
        await drain(store, carrier, later)
    assert await rows(store, select(Piece.external_id).order_by(Piece.external_id)) == ["p3", "p4", "p5"]


async def test_where_the_first_stands_for_all_nothing_is_noted(store: Store, company: Company) -> None:
    carrier = await asked(store, company)
    carrier.each = False
    for _ in range(2):
        await drain(store, carrier, NOON)
    await happen(store, company, told(Arrival.DELIVERED, "p1"))
    assert await rows(store, OURS) == [("delivered", None)]
    assert await rows(store, select(Piece.id)) == []


async def test_an_id_that_two_sendings_come_back_with_is_of_the_first_and_both_are_kept(store: Store) -> None:
    await store.write(lambda session: note(session, "smpp", {1: ["a", "b", "a"], 2: ["a", "c"]}, now=NOON))
    assert await rows(store, select(Piece.delivery_id, Piece.external_id).order_by(Piece.external_id)) == [(1, "a"), (1, "b"), (2, "c")]


async def test_where_no_pieces_are_made_a_status_asks_for_them_once_at_most(store: Store, company: Company) -> None:
    carrier = await asked(store, company)
    carrier.each = False
    for _ in range(2):
        await drain(store, carrier, NOON)
    asked_for: list[str] = []

    def statement(connection: object, cursor: object, words: str, *_: object) -> None:
        asked_for.extend([words] if "FROM delivery_pieces" in words or "JOIN delivery_pieces" in words else [])

    event.listen(Engine, "before_cursor_execute", statement)
    try:
        await happen(store, company, told(Arrival.DELIVERED, "p1"))
    finally:
        event.remove(Engine, "before_cursor_execute", statement)
    assert await rows(store, OURS) == [("delivered", None)]
    assert len(asked_for) <= 1
