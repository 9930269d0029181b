"""What a batch adds, planned before a row is written: one list per table, numbered so that a thread reads in order."""

import json
from collections.abc import Iterator, Set
from dataclasses import asdict, dataclass, field

from crm.base.answers import (
    Action,
    Answer,
    GiveConsent,
    Heard,
    LearnName,
    LearnNeed,
    LearnPhone,
    SpeakLanguage,
    StopWriting,
    about,
)
from crm.base.events import ContactShared, Event, LeadForm, MediaKind, MediaRef, Message, Postback, Reaction, SessionStarted, Source, Unknown
from crm.base.outbound import Lane
from crm.base.rows import Rows
from crm.base.settings import Company
from crm.base.text import choose_language, clean, clean_name, cut, heard_language, is_order_question, is_thanks
from crm.conversations.talk import PREVIEW, Saying
from crm.conversations.threads import UPSET, Author, Status
from crm.inbox.known import Address, Thread
from crm.people.link import PREFIX

TEXT_MOST = 16_000
LINES = {SessionStarted: "start", ContactShared: "contact", Postback: "press", LeadForm: "form", Unknown: "unsupported", Reaction: "reaction"}


@dataclass(frozen=True, slots=True)
class Got:
    """One parsed event of a kept raw event."""

    event_id: int
    place: int
    account: str
    received_at: int
    event: Event


@dataclass(frozen=True, slots=True)
class Due:
    """Actions an answer carried, to be run as ordinary verbs after the rows are written."""

    thread: Thread
    message_id: int
    event_id: int
    actions: tuple[Action, ...]


@dataclass(slots=True)
class Plan:
    """The rows a batch adds; `owners` are the members of staff in whose own accounts some of it was written, `answered` = addresses that somebody
    of the firm has answered by other means: the bot says nothing there."""

    ids: Iterator[int]
    contacts: Rows = field(default_factory=list)
    identities: Rows = field(default_factory=list)
    conversations: Rows = field(default_factory=list)
    leads: Rows = field(default_factory=list)
    messages: Rows = field(default_factory=list)
    attachments: Rows = field(default_factory=list)
    sayings: list[Saying] = field(default_factory=list)
    due: list[Due] = field(default_factory=list)
    leads_of: dict[int, int] = field(default_factory=dict)
    needs: dict[int, str] = field(default_factory=dict)
    owners: dict[Address, int] = field(default_factory=dict)
    answered: Set[Address] = frozenset()
    ordered: Set[int] = frozenset()


def meet(plan: Plan, got: Got, company: Company, *, now: int) -> Thread:
    """A stranger becomes a contact, an identity and a conversation."""
    sender = got.event.sender
    assert sender is not None
    contact, identity, conversation = next(plan.ids), next(plan.ids), next(plan.ids)
    text = getattr(got.event, "text", "")
    language = choose_language(text, sender.language, company.languages[0], company.languages)
    name = clean_name(sender.name)
    source = packed(source_of(got.event))
    plan.contacts.append(
        {"id": contact, "root_id": contact, "platform_name": name, "language": language, "zone": company.zone, "created_at": now, "last_inbound_at": now}
    )
    plan.identities.append(
        {
            "id": identity,
            "contact_id": contact,
            "account": got.account,
            "external_id": sender.external_id,
            "username": clean_name(sender.username),
            "last_inbound_at": sane(getattr(got.event, "at", 0), got.received_at),
            "created_at": now,
        }
    )
    plan.conversations.append(
        {
            "id": conversation,
            "identity_id": identity,
            "open_identity_id": identity,
            "contact_id": contact,
            "account": got.account,
            "address": sender.external_id,
            "opened_at": now,
            "last_at": now,
            "source": source,
        }
    )
    return Thread(
        got.account, sender.external_id, identity, contact, contact, conversation, language, company.zone, platform_name=name, source=source, new=True
    )


def source_of(event: Event) -> Source:
    """Where somebody came from, as far as this event tells."""
    return getattr(event, "source", None) or Source()


def only_looks(event: Event) -> bool:
    """Whether nothing has been said yet: the chat was opened, no more."""
    return isinstance(event, SessionStarted) and event.looking


def packed(source: Source) -> str:
    """A source as it is kept: what is known of it, as JSON."""
    return json.dumps({key: value for key, value in asdict(source).items() if value}, ensure_ascii=False)


