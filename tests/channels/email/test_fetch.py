"""Following a mailbox: each mail comes once, whatever the line, the numbers and the store do meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text

from channels.email.fetch import fingerprint
from channels.email.mail import Folder, Trouble
from crm.base.db import Store
from crm.base.events import Message, RawEvent
from sandbox.mail.world import SENT
from tests.channels.email.stand import SHOP, Recorder, Stand, digest, letter, standing


@pytest_asyncio.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    async with standing(tmp_path) as made:
        yield made


async def test_a_mail_that_waited_and_one_that_comes_are_both_kept(stand: Stand) -> None:
    stand.write("first")
    async with stand.listening():
        await stand.offsets.have(1)
        await stand.idle()
        stand.write("second")
        kept = await stand.offsets.have(2)
    assert [digest(event).text for event in kept] == ["first", "second"]


async def test_a_mail_is_a_message_of_its_author(stand: Stand) -> None:
    stand.write("How much is the red one?")
    async with stand.listening():
        kept = await stand.offsets.have(1)
    [message] = stand.parsed(kept)
    assert isinstance(message, Message)
    assert (message.sender.external_id, message.sender.name, message.subject) == ("anahit@home.example", "Anahit", "Wine")
    assert kept[0].lane == "email:anahit@home.example"


async def test_the_bytes_lie_in_the_folder_before_the_mail_is_kept(stand: Stand, tmp_path: Path) -> None:
    raw = stand.write("first")
    async with stand.listening():
        [kept] = await stand.offsets.have(1)
    assert (tmp_path / "mail" / f"{digest(kept).stored}.eml").read_bytes().endswith(raw)


@pytest.mark.parametrize("waiting", [1, 2])
async def test_a_mail_that_comes_while_others_are_fetched_does_not_wait_for_the_next_look(stand: Stand, waiting: int) -> None:
    class Meanwhile(Recorder):
        async def keep(self, name: str, offset: int, events: Sequence[RawEvent]) -> None:
            if events and not self.events:
                stand.write("meanwhile")
            await super().keep(name, offset, events)

    for number in range(waiting):
        stand.write(f"before {number}")
    stand.offsets = Meanwhile()
    async with stand.listening():
        kept = await stand.offsets.have(waiting + 1)
    assert digest(kept[-1]).text == "meanwhile"


async def test_the_store_keeps_each_mail_once_and_where_we_stand(stand: Stand, store: Store) -> None:
    from scheduler.offsets import StoredOffsets

    offsets, folder = StoredOffsets(store, {}), stand.box.folders["INBOX"]
    stand.write("first")
    for _ in range(2):
        stand.write("second")
        task = asyncio.create_task(stand.email.listen(offsets))
        async with asyncio.timeout(60):
            while await offsets.get(f"email:INBOX:{folder.validity}") < folder.next - 1 or await offsets.get("email:INBOX") != folder.validity:
                await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        folder.renumber()
    assert await store.read(lambda session: session.execute(text("SELECT count(*) FROM raw_events")).scalar()) == 2
    assert await store.read(lambda session: session.execute(text("SELECT coalesce(sum(amount), 0) FROM tallies WHERE kind = 'conflict'")).scalar()) == 0


async def test_nothing_is_marked_as_read(stand: Stand) -> None:
    stand.write("first")
    async with stand.listening():
        await stand.offsets.have(1)
    assert not any(one.flags for one in stand.world.letters(SHOP))


async def test_after_a_restart_only_what_is_new_comes(stand: Stand) -> None:
    stand.write("first")
    async with stand.listening():
        await stand.offsets.have(1)
    kept_once = dict(stand.offsets.events)
    stand.offsets.events.clear()
    stand.write("second")
    async with stand.listening():
        [second] = await stand.offsets.have(1)
    assert kept_once
    assert digest(second).text == "second"


async def test_a_mail_that_comes_twice_has_one_key(stand: Stand) -> None:
    raw = letter("first")
    for address in (SHOP, "sales+wine@shop.example"):
        stand.world.deliver("anahit@home.example", address, raw)
    stand.write("second")
    async with stand.listening():
        kept = await stand.offsets.have(2)
    assert [digest(event).text for event in kept] == ["first", "second"]


async def test_one_id_with_other_words_is_another_mail(stand: Stand) -> None:
    for words in ("first", "second"):
        stand.write(words, Message_ID="<always@home.example>")
    async with stand.listening():
        assert len(await stand.offsets.have(2)) == 2


def test_two_mails_without_an_id_and_a_date_are_two() -> None:
    head = b"From: scanner@shop.example\r\nReceived: by mx; at %d\r\n\r\n"
    assert fingerprint(head % 1 + b"page") != fingerprint(head % 2 + b"page")
    assert fingerprint(b"Message-ID: <a@b>\r\n" + head % 1 + b"page") == fingerprint(b"Message-ID: <a@b>\r\n" + head % 2 + b"page")


async def test_new_numbers_bring_nothing_twice_and_lose_nothing(stand: Stand) -> None:
    stand.write("first")
    async with stand.listening():
        await stand.offsets.have(1)
    stand.write("second")
    folder = stand.box.folders["INBOX"]
    folder.renumber()
    async with stand.listening():
        kept = await stand.offsets.have(2)
        await stand.offsets.stand_at("email:INBOX", folder.validity)
    assert [digest(event).text for event in kept] == ["first", "second"]
    assert len(stand.offsets.events) == 2


async def test_at_the_first_start_old_mail_is_left_alone(stand: Stand) -> None:
    stand.write("long ago")
    next(stand.world.letters(SHOP)).at -= 20 * 86_400
    stand.write("today")
    async with stand.listening():
        [kept] = await stand.offsets.have(1)
        await stand.idle()
    assert digest(kept).text == "today"
    assert stand.offsets.values[f"email:INBOX:{stand.box.folders['INBOX'].validity}"] == 2


async def test_a_line_that_breaks_while_waiting_is_made_anew(stand: Stand) -> None:
    async with stand.listening():
        await stand.idle()
        stand.world.cut()
        stand.write("after")
        [kept] = await stand.offsets.have(1)
    assert digest(kept).text == "after"


@pytest.mark.parametrize("place", ["greeting", "auth", "select", "fetch"])
@pytest.mark.parametrize("kind", ["refuse", "drop"])
async def test_what_goes_wrong_once_is_tried_again(stand: Stand, place: str, kind: str) -> None:
    stand.world.faults.add(kind, place)
    stand.write("first")
    async with stand.listening():
        [kept] = await stand.offsets.have(1)
    assert digest(kept).text == "first"


async def test_a_server_that_says_nothing_more_is_left_at_the_next_look(tmp_path: Path) -> None:
    async with standing(tmp_path, poll=0.1, answer=1.0) as stand:
        stand.world.faults.add("hang", "idle")
        async with stand.listening():
            await stand.idle()
            stand.write("after")
            assert await stand.offsets.have(1)


async def test_a_server_that_tells_nothing_by_itself_is_asked(tmp_path: Path) -> None:
    async with standing(tmp_path, poll=0.1) as stand:
        stand.world.tells = False
        async with stand.listening():
            for count in (1, 2):
                stand.write(f"mail {count}")
                assert len(await stand.offsets.have(count)) == count
        assert not stand.world.idling


async def test_a_disk_that_takes_nothing_leaves_the_mail_in_its_box(stand: Stand, tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("no folder")
    stand.write("first")
    async with stand.listening():
        async with asyncio.timeout(60):
            while "disk" not in (await stand.email.health()).words:
                await asyncio.sleep(0.01)
        assert not stand.offsets.events
        (tmp_path / "mail").unlink()
        assert await stand.offsets.have(1)


async def test_a_wrong_password_is_said_and_tried_on(stand: Stand) -> None:
    stand.box.password = "another"
    async with stand.listening():
        await stand.email.open()
        async with asyncio.timeout(60):
            while "password" not in (await stand.email.health()).words:
                await asyncio.sleep(0.01)
        stand.box.password = "secret"
        stand.write("first")
        assert await stand.offsets.have(1)


async def test_a_mail_the_server_never_gives_holds_up_no_other(stand: Stand) -> None:
    stand.write("never")
    stand.write("second")
    stand.world.faults.add("refuse", "fetch", count=3)
    async with stand.listening():
        kept = await stand.offsets.have(2)
    assert [digest(event).text for event in kept] == ["", "second"]
    assert digest(kept[0]).trouble is Trouble.DIED


async def test_a_full_house_makes_the_mail_wait_in_its_box(stand: Stand) -> None:
    stand.offsets.busy = 3
    stand.write("first")
    async with stand.listening():
        assert await stand.offsets.have(1)
    assert stand.offsets.busy == 0


async def test_of_a_mail_too_big_only_the_headers_are_taken(tmp_path: Path) -> None:
    async with standing(tmp_path, mail_size=2_000) as stand:
        stand.write("x" * 5_000)
        async with stand.listening():
            [kept] = await stand.offsets.have(1)
    mail = digest(kept)
    assert (mail.trouble, mail.subject, mail.text) == (Trouble.TOO_BIG, "Wine", "")
    assert mail.size > 5_000
    assert len(next((tmp_path / "mail").glob("*.eml")).read_bytes()) < 2_000


async def test_an_answer_given_elsewhere_is_read_from_sent(stand: Stand) -> None:
    stand.box.put(SENT, letter("We have it", to="anahit@home.example", sender=SHOP), stand.world.clock())
    async with stand.listening():
        [kept] = await stand.offsets.have(1)
    [message] = stand.parsed([kept])
    assert isinstance(message, Message)
    assert digest(kept).folder is Folder.SENT
    assert (message.echo, message.sender.external_id, message.text) == (True, "anahit@home.example", "We have it")


async def test_stopping_ends_a_wait_at_once(stand: Stand) -> None:
    async with stand.listening() as task:
        await stand.idle()
        task.cancel()
        _, late = await asyncio.wait([task], timeout=30)  # the wait itself would stand for five minutes
    assert not late


async def test_stopping_ends_a_login_that_hangs(stand: Stand) -> None:
    stand.world.faults.add("hang", "auth")
    async with stand.listening() as task:
        async with asyncio.timeout(60):
            while stand.world.faults.rules:
                await asyncio.sleep(0.01)
        task.cancel()
        _, late = await asyncio.wait([task], timeout=30)
    assert not late
