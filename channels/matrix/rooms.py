"""Who is met in which room, which invitations are accepted, and what is said in rooms that are not for us."""

import asyncio
import hashlib
import logging
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from channels.matrix.api import Api, room
from channels.matrix.kept import Spot
from channels.matrix.options import MatrixOptions
from channels.matrix.send import Speaker
from channels.matrix.verdicts import Refused
from channels.payload import Json, name, objects, part, parts, text, whole
from crm.base.i18n import N_, translator
from crm.base.outbound import RetryLater, Uncertain, Undeliverable

log = logging.getLogger(__name__)
ENCRYPTED = N_("I cannot read encrypted rooms. Please start a chat with me that is not encrypted.")
SEVERAL = N_("I talk with one person at a time. Please write to me in a room where there are only the two of us.")
HERE = ("join", "invite")
_REMEMBERED, _PENDING, _TRIES = 10_000, 1000, 3


@dataclass(frozen=True, slots=True)
class Met:
    """The one other person of a room; `several` = there are more, or none, and nobody is read there."""

    peer: str = ""
    name: str = ""
    several: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """An invitation that is not answered yet: how often it was tried, and when it may be again (seconds of the loop)."""

    tries: int = 0
    due: float = 0.0


class Rooms:
    """The rooms of one account, as far as they have been heard of; what is forgotten is asked for again."""

    def __init__(self, api: Api, options: MatrixOptions, speaker: Speaker, languages: Sequence[str]) -> None:
        self._api, self._options, self._speaker, self._languages = api, options, speaker, tuple(dict.fromkeys(languages)) or ("en",)
        self._met: dict[str, Met] = {}
        self._homes: dict[str, str] = {}
        self._unread: Counter[str] = Counter()
        self._joined: deque[float] = deque()
        self._rest = 0.0
        self.pending: dict[str, Asked] = {}

    async def spot(self, id_: str, events: Sequence[Json]) -> Spot | None:
        """Where something happened, and with whom; None where nobody is read. `events` may tell a new name."""
        met = self._met.get(id_) or await self._look(id_)
        for event in events:
            if text(event, "type") == "m.room.member" and text(event, "state_key") == met.peer and text(part(event, "content"), "membership") == "join":
                met = replace(met, name=name(part(event, "content"), "displayname"))
        self._met.pop(id_, None)
        self._met[id_] = met
        while len(self._met) > _REMEMBERED:
            self._met.pop(next(iter(self._met)))
        return self.known(id_)

    def known(self, id_: str) -> Spot | None:
        """The same without asking, where it is remembered."""
        met = self._met.get(id_)
        return Spot(self._options.account, id_, self._api.me, met.peer, met.name) if met and not met.several else None

    def forget(self, id_: str) -> None:
        """Look anew the next time."""
        self._met.pop(id_, None)

    def home(self, spot: Spot) -> None:
        """This is where a person is met from now on."""
        self._homes.pop(spot.peer, None)
        self._homes[spot.peer] = spot.room
        while len(self._homes) > _REMEMBERED:
            self._homes.pop(next(iter(self._homes)))

    def moved(self, spot: Spot) -> bool:
        """Whether the person is met in another room by now."""
        return self._homes.get(spot.peer, spot.room) != spot.room

    async def _look(self, id_: str) -> Met:
        """Ask who is there; what is too much to be told is surely more than one."""
        try:
            members = objects((await self._api.call("GET", room(id_, "members"))).get("chunk"))
        except Refused:
            return Met(several=True)
        except Uncertain:
            self._unread[id_] += 1
            if self._unread[id_] < _TRIES:
                raise RetryLater(5.0) from None
            return Met(several=True)
        self._unread.pop(id_, None)
        others = [one for one in members if text(one, "state_key") != self._api.me]
        there = [one for one in others if text(part(one, "content"), "membership") in HERE]
        gone = sorted((one for one in others if one not in there), key=lambda one: whole(one, "origin_server_ts"))
        peer = (there or gone or [{}])[-1]
        return Met(text(peer, "state_key"), name(part(peer, "content"), "displayname"), len(there) > 1 or not text(peer, "state_key"))

    # Invitations.

    async def invited(self, rooms: Json) -> None:
        """Note who asks us in; a public place or a collection of rooms is no talk between two, and is declined."""
        for id_, told in rooms.items():
            state = parts(part(told, "invite_state"), "events") if isinstance(told, dict) else []
            if id_ in self.pending or len(self.pending) >= _PENDING:
                continue
            if _public(state):
                await self._leave(id_)
            else:
                self.pending[id_] = Asked()

    async def answer(self) -> None:
        """Go in where we are asked in, as fast as is allowed; what fails too often is given up."""
        now = asyncio.get_running_loop().time()
        while self._joined and now - self._joined[0] > 60:
            self._joined.popleft()
        due = [id_ for id_, asked in self.pending.items() if asked.due <= now]
        for id_ in due[: max(self._options.invites_per_minute - len(self._joined), 0)]:
            if now < self._rest:
                return
            self._joined.append(now)
            self.forget(id_)
            if await self._went_in(id_, now):
                self.pending.pop(id_)

    async def _went_in(self, id_: str, now: float) -> bool:
        """Try to go into a room; False = it is to be tried again."""
        try:
            await self._api.call("POST", room(id_, "join"), body={})
        except Undeliverable as no:
            log.info("%s: an invitation does not stand any more: %s", self._options.account, no.detail)
        except (RetryLater, Uncertain) as error:
            if isinstance(error, RetryLater) and error.answered:
                self._rest = now + error.after
                return False
            tries = self.pending[id_].tries + 1
            self.pending[id_] = Asked(tries, now + 2.0**tries)
            if tries < self._options.invite_tries:
                return False
            log.warning("%s: an invitation could not be accepted", self._options.account)
        return True

    # Words of our own.

    async def unreadable(self, id_: str) -> bool:
        """Say that we read nothing here; False = not yet."""
        return await self._tell(id_, ENCRYPTED)

    async def part_from(self, id_: str) -> bool:
        """Say that we talk with one person at a time, and go; False = not yet."""
        if not await self._tell(id_, SEVERAL):
            return False
        await self._leave(id_)
        self.forget(id_)
        return True

    async def _tell(self, id_: str, phrase: str) -> bool:
        words = "\n".join(translator(language)(phrase) for language in self._languages)
        try:
            await self._speaker.tell(id_, words, hashlib.sha256(f"{phrase}\n{id_}".encode()).hexdigest()[:40])
        except (RetryLater, Uncertain):
            return False
        except Undeliverable as no:
            log.info("%s: nothing could be said in a room that is not for us: %s", self._options.account, no.detail)
        return True

    async def _leave(self, id_: str) -> None:
        try:
            await self._api.call("POST", room(id_, "leave"), body={})
        except (RetryLater, Uncertain, Undeliverable) as error:
            log.info("%s: a room could not be left: %s", self._options.account, error)


def _public(state: Sequence[Json]) -> bool:
    """Whether everybody may come into a room, or it is no room for talking."""
    told: dict[str, Mapping[str, object]] = {text(one, "type"): part(one, "content") for one in state}
    return text(told.get("m.room.join_rules", {}), "join_rule") == "public" or bool(text(told.get("m.room.create", {}), "type"))


def people(joined: Json) -> int:
    """How many are in a room or asked in, as far as an answer tells (0 = it does not)."""
    told = part(joined, "summary")
    return max(whole(told, "m.joined_member_count"), 0) + max(whole(told, "m.invited_member_count"), 0)
