"""What machines report about mail of ours: delivery reports (RFC 3464), complaints (RFC 5965), opened (RFC 8098), and daemons that keep to no standard.

Only half of real bounces can be read by the standard and two in five are known by their sender alone, so ids and addresses are looked for everywhere.
Nothing here proves anything: a report counts only for what carries a signed token or id of ours.
"""

import re
from collections.abc import Iterator, Sequence

from channels.email.addresses import addresses, email, path
from channels.email.headers import Headers, read, split
from channels.email.mail import Report, ReportKind, clean_line
from channels.email.mime import Node, leaves
from channels.email.threads import ids
from crm.base.outbound import Reason

_DAEMON = re.compile(r"(?:mailer-?daemon|mail-?daemon|postmaster|mail delivery (?:system|subsystem)|mdaemon|mmdf|uucp|bounce[s]?)(?:[-+=.].*)?", re.IGNORECASE)
_SUBJECT = re.compile(
    r"undeliver|returned mail|delivery (?:status|failure|has failed|problem|delayed|incomplete)|mail delivery (?:failed|failure|system|delayed)|failure notice|"
    r"not (?:been )?delivered|could ?n[o']t be delivered|message delayed|delivery notification|rejected|недоставлен|не доставлено|не удалось доставить|"
    r"ошибка доставки|չի առաքվել|ვერ მიეწოდა|ვერ ჩაბარდა|አልደረሰም|unzustellbar|non remis|no entregado",
    re.IGNORECASE,
)
_LATE = re.compile(
    r"delayed|delay\b|warning|still (?:being )?(?:retried|trying)|will (?:continue|keep) (?:to )?try|задерж|повторн|ուշաց|დაგვიან", re.IGNORECASE
)
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\w.+-])([45]\d\d)[ -]")
_ID_LINE = re.compile(r"(?im)^[>\s]{0,8}message-id:\s{0,10}(<[^<>\s]{1,400}>)")
_IDS = re.compile(r"<[^<>\s@]{1,200}@[^<>\s@]{1,200}>")
_TOKENED = re.compile(r"[^\s<>@:;,\"'()\[\]]{1,64}\+[tu]-[^\s<>@:;,\"'()\[\]]{1,64}@[^\s<>@:;,\"'()\[\]]{1,200}", re.IGNORECASE)
_LOOKED_AT = 200_000
_OUTLOOKS_COMPLAINT = "x-hmxmroriginalrecipient"
"""Microsoft sends the mail complained of as it was, with this put before it, and no report."""
_STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status", "message/xdelivery-status"})
_HEADER_TYPES = frozenset({"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers", "message/partial", "message/rfc822-headers"})


def report(mail: Node, author: str, subject: str) -> Report | None:
    """Read what a machine reports; None = this is no report."""
    parts = list(leaves(mail))
    for part in parts:
        if part.mime == "message/feedback-report":
            return _complaint(part, parts)
        if part.mime == "message/disposition-notification":
            return _read_receipt(part, parts)
        if recipient := email(split(part.data()[:_LOOKED_AT])[0].first(_OUTLOOKS_COMPLAINT)) if part.mime == "message/rfc822" else "":
            return Report(ReportKind.COMPLAINT, "abuse", "", recipient, *_original(parts, -1))
    status = next((part for part in parts if part.mime in _STATUS_TYPES and part.body.strip()), None)  # Google sends empty ones
    if status is not None:
        return _bounce(status, parts)
    failed = mail.headers.first("x-failed-recipients")
    if failed or _from_daemon(mail.headers, author, subject):
        return _unstandard(parts, subject, email(failed.partition(",")[0].strip()))
    return None


def reason(report: Report) -> Reason:
    """Why a mail will never arrive, from its enhanced status code: what says nothing on the address does not count against it."""
    code = report.status
    if code.startswith(("5.1.", "5.2.1")) and code not in ("5.1.7", "5.1.8"):  # those two are about our own address
        return Reason.BAD_ADDRESS
    if code in ("5.2.3", "5.3.4") or code.startswith("5.6."):
        return Reason.BAD_CONTENT
    return Reason.REJECTED


def _from_daemon(headers: Headers, author: str, subject: str) -> bool:
    """A daemon may also say that somebody is away, so its name is not enough; some give no address at all."""
    daemon = bool(_DAEMON.fullmatch(author.rpartition("@")[0] if author else headers.first("from").partition("<")[0].strip(' "')))
    replied = headers.first("auto-submitted").lower().startswith("auto-replied") and not daemon
    return (daemon or path(headers.first("return-path")) == "") and not replied and bool(_SUBJECT.search(subject))


