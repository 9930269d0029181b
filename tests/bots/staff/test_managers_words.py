"""What managers read, as pure values: the report, a promotion's progress, choices, delays."""

from dataclasses import replace

import pytest

from bots.staff import campaign, digest
from bots.staff.commands.followup_steps import read_delay
from bots.staff.commands.leads import Choice, choice
from bots.staff.commands.promo_people import Desk, Plan, choice_post, people_post, plan_of, toggled, with_choice
from bots.staff.sight import Scene
from bots.staff.templates import refusal
from crm.base.i18n import LANGUAGES, translator
from crm.base.outbound import Health
from crm.base.template import BadTemplate, parse
from crm.base.time import DAY, HOUR, MINUTE, SECOND
from crm.outreach.campaigns import CampaignState
from crm.outreach.results import Progress
from crm.outreach.segments import LeftOut, Preview
from crm.reports.paging import Place
from crm.reports.today import Today, Traffic, Unanswered
from crm.sales.leads import LeadStatus
from tests.bots.staff.firm import firm

NOW = 1_764_072_000_000
ENGLISH = translator("en")
QUIET = Today(NOW, 0, 0, 0, (), 0, None, None, (), 0, 0, 0, 0)
BUSY = Today(
    NOW,
    4,
    3,
    2 * HOUR,
    tuple(Unanswered(number, f"P{number}", "letters", HOUR) for number in range(5)),
    8,
    30 * SECOND,
    20 * MINUTE,
    (Traffic("letters", 24, 30),),
    5,
    1,
    2,
    6,
)
SCENE = Scene(firm(), {"letters": "Letters"}, NOW)


def test_a_busy_day_is_on_one_screen() -> None:
    post = digest.report(ENGLISH, BUSY, SCENE)
    for words in ("New leads: 4", "answer: 3, the longest 2 h", "half within 1 min, 9 of 10 within 20 min (8 in all)", "Letters: 24 / 30", "today: 5"):
        assert words in post.text
    assert "Not delivered: 1. Not known: 2." in post.text
    assert "read: 6" in post.text
    assert len(post.text) < 500
    assert sum(len(row) for row in post.keys) == 7


def test_a_quiet_day_names_no_trouble() -> None:
    text = digest.report(ENGLISH, QUIET, SCENE, over=True).text
    assert "The firm closes" in text
    assert "⚠️" not in text
    assert "No messages yet" in text


def test_channels_that_do_not_work_are_named() -> None:
    well, ill = Health(True, "open"), Health(False, "Telegram cannot be reached")
    assert "All channels work" in digest.report(ENGLISH, QUIET, replace(SCENE, health={"letters": well})).text
    text = digest.report(ENGLISH, QUIET, replace(SCENE, health={"letters": ill, "doves": well})).text
    assert "⚠️ Letters: Telegram cannot be reached" in text
    assert "All channels" not in text


@pytest.mark.parametrize(
    ("state", "labels"),
    [
        (CampaignState.RUNNING, ["Hold", "Cancel"]),
        (CampaignState.HELD, ["Resume", "Cancel"]),
        (CampaignState.FINISHED, ["Refresh"]),
        (CampaignState.CANCELLED, ["Refresh"]),
    ],
)
def test_a_promotion_offers_what_its_state_allows(state: CampaignState, labels: list[str]) -> None:
    post = campaign.post(ENGLISH, Progress(7, state, "Chairs", 3))
    assert [key.label for row in post.keys for key in row] == labels


def test_every_reason_is_said_in_words() -> None:
    now = Progress(7, CampaignState.FINISHED, "Chairs", 9, 0, 4, 1, 1, (("capped", 2), ("no consent", 1)), 1, 2)
    text = campaign.post(ENGLISH, now).text
    for words in ("Sent: 4 of 9", "Failed: 1", "Left out: 3", "last 24 hours: 2", "no consent to offers: 1", "offers off: 1", "72 hours: 2"):
        assert words in text


@pytest.mark.parametrize(
    ("said", "delay"),
    [
        ("90 min", 90 * MINUTE),
        ("24h", DAY),
        ("3 d", 3 * DAY),
        ("1 h 30 min", 90 * MINUTE),
        ("2 days", 2 * DAY),
        ("24", None),
        ("soon", None),
        ("", None),
        ("3 d please", None),
        ("-3 d", None),
    ],
)
def test_a_delay_is_read_as_people_type_it(said: str, delay: int | None) -> None:
    assert read_delay(said, ENGLISH) == delay


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("delay", [90 * MINUTE, 24 * HOUR, 3 * DAY])
def test_a_delay_is_read_as_it_is_shown(language: str, delay: int) -> None:
    tr = translator(language)
    assert read_delay(tr.ago(delay), tr) == delay


def test_choosing_the_last_one_too_is_choosing_all() -> None:
    assert toggled((), "b", list("abc")) == ("b",)
    assert toggled(("b",), "a", list("abc")) == ("a", "b")
    assert toggled(("a", "b"), "c", list("abc")) == ()
    assert toggled(("b",), "b", list("abc")) == ()
    assert toggled(("b",), "", list("abc")) == ()


def test_what_no_button_offers_changes_nothing() -> None:
    plan = Plan(age=7)
    assert with_choice(plan, "age", "12", []) == plan
    assert with_choice(plan, "age", "x", []) == plan
    assert with_choice(plan, "statuses", "spam", []) == plan
    assert with_choice(plan, "channels", "pigeon", ["letters"]) == plan


def test_spam_is_never_written_to() -> None:
    assert LeadStatus.SPAM not in Plan().segment(frozenset()).statuses
    assert Plan(statuses=("won",)).segment(frozenset({"letters"})).statuses == {LeadStatus.WON}


def test_a_plan_survives_being_kept() -> None:
    plan = Plan(0, ("hy",), ("letters",), ("new",), "Hello", 5)
    assert plan_of({"age": 0, "languages": ["hy"], "channels": ["letters"], "statuses": ["new"], "text": "Hello", "version": 5}) == plan


@pytest.mark.parametrize("what", ["age", "languages", "channels", "statuses"])
def test_a_choice_has_at_most_eight_buttons(what: str) -> None:
    accounts = [f"account{number}" for number in range(9)]
    post = choice_post(Desk(ENGLISH, 1, {}), Plan(), what, accounts)
    assert sum(len(row) for row in post.keys) <= 8


def test_who_is_left_out_is_said_with_the_reason() -> None:
    text = people_post(Desk(ENGLISH, 1, {}), Plan(), Preview(3, 1, LeftOut(1, 2, 3, 4))).text
    for words in ("reach: 3", "Left out: 10", "blocked by us: 1", "cannot be reached: 2", "no consent to offers: 3", "24 hours: 4", "required"):
        assert words in text


def test_a_leads_button_comes_back_as_it_was_given() -> None:
    for wanted in (Choice(), Choice("new", 7), Choice("qualified", 30, Place(NOW, 12))):
        assert choice(wanted.intent()) == wanted


def test_a_bad_text_is_explained_with_its_reason() -> None:
    with pytest.raises(BadTemplate) as caught:
        parse("Hello {nme}")
    assert "no field “nme”" in refusal(ENGLISH, caught.value)
