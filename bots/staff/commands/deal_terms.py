"""The terms of a deal: its amount, its close date, its title, whose it is; chosen by buttons or typed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta

from bots.staff import deals, menus
from bots.staff.posts import Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Done, Listener, Visit
from bots.staff.words import MORE
from crm.base.db import Session
from crm.base.errors import Invalid
from crm.base.i18n import N_button
from crm.base.money import money, parse_money
from crm.base.policy import Action, may
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.field_words import About, BadValue, FieldKind, FieldView, parse_value
from crm.people.reps import reps
from crm.reports.deal import Sheet, sheet
from crm.reports.words import plain_name
from crm.sales import terms
from crm.sales.deals import Moved, deal_at, held_deal
from crm.sales.terms import Sum, worth

NAME = "deal_terms"
NOT_KNOWN, TITLE, GIVE = N_button("Not known"), N_button("Title"), N_button("Hand over")
PEOPLE_SHOWN = 6
DATES = {7: N_button("In a week"), 14: N_button("In two weeks"), 30: N_button("In 30 days"), 90: N_button("In 90 days")}
THIS_MONTH = N_button("End of the month")
EXPECTED = FieldView(0, About.DEAL, "expected", "", FieldKind.DATE)
MORE_ROWS = ((TITLE, "title"), (GIVE, "give"))


def amount(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Ask for the amount: typed, or one that was used lately."""
    tr, deal = visit.tr, held_deal(session, visit.rep, deal_id)
    seen = _packed(worth(deal))
    _listen(session, visit, deal_id, "amount", seen)
    lately = [one for one in terms.amounts_lately(session, visit.rep, deal.currency) if one != deal.amount]
    keys = [Key(money(tr.language, one, deal.currency), Intent("deal", deal_id, f"sum:{one} {deal.currency}:{seen}")) for one in lately]
    if deal.amount is not None:
        keys.append(Key(tr.button(NOT_KNOWN), Intent("deal", deal_id, f"sum::{seen}")))
    example = money(tr.language, 25_000_000, deal.currency)
    words = tr("{title}: how much is it worth? Type it as {example}.", title=_title(session, visit, deal_id), example=example)
    return _asked(visit, deals.choice(tr, words, keys, deal_id))


