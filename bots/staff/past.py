"""Past: how an import of old chats stands: whose words are whose, whom each chat is with, what would come in and what did; pure."""

from collections.abc import Callable, Mapping, Sequence

from bots.staff import menus
from bots.staff.posts import Key, Keys, Post
from bots.staff.words import MORE, UNDO
from crm.base.errors import Expired
from crm.base.i18n import N_button, Translator
from crm.base.text import clean_name, isolated
from crm.exchange.imports import ImportState, Sheet
from crm.exchange.past import NEW, OUT, SOURCES, Chat, day_of, unpacked
from crm.people.desk import Intent
from crm.people.field_words import shown_date

CHECK, LEAVE, BRING, BACK = N_button("Check it"), N_button("Leave it"), N_button("Bring in {n}"), N_button("Back")
WHO_WITH, WHOSE_WORDS, SOMEBODY_NEW, LEFT_OUT = N_button("With whom?"), N_button("Who is the customer?"), N_button("Somebody new"), N_button("Left out")
SHOWN, LABEL = 5, 24
Names = Mapping[int, str]
"""What the people who may be meant go by, as the reader may see it."""


def _key(label: str, number: int, detail: str) -> Key:
    return Key(label, Intent("import", number, detail))


def chats_in(sheet: Sheet) -> list[Chat]:
    """The chats of an import."""
    return [unpacked(told) for told in sheet.about.get("chats", ())]


def chat_at(sheet: Sheet, place: int) -> Chat:
    """One of them; raises `Expired` where an import says no more about them."""
    chats = chats_in(sheet)
    if not 0 <= place < len(chats):
        raise Expired
    return chats[place]


def body(tr: Translator, sheet: Sheet, names: Names, zone: str) -> tuple[str, Keys] | None:
    """How an import of old chats stands; None where it stands as any other."""
    shown = PAGES.get(sheet.state)
    return shown(tr, sheet, names, zone) if shown else None


def with_whom(tr: Translator, chat: Chat, names: Names) -> str:
    """Whom a chat goes to."""
    if chat.who == OUT:
        return tr("left out")
    return isolated(clean_name(names.get(chat.who, "?"), 60)) if chat.who != NEW else tr("somebody new")


def _line(tr: Translator, chat: Chat, names: Names, zone: str) -> str:
    ends = dict.fromkeys(filter(None, (day_of(chat.first, zone), day_of(chat.last, zone))))
    days = " – ".join(shown_date(day, tr.language) for day in ends)  # noqa: RUF001 - from one day to another
    count = tr.many("{n} message", "{n} messages", chat.count)
    name = isolated(clean_name(chat.name, 60)) if chat.name else "?"
    return f"· {name}: {count}, {days} → {with_whom(tr, chat, names)}"


def _asked(tr: Translator, sheet: Sheet, names: Names, zone: str) -> tuple[str, Keys]:
    chats = chats_in(sheet)
    source = SOURCES.get(str(sheet.about.get("source")), "?")
    lines = [tr.many("{n} old chat of {source}:", "{n} old chats of {source}:", len(chats), source=source)]
    lines += [_line(tr, chat, names, zone) for chat in chats[:SHOWN]]
    if len(chats) > SHOWN:
        lines.append(tr("… and {n} more.", n=len(chats) - SHOWN))
    unsaid = [place for place, chat in enumerate(chats) if not chat.sided and not chat.customer]
    lines.append(tr("Say first who of them is the customer.") if unsaid else tr("Nothing is written before you have seen what it would do."))
    first = _key(tr.button(WHOSE_WORDS), sheet.id, f"whose:{unsaid[0]}") if unsaid else _key(tr.button(CHECK), sheet.id, "check")
    alone = [_key(tr.button(WHOSE_WORDS), sheet.id, "whose:0")] if len(chats) == 1 and not chats[0].sided and not unsaid else []
    who = _key(tr.button(WHO_WITH), sheet.id, "chat:0" if len(chats) == 1 else "chats:0")
    return "\n".join(lines), ((first,), (*alone, who), (_key(tr.button(LEAVE), sheet.id, "stop"),))


