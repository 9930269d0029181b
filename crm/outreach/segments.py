"""Segment: the rule that chooses people for a campaign, and the exact count of whom it reaches, whom not, and why."""

import json
from collections import Counter
from dataclasses import dataclass, field, replace

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Actor
from crm.base.policy import Action
from crm.base.settings import Company
from crm.base.template import Template, Values, names_for, own_names, parse, render, tidy
from crm.base.time import DAY, allowed_from
from crm.conversations.threads import Conversation
from crm.outbox.gate import CAP_MS
from crm.outreach.zones import zone_of
from crm.people.consents import MARKETING, Consent
from crm.people.contacts import Contact, Identity
from crm.people.fields import FieldValue, own_values, template_names
from crm.people.own_accounts import OwnChat
from crm.people.pretended import real
from crm.people.reps import Member, authorise
from crm.people.routes import in_order
from crm.people.tags import Tag
from crm.sales.leads import Lead, LeadStatus

_kin, _owner, _person = aliased(Contact), aliased(Contact), aliased(Contact)
_teller, _later_teller, _later = aliased(Contact), aliased(Contact), aliased(FieldValue)
# Asked of one person at a time. As a bare column, an account, a status or an age would tempt a planner without statistics to walk the index of
# all of them for each person: 10,000 people took ten seconds.
_account = func.coalesce(Identity.account, "")
IN = "in"


@dataclass(frozen=True, slots=True)
class Segment:
    """Whom a campaign is for; an empty set asks for nothing.

    `age_days` takes leads of the last days (0 = any age), `channels` are accounts, `statuses` of the lead (empty = all but spam), `consent` keeps
    only those who said yes to offers (the others are left out in any case, but are counted then). `sendable` names the accounts that can carry a
    message at all (empty = every account): who has no other address is unreachable. `details` are the firm's own fields with the values that are
    wanted: one of those of each field that is named; `tags` are words of which a person has one. Whoever is spam is in no segment.
    """

    age_days: int = 0
    languages: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    statuses: frozenset[LeadStatus] = frozenset()
    consent: bool = False
    sendable: frozenset[str] = frozenset()
    details: frozenset[tuple[int, str]] = frozenset()
    tags: frozenset[str] = frozenset()

    def pack(self) -> str:
        """The segment as text, to be kept with a campaign."""
        lists = {name: sorted(getattr(self, name)) for name in ("languages", "channels", "statuses", "sendable", "tags")}
        details = sorted([number, value] for number, value in self.details)
        return json.dumps({"age_days": self.age_days, "consent": self.consent, **lists, "details": details}, ensure_ascii=False)