def chosen_sum(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Take an amount from a button."""
    new, _, seen = value.partition(":")
    terms.set_amount(session, visit.rep, deal_id, _unpacked(new), seen=_unpacked(seen), now=visit.now)
    return _done(session, visit, deal_id)


def close_on(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Ask when the deal should close: a button, or a date."""
    tr, deal = visit.tr, held_deal(session, visit.rep, deal_id)
    _listen(session, visit, deal_id, "date", deal.expected_on)
    today = deals.today(visit)
    days = {**{tr.button(phrase): today + timedelta(days) for days, phrase in DATES.items()}, tr.button(THIS_MONTH): _month_end(today)}
    keys = [Key(label, Intent("deal", deal_id, f"on:{day.isoformat()}:{deal.expected_on}")) for label, day in days.items()]
    if deal.expected_on:
        keys.append(Key(tr.button(NOT_KNOWN), Intent("deal", deal_id, f"on::{deal.expected_on}")))
    example = deals.day(tr, _month_end(today).isoformat())
    words = tr("{title}: when should it close? Press a button, or type a date as {example}.", title=_title(session, visit, deal_id), example=example)
    return _asked(visit, deals.choice(tr, words, keys, deal_id))


def chosen_day(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Take a day from a button."""
    day, _, seen = value.partition(":")
    terms.expect(session, visit.rep, deal_id, date.fromisoformat(day) if day else None, seen=seen, now=visit.now)
    return _done(session, visit, deal_id)


def title(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Ask for another title."""
    held_deal(session, visit.rep, deal_id)
    _listen(session, visit, deal_id, "title", "")
    return _asked(visit, deals.choice(visit.tr, visit.tr("{title}: type the new title.", title=_title(session, visit, deal_id)), [], deal_id))


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take what was typed for a question about a deal."""
    from bots.staff.commands.deal import too_late

    said = visit.said.text if isinstance(visit.said, Text) else ""
    what, seen = str(wizard.facts["what"]), str(wizard.facts["seen"])
    try:
        _take(session, visit, wizard.target, what, seen, said)
    except Moved:
        quit_wizard(session, visit.rep, wizard.name)
        return too_late(session, visit, wizard.target)
    except Invalid as error:
        return Done((menus.question(visit.tr, _again(session, visit, wizard.target, what, error), NAME),))
    return _done(session, visit, wizard.target)


def _take(session: Session, visit: Visit, deal_id: int, what: str, seen: str, said: str) -> None:
    if what == "amount":
        new = Sum(*parse_money(said, deal_at(session, deal_id).currency))
        terms.set_amount(session, visit.rep, deal_id, new, seen=_unpacked(seen), now=visit.now)
    elif what == "date":
        day = date.fromisoformat(parse_value(EXPECTED, said, visit.rep.language, visit.company.region, visit.company.currency))
        terms.expect(session, visit.rep, deal_id, day, seen=seen, now=visit.now)
    else:
        terms.entitle(session, visit.rep, deal_id, said, now=visit.now)


def _again(session: Session, visit: Visit, deal_id: int, what: str, error: Invalid) -> str:
    """What was wrong with what was typed, and how to type it."""
    tr = visit.tr
    if isinstance(error, BadValue):
        return error.words(tr)
    if what == "amount":
        return tr("This is not an amount that can be used. Type it as {example}.", example=money(tr.language, 25_000_000, deal_at(session, deal_id).currency))
    return tr("A title is words. Type it, or /cancel.")


def give(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Ask who is to have the deal."""
    tr, deal, page = visit.tr, held_deal(session, visit.rep, deal_id), int(value or 0)
    others = [rep for rep in reps(session) if rep.id != deal.rep_id and may(rep.role, Action.CHANGE_DEAL)]
    shown = others[page * PEOPLE_SHOWN : (page + 1) * PEOPLE_SHOWN]
    keys = [Key(plain_name(tr, rep.name, 24), Intent("deal", deal_id, f"given:{rep.id}")) for rep in shown]
    if len(others) > (page + 1) * PEOPLE_SHOWN:
        keys.append(Key(tr.button(MORE), Intent("deal", deal_id, f"give:{page + 1}")))
    words = tr("{title}: who is to have it?", title=_title(session, visit, deal_id)) if keys else tr("There is nobody else in the team.")
    return _asked(visit, deals.choice(tr, words, keys, deal_id))


def given(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Hand the deal over; whoever gave it may not see it any more."""
    deal = terms.hand_over(session, visit.rep, deal_id, int(value), now=visit.now)
    name = next((rep.name for rep in reps(session) if rep.id == deal.rep_id), "")
    words = visit.tr("{name} has the deal now.", name=plain_name(visit.tr, name))
    return _asked(visit, Post(words, menus.home(visit.tr)), words)


def _title(session: Session, visit: Visit, deal_id: int) -> str:
    return deals.title(visit.tr, sheet(session, visit.rep, deal_id).brief)


def _listen(session: Session, visit: Visit, deal_id: int, what: str, seen: str) -> None:
    begin(session, visit.rep, Wizard(NAME, NAME, deal_id, {"what": what, "seen": seen}), until=visit.now + CONFIRM_MS)


def _done(session: Session, visit: Visit, deal_id: int) -> Done:
    quit_wizard(session, visit.rep, NAME)
    found: Sheet = sheet(session, visit.rep, deal_id)
    return _asked(visit, deals.post(visit, found), visit.tr("Saved."))


def _asked(visit: Visit, post: Post, toast: str = "") -> Done:
    edits = 0 if isinstance(visit.said, Text) else visit.replied_to or 0
    return Done((replace(post, edits=edits),), toast)


def _packed(one: Sum | None) -> str:
    return f"{one.amount} {one.currency}" if one else ""


def _unpacked(words: str) -> Sum | None:
    hundredths, _, currency = words.partition(" ")
    return Sum(int(hundredths), currency) if words else None


def _month_end(today: date) -> date:
    """The last day of the month, of the next one where it is nearly over; pure."""
    first = (today.replace(day=1) + timedelta(32)).replace(day=1)
    end = first - timedelta(1)
    return end if (end - today).days >= 3 else (first + timedelta(32)).replace(day=1) - timedelta(1)


LISTENERS: Mapping[str, Listener] = {NAME: typed}
TURNS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {
    "amount": amount,
    "sum": chosen_sum,
    "date": close_on,
    "on": chosen_day,
    "title": title,
    "give": give,
    "given": given,
}
