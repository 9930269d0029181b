"""An order for tests: Ann, who has written, her deal, its order, and what a day of trade does with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select

from crm.base.actors import Rep, Role
from crm.base.db import Session, Store
from crm.base.events import Message, Postback, Sender
from crm.base.settings import Company
from crm.conversations.threads import Author, Conversation
from crm.conversations.threads import Message as MessageRow
from crm.people.contacts import Contact
from crm.sales import order_steps, payments
from crm.sales.deals import NewDeal, add_deal
from crm.sales.ledger import Payment
from crm.sales.order_steps import Stepped
from crm.sales.orders import Order, OrderState, order_at, order_of_deal
from crm.sales.payments import Due, Money
from tests.conftest import NOON
from tests.crm.fake import hire, rows
from tests.crm.told import ANN, happen

T = TypeVar("T")


@dataclass(slots=True)
class Trade:
    """A store with a firm, a rep of it, a deal of 120,000 drams and its order."""

    store: Store
    company: Company
    rep: Rep
    deal: int
    order: int

    async def do(self, deed: Callable[[Session], T]) -> T:
        """Something is done."""
        return await self.store.write(deed)

    async def now(self) -> Order:
        """The order as it stands."""
        return await self.store.read(lambda session: order_at(session, self.order))

    async def step(self, state: OrderState, seen: OrderState | None = None, *, who: Rep | None = None, now: int = NOON) -> Stepped:
        """The order comes into a state."""
        was = seen or (await self.now()).state
        return await self.do(lambda s: order_steps.move(s, who or self.rep, self.order, state, seen=was, now=now))

    async def pay(self, amount: int, once: str, *, at: int = NOON, now: int = NOON) -> Payment:
        """Money comes, or goes back."""
        return await self.do(lambda s: payments.enter(s, self.rep, self.due(s), Money(amount, "AMD", at), once=once, now=now))

    def due(self, session: Session) -> Due:
        """What money for the order is for."""
        return payments.due_of_order(session, order_at(session, self.order))

    async def said(self) -> Sequence[str]:
        """What Ann was told by the bot, in order."""
        return await rows(self.store, select(MessageRow.text).where(MessageRow.author == Author.BOT.value).order_by(MessageRow.id))

    async def press(self, value: str, sender: Sender = ANN, *, now: int = NOON) -> None:
        """A customer presses a button of ours."""
        await happen(self.store, self.company, Postback(sender, f"p{value}{now}{sender.external_id}", value, now), now=now)


async def trade(store: Store, company: Company, *, amount: int | None = 12_000_000) -> Trade:
    """Ann has written, and has ordered."""
    await happen(store, company, Message(ANN, "m1", "An oak table, please", NOON))
    rep = await hire(store)

    def made(session: Session) -> tuple[int, int]:
        person = session.scalars(select(Contact.id)).one()
        session.get_one(Contact, person).language = "en"
        session.scalars(select(Conversation)).one().flow_state = "done"
        deal = add_deal(session, rep, NewDeal(person, "An oak table", "AMD", amount, rep_id=rep.id), "en", now=NOON)
        return deal.id, order_of_deal(session, rep, deal.id, company.zone, once="one", now=NOON).id

    return Trade(store, company, rep, *await store.write(made))


async def boss(store: Store) -> Rep:
    """A manager."""
    return await hire(store, "mariam", Role.MANAGER)