def unpack(text: str) -> Segment:
    """Read what `Segment.pack` wrote."""
    values = json.loads(text)
    statuses = frozenset(LeadStatus(status) for status in values["statuses"])
    sets = {name: frozenset(values[name]) for name in ("languages", "channels", "sendable")}
    details = frozenset((number, value) for number, value in values.get("details", ()))
    tags = frozenset(values.get("tags", ()))
    return Segment(values["age_days"], sets["languages"], sets["channels"], statuses, values["consent"], sets["sendable"], details, tags)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many people of a segment will not be written to, each counted under the first reason that holds."""

    blocked: int = 0
    unreachable: int = 0
    no_consent: int = 0
    capped: int = 0

    @property
    def total(self) -> int:
        """How many were left out for any reason."""
        return self.blocked + self.unreachable + self.no_consent + self.capped


@dataclass(frozen=True, slots=True)
class Sample:
    """The text as one real person will see it."""

    name: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Preview:
    """`count` people will be written to, `quiet_hours` of them only when their day has begun (09:00); `sample` is None where there is nobody.

    `billed` = so many of them cost money, see `billed`.
    """

    count: int
    quiet_hours: int
    left_out: LeftOut = field(default_factory=LeftOut)
    sample: Sample | None = None
    billed: int = 0


def preview(session: Session, actor: Actor, segment: Segment, text: str, company: Company, *, now: int) -> Preview:
    """Count exactly whom a text would reach now, and show it as one of them will see it ("" = no sample yet); BadTemplate for a bad text."""
    authorise(session, actor, Action.PROMOTE)
    template: Template = parse(tidy(text), template_names(session)) if text else ()
    found = counted(session, segment, now=now)
    zones = {zone: n for (why, zone), n in found.items() if why == IN}
    asleep = sum(n for zone, n in zones.items() if allowed_from(now, zone_of(zone, company)) > now)
    left: Counter[str] = Counter()
    for (why, _), n in found.items():
        left[why] += n
    out = LeftOut(left["blocked"], left["unreachable"], left["no_consent"], left["capped"])
    sample = _sample(session, segment, template, company, now=now) if template and zones else None
    return Preview(left[IN], asleep, out, sample)


def counted(session: Session, segment: Segment, *, now: int) -> dict[tuple[str, str], int]:
    """How many people of a segment stand under each verdict ("in" = will be written to) in each zone."""
    why = verdict(segment, now)
    rows = session.execute(select(why, Contact.zone, func.count()).where(*belongs(segment, now)).group_by(why, Contact.zone))
    return {(row[0], row[1]): row[2] for row in rows}


def reached(session: Session, segment: Segment, *, now: int) -> int:
    """How many people of a segment will be written to."""
    return session.scalar(select(func.count()).select_from(Contact).where(*chosen(segment, now))) or 0


def belongs(segment: Segment, now: int) -> list[ColumnElement[bool]]:
    """What makes a person one of the segment, whether they can be written to or not."""
    rules: list[ColumnElement[bool]] = [Contact.root_id == Contact.id, func.coalesce(Contact.kind, "") == "customer", ~_spam(), real(Contact.id)]
    if segment.consent:
        rules += [Contact.marketing == 1, Contact.silenced == 0]
    if segment.languages:
        rules.append(Contact.language.in_(sorted(segment.languages)))
    if segment.channels:
        on_them = exists().where(Identity.contact_id == _kin.id, _kin.root_id == Contact.id, _account.in_(sorted(segment.channels)))
        rules.append(on_them.correlate(Contact))
    if segment.age_days or segment.statuses:
        rules.append(_interest(segment, now))
    for number in sorted({number for number, _ in segment.details}):
        rules.append(_says(number, sorted(value for one, value in segment.details if one == number)))
    if segment.tags:  # one list for all: whoever has the word, under whichever of their contacts
        rules.append(Contact.id.in_(select(_owner.root_id).join(Tag, Tag.contact_id == _owner.id).where(Tag.word.in_(sorted(segment.tags)))))
    return rules


def _spam() -> ColumnElement[bool]:
    """A lead of the person that somebody called spam; one list for all, mostly short: asked of each person it took as long as all the rest."""
    return Contact.id.in_(select(_owner.root_id).join(Lead, Lead.contact_id == _owner.id).where(Lead.status == LeadStatus.SPAM.value))


def _says(field_id: int, values: list[str]) -> ColumnElement[bool]:
    """The newest word on a field, whichever of the person's contacts it was written down for, is one of these."""
    newer = (_later.subject_id == _later_teller.id, _later_teller.root_id == Contact.id, _later.field_id == field_id, _later.at > FieldValue.at)
    newest = ~exists().where(*newer).correlate(Contact, FieldValue)
    told = (FieldValue.subject_id == _teller.id, _teller.root_id == Contact.id, FieldValue.field_id == field_id)
    return exists().where(*told, func.coalesce(FieldValue.value, "").in_(values), newest).correlate(Contact)


def _interest(segment: Segment, now: int) -> ColumnElement[bool]:
    """A lead of the right age and status, whichever of the person's contacts it was born with."""
    statuses = segment.statuses or frozenset(LeadStatus) - {LeadStatus.SPAM, LeadStatus.MERGED}
    rules = [Lead.contact_id == _owner.id, _owner.root_id == Contact.id, func.coalesce(Lead.status, "").in_(sorted(statuses))]
    if segment.age_days:
        rules.append(func.coalesce(Lead.created_at, 0) >= max(0, now - segment.age_days * DAY))
    return exists().where(*rules).correlate(Contact)


