"""Phone calls: one row and one line from the first ring to the recording, and what a missed or an answered one means."""

from dataclasses import replace
from itertools import permutations

import pytest
from sqlalchemy import select, update

from crm.base.actors import Customer, System
from crm.base.db import Session, Store
from crm.base.events import Call, CallPhase, MediaKind, MediaRef, Sender
from crm.base.settings import Company
from crm.base.time import DAY, HOUR, MINUTE, SECOND, parse_hours
from crm.conversations import assign
from crm.conversations.calls import CallRow, Told, read, written
from crm.conversations.threads import Attachment, Conversation, Message
from crm.inbox.calls import called
from crm.inbox.plan import Got
from crm.outbox.deliveries import Delivery
from crm.outbox.notices import NoticeRow
from crm.people import contacts
from crm.people.contacts import Contact, ContactPoint, Identity, Proof
from crm.sales.leads import Lead
from crm.sales.tasks import Task
from tests.conftest import NOON
from tests.crm.fake import counts, hear, hire, rows, said

ANN = "+37491123456"
RECORDING = MediaRef(MediaKind.AUDIO, "https://pbx.example/1.mp3", "1.mp3", "audio/mpeg")


def call(phase: CallPhase, after: int = 0, *, key: str = "c1", number: str = ANN, outgoing: bool = False, seconds: int = 0) -> Call:
    """One event of a call that began at noon, `after` seconds later."""
    recording = RECORDING if phase is CallPhase.RECORDED else None
    agent = "Nare" if phase is CallPhase.ANSWERED else ""
    sender = Sender(number, phone=number, proven=True)
    return Call(sender, key, phase, NOON + after * SECOND, outgoing, seconds, agent, "+37410111111", recording)


RINGING, MISSED = call(CallPhase.RINGING), call(CallPhase.MISSED, 20)
ANSWERED, ENDED, RECORDED = call(CallPhase.ANSWERED, 5), call(CallPhase.ENDED, 65, seconds=60), call(CallPhase.RECORDED, 70)


async def ring(store: Store, company: Company, *events: Call, now: int = NOON + 2 * MINUTE) -> None:
    """These events are processed, one after another."""

    def deed(session: Session) -> None:
        for place, event in enumerate(events):
            called(session, Got(1000, place, "phone", now, event), company, now=now)

    await store.write(deed)


async def the_call(store: Store) -> CallRow:
    [found] = await rows(store, select(CallRow))
    return found  # type: ignore[no-any-return]


async def the_thread(store: Store) -> Conversation:
    [found] = await rows(store, select(Conversation).where(Conversation.account == "phone"))
    return found  # type: ignore[no-any-return]


async def test_a_stranger_who_rings_in_vain_is_a_lead_that_waits_with_a_task(store: Store, company: Company) -> None:
    await ring(store, company, RINGING, MISSED)
    thread, [task], [lead] = await the_thread(store), await rows(store, select(Task)), await rows(store, select(Lead))
    assert (thread.status, thread.waiting_since, thread.unread, thread.address) == ("open", NOON, 1, ANN)
    assert (task.kind, task.due_at, task.state, task.conversation_id) == ("call", NOON + 2 * MINUTE, "open", thread.id)
    assert (lead.status, lead.channel, lead.conversation_id) == ("new", "phone", thread.id)
    assert await rows(store, select(ContactPoint.value, ContactPoint.proof)) == [(ANN, "shared")]
    assert (await rows(store, select(NoticeRow.urgent).where(NoticeRow.kind == "card"))) == [1]


async def test_a_ring_alone_is_no_lead_and_wakes_nobody(store: Store, company: Company) -> None:
    await ring(store, company, RINGING)
    assert await counts(store, Lead, Task, CallRow, Message) == {"leads": 0, "tasks": 0, "calls": 1, "messages": 1}
    assert await rows(store, select(NoticeRow.kind)) == []
    assert (await the_thread(store)).status == "closed"


async def test_an_answered_stranger_is_a_lead_who_waits_for_nothing(store: Store, company: Company) -> None:
    await ring(store, company, RINGING, ANSWERED, ENDED)
    thread = await the_thread(store)
    assert await counts(store, Lead, Task) == {"leads": 1, "tasks": 0}
    assert (thread.waiting_since, thread.first_heard_at, thread.first_answer_at) == (0, NOON, NOON + 5 * SECOND)


