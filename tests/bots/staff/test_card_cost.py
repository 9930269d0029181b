"""What a card costs: how many questions it asks of the database; each is a way there and back on a server, and a handing over between threads on a file."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event, select

from bots.staff.sight import Scene, look, see
from crm.base.actors import Rep
from crm.base.db import Session, Store
from crm.base.settings import Company
from crm.base.time import HOUR
from crm.conversations import assign, talk
from crm.conversations.threads import Conversation
from crm.people import contacts, tags
from crm.people.contacts import Proof
from crm.reports.thread import Thread
from crm.sales.deals import open_deal
from crm.sales.orders import order_of_deal
from crm.sales.tasks import Duty, TaskKind, add_task
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said

TYPICAL, FULL = 14, 19


@contextmanager
def questions(session: Session) -> Iterator[list[str]]:
    """What is asked meanwhile, by whichever way it goes to the driver."""
    found: list[str] = []
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.set_trace_callback(lambda words: None if words.startswith("--") else found.append(words))
        yield found
        driver.set_trace_callback(None)
        return

    def note(_: object, __: object, statement: str, *___: object) -> None:
        found.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    yield found
    event.remove(connection, "before_cursor_execute", note)


async def card(store: Store, company: Company, conversation_id: int) -> tuple[Thread, list[str]]:
    """A card as staff opens it, and what was asked for it."""

    def opened(session: Session) -> tuple[Thread, list[str]]:
        scene: Scene = look(session, company, {"telegram": "Telegram"}, now=NOON)
        with questions(session) as asked:
            return see(session, conversation_id, scene), asked

    return await store.write(opened)


async def talk_with_a_deal(store: Store, company: Company) -> tuple[Rep, int, int]:
    """Ann has written and was answered, her phone is known, and there is a deal; Tigran has her."""
    await hear(store, company, said(1, "ann"), said(2, "ann", "Is it made of oak?"))
    rep, [number] = await hire(store), await rows(store, select(Conversation.id))

    def deal(session: Session) -> int:
        person = session.get_one(Conversation, number).contact_id
        contacts.add_point(session, rep, person, "phone", "+37491223344", proof=Proof.CLAIMED, message_id=None, now=NOON)
        talk.reply(session, rep, number, "It is.", once="answer", now=NOON)
        return open_deal(session, rep, number, company, once="deal", now=NOON).id

    return rep, number, await store.write(deal)


async def test_a_card_asks_a_dozen_questions(store: Store, company: Company) -> None:
    _, number, deal = await talk_with_a_deal(store, company)
    seen, asked = await card(store, company, number)
    assert [one.id for one in seen.deals] == [deal]
    assert (seen.phone, seen.holder, seen.lines[-1].text) == ("+37491223344", "Tigran", "It is.")
    assert len(asked) <= TYPICAL, "\n".join(asked)


async def test_a_card_with_everything_on_it_asks_for_each_thing_once(store: Store, company: Company) -> None:
    rep, number, deal = await talk_with_a_deal(store, company)

    def more(session: Session) -> None:
        person = session.get_one(Conversation, number).contact_id
        tags.tag(session, rep, person, "vip", now=NOON)
        assign.note(session, rep, number, "Pays late", once="note", now=NOON)
        add_task(session, rep, number, Duty(TaskKind.CALL, NOON + HOUR, "Ask about the colour"), now=NOON)
        order_of_deal(session, rep, deal, company.zone, once="order", now=NOON)

    await store.write(more)
    seen, asked = await card(store, company, number)
    assert (seen.tags, [one.text for one in seen.notes], [one.text for one in seen.todos]) == (("vip",), ["Pays late"], ["Ask about the colour"])
    assert seen.order is not None
    assert len(asked) <= FULL, "\n".join(asked)
