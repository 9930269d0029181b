"""The way out: `sending` on disk before the network, nothing twice, the truth about what became of it."""

import asyncio

import pytest
from sqlalchemy import select

from crm.base.db import Store
from crm.base.errors import Forbidden
from crm.base.outbound import GONE, Edit, Lane, Limits, Reason, RetryLater, Say, Uncertain, Undeliverable
from crm.base.settings import Company
from crm.base.time import SECOND
from crm.conversations.talk import reply
from crm.conversations.threads import Conversation
from crm.outbox.claim import Sender, turn
from crm.outbox.deliveries import Delivery, State
from crm.outbox.drain import Drain
from crm.outbox.notices import waiting_notices
from crm.outbox.queue import Parcel, enqueue
from crm.outbox.settle import mark_sent, resend, strand
from tests.conftest import NOON
from tests.crm.fake import Stub, fire, hear, hire, lapse, raw, rows, said

STATES = select(Delivery.state).where(Delivery.desk == 0).order_by(Delivery.id)


class Hand:
    """A clock a test moves."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        return self.now


def drain_of(store: Store, stub: Stub, clock: Hand | None = None, node: str = "n") -> Drain:
    return Drain(store, stub, None, node=node, clock=clock or Hand())  # type: ignore[arg-type]


async def put(store: Store, *texts: str, address: str = "ann", lane: Lane = Lane.REPLY, **fields: object) -> None:
    parcels = [Parcel("fake", address, Say(text), lane, f"{address}:{text}:{lane}", desk=True, **fields) for text in texts]  # type: ignore[arg-type]
    await store.write(lambda session: enqueue(session, parcels, now=NOON))


async def test_the_same_once_key_is_queued_once(store: Store) -> None:
    await put(store, "a")
    await put(store, "a", "b")
    assert await rows(store, select(Delivery.once).order_by(Delivery.id)) == ["ann:a:0", "ann:b:0"]


async def test_what_one_person_gets_leaves_in_order_one_at_a_time(store: Store) -> None:
    await put(store, *"abcd")
    await put(store, "x", address="bob")
    stub = Stub()
    clock = Hand()
    drain = drain_of(store, stub, clock)
    for _ in range(4):
        await drain.run()
        clock.now += SECOND
    assert [out.text for who, out in stub.sent if who == "ann" and isinstance(out, Say)] == list("abcd")


async def test_a_chat_is_not_written_to_faster_than_allowed(store: Store) -> None:
    await put(store, *"abcdef")
    stub = Stub(limits=Limits(chat_every=1.0, chat_burst=2))
    clock = Hand()
    drain = drain_of(store, stub, clock)
    again = await drain.run()
    assert len(stub.sent) == 2
    assert again == NOON + SECOND


async def test_an_account_is_not_used_faster_than_allowed(store: Store) -> None:
    for number in range(30):
        await put(store, "a", address=f"p{number}")
    stub = Stub(limits=Limits(account_rate=10.0))
    clock = Hand()
    drain = drain_of(store, stub, clock)
    left: list[int] = []
    for _ in range(25):
        await drain.run()
        left += [clock.now] * (len(stub.sent) - len(left))
        clock.now += SECOND // 10
    assert left.count(NOON) == 5
    assert max(sum(began <= at <= began + SECOND for at in left) for began in left) == 10
    assert len(left) >= 22


class Ticking:
    """A clock that goes on by itself, 15 ms whenever somebody looks."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        self.now += 15
        return self.now


async def test_a_sender_that_waits_for_its_rate_says_until_when(store: Store) -> None:
    for number in range(30):
        await put(store, "a", address=f"p{number}")
    stub, clock = Stub(limits=Limits(account_rate=10.0)), Ticking()
    drain = drain_of(store, stub, clock)  # type: ignore[arg-type]
    while len(stub.sent) < 30:
        again = await drain.run()
        assert again, "it would look again only when woken"
        clock.now = max(clock.now, again)
    assert clock.now - NOON < 4 * SECOND


