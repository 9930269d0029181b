"""What a person wrote is told from what they quote, whatever mailer and language."""

import pytest

from channels.email import quotes
from channels.email.digest import digest
from crm.base.events import Message
from tests.channels.email.letters import letter, read, told

TWO_RU, TWO_EN = "Спасибо, беру два.", "Thanks, I take two."
SAID = {
    "gmail_en": TWO_EN,
    "gmail_ru": TWO_RU,
    "gmail_hy": "Շնորհակալություն, վերցնում եմ երկուսը։",
    "gmail_ka": "გმადლობთ, ორს ვიღებ.",
    "gmail_am": "አመሰግናለሁ፣ ሁለት እወስዳለሁ።",
    "plain_en": TWO_EN,
    "plain_ru": TWO_RU,
    "plain_hy": "Շնորհակալություն։",
    "plain_ka": "გმადლობთ.",
    "plain_am": "አመሰግናለሁ።",
    "yandex_ru": TWO_RU + "\n\n--\nАнна",
    "mailru_ru": TWO_RU + "\n\nС уважением,\nАнна",
    "mailru_plain": TWO_RU + "\n\n--\nАнна",
    "outlook_ru": TWO_RU,
    "outlook_ru_plain": TWO_RU,
    "outlook_web": TWO_EN,
    "windows_mail": TWO_RU,
    "apple_ru": TWO_RU + "\n\nОтправлено с iPhone",
    "apple_plain": TWO_RU + "\n\nОтправлено с iPhone",
    "thunderbird_ru": "Спасибо, беру два. Пришлите, пожалуйста, завтра.",
    "thunderbird_html": TWO_EN,
    "android_ru": TWO_RU,
    "yahoo_en": TWO_EN,
    "proton_en": TWO_EN,
    "interleaved": "Анна, добрый день!\n\nКрасный.\nНа улицу Абовяна, 7.\n\nАнна",
    "gmail_interleaved": "Red.\n7 Abovyan street.",
    "no_quote": "Здравствуйте!\n\nВстретимся 10.10.2026 в 12:00, пишите на anna@mail.example:\nя отвечу.",
    "begins_with_angle": "> 5 штук мне не нужно.\nНужно две.",
}


@pytest.mark.parametrize("name", SAID)
def test_a_reply_shows_what_was_written_now(name: str) -> None:
    assert read(name).text == SAID[name]


@pytest.mark.parametrize("name", [name for name in SAID if name not in ("no_quote", "begins_with_angle")])
def test_the_whole_text_is_kept_beside_it(name: str) -> None:
    mail = read(name)
    assert len(mail.full) > len(mail.text)
    assert any(word in mail.full for word in ("5000", "colour", "цвет"))


def test_line_ends_of_another_system_change_nothing() -> None:
    assert read("lf_only").text == read("plain_ru").text


def test_a_form_filled_in_by_hand_is_not_taken_for_an_older_mail() -> None:
    assert "Адрес: Абовяна 7" in read("order_form").text


@pytest.mark.parametrize("name", ["forward_alone", "quote_alone"])
def test_where_nothing_would_be_left_the_whole_is_shown(name: str) -> None:
    event = told(name)
    assert read(name).text == ""
    assert isinstance(event, Message)
    assert ("300" in event.text) or ("5000" in event.text)
    assert event.full == ""


def test_a_quoted_picture_is_no_news_but_counts_when_the_whole_is_shown() -> None:
    assert [(part.cid, part.quoted) for part in read("inline_images").parts] == [("new@x", False), ("old@x", True)]
    alone = digest(letter("inline_images").replace('Вот он: <img src="cid:new@x" alt="photo">'.encode(), b""))
    assert [(part.cid, part.quoted) for part in alone.parts] == [("new@x", False), ("old@x", False)]


@pytest.mark.parametrize(
    "line",
    [
        "Le lun. 5 oct. 2026 à 10:12, Shop <sales@shop.example> a écrit :",
        "Am Mo., 5. Okt. 2026 um 10:12 Uhr schrieb Shop <sales@shop.example>:",
        "5 Eki 2026 Pzt 10:12 tarihinde Shop <sales@shop.example> şunu yazdı:",
        "пн, 5 жовт. 2026 р. о 10:12 Shop <sales@shop.example> пише:",
        "2026年10月5日(月) 10:12 Shop <sales@shop.example>:",
        "Երկ, 5 հոկ 2026 թ., 10:12, Shop <sales@shop.example> գրել է։",
    ],
)
def test_an_attribution_needs_no_language(line: str) -> None:
    assert quotes.unquoted(f"Да.\n\n{line}\nстарое письмо") == "Да."


@pytest.mark.parametrize("line", ["05.10.2026 10:12, Shop пишет:", "On 5/10/26 10:12, Shop wrote:", "05.10.2026, 10:12, sales@shop.example:"])
def test_an_attribution_without_an_address_in_angles_needs_a_quote_behind_it(line: str) -> None:
    assert quotes.unquoted(f"Да.\n\n{line}\n> старое письмо") == "Да."
    assert quotes.unquoted(f"Да.\n\n{line}") == "Да."
    assert "цена 300" in quotes.unquoted(f"Да.\n\n{line}\nцена 300")


def test_a_day_left_on_the_line_before_belongs_to_the_attribution() -> None:
    assert quotes.unquoted("Да.\n\n5 окт. 2026 г., в\n10:12, Shop <sales@shop.example> написал(а):\n\n> старое") == "Да."


@pytest.mark.parametrize(
    "text",
    [
        "Отвечу так: да",
        "Приеду 5.10.2026 в 10:12, жду",
        "В 2026 вы написали:\nцена 300",
        "Tel: +374\nWeb: shop.example\nMail: a@b.example",
        "a > b\n> c\nd",
        "1. Раз:\n2. Два:",
        "Բարև։\n\nՀանդիպենք 10.10.2026 12:00, գրեք anna@mail.example։",
        "Он написал 5.10.2026 в 10:12 с anna@mail.example.\nИ что?",
        "Сегодня 5.10.2026 в 10:12 менеджер написал:\nцена 300\nПочему?",
        "Новое письмо с сайта\n\nИмя: Анна\nEmail: anna@mail.example\nТема: Чайник\nСообщение: есть?",
        "From: Anna <anna@mail.example>\nSubject: Kettle\n\nMessage Body:\nIs it there?",
        "-----",
    ],
)
def test_a_persons_own_words_stay(text: str) -> None:
    assert quotes.unquoted(text) == text


def test_quotes_at_the_end_go_without_an_attribution_too() -> None:
    assert quotes.unquoted("Да.\n\n> раз\n> два\n") == "Да."
