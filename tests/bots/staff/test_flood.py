"""A customer who writes on and on: twenty posts, then one that counts, and the rest as pages; nobody else's card waits."""

import pytest
from sqlalchemy import delete, select

from bots.staff.notices import STALE_CARD
from crm.base.actors import Role
from crm.base.db import Session
from crm.conversations.rest import POSTED
from crm.conversations.talk import reply
from crm.conversations.threads import Conversation, Message
from crm.inbox.log import keep
from crm.inbox.process import Rules, read, step
from crm.outbox.deliveries import Delivery
from crm.outbox.notices import Notice, NoticeKind, NoticeRow, tell
from crm.people.reps import reps
from tests.bots.staff.firm import labels
from tests.bots.staff.office import Office, parse, silent


def plain(message: dict[str, object]) -> str:
    return str(message["text"]).replace("\u2068", "").replace("\u2069", "")


async def flood(office: Office, lines: int, *, first: int = 0, tail: str = "") -> None:
    """The customer writes many lines, one batch takes them all, and the staff is shown them."""
    await pour(office, lines, first=first, tail=tail)
    await calm(office)


async def pour(office: Office, lines: int, *, first: int = 0, tail: str = "") -> None:
    """The customer writes many lines, and one batch takes them all; nothing is shown yet."""
    events = [office.written(f"line {number}{tail}") for number in range(first, first + lines)]
    await office.store.gather(keep, events)
    rules, now = Rules(silent, office.company, limit=1000), office.now()
    batch = await office.store.write(lambda s: step(s, (), rules, now=now))
    heard = read(batch, parse)
    await office.store.write(lambda s: step(s, heard, rules, now=now))


async def answer(office: Office, text: str) -> None:
    """The holder answers from a page that shows everything."""

    def say(session: Session) -> int:
        conversation = session.query(Conversation).one()
        [ruben] = [rep for rep in reps(session) if rep.id == conversation.rep_id]
        return reply(session, ruben, conversation.id, text, once=text, now=office.now())

    await office.store.write(say)


async def calm(office: Office) -> None:
    """Everything is shown, a chat taking one post a second."""
    while await office.store.read(lambda s: s.query(Delivery).filter_by(account="staff", state="queued").count() + s.query(NoticeRow).count()):
        await office.show()


async def taken(office: Office) -> None:
    """A rep has a conversation whose card has shown all of it."""
    await office.member("ruben")
    await office.letter("Do you have tables?")
    await office.show()
    await office.press("ruben", await office.find("ruben", "Do you have tables?"), "Take")


async def lines_of(office: Office) -> list[str]:
    """The lines of the flood that were posted one by one."""
    return [
        text.rpartition("\n")[2].strip("\u2068\u2069")
        for text in await office.posts("ruben")
        if text.startswith("\u2068Ann Lee\u2069:\n\u2068line") and "\n\n" not in text
    ]


async def counts(office: Office, person: str = "ruben") -> list[str]:
    """The posts that count, as they stand."""
    return [plain({"text": text}) for text in await office.posts(person) if "has written" in text]


async def pages(office: Office, person: str = "ruben") -> list[str]:
    """What a member reads who presses "Show the rest" until there is no more, post by post."""
    before, page = len(await office.posts(person)), await office.find(person, "has written")
    while "Show the rest" in labels(page):
        await office.press(person, page, "Show the rest")
        page = await office.last(person)
    return [plain({"text": text}) for text in (await office.posts(person))[before:]]


def lines_in(posts: list[str]) -> list[str]:
    """The lines of the flood in some posts."""
    return [line for text in posts for line in text.splitlines() if line.startswith("line")]


async def left(office: Office) -> int:
    return await office.store.read(lambda s: s.scalar(select(Conversation.unread)) or 0)


async def test_five_hundred_lines_are_twenty_posts_and_a_count(office: Office) -> None:
    await taken(office)
    await flood(office, 500)
    assert await lines_of(office) == [f"line {number}" for number in range(POSTED)]
    more = await office.find("ruben", "has written")
    assert plain(more) == "Ann Lee has written 480 more messages."
    assert labels(more) == ["Show the rest"]
    card = await office.find("ruben", "Yours")
    assert "… and 480 more messages" in plain(card)
    assert labels(card)[0] == "Show the rest"


async def test_the_count_grows_in_one_post(office: Office) -> None:
    await taken(office)
    await flood(office, POSTED + 1)
    posts = len(await office.posts("ruben"))
    await flood(office, 9, first=POSTED + 1)
    assert len(await office.posts("ruben")) == posts
    assert plain(await office.find("ruben", "has written")) == "Ann Lee has written 10 more messages."


