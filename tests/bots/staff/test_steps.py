"""The second look as it is lived: what was written leaves the chat and the bytes whatever comes of it; a second manager reads what they agree to."""

import json

import pytest
from sqlalchemy import select

from crm.base.actors import Role
from crm.base.db import Session
from crm.base.settings import Company
from crm.inbox.log import RawBody
from crm.inbox.scrub import scrub
from crm.outbox.steps import ask_second
from crm.people import reps, steps
from crm.people.reps import Member
from crm.people.steps import What
from tests.bots.staff.firm import ask, firm, label, labels, press
from tests.bots.staff.office import Office
from tests.bots.staff.test_team import member, promote, show_pin, staffed, words

PIN = "739164"


@pytest.fixture
def company() -> Company:
    return firm()


async def bodies(office: Office) -> list[bytes]:
    return await office.store.read(lambda s: [bytes(one) for one in s.scalars(select(RawBody.body))])


async def gone(office: Office, secret: str = PIN) -> bool:
    """Whether a secret is nowhere: neither in the chat nor in what is kept, every byte of which still is JSON."""
    kept = [json.loads(body) for body in await bodies(office)]
    return secret not in str(kept) and not [one for one in await office.chat("mariam") if secret in str(one["text"])]


async def test_a_right_pin_leaves_the_chat_while_it_is_locked(office: Office) -> None:
    await staffed(office)
    for said in ("/pin", PIN, "/pin", *(f"55512{place}" for place in range(5)), PIN, "/pin", PIN):
        await ask(office, "mariam", said)
    assert await gone(office)


@pytest.mark.parametrize("poor", ["123456", "7391649999", "739x64"])
async def test_a_pin_that_is_refused_leaves_the_chat(office: Office, poor: str) -> None:
    await staffed(office)
    await ask(office, "mariam", "/pin")
    said = await ask(office, "mariam", poor)
    assert await gone(office, poor)
    assert "four to eight digits" in words(said)
    assert labels(said) == ["Cancel"]
    assert "Your PIN is kept." in words(await ask(office, "mariam", PIN))


async def test_a_pin_in_two_lines_is_scrubbed(office: Office) -> None:
    await staffed(office)
    await ask(office, "mariam", "/pin")
    await ask(office, "mariam", "73\n9164")
    assert "Your PIN is kept." in words(await office.last("mariam"))
    assert await gone(office, "9164")


@pytest.mark.parametrize("said", [f"/pin {PIN}", f"/pin\n{PIN}"])
async def test_a_pin_behind_the_command_is_not_taken_and_leaves_the_chat(office: Office, said: str) -> None:
    await staffed(office)
    assert "send /pin alone" in words(await ask(office, "mariam", said))
    assert await gone(office)
    assert await office.store.read(lambda s: list(s.scalars(select(steps.Pin.id)))) == []


async def test_only_what_was_typed_is_scrubbed(office: Office) -> None:
    """A PIN may stand in a chat's number, too."""
    await staffed(office)
    address = await office.store.read(lambda s: s.scalars(select(Member.address).where(Member.name == "Mariam")).one())
    newest = await office.store.read(lambda s: s.scalars(select(RawBody.event_id).order_by(RawBody.event_id.desc()).limit(1)).one())
    said = {"message": {"chat": {"id": int(address)}, "text": f"my {address[-4:]}"}}
    await office.store.write(lambda s: setattr(s.scalars(select(RawBody).where(RawBody.event_id == newest)).one(), "body", json.dumps(said).encode()))
    await office.store.write(lambda s: scrub(s, newest, address[-4:]))
    kept = await office.store.read(lambda s: s.scalars(select(RawBody.body).where(RawBody.event_id == newest)).one())
    assert json.loads(kept) == {"message": {"chat": {"id": int(address)}, "text": "my ••••"}}


async def test_whom_a_colleague_let_in_hears_from_when_their_pin_counts(office: Office) -> None:
    await staffed(office)
    zara = await office.member("zara", Role.MANAGER)

    def by_a_colleague(session: Session) -> None:
        boss = session.scalars(select(Member.id).where(Member.name == "Mariam")).one()
        session.scalars(select(reps.Invite).where(reps.Invite.used_by == zara.id)).one().issued_by = boss

    await office.store.write(by_a_colleague)
    page = await ask(office, "zara", "/team")
    page = await press(office, "zara", page, label(page, "Ruben"))
    roles = await press(office, "zara", page, "Another role")
    await press(office, "zara", roles, "Make a trainee")
    await show_pin(office, "zara", fresh=True)
    answer = await office.last("zara")
    assert "Your PIN is new and counts from" in words(answer)
    assert "Ask a second manager" in labels(answer)
    await press(office, "zara", answer, "Ask a second manager")
    assert "Zara wants to make Ruben a trainee." in words(await office.find("mariam", "wants to make"))


async def test_a_forgotten_pin_is_taken_away_by_a_colleague_after_a_second_look(office: Office) -> None:
    await staffed(office)
    await office.member("zara", Role.MANAGER)
    await ask(office, "zara", "/pin")
    await ask(office, "zara", PIN)
    await press(office, "mariam", await member(office, "Zara"), "Forget their PIN")
    await show_pin(office, "mariam", fresh=True)
    page = await press(office, "mariam", await office.last("mariam"), "Do it now")
    assert "Forget their PIN" not in labels(page)
    assert "Choose another one with /pin" in words(await office.last("zara"))
    assert "Forget their PIN" not in labels(await member(office, "Ruben"))


async def test_a_second_manager_reads_which_deed_it_is(office: Office) -> None:
    await staffed(office)
    await office.member("zara", Role.MANAGER)
    await promote(office, "Ruben", "Make a trainee")
    await ask(office, "mariam", "/invite manager")
    boss = await office.store.read(lambda s: s.scalars(select(Member.id).where(Member.name == "Mariam")).one())
    about = [(What.ROLE, "invite:manager", "Mariam wants to invite somebody as manager."), (What.EXPORT, "everything", "take the firm's data out")]
    about += [(What.ERASE, "1", "erase all data of"), (What.EXPORT, "contact 1", "everything known of"), (What.SEND, "9:0:700", "campaign 9 to 700 people")]
    actor = next(one for one in await office.store.read(lambda s: reps.reps(s)) if one.id == boss)
    for what, deed, said in about:
        await office.store.write(lambda s, what=what, deed=deed: ask_second(s, actor, what, deed, now=office.now()))  # type: ignore[misc]
        await office.show()
        assert said in words(await office.last("zara"))
