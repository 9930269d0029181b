"""The file that names a firm's accounts: what is wrong in it is named, with its place."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from channels.accounts import Account, allowing, filled, open_account, read_accounts
from channels.base import Firm
from crm.base.errors import Misconfigured
from crm.base.outbound import May, Window

FIRM = Firm("Shop", ("en",), "AM", "Asia/Yerevan", "https://crm.example", (b"k" * 32, b"o" * 32), Path("."), lambda: 0)


@dataclass(frozen=True, slots=True)
class Options:
    """One of each type a setting can have."""

    account: str
    token: str = field(repr=False)
    rate: float = 1.0
    most: int = 5
    plain: bool = False
    hosts: tuple[str, ...] = ()
    words: dict[str, str] = field(default_factory=dict)
    extra: str | None = None


def written(folder: Path, text: str) -> Path:
    file = folder / "channels.toml"
    file.write_text(text, "utf-8")
    return file


def test_one_account_and_several_of_a_kind(tmp_path: Path) -> None:
    file = written(tmp_path, '[sms]\nurl = "https://gate.example"\n[email.sales]\naddress = "a@shop.example"\n[email.help]\naddress = "b@shop.example"\n')
    assert [one.account for one in read_accounts(file, {})] == ["sms", "email:sales", "email:help"]


def test_no_file_is_no_account(tmp_path: Path) -> None:
    assert read_accounts(tmp_path / "channels.toml", {}) == ()


def test_secrets_come_from_the_environment_at_any_depth(tmp_path: Path) -> None:
    file = written(tmp_path, '[sms]\ntoken = "env:GATE"\nheaders = { Authorization = "env:GATE" }\nold = ["env:GATE", "plain"]\n')
    [one] = read_accounts(file, {"GATE": "secret"})
    assert one.table == {"token": "secret", "headers": {"Authorization": "secret"}, "old": ["secret", "plain"]}
    assert "secret" not in repr(one)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[sms", "cannot be read"),
        ("[fax]\nnumber = 1", "names 'fax'; tables are called"),
        ("sms = 1", "names 'sms'"),
        ('[telegram]\ntoken = "x"', "set by CUSTOMER_BOT_TOKEN"),
        ('[email.Sales]\naddress = "a"', "a name is small letters and digits"),
        ('[sms]\ntoken = "env:NOWHERE"', r"token of \[sms\] in channels.toml asks for NOWHERE"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Misconfigured, match=words):
        read_accounts(written(tmp_path, text), {})


@pytest.mark.parametrize("text", ["[sms", "[fax]", '[sms]\ncolour = "red"', "[viber]\ntokens = []", '[sms]\ntoken = "env:NOWHERE"'])
def test_whoever_made_a_mistake_is_told_where_to_read_on(tmp_path: Path, text: str) -> None:
    with pytest.raises(Misconfigured, match=r"[^;]+; see docs/channels\.md, where each channel has its settings$"):
        [open_account(one, FIRM) for one in read_accounts(written(tmp_path, text), {})]


def test_options_take_numbers_words_lists_and_tables() -> None:
    table = {"account": "x", "token": "t", "rate": 2, "most": 3, "plain": True, "hosts": ["a", "b"], "words": {"a": "b"}, "extra": "e"}
    assert filled(Options, table, "x") == Options("x", "t", 2.0, 3, True, ("a", "b"), {"a": "b"}, "e")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"colour": "red"}, "x has no setting 'colour'; it knows extra, hosts"),
        ({"rate": "fast"}, "rate of x is text, which does not fit"),
        ({"most": True}, "most of x"),
        ({"plain": 1}, "plain of x"),
        ({"hosts": "a"}, "hosts of x"),
        ({"words": {"a": 1}}, "words of x"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_and_never_shown(more: dict[str, object], words: str) -> None:
    with pytest.raises(Misconfigured, match=words):
        filled(Options, {"account": "x", "token": "t", **more}, "x")


def test_what_is_missing_is_asked_for() -> None:
    with pytest.raises(Misconfigured, match="x needs token"):
        filled(Options, {"account": "x"}, "x")


def test_secrets_and_paths_are_made_of_every_key_the_newest_first() -> None:
    new, old = FIRM.paths("email:sales")
    assert new.startswith("/in/email/")
    assert len(new) == len("/in/email/") + 40
    assert old != new
    assert FIRM.paths("email:help")[0] != new


def test_a_channel_that_is_restricted_in_the_country_is_off_unless_asked_for() -> None:
    from dataclasses import replace

    russian = replace(FIRM, region="RU")
    table = {"token": "t", "app_secrets": ["s"], "verify_token": "v", "page": "1"}
    assert open_account(Account("messenger", "", table), russian) is None


def test_an_account_that_is_not_set_up_takes_nothing() -> None:
    assert allowing({})("letters", Window(), 0).may is May.NOTHING
