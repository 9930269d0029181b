"""Hints: what kind of task somebody means by the words they typed for it; pure."""

from collections.abc import Mapping

from crm.sales.tasks import TaskKind

# How words of each kind begin in our languages.
_BEGINNINGS: Mapping[TaskKind, tuple[str, ...]] = {
    TaskKind.CALL: ("call", "ring", "phone", "позвон", "звон", "перезвон", "զանգ", "დარეკ", "დავურეკ", "ደውል", "ደዋ", "ስልክ"),
    TaskKind.MEETING: ("meet", "встре", "հանդիպ", "შეხვ", "ስብሰባ", "መገናኘ"),
    TaskKind.DELIVERY: ("deliver", "достав", "առաք", "მიტან", "მიწოდ", "ማድረስ", "አድርስ"),
    TaskKind.LETTER: (
        "send",
        "mail",
        "e-mail",
        "email",
        "letter",
        "отправ",
        "письм",
        "послать",
        "նամակ",
        "ուղարկ",
        "გაგზავნ",
        "გაუგზავნ",
        "წერილ",
        "ላክ",
        "ደብዳቤ",
    ),
    TaskKind.ANSWER: ("answer", "reply", "ответ", "պատասխան", "პასუხ", "უპასუხ", "መልስ"),
}


def kind_of(words: str) -> TaskKind:
    """The kind that the first telling word names; something to do where none does."""
    for word in words.casefold().split():
        for kind, beginnings in _BEGINNINGS.items():
            if word.startswith(beginnings):
                return kind
    return TaskKind.OTHER
