"""Ready answers: written once, found by a slash and a word, read whole before they leave, in the customer's language."""

import pytest

from crm.base.actors import Role
from crm.base.db import Session, Store
from crm.base.errors import Invalid
from crm.base.settings import Company
from crm.conversations import snippets
from crm.conversations.snippets import Snippet
from crm.people.contacts import Contact
from crm.sales.pipelines import found_pipeline, pipelines, stages_of
from tests.bots.staff.firm import Message, ask, firm, labels, press, toast
from tests.bots.staff.office import Office


@pytest.fixture
def company() -> Company:
    return firm()


def words(message: Message) -> str:
    return str(message["text"]).replace("\u2068", "").replace("\u2069", "")


async def written(office: Office, word: str, text: str) -> Message:
    """Ruben writes a ready answer by its word and its words."""
    await ask(office, "ruben", "/snippets")
    await office.press("ruben", await office.last("ruben"), "A new one")
    await ask(office, "ruben", word)
    return await ask(office, "ruben", text)


async def asked(office: Office, said: str) -> Message:
    """Ruben replies to Ann's card."""
    await office.show()
    card = await office.find("ruben", "Ann Lee")
    await office.say("ruben", said, reply_to=card["message_id"])
    await office.settle()
    return await office.last("ruben")


async def test_a_ready_answer_is_written_and_sent_by_its_word_with_the_customers_name(office: Office) -> None:
    await office.member("ruben")
    one = await written(office, "/Price", "A table costs 90,000 dram, {name}.")
    assert "💬 /Price" in words(one)
    await office.letter("How much?")
    look = await asked(office, "/price")
    assert "A table costs 90,000 dram, Ann Lee." in words(look)
    assert office.letters.texts == []
    sent = await press(office, "ruben", look, "Send")
    assert "on its way to Ann Lee" in words(sent)
    assert office.letters.texts == ["A table costs 90,000 dram, Ann Lee."]
    await office.press("ruben", look, "Undo")
    assert await toast(office) == "It has left already."
    assert "Sent 1 time." in words(await shown(office, "/Price"))


async def shown(office: Office, label: str) -> Message:
    return await press(office, "ruben", await ask(office, "ruben", "/snippets"), label)


async def test_the_customers_language_is_used_where_there_are_words_in_it(office: Office) -> None:
    await office.member("ruben")
    await written(office, "hours", "We are open from 9 to 18.")
    one = await shown(office, "/hours")
    one = await press(office, "ruben", one, "In another language")
    assert labels(one) == ["Հայերեն", "ქართული", "አማርኛ", "Русский", "All ready answers"]
    await office.press("ruben", one, "Հայերեն")
    one = await ask(office, "ruben", "Բաց ենք 9-ից 18-ը։")
    assert "English: We are open" in words(one)
    assert "Հայերեն: Բաց ենք" in words(one)
    await office.letter("When?")
    assert "We are open from 9 to 18." in words(await asked(office, "/hours"))
    await office.store.write(lambda s: s.query(Contact).update({"language": "hy"}))
    assert "Բաց ենք 9-ից 18-ը։" in words(await asked(office, "/hours"))
    await office.store.write(lambda s: s.query(Contact).update({"language": "ka"}))
    assert "Բաց ենք" in words(await asked(office, "/hours"))  # the firm's first language, where there are no words in theirs


@pytest.mark.parametrize("word", ["/գին", "/gin", "/Գ"])
async def test_a_word_is_found_in_any_script_and_by_its_beginning(office: Office, word: str) -> None:
    await office.member("ruben")
    await written(office, "գին", "90,000 dram")
    await office.letter("How much?")
    assert "90,000 dram" in words(await asked(office, word))


