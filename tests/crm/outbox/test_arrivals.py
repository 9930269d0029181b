"""Arrivals: how far something has come only moves up, and what is told too early waits for its delivery."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from crm.base.db import Store
from crm.base.events import Arrival, Event, Sender, Status
from crm.base.outbound import May, Reason, Uncertain
from crm.base.settings import Company
from crm.base.time import DAY, SECOND
from crm.conversations.threads import Conversation
from crm.outbox.arrivals import KEPT, MOST, PendingStatus, moved
from crm.outbox.deliveries import Delivery, State
from crm.outbox.notices import NoticeKind, waiting_notices
from crm.outbox.settle import resend
from crm.people.contacts import Contact, Identity
from crm.sales.tasks import Task
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said
from tests.crm.told import Windowed, approve, drain, happen, say

ORDER = [State.SENT, State.DELIVERED, State.READ]
OURS = select(Delivery.state, Delivery.detail, Delivery.external_id).where(Delivery.lane == 0, Delivery.desk == 0).order_by(Delivery.id)


def told(arrival: Arrival, *ids: str, at: int = NOON, ref: str = "", why: str = "", words: str = "", address: str = "ann") -> Status:
    return Status(arrival, at, ids, ref, address, reason=why, detail=words)


async def answered(store: Store, company: Company, *texts: str) -> list[str]:
    """Ann wrote and got these answers; the platform's ids of them."""
    await hear(store, company, said(1, "ann"))
    carrier = Windowed(May.NOTHING)
    await drain(store, carrier, NOON)
    for text in texts or ("Yes",):
        await say(store, text)
    for _ in range(2):
        await drain(store, carrier, NOON)
    return [external_id for _, _, external_id in await rows(store, OURS)]


@pytest.mark.parametrize("stands", [*ORDER, State.UNKNOWN, State.SENDING, State.QUEUED, State.EXPIRED])
@pytest.mark.parametrize("arrival", list(Arrival))
def test_a_state_only_moves_up(stands: State, arrival: Arrival) -> None:
    after = moved(stands, arrival)
    if after is not None and after is not State.FAILED and stands in ORDER:
        assert ORDER.index(after) > ORDER.index(stands)
    if stands in (State.DELIVERED, State.READ):
        assert after is not State.FAILED


@given(st.permutations([Arrival.SENT, Arrival.DELIVERED, Arrival.READ]), st.sampled_from([State.SENDING, State.SENT, State.UNKNOWN]))
def test_in_whatever_order_it_is_told_it_ends_as_read(order: list[Arrival], state: State) -> None:
    for arrival in order:
        state = moved(state, arrival) or state
    assert state is State.READ


@pytest.mark.parametrize("order", [(Arrival.SENT, Arrival.FAILED), (Arrival.FAILED, Arrival.SENT)])
def test_what_was_sent_and_then_failed_has_failed_also_told_the_other_way_round(order: tuple[Arrival, Arrival]) -> None:
    state = State.SENDING
    for arrival in order:
        state = moved(state, arrival) or state
    assert state is State.FAILED


def test_what_arrived_after_all_did_not_fail_and_what_was_called_back_stays_so() -> None:
    assert moved(State.FAILED, Arrival.DELIVERED) is State.DELIVERED
    assert [moved(State.CANCELLED, arrival) for arrival in Arrival] == [None] * 4


async def test_ticks_come_in_any_order_and_the_card_is_drawn_again(store: Store, company: Company) -> None:
    [one] = await answered(store, company)
    await happen(store, company, told(Arrival.READ, one, at=NOON + 2), now=NOON + SECOND)
    await happen(store, company, told(Arrival.DELIVERED, one, at=NOON + 1), told(Arrival.SENT, one), now=NOON + SECOND)
    assert await rows(store, OURS) == [("read", None, one)]
    assert NoticeKind.CARD in {notice.kind for notice in await store.read(waiting_notices)}


async def test_one_status_may_name_many_messages(store: Store, company: Company) -> None:
    ids = await answered(store, company, "one", "two")
    await happen(store, company, told(Arrival.DELIVERED, *ids))
    assert [state for state, _, _ in await rows(store, OURS)] == ["delivered", "delivered"]


