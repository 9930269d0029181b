"""Visit: one update of one member of staff, and the shape of everything that answers it."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar, cast

from bots.staff import taps
from bots.staff.posts import Mail, Post, numbered, put
from bots.staff.sight import Allows, Scene, look
from bots.staff.updates import Other, Place, Press, Reacted, Text
from bots.staff.words import sorry
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.errors import DragomanError, Forbidden
from crm.base.i18n import Translator, translator
from crm.base.outbound import Health
from crm.base.policy import Action
from crm.base.settings import Company
from crm.people.desk import Intent, Wizard, handled, toast_of
from crm.people.reps import goes_by, rep_at
from crm.sales.entries import Ways

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Visit:
    """Who did what; `event` is the once-key of every deed, `received_at` when we got it, `rest` what stands behind a command.

    `sendable` are the accounts that can carry a promotion (empty = all), `health` is how each did when somebody last looked, `answers` are what
    `ask` has found out already; a `patient` visit may still wait for a post that is just leaving (`Leaving`); `about` is the conversation in whose
    topic a command was typed that is answered in one's own chat.
    """

    rep: Rep
    said: Text | Press | Other | Reacted
    event: int
    now: int
    received_at: int
    company: Company
    titles: Mapping[str, str]
    username: str
    rest: str = ""
    sendable: frozenset[str] = frozenset()
    health: Mapping[str, Health] = field(default_factory=dict)
    answers: Mapping[Hashable, object] = field(default_factory=dict)
    patient: bool = True
    allows: Allows | None = None
    ways: Ways = field(default_factory=Ways)
    about: int | None = None

    @property
    def tr(self) -> Translator:
        """Says phrases in the reader's language."""
        return translator(self.rep.language)

    @property
    def once(self) -> str:
        """The once-key of what this update does."""
        return f"event:{self.event}"

    @property
    def replied_to(self) -> int | None:
        """The post this answers or whose button was pressed."""
        match self.said:
            case Press(message_id=number):
                return number
            case Text(reply_to=number):
                return number
        return None

    @property
    def place(self) -> Place | None:
        """Where in a group it was done (None = in their own chat)."""
        return getattr(self.said, "place", None)

    @property
    def chat(self) -> str:
        """The address of the chat in which it was done."""
        return str(self.place.chat) if self.place else self.rep.address

    def secret(self, purpose: str) -> str:
        """An unguessable word of 128 bits that is the same when this update is handled twice."""
        made = hmac.new(self.company.link_key, f"{purpose}:{self.event}".encode(), hashlib.sha256).digest()[:16]
        return base64.urlsafe_b64encode(made).decode().rstrip("=")

    def scene(self, session: Session) -> Scene:
        """The staff as they are now."""
        return replace(look(session, self.company, self.titles, now=self.now), health=self.health, allows=self.allows, sendable=self.sendable)


@dataclass(frozen=True, slots=True)
class Done:
    """What a deed shows: posts in the rep's chat, a short line at the button that was pressed.

    `dress` = the list of commands beside the chat has to be set anew; `dressed` are others whose list has to be, too.
    What was done in a group is answered there, in the topic of the conversation it is `about`, unless it is `private`.
    """

    posts: tuple[Post, ...] = ()
    toast: str = ""
    alert: bool = False
    dress: bool = False
    dressed: tuple[Rep, ...] = ()
    about: int | None = None
    private: bool = False


Deed = Callable[[Session, Visit], Done]
"""What answers a command or words; runs in one transaction and touches nothing but its session."""
Pressed = Callable[[Session, Visit, Intent], Done]
Listener = Callable[[Session, Visit, Wizard], Done]


class Group(StrEnum):
    """Which menu a command stands in; each has at most eight buttons."""

    WORK = "work"
    SELL = "sell"
    PEOPLE = "people"
    REACH = "reach"
    TEAM = "team"
    SETUP = "setup"


@dataclass(frozen=True, slots=True)
class Command:
    """One word behind a slash: what it is for, what it does, what its reader must be allowed, and the buttons and questions it brings along."""

    name: str
    description: str
    deed: Deed
    needs: Action = Action.TALK
    presses: Mapping[str, Pressed] | None = None
    listeners: Mapping[str, Listener] | None = None
    group: Group = Group.WORK


def text(words: str) -> Post:
    """A post of plain text."""
    return Post(words)


def told(words: str) -> Done:
    """An answer of plain text."""
    return Done((Post(words),))


class NotStaff(Forbidden):
    """This person is not of the staff any more."""


class Unanswered(Exception):
    """A deed asks what takes too long for the one writer; it has changed nothing, and goes again with the answer to `question`."""

    def __init__(self, about: Hashable, question: Callable[[Session], object]) -> None:
        super().__init__(f"not asked yet: {about}")
        self.about, self.question = about, question


class Leaving(Exception):
    """What a deed turns on is just leaving; it has changed nothing, and goes again when more is known."""


def ask(visit: Visit, about: Hashable, question: Callable[[Session], T]) -> T:
    """What a long question answers, read from a snapshot before the deed runs; `about` names the question with everything it depends on."""
    if about not in visit.answers:
        raise Unanswered(about, question)
    return cast(T, visit.answers[about])


def once(session: Session, visit: Visit, deed: Deed) -> Done:
    """Do a deed and queue what it shows in one transaction; an update that was handled before changes nothing and answers the same.

    Who it is for, and with which role, is read here, so that a removal works at once; `NotStaff` for one who was removed.
    """
    before = toast_of(session, visit.event)
    if before is not None:
        return Done(toast=before)
    rep = rep_at(session, visit.rep.address, now=visit.now)
    if rep is None:
        raise NotStaff
    visit = replace(visit, rep=rep)
    if isinstance(visit.said, Text) and visit.said.username:
        goes_by(session, rep.id, visit.said.username)
    done = deed(session, visit)
    done = replace(done, posts=taps.answered(session, rep, visit.said, done.posts, now=visit.now))
    put(session, answers(visit, done), visit.company.link_key, now=visit.now)
    handled(session, visit.event, done.toast)
    return done


def answers(visit: Visit, done: Done) -> list[Mail]:
    """What a deed shows, where it was done; what stands in a topic is about its conversation."""
    if done.private or not visit.place:
        return numbered(visit.rep, done.posts, visit.event)
    posts = [replace(post, conversation_id=post.conversation_id or done.about) for post in done.posts]
    return numbered(replace(visit.rep, address=visit.chat), posts, visit.event)


def refused(error: DragomanError) -> Deed:
    """Says why not, where the reader looks: at the button, or in the chat."""

    def deed(session: Session, visit: Visit) -> Done:
        words = sorry(visit.tr, error)
        return Done(toast=words, alert=True) if isinstance(visit.said, Press) else told(words)

    return deed
