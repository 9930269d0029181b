"""Logging in to the web inbox: links that work once, sessions that end at once."""

import asyncio
import stat
from pathlib import Path

import pytest
from sqlalchemy import select

from crm.base.actors import Rep, Role, System
from crm.base.db import Store
from crm.base.errors import Expired, Forbidden, NotFound
from crm.base.history import DomainEvent
from crm.base.time import DAY, MINUTE
from crm.people import logins
from crm.people.logins import LOGIN_MS, SESSION_MS, Letterbox, Login, WebSession
from crm.people.reps import Member, invite, join
from tests.conftest import NOON
from tests.crm.fake import counts, fire, hire, rows


async def link(store: Store, rep: Rep, secret: str = "s", now: int = NOON) -> None:
    await store.write(lambda session: logins.issue(session, rep, rep.id, secret, now=now))


async def log_in(store: Store, secret: str = "s", key: str = "k", *, now: int = NOON, before: str = "") -> Rep:
    return await store.write(lambda session: logins.log_in(session, secret, key, agent="Firefox\n\u202e", now=now, before=before))


async def enter(store: Store, key: str = "k", now: int = NOON) -> Rep:
    return (await store.read(lambda session: logins.enter(session, key, now=now))).rep


async def inside(store: Store, name: str = "tigran", key: str = "k") -> Rep:
    """A member with an open session."""
    rep = await hire(store, name)
    await link(store, rep, f"link to {key}")
    await log_in(store, f"link to {key}", key)
    return rep


async def promote(store: Store, rep: Rep, role: Role, now: int) -> None:
    """A member takes another role by an invitation."""
    secret = f"{role} {now}"
    await store.write(lambda session: invite(session, System("test"), role, secret, now=now))
    await store.write(lambda session: join(session, secret, address=rep.address, name=rep.name, language="en", now=now))


async def test_a_link_opens_a_session_for_its_member(store: Store) -> None:
    rep = await hire(store)
    await link(store, rep)
    assert await log_in(store) == rep
    assert await enter(store) == rep
    kinds = await rows(store, select(DomainEvent.kind).where(DomainEvent.kind.startswith("web_")).order_by(DomainEvent.id))
    assert kinds == ["web_link", "web_login"]


async def test_of_fifty_who_use_one_link_one_gets_in(store: Store) -> None:
    await link(store, await hire(store))
    outcomes = await asyncio.gather(*(log_in(store, "s", f"key {n}") for n in range(50)), return_exceptions=True)
    assert sum(isinstance(outcome, Rep) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Expired) for outcome in outcomes) == 49
    assert await counts(store, WebSession) == {"web_sessions": 1}


async def test_a_link_dies_after_five_minutes(store: Store) -> None:
    await link(store, await hire(store))
    with pytest.raises(Expired):
        await log_in(store, now=NOON + LOGIN_MS)
    assert LOGIN_MS == 5 * MINUTE
    assert await counts(store, WebSession) == {"web_sessions": 0}


@pytest.mark.parametrize("guess", ["", "S", "s ", "\x00", "ս" * 200])
async def test_a_guess_opens_nothing(store: Store, guess: str) -> None:
    await link(store, await hire(store))
    with pytest.raises(Expired):
        await log_in(store, guess)
    with pytest.raises(Expired):
        await enter(store, guess)


async def test_secrets_are_never_stored(store: Store) -> None:
    rep = await hire(store)
    await link(store, rep, "the-link")
    await log_in(store, "the-link", "the-key")
    kept = [*await rows(store, select(Login.digest)), *await rows(store, select(WebSession.digest))]
    assert [len(word) for word in kept] == [64, 64]
    assert not {"the-link", "the-key"} & set(kept)


async def test_a_rep_makes_links_for_nobody_else(store: Store) -> None:
    rep, other = await hire(store), await hire(store, "ruben")
    with pytest.raises(Forbidden):
        await store.write(lambda session: logins.issue(session, rep, other.id, "s", now=NOON))
    await store.write(lambda session: logins.issue(session, System("console"), other.id, "s", now=NOON))
    assert await log_in(store) == other


async def test_who_has_left_gets_no_link_and_uses_none(store: Store) -> None:
    rep = await hire(store)
    await link(store, rep)
    await fire(store, rep)
    with pytest.raises(NotFound):
        await log_in(store)
    with pytest.raises(Forbidden):
        await link(store, rep, "another")


async def test_removal_ends_a_session_at_once(store: Store) -> None:
    rep = await inside(store)
    await fire(store, rep)
    with pytest.raises(Expired):
        await enter(store)