@pytest.mark.parametrize("order", list(permutations((RINGING, ANSWERED, ENDED, RECORDED))))
async def test_a_call_told_in_any_order_and_twice_is_one_call(store: Store, company: Company, order: tuple[Call, ...]) -> None:
    await ring(store, company, *order, *reversed(order))
    one, [message] = await the_call(store), await rows(store, select(Message))
    assert (one.phase, one.began_at, one.answered_at, one.ended_at, one.seconds, one.agent) == (
        "ended",
        NOON,
        NOON + 5 * SECOND,
        NOON + 65 * SECOND,
        60,
        "Nare",
    )
    assert (message.kind, read(message.text)) == ("call", Told(CallPhase.ENDED, False, 60, "Nare"))
    assert await counts(store, Lead, Attachment, Identity, Task) == {"leads": 1, "attachments": 1, "identities": 1, "tasks": 0}


async def test_a_missed_call_told_again_and_again_is_one_task(store: Store, company: Company) -> None:
    await ring(store, company, MISSED, RINGING, MISSED, RINGING)
    assert await counts(store, Task, Lead, CallRow, Message) == {"tasks": 1, "leads": 1, "calls": 1, "messages": 1}
    assert (await the_thread(store)).unread == 1


async def test_who_rings_in_vain_five_times_is_called_back_once(store: Store, company: Company) -> None:
    await ring(store, company, *(replace(MISSED, external_id=f"c{number}") for number in range(5)))
    assert await counts(store, Task, CallRow) == {"tasks": 1, "calls": 5}
    assert (await the_thread(store)).unread == 5


async def test_a_call_that_was_not_missed_after_all_is_nobodys_task(store: Store, company: Company) -> None:
    await ring(store, company, RINGING, MISSED, ANSWERED)
    assert await rows(store, select(Task.state)) == ["dropped"]
    assert ((await the_thread(store)).waiting_since, (await the_call(store)).phase) == (0, "answered")


async def test_who_is_called_back_waits_no_more(store: Store, company: Company) -> None:
    back = [call(phase, 300, key="back", outgoing=True) for phase in (CallPhase.RINGING, CallPhase.ANSWERED)]
    await ring(store, company, RINGING, MISSED, *back, now=NOON + HOUR)
    thread = await the_thread(store)
    assert await rows(store, select(Task.state, Task.done_at)) == [("done", NOON + HOUR)]
    assert (thread.waiting_since, thread.first_answer_at) == (0, NOON + 300 * SECOND)
    assert await rows(store, select(Message.author).order_by(Message.id)) == ["contact", "system"]


async def test_a_call_back_that_nobody_picks_up_leaves_the_task(store: Store, company: Company) -> None:
    await ring(store, company, MISSED, call(CallPhase.MISSED, 300, key="back", outgoing=True))
    assert await rows(store, select(Task.state)) == ["open"]
    assert (await the_thread(store)).waiting_since == NOON + 20 * SECOND


async def test_a_missed_call_told_after_the_call_back_makes_nobody_ring_again(store: Store, company: Company) -> None:
    await ring(store, company, call(CallPhase.ANSWERED, 300, key="back", outgoing=True), MISSED)
    assert (await counts(store, Task), (await the_thread(store)).waiting_since) == ({"tasks": 0}, 0)


@pytest.mark.parametrize("order", list(permutations(("in vain", "answered", "in vain again"))))
async def test_who_rings_in_vain_after_the_talk_waits_whatever_is_told_first(store: Store, company: Company, order: tuple[str, ...]) -> None:
    events = {
        "in vain": call(CallPhase.MISSED, 0, key="a"),
        "answered": call(CallPhase.ANSWERED, 300, key="b"),
        "in vain again": call(CallPhase.MISSED, 600, key="c"),
    }
    await ring(store, company, *(events[one] for one in order), now=NOON + HOUR)
    thread = await the_thread(store)
    assert (thread.waiting_since, thread.unread) == (NOON + 600 * SECOND, 1)
    assert await rows(store, select(Task.once).where(Task.state == "open")) == ["call:phone:c"]


async def test_whom_we_ring_first_is_known_but_no_lead(store: Store, company: Company) -> None:
    await ring(store, company, call(CallPhase.ANSWERED, key="out", outgoing=True), call(CallPhase.ENDED, 60, key="out", outgoing=True))
    assert await counts(store, Contact, Lead, Task) == {"contacts": 1, "leads": 0, "tasks": 0}
    assert ((await the_thread(store)).status, (await the_call(store)).seconds) == ("closed", 60)


async def test_at_night_the_call_back_is_due_when_the_firm_opens(store: Store, company: Company) -> None:
    night, company = NOON + 12 * HOUR, replace(await friend(store, company), hours=parse_hours("mon-fri 09:00-18:00", company.zone))
    await ring(store, company, replace(MISSED, at=night), now=night)
    assert await rows(store, select(Task.due_at)) == [NOON + 17 * HOUR]
    assert "We are closed now" in (await asked(store))[0]


