"""What an erasure reaches, who may have one, and what becomes of it when it breaks."""

import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from sqlalchemy import insert, select, update

from bots.staff import exchange
from bots.staff.sight import look
from crm.base import jobs
from crm.base.actors import Rep, Role
from crm.base.db import Order, Session, Store
from crm.base.errors import Forbidden
from crm.base.jobs import Job, JobState
from crm.base.policy import Scope
from crm.base.rows import take_ids
from crm.base.table import Base
from crm.base.time import DAY, HOUR
from crm.conversations.media import arrived
from crm.conversations.threads import Attachment, Conversation, Message
from crm.exchange import erasure, imports, package
from crm.exchange.erasing import Erasing
from crm.exchange.naming import listed, named
from crm.outbox.deliveries import Delivery, State
from crm.outbox.notices import NoticeKind, NoticeRow, Waiting
from crm.people import reps, steps, team
from crm.people.contacts import Contact
from crm.people.reps import Member
from tests.crm.exchange.stand import Stand
from tests.crm.exchange.test_erasure import PHONE, SECRET, holding, made, met, sure
from tests.crm.fake import hire


async def erased(stand: Stand, number: int) -> None:
    """Somebody is forgotten, to the end."""
    await sure(stand, steps.What.ERASE)
    await stand.do(erasure.ask, number)
    await stand.work()


async def where(stand: Stand, word: str) -> list[str]:
    """Which tables hold a word."""
    return await stand.store.read(lambda session: holding(session, word))


async def second(stand: Stand, *, points: bool = True, scope: Scope | None = None) -> Rep:
    """A second manager, who has just shown their PIN for everything."""
    other = await hire(stand.store, "vahan", Role.MANAGER)

    def limited(session: Session) -> Rep:
        member = session.get_one(Member, other.id)
        if not points:
            team.set_points(session, stand.who, other.id, False, now=stand.now)
        if scope:
            team.set_scope(session, stand.who, other.id, scope, now=stand.now)
        actor = reps.as_actor(member)
        steps.choose(session, actor, "493817", now=stand.now)
        for what in (steps.What.EXPORT, steps.What.ERASE):
            steps.confirm(session, actor, what.value, "493817", now=stand.now)
        return actor

    return await stand.store.write(limited)


async def test_a_pasted_table_stays_in_no_job_when_it_was_read(stand: Stand) -> None:
    await stand.do(imports.receive, "table.txt", {"text": "Name;Phone\nPasted;+37491700755\n"})
    await stand.work()
    assert await stand.store.read(lambda session: list(session.scalars(select(Job.facts)))) == ["{}"]


async def test_a_cancelled_table_stays_in_no_job(stand: Stand) -> None:
    number = await stand.do(imports.receive, "table.txt", {"text": "Name;Phone\nPasted;+37491700755\n"})
    await stand.do(imports.stop, number)
    assert await stand.store.read(lambda session: list(session.scalars(select(Job.facts)))) == ["{}"]


async def test_rows_of_lists_that_were_only_read_tried_or_left_are_forgotten(stand: Stand) -> None:
    number = await met(stand)
    await stand.receive(f"Name;Phone\nReadUniq;{PHONE}\n".encode(), "a.csv")
    tried = await stand.receive(b"Name;Phone\nTriedUniq;091 700-700\n", "b.csv")
    await stand.do(imports.check, tried)
    left = await stand.receive(b"Name;Mail\nLeftUniq;LILIT@x.am\nStays;other@x.am\n", "c.csv")
    await stand.do(imports.stop, left)
    await erased(stand, number)
    for word in ("ReadUniq", "TriedUniq", "LeftUniq", PHONE, "lilit@x.am"):
        assert await where(stand, word) == []
    assert await where(stand, "Stays") == ["import_rows"]


async def test_an_unclear_row_is_forgotten_with_either_of_the_two(stand: Stand) -> None:
    number = await met(stand)
    await stand.bring(b"Name;Phone\nOther;+37491111222\n")
    await stand.bring(f"Name;Phone;Phone 2\nUnclearUniq;{PHONE};+37491111222\n".encode())
    await erased(stand, number)
    assert await where(stand, "UnclearUniq") == []


async def test_a_list_that_brings_the_erased_back_keeps_nothing_of_them(stand: Stand) -> None:
    await erased(stand, await met(stand))
    await stand.bring(f"Name;Phone\nBackUniq;{PHONE}\n".encode())
    assert await where(stand, "BackUniq") == ["imports"]  # the sample of a list stands for a week