def hear(plan: Plan, thread: Thread, got: Got, *, now: int) -> Heard:
    """Write one event into its thread and say how a flow sees it."""
    event, number = got.event, next(plan.ids)
    text = words_of(event)
    shown = "\n".join(filter(None, (clean(event.title, 300), text))) if isinstance(event, Message) and event.title else text
    media: tuple[MediaRef, ...] = getattr(event, "media", ())
    plan.messages.append(
        {
            "id": number,
            "conversation_id": thread.conversation_id,
            "author": Author.CONTACT.value,
            "kind": LINES.get(type(event), "message"),
            "text": shown,
            "at": got.received_at,
            "sent_at": sane(getattr(event, "at", 0), got.received_at),
            "external_id": getattr(event, "external_id", "") or None,
            "reply_to": event.message if isinstance(event, Reaction) else getattr(event, "reply_to", ""),
            "once": f"event:{got.event_id}:{got.place}",
        }
    )
    for ref in media:
        plan.attachments.append(
            {
                "id": next(plan.ids),
                "message_id": number,
                "account": got.account,
                "kind": ref.kind.value,
                "ref": ref.ref,
                "name": clean_name(ref.name),
                "mime": ref.mime,
                "size": ref.size,
            }
        )
    first = thread.last_heard_id == 0
    quiet = asks_nothing(event) or told_at_once(plan, thread, event)
    if quiet:  # it stands in the thread and on the card, and asks for nothing
        thread.told, thread.last_message_id = True, number
        thread.wrote_at = max(thread.wrote_at, sane(getattr(event, "at", 0), got.received_at))
    if only_looks(event) or quiet:
        return as_heard(event, text, media=False, seen=False, first=first)
    seen = thread.asked_id is None or bool(thread.asked_at and thread.asked_at <= got.received_at)
    thread.heard.append(number)
    thread.last_heard_id = thread.last_message_id = number
    thread.told, thread.news = True, thread.news or first
    thread.wrote_at = max(thread.wrote_at, sane(getattr(event, "at", 0), got.received_at))
    thread.preview = cut(shown or (media[0].kind.value if media else ""), PREVIEW)
    if thread.shut:
        return as_heard(event, text, media=bool(media), seen=seen, first=first)
    thread.unread += 1
    thread.waiting_since = thread.waiting_since or got.received_at
    thread.first_heard_at = thread.first_heard_at or got.received_at
    if thread.status != Status.OPEN:
        thread.status, thread.reopened = Status.OPEN.value, True
    if thread.lead_id is None and not (thread.blocked or thread.spam or isinstance(event, Reaction) or (not first and thanks_only(event))):
        thread.lead_id = _lead(plan, thread, got, shown, now=now)
    return as_heard(event, text, media=bool(media), seen=seen, first=first)


def asks_nothing(event: Event) -> bool:
    """Whether nobody waits for an answer to this: a friendly reaction, a button whose verb answers by itself."""
    return (isinstance(event, Reaction) and event.emoji not in UPSET) or (isinstance(event, Postback) and bool(about(event.value)))


def thanks_only(event: Event) -> bool:
    """Whether somebody who has been heard before only thanks: that begins nothing new."""
    return isinstance(event, Message) and not event.media and not event.title and is_thanks(event.text)


def told_at_once(plan: Plan, thread: Thread, event: Event) -> bool:
    """Whether somebody asks where their order is, has one, and is told of it by the bot: then nobody else need answer."""
    if thread.root_id not in plan.ordered or thread.rep_id is not None or thread.blocked or thread.spam:
        return False
    return isinstance(event, Message) and not event.media and is_order_question(event.text)


def words_of(event: Event) -> str:
    """What stands in the thread for an event."""
    match event:
        case Message(text=text):
            return clean(text, TEXT_MOST)
        case Postback(label=label, value=value):
            return clean(label or value, 200)
        case ContactShared(phone=phone, name=name):
            return clean_name(f"{name} {phone}".strip())
        case SessionStarted(source=source):
            return clean(f"/start {source.payload}".strip(), 200)
        case LeadForm(name=name, phone=phone, email=email, text=text):
            return clean("\n".join(filter(None, (name, phone, email, text))), TEXT_MOST)
        case Unknown(kind=kind):
            return clean(f"[{kind}]", 200)
        case Reaction(emoji=emoji):
            return clean_name(emoji)[:40]
    return ""


