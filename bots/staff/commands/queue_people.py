"""Which languages members speak and what they are good at: shown and changed by buttons, a skill is typed once."""

from dataclasses import replace

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Done, Visit
from bots.staff.words import MORE
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import LANGUAGES, NATIVE, N_button
from crm.base.policy import Action
from crm.conversations.queues import Talents, set_talent, talents
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.reps import authorise, member_of, reps
from crm.reports.words import plain_name

NAME, LISTENS, PAGE = "queue_people", "queue_skill", 6
SPEAKS, KNOWS, ADD, BACK = N_button("Languages…"), N_button("Take a skill away…"), N_button("Add a skill"), N_button("Back")
SKILLS_SHOWN = 6


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button asks for; `target` is the member, or a page."""
    authorise(session, visit.rep, Action.SET_QUEUES)
    what, _, value = intent.detail.partition(":")
    match what:
        case "all":
            return _edited(visit, _all(session, visit, intent.target))
        case "one":
            return _edited(visit, _one(session, visit, intent.target))
        case "languages":
            return _edited(visit, _languages(session, visit, intent.target))
        case "skills":
            return _edited(visit, _skills(session, visit, intent.target))
        case "add":
            begin(session, visit.rep, Wizard(LISTENS, LISTENS, intent.target), until=visit.now + CONFIRM_MS)
            words = visit.tr("What are they good at? Write the word customers use for it, for example: repair")
            return Done((menus.question(visit.tr, words, LISTENS),))
        case "language":
            has = value not in _of(session, intent.target).languages
            set_talent(session, visit.rep, intent.target, "language", value, has, now=visit.now)
            return _edited(visit, _languages(session, visit, intent.target), visit.tr("Written down."))
        case "drop":
            set_talent(session, visit.rep, intent.target, "skill", value, False, now=visit.now)
            return _edited(visit, _one(session, visit, intent.target), visit.tr("Written down."))
    raise Expired


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take a skill."""
    said = visit.said.text if isinstance(visit.said, Text) and not visit.said.media else ""
    if not said.strip():
        return Done((menus.question(visit.tr, visit.tr("A skill is a word. Write it, or /cancel."), LISTENS),))
    for word in said.split(","):
        set_talent(session, visit.rep, wizard.target, "skill", word, True, now=visit.now)
    quit_wizard(session, visit.rep, LISTENS)
    return Done((_one(session, visit, wizard.target),), visit.tr("Written down."))


def _of(session: Session, rep_id: int) -> Talents:
    return talents(session, [rep_id]).get(rep_id, Talents())


def _all(session: Session, visit: Visit, page: int) -> Post:
    tr, staff = visit.tr, reps(session, now=visit.now)
    page = page if 0 <= page * PAGE < len(staff) else 0
    keys = [Key(plain_name(tr, one.name, 24), Intent(NAME, one.id, "one")) for one in staff[page * PAGE : (page + 1) * PAGE]]
    more = [Key(tr.button(MORE), Intent(NAME, (page + 1) % -(-len(staff) // PAGE), "all"))] if len(staff) > PAGE else []
    back = Key(tr.button(BACK), Intent("queue", detail="all"))
    return Post(tr("Whose languages and skills?"), (*menus.in_rows(keys), (*more, back)))


def _one(session: Session, visit: Visit, rep_id: int) -> Post:
    tr, can, member = visit.tr, _of(session, rep_id), member_of(session, rep_id)
    own = NATIVE.get(member.language, member.language)
    spoken = ", ".join(NATIVE.get(code, code) for code in sorted(can.languages))
    lines = [
        plain_name(tr, member.name),
        tr("Speaks: {languages}", languages=spoken) if spoken else tr("Nobody has said what they speak; they read {language}.", language=own),
        tr("Good at: {skills}", skills=", ".join(sorted(can.skills))) if can.skills else tr("Nobody has said what they are good at."),
        tr("Whoever writes about it comes to them first."),
    ]
    keys = [Key(tr.button(SPEAKS), Intent(NAME, rep_id, "languages")), Key(tr.button(ADD), Intent(NAME, rep_id, "add"))]
    keys += [Key(tr.button(KNOWS), Intent(NAME, rep_id, "skills"))] if can.skills else []
    return Post("\n".join(lines), menus.in_rows([*keys, Key(tr.button(BACK), Intent(NAME, detail="all"))]))


def _languages(session: Session, visit: Visit, rep_id: int) -> Post:
    tr, can = visit.tr, _of(session, rep_id)
    keys = [Key(f"{'✔ ' if code in can.languages else ''}{NATIVE[code]}", Intent(NAME, rep_id, f"language:{code}")) for code in LANGUAGES]
    words = tr("Which languages does {name} speak with customers?", name=plain_name(tr, member_of(session, rep_id).name))
    return Post(words, menus.in_rows([*keys, Key(tr.button(BACK), Intent(NAME, rep_id, "one"))]))


def _skills(session: Session, visit: Visit, rep_id: int) -> Post:
    tr, can = visit.tr, _of(session, rep_id)
    keys = [Key(f"✖️ {plain_name(tr, word, 20)}", Intent(NAME, rep_id, f"drop:{word}")) for word in sorted(can.skills)[:SKILLS_SHOWN]]
    return Post(tr("Which skill goes?"), menus.in_rows([*keys, Key(tr.button(BACK), Intent(NAME, rep_id, "one"))]))


def _edited(visit: Visit, post: Post, toast: str = "") -> Done:
    return Done((replace(post, edits=visit.replied_to or 0),), toast)
