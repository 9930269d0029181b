"""The door that Meta brings things to: handshake, signature, secrets that change, sizes, repeats; and what the channel is made of."""

import json

import pytest

from channels.accounts import filled
from channels.messenger import Instagram, InstagramOptions, Messenger, MessengerOptions
from crm.base.errors import Busy, Misconfigured
from crm.base.events import Message
from crm.base.outbound import May, Reason, Say, Undeliverable, Unit, Window
from tests.channels.messenger.stand import ACCOUNT, APP, FIXTURES, MADE, PAGE, World, channel, firm, world
from tests.channels.pretended import Stored

HOUR, DAY = 3_600_000, 86_400_000
NOW = 1_767_000_000_000
TEXT = (FIXTURES / "messenger" / "text.json").read_bytes()


async def greeted(site: World, **asked: str) -> tuple[int, str]:
    async with site.http.get(site.hook, params={name.replace("_", ".", 1): value for name, value in asked.items()}) as answer:
        return answer.status, await answer.text()


async def test_the_handshake_says_the_word_back_to_who_knows_ours() -> None:
    async with world("messenger") as site:
        word = site.channel.words[0]
        assert await greeted(site, hub_mode="subscribe", hub_verify_token=word, hub_challenge="1158201444") == (200, "1158201444")
        assert (await greeted(site, hub_mode="subscribe", hub_verify_token="another", hub_challenge="1"))[0] == 403
        assert (await greeted(site))[0] == 403


async def test_a_word_from_the_settings_is_used_in_the_handshake() -> None:
    async with world("instagram", verify_token="plum jam") as site:
        assert (await greeted(site, hub_mode="subscribe", hub_verify_token="plum jam", hub_challenge="7"))[0] == 200


async def test_what_is_signed_is_kept_before_it_is_answered_and_once() -> None:
    async with world("messenger") as site:
        assert [await site.post(TEXT), await site.post(TEXT)] == [200, 200]
        assert [raw.key for raw in site.inbox.events] == ["message:m_text-Xy7"]


@pytest.mark.parametrize("header", ["", "sha256=", "sha256=00", "sha1=abc", "0" * 64, "sha256=" + "é" * 64])
async def test_a_bad_mark_is_refused_and_nothing_is_kept(header: str) -> None:
    async with world("messenger") as site:
        assert await site.post(TEXT, **{"X-Hub-Signature-256": header}) == 401
        assert await site.post(TEXT, secret="another secret") == 401
        assert site.inbox.events == []
        assert (await site.channel.health()).facts["refused"] == "2"


async def test_the_mark_is_that_of_the_bytes_and_not_of_what_they_mean() -> None:
    async with world("messenger") as site:
        spaced = json.dumps(json.loads(TEXT), indent=7).encode()
        assert await site.post(spaced) == 200
        async with site.http.post(site.hook, data=spaced, headers={"Content-Type": "application/json", "X-Hub-Signature-256": mark(TEXT, site)}) as answer:
            assert answer.status == 401


def mark(body: bytes, site: World) -> str:
    from sandbox.messenger.courier import signature

    return f"sha256={signature(site.site.secret, body)}"


async def test_both_secrets_are_believed_while_one_is_changed() -> None:
    async with world("messenger", app_secrets=("the new one", "lamp-app-secret")) as site:
        assert await site.post(TEXT, secret="the new one") == 200
        assert await site.post(b'{"object":"page","entry":[]}', secret="lamp-app-secret") == 200
        assert await site.post(TEXT, secret="the oldest") == 401


async def test_a_body_too_large_packed_or_of_another_type_is_refused() -> None:
    async with world("messenger", body_mb=1) as site:
        assert await site.post(b" " * (1024 * 1024 + 1)) == 413
        assert await site.post(TEXT, **{"Content-Encoding": "identity, gzip"}) == 415
        assert await site.post(TEXT, **{"Content-Type": "text/plain"}) == 415
        assert site.inbox.events == []


async def test_a_full_waiting_list_is_said_and_the_platform_brings_it_again() -> None:
    async with world("messenger") as site:
        site.inbox.failures = [Busy(), Busy()]
        site.hands.say("ani", "Hello?")
        (event,) = await site.heard(1)
        assert isinstance(event, Message)
        assert event.text == "Hello?"


async def test_nobody_finds_the_door_by_guessing() -> None:
    async with world("messenger") as site:
        assert await site.post(TEXT, path=site.hook[:-1]) == 404


