"""Who was called spam stays in quarantine: what they write is kept and nothing more happens, until a rep takes it back."""

from sqlalchemy import select

from crm.base.actors import Rep
from crm.base.db import Store
from crm.base.settings import Company
from crm.conversations import assign
from crm.conversations.threads import Conversation, Message
from crm.outbox.deliveries import Delivery
from crm.outbox.notices import NoticeRow
from crm.people.contacts import Contact
from crm.sales.leads import Lead, LeadStatus
from crm.sales.moves import Why
from crm.sales.triage import last_step, put_away, undo
from tests.conftest import NOON
from tests.crm.fake import hire, rows
from tests.crm.told import happen, message

LEADS = select(Lead.status).order_by(Lead.id)
TALK = select(Conversation.status, Conversation.unread, Conversation.waiting_since, Conversation.open_identity_id)


async def shut_out(store: Store, company: Company, status: LeadStatus = LeadStatus.SPAM) -> tuple[Rep, int]:
    await happen(store, company, message(1, "BUY PILLS"))
    rep = await hire(store)
    [number] = await rows(store, select(Lead.id))
    await store.write(lambda s: put_away(s, rep, number, status, Why(words="an advertisement"), now=NOON) and None)
    return rep, number


async def test_a_word_of_a_spammer_is_kept_and_nothing_more(store: Store, company: Company) -> None:
    await shut_out(store, company)
    said, notices = await rows(store, select(Delivery.id).where(Delivery.desk == 0)), await rows(store, select(NoticeRow.version))
    await happen(store, company, message(2, "BUY MORE PILLS"))
    assert await rows(store, LEADS) == ["spam"]
    assert await rows(store, TALK) == [("closed", 0, 0, None)]
    assert await rows(store, select(Message.text).where(Message.author == "contact").order_by(Message.id)) == ["BUY PILLS", "BUY MORE PILLS"]
    assert await rows(store, select(Delivery.id).where(Delivery.desk == 0)) == said
    assert await rows(store, select(NoticeRow.version)) == notices


async def test_undone_spam_lets_them_in_again(store: Store, company: Company) -> None:
    rep, number = await shut_out(store, company)
    await happen(store, company, message(2, "I do need two doors"))
    step = await store.read(lambda s: last_step(s, number))
    await store.write(lambda s: undo(s, rep, number, step, now=NOON) and None)
    await happen(store, company, message(3, "by May"))
    assert await rows(store, LEADS) == ["new"]
    assert (await rows(store, select(Conversation.status)), await rows(store, select(Conversation.waiting_since > 0))) == (["open"], [True])


async def test_a_lost_lead_who_writes_again_is_a_new_one(store: Store, company: Company) -> None:
    await shut_out(store, company, LeadStatus.LOST)
    await happen(store, company, message(2, "and now I need it"))
    assert await rows(store, LEADS) == ["lost", "new"]


async def test_whoever_takes_a_spammers_conversation_reads_what_they_write(store: Store, company: Company) -> None:
    rep, _ = await shut_out(store, company)
    [talk] = await rows(store, select(Conversation.id))
    await store.write(lambda s: assign.take(s, rep, talk, now=NOON) and None)
    await happen(store, company, message(2, "hello?"))
    assert (await rows(store, LEADS), await rows(store, select(Conversation.unread))) == (["spam"], [1])
    assert await rows(store, select(NoticeRow.kind).where(NoticeRow.kind == "heard")) == ["heard"]


async def test_a_spammer_who_says_stop_is_heard(store: Store, company: Company) -> None:
    await shut_out(store, company)
    await happen(store, company, message(2, "STOP"))
    assert await rows(store, select(Contact.marketing)) == [-1]
