"""Discount rules: the best single one counts, what a person typed or agreed stays, and deals and orders have them by themselves."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import select, update

from crm.base.actors import Rep, Role
from crm.base.db import Session, Store
from crm.base.errors import Forbidden, Invalid
from crm.base.history import DomainEvent
from crm.base.pricing import ONE, WHOLE, Line, count
from crm.base.settings import Company
from crm.people import tags
from crm.people.contacts import Contact
from crm.sales import discounts, lines, order_lines, products
from crm.sales import orders as taken
from crm.sales.discounts import HAND, Rule, Whom, applied, best, by_hand, by_itself, renewed
from crm.sales.lines import mark
from crm.sales.products import Goods, Offer, line_from
from tests.conftest import NOON
from tests.crm.fake import hire, rows
from tests.crm.sales.ordered import Trade, trade

RULES = some.lists(
    some.builds(
        Rule,
        cause=some.one_of(some.integers(1, 20).map(lambda n: f"from:{n * ONE}"), some.sampled_from(("kind:partner", "tag:vip", "tag:staff"))),
        share_bp=some.integers(1, WHOLE),
        everything=some.booleans(),
    ),
    max_size=8,
)
WHOM = some.builds(Whom, kind=some.sampled_from(("customer", "partner")), tags=some.frozensets(some.sampled_from(("vip", "staff"))))
LINES = some.lists(
    some.builds(
        Line,
        title=some.just("Chair"),
        quantity_m=some.integers(1, 30 * ONE),
        price=some.integers(0, 10**4).map(lambda coins: coins * 100),
        discount_bp=some.sampled_from((0, 500)),
        product_id=some.sampled_from((None, 1, 2)),
        discount_why=some.sampled_from(("", HAND, "from:5000")),
    ),
    max_size=5,
)
NOBODY = Whom("customer")


@given(RULES, some.integers(1, 30 * ONE), WHOM)
def test_the_best_single_rule_counts_and_none_is_added_to_another(rules: list[Rule], much: int, whom: Whom) -> None:
    found = best(rules, much, whom)
    fitting = [one.share_bp for one in rules if discounts.fits(one.cause, much, whom)]
    assert (found.share_bp if found else 0) == max(fitting, default=0)
    line = applied(Line("Chair", much, 900_000), rules, whom)
    assert count(line, "AMD").discount == count(Line("Chair", much, 900_000, discount_bp=max(fitting, default=0)), "AMD").discount


@given(RULES, some.integers(1, 29 * ONE), some.integers(0, ONE))
def test_more_of_something_never_has_less_taken_off(rules: list[Rule], much: int, more: int) -> None:
    shares = [found.share_bp if (found := best(rules, each, NOBODY)) else 0 for each in (much, much + more)]
    assert shares == sorted(shares)


@given(LINES, RULES, WHOM)
def test_what_a_person_typed_and_what_was_agreed_stays_and_the_rest_is_by_itself(every: list[Line], rules: list[Rule], whom: Whom) -> None:
    asked = {1: rules}
    assert renewed(every, every, asked, whom) == tuple(every)
    more = [replace(one, quantity_m=one.quantity_m + 40 * ONE) for one in every]
    for before, after in zip(more, renewed(every, more, asked, whom), strict=True):
        if by_hand(before):
            assert after == before
        else:
            assert after == applied(before, rules if before.product_id == 1 else (), whom)
            assert not by_hand(after)
    assert not any(map(by_hand, renewed(every, by_itself(every), asked, whom)))


def test_of_two_alike_the_one_of_the_product_is_told() -> None:
    assert best([Rule("tag:vip", 500, True), Rule("from:1000", 500)], ONE, Whom("", frozenset({"vip"}))) == Rule("from:1000", 500)
    assert best([Rule("kind:partner", 500)], ONE, NOBODY) is None


@pytest.fixture
async def ann(store: Store, company: Company) -> Trade:
    """Ann's deal and order."""
    return await trade(store, company)


