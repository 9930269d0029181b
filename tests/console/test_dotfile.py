"""The settings file: what is written is what is read, and foreign lines stay."""

import io
import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from console import dotfile
from console.environment import Environment
from crm.base.errors import Misconfigured

EXAMPLE = Path(__file__).parents[2] / ".env.example"
NAMES = st.sampled_from(["COMPANY_NAME", "A", "HTTP_PORT", "X_1"])
VALUES = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))).filter(lambda words: "${" not in words)


@given(old=st.dictionaries(NAMES, VALUES), new=st.dictionaries(NAMES, VALUES))
def test_what_is_written_is_what_is_read(old: dict[str, str], new: dict[str, str]) -> None:
    text = dotfile.merged(dotfile.merged("# first\n", old), new)
    assert dotenv_values(stream=io.StringIO(text)) == {**old, **new}
    assert dotfile.unreadable_lines(text) == []
    assert text.startswith("# first\n")


def test_a_value_of_many_lines_and_windows_ends_stay() -> None:
    text = "KEY='one\ntwo'\r\n\r\nHTTP_PORT=1\r\nlast=2"
    assert dotfile.merged(text, {"HTTP_PORT": "8"}) == "KEY='one\ntwo'\r\n\r\nHTTP_PORT=8\nlast=2\n"


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("A=1\n")
    (tmp_path / ".env").symlink_to("real")
    dotfile.write(tmp_path / ".env", "A=2\n")
    assert (tmp_path / ".env").is_symlink()
    assert (tmp_path / "real").read_text() == "A=2\n"
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o600


def test_a_write_that_fails_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\n")
    with pytest.raises(UnicodeEncodeError):
        dotfile.write(tmp_path / ".env", "A=2\nB=\ud800\n")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(".env", "A=1\n")]
    with pytest.raises(Misconfigured, match=r"gone/\.env cannot be written"):
        dotfile.write(tmp_path / "gone" / ".env", "A=2\n")


def test_a_file_that_is_no_text_is_refused_with_words(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff\xfe\n")
    with pytest.raises(Misconfigured, match="UTF-8"):
        dotfile.text_of(tmp_path / ".env")


def test_the_example_names_every_setting_with_its_default_and_a_comment() -> None:
    defaults = {name.upper(): getattr(Environment(), name) for name in Environment.__dataclass_fields__}
    assert dotfile.values(EXAMPLE) == defaults
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    bare = [line for above, line in zip(["", *lines], lines, strict=False) if "=" in line and line[0] != "#" and not above.startswith("# ")]
    assert bare == []


def test_no_secret_is_in_the_words_of_the_settings() -> None:
    told = repr(Environment(customer_bot_token="1:canary", staff_bot_token="2:canary", telegram_proxy="http://u:canary@host"))
    assert "canary" not in told
