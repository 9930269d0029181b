"""What is sold in sight of one who may not read phones: the picture of a document and the lines of a deal have them masked, what is sent does not."""

import json

import pytest
from sqlalchemy import select, update

from crm.base.db import Session
from crm.base.pricing import Line
from crm.conversations.threads import Conversation
from crm.documents import drawing
from crm.documents.documents import Document, Kind
from crm.people.reps import MASKED, Member, reps
from crm.sales import lines, papers
from crm.sales.deals import Deal, open_deal
from tests.bots.staff.firm import labels
from tests.bots.staff.office import Office
from tests.bots.staff.test_deals import walk

NAME, SITE = "+374 91 123456", "+37499887766"


@pytest.fixture
async def deal(office: Office) -> int:
    """A deal of somebody known by a phone alone, about a line with a phone in it, whose member reads none."""
    ruben = await office.member("ruben")
    await office.letter("Do you have oak tables?", name=NAME)
    await office.show()

    def deed(session: Session) -> int:
        made = open_deal(session, ruben, session.scalars(select(Conversation.id)).one(), office.company, once="deal", now=office.now())
        sold = (Line(f"Delivery, call {SITE}", 1000, 200_000), Line("Table", 2000, 5_000_000))
        lines.set_lines(session, ruben, made.id, sold, seen=lines.mark(()), now=office.now())
        session.execute(update(Member).values(points=MASKED))
        return made.id

    number = await office.store.write(deed)
    return int(number)


def in_full(words: str) -> bool:
    """Whether one of the phones stands in words."""
    digits = "".join(mark for mark in words if mark.isdigit())
    return "91123456" in digits or "99887766" in digits


async def test_a_masked_member_looks_at_a_document_without_phones_and_sends_it_with_them(office: Office, deal: int) -> None:
    [ruben] = await office.store.read(lambda s: reps(s))
    await office.store.write(lambda s: papers.draft_of(s, ruben, deal, Kind.CONTRACT, office.company, once="d", now=office.now()).id)
    [wanted] = await office.store.write(lambda s: drawing.wanted(s, now=office.now()))
    assert not in_full(json.dumps(wanted.data))
    assert "•••" in wanted.data["buyer"]["name"]
    assert "•••" in wanted.data["rows"][0][1]
    [kept] = await office.store.read(lambda s: s.scalars(select(Document.data)).all())
    assert in_full(kept)


async def test_a_masked_member_changes_the_goods_of_a_deal_without_reading_phones(office: Office, deal: int) -> None:
    await office.say("ruben", "/deals")
    await office.settle()
    listed = await office.last("ruben")
    await office.press("ruben", listed, next(label for label in labels(listed) if label.startswith("1.")))
    post = await office.last("ruben")
    for button in ("More…", "🛒 Products", "One line…", "1. ", "+ 1", "Price"):
        post = await walk(office, "ruben", post, button)
        assert not in_full(f"{post['text']}{labels(post)}")
    [title] = await office.store.read(lambda s: [one.title for one in lines.lines_of(s, s.scalars(select(Deal.id)).one())][:1])
    assert in_full(title)
