"""The week: what the assistant did by itself, counted from the record; told once when the firm opens for the first time in a week."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from crm.base.actors import Rep, Role, System
from crm.base.db import Session, Store
from crm.base.errors import Forbidden
from crm.base.history import Change, record
from crm.base.settings import Company
from crm.base.time import DAY, HOUR, instant, parse_hours
from crm.conversations.planned import PlannedReply, PlannedState
from crm.conversations.threads import Conversation, Message
from crm.outbox.deliveries import Batch
from crm.outbox.notices import NoticeRow
from crm.outreach.sequences import SCHEDULE, Enrollment, Sequence
from crm.people import habits
from crm.people.calendars import Leave, OffDay
from crm.reports.week import Week, week_of, weeks_due
from crm.sales import ladder, tasks
from crm.sales.leads import Lead
from crm.sales.tasks import Duty, TaskKind
from tests.conftest import NOON
from tests.crm.fake import fire, hear, hire, rows, said

YEREVAN = "Asia/Yerevan"
WORKING = Company("Marani", ("en",), YEREVAN, "AMD", "AM", parse_hours("mon-fri 09:00-18:00", YEREVAN), b"key")
AFTER = NOON + 7 * DAY
"""A Tuesday: all that is done at NOON was done in the week before."""


def clock(day: int, hour: int, minute: int = 0) -> int:
    """An instant of December 2025; the 1st is a Monday."""
    return instant(datetime(2025, 12, day, hour, minute, tzinfo=ZoneInfo(YEREVAN)))


async def week(store: Store, rep: Rep, now: int = AFTER) -> Week:
    return await store.read(lambda session: week_of(session, rep, WORKING, now=now))


async def told(store: Store, now: int) -> list[int]:
    """Whom the clock tells of their week at an instant."""

    def deed(session: Session) -> None:
        while weeks_due(session, WORKING, now=now):
            pass

    await store.write(deed)
    found = await rows(store, select(NoticeRow.subject_id).where(NoticeRow.kind == "week").order_by(NoticeRow.subject_id))
    await store.write(lambda session: session.query(NoticeRow).filter_by(kind="week").delete())
    return found


async def busy(store: Store, company: Company, rep: Rep) -> None:
    """In one week: the bot answers Ann, who becomes a lead; she is reminded of twice, written after once, answered later once; Bob only writes."""
    await hear(store, company, said(1, "ann"), said(2, "bob"))

    def deed(session: Session) -> None:
        talk = session.scalars(select(Conversation).where(Conversation.address == "ann")).one()
        lead = session.scalars(select(Lead).where(Lead.conversation_id == talk.id)).one()
        talk.rep_id = lead.rep_id = rep.id
        session.flush()
        for ahead in (0, HOUR):
            tasks.add_task(session, System("test"), talk.id, Duty(TaskKind.CALL, NOON + ahead, rep_id=rep.id), now=NOON - DAY)
        session.add(Sequence(id=70, name="default", created_at=NOON))
        session.flush()
        session.add(Batch(id=71, created_at=NOON))
        session.add(
            Enrollment(id=72, contact_id=talk.contact_id, lead_id=lead.id, conversation_id=talk.id, sequence_id=70, batch_id=71, due_at=0, enrolled_at=1)
        )
        planned = {
            "conversation_id": talk.id,
            "rep_id": rep.id,
            "text": "x",
            "unless_reply": 0,
            "seen_id": 0,
            "created_at": 1,
            "state": PlannedState.SAID.value,
        }
        for number, due in ((73, NOON), (74, NOON + HOUR)):  # the second was said at once by hand, before its time
            session.add(PlannedReply(id=number, due_at=due, once=f"p{number}", **planned))
            record(session, Change("conversation", talk.id, "planned_said", System("clock"), after={"planned": number}), now=NOON)
        record(session, Change("enrollment", 72, "step", SCHEDULE, after={"step": 1}), Change("enrollment", 72, "refused", SCHEDULE), now=NOON)

    await store.write(deed)
    await store.write(lambda session: ladder.remind(session, now=NOON + HOUR))


async def test_what_was_done_by_itself_is_counted_for_whose_customers_they_are(store: Store, company: Company) -> None:
    rep, other = await hire(store), await hire(store, "nare")
    await busy(store, company, rep)
    assert await week(store, rep) == Week(answered=1, followed_up=1, reminded=2, leads=1, later=1)
    assert (await week(store, other)).empty


async def test_a_manager_reads_the_sums_of_the_firm(store: Store, company: Company) -> None:
    rep, manager = await hire(store), await hire(store, "mariam", Role.MANAGER)
    await busy(store, company, rep)
    assert await week(store, manager) == Week(answered=2, followed_up=1, reminded=2, leads=2, later=1, firm=True)


async def test_a_week_is_from_monday_to_monday_where_the_firm_is(store: Store, company: Company) -> None:
    rep = await hire(store)
    await busy(store, company, rep)
    assert (await week(store, rep, NOON)).empty
    assert (await week(store, rep, NOON + 14 * DAY)).empty
    edge = {clock(1, 0) - 1: 1, clock(1, 0): 0}
    for at, count in edge.items():
        await store.write(lambda session: session.execute(update(Message).values(at=at)))  # noqa: B023
        assert (await week(store, rep)).answered == count


async def test_what_was_only_practised_and_what_a_person_typed_counts_for_nothing(store: Store, company: Company) -> None:
    rep, manager = await hire(store), await hire(store, "mariam", Role.MANAGER)
    await busy(store, company, rep)
    await store.write(lambda session: session.execute(update(Conversation).values(account="practice")))
    await store.write(lambda session: session.execute(update(Lead).values(channel="practice")))
    found = await week(store, manager)
    assert found == Week(firm=True)


async def test_it_is_told_once_when_the_firm_opens_on_the_first_working_day(store: Store) -> None:
    rep, manager = await hire(store), await hire(store, "mariam", Role.MANAGER)
    both = [rep.id, manager.id]
    story = {clock(1, 8, 59): [], clock(1, 9): both, clock(1, 9, 1): [], clock(2, 9): [], clock(7, 12): [], clock(8, 9, 5): both}
    assert {at: await told(store, at) for at in story} == story


async def test_a_monday_off_moves_it_to_tuesday_and_a_day_missed_lets_the_week_go(store: Store) -> None:
    rep = await hire(store)
    await store.write(lambda session: session.add(OffDay(id=80, day="2025-12-01", country="", off=1, said_at=NOON)))
    assert [await told(store, at) for at in (clock(1, 10), clock(2, 10), clock(3, 10))] == [[], [rep.id], []]
    assert [await told(store, at) for at in (clock(8, 18), clock(9, 9))] == [[], []]


async def test_a_firm_that_has_not_said_its_hours_is_told_on_monday_at_nine(store: Store) -> None:
    rep = await hire(store)
    always = Company("Marani", ("en",), YEREVAN, "AMD", "AM", parse_hours("", YEREVAN), b"key")
    story = {clock(1, 8, 59): 0, clock(2, 9): 0, clock(8, 9): 1, clock(8, 9, 1): 0}
    assert {at: await store.write(lambda s: weeks_due(s, always, now=at)) for at in story} == story  # noqa: B023
    assert await rows(store, select(NoticeRow.subject_id)) == [rep.id]


async def test_whoever_has_switched_it_off_has_left_or_is_a_guest_is_not_told(store: Store) -> None:
    rep, quiet, gone = await hire(store), await hire(store, "nare"), await hire(store, "aram")
    guest = await hire(store, "guest", Role.GUEST)
    await store.write(lambda session: habits.set_weekly(session, quiet, False, now=NOON))
    await fire(store, gone)
    assert await told(store, clock(1, 9)) == [rep.id]
    with pytest.raises(Forbidden):
        await week(store, guest)
    await store.write(lambda session: habits.set_weekly(session, quiet, True, now=NOON))
    assert await store.read(lambda session: habits.has_weekly(session, quiet))
    assert await told(store, clock(1, 9, 30)) == [quiet.id]


async def test_a_crash_between_two_ticks_tells_nobody_twice(store: Store) -> None:
    rep = await hire(store)

    def broken(session: Session) -> None:
        weeks_due(session, WORKING, now=clock(1, 9))
        raise RuntimeError("the plug is pulled")

    with pytest.raises(RuntimeError):
        await store.write(broken)
    assert await rows(store, select(NoticeRow.id)) == []
    assert [await told(store, clock(1, 9)), await told(store, clock(1, 9))] == [[rep.id], []]


async def test_who_is_on_leave_that_day_is_left_in_peace(store: Store) -> None:
    rep, away, back = await hire(store), await hire(store, "nare"), await hire(store, "aram")
    days = {"kind": "vacation", "created_at": NOON}
    await store.write(lambda s: s.add(Leave(id=90, rep_id=away.id, from_on="2025-11-28", to_on="2025-12-01", **days)))
    await store.write(lambda s: s.add(Leave(id=91, rep_id=back.id, from_on="2025-11-28", to_on="2025-11-30", **days)))
    await store.write(lambda s: s.add(Leave(id=92, rep_id=rep.id, from_on="2025-12-01", to_on="2025-12-01", from_at=clock(1, 14), to_at=clock(1, 16), **days)))
    assert await told(store, clock(1, 9)) == [rep.id, back.id]