async def test_the_rest_comes_as_pages_in_order_and_then_lines_are_posts_again(office: Office) -> None:
    await taken(office)
    await flood(office, 65)
    seen: list[str] = []
    page = await office.find("ruben", "has written")
    for _ in range(3):
        await office.press("ruben", page, "Show the rest")
        page = await office.find("ruben", "line")
        seen += [word for word in plain(page).splitlines() if word.startswith("line")]
    assert seen == [f"line {number}" for number in range(POSTED, 65)]
    assert plain(page).endswith("That is everything.")
    assert labels(page) == []
    assert await left(office) == 0
    await flood(office, 1, first=65)
    assert (await lines_of(office))[-1] == "line 65"


async def test_an_answer_begins_the_count_anew(office: Office) -> None:
    await taken(office)
    await flood(office, 30)
    more = await office.find("ruben", "has written")
    await office.say("ruben", "One at a time, please", reply_to=more["message_id"])
    await office.settle()
    assert office.letters.texts == ["One at a time, please"]
    await flood(office, 1, first=30)
    assert (await lines_of(office))[-1] == "line 30"


async def test_an_answer_in_between_hides_nothing_of_the_rest(office: Office) -> None:
    await taken(office)
    await flood(office, 65)
    more = await office.find("ruben", "has written")
    await office.say("ruben", "One moment", reply_to=more["message_id"])
    await office.settle()
    assert office.letters.texts == ["One moment"]
    read = await pages(office)
    assert lines_in(read) == [f"line {number}" for number in range(POSTED, 65)]
    assert read[-1].endswith("That is everything.")


async def test_an_answer_before_the_count_is_shown_hides_nothing_of_the_rest(office: Office) -> None:
    await taken(office)
    await pour(office, 65)
    await answer(office, "One moment")
    await calm(office)
    assert await lines_of(office) == [f"line {number}" for number in range(POSTED)]
    assert await counts(office) == ["Ann Lee has written 45 more messages."]
    assert lines_in(await pages(office)) == [f"line {number}" for number in range(POSTED, 65)]


async def test_two_floods_with_an_answer_between_them_are_two_counts(office: Office) -> None:
    await taken(office)
    await pour(office, 30)
    await answer(office, "One moment")
    await pour(office, 10, first=30)
    await pour(office, 25, first=40)
    await calm(office)
    posted = [*range(POSTED), *range(30, 30 + POSTED)]
    assert await lines_of(office) == [f"line {number}" for number in posted]
    assert await counts(office) == ["Ann Lee has written 45 more messages.", "Ann Lee has written 15 more messages."]


async def test_a_count_that_grew_before_it_was_shown_is_one_post(office: Office) -> None:
    await taken(office)
    for first in range(0, 60, 15):
        await pour(office, 15, first=first)
    await calm(office)
    assert await counts(office) == ["Ann Lee has written 40 more messages."]


async def test_closing_hides_nothing_of_the_rest(office: Office) -> None:
    await taken(office)
    await flood(office, 30)
    await office.press("ruben", await office.find("ruben", "Yours"), "Close")
    assert await left(office) == 0
    assert lines_in(await pages(office)) == [f"line {number}" for number in range(POSTED, 30)]


async def test_reading_an_older_rest_leaves_what_was_posted_since_counted(office: Office) -> None:
    await taken(office)
    await flood(office, 60)
    old = await office.find("ruben", "has written")
    await office.say("ruben", "One moment", reply_to=old["message_id"])
    await office.settle()
    await flood(office, 3, first=60)
    await office.press("ruben", old, "Show the rest")
    assert plain(await office.last("ruben")).endswith("23 more messages follow.")
    assert await left(office) == 3


@pytest.mark.parametrize("letter", ["x", "\U0001f347"])
async def test_long_messages_make_more_pages_and_no_word_is_lost(office: Office, letter: str) -> None:
    await taken(office)
    tail = " " + letter * 800
    await flood(office, 30, tail=tail)
    read = await pages(office)
    assert lines_in(read) == [f"line {number}{tail}" for number in range(POSTED, 30)]
    assert len(read) > 1
    assert read[-1].endswith("That is everything.")


async def test_a_message_longer_than_a_page_is_read_to_its_end(office: Office) -> None:
    await taken(office)
    await flood(office, POSTED)
    await flood(office, 2, first=POSTED, tail=" word" * 1500)
    assert " ".join(await pages(office)).split().count("word") == 3000


