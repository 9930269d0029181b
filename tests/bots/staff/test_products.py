"""The price list and the goods of a deal at the staff's hands: pasted, picked by presses, discounted, counted, taken back."""

import pytest
from sqlalchemy import select, update

from bots.staff import goods
from bots.staff.menus import MOST
from crm.base.actors import Role
from crm.base.i18n import LANGUAGES, translator
from crm.base.pricing import ONE, Line, count, totals
from crm.sales.deals import Deal
from crm.sales.lines import DealLine
from crm.sales.products import Product
from tests.bots.staff.office import Office
from tests.bots.staff.test_deals import Message, deal_of, labels, said, walk

LIST = "Oak table; 45 000; pc\nStool; 9000; pc\nCheese; 4500; kg\nBench; 20 000; pc\nLamp; 7000; pc"


async def stocked(office: Office, lines: str = LIST) -> None:
    """Mariam has pasted the price list."""
    await office.member("mariam", Role.MANAGER)
    await said(office, "mariam", "/products")
    told = await said(office, "mariam", lines)
    await office.press("mariam", told, "Take it over")


async def goods_of(office: Office, person: str = "ruben") -> Message:
    """The price list that a deal of Ann's chooses from."""
    await office.member(person)
    return await walk(office, person, await deal_of(office, person), "More…", "🛒 Products")


async def lines(office: Office) -> list[tuple[str, int, int]]:
    """What the deal is about: title, quantity, price."""
    columns = select(DealLine.title, DealLine.quantity_m, DealLine.price).order_by(DealLine.position)
    return await office.store.read(lambda session: [(row.title, row.quantity_m, row.price) for row in session.execute(columns)])


async def amount(office: Office) -> int | None:
    return await office.store.read(lambda session: session.scalars(select(Deal.amount)).one())


async def test_several_goods_are_picked_on_one_post_and_saved_at_once(office: Office) -> None:
    await stocked(office)
    post = await goods_of(office)
    post = await walk(office, "ruben", post, "Cheese", "Bench", "1 × Cheese", "More…", "Stool", "− Stool")
    assert "🛒 2 × " not in str(post["text"])
    assert "2 kg × " in str(post["text"]).replace("\u00a0", " ")
    assert len(labels(post)) <= MOST
    assert await lines(office) == []
    saved = await walk(office, "ruben", post, "Save")
    assert await lines(office) == [("Cheese", 2_000, 450_000), ("Bench", 1_000, 2_000_000)]
    assert await amount(office) == 2_900_000
    assert "Total: ֏29,000" in str(saved["text"])
    assert len(labels(saved)) <= MOST
    undone = await walk(office, "ruben", saved, "Undo")
    assert "no products in it" in str(undone["text"])
    assert await amount(office) is None
    await walk(office, "ruben", undone, "Undo", "Back")
    assert await amount(office) == 2_900_000


async def test_words_look_for_a_product_and_numbers_take_so_much_of_it(office: Office) -> None:
    await stocked(office)
    await goods_of(office)
    found = await said(office, "ruben", "чиз")
    assert "Nothing on the price list is called so" in str(found["text"])
    found = await said(office, "ruben", "табл")
    assert labels(found) == ["+ Oak table", "The whole list", "✓ Save", "Cancel"]
    await said(office, "ruben", "1 3")
    every = await walk(office, "ruben", await said(office, "ruben", "1.5"), "The whole list")
    assert "1.5 pc × " in str(every["text"]).replace("\u00a0", " ")
    wrong = await said(office, "ruben", "9 2")
    assert "no number 9" in str(wrong["text"])
    await walk(office, "ruben", wrong, "Save")
    assert await lines(office) == [("Oak table", 1_500, 4_500_000)]


