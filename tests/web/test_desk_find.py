"""The search of the staff inbox: customers by name in any script, by @name and by phone, each member among what they may see."""

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.base.actors import Rep, Role, System
from crm.conversations import assign
from crm.conversations.threads import Conversation, Kind, Message
from crm.people.contacts import Contact, Identity, Proof, add_point, block
from crm.reports import find
from scheduler.indexing import indexing
from tests.crm.fake import rows
from tests.web.front_desk import FrontDesk, Markup, Visitor, contents, newest, visitor


async def people(desk: FrontDesk, *names: str) -> dict[str, int]:
    """Customers who wrote, one after another, with the numbers of their conversations."""
    found = {}
    for name in names:
        desk.now += 1000
        await desk.letter("Hello", name)
        found[name] = await newest(desk)
    return found


async def shown(browser: Visitor, words: str) -> list[int]:
    """The conversations that are found, from above."""
    assert (await browser.client.get("/desk", params={"find": words})).status == 200
    answer = await browser.client.get("/desk", params={"find": words})
    browser.page = await answer.text()
    return [int(part.partition('"')[0]) for part in browser.page.partition("<template")[0].split('data-id="')[1:]]


@pytest.mark.parametrize("words", ["armen", "ARMEN", "Армен", "Արմեն", "արմ", "hakob", "hakobyan armen"])
async def test_a_name_is_found_in_any_script_by_its_beginnings(desk: FrontDesk, tigran: Visitor, words: str) -> None:
    found = await people(desk, "արմեն հակոբյան", "nino beridze")
    assert await shown(tigran, words) == [found["արմեն հակոբյան"]]


@pytest.mark.parametrize("words", ["rmen", "armen petrosyan", "@@@", "%", "_", "'; DROP TABLE contacts; --", "*", "[a-z]"])
async def test_what_nobody_is_called_finds_nobody(desk: FrontDesk, tigran: Visitor, words: str) -> None:
    await people(desk, "armen hakobyan")
    assert await shown(tigran, words) == []
    assert "Nobody was found." in tigran.page


@pytest.mark.parametrize("words", ["+374 94 555666", "094555666", "(094) 55-56-66"])
async def test_a_phone_finds_its_owner_among_the_oldest_too(desk: FrontDesk, tigran: Visitor, ann: int, words: str) -> None:
    [contact] = await rows(desk.store, select(Contact.id))
    await desk.store.write(lambda s: add_point(s, System("test"), contact, "phone", "+37494555666", proof=Proof.CLAIMED, message_id=None, now=desk.now))
    await people(desk, "nino")
    assert await shown(tigran, words) == [ann]
    assert await shown(tigran, "094555667") == []


async def test_a_username_is_found(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    await desk.store.write(lambda session: session.execute(update(Identity).values(username="ann_of_oak")))
    assert await shown(tigran, "@ann_of_oak") == [ann]


async def test_the_newest_stands_above_and_a_closed_one_is_there(desk: FrontDesk, tigran: Visitor, rep: Rep) -> None:
    found = await people(desk, "ann one", "ann two")
    await desk.store.write(lambda session: assign.close(session, rep, found["ann one"], now=desk.now))
    assert await shown(tigran, "ann") == [found["ann two"], found["ann one"]]
    assert 'data-mark="closed"' in tigran.page
    assert await shown(tigran, " ") == [found["ann two"]]


async def test_each_finds_what_they_may_see(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    await desk.store.write(lambda session: session.execute(update(Contact).values(platform_name="Ann")))
    nare, boss = await desk.member("nare"), await desk.member("boss", Role.MANAGER)
    await desk.store.write(lambda session: assign.take(session, nare, ann, now=desk.now))
    assert await shown(tigran, "ann") == []
    async with visitor(desk.app()) as browser:
        await browser.enter(await desk.link(boss))
        assert await shown(browser, "ann") == [ann]
        assert "Do you have tables?" not in browser.page


async def test_who_is_blocked_is_not_found(desk: FrontDesk, tigran: Visitor, rep: Rep, ann: int) -> None:
    [contact] = await rows(desk.store, select(Contact.id))
    await desk.store.write(lambda session: block(session, rep, contact, True, now=desk.now))
    assert await shown(tigran, "ann") == []


async def test_only_so_many_of_late_are_looked_through(desk: FrontDesk, rep: Rep) -> None:
    await people(desk, "ann one", "ann two", "ann three")
    found, sure = await desk.store.read(lambda session: find.candidates(session, rep, "ann", "AM"))
    assert ([one.platform_name for one in found], sure) == (["Ann Three", "Ann Two", "Ann One"], False)
    assert [listed.name for listed in find.matching(found, "ann", sure=sure, most=2)] == ["Ann Three", "Ann Two"]
    assert await rows(desk.store, select(Conversation.status)) == ["open"] * 3


async def test_a_search_is_for_members_and_changes_nothing(desk: FrontDesk, outside: Visitor, tigran: Visitor, ann: int) -> None:
    before = await contents(desk)
    async with visitor(desk.app()) as stranger:
        assert (await stranger.get("/desk?find=ann")).status == 401
        assert "Ann" not in stranger.page
    hostile = '"><script>alert(1)</script>\u202e' + "x" * 5000
    assert await shown(tigran, hostile) == []
    assert Markup(tigran.page).faults == []
    assert await contents(desk) == before


async def test_what_a_customer_said_finds_their_conversation_and_stands_below_their_name(desk: FrontDesk, tigran: Visitor) -> None:
    found = await people(desk, "nino beridze")
    await desk.letter("Կաղնե սեղանը Գյումրիում", "nino beridze")
    await indexing(desk.store, lambda: desk.now)()
    for words in ("սեղանի", "kaghne", "Գյումրի սեղան"):
        assert await shown(tigran, words) == [found["nino beridze"]]
    assert "Կաղնե սեղանը" in tigran.page


async def test_a_phone_in_a_shared_contact_is_masked_in_what_was_found_and_in_the_list(desk: FrontDesk, ann: int) -> None:
    def share(session: Session) -> None:
        session.execute(update(Message).values(text="Narek +37491234567", kind=Kind.CONTACT.value))
        session.execute(update(Conversation).values(preview="Narek +37491234567"))

    await desk.store.write(share)
    await indexing(desk.store, lambda: desk.now)()
    trainee, boss = await desk.member("nare", Role.TRAINEE), await desk.member("boss", Role.MANAGER)
    for member, full in ((trainee, False), (boss, True)):
        async with visitor(desk.app()) as browser:
            await browser.enter(await desk.link(member))
            for words in ("narek", "ann", " "):
                assert await shown(browser, words) == [ann]
                assert ("1234567" in browser.page) is full
