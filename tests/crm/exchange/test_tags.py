"""Tags in lists: brought in by a column, only those that are not there, taken back with the list, given out again, and forgotten with the person."""

from sqlalchemy import select

from crm.exchange.people_csv import people_header, people_page
from crm.people.contacts import Contact
from crm.people.sight import EVERYTHING
from crm.people.tags import Tag, tag, tags_of
from tests.crm.exchange.stand import Stand
from tests.crm.exchange.test_erasure import holding, met
from tests.crm.exchange.test_forgotten import erased

LIST = b"Name;Phone;Tags\nAnna;091 12 34 56;VIP, wholesale\nBagrat;091 222222;#old #shop\n"


async def words(stand: Stand) -> list[tuple[str, str]]:
    return await stand.store.read(lambda s: [(row.name, row.word) for row in s.execute(select(Contact.name, Tag.word).join(Tag).order_by(Tag.id))])


async def test_a_column_of_tags_is_guessed_and_brought_in(stand: Stand) -> None:
    await stand.bring(LIST)
    assert await words(stand) == [("Anna", "vip"), ("Anna", "wholesale"), ("Bagrat", "old"), ("Bagrat", "shop")]
    again = await stand.bring(LIST)
    assert {outcome for _, outcome, _ in await stand.outcomes(again)} == {"same"}


async def test_only_new_words_come_and_go_with_their_list(stand: Stand) -> None:
    await stand.bring(LIST)
    before = await stand.dump()
    number = await stand.bring(b"Phone;Tags\n091123456;vip;\n091222222;gold\n")
    assert ("Bagrat", "gold") in await words(stand)
    assert [outcome for _, outcome, _ in await stand.outcomes(number)] == ["same", "filled"]
    await stand.undo(number)
    assert await stand.dump() == before


async def test_a_list_that_is_taken_back_leaves_no_tags(stand: Stand) -> None:
    number = await stand.bring(LIST)
    await stand.undo(number)
    assert await words(stand) == []
    assert await stand.people() == []


async def test_who_was_tagged_by_hand_since_stays(stand: Stand) -> None:
    number = await stand.bring(LIST)
    anna = await stand.store.read(lambda s: s.scalars(select(Contact.id).where(Contact.name == "Anna")).one())
    await stand.store.write(lambda s: tag(s, stand.who, anna, "mine", now=stand.now))
    await stand.undo(number)
    assert [name for name, _ in await stand.people()] == ["Anna"]


async def test_the_sheet_of_people_has_their_tags(stand: Stand) -> None:
    await stand.bring(LIST)
    header, fields = await stand.store.read(people_header)
    page = await stand.store.read(lambda s: people_page(s, 0, 10, fields, EVERYTHING, "UTC"))
    assert [cells[header.index("tags")] for _, cells in page] == ["vip, wholesale", "old, shop"]


async def test_tags_are_forgotten_with_the_person(stand: Stand) -> None:
    number = await met(stand)
    await stand.store.write(lambda s: tag(s, stand.who, number, "tagunique", now=stand.now))
    await erased(stand, number)
    assert await stand.store.read(lambda s: holding(s, "tagunique")) == []
    assert await stand.store.read(lambda s: tags_of(s, [number])[number]) == ()
