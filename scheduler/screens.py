"""Screens: a visitor's window may be open on one node while another node sends; a hint has all nodes look."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, cast, runtime_checkable

from crm.base.db import Store
from crm.base.outbound import Carrier, Limits, OpenMedia, Outbound, Receipt, Window

PREFIX = "screen:"


@runtime_checkable
class Shows(Protocol):
    """A channel that shows threads on screens of its own."""

    def stir(self, addresses: Iterable[str]) -> None: ...


class Screens:
    """The screens of all channels: here they are stirred at once, other nodes get a hint and stir theirs."""

    def __init__(self, store: Store, channels: Mapping[str, object]) -> None:
        self._store, self._channels = store, channels
        store.wakes.follow(PREFIX, self._hinted)

    def stir(self, threads: set[tuple[str, str]]) -> None:
        """These threads (account, address) have something new to show."""
        shown = {(account, address) for account, address in threads if isinstance(self._channels.get(account), Shows)}
        for account, address in shown:
            self._here(account, address)
        self._store.hint({topic(account, address) for account, address in shown})

    def announcing(self, channels: Iterable[Any]) -> list[Any]:
        """The same carriers; what goes to screens is hinted to other nodes too."""
        return [Announced(cast(Carrier, channel), self._store) if isinstance(channel, Shows) else channel for channel in channels]

    def _hinted(self, words: str) -> None:
        account, _, address = words.removeprefix(PREFIX).partition(":")
        self._here(account, address)

    def _here(self, account: str, address: str) -> None:
        channel = self._channels.get(account)
        if isinstance(channel, Shows):
            channel.stir([address])


class Announced:
    """The same carrier; what it has sent is hinted to the screens on other nodes."""

    def __init__(self, carrier: Carrier, store: Store) -> None:
        self._carrier, self._store = carrier, store

    @property
    def account(self) -> str:
        """The account it sends for."""
        return self._carrier.account

    async def open(self) -> None:
        """Opens what it stands before."""
        await self._carrier.open()

    def limits(self, window: Window, now: int) -> Limits:
        """What the platform allows."""
        return self._carrier.limits(window, now)

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        """Send one thing."""
        receipt = await self._carrier.send(address, outbound, open_media)
        self._store.hint({topic(self.account, address)})
        return receipt


def topic(account: str, address: str) -> str:
    """The hint that a thread has something new to show."""
    return f"{PREFIX}{account}:{address}"
