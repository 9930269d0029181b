"""What WhatsApp's error numbers mean: for a sending, and for a message that was taken and failed later."""

from channels.graph import SHARED, Table, Wait
from crm.base.outbound import Reason

PAIR_PAUSE, LIMIT_PAUSE = 60.0, 600.0

ERRORS: Table = {
    # The window is closed; the person wants no offers.
    131047: Reason.WINDOW_CLOSED,
    131050: Reason.OPTED_OUT,
    # Meta holds offers back for this person: not before a day has passed, and never by itself.
    131049: Reason.REJECTED,
    130472: Reason.REJECTED,
    # Nobody can be reached there.
    **dict.fromkeys((131021, 131026, 131030, 131062), Reason.BAD_ADDRESS),
    # Too fast, for the number or for this one person.
    130429: Wait(5.0, account=True),
    131048: Wait(LIMIT_PAUSE, account=True),
    131064: Wait(LIMIT_PAUSE, account=True),
    133016: Wait(LIMIT_PAUSE, account=True),
    131056: Wait(PAIR_PAUSE),
    # Meta's own trouble, said by Meta: nothing left.
    131000: Wait(5.0),
    131016: Wait(5.0, account=True),
    131052: Wait(30.0),
    131053: Wait(30.0),
    # Our account: rights, payment, restrictions, maintenance, a name that is not approved, a number that is not registered.
    **dict.fromkeys((131005, 131031, 131037, 131042, 131045, 131057, 133010), Reason.ACCOUNT_PROBLEM),
    # Only people of some countries are shut off: that must not hold up everybody else.
    130497: Reason.REJECTED,
    # What was to be said.
    **dict.fromkeys((100, 131008, 131009, 132000, 132005, 132008, 132012), Reason.BAD_CONTENT),
    131051: Reason.UNSUPPORTED,
    # A template that does not exist, breaks a rule, is paused or disabled: the others may still go.
    **dict.fromkeys((131063, 132001, 132007, 132015, 132016, 135000, 137000), Reason.REJECTED),
}
MEDIA_LOST = frozenset({100, 131052, 131053})
"""Refusals that a file's id, remembered from before, may be the cause of."""
_MEDIA = {131052: Reason.BAD_CONTENT, 131053: Reason.BAD_CONTENT}


def reason_of(code: int) -> Reason:
    """Why a message failed that had been taken before; nothing is sent again by itself, so what was only too fast counts as refused."""
    found = _MEDIA.get(code) or ERRORS.get(code) or SHARED.get(code)
    return found if isinstance(found, Reason) else Reason.REJECTED
