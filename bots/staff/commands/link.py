"""/link: a link that tells which product and which place brought a customer, ready for every channel; and a post with its button."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bots.staff import entries as pages
from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Group, Visit, told
from bots.staff.words import CANCEL, whole
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_, N_button, Translator, translator
from crm.base.policy import Action
from crm.base.text import clean, clean_name
from crm.base.time import HOUR
from crm.people.desk import Intent, Wizard, begin, quit_wizard, wizard_of
from crm.people.reps import authorise
from crm.sales import entries, postings
from crm.sales.entries import WORDS_MOST, Known
from crm.sales.postings import Draft

NAME, LASTS, OFFERED, LABEL_MOST = "link", HOUR, 4, 40
NEW, PUBLISH = N_button("A new link"), N_button("Post it now")
WRITE_TO_US = N_button("Write to us")
PLACES = (N_("Telegram channel"), N_("Instagram"), N_("Flyer"), N_("Business card"))


def begin_key(tr: Translator) -> Key:
    """The button that begins a link."""
    return Key(tr.button(NEW), Intent(NAME, detail="new"))


def deed(session: Session, visit: Visit) -> Done:
    """Make a link of what stands behind the command, product | place, or ask for what is missing."""
    product, _, source = (part.strip() for part in visit.rest.partition("|"))
    return _asked(session, visit, {"product": product, "source": source})


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Go on by a button."""
    authorise(session, visit.rep, Action.PROMOTE)
    what, _, value = intent.detail.partition(":")
    if what in AT_ANY_TIME:
        return AT_ANY_TIME[what](session, visit, intent.target, value)
    wizard = wizard_of(session, visit.rep, NAME, now=visit.now)
    if wizard is None or wizard.target != intent.target or what not in STEPS:
        return Done(toast=visit.tr("This was left or done already. /link begins another one."), alert=True)
    return STEPS[what](session, visit, wizard, value)


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take what was asked for."""
    said = visit.said.text if isinstance(visit.said, Text) and not visit.said.media else ""
    step, facts = wizard.facts["step"], wizard.facts
    if step in ("product", "source"):
        return _asked(session, visit, {**facts, step: clean_name(said, WORDS_MOST)})
    if step == "board":
        return _boarded(session, visit, wizard, said)
    most = postings.TEXT_MOST if step == "text" else LABEL_MOST
    return _drafted(session, visit, wizard.target, {**facts, step: clean(said, most).strip()})


def _asked(session: Session, visit: Visit, facts: Mapping[str, Any]) -> Done:
    """Ask for the product, then for the place, then make the link."""
    authorise(session, visit.rep, Action.PROMOTE)
    known = {"product": clean_name(facts.get("product", ""), WORDS_MOST), "source": clean_name(facts.get("source", ""), WORDS_MOST)}
    step = next((name for name in ("product", "source") if not known[name]), "")
    if not step:
        quit_wizard(session, visit.rep, NAME)
        made = entries.make(session, visit.rep, known["product"], known["source"], entries.code_of(visit.secret("entry")), now=visit.now)
        return Done((pages.page(session, visit, made, new=True),), visit.tr("The link is below."))
    begin(session, visit.rep, Wizard(NAME, NAME, 0, {**known, "step": step}), until=visit.now + LASTS)
    used = [one.entry for one in entries.listed(session, visit.rep, limit=50)]
    tr, seen = visit.tr, {getattr(one, step): one for one in reversed(used)}
    keys = [Key(name[:24], Intent(NAME, detail=f"{step}:{one.id}")) for name, one in list(reversed(seen.items()))[:OFFERED]]
    if step == "source":
        keys += [Key(tr(name), Intent(NAME, detail=f"source:={place}")) for place, name in enumerate(PLACES) if tr(name) not in seen][: 7 - len(keys)]
    words = {"product": tr("🔗 Which product is the link for? Choose or type it."), "source": tr("Where will the link stand? Choose or type it.")}[step]
    return Done((Post(words, (*menus.in_rows(keys), (_cancel(tr),)), lasts=LASTS),))


def _chosen(step: str) -> Callable[[Session, Visit, Wizard, str], Done]:
    def deed(session: Session, visit: Visit, wizard: Wizard, value: str) -> Done:
        if value.startswith("="):
            return _asked(session, visit, {**wizard.facts, step: visit.tr(PLACES[int(value[1:])])})
        return _asked(session, visit, {**wizard.facts, step: getattr(entries.entry_at(session, visit.rep, int(value)), step)})

    return deed


def _new(session: Session, visit: Visit, target: int, value: str) -> Done:
    return _asked(session, visit, {})


def _show(session: Session, visit: Visit, target: int, value: str) -> Done:
    return Done((pages.page(session, visit, entries.entry_at(session, visit.rep, target)),))


def _end(session: Session, visit: Visit, target: int, value: str) -> Done:
    known = entries.end(session, visit.rep, target, now=visit.now)
    return _edited(visit, pages.page(session, visit, known, new=True, ended=True), visit.tr("Not listed any more. Whoever follows it is still known by it."))


def _renew(session: Session, visit: Visit, target: int, value: str) -> Done:
    return _edited(visit, pages.page(session, visit, entries.renew(session, visit.rep, target, now=visit.now)), visit.tr("It is listed again."))


def _post(session: Session, visit: Visit, target: int, value: str) -> Done:
    """Ask in which channel."""
    known = entries.entry_at(session, visit.rep, target)
    _keep(session, visit, known.id, {"step": "board"})
    keys = [Key(address[:24], Intent(NAME, known.id, f"board:{account}|{address}")) for account, address in postings.boards_used(session)[:OFFERED]]
    tr = visit.tr
    words = tr("In which channel shall it stand? Type its @name. The customers' bot must be an administrator there who may post.")
    return Done((Post(words, (*menus.in_rows(keys), (_cancel(tr),)), lasts=LASTS),))


def _boarded(session: Session, visit: Visit, wizard: Wizard, name: str) -> Done:
    boards, links = visit.ways.boards(name), visit.ways.links("", "")
    found = next(((account, address) for account, address in boards.items() if account in links), None)
    if found is None:
        return told(visit.tr("This is no channel I can post in. Type its public @name."))
    return _drafted(session, visit, wizard.target, {"account": found[0], "address": found[1]})


def _board(session: Session, visit: Visit, wizard: Wizard, value: str) -> Done:
    account, _, address = value.partition("|")
    return _drafted(session, visit, wizard.target, {"account": account, "address": address})


def _label(session: Session, visit: Visit, wizard: Wizard, value: str) -> Done:
    return _drafted(session, visit, wizard.target, {**wizard.facts, "label": _usual(visit)})


def _drafted(session: Session, visit: Visit, target: int, facts: Mapping[str, Any]) -> Done:
    """Ask for the text, then for the button's words, then show the whole."""
    tr, known = visit.tr, entries.entry_at(session, visit.rep, target)
    step = next((name for name in ("text", "label") if not facts.get(name)), "")
    _keep(session, visit, known.id, {**facts, "step": step, "version": visit.event}, listens=bool(step))
    if step == "text":
        words = tr("Type the text of the post. Nothing is posted before you have seen it.")
        return Done((Post(words, ((_cancel(tr),),), lasts=LASTS),))
    if step == "label":
        usual = Key(_usual(visit), Intent(NAME, known.id, "label"))
        return Done((Post(tr("What shall its button say? Choose or type it."), ((usual,), (_cancel(tr),)), lasts=LASTS),))
    draft = _draft(visit, known, facts)
    words = tr("{board} will show this. Nothing is posted before you press the button.", board=draft.address)
    send = Key(tr.button(PUBLISH), Intent(NAME, known.id, f"publish:{visit.event}"))
    return Done((Post(f"{words}\n\n{whole(draft.text)}\n\n[ {whole(draft.label)} ] {draft.url}", ((send,), (_cancel(tr),)), lasts=LASTS),))


