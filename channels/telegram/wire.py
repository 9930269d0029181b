"""The way to the Bot API through aiogram: its methods, forms, uploads and session; answers come back as Telegram wrote them.

This module is loaded in a thread at the first use, because aiogram takes seconds to import. aiogram's own reading of answers is left out: it would refuse
answers it does not know, and drop the status a refusal came with. The token stands in every address, so no library error leaves this file.
"""

import importlib.util
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.methods import GetFile, GetUpdates, TelegramMethod
from aiohttp import ClientConnectorError, ClientError, ClientHttpProxyError, ClientTimeout, ConnectionTimeoutError

from channels.telegram.hook import KINDS
from channels.telegram.verdicts import PAUSE, Refused, Unreadable, judge
from crm.base.errors import Misconfigured
from crm.base.outbound import Reason, RetryLater, Uncertain

if TYPE_CHECKING:
    from channels.telegram import TelegramOptions

_NOT_LEFT = (ClientConnectorError, ConnectionTimeoutError, ClientHttpProxyError)


class Wire:
    """One bot's connection; it opens itself at the first call."""

    def __init__(self, options: "TelegramOptions") -> None:
        api = TelegramAPIServer.from_base(options.api_base) if options.api_base else PRODUCTION
        self._options = options
        self._session = AiohttpSession(api=api, proxy=_socks(options.proxy))
        self._proxy = None if _socks(options.proxy) else options.proxy or None
        self._bot = Bot(options.token, session=self._session)

    async def call(self, method: TelegramMethod[Any], seconds: float) -> object:
        """The `result` of one method, within `seconds`; raises RetryLater, Undeliverable or Uncertain."""
        form = self._session.build_form_data(self._bot, method)
        url = self._session.api.api_url(self._options.token, method.__api_method__)
        timeout = ClientTimeout(total=seconds, connect=self._options.connect_seconds)
        http = await self._session.create_session()
        try:
            async with http.post(url, data=form, timeout=timeout, proxy=self._proxy, allow_redirects=False) as answer:
                status, body = answer.status, await answer.read()
        except _NOT_LEFT as error:
            raise RetryLater(PAUSE, account=True) from _bare(error)
        except (ClientError, TimeoutError, OSError) as error:
            raise Uncertain(f"no answer: {type(error).__name__}") from None
        return judge(status, body)

    async def updates(self, offset: int) -> list[object]:
        """What is new since `offset`, waiting for it up to the poll's length; an update that cannot be read comes as the bytes of its answer."""
        try:
            return await self._updates(offset, 100)
        except Unreadable:
            pass
        try:
            return await self._updates(offset, 1)
        except Unreadable as damaged:
            if not damaged.body.rstrip().endswith(b"}"):
                raise  # cut off on the way: the next try may bring it whole
            return [damaged.body]

    async def _updates(self, offset: int, most: int) -> list[object]:
        ask = GetUpdates(offset=offset or None, limit=most, timeout=self._options.poll_seconds, allowed_updates=list(KINDS))
        found = await self.call(ask, self._options.poll_seconds + self._options.send_seconds)
        return found if isinstance(found, list) else []

    async def download(self, file_id: str, most: int) -> AsyncIterator[bytes]:
        """A file's bytes, cut off with a refusal after `most`; a reading can be repeated, so a broken one is RetryLater."""
        try:
            file = await self.call(GetFile(file_id=file_id), self._options.send_seconds)
        except Uncertain:
            raise RetryLater(PAUSE) from None
        path = file.get("file_path") if isinstance(file, dict) else None
        if not isinstance(path, str):
            raise Refused(Reason.BAD_CONTENT, "Telegram names no place for the file", 400)
        try:
            async for chunk in self._stream(path, most):
                yield chunk
        except (ClientError, TimeoutError, OSError) as error:
            raise RetryLater(PAUSE) from _bare(error)

    async def _stream(self, path: str, most: int) -> AsyncIterator[bytes]:
        url, seen = self._session.api.file_url(self._options.token, path), 0
        timeout = ClientTimeout(total=self._options.upload_seconds, connect=self._options.connect_seconds)
        http = await self._session.create_session()
        async with http.get(url, timeout=timeout, proxy=self._proxy, allow_redirects=False) as answer:
            if answer.status == 429 or answer.status >= 500:
                raise RetryLater(PAUSE)
            if answer.status != 200:
                raise Refused(Reason.BAD_CONTENT, "the file is no longer there", answer.status)
            async for chunk in answer.content.iter_chunked(65536):
                seen += len(chunk)
                if seen > most:
                    raise Refused(Reason.BAD_CONTENT, "file is too big", 400)
                yield chunk

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()


def _socks(proxy: str) -> str | None:
    if not proxy.startswith("socks"):
        return None
    if importlib.util.find_spec("aiohttp_socks") is None:
        raise Misconfigured("a SOCKS proxy needs the package aiohttp-socks; an http:// proxy needs nothing more")
    return proxy


def _bare(error: BaseException) -> Exception:
    """The kind of an error without its words: they may hold the address, and so the token."""
    return ConnectionError(type(error).__name__)
