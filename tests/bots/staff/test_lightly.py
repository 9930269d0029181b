"""Dear data: who asks for it gets photos and files as a line with a button, everybody else gets them; and it is undone the same way."""

import pytest

from bots.staff.lightly import for_reader, line, size
from bots.staff.posts import Mail, Post
from crm.base.actors import Rep, Role
from crm.base.db import Session
from crm.base.events import MediaKind
from crm.base.i18n import translator
from crm.base.outbound import Media
from crm.base.settings import Company
from crm.conversations.threads import Attachment, MediaState
from tests.bots.staff.firm import Message, ask, firm, labels, press, toast
from tests.bots.staff.office import Office

PHOTO = Media(40, MediaKind.PHOTO, "cat.jpg", "image/jpeg", 1_300_000)


@pytest.fixture
def company() -> Company:
    return firm()


def mail(*, text_only: bool, post: Post) -> Mail:
    return Mail(Rep(1, Role.REP, "Ruben", "en", "77", text_only), post, "once")


@pytest.mark.parametrize(("count", "words"), [(0, ""), (1, "1 KB"), (2048, "2 KB"), (1_048_576, "1.0 MB"), (1_300_000, "1.2 MB")])
def test_a_size_is_said_in_round_numbers(count: int, words: str) -> None:
    assert size(translator("en"), count) == words


def test_a_file_becomes_a_line_for_who_wants_names_only() -> None:
    post = Post("Ann:", conversation_id=7, message_id=9, media=PHOTO)
    spared = for_reader(mail(text_only=True, post=post)).post
    assert (spared.media, spared.message_id) == (None, 9)
    assert spared.text == "Ann:\n📎 photo, \u2068cat.jpg\u2069, 1.2 MB"
    assert [key.label for row in spared.keys for key in row] == ["Show"]
    assert for_reader(mail(text_only=False, post=post)).post == post


def test_a_file_without_a_name_or_a_size_is_still_said() -> None:
    assert line(translator("en"), Media(1, MediaKind.VOICE, "", "", 0)) == "📎 voice message"


def test_words_stay_words() -> None:
    post = Post("Ann: hi", conversation_id=7)
    assert for_reader(mail(text_only=True, post=post)).post == post


async def holding(office: Office) -> None:
    """Ruben has Ann's conversation, and his data is dear."""
    await office.member("ruben")
    await office.letter("hello")
    await office.show()
    await office.press("ruben", await office.find("ruben", "hello"), "Take")
    choice = await ask(office, "ruben", "/files")
    assert "come at once" in str(choice["text"])
    await office.press("ruben", choice, "Only their names")
    assert "as a line" in str((await office.last("ruben"))["text"])


async def photo(office: Office) -> Message:
    await office.letter("Like this one", photo=True)
    await office.show()
    return await office.find("ruben", "Like this one")


async def fetched(office: Office) -> None:
    def deed(session: Session) -> None:
        for file in session.query(Attachment):
            file.state = MediaState.READY.value

    await office.store.write(deed)


async def test_a_photo_is_named_at_once_and_comes_when_it_is_asked_for(office: Office) -> None:
    await holding(office)
    post = await photo(office)
    assert labels(post) == ["Show", "📌 Task"]
    assert "📎 photo, \u2068cat.jpg\u2069, 1 KB" in str(post["text"])
    await press(office, "ruben", post, "Show")
    assert "still on its way to us" in await toast(office)
    await fetched(office)
    await press(office, "ruben", post, "Show")
    assert [one["file"]["kind"] for one in await office.chat("ruben") if "file" in one] == ["photo"]  # type: ignore[index]


async def test_photos_come_at_once_again_after_the_way_back(office: Office) -> None:
    await holding(office)
    await office.press("ruben", await office.find("ruben", "as a line"), "Photos and files, too")
    await office.letter("Like this one", photo=True)
    await fetched(office)
    await office.show()
    assert [one["file"]["name"] for one in await office.chat("ruben") if "file" in one] == ["cat.jpg"]  # type: ignore[index]


async def test_an_answer_to_the_line_goes_to_the_customer(office: Office) -> None:
    await holding(office)
    await office.say("ruben", "A fine cat", (await photo(office))["message_id"])
    await office.settle()
    assert office.letters.texts == ["A fine cat"]
