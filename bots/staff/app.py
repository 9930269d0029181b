"""The staff bot: one stored update at a time becomes deeds, notices become posts. Handlers send nothing but the answer to a press."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from aiohttp import web
from telegram import Update
from telegram.ext import CallbackQueryHandler, ChatMemberHandler, MessageHandler, TypeHandler, filters

from bots.staff import door, groups, hearing, reactions, steps
from bots.staff.carrier import StaffCarrier
from bots.staff.commands import COMMANDS, known_to
from bots.staff.hook import Hook, HookLimits, Keep, gate_of, watch
from bots.staff.notices import post_all, render
from bots.staff.poll import Offsets, Pace, PollState, introduce, poll
from bots.staff.sight import Scene, look
from bots.staff.transport import StaffOptions
from bots.staff.updates import DIRECT, Blocked, Driven, Moved, Nameless, Other, Press, Reacted, Rights, StaffContext, Text, Unblocked, application, drive, read
from bots.staff.visit import Command, Deed, Done, Leaving, NotStaff, Unanswered, Visit, once, refused
from crm.base.actors import Rep
from crm.base.db import Session, Store
from crm.base.errors import Busy, DragomanError, Expired, Forbidden, Invalid, Lost, Misconfigured, StepUp
from crm.base.events import MediaRef
from crm.base.i18n import LANGUAGES, translator
from crm.base.outbound import Health, RetryLater, Uncertain, Undeliverable
from crm.base.settings import Company
from crm.base.text import choose_language
from crm.base.time import SECOND
from crm.inbox.process import Claimed
from crm.outbox.notices import Notice, NoticeKind, tell, waiting_notices
from crm.people.reps import rep_at, reps

__all__ = ["Staff", "StaffOptions"]

log = logging.getLogger(__name__)
NOT_THEIR_FAULT = (Busy, Lost, Misconfigured)
QUESTIONS_MOST = 5
# Telegram answers in a tenth of a second; whoever waits longer for it than this is asked instead.
LEAVING_MS, LOOK_AGAIN, LOOKS = 2 * SECOND, 0.05, 40
# A process that never gets old must show something too: the first notices leave a few at a time, since all of a crowd's take seconds while a bot awakes.
NOTICES_FIRST, NOTICES_MOST = 4, 50
# What goes to a topic is put together as it is written, so that few of them hold the writer at a time.
TOPICS_MOST = 5
WAY_IN = tuple(command for command in COMMANDS if command.name == "start")


class Staff:
    """The staff's surface of one company; `open` it before the first update is driven.

    `channels` is how each channel account did when somebody last looked; whoever looks writes it here for /today.
    """

    def __init__(
        self,
        options: StaffOptions,
        store: Store,
        company: Company,
        *,
        clock: Callable[[], int],
        username: str = "",
        titles: Mapping[str, str] | None = None,
        limits: HookLimits | None = None,
    ) -> None:
        self.carrier = StaffCarrier(options)
        self.state = PollState()
        self._gate, self._limits = gate_of(options), limits or HookLimits()
        self._hook = Hook(self.carrier.account, self._gate, self._limits, clock) if self._gate else None
        self._store, self._company, self._clock = store, company, clock
        self._username, self._titles, self._sendable, self._allows = username, dict(titles or {}), options.sendable, options.allows
        self._ways = options.ways
        self._received: dict[int, int] = {}
        self._at_once = NOTICES_FIRST
        self.channels: Mapping[str, Health] = {}
        self._application = application(self.carrier.bot)
        self._listen()

    def _listen(self) -> None:
        add = self._application.add_handler
        add(MessageHandler(DIRECT & filters.Regex(r"^/start(@\w+)?(\s|$)"), self._start))
        add(MessageHandler(DIRECT & filters.COMMAND, self._command))
        add(MessageHandler(filters.UpdateType.MESSAGE, self._written))
        add(MessageHandler(filters.UpdateType.EDITED_MESSAGE, self._changed))
        add(CallbackQueryHandler(self._pressed))
        add(ChatMemberHandler(self._membership))
        add(TypeHandler(Update, self._written))

    async def open(self) -> None:
        """Learn from Telegram who the bot is, as often as it takes."""
        await introduce(self._application, self.state)
        self._username = self._username or self.carrier.bot.username

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """The webhook's, where there is one; what it keeps is for the desk."""
        return self._hook.routes(keep) if self._hook else ()

    async def poll(self, offsets: Offsets, pace: Pace | None = None) -> None:
        """Listen until cancelled, by polling or by keeping the webhook set; each update is stored before it is acknowledged."""
        if self._gate:
            await watch(self.carrier.request, self._gate, self.state, self._limits, pace or Pace())
        await poll(self.carrier.request, offsets, self.state, account=self.carrier.account, pace=pace)

    async def drive(self, claimed: Claimed) -> None:
        """Do what one kept update asks for; raises when it failed, and doing it twice changes nothing."""
        if read(claimed.raw.body) == Other("unreadable"):
            raise Invalid("an update that cannot be read")
        self._received[claimed.event_id] = claimed.raw.received_at
        try:
            await drive(self._application, claimed.raw.body, event=claimed.event_id, now=self._clock())
        finally:
            self._received.pop(claimed.event_id, None)

    async def announce(self) -> int:
        """Show the staff what waits to be shown; answers how many notices it were."""
        now = self._clock()
        rendered = await self._store.read(lambda s: render(s, waiting_notices(s, self._at_once), self._scene(s, now)))
        if not rendered:
            return 0
        size = TOPICS_MOST if any(one.topic for one in rendered) else len(rendered)
        for first in range(0, len(rendered), size):
            await self._store.write(partial(post_all, rendered=rendered[first : first + size], company=self._company, now=now))
        self._at_once = min(2 * self._at_once, NOTICES_MOST)
        return len(rendered)

    def _scene(self, session: Session, now: int) -> Scene:
        return replace(look(session, self._company, self._titles, now=now), health=self.channels, allows=self._allows, sendable=self._sendable)

    def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """Stream a file that a rep sent."""
        return self.carrier.fetch_media(ref)

    async def setup(self) -> None:
        """Tell Telegram the commands: for everybody the way in, for each member what their role may say, in their language."""
        for language in ("", *LANGUAGES):
            tr = translator(language or self._company.languages[0])
            shown = [(command.name, tr(command.description)) for command in WAY_IN]
            await self.carrier.set_commands(None, language, shown)
        for rep in await self._store.read(reps):
            await self._dress(rep, known_to(rep.role))

    async def health(self) -> Health:
        """How listening goes, and how often the webhook let in and turned away."""
        health = self.state.health()
        return replace(health, facts={**health.facts, **{name: str(count) for name, count in self._hook.counts.items()}}) if self._hook else health

    async def close(self) -> None:
        """Close the line to Telegram."""
        await self.carrier.close()

    async def _dress(self, rep: Rep, commands: Sequence[Command]) -> None:
        """Set the list of commands beside one chat; only a convenience, so a failure is a line in the log."""
        tr = translator(rep.language)
        try:
            await self.carrier.set_commands(int(rep.address), "", [(command.name, tr(command.description)) for command in commands])
        except (RetryLater, Undeliverable, Uncertain, ValueError) as error:
            log.info("the commands of rep %s were not set: %s", rep.id, error)

    async def _start(self, update: Update, context: StaffContext) -> None:
        driven, said = context.driven, context.driven.said
        assert isinstance(said, Text)
        if not door.secret_in(said):
            await self._command(update, context)
            return
        try:
            joined = await self._store.write(
                lambda s: door.join(s, said, lambda rep: self._visit(rep, driven), self._company, event=driven.event, now=driven.now)
            )
        except (Expired, Forbidden) as error:
            await self._not_joined(driven, said, error)
        else:
            if joined:
                await self._dress(joined, known_to(joined.role))

    async def _not_joined(self, driven: Driven, said: Text, error: DragomanError) -> None:
        rep = await self._rep(said.chat_id)
        if rep:
            await self._do(rep, driven, refused(error))
        elif isinstance(error, Expired):
            await self._store.write(lambda s: door.wrong_invitation(s, said, self._company, event=driven.event, now=driven.now))
        else:
            await self._turn_away(driven)

    async def _command(self, _: Update, context: StaffContext) -> None:
        await self._heard(context.driven, hearing.commanded)

    async def _written(self, _: Update, context: StaffContext) -> None:
        driven, said = context.driven, context.driven.said
        if isinstance(said, Moved | Nameless | Rights):
            await self._store.write(lambda s: groups.happened(s, said, self._company, event=driven.event, now=driven.now))
        elif isinstance(said, Text):
            await self._heard(driven, hearing.grouped if said.place else hearing.written)
        else:
            await self._heard(driven, reactions.reacted if isinstance(said, Reacted) else hearing.other)

    async def _changed(self, _: Update, context: StaffContext) -> None:
        if isinstance(context.driven.said, Text):
            await self._heard(context.driven, hearing.changed)

    async def _heard(self, driven: Driven, deed: Deed) -> None:
        """Words of a member are answered; a stranger's get the one answer there is."""
        said = driven.said
        if not isinstance(said, Text | Other | Reacted) or said.chat_id is None:
            return
        rep = await self._rep(said.chat_id)
        if rep is None and (isinstance(said, Reacted) or getattr(said, "place", None)):
            return  # who is in the group, but not of the staff, changes nothing, and is not ours to answer
        if rep is None:
            await self._turn_away(driven)
        else:
            await self._do(rep, driven, deed)

    async def _pressed(self, _: Update, context: StaffContext) -> None:
        driven, said = context.driven, context.driven.said
        if not isinstance(said, Press):
            return
        rep = await self._rep(said.user_id)
        done = await self._do(rep, driven, hearing.pressed) if rep else await self._turn_away(driven)
        await self.carrier.answer_press(said.query_id, done.toast, alert=done.alert)

    async def _membership(self, update: Update, context: StaffContext) -> None:
        driven, said = context.driven, context.driven.said
        if isinstance(said, Rights):
            await self._written(update, context)
        if isinstance(said, Blocked | Unblocked):
            address = str(said.chat_id)
            rep = await self._rep(said.chat_id)
            if rep and isinstance(said, Blocked):
                lost = Notice(NoticeKind.REP_LOST, rep.id, f"rep_lost:{address}", {"address": address})
                await self._store.write(lambda s: tell(s, [lost], now=driven.now))

    async def _do(self, rep: Rep, driven: Driven, deed: Deed) -> Done:
        """Run a deed in one transaction; what the house refuses is said in words, what failed fails the update."""
        visit = self._visit(rep, driven)
        try:
            done = await self._once_or_why(visit, deed)
        except NotStaff:
            return await self._turn_away(driven)
        for other in (*((rep,) if done.dress else ()), *done.dressed):
            fresh = await self._rep(int(other.address))
            await self._dress(fresh or other, known_to(fresh.role) if fresh else WAY_IN)
        return done

    async def _once_or_why(self, visit: Visit, deed: Deed) -> Done:
        try:
            return await self._once(visit, deed)
        except (NotStaff, *NOT_THEIR_FAULT):
            raise
        except DragomanError as error:
            return await self._once(visit, steps.ask(error) if isinstance(error, StepUp) else refused(error))

    async def _once(self, visit: Visit, deed: Deed) -> Done:
        """Run a deed in one transaction; it goes again with what it asks that takes long, read from a snapshot, and after a post it turns on has left."""
        questions = looks = 0
        while questions < QUESTIONS_MOST:
            try:
                return await self._store.write(partial(once, visit=visit, deed=deed))
            except Unanswered as unanswered:
                found = await self._store.read(unanswered.question)
                visit, questions = replace(visit, answers={**visit.answers, unanswered.about: found}), questions + 1
            except Leaving:
                looks += 1  # counted too, since a clock may be set back
                visit = replace(visit, patient=looks < LOOKS and self._clock() < visit.received_at + LEAVING_MS)
                await asyncio.sleep(LOOK_AGAIN if visit.patient else 0)
        raise Busy

    def _visit(self, rep: Rep, driven: Driven) -> Visit:
        said = driven.said
        assert isinstance(said, Text | Press | Other | Reacted)
        rest = said.text.partition(" ")[2].strip() if isinstance(said, Text) else ""
        received = self._received.get(driven.event, driven.now)
        who = rep, said, driven.event, driven.now, received
        return Visit(*who, self._company, self._titles, self._username, rest, self._sendable, self.channels, allows=self._allows, ways=self._ways)

    async def _rep(self, chat_id: int) -> Rep | None:
        return await self._store.read(lambda s: rep_at(s, str(chat_id), now=self._clock()))

    async def _turn_away(self, driven: Driven) -> Done:
        """The one answer to everybody who is not of the staff: words in their chat, a line at a button."""
        said = driven.said
        if isinstance(said, Press):
            tr = translator(choose_language("", "", self._company.languages[0], self._company.languages))
            return Done(toast=tr("This button has expired."), alert=True)
        assert isinstance(said, Text | Other)
        if isinstance(said, Text) and said.place:
            return Done()
        chat_id, language = said.chat_id, said.language if isinstance(said, Text) else ""
        if chat_id is not None:
            await self._store.write(lambda s: door.turn_away(s, chat_id, language, self._company, now=driven.now))
        return Done()
