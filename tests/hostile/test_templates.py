"""Templates (rows 45, 46): what is no text with a few known fields is refused at save; what is filled in is never read again and never grows."""

import contextlib
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.base.errors import Forbidden
from crm.base.i18n import LANGUAGES, fill
from crm.base.outbound import Say
from crm.base.template import FIELDS, OUTPUT_MOST, BadTemplate, Values, name_to_use, parse, render, tidy
from crm.base.text import utf16_length
from crm.outbox.payload import unpack
from crm.outreach import campaigns, followups
from crm.outreach.campaigns import Campaign
from crm.outreach.segments import Segment, preview
from crm.outreach.sequences import Step
from tests.crm.outreach.town import Town
from tests.hostile.corpus import TEXTS, anything, steady
from tests.hostile.ledger import everything

WRONG = {
    "reach into an object": "{{ x.__class__.__mro__ }}",
    "reach into a field": "{name.__class__}",
    "an index": "{name[0]}",
    "a conversion": "{name!r}",
    "a format": "{name:>999999999}",
    "a position": "{0}",
    "nothing": "{}",
    "a sum": "{7*7}",
    "a field nobody knows": "{password}",
    "a field in a field": "{na{name}me}",
    "a field in a fallback": "{name|{name}}",
    "a loop": "{% for a in range(10**9) %}x{% endfor %}",
    "a brace alone": "Hello {name",
    "the other brace alone": "Hello name}",
    "a megabyte": "x" * 1_000_000,
    "a million braces": "{" * 1_000_000,
    "many nested braces": "{" * 1500 + "}" * 1500,
    "an empty fallback": "{name|}",
    "two fallbacks": "{name|a|b}",
    "a fallback nobody sees": "{name|\u200b\u3164}",
    "nothing anybody sees": "\u200b\u2060\u3164",
    "NUL": "\x00",
}


@pytest.mark.parametrize("text", [text for name, text in WRONG.items() if name != "NUL"], ids=[name for name in WRONG if name != "NUL"])
def test_what_is_no_template_is_refused_when_it_is_read(text: str) -> None:
    with pytest.raises(BadTemplate) as refused:
        parse(tidy(text))
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("text", ["%0999999999d", "<%= 7 %>", "$(name)", "`name`", "%s" * 1000, "#if 1"])
def test_what_is_a_template_elsewhere_is_plain_text_here(text: str) -> None:
    assert render(parse(text), Values("Ani"), "en") == text


@pytest.mark.parametrize("value", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("field", FIELDS)
def test_a_value_is_filled_in_once_on_one_line_and_never_read_again(field: str, value: str) -> None:
    given: dict[str, Any] = {field: value}
    said = render(parse(f"[{{{field}|friend}}]"), Values(**given), "en")
    inside = said[1:-1]
    assert inside
    assert "\n" not in inside
    assert "\r" not in inside
    assert len(inside) <= 200
    assert inside == "friend" or inside.replace(" ", "") in "".join(value.split()).replace("\x00", "\ufffd") or "\ufffd" in inside or len(inside) < len(value)


def test_a_value_with_fields_of_its_own_stays_as_it_is() -> None:
    assert render(parse("{name} of {company}"), Values("{company}", "{name}{{7*7}}"), "en") == "{company} of {name}{{7*7}}"
    assert fill("{a}{b}", {"a": "{b}", "b": "{a}"}) == "{b}{a}"


def test_a_text_full_of_fields_never_grows_beyond_one_message() -> None:
    long = Values("x" * 10_000_000, "x" * 10_000_000, "x" * 10_000_000, "x" * 10_000_000, "x" * 10_000_000)
    said = render(parse("{need}" * 600), long, "en")
    assert utf16_length(said) <= OUTPUT_MOST


def test_reading_a_template_of_braces_takes_no_longer_than_one_of_words() -> None:
    def cost(text: str) -> float:
        began = time.process_time()
        for number in range(20):
            with contextlib.suppress(BadTemplate):
                parse(text[: 3900 - number])
        return time.process_time() - began

    words = min(cost("hello {name} " * 300) for _ in range(3))
    assert min(cost("{" * 1950 + "}" * 1950) for _ in range(3)) < 30 * words + 0.05


def bad_everywhere() -> list[str]:
    return ["Hello {password}", "{{ x.__class__ }}", "x" * 5000, "  "]


@pytest.mark.parametrize("text", bad_everywhere())
async def test_a_bad_text_is_neither_kept_as_a_campaign_nor_as_a_follow_up(town: Town, text: str) -> None:
    manager = await town.employ()
    step = await town.store.read(lambda s: s.query(Step).first())
    assert step is not None
    before = await everything(town.store)
    for deed, given_ in ((campaigns.draft, (manager, Segment(), text)), (preview, (manager, Segment(), text, town.company))):
        if text.strip() or deed is campaigns.draft:
            with pytest.raises(BadTemplate):
                await town.do(deed, *given_, now=town.now)
    with pytest.raises(BadTemplate):
        await town.do(followups.edit_step, manager, step.id, language="en", text=text, now=town.now)
    assert await everything(town.store) == before


@pytest.mark.parametrize("name", TEXTS.values(), ids=TEXTS)
async def test_whatever_a_customer_is_called_everybody_gets_a_whole_text(town: Town, name: str) -> None:
    manager = await town.employ()
    await town.writes("a1", "yes", name=name.encode("utf-8", "replace").decode())
    await town.sends()
    town.now += 25 * 3_600_000
    number = await town.do(campaigns.draft, manager, Segment(), "Dear {name}!", now=town.now)
    await town.do(campaigns.launch, manager, number, 1, now=town.now)
    [(_, said)] = await town.promotions()
    assert said.startswith("Dear ")
    assert said.endswith("!")
    assert len(said) > len("Dear !")
    assert "\n" not in said


async def test_a_rep_cannot_write_what_everybody_is_told(town: Town) -> None:
    from crm.base.actors import Role

    rep = await town.employ(Role.REP)
    with pytest.raises(Forbidden):
        await town.do(campaigns.draft, rep, Segment(), "Hello {name}", now=town.now)
    assert await town.count(Campaign) == 0


@steady
@given(anything(200), st.tuples(*[anything(60)] * 5), st.sampled_from(LANGUAGES))
def test_any_text_is_refused_or_says_something_that_fits(text: str, values: tuple[str, str, str, str, str], language: str) -> None:
    try:
        said = render(parse(tidy(text)), Values(*values), language)
    except BadTemplate:
        return
    assert said.strip()
    assert utf16_length(said) <= OUTPUT_MOST
    assert isinstance(unpack_round(said), Say)


def unpack_round(text: str) -> object:
    """A text through the way a delivery remembers it."""
    from crm.outbox.payload import pack

    return unpack(pack(Say(text)))


@steady
@given(anything(80), anything(80))
def test_what_a_person_is_called_is_what_they_told_or_what_reads_like_a_name(name: str, platform_name: str) -> None:
    called = name_to_use(name, platform_name)
    assert called == name or not name