@pytest.fixture
async def boss(store: Store, ann: Trade) -> Rep:
    """A manager."""
    return await hire(store, "boss", Role.MANAGER)


@pytest.fixture
async def chair(ann: Trade, boss: Rep) -> Goods:
    """A chair of 10,000 drams with 5 % off from 10 on and 15 % from 50 on."""
    made = await ann.do(lambda s: products.add_product(s, boss, Offer("Chair", 1_000_000, "AMD", "pc"), now=NOON))
    for rule in (Rule("from:10000", 500), Rule("from:50000", 1500)):
        await say(ann, boss, made.id, rule)
    return made


async def say(ann: Trade, boss: Rep, product: int, rule: Rule) -> int:
    return await ann.do(lambda s: discounts.set_discount(s, boss, product, rule, now=NOON))


async def put(ann: Trade, *wanted: Line) -> tuple[Line, ...]:
    """The deal is about these; how they stand then."""

    def deed(session: Session) -> tuple[Line, ...]:
        lines.set_lines(session, ann.rep, ann.deal, wanted, seen=mark(lines.lines_of(session, ann.deal)), now=NOON)
        return lines.unpacked(lines.packed(lines.lines_of(session, ann.deal)))

    return await ann.do(deed)


def less(line: Line) -> tuple[int, str]:
    return line.discount_bp, line.discount_why


async def test_a_deal_has_the_discount_of_its_quantity_and_keeps_what_was_agreed(ann: Trade, boss: Rep, chair: Goods) -> None:
    [one] = await put(ann, line_from(chair, 9 * ONE))
    assert less(one) == (0, "")
    [one] = await put(ann, replace(one, quantity_m=10 * ONE))
    assert less(one) == (500, "from:10000")
    await say(ann, boss, chair.id, Rule("from:10000", 700))
    one, other = await put(ann, one, line_from(chair, 60 * ONE))
    assert (less(one), less(other)) == ((500, "from:10000"), (1500, "from:50000"))
    [one] = await put(ann, replace(other, quantity_m=20 * ONE))
    assert less(one) == (700, "from:10000")
    [one] = await put(ann, replace(one, quantity_m=ONE))
    assert less(one) == (0, "")
    await ann.do(lambda s: lines.undo_lines(s, ann.rep, ann.deal, now=NOON))
    [one] = await ann.store.read(lambda s: lines.lines_of(s, ann.deal))
    assert less(one) == (700, "from:10000")


async def test_the_same_deed_twice_changes_nothing(ann: Trade, chair: Goods) -> None:
    wanted, empty = (line_from(chair, 10 * ONE),), mark(())
    for _ in range(2):
        await ann.do(lambda s: lines.set_lines(s, ann.rep, ann.deal, wanted, seen=empty, now=NOON))
    assert len(await rows(ann.store, select(DomainEvent.id).where(DomainEvent.subject == "deal", DomainEvent.kind == "lines"))) == 1


async def test_what_was_typed_wins_until_it_is_given_back(ann: Trade, chair: Goods) -> None:
    [one] = await put(ann, *lines.discounted([line_from(chair, ONE)], 300))
    [one] = await put(ann, replace(one, quantity_m=50 * ONE))
    assert less(one) == (300, HAND)
    [one] = await put(ann, *lines.discounted([one], 0))
    [one] = await put(ann, replace(one, quantity_m=60 * ONE))
    assert less(one) == (0, HAND)
    [one] = await put(ann, *by_itself([one], 0))
    assert less(one) == (1500, "from:50000")


