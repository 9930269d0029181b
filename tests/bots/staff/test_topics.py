"""What stands in a group's update, how fast a group is written to, what Telegram's refusals there mean; pure, and against the pretended Telegram."""

import itertools
import json

import pytest
from telegram.error import BadRequest, ChatMigrated

from bots.staff.carrier import LIMITS, StaffCarrier
from bots.staff.endings import ending
from bots.staff.topics import tempo
from bots.staff.transport import verdict
from bots.staff.updates import Moved, Nameless, Other, Place, Press, Rights, Text, read
from crm.base.outbound import MOVED, NO_RIGHTS, TOPIC_GONE, React, Say, Topic, TopicAct, Undeliverable
from crm.base.time import MINUTE
from crm.outbox.pace import Pace
from sandbox.telegram.hands import Hands
from tests.bots.staff.office import no_media

GROUP = "-1001900000001"
RUBEN = {"id": 77, "is_bot": False, "first_name": "Ruben", "language_code": "hy"}
CHAT = {"id": -1001900000001, "type": "supergroup", "title": "The team", "is_forum": True}
IN_TOPIC = {"message_thread_id": 40, "is_topic_message": True}
PLACE = Place(-1001900000001, 40, "The team", True)


def update(kind: str = "message", /, **facts: object) -> bytes:
    """Something in the group, in topic 40."""
    return json.dumps({"update_id": 1, kind: {"message_id": 5, "from": RUBEN, "chat": CHAT, "date": 1, **IN_TOPIC, **facts}}).encode()


def test_words_in_a_topic_are_of_a_person_and_a_place() -> None:
    told = read(update(text="Of oak."))
    assert isinstance(told, Text)
    assert (told.chat_id, told.text, told.place) == (77, "Of oak.", PLACE)


def test_a_reply_in_a_group_without_topics_stands_in_no_topic() -> None:
    told = read(update(text="Of oak.", is_topic_message=False))
    assert isinstance(told, Text)
    assert told.place == Place(PLACE.chat, 0, "The team", True)


def test_a_press_in_a_topic_is_of_the_one_who_pressed() -> None:
    query = {"id": "9", "from": RUBEN, "data": "x", "message": {"message_id": 6, "chat": CHAT, **IN_TOPIC}}
    assert read(json.dumps({"callback_query": query}).encode()) == Press(77, 77, "9", 6, "x", PLACE)


def test_somebody_who_hides_behind_the_group_is_nameless() -> None:
    assert read(update(text="/forum", sender_chat=CHAT)) == Nameless(PLACE, True)
    assert read(update(text="Of oak.", sender_chat=CHAT)) == Nameless(PLACE, False)


def test_what_a_channel_posts_by_itself_is_nobodys() -> None:
    assert read(update(text="News", sender_chat={"id": -100777, "type": "channel"})) == Other("message")


def test_what_tells_of_the_group_itself_is_not_somebodys_words() -> None:
    assert read(update(forum_topic_created={"name": "x", "icon_color": 1})) == Other("message")


def test_what_cannot_be_passed_on_is_heard_all_the_same() -> None:
    told = read(update(location={"latitude": 1, "longitude": 2}))
    assert isinstance(told, Text)
    assert (told.text, told.media) == ("", ())


def test_a_group_that_moves_says_where_to() -> None:
    assert read(update(migrate_to_chat_id=-1007)) == Moved(PLACE.chat, -1007)


@pytest.mark.parametrize(
    ("member", "able"),
    [
        ({"status": "administrator", "can_manage_topics": True}, True),
        ({"status": "administrator", "can_manage_topics": False}, False),
        ({"status": "member"}, False),
        ({"status": "kicked"}, False),
        ({}, False),
    ],
)
def test_what_the_bot_may_do_in_the_group_is_read_from_its_membership(member: dict[str, object], able: bool) -> None:
    told = read(json.dumps({"my_chat_member": {"chat": CHAT, "from": RUBEN, "new_chat_member": member}}).encode())
    assert isinstance(told, Rights)
    assert told.able is able


