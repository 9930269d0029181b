"""Elsewhere: what the firm says by other means, what machines write, what is taken back, and an emoji: each a line, none asking for an answer."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import System
from crm.base.answers import Answer, Exchange, Reply
from crm.base.db import Store
from crm.base.events import Delete, Edit, MediaKind, MediaRef, Reaction, Sender
from crm.base.outbound import May, Uncertain
from crm.base.rows import add, take_ids
from crm.base.settings import Company
from crm.base.time import HOUR, MINUTE
from crm.conversations.assign import close, take
from crm.conversations.threads import Attachment, Conversation, Message
from crm.inbox.edits import PendingEdit
from crm.inbox.process import Rules
from crm.outbox.deliveries import Batch, Delivery
from crm.outbox.lines import Mail, line_of
from crm.outbox.notices import NoticeKind, waiting_notices
from crm.outreach.sequences import Enrollment
from crm.people.contacts import Contact, Identity
from crm.sales.leads import Lead
from crm.sales.tasks import Duty, Task, TaskKind, add_task
from tests.conftest import NOON
from tests.crm.fake import counts, hire, rows
from tests.crm.told import ANN, Windowed, drain, happen, message, say

SAID = select(Message.author, Message.kind, Message.text).order_by(Message.id)
STANDS = select(Conversation.waiting_since, Conversation.unread, Conversation.status, Conversation.last_heard_id > 0)


def chatty(exchanges: Sequence[Exchange]) -> list[Answer]:
    """A bot that answers everything."""
    return [Answer((Reply("bot"),)) for _ in exchanges]


def enroll(session: Session) -> None:
    """Everybody who wrote gets follow-ups."""
    lead, batch, number = session.query(Lead).one(), *take_ids(session, 2)
    add(session, Batch, [{"id": batch, "created_at": NOON}])
    whose = {"contact_id": lead.contact_id, "lead_id": lead.id, "conversation_id": lead.conversation_id}
    add(session, Enrollment, [{"id": number, **whose, "sequence_id": 1, "batch_id": batch, "due_at": NOON, "enrolled_at": NOON}])


async def written(store: Store, company: Company) -> int:
    """Ann wrote, and nobody has answered; her conversation."""
    await happen(store, company, message(1, "Do you have tables?"), rules=Rules(lambda exchanges: [Answer() for _ in exchanges], company))
    [number] = await rows(store, select(Conversation.id))
    return int(number)


async def test_what_the_firm_says_elsewhere_stands_in_the_thread_and_nobody_waits(store: Store, company: Company) -> None:
    await written(store, company)
    await happen(store, company, message("e1", "Yes, come by", echo=True), now=NOON + HOUR)
    assert (await rows(store, SAID))[-1] == ("rep", "elsewhere", "Yes, come by")
    assert [row[:2] for row in await rows(store, STANDS)] == [(0, 0)]
    assert await rows(store, select(Conversation.first_answer_at > 0)) == [1]
    assert await counts(store, Delivery, Lead) == {"deliveries": 0, "leads": 1}


async def test_the_bot_keeps_silent_after_a_person_has_answered_elsewhere(store: Store, company: Company) -> None:
    await happen(store, company, message(1, "hi"))
    before = (await counts(store, Delivery))["deliveries"]
    await happen(store, company, message("e1", "Hello, it is Zara", echo=True))
    await happen(store, company, message(2, "I need a table"))
    assert (await counts(store, Delivery))["deliveries"] == before
    assert (await rows(store, STANDS))[0][1] == 1


@pytest.mark.parametrize("echo_first", [True, False])
@pytest.mark.parametrize("known", [True, False])
async def test_the_bot_keeps_silent_where_the_answer_came_in_the_same_batch(store: Store, company: Company, known: bool, echo_first: bool) -> None:
    if known:
        await happen(store, company, message(1, "hi"))
    before = (await counts(store, Delivery))["deliveries"]
    both = [message("e1", "Hello, it is Zara", echo=True, at=NOON + 2), message(2, "I need a table", at=NOON + 1)]
    await happen(store, company, *(both if echo_first else both[::-1]), now=NOON + 3)
    await happen(store, company, message(3, "and a chair", at=NOON + 4), now=NOON + 5)
    assert (await counts(store, Delivery))["deliveries"] == before
    assert [row[1] for row in await rows(store, STANDS)] == [1]


async def test_the_bot_answers_where_our_own_words_or_old_ones_came_back_in_the_same_batch(store: Store, company: Company) -> None:
    await written(store, company)
    await say(store, "Yes")
    for _ in range(2):
        await drain(store, Windowed(May.NOTHING), NOON)
    told_back = replace(message(0, "Yes", echo=True), external_id="x1")
    old = message("e1", "An answer of last week", echo=True, at=NOON - HOUR)
    await happen(store, company, message(2, "Do you have lamps?", at=NOON + 1), told_back, old, now=NOON + 2)
    assert [text for author, _, text in await rows(store, SAID) if author == "bot"] != []


async def test_an_answer_made_elsewhere_is_what_somebody_owed(store: Store, company: Company) -> None:
    number = await written(store, company)
    kinds = (TaskKind.ANSWER, TaskKind.CALL)
    for kind in kinds:
        await store.write(lambda session, kind=kind: add_task(session, System("test"), number, Duty(kind, NOON), now=NOON))  # type: ignore[misc]
    await happen(store, company, message("e1", "Yes, come by", echo=True))
    assert sorted(await rows(store, select(Task.kind, Task.state))) == [("answer", "done"), ("call", "open")]


async def test_an_echo_older_than_the_question_leaves_it_waiting(store: Store, company: Company) -> None:
    await written(store, company)
    await happen(store, company, message("e1", "An answer of last week", echo=True, at=NOON - HOUR))
    assert [bool(row[0]) for row in await rows(store, STANDS)] == [True]


async def test_our_own_words_told_back_are_no_answer_made_elsewhere(store: Store, company: Company) -> None:
    await written(store, company)
    await say(store, "Yes")
    carrier = Windowed(May.NOTHING)
    for _ in range(2):
        await drain(store, carrier, NOON)
    await happen(store, company, replace(message(0, "Yes", echo=True), external_id="x1"))
    assert [kind for _, kind, _ in await rows(store, SAID)] == ["message", "message"]


async def test_our_own_words_are_known_also_before_the_platform_gave_their_id(store: Store, company: Company) -> None:
    await written(store, company)
    await say(store, "Yes")

    def cut() -> None:
        raise Uncertain("timeout")

    carrier = Windowed(May.NOTHING, cut)
    for _ in range(2):
        await drain(store, carrier, NOON)
    await happen(store, company, message("e1", " Yes\n", echo=True), message("e2", "No", echo=True))
    assert [text for _, kind, text in await rows(store, SAID) if kind == "elsewhere"] == ["No"]


async def test_a_folder_that_is_read_anew_brings_nothing_twice(store: Store, company: Company) -> None:
    await written(store, company)
    for _ in range(2):
        await happen(store, company, message("e1", "Yes", echo=True))
    assert [kind for _, kind, _ in await rows(store, SAID)] == ["message", "elsewhere"]


async def test_writing_to_a_stranger_elsewhere_makes_no_lead_and_no_card(store: Store, company: Company) -> None:
    await happen(store, company, message("e1", "Happy new year!", echo=True))
    assert await counts(store, Lead, Contact, Delivery) == {"leads": 0, "contacts": 1, "deliveries": 0}
    assert await store.read(waiting_notices) == []
    await happen(store, company, message(1, "Thank you! Do you have tables?"))
    assert await counts(store, Lead, Contact, Delivery) == {"leads": 1, "contacts": 1, "deliveries": 0}
    assert [row[2] for row in await rows(store, STANDS)] == ["open"]


async def test_a_file_sent_elsewhere_is_fetched_like_any_other(store: Store, company: Company) -> None:
    await written(store, company)
    file = MediaRef(MediaKind.PHOTO, "ref", "table.jpg", "image/jpeg", 4)
    await happen(store, company, message("e1", "", echo=True, media=(file,)))
    assert await rows(store, select(Attachment.name, Attachment.state)) == [("table.jpg", "waiting")]


async def test_a_machines_letter_of_somebody_known_is_a_line_and_nothing_else(store: Store, company: Company) -> None:
    number = await written(store, company)
    ruben = await hire(store)
    await store.write(lambda session: take(session, ruben, number, now=NOON))
    await store.write(lambda session: close(session, ruben, number, now=NOON))
    before = await rows(store, STANDS)
    await happen(store, company, message(2, "I am away until Monday", auto=True), rules=Rules(chatty, company), now=NOON + HOUR)
    assert (await rows(store, SAID))[-1] == ("contact", "auto", "I am away until Monday")
    assert await rows(store, STANDS) == before
    assert await rows(store, select(Identity.last_inbound_at)) == [NOON]


async def test_a_machines_letter_of_nobody_is_only_counted(store: Store, company: Company) -> None:
    await happen(store, company, message(1, "I am away", Sender("bounce"), auto=True), rules=Rules(chatty, company))
    assert await counts(store, Contact, Message, Delivery) == {"contacts": 0, "messages": 0, "deliveries": 0}


async def test_first_words_and_a_vacation_note_in_one_batch_are_both_kept(store: Store, company: Company) -> None:
    await happen(store, company, message(1, "Hello"), message(2, "I am away", auto=True), rules=Rules(lambda x: [Answer() for _ in x], company))
    assert [kind for _, kind, _ in await rows(store, SAID)] == ["message", "auto"]


async def test_the_letter_behind_an_answer_made_elsewhere_is_the_next_to_be_answered(store: Store, company: Company) -> None:
    number = await written(store, company)
    await happen(store, company, replace(message(0, "Yes", echo=True, subject="Re: Tables", answers=("<a>",)), external_id="<b>"))
    assert await rows(store, select(Mail.external_id, Mail.subject)) == [("<b>", "Re: Tables")]
    line = await store.read(lambda session: line_of(session, number))
    assert (line.subject, line.answers, line.ancestors) == ("Re: Tables", "<b>", ("<a>",))


async def test_a_letter_without_a_subject_is_answered_in_its_thread(store: Store, company: Company) -> None:
    await happen(store, company, replace(message(1, "Do you have tables?", full="Do you have tables?\n"), external_id="<a>"))
    assert await rows(store, select(Mail.external_id, Mail.subject, Mail.full)) == [("<a>", "", "")]
    [number] = await rows(store, select(Conversation.id))
    assert (await store.read(lambda session: line_of(session, number))).answers == "<a>"


async def test_what_a_customer_deletes_stays_for_the_staff_and_is_marked(store: Store, company: Company) -> None:
    number = await written(store, company)
    ruben = await hire(store)
    await store.write(lambda session: take(session, ruben, number, now=NOON))
    for _ in range(2):
        await happen(store, company, Delete(ANN, "m1", NOON + 5), now=NOON + HOUR)
    assert await rows(store, select(Message.text, Message.deleted_at)) == [("Do you have tables?", NOON + 5)]
    assert [notice.subject_id for notice in await store.read(waiting_notices) if notice.kind is NoticeKind.EDITED] == await rows(store, select(Message.id))


async def test_nobody_deletes_what_another_wrote_or_what_we_said(store: Store, company: Company) -> None:
    await written(store, company)
    await happen(store, company, message(2, "hello", Sender("bob")))
    await happen(store, company, Delete(Sender("bob"), "m1", NOON), Delete(Sender("ghost"), "m1", NOON), Delete(ANN, "m9", NOON))
    assert set(await rows(store, select(Message.deleted_at))) == {0}


async def test_a_deletion_of_what_never_comes_waits_ten_minutes_and_an_old_one_not_at_all(store: Store, company: Company) -> None:
    await happen(store, company, message(1, "hello"))
    await happen(store, company, Delete(ANN, "never", NOON), now=NOON + 10 * MINUTE + 1)
    assert await counts(store, PendingEdit) == {"pending_edits": 0}
    await happen(store, company, Delete(ANN, "never", NOON), now=NOON + 10 * MINUTE)
    assert await counts(store, PendingEdit) == {"pending_edits": 1}
    await happen(store, company, message(2, "there"), now=NOON + 20 * MINUTE + 1)
    assert await counts(store, PendingEdit) == {"pending_edits": 0}


async def test_who_writes_and_deletes_in_one_breath_has_deleted(store: Store, company: Company) -> None:
    await happen(store, company, message(1, "oops"), Delete(ANN, "m1", NOON))
    assert await rows(store, select(Message.deleted_at > 0).where(Message.author == "contact")) == [1]


async def test_what_was_deleted_before_it_came_is_deleted(store: Store, company: Company) -> None:
    await happen(store, company, Delete(ANN, "m1", NOON))
    assert await counts(store, Contact, PendingEdit) == {"contacts": 0, "pending_edits": 1}
    await happen(store, company, message(1, "oops"), message(2, "Do you have lamps?"))
    await happen(store, company, Delete(ANN, "m3", NOON + 5))
    await happen(store, company, replace(message(3, "and tables"), at=NOON + 4))
    deleted = select(Message.text, Message.deleted_at > 0).where(Message.author == "contact").order_by(Message.id)
    assert await rows(store, deleted) == [("oops", 1), ("Do you have lamps?", 0), ("and tables", 1)]
    assert await counts(store, PendingEdit) == {"pending_edits": 0}


async def test_a_deletion_is_the_last_word_on_what_has_not_come(store: Store, company: Company) -> None:
    await happen(store, company, Edit(ANN, "m1", "better", NOON + 1), Delete(ANN, "m1", NOON + 2), Edit(ANN, "m1", "best", NOON + 3))
    await happen(store, company, message(1, "good"))
    assert await rows(store, select(Message.text, Message.deleted_at > 0).where(Message.author == "contact")) == [("good", 1)]


async def test_an_emoji_is_a_line_that_counts_as_heard_and_is_answered_by_nobody(store: Store, company: Company) -> None:
    await written(store, company)
    await happen(
        store, company, Reaction(ANN, "r1", "x1", "👍", NOON + HOUR), Reaction(ANN, "r2", "x1", "", NOON + HOUR), rules=Rules(chatty, company), now=NOON + HOUR
    )
    assert (await rows(store, SAID))[1:] == [("contact", "reaction", "👍"), ("contact", "reaction", "")]
    assert await rows(store, select(Identity.last_inbound_at)) == [NOON + HOUR]
    assert await counts(store, Lead, Delivery) == {"leads": 1, "deliveries": 0}
    assert await rows(store, select(Message.reply_to).where(Message.kind == "reaction").limit(1)) == ["x1"]


async def test_an_emoji_of_nobody_makes_nobody(store: Store, company: Company) -> None:
    await happen(store, company, Reaction(Sender("ghost"), "r1", "x1", "👍", NOON))
    assert await counts(store, Contact, Lead, Message) == {"contacts": 0, "leads": 0, "messages": 0}


async def test_an_emoji_opens_no_new_lead_when_the_last_is_over(store: Store, company: Company) -> None:
    await written(store, company)
    await store.write(lambda session: session.query(Lead).update({"status": "won", "open_contact_id": None}))
    await happen(store, company, Reaction(ANN, "r1", "x1", "❤️", NOON))
    assert (await counts(store, Lead))["leads"] == 1


@pytest.mark.parametrize(("auto", "state"), [(False, "stopped"), (True, "active")])
async def test_an_emoji_stops_a_follow_up_and_a_machine_does_not(store: Store, company: Company, auto: bool, state: str) -> None:
    await written(store, company)
    await store.write(enroll)
    await happen(store, company, message(2, "away", auto=True) if auto else Reaction(ANN, "r1", "x1", "👍", NOON), now=NOON + HOUR)
    assert await rows(store, select(Enrollment.state)) == [state]


async def test_an_answer_that_is_told_late_answers_nothing_that_was_asked_after_it(store: Store, company: Company) -> None:
    await written(store, company)
    later = replace(message(2, "And chairs?"), at=NOON + 2 * HOUR)
    await happen(store, company, later, message("e1", "Tables, yes", echo=True, at=NOON + HOUR), now=NOON + 2 * HOUR)
    assert [row[:2] for row in await rows(store, STANDS)] == [(NOON + 2 * HOUR, 1)]


async def test_the_next_letter_is_no_answer_to_a_vacation_note(store: Store, company: Company) -> None:
    await happen(store, company, message(1, "Kettles?", subject="Kettles"))
    await happen(store, company, message(2, "I am away", subject="Out of office", auto=True))
    [number] = await rows(store, select(Conversation.id))
    line = await store.read(lambda session: line_of(session, number))
    assert (line.subject, line.answers) == ("Kettles", "m1")
