"""Cards: a visiting card as a phone shares it (vCard) or as its photo was read, line by line; pure. Always shown before it is kept."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from crm.base.fold import fold
from crm.base.phones import normalise
from crm.base.text import clean_name
from crm.exchange.vcards import properties, text_of

POINTS_MOST, LINES_MOST, LINE_MOST, READ_MOST = 3, 30, 120, 200_000
_EMAIL = re.compile(r"[\w.+-]{1,64}\s?@\s?[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_SITE = re.compile(
    r"(?:https?://|www\.)[\w.-]{2,80}(?:/\S{0,60})?|(?<![@\w.])[a-z0-9][a-z0-9-]{1,40}\.(?:am|ge|et|ru|com|net|org|info|biz|io|shop|store)\b",
    re.IGNORECASE,
)
_PHONE = re.compile(r"\+?[\d(][\d\s().\-–/]{5,24}\d")  # noqa: RUF001 - people write both dashes


def _heard(*lines: str) -> frozenset[str]:
    return frozenset(fold(word) for line in lines for word in line.split())


_FIRM = _heard(
    "llc ltd inc plc gmbh cjsc ojsc jsc company studio group shop",
    "ՍՊԸ ՓԲԸ ԲԲԸ ԱՁ Ընկերություն შპს სს კომპანია",
    "ООО ОАО ЗАО ПАО АО ИП Компания ኃላ አማ ድርጅት ኩባንያ",
)
_ROLE = _heard(
    "director manager engineer sales head chief ceo cto owner founder consultant accountant doctor lawyer designer",
    "տնօրեն մենեջեր ինժեներ հաշվապահ დირექტორი მენეჯერი ინჟინერი ბუღალტერი ዳይሬክተር አስኪያጅ ስራ ሥራ መሐንዲስ",
    "директор менеджер инженер бухгалтер руководитель специалист генеральный",
)
_PLACE = _heard(
    "street str avenue ave building bldg floor office city փողոց փող շենք հարկ ქუჩა გამზირი",
    "улица ул проспект пр дом офис город መንገድ ህንፃ ፎቅ ከተማ",
)
_QUOTED = re.compile(r"[«“„\"]([^»”“\"]{2,60})[»”“\"]")


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be kept of somebody; nothing of it is sure before a person has looked. `lines` are all that was read, to choose from."""

    name: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    company: str = ""
    role: str = ""
    site: str = ""
    lines: tuple[str, ...] = ()

    @property
    def points(self) -> tuple[tuple[str, str], ...]:
        """Their phones and e-mails, by kind."""
        return (*(("phone", one) for one in self.phones), *(("email", one) for one in self.emails))


def of_vcards(text: str, region: str) -> tuple[Draft, ...]:
    """Everybody in the text of a vCard file; phones are read as in `region`."""
    found: list[Draft] = []
    told: dict[str, list[str]] | None = None
    for name, parameters, value in properties(iter(text[:READ_MOST].splitlines())):
        if name == "BEGIN" and value.strip().upper() == "VCARD":
            told = {}
        elif name == "END" and told is not None:
            found.append(_draft(told, region))
            told = None
        elif told is not None:
            told.setdefault(name, []).append(text_of(value, parameters, name))
    return tuple(found)


def _draft(told: dict[str, list[str]], region: str) -> Draft:
    def first(*names: str) -> str:
        return next((clean_name(one) for name in names for one in told.get(name, ()) if one.strip()), "")

    phones = _all(normalise(one.removeprefix("tel:"), region) for one in told.get("TEL", ()))
    emails = _all(match[0].lower() for one in told.get("EMAIL", ()) if (match := _EMAIL.search(one)))
    return Draft(first("FN", "N", "NICKNAME"), phones, emails, first("ORG"), first("TITLE", "ROLE"), first("URL"))


def shared(name: str, phone: str, vcard: str, region: str) -> Draft:
    """A contact as Telegram shares it: its own name and number, and what its vCard knows besides."""
    more = next(iter(of_vcards(vcard, region)), Draft())
    number = normalise(f"+{phone.lstrip('+')}", region) or normalise(phone, region)
    return replace(more, name=clean_name(name) or more.name, phones=_all([number, *more.phones]))


def of_lines(lines: Sequence[str], region: str) -> Draft:
    """What the lines of a photographed card say; whatever is not sure is left to the person who looks."""
    read = [line for line in (_tidied(one) for one in lines) if sum(mark.isalnum() for mark in line) > 1][:LINES_MOST]
    emails = _all(match[0].replace(" ", "").lower() for line in read for match in _EMAIL.finditer(line))
    bare = [_EMAIL.sub(" ", line) for line in read]
    sites = _all(match[0].lower().rstrip(".,") for line in bare for match in _SITE.finditer(line))
    bare = [_SITE.sub(" ", line) for line in bare]
    phones = _all(normalise(match[0], region) for line in bare for match in _PHONE.finditer(line))
    rest = [line for line in (_letters(one) for one in bare) if line]
    company = _company(rest)
    role = next((line for line in rest if _ROLE & _words(line) and line != company), "")
    name = _name([line for line in rest if line not in (company, role)])
    return Draft(name, phones, emails, company, role, next(iter(sites), ""), tuple(read))


def _all(values: Iterator[str] | Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, values)))[:POINTS_MOST]


def _tidied(line: str) -> str:
    """A line without the specks that an engine reads at its ends."""
    return clean_name(line, LINE_MOST).strip(" |_~^*•·—-=:;,.'`")


def _letters(line: str) -> str:
    """A line that is words; one of numbers says nothing of a name or a firm."""
    letters, digits = sum(mark.isalpha() for mark in line), sum(mark.isdigit() for mark in line)
    return " ".join(line.split()) if letters > 2 and digits * 2 < letters else ""


def _words(line: str) -> frozenset[str]:
    return frozenset(fold(line).split())


def _company(lines: Sequence[str]) -> str:
    """The line with the form of a firm, or one between quotes."""
    formed = next((line for line in lines if _FIRM & _words(line)), "")
    if formed:
        return clean_name(formed)
    return next((clean_name(match[1]) for line in lines if (match := _QUOTED.search(line))), "")


def _name(lines: Sequence[str]) -> str:
    """The first line of two to four words that begin like names, or else of two to four words."""
    likely = [line for line in lines if 2 <= len(line.split()) <= 4 and not any(mark.isdigit() or mark == "," for mark in line) and not _PLACE & _words(line)]
    proper = (line for line in likely if all(word[0].isupper() or not word[0].islower() for word in line.split()))
    return clean_name(next(proper, next(iter(likely), "")))
