"""HTML becomes words and nothing else."""

import pytest

from channels.email import page
from channels.email.page import read


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>words",
        "<img src=x onerror=alert(1)>words",
        "<svg><script>alert(1)</script></svg>words",
        "<style>alert(1)</style>words",
        "<p style='display: none'>alert(1)</p>words",
        "<p hidden>alert(1)</p>words",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>words",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>words",
        "<template>alert(1)</template>words",
        "<textarea>alert(1)</textarea>words",
        "<!-- alert(1) -->words",
    ],
)
def test_nothing_that_acts_or_hides_is_shown(html: str) -> None:
    assert "alert" not in read(html).full.replace("'>", "")
    assert "words" in read(html).full


def test_a_link_shows_where_it_leads() -> None:
    assert read('<a href="https://evil.example/x">https://bank.example</a>').text == "https://bank.example (https://evil.example/x)"
    assert read('<a href="https://shop.example/">shop.example</a>').text == "shop.example"
    assert read('<a href="javascript:alert(1)">here</a> <a href="data:text/html,x">there</a>').text == "here there"


def test_pictures_from_elsewhere_are_left_out() -> None:
    found = read('<p>a<img src="https://spy.example/p.gif" alt="pixel"><img src="cid:one@x"><img alt="🙂" src="https://mail.example/e"></p>')
    assert (found.text, found.shown) == ("a🙂", frozenset({"one@x"}))


def test_the_form_of_the_text_is_kept() -> None:
    html = "<p>One<br>two</p><ul><li>a<li>b</ul><table><tr><td>x</td><td>y</td></tr></table><pre>1\n  2</pre><blockquote>q</blockquote>end"
    assert read(html).full == "One\ntwo\n\n• a\n• b\n\nx y\n\n1\n  2\n\n> q\n\nend"


def test_blanks_of_every_sort_are_one() -> None:
    assert read("a&nbsp;&nbsp; \n\t b\u200b c").text == "a b c"


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 20_000 + "words",
        "<blockquote>" * 3_000 + "words",
        "<b>" * 1_000 + "<p>words" * 1_000,
        "<table><td>" * 2_000 + "words",
        "<" * 100_000 + " words",
    ],
)
def test_a_page_too_deep_is_still_read(html: str) -> None:
    assert "words" in read(html).full


def test_a_page_too_long_is_cut() -> None:
    assert len(read("<p>" + "x" * (page.SIZE + 5)).full) <= page.SIZE


def test_blockquotes_behind_which_nothing_is_said_are_quotes() -> None:
    assert read("<p>a</p><blockquote>q</blockquote>").text == "a"
    assert read("<p>a</p><blockquote>q</blockquote><blockquote>r</blockquote><br>").text == "a"
    assert "q" in read("<blockquote>q</blockquote><p>a</p>").text


def test_quotes_within_quotes_are_left_out_once() -> None:
    html = "<p>a</p>" + '<div class="gmail_quote"><blockquote type="cite" class="gmail_quote"><div class="moz-cite-prefix">x' * 20
    assert read(html).text == "a"


def test_a_signature_under_a_line_is_no_older_mail() -> None:
    html = '<p>a</p><div style="border-top: 1px solid #ccc">Anna<br>Tel: +374 91<br>Email: anna@mail.example<br>Web: mail.example</div><p>b</p>'
    assert read(html).text == "a\n\nAnna\nTel: +374 91\nEmail: anna@mail.example\nWeb: mail.example\n\nb"
