"""An export for whoever sees phones only masked: no phone in any name, no file that may show one, and numbers of ours as they are."""

import zipfile

import pytest
from sqlalchemy import update

from crm.base.db import Session
from crm.base.masks import hushed
from crm.exchange import exports
from crm.exchange.sheets import cell
from crm.people.companies import Company
from crm.people.contacts import Contact
from crm.people.sight import EVERYTHING, Sight
from tests.conftest import NOON
from tests.crm.exchange.stand import Stand
from tests.crm.exchange.test_erasure import made
from tests.crm.exchange.test_export import PHONE, exported, sheet, worked
from tests.crm.exchange.test_forgotten import second


@pytest.mark.parametrize("points", [True, False])
async def test_files_that_people_sent_are_for_those_who_see_phones(stand: Stand, points: bool) -> None:
    (stand.folder / "media").mkdir()
    (stand.folder / "media" / "abc").write_bytes(b"a photo of a business card")
    actor = await second(stand, points=points)
    await stand.store.write(lambda session: exports.ask(session, actor, files=True, now=stand.now))
    await stand.work()
    with zipfile.ZipFile(await made(stand)) as book:
        assert ("media/abc" in book.namelist()) is points
        readme = book.read("README.txt").decode()
    assert [words in readme for words in ("people.csv", "everything/*.jsonl", "media/", "masked")] == [True, points, points, not points]


async def test_a_phone_beside_a_name_is_masked_in_the_sheet_of_people(stand: Stand) -> None:
    await worked(stand)

    def named(session: Session) -> None:
        session.add(Company(id=900, name=f"Oak {PHONE}", folded="", created_at=NOON))
        session.execute(update(Contact).values(name=f"Ann {PHONE}", company_id=900))

    await stand.store.write(named)
    book = await exported(stand, points=False)
    assert [name for name, words in book.items() if "91700711" in words] == []
    [ann] = sheet(book, "people")
    assert (ann["name"][:3], ann["company"][:3]) == ("Ann", "Oak")


@pytest.mark.parametrize("gap", [" ", "\u00a0", "\u2009", "\u202f", "\u2011", "\u2013", "-"])
def test_a_phone_is_masked_whatever_stands_between_its_digits(gap: str) -> None:
    assert "700" not in hushed(f"ring 091{gap}700{gap}711")


def test_numbers_of_ours_are_no_phones_and_an_instant_is_a_time() -> None:
    masked = Sight(points=False)
    assert cell("orders", "number", "2026-0007", "UTC", masked) == "2026-0007"
    assert cell("documents", "number", "Q-2026-0003", "UTC", masked) == "Q-2026-0003"
    assert cell("conversations", "waiting_since", NOON, "UTC", EVERYTHING) == "2025-11-25 12:00:00"
    assert cell("conversations", "waiting_since", 0, "UTC", EVERYTHING) == ""
