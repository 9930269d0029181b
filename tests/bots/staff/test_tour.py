"""The first hour: a newcomer is shown around by role and practises on nobody real; a firm is set up by buttons and is not ready while something has no owner."""

import pytest
from sqlalchemy import select

from channels.practice import LINES, Practice
from crm.base.actors import Role
from crm.base.db import Store
from crm.base.settings import Company
from crm.conversations.threads import Conversation, Message
from crm.inbox.log import keep
from crm.inbox.process import Rules, read, step
from crm.outbox.deliveries import Delivery, State
from crm.outbox.drain import Drain
from crm.people import teams
from crm.people.fields import About, fields_of
from crm.sales.deals import open_deal
from crm.sales.leads import Lead
from tests.bots.staff.firm import Message as Seen
from tests.bots.staff.firm import ask, firm, labels, press, toast
from tests.bots.staff.office import Office, no_media, silent


@pytest.fixture
def company() -> Company:
    return firm()


class Stage:
    """The pretended customer beside an office."""

    def __init__(self, office: Office) -> None:
        async def bring(events: object) -> None:
            await office.store.gather(keep, list(events))  # type: ignore[call-overload]

        self.office = office
        self.channel = Practice(bring, office.now)
        self._drain = Drain(office.store, self.channel, no_media, node="practice", clock=office.now)

    async def goes_on(self) -> None:
        """What was said to them leaves, what they say is heard, and everybody sees what is theirs to see."""
        await self._drain.run()
        rules, heard = Rules(silent, self.office.company), ()
        while True:
            before = heard
            batch = await self.office.store.write(lambda s: step(s, before, rules, now=self.office.now()))  # noqa: B023
            if not batch:
                break
            heard = read(batch, self.channel.parse)  # type: ignore[assignment]
        await self.office.show()


async def began(office: Office) -> tuple[Stage, Seen]:
    stage = Stage(office)
    post = await ask(office, "ruben", "/tour")
    while "Practise" not in str(labels(post)):
        post = await press(office, "ruben", post, "More")
    await press(office, "ruben", post, "🧪 Practise")
    begun = await office.find("ruben", "A pretended customer writes")
    await stage.goes_on()
    return stage, begun


async def lines(store: Store) -> list[tuple[str, str]]:
    rows = await store.read(lambda s: s.execute(select(Message.author, Message.text).order_by(Message.id)).all())
    return [(row.author, row.text) for row in rows]


async def test_a_rep_practises_on_somebody_whom_nobody_else_hears_of(office: Office, store: Store) -> None:
    await office.member("ruben")
    await office.member("nare")
    stage, _ = await began(office)
    card = await office.find("ruben", "to practise with")
    assert not [post for post in await office.posts("nare") if "practise with" in post]
    await office.say("ruben", "It costs ten.", reply_to=card["message_id"])
    await office.settle()
    await stage.goes_on()
    assert await lines(store) == [("contact", LINES[0]), ("rep", "It costs ten."), ("contact", LINES[1])]


async def test_the_pretended_customer_is_content_after_a_few_answers(office: Office, store: Store) -> None:
    await office.member("ruben")
    stage, _ = await began(office)
    card = await office.find("ruben", "to practise with")
    for words in ("One.", "Two.", "Three.", "Four."):
        await office.say("ruben", words, reply_to=card["message_id"])
        await office.settle()
        if "Send it" in str(labels(await office.last("ruben"))):
            await office.press("ruben", await office.last("ruben"), "Send it")
            await office.settle()
        await stage.goes_on()
    assert [text for author, text in await lines(store) if author == "contact"] == list(LINES)
    states = await store.read(lambda s: s.scalars(select(Delivery.state).where(Delivery.desk == 0)).all())
    assert set(states) == {State.SENT.value}


async def test_an_ended_practice_counts_nowhere(office: Office, store: Store) -> None:
    await office.member("ruben")
    _, begun = await began(office)
    await office.press("ruben", begun, "End the practice")
    assert await toast(office) == "Ended. It counts in no report."
    assert await store.read(lambda s: s.scalars(select(Lead.status)).all()) == ["spam"]
    assert await store.read(lambda s: s.scalars(select(Conversation.status)).all()) == ["closed"]
    await office.show()
    assert labels(await office.find("ruben", "It counts in no report.")) == ["🧪 Practise", "Menu"]
    card = await office.find("ruben", "Practice · English")
    assert "✅ Closed" in str(card["text"])
    assert "spam" not in str(card["text"])
    assert labels(card) == ["🧪 Practise", "Menu"]


async def test_a_second_practice_ends_the_first(office: Office, store: Store) -> None:
    await office.member("ruben")
    await began(office)
    await began(office)
    assert sorted(await store.read(lambda s: s.scalars(select(Conversation.status)).all())) == ["closed", "open"]


async def test_a_guest_is_shown_what_a_guest_may_do(office: Office) -> None:
    await office.member("gago", Role.GUEST)
    post = await ask(office, "gago", "/tour")
    assert "look on" in str(post["text"])
    assert labels(post) == ["Menu"]


async def test_a_firm_takes_its_trade_and_gives_it_back(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    post = await press(office, "mariam", await ask(office, "mariam", "/setup"), "My trade")
    assert labels(post) == ["🛍 Shop", "🛠 Services", "🏥 Clinic", "🎓 School", "🔧 Repair", "Back"]
    post = await press(office, "mariam", post, "🎓 School")
    assert "Trial lesson" in str(post["text"])
    post = await press(office, "mariam", await press(office, "mariam", post, "Back"), "My trade")
    post = await press(office, "mariam", post, "Undo")
    assert "the firm is as it was" in str(post["text"])
    assert "▫️ Your trade" in str(post["text"])


async def test_a_trade_in_which_deals_run_stays_and_says_why(office: Office, store: Store) -> None:
    mariam = await office.member("mariam", Role.MANAGER)
    post = await press(office, "mariam", await ask(office, "mariam", "/setup"), "My trade")
    post = await press(office, "mariam", post, "🎓 School")
    await office.letter("Is there a course?")
    await office.show()
    number = await store.read(lambda s: s.scalars(select(Conversation.id)).one())
    await store.write(lambda s: open_deal(s, mariam, number, firm(), once="d", now=office.now()))
    await office.press("mariam", post, "Undo")
    assert "deals run in its pipeline" in str(await toast(office))
    fields = await store.read(lambda s: len(fields_of(s, About.DEAL)))
    assert fields == 2


async def test_a_team_without_a_lead_keeps_the_firm_from_being_ready(office: Office, store: Store) -> None:
    mariam = await office.member("mariam", Role.MANAGER)
    await office.member("ruben")
    team = await store.write(lambda s: teams.found_team(s, mariam, "Tables", now=office.now()))
    post = await press(office, "mariam", await ask(office, "mariam", "/setup"), "🏁 We are ready")
    assert "Tables" in str(post["text"])
    assert await toast(office) == "Something has no owner."
    await store.write(lambda s: teams.put_in(s, mariam, mariam.id, team, now=office.now()))
    await store.write(lambda s: teams.set_lead(s, mariam, mariam.id, True, now=office.now()))
    post = await press(office, "mariam", await press(office, "mariam", post, "Back"), "🏁 We are ready")
    assert "The firm is ready" in str(post["text"])


async def test_setting_up_is_not_for_reps(office: Office) -> None:
    await office.member("ruben")
    post = await ask(office, "ruben", "/setup")
    assert "🏁" not in str(labels(post))
