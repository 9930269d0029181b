"""Discounts at the staff's hands: set on a product's page, taken back, told on the lines that have them, never over what somebody typed."""

from sqlalchemy import select

from bots.staff.menus import MOST
from crm.base.actors import Role
from crm.sales.discounts import DiscountRule
from crm.sales.lines import DealLine
from tests.bots.staff.office import Office
from tests.bots.staff.test_deals import Message, labels, said, same, twice, walk
from tests.bots.staff.test_products import amount, goods_of, stocked


def words(post: Message) -> str:
    return str(post["text"]).replace("\u00a0", " ").replace("\u2068", "").replace("\u2069", "")


async def rules(office: Office) -> list[tuple[str, int, bool]]:
    columns = select(DiscountRule.cause, DiscountRule.share_bp, DiscountRule.product_id).order_by(DiscountRule.id)
    return await office.store.read(lambda session: [(row.cause, row.share_bp, not row.product_id) for row in session.execute(columns)])


async def less(office: Office) -> list[tuple[int, str]]:
    columns = select(DealLine.discount_bp, DealLine.discount_why).order_by(DealLine.position)
    return await office.store.read(lambda session: [(row.discount_bp, row.discount_why) for row in session.execute(columns)])


async def benches(office: Office) -> Message:
    """Mariam looks at the discounts of benches."""
    await stocked(office)
    return await walk(office, "mariam", await said(office, "mariam", "/products bench"), "Bench", "Discounts")


async def test_a_manager_sets_discounts_by_buttons_and_takes_them_back(office: Office) -> None:
    page = await benches(office)
    assert "There is no discount yet." in words(page)
    set_one = await walk(office, "mariam", page, "From so many", "10\u00a0pc", "5\u00a0%")
    assert "1. from 10 pc: −5 %" in words(set_one)
    undone = await walk(office, "mariam", set_one, "Undo")
    assert await rules(office) == []
    again = await walk(office, "mariam", undone, "Undo", "For a kind of people…", "partner", "10\u00a0%")
    await walk(office, "mariam", again, "For a tag…")
    full = await said(office, "mariam", "VIP 12.5%")
    assert await rules(office) == [("from:10000", 500, False), ("kind:partner", 1000, False), ("tag:vip", 1250, False)]
    assert len(labels(full)) <= MOST
    everywhere = await walk(office, "mariam", full, "#vip", "For everything")
    assert "#vip: −12.5 % (on everything)" in words(everywhere)
    assert (await rules(office))[-1] == ("tag:vip", 1250, True)
    undone = await walk(office, "mariam", everywhere, "Undo")
    assert (await rules(office))[-1] == ("tag:vip", 1250, False)
    gone = await walk(office, "mariam", undone, "from 10\u00a0pc", "Take it away")
    assert [cause for cause, _, _ in await rules(office)] == ["kind:partner", "tag:vip"]
    product = await walk(office, "mariam", gone, "Back")
    assert "🏷 partner: −10 %" in words(product)
    assert len(labels(product)) <= MOST
    await walk(office, "mariam", product, "History")
    assert "discount: from 10: 5 % → 0 %" in words(await office.last("mariam"))


async def test_many_discounts_have_pages_and_what_cannot_be_is_asked_again(office: Office) -> None:
    page = await benches(office)
    for typed in ("10 5%", "20 7", "50 10%", "100 15%"):
        await walk(office, "mariam", page, "From so many")
        page = await said(office, "mariam", typed)
    assert len(labels(page)) <= MOST
    page = await walk(office, "mariam", page, "More", "from 50\u00a0pc")
    page = await said(office, "mariam", "11%")
    assert ("from:50000", 1100, False) in await rules(office)
    await walk(office, "mariam", page, "From so many")
    for wrong in ("many", "10 -", "-3 5%", "10 200%", "5 0%"):
        assert "This cannot be used." in words(await said(office, "mariam", wrong))
    assert len(await rules(office)) == 4


async def test_lines_have_discounts_by_themselves_and_a_person_has_the_last_word(office: Office) -> None:
    await walk(office, "mariam", await benches(office), "From so many", "10\u00a0pc", "10\u00a0%")
    await goods_of(office)
    await said(office, "ruben", "bench")
    picked = await said(office, "ruben", "1 9")
    assert "= ֏180,000" in words(picked)
    saved = await walk(office, "ruben", picked, "Save")
    assert await less(office) == [(0, "")]
    more = await walk(office, "ruben", saved, "One line…", "1. Bench", "+ 1")
    assert "10 pc × ֏20,000 − 10 % (from 10 pc) = ֏180,000" in words(more)
    assert "By itself again" not in labels(more)
    await walk(office, "ruben", more, "Discount")
    typed = await said(office, "ruben", "3%")
    more = await walk(office, "ruben", typed, "One line…", "1. Bench", "+ 1")
    assert await less(office) == [(300, "hand")]
    given_back = await walk(office, "ruben", more, "By itself again")
    assert await less(office) == [(1000, "from:10000")]
    none = await walk(office, "ruben", given_back, "Back", "Discount", "No discount")
    assert await amount(office) == 22_000_000
    asked = await walk(office, "ruben", none, "Discount")
    assert len(labels(asked)) <= MOST
    await walk(office, "ruben", asked, "By itself again")
    assert await amount(office) == 19_800_000


async def test_a_typed_price_is_the_price_and_takes_no_discount_of_the_list_along(office: Office) -> None:
    await walk(office, "mariam", await benches(office), "From so many", "10\u00a0pc", "10\u00a0%")
    await goods_of(office)
    await said(office, "ruben", "bench")
    saved = await walk(office, "ruben", await said(office, "ruben", "1 10"), "Save")
    assert await less(office) == [(1000, "from:10000")]
    await walk(office, "ruben", saved, "One line…", "1. Bench", "Price")
    typed = await said(office, "ruben", "15000")
    assert await amount(office) == 15_000_000
    await walk(office, "ruben", typed, "One line…", "1. Bench", "Discount")
    typed = await said(office, "ruben", "3%")
    await walk(office, "ruben", typed, "One line…", "1. Bench", "Price")
    await said(office, "ruben", "10000")
    assert await less(office) == [(300, "hand")]


async def test_who_sells_reads_discounts_and_sets_none(office: Office) -> None:
    await walk(office, "mariam", await benches(office), "From so many", "10\u00a0pc", "10\u00a0%")
    await office.member("ruben", Role.REP)
    product = await walk(office, "ruben", await said(office, "ruben", "/products bench"), "Bench")
    assert "🏷 from 10 pc: −10 %" in words(product)
    assert "Discounts" not in labels(product)


async def test_a_double_tap_leaves_one_change_to_take_back(office: Office) -> None:
    page = await walk(office, "mariam", await benches(office), "From so many", "10\u00a0pc", "5\u00a0%", "from 10\u00a0pc")
    await twice(office, "mariam", page, "For everything")
    assert await rules(office) == [("from:10000", 500, True)]
    page = await same(office, "mariam", page)
    if "Undo" in labels(page):
        page = await walk(office, "mariam", page, "Undo")
    assert len(await rules(office)) == 1