async def test_a_discount_and_words_of_ones_own_are_typed(office: Office) -> None:
    await stocked(office)
    saved = await walk(office, "ruben", await goods_of(office), "Bench", "Save", "Discount", "10\u00a0%")
    assert "Discount: ֏2,000" in str(saved["text"])
    await walk(office, "ruben", saved, "A line of words")
    refused = await said(office, "ruben", "Delivery")
    assert "no price" in str(refused["text"])
    added = await said(office, "ruben", "Delivery; 2000")
    assert await amount(office) == 2_000_000
    await walk(office, "ruben", added, "Discount")
    off = await said(office, "ruben", "1100")
    assert await amount(office) == 2_090_000
    await walk(office, "ruben", off, "Discount")
    assert "no discount that can be" in str((await said(office, "ruben", "200%"))["text"])


async def test_one_line_is_changed_by_buttons_and_by_words(office: Office) -> None:
    await stocked(office)
    saved = await walk(office, "ruben", await goods_of(office), "Bench", "Lamp", "Save", "One line…", "1. Bench", "+ 1", "+ 1", "− 1", "Price")
    assert "What does one cost?" in str(saved["text"])
    again = await said(office, "ruben", "much")
    assert "This cannot be used." in str(again["text"])
    one = await said(office, "ruben", "19 000")
    assert await lines(office) == [("Bench", 2_000, 1_900_000), ("Lamp", 1_000, 700_000)]
    await walk(office, "ruben", one, "One line…", "2. Lamp")
    one = await said(office, "ruben", "5%")
    assert await amount(office) == 3_800_000 + 665_000
    gone = await walk(office, "ruben", one, "One line…", "1. Bench", "Take it out")
    assert "Undo" in labels(gone)
    assert await lines(office) == [("Lamp", 1_000, 700_000)]


async def test_who_saves_after_somebody_else_is_told_and_changes_nothing(office: Office) -> None:
    await stocked(office)
    post = await goods_of(office)
    picked = await walk(office, "ruben", post, "Bench")
    theirs = await said(office, "mariam", "/deals")
    theirs = await walk(office, "mariam", theirs, "My team's", "Everybody's")
    await walk(office, "mariam", theirs, "Ann Lee")
    opened = await office.last("mariam")
    await walk(office, "mariam", opened, "More…", "🛒 Products", "Lamp", "Save")
    late = await walk(office, "ruben", picked, "Save")
    assert "has changed this deal meanwhile" in str(late["text"])
    assert await lines(office) == [("Lamp", 1_000, 700_000)]


async def test_what_went_off_the_list_or_into_other_money_meanwhile_is_not_added(office: Office) -> None:
    await stocked(office)
    picked = await walk(office, "ruben", await goods_of(office), "Bench", "Lamp", "Cheese")
    await office.store.write(lambda session: session.execute(update(Product).where(Product.name == "Lamp").values(currency="USD")))
    await office.store.write(lambda session: session.execute(update(Product).where(Product.name == "Cheese").values(active=0)))
    await walk(office, "ruben", picked, "Save")
    assert await lines(office) == [("Bench", 1_000, 2_000_000)]


async def test_what_is_lacking_and_what_differs_is_said(office: Office) -> None:
    await stocked(office, "Bench; 20 000; pc\nLamp; 7000; pc")
    list_post = await said(office, "mariam", "/products bench")
    await walk(office, "mariam", list_post, "Bench", "How many there are")
    await said(office, "mariam", "1")
    saved = await walk(office, "ruben", await goods_of(office), "Bench", "1 × Bench", "Save")
    assert "⚠️ 1 pc of \u2068Bench\u2069 are lacking." in str(saved["text"]).replace("\u00a0", " ")
    await office.store.write(lambda session: session.execute(update(Deal).values(amount=100)))
    post = await walk(office, "ruben", saved, "Back", "More…", "🛒 Products")
    assert "The deal itself says ֏1." in str(post["text"])
    await walk(office, "ruben", post, "Take this total")
    assert await amount(office) == 4_000_000


