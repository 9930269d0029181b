"""The health of the funnel: what is found in plain values, what is not judged, and that both engines read the same."""

from collections.abc import Sequence

import pytest
from sqlalchemy.orm import Session

from crm.base.actors import Role, System
from crm.base.db import Store
from crm.base.errors import Forbidden
from crm.base.i18n import translator
from crm.base.settings import Company
from crm.base.time import DAY, HOUR, SECOND
from crm.people.fields import About, FieldKind, set_value
from crm.people.fieldset import Draft, make_field
from crm.reports.funnel import DEALS_LEAST, Facts, Finding, Ill, Run, Stay, Use, funnel_health, judged
from crm.sales import moves
from crm.sales.deals import Deal, open_deal
from crm.sales.pipelines import Step, stages_of
from tests.conftest import NOON
from tests.crm.people.crowd import employ, meet

NAMES = ("New", "Contact made", "Offer sent", "Negotiation")


def steps(*names: str) -> tuple[Step, ...]:
    return tuple(Step(number, 1, name, number, 50, 0, ()) for number, name in enumerate(names))


def facts(names: Sequence[str] = NAMES, *, walks: Sequence[Sequence[int]] = (), dwell: int = HOUR, uses: Sequence[Use] = ()) -> Facts:
    """A pipeline whose deals walked through these stages, an hour in each."""
    runs = tuple(Run(number, 1, walk[-1], won=False) for number, walk in enumerate(walks))
    stays = tuple(Stay(number, stage, place * dwell, (place + 1) * dwell) for number, walk in enumerate(walks) for place, stage in enumerate(walk))
    return Facts({1: "Sales"}, steps(*names), stays, runs, tuple(uses))


def found(given: Facts) -> list[tuple[Ill, str, str]]:
    return [(one.ill, one.name, one.other) for one in judged(given).findings]


SOUND = [(0, 1, 2, 3)] * DEALS_LEAST


def test_a_sound_pipeline_has_nothing_wrong() -> None:
    health = judged(facts(walks=SOUND))
    assert (health.findings, health.sparse) == ((), ())


@pytest.mark.parametrize(
    ("one", "other"), [("Meeting", "Meetings"), ("Offer sent", "Sent offer"), ("Встреча", "Vstrecha"), ("Հանդիպում", "Handipum"), ("New", "new ")]
)
def test_stages_that_are_called_nearly_the_same_are_found(one: str, other: str) -> None:
    assert (Ill.ALIKE, one, other) in found(facts((one, "Offer accepted", other), walks=[(0, 1, 2)] * DEALS_LEAST))


@pytest.mark.parametrize(("one", "other"), [("New", "Won"), ("Offer sent", "Offer accepted"), ("Step 1", "Step 2"), ("Call", "Contract"), ("", "")])
def test_stages_that_are_called_otherwise_are_not(one: str, other: str) -> None:
    assert found(facts((one, other), walks=[(0, 1)] * DEALS_LEAST)) == []


def test_a_stage_nobody_comes_into_is_found() -> None:
    assert found(facts(walks=[(0, 1, 2)] * DEALS_LEAST)) == [(Ill.NEVER, "Negotiation", "")]


def test_a_stage_everybody_leaves_out_is_found() -> None:
    walks = [(0, 2, 3)] * 19 + [(0, 1, 2, 3)]
    [one] = judged(facts(walks=walks)).findings
    assert one == Finding(Ill.SKIPPED, 1, "Sales", "Contact made", n=19, of=20)


def test_a_stage_some_leave_out_is_not() -> None:
    assert found(facts(walks=[(0, 2, 3)] * 8 + [(0, 1, 2, 3)] * 2)) == []


def test_whoever_was_won_went_past_every_stage() -> None:
    given = facts(walks=[(0,)] * 19 + [(0, 1, 2, 3)])
    won = Facts(given.pipelines, given.steps, given.stays, tuple(Run(run.id, 1, run.stage_id, won=True) for run in given.runs))
    assert [name for ill, name, _ in found(won) if ill is Ill.SKIPPED] == ["Contact made", "Offer sent", "Negotiation"]


def test_a_stage_in_which_nothing_happens_is_found() -> None:
    assert {ill for ill, _, _ in found(facts(walks=SOUND, dwell=5 * SECOND))} == {Ill.INSTANT}


def test_more_than_eight_stages_are_too_many() -> None:
    names = ("Ask", "Brief", "Visit", "Draft", "Price", "Talk", "Sign", "Deposit", "Handover")
    walks = [tuple(range(9))] * DEALS_LEAST
    assert found(facts(names, walks=walks)) == [(Ill.TOO_MANY, "", "")]
    assert found(facts(names[:8], walks=[tuple(range(8))] * DEALS_LEAST)) == []


def test_a_field_nobody_fills_is_found_with_when_it_was_last_used() -> None:
    [one] = judged(facts(walks=SOUND, uses=[Use(7, About.CONTACT, "Size", 100, 4, NOON), Use(8, About.CONTACT, "Trade", 100, 5, NOON)])).findings
    assert (one.ill, one.target, one.name, one.n, one.of, one.at) == (Ill.UNFILLED, 7, "Size", 4, 100, NOON)


def test_it_is_said_where_there_is_too_little_to_judge() -> None:
    health = judged(facts(walks=[(0,)] * 9, uses=[Use(7, About.CONTACT, "Size", 19, 0, 0)]))
    assert [(one.name, one.n, one.least) for one in health.sparse] == [("Sales", 9, 10), ("Size", 19, 20)]
    assert health.findings == ()


async def test_what_happened_is_read_from_the_store(store: Store, company: Company) -> None:
    rep = await store.write(employ)

    def happen(session: Session) -> int:
        field = make_field(session, System("test"), Draft(About.CONTACT, FieldKind.TEXT, "Size"), now=NOON)
        for number in range(20):
            somebody = meet(session, f"p{number}", now=NOON + number)
            deal: Deal = open_deal(session, rep, somebody.conversation, company, once=f"d{number}", now=NOON + number)
            there = stages_of(session, deal.pipeline_id)
            moves.move(session, rep, deal.id, there[2].id, seen=there[0].id, now=NOON + number + HOUR)
            if not number:
                set_value(session, rep, field, somebody.contact, "small", now=NOON + 5)
        return field.id

    field = await store.write(happen)
    health = await store.read(lambda s: funnel_health(s, rep, now=NOON + DAY))
    called = translator(company.languages[0])
    assert [(one.ill, one.name, one.n, one.of) for one in health.findings] == [(Ill.NEVER, called(name), 0, 20) for name in ("Contact made", "Negotiation")]
    await store.write(lambda s: [meet(s, f"q{number}", now=NOON + HOUR) for number in range(5)] and None)
    [unfilled] = [one for one in (await store.read(lambda s: funnel_health(s, rep, now=NOON + DAY))).findings if one.ill is Ill.UNFILLED]
    assert (unfilled.target, unfilled.n, unfilled.of, unfilled.at) == (field, 1, 25, NOON + 5)
    assert (await store.read(lambda s: funnel_health(s, rep, now=NOON + 200 * DAY))).findings == ()


@pytest.mark.parametrize("role", [Role.REP, Role.TRAINEE, Role.GUEST])
async def test_only_managers_ask_after_it(store: Store, role: Role) -> None:
    rep = await store.write(lambda s: employ(s, "aram", role))
    with pytest.raises(Forbidden):
        await store.read(lambda s: funnel_health(s, rep, now=NOON))
