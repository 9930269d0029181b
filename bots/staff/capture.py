"""Capture: what a member hands to the bot without typing, as one post that is edited: is it right, who is it, whose is it; nothing of it reaches a customer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bots.staff import exchange, menus
from bots.staff.posts import Key, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene
from bots.staff.words import CARD, UNDO
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.errors import DragomanError
from crm.base.i18n import N_, N_button, Translator
from crm.base.text import clean_name, cut, isolated
from crm.conversations import desk
from crm.exchange import capturing
from crm.exchange.captures import Capture, CaptureKind, CaptureState
from crm.exchange.capturing import View
from crm.exchange.carding import SEVERAL
from crm.outbox.notices import Waiting
from crm.people.desk import Intent
from crm.reports.search import Person
from crm.reports.words import FILES, plain_name

NAME = "capture"
ADD, ADD_NEW, IT_IS, NEW = N_button("✅ Add"), N_button("✅ Add as new"), N_button("It is {name}"), N_button("Somebody new")
TYPE_IT, CLEAR = N_button("Type it myself"), N_button("Take away")
RECENT, SHOWN, LABEL, SAID_MOST, PICKS = 3, 5, 16, 300, 4
WHY: Mapping[str, str] = {
    "nothing here reads photos": N_("Photos of cards are read by Tesseract, which is not installed on the machine of the firm. See docs/capture.md."),
    SEVERAL: N_("There is more than one person in it. A manager brings whole lists in with /import."),
    "the file is too big": N_("The file is too big."),
    "there is nothing in it": N_("There is nothing in it."),
}
BLURRED = N_("The card cannot be read. Take it once more: from above, near, in good light. Or type it.")
FIELDS = ("name", "phone", "email", "company")
Recent = Sequence[tuple[int, str]]
"""Conversations with the names of their people."""


def key(label: str, number: int, detail: str) -> Key:
    """A button of a capture."""
    return Key(label, Intent(NAME, number, detail))


def named(post: Post, number: int, rep: Rep) -> Post:
    """The one post of a capture in somebody's chat."""
    return replace(post, name=f"{NAME}:{number}:{rep.id}")


def drawn(session: Session, rep: Rep, tr: Translator, number: int, found: Sequence[Person] = ()) -> Post:
    """A capture as it stands, for its owner; `found` are those whose name is the one of who said it."""
    seen = capturing.view(session, rep, number)
    if seen.kind is not CaptureKind.WORDS or seen.state is not CaptureState.ASKED:
        return page(tr, seen)
    near = {one.conversation_id: one.name for one in found if one.conversation_id}
    near |= {one.conversation_id: one.name for one in desk.inbox(session, rep, most=RECENT)[0] if one.conversation_id not in near}
    return page(tr, seen, tuple(near.items())[: RECENT + 1])


def page(tr: Translator, seen: View, recent: Recent = ()) -> Post:
    """How a capture stands, with conversations that may be meant; pure."""
    match seen.state:
        case CaptureState.READING:
            return Post(tr("⏳ I am reading it. Nothing of it was sent to anybody."), ((_leave(tr, seen),),))
        case CaptureState.UNREADABLE:
            return _unreadable(tr, seen)
        case CaptureState.ASKED:
            return _whose(tr, seen, recent) if seen.kind is CaptureKind.WORDS else _person(tr, seen)
        case CaptureState.KEPT:
            return _kept(tr, seen)
        case CaptureState.UNDONE:
            return Post(tr("↩️ Taken back."), menus.home(tr))
    return Post(tr("Left. Nothing was written."), menus.home(tr))


def _leave(tr: Translator, seen: View) -> Key:
    return key(tr.button(exchange.LEAVE), seen.id, "leave")


def _unreadable(tr: Translator, seen: View) -> Post:
    typing = () if seen.why == SEVERAL else (key(tr.button(TYPE_IT), seen.id, "hand"),)
    other = BLURRED if seen.kind is CaptureKind.CARD else N_("It cannot be read.")
    return Post(tr(WHY.get(seen.why, other)), ((*typing, _leave(tr, seen)),))


def value_of(seen: View, field: str) -> str:
    """What a draft says in one of its fields."""
    draft = seen.draft
    return {"name": draft.name, "phone": ", ".join(draft.phones), "email": ", ".join(draft.emails), "company": draft.company}[field]


