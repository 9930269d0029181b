"""/promo: one text to many people, in three steps: to whom, what, and a look before it is sent."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace

from bots.staff import menus
from bots.staff.commands import promo_campaigns, promo_details, promo_tags
from bots.staff.commands.promo_people import Desk, Plan, bills, choice_post, dear, described, left_out, people_post, plan_of, with_choice
from bots.staff.posts import Key, Post
from bots.staff.templates import fields, refusal
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Group, Visit, ask
from bots.staff.words import whole
from crm.base import sms
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_, NATIVE, N_button
from crm.base.policy import Action
from crm.base.template import BadTemplate, parse, tidy
from crm.base.text import clean_name, cut_utf16
from crm.base.time import HOUR
from crm.outreach import campaigns
from crm.outreach.billed import billed
from crm.outreach.segments import Preview, preview
from crm.people.desk import Intent, Wizard, begin, quit_wizard, wizard_of
from crm.people.fields import template_names
from crm.people.reps import authorise
from crm.people.tags import known_tags
from crm.reports.words import plain_name

NAME = "promo"
LASTS = HOUR
SAMPLE_MOST = 3000
SEND = N_button("Send to {n}")
REWRITE = N_button("Change the text")
PEOPLE = N_button("Change the people")


def deed(session: Session, visit: Visit) -> Done:
    """Begin a promotion; one that was begun before is left."""
    plan = Plan(version=visit.event)
    post = _people(visit, visit.event, plan)
    _keep(session, visit, visit.event, plan)
    return Done((post,))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Go on with a promotion by one of its buttons."""
    authorise(session, visit.rep, Action.PROMOTE)
    wizard = wizard_of(session, visit.rep, NAME, now=visit.now)
    if wizard is None or wizard.target != intent.target:
        return Done(toast=visit.tr("This promotion was left or sent. /promo begins another one."), alert=True)
    what, _, value = intent.detail.partition(":")
    pressed = TURNS.get(what)
    if pressed is None:
        raise Expired
    return pressed(session, visit, wizard, f"{what}:{value}")


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take the text of the promotion and show it before anything is sent; a bad one may be typed again."""
    said = visit.said.text if isinstance(visit.said, Text) and not visit.said.media else ""
    plan = replace(plan_of(wizard.facts), text=said, version=visit.event)
    try:
        post = _look(session, visit, wizard.target, plan)
    except BadTemplate as error:
        return Done((_question(visit, wizard.target, refusal(visit.tr, error)),))
    _keep(session, visit, wizard.target, plan)
    return Done((post,))


def _ask(session: Session, visit: Visit, wizard: Wizard, detail: str) -> Done:
    """Offer one of the choices."""
    what = detail.partition(":")[2]
    if what not in CHOICES:
        raise Expired
    return _changed(visit, choice_post(_desk(visit, wizard.target), plan_of(wizard.facts), what, _sendable(visit)))


def _choose(session: Session, visit: Visit, wizard: Wizard, detail: str) -> Done:
    """Take a choice; an age is chosen at once, of the others there may be several."""
    what, _, value = detail.partition(":")
    plan = replace(with_choice(plan_of(wizard.facts), what, value, _sendable(visit)), version=visit.event)
    _keep(session, visit, wizard.target, plan)
    if what == "age":
        return _changed(visit, _people(visit, wizard.target, plan))
    return _changed(visit, choice_post(_desk(visit, wizard.target), plan, what, _sendable(visit)))


def _fields(session: Session, visit: Visit, wizard: Wizard, detail: str) -> Done:
    """Offer the fields by which people can be chosen."""
    return _changed(visit, promo_details.fields_post(_desk(visit, wizard.target), promo_details.usable(session), int(detail.partition(":")[2] or 0)))


def _field(session: Session, visit: Visit, wizard: Wizard, detail: str) -> Done:
    """Offer the values of a field."""
    number, _, page = detail.partition(":")[2].partition(":")
    field = promo_details.field_at(session, number)
    return _changed(visit, promo_details.values_post(_desk(visit, wizard.target), plan_of(wizard.facts), field, int(page or 0)))


def _value(session: Session, visit: Visit, wizard: Wizard, detail: str) -> Done:
    """Take a value of a field, or leave it."""
    _, number, at, page = detail.split(":")
    field, plan = promo_details.field_at(session, number), plan_of(wizard.facts)
    plan = replace(plan, details=promo_details.toggled(plan, field, at), version=visit.event)
    _keep(session, visit, wizard.target, plan)
    return _changed(visit, promo_details.values_post(_desk(visit, wizard.target), plan, field, int(page)))


def _tags(session: Session, visit: Visit, wizard: Wizard, detail: str) -> Done:
    """Offer the tags by which people can be chosen."""
    page = int(detail.partition(":")[2] or 0)
    return _changed(visit, promo_tags.tags_post(_desk(visit, wizard.target), plan_of(wizard.facts), known_tags(session), page))


def _tag(session: Session, visit: Visit, wizard: Wizard, detail: str) -> Done:
    """Take a tag, or leave it."""
    _, page, known = detail.split(":")
    words = known_tags(session)
    plan = promo_tags.toggled(plan_of(wizard.facts), words, known, visit.event)
    _keep(session, visit, wizard.target, plan)
    return _changed(visit, promo_tags.tags_post(_desk(visit, wizard.target), plan, words, int(page)))


def _back(session: Session, visit: Visit, wizard: Wizard, detail: str) -> Done:
    """Show whom it is for."""
    plan = plan_of(wizard.facts)
    _keep(session, visit, wizard.target, plan)
    return _changed(visit, _people(visit, wizard.target, plan))


def _look_again(session: Session, visit: Visit, wizard: Wizard, detail: str) -> Done:
    """Show what would be sent with the choice as it stands now."""
    plan = plan_of(wizard.facts)
    _keep(session, visit, wizard.target, plan)
    return _changed(visit, _look(session, visit, wizard.target, plan))


def _text(session: Session, visit: Visit, wizard: Wizard, detail: str) -> Done:
    """Ask for the text, or for another one."""
    plan = plan_of(wizard.facts)
    _keep(session, visit, wizard.target, plan)
    words = visit.tr("📣 Promotion, 2 of 3: type the text. Nothing is sent before you have seen it and pressed Send.")
    post = _question(visit, wizard.target, words)
    return _changed(visit, post) if not plan.text else Done((post,))


def _send(session: Session, visit: Visit, wizard: Wizard, detail: str) -> Done:
    """Launch it with the number that was confirmed; when that has changed, show the new one."""
    _, version, count = detail.split(":")
    plan = plan_of(wizard.facts)
    if version != str(plan.version) or not plan.text:
        return Done(toast=visit.tr("You have changed it since. Send it from the newest preview."), alert=True)
    now = _found(visit, plan, plan.text)
    if now.count != int(count) or not now.count:
        changed = visit.tr("It would reach {n} people now, not {before}. Look again.", n=now.count, before=count)
        return replace(_changed(visit, look_post(visit, wizard.target, plan, now)), toast=changed, alert=True)
    number = campaigns.draft(session, visit.rep, plan.segment(visit.sendable), plan.text, once=f"promo:{visit.rep.id}:{wizard.target}", now=visit.now)
    campaigns.launch(session, visit.rep, number, int(count), counted=now.count, over=visit.company.step_up_over, now=visit.now)
    quit_wizard(session, visit.rep, NAME)
    words = visit.tr.many("📣 On its way to {n} person.", "📣 On its way to {n} people.", now.count)
    return replace(_changed(visit, Post(f"{words}\n\n{whole(cut_utf16(plan.text, SAMPLE_MOST))}")), toast=words)


def _leave(session: Session, visit: Visit, wizard: Wizard, detail: str) -> Done:
    """Leave it."""
    quit_wizard(session, visit.rep, NAME)
    words = visit.tr("Left. Nobody was written to.")
    return replace(_changed(visit, Post(words, menus.home(visit.tr))), toast=words)


def _people(visit: Visit, number: int, plan: Plan) -> Post:
    return people_post(_desk(visit, number), plan, _found(visit, plan, ""))


def _look(session: Session, visit: Visit, number: int, plan: Plan) -> Post:
    parse(tidy(plan.text), template_names(session))  # a bad text is refused before anybody is counted
    return look_post(visit, number, plan, _found(visit, plan, plan.text))


def _found(visit: Visit, plan: Plan, words: str) -> Preview:
    """Whom it would reach, read from a snapshot: counting 50,000 people took 235 ms, too long for the one writer."""
    segment = plan.segment(visit.sendable)
    costs = dear(visit.allows, (segment.channels or visit.sendable or frozenset(visit.titles)) & visit.titles.keys(), visit.now)

    def question(session: Session) -> Preview:
        found = preview(session, visit.rep, segment, words, visit.company, now=visit.now)
        return replace(found, billed=billed(session, segment, costs, now=visit.now))

    return ask(visit, ("promo", segment, words), question)


def look_post(visit: Visit, number: int, plan: Plan, found: Preview) -> Post:
    """What would be sent, to how many, who is left out, and one real person's view of it; pure."""
    tr, desk = visit.tr, _desk(visit, number)
    lines = [tr("📣 Promotion, 3 of 3: look before you send."), "", *described(desk, plan)[:-1], ""]
    lines.append(tr.many("{n} person gets it.", "{n} people get it.", found.count))
    if found.quiet_hours:
        lines.append(tr("Of them in the morning, from 09:00 of their day: {n}", n=found.quiet_hours))
    lines += left_out(tr, found.left_out)
    lines += bills(tr, found)
    lines += cost(visit, plan, found)
    if found.sample:
        who = tr("As {name} will see it ({language}):", name=plain_name(tr, found.sample.name), language=NATIVE.get(found.sample.language, "—"))
        lines += ["", who, whole(cut_utf16(found.sample.text, SAMPLE_MOST))]
    send = [(desk.key(tr.button(SEND, n=found.count), f"send:{plan.version}:{found.count}"),)] if found.count else []
    change = (desk.key(tr.button(REWRITE), "text"), desk.key(tr.button(PEOPLE), "people"))
    return Post("\n".join(lines), (*send, change, (desk.ends(),)), lasts=LASTS)


