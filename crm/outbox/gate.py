"""The gate: consent, opt-out, quiet hours, frequency, reply window and hold, judged once from what the claiming transaction read; pure."""

from dataclasses import dataclass

from crm.base.outbound import Lane, Limits, May, Reason
from crm.base.time import DAY, HOUR, allowed_from
from crm.outbox.deliveries import BatchState, State

CAP_MS = DAY


@dataclass(frozen=True, slots=True)
class Passing:
    """What the gate sees of one delivery: the person, the address, the batch. `identity_id` is None for staff, who need no leave.

    `personal` = a person wrote it, `approved` = it is, or has in reserve, a text that the platform has approved.
    """

    lane: Lane
    identity_id: int | None = None
    reachable: bool = True
    last_inbound_at: int = 0
    blocked: bool = False
    marketing: int = 0
    silenced: bool = False
    zone: str = "UTC"
    promoted_at: int = 0
    batch_state: str | None = None
    valid_until: int = 0
    personal: bool = False
    approved: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """`state` None lets it pass; otherwise where it ends, or `queued` with the instant to try again at."""

    state: State | None = None
    detail: str = ""
    due_at: int = 0


PASS = Verdict()


def judge(one: Passing, limits: Limits, *, now: int) -> Verdict:
    """Decide whether a delivery may leave now."""
    if one.batch_state == BatchState.CANCELLED:
        return Verdict(State.CANCELLED, "cancelled")
    if one.valid_until and now > one.valid_until:
        return Verdict(State.EXPIRED, "expired")
    if one.batch_state == BatchState.HELD:
        return Verdict(State.QUEUED, "held", now + HOUR)
    if one.identity_id is None:
        return PASS
    if not limits.text:
        return Verdict(State.FAILED, Reason.UNSUPPORTED.value)
    if not one.reachable:
        return Verdict(State.FAILED, Reason.BLOCKED.value)
    if limits.needs_inbound and not one.last_inbound_at:
        return Verdict(State.FAILED, Reason.WINDOW_CLOSED.value)
    if one.lane is Lane.PROMOTION and not limits.offers:
        return Verdict(State.FAILED, Reason.WINDOW_CLOSED.value)
    if one.blocked and one.lane is not Lane.REPLY:
        return Verdict(State.CANCELLED, "blocked by us")
    if limits.may is not May.ANYTHING and not _let_through(one, limits):
        return Verdict(State.FAILED, Reason.WINDOW_CLOSED.value)
    return _planned(one, now) if one.lane >= Lane.FOLLOWUP else PASS


def _let_through(one: Passing, limits: Limits) -> bool:
    """Whether a window that is not open to everything is open to this."""
    return (limits.may is May.PERSONAL and one.personal) or (limits.may is not May.NOTHING and one.approved and limits.templates)


def _planned(one: Passing, now: int) -> Verdict:
    """What nobody waits for must be welcome, rare and at a decent hour."""
    if one.silenced:
        return Verdict(State.CANCELLED, "stopped")
    if one.lane is Lane.PROMOTION and one.marketing != 1:
        return Verdict(State.CANCELLED, "no consent")
    if one.lane is Lane.PROMOTION and one.promoted_at and now - one.promoted_at < CAP_MS:
        return Verdict(State.CANCELLED, "capped")
    later = allowed_from(now, one.zone)
    return Verdict(State.QUEUED, "quiet hours", later) if later > now else PASS
