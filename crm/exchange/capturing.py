"""Capturing: something handed over becomes a draft, is corrected, and is kept: a new person, more about one who is known, or a note; each can be taken back."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base import jobs
from crm.base.actors import Actor, Rep
from crm.base.errors import Expired, Forbidden, Invalid, NotFound
from crm.base.events import MediaRef
from crm.base.history import Change, record
from crm.base.likeness import likeness, name_keys
from crm.base.phones import normalise
from crm.base.policy import Action
from crm.base.rows import add, take_ids
from crm.base.text import clean_name
from crm.base.time import MINUTE
from crm.exchange.captures import Capture, CaptureKind, CaptureState
from crm.exchange.cards import POINTS_MOST, Draft
from crm.exchange.cells import email_in
from crm.exchange.reach import in_reach
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people.contacts import Contact, ContactPoint, Identity, PointKind, root_of
from crm.people.reps import authorise
from crm.people.sight import Sight, sight_of
from crm.people.suggestions import ALIKE, CROWD

READ = "capture.read"
TOGETHER_MS, ITEMS_MOST, CANDIDATES_MOST, TEXT_MOST = MINUTE, 30, 2, 4000


@dataclass(frozen=True, slots=True)
class Item:
    """One thing said elsewhere, or a recording: its words, who said it, when (0 = nobody knows), its file as [kind, ref, name, mime, size].

    `address` is the number of who said it at the platform, where that is told.
    """

    text: str = ""
    source: str = ""
    at: int = 0
    media: tuple[Any, ...] = ()
    address: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who is known already and may be the one captured."""

    contact_id: int
    name: str


@dataclass(frozen=True, slots=True)
class View:
    """A capture as its owner sees it; `hidden` = a colleague has somebody with this phone or e-mail, whom its owner may not see; `name` = whose it became."""

    id: int
    kind: CaptureKind
    state: CaptureState
    draft: Draft
    items: tuple[Item, ...]
    photo: tuple[Any, ...]
    why: str
    contact_id: int | None
    conversation_id: int | None
    candidates: tuple[Candidate, ...] = ()
    hidden: bool = False
    name: str = ""


def open_person(session: Session, actor: Actor, draft: Draft, *, now: int, kind: CaptureKind = CaptureKind.CONTACT) -> int:
    """Begin with what is known of a person; nothing is written about them yet."""
    return _open(session, actor, kind, CaptureState.ASKED, {"draft": asdict(draft)}, now=now).id


def open_file(session: Session, actor: Actor, kind: CaptureKind, ref: MediaRef, *, now: int) -> int:
    """Begin with a file that is read behind this: the photo of a card, or contacts as a phone shares them."""
    packed = pack(ref)
    opened = _open(session, actor, kind, CaptureState.READING, {"photo": packed} if kind is CaptureKind.CARD else {}, now=now)
    jobs.begin(session, actor, READ, opened.id, now=now, facts={"ref": packed})
    return opened.id


def open_words(session: Session, actor: Rep, item: Item, *, now: int, alone: bool = False) -> tuple[int, bool]:
    """Begin with what was said elsewhere; what comes within a minute goes with it, unless it is `alone`. Answers the capture, and whether it was there."""
    authorise(session, actor, Action.CAPTURE)
    newest = select(Capture).where(Capture.rep_id == actor.id).order_by(Capture.id.desc()).limit(1)
    found = session.scalar(newest)
    together = found is not None and found.kind == CaptureKind.WORDS and found.state == CaptureState.ASKED and found.created_at > now - TOGETHER_MS
    fresh = asdict(replace(item, text=item.text[:TEXT_MOST]))
    if found is None or not together or alone:
        return _open(session, actor, CaptureKind.WORDS, CaptureState.ASKED, {"items": [fresh]}, now=now).id, False
    items = [*json.loads(found.data)["items"], fresh]
    if len(items) > ITEMS_MOST:
        raise Invalid("that is too much at once")
    found.data = json.dumps({"items": items}, ensure_ascii=False)
    session.flush()
    return found.id, True


