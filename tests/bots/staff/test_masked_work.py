"""Work in sight of one who may not read phones: names, titles and fields that are phones stay masked in tasks, the day, reminders and deals."""

import pytest

from crm.base.actors import Rep, Role
from crm.base.db import Session
from crm.base.time import HOUR
from crm.conversations import assign
from crm.conversations.threads import Conversation
from crm.people.fields import About, FieldKind, set_value
from crm.people.fieldset import Draft, make_field
from crm.sales import ladder, tasks
from crm.sales.deals import Deal, open_deal
from crm.sales.orders import order_of_deal
from crm.sales.tasks import Duty, TaskKind
from tests.bots.staff.firm import Message, firm, labels
from tests.bots.staff.office import Office

NAME, SITE = "+374 91 123456", "+37499887766"


@pytest.fixture
async def nare(office: Office) -> Rep:
    """A trainee who has a customer known by a phone alone, with a task and a deal."""
    office.company = firm()
    boss = await office.member("boss", Role.MANAGER)
    nare = await office.member("nare", Role.TRAINEE)
    await office.letter("Do you have oak tables?", name=NAME)
    await office.show()
    now = office.now()

    def deed(session: Session) -> None:
        talk = session.query(Conversation).one().id
        assign.take(session, nare, talk, now=now)
        tasks.add_task(session, nare, talk, Duty(TaskKind.CALL, now + 1000, NAME, nare.id), now=now)
        deal = open_deal(session, nare, talk, office.company, once="deal", now=now)
        field = make_field(session, boss, Draft(About.DEAL, FieldKind.PHONE, "Site phone"), now=now)
        set_value(session, boss, field, deal.id, SITE, now=now)
        session.get_one(Deal, deal.id).expected_on = "2020-01-01"

    await office.store.write(deed)
    return nare


def in_full(post: Message) -> bool:
    """Whether one of the phones stands in a post or on its buttons."""
    words = "".join(mark for mark in f"{post['text']}{labels(post)}" if mark.isdigit())
    return "91123456" in words or "99887766" in words


@pytest.mark.parametrize("command", ["/tasks", "/day", "/deals"])
async def test_a_trainee_reads_no_phone_in_a_list_of_work(office: Office, nare: Rep, command: str) -> None:
    await office.say("nare", command)
    await office.settle()
    post = await office.last("nare")
    assert "•••" in str(post["text"])
    assert not in_full(post)


async def test_a_trainee_reads_no_phone_in_a_task_nor_where_it_ends(office: Office, nare: Rep) -> None:
    await office.say("nare", "/tasks")
    await office.settle()
    listed = await office.last("nare")
    await office.press("nare", listed, next(label for label in labels(listed) if "•••" in label))
    post = await office.last("nare")
    assert not in_full(post)
    await office.press("nare", post, "✔ Task done")
    assert "•••" in str((await office.last("nare"))["text"])
    assert not in_full(await office.last("nare"))


async def test_a_trainee_reads_no_phone_in_a_reminder(office: Office, nare: Rep) -> None:
    office.ahead += HOUR
    await office.store.write(lambda session: ladder.remind(session, now=office.now()))
    await office.show()
    post = await office.find("nare", "To do:")
    assert not in_full(post)


async def test_a_trainee_reads_no_phone_in_the_fields_of_a_deal_nor_in_its_task(office: Office, nare: Rep) -> None:
    await office.say("nare", "/deals")
    await office.settle()
    listed = await office.last("nare")
    await office.press("nare", listed, next(label for label in labels(listed) if label.startswith("1.")))
    deal = await office.last("nare")
    for button in ("More…", "More…", "Fields"):
        await office.press("nare", deal, button)
        deal = next(one for one in await office.chat("nare") if one["message_id"] == deal["message_id"])
    assert "Site phone\u2069: \u2068+374•••66\u2069" in str(deal["text"])
    assert not in_full(deal)


async def test_a_trainee_reads_no_phone_in_an_order_nor_where_its_address_is_asked(office: Office, nare: Rep) -> None:
    def deed(session: Session) -> int:
        order = order_of_deal(session, nare, session.query(Deal).one().id, "UTC", once="o", now=office.now())
        order.address, order.note = f"1 Abovyan Street, {SITE}", f"call {SITE}"
        return order.id

    await office.store.write(deed)
    await office.say("nare", "/order")
    await office.settle()
    listed = await office.last("nare")
    await office.press("nare", listed, next(label for label in labels(listed) if "0001" in label))
    post = await office.last("nare")
    assert "1 Abovyan Street" in str(post["text"])
    assert not in_full(post)
    await office.press("nare", post, "📍 Address")
    asked = await office.last("nare")
    assert "1 Abovyan Street" in str(asked["text"])
    assert not in_full(asked)
