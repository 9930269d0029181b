"""Exchange: the one post of an import, which is edited as it goes on: its columns, what it would do, how far it is, what it did."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bots.staff import menus, past
from bots.staff.posts import Key, Keys, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene
from bots.staff.words import MORE, UNDO
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import N_, N_button, Translator
from crm.base.jobs import Job
from crm.base.text import clean_name, isolated
from crm.exchange import imports, runs
from crm.exchange.erasure import ERASE
from crm.exchange.exports import EXPORT
from crm.exchange.imports import CHATS, FIELD, LEFT_OUT, ImportState, Sheet
from crm.exchange.made import MadeFile, media_of
from crm.exchange.package import PACKAGE
from crm.exchange.reach import reached, sight_in
from crm.exchange.support import SUPPORT
from crm.outbox.notices import Waiting
from crm.people.contacts import root_of
from crm.people.desk import Intent
from crm.people.sight import seen_by

CHECK, CHANGE, LEAVE = N_button("Check it"), N_button("Change a column"), N_button("Leave it")
BRING, STOP, GO_ON, BACK = N_button("Bring in {n}"), N_button("Stop"), N_button("Go on"), N_button("Back")
SHOWN, CELL, NAMES_MOST = 20, 24, 60
TARGETS: Mapping[str, str] = {
    "name": N_button("Name"),
    "first_name": N_button("First name"),
    "middle_name": N_button("Middle name"),
    "last_name": N_button("Last name"),
    "phone": N_button("Phone"),
    "email": N_button("E-mail"),
    "language": N_button("Language"),
    "company": N_button("Company"),
    "kind": N_button("Kind of contact"),
    "deal": N_button("Deal: title"),
    "amount": N_button("Deal: amount"),
    "stage": N_button("Deal: stage"),
    "tags": N_button("Tags"),
    "consent": N_button("Agreed to offers"),
    "consent_at": N_button("Agreed: date"),
    "consent_source": N_button("Agreed: where"),
    LEFT_OUT: N_button("Left out"),
}
WHY = (
    N_("there is nothing in it"),
    N_("it is no table"),
    N_("it is an old Excel file: save it as .xlsx or as CSV"),
    N_("it cannot be read"),
    N_("it cannot be unpacked"),
    N_("it takes too long to read"),
    N_("it takes too much to read"),
    N_("it is no Excel workbook"),
    N_("it unpacks to too much"),
    N_("the file is too big"),
)
KEPT: Mapping[str, str] = {
    "person": N_("somebody has worked with this person since"),
    "deal": N_("the deal was changed since"),
    "name": N_("the name was changed since"),
    "company": N_("the company is still in use"),
    "phone or e-mail": N_("a phone or e-mail was confirmed since"),
    "field": N_("a field was changed since"),
    "consent": N_("they answered about offers since"),
}


def target_words(tr: Translator, target: str, sheet: Sheet) -> str:
    """What a column is, in words; a field of the firm's own goes by what people call it."""
    return tr.button(TARGETS[target]) if target in TARGETS else clean_name(sheet.fields.get(target) or target.removeprefix(FIELD), CELL)


def page(tr: Translator, sheet: Sheet, names: past.Names | None = None, zone: str = "") -> Post:
    """How an import stands; `names` are what those go by who may be meant in old chats; pure."""
    body, keys = (past.body(tr, sheet, names or {}, zone) if sheet.kind == CHATS else None) or PAGES[sheet.state](tr, sheet)
    return Post(f"📥 {isolated(clean_name(sheet.name, 60))}\n{body}", keys)


def names_in(session: Session, sheet: Sheet, rep: Rep) -> past.Names:
    """What those go by who may be meant in the old chats of an import, as this reader may see it; whoever is out of their sight by now has no name."""
    meant = {one for chat in past.chats_in(sheet) for one in (chat.who, *chat.near) if one > 0}
    roots = {one: root_of(session, one) for one in sorted(meant)[:NAMES_MOST]}
    seen = reached(session, sight_in(session, rep.id), {root.id for root in roots.values()})
    return {one: seen_by(rep).named(root.name or root.platform_name) for one, root in roots.items() if root.id in seen}


def named(post: Post, number: int, rep: Rep) -> Post:
    """The one post of an import in somebody's chat."""
    return replace(post, name=f"import:{number}:{rep.id}")


def key(label: str, number: int, detail: str) -> Key:
    """A button of an import."""
    return Key(label, Intent("import", number, detail))


