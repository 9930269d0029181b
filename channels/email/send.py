"""Handing mails over by SMTP: one connection, used again while it is fresh; what is not known afterwards is looked for once among what was sent."""

import asyncio
import re
import secrets
import time
from asyncio import WriteTransport
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import cast

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectResponseError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)
from aiosmtplib.protocol import SMTPProtocol

from channels.base import Firm
from channels.email.answers import PAUSE, Stage, refused
from channels.email.box import Broken, Denied, Refused
from channels.email.compose import File, Letter, Writer
from channels.email.copies import Copies
from channels.email.line import connect, enter, tls
from channels.email.oauth import Keyring, Unanswered, Ungranted
from channels.email.options import PLAIN, STARTTLS, TLS, EmailOptions
from channels.email.signing import key_of, signed
from channels.email.unsubscribe import Leaving
from crm.base.errors import DragomanError, Misconfigured
from crm.base.outbound import OpenMedia, Outbound, Reason, Receipt, RetryLater, Say, Typing, Uncertain, Undeliverable

FRESH = 20.0
_CHUNK = 65_536
_DOT = re.compile(rb"(?m)^\.")
_LOST = (SMTPException, OSError, TimeoutError)
_UNREADABLE = (OSError, LookupError, ValueError, DragomanError)


class Sender:
    """Sends for one mailbox, a mail at a time."""

    def __init__(self, options: EmailOptions, firm: Firm, keyring: Keyring, leaving: Leaving) -> None:
        self._options, self._firm, self._keyring, self._leaving = options, firm, keyring, leaving
        self._writer = Writer(options, firm.name, firm.keys[0])
        self._turn = asyncio.Lock()
        self._client: SMTP | None = None
        self._used_at = 0.0
        self._bare = ""
        self._copies = Copies(options, keyring)
        self._trouble, self._told_at = "", float("-inf")

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        """Send one mail; errors as `Carrier.send` says."""
        match outbound:
            case Say():
                letter = await self._letter(address, outbound, open_media)
                async with self._turn:
                    await self._deliver(letter)
                return Receipt((letter.message_id,))
            case Typing():
                return Receipt(())
            case _:
                raise Undeliverable(Reason.UNSUPPORTED, "a mail that was sent stays as it is")

    async def _letter(self, address: str, say: Say, open_media: OpenMedia) -> Letter:
        edge = f"=_{secrets.token_hex(16)}" if say.media else secrets.token_hex(16)
        if say.unsubscribe and not say.unsubscribe.startswith("http"):
            say = replace(say, unsubscribe=self._leaving.page(address.lower()) or say.unsubscribe)
        files = await self._files(say, open_media)
        letter = await asyncio.to_thread(self._writer.letter, address, say, files, self._firm.clock(), edge)
        if not self._options.dkim_key:
            return letter
        try:
            raw = await asyncio.to_thread(lambda: signed(letter.raw, self._options, key_of(self._options)))
        except Misconfigured as error:
            raise Undeliverable(Reason.ACCOUNT_PROBLEM, str(error)) from None
        return Letter(letter.sender, letter.recipient, letter.message_id, raw)

    async def _files(self, say: Say, open_media: OpenMedia) -> list[File]:
        if say.media is None:
            return []
        if say.media.size > self._options.media_size:
            raise Undeliverable(Reason.BAD_CONTENT, "the file is too big for a mail")
        content = bytearray()
        try:
            async with open_media(say.media.attachment_id) as chunks:
                async for chunk in chunks:
                    content += chunk
                    if len(content) > self._options.media_size:
                        raise Undeliverable(Reason.BAD_CONTENT, "the file is too big for a mail")
        except _UNREADABLE:
            raise Undeliverable(Reason.BAD_CONTENT, "the file cannot be opened") from None
        return [File(say.media.name or say.media.kind.value, say.media.mime, bytes(content))]

    async def _deliver(self, letter: Letter) -> None:
        """Hand a mail over; whatever goes wrong, the connection is not used again."""
        done = False
        try:
            client = await self._connected()
            await self._envelope(client, letter)
            await self._content(client, letter)
            self._copies.add(letter.raw)
            self._used_at, done = time.monotonic(), True
        finally:
            if not done:
                self._drop()

    async def _connected(self) -> SMTP:
        """A connection that is logged in; one that stood a moment ago is asked whether it still does."""
        if self._client and time.monotonic() - self._used_at < FRESH:
            with suppress(*_LOST):
                await self._client.rset()
                return self._client
        self._drop()
        try:
            self._client = await self._entered()
        except Undeliverable as refused:
            self._note(f"the server for sending refuses: {refused.detail}")
            raise
        except RetryLater:
            self._note("the server for sending cannot be reached")
            raise
        self._note("")
        return self._client

    def _note(self, trouble: str) -> None:
        self._trouble, self._told_at = trouble, time.monotonic()

    async def _entered(self) -> SMTP:
        """A new connection; where a token is refused, with another, since a token may end before its time."""
        try:
            return await self._opened()
        except Undeliverable as denied:
            if not self._options.oauth_refresh or denied.reason is not Reason.ACCOUNT_PROBLEM:
                raise
        self._keyring.forget()
        return await self._opened()

    async def _opened(self) -> SMTP:
        options, context = self._options, tls(self._options) if self._options.smtp_security != PLAIN else None
        at_once = options.smtp_security == TLS
        client = SMTP(hostname=options.smtp_host, local_hostname=options.domain, timeout=options.answer, use_tls=at_once, start_tls=False, tls_context=context)
        ready = False
        try:
            async with judged(Stage.GREETING, account=True):
                await client.connect(sock=await connect(options.smtp_host, options.smtp_port, options.connect))
                if options.smtp_security == STARTTLS:
                    await client.starttls(tls_context=context)
            await self._login(client)
            ready = True
        finally:
            if not ready:
                client.close()
        return client

    async def _login(self, client: SMTP) -> None:
        try:
            access = await self._keyring.access()
        except Ungranted as error:
            raise Undeliverable(Reason.ACCOUNT_PROBLEM, f"the provider gives no token: {error}") from None
        except Unanswered:
            raise RetryLater(PAUSE, account=True) from None
        async with judged(Stage.LOGIN, account=True):
            if access.token:
                await client.auth_xoauth2(self._options.user, access.secret)
            else:
                await client.login(self._options.user, access.secret)

    async def _envelope(self, client: SMTP, letter: Letter) -> None:
        """From whom, to whom, how big."""
        sized = client.supports_extension("size")
        most = client.esmtp_extensions.get("size", "")
        if most.isdigit() and 0 < int(most) < len(letter.raw):
            raise Undeliverable(Reason.BAD_CONTENT, f"the mail is bigger than the {int(most) // 1_000_000} MB the server takes")
        how = [f"SIZE={len(letter.raw)}"] if sized else []
        async with judged(Stage.SENDER):
            try:
                await client.mail(self._bare or letter.sender, options=how, timeout=self._options.answer)
            except SMTPSenderRefused as no:
                if letter.sender == self._options.address or not isinstance(refused(Stage.SENDER, no.code, no.message), Undeliverable):
                    raise
                # Some providers take no other sender than the mailbox itself.
                await client.mail(self._options.address, options=how, timeout=self._options.answer)
                self._bare = self._options.address
        async with judged(Stage.RECIPIENT):
            await client.rcpt(letter.recipient, timeout=self._options.answer)

    async def _content(self, client: SMTP, letter: Letter) -> None:
        """The mail itself: until its last dot has left, it was certainly not sent."""
        async with judged(Stage.BODY):
            start = await client.execute_command(b"DATA", timeout=self._options.answer)
        if start.code != 354:
            raise refused(Stage.BODY, start.code, start.message)
        protocol, transport = client.protocol, client.transport
        if protocol is None or transport is None:
            raise RetryLater(PAUSE)
        async with judged(Stage.BODY):
            await _written(protocol, cast(WriteTransport, transport), _DOT.sub(b"..", letter.raw), self._options.answer)
            protocol.write(b".\r\n")
        try:
            answer = await protocol.read_response(timeout=self._options.answer)
        except _LOST:
            await self._look_for(letter)
            return
        if answer.code != 250:
            raise refused(Stage.BODY, answer.code, answer.message)

    async def _look_for(self, letter: Letter) -> None:
        """Look once whether the mail lies among what was sent; raises Uncertain where it does not, since the copy may come later."""
        self._drop()
        try:
            found = await self._lies_in_sent(letter.message_id)
        except (Broken, Denied, Refused, Ungranted, Unanswered):
            found = False
        if not found:
            raise Uncertain("the server did not say whether it took the mail")

    async def _lies_in_sent(self, message_id: str) -> bool:
        access = await self._keyring.access()
        line = await enter(self._options, access.secret, token=access.token)
        try:
            folder = self._options.sent_folder or await line.do(line.box.sent_folder)
            if not folder:
                return False
            await line.do(line.box.choose, folder)
            return await line.do(line.box.has, message_id)
        finally:
            line.close()

    async def trouble(self) -> str:
        """What is wrong with the way out, in words ("" = nothing); the server is asked only where its last answer is old, since it counts logins."""
        if time.monotonic() - self._told_at >= self._options.look:
            async with self._turn:
                with suppress(RetryLater, Undeliverable):
                    await self._connected()
                    self._used_at = time.monotonic()
        return self._trouble

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client:
            client.close()

    async def close(self) -> None:
        """Let go of the connections."""
        self._drop()
        await self._copies.close()


async def _written(protocol: SMTPProtocol, transport: WriteTransport, content: bytes, seconds: float) -> None:
    """Write until all but what the system holds has left, so that a line that broke meanwhile is noticed before the last dot."""
    transport.set_write_buffer_limits(0)
    for start in range(0, len(content), _CHUNK):
        async with asyncio.timeout(seconds):
            protocol.write(content[start : start + _CHUNK])
            await protocol._drain_helper()


@asynccontextmanager
async def judged(stage: Stage, *, account: bool = False) -> AsyncIterator[None]:
    """Turn what the library raises into one of the closed set; all of it happens before the last dot, so nothing was sent."""
    try:
        yield
    except (SMTPAuthenticationError, SMTPConnectResponseError, SMTPRecipientRefused, SMTPSenderRefused, SMTPResponseException) as error:
        raise refused(stage, error.code, error.message) from None
    except (OSError, TimeoutError):
        raise RetryLater(PAUSE, account=account) from None
    except (SMTPException, ValueError) as error:
        raise Undeliverable(Reason.ACCOUNT_PROBLEM, f"the mail server cannot do what it has to: {type(error).__name__}") from None
