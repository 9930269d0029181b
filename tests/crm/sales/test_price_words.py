"""What people type about prices: lists by any mark, a line with its price behind, discounts, and so much of number three."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from crm.base.errors import Invalid
from crm.sales.price_words import Less, is_list, read_less, read_list, read_offer, read_picks, read_tax
from crm.sales.products import Offer

LINES = [
    ("Oak table; 45 000", Offer("Oak table", 4_500_000, "AMD")),
    ("Oak table; 45 000 ֏; pc; 20%; T-1", Offer("Oak table", 4_500_000, "AMD", "pc", 2000, True, "T-1")),
    ("Oak table\t45000\tpc\t+20%", Offer("Oak table", 4_500_000, "AMD", "pc", 2000, False)),
    ("Oak table | 45000 | հատ | 20", Offer("Oak table", 4_500_000, "AMD", "հատ", 2000, True)),
    ("Գինի Արենի 3500 դրամ", Offer("Գինի Արենի", 350_000, "AMD")),
    ("Вино 2019 года - 3 500", Offer("Вино 2019 года", 350_000, "AMD")),
    ("Wine $12.50", Offer("Wine", 1_250, "USD")),
    ('"Table; oak"; 45000', Offer("Table; oak", 4_500_000, "AMD")),
]


@pytest.mark.parametrize(("line", "offer"), LINES)
def test_a_line_is_read_as_it_is_typed(line: str, offer: Offer) -> None:
    assert read_offer(line, "AMD").offer == offer


@pytest.mark.parametrize("line", ["Oak table", "", "; 100", "Table; much", "Table; 12.50", "45000"])
def test_a_line_without_a_name_or_a_price_is_refused(line: str) -> None:
    with pytest.raises(Invalid):
        read_offer(line, "AMD")


def test_a_table_of_commas_is_read_and_its_head_is_none_of_it() -> None:
    read = read_list('Name,Price,Unit\n"Table, oak",45000,pc\n\nStool,9000,pc\nBench,much,pc', "AMD")
    assert [one.offer.name for one in read.lines] == ["Table, oak", "Stool"]
    assert [number for number, _ in read.bad] == [5]


def test_a_head_is_not_called_a_mistake_and_the_rest_is() -> None:
    assert read_list("Անուն; Գին\nՍեղան; 45000\n", "AMD").bad == ()
    assert read_list("Table 7; much\nStool; 9000", "AMD").bad == ((1, "Table 7; much"),)


@given(some.text(max_size=300))
def test_no_text_breaks_the_reading(text: str) -> None:
    read = read_list(text, "AMD")
    assert all(one.offer.price % 100 == 0 or one.offer.currency != "AMD" for one in read.lines)
    read_picks(text)
    is_list(text)


@pytest.mark.parametrize(("text", "less"), [("10%", Less(1000)), ("-7.5 %", Less(750)), ("5 000", Less(0, 500_000)), ("5000 դրամ", Less(0, 500_000))])
def test_a_discount_is_a_share_or_an_amount(text: str, less: Less) -> None:
    assert read_less(text, "AMD") == less


@pytest.mark.parametrize("text", ["110%", "+10%", "much", "$5", ""])
def test_what_takes_nothing_off_is_no_discount(text: str) -> None:
    with pytest.raises(Invalid):
        read_less(text, "AMD")


def test_a_tax_is_inside_unless_it_comes_on_top() -> None:
    assert (read_tax("20%"), read_tax("+ 18"), read_tax("0")) == ((2000, True), (1800, False), (0, True))
    with pytest.raises(Invalid):
        read_tax("-5%")


PICKS = [
    ("3 2.5kg", {3: 2_500}),
    ("1. 2\n2) 4", {1: 2_000, 2: 4_000}),
    ("№3 x2", {3: 2_000}),
    ("2x3", {2: 3_000}),
    ("oak", None),
    ("oak 3", None),
    ("1 000", None),
    ("1.5", None),
    ("2,5", None),
    ("3", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "picks"), PICKS)
def test_so_much_of_a_number_is_told_from_words(text: str, picks: dict[int, int] | None) -> None:
    assert read_picks(text) == picks
