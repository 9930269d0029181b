"""Who and what else a deal is about: its company, further people with their roles, another pipeline, its own fields."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bots.staff import deals, details, goods, menus, orders, papers
from bots.staff.commands import deal_fields, deal_terms
from bots.staff.posts import Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Done, Listener, Visit, ask
from bots.staff.words import TASK
from crm.base.db import Session
from crm.base.i18n import N_, N_button
from crm.base.policy import Action, may
from crm.base.text import clean_name
from crm.conversations.desk import Listed
from crm.conversations.threads import the
from crm.people.companies import Named, companies_like, make_company, newest_companies
from crm.people.contacts import root_of
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard, wizard_of
from crm.people.fields import About, fields_of
from crm.people.reps import authorise
from crm.people.sight import seen_by
from crm.reports.deal import sheet
from crm.reports.find import LENGTH, candidates, matching
from crm.reports.words import pipeline_words, plain_name
from crm.sales import moves, terms
from crm.sales.deals import deal_at, held_deal
from crm.sales.pipelines import pipelines_for

FIRM, JOIN = "deal_firm", "deal_join"
COMPANY, PEOPLE, PIPELINE, FIELDS = N_button("Company"), N_button("People"), N_button("Another pipeline"), N_button("Fields")
ADD_PERSON, NO_COMPANY, NO_ROLE, REMOVE = N_button("Add a person"), N_button("No company"), N_button("No role"), N_button("Not part of it")
HISTORY = N_button("History")
ROLES = (N_("Decides"), N_("Pays"), N_("Uses it"), N_("Advises"))
SHOWN, LOOKED_AT = 5, 40


# Buttons of a deal that other files bring: label, press with the deal as its target, what it takes.
DEAL_WAYS: tuple[tuple[str, str, Action], ...] = (
    (goods.GOODS, "goods", Action.CHANGE_DEAL),
    (papers.PAPERS, "papers", Action.MAKE_DOCUMENTS),
    (deals.PROJECT, "project_of", Action.SEE_PROJECTS),
    (orders.ORDER, "order_deal", Action.CHANGE_ORDER),
)


def more(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """What is changed less often, in pages."""
    tr, found = visit.tr, sheet(session, visit.rep, deal_id)
    rows = [(COMPANY, "firm"), (PEOPLE, "people"), *deal_terms.MORE_ROWS]
    if fields_of(session, About.DEAL):
        rows.append((FIELDS, "fields"))
    if found.pipeline:
        rows.append((PIPELINE, "pipe"))
    keys = [Key(tr.button(label), Intent(press, deal_id)) for label, press, needs in DEAL_WAYS if may(visit.rep.role, needs)]
    keys += [*(Key(tr.button(label), Intent("deal", deal_id, verb)) for label, verb in rows), Key(tr.button(TASK), Intent("task_deal", deal_id))]
    if may(visit.rep.role, Action.SEE_HISTORY):
        keys.append(Key(tr.button(HISTORY), Intent("history", deal_id, "deal")))
    keys = deals.paged(tr, keys, int(value or 0), lambda page: Intent("deal", deal_id, f"more:{page}"))
    return _asked(visit, deals.choice(tr, tr("{title}: what do you want to change?", title=deals.title(tr, found.brief)), keys, deal_id))


def firm(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Ask which company it is: one of those made last, or a name."""
    tr, deal = visit.tr, held_deal(session, visit.rep, deal_id)
    begin(session, visit.rep, Wizard(FIRM, FIRM, deal_id), until=visit.now + CONFIRM_MS)
    keys = _firm_keys(deal_id, newest_companies(session, visit.rep, limit=SHOWN - bool(deal.company_id)))
    if deal.company_id:
        keys.append(details.company_key(tr, deal.company_id))
        keys.append(Key(tr.button(NO_COMPANY), Intent("deal", deal_id, "firm_is:")))
    return _asked(visit, deals.choice(tr, tr("Which company is it? Type its name, or press one."), keys, deal_id, wide=1))


