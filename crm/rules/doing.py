"""Doing: the deeds of a rule, each by the verb that anybody else uses, in the name and within the rights of whoever made the rule."""

import json
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.errors import NotFound, Taken, Unreachable
from crm.base.outbound import Lane, Say
from crm.base.policy import Action
from crm.base.rows import add, take_ids
from crm.base.settings import Company
from crm.base.template import Values, names_for, own_names, parse, render
from crm.base.time import DAY
from crm.conversations import snippets
from crm.conversations.talk import held_by
from crm.conversations.threads import Conversation, the
from crm.outbox.deliveries import Batch
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.outbox.queue import Parcel, enqueue
from crm.people.contacts import root_of
from crm.people.fields import About, fields_of, own_values, parse_value
from crm.people.reps import Member, authorise
from crm.people.sight import seen_by, sight_of
from crm.projects.telling import say, talk_of
from crm.rules.deeds import MANAGERS, NOBODY, OWNER, Assign, Deed, Hook, MakeTask, Message, Move, PutTag, SetField, Tell, What
from crm.rules.facts import Subject, facts_of
from crm.rules.giving import give_talk, least_busy
from crm.sales import moves, tagging, tasks, terms, triage
from crm.sales.deals import Deal, DealState, deal_at
from crm.sales.details import set_detail
from crm.sales.leads import Lead, lead_at
from crm.sales.tasks import Duty

HOOKS = "hooks"
"""The account that what goes to other programmes leaves by."""
HOOK_MS = DAY
"""How long it is tried to reach another programme."""
HOOK_FACTS = ("contact.name", "deal.title", "lead.status", "conversation.status", "task.kind")


class Absent(NotFound):
    """What a deed is about is not there this time, such as a deal of somebody who has none; no fault of the rule."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One run of a rule: in whose name, about what, after which change; `once` begins the once-keys of all that it does."""

    actor: Rep
    about: Subject
    rule_id: int
    rule: str
    event: str
    at: int
    once: str
    before: str = ""
    after: str = ""


def do(session: Session, scene: Scene, deed: Deed, place: int, company: Company, *, now: int) -> None:
    """Do one deed of a run; raises what the verb raises."""
    once = f"{scene.once}:{place}"
    match deed:
        case Assign():
            _assign(session, scene, deed, company, now=now)
        case PutTag(word, on):
            (tagging.put_on if on else tagging.take_off)(session, scene.actor, _person(scene), word, now=now)
        case MakeTask():
            _task(session, scene, deed, once, company, now=now)
        case Message():
            _message(session, scene, deed, once, company, now=now)
        case Move(stage_id):
            _move(session, scene, stage_id, now=now)
        case SetField():
            _field(session, scene, deed, company, now=now)
        case Hook(url):
            _hook(session, scene, url, once, now=now)
        case Tell(text, rep_id):
            _tell(session, scene, text, rep_id, once, company, now=now)


def within_sight(session: Session, scene: Scene) -> None:
    """Refuse what is about somebody outside the sight of whoever made the rule: raises `Taken` by whose it is."""
    sight = sight_of(session, scene.actor, Action.SET_RULES)
    owner = owner_of(session, scene.about) if sight.reps is not None else None
    if not sight.covers(owner):
        raise Taken(session.get_one(Member, owner).name)


def owner_of(session: Session, about: Subject) -> int | None:
    """Whose a thing is: of who has the deal, or the conversation, or the lead (None = nobody's)."""
    deal = session.get(Deal, about.deal_id) if about.deal_id else None
    talk = session.get(Conversation, about.conversation_id) if about.conversation_id else None
    lead = session.get(Lead, about.lead_id) if about.lead_id else None
    for rep_id in (deal.rep_id if deal else None, held_by(session, talk) if talk else None, lead.rep_id if lead else None):
        member = session.get(Member, rep_id) if rep_id else None
        if member and member.active:
            return member.id
    return None


def _assign(session: Session, scene: Scene, deed: Assign, company: Company, *, now: int) -> None:
    if deed.what is What.CONVERSATION:
        return give_talk(session, scene.actor, _talk(session, scene), deed.rep_id, deed.team_id, now=now)
    rep_id = deed.rep_id or least_busy(session, deed.team_id, deed.what, company, now=now)
    if deed.what is What.DEAL:
        terms.hand_over(session, scene.actor, _deal(scene), rep_id, now=now)
        return None
    if scene.about.lead_id is None:
        raise Absent("there is no lead")
    if lead_at(session, scene.about.lead_id).rep_id != rep_id:
        triage.accept(session, scene.actor, scene.about.lead_id, rep_id=rep_id, now=now)
    return None


def _task(session: Session, scene: Scene, deed: MakeTask, once: str, company: Company, *, now: int) -> None:
    rep_id = None if deed.rep_id == NOBODY else deed.rep_id if deed.rep_id != OWNER else owner_of(session, scene.about)
    text = _filled(session, scene, deed.text, company) if deed.text else scene.rule
    duty = Duty(deed.kind, now + deed.due_ms, text, rep_id, once, deed.unless_reply)
    if scene.about.deal_id and scene.about.subject not in ("message", "conversation", "lead"):
        tasks.add_to_deal(session, scene.actor, scene.about.deal_id, duty, now=now)
    elif scene.about.conversation_id:
        tasks.add_task(session, scene.actor, scene.about.conversation_id, duty, now=now)
    else:
        tasks.add_about(session, scene.actor, _person(scene), duty, now=now)


