"""Calling somebody spam at the desk: a running deal stands in the way, and the words say what to do."""

from crm.base.actors import Role
from tests.bots.staff.office import Office
from tests.bots.staff.test_deals import deal_of, same


async def test_whoever_has_a_running_deal_is_called_spam_only_after_it(office: Office) -> None:
    await office.member("ruben", Role.REP)
    await deal_of(office)
    card = await office.find("ruben", "Ann Lee")
    await office.say("ruben", "/lead", reply_to=card["message_id"])
    await office.settle()
    post = await office.last("ruben")
    await office.press("ruben", post, "Spam")
    await office.press("ruben", await same(office, "ruben", post), "In my own words")
    await office.say("ruben", "sells us links")
    await office.settle()
    refused = await office.last("ruben")
    assert "A deal with them still runs." in str(refused["text"])
    await office.press("ruben", refused, "💼 Deal")
    assert "The deals of" in str((await office.last("ruben"))["text"])