async def test_a_pasted_list_is_told_first_and_taken_back_whole(office: Office) -> None:
    await stocked(office, "Oak table; 45 000; pc\nStool; 9000")
    await said(office, "mariam", "/products")
    told = await said(office, "mariam", "Oak table; 47 000\nStool; 9000\nBench; 20000\nLamp; many")
    assert str(told["text"]).split("\n") == [
        "1 new",
        "1 with something else than before",
        "1 as it is already",
        "Not understood, line 4: \u2068Lamp; many\u2069",
    ]
    taken = await walk(office, "mariam", told, "Take it over")
    prices = select(Product.name, Product.price).where(Product.active == 1).order_by(Product.name)
    assert await office.store.read(lambda s: list(map(tuple, s.execute(prices)))) == [("Bench", 2_000_000), ("Oak table", 4_700_000), ("Stool", 900_000)]
    await walk(office, "mariam", taken, "Undo")
    assert await office.store.read(lambda s: list(map(tuple, s.execute(prices)))) == [("Oak table", 4_500_000), ("Stool", 900_000)]


async def test_a_product_is_changed_taxed_counted_and_taken_off(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await walk(office, "mariam", await said(office, "mariam", "/products"), "Add to the list")
    one = await said(office, "mariam", "Oak table 45 000")
    assert labels(one)[0] == "Undo"
    assert len(labels(await walk(office, "mariam", one, "Tax"))) <= MOST
    taxed = await said(office, "mariam", "+20%")
    assert "Tax 20 % comes on top" in str(taxed["text"]).replace("\u00a0", " ")
    await walk(office, "mariam", taxed, "Tax", "Inside the price", "18")
    await walk(office, "mariam", await office.last("mariam"), "For everything", "Price")
    assert "This cannot be used" in str((await said(office, "mariam", "12.50"))["text"])
    dearer = await said(office, "mariam", "46 000")
    assert "֏46,000" in str(dearer["text"])
    counted = await walk(office, "mariam", dearer, "How many there are", "+ 10", "− 1", "Low at…")
    assert "low" in str(counted["text"])
    low = await said(office, "mariam", "9")
    assert "⚠️ There are 9, promised 0, free 9" in str(low["text"])
    assert "⚠️ Runs out" in labels(await walk(office, "mariam", low, "The price list"))
    listed = await said(office, "mariam", "/products")
    off = await walk(office, "mariam", listed, "Oak table", "Do not sell it")
    assert labels(off) == ["Sell it again", "History", "The price list"]
    await walk(office, "mariam", off, "History")
    past = str((await office.last("mariam"))["text"]).replace("\u00a0", " ")
    assert "not sold any more" in past
    assert "how many there are: 10 → 9" in past
    assert "changed on the price list: ֏45,000 → ֏46,000" in past
    assert "changed on the price list: 20 % → 18 %" in past
    again = await walk(office, "mariam", off, "Sell it again", "Name, unit, code", "Name")
    assert "What is it called?" in str(again["text"])
    assert "Oak desk" in str((await said(office, "mariam", "Oak desk"))["text"])


async def test_who_sells_sees_prices_and_changes_none(office: Office) -> None:
    await stocked(office)
    await office.member("ruben")
    listed = await said(office, "ruben", "/products")
    assert len(labels(listed)) <= MOST
    assert not {"Add to the list", "Not sold any more"} & set(labels(listed))
    await walk(office, "ruben", listed, "Bench")
    found = await said(office, "ruben", "Desk; 100")
    assert "Nothing on the price list" in str(found["text"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_goods_read_in_every_language(language: str) -> None:
    tr = translator(language)
    every = (Line("Oak table", 2_500, 4_500_000, "pc", discount_bp=750, tax_bp=2000), Line("Lamp", ONE, 700_000, discount_amount=100))
    rows = [*goods.lines(tr, every, totals(every, "AMD")), *goods.totals(tr, every, totals(every, "AMD"))]
    assert len(rows) == 5
    assert not any("{" in row for row in rows)
    assert goods.line(tr, Line("Lamp", ONE, 700_000), count(Line("Lamp", ONE, 700_000), "AMD"), "AMD").startswith("\u2068Lamp\u2069 · ")
