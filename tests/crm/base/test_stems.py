"""Stems: forms of one word meet, spellings of one sound meet, and words that have nothing in common do not."""

import pytest

from crm.base.stems import WORD, plain, stem


def meet(*words: str) -> bool:
    """Whether all of these have one stem."""
    return len({stem(plain(word)) for word in words}) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("սեղան", "սեղանը", "սեղանի", "սեղաններ", "սեղաններից"),
        ("պատվեր", "պատվերը", "պատվերի", "պատվերներով"),
        ("առաքում", "առաքման", "առաքումը"),
        ("գին", "գնի", "գինը"),
        ("მაგიდა", "მაგიდის", "მაგიდაზე", "მაგიდები"),
        ("ფასი", "ფასის", "ფასად", "ფასები"),
        ("შეკვეთა", "შეკვეთის", "შეკვეთები"),
        ("ዋጋ", "ዋጋው", "የዋጋ", "ዋጋን"),
        ("ትዕዛዝ", "ትዕዛዙ", "ትዕዛዙን"),
        ("ወንበር", "ወንበሮች", "ወንበሩ"),
        ("доставка", "доставки", "доставку", "доставкой", "доставок"),
        ("заказ", "заказа", "заказы", "заказами"),
        ("delivery", "deliveries", "delivered"),
        ("order", "orders", "ordered", "ordering"),
        ("invoice", "invoices"),
    ],
)
def test_forms_of_one_word_meet(words: tuple[str, ...]) -> None:
    assert meet(*words)


@pytest.mark.parametrize(
    "words",
    [
        ("Երևան", "ԵՐԵՎԱՆ", "Երեւան", "Երեվան"),
        ("ո՞րն", "որն", "Որն"),
        ("ᲗᲑᲘᲚᲘᲡᲘ", "თბილისი"),
        ("ሠላም", "ሰላም"),
        ("ዐበበ", "አበበ", "ኣበበ"),
        ("ፀሐይ", "ጸሀይ"),
        ("жёлтый", "желтый", "ЖЁЛТЫЙ"),
        ("café", "CAFE\u0301", "cafe"),
        ("wal\u00adnut", "walnut"),
    ],
)
def test_spellings_of_one_word_meet(words: tuple[str, ...]) -> None:
    assert meet(*words)


@pytest.mark.parametrize(
    ("one", "other"), [("սեղան", "սենյակ"), ("მაგიდა", "მანქანა"), ("ዋጋ", "ዋና"), ("заказ", "закат"), ("table", "tablet"), ("стол", "стул"), ("12", "123")]
)
def test_other_words_stay_apart(one: str, other: str) -> None:
    assert not meet(one, other)


@pytest.mark.parametrize("word", ["", "a", "ի", "ა", "ው", "ь", "s", "漢字", "اختبار", "ab12", "12345", "ս", "ing", "ებს", "ዎች", "ами"])
def test_a_word_is_never_eaten_whole(word: str) -> None:
    assert bool(stem(plain(word))) is bool(plain(word))


def test_words_are_cut_out_of_a_text_with_the_marks_inside_them() -> None:
    assert WORD.findall("Ո՞րն է, don't; ሰላም፣ ዋጋ። a_b 3-րդ") == ["Ո՞րն", "է", "don't", "ሰላም", "ዋጋ", "a", "b", "3", "րդ"]


def test_every_sign_that_may_stand_in_a_word_leaves_letters_and_digits_or_nothing() -> None:
    left = {sign: plain(sign) for sign in map(chr, range(0x110000)) if WORD.fullmatch(sign)}
    assert [sign for sign, found in left.items() if found and not found.isalnum()] == []
    assert (left["⑴"], left["ﱞ"], left["ͺ"], left["½"]) == ("1", "", "", "12")
