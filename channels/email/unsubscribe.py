"""The page that ends offers by mail: a POST acts, with a click of the reader or of their mail program, a GET only shows, since scanners follow links."""

import base64
import binascii
import hashlib
import hmac
import html
from collections.abc import Sequence

from aiohttp import web

from channels.base import Firm, Keep
from channels.email import mail as digests
from channels.email import threads
from channels.email.mail import Address, Mail
from channels.email.options import EmailOptions
from channels.email.threads import Purpose, Token
from channels.http import kept, read_body
from crm.base.events import RawEvent
from crm.base.i18n import Translator, translator

_BODY = 4096
_MINUTE = 60_000
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{company}</title>
<style>body{{font:18px/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1.25rem;color:#1d1d1f;background:#fff}}
button{{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:.5rem;background:#1d1d1f;color:#fff}}
@media(prefers-color-scheme:dark){{body{{color:#f5f5f7;background:#1d1d1f}}button{{background:#f5f5f7;color:#1d1d1f}}}}</style></head>
<body><p>{words}</p>{form}</body></html>
"""


class Leaving:
    """One mailbox's page; its addresses are signed, so that nobody ends what is another's."""

    def __init__(self, options: EmailOptions, firm: Firm) -> None:
        self._options, self._firm = options, firm

    def page(self, address: str) -> str:
        """Where somebody ends the offers to their address; "" where nobody can come to us."""
        if not self._firm.public_url:
            return ""
        return f"{self._firm.public_url.rstrip('/')}{self._firm.paths(self._options.account)[0]}/{self._signed(address)}"

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Open the page under each path that is believed."""

        async def act(request: web.Request) -> web.Response:
            return await self._act(request, keep)

        paths = [f"{path}/{{token}}" for path in self._firm.paths(self._options.account)]
        return [route for path in paths for route in (web.get(path, self._show), web.post(path, act))]

    async def _show(self, request: web.Request) -> web.Response:
        address, tr = self._address(request), self._translator(request)
        words = tr("Do you want no more offers from {company} at {address}?", company=self._firm.name, address=address)
        return self._answer(tr, words, f'<form method="post"><button>{html.escape(tr.button("No more offers"))}</button></form>')

    async def _act(self, request: web.Request, keep: Keep) -> web.Response:
        address, tr = self._address(request), self._translator(request)
        await read_body(request, limit=_BODY)
        await kept(keep, [self.event(address, self._firm.clock())])
        return self._answer(tr, tr("Done. There will be no more offers at {address}.", address=address), "")

    def event(self, address: str, now: int) -> RawEvent:
        """Somebody wants no more, written down as the mail to our address for that would be."""
        account, once = self._options.account, f"{address}:{now // _MINUTE}"
        made = hashlib.sha256(f"{account}:{once}".encode()).hexdigest()[:32]
        to = threads.address(self._options.address, Token("", "", Purpose.UNSUBSCRIBE), self._firm.keys[0])
        mail = Mail(mark=made, authors=(Address(address),), to=(Address(to),), subject="List-Unsubscribe=One-Click", date=now)
        return RawEvent(account, f"leave:{made}", f"{account}:{address}", digests.write(mail), now, same=made.encode())

    def _answer(self, tr: Translator, words: str, form: str) -> web.Response:
        page = _PAGE.format(language=tr.language, company=html.escape(self._firm.name), words=html.escape(words), form=form)
        return web.Response(text=page, content_type="text/html", headers=_HEADERS)

    def _translator(self, request: web.Request) -> Translator:
        wanted = [part.partition(";")[0].strip().lower()[:2] for part in request.headers.get("Accept-Language", "").split(",")[:10]]
        return translator(next((one for one in wanted if one in self._firm.languages), self._firm.languages[0]))

    def _signed(self, address: str) -> str:
        told = base64.urlsafe_b64encode(address.encode()).decode().rstrip("=")
        return f"{told}.{self._seals(address)[0]}"

    def _seals(self, address: str) -> tuple[str, ...]:
        return tuple(seal[:32] for seal in self._firm.derived("mail leave", self._options.account, address))

    def _address(self, request: web.Request) -> str:
        """Whose offers are meant; raises 404 for an address that we did not make."""
        told, _, seal = request.match_info["token"].partition(".")
        try:
            address = base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)).decode()
        except (binascii.Error, ValueError):
            raise web.HTTPNotFound from None
        if not any(hmac.compare_digest(seal.encode("utf-8", "replace"), one.encode()) for one in self._seals(address)):
            raise web.HTTPNotFound
        return address
