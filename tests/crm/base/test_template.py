"""Templates: fields are filled once, everything else is refused when it is saved, nothing blank or raw is ever sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.base.i18n import LANGUAGES
from crm.base.template import FIELDS, BadTemplate, Field, Values, Words, name_to_use, parse, render, tidy
from crm.base.text import utf16_length

ANI = Values(name="Ani", company="Marani", channel="telegram", need="a lamp", rep="Vahe")
ANY = st.text(st.characters(codec=None))


def said(text: str, values: Values = ANI, language: str = "en") -> str:
    return render(parse(text), values, language)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello!", "Hello!"),
        ("Hello, {name}! This is {company}.", "Hello, Ani! This is Marani."),
        ("{rep} on {channel} about {need}", "Vahe on telegram about a lamp"),
        ("Hello, { name | friend }!", "Hello, Ani!"),
        ("100 % off: %s %(name)s $name", "100 % off: %s %(name)s $name"),
        ("<b>{name}</b> & co", "<b>Ani</b> & co"),
        ("Բարև, {name}։ ሰላም", "Բարև, Ani։ ሰላም"),
    ],
)
def test_fields_are_filled(text: str, words: str) -> None:
    assert said(text) == words


def test_a_template_is_a_small_tree() -> None:
    assert parse("Hi {name|friend}.") == (Words("Hi "), Field("name", "friend"), Words("."))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n\t",
        "\u200b\u202e",
        "{",
        "}",
        "{}",
        "{ }",
        "{name",
        "name}",
        "{{name}}",
        "{{ x.__class__ }}",
        "{{ 'a'*200000000 }}",
        "{name.__class__}",
        "{name!r}",
        "{name:>999999999}",
        "{0}",
        "{nome}",
        "{Name}",
        "{password}",
        "{name|}",
        "{name|a|b}",
        "{name|{company}}",
        "{name|\u200b}",
        "{% for x in y %}{% endfor %}",
        "{" * 2000,
        "x" * 4001,
    ],
)
def test_what_cannot_be_used_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(BadTemplate) as refused:
        parse(text)
    assert refused.value.detail


def test_the_reason_can_be_said_in_another_language() -> None:
    with pytest.raises(BadTemplate) as refused:
        parse("Hi {nome}")
    assert "{field}" in refused.value.phrase
    assert refused.value.fields["field"] == "nome"


@pytest.mark.parametrize("name", ["{company}", "{{company}}", "%s", "{0}", "{{ 7*7 }}", "<script>", "a{name|b}c"])
def test_a_value_is_never_read_again(name: str) -> None:
    assert said("Hi {name}!", Values(name=name, company="Marani")) == f"Hi {name}!"


def test_a_value_stands_on_one_line_without_hidden_marks() -> None:
    assert said("Hi {name}!", Values(name="A\r\nBcc: x\u202e\x00ni")) == "Hi A Bcc: x\ufffdni!"


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_missing_value_is_never_blank(field: str, language: str) -> None:
    words = said("[{" + field + "}]", Values(), language)
    assert len(words) > 2
    assert "{" not in words


@pytest.mark.parametrize("name", ["", " ", "\u200b", "\n"])
def test_the_writers_own_word_stands_for_a_missing_value(name: str) -> None:
    assert said("Hi {name|friend}!", Values(name=name)) == "Hi friend!"


def test_the_output_is_capped() -> None:
    assert utf16_length(said("{need}" * 500, Values(need="\U0001f600" * 3000))) <= 4000


def test_line_ends_are_made_plain() -> None:
    assert tidy(" a\r\nb\rc \n") == "a\nb\nc"


@pytest.mark.parametrize(("told", "platform", "used"), [("Ani", "xX_007", "Ani"), ("", "Ani Petrosyan", "Ani Petrosyan"), ("", "xX_007_Xx", ""), ("", "", "")])
def test_a_platforms_name_is_used_only_where_it_reads_like_one(told: str, platform: str, used: str) -> None:
    assert name_to_use(told, platform) == used


@given(ANY, ANY)
def test_any_text_is_either_refused_or_says_something(text: str, name: str) -> None:
    try:
        template = parse(tidy(text))
    except BadTemplate:
        return
    assert render(template, Values(name=name), "hy").strip()
