"""A firm for managers' tests: it is noon there, customers have agreed to offers, and the schedule can be run by hand."""

from crm.base.actors import Customer
from crm.base.db import Session
from crm.base.settings import Company
from crm.base.time import parse_hours
from crm.outreach import ticks
from crm.people import consents
from crm.people.contacts import Identity
from tests.bots.staff.office import Office

Message = dict[str, object]


NOON_ZONE = "Etc/GMT"
"""Where it is noon by the clock on an office's wall."""


def firm() -> Company:
    """A firm where it is noon."""
    return Company("Marani", ("hy", "ka", "am", "ru", "en"), NOON_ZONE, "AMD", "AM", parse_hours("mon-sun 00:00-24:00", NOON_ZONE), b"key")


async def agree(office: Office, *people: str) -> None:
    """Customers write and say yes to offers."""
    for who in people:
        await office.letter("Do you have tables?", who=who, name=who.title())

        def yes(session: Session, who: str = who) -> None:
            person = session.query(Identity).filter_by(account="letters", external_id=who).one().contact_id
            consents.answer(session, Customer(person), person, consents.MARKETING, True, shown="Offers?", source="test", now=office.now())

        await office.store.write(yes)


async def tick(office: Office) -> None:
    """The schedule of promotions runs, what is due leaves, and the staff sees it."""
    for _ in range(3):
        while await office.store.write(lambda s: ticks.compose(s, office.company, now=office.now())):
            pass
        await office.show()


async def ask(office: Office, person: str, words: str) -> Message:
    """Somebody types; the newest post of the bot."""
    await office.show()
    await office.say(person, words)
    await office.settle()
    return await office.last(person)


async def press(office: Office, person: str, message: Message, label: str) -> Message:
    """Somebody presses a button; the same message as it stands then."""
    await office.press(person, message, label)
    return next(one for one in await office.chat(person) if one["message_id"] == message["message_id"])


async def toast(office: Office) -> str:
    """What the button pressed last was answered with."""
    return str((await office.hands.log(bot="staff", method="answerCallbackQuery"))[-1]["parameters"].get("text", ""))


def labels(message: Message) -> list[str]:
    """The buttons under a message."""
    rows: list[list[dict[str, str]]] = message.get("buttons") or []  # type: ignore[assignment]
    return [button["text"] for row in rows for button in row]


def label(message: Message, words: str) -> str:
    """The label of the button that has these words."""
    return next(one for one in labels(message) if words in one)
