"""What brings us something proves itself by a secret, whatever it says."""

import pytest

from channels.callback import any_equal, bearer


@pytest.mark.parametrize("given", ["\ud800", "open-sesame\udc80", ""])
def test_half_a_character_is_no_secret_and_breaks_nothing(given: str) -> None:
    assert not any_equal(given, ("open-sesame", "ոչ"))


@pytest.mark.parametrize("secret", ["open-sesame", "ոչ", "🔑"])
def test_any_of_the_secrets_is_believed_in_every_script(secret: str) -> None:
    assert any_equal(bearer(f"Bearer {secret}"), ("open-sesame", "ոչ", "🔑"))
