"""Survey: asked when work is done, answered by a button or a number, rarely, of the willing; who is not content becomes somebody's task."""

import pytest
from sqlalchemy import select, update

from crm.base.actors import Customer, Role, System
from crm.base.db import Session, Store
from crm.base.errors import Forbidden
from crm.base.events import Postback
from crm.base.outbound import Say
from crm.base.settings import Company
from crm.base.time import DAY, HOUR
from crm.conversations import assign
from crm.conversations.threads import Conversation, Message
from crm.inbox.pressed import PRESSED
from crm.outbox.fit import numbered
from crm.outbox.notices import NoticeRow
from crm.people import consents
from crm.people.contacts import Contact
from crm.projects import answering, asking, closing
from crm.projects.asking import Asked, Switch
from crm.projects.figures import CSAT_SCORES, NPS_SCORES
from crm.projects.projects import Project
from crm.projects.survey import Rating
from crm.reports import ratings
from crm.sales.tasks import Task
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said
from tests.crm.projects.test_projects import Shop
from tests.crm.told import ANN, happen

MACHINE = System("test")


class Asking(Shop):
    """A shop whose project was closed, so that Ann was asked."""

    async def close(self) -> int:
        """The project is done; the number of the question."""
        await self.win()
        [number] = await rows(self.store, select(Project.id))
        await self.do(lambda s: closing.close(s, self.rep, number, self.company, now=self.now))
        [rating] = await rows(self.store, select(Rating.id))
        return int(rating)

    async def press(self, value: str, *, now: int = 0) -> None:
        """Ann presses a button of ours."""
        await happen(self.store, self.company, Postback(ANN, f"p{value}{now}", value, self.now), now=now or self.now)

    async def answers(self) -> list[str]:
        """What Ann read in answer to buttons."""
        return await rows(self.store, select(Message.text).where(Message.once.like("pressed:%")).order_by(Message.id))

    async def score(self) -> object:
        """The newest question's score and words."""
        return (await rows(self.store, select(Rating.score, Rating.words).order_by(Rating.id.desc())))[0]


@pytest.fixture
async def asking_shop(store: Store, company: Company) -> Asking:
    made = Asking(store, company)
    await made.open()
    return made


async def test_closing_asks_once_with_a_button_for_each_score(asking_shop: Asking) -> None:
    number = await asking_shop.close()
    [(text, buttons)] = await rows(asking_shop.store, select(Message.text, Message.buttons).where(Message.once == f"rating:{number}"))
    assert "How content are you" in text
    assert [f"rate:{number}:{score}" in buttons for score in (1, 5)] == [True, True]
    [project] = await rows(asking_shop.store, select(Project.id))
    await asking_shop.do(lambda s: closing.reopen(s, asking_shop.rep, project, now=NOON))
    await asking_shop.do(lambda s: closing.close(s, asking_shop.rep, project, asking_shop.company, now=NOON))
    assert len(await rows(asking_shop.store, select(Rating.id))) == 1


async def test_a_good_score_is_kept_and_nobody_has_to_do_anything(asking_shop: Asking) -> None:
    number = await asking_shop.close()
    waits = await rows(asking_shop.store, select(Conversation.waiting_since))
    await asking_shop.press(f"rate:{number}:5")
    assert await asking_shop.score() == (5, "")
    assert await asking_shop.answers() == [answering.HIGH]
    assert await rows(asking_shop.store, select(Task.id).where(Task.kind == "call")) == []
    assert await rows(asking_shop.store, select(Conversation.waiting_since)) == waits


async def test_a_low_score_is_told_and_becomes_a_task_and_the_words_behind_it_are_kept(asking_shop: Asking) -> None:
    number = await asking_shop.close()
    await asking_shop.press(f"rate:{number}:2")
    assert await asking_shop.answers() == [answering.LOW]
    assert await rows(asking_shop.store, select(NoticeRow.subject_id).where(NoticeRow.kind == "rating")) == [number]
    [(rep, state)] = await rows(asking_shop.store, select(Task.rep_id, Task.state).where(Task.kind == "call"))
    assert (rep, state) == (asking_shop.rep.id, "open")
    await hear(asking_shop.store, asking_shop.company, said(7, "ann", "The table wobbles", at=NOON + HOUR), now=NOON + HOUR)
    await asking_shop.do(lambda s: answering.listen(s, asking_shop.company, now=NOON + HOUR))
    assert await asking_shop.score() == (2, "The table wobbles")
    await hear(asking_shop.store, asking_shop.company, said(8, "ann", "Hello?", at=NOON + HOUR), now=NOON + HOUR)
    await asking_shop.do(lambda s: answering.listen(s, asking_shop.company, now=NOON + HOUR))
    assert await asking_shop.score() == (2, "The table wobbles")