async def test_what_newer_words_overtook_is_asked_about_before_it_leaves(office: Office) -> None:
    await office.member("ruben")
    await written(office, "price", "90,000 dram")
    await office.letter("How much?")
    look = await asked(office, "/price")
    await office.letter("No, chairs!")
    await office.show()
    await office.press("ruben", look, "Send")
    assert "wrote more before you answered" in words(await office.last("ruben"))
    assert office.letters.texts == []


async def test_a_reply_to_the_preview_says_it_in_other_words(office: Office) -> None:
    await office.member("ruben")
    await written(office, "price", "90,000 dram")
    await office.letter("How much?")
    look = await asked(office, "/price")
    await office.say("ruben", "For you 80,000", reply_to=look["message_id"])
    await office.settle()
    assert office.letters.texts == ["For you 80,000"]


async def test_several_that_fit_are_offered_and_an_unknown_word_gets_help(office: Office) -> None:
    await office.member("ruben")
    await written(office, "delivery", "Two days.")
    await written(office, "deliveries", "On Fridays.")
    await office.letter("When?")
    offer = await asked(office, "/deliv")
    assert labels(offer) == ["/deliveries", "/delivery", "Cancel"]
    look = await press(office, "ruben", offer, "/delivery")
    assert "Two days." in words(await office.last("ruben")) or "Two days." in words(look)
    assert "/inbox" in words(await asked(office, "/nonsense"))


async def test_those_of_the_deals_stage_and_the_most_used_come_first(office: Office) -> None:
    await office.member("ruben")
    for word in ("a", "b", "c"):
        await written(office, word, f"Words of {word}.")

    def stage(s: object) -> None:
        found_pipeline(s, "en", now=1)  # type: ignore[arg-type]
        [one] = pipelines(s)  # type: ignore[arg-type]
        first = stages_of(s, one.id)[0]  # type: ignore[arg-type]
        s.query(Snippet).filter_by(word="c").update({"stage_id": first.id})  # type: ignore[attr-defined]
        s.query(Snippet).filter_by(word="b").update({"uses": 5})  # type: ignore[attr-defined]

    await office.store.write(stage)
    await office.letter("Hello")
    assert labels(await asked(office, "/snippets")) == ["/b", "/a", "/c", "Cancel"]


async def test_what_cannot_be_used_is_said_and_a_snippet_is_taken_out_of_use_and_back(office: Office) -> None:
    await office.member("ruben")
    assert "There is no field" in words(await written(office, "x", "Dear {nobody}"))
    one = await ask(office, "ruben", "Dear {name}")
    assert "Dear {name}" in words(one)
    one = await press(office, "ruben", one, "Not needed any more")
    await office.letter("Hello")
    assert "/inbox" in words(await asked(office, "/x"))
    await press(office, "ruben", one, "Bring back")
    assert "Dear Ann Lee" in words(await asked(office, "/x"))


async def test_what_is_out_of_use_is_listed_brought_back_or_erased_for_good(office: Office) -> None:
    await office.member("ruben")
    await written(office, "price", "90,000 dram")
    assert "Not needed any more" not in labels(await ask(office, "ruben", "/snippets"))
    await press(office, "ruben", await shown(office, "/price"), "Not needed any more")
    listed = await press(office, "ruben", await ask(office, "ruben", "/snippets"), "Not needed any more")
    assert labels(listed) == ["/price", "All ready answers"]
    one = await press(office, "ruben", await press(office, "ruben", listed, "/price"), "Bring back")
    assert "Change the words" in labels(one)
    one = await press(office, "ruben", await press(office, "ruben", one, "Not needed any more"), "Erase for good")
    assert "This cannot be undone" in words(one)
    assert "90,000 dram" in words(await press(office, "ruben", one, "Keep"))
    one = await press(office, "ruben", await press(office, "ruben", one, "Erase for good"), "Erase for good")
    assert ("no ready answers yet" in words(one), await toast(office)) == (True, "Erased.")
    assert await office.store.read(lambda s: s.query(Snippet).count()) == 0