def _bounce(status: Node, parts: Sequence[Node]) -> Report:
    blocks = list(_blocks(status))
    worst = next((block for block in blocks if block.first("action").strip().lower() == "failed"), None) or next(
        (block for block in blocks if block.has("action")), Headers()
    )
    found, addresses_ = _original(parts, status.number)
    recipient = _typed(worst.first("final-recipient")) or _typed(worst.first("original-recipient"))
    # Exim says 5.0.0 whatever happened, and what the other server said only in its words.
    said = [code for name in ("status", "diagnostic-code") if (code := _STATUS.search(worst.first(name)))]
    code = next((one for one in said if not one[0].endswith(".0.0")), said[0] if said else None)
    return Report(
        ReportKind.BOUNCE,
        action=clean_line(worst.first("action").partition("(")[0], 20).lower(),
        status=".".join(code.groups()) if code else "",
        recipient=recipient,
        original_ids=found,
        addresses=addresses_,
        words=clean_line(worst.first("diagnostic-code").partition(";")[2] or worst.first("diagnostic-code"), 300),
    )


def _unstandard(parts: Sequence[Node], subject: str, recipient: str) -> Report:
    words = next((part.text()[:_LOOKED_AT] for part in parts if part.mime.startswith("text/")), "")
    code, old = _STATUS.search(words), _CODE.search(words)
    said = code[1] if code else old[1][0] if old else ""
    late = said == "4" or _LATE.search(subject)
    found, addresses_ = _original(parts, -1)
    line = next((line for line in words.splitlines() if _STATUS.search(line) or _CODE.search(line)), "")
    return Report(
        ReportKind.BOUNCE,
        action="delayed" if late else "failed",
        status=".".join(code.groups()) if code else (said and f"{said}.0.0"),
        recipient=recipient,
        original_ids=found,
        addresses=addresses_,
        words=clean_line(line, 300),
    )


def _complaint(part: Node, parts: Sequence[Node]) -> Report:
    said = next(iter(_blocks(part)), Headers())
    found, addresses_ = _original(parts, part.number)
    recipient = email(said.first("original-rcpt-to").strip().strip("<>")) or _recipient(parts)
    kind = clean_line(said.first("feedback-type"), 40).lower()
    return Report(ReportKind.COMPLAINT, action=kind, recipient=recipient, original_ids=found, addresses=addresses_)


def _read_receipt(part: Node, parts: Sequence[Node]) -> Report:
    said = next(iter(_blocks(part)), Headers())
    action = said.first("disposition").rpartition(";")[2].strip().lower().partition("/")[0]
    named = ids(said.first("original-message-id"))
    found, addresses_ = _original(parts, part.number)
    recipient = _typed(said.first("final-recipient"))
    return Report(ReportKind.READ, action=clean_line(action, 20), recipient=recipient, original_ids=_each((*named, *found)), addresses=addresses_)


def _blocks(part: Node) -> Iterator[Headers]:
    """A status part is header blocks one after another."""
    data = part.data()[:_LOOKED_AT].replace(b"\r\n", b"\n").strip(b"\n")
    for block in re.split(rb"\n{2,}", data)[:50]:
        yield read(block)


def _typed(value: str) -> str:
    """Read `rfc822; anna@mail.example`."""
    return email((value.rpartition(";")[2] or value).strip().strip("<>"))


def _original(parts: Sequence[Node], skip: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ids and addresses of the mail that is reported on: from its headers, then from any words."""
    found: list[str] = []
    where: list[str] = []
    for part in parts:
        if part.number != skip and part.mime in _HEADER_TYPES:
            headers = split(part.data()[:_LOOKED_AT])[0]
            found.extend(one for name in ("message-id", "x-gmail-original-message-id") for one in ids(headers.first(name)))
            for name in ("return-path", "reply-to", "from", "sender", "x-original-to"):
                where.extend(one.email for one in addresses(headers.first(name)))
    words = "\n".join(part.text()[:_LOOKED_AT] for part in parts[:20] if part.mime.startswith(("text/", "message/")))[:_LOOKED_AT]
    found.extend(one for line in _ID_LINE.findall(words) for one in ids(line))
    found.extend(one for written in _IDS.findall(words)[:50] for one in ids(written))
    where.extend(token.lower() for token in _TOKENED.findall(words)[:20])
    known = _each(where)
    return _each([one for one in found if one.lower() not in known])[:20], known[:20]


def _recipient(parts: Sequence[Node]) -> str:
    """Whom a complained-about mail was for, from its own To."""
    for part in parts:
        if part.mime in _HEADER_TYPES:
            to = addresses(split(part.data()[:_LOOKED_AT])[0].first("to"))
            if len(to) == 1:
                return to[0].email
    return ""


def _each(found: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(clean for one in found if (clean := clean_line(one, 400))))