@pytest.mark.parametrize("kind", MADE)
def test_the_window_decides_what_may_go(kind: str) -> None:
    page = channel(kind)
    heard = Window(last_inbound_at=NOW)
    inside, late = page.limits(heard, NOW + DAY - 1), page.limits(heard, NOW + DAY)
    over = page.limits(heard, NOW + 7 * DAY)
    assert (inside.may, inside.late, inside.offers) == (May.ANYTHING, False, True)
    assert (late.may, late.late, late.offers) == (May.PERSONAL, True, False)
    assert (over.may, over.late, over.offers) == (May.TEMPLATE if kind == "messenger" else May.NOTHING, False, False)
    assert all(one.windows and one.needs_inbound for one in (inside, late, over))


@pytest.mark.parametrize("kind", MADE)
def test_a_longer_session_keeps_the_window_open_and_never_heard_is_closed(kind: str) -> None:
    page = channel(kind)
    assert page.limits(Window(NOW, NOW + 5 * DAY), NOW + 5 * DAY - 1).may is May.ANYTHING
    assert page.limits(Window(), NOW).may in (May.TEMPLATE, May.NOTHING)


def test_without_leave_for_tag_and_templates_nothing_goes_after_the_window() -> None:
    page = channel("messenger", human_agent=False, utility=False)
    assert page.limits(Window(NOW), NOW + DAY).may is May.NOTHING


def test_lengths_are_characters_in_messenger_and_bytes_on_instagram() -> None:
    here, there = channel("messenger").limits(Window(), 0), channel("instagram").limits(Window(), 0)
    assert (here.text, here.unit, here.caption, here.buttons, here.label) == (2000, Unit.CHARACTERS, 0, 13, 20)
    assert (there.text, there.unit) == (1000, Unit.BYTES)
    assert here.knows == {"sent", "delivered", "read"}
    assert there.knows == {"sent", "read"}


def test_numbers_the_platform_may_change_are_settings() -> None:
    limits = channel("messenger", text=500, rate=7.5, chat_every=2.0, chat_burst=1, upload_mb=3).limits(Window(), 0)
    assert (limits.text, limits.account_rate, limits.chat_every, limits.chat_burst, limits.media_size) == (500, 7.5, 2.0, 1, 3 * 1024 * 1024)


@pytest.mark.parametrize("address", ["", "ani", "-5", "12 34", "comment:", "comment:1__2", "comment:abc", "\x00", "9" * 65, "٣٤٥"])
async def test_what_is_no_address_is_refused_without_the_network(address: str) -> None:
    page = channel("messenger")
    with pytest.raises(Undeliverable) as refused:
        await page.send(address, Say("hello"), Stored({}))
    assert refused.value.reason is Reason.BAD_ADDRESS
    await page.close()


def test_settings_come_from_a_table_and_secrets_are_not_shown() -> None:
    table = {"account": "messenger:shop", "id": PAGE, "app": APP, "token": "EAATOKEN", "app_secrets": ["jam"], "rate": 20}
    options = filled(MessengerOptions, table, "messenger:shop")
    made = Messenger(options, firm())
    assert (made.account, made.title, made.off_in) == ("messenger:shop", "Messenger", frozenset({"RU"}))
    assert "EAATOKEN" not in repr(options)
    assert "jam" not in repr(options)
    other = filled(InstagramOptions, {**table, "account": "instagram", "id": ACCOUNT}, "instagram")
    assert (other.text, other.ad_days, other.utility) == (1000, 0.0, False)
    assert Instagram(other, firm()).title == "Instagram"


@pytest.mark.parametrize(
    "wrong", [{"id": "lampshop"}, {"app": ""}, {"token": ""}, {"app_secrets": ()}, {"app_secrets": ("",)}, {"api_base": "http://graph.example"}]
)
def test_settings_that_cannot_be_are_refused_at_once(wrong: dict[str, object]) -> None:
    with pytest.raises(Misconfigured):
        channel("messenger", **wrong)


async def test_health_tells_what_is_wrong_without_asking() -> None:
    page = Messenger(MessengerOptions(PAGE, APP, "T", ("s",)), firm(public_url=""))
    health = await page.health()
    assert (health.ok, health.words) == (False, "no public https address, so Meta cannot bring messages")
    assert (await channel("instagram").health()).ok