def _open(session: Session, actor: Actor, kind: CaptureKind, state: CaptureState, data: Mapping[str, Any], *, now: int) -> Capture:
    authorise(session, actor, Action.CAPTURE)
    if not isinstance(actor, Rep):
        raise Forbidden
    number = next(take_ids(session, 1))
    row = {"id": number, "rep_id": actor.id, "kind": kind.value, "state": state.value, "data": json.dumps(data, ensure_ascii=False), "created_at": now}
    add(session, Capture, [{**row, "contact_id": None, "conversation_id": None, "import_id": None}])
    record(session, Change("capture", number, "captured", actor, after={"kind": kind.value}), now=now)
    return session.get_one(Capture, number)


def pack(ref: MediaRef) -> list[Any]:
    """A file's reference as it is stored."""
    return [ref.kind.value, ref.ref, ref.name, ref.mime, ref.size]


def capture_at(session: Session, actor: Actor, capture_id: int) -> Capture:
    """A capture of this member's own, to be changed."""
    authorise(session, actor, Action.CAPTURE)
    return _own(actor, session.get(Capture, capture_id, with_for_update=True, populate_existing=True))


def _read(session: Session, actor: Actor, capture_id: int) -> Capture:
    """A capture of this member's own, to be looked at: a snapshot locks nothing."""
    authorise(session, actor, Action.CAPTURE)
    return _own(actor, session.get(Capture, capture_id))


def _own(actor: Actor, found: Capture | None) -> Capture:
    if found is None or not isinstance(actor, Rep) or found.rep_id != actor.id:
        raise NotFound("no such capture")
    return found


def standing(session: Session, actor: Actor, capture_id: int, *states: CaptureState) -> Capture:
    """A capture that still stands so; raises `Expired` where it does not."""
    found = capture_at(session, actor, capture_id)
    if CaptureState(found.state) not in states:
        raise Expired
    return found


def draft_of(one: Capture) -> Draft:
    """What a capture says of a person."""
    told: dict[str, Any] = json.loads(one.data).get("draft") or {}
    known: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
    return Draft(**known)


def items_of(one: Capture) -> tuple[Item, ...]:
    """What was said elsewhere."""
    return tuple(Item(**{**item, "media": tuple(item["media"])}) for item in json.loads(one.data).get("items", ()))


def view(session: Session, actor: Actor, capture_id: int) -> View:
    """A capture with those who may be meant."""
    one = _read(session, actor, capture_id)
    draft, items = draft_of(one), items_of(one)
    photo = tuple(json.loads(one.data).get("photo", ()))
    sight = sight_of(session, actor, Action.CAPTURE)
    shown = (as_seen(sight, draft), tuple(replace(item, source=sight.named(item.source)) for item in items))
    seen = View(one.id, CaptureKind(one.kind), CaptureState(one.state), *shown, photo, one.why, one.contact_id, one.conversation_id)
    if one.contact_id and one.state == CaptureState.KEPT:
        root = root_of(session, one.contact_id)
        seen = replace(seen, name=sight.named(root.name or root.platform_name))
    if one.state != CaptureState.ASKED:
        return seen
    wanted = draft if one.kind != CaptureKind.WORDS else Draft(name=next((item.source for item in items if item.source), ""))
    found, hidden = alike(session, actor, wanted, {item.address for item in items if item.address})
    return replace(seen, candidates=found, hidden=hidden)


def as_seen(sight: Sight, draft: Draft) -> Draft:
    """What a capture says of a person as its owner may read it; pure."""
    if sight.points:
        return draft
    words = {name: sight.told(sight.named(getattr(draft, name)), points=True) for name in ("name", "company", "role", "site")}
    phones, emails = (tuple(sight.shown(kind, one) for one in some) for kind, some in (("phone", draft.phones), ("email", draft.emails)))
    return Draft(**words, phones=phones, emails=emails, lines=tuple(sight.told(line, points=True) for line in draft.lines))


def source_of(session: Session, actor: Actor, capture_id: int) -> str:
    """Who said first what was handed over ("" = nobody tells)."""
    return next((item.source for item in items_of(_read(session, actor, capture_id)) if item.source), "")


def line_at(session: Session, actor: Actor, capture_id: int, place: int) -> str:
    """One of the lines that were read, as it was read; raises `Expired` where there is none."""
    lines = draft_of(_read(session, actor, capture_id)).lines
    if not 0 <= place < len(lines):
        raise Expired
    return lines[place]