async def test_a_status_without_an_address_or_under_another_is_found_by_its_id(store: Store, company: Company) -> None:
    ids = await answered(store, company, "one", "two")
    await happen(store, company, told(Arrival.DELIVERED, ids[0], address=""), told(Arrival.DELIVERED, ids[1], address="374000"))
    assert [state for state, _, _ in await rows(store, OURS)] == ["delivered", "delivered"]


async def test_a_status_of_another_account_moves_nothing(store: Store, company: Company) -> None:
    [one] = await answered(store, company)
    await happen(store, company, told(Arrival.READ, one), account="other")
    assert await rows(store, OURS) == [("sent", None, one)]


async def test_a_status_that_comes_before_its_id_is_known_waits_for_it(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))
    carrier = Windowed(May.NOTHING)
    await drain(store, carrier, NOON)
    early = f"x{len(carrier.sent) + 1}"
    await happen(store, company, told(Arrival.DELIVERED, early), told(Arrival.SENT, early))
    assert await rows(store, select(PendingStatus.arrival).order_by(PendingStatus.arrival)) == ["delivered", "sent"]
    await say(store, "Yes")
    for _ in range(2):
        await drain(store, carrier, NOON)
    assert await rows(store, OURS) == [("delivered", None, early)]
    assert await rows(store, select(PendingStatus.id)) == []


async def test_a_failure_that_comes_before_its_id_is_known_is_owed_too(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))
    carrier = Windowed(May.NOTHING)
    await drain(store, carrier, NOON)
    await happen(store, company, told(Arrival.FAILED, f"x{len(carrier.sent) + 1}", why=Reason.WINDOW_CLOSED, words="131047"))
    await say(store, "Yes")
    for _ in range(2):
        await drain(store, carrier, NOON)
    assert [row[:2] for row in await rows(store, OURS)] == [("failed", "window_closed: 131047")]
    assert await rows(store, select(Task.kind)) == ["answer"]


async def test_what_nothing_came_for_in_a_day_is_given_up(store: Store, company: Company) -> None:
    await happen(store, company, told(Arrival.SENT, "nobody"))
    await happen(store, company, told(Arrival.SENT, "other"), now=NOON + KEPT + 1)
    assert await rows(store, select(PendingStatus.external_id)) == ["other"]


async def test_the_same_status_twice_changes_nothing_more(store: Store, company: Company) -> None:
    [one] = await answered(store, company)
    for _ in range(2):
        await happen(store, company, told(Arrival.READ, one), told(Arrival.SENT, "early"))
    assert await rows(store, OURS) == [("read", None, one)]
    assert await rows(store, select(PendingStatus.external_id)) == ["early"]


async def test_a_status_tells_that_what_nobody_knew_of_did_arrive(store: Store, company: Company) -> None:
    await answered(store, company)

    def cut() -> None:
        raise Uncertain("timeout")

    await say(store, "And chairs")
    carrier = Windowed(May.NOTHING, cut)
    for _ in range(2):
        await drain(store, carrier, NOON)
    [number] = await rows(store, select(Delivery.id).where(Delivery.state == "unknown"))
    await happen(store, company, told(Arrival.DELIVERED, "late", ref=f"d{number}"))
    assert (await rows(store, OURS))[-1] == ("delivered", None, "late")


@pytest.mark.parametrize("ref", ["d0", "d", "x7", "d99999999999999999999", "d-1", "d١"])
async def test_a_mark_that_is_none_of_ours_moves_nothing(store: Store, company: Company, ref: str) -> None:
    [one] = await answered(store, company)
    await happen(store, company, Status(Arrival.READ, NOON, (), ref))
    assert await rows(store, OURS) == [("sent", None, one)]


async def test_the_first_id_of_a_delivery_stays_when_further_ones_are_told(store: Store, company: Company) -> None:
    [one] = await answered(store, company)
    [number] = await rows(store, select(Delivery.id).where(Delivery.external_id == one))
    await happen(store, company, told(Arrival.DELIVERED, "second-half", ref=f"d{number}"))
    assert await rows(store, OURS) == [("delivered", None, one)]