def firm_typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Offer the companies whose names sound like what was typed, and a new one."""
    tr = visit.tr
    name = clean_name(visit.said.text if isinstance(visit.said, Text) else "", 60)
    if not name:
        return Done((menus.question(tr, tr("A company needs a name. Type it, or /cancel."), FIRM),))
    alike = companies_like(session, visit.rep, name, limit=SHOWN)
    begin(session, visit.rep, Wizard(FIRM, FIRM, wizard.target, {"name": name}), until=visit.now + CONFIRM_MS)
    keys = _firm_keys(wizard.target, alike)
    keys.append(Key(tr("New: {name}", name=clean_name(name, 24)), Intent("deal", wizard.target, f"firm_new:{visit.event}")))
    begin(session, visit.rep, Wizard(f"{FIRM}:{visit.event}", FIRM, wizard.target, {"name": name}, listens=False), until=visit.now + CONFIRM_MS)
    words = tr("Is it one of these?") if alike else tr("There is no such company yet.")
    return Done((deals.choice(tr, words, keys, wizard.target, wide=1),))


def _firm_keys(deal_id: int, found: list[Named]) -> list[Key]:
    return [Key(f"🏢 {clean_name(one.name, 30)}", Intent("deal", deal_id, f"firm_is:{one.id}")) for one in found]


def firm_is(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Take a company that is there."""
    terms.set_company(session, visit.rep, deal_id, int(value) if value else None, now=visit.now)
    quit_wizard(session, visit.rep, FIRM)
    return _shown(session, visit, deal_id)