async def test_whoever_has_the_conversation_sees_the_call_and_then_its_recording(store: Store, company: Company) -> None:
    rep = await hire(store)
    await ring(store, company, RINGING, ANSWERED, ENDED)
    number = (await the_thread(store)).id
    await store.write(lambda session: assign.take(session, rep, number, now=NOON))
    await store.write(lambda session: session.query(NoticeRow).delete())
    await ring(store, company, RECORDED)
    kinds = await rows(store, select(NoticeRow.kind).order_by(NoticeRow.kind))
    assert kinds == ["card", "heard"]
    assert await rows(store, select(Attachment.account, Attachment.kind, Attachment.ref)) == [("phone", "audio", RECORDING.ref)]


async def test_who_is_blocked_stays_on_record_and_is_nobodys_work(store: Store, company: Company) -> None:
    await ring(store, company, RINGING, MISSED)
    person = (await the_thread(store)).contact_id
    await store.write(lambda session: contacts.block(session, System("test"), person, True, now=NOON))
    await store.write(lambda session: (session.query(NoticeRow).delete(), session.query(Task).delete()))
    await ring(store, company, replace(MISSED, external_id="c2"))
    assert await counts(store, CallRow, Task, NoticeRow) == {"calls": 2, "tasks": 0, "notices": 0}


async def friend(store: Store, company: Company, *, proof: Proof = Proof.SHARED) -> Company:
    """Ann has written on another channel before and shared the number she rings from."""
    await hear(store, company, said(1, "ann", "Do you have tables?"))
    [person] = await rows(store, select(Contact.id))
    await store.write(lambda s: contacts.add_point(s, Customer(person), person, "phone", ANN, proof=proof, message_id=None, now=NOON))
    return replace(company, sendable=frozenset({"fake", "phone"}))


async def asked(store: Store) -> list[str]:
    """What was said to Ann because she rang."""
    return await rows(store, select(Message.text).where(Message.once.like("asked:%")).order_by(Message.id))


async def test_who_rings_in_vain_is_asked_at_once_where_they_write(store: Store, company: Company) -> None:
    company = await friend(store, company)
    before = (await counts(store, Delivery))["deliveries"]
    await ring(store, company, MISSED)
    [words] = await asked(store)
    assert "could not answer" in words
    assert (await counts(store, Delivery))["deliveries"] == before + 1
    assert await counts(store, Lead) == {"leads": 1}
    assert len(set(await rows(store, select(Contact.root_id)))) == 1


async def test_who_rings_again_soon_is_not_asked_again(store: Store, company: Company) -> None:
    company = await friend(store, company)
    await ring(store, company, MISSED, replace(MISSED, external_id="c2"))
    await ring(store, company, replace(MISSED, external_id="c3", at=NOON + 20 * MINUTE), now=NOON + 20 * MINUTE)
    assert len(await asked(store)) == 1
    await ring(store, company, replace(MISSED, external_id="c4", at=NOON + 40 * MINUTE), now=NOON + 40 * MINUTE)
    assert len(await asked(store)) == 2


async def test_a_typed_number_joins_nobody_and_asks_nobody(store: Store, company: Company) -> None:
    company = await friend(store, company, proof=Proof.CLAIMED)
    await ring(store, company, MISSED)
    assert await asked(store) == []
    assert len(set(await rows(store, select(Contact.root_id)))) == 2


async def test_a_missed_call_told_hours_late_asks_nothing(store: Store, company: Company) -> None:
    company = await friend(store, company)
    await ring(store, company, MISSED, now=NOON + 3 * HOUR)
    assert (await asked(store), await counts(store, Task)) == ([], {"tasks": 1})


async def test_who_has_said_stop_twice_or_talks_with_a_rep_is_not_asked(store: Store, company: Company) -> None:
    company = await friend(store, company)
    rep = await hire(store)
    [number] = await rows(store, select(Conversation.id).where(Conversation.account == "fake"))
    await store.write(lambda session: assign.take(session, rep, number, now=NOON))
    await ring(store, company, MISSED)
    assert await asked(store) == []
    await store.write(lambda session: assign.hand_back(session, rep, number, now=NOON))
    await store.write(lambda session: session.execute(update(Contact).values(silenced=1)))
    await ring(store, company, replace(MISSED, external_id="c2", at=NOON + DAY), now=NOON + DAY)
    assert await asked(store) == []


@pytest.mark.parametrize("told", [Told(CallPhase.MISSED), Told(CallPhase.ENDED, True, 61, "Nare Petrosyan"), Told(CallPhase.ANSWERED, agent="7")])
def test_the_line_of_a_call_is_read_as_it_was_written(told: Told) -> None:
    assert read(written(told)) == told


@pytest.mark.parametrize("text", ["", "hello", "missed in many x", "missed", "ended out ² x"])
def test_any_other_line_is_a_call_of_which_nothing_is_known(text: str) -> None:
    assert read(text) == Told(CallPhase.RINGING)