async def test_another_role_ends_a_session_at_once_and_coming_back_does_not_revive_it(store: Store) -> None:
    rep = await inside(store)
    await promote(store, rep, Role.MANAGER, NOON + 1)
    with pytest.raises(Expired):
        await enter(store, now=NOON + 2)
    await promote(store, rep, Role.REP, NOON + 3)
    with pytest.raises(Expired):
        await enter(store, now=NOON + 4)


async def test_a_deed_of_one_who_was_removed_meanwhile_is_refused_in_its_own_transaction(store: Store) -> None:
    rep = await inside(store)

    async def deed() -> object:
        return await store.write(lambda session: logins.enter(session, "k", now=NOON))

    await deed()
    await fire(store, rep)
    with pytest.raises(Expired):
        await deed()


async def test_a_session_lasts_from_its_last_use(store: Store) -> None:
    await inside(store)
    await store.write(lambda session: logins.slide(session, "k", now=NOON + 10 * DAY))
    await enter(store, now=NOON + 20 * DAY)
    with pytest.raises(Expired):
        await enter(store, now=NOON + 10 * DAY + SESSION_MS)


async def test_logging_in_again_ends_the_session_this_browser_had(store: Store) -> None:
    rep = await inside(store)
    await link(store, rep, "again")
    await log_in(store, "again", "new", before="k")
    await enter(store, "new")
    with pytest.raises(Expired):
        await enter(store, "k")


async def test_a_member_sees_and_ends_their_own_sessions_and_no_others(store: Store) -> None:
    rep = await inside(store, key="phone")
    other = await inside(store, "ruben", "laptop")
    [mine] = await store.read(lambda session: logins.browsers(session, rep, now=NOON))
    [theirs] = await store.read(lambda session: logins.browsers(session, other, now=NOON))
    assert (mine.agent, mine.created_at) == ("Firefox", NOON)
    assert await store.write(lambda session: logins.end(session, rep, [mine.id, theirs.id], now=NOON)) == 1
    await enter(store, "laptop")
    with pytest.raises(Expired):
        await enter(store, "phone")


async def test_the_same_form_is_done_once_and_other_members_have_their_own(store: Store) -> None:
    await inside(store, key="phone")
    await inside(store, "ruben", "laptop")

    async def first(key: str, form: str) -> bool:
        return await store.write(lambda session: logins.first_time(session, logins.enter(session, key, now=NOON), "take", form, now=NOON))

    assert sorted(await asyncio.gather(*(first("phone", "form-1") for _ in range(10)))) == [False] * 9 + [True]
    assert await first("laptop", "form-1")
    assert await first("phone", "form-2")


async def test_a_letter_lets_its_member_in_once(store: Store, tmp_path: Path) -> None:
    rep, box = await hire(store), Letterbox(tmp_path / "logins")
    box.drop("s", rep.id, now=NOON)
    letter = box.find("s", now=NOON)
    assert letter
    for _ in range(2):  # a crash between the commit and the removal of the file brings it again
        await store.write(lambda session: logins.accept(session, letter, "s"))
    await log_in(store)
    await store.write(lambda session: logins.accept(session, letter, "s"))
    with pytest.raises(Expired):
        await log_in(store, key="again")
    box.take("s")
    assert box.find("s", now=NOON) is None


def test_a_letterbox_tells_nothing_and_forgets_what_is_old(tmp_path: Path) -> None:
    folder = tmp_path / "logins"
    box = Letterbox(folder)
    box.drop("old", 1, now=NOON)
    box.drop("new", 1, now=NOON + LOGIN_MS)
    [kept] = folder.iterdir()
    assert "new" not in kept.name + kept.read_text()
    assert (stat.S_IMODE(folder.stat().st_mode), stat.S_IMODE(kept.stat().st_mode)) == (0o700, 0o600)
    assert box.find("old", now=NOON + LOGIN_MS) is None
    assert box.find("new", now=NOON + 2 * LOGIN_MS) is None


@pytest.mark.parametrize("words", ["", "{", "[]", '{"rep_id": "x", "expires_at": 1}', '{"rep_id": 1}', "ն"])
def test_a_letter_that_cannot_be_read_lets_nobody_in(tmp_path: Path, words: str) -> None:
    box = Letterbox(tmp_path)
    box.drop("s", 1, now=NOON)
    [path] = tmp_path.iterdir()
    path.write_text(words, encoding="utf-8")
    assert box.find("s", now=NOON) is None


async def test_a_link_that_was_made_twice_by_one_update_is_one(store: Store) -> None:
    rep = await hire(store)
    for _ in range(2):
        await link(store, rep)
    assert await counts(store, Login, Member) == {"logins": 1, "reps": 1}
