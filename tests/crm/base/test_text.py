"""What people type: golden examples for languages, names, stop words and the Latin fold; any text at all for the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.base import words
from crm.base.text import (
    choose_language,
    clean,
    clean_name,
    cut,
    cut_utf16,
    escape_html,
    fold,
    heard_language,
    is_command,
    is_greeting,
    is_person,
    is_stop,
    is_substance,
    is_thanks,
    looks_like_name,
    name_in,
    script_of,
    ungreeted,
    utf16_length,
)

ANY = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Բարև ձեզ", "hy"),
        ("ﬓ", "hy"),
        ("iPhone 15 ունե՞ք", "hy"),
        ("გამარჯობა", "ka"),
        ("ᲒᲐᲛᲐᲠᲯᲝᲑᲐ", "ka"),
        ("ሰላም", "am"),
        ("Привет", "ru"),
        ("да", "ru"),
        ("Hello", "en"),
        ("barev dzez", "hy"),
        ("inch arje araqumy", "hy"),
        ("inchqan arje", "hy"),
        ("gamarjoba, ramdeni ghirs?", "ka"),
        ("selam, sint new?", "am"),
        ("privet skolko stoit", "ru"),
        ("Pozhaluysta", "ru"),
        ("hi", "en"),
        ("How much is the lamp?", "en"),
        ("Anna", ""),
        ("12", ""),
        ("👍", ""),
        ("", ""),
        ("สวัสดี", ""),
    ],
)
def test_a_message_shows_its_language(text: str, language: str) -> None:
    assert heard_language(text) == language


def test_no_word_of_latin_typing_stands_for_two_languages() -> None:
    told: dict[str, str] = {}
    english = set(words.LATIN_WORDS["en"].split())  # taken as it is spelt, the others by sound
    for language, listed in words.LATIN_WORDS.items():
        if language != "en":
            assert [word for word in listed.split() if told.setdefault(fold(word), language) != language or word in english] == []


@pytest.mark.parametrize(("text", "language"), [("We are open from 9 to 18.", "en"), ("Are you open?", "en"), ("inch arje", "hy"), ("arzhe?", "hy")])
def test_english_that_sounds_like_armenian_stays_english(text: str, language: str) -> None:
    assert heard_language(text) == language


@pytest.mark.parametrize(
    ("text", "hint", "default", "language"),
    [
        ("Բարև", "en", "ru", "hy"),
        ("barev", "ru", "en", "hy"),
        ("Anna", "ru-RU", "hy", "ru"),
        ("Anna", "KA_ge", "hy", "ka"),
        ("Anna", "fr", "hy", "hy"),
        ("?", "", "xx", "en"),
    ],
)
def test_script_wins_then_words_then_the_hint_then_the_default(text: str, hint: str, default: str, language: str) -> None:
    assert choose_language(text, hint, default) == language


def test_only_the_company_s_languages_are_chosen() -> None:
    assert choose_language("Բարև", "ru", "ka", ("ka", "en")) == "ka"


@pytest.mark.parametrize(
    ("text", "script"), [("Ընկեր", "armenian"), ("Აბⴀ", "georgian"), ("ሀⶀ", "ethiopic"), ("Ёж", "cyrillic"), ("Ångström", "latin"), ("123 👍", "")]
)
def test_a_script_is_known_with_its_rare_letters(text: str, script: str) -> None:
    assert script_of(text) == script


@pytest.mark.parametrize(
    "spellings",
    [
        ("Արմեն", "Армен", "Armen"),
        ("Հովհաննիսյան", "Hovhannisyan"),
        ("Երևան", "Երեւան", "ԵՐԵՎԱՆ", "Yerevan", "Ереван"),
        ("ዋጋ", "waga"),
        ("ქეთი", "Keti", "Кети"),
        ("გიორგი", "ᲒᲘᲝᲠᲒᲘ", "Giorgi"),
        ("Ո՞րն", "որն", "vorn"),
        ("አበበ ከበደ", "Abebe Kebede"),
        ("Щербаков", "Shcherbakov"),
        ("Խաչատրյան", "Khachatryan", "Хачатрян"),
        ("ጸሐይ", "ፀሀይ", "Tsehay"),
        ("Пётр", "Петр"),
        ("ﬓ", "մն"),
        ("O'Neil", "ONeil"),
        ("Jose\u0301", "José", "jose"),
        ("ሰላም", "ሠላም", "selam"),
        ("Петросян", "Պետրոսյան", "Petrosyan"),
    ],
)
def test_spellings_of_one_word_meet_in_the_fold(spellings: tuple[str, ...]) -> None:
    assert len({fold(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(("one", "other"), [("Արմեն", "Արման"), ("Anna", "Ani"), ("አበበ", "አበባ")])
def test_close_names_stay_apart_in_the_fold(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_the_fold_leaves_single_spaces_and_digits() -> None:
    assert fold("  Որ՞ն, №5 — «Wolde-Giorgis»! ") == "vorn no5 volde gorgis"


@pytest.mark.parametrize(
    "text",
    [
        "stop",
        "STOP!",
        " Stop. ",
        "/stop",
        "unsubscribe",
        "стоп",
        "Отписаться",
        "не пишите мне",
        "կանգ",
        "ՍՏՈՊ։",
        "մի՛ գրեք",
        "სტოპ",
        "შეწყვიტე",
        "ᲡᲢᲝᲞ",
        "დადექი",
        "አቁም",
        "አቁም።",
        "otpisatsya",
        "beka",
    ],
)
def test_stop_is_understood_in_five_languages(text: str) -> None:
    assert is_stop(text)


@pytest.mark.parametrize("text", ["stop by tomorrow", "where is the bus stop", "не могу остановиться", "", "стопка бумаги", "կանգառ"])
def test_stop_inside_a_longer_message_is_not_a_stop(text: str) -> None:
    assert not is_stop(text)


@pytest.mark.parametrize(
    "text",
    ["operator", "Human", "нужен менеджер", "оператора!", "մարդ", "օպերատորին կանչեք", "ოპერატორი", "ოპერატორს მინდა", "ሰው", "ኦፕሬተር", "talk to a person"],
)
def test_a_human_being_is_asked_for_in_five_languages(text: str) -> None:
    assert is_person(text)


@pytest.mark.parametrize("text", ["a table for one person", "2 человека", "we sell software for operators and managers of hotels", "мне нужен красный чайник"])
def test_people_in_a_wish_are_not_a_call_for_one(text: str) -> None:
    assert not is_person(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Anna", "Anna"),
        ("Աննա Պետրոսյան", "Աննա Պետրոսյան"),
        ("my name is Anna", "Anna"),
        ("Меня зовут Иван", "Иван"),
        ("ስሜ አበበ ነው", "አበበ"),
        ("მე მქვია ნინო", "ნინო"),
        ("O'Neil", "O'Neil"),
        ("J. Smith", "J. Smith"),
        ("Мария-Луиза", "Мария-Луиза"),
        ("Անի։", "Անի"),
        ("  Giorgi \n Beridze ", "Giorgi Beridze"),
        ("\u202eAnna\u200b", "Anna"),
    ],
)
def test_a_name_is_taken_out_of_what_was_said(text: str, name: str) -> None:
    assert name_in(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "How much?",
        "barev",
        "Здравствуйте",
        "stop",
        "/stats",
        "one two three four five",
        "need a cake",
        "Ани 5",
        "Ո՞վ",
        "да",
        "👋",
        "operator",
        "сколько стоит чайник",
        "@anna",
        "https://a.example",
        "x" * 200,
        "ok",
        "ዋጋ ስንት ነው",
    ],
)
def test_what_is_no_name_is_not_taken_for_one(text: str) -> None:
    assert not looks_like_name(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hello", False),
        ("Barev dzez", False),
        ("Hello, I need twenty chairs", True),
        ("сколько стоит?", True),
        ("Anna Petrosyan", False),
        ("my name is Anna", False),
        ("/stats of the day now", False),
        ("ok", False),
    ],
)
def test_a_first_message_says_what_it_is_about_or_only_greets(text: str, says: bool) -> None:
    assert is_substance(text) is says


@pytest.mark.parametrize(
    "text",
    ["Thanks!", "ok, thank you very much", "Спасибо большое!", "хорошо, спасибо вам за всё", "Շնորհակալություն", "Շատ շնորհակալ եմ Ձեզ", "shat shnorhakal em"]
    + ["დიდი მადლობა", "კარგი, გმადლობთ!", "በጣም አመሰግናለሁ", "እሺ", "madloba", "👍", "🙏🙏", "Merci jan", "Hello, thank you"],
)
def test_mere_thanks_are_heard_in_every_language(text: str) -> None:
    assert is_thanks(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "?",
        "ok?",
        "Thanks, and two chairs more",
        "хорошо?",
        "лавка",
        "good day",
        "Շատ թանկ է",
        "კარგი მაგიდა",
        "5",
        "you",
        "so much",
        "thanks 5",
        "ስንት ነው",
    ],
)
def test_whatever_else_is_said_is_more_than_thanks(text: str) -> None:
    assert not is_thanks(text)


def test_greetings_and_commands_are_told_apart() -> None:
    assert is_greeting("Բարև՛ ձեզ!")
    assert not is_greeting("Բարև, գինը")
    assert is_command(" /today")
    assert not is_command("/ 5")
    assert not is_command("1/2")


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("Բարև ձեզ, կաղնե սեղան եմ ուզում", "Կաղնե սեղան եմ ուզում"),
        ("გამარჯობა! მაგიდა მინდა", "მაგიდა მინდა"),
        ("ሰላም፣ ጠረጴዛ እፈልጋለሁ", "ጠረጴዛ እፈልጋለሁ"),
        ("Добрый день, нужен стол", "Нужен стол"),
        ("an oak table, hello", "an oak table, hello"),
        ("Hi there!", ""),
    ],
)
def test_a_greeting_is_taken_off_a_need(said: str, left: str) -> None:
    assert ungreeted(said) == left


def test_half_characters_and_nul_become_the_replacement_sign() -> None:
    assert clean("a\x00b\ud800c\udfff") == "a\ufffdb\ufffdc\ufffd"
    assert clean("\ud83d\ude00") == "😀"


def test_a_name_loses_what_only_a_forger_needs() -> None:
    assert clean_name("\u202eexe.gpj\u2066 \u200bAnna\x07\n\tB\U000e0041 ") == "exe.gpj Anna B"


@pytest.mark.parametrize(
    ("text", "limit", "kept"),
    [
        ("abc", 2, "ab"),
        ("ae\u0301", 2, "a"),
        ("a👨‍👩‍👧", 3, "a"),
        ("x👍🏽", 2, "x"),
        ("🇦🇲🇬🇪", 3, "🇦🇲"),
        ("a\r\nb", 2, "a"),
        ("abc", 0, ""),
        ("a" + "\u0301" * 100, 50, "a" + "\u0301" * 49),
    ],
)
def test_a_text_is_cut_between_letters(text: str, limit: int, kept: str) -> None:
    assert cut(text, limit) == kept


def test_lengths_are_counted_as_telegram_counts_them() -> None:
    assert utf16_length("a😀") == 3
    assert [cut_utf16("a😀b", limit) for limit in (1, 2, 3, 4)] == ["a", "a", "a😀", "a😀b"]


def test_html_is_escaped_for_text() -> None:
    assert escape_html('<b>&"x"</b>') == '&lt;b&gt;&amp;"x"&lt;/b&gt;'


@given(ANY, st.integers(0, 40))
def test_any_text_is_made_safe_and_short(text: str, limit: int) -> None:
    safe = clean(text)
    safe.encode("utf-8")
    assert "\x00" not in safe
    assert len(cut(safe, limit)) <= limit
    assert utf16_length(cut_utf16(safe, limit)) <= limit
    assert len(clean_name(text)) <= 100


@given(ANY)
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert heard_language(text) in {"hy", "ka", "am", "ru", "en", ""}
    assert fold(fold(text)) is not None
    assert isinstance((is_stop(text), is_person(text), is_substance(text), name_in(text)), tuple)


@pytest.mark.parametrize("text", ["a person please", "please, a person", "Человека, пожалуйста", "խնդրում եմ, օպերատոր"])
def test_a_polite_wish_for_a_person_is_understood(text: str) -> None:
    assert is_person(text)
