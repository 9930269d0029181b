"""/snippets: ready answers. Replied to a card it offers them; alone it shows, changes and adds them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bots.staff import menus, templates
from bots.staff import snippets as ready
from bots.staff.posts import Key, Keys, Post
from bots.staff.replies import conversation_at
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Group, Visit
from bots.staff.words import CANCEL, MORE, whole
from crm.base.actors import Role
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.fold import fold
from crm.base.i18n import N_, NATIVE, N_button, Translator
from crm.base.policy import Action
from crm.base.template import BadTemplate
from crm.base.text import choose_language, clean_name, isolated
from crm.base.time import HOUR
from crm.conversations import snippets
from crm.conversations.snippets import WORD_MOST, Ready
from crm.people.desk import Intent, Wizard, begin, quit_wizard
from crm.people.reps import authorise
from crm.sales.pipelines import Step, pipelines, stages_of

NAME, LASTS, STAGES_MOST = "snippets", HOUR, 6
NEW, CHANGE, OTHER = N_button("A new one"), N_button("Change the words"), N_button("In another language")
END, ALL, STAGE, NO_STAGE = N_button("Not needed any more"), N_button("All ready answers"), N_button("For a stage"), N_button("For no stage")
BRING_BACK, FOR_GOOD, KEEP = N_button("Bring back"), N_button("Erase for good"), N_button("Keep")


def deed(session: Session, visit: Visit) -> Done:
    """Offer them for the card replied to, or show them all."""
    conversation_id = conversation_at(session, visit)
    if conversation_id is not None:
        return ready.offer(session, visit, conversation_id)
    return Done((_all(session, visit, 0),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Go on by a button; what is shown takes the place of the page that was pressed."""
    what, _, value = intent.detail.partition(":")
    if what not in STEPS:
        raise Expired
    return STEPS[what](session, visit, intent.target, value)


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take the word, then what it says."""
    said = visit.said.text if isinstance(visit.said, Text) and not visit.said.media else ""
    facts = wizard.facts
    if facts["step"] == "word":
        word = clean_name(said.removeprefix("/"), WORD_MOST)
        if not fold(word):
            return _asked(session, visit, {"step": "word", "slash": True}, visit.tr("Type one word of letters or figures, for example: price"))
        if _is_command(word):
            words = visit.tr("/{word} is a command already. Which other word shall call it?", word=word.split()[0].lower())
            return _asked(session, visit, {"step": "word", "slash": True}, words)
        if known := snippets.snippet_of(session, visit.rep, word):
            return _known(session, visit, known)
        return _asked(session, visit, {"step": "text", "word": word, "language": ""}, _say_what(visit, word))
    if not facts["language"] and (known := snippets.snippet_of(session, visit.rep, facts["word"])):  # somebody else was faster
        return _known(session, visit, known)
    language = facts["language"] or choose_language(said, visit.rep.language, visit.company.languages[0])
    try:
        made = snippets.write(session, visit.rep, facts["word"], language, said, now=visit.now)
    except BadTemplate as error:
        return _asked(session, visit, facts, templates.refusal(visit.tr, error))
    quit_wizard(session, visit.rep, NAME)
    return Done((_one(session, visit, made),))


def _is_command(word: str) -> bool:
    """Whether a slash and this word would be taken for a command of anybody's."""
    from bots.staff.commands import named

    return named(word.split(maxsplit=1)[0].lower(), Role.OWNER) is not None or word.split(maxsplit=1)[0].lower() == "cancel"


def _known(session: Session, visit: Visit, one: Ready) -> Done:
    """Show what the word calls already; nobody's words are replaced unseen."""
    quit_wizard(session, visit.rep, NAME)
    post = _one(session, visit, one)
    words = visit.tr("This word calls a ready answer already. Change that one, or choose another word.")
    return Done((replace(post, text=f"{words}\n\n{post.text}"),))


def _say_what(visit: Visit, word: str) -> str:
    words = visit.tr("Type what /{word} says, as the customer shall read it.", word=word)
    return f"{words}\n{templates.fields(visit.tr)}"