async def test_lists_keep_no_words_after_a_week_and_can_still_be_taken_back(stand: Stand) -> None:
    read = await stand.receive(b"Name;Phone\nReadUniq;+37491700755\n")
    brought = await stand.bring(b"Name;Phone\nBroughtUniq;+37491700766\n")
    stand.now += 8 * DAY
    assert stand.exchange
    await stand.exchange.tidy()
    assert await where(stand, "ReadUniq") == []
    assert set(await where(stand, "BroughtUniq")).isdisjoint({"import_rows", "imports"})
    assert (await stand.sheet(read)).state is imports.ImportState.LEFT
    await stand.undo(brought)
    assert await stand.people() == []


async def test_posts_to_the_staff_and_what_the_staff_typed_are_forgotten_where_they_name_them(stand: Stand) -> None:
    number = await met(stand)

    def said(session: Session) -> None:
        tables = Base.metadata.tables
        for words in (f"Call {PHONE} today", "Call nobody today"):
            [one, event] = take_ids(session, 2)
            about = {"account": "staff", "address": "7", "place": one, "lane": 0, "desk": 1, "state": State.SENT.value, "due_at": 1, "created_at": 1}
            session.execute(insert(Delivery).values(id=one, payload=json.dumps({"text": words}), **about))
            session.execute(insert(tables["raw_events"]).values(id=event, account="staff", key=str(event), received_at=1))
            session.execute(insert(tables["raw_bodies"]).values(event_id=event, month=1, body=json.dumps({"text": words}).encode()))

    await stand.store.write(said)
    await erased(stand, number)
    assert await where(stand, PHONE) == []
    assert await where(stand, "Call nobody") == ["deliveries", "raw_bodies"]
    assert "what the staff typed" in (await made(stand)).read_text()


def test_an_address_is_found_as_json_and_forms_write_it() -> None:
    armenian = "անի@x.am".encode()
    assert named(armenian, json.dumps({"from": "անի@x.am"}).encode())
    assert named(b"lilit@x.am", b'{"from":"Lilit@X.am"}')
    assert named(b"lilit@x.am", b"From=lilit%40x.am&To=1")
    assert named(b"37491700700", b"From=%2B37491700700&To=1")
    assert named(b"37491700700", b'{"phone":"+374 91 700-700"}')
    assert not named(b"37491700700", b'{"phone":"+374917007001"}')


def test_a_row_is_known_by_a_phone_in_any_form() -> None:
    for cell in ("091 70-07-00", "+374 91 700700", "0037491700700", "091 111222, 091 700700"):
        assert listed(["Ann", cell], ["37491700700"], [])
    assert not listed(["Ann", "091 70-07-01", "700"], ["37491700700"], ["ann@x.am"])


async def test_a_file_that_comes_while_its_sender_is_erased_is_not_kept(stand: Stand) -> None:
    number = await met(stand)

    def sent(session: Session) -> int:
        message = session.scalars(select(Message.id).join(Conversation).where(Conversation.contact_id == number)).first()
        [one] = take_ids(session, 1)
        about = {"account": "test", "kind": "document", "ref": "abc", "name": "passport.pdf", "mime": "", "size": 1, "path": "", "state": "pending"}
        session.execute(insert(Attachment).values(id=one, message_id=message, **about))
        return one

    attachment = await stand.store.write(sent)
    await erased(stand, number)
    await stand.store.write(lambda session: arrived(session, attachment, "f00", 5, now=stand.now))
    assert await stand.store.read(lambda session: session.get_one(Attachment, attachment).path) == ""


async def test_whoever_sees_phones_masked_gets_nobody_s_package(stand: Stand) -> None:
    number, masked = await met(stand), await second(stand, points=False)
    with pytest.raises(Forbidden):
        await stand.store.write(lambda session: package.ask(session, masked, number, now=stand.now))


async def test_what_others_have_is_neither_handed_out_nor_erased(stand: Stand) -> None:
    number, narrow = await met(stand), await second(stand, scope=Scope.OWN)
    await stand.store.write(lambda session: session.execute(update(Conversation).where(Conversation.contact_id == number).values(rep_id=stand.who.id)))
    for verb in (package.ask, erasure.ask):
        with pytest.raises(Forbidden):
            await stand.store.write(lambda session: verb(session, narrow, number, now=stand.now))  # noqa: B023
    with pytest.raises(Forbidden):
        await stand.store.read(lambda session: erasure.preview(session, narrow, number))
    assert await stand.store.read(lambda session: session.get_one(Contact, number).blocked) == 0


