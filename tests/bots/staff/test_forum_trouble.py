"""The staff's group when something goes wrong: topics gone, rights lost, another number, more said than it takes."""

import pytest_asyncio

from crm.base.db import Session
from crm.conversations.media import arrived
from crm.conversations.threads import Attachment, Conversation
from crm.outbox.forum import TopicState, linked, topic_of
from tests.bots.staff.firm import labels
from tests.bots.staff.meeting import GROUP, Meeting
from tests.bots.staff.office import Office


@pytest_asyncio.fixture
async def meeting(office: Office) -> Meeting:
    """A group that is linked, with Mariam, who manages, and Tigran, a rep."""
    made = Meeting(office)
    await made.gather()
    await office.member("tigran")
    await made.link()
    return made


def chat(session: Session) -> str:
    """The number of the group in use ("" = none)."""
    forum = linked(session)
    return forum.chat if forum else ""


async def test_a_deleted_topic_is_made_again_with_what_was_said_last(meeting: Meeting) -> None:
    thread = await meeting.topic("Do you have tables?")
    await meeting.hands.group(GROUP, "delete_topic", thread=thread)
    await meeting.office.letter("Of oak?")
    await meeting.office.show()
    [topic] = await meeting.topics()
    assert topic["thread"] != thread
    card, words = await meeting.posts(int(str(topic["thread"])))
    assert "Waits for an answer" in card
    assert "Do you have tables?" in words
    assert "Of oak?" in words


async def test_what_is_written_in_the_new_topic_answers_the_customer(meeting: Meeting) -> None:
    thread = await meeting.topic()
    await meeting.hands.group(GROUP, "delete_topic", thread=thread)
    await meeting.office.letter("Of oak?")
    await meeting.office.show()
    [topic] = await meeting.topics()
    await meeting.say("tigran", "Of oak.", int(str(topic["thread"])))
    assert meeting.office.letters.texts == ["Of oak."]


async def test_the_new_card_leads_to_the_topic_before(meeting: Meeting) -> None:
    thread = await meeting.topic()
    await meeting.hands.group(GROUP, "delete_topic", thread=thread)
    await meeting.office.letter("Of oak?")
    await meeting.office.show()
    [topic] = await meeting.topics()
    assert "The topic before" in (await meeting.posts(int(str(topic["thread"]))))[0]


async def test_a_topic_that_somebody_closed_is_opened_to_post_in_it(meeting: Meeting) -> None:
    thread = await meeting.topic()
    await meeting.hands.group(GROUP, "close_topic", thread=thread)
    await meeting.hands.fault("400", bot="staff", method="sendMessage", count=1, description="Bad Request: TOPIC_CLOSED")
    await meeting.office.letter("Of oak?")
    await meeting.office.show()
    assert [topic["closed"] for topic in await meeting.topics()] == [False]
    assert "Of oak?" in (await meeting.posts(thread))[-1]


async def test_without_its_rights_the_private_chats_take_over_and_a_manager_is_told_once(meeting: Meeting) -> None:
    await meeting.hands.group(GROUP, "rights", person="mariam", status="member")
    await meeting.office.settle()
    await meeting.office.letter("Do you have tables?")
    await meeting.office.show()
    assert "Do you have tables?" in "".join(await meeting.office.posts("tigran"))
    told = [post for post in await meeting.office.posts("mariam") if "cannot work in the group" in post]
    assert len(told) == 1
    assert await meeting.topics() == []


async def test_with_its_rights_back_it_goes_on_by_itself(meeting: Meeting) -> None:
    await meeting.hands.group(GROUP, "rights", person="mariam", status="member")
    await meeting.office.settle()
    await meeting.hands.group(GROUP, "rights", person="mariam")
    await meeting.office.settle()
    thread = await meeting.topic("Do you have tables?")
    assert "Do you have tables?" in (await meeting.posts(thread))[-1]
    assert "used again" in "".join(await meeting.office.posts("mariam"))


async def test_a_group_that_threw_it_out_unheard_is_given_up_and_nothing_is_lost(meeting: Meeting) -> None:
    await meeting.hands.group(GROUP, "rights", person="mariam", status="kicked", silent=True)
    await meeting.office.letter("Do you have tables?")
    await meeting.office.show()
    assert "Do you have tables?" in "".join(await meeting.office.posts("tigran"))
    assert "cannot work in the group" in "".join(await meeting.office.posts("mariam"))


async def test_without_the_right_to_topics_the_first_refusal_gives_the_group_up(meeting: Meeting) -> None:
    await meeting.hands.group(GROUP, "rights", person="mariam", can_manage_topics=False, silent=True)
    await meeting.office.letter("Do you have tables?")
    await meeting.office.show()
    assert "Do you have tables?" in "".join(await meeting.office.posts("tigran"))
    assert await meeting.office.store.read(linked) is None