async def test_who_thinks_better_of_it_is_taken_at_their_word(asking_shop: Asking) -> None:
    number = await asking_shop.close()
    await asking_shop.press(f"rate:{number}:1")
    await asking_shop.press(f"rate:{number}:5")
    assert (await asking_shop.score())[0] == 5  # type: ignore[index]
    assert await rows(asking_shop.store, select(Task.state).where(Task.kind == "call")) == ["dropped"]
    await asking_shop.press(f"rate:{number}:1")
    assert await rows(asking_shop.store, select(Task.state).where(Task.kind == "call")) == ["open"]
    await asking_shop.press(f"rate:{number}:4", now=NOON + 2 * DAY)
    assert (await asking_shop.score())[0] == 1  # type: ignore[index]


@pytest.mark.parametrize("value", ["6", "0", "-1", "x", "", "1:1", "99999999999999999999", "²"])
async def test_what_was_never_a_choice_changes_nothing(asking_shop: Asking, value: str) -> None:
    number = await asking_shop.close()
    await asking_shop.press(f"rate:{number}:{value}")
    assert await asking_shop.score() == (None, "")
    assert await asking_shop.answers() == [answering.OVER]


async def test_nobody_answers_for_another(asking_shop: Asking) -> None:
    number = await asking_shop.close()
    await hear(asking_shop.store, asking_shop.company, said(9, "bob"))
    [bob] = await rows(asking_shop.store, select(Contact.id).where(Contact.platform_name == "Bob"))
    [talk] = await rows(asking_shop.store, select(Conversation.id).where(Conversation.address == "bob"))

    def press(session: Session, detail: str) -> None:
        from crm.conversations.pressing import Press

        PRESSED["rate"](session, Press(talk, "fake", "bob", bob, bob, "en", detail, f"pressed:{detail}", NOON), asking_shop.company)

    await asking_shop.do(lambda s: press(s, f"{number}:1"))
    [project] = await rows(asking_shop.store, select(Project.id))
    await asking_shop.do(lambda s: press(s, f"how:{project}"))
    assert await asking_shop.score() == (None, "")
    assert await asking_shop.answers() == [answering.OVER, answering.OVER]


@pytest.mark.parametrize(("text", "score"), [("4", 4), (" 5/5! ", 5), ("9", None), ("4 tables please", None)])
async def test_where_there_are_no_buttons_a_number_will_do(asking_shop: Asking, text: str, score: int | None) -> None:
    await asking_shop.close()
    await hear(asking_shop.store, asking_shop.company, said(7, "ann", text, at=NOON + HOUR), now=NOON + HOUR)
    await asking_shop.do(lambda s: answering.listen(s, asking_shop.company, now=NOON + HOUR))
    assert await asking_shop.score() == (score, "")


async def test_a_day_later_a_word_is_just_a_word(asking_shop: Asking) -> None:
    await asking_shop.close()
    later = NOON + DAY + HOUR
    await hear(asking_shop.store, asking_shop.company, said(7, "ann", "4", at=later), now=later)
    await asking_shop.do(lambda s: answering.listen(s, asking_shop.company, now=later))
    assert await asking_shop.score() == (None, "")


async def test_who_wants_no_letters_is_not_asked(asking_shop: Asking) -> None:
    await asking_shop.win()
    [number] = await rows(asking_shop.store, select(Project.id))

    def hush(session: Session) -> None:
        person = session.scalars(select(Contact.id)).one()
        consents.answer(session, Customer(person), person, consents.SERVICE, False, shown="", source="test", now=NOON)

    await asking_shop.do(hush)
    await asking_shop.do(lambda s: closing.close(s, asking_shop.rep, number, asking_shop.company, now=NOON))
    assert await rows(asking_shop.store, select(Rating.id)) == []