def address_of(segment: Segment) -> Select[int]:
    """The one identity to write to: where the person wrote last, or what they like better, of those that can be reached and are in the segment's channels."""
    return _addresses(segment).join(_person, _person.id == _kin.root_id).order_by(*in_order(_person)).limit(1)


def _addresses(segment: Segment) -> Select[int]:
    rules = [_kin.root_id == Contact.id, Identity.reachable == 1, Identity.last_inbound_at > 0]
    rules.append(Identity.id.not_in(select(OwnChat.identity_id)))  # no promotion leaves in a member's name; one list for all, mostly empty
    rules += [_account.in_(sorted(accounts)) for accounts in (segment.channels, segment.sendable) if accounts]
    return select(Identity.id).join(_kin, _kin.id == Identity.contact_id).where(*rules).correlate(Contact)


def verdict(segment: Segment, now: int) -> ColumnElement[str]:
    """Why a person will not be written to, in the order the gate would say it; "in" when they will."""
    return case(
        (Contact.blocked != 0, literal("blocked")),
        (~exists(_addresses(segment)), literal("unreachable")),
        (or_(Contact.silenced != 0, Contact.marketing != 1), literal("no_consent")),
        (_capped(now), literal("capped")),
        else_=literal(IN),
    )


def _capped(now: int) -> ColumnElement[bool]:
    return and_(Contact.promoted_at > 0, Contact.promoted_at > now - CAP_MS)


def chosen(segment: Segment, now: int) -> list[ColumnElement[bool]]:
    """Of the segment, and to be written to: the cheap questions first."""
    welcome = [Contact.marketing == 1, Contact.silenced == 0, Contact.blocked == 0, ~_capped(now)]
    return [*welcome, *belongs(segment, now), exists(_addresses(segment))]


def agreed_by(instant: int) -> ColumnElement[bool]:
    """Whoever answered after an instant counts by what they had answered until then: a late yes does not join a campaign under way."""
    mine = (Consent.contact_id == _kin.id, _kin.root_id == Contact.id, Consent.purpose == MARKETING)
    later = exists().where(*mine, Consent.at > instant).correlate(Contact)
    before = select(Consent.granted).where(*mine, Consent.at <= instant).order_by(Consent.id.desc()).limit(1).correlate(Contact)
    return or_(~later, func.coalesce(before.scalar_subquery(), 0) == 1)


def _sample(session: Session, segment: Segment, template: Template, company: Company, *, now: int) -> Sample | None:
    """The newest person of the audience who told their name, or the newest one."""
    newest = select(Contact).where(*chosen(segment, now)).order_by(Contact.id.desc()).limit(1)
    person = session.scalar(newest.where(Contact.name != "")) or session.scalar(newest)
    if person is None:
        return None
    own = own_values(session, own_names(template), {person.id: person.language}).get(person.id, {})
    values = replace(values_of(session, person, segment, company), own=own)
    return Sample(person.name or person.platform_name, person.language, render(template, values, person.language))


def values_of(session: Session, person: Contact, segment: Segment, company: Company) -> Values:
    """What is known of one person for a text."""
    mine = address_of(segment).scalar_subquery()
    row = session.execute(
        select(Lead.need, Member.name)
        .select_from(Contact)
        .join(Identity, Identity.id == mine)
        .outerjoin(Lead, Lead.open_contact_id == Contact.id)
        .outerjoin(Conversation, Conversation.open_identity_id == Identity.id)
        .outerjoin(Member, Member.id == Conversation.rep_id)
        .where(Contact.id == person.id)
    ).one()
    names = names_for(person.greeting_name, person.name, person.platform_name)
    return Values(**names, company=company.name, need=row.need or "", rep=row.name or "")