def _ready(tr: Translator, sheet: Sheet, names: Names, zone: str) -> tuple[str, Keys]:
    new = sheet.counts.get("new", 0)
    lines = [tr("Checked; nothing is written yet. It would be:"), *tallied(tr, sheet)]
    people, known = sheet.counts.get("people", 0), sheet.counts.get("known", 0)
    lines += [f"· {tr.many('with {n} new person', 'with {n} new people', people)}"] if people else []
    lines += [f"· {tr.many('with {n} person who is known', 'with {n} people who are known', known)}"] if known else []
    lines.append(tr("Nobody is told, and nothing is sent: they stand as history."))
    bring = ((_key(tr.button(BRING, n=new), sheet.id, "run"),),) if new else ()
    back = _key(tr.button(WHO_WITH), sheet.id, "chats:0")
    return "\n".join(lines), (*bring, (back, _key(tr.button(LEAVE), sheet.id, "stop")))


def _done(tr: Translator, sheet: Sheet, names: Names, zone: str) -> tuple[str, Keys]:
    lines = [tr("✅ Brought in."), *tallied(tr, sheet), tr("It is found by /find, and stands on the cards of its people.")]
    return "\n".join(lines), ((_key(tr.button(UNDO), sheet.id, "undo?"),), *menus.home(tr))


def tallied(tr: Translator, sheet: Sheet) -> list[str]:
    """What the messages do or did, a line each."""
    counts = sheet.counts
    found = [
        tr.many("{n} new message", "{n} new messages", counts.get("new", 0)) if counts.get("new") else "",
        tr.many("{n} message is there already", "{n} messages are there already", counts.get("same", 0)) if counts.get("same") else "",
        tr.many("{n} message left out", "{n} messages left out", counts.get("nobody", 0)) if counts.get("nobody") else "",
    ]
    return [f"· {line}" for line in found if line] or [f"· {tr('nothing')}"]


Page = Callable[[Translator, Sheet, Names, str], tuple[str, Keys]]
PAGES: Mapping[ImportState, Page] = {ImportState.ASKED: _asked, ImportState.READY: _ready, ImportState.DONE: _done}


def listed(tr: Translator, sheet: Sheet, first: int) -> Post:
    """Which chat goes to somebody else; six at a time."""
    most, chats = menus.MOST - 2, chats_in(sheet)
    first = first if 0 <= first < len(chats) else 0
    keys = [_key(clean_name(chat.name, LABEL) or "?", sheet.id, f"chat:{place}") for place, chat in list(enumerate(chats))[first : first + most]]
    following = first + most if first + most < len(chats) else 0
    turn = [_key(tr.button(MORE), sheet.id, f"chats:{following}")] if len(chats) > most else []
    return Post(tr("Which chat is with somebody else?"), (*menus.in_rows(keys), (*turn, _key(tr.button(BACK), sheet.id, "page"))))


def choices(tr: Translator, sheet: Sheet, place: int, names: Names) -> Post:
    """Whom a chat is with: who may be meant, somebody new, or nobody."""
    chat = chat_at(sheet, place)
    keys = [_key(f"👤 {clean_name(names[one], LABEL)}", sheet.id, f"with:{place}:{one}") for one in chat.near if one in names]
    keys += [_key(tr.button(SOMEBODY_NEW), sheet.id, f"with:{place}:{NEW}"), _key(tr.button(LEFT_OUT), sheet.id, f"with:{place}:{OUT}")]
    words = tr("With whom is the chat “{name}”? Choose, or type a name or a phone.", name=clean_name(chat.name, 60) or "?")
    return Post(words, (*menus.in_rows(keys), (_key(tr.button(BACK), sheet.id, "page"),)))


def senders(tr: Translator, sheet: Sheet, place: int) -> Post:
    """Who of those who wrote is the customer."""
    chat = chat_at(sheet, place)
    keys = [_key(clean_name(one, 40) or "?", sheet.id, f"from:{place}:{number}") for number, one in enumerate(chat.senders)]
    words = tr("Who of them is the customer? Everybody else is the firm.")
    return Post(words, (*menus.in_rows(keys), (_key(tr.button(BACK), sheet.id, "page"),)))


def found(tr: Translator, number: int, place: int, people: Sequence[tuple[int, str]]) -> Post:
    """Who was found by what was typed."""
    keys = [_key(f"👤 {clean_name(name, LABEL)}", number, f"with:{place}:{one}") for one, name in people]
    words = tr("With whom is it?") if keys else tr("Nobody is found by that. Type another name.")
    return Post(words, (*menus.in_rows(keys), (_key(tr.button(BACK), number, f"chat:{place}"),)))