async def test_the_count_is_said_aloud_again_after_a_while(office: Office) -> None:
    await taken(office)
    await flood(office, POSTED + 1)
    office.ahead += 2 * STALE_CARD
    await flood(office, 1, first=POSTED + 1)
    assert await counts(office) == ["Ann Lee has written 1 more message.", "Ann Lee has written 2 more messages."]
    await flood(office, 1, first=POSTED + 2)
    assert await counts(office) == ["Ann Lee has written 1 more message.", "Ann Lee has written 3 more messages."]


async def test_managers_hear_the_count_for_a_rep_who_went_off_duty_and_read_along(office: Office) -> None:
    await taken(office)
    await office.member("mariam", Role.MANAGER)
    await office.say("ruben", "/available")
    await office.settle()
    await flood(office, 30)
    for person in ("ruben", "mariam"):
        assert await counts(office, person) == ["Ann Lee has written 10 more messages."]
    assert lines_in(await pages(office, "mariam")) == [f"line {number}" for number in range(POSTED, 30)]
    assert await left(office) == 30


async def test_who_answers_the_count_has_not_seen_what_it_counts(office: Office) -> None:
    await taken(office)
    await flood(office, 30)
    more = await office.find("ruben", "has written")
    first = select(Message.id).where(Message.text == f"line {POSTED}").scalar_subquery()
    # As if the card, which shows the newest lines, were not drawn again yet.
    await office.store.write(lambda s: s.execute(delete(Delivery).where(Delivery.desk == 1, Delivery.message_id >= first)))
    await office.say("ruben", "Yes, we do", reply_to=more["message_id"])
    await office.settle()
    asked = await office.last("ruben")
    assert plain(asked).startswith("Not sent: Ann Lee wrote more before you answered.")
    assert lines_in([plain(asked)]) == [f"line {number}" for number in range(POSTED, POSTED + 5)]
    assert plain(asked).endswith("… and 5 more messages")
    await office.press("ruben", asked, "Show the rest")
    assert lines_in([plain(await office.find("ruben", "That is everything."))]) == [f"line {number}" for number in range(POSTED + 5, 30)]
    await office.press("ruben", asked, "Send anyway")
    assert office.letters.texts == ["Yes, we do"]


async def test_only_whoever_has_the_conversation_reads_on(office: Office) -> None:
    await taken(office)
    await flood(office, 30)
    old = await office.find("ruben", "has written")
    await office.press("ruben", await office.find("ruben", "Yours"), "Hand back")
    before = len(await office.posts("ruben"))
    await office.press("ruben", old, "Show the rest")
    assert len(await office.posts("ruben")) == before
    assert await left(office) == 30


async def test_what_was_said_before_somebody_took_it_counts_for_nothing(office: Office) -> None:
    await office.member("ruben")
    await office.letter("Do you have tables?")
    await flood(office, 40)
    await office.press("ruben", await office.find("ruben", "line 39"), "Take")
    await flood(office, 1, first=40)
    assert await lines_of(office) == ["line 40"]


async def test_who_takes_over_in_a_flood_reads_all_that_was_not_answered(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await taken(office)
    await flood(office, 30)
    await office.press("mariam", await office.find("mariam", "Taken by"), "Take over")
    await calm(office)
    assert await counts(office, "mariam") == ["Ann Lee has written 30 more messages."]
    assert lines_in(await pages(office, "mariam")) == [f"line {number}" for number in range(30)]


async def test_files_beyond_the_posts_come_with_their_page(office: Office) -> None:
    await taken(office)
    await flood(office, POSTED)
    await office.letter("look", photo=True)
    await office.show()
    await office.press("ruben", await office.find("ruben", "has written"), "Show the rest")
    await office.show()
    assert plain(await office.find("ruben", "That is everything.")).startswith("Ann Lee:\nlook")


async def test_one_message_changed_again_and_again_is_one_post(office: Office) -> None:
    await taken(office)
    for number in range(5):

        def change(session: Session, number: int = number) -> None:
            message = session.query(Message).one()
            message.text = f"version {number}"
            tell(session, [Notice(NoticeKind.EDITED, message.id, f"edited:{message.id}:{number}")], now=office.now())

        await office.store.write(change)
        await calm(office)
    assert [text.rpartition("\n")[2] for text in await office.posts("ruben") if "changed a message" in text] == ["\u2068version 4\u2069"]
