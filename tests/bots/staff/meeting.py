"""A meeting: the office with a group of the staff that has topics, and what is seen and done there."""

from bots.staff.commands.forum import LINK
from crm.base.actors import Role
from tests.bots.staff.office import Office

Json = dict[str, object]
GROUP = "team"


class Meeting:
    """The staff's group, with a manager in it; `office` is everything else."""

    def __init__(self, office: Office) -> None:
        self.office, self.hands = office, office.hands

    async def gather(self, *, most: int = 1000) -> None:
        """The group is there with the bot as its administrator; Mariam is a manager."""
        await self.office.member("mariam", Role.MANAGER)
        await self.hands.group(GROUP, title="The team", most=most)
        await self.hands.group(GROUP, "rights", person="mariam")
        await self.office.settle()

    async def link(self) -> None:
        """Mariam links it."""
        await self.say("mariam", "/forum")
        await self.press("mariam", await self.last(), LINK)

    async def say(self, person: str, text: str, thread: int = 0, **more: object) -> int:
        """Somebody writes, and it is heard and answered."""
        number = int((await self.hands.group(GROUP, "send", person=person, text=text, thread=thread, **more))["message_id"])
        await self.office.settle()
        return number

    async def press(self, person: str, message: Json, button: str) -> str:
        """Somebody presses a button; the short words they get."""
        await self.hands.group(GROUP, "click", person=person, message_id=message["message_id"], button=button, wait=0)
        await self.office.settle()
        answers = await self.hands.log(bot="staff", method="answerCallbackQuery")
        return str(answers[-1]["parameters"].get("text", ""))

    async def topics(self) -> list[Json]:
        """The topics there are."""
        return list((await self.hands.seen(GROUP))["topics"])

    async def messages(self, thread: int | None = None) -> list[Json]:
        """What stands in the group, or in one topic."""
        found = list((await self.hands.seen(GROUP))["messages"])
        return [one for one in found if thread is None or one["thread"] == thread]

    async def last(self) -> Json:
        """The bot's newest post in the group."""
        return [one for one in await self.messages() if one["from"] == "bot" and one["text"]][-1]

    async def posts(self, thread: int) -> list[str]:
        """What the bot said in a topic."""
        return [str(one["text"]) for one in await self.messages(thread) if one["from"] == "bot" and one["text"]]

    async def reaction(self, number: int) -> str:
        """The sign the bot put on a message."""
        one = next(one for one in await self.messages() if one["message_id"] == number)
        given: dict[str, list[str]] = one.get("reactions", {})  # type: ignore[assignment]
        return "".join(given.get("bot", []))

    async def topic(self, text: str = "Do you have tables?", who: str = "ann", name: str = "Ann Lee") -> int:
        """A customer writes; the thread of their topic."""
        before = {topic["thread"] for topic in await self.topics()}
        await self.office.letter(text, who=who, name=name)
        await self.office.show()
        return next(int(str(topic["thread"])) for topic in await self.topics() if topic["thread"] not in before)
