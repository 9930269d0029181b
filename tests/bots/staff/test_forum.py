"""The staff's group: linked by a manager, one topic per conversation, words in, answers out, each failure healed."""

import pytest_asyncio

from bots.staff.commands.forum import LINK
from crm.base.db import Session
from crm.base.outbound import Edit, Reason, Undeliverable
from crm.conversations import forum
from crm.conversations.media import arrived
from crm.conversations.threads import Attachment, Conversation
from crm.outbox.forum import linked
from crm.people.own_accounts import OwnChat
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


async def test_a_manager_links_the_group_and_a_customer_gets_a_topic(meeting: Meeting) -> None:
    thread = await meeting.topic("Do you have tables?")
    [topic] = await meeting.topics()
    assert str(topic["name"]).startswith("Letters · Ann Lee · #")
    card, words = await meeting.posts(thread)
    assert "Waits for an answer" in card
    assert "Do you have tables?" in words


async def test_open_conversations_get_their_topics_by_and_by_though_nobody_writes(office: Office) -> None:
    for who, name in (("ann", "Ann Lee"), ("bob", "Bob"), ("eve", "Eve")):
        await office.letter("Do you have tables?", who=who, name=name)
    await office.show()
    meeting = Meeting(office)
    await meeting.gather()
    await meeting.link()
    await office.show()
    assert await meeting.topics() == []
    for count in (1, 2, 3, 3):
        await office.store.write(lambda session: forum.spread(session, now=office.now()))
        await office.show()
        assert len(await meeting.topics()) == count
    [thread] = [int(str(topic["thread"])) for topic in await meeting.topics() if "Ann Lee" in str(topic["name"])]
    assert "Do you have tables?" in (await meeting.posts(thread))[1]


async def test_words_in_a_topic_answer_the_customer(meeting: Meeting) -> None:
    thread = await meeting.topic()
    number = await meeting.say("tigran", "Yes, of oak.", thread)
    assert meeting.office.letters.texts == ["Yes, of oak."]
    assert await meeting.reaction(number) == "👌"
    assert "Taken by" in (await meeting.posts(thread))[0]


async def test_without_a_group_everything_comes_to_the_private_chats(office: Office) -> None:
    await office.member("tigran")
    await office.letter("Do you have tables?")
    await office.show()
    assert "Do you have tables?" in "".join(await office.posts("tigran"))


async def test_with_a_group_conversations_stay_out_of_the_private_chats(meeting: Meeting) -> None:
    await meeting.topic("Do you have tables?")
    for person in ("mariam", "tigran"):
        assert "Do you have tables?" not in "".join(await meeting.office.posts(person))


async def test_only_a_manager_may_link_a_group(office: Office) -> None:
    meeting = Meeting(office)
    await meeting.gather()
    await office.member("tigran")
    await meeting.say("tigran", "/forum")
    assert (await meeting.last())["text"] == "/forum is for managers."


async def test_a_group_without_topics_is_not_linked(office: Office) -> None:
    meeting = Meeting(office)
    await meeting.gather()
    await office.hands.group(GROUP, topics=False)
    await meeting.say("mariam", "/forum")
    assert "has no topics" in str((await meeting.last())["text"])


async def test_whoever_hides_behind_the_group_is_told_what_to_do(office: Office) -> None:
    meeting = Meeting(office)
    await meeting.gather()
    await meeting.say("mariam", "/forum", anonymous=True)
    assert "«Անանուն մնալ»" in str((await meeting.last())["text"])


async def test_the_question_is_for_the_one_who_asked(office: Office) -> None:
    meeting = Meeting(office)
    await meeting.gather()
    await office.member("tigran")
    await meeting.say("mariam", "/forum")
    assert "expired" in await meeting.press("tigran", await meeting.last(), LINK)
    assert await office.store.read(linked) is None


async def test_a_manager_ends_it_and_what_comes_then_comes_privately(meeting: Meeting) -> None:
    thread = await meeting.topic()
    await meeting.say("mariam", "/forum off")
    assert (await meeting.last())["text"] == "Conversations come to the private chats again."
    await meeting.office.letter("Are you there?")
    await meeting.office.show()
    assert "Are you there?" in "".join(await meeting.office.posts("tigran"))
    assert "Are you there?" not in "".join(await meeting.posts(thread))