def _all(session: Session, visit: Visit, page: int) -> Post:
    tr, found = visit.tr, snippets.snippets(session, visit.rep)
    ended = (Key(tr.button(END), Intent(NAME, detail="ended")),) if snippets.snippets(session, visit.rep, active=False) else ()
    new = (Key(tr.button(NEW), Intent(NAME, detail="new")), *ended)
    if not found:
        return Post(tr("There are no ready answers yet. Write down what you say often, and it is two presses away."), (new, *menus.home(tr)))
    words = tr("Ready answers: reply to a card with / and the word, for example /{word}.", word=found[0].word)
    return _listed(tr, words, found, page, new, "page")


def _listed(tr: Translator, words: str, found: Sequence[Ready], page: int, besides: tuple[Key, ...], what: str) -> Post:
    """A page of them, with the buttons that stand beneath."""
    most = menus.MOST - len(besides) - 1
    page = page if 0 <= page * most < len(found) else 0
    keys = [Key(f"/{one.word}"[:24], Intent(NAME, one.id, "show")) for one in found[page * most : (page + 1) * most]]
    more = (Key(tr.button(MORE), Intent(NAME, detail=f"{what}:{page + 1}")),) if len(found) > most else ()
    return Post(words, (*menus.in_rows(keys), (*besides, *more)))


def _ended(session: Session, visit: Visit, target: int, value: str) -> Done:
    """Those that are offered no more, each a press away from coming back."""
    found = snippets.snippets(session, visit.rep, active=False)
    if not found:
        return _page(session, visit, target, "")
    return _edited(visit, _listed(visit.tr, visit.tr("These are offered no more:"), found, int(value or 0), (_back(visit.tr),), "ended"))


def _one(session: Session, visit: Visit, one: Ready) -> Post:
    tr = visit.tr
    stage = next((step.name for step in _steps(session) if step.id == one.stage_id), "")
    lines = [f"💬 /{isolated(one.word)}", *(f"{NATIVE[language]}: {whole(text)}" for language, text in one.texts.items())]
    lines += [tr("Offered first at the stage “{stage}”.", stage=isolated(stage))] if stage else []
    lines.append(tr.many("Sent {n} time.", "Sent {n} times.", one.uses))
    return Post("\n\n".join(lines), _keys(tr, one))


def _keys(tr: Translator, one: Ready) -> Keys:
    if not one.active:
        return ((Key(tr.button(BRING_BACK), Intent(NAME, one.id, "renew")), Key(tr.button(FOR_GOOD), Intent(NAME, one.id, "erase"))), (_back(tr),))
    change, other = Key(tr.button(CHANGE), Intent(NAME, one.id, "change")), Key(tr.button(OTHER), Intent(NAME, one.id, "other"))
    return ((change, other), (Key(tr.button(STAGE), Intent(NAME, one.id, "stages")), Key(tr.button(END), Intent(NAME, one.id, "end"))), (_back(tr),))


def _page(session: Session, visit: Visit, target: int, value: str) -> Done:
    return _edited(visit, _all(session, visit, int(value or 0)))


def _show(session: Session, visit: Visit, target: int, value: str) -> Done:
    return _edited(visit, _one(session, visit, snippets.snippet_at(session, visit.rep, target)))


def _new(session: Session, visit: Visit, target: int, value: str) -> Done:
    return _asked(session, visit, {"step": "word", "slash": True}, visit.tr("Which word shall call it? One word, for example: price"))


def _change(session: Session, visit: Visit, target: int, value: str) -> Done:
    """Ask for other words in a language it has; where it has several, which."""
    one = snippets.snippet_at(session, visit.rep, target)
    if not value and len(one.texts) > 1:
        return _languages(visit, one, "change", list(one.texts))
    return _words(session, visit, one, value or next(iter(one.texts)))


def _other(session: Session, visit: Visit, target: int, value: str) -> Done:
    """Ask for the words in a language it does not have yet."""
    one = snippets.snippet_at(session, visit.rep, target)
    missing = [language for language in NATIVE if language not in one.texts]
    if not missing:
        return Done(toast=visit.tr("It has all languages already."))
    return _words(session, visit, one, value) if value in missing else _languages(visit, one, "other", missing)