def _message(session: Session, scene: Scene, deed: Message, once: str, company: Company, *, now: int) -> None:
    """Say it where they are reached best, or in the very conversation it is about; never in the night, nor to one who wants none."""
    sight_of(session, scene.actor, Action.TALK)
    answers = scene.about.subject in ("conversation", "message")
    talk = _talk(session, scene) if answers else talk_of(session, _person(scene), company, now=now)
    if talk is None or (company.sendable and talk.account not in company.sendable):
        raise Unreachable
    if deed.snippet:
        ready = snippets.snippet_of(session, scene.actor, deed.snippet)
        if ready is None or not ready.active:
            raise NotFound(f"no ready answer {deed.snippet}")
        text = snippets.filled(session, scene.actor, ready.id, talk.id, company, talk.account)
    else:
        text = _filled(session, scene, deed.text, company)
    say(session, talk, text, (), once=once, lane=Lane.FOLLOWUP, now=now)


def _move(session: Session, scene: Scene, stage_id: int, *, now: int) -> None:
    deal = deal_at(session, _deal(scene))
    if deal.state != DealState.OPEN:
        return
    if stage_id:
        moves.move(session, scene.actor, deal.id, stage_id, seen=deal.stage_id, now=now)
    else:
        moves.win(session, scene.actor, deal.id, seen=deal.stage_id, now=now)


def _field(session: Session, scene: Scene, deed: SetField, company: Company, *, now: int) -> None:
    field = next((one for one in fields_of(session, deed.about) if one.name == deed.name), None)
    if field is None:
        raise NotFound(f"no field {deed.name}")
    stored = parse_value(field, deed.value, company.languages[0], company.region, company.currency) if deed.value else None
    set_detail(session, scene.actor, field, _deal(scene) if deed.about is About.DEAL else _person(scene), stored, now=now)


def _hook(session: Session, scene: Scene, url: str, once: str, *, now: int) -> None:
    """Put the news on the way out, where it is signed and tried again; the values of before and after go with it."""
    authorise(session, scene.actor, Action.EXPORT)
    wanted = {*HOOK_FACTS, f"{scene.about.subject}.id"}
    known = {name: float(value) if isinstance(value, Decimal) else value for name, value in facts_of(session, scene.about, wanted=wanted).items()}
    known["contact.name"] = seen_by(scene.actor).named(str(known.get("contact.name") or ""))
    told: dict[str, object] = {"event": scene.event, "at": scene.at, "id": once, "rule": {"id": scene.rule_id, "name": scene.rule}}
    told |= {"subject": {"kind": scene.about.subject, "id": scene.about.number}, "person": scene.about.contact_id}
    if scene.about.conversation_id is not None:  # an erasure finds what was sent by the conversation
        told |= {"facts": known}
    if scene.about.conversation_id is not None or scene.about.subject != "contact":
        told |= {"before": json.loads(scene.before or "{}"), "after": json.loads(scene.after or "{}")}
    body, batch = json.dumps(told, ensure_ascii=False), next(take_ids(session, 1))
    add(session, Batch, [{"id": batch, "valid_until": now + HOOK_MS, "created_at": now}])
    enqueue(session, [Parcel(HOOKS, url, Say(body), Lane.FOLLOWUP, once, scene.about.conversation_id, batch_id=batch)], now=now)


def _tell(session: Session, scene: Scene, text: str, rep_id: int, once: str, company: Company, *, now: int) -> None:
    whose = rep_id if rep_id > 0 else (owner_of(session, scene.about) or MANAGERS) if rep_id == OWNER else MANAGERS
    said = _filled(session, scene, text, company)
    facts = {"rep": whose, "text": said, "name": scene.rule, "conversation": scene.about.conversation_id or 0}
    tell(session, [Notice(NoticeKind.RULE, scene.rule_id, once, facts)], now=now)


def _filled(session: Session, scene: Scene, text: str, company: Company) -> str:
    """A text with what is known of the person in it, in their language."""
    template = parse(text, None)
    if scene.about.contact_id is None:
        return render(template, Values(company=company.name), company.languages[0])
    root, lead = root_of(session, scene.about.contact_id), session.get(Lead, scene.about.lead_id) if scene.about.lead_id else None
    owner = session.get(Member, owner_of(session, scene.about) or 0)
    own = own_values(session, own_names(template), {root.id: root.language}).get(root.id, {})
    names = names_for(root.greeting_name, root.name, root.platform_name)
    return render(template, Values(**names, company=company.name, need=lead.need if lead else "", rep=owner.name if owner else "", own=own), root.language)


def _person(scene: Scene) -> int:
    if scene.about.contact_id is None:
        raise Absent("there is no person behind it")
    return scene.about.contact_id


def _deal(scene: Scene) -> int:
    if scene.about.deal_id is None:
        raise Absent("there is no deal")
    return scene.about.deal_id


def _talk(session: Session, scene: Scene) -> Conversation:
    if scene.about.conversation_id is None:
        raise Absent("there is no conversation")
    return the(session, scene.about.conversation_id)