def raising(error: Exception) -> object:
    def answer() -> None:
        raise error

    return answer


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (Undeliverable(Reason.BAD_CONTENT, "too long"), State.FAILED),
        (Uncertain("timeout"), State.UNKNOWN),
        (TimeoutError(), State.UNKNOWN),
        (RetryLater(3), State.QUEUED),
        (KeyError("a bug"), State.UNKNOWN),
    ],
)
async def test_each_way_to_fail_has_its_own_state(store: Store, error: Exception, state: State) -> None:
    await put(store, "a")
    await drain_of(store, Stub(raising(error))).run()  # type: ignore[arg-type]
    assert await rows(store, select(Delivery.state)) == [state]


async def test_an_unknown_is_never_sent_again_by_itself(store: Store) -> None:
    await put(store, "a")
    stub, clock = Stub(raising(Uncertain("cut"))), Hand()  # type: ignore[arg-type]
    drain = drain_of(store, stub, clock)
    for _ in range(5):
        await drain.run()
        clock.now += 3600 * SECOND
    assert stub.sent == []


async def test_retry_later_holds_back_the_same_chat_only(store: Store) -> None:
    await put(store, "one", "two")
    await put(store, "three", address="bob")
    stub, clock = Stub(raising(RetryLater(5))), Hand()  # type: ignore[arg-type]
    drain = drain_of(store, stub, clock)
    await drain.run()
    assert [who for who, _ in stub.sent] == ["bob"]
    clock.now += 5 * SECOND
    await drain.run()
    assert [out.text for _, out in stub.sent if isinstance(out, Say)] == ["three", "one", "two"]


async def test_a_sender_that_died_leaves_unknown(store: Store) -> None:
    for number in range(4):
        await put(store, "a", address=f"p{number}")
    sender = Sender("fake", "dead", Limits(), 2, {})
    assert len((await store.write(lambda session: turn(session, sender, (), now=NOON))).claimed) == 2
    stub, clock = Stub(), Hand()
    clock.now += 31 * SECOND
    await lapse(store)
    await drain_of(store, stub, clock, "heir").run()
    assert sorted(await rows(store, select(Delivery.state))) == ["sent", "sent", "unknown", "unknown"]
    assert len(stub.sent) == 2


