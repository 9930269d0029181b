"""The index of search: behind the commit in small chunks, over a stop in the middle, beside others who write, for what comes late, and what it forgets."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import delete, event, func, select, update

from crm.base.db import Session, Store
from crm.base.history import Change, record, record_many
from crm.base.rows import add, take_ids
from crm.base.settings import Company
from crm.base.time import MINUTE
from crm.conversations.threads import Kind, Message
from crm.people.companies import Company as Firm
from crm.people.contacts import Contact
from crm.reports import search_index
from crm.reports.search_index import Mark, Step
from crm.reports.search_sources import CHUNK, Thing
from crm.reports.search_tables import About, Findable, SearchMark, WordGram
from scheduler.indexing import indexing
from tests.conftest import NOON
from tests.crm import fake
from tests.crm.fake import hear, rows
from tests.crm.people.crowd import meet
from tests.crm.reports.finding import SYSTEM, called, catch_up, said, say, step

LATER = NOON + search_index.SETTLE_MS + MINUTE


async def indexed(store: Store, about: About = About.MESSAGE) -> int:
    """How many things of a kind can be found."""
    [count] = await rows(store, select(func.count()).select_from(Findable).where(Findable.about == about.value))
    return int(count)


async def vocabulary(store: Store) -> set[str]:
    """Every word the index knows."""
    return set(await rows(store, select(WordGram.word).where(WordGram.gram == "")))


@contextmanager
def heard(session: Session, written: list[str]) -> Iterator[None]:
    """What is asked of the database meanwhile, but for what goes to the driver of a file by itself."""
    connection = session.connection()

    def note(_: object, __: object, statement: str, *___: object) -> None:
        written.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", note)


async def test_what_was_said_is_indexed_in_chunks_and_the_progress_is_told(store: Store) -> None:
    ann = await store.write(lambda s: meet(s, "ann"))
    numbers = await store.write(lambda s: say(s, ann.conversation, *(f"table {n}" for n in range(2 * CHUNK + 1))))
    assert (await store.read(search_index.progress)).percent == 0
    seen = []
    while await step(store):
        seen.append(await indexed(store))
    assert {CHUNK, 2 * CHUNK, 2 * CHUNK + 1} <= set(seen)
    done = await store.read(search_index.progress)
    assert (done.read, done.last, done.percent) == (numbers[-1], numbers[-1], 100)


async def test_one_that_was_stopped_in_the_middle_goes_on_where_it_was(store: Store) -> None:
    ann = await store.write(lambda s: meet(s, "ann"))
    await store.write(lambda s: say(s, ann.conversation, *(f"table {n}" for n in range(CHUNK + 5))))
    while not await indexed(store):
        await step(store)
    read = await store.read(lambda s: search_index.upcoming(s, now=NOON))
    assert read is not None  # and whoever read it is gone
    assert len(read.things) == 5
    await catch_up(store)
    assert await indexed(store) == CHUNK + 5


async def test_of_two_who_have_read_the_same_chunk_one_writes_it(store: Store) -> None:
    ann = await store.write(lambda s: meet(s, "ann"))
    await catch_up(store)
    await store.write(lambda s: say(s, ann.conversation, "a table"))
    found = await store.read(lambda s: search_index.upcoming(s, now=NOON))
    assert found is not None
    entries = search_index.digest(found)
    assert await store.write(lambda s: search_index.enter(s, found, entries)) is True
    assert await store.write(lambda s: search_index.enter(s, found, entries)) is False


async def test_whoever_was_erased_since_they_were_read_does_not_come_back(store: Store) -> None:
    ann = await store.write(lambda s: meet(s, "ann"))
    [number] = await store.write(lambda s: say(s, ann.conversation, "a walnut table"))
    found = None
    while found is None or not any(one.about is About.MESSAGE for one in found.things):
        await step(store) if found else None
        found = await store.read(lambda s: search_index.upcoming(s, now=NOON))
        assert found is not None
    entries = search_index.digest(found)
    await store.write(lambda s: s.execute(delete(Message).where(Message.id == number)))
    await store.write(lambda s: search_index.enter(s, found, entries))
    assert await indexed(store) == 0
    assert "valnut" not in await vocabulary(store)


async def test_what_was_emptied_since_it_was_read_is_entered_as_it_is_now(store: Store) -> None:
    ann = await store.write(lambda s: meet(s, "ann"))
    await catch_up(store)
    one, two = await store.write(lambda s: say(s, ann.conversation, "a walnut table", "an oak table"))
    found = await store.read(lambda s: search_index.upcoming(s, now=NOON))
    assert found is not None
    entries = search_index.digest(found)
    await store.write(lambda s: s.execute(update(Message).where(Message.id == one).values(text="")))
    await store.write(lambda s: search_index.enter(s, found, entries))
    assert (await said(store, "table"), await indexed(store)) == ([two], 1)
    assert "valnut" not in await vocabulary(store)


async def test_a_number_that_is_seen_late_is_indexed_all_the_same(server_store: Store) -> None:
    """Of two transactions on a server the later number may be there first."""
    store = server_store
    ann = await store.write(lambda s: meet(s, "ann"))
    late, early = (await store.write(lambda s: say(s, ann.conversation, "a walnut table", "an oak table")))[:2]
    row = {"id": late, "conversation_id": ann.conversation, "author": "contact", "text": "a walnut table", "at": NOON}
    await store.write(lambda s: s.execute(delete(Message).where(Message.id == late)))
    await catch_up(store)
    await store.write(lambda s: add(s, Message, [row]))
    await catch_up(store)
    assert await said(store, "table") == [early]
    await catch_up(store, now=LATER)
    assert await said(store, "table") == [early, late]
    await catch_up(store, now=2 * LATER)
    assert await catch_up(store, now=3 * LATER) == 0


async def test_an_edited_message_is_found_by_its_new_words_only_and_one_taken_back_not_at_all(store: Store) -> None:
    ann = await store.write(lambda s: meet(s, "ann"))
    one, two = await store.write(lambda s: say(s, ann.conversation, "a walnut table", "a walnut chair", author="rep"))
    await catch_up(store)

    def changed(session: Session, number: int, kind: str, **values: object) -> None:
        session.execute(update(Message).where(Message.id == number).values(**values))
        record(session, Change("message", number, kind, SYSTEM), now=NOON)

    await store.write(lambda s: changed(s, one, "edited", text="a cedar table"))
    await catch_up(store)
    assert (await said(store, "walnut"), await said(store, "cedar")) == ([two], [one])
    await store.write(lambda s: changed(s, two, "deleted", deleted_at=NOON))
    assert await said(store, "walnut") == []
    await catch_up(store)
    assert await indexed(store) == 1


async def test_what_a_customer_rewords_or_writes_over_a_channel_is_followed(store: Store, company: Company) -> None:
    await hear(store, company, fake.said("m1", "ann", "a walnut table"))
    await catch_up(store)
    [number] = await said(store, "walnut")
    await hear(store, company, fake.raw("m2", "ann", "edit", "m1", "a cedar table", at=NOON + 1), now=NOON + 1)
    await catch_up(store)
    assert (await said(store, "walnut"), await said(store, "cedar")) == ([], [number])
    assert await called(store, "ann") == ["Ann"]


async def test_words_that_nobody_wrote_are_not_indexed(store: Store) -> None:
    ann = await store.write(lambda s: meet(s, "ann"))
    call, _, _ = await store.write(lambda s: say(s, ann.conversation, "walnut", "", "👍"))
    await store.write(lambda s: s.execute(update(Message).where(Message.id == call).values(kind=Kind.CALL.value)))
    await catch_up(store)
    assert await indexed(store) == 0
    assert await catch_up(store) == 0


async def test_the_index_grows_while_others_write(store: Store) -> None:
    people = [await store.write(lambda s, n=n: meet(s, f"p{n}")) for n in range(3)]  # type: ignore[misc]

    async def talk(conversation: int) -> None:
        for turn in range(20):
            await store.write(lambda s, turn=turn: say(s, conversation, f"walnut {turn}", "table"))  # type: ignore[misc]

    run = indexing(store, lambda: NOON)

    async def follow() -> None:
        for _ in range(20):
            await run()

    await asyncio.gather(follow(), follow(), *(talk(one.conversation) for one in people))
    await run()
    await catch_up(store, now=LATER)
    assert await indexed(store) == 3 * 20 * 2
    assert len(await rows(store, select(SearchMark.name))) >= 3


async def test_forgetting_a_person_takes_their_words_along_and_nobody_elses(store: Store) -> None:
    ann, lee = await store.write(lambda s: meet(s, "annabelle")), await store.write(lambda s: meet(s, "leonard"))
    await store.write(lambda s: say(s, ann.conversation, "a walnut table", "my secret is xylophone"))
    [kept] = await store.write(lambda s: say(s, lee.conversation, "a walnut chair"))
    await catch_up(store)
    assert await store.write(lambda s: search_index.forget(s, [ann.contact])) == 3
    assert await said(store, "walnut") == [kept]
    assert (await called(store, "annabelle"), await called(store, "leonard")) == ([], ["leonard"])
    known = await vocabulary(store)
    assert {"valnut", "chair", "leonard"} <= known
    assert known & {"table", "xilophone", "ksilophone", "secret", "anabele", "annabelle"} == set()
    assert not [gram for gram in await rows(store, select(WordGram.word)) if gram not in known]


async def test_a_firm_and_its_people_are_found_by_its_name(store: Store) -> None:
    ann = await store.write(lambda s: meet(s, "ann"))
    number = await store.write(lambda s: next(take_ids(s, 1)))
    await store.write(lambda s: add(s, Firm, [{"id": number, "name": "Արարատ Կահույք", "folded": "ararat kahuik", "created_at": NOON}]))
    await store.write(lambda s: s.execute(update(Contact).where(Contact.id == ann.contact).values(company_id=number)))
    await catch_up(store)
    assert await called(store, "ararat") == ["ann"]


async def test_an_index_that_is_all_there_costs_no_write(store: Store) -> None:
    ann = await store.write(lambda s: meet(s, "ann"))
    await store.write(lambda s: say(s, ann.conversation, "a table"))
    await catch_up(store)
    assert await store.read(lambda s: search_index.upcoming(s, now=NOON)) is None


async def test_one_that_the_engine_does_not_take_is_left_out_and_the_rest_is_found(server_store: Store, caplog: pytest.LogCaptureFixture) -> None:
    store = server_store
    ann = await store.write(lambda s: meet(s, "ann"))
    one, two = await store.write(lambda s: say(s, ann.conversation, "a walnut table", "a walnut chair"))
    found = None
    while found is None or not any(one.about is About.MESSAGE for one in found.things):
        await step(store) if found else None
        found = await store.read(lambda s: search_index.upcoming(s, now=NOON))
        assert found is not None
    entries = [replace(entry, tokens=(*entry.tokens, "")) if entry.id == one else entry for entry in search_index.digest(found)]
    assert await store.write(lambda s: search_index.enter(s, found, entries))
    assert (await said(store, "walnut"), caplog.text.count("search cannot hold")) == ([two], 1)
    assert await catch_up(store) <= 1


async def test_one_that_cannot_be_read_has_no_words_and_holds_up_nothing(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    broken = Thing(1, About.MESSAGE, None)  # type: ignore[arg-type]
    assert [entry.tokens for entry in search_index.digest(Step("message", Mark(), Mark(2), (broken, Thing(2, About.MESSAGE, "oak"))))] == [(), ("§oak", "oak")]
    assert caplog.text.count("search cannot read") == 1


async def test_a_step_is_written_in_portions_of_so_many_tokens_and_only_the_last_moves_the_mark(store: Store) -> None:
    ann = await store.write(lambda s: meet(s, "ann"))
    await catch_up(store)
    await store.write(lambda s: say(s, ann.conversation, *(" ".join(f"w{n}q{place}" for n in range(60)) for place in range(40))))
    found = await store.read(lambda s: search_index.upcoming(s, now=NOON))
    assert found is not None
    parts = list(search_index.portions(found, search_index.digest(found)))
    assert max(sum(len(entry.tokens) for entry in entries) for _, entries in parts) <= search_index.MOST_TOKENS
    assert [thing for part, _ in parts for thing in part.things] == list(found.things)
    assert {part.after for part, _ in parts[:-1]} == {found.before}
    for part, entries in parts[:-1]:
        assert await store.write(lambda s, part=part, entries=entries: search_index.enter(s, part, entries))  # type: ignore[misc]
    await catch_up(store)  # whoever wrote the first portions is gone
    assert await indexed(store) == 40


async def test_what_is_to_be_taken_out_counts_too(store: Store) -> None:
    ann = await store.write(lambda s: meet(s, "ann"))
    numbers = await store.write(lambda s: say(s, ann.conversation, *(" ".join(f"w{n}q{place}" for n in range(150)) for place in range(5))))
    await catch_up(store)

    def emptied(session: Session) -> None:
        session.execute(update(Message).where(Message.id.in_(numbers)).values(text="oak"))
        record_many(session, [Change("message", number, "edited", SYSTEM) for number in numbers], now=NOON)

    await store.write(emptied)
    found = await store.read(lambda s: search_index.upcoming(s, now=NOON))
    assert found is not None
    assert len(list(search_index.portions(found, search_index.digest(found)))) >= 3
    await catch_up(store)
    assert {word for word in await vocabulary(store) if word != "an"} == {"oak"}


async def test_what_is_recorded_as_changed_and_has_its_words_still_is_not_written_again(store: Store) -> None:
    ann = await store.write(lambda s: meet(s, "ann"))
    [number] = await store.write(lambda s: say(s, ann.conversation, "a walnut table"))
    await catch_up(store)
    await store.write(lambda s: record(s, Change("message", number, "edited", SYSTEM), now=NOON))
    found = await store.read(lambda s: search_index.upcoming(s, now=NOON))
    assert found is not None
    written: list[str] = []

    def entered(session: Session) -> None:
        with heard(session, written):
            search_index.enter(session, found, search_index.digest(found))

    await store.write(entered)
    assert [statement for statement in written if "findables" in statement and not statement.lstrip().startswith("SELECT")] == []


async def test_the_words_that_go_are_asked_for_in_one_statement_however_many(store: Store) -> None:
    ann = await store.write(lambda s: meet(s, "ann"))
    [number] = await store.write(lambda s: say(s, ann.conversation, " ".join(f"w{n}q" for n in range(150))))
    await store.write(lambda s: say(s, ann.conversation, "w7q stays"))
    await catch_up(store)
    written: list[str] = []

    def edited(session: Session) -> None:
        session.execute(update(Message).where(Message.id == number).values(text="oak"))
        record(session, Change("message", number, "edited", SYSTEM), now=NOON)

    def entered(session: Session) -> None:
        found = search_index.upcoming(session, now=NOON)
        assert found is not None
        with heard(session, written):
            search_index.enter(session, found, search_index.digest(found))

    await store.write(edited)
    await store.write(entered)
    assert len(written) < 30
    assert {word for word in await vocabulary(store) if word[0] == "v"} == {"v7k"}