async def test_partners_and_people_with_a_tag_have_theirs(ann: Trade, boss: Rep, chair: Goods) -> None:
    await say(ann, boss, chair.id, Rule("kind:partner", 1000))
    await say(ann, boss, chair.id, Rule("tag:#VIP", 2000, everything=True))
    [contact] = await rows(ann.store, select(Contact.id))
    await ann.do(lambda s: s.execute(update(Contact).values(kind="partner")))
    [one] = await put(ann, line_from(chair, 10 * ONE))
    assert less(one) == (1000, "kind:partner")
    await ann.do(lambda s: tags.tag(s, ann.rep, contact, "vip", now=NOON))
    lamp = await ann.do(lambda s: products.add_product(s, boss, Offer("Lamp", 100, "AMD"), now=NOON))
    _, other = await put(ann, one, line_from(lamp))
    assert less(other) == (2000, "tag:vip")


async def test_a_rule_is_set_ended_and_set_again_on_record(ann: Trade, boss: Rep, chair: Goods) -> None:
    rule = Rule("tag:vip", 1000)
    assert [await say(ann, boss, chair.id, one) for one in (rule, rule, replace(rule, share_bp=0), rule)] == [0, 1000, 1000, 0]
    found = await ann.store.read(lambda s: discounts.rules_of(s, [chair.id]))
    assert found == {chair.id: (Rule("from:10000", 500), Rule("from:50000", 1500), rule)}
    assert len(await rows(ann.store, select(DomainEvent.id).where(DomainEvent.kind == "discount"))) == 5


@pytest.mark.parametrize(
    "wrong", [Rule("", 1), Rule("from:0", 1), Rule("from:many", 1), Rule("tag:", 1), Rule("word:x", 1), Rule("tag:vip", 10_001), Rule("tag:vip", -1)]
)
async def test_what_cannot_be_a_rule_is_refused(ann: Trade, boss: Rep, chair: Goods, wrong: Rule) -> None:
    with pytest.raises(Invalid):
        await say(ann, boss, chair.id, wrong)


async def test_who_sells_sets_none_and_a_product_has_twenty_at_most(ann: Trade, boss: Rep, chair: Goods) -> None:
    with pytest.raises(Forbidden):
        await say(ann, ann.rep, chair.id, Rule("tag:vip", 1000))
    for number in range(18):
        await say(ann, boss, chair.id, Rule(f"tag:{number}", 1000))
    with pytest.raises(Invalid):
        await say(ann, boss, chair.id, Rule("tag:vip", 1000))


async def ordered(ann: Trade, chair: Goods, much: int, total: int) -> taken.Line:
    """The order is about so many chairs for so much."""
    line = taken.Line("Chair", total, 1_000_000, much, "pc", chair.id)
    await ann.do(lambda s: order_lines.change_lines(s, ann.rep, ann.order, [line], seen=order_lines.mark(order_lines.ordered(s, ann.order)), now=NOON))
    return line


async def recounted(ann: Trade, line: taken.Line, much: int) -> int:
    def asked(session: Session) -> int:
        return order_lines.recounted(session, taken.order_at(session, ann.order), [line], 0, much)[0].total

    return await ann.store.read(asked)


async def test_an_order_has_the_discount_of_another_quantity(ann: Trade, chair: Goods) -> None:
    line = await ordered(ann, chair, 9 * ONE, 9_000_000)
    assert await recounted(ann, line, 10 * ONE) == 9_500_000
    line = await ordered(ann, chair, 10 * ONE, 9_500_000)
    assert await recounted(ann, line, 50 * ONE) == 42_500_000
    assert await recounted(ann, line, 9 * ONE) == 9_000_000


async def test_what_a_person_said_an_order_costs_stays_in_proportion(ann: Trade, chair: Goods) -> None:
    line = await ordered(ann, chair, 9 * ONE, 8_100_000)
    assert await recounted(ann, line, 10 * ONE) == 9_000_000
    assert await recounted(ann, replace(line, total=9_000_000, price=1_100_000), 10 * ONE) == 10_000_000
    await put(ann, *lines.discounted([line_from(chair, 9 * ONE)], 0))
    assert await recounted(ann, replace(line, total=9_000_000), 10 * ONE) == 10_000_000