async def test_words_in_a_topic_of_a_group_that_is_not_used_are_not_lost_silently(meeting: Meeting) -> None:
    thread = await meeting.topic()
    await meeting.say("mariam", "/forum off")
    await meeting.say("tigran", "Yes, of oak.", thread)
    assert "nothing was sent" in "".join(await meeting.office.posts("tigran"))
    assert meeting.office.letters.texts == []


async def test_a_stranger_in_the_group_changes_nothing_and_is_not_answered(meeting: Meeting) -> None:
    thread = await meeting.topic()
    before = await meeting.messages()
    await meeting.say("passerby", "It costs nothing!", thread)
    await meeting.say("passerby", "/forum off")
    assert meeting.office.letters.texts == []
    assert len(await meeting.messages()) == len(before) + 2
    [card, *_] = [one for one in await meeting.messages(thread) if one["from"] == "bot" and one["buttons"]]
    assert await meeting.press("passerby", card, "Take") == "Այս կոճակի ժամկետն անցել է։"
    assert len(await meeting.messages()) == len(before) + 2


async def test_talk_outside_of_topics_is_nobodys_answer(meeting: Meeting) -> None:
    await meeting.topic()
    await meeting.say("tigran", "Who takes Ann?")
    assert meeting.office.letters.texts == []


async def test_who_writes_first_has_it_and_the_other_hears_who(meeting: Meeting) -> None:
    await meeting.office.member("ruben")
    thread = await meeting.topic()
    await meeting.say("tigran", "Yes, of oak.", thread)
    await meeting.say("ruben", "No, of pine!", thread)
    assert "Not sent." in (await meeting.posts(thread))[-1]
    assert "Tigran" in (await meeting.posts(thread))[-1]
    assert meeting.office.letters.texts == ["Yes, of oak."]


async def test_a_manager_takes_over_from_the_topic(meeting: Meeting) -> None:
    thread = await meeting.topic()
    await meeting.say("tigran", "Yes, of oak.", thread)
    [card] = [one for one in await meeting.messages(thread) if "Taken by" in str(one["text"])]
    assert "You may not" in await meeting.press("tigran", card, "Take over")
    assert "yours now" in await meeting.press("mariam", card, "Take over")
    await meeting.say("mariam", "Of oak, and of pine.", thread)
    assert meeting.office.letters.texts[-1] == "Of oak, and of pine."


async def test_two_slashes_and_a_command_make_notes(meeting: Meeting) -> None:
    thread = await meeting.topic()
    number = await meeting.say("tigran", "// she bargains", thread)
    await meeting.say("mariam", "/note give her 5 %", thread)
    assert meeting.office.letters.texts == []
    assert await meeting.reaction(number) == "✍"
    card = (await meeting.posts(thread))[0]
    assert "she bargains" in card
    assert "give her 5 %" in card


async def test_a_command_for_the_private_chat_is_not_sent_to_a_customer(meeting: Meeting) -> None:
    thread = await meeting.topic()
    await meeting.say("tigran", "/inbox", thread)
    assert "This was not sent" in (await meeting.posts(thread))[-1]
    assert meeting.office.letters.texts == []


async def test_a_burst_is_one_post(meeting: Meeting) -> None:
    thread = await meeting.topic("Hello")
    for text in ("Do you have tables?", "Round ones", "For six"):
        await meeting.office.letter(text)
    await meeting.office.show()
    assert sum("Round ones" in post and "For six" in post for post in await meeting.posts(thread)) == 1
    assert len(await meeting.posts(thread)) == 3


async def test_what_waits_for_its_turn_grows_instead_of_being_followed(meeting: Meeting) -> None:
    thread = await meeting.topic("Hello")
    for text in ("Round ones", "For six"):
        await meeting.office.letter(text)
        await meeting.office.staff.announce()
    await meeting.office.show()
    assert sum("Round ones" in post and "For six" in post for post in await meeting.posts(thread)) == 1
    assert len(await meeting.posts(thread)) == 3


