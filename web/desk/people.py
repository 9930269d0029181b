"""People: who a customer may be besides, what the two would be as one, and the merges that made them who they are; as the page shows them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from crm.base.db import Session
from crm.base.errors import DragomanError
from crm.base.i18n import Translator
from crm.base.settings import Company
from crm.base.text import clean_name, cut
from crm.reports.channel import WHY, channel_of
from crm.reports.person import Joining, Merge, Person, person, preview
from crm.reports.thread import Thread
from crm.reports.words import like, plain_name
from web.desk.view import Place
from web.desk.words import whole

SIDES_MOST, NEED = 6, 200


@dataclass(frozen=True, slots=True)
class Maybe:
    """Somebody who may be the same person: the suggestion's number, who and why, what is known of both, what the one would be."""

    id: int
    title: str
    one: str
    other: str
    after: str


@dataclass(frozen=True, slots=True)
class Made:
    """A merge that can be undone."""

    id: int
    title: str


@dataclass(frozen=True, slots=True)
class Same:
    """All the page tells of who is who."""

    maybes: tuple[Maybe, ...] = ()
    merges: tuple[Made, ...] = ()


def read(session: Session, place: Place, seen: Thread, titles: Mapping[str, str]) -> Same:
    """Who is who, for one who reaches all of it; where somebody else has a part, nothing is offered."""
    if seen.elsewhere or seen.blocked or not (seen.possible or seen.others):
        return Same()
    maybes: list[Maybe] = []
    for one in seen.possible:
        try:
            found = preview(session, place.rep, one.id, titles)
        except DragomanError:
            continue
        why = like(place.tr, one.reason, one.common)
        title = place.tr("Possibly the same as {name}: {why}, {score} %", name=plain_name(place.tr, one.name), why=why, score=one.score)
        maybes.append(maybe(place.tr, one.id, title, found))
    try:
        merges = person(session, place.rep, seen.conversation_id, titles).merges if seen.others else ()
    except DragomanError:
        merges = ()
    return Same(tuple(maybes), made(place, merges))


def written_on(session: Session, place: Place, seen: Thread, titles: Mapping[str, str], company: Company) -> Iterator[str]:
    """Where somebody who is on several channels is written to when we begin, and why, for one who reaches them."""
    if seen.elsewhere or seen.blocked or not seen.others:
        return
    found = channel_of(session, place.rep, seen.conversation_id, titles, company, now=place.now)
    if found.now is not None:
        told = {"name": plain_name(place.tr, found.name), "channel": clean_name(found.now.channel, 40), "why": place.tr(WHY[found.why])}
        yield place.tr("{name} is written to on {channel}: {why}.", **told)


def maybe(tr: Translator, number: int, title: str, found: Joining) -> Maybe:
    """One suggestion in words; pure."""
    return Maybe(number, title, "\n".join(_side(tr, found.stays)), "\n".join(_side(tr, found.joins)), "\n".join(_after(tr, found)))


def made(place: Place, merges: Sequence[Merge]) -> tuple[Made, ...]:
    """The merges of a person in words; pure."""
    tr = place.tr
    return tuple(Made(one.link_id, f"{plain_name(tr, one.name)}: {like(tr, one.why)}, {tr.when(one.at, place.zone, place.now)}") for one in merges)


def _side(tr: Translator, one: Person) -> Iterator[str]:
    yield plain_name(tr, one.name)
    yield ", ".join(" ".join(filter(None, (each.channel, f"@{clean_name(each.username, 40)}" if each.username else ""))) for each in one.addresses[:SIDES_MOST])
    if one.points:
        yield ", ".join(f"{clean_name(each.value)} {'✓' if each.proven else '?'}" for each in one.points[:SIDES_MOST])
    yield tr.many("{n} conversation", "{n} conversations", one.conversations)
    if one.need:
        yield tr("Need: {need}", need=cut(" ".join(whole(one.need).split()), NEED))
    elif one.lead_open:
        yield tr("An open lead")


def _after(tr: Translator, found: Joining) -> Iterator[str]:
    """What the one person would be: the stricter answer wins."""
    offers = {1: tr("yes"), -1: tr("no"), 0: tr("not asked")}[found.after.marketing]
    if found.differ:
        yield tr("⚠️ Their proven phones differ: they may be two people after all.")
    yield tr("Together: {name}, offers: {offers}.", name=plain_name(tr, found.after.name or found.after.platform_name), offers=offers)
    if found.after.silenced:
        yield tr("No follow-ups.")
    if found.after.blocked:
        yield tr("Blocked.")
    if found.stays.lead_open and found.joins.lead_open:
        yield tr("One open lead stays.")
    yield tr("Every conversation stays on its channel. It can be undone.")
