"""Approved templates: learnt from the platform, filled, chosen for follow-ups, and sent by a rep."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from crm.base.actors import Role
from crm.base.db import Store
from crm.base.errors import Expired, Forbidden, Invalid, NotFound, Taken
from crm.base.history import DomainEvent
from crm.base.outbound import ApprovedTemplate, May, RetryLater
from crm.base.settings import Company
from crm.base.time import DAY, HOUR
from crm.conversations.recall import take_back
from crm.conversations.templates import say_template
from crm.conversations.threads import Conversation, Message
from crm.outbox.approved import ApprovedRow, Listed, as_field, choices, every_template, filled, learn_templates, places, use_for
from crm.outbox.deliveries import Delivery
from crm.outbox.notices import waiting_notices
from crm.outbox.payload import unpack
from scheduler.templates import refresh, template_ticks
from tests.conftest import NOON
from tests.crm.fake import Stub, hear, hire, rows, said
from tests.crm.told import Windowed, approve, drain

KNOWN = select(ApprovedRow.name, ApprovedRow.language, ApprovedRow.status, ApprovedRow.text).order_by(ApprovedRow.name, ApprovedRow.language)


@dataclass(frozen=True)
class One:
    """A template as a channel lists it."""

    name: str = "hello"
    language: str = "hy"
    body: str = "Hello {{1}}"
    category: str = "utility"
    status: str = "approved"


async def learn(store: Store, *listed: One, now: int = NOON) -> None:
    await store.write(lambda session: learn_templates(session, "fake", listed, now=now))


async def words(store: Store) -> list[str]:
    return [str(notice.facts["words"]) for notice in await store.read(waiting_notices)]


@pytest.mark.parametrize(
    ("text", "fields", "shown"),
    [
        ("Hello {{1}}, {{2}}!", ("Ann", "bye"), "Hello Ann, bye!"),
        ("{{ 1 }} {{3}} {{0}}", ("a",), "a  "),
        ("{{1}}", ("{{2}}", "x"), "{{2}}"),
        ("no places {1}", (), "no places {1}"),
    ],
)
def test_each_place_gets_its_field_and_nothing_else_is_touched(text: str, fields: tuple[str, ...], shown: str) -> None:
    assert filled(text, fields) == shown


def test_places_are_counted_and_fields_are_one_line() -> None:
    assert [places(text) for text in ("", "{{1}}", "{{2}} {{1}} {{2}}", "{{name}}")] == [0, 1, 2, 0]
    assert as_field(" a\n\tb    c ") == "a b c"
    assert len(as_field("x" * 9000)) == 500


async def test_what_is_listed_is_known_and_what_is_listed_no_more_is_gone(store: Store) -> None:
    await learn(store, One(), One(language="ru", body="Привет, {{1}}"), One("bye"))
    await learn(store, One(body="Hello again, {{1}}"), One("bye"), One("bye"), One(""))
    assert await rows(store, KNOWN) == [
        ("bye", "hy", "approved", "Hello {{1}}"),
        ("hello", "hy", "approved", "Hello again, {{1}}"),
        ("hello", "ru", "gone", "Привет, {{1}}"),
    ]
    await learn(store, One(language="ru"))
    assert [row[2] for row in await rows(store, KNOWN)] == ["gone", "gone", "approved"]


async def test_managers_hear_once_of_a_paused_template_and_again_when_it_is_paused_again(store: Store) -> None:
    for status in ("approved", "PAUSED", "paused", "paused"):
        await learn(store, One(status=status))
    assert await words(store) == ["template hello (hy): paused"]
    await learn(store, One())
    await learn(store, One(status="disabled"))
    assert (await words(store))[-1] == "template hello (hy): disabled"


async def test_managers_hear_when_the_one_that_follow_ups_go_by_is_gone(store: Store) -> None:
    mariam = await hire(store, "mariam", Role.MANAGER)
    await learn(store, One(), One("other"))
    [number] = await rows(store, select(ApprovedRow.id).where(ApprovedRow.name == "hello"))
    await store.write(lambda session: use_for(session, mariam, number, "followup", now=NOON))
    await learn(store)
    assert await words(store) == ["template hello (hy): gone"]


async def test_a_manager_chooses_for_follow_ups_with_it_on_record_and_a_rep_may_not(store: Store) -> None:
    mariam, ruben = await hire(store, "mariam", Role.MANAGER), await hire(store)
    number, paused = await approve(store), await approve(store, "paused", status="paused")
    for purpose in ("followup", "followup", ""):
        await store.write(lambda session, purpose=purpose: use_for(session, mariam, number, purpose, now=NOON))  # type: ignore[misc]
    assert await rows(store, select(DomainEvent.after).where(DomainEvent.kind == "used_for")) == ['{"for": "followup"}', '{"for": ""}']
    for who, which, purpose, error in ((ruben, number, "followup", Forbidden), (mariam, paused, "followup", Expired), (mariam, number, "x", Invalid)):
        with pytest.raises(error):
            await store.write(lambda session, w=who, n=which, p=purpose: use_for(session, w, n, p, now=NOON))  # type: ignore[misc]
    with pytest.raises(Forbidden):
        await store.read(lambda session: every_template(session, ruben))


async def test_the_persons_language_is_offered_first_and_only_what_may_go(store: Store) -> None:
    await approve(store, "b", language="en_US")
    await approve(store, "a", language="ru")
    await approve(store, "c", language="en")
    await approve(store, "d", language="en", status="rejected")
    await approve(store, "e", language="en", account="other")
    assert [row.name for row in await store.read(lambda session: choices(session, "fake", "en"))] == ["b", "c", "a"]


async def conversation(store: Store, company: Company) -> int:
    await hear(store, company, said(1, "ann"))
    [number] = await rows(store, select(Conversation.id))
    return int(number)


async def test_a_rep_sends_a_template_and_the_thread_shows_what_the_customer_reads(store: Store, company: Company) -> None:
    number, ruben, approved = await conversation(store, company), await hire(store), await approve(store)
    await drain(store, Windowed(May.NOTHING), NOON)
    for _ in range(2):
        await store.write(lambda session: say_template(session, ruben, number, approved, [" Ann\n"], once="one", now=NOON + 2 * DAY))
    assert await rows(store, select(Message.text).where(Message.author == "rep")) == ["Hello Ann, we are here"]
    assert await rows(store, select(Conversation.rep_id, Conversation.waiting_since)) == [(ruben.id, 0)]
    carrier = Windowed(May.TEMPLATE, templates=True)
    for _ in range(2):
        await drain(store, carrier, NOON + 2 * DAY)
    [(_, sent)] = carrier.sent
    assert sent == ApprovedTemplate("hello", "en", "Hello Ann, we are here", ("Ann",))
    assert isinstance(sent, ApprovedTemplate)
    assert sent.ref.startswith("d")


async def test_a_template_with_too_few_fields_or_of_another_channel_or_paused_is_not_sent(store: Store, company: Company) -> None:
    number, ruben = await conversation(store, company), await hire(store)
    one, other, paused = await approve(store), await approve(store, account="other"), await approve(store, "paused", status="paused")
    for which, fields, error in ((one, [], Invalid), (one, [" "], Invalid), (other, ["Ann"], NotFound), (paused, ["Ann"], Expired), (0, ["Ann"], NotFound)):
        with pytest.raises(error):
            await store.write(lambda s, w=which, f=fields: say_template(s, ruben, number, w, f, once="one", now=NOON))  # type: ignore[misc]
    assert await rows(store, select(Message.id).where(Message.author == "rep")) == []


async def test_nobody_sends_a_template_over_a_colleagues_head(store: Store, company: Company) -> None:
    number, ruben, zara, approved = await conversation(store, company), await hire(store), await hire(store, "zara"), await approve(store)
    await store.write(lambda session: say_template(session, ruben, number, approved, ["Ann"], once="one", now=NOON))
    with pytest.raises(Taken):
        await store.write(lambda session: say_template(session, zara, number, approved, ["Ann"], once="two", now=NOON))


async def test_a_template_is_called_back_while_it_waits_and_by_its_author_only(store: Store, company: Company) -> None:
    number, ruben, zara, approved = await conversation(store, company), await hire(store), await hire(store, "zara"), await approve(store)
    message = await store.write(lambda session: say_template(session, ruben, number, approved, ["Ann"], once="one", now=NOON))
    with pytest.raises(Forbidden):
        await store.write(lambda session: take_back(session, zara, message, now=NOON))
    assert await store.write(lambda session: take_back(session, ruben, message, now=NOON))
    assert not await store.write(lambda session: take_back(session, ruben, message, now=NOON))
    assert await rows(store, select(Delivery.state).where(Delivery.message_id == message)) == ["cancelled"]
    [payload] = await rows(store, select(Delivery.payload).where(Delivery.message_id == message))
    assert unpack(payload) == ApprovedTemplate("hello", "en", "Hello Ann, we are here", ("Ann",))


class Shop(Stub):
    """A channel that lists templates, or fails to."""

    def __init__(self, *listed: One, error: Exception | None = None) -> None:
        super().__init__()
        self.listed, self.error = listed, error

    async def templates(self) -> Sequence[Listed]:
        if self.error:
            raise self.error
        return self.listed


async def test_every_channel_that_has_templates_is_asked_and_one_that_fails_stops_none(store: Store) -> None:
    channels = {"broken": Shop(error=RetryLater(5)), "plain": Stub(), "gone": Shop(error=NotFound("no id")), "fake": Shop(One())}
    await refresh(store, channels, lambda: NOON)()
    assert await rows(store, select(ApprovedRow.account, ApprovedRow.seen_at)) == [("fake", NOON)]


async def test_a_platform_that_gives_no_answer_leaves_what_is_known(store: Store) -> None:
    await refresh(store, {"fake": Shop(One())}, lambda: NOON)()
    await refresh(store, {"fake": Shop(error=OSError("away"))}, lambda: NOON + HOUR)()
    assert [row[2] for row in await rows(store, KNOWN)] == ["approved"]


def test_it_is_asked_at_the_start_and_every_hour_where_there_is_anything_to_ask(file_store: Store) -> None:
    assert [tick.every for tick in template_ticks(file_store, {"fake": Shop()}, lambda: NOON)] == [3600.0, 0.0]
    assert template_ticks(file_store, {"plain": Stub()}, lambda: NOON) == []