async def test_files_go_both_ways(meeting: Meeting) -> None:
    thread = await meeting.topic()
    await meeting.office.letter("Like this", photo=True)
    file = (await meeting.office.store.read(lambda s: s.query(Attachment).one())).id
    await meeting.office.store.write(lambda s: arrived(s, file, "path", 4, now=meeting.office.now()))
    await meeting.office.show()
    form = {"person": "tigran", "thread": str(thread), "kind": "document", "caption": "The plan"}
    await meeting.hands.send_file_to(GROUP, "plan.pdf", b"%PDF", **form)
    await meeting.office.settle()
    assert [one["file"]["name"] for one in await meeting.messages(thread) if one.get("file")] == ["cat.jpg", "plan.pdf"]  # type: ignore[index]


async def test_an_edit_in_the_topic_is_an_edit_at_the_customers(meeting: Meeting) -> None:
    thread = await meeting.topic()
    number = await meeting.say("tigran", "It costs 90", thread)
    await meeting.hands.group(GROUP, "edit", person="tigran", message_id=number, text="It costs 80")
    await meeting.office.settle()
    [changed] = [outbound for _, outbound in meeting.office.letters.sent if isinstance(outbound, Edit)]
    assert changed.text == "It costs 80"


async def test_a_failure_is_a_sign_and_words(meeting: Meeting) -> None:
    thread = await meeting.topic()
    await meeting.office.refuse(Undeliverable(Reason.BLOCKED))
    number = await meeting.say("tigran", "Yes, of oak.", thread)
    assert await meeting.reaction(number) == "👎"
    assert any("failed" in post and "Yes, of oak." in post for post in await meeting.posts(thread))


async def test_newer_words_are_read_before_an_answer_goes(meeting: Meeting) -> None:
    thread = await meeting.topic()
    await meeting.hands.group(GROUP, "send", person="tigran", text="Yes, of oak.", thread=thread)
    await meeting.office.letter("In pine, I mean")
    await meeting.office.settle()
    asked = next(one for one in await meeting.messages(thread) if "wrote more before you answered" in str(one["text"]))
    assert meeting.office.letters.texts == []
    assert "Sent." in await meeting.press("tigran", asked, "Send anyway")
    assert meeting.office.letters.texts == ["Yes, of oak."]


async def test_closing_closes_the_topic_and_a_new_word_opens_it(meeting: Meeting) -> None:
    thread = await meeting.topic()
    card = next(one for one in await meeting.messages(thread) if one["buttons"])
    assert await meeting.press("tigran", card, "Close") == "Closed."
    assert [topic["closed"] for topic in await meeting.topics()] == [True]
    await meeting.office.letter("One more thing")
    await meeting.office.show()
    assert [topic["closed"] for topic in await meeting.topics()] == [False]
    assert "One more thing" in (await meeting.posts(thread))[-1]


async def test_later_is_asked_in_the_topic(meeting: Meeting) -> None:
    thread = await meeting.topic()
    card = next(one for one in await meeting.messages(thread) if one["buttons"])
    await meeting.press("tigran", card, "Later")
    asked = (await meeting.messages(thread))[-1]
    assert "When shall the conversation" in str(asked["text"])
    assert "Put off" in await meeting.press("tigran", asked, labels(asked)[0])


async def test_what_is_written_to_a_members_own_account_stays_out_of_the_group(meeting: Meeting) -> None:
    thread = await meeting.topic("Hello")

    def own(session: Session) -> None:
        [conversation] = session.query(Conversation).all()
        session.add(OwnChat(id=9_000, identity_id=conversation.identity_id, account="letters", through="ruben's"))

    await meeting.office.store.write(own)
    await meeting.office.letter("For your eyes only")
    await meeting.office.show()
    assert "For your eyes only" not in "".join(await meeting.posts(thread))
    assert "For your eyes only" in "".join(await meeting.office.posts("tigran"))


async def test_an_answer_typed_as_the_group_itself_is_not_sent_and_says_why(meeting: Meeting) -> None:
    thread = await meeting.topic()
    await meeting.say("tigran", "Yes, of oak.", thread, anonymous=True)
    assert "Remain anonymous" in str((await meeting.last())["text"])
    assert meeting.office.letters.texts == []


async def test_the_whole_card_comes_to_the_one_who_asks_for_it(meeting: Meeting) -> None:
    thread = await meeting.topic("Do you have tables?")
    card = next(one for one in await meeting.messages(thread) if one["buttons"])
    await meeting.press("tigran", card, "The whole card")
    assert "Do you have tables?" in (await meeting.office.posts("tigran"))[-1]
    assert len(await meeting.posts(thread)) == 2