async def test_an_erasure_ends_though_its_asker_is_dismissed(stand: Stand) -> None:
    number, asker = await met(stand), await second(stand)
    await stand.store.write(lambda session: erasure.ask(session, asker, number, now=stand.now))
    await stand.store.write(lambda session: team.dismiss(session, stand.who, asker.id, now=stand.now))
    await stand.work()
    assert await stand.store.read(lambda session: session.scalars(select(Job.state).order_by(Job.id.desc())).first()) == JobState.DONE
    assert await where(stand, SECRET) == []


async def test_managers_are_told_when_a_package_breaks(stand: Stand) -> None:
    number, asker = await met(stand), await second(stand)
    job = await stand.store.write(lambda session: package.ask(session, asker, number, now=stand.now))
    await stand.store.write(lambda session: team.dismiss(session, stand.who, asker.id, now=stand.now))
    await stand.work()
    told = select(NoticeRow.subject_id).where(NoticeRow.kind == NoticeKind.JOB_FAILED.value)
    assert await stand.store.read(lambda session: list(session.scalars(told))) == [job]


class Killed(Exception):
    """The process died."""


class Dying:
    """A store that writes a few times and no more."""

    def __init__(self, store: Store, writes: int) -> None:
        self._store, self._left = store, writes

    async def read(self, question: Callable[[Session], Any]) -> Any:
        """Read as ever."""
        return await self._store.read(question)

    async def write(self, deed: Callable[[Session], Any], order: Order = Order.DEED) -> Any:
        """Write while it lives."""
        if not self._left:
            raise Killed
        self._left -= 1
        return await self._store.write(deed, order)


@pytest.mark.parametrize("writes", [1, 3, 5])
async def test_an_erasure_that_was_cut_off_between_chunks_goes_on(stand: Stand, writes: int) -> None:
    number = await met(stand)
    await stand.store.write(lambda session: _many(session, number, 600))
    await sure(stand, steps.What.ERASE)
    await stand.do(erasure.ask, number)
    work = await stand.store.write(lambda session: jobs.claim(session, "dead", many=False, now=stand.now))
    assert work
    assert stand.exchange
    dying = cast(Store, Dying(stand.store, writes))
    with pytest.raises(Killed):
        await Erasing(dying, stand.folder, "Firm", stand.company.link_key, stand.exchange.made, lambda: stand.now).erase(work)
    stand.now += HOUR
    await stand.work()
    for word in (SECRET, PHONE, "lilit77777", "word of many"):
        assert await where(stand, word) == []


async def test_an_erasure_writes_many_messages_in_chunks(stand: Stand) -> None:
    number = await met(stand)
    await stand.store.write(lambda session: _many(session, number, 600))
    await erased(stand, number)
    done = await stand.store.read(lambda session: session.scalars(select(Job.done).order_by(Job.id.desc())).first())
    assert done is not None
    assert done > 600
    assert await where(stand, "word of many") == []


def _many(session: Session, number: int, count: int) -> None:
    first = session.scalars(select(Message).join(Conversation).where(Conversation.contact_id == number)).first()
    assert first is not None
    row = {column.name: getattr(first, column.name) for column in Message.__table__.columns}
    rows = [{**row, "id": one, "external_id": f"many{one}", "text": "word of many", "once": f"many:{one}"} for one in take_ids(session, count)]
    session.execute(insert(Message), rows)


async def test_who_asked_and_the_managers_read_why_an_erasure_broke(stand: Stand) -> None:
    number = await met(stand)
    await sure(stand, steps.What.ERASE)
    job = await stand.do(erasure.ask, number)
    assert stand.exchange

    def broke(session: Session) -> str:
        work = jobs.claim(session, "here", many=False, now=stand.now)
        assert work
        assert stand.exchange
        jobs.stumble(session, work, "the disk is full", for_good=True, now=stand.now)
        stand.exchange.failed(session, work, "the disk is full", stand.now)
        notice = Waiting(1, NoticeKind.JOB_FAILED, job, {}, 0)
        return repr(exchange.broke(session, notice, look(session, stand.company, {}, now=stand.now)).mails)

    assert "the disk is full" in await stand.store.write(broke)
