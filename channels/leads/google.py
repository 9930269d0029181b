"""Leads of Google Ads' own forms: one JSON each, proven by a key in it that the firm has chosen; Google tells a lead again until it is taken.

Fields by Google's own description of its webhook: `lead_id` is the same when a lead comes again, `is_test` marks what the button in the form's
settings sends, and an answer has the field's id beside the question as people read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from channels.base import Firm, Keep
from channels.callback import any_equal, moment, plain
from channels.http import kept
from channels.leadfields import Sheet, answers_in
from channels.leads.imported import FormOptions, Imported, check_naming, check_secrets, digest
from channels.leads.posted import written
from channels.payload import parts
from crm.base.events import Event, RawEvent, Source, Unknown

TEST = "test:"
KEY = "google_key"


@dataclass(frozen=True, slots=True)
class GoogleAdsOptions(FormOptions):
    """The forms of one Google Ads account: all `keys` are believed, so that one can be changed while leads come."""

    account: str
    keys: tuple[str, ...] = field(repr=False)
    title: str = "Google Ads form"


class GoogleAds(Imported):
    """A door for Google Ads."""

    def __init__(self, options: GoogleAdsOptions, firm: Firm) -> None:
        super().__init__(options.account, options.title, firm)
        self._options, self._naming = options, options.naming
        check_naming(options.account, self._naming)
        check_secrets(options.account, "keys", options.keys)

    async def take(self, request: web.Request, keep: Keep) -> web.Response:
        told = await self.object_in(request, self._options)
        if not any_equal(plain(told, KEY), self._options.keys):
            self.counts["refused"] += 1
            raise web.HTTPUnauthorized
        del told[KEY]
        await kept(keep, [self._raw(told)], again=self._options.again)
        self.counts["tests" if told.get("is_test") is True else "kept"] += 1
        return web.json_response({})

    def read(self, told: Mapping[str, object], raw: RawEvent) -> Event:
        """One lead; what the button in the form's settings sends is counted and is nobody."""
        if told.get("is_test") is True:
            return Unknown("test lead", at=raw.received_at)
        columns = [one for one in parts(told, "user_column_data") if "string_value" in one]
        sheet = Sheet(answers_in({"answers": columns}), self._naming)
        if sheet.empty():
            return Unknown("empty form", at=raw.received_at)
        when = min(moment(told.get("lead_submit_time"), self.firm.zone) or raw.received_at, raw.received_at)
        click = plain(told, "gcl_id")
        source = Source(
            utm_source="google",
            utm_medium="lead form",
            utm_campaign=plain(told, "campaign_id"),
            utm_content=plain(told, "creative_id"),
            page=f"gclid={click}"[:500] if click else "",
        )
        return sheet.form(raw.key, raw.key, when, source)

    def _raw(self, told: Mapping[str, object]) -> RawEvent:
        """The lead without the key, which nobody has to read here."""
        body = written(told)
        name = plain(told, "lead_id") or digest(body)
        return self.kept_as(TEST + name if told.get("is_test") is True else name, body, self.firm.clock())