def firm_new(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Make the company that was typed."""
    typed = wizard_of(session, visit.rep, f"{FIRM}:{value}", now=visit.now)
    if typed is None:
        return firm(session, visit, deal_id, "")
    held_deal(session, visit.rep, deal_id)
    made = make_company(session, visit.rep, str(typed.facts["name"]), now=visit.now)
    quit_wizard(session, visit.rep, typed.name)
    return firm_is(session, visit, deal_id, str(made.id))


def people(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """The further people of a deal; pressing one changes their role or takes them out."""
    tr, found = visit.tr, sheet(session, visit.rep, deal_id)
    keys = [Key(tr.button(ADD_PERSON), Intent("deal", deal_id, "join"))]
    keys += [Key(f"👤 {plain_name(tr, one.name, 24)}", Intent("deal", deal_id, f"role:{one.contact_id}")) for one in found.people]
    keys = deals.paged(tr, keys, int(value or 0), lambda page: Intent("deal", deal_id, f"people:{page}"))
    words = tr("Who else is part of it?") if found.people else tr("Nobody else is part of it yet.")
    return _asked(visit, deals.choice(tr, words, keys, deal_id, wide=1))


def join(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Ask who is to be added."""
    held_deal(session, visit.rep, deal_id)
    begin(session, visit.rep, Wizard(JOIN, JOIN, deal_id), until=visit.now + CONFIRM_MS)
    return _asked(visit, deals.choice(visit.tr, visit.tr("Who is to be added? Type a name, @name or phone."), [], deal_id))


def join_typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Offer those who may be meant."""
    tr, deal_id = visit.tr, wizard.target
    held_deal(session, visit.rep, deal_id)
    words = (visit.said.text if isinstance(visit.said, Text) else "").strip()[:LENGTH]
    listed = ask(visit, (JOIN, deal_id, words), lambda s: _others(s, visit, deal_id, words))
    keys = [Key(menus.label_of(tr, one, visit.now), Intent("deal", deal_id, f"add:{one.conversation_id}")) for one in listed]
    said = tr("Who of them?") if listed else tr("Nobody was found. Try a part of the name, or the whole phone number.")
    return Done((deals.choice(tr, said, keys, deal_id, wide=1),))


def _others(session: Session, visit: Visit, deal_id: int, words: str) -> list[Listed]:
    """Other people by name, each once, with their newest conversation."""
    if not words:
        return []
    mine = root_of(session, deal_at(session, deal_id).contact_id).id
    found, sure = candidates(session, visit.rep, words, visit.company.region)
    once: dict[int, Listed] = {}
    for one in matching(found, words, sure=sure, most=LOOKED_AT):
        once.setdefault(root_of(session, the(session, one.conversation_id).contact_id).id, one)
    return [one for root, one in once.items() if root != mine][:SHOWN]


def add(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Add the person of a conversation, then ask for their role."""
    authorise(session, visit.rep, Action.FIND)
    root = root_of(session, the(session, int(value)).contact_id)
    terms.add_person(session, visit.rep, deal_id, root.id, now=visit.now)
    quit_wizard(session, visit.rep, JOIN)
    return role(session, visit, deal_id, str(root.id))


def role(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Which part somebody has in the deal."""
    tr, root = visit.tr, root_of(session, int(value))
    sheet(session, visit.rep, deal_id)
    keys = [Key(tr(one), Intent("deal", deal_id, f"as:{value}:{place}")) for place, one in enumerate(ROLES)]
    keys.append(Key(tr.button(NO_ROLE), Intent("deal", deal_id, f"as:{value}:")))
    keys.append(Key(tr.button(REMOVE), Intent("deal", deal_id, f"part:{value}")))
    words = tr("Which part has {name} in it?", name=plain_name(tr, seen_by(visit.rep).named(root.name or root.platform_name)))
    return _asked(visit, deals.choice(tr, words, keys, deal_id))


def take_role(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Write the role down, in the reader's words."""
    contact, _, place = value.partition(":")
    said = visit.tr(ROLES[int(place)]) if place else ""
    terms.add_person(session, visit.rep, deal_id, int(contact), said, now=visit.now)
    return _shown(session, visit, deal_id)


def part(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Take somebody out of the deal."""
    terms.remove_person(session, visit.rep, deal_id, int(value), now=visit.now)
    return people(session, visit, deal_id, "")


def pipe(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Ask for another pipeline."""
    tr, found = visit.tr, sheet(session, visit.rep, deal_id)
    there = pipelines_for(session, root_of(session, found.contact_id).kind)
    others = [one for one in there if one.id != found.pipeline_id]
    keys = [Key(pipeline_words(tr, one.name, one.kind), Intent("deal", deal_id, f"pipe_to:{one.id}:{found.stage.id}")) for one in others]
    keys = deals.paged(tr, keys, int(value or 0), lambda page: Intent("deal", deal_id, f"pipe:{page}"))
    words = tr("{title}: into which pipeline? It goes into the stage there that is most like its own.", title=deals.title(tr, found.brief))
    return _asked(visit, deals.choice(tr, words, keys, deal_id))


def pipe_to(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Move the deal into another pipeline."""
    pipeline, seen = (int(word) for word in value.split(":"))
    moves.change_pipeline(session, visit.rep, deal_id, pipeline, seen=seen, now=visit.now)
    return _shown(session, visit, deal_id)


def _shown(session: Session, visit: Visit, deal_id: int) -> Done:
    return _asked(visit, deals.post(visit, sheet(session, visit.rep, deal_id)), visit.tr("Saved."))


def _asked(visit: Visit, post: Post, toast: str = "") -> Done:
    edits = 0 if isinstance(visit.said, Text) else visit.replied_to or 0
    return Done((replace(post, edits=edits),), toast)


LISTENERS: Mapping[str, Listener] = {FIRM: firm_typed, JOIN: join_typed, **deal_fields.LISTENERS}
TURNS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {
    "more": more,
    "firm": firm,
    "firm_is": firm_is,
    "firm_new": firm_new,
    "people": people,
    "join": join,
    "add": add,
    "role": role,
    "as": take_role,
    "part": part,
    "pipe": pipe,
    "pipe_to": pipe_to,
    **deal_fields.TURNS,
}
