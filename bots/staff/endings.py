"""How a call to Telegram ends: its refusals and silences in the words of the outbox, and in words for people."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, TelegramError

from bots.staff.transport import MaybeSent, NotSent, Throttled
from crm.base.outbound import MOVED, NO_RIGHTS, TOPIC_GONE, Reason, RetryLater, Uncertain, Undeliverable

SOON = 5.0
GONE = ("message to edit not found", "message to delete not found", "message_id_invalid")
NO_TOPIC = ("message thread not found", "topic_deleted", "topic_id_invalid")
CLOSED = ("topic_closed", "topic closed")
REFUSED = ("not enough rights", "chat_admin_required", "administrator rights", "have no rights", "chat_write_forbidden", "is not a forum")
UNKNOWN_CHAT = ("chat not found", "user not found", "peer_id_invalid", "upgraded to a supergroup")
UNFIT = ("too long", "too big", "too large", "empty", "invalid", "wrong", "can't parse", "can't be edited", "can't be deleted", "unsupported")
# Telegram's own wordings in lower case; the first that is found decides.
REASONS = ((Reason.BAD_ADDRESS, UNKNOWN_CHAT), (Reason.BAD_CONTENT, UNFIT))
# What python-telegram-bot raises over an answer of another shape than it knows; the message itself may have gone out.
MISSHAPEN = (KeyError, TypeError, ValueError, AttributeError)


@contextmanager
def ended() -> Iterator[None]:
    """Turns what python-telegram-bot raises into RetryLater, Undeliverable or Uncertain."""
    try:
        yield
    except TelegramError as error:
        raise ending(error) from error
    except MISSHAPEN as error:
        raise Uncertain(f"an answer of an unknown shape ({type(error).__name__})") from error


def ending(error: TelegramError) -> RetryLater | Undeliverable | Uncertain:
    """How a sending ended: only what Telegram itself refused, or what never left, is certain."""
    match error:
        case Throttled():
            return RetryLater(error.after, answered=True)
        case NotSent():
            return RetryLater(SOON, account=True)
        case Conflict():
            return RetryLater(SOON, answered=True)
        case Forbidden():
            return Undeliverable(Reason.BLOCKED, str(error))
        case InvalidToken():
            return Undeliverable(Reason.ACCOUNT_PROBLEM, words_of(error))
        case ChatMigrated():
            return Undeliverable(Reason.BAD_ADDRESS, f"{MOVED}{error.new_chat_id}")
        case BadRequest() if says(error, NO_TOPIC):
            return Undeliverable(Reason.BAD_CONTENT, TOPIC_GONE)
        case BadRequest() if says(error, REFUSED):
            return Undeliverable(Reason.REJECTED, f"{NO_RIGHTS}: {error}")
        case BadRequest() if says(error, GONE):
            return Undeliverable(Reason.BAD_CONTENT, "gone")
        case BadRequest():
            return Undeliverable(next((reason for reason, words in REASONS if says(error, words)), Reason.REJECTED), str(error))
        case _:
            return Uncertain(str(error))


def words_of(error: TelegramError) -> str:
    """One line in English for `doctor`, the health page and the log."""
    match error:
        case NotSent():
            return f"cannot reach Telegram ({error})"
        case MaybeSent():
            return f"Telegram gives no answer ({error})"
        case InvalidToken():
            return "Telegram refuses the token of the staff bot"
        case _:
            return str(error)


def says(error: TelegramError, wordings: Sequence[str]) -> bool:
    """Tells whether a refusal contains one of these wordings, given in lower case."""
    return any(words in str(error).lower() for words in wordings)