async def test_a_group_with_another_number_goes_on_under_it(meeting: Meeting) -> None:
    thread = await meeting.topic()
    new = (await meeting.hands.group(GROUP, "migrate", person="mariam"))["id"]
    await meeting.office.settle()
    assert await meeting.office.store.read(chat) == str(new)
    await meeting.office.letter("Of oak?")
    await meeting.office.show()
    assert "Of oak?" in (await meeting.posts(thread))[-1]


async def test_the_first_refusal_tells_the_new_number_too(meeting: Meeting) -> None:
    thread = await meeting.topic()
    new = (await meeting.hands.group(GROUP, "migrate", person="mariam", silent=True))["id"]
    await meeting.office.letter("Of oak?")
    await meeting.office.show()
    assert await meeting.office.store.read(chat) == str(new)
    assert "Of oak?" in (await meeting.posts(thread))[-1]


async def test_a_wait_in_the_group_holds_up_nobody_elses_chat(meeting: Meeting) -> None:
    thread = await meeting.topic()
    await meeting.hands.fault("429", bot="staff", chat=int(await meeting.office.store.read(chat)), seconds=300)
    await meeting.office.letter("Of oak?")
    await meeting.office.show()
    assert "Of oak?" not in "".join(await meeting.posts(thread))
    await meeting.office.say("tigran", "/inbox")
    await meeting.office.settle()
    assert "Ann Lee" in "".join("".join(labels(one)) for one in await meeting.office.chat("tigran"))


async def test_a_group_that_takes_no_more_leaves_the_rest_to_the_private_chats(meeting: Meeting) -> None:
    await meeting.topic()
    await meeting.hands.fault("429", bot="staff", chat=int(await meeting.office.store.read(chat)), seconds=300)
    await meeting.office.letter("Of oak?")
    await meeting.office.show()
    for text in ("Or of pine?", "Or of ash?"):
        await meeting.office.letter(text, who="bob", name="Bob")
        await meeting.office.show()
    assert "Or of ash?" in "".join(await meeting.office.posts("tigran"))
    told = [post for post in await meeting.office.posts("mariam") if "More is written than the group" in post]
    assert len(told) == 1


async def test_a_topic_that_nobody_knows_to_be_made_is_made_again(meeting: Meeting) -> None:
    await meeting.hands.fault("drop", bot="staff", method="createForumTopic", count=1)
    await meeting.office.letter("Do you have tables?")
    await meeting.office.show()
    [topic] = await meeting.topics()
    assert "Do you have tables?" in (await meeting.posts(int(str(topic["thread"]))))[-1]


async def test_a_topic_that_could_not_be_made_while_the_group_waited_does_not_end_the_group(meeting: Meeting) -> None:
    await meeting.hands.fault("drop", bot="staff", method="createForumTopic", count=1)
    await meeting.office.letter("Do you have tables?")
    while await meeting.office.staff.announce():
        pass
    meeting.office.ahead += 40_000
    for _ in range(2):
        await meeting.office.show()
    [topic] = await meeting.topics()
    assert "Do you have tables?" in (await meeting.posts(int(str(topic["thread"]))))[-1]


async def photo(meeting: Meeting) -> None:
    """Ann sends a photo, and it is here."""
    await meeting.office.letter("Like this", photo=True)
    file = (await meeting.office.store.read(lambda s: s.query(Attachment).one())).id
    await meeting.office.store.write(lambda s: arrived(s, file, "path", 4, now=meeting.office.now()))
    await meeting.office.show()


async def test_three_refusals_of_one_topic_leave_the_group_to_the_others(meeting: Meeting) -> None:
    await meeting.hands.fault("400", bot="staff", method="createForumTopic", count=3, description="Bad Request: TOPIC_TITLE_INVALID")
    await photo(meeting)
    for _ in range(3):
        await meeting.office.show()
    [topic] = [await meeting.topic("Hello", who="bob", name="Bob")]
    assert "Hello" in "".join(await meeting.posts(topic))
    assert "Like this" in "".join(await meeting.office.posts("tigran"))


async def test_a_topic_that_is_made_again_has_its_photos_again(meeting: Meeting) -> None:
    thread = await meeting.topic()
    await photo(meeting)
    await meeting.hands.group(GROUP, "delete_topic", thread=thread)
    await meeting.office.letter("Of oak?")
    for _ in range(2):
        await meeting.office.show()
    [topic] = await meeting.topics()
    again = await meeting.messages(int(str(topic["thread"])))
    assert [one["file"]["name"] for one in again if one.get("file")] == ["cat.jpg"]  # type: ignore[index]


async def test_a_topic_that_cannot_be_made_three_times_leaves_its_conversation_to_the_private_chats(meeting: Meeting) -> None:
    await meeting.hands.fault("400", bot="staff", method="createForumTopic", count=3, description="Bad Request: TOPIC_TITLE_INVALID")
    await meeting.office.letter("Do you have tables?")
    for _ in range(3):
        await meeting.office.show()
    assert "Do you have tables?" in "".join(await meeting.office.posts("tigran"))

    def state(session: Session) -> str:
        topic = topic_of(session, session.query(Conversation).one().id)
        return topic.state if topic else ""

    assert await meeting.office.store.read(state) == TopicState.DEAD
