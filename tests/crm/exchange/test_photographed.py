"""Cards as hands in a hurry take them: askew, out of focus, in poor light and from any side; what cannot be read says what to do."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bots.staff.capture import page
from crm.base.events import MediaKind, MediaRef
from crm.base.i18n import translator
from crm.exchange import capturing
from crm.exchange.captures import CaptureKind, CaptureState
from tests.crm.exchange.photographed import Picture, aside, blurred, noisy, opened, tilted
from tests.crm.exchange.stand import Stand
from tests.crm.exchange.test_capture import CARDS, NAMES, PHONES, readers, seen, sending

TAKEN: dict[str, Callable[[Picture], Picture]] = {
    "askew": lambda card: tilted(card, 5),
    "askew, blurred and grey": lambda card: noisy(blurred(tilted(card, -4), 1), 20),
    "blurred": lambda card: blurred(card, 2),
    "on its side": aside,
    "on its head": lambda card: aside(aside(card)),
}


async def taken(stand: Stand, picture: Picture, folder: Path) -> capturing.View:
    """What was read of a picture."""
    sending(stand, picture.write(folder / "card").read_bytes())
    number = await stand.do(capturing.open_file, CaptureKind.CARD, MediaRef(MediaKind.PHOTO, "ref"))
    await stand.work()
    return await seen(stand, number)


@readers
@pytest.mark.parametrize("way", sorted(TAKEN))
async def test_a_card_is_read_however_it_was_taken(stand: Stand, tmp_path: Path, way: str) -> None:
    view = await taken(stand, TAKEN[way](opened(CARDS / "en.png")), tmp_path)
    assert view.state is CaptureState.ASKED
    assert (view.draft.name.casefold(), view.draft.phones) == (NAMES["en"].casefold(), (PHONES["en"],))
    assert "northwind" in view.draft.emails[0]


@readers
async def test_what_nobody_could_read_says_how_to_take_it(stand: Stand, tmp_path: Path) -> None:
    view = await taken(stand, noisy(opened(CARDS / "en.png"), 80), tmp_path)
    assert view.state is CaptureState.UNREADABLE
    post = page(translator("en"), view)
    assert "once more: from above, near, in good light" in post.text
    assert [key.label for row in post.keys for key in row] == ["Type it myself", "Leave it"]
