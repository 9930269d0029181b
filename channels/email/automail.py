"""Whether a machine wrote the mail, and why it is thought so: such mail is never answered, is no lead, and stops no follow-up."""

import re

from channels.email.headers import Headers

_MOST_HOPS = 50
_ROBOT = re.compile(
    r"(?:mailer-?daemon|postmaster|no-?_?\.?reply|do-?_?not-?_?reply|noreply[\w.-]*|no-?reply[-_.+][\w.+-]*|donotreply[\w.-]*|bounces?(?:[-_+=.].*)?|"
    r"auto-?reply|autoresponder|nobody|notifications?|mdaemon|listserv|majordomo)"
)
_BULK = frozenset({"bulk", "list", "junk", "auto_reply", "auto-reply"})
_PRESENT = {
    "x-auto-response-suppress": "suppress",
    "x-autoreply": "autoreply",
    "x-autorespond": "autoreply",
    "x-autoresponder": "autoreply",
    "x-auto-reply-from": "autoreply",
    "x-mail-autoreply": "autoreply",
    "x-yandex-autoreply": "autoreply",
    "list-id": "list",
    "list-unsubscribe": "list",
    "feedback-id": "feedback-id",
    "x-failed-recipients": "report",
}
_AWAY = re.compile(
    r"\s*(?:\[?auto(?:matic|mated)?[ _-]?(?:reply|response|respond|answer)\b|auto:|out of (?:the )?office|ooo\b|away from (?:the )?office|"
    r"on (?:annual )?leave\b|vacation (?:reply|response|notice)|"
    r"автоответ|авто-ответ|автоматический ответ|автоматическое уведомление|вне офиса|отсутстви[ея] на рабочем|нет на месте|"
    r"ավտոմատ (?:պատասխան|արձագանք)|ինքնաշխատ պատասխան|ինքնապատասխան|գրասենյակից դուրս|արձակուրդում եմ|"
    r"ავტომატური პასუხი|ავტოპასუხი|ავტო-პასუხი|ოფისში არ ვარ|შვებულებაში ვარ|ራስ-?\s?ሰር (?:ምላሽ|መልስ)|ከቢሮ ውጪ|"
    r"abwesenheit|automatische antwort|réponse automatique|respuesta automática|risposta automatica|resposta automática|otomatik yanıt|автовідповідь)",
    re.IGNORECASE,
)


def why(headers: Headers, author: str, return_path: str | None, subject: str) -> str:
    """Name the reason for which this is a machine's mail, in one word; empty = a person's."""
    if headers.first("auto-submitted").partition(";")[0].strip().lower() not in ("", "no"):
        return "auto-submitted"
    if headers.first("content-type").lower().lstrip().startswith("multipart/report"):
        return "report"
    if return_path == "":
        return "null-sender"
    if headers.first("precedence").strip().lower() in _BULK:
        return "precedence"
    if found := next((reason for name, reason in _PRESENT.items() if headers.has(name)), ""):
        return found
    if robot(author):
        return "robot"
    if len(headers.all("received")) >= _MOST_HOPS:
        return "loop"
    return "away" if _AWAY.match(subject) else ""


def robot(address: str) -> bool:
    """Tell whether nobody reads what is sent to this address."""
    return bool(_ROBOT.fullmatch(address.rpartition("@")[0].lower()))