def _publish(session: Session, visit: Visit, wizard: Wizard, value: str) -> Done:
    known, facts = entries.entry_at(session, visit.rep, wizard.target), wizard.facts
    if value != str(facts.get("version")) or facts.get("step"):
        raise Expired
    quit_wizard(session, visit.rep, NAME)
    postings.publish(session, visit.rep, known.id, _draft(visit, known, facts), once=f"{known.id}:{visit.event}", now=visit.now)
    return _edited(visit, pages.page(session, visit, known), visit.tr("The post is on its way."))


def _down(session: Session, visit: Visit, target: int, value: str) -> Done:
    shown = postings.take_down(session, visit.rep, int(value), now=visit.now)
    tr, known = visit.tr, entries.entry_at(session, visit.rep, shown.entry_id)
    again = Key(tr.button(pages.POST_AGAIN), Intent(NAME, known.id, f"again:{shown.id}"))
    post = pages.page(session, visit, known)
    return _edited(visit, replace(post, keys=((again,), *post.keys[-1:])), tr("The post is taken down."))


def _again(session: Session, visit: Visit, target: int, value: str) -> Done:
    """Look at a post as it was, to post it once more."""
    posting = postings.posting_at(session, visit.rep, int(value))
    facts = {"account": posting.account, "address": posting.address, "text": posting.text, "label": posting.label}
    return _drafted(session, visit, posting.entry_id, facts)


def _draft(visit: Visit, known: Known, facts: Mapping[str, Any]) -> Draft:
    url = visit.ways.links(known.code, known.product).get(facts["account"], "")
    return Draft(facts["account"], facts["address"], facts["text"], facts["label"], url)


def _usual(visit: Visit) -> str:
    """What such a button says, in the firm's own language."""
    return translator(visit.company.languages[0]).button(WRITE_TO_US)


def _keep(session: Session, visit: Visit, target: int, facts: Mapping[str, Any], *, listens: bool = True) -> None:
    begin(session, visit.rep, Wizard(NAME, NAME, target, dict(facts), listens), until=visit.now + LASTS)


def _edited(visit: Visit, post: Post, toast: str) -> Done:
    return Done((replace(post, edits=visit.replied_to or 0),), toast)


def _cancel(tr: Translator) -> Key:
    return Key(tr.button(CANCEL), Intent("cancel", detail=NAME))


AT_ANY_TIME: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {
    "new": _new,
    "show": _show,
    "end": _end,
    "renew": _renew,
    "post": _post,
    "down": _down,
    "again": _again,
}
STEPS: Mapping[str, Callable[[Session, Visit, Wizard, str], Done]] = {
    "product": _chosen("product"),
    "source": _chosen("source"),
    "board": _board,
    "label": _label,
    "publish": _publish,
}
COMMAND = Command(
    NAME,
    N_("A link that tells what brought a customer"),
    deed,
    Action.PROMOTE,
    presses={NAME: turn},
    listeners={NAME: typed},
    group=Group.REACH,
)
