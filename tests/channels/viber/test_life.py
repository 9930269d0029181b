"""What the house makes of what happens on Viber: people come, look, leave, come back, and share their numbers."""

from sqlalchemy import select

from crm.base.db import Store
from crm.base.events import Event, RawEvent
from crm.base.outbound import Button, Say
from crm.base.settings import Company
from crm.conversations.threads import Conversation
from crm.outbox.deliveries import Delivery
from crm.people.consents import Consent
from crm.people.contacts import Contact, ContactPoint, Identity, Proof
from crm.sales.leads import Lead
from tests.channels.viber.stand import Stand, stand
from tests.crm.fake import rows
from tests.crm.told import drain, happen


async def told(place: Stand, store: Store, company: Company, since: int = 0) -> int:
    """Have the house process what came since; answers how much has come."""
    await place.api.quiet()
    raws: list[RawEvent] = place.inbox.events[since:]
    for raw in raws:
        events: list[Event] = list(place.viber.parse(raw))
        await happen(store, company, *events, now=place.clock.now, account="viber")
    return len(place.inbox.events)


async def test_who_only_opens_the_chat_is_greeted_and_is_no_lead(store: Store, company: Company) -> None:
    async with stand(welcome_seconds=0.01) as place:
        await place.hands.open(place.ani, "shelf-oak")
        await told(place, store, company)
        assert await rows(store, select(Lead.id)) == []
        assert len(await rows(store, select(Delivery.id).where(Delivery.account == "viber"))) >= 1
        assert "shelf-oak" in (await rows(store, select(Conversation.source)))[0]


async def test_a_lead_remembers_the_link_that_opened_the_chat(store: Store, company: Company) -> None:
    async with stand(welcome_seconds=0.01) as place:
        await place.hands.open(place.ani, "shelf-oak")
        await place.hands.say(place.ani, "Do you have shelves?")
        await told(place, store, company)
        [source] = await rows(store, select(Lead.source))
        assert "shelf-oak" in source


async def test_a_greeting_that_came_too_late_costs_nobody_their_wishes(store: Store, company: Company) -> None:
    """Somebody who only looked is not subscribed: Viber refuses what is said to them, which is no word of theirs."""
    async with stand(welcome_seconds=0.01) as place:
        await place.hands.open(place.ani)
        came = await told(place, store, company)
        await drain(store, place.viber, place.clock.now)  # type: ignore[arg-type]
        assert await rows(store, select(Delivery.state).where(Delivery.account == "viber").distinct()) == ["failed"]
        assert await rows(store, select(Consent.id)) == []
        await place.hands.say(place.ani, "hello")
        await told(place, store, company, came)
        assert await rows(store, select(Identity.reachable)) == [1]


async def test_who_leaves_gets_nothing_more_and_who_comes_back_is_reached_again(store: Store, company: Company) -> None:
    async with stand() as place:
        await place.hands.say(place.ani, "hello")
        came = await told(place, store, company)
        place.hands.leave(place.ani)
        came = await told(place, store, company, came)
        assert await rows(store, select(Identity.reachable)) == [0]
        assert await rows(store, select(Contact.marketing)) == [-1]
        assert await rows(store, select(Contact.silenced)) == [1]
        place.hands.subscribe(place.ani)
        await told(place, store, company, came)
        assert await rows(store, select(Identity.reachable)) == [1]
        assert await rows(store, select(Contact.silenced)) == [0]


async def test_a_number_shared_by_our_button_is_proven_and_one_from_the_address_book_is_not(store: Store, company: Company) -> None:
    async with stand() as place:
        await place.hands.say(place.ani, "hello")
        await place.send(Say("Your number?", buttons=((Button("Share", ask="phone"),),)))
        await place.api.quiet()
        await place.hands.share(place.ani)
        await place.hands.send(place.ani, {"type": "contact", "contact": {"name": "Davit", "phone_number": "+37491999999"}})
        await told(place, store, company)
        question = select(ContactPoint.value).where(ContactPoint.proof == Proof.SHARED.value)
        assert await rows(store, question) == ["+37491000004"]