def cost(visit: Visit, plan: Plan, found: Preview) -> list[str]:
    """In how many parts an SMS of it goes, where it goes by SMS at all; pure."""
    chosen = visit.company.counted & (frozenset(plan.channels) or visit.sendable or frozenset(visit.titles))
    if not chosen:
        return []
    count = sms.parts(found.sample.text if found.sample else plan.text).parts
    names = ", ".join(dict.fromkeys(clean_name(visit.titles.get(account, account), 24) for account in sorted(chosen)))
    return [visit.tr.many("{names}: {n} SMS part for each person.", "{names}: {n} SMS parts for each person.", count, names=names)]


def _question(visit: Visit, number: int, words: str) -> Post:
    """Ask for the text, with what may stand in it."""
    desk = _desk(visit, number)
    keys: tuple[Key, ...] = (desk.key(visit.tr.button(PEOPLE), "people"), desk.ends())
    return Post(f"{words}\n\n{fields(visit.tr)}", (keys,), lasts=LASTS)


def _desk(visit: Visit, number: int) -> Desk:
    return Desk(visit.tr, number, visit.titles)


def _sendable(visit: Visit) -> list[str]:
    """The accounts to choose from."""
    return sorted(visit.sendable or visit.titles)


def _keep(session: Session, visit: Visit, number: int, plan: Plan) -> None:
    """Remember it for an hour more; the next thing typed is its text."""
    begin(session, visit.rep, Wizard(NAME, NAME, number, asdict(plan)), until=visit.now + LASTS)


def _changed(visit: Visit, post: Post) -> Done:
    return Done((replace(post, edits=visit.replied_to or 0, lasts=LASTS),))


Turn = Callable[[Session, Visit, Wizard, str], Done]
CHOICES = ("age", "languages", "channels", "statuses")
TURNS: Mapping[str, Turn] = {
    "ask": _ask,
    **dict.fromkeys(CHOICES, _choose),
    "fields": _fields,
    "field": _field,
    "tags": _tags,
    "tag": _tag,
    "value": _value,
    "people": _back,
    "text": _text,
    "look": _look_again,
    "send": _send,
    "leave": _leave,
}

COMMAND = Command(
    "promo",
    N_("Write to many customers"),
    deed,
    Action.PROMOTE,
    presses={"promo": turn, **promo_campaigns.PRESSES},
    listeners={"promo": typed},
    group=Group.REACH,
)