async def test_everything_said_up_to_an_instant_was_read(store: Store, company: Company) -> None:
    ids = await answered(store, company, "one", "two")
    await say(store, "later", now=NOON + DAY // 2)
    carrier = Windowed(May.NOTHING)
    carrier.sent += [("", None)] * 9  # type: ignore[list-item]
    for _ in range(2):
        await drain(store, carrier, NOON + DAY // 2)
    read = Status(Arrival.READ, NOON + SECOND, address="ann", until=NOON + SECOND)
    await happen(store, company, read, Status(Arrival.READ, NOON, address="stranger", until=NOON + DAY))
    assert [(state, external_id) for state, _, external_id in await rows(store, OURS)] == [("read", ids[0]), ("read", ids[1]), ("sent", "x10")]


async def test_what_failed_says_why_and_the_rep_is_told(store: Store, company: Company) -> None:
    [one] = await answered(store, company)
    await happen(store, company, told(Arrival.FAILED, one, why=Reason.BAD_CONTENT, words="131051"))
    assert await rows(store, OURS) == [("failed", "bad_content: 131051", one)]
    assert NoticeKind.TROUBLE in {notice.kind for notice in await store.read(waiting_notices)}


@pytest.mark.parametrize(
    ("why", "reachable", "marketing", "tasks"),
    [
        (Reason.BLOCKED, 0, 0, 0),
        (Reason.BAD_ADDRESS, 0, 0, 0),
        (Reason.OPTED_OUT, 1, -1, 0),
        (Reason.WINDOW_CLOSED, 1, 0, 1),
        (Reason.BAD_CONTENT, 1, 0, 0),
    ],
)
async def test_a_failure_tells_of_the_person_too(store: Store, company: Company, why: Reason, reachable: int, marketing: int, tasks: int) -> None:
    [one] = await answered(store, company)
    for _ in range(2):
        await happen(store, company, told(Arrival.FAILED, one, why=why))
    assert await rows(store, select(Identity.reachable)) == [reachable]
    assert await rows(store, select(Contact.marketing)) == [marketing]
    assert len(await rows(store, select(Task.id))) == tasks


async def test_a_promotion_that_failed_is_nobodys_task(store: Store, company: Company) -> None:
    [one] = await answered(store, company)
    await store.write(lambda session: session.query(Delivery).filter_by(external_id=one).update({"lane": 3}))
    await happen(store, company, told(Arrival.FAILED, one, why=Reason.WINDOW_CLOSED))
    assert await rows(store, select(Task.id)) == []


async def test_what_went_as_a_template_says_so_however_far_it_came(store: Store, company: Company) -> None:
    await answered(store, company)
    await approve(store, used_for="reply")
    await say(store, "Sorry", now=NOON + 2 * DAY)
    carrier = Windowed(May.TEMPLATE, templates=True)
    carrier.sent += [("", None)] * 9  # type: ignore[list-item]
    for _ in range(2):
        await drain(store, carrier, NOON + 2 * DAY)
    await happen(store, company, told(Arrival.READ, "x10"))
    assert (await rows(store, OURS))[-1] == ("read", "template: hello", "x10")


async def test_a_status_is_nobodys_word(store: Store, company: Company) -> None:
    unknown: Event = told(Arrival.READ, "x99", address=Sender("ghost").external_id)
    await happen(store, company, unknown)
    assert await rows(store, select(Conversation.id)) == []


async def test_what_is_told_late_of_the_first_sending_is_not_told_of_the_second(store: Store, company: Company) -> None:
    [one] = await answered(store, company)
    [number] = await rows(store, select(Delivery.id).where(Delivery.external_id == one))
    rep = await hire(store, "lena")
    await happen(store, company, told(Arrival.FAILED, one, why="rejected"))
    await store.write(lambda session: resend(session, rep, number, now=NOON + SECOND))
    await happen(store, company, told(Arrival.SENT, one, ref=f"d{number}"))
    assert [row[0] for row in await rows(store, OURS)] == ["queued"]
    for _ in range(2):
        await drain(store, Windowed(May.NOTHING), NOON + SECOND)
    [(state, _, again)] = await rows(store, OURS)
    assert state == "sent"
    await happen(store, company, told(Arrival.FAILED, f"{one}-old", ref=f"d{number}", why="rejected"))
    assert await rows(store, OURS) == [("sent", None, again)]


async def test_strangers_cannot_fill_what_waits(store: Store, company: Company) -> None:
    await answered(store, company)
    await happen(store, company, told(Arrival.READ, *(f"made-up-{number}" for number in range(MOST + 5))))
    assert len(await rows(store, select(PendingStatus.id))) == MOST