async def test_whether_they_recommend_us_is_asked_a_fortnight_later_and_once_a_quarter(asking_shop: Asking) -> None:
    await asking_shop.close()
    due = NOON + closing.RECOMMEND_AFTER
    assert await asking_shop.do(lambda s: asking.recommend_due(s, asking_shop.company, now=due - 1)) == 0
    assert await asking_shop.do(lambda s: asking.recommend_due(s, asking_shop.company, now=due)) == 1
    assert await rows(asking_shop.store, select(Rating.kind).order_by(Rating.id)) == ["csat", "nps"]
    [(ann, rep)] = await rows(asking_shop.store, select(Project.contact_id, Project.rep_id))

    async def again(subject: int, at: int) -> bool:
        asked = Asked(ann, "project", subject, rep)
        return await asking_shop.do(lambda s: asking.ask_recommend(s, asked, asking_shop.company, now=at)) is not None

    assert not await again(77, due + 89 * DAY)
    assert await again(78, due + 91 * DAY)


@pytest.mark.parametrize("scores", [CSAT_SCORES, NPS_SCORES])
def test_where_choices_are_numbered_each_number_is_its_own_score(scores: range) -> None:
    lines = numbered(Say("?", buttons=asking._buttons(1, scores))).text.splitlines()[1:]
    assert all(line.split()[0] == f"{line.split()[1]}." for line in lines if line.split()[1] != "0")
    assert len(lines) == len(scores)


async def test_never_two_questions_at_once(asking_shop: Asking) -> None:
    await asking_shop.close()
    [ann] = await rows(asking_shop.store, select(Project.contact_id))
    asked = Asked(ann, "project", 5, None)
    assert await asking_shop.do(lambda s: asking.ask_recommend(s, asked, asking_shop.company, now=NOON + DAY)) is None


async def test_a_closed_conversation_asks_only_where_the_firm_says_so(asking_shop: Asking) -> None:
    boss = await hire(asking_shop.store, "mariam", Role.MANAGER)
    with pytest.raises(Forbidden):
        await asking_shop.do(lambda s: asking.switch(s, asking_shop.rep, Switch.TALK, True, now=NOON))
    [talk] = await rows(asking_shop.store, select(Conversation.id))
    for on, questions in ((False, 0), (True, 1), (True, 1)):
        await asking_shop.do(lambda s, on=on: asking.switch(s, boss, Switch.TALK, on, now=NOON))  # type: ignore[misc]
        await asking_shop.do(lambda s: assign.reopen(s, asking_shop.rep, talk, now=NOON))
        await asking_shop.do(lambda s: assign.close(s, asking_shop.rep, talk, now=NOON))
        await asking_shop.follow()
        assert len(await rows(asking_shop.store, select(Rating.id).where(Rating.about == "conversation"))) == questions


async def test_how_it_is_going_is_answered_by_a_button(asking_shop: Asking) -> None:
    await asking_shop.win()
    [number] = await rows(asking_shop.store, select(Project.id))
    await asking_shop.press(f"rate:how:{number}")
    [told] = await asking_shop.answers()
    assert "0 of 3 steps are done." in told
    assert await rows(asking_shop.store, select(Conversation.status)) == ["open"]


async def test_the_figures_are_of_the_work_one_sees(asking_shop: Asking) -> None:
    number = await asking_shop.close()
    await asking_shop.press(f"rate:{number}:5")
    other, boss = await hire(asking_shop.store, "nare"), await hire(asking_shop.store, "mariam", Role.MANAGER)
    mine = await asking_shop.do(lambda s: ratings.figures(s, asking_shop.rep, since=0))
    assert (mine.projects.n, mine.projects.good, mine.asked) == (1, 1, 1)
    assert (await asking_shop.do(lambda s: ratings.figures(s, boss, since=0))).projects.n == 1
    assert (await asking_shop.do(lambda s: ratings.figures(s, other, since=0))).projects.n == 0
    [said_one] = await asking_shop.do(lambda s: ratings.latest(s, boss))
    assert (said_one.score, said_one.name, said_one.who) == (5, "Ann", "Tigran")
    await asking_shop.do(lambda s: s.execute(update(Rating).values(rep_id=None)))
    assert (await asking_shop.do(lambda s: ratings.figures(s, other, since=0))).projects.n == 1
