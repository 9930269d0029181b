"""At the staff's hands: the file for whoever helps, and the week in numbers with the way to have no more of it."""

from pathlib import Path

import pytest

from crm.base.actors import Rep, Role, System
from crm.base.db import Session
from crm.base.outbound import Health
from crm.base.time import DAY
from crm.conversations.threads import Conversation
from crm.exchange.works import Exchange
from crm.outbox.drain import Drain
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people.reps import Member
from crm.sales import ladder, tasks
from crm.sales.tasks import Duty, TaskKind
from crm.tables import TABLES
from scheduler.works import work_once
from tests.bots.staff.firm import ask, firm, labels
from tests.bots.staff.office import Office, no_media


async def work(office: Office, folder: Path) -> None:
    """Long works are done, and what they made is sent."""
    exchange = Exchange(office.store, folder, office.company, office.now, TABLES)
    while await work_once(office.store, exchange, "here", office.now):
        pass
    office._drains[1] = Drain(office.store, office.staff.carrier, exchange.opening(no_media), node="test", clock=office.now)
    await office.show()


async def week_comes(office: Office, rep: Rep) -> None:
    """A week later, when the firm opens."""
    office.ahead += 7 * DAY
    await office.store.write(lambda session: tell(session, [Notice(NoticeKind.WEEK, rep.id, f"week:{rep.id}")], now=office.now()))
    await office.show()


async def test_a_manager_gets_the_file_as_a_document_and_a_rep_does_not(office: Office, tmp_path: Path) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.member("ruben")
    await office.letter("Do you have oak tables?")
    office.staff.channels = {"letters": Health(False, "password sesame is wrong"), "backup": Health(True, "fine")}
    assert "It is being made" in str((await ask(office, "mariam", "/support"))["text"])
    assert "It is being made" not in str((await ask(office, "ruben", "/support"))["text"])
    await work(office, tmp_path)
    sent = await office.find("mariam", "No names, messages or passwords are in it")
    assert "support-" in str(sent)
    [file] = [one for one in (tmp_path / "exports").iterdir() if one.is_file()]
    words = file.read_text("utf-8")
    assert "backup: well" in words
    assert "other: NOT WELL" in words
    assert not [one for one in ("oak", "Ann", "sesame", "Mariam", str(tmp_path)) if one in words]


@pytest.fixture
async def busy(office: Office) -> Rep:
    """Ruben, whose customer Ann he was reminded of, and who became a lead by herself."""
    office.company = firm()
    await office.member("mariam", Role.MANAGER)
    ruben = await office.member("ruben")
    await office.letter("Do you have oak tables?")

    def deed(session: Session) -> None:
        talk = session.query(Conversation).one()
        tasks.add_task(session, System("test"), talk.id, Duty(TaskKind.CALL, office.now(), rep_id=ruben.id), now=office.now())
        ladder.remind(session, now=office.now())

    await office.store.write(deed)
    await office.show()
    return ruben


async def test_the_week_comes_without_a_sound_and_says_what_was_done(office: Office, busy: Rep) -> None:
    await week_comes(office, busy)
    post = await office.last("ruben")
    assert str(post["text"]) == "📬 Last week I did this for you:\n· 1 reminder"
    assert labels(post) == ["No more of these"]
    sent = (await office.hands.log(bot="staff", method="sendMessage"))[-1]["parameters"]
    assert str(sent.get("disable_notification")).lower() == "true"


async def test_a_manager_reads_the_sums_of_the_firm_and_of_nothing_nothing_is_said(office: Office, busy: Rep) -> None:
    mariam = await office.store.read(lambda session: session.query(Member.id).filter_by(name="Mariam").scalar())
    before = len(await office.posts("mariam"))
    await office.store.write(lambda session: tell(session, [Notice(NoticeKind.WEEK, mariam, "week:now")], now=office.now()))
    await office.show()
    assert len(await office.posts("mariam")) == before
    office.ahead += 7 * DAY
    await office.store.write(lambda session: tell(session, [Notice(NoticeKind.WEEK, mariam, "week:then")], now=office.now()))
    await office.show()
    assert str((await office.last("mariam"))["text"]).splitlines() == ["📬 Last week I did this for the firm:", "· 1 lead opened", "· 1 reminder"]


async def test_it_is_switched_off_under_the_post_and_on_again_in_the_settings(office: Office, busy: Rep) -> None:
    async def wanted() -> int:
        return int(await office.store.read(lambda session: session.get_one(Member, busy.id).weekly))

    await week_comes(office, busy)
    await office.press("ruben", await office.last("ruben"), "No more of these")
    assert await wanted() == 0
    assert "The weekly summary is off." in str((await office.last("ruben"))["text"])
    await office.press("ruben", await ask(office, "ruben", "/day"), "⚙️ My settings")
    post = await office.last("ruben")
    assert labels(post) == ["Only when I ask", "Tell me every week", "🌍 My time zone"]
    await office.press("ruben", post, "Tell me every week")
    assert await wanted() == 1
    assert "No weekly summary" in labels(await office.last("ruben"))