def _person(tr: Translator, seen: View) -> Post:
    """A draft: each field with a button that corrects it, who it may be, and the one that keeps it."""
    words = [tr("📇 Is it right? Nothing is written before you say so.")]
    words += [f"{tr.button(exchange.TARGETS[field])}: {_value(value_of(seen, field))}" for field in FIELDS]
    words += [f"▫️ {isolated(one)}" for one in (seen.draft.role, seen.draft.site) if one]
    if seen.hidden:
        words.append(tr("⚠️ A colleague has somebody with the same phone or e-mail. Ask a manager who it is."))
    if seen.candidates:
        words.append(tr("Somebody like this is known already. Is it the same person?"))
    add = key(tr.button(ADD_NEW if seen.candidates else ADD), seen.id, "add")
    same = [key(tr.button(IT_IS, name=plain_name(tr, one.name, LABEL)), seen.id, f"is:{one.contact_id}") for one in seen.candidates]
    fields = [key(f"✏️ {tr.button(exchange.TARGETS[field])}", seen.id, f"field:{field}") for field in FIELDS]
    return Post("\n".join(words), (*menus.in_rows([*same, add]), *menus.in_rows(fields), (_leave(tr, seen),)))


def _value(value: str) -> str:
    return isolated(clean_name(value, 120)) if value else "—"


def _whose(tr: Translator, seen: View, recent: Recent) -> Post:
    """Words from elsewhere, or a recording: about whom they are."""
    source = next((item.source for item in seen.items if item.source), "")
    lines = [tr.many("📥 {n} thing for a note. Nothing was sent to anybody.", "📥 {n} things for a note. Nothing was sent to anybody.", len(seen.items))]
    for item in seen.items[:SHOWN]:
        file = f"[{tr(FILES.get(item.media[0], 'file'))}] " if item.media else ""
        who = f"{plain_name(tr, item.source, 40)}: " if item.source else ""
        lines.append(f"{who}{file}{isolated(cut(' '.join(item.text.split()), SAID_MOST))}")
    lines.append(tr("About whom is it? Choose, or type a name."))
    known = [key(f"👤 {plain_name(tr, one.name, LABEL)}", seen.id, f"to:{one.contact_id}") for one in seen.candidates]
    rest = [key(plain_name(tr, name, LABEL), seen.id, f"at:{number}") for number, name in recent]
    new = [key(tr.button(NEW), seen.id, "new")] if source else []
    return Post("\n".join(lines), (*menus.in_rows([*known, *rest]), (*new, _leave(tr, seen))))


def _kept(tr: Translator, seen: View) -> Post:
    words = tr("✅ Kept as a note. Only colleagues see it.") if seen.kind is CaptureKind.WORDS else tr("✅ {name} is kept.", name=_name(tr, seen))
    keys = (Key(tr.button(CARD), Intent("show", seen.conversation_id or 0)), key(tr.button(UNDO), seen.id, "undo"))
    return Post(words, (keys,))


def _name(tr: Translator, seen: View) -> str:
    return isolated(plain_name(tr, seen.name)) if seen.name else tr("The person")


def question(tr: Translator, seen: View, field: str, wrong: str = "") -> Post:
    """Ask for one field: the lines that were read as buttons, or words; pure."""
    said = value_of(seen, field)
    lines = [line for line in seen.draft.lines if line != said]
    picks = [key(clean_name(line, 40), seen.id, f"pick:{field}:{seen.draft.lines.index(line)}") for line in lines[:PICKS]]
    clear = [key(tr.button(CLEAR), seen.id, f"clear:{field}")] if said else []
    words = [*([wrong] if wrong else []), f"{tr.button(exchange.TARGETS[field])}: {_value(said)}", tr("Type what is right, or press it.")]
    return Post("\n".join(words), (*menus.in_rows(picks, 1), (*clear, key(tr.button(exchange.BACK), seen.id, "page"))))


def changed(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """A file was read: the post of its capture, for who handed it over."""
    row = session.get(Capture, notice.subject_id)
    reader = scene.rep(row.rep_id) if row else None
    if row is None or reader is None:
        return Rendered(notice)

    def post(tr: Translator, rep: Rep) -> Post:
        try:
            return named(drawn(session, rep, tr, row.id), row.id, rep)
        except DragomanError:
            return Post(tr("Left. Nothing was written."))

    return Rendered(notice, mail_each(notice, (reader,), post))