async def test_the_lists_have_at_most_eight_buttons(office: Office) -> None:
    rep = await office.member("ruben")

    def fill(session: Session) -> None:
        for number in range(20):
            made = snippets.write(session, rep, f"w{number}", "en", "Hello", now=1)
            snippets.set_active(session, rep, made.id, number % 2 == 0, now=2)

    await office.store.write(fill)
    page = await ask(office, "ruben", "/snippets")
    assert (len(labels(page)), labels(page)[-1]) == (8, "More")
    more = await press(office, "ruben", page, "More")
    assert set(labels(page)) & set(labels(more)) == {"A new one", "Not needed any more", "More"}
    ended = await press(office, "ruben", more, "Not needed any more")
    assert (len(labels(ended)), labels(ended)[-1]) == (8, "More")


async def test_one_in_use_is_not_erased_and_one_that_is_gone_is_gone(office: Office, store: Store) -> None:
    rep = await office.member("ruben")
    made = await store.write(lambda s: snippets.write(s, rep, "x", "en", "Hello", now=1))
    with pytest.raises(Invalid):
        await store.write(lambda s: snippets.forget(s, rep, made.id, now=2))
    await store.write(lambda s: snippets.set_active(s, rep, made.id, False, now=3) and None)
    for _ in range(2):
        await store.write(lambda s: snippets.forget(s, rep, made.id, now=4))
    assert await store.read(lambda s: s.query(Snippet).count()) == 0


async def test_a_trainee_uses_them_and_writes_none(office: Office) -> None:
    await office.member("ruben")
    await written(office, "price", "90,000 dram")
    await office.member("nune", Role.TRAINEE)
    post = await ask(office, "nune", "/snippets")
    await office.press("nune", post, "A new one")
    assert "may not" in str(await toast(office))
    assert await office.store.read(lambda s: s.query(Snippet).count()) == 1


@pytest.mark.parametrize("word", ["cena", "Цена", "/cena"])
async def test_a_word_in_use_shows_whose_it_is_and_replaces_nothing(office: Office, word: str) -> None:
    await office.member("ruben")
    await written(office, "цена", "90,000 dram")
    await ask(office, "ruben", "/snippets")
    await office.press("ruben", await office.last("ruben"), "A new one")
    one = await ask(office, "ruben", word)
    assert "calls a ready answer already" in words(one)
    assert "90,000 dram" in words(one)
    assert "Change the words" in labels(one)
    assert await office.store.read(lambda s: s.query(Snippet).count()) == 1


@pytest.mark.parametrize(("word", "said"), [("👍", "letters or figures"), ("lead", "/lead is a command"), ("/Cancel this", "/cancel is a command")])
async def test_a_word_that_could_not_call_it_is_refused_at_once(office: Office, word: str, said: str) -> None:
    await office.member("ruben")
    await ask(office, "ruben", "/snippets")
    await office.press("ruben", await office.last("ruben"), "A new one")
    assert said in words(await ask(office, "ruben", word.removeprefix("/")))
    assert "Type what /price says" in words(await ask(office, "ruben", "price"))


async def test_only_what_is_in_use_counts_against_how_many_there_may_be(office: Office, store: Store) -> None:
    rep = await office.member("ruben")

    def fill(session: Session) -> None:
        for number in range(snippets.KEPT_MOST):
            made = snippets.write(session, rep, f"w{number}", "en", "Hello", now=1)
        snippets.set_active(session, rep, made.id, False, now=2)
        snippets.write(session, rep, "one more", "en", "Hello", now=3)

    await store.write(fill)
    with pytest.raises(Invalid):
        await store.write(lambda s: snippets.write(s, rep, "too many", "en", "Hello", now=4))
    last = await store.read(lambda s: snippets.snippet_of(s, rep, f"w{snippets.KEPT_MOST - 1}"))
    assert last
    with pytest.raises(Invalid):
        await store.write(lambda s: snippets.set_active(s, rep, last.id, True, now=5))
