"""Who is who in the web inbox: a look at what two people would be as one, the merge, a no, and the way back from both."""

import re
from html import unescape

from sqlalchemy import select, update

from crm.base.actors import Bot, Rep
from crm.base.db import Session
from crm.conversations import assign
from crm.conversations.threads import Conversation
from crm.outreach import persons
from crm.people.contacts import Contact, Identity, Proof
from crm.people.link import Link
from crm.people.suggestions import Suggestion
from tests.crm.fake import rows
from tests.web.front_desk import FrontDesk, Markup, Visitor, newest

PHONE = "+37491223344"


async def twins(desk: FrontDesk) -> int:
    """Ann and Ani wrote and left the same phone; answers Ani's conversation."""
    await desk.letter("Do you have tables?", "ann")
    await desk.letter("And chairs?", "ani")

    def claim(session: Session) -> None:
        for contact in session.scalars(select(Identity.contact_id).order_by(Identity.id)).all():
            persons.learn_point(session, Bot(), contact, "phone", PHONE, proof=Proof.CLAIMED, message_id=None, now=desk.now)

    await desk.store.write(claim)
    return await newest(desk)


async def roots(desk: FrontDesk) -> int:
    return len(set(await rows(desk.store, select(Contact.root_id))))


async def about(desk: FrontDesk) -> str:
    return str((await rows(desk.store, select(Suggestion.id)))[0])


def shown(page: str) -> str:
    """What the page tells of who is who."""
    found = re.search(r'<section class="same".*?</section>', page, re.DOTALL)
    assert found
    return unescape(found[0]).replace("\u2068", "").replace("\u2069", "")


async def test_a_page_shows_who_it_may_be_and_what_the_one_would_be(desk: FrontDesk, tigran: Visitor) -> None:
    await tigran.get(f"/desk/c/{await twins(desk)}")
    for told in (f"Possibly the same as Ann: the same phone {PHONE}, 80 %", f"{PHONE} ?", "1 conversation", "Together: Ann", "It can be undone."):
        assert told in shown(tigran.page)
    assert not Markup(tigran.page).faults


async def test_a_merge_is_done_once_and_undone_from_the_page(desk: FrontDesk, tigran: Visitor) -> None:
    number = await twins(desk)
    done = await tigran.do(number, "merge", about=await about(desk))
    assert done.status == 303
    assert await roots(desk) == 1
    assert (await tigran.again(number, "merge", about=await about(desk))).status == 303
    await tigran.get(done.headers["Location"])
    assert "They are one person now." in tigran.page
    assert "Possibly the same" not in shown(tigran.page)
    assert "Ani: merged by staff" in shown(tigran.page)
    [link] = await rows(desk.store, select(Link.id))
    await tigran.do(number, "unmerge", about=str(link))
    assert await roots(desk) == 2


async def test_a_no_is_said_once_and_taken_back(desk: FrontDesk, tigran: Visitor) -> None:
    number = await twins(desk)
    done = await tigran.do(number, "not_same", about=await about(desk))
    await tigran.get(done.headers["Location"])
    assert "this is not asked again" in tigran.page
    assert "Possibly the same" not in shown(tigran.page)
    assert 'value="ask_again"' in tigran.page
    await tigran.do(number, "ask_again", about=await about(desk))
    await tigran.get(f"/desk/c/{number}")
    assert "Possibly the same" in shown(tigran.page)


async def test_who_a_colleague_has_is_not_offered_and_not_merged(desk: FrontDesk, tigran: Visitor) -> None:
    number = await twins(desk)
    zara = await desk.member("zara")
    first = (await rows(desk.store, select(Identity.id).order_by(Identity.id)))[0]
    await desk.store.write(lambda s: _take(s, zara, first, desk.now))
    await tigran.get(f"/desk/c/{number}")
    assert "Possibly the same" not in shown(tigran.page)
    assert (await tigran.do(number, "merge", about=await about(desk))).status == 403
    assert await roots(desk) == 2


def _take(session: Session, rep: Rep, identity: int, now: int) -> None:
    assign.take(session, rep, session.scalars(select(Conversation.id).where(Conversation.identity_id == identity)).one(), now=now)


async def test_the_fresh_part_of_the_page_brings_it_too(desk: FrontDesk, tigran: Visitor) -> None:
    number = await twins(desk)
    told = await (await tigran.get(f"/desk/now?c={number}")).json()
    [maybe] = told["same"]["maybes"]
    assert maybe["id"] == int(await about(desk))
    assert told["same"]["merges"] == []


async def test_a_suggestion_that_is_none_changes_nothing(desk: FrontDesk, tigran: Visitor) -> None:
    number = await twins(desk)
    assert (await tigran.do(number, "merge", about="999999")).status == 404
    assert (await tigran.do(number, "unmerge", about="nonsense")).status == 404
    assert await roots(desk) == 2


async def test_a_hostile_name_stays_a_name(desk: FrontDesk, tigran: Visitor) -> None:
    number = await twins(desk)
    await desk.store.write(lambda s: s.execute(update(Contact).values(platform_name="<img src=x onerror=alert(1)>")))
    await tigran.get(f"/desk/c/{number}")
    assert not Markup(tigran.page).faults


async def test_a_page_tells_where_one_person_on_two_addresses_is_written_to_and_why(desk: FrontDesk, tigran: Visitor) -> None:
    number = await twins(desk)
    await tigran.get(f"/desk/c/{number}")
    assert "is written to on" not in tigran.page
    await tigran.do(number, "merge", about=await about(desk))
    await tigran.get(f"/desk/c/{number}")
    page = unescape(tigran.page).replace("\u2068", "").replace("\u2069", "")
    assert re.search(r"An[ni] is written to on \w+: they wrote there last\.", page)