class Loading(Stub):
    """A carrier that takes long to load."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.loaded = asyncio.Event(), asyncio.Event()

    async def open(self) -> None:
        self.began.set()
        await self.loaded.wait()


async def test_nothing_is_claimed_for_a_carrier_that_is_still_loading(store: Store) -> None:
    await put(store, "a")
    carrier = Loading()
    async with asyncio.timeout(60):
        sending = asyncio.create_task(drain_of(store, carrier, Hand()).run())
        await carrier.began.wait()
        assert await rows(store, select(Delivery.state)) == ["queued"]
        carrier.loaded.set()
        await sending
    assert await rows(store, select(Delivery.state)) == ["sent"]


async def test_a_second_node_does_not_send_while_the_first_holds_the_account(store: Store) -> None:
    await put(store, "a")
    await store.write(lambda session: turn(session, Sender("fake", "first", Limits(), 0, {}), (), now=NOON))
    stub = Stub()
    await drain_of(store, stub, node="second").run()
    assert stub.sent == []


async def test_a_long_text_leaves_in_parts_and_keeps_its_place(store: Store) -> None:
    words = " ".join(f"word{number}" for number in range(40))
    await put(store, words, "after")
    stub, clock = Stub(limits=Limits(text=100, chat_burst=99)), Hand()
    await drain_of(store, stub, clock).run()
    texts = [out.text for _, out in stub.sent if isinstance(out, Say)]
    assert texts[-1] == "after"
    assert " ".join(texts[:-1]) == words


async def test_a_card_is_edited_rather_than_posted_again(store: Store) -> None:
    stub, clock = Stub(), Hand()
    drain = drain_of(store, stub, clock)
    for text in ("v1", "v2", "v3"):
        await put(store, text, card="card:7:1")
        if text != "v2":
            await drain.run()
    assert [type(out) for _, out in stub.sent] == [Say, Edit]
    assert stub.sent[1][1] == Edit("x1", "v3")
    assert sorted(await rows(store, select(Delivery.state))) == ["cancelled", "sent", "sent"]


async def test_a_card_whose_post_was_deleted_comes_as_a_new_post(store: Store) -> None:
    def gone() -> None:
        raise Undeliverable(Reason.BAD_CONTENT, GONE)

    stub, clock = Stub(lambda: None, gone), Hand()
    drain = drain_of(store, stub, clock)
    for text in ("v1", "v2", "v3"):
        await put(store, text, card="card:7:1", conversation_id=7)
        await drain.run()
        clock.now += SECOND
    assert [out for _, out in stub.sent] == [Say("v1"), Say("v3")]
    assert [(notice.kind, notice.subject_id) for notice in await store.read(waiting_notices)] == [("card", 7)]


async def test_redrawing_a_card_holds_no_news_back(store: Store) -> None:
    stub, clock = Stub(limits=Limits(chat_every=1.0, chat_burst=1, edits=True)), Hand()
    drain = drain_of(store, stub, clock)
    for number in range(5):
        await put(store, f"card {number}", card=f"card:{number}:1")
    for _ in range(5):
        await drain.run()
        clock.now += SECOND
    for number in range(5):
        await put(store, f"card {number} again", card=f"card:{number}:1")
    await put(store, "news")
    await drain.run()
    assert stub.sent[-1][1] == Say("news")


async def test_a_reply_passes_a_promotion(store: Store) -> None:
    await put(store, "promo", address="p1", lane=Lane.PROMOTION)
    await put(store, "reply", address="p2", lane=Lane.REPLY)
    stub = Stub(limits=Limits(account_rate=1.0))
    await drain_of(store, stub).run()
    assert [out.text for _, out in stub.sent if isinstance(out, Say)] == ["reply"]


async def talk_with(store: Store, company: Company, text: str = "Good day") -> int:
    """A customer wrote, a rep answered; answers the message's number."""
    await hear(store, company, said(1, "ann"))
    rep = await hire(store)
    [conversation] = await rows(store, select(Conversation.id))
    return await store.write(lambda session: reply(session, rep, conversation, text, once="r1", now=NOON))


async def test_a_block_found_by_sending_marks_the_address(store: Store, company: Company) -> None:
    await talk_with(store, company)
    await drain_of(store, Stub(raising(Undeliverable(Reason.BLOCKED)))).run()  # type: ignore[arg-type]
    from crm.people.contacts import Identity

    assert await rows(store, select(Identity.reachable)) == [0]


async def test_a_word_from_a_blocked_address_makes_it_reachable_again(store: Store, company: Company) -> None:
    from crm.people.contacts import Identity

    await hear(store, company, said(1, "ann"), raw(2, "ann", "gone"))
    assert await rows(store, select(Identity.reachable)) == [0]
    await hear(store, company, said(3, "ann"))
    assert await rows(store, select(Identity.reachable)) == [1]


async def test_a_rep_decides_about_an_unknown_and_nobody_else(store: Store, company: Company) -> None:
    await talk_with(store, company)
    await store.write(lambda session: session.execute(Delivery.__table__.update().values(state="unknown")) and None)  # type: ignore[attr-defined]
    [first, second] = await rows(store, select(Delivery.id).order_by(Delivery.id))
    rep = await hire(store, "nare")
    await store.write(lambda session: mark_sent(session, rep, first, now=NOON))
    await store.write(lambda session: resend(session, rep, second, now=NOON))
    assert await rows(store, STATES) == ["sent", "queued"]
    await fire(store, rep)
    with pytest.raises(Forbidden):
        await store.write(lambda session: resend(session, rep, second, now=NOON))


async def test_strand_never_requeues(store: Store) -> None:
    await put(store, "a")
    await store.write(lambda session: turn(session, Sender("fake", "n", Limits(), 5, {}), (), now=NOON))
    assert await store.write(lambda session: strand(session, "fake", before=NOON, now=NOON)) == 1
    assert await rows(store, select(Delivery.state)) == ["unknown"]