def changed(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """An import went on: its post, for who began it; the report comes as a file once."""
    row = session.get(imports.Import, notice.subject_id)
    reader = scene.rep(row.rep_id) if row else None
    if row is None or reader is None:
        return Rendered(notice)
    sheet = imports.sheet_of(session, row)

    def post(tr: Translator, rep: Rep) -> Post:
        more = _kept(tr, session, sheet) if sheet.state is ImportState.UNDONE else ""
        shown = page(tr, imports.as_read(sheet, seen_by(rep)), names_in(session, sheet, rep), scene.company.zone)
        return named(replace(shown, text=f"{shown.text}{more}"), sheet.id, rep)

    mails = mail_each(notice, (reader,), post)
    media = media_of(session, sheet.report_id) if sheet.state is ImportState.READY else None
    if media:
        words = lambda tr, _: Post(tr("What each row would do."), media=media)  # noqa: E731
        mails += tuple(replace(mail, once=f"import:{sheet.id}:{sheet.report_id}") for mail in mail_each(notice, (reader,), words))
    return Rendered(notice, mails)


def made(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """A file that somebody asked for is ready: for them alone."""
    file = session.get(MadeFile, notice.subject_id)
    reader = scene.rep(file.rep_id) if file else None
    if file is None or reader is None:
        return Rendered(notice)
    media = media_of(session, file.id)

    def post(tr: Translator, rep: Rep) -> Post:
        if media:
            plain = file.name.startswith(f"{SUPPORT}-")
            words = tr("Here it is. No names, messages or passwords are in it.") if plain else tr("Here it is. It holds personal data: keep it safe.")
            return Post(words, media=media)
        size = f"{file.size / 1_000_000:.0f}"
        words = tr(
            "It is ready, but its {size} MB are too much for Telegram. It lies on the machine for seven days: data/exports/{file}", size=size, file=file.path
        )
        return Post(words)

    return Rendered(notice, mail_each(notice, (reader,), post))


BROKEN: Mapping[str, str] = {
    ERASE: N_("⚠️ An erasure broke off in the middle: {error}. Nothing is sent to this person. Say /erase again until the certificate comes."),
    EXPORT: N_("⚠️ The export was not made: {error}. Ask for it again with /export."),
    PACKAGE: N_("⚠️ The files about one person were not made: {error}. Ask for them again with /export."),
    SUPPORT: N_("⚠️ The file was not made: {error}. Ask for it again with /support."),
}


def broke(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """Long work broke for good: for who asked for it, and for the managers."""
    job = session.get(Job, notice.subject_id)
    if job is None or job.kind not in BROKEN:
        return Rendered(notice)
    asker = scene.rep(job.rep_id) if job.rep_id else None
    readers = {rep.id: rep for rep in (*((asker,) if asker else ()), *scene.managers)}
    words = lambda tr, _: Post(tr(BROKEN[job.kind], error=clean_name(job.words, 200)))  # noqa: E731
    return Rendered(notice, mail_each(notice, tuple(readers.values()), words))


def _kept(tr: Translator, session: Session, sheet: Sheet) -> str:
    lines = [
        f"\n{tr('Row {n}', n=number)}: {', '.join(tr(KEPT.get(one, one)) for one in why.split('; '))}" for number, why, _ in runs.kept_rows(session, sheet.id)
    ]
    return "".join(lines)


Page = Callable[[Translator, Sheet], tuple[str, Keys]]


def _reading(tr: Translator, sheet: Sheet) -> tuple[str, Keys]:
    return tr("⏳ Reading: {n} rows so far.", n=sheet.done), ((key(tr.button(STOP), sheet.id, "stop"),),)


def _unreadable(tr: Translator, sheet: Sheet) -> tuple[str, Keys]:
    return tr("This file cannot be brought in: {why}.", why=tr(sheet.why)), menus.home(tr)


def _asked(tr: Translator, sheet: Sheet) -> tuple[str, Keys]:
    lines = [tr.many("{n} row. What the columns are:", "{n} rows. What the columns are:", sheet.rows)]
    for place, name in enumerate(sheet.header[:SHOWN]):
        lines.append(f"{place + 1}. {isolated(clean_name(name, CELL))} → {target_words(tr, sheet.mapping[place], sheet)}{_sampled(sheet, place)}")
    if len(sheet.header) > SHOWN:
        lines.append(tr("… and {n} more.", n=len(sheet.header) - SHOWN))
    lines.append(tr("Nothing is written before you have seen what it would do."))
    keys = (key(tr.button(CHECK), sheet.id, "check"),), (key(tr.button(CHANGE), sheet.id, "columns:0"), key(tr.button(LEAVE), sheet.id, "stop"))
    return "\n".join(lines), keys


def _sampled(sheet: Sheet, place: int) -> str:
    values = [clean_name(row[place], CELL) for row in sheet.samples if place < len(row) and row[place]]
    return f" ({', '.join(map(isolated, values))})" if values else ""


def _trying(tr: Translator, sheet: Sheet) -> tuple[str, Keys]:
    return tr("⏳ Checking: {done} of {total}.", done=sheet.done, total=sheet.rows), ((key(tr.button(STOP), sheet.id, "stop"),),)


def _ready(tr: Translator, sheet: Sheet) -> tuple[str, Keys]:
    writes = sheet.counts.get("new", 0) + sheet.counts.get("filled", 0)
    bring = ((key(tr.button(BRING, n=writes), sheet.id, "run"),),) if writes else ()
    words = [tr("Checked; nothing is written yet. It would be:"), *tallied(tr, sheet.counts)]
    return "\n".join(words), (*bring, (key(tr.button(CHANGE), sheet.id, "columns:0"), key(tr.button(LEAVE), sheet.id, "stop")))


def _running(tr: Translator, sheet: Sheet) -> tuple[str, Keys]:
    return tr("⏳ Bringing in: {done} of {total}.", done=sheet.done, total=sheet.rows), ((key(tr.button(STOP), sheet.id, "stop"),),)


def _stopped(tr: Translator, sheet: Sheet) -> tuple[str, Keys]:
    keys = (key(tr.button(GO_ON), sheet.id, "run"), key(tr.button(UNDO), sheet.id, "undo?"))
    return tr("Stopped in the middle. What is written can be taken back."), (keys,)


def _done(tr: Translator, sheet: Sheet) -> tuple[str, Keys]:
    words = [tr("✅ Brought in."), *tallied(tr, sheet.counts)]
    return "\n".join(words), ((key(tr.button(UNDO), sheet.id, "undo?"),), *menus.home(tr))


def _undoing(tr: Translator, sheet: Sheet) -> tuple[str, Keys]:
    return tr("⏳ Taking back: {done} of {total}.", done=sheet.done, total=sheet.rows), ((key(tr.button(STOP), sheet.id, "stop"),),)


def _undone(tr: Translator, sheet: Sheet) -> tuple[str, Keys]:
    kept = sheet.counts.get("kept", 0)
    words = tr.many("↩️ Taken back. {n} row was left as it is:", "↩️ Taken back. {n} rows were left as they are:", kept) if kept else ""
    return words or tr("↩️ Taken back: everything is as it was before."), menus.home(tr)


def _left(tr: Translator, sheet: Sheet) -> tuple[str, Keys]:
    return tr("Left. Nothing was written."), menus.home(tr)


PAGES: Mapping[ImportState, Page] = {
    ImportState.READING: _reading,
    ImportState.UNREADABLE: _unreadable,
    ImportState.ASKED: _asked,
    ImportState.TRYING: _trying,
    ImportState.READY: _ready,
    ImportState.RUNNING: _running,
    ImportState.STOPPED: _stopped,
    ImportState.DONE: _done,
    ImportState.UNDOING: _undoing,
    ImportState.UNDONE: _undone,
    ImportState.LEFT: _left,
}


def tallied(tr: Translator, counts: Mapping[str, int]) -> list[str]:
    """What the rows do or did, a line each; pure."""
    found = [
        tr.many("{n} new person", "{n} new people", counts.get("new", 0)) if counts.get("new") else "",
        tr.many("{n} known: something was empty and is filled", "{n} known: something was empty and is filled", counts["filled"])
        if counts.get("filled")
        else "",
        tr.many("{n} known: nothing new", "{n} known: nothing new", counts["same"]) if counts.get("same") else "",
        tr.many("{n} may be either of two people: left out", "{n} may be either of two people: left out", counts["unclear"]) if counts.get("unclear") else "",
        tr.many("{n} without phone and e-mail: left out", "{n} without phone and e-mail: left out", counts["nobody"]) if counts.get("nobody") else "",
        tr.many("{n} was erased before: left out", "{n} were erased before: left out", counts["erased"]) if counts.get("erased") else "",
        tr.many("{n} row has something that cannot be read", "{n} rows have something that cannot be read", counts["troubles"])
        if counts.get("troubles")
        else "",
    ]
    return [f"· {line}" for line in found if line] or [f"· {tr('nothing')}"]


def columns(tr: Translator, sheet: Sheet, first: int) -> Post:
    """Which column is to be changed; six at a time; pure."""
    most = menus.MOST - 2
    keys = [
        key(f"{place + 1}. {clean_name(sheet.header[place], 18)}", sheet.id, f"column:{place}:0")
        for place in range(first, min(first + most, len(sheet.header)))
    ]
    following = first + most if first + most < len(sheet.header) else 0
    turn = [key(tr.button(MORE), sheet.id, f"columns:{following}")] if len(sheet.header) > most else []
    return Post(tr("Which column is something else?"), (*menus.in_rows(keys), (*turn, key(tr.button(BACK), sheet.id, "page"))))


def choices(tr: Translator, sheet: Sheet, place: int, targets: Sequence[str], first: int) -> Post:
    """What a column may be; six at a time; pure."""
    most = menus.MOST - 2
    keys = [key(target_words(tr, target, sheet), sheet.id, f"is:{place}:{target}") for target in targets[first : first + most]]
    following = first + most if first + most < len(targets) else 0
    words = tr("What is “{column}”?", column=clean_name(sheet.header[place], 40))
    turn = (key(tr.button(MORE), sheet.id, f"column:{place}:{following}"), key(tr.button(BACK), sheet.id, "columns:0"))
    return Post(f"{words}{_sampled(sheet, place)}", (*menus.in_rows(keys), turn))