def as_heard(event: Event, text: str, *, media: bool, seen: bool, first: bool) -> Heard:
    """An event as a flow sees it."""
    match event:
        case Postback(value=value):
            return Heard("postback", text, value=value, first=first)
        case ContactShared(other=True):  # somebody's card is like a file: its words are nobody's answer, and its number not theirs
            return Heard("message", "", media=True, seen=seen, first=first)
        case Message(media=(MediaRef(kind=MediaKind.STICKER), *_)):  # the emoji is for who reads the thread
            return Heard("message", "", media=True, seen=seen, first=first)
        case ContactShared(phone=phone, own=own):
            return Heard("contact", text, phone=phone, own_phone=own, seen=seen, first=first)
        case SessionStarted():
            return Heard("start", text, first=first)
        case LeadForm():
            return Heard("form", text, first=first)
        case Message():
            return Heard("message", text, media=media, seen=seen, first=first, language_heard=heard_language(text))
    return Heard("unknown", text, seen=seen, first=first)


def _lead(plan: Plan, thread: Thread, got: Got, text: str, *, now: int) -> int:
    """One open lead per person, also when two of their addresses speak in one batch."""
    if thread.root_id in plan.leads_of:
        return plan.leads_of[thread.root_id]
    number = plan.leads_of[thread.root_id] = next(plan.ids)
    marks = source_of(got.event)
    if marks == Source() or marks.payload.startswith(PREFIX):
        # Whoever looked first, or came by our own link, came from where their thread began; a later lead comes from nowhere we know of.
        source = (thread.news and thread.source) or "{}"
    else:
        source = packed(marks)
    plan.leads.append(
        {
            "id": number,
            "contact_id": thread.root_id,
            "open_contact_id": thread.root_id,
            "conversation_id": thread.conversation_id,
            "channel": got.account,
            "source": source,
            "language": thread.language,
            "first_message": cut(text, 500),
            "need": "",
            "created_at": now,
        }
    )
    return number


def answer_with(plan: Plan, thread: Thread, answer: Answer, got: Got) -> None:
    """Take one answer of the bot: what it says stands right behind what was heard."""
    message_id = plan.messages[-1]["id"]
    for place, said in enumerate(answer.say):
        number = next(plan.ids)
        once = f"answer:{got.event_id}:{got.place}:{place}"
        plan.sayings.append(
            Saying(thread.conversation_id, thread.account, thread.address, said.text, Author.BOT, Lane.SERVICE, once, said.buttons, message_id=number)
        )
        thread.last_message_id, thread.preview = number, cut(said.text, PREVIEW)
    if answer.say:
        thread.spoke = True
        thread.asked_id, thread.asked_at = (thread.last_message_id if answer.asks else None), None
    thread.flow_state = answer.state
    for action in answer.actions:
        learn(thread, action)
    left = tuple(action for action in answer.actions if not need_of_new_lead(plan, thread, action))
    if left:
        plan.due.append(Due(thread, message_id, got.event_id, left))


def stops(plan: Plan, thread: Thread, answer: Answer, got: Got) -> None:
    """Of an answer nobody shall read, take only that the person wants no more letters."""
    wanted = tuple(action for action in answer.actions if isinstance(action, StopWriting))
    if wanted:
        plan.due.append(Due(thread, plan.messages[-1]["id"], got.event_id, wanted))


def need_of_new_lead(plan: Plan, thread: Thread, action: Action) -> bool:
    """Write a need into a lead that this batch opens: nearly every stranger says it first, and an ordinary verb for each would cost the most of all."""
    if not isinstance(action, LearnNeed) or thread.lead_id in plan.needs:
        return False
    row = next((row for row in reversed(plan.leads) if row["id"] == thread.lead_id), None)
    if row is not None and thread.lead_id is not None:
        row["need"] = plan.needs[thread.lead_id] = clean(action.text).strip()[:2000]
    return row is not None


def learn(thread: Thread, action: Action) -> None:
    """What an action tells the rest of the batch, before its verb has run."""
    match action:
        case SpeakLanguage(language):
            thread.language = language
        case LearnName(name):
            thread.name = name
        case LearnNeed(text):
            thread.need = text
        case LearnPhone():
            thread.has_phone = True
        case GiveConsent(granted):
            thread.marketing = 1 if granted else -1
        case StopWriting() if thread.marketing != -1:
            thread.marketing = -1
        case StopWriting():
            thread.silenced = 1


def sane(at: int, received_at: int) -> int:
    """The platform's own time where it can be believed, else ours."""
    return at if 0 < at <= received_at + 86_400_000 else received_at
