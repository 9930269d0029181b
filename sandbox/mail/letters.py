"""How people's mail programs write and read mails."""

import email.utils
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from sandbox.mail.world import Letter, Mailbox

Json = dict[str, Any]
_POLICY = policy.SMTP.clone(cte_type="8bit", utf8=False)
_PAGE = re.compile(r"<(https?://[^<>]+)>")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that goes along."""

    name: str
    mime: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person has typed; `rich` also as HTML, as most programs do."""

    to: str
    subject: str
    text: str
    rich: bool = True
    files: Sequence[Upload] = field(default=())
    headers: Sequence[tuple[str, str]] = field(default=())


def written(box: Mailbox, draft: Draft, at: float) -> bytes:
    """A mail from somebody's mailbox."""
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = email.utils.formataddr((box.name, box.address))
    mail["To"], mail["Subject"] = draft.to, draft.subject
    mail["Date"] = email.utils.formatdate(at)
    mail["Message-ID"] = f"<{secrets.token_hex(10)}@{box.address.rpartition('@')[2]}>"
    for name, value in draft.headers:
        mail[name] = value
    mail.set_content(draft.text)
    if draft.rich:
        mail.add_alternative(_page(draft.text), subtype="html")
    for file in draft.files:
        major, _, minor = file.mime.partition("/")
        mail.add_attachment(file.content, maintype=major or "application", subtype=minor or "octet-stream", filename=file.name)
    return mail.as_bytes()


def answer(box: Mailbox, letter: Letter, text: str, at: float, files: Sequence[Upload] = (), *, quote: bool = True) -> bytes:
    """An answer to a mail, the original quoted below as programs do."""
    mail = opened(letter.raw)
    subject, known = str(mail["Subject"] or ""), str(mail["Message-ID"] or "")
    words = f"{text}\n\nOn {mail['Date']}, {mail['From']} wrote:\n" + "\n".join(f"> {line}" for line in said(mail).splitlines()) if quote else text
    chain = " ".join(filter(None, [str(mail["References"] or ""), known]))
    headers = [("In-Reply-To", known), ("References", chain)] if known else []
    to = str(mail["Reply-To"] or mail["From"])
    return written(box, Draft(to, subject if subject.lower().startswith("re:") else f"Re: {subject}", words, False, files, headers), at)


def opened(raw: bytes) -> EmailMessage:
    """A mail taken apart."""
    made = message_from_bytes(raw, policy=policy.default)
    assert isinstance(made, EmailMessage)
    return made


def said(mail: EmailMessage) -> str:
    """The words of a mail."""
    part = mail.get_body(("plain", "html"))
    return str(part.get_content()).replace("\r\n", "\n").strip() if part else ""


def shown(letter: Letter) -> Json:
    """A mail as its reader sees it."""
    mail = opened(letter.raw)
    files = [
        {"name": part.get_filename() or "", "mime": part.get_content_type(), "size": len(part.get_payload(decode=True) or b"")}
        for part in mail.iter_attachments()
    ]
    page = _PAGE.search(str(mail["List-Unsubscribe"] or ""))
    return {
        "uid": letter.uid,
        "at": letter.at,
        "from": str(mail["From"] or ""),
        "to": str(mail["To"] or ""),
        "subject": str(mail["Subject"] or ""),
        "text": said(mail),
        "message_id": str(mail["Message-ID"] or ""),
        "answers": str(mail["In-Reply-To"] or ""),
        "auto": str(mail["Auto-Submitted"] or ""),
        "unsubscribe": page[1] if page else "",
        "files": files,
    }


def address(told: str) -> str:
    """The bare address of a header."""
    return email.utils.parseaddr(told)[1]


def _page(text: str) -> str:
    lines = text.replace("&", "&amp;").replace("<", "&lt;").split("\n")
    return "<html><body>" + "".join(f"<div>{line or '<br>'}</div>" for line in lines) + "</body></html>"