def stream(address: str, amount: int) -> list[int]:
    """The instants at which so many messages to one chat leave, each as soon as it may."""
    pace, now, left = Pace(), 1_000_000, list[int]()
    while len(left) < amount:
        now = max(now, pace.busy(LIMITS, now).get(address, 0))
        pace.claimed(address, LIMITS, now)
        pace.leaves(LIMITS, now)
        left.append(now)
    return left


def test_no_minute_of_a_group_has_more_than_twenty() -> None:
    left = stream(GROUP, 80)
    assert max(sum(began <= at < began + MINUTE for at in left) for began in left) <= 20


def test_a_group_is_never_silent_for_longer_than_four_seconds_while_something_waits() -> None:
    left = stream(GROUP, 80)
    assert max(after - before for before, after in itertools.pairwise(left)) == 4000


def test_a_private_chat_keeps_its_own_pace() -> None:
    left = stream("77", 30)
    assert left[-1] - left[0] == 25_000
    assert (tempo("77").burst, tempo(GROUP).burst) == (5, 5)


def test_a_refusal_with_another_number_is_a_group_that_moved() -> None:
    body = {"ok": False, "error_code": 400, "description": "Bad Request: group chat was upgraded", "parameters": {"migrate_to_chat_id": -1007}}
    told = verdict(400, json.dumps(body).encode())
    assert isinstance(told, ChatMigrated)
    assert f"{MOVED}-1007" in str(ending(told))


@pytest.mark.parametrize(
    ("words", "detail"),
    [
        ("message thread not found", TOPIC_GONE),
        ("TOPIC_DELETED", TOPIC_GONE),
        ("TOPIC_ID_INVALID", TOPIC_GONE),
        ("not enough rights to create a topic", NO_RIGHTS),
        ("CHAT_ADMIN_REQUIRED", NO_RIGHTS),
        ("the chat is not a forum", NO_RIGHTS),
    ],
)
def test_each_refusal_in_a_group_has_a_meaning(words: str, detail: str) -> None:
    told = ending(BadRequest(words))
    assert isinstance(told, Undeliverable)
    assert detail in told.detail


async def test_a_topic_is_made_renamed_closed_and_opened(carrier: StaffCarrier, hands: Hands) -> None:
    chat = str((await hands.group("team", title="The team"))["group"]["id"])
    await hands.group("team", "rights", person="mariam")
    [thread] = (await carrier.send(chat, Topic(TopicAct.MAKE, "A · Ann"), no_media)).ids
    for act in (TopicAct.RENAME, TopicAct.CLOSE, TopicAct.CLOSE):
        await carrier.send(chat, Topic(act, "A · Ann Lee", thread), no_media)
    assert (await hands.seen("team"))["topics"] == [{"thread": int(thread), "name": "A · Ann Lee", "closed": True}]
    await carrier.send(chat, Topic(TopicAct.REOPEN, "", thread), no_media)
    [message] = (await carrier.send(chat, Say("Hello", thread=thread), no_media)).ids
    await carrier.send(chat, React(message, "👌"), no_media)
    posted = (await hands.seen("team"))["messages"][-1]
    assert (posted["text"], posted["thread"], posted["reactions"]) == ("Hello", int(thread), {"bot": ["👌"]})


async def test_a_topic_that_is_not_there_says_so(carrier: StaffCarrier, hands: Hands) -> None:
    chat = str((await hands.group("team"))["group"]["id"])
    await hands.group("team", "rights", person="mariam")
    for outbound in (Say("Hello", thread="999"), Topic(TopicAct.CLOSE, "", "999"), Topic(TopicAct.CLOSE)):
        with pytest.raises(Undeliverable, match=TOPIC_GONE):
            await carrier.send(chat, outbound, no_media)
