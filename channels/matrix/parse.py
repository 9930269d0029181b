"""What one thing that happened in a room means: pure, total, the same again."""

from collections.abc import Callable

from channels.matrix.contents import TEXTS, answered, media, words
from channels.matrix.say import MARK, Marks, is_event
from channels.payload import Json, kind, name, part, plain_name, read, text, whole
from crm.base.events import Arrival, Delete, Edit, Event, IdentityChanged, Message, RawEvent, Reaction, Sender, Status, Unknown

_LONGEST_ID, _LONGEST_EMOJI = 255, 40
_KINDS = {
    "m.room.encrypted": "encrypted",
    "m.call.invite": "call",
    "m.poll.start": "poll",
    "org.matrix.msc3381.poll.start": "poll",
    "m.beacon": "beacon",
}


class Reader:
    """Reads what was kept for one account; `marks` tell what we sent ourselves."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._readers: dict[str, Callable[[Json, Json, Sender, int], list[Event]]] = {
            "m.room.message": self._message,
            "m.sticker": self._message,
            "m.reaction": self._reaction,
            "m.room.redaction": self._redaction,
            "m.room.member": self._member,
        }

    def parse(self, raw: RawEvent) -> list[Event]:
        """What happened; what cannot be read is an `Unknown`."""
        try:
            told = read(raw.body)
        except ValueError:
            return [Unknown("unreadable", at=raw.received_at)]
        room, peer = text(told, "room"), text(told, "peer")
        if not room.startswith("!") or len(room) > _LONGEST_ID:
            return [Unknown("unnamed", at=raw.received_at)]
        sender = Sender(room, name(told, "name") or _local(peer), plain_name(peer).removeprefix("@"), aliases=(peer,) if _is_user(peer) else ())
        if "receipt" in told:
            return _receipt(part(told, "receipt"), room, raw.received_at)
        event = part(told, "event")
        at, what = _instant(whole(event, "origin_server_ts"), raw.received_at), text(event, "type")
        reader = self._readers.get(what)
        return reader(told, event, sender, at) if reader else _other(told, event, sender, at)

    def _message(self, told: Json, event: Json, sender: Sender, at: int) -> list[Event]:
        content, id_ = part(event, "content"), _id(event)
        ours, wrote = _writer(told, event)
        if not id_ or not (ours or wrote):
            return [Unknown("unnamed", at=at)]
        relates = part(content, "m.relates_to")
        if text(relates, "rel_type") == "m.replace":
            return [] if ours else _edit(content, relates, sender, at)
        if ours and MARK in content:
            ref = self._marks.read(text(content, MARK))
            if ref is not None:
                return [Status(Arrival.SENT, at, ids=(id_,), ref=ref)] if ref else []
        return [_said(event, content, sender, at, ours=ours)]

    def _reaction(self, told: Json, event: Json, sender: Sender, at: int) -> list[Event]:
        relates, id_ = part(part(event, "content"), "m.relates_to"), _id(event)
        target, emoji = text(relates, "event_id"), plain_name(text(relates, "key"))[:_LONGEST_EMOJI]
        ours, wrote = _writer(told, event)
        if ours:
            return []
        if not wrote or not id_ or not is_event(target) or not emoji:
            return [Unknown("reaction", at=at)]
        return [Reaction(sender, id_, target, emoji, at)]

    def _redaction(self, told: Json, event: Json, sender: Sender, at: int) -> list[Event]:
        """A message taken back; or a reaction, where what it stood on is known."""
        gone, id_ = text(event, "redacts") or text(part(event, "content"), "redacts"), _id(event)
        ours, wrote = _writer(told, event)
        if ours:
            return []
        if not wrote or not id_ or not is_event(gone):
            return [Unknown("redaction", at=at)]
        on = text(told, "on")
        return [Reaction(sender, id_, on, "", at) if is_event(on) else Delete(sender, gone, at)]

    def _member(self, told: Json, event: Json, sender: Sender, at: int) -> list[Event]:
        """Somebody came or went: we, and then this room is where the person is met; or the person."""
        who, what = text(event, "state_key"), text(part(event, "content"), "membership")
        mine = bool(who) and who == text(told, "me")
        if mine and what == "join" and sender.aliases:
            return [IdentityChanged(Sender(sender.aliases[0], sender.name), True, at, new_id=sender.external_id)]
        if what in ("leave", "ban") and (mine or who == text(told, "peer")):
            return [IdentityChanged(Sender(sender.external_id), False, at)]
        if what == "join" and who == text(told, "peer"):
            return [IdentityChanged(Sender(sender.external_id), True, at)]
        return [Unknown("member", at=at)]


def _said(event: Json, content: Json, sender: Sender, at: int, *, ours: bool) -> Event:
    """A message, with words, a file or both."""
    sticker, what, id_ = text(event, "type") == "m.sticker", text(content, "msgtype"), _id(event)
    if not content:
        return Unknown("taken_back", at=at)
    files = media(content, sticker)
    said = "" if sticker and files else words(content)
    if not files and (not said.strip() or what.startswith("m.key.")):
        return Unknown("nothing" if what in TEXTS or not what else _kind(what), None if ours else sender, id_, at)
    answers = answered(content)
    auto = what in ("m.notice", "m.server_notice") and not ours
    return Message(sender, id_, said, at, media=files, reply_to=answers if is_event(answers) else "", echo=ours, auto=auto)


def _edit(content: Json, relates: Json, sender: Sender, at: int) -> list[Event]:
    changed, message = part(content, "m.new_content"), text(relates, "event_id")
    return [Edit(sender, message, words(changed), at)] if is_event(message) and changed else [Unknown("edit", at=at)]


def _other(told: Json, event: Json, sender: Sender, at: int) -> list[Event]:
    """A kind that is not read: it stands in the thread where the person sent it."""
    ours, wrote = _writer(told, event)
    if ours:
        return []
    what, id_ = text(event, "type"), _id(event)
    said = wrote and id_ and "state_key" not in event
    return [Unknown(_kind(what), sender if said else None, id_ if said else "", at)]


def _receipt(receipt: Json, room: str, received_at: int) -> list[Event]:
    """The person has read up to an event: that one where it is ours, and all that we said before."""
    about, id_ = part(receipt, "of"), text(receipt, "event_id")
    at = _instant(whole(receipt, "ts"), received_at)
    until = _instant(whole(about, "at"), received_at)
    if not is_event(id_):
        return [Unknown("receipt", at=at)]
    one: list[Event] = [Status(Arrival.READ, at, ids=(id_,), ref=text(about, "ref"))] if about.get("mine") is True else []
    return [*one, Status(Arrival.READ, at, address=room, until=until)]


def _writer(told: Json, event: Json) -> tuple[bool, bool]:
    """Whether we wrote it, on whichever device, and whether the other one did."""
    sender = text(event, "sender")
    return bool(sender) and sender == text(told, "me"), bool(sender) and sender == text(told, "peer")


def _id(event: Json) -> str:
    found = text(event, "event_id")
    return found if is_event(found) else ""


def _is_user(who: str) -> bool:
    return who.startswith("@") and ":" in who and len(who) <= _LONGEST_ID and who.isprintable()


def _local(who: str) -> str:
    """What stands in an id before the server's name."""
    return plain_name(who.removeprefix("@").partition(":")[0])


def _kind(what: str) -> str:
    return _KINDS.get(what) or kind(what.rpartition("m.")[2].replace(".", "_").lower())


def _instant(told: int, received_at: int) -> int:
    """The server's own milliseconds; a time that cannot be, or lies ahead, is the time of receipt."""
    return told if 0 < told <= received_at else received_at
