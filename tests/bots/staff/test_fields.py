"""Fields at the staff's hands: on cards and masked there, in the choice of people for a promotion; and the managers' morning list of forgotten leads."""

from dataclasses import replace

import pytest

from bots.staff import cards, details
from bots.staff.commands import promo_details
from bots.staff.commands.promo_people import Desk, Plan, described, people_post
from bots.staff.menus import MOST
from bots.staff.posts import Post
from crm.base.actors import Rep, Role
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import translator
from crm.base.settings import Company
from crm.base.time import HOUR
from crm.conversations.threads import Conversation
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.outreach.segments import Preview
from crm.people.fields import About, FieldKind, FieldView
from crm.reports.thread import Thread
from crm.sales.leads import Lead
from tests.bots.staff.firm import labels
from tests.bots.staff.office import Office
from tests.conftest import NOON

CITY = FieldView(3, About.CONTACT, "city", "City", FieldKind.CHOICE, tuple(f"Town {number}" for number in range(8)))
MEMBER = FieldView(4, About.CONTACT, "member", "Member", FieldKind.YES_NO)
SECOND = FieldView(5, About.CONTACT, "second", "Second phone", FieldKind.PHONE)
DESK = Desk(translator("en"), 1, {})
ANN = Thread(7, "letters", "Letters", "Ann", details=((CITY, "Town 1"), (SECOND, "+37491123456")))


def shown(post: Post) -> list[str]:
    return [key.label for row in post.keys for key in row]


def test_the_fields_of_a_person_stand_on_their_card(company: Company) -> None:
    text = cards.card(ANN, Rep(1, Role.REP, "Ruben", "en", "77"), company, NOON).text
    assert "▫️ City: \u2068Town 1\u2069" in text
    assert "▫️ Second phone: \u2068+37491123456\u2069" in text


def test_a_trainee_reads_a_phone_of_a_field_masked(company: Company) -> None:
    trainee = replace(Rep(1, Role.TRAINEE, "Nare", "en", "77"), points=False)
    assert "+37491123456" not in cards.card(ANN, trainee, company, NOON).text


def test_a_field_is_no_way_into_the_words_of_a_card(company: Company) -> None:
    forged = replace(ANN, details=((replace(CITY, label="<b>x"), "</b>\u202e<a href=1>"),))
    text = cards.card(forged, Rep(1, Role.REP, "Ruben", "en", "77"), company, NOON).text
    assert "&lt;b&gt;x: \u2068&lt;/b&gt;&lt;a href=1&gt;\u2069" in text


def test_a_promotions_people_are_chosen_by_fields_one_press_each() -> None:
    plan = Plan()
    for value in ("Town 1", "Town 2", "Town 1"):
        plan = replace(plan, details=promo_details.toggled(plan, CITY, details.mark(value)))
    plan = replace(plan, details=promo_details.toggled(plan, MEMBER, details.mark("yes")))
    assert plan.segment(frozenset()).details == {(3, "Town 2"), (4, "yes")}
    assert described(DESK, plan)[-3:-1] == ["\u2068City\u2069: \u2068Town 2\u2069", "\u2068Member\u2069: \u2068Yes\u2069"]
    with pytest.raises(Expired):
        promo_details.toggled(plan, MEMBER, details.mark("maybe"))


def test_the_values_of_a_field_are_ticked_and_come_in_pages() -> None:
    plan = Plan(details=promo_details.toggled(Plan(), CITY, details.mark("Town 6")))
    pages = [shown(promo_details.values_post(DESK, plan, CITY, page)) for page in (0, 1)]
    assert pages[0] == [*(f"Town {number}" for number in range(5)), "More", "Back", "Done"]
    assert pages[1] == ["Town 5", "✓ Town 6", "Town 7", "More", "Back", "Done"]


@pytest.mark.parametrize("count", [0, 1, 6, 7, 20])
def test_no_page_of_a_promotions_fields_has_more_buttons_than_fit(count: int) -> None:
    fields = [replace(MEMBER, id=number, label=f"F{number}") for number in range(count)]
    seen = [shown(promo_details.fields_post(DESK, fields, page)) for page in range(-(-count // promo_details.PAGE) or 1)]
    assert all(len(page) <= MOST for page in seen)
    assert sorted(label for page in seen for label in page if label.startswith("F")) == sorted(field.label for field in fields)
    assert len(shown(people_post(DESK, Plan(), Preview(0, 0)))) == MOST


def test_each_kind_of_field_says_how_it_is_written() -> None:
    assert set(details.HOW) == set(FieldKind)


async def forget(office: Office) -> None:
    """The lead is two hours old and nobody waits, nor has anybody planned anything; it is morning."""

    def deed(session: Session) -> None:
        session.query(Lead).update({"created_at": office.now() - 2 * HOUR})
        session.query(Conversation).update({"waiting_since": 0})
        tell(session, [Notice(NoticeKind.ORPHANS, 0, "orphans:today")], now=office.now())

    await office.store.write(deed)
    await office.show()


async def test_each_manager_hears_in_the_morning_of_a_lead_nobody_cares_for(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.member("ruben")
    await office.letter("Is anybody there?")
    await office.show()
    await forget(office)
    post = await office.last("mariam")
    assert "Leads that nobody has" in str(post["text"])
    assert "nobody has it, nothing is planned" in str(post["text"])
    assert labels(post) == ["1. \u2068Ann Lee\u2069", "All of them"]
    assert not any("Leads that nobody has" in text for text in await office.posts("ruben"))
    await office.press("mariam", post, labels(post)[0])
    assert "Accepted" in labels(await office.last("mariam"))


async def test_a_morning_without_a_forgotten_lead_is_silent(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    before = len(await office.posts("mariam"))
    await forget(office)
    assert len(await office.posts("mariam")) == before
