"""The words in which a time is typed in our five languages; every language is read at any time, since a person mixes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from crm.base.time import DAY, HOUR, MINUTE


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of time; `ends` = its form says by itself that it is counted from now, as an ablative does."""

    ms: int
    ends: bool = False


class Part(Enum):
    """The part of a day that says which of its two hours is meant."""

    MORNING = auto()
    DAY = auto()
    EVENING = auto()
    NIGHT = auto()


def _words(words: str) -> list[str]:
    return words.split()


def _phrases(**languages: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(phrase.split()) for words in languages.values() for phrase in words.split(", "))


# The longer phrase stands before the shorter one that it begins with.
DAYS: Mapping[tuple[str, ...], int] = {
    **dict.fromkeys(_phrases(en="the day after tomorrow, day after tomorrow", ru="послезавтра", hy="վաղը չէ մյուս օրը", ka="ზეგ", am="ከነገ ወዲያ, ከነገወዲያ"), 2),
    **dict.fromkeys(_phrases(en="tomorrow", ru="завтра", hy="վաղը", ka="ხვალ", am="ነገ"), 1),
    **dict.fromkeys(_phrases(en="today, tonight", ru="сегодня", hy="այսօր", ka="დღეს", am="ዛሬ"), 0),
}
WEEK = _phrases(
    en="next week",
    ru="на следующей неделе, следующей неделе",
    hy="հաջորդ շաբաթ, մյուս շաբաթ",
    ka="შემდეგ კვირას, მომავალ კვირას",
    am="በሚቀጥለው ሳምንት, የሚቀጥለው ሳምንት",
)
_WEEKDAYS = (
    "monday mon понедельник понедельника пн երկուշաբթի երկուշաբթին ორშაბათი ორშაბათს ሰኞ በሰኞ",
    "tuesday tue tues вторник вторника вт երեքշաբթի երեքշաբթին სამშაბათი სამშაბათს ማክሰኞ በማክሰኞ",
    "wednesday wed среда среду среды ср չորեքշաբթի չորեքշաբթին ოთხშაბათი ოთხშაბათს ረቡዕ በረቡዕ ሮብ በሮብ",
    "thursday thu thurs четверг четверга чт հինգշաբթի հինգշաբթին ხუთშაბათი ხუთშაბათს ሐሙስ በሐሙስ ሀሙስ በሀሙስ",
    "friday fri пятница пятницу пятницы пт ուրբաթ ուրբաթը პარასკევი პარასკევს ዓርብ በዓርብ አርብ በአርብ ዐርብ",
    "saturday sat суббота субботу субботы сб շաբաթ շաբաթը შაბათი შაბათს ቅዳሜ በቅዳሜ",
    "sunday sun воскресенье воскресенья вс կիրակի կիրակին კვირა კვირას እሑድ በእሑድ እሁድ በእሁድ",
)
WEEKDAYS: Mapping[str, int] = {word: number for number, words in enumerate(_WEEKDAYS) for word in words.split()}
# What may stand before a time or a day, and behind it.
BEFORE = frozenset(_words("on at by this в во к на до ժամը մինչև ამ"))
AFTER = frozenset(_words("o'clock oclock часов час часа օրը ժամին საათზე ሰዓት ላይ"))
# Behind a bare number these make it a time of day, the others only where an "at" stands before it.
SURE_HOURS = frozenset(_words("o'clock oclock ժամին საათზე"))
HOURS = SURE_HOURS | frozenset(_words("часов час часа"))
# Behind these a day and its month stand, and no number of anything else.
ON = frozenset(_words("on by на до к մինչև"))
PARTS: Mapping[tuple[str, ...], Part] = {
    **dict.fromkeys(_phrases(en="am, a.m, in the morning, morning", ru="утра, утром", hy="առավոտյան, առավոտվա", ka="დილის, დილით"), Part.MORNING),
    **dict.fromkeys(_phrases(en="in the afternoon, afternoon", ru="дня, днём, днем", hy="ցերեկվա, ցերեկը", ka="დღის, შუადღის"), Part.DAY),
    **dict.fromkeys(_phrases(en="pm, p.m, in the evening, evening", ru="вечера, вечером", hy="երեկոյան", ka="საღამოს"), Part.EVENING),
    **dict.fromkeys(_phrases(en="at night, night", ru="ночи, ночью", hy="գիշերվա, գիշերը", ka="ღამის, ღამით"), Part.NIGHT),
}
# The Ethiopian clock begins at six in the morning and again at six in the evening (facts/ecosystem.md section 8).
OWN_PARTS: Mapping[tuple[str, ...], Part] = {
    **dict.fromkeys(_phrases(am="ጠዋት, ከጠዋቱ"), Part.MORNING),
    **dict.fromkeys(_phrases(am="ከሰዓት በኋላ, ከሰዓት, ከቀኑ"), Part.DAY),
    **dict.fromkeys(_phrases(am="ማታ, ከምሽቱ, ምሽት"), Part.EVENING),
    **dict.fromkeys(_phrases(am="ሌሊት, ከሌሊቱ"), Part.NIGHT),
}
OWN_HOURS = frozenset(_words("ሰዓት"))
IN = frozenset(_words("in within через ከ"))
WITHIN = frozenset(_words("հետո შემდეგ በኋላ ውስጥ"))
UNITS: Mapping[str, Unit] = {
    **dict.fromkeys(_words("m min mins minute minutes м мин минута минуту минуты минут րոպե წუთი ደቂቃ"), Unit(MINUTE)),
    **dict.fromkeys(_words("h hr hrs hour hours ч час часа часов ժամ საათი ሰዓት"), Unit(HOUR)),
    **dict.fromkeys(_words("d day days д дн день дня дней օր დღე ቀን"), Unit(DAY)),
    **dict.fromkeys(_words("w week weeks неделю недели недель շաբաթ კვირა ሳምንት"), Unit(7 * DAY)),
    **dict.fromkeys(_words("րոպեից წუთში"), Unit(MINUTE, ends=True)),
    **dict.fromkeys(_words("ժամից საათში"), Unit(HOUR, ends=True)),
    **dict.fromkeys(_words("օրից დღეში"), Unit(DAY, ends=True)),
    **dict.fromkeys(_words("շաբաթից კვირაში"), Unit(7 * DAY, ends=True)),
}
NO_REPLY = _phrases(
    en="only if there is no reply, only if no reply, if there is no reply, if no reply, unless they reply, unless they answer, if they do not answer",
    ru="если не ответит, если не ответят, если нет ответа",
    hy="եթե չպատասխանի, եթե չպատասխանեն, եթե պատասխան չլինի",
    ka="თუ არ უპასუხა, თუ არ მიპასუხებს, თუ პასუხი არ იქნება",
    am="ካልመለሱ, ካልመለሰ, መልስ ከሌለ",
)
