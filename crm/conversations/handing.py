"""Handing over: a conversation goes to a colleague or to a team's queue, and comes back where that was not meant."""

from sqlalchemy.orm import Session

from crm.base.actors import Rep, Role
from crm.base.errors import Expired, Forbidden, Invalid, NotFound, Taken
from crm.base.history import Change, record
from crm.base.policy import Action, may
from crm.base.rows import add_new, take_ids
from crm.conversations.offers import Offer, Outcome, given_back
from crm.conversations.talk import held_by, holder, show_files, within_reach
from crm.conversations.threads import Conversation, Status, the
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.people.pretended import only_real
from crm.people.reps import Member, authorise, member_of
from crm.people.teams import TeamRow

ENDED = (Outcome.RETURNED.value,)


def hand_over(session: Session, actor: Rep, conversation_id: int, rep_id: int, *, now: int) -> int:
    """Give a conversation to a colleague, who hears of it with all there is to know and may give it back; answers the number of the handing."""
    conversation = _given(session, actor, conversation_id)
    receiver = member_of(session, rep_id)
    if not may(Role(receiver.role), Action.TAKE):
        raise Invalid("they do not talk to customers")
    before = held_by(session, conversation)
    if before == receiver.id:
        raise Invalid("they have it already")
    number = _written(session, actor, conversation, receiver.id, now=now)
    _hold(session, conversation, receiver.id)
    record(session, Change("conversation", conversation.id, "handed", actor, {"rep": before}, {"rep": receiver.id}), now=now)
    show_files(session, conversation.id, now=now)
    tell(session, [Notice(NoticeKind.HANDED, number, f"handed:{number}"), card(conversation.id)], now=now)
    return number


def hand_to_team(session: Session, actor: Rep, conversation_id: int, team_id: int | None, *, now: int) -> int:
    """Give a conversation to a team's queue, or to the firm's (None), where its way of asking finds somebody; answers the number of the handing."""
    conversation = _given(session, actor, conversation_id)
    team = session.get(TeamRow, team_id) if team_id else None
    if team_id and (team is None or team.ended_at):
        raise NotFound("no such team")
    before = {"rep": held_by(session, conversation), "team": conversation.team_id}
    number = _written(session, actor, conversation, None, now=now)
    conversation.team_id, conversation.rep_id = team_id, None
    conversation.waiting_since = conversation.waiting_since or now  # somebody of the team is to look at it, whether or not they have written
    _open(conversation)
    session.get_one(Offer, number).waiting_since = conversation.waiting_since
    session.flush()
    if before["rep"]:
        given_back(session, conversation, before["rep"], now=now)
    record(session, Change("conversation", conversation.id, "queued", actor, before, {"rep": None, "team": team_id}), now=now)
    tell(session, [card(conversation.id, urgent=True)], now=now)
    return number


def keep(session: Session, actor: Rep, handing_id: int, *, now: int) -> None:
    """Whoever got a conversation says that they have it; who gave it hears so."""
    authorise(session, actor, Action.TAKE)
    found, conversation = _still(session, handing_id)
    if found.rep_id != actor.id:
        raise Forbidden
    if found.outcome != Outcome.TAKEN:
        found.outcome = Outcome.TAKEN.value
        session.flush()
        _tell(session, conversation, found.id, "kept", found.given_by, actor, now=now)


def give_back(session: Session, actor: Rep, handing_id: int, *, now: int) -> Conversation:
    """Undo a handing: by whoever got the conversation, or whoever gave it, as long as it is where it was put; the other one hears of it."""
    authorise(session, actor, Action.TAKE)
    found, conversation = _still(session, handing_id)
    if actor.id not in (found.rep_id, found.given_by):
        raise Forbidden
    giver = session.get(Member, found.given_by) if found.given_by else None
    back_to = giver.id if giver and giver.active else None
    before = conversation.rep_id
    conversation.team_id = found.team_before
    if found.rep_id is None and conversation.waiting_since == found.offered_at:  # nobody but the handing waited
        conversation.waiting_since = 0
    found.outcome = Outcome.RETURNED.value
    if back_to:
        _hold(session, conversation, back_to)
    else:
        conversation.rep_id = None
    session.flush()
    record(session, Change("conversation", conversation.id, "handed", actor, {"rep": before}, {"rep": back_to}, cause="given back"), now=now)
    other = found.given_by if actor.id == found.rep_id else found.rep_id
    _tell(session, conversation, found.id, "returned" if actor.id == found.rep_id else "withdrawn", other, actor, now=now)
    tell(session, [card(conversation.id, urgent=back_to is None)], now=now)
    return conversation


def handing_at(session: Session, actor: Rep, handing_id: int) -> Offer:
    """A handing that this member gave or got."""
    found = session.get(Offer, handing_id)
    if found is None or found.given_by is None:
        raise NotFound("no such handing")
    if actor.id not in (found.given_by, found.rep_id):
        raise Forbidden
    return found


def _given(session: Session, actor: Rep, conversation_id: int) -> Conversation:
    authorise(session, actor, Action.HAND_OVER)
    conversation = within_reach(session, actor, conversation_id)
    only_real(session, conversation.contact_id)
    return conversation


def _written(session: Session, actor: Rep, conversation: Conversation, rep_id: int | None, *, now: int) -> int:
    number = next(take_ids(session, 1))
    whose = {"rep_id": rep_id, "given_by": actor.id, "team_before": conversation.team_id, "team_id": conversation.team_id}
    row = {"id": number, "conversation_id": conversation.id, "waiting_since": conversation.waiting_since, **whose}
    add_new(session, Offer, [{**row, "offered_at": now, "ended_at": now, "outcome": Outcome.HANDED.value}])
    return number


def _still(session: Session, handing_id: int) -> tuple[Offer, Conversation]:
    """A handing whose conversation is still where it was put; else `Expired`, or `Taken` by whoever has it now."""
    found = session.get(Offer, handing_id)
    if found is None or found.given_by is None:
        raise NotFound("no such handing")
    conversation = the(session, found.conversation_id)
    has = held_by(session, conversation)
    if found.outcome in ENDED:
        raise Expired
    if has != found.rep_id:
        raise Taken(holder(session, conversation)) if has else Expired
    return found, conversation


def _hold(session: Session, conversation: Conversation, rep_id: int) -> None:
    conversation.rep_id, conversation.unread = rep_id, 0  # what came before is on the card
    _open(conversation)
    session.flush()


def _open(conversation: Conversation) -> None:
    conversation.status, conversation.snoozed_until, conversation.open_identity_id = Status.OPEN.value, 0, conversation.identity_id


def _tell(session: Session, conversation: Conversation, handing_id: int, kind: str, rep_id: int | None, by: Rep, *, now: int) -> None:
    if rep_id and rep_id != by.id:
        facts = {"kind": kind, "rep": rep_id, "by": by.id}
        tell(session, [Notice(NoticeKind.QUEUE, conversation.id, f"{kind}:{handing_id}", facts)], now=now)