def alike(session: Session, actor: Actor, draft: Draft, addresses: Collection[str] = ()) -> tuple[tuple[Candidate, ...], bool]:
    """Who is known already by the same phone, e-mail, address or name, within the actor's sight; and whether somebody outside it has the same of them."""
    by_point = [number for kind, value in draft.points for number in _roots(session, kind, value)]
    met = select(Contact.root_id).join(Identity, Identity.contact_id == Contact.id).where(Identity.external_id.in_(addresses))
    by_point += session.scalars(met.distinct().order_by(Contact.root_id)) if addresses else ()
    keys = name_keys(draft.name) if " " in draft.name else ()
    named = [number for key in keys for number in _roots(session, PointKind.NAME.value, key)]
    people = {row.id: row.name or row.platform_name for row in _people(session, {*by_point, *named})}
    likely = [*by_point, *(number for number in named if likeness(draft.name, people[number]) >= ALIKE)]
    found: list[Candidate] = []
    hidden = False
    for number in dict.fromkeys(likely):
        try:
            sight = in_reach(session, actor, Action.CAPTURE, number)
        except Forbidden:
            hidden |= number in by_point
            continue
        found.append(Candidate(number, sight.named(people[number])))
    return tuple(found[:CANDIDATES_MOST]), hidden


def _roots(session: Session, kind: str, value: str) -> Sequence[int]:
    found = select(Contact.root_id).join(ContactPoint, ContactPoint.contact_id == Contact.id)
    roots = session.scalars(found.where(ContactPoint.kind == kind, ContactPoint.value == value).distinct().order_by(Contact.root_id).limit(CROWD + 1)).all()
    return roots if len(roots) <= CROWD else ()


def _people(session: Session, numbers: set[int]) -> Sequence[Any]:
    return session.execute(select(Contact.id, Contact.name, Contact.platform_name).where(Contact.id.in_(numbers))).all() if numbers else ()


def correct(session: Session, actor: Actor, capture_id: int, field: str, value: str, region: str, *, now: int) -> Draft:
    """Say a field of a draft otherwise ("" = take it away); raises `Invalid` for what is no phone or e-mail."""
    one = standing(session, actor, capture_id, CaptureState.ASKED)
    draft, said = draft_of(one), clean_name(value)
    if field == PointKind.PHONE:
        number = normalise(said, region)
        if said and not number:
            raise Invalid("that is no phone number")
        draft = replace(draft, phones=(number, *(one for one in draft.phones[1:] if one != number))[:POINTS_MOST] if number else draft.phones[1:])
    elif field == PointKind.EMAIL:
        address = email_in(said)
        if said and not address:
            raise Invalid("that is no e-mail address")
        draft = replace(draft, emails=(address, *(one for one in draft.emails[1:] if one != address))[:POINTS_MOST] if address else draft.emails[1:])
    elif field in ("name", "company"):
        draft = replace(draft, name=said) if field == "name" else replace(draft, company=said)
    else:
        raise Invalid("no such field")
    one.data = json.dumps({**json.loads(one.data), "draft": asdict(draft)}, ensure_ascii=False)
    session.flush()
    return draft


def by_hand(session: Session, actor: Actor, capture_id: int, *, now: int) -> None:
    """Go on with a card that could not be read: its fields are typed."""
    one = standing(session, actor, capture_id, CaptureState.UNREADABLE)
    one.state = CaptureState.ASKED.value
    one.data = json.dumps({**json.loads(one.data), "draft": asdict(Draft())})
    session.flush()


def leave(session: Session, actor: Actor, capture_id: int, *, now: int) -> None:
    """Keep nothing of it."""
    one = standing(session, actor, capture_id, CaptureState.ASKED, CaptureState.READING, CaptureState.UNREADABLE)
    settle(session, one, CaptureState.LEFT, now=now)


def settle(session: Session, one: Capture, state: CaptureState, *, now: int, data: Mapping[str, Any] | None = None) -> None:
    """A capture is over; it says no more than what the way back needs."""
    one.state, one.data, one.settled_at = state.value, json.dumps(dict(data or {}), ensure_ascii=False), now
    session.flush()


def redraw(session: Session, capture_id: int, *, now: int) -> None:
    """Have a capture's post drawn again for who began it."""
    tell(session, [Notice(NoticeKind.CAPTURED, capture_id, f"capture:{capture_id}")], now=now)
