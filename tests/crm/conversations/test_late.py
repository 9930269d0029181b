"""What reaches us late never undoes what is newer; and a colleague who is named in a note reads it."""

import pytest
from sqlalchemy import select

from crm.base.actors import Rep, Role
from crm.base.db import Store
from crm.base.errors import Late
from crm.base.history import SKEW_MS, done_since
from crm.base.settings import Company
from crm.base.time import MINUTE
from crm.conversations import assign, talk
from crm.conversations.threads import Conversation, Message
from crm.outbox.notices import NoticeRow
from crm.people.reps import goes_by, named_in
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said


async def answered(store: Store, company: Company, rep: Rep) -> tuple[int, int]:
    """A rep has answered a customer; answers the conversation and the answer."""
    await hear(store, company, said("ann 1", "ann"))
    [conversation] = await rows(store, select(Conversation.id))
    return conversation, await store.write(lambda s: talk.reply(s, rep, conversation, "first", once="r", now=NOON))


async def edit(store: Store, rep: Rep, message: int, text: str, said_at: int) -> bool:
    return await store.write(lambda s: talk.edit(s, rep, message, text, once=text, now=NOON + 10 * MINUTE, said_at=said_at))


async def test_an_older_edit_that_arrives_later_does_not_overwrite_a_newer_one(store: Store, company: Company) -> None:
    rep = await hire(store)
    _, message = await answered(store, company, rep)
    assert await edit(store, rep, message, "third", NOON + 5 * MINUTE)
    with pytest.raises(Late, match="third"):
        await edit(store, rep, message, "second", NOON + MINUTE)
    assert await rows(store, select(Message.text).where(Message.id == message)) == ["third"]


async def test_edits_that_arrive_late_in_their_own_order_are_all_done(store: Store, company: Company) -> None:
    rep = await hire(store)
    _, message = await answered(store, company, rep)
    for minutes, text in enumerate(("second", "third", "fourth"), 1):
        assert await edit(store, rep, message, text, NOON + minutes * MINUTE)
    assert await rows(store, select(Message.text).where(Message.id == message)) == ["fourth"]


async def test_what_a_colleague_did_meanwhile_is_known_and_what_one_did_oneself_does_not_count(store: Store, company: Company) -> None:
    rep, boss = await hire(store), await hire(store, "mariam", Role.MANAGER)
    conversation, _ = await answered(store, company, rep)
    later = NOON + SKEW_MS + 1
    await store.write(lambda s: assign.close(s, boss, conversation, now=later))

    async def since(said_at: int, by: Rep) -> str:
        return await store.read(lambda s: done_since(s, "conversation", conversation, {"closed", "taken"}, said_at=said_at, by=by.id))

    assert [await since(NOON, rep), await since(NOON, boss), await since(NOON + 1, rep), await since(0, rep)] == ["closed", "", "", ""]


async def test_a_colleague_named_in_a_note_is_told_and_others_are_not(store: Store, company: Company) -> None:
    rep, nare, zara = await hire(store), await hire(store, "nare"), await hire(store, "zara")
    conversation, _ = await answered(store, company, rep)
    await store.write(lambda s: goes_by(s, zara.id, "zara_shop"))
    await store.write(lambda s: assign.note(s, rep, conversation, "ask @Nare or @zara_shop, not @Naresh; I (@Tigran) cannot", once="n", now=NOON))
    told = await rows(store, select(NoticeRow.facts).where(NoticeRow.kind == "mentioned").order_by(NoticeRow.id))
    assert [f'"rep": {one.id},' in fact for one, fact in zip((nare, zara), told, strict=True)] == [True, True]


@pytest.mark.parametrize(("text", "found"), [("@nare", 1), ("see @NARE!", 1), ("nare", 0), ("mail nare@nare.am", 0), ("@nareh", 0), ("@ nare", 0)])
async def test_a_name_is_meant_where_an_at_stands_before_it(store: Store, text: str, found: int) -> None:
    await hire(store, "nare")
    assert len(await store.read(lambda s: named_in(s, text))) == found