def _languages(visit: Visit, one: Ready, what: str, languages: list[str]) -> Done:
    keys = [Key(NATIVE[language], Intent(NAME, one.id, f"{what}:{language}")) for language in languages]
    return _edited(visit, Post(visit.tr("In which language?"), (*menus.in_rows(keys), (_back(visit.tr),))))


def _words(session: Session, visit: Visit, one: Ready, language: str) -> Done:
    words = f"{NATIVE[language]}: {_say_what(visit, one.word)}"
    return _asked(session, visit, {"step": "text", "word": one.word, "language": language}, words)


def _stages(session: Session, visit: Visit, target: int, value: str) -> Done:
    """Ask at which stage it is offered first."""
    one, tr = snippets.snippet_at(session, visit.rep, target), visit.tr
    steps = _steps(session)
    page = int(value or 0) if int(value or 0) * STAGES_MOST < len(steps) else 0
    keys = [Key(step.name[:24], Intent(NAME, one.id, f"stage:{step.id}")) for step in steps[page * STAGES_MOST : (page + 1) * STAGES_MOST]]
    more = [Key(tr.button(MORE), Intent(NAME, one.id, f"stages:{page + 1}"))] if len(steps) > STAGES_MOST else []
    last = (Key(tr.button(NO_STAGE), Intent(NAME, one.id, "stage:0")), *more)
    return _edited(visit, Post(tr("At which stage shall it be offered first?"), (*menus.in_rows(keys), last)))


def _stage(session: Session, visit: Visit, target: int, value: str) -> Done:
    return _edited(visit, _one(session, visit, snippets.offer_at(session, visit.rep, target, int(value) or None, now=visit.now)), visit.tr("Written down."))


def _steps(session: Session) -> list[Step]:
    return [step for one in pipelines(session) for step in stages_of(session, one.id)]


def _end(session: Session, visit: Visit, target: int, value: str) -> Done:
    return _edited(visit, _one(session, visit, snippets.set_active(session, visit.rep, target, False, now=visit.now)), visit.tr("It is offered no more."))


def _renew(session: Session, visit: Visit, target: int, value: str) -> Done:
    return _edited(visit, _one(session, visit, snippets.set_active(session, visit.rep, target, True, now=visit.now)), visit.tr("It is offered again."))


def _erase(session: Session, visit: Visit, target: int, value: str) -> Done:
    """Ask before one is deleted for good, then do it."""
    tr = visit.tr
    authorise(session, visit.rep, Action.WRITE_SNIPPETS)
    if value == "yes":
        snippets.forget(session, visit.rep, target, now=visit.now)
        return _edited(visit, _all(session, visit, 0), tr("Erased."))
    one = snippets.snippet_at(session, visit.rep, target)
    keys = (Key(tr.button(FOR_GOOD), Intent(NAME, one.id, "erase:yes")), Key(tr.button(KEEP), Intent(NAME, one.id, "show")))
    return _edited(visit, Post(tr("Erase /{word} for good? This cannot be undone.", word=isolated(one.word)), (keys,)))


def _asked(session: Session, visit: Visit, facts: Mapping[str, object], words: str) -> Done:
    authorise(session, visit.rep, Action.WRITE_SNIPPETS)
    begin(session, visit.rep, Wizard(NAME, NAME, 0, dict(facts)), until=visit.now + LASTS)
    return Done((Post(words, ((Key(visit.tr.button(CANCEL), Intent("cancel", detail=NAME)),),), lasts=LASTS),))


def _back(tr: Translator) -> Key:
    return Key(tr.button(ALL), Intent(NAME, detail="page"))


def _edited(visit: Visit, post: Post, toast: str = "") -> Done:
    return Done((replace(post, edits=visit.replied_to or 0),), toast)


STEPS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {
    "page": _page,
    "show": _show,
    "new": _new,
    "change": _change,
    "other": _other,
    "stages": _stages,
    "stage": _stage,
    "end": _end,
    "renew": _renew,
    "ended": _ended,
    "erase": _erase,
}
COMMAND = Command(
    NAME,
    N_("Ready answers: what you say often"),
    deed,
    presses={NAME: turn, ready.NAME: ready.turn},
    listeners={NAME: typed},
    group=Group.WORK,
)
