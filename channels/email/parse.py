"""What a mail means: pure and total, from its digest alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from channels.email import threads
from channels.email.bounces import reason
from channels.email.mail import Address, Folder, Mail, Part, PartKind, Report, ReportKind, read
from channels.email.threads import Purpose, Token
from channels.email.verdicts import proven
from crm.base.events import Arrival, Event, MediaKind, MediaRef, Message, OptOut, Sender, Status, Unknown

_MOST_MEDIA = 50
_PHOTOS = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/jpg", "image/pjpeg"})
_ARRIVED = frozenset({"delivered", "relayed", "expanded"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a mail takes: the mailbox's own addresses, the names of the mail servers whose word on the author counts, and keys, newest first.

    Addresses and names are in lower case; `servers` are authserv-ids, such as "mx.google.com"; empty = nobody's word counts.
    """

    own: frozenset[str]
    servers: frozenset[str] = frozenset()
    keys: tuple[bytes, ...] = field(default=(), repr=False)


def parse(body: bytes, reading: Reading, received_at: int) -> Sequence[Event]:
    """Read one kept digest; whatever cannot be read is an `Unknown`."""
    mail = read(body)
    if mail is None:
        return [Unknown("unreadable", at=received_at)]
    at = mail.date if 0 < mail.date <= received_at else received_at
    if _ours(mail, reading):
        return [Unknown("own_mail", at=at)]
    if mail.folder == Folder.SENT:
        return [_sent(mail, reading, at)]
    token = threads.first((*(one.email for one in (*mail.to, *mail.cc)), *mail.delivered), reading.keys)
    if mail.report:
        return [_reported(mail, mail.report, token, reading, at)]
    author = mail.author
    if author is None:
        return [Unknown("no_author", at=at)]
    if threads.plain(author.email) in reading.own:
        return [Unknown("own_mail", at=at)]
    sender = Sender(author.email, author.name, email=author.email, proven=proven(mail, reading.servers))
    if token and token.purpose == Purpose.UNSUBSCRIBE:
        return [OptOut(sender, mail.id, at, shown=mail.subject, ref=token.ref)]
    return _said(mail, sender, token.thread if token else "", at)


def _ours(mail: Mail, reading: Reading) -> bool:
    """Tell a mail that this program sent: by its id, or by the mark that stays where a provider changes ids."""
    return any(threads.read_id(id_, reading.keys) for id_ in (mail.message_id, *mail.loops))


def _said(mail: Mail, sender: Sender, thread: str, at: int) -> list[Event]:
    """What a person, or a machine in their name, wrote; that its body could not be read stands in the thread too."""
    message = _message(mail, sender, thread, at)
    unread = Unknown(f"mail_{mail.trouble}", sender, "" if message else mail.id, at) if mail.trouble else None
    if message is None:
        return [unread or Unknown("empty_mail", None if mail.auto else sender, mail.id, at)]
    return [message, unread] if unread and not message.auto else [message]


def _message(mail: Mail, sender: Sender, thread: str, at: int, *, echo: bool = False) -> Message | None:
    text = mail.text if mail.text.strip() else mail.full
    media = tuple(_media(mail.stored, part) for part in mail.parts if not part.quoted)[:_MOST_MEDIA] if mail.stored else ()
    if not text.strip() and not media:
        text = mail.subject
    if not text.strip() and not media:
        return None
    answers = mail.answers
    return Message(
        sender,
        mail.id,
        text,
        at,
        media,
        reply_to=answers[0] if answers else "",
        echo=echo,
        auto=bool(mail.auto),
        subject=mail.subject,
        # Without a subject it is what tells that this is a letter, which is answered in its thread.
        full=mail.full if mail.full.strip() != text.strip() or not mail.subject else "",
        thread=thread,
        answers=answers,
    )


def _sent(mail: Mail, reading: Reading, at: int) -> Event:
    """A copy in the folder of sent mails that we did not send: somebody of the firm answered elsewhere."""
    customer = _customer(mail, reading)
    if customer is None:
        return Unknown("sent_to_nobody", at=at)
    sender = Sender(customer.email, customer.name, email=customer.email)
    token = threads.first((one.email for one in mail.reply_to), reading.keys)
    return _message(mail, sender, token.thread if token else "", at, echo=True) or Unknown("empty_mail", at=at)


def _customer(mail: Mail, reading: Reading) -> Address | None:
    return next((one for one in (*mail.to, *mail.cc) if threads.plain(one.email) not in reading.own), None)


def _media(stored: str, part: Part) -> MediaRef:
    return MediaRef(_kind(part), f"{stored}/{part.number}", part.name, part.mime, part.size)


def _kind(part: Part) -> MediaKind:
    if part.kind in (PartKind.MAIL, PartKind.CALENDAR):
        return MediaKind.DOCUMENT
    if part.mime in _PHOTOS:
        return MediaKind.PHOTO
    major = part.mime.partition("/")[0]
    return {"audio": MediaKind.AUDIO, "video": MediaKind.VIDEO}.get(major, MediaKind.DOCUMENT)


def _reported(mail: Mail, report: Report, token: Token | None, reading: Reading, at: int) -> Event:
    """A machine's report counts for the delivery that a signed token or id of ours names, or whose id it sends back."""
    ref = _ref(mail, report, token, reading)
    ids = () if ref else report.original_ids or mail.answers
    known = bool(ref or ids)
    match report.kind:
        case ReportKind.COMPLAINT:
            complained = ref and report.recipient and report.action != "not-spam"
            who = Sender(report.recipient, email=report.recipient)
            return OptOut(who, mail.id, at, shown=mail.subject, ref=ref) if complained else Unknown("complaint", at=at)
        case ReportKind.READ:
            return Status(Arrival.READ, at, ids, ref) if known and report.action == "displayed" else Unknown("read_receipt", at=at)
    if not known:
        return Unknown("bounce", at=at)
    if report.action in _ARRIVED:
        return Status(Arrival.DELIVERED, at, ids, ref)
    if report.action == "delayed":
        return Unknown("delayed", at=at)
    detail = " ".join(filter(None, (report.status, report.words or mail.subject)))[:300]
    return Status(Arrival.FAILED, at, ids, ref, reason=reason(report).value, detail=detail)


def _ref(mail: Mail, report: Report, token: Token | None, reading: Reading) -> str:
    """Our own name of the delivery: from the address the report came to, then from what it sends back."""
    back = token or threads.first(report.addresses, reading.keys)
    named = back.ref if back else ""
    return named or next((found for id_ in (*report.original_ids, *mail.answers) if (found := threads.read_id(id_, reading.keys))), "")
