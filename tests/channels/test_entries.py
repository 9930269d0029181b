"""Ways in: each account's own link with a code, the public pages a name means, a post on one of them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from channels.email.channel import Email
from channels.email.options import EmailOptions
from channels.entries import digits_of, typed, ways
from channels.sms import Sms, SmsOptions
from channels.telegram import Telegram, TelegramOptions
from channels.webchat import Webchat, WebchatOptions
from channels.webchat.lines import Line
from crm.base.outbound import Button, Delete, Reason, Say, Undeliverable
from tests.channels.messenger.stand import channel as page
from tests.channels.messenger.stand import firm
from tests.channels.telegram_world import opened_world
from tests.channels.whatsapp.stand import channel as whatsapp

CODE = "k7f3q2ab"


async def no_history(address: str, after: int) -> Sequence[Line]:
    return []


@asynccontextmanager
async def no_media(number: int) -> AsyncIterator[AsyncIterator[bytes]]:
    raise FileNotFoundError(number)
    yield


def telegram(username: str = "marani_bot") -> Telegram:
    return Telegram(TelegramOptions("1:A", username=username))


def test_each_channel_says_its_own_link() -> None:
    number = whatsapp()
    number.watch.number = "+374 91 234-567"
    channels = {
        "telegram": telegram(),
        "whatsapp": number,
        "messenger": page("messenger"),
        "instagram": page("instagram", username="marani"),
        "sms": Sms(SmsOptions("sms", "https://gateway.example", sender="+37491234567", fields={"to": "{to}", "text": "{text}"}), firm()),
        "email": Email(EmailOptions("shop@marani.example", password="p", imap_host="i.example", smtp_host="s.example"), firm()),
        "webchat": Webchat(WebchatOptions(Path("/nowhere"), ("*", "https://marani.example")), no_history, no_media),
    }
    assert ways(channels).links(CODE, "Oak table") == {  # type: ignore[arg-type]
        "telegram": f"https://t.me/marani_bot?start={CODE}",
        "whatsapp": f"https://wa.me/37491234567?text=Oak%20table%20%23{CODE}",
        "messenger": f"https://m.me/102290129340398?ref={CODE}",
        "instagram": f"https://ig.me/m/marani?ref={CODE}",
        "sms": f"sms:+37491234567?body=Oak%20table%20%23{CODE}",
        "email": f"mailto:shop@marani.example?subject=Oak%20table%20%23{CODE}",
        "webchat": f"https://marani.example/#dragoman={CODE}",
    }


def test_a_channel_that_does_not_know_its_name_yet_says_no_link() -> None:
    assert ways({"telegram": telegram(""), "whatsapp": whatsapp(), "instagram": page("instagram")}).links(CODE, "") == {}


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("@marani_shop", "@marani_shop"),
        (" https://t.me/marani_shop/ ", "@marani_shop"),
        ("t.me/marani_shop", "@marani_shop"),
        ("marani_shop", ""),
        ("@a b", ""),
        ("https://t.me/+AbCdEf", ""),
        ("@1shop", ""),
    ],
)
def test_a_page_is_named_as_its_platform_names_it(said: str, address: str) -> None:
    assert ways({"telegram": telegram()}).boards(said).get("telegram", "") == address


@pytest.mark.parametrize(("number", "digits"), [("+374 91 234567", "37491234567"), ("MARANI", ""), ("(374) 91-234567", ""), ("", "")])
def test_a_sender_that_is_no_number_has_no_digits(number: str, digits: str) -> None:
    assert digits_of(number) == digits


def test_what_is_typed_keeps_every_script_and_mark() -> None:
    assert typed(CODE, "Սեղան & աթոռ") == "%D5%8D%D5%A5%D5%B2%D5%A1%D5%B6%20%26%20%D5%A1%D5%A9%D5%B8%D5%BC%20%23" + CODE


async def test_a_post_stands_in_a_channel_that_let_the_bot_in_and_is_taken_down_there() -> None:
    async with opened_world() as world:
        await world.http.post(f"{world.url}/play/people/@marani/admit", json={"bot": "customer"})
        receipt = await world.telegram.send("@marani", Say("Tables!", buttons=((Button("Write to us", url="https://t.me/x?start=1"),),)), no_media)
        chat = f"{world.url}/play/people/@marani/chat?bot=customer"
        [post] = (await (await world.http.get(chat)).json())["messages"]
        assert (post["text"], post["buttons"][0][0]["url"]) == ("Tables!", "https://t.me/x?start=1")
        await world.telegram.send("@marani", Delete(receipt.ids[0]), no_media)
        assert (await (await world.http.get(chat)).json())["messages"] == []


async def test_a_channel_that_did_not_let_the_bot_in_refuses_the_post_for_good() -> None:
    async with opened_world() as world:
        with pytest.raises(Undeliverable) as nowhere:
            await world.telegram.send("@nobody", Say("Tables!"), no_media)
        await world.http.post(f"{world.url}/play/people/@marani/admit", json={"bot": "customer", "allowed": False})
        with pytest.raises(Undeliverable) as outside:
            await world.telegram.send("@marani", Say("Tables!"), no_media)
    assert nowhere.value.reason is Reason.BAD_ADDRESS
    assert outside.value.reason in (Reason.BLOCKED, Reason.REJECTED)
