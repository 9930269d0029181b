"""Leads of Tilda's sites: each form as a POST, with a number that is the same when it comes again; a probe is answered and kept nowhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from channels.base import Firm, Keep
from channels.callback import any_equal, plain
from channels.http import kept, read_body
from channels.leadfields import Sheet, answers_in
from channels.leads.imported import FormOptions, Imported, check_naming, check_secrets, digest
from channels.leads.posted import told, written
from crm.base.errors import Invalid
from crm.base.events import Event, RawEvent, Source, Unknown

MACHINERY = frozenset({"tranid", "formid", "formname", "cookies"})
"""What Tilda adds to every form, in small letters; no answers of anybody."""
_MARKS = "TILDAUTM"
DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class TildaOptions(FormOptions):
    """The forms of one site: where `keys` are given one of them must stand in the header `key_header` or in the field `key_field`; both are believed."""

    account: str
    keys: tuple[str, ...] = field(default=(), repr=False)
    title: str = "Tilda"
    key_header: str = "X-Api-Key"
    key_field: str = "api_key"


class Tilda(Imported):
    """A door for Tilda's webhooks."""

    def __init__(self, options: TildaOptions, firm: Firm) -> None:
        super().__init__(options.account, options.title, firm)
        self._options, self._naming = options, options.naming
        check_naming(options.account, self._naming)
        if options.keys:
            check_secrets(options.account, "keys", options.keys)

    async def take(self, request: web.Request, keep: Keep) -> web.Response:
        body = await read_body(request, limit=self._options.size, seconds=self._options.patience)
        try:
            found = told(body, request.headers.get("Content-Type", ""))
        except Invalid:
            found = None
        if not isinstance(found, dict):
            self.counts["unreadable"] += 1
            raise web.HTTPBadRequest
        given = [plain(found, self._options.key_field), request.headers.get(self._options.key_header, "")]
        found.pop(self._options.key_field, None)
        if found.get("test") == "test" and not any(value for name, value in found.items() if name.lower() not in {*MACHINERY, "test"}):
            self.counts["probed"] += 1
            return web.Response(text="ok")
        if self._options.keys and not any(any_equal(one, self._options.keys) for one in given):
            self.counts["refused"] += 1
            raise web.HTTPUnauthorized
        await kept(keep, [self._raw(found)], again=self._options.again)
        self.counts["kept"] += 1
        return web.Response(text="ok")

    def read(self, told: Mapping[str, object], raw: RawEvent) -> Event:
        """One form; the marks of the first visit stand in a cookie that Tilda sends where it is asked to."""
        answers = {name: value for name, value in told.items() if name.lower() not in MACHINERY}
        sheet = Sheet(answers_in(answers), self._naming)
        if sheet.empty():
            return Unknown("empty form", at=raw.received_at)
        marks = marks_in(plain(told, "COOKIES"))
        form = plain(told, "formname") or plain(told, "formid")
        return sheet.form(raw.key, raw.key, raw.received_at, Source(payload=form[:100], **marks))

    def _raw(self, found: dict[str, object]) -> RawEvent:
        if cookies := plain(found, "COOKIES"):  # whose browser it was is nobody's business here
            found["COOKIES"] = "; ".join(one.strip() for one in cookies.split(";") if one.strip().startswith(f"{_MARKS}="))
        now, body = self.firm.clock(), written(found)
        return self.kept_as(plain(found, "tranid") or digest(body + str(now // DAY).encode()), body, now)


def marks_in(cookies: str) -> dict[str, str]:
    """The UTM marks in Tilda's own cookie: "TILDAUTM=utm_source%3Dgoogle%7C%7C%7Cutm_medium%3Dcpc"."""
    named = dict(one.strip().partition("=")[::2] for one in cookies.split(";"))
    pairs = parse_qsl("&".join(unquote(unquote(named.get(_MARKS, ""))).split("|||"))[:4000], max_num_fields=50)
    known = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
    return {name: value[:500] for name, value in pairs if name in known}
