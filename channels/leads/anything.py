"""Leads from anything that can post: JSON or a form, one lead or a list, with fields called as people call them in five languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aiohttp import web

from channels.base import Firm, Keep
from channels.callback import any_equal, basic, bearer, moment, plain, signed
from channels.http import kept, read_body
from channels.leadfields import Naming, Sheet, answers_in
from channels.leads.imported import Imported, check_naming, check_secrets, digest
from channels.leads.posted import at, told, written
from crm.base.errors import Invalid, Misconfigured
from crm.base.events import Event, RawEvent, Source, Unknown

LISTS = ("leads", "data", "items", "entries", "submissions", "records", "results", "rows")
"""What a list of leads is called where nothing says where it stands."""
IDS = ("submission_id", "lead_id", "response_id", "entry_id", "uuid", "idempotency_key")
GUESSED = ("id", "event_id")
"""What may be the lead's number, and with others is that of their form or of their fair."""
MOST = 500
FORMS = ("form_id", "formid", "form", "form_name", "source")
"""What tells one form from another where several come to one door, each with numbers of its own."""
DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class LeadsOptions:
    """One source: all `secrets` are believed, so that they can change, as an HMAC-SHA256 of the body in `signature`, as a bearer or as a password.

    `signed` = the HMAC alone; `unproven` = the secret address is proof enough. `id` and `each` are dotted places: of what is the same when a lead comes
    again, and of a list of leads. `fields` lead from their names to ours ("contact.mobile" = "phone"; "-" leaves one out); `offers` is the box for
    offers and `offers_text` the words beside it. Sizes are bytes, times seconds.
    """

    account: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    title: str = "Leads"
    signature: str = "X-Signature"
    signed: bool = False
    unproven: bool = False
    id: str = ""
    each: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    offers: str = ""
    offers_text: str = ""
    origin: str = ""
    answer: str = '{"ok": true}'
    size: int = 1024 * 1024
    patience: float = 10.0
    again: int = 5


class Leads(Imported):
    """A door for leads of any shape."""

    def __init__(self, options: LeadsOptions, firm: Firm) -> None:
        super().__init__(options.account, options.title, firm)
        self._options, self._naming = options, Naming(options.fields, options.offers, options.offers_text)
        check_naming(options.account, self._naming)
        if not options.unproven:
            check_secrets(options.account, "secrets", options.secrets)
        elif options.secrets or options.signed:
            raise Misconfigured(f"{options.account}: unproven leaves no room for secrets")

    def read(self, told: Mapping[str, object], raw: RawEvent) -> Event:
        """One lead; what names nobody and says nothing is a look whether we are there."""
        sheet = Sheet(answers_in(told), self._naming)
        if sheet.empty():
            return Unknown("empty form", at=raw.received_at)
        when = min(moment(sheet.known.get("at", ""), self.firm.zone) or raw.received_at, raw.received_at)
        return sheet.form(raw.key, raw.key, when, Source(utm_source=self._options.origin))

    async def take(self, request: web.Request, keep: Keep) -> web.Response:
        body = await read_body(request, limit=self._options.size, seconds=self._options.patience)
        if not self._believed(body, request.headers):
            self.counts["refused"] += 1
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Basic"})
        try:
            found = told(body, request.headers.get("Content-Type", ""))
            events = self._events(found, body if isinstance(found, dict) and body.lstrip()[:1] == b"{" else b"", self.firm.clock())
        except Invalid:
            self.counts["unreadable"] += 1
            raise web.HTTPBadRequest from None
        if len(events) > MOST:
            raise web.HTTPRequestEntityTooLarge(max_size=MOST, actual_size=len(events))
        if events:
            await kept(keep, events, again=self._options.again)
        self.counts["kept"] += len(events)
        return web.Response(text=self._options.answer, content_type="application/json")

    def _believed(self, body: bytes, headers: Mapping[str, str]) -> bool:
        options = self._options
        if options.unproven:
            return True
        if mark := headers.get(options.signature, ""):
            return signed(body, mark, options.secrets)
        if options.signed:
            return False
        given = headers.get("Authorization", "")
        return any_equal(bearer(given) or basic(given).partition(":")[2], options.secrets)

    def _events(self, found: object, body: bytes, now: int) -> list[RawEvent]:
        """Each lead as an event of its own; `body` is that of a lone one, as it came. Raises Invalid where leads are wanted and something else stands."""
        listed = leads_in(found, self._options.each)
        if listed is None:
            assert isinstance(found, dict)
            return [self._raw(found, body or written(found), now)]
        return [self._raw(one, written(one), now) for one in listed]

    def _raw(self, lead: Mapping[str, object], body: bytes, now: int) -> RawEvent:
        """A lead under its own id, or by what it says and the day where it has none."""
        given = plain({"id": at(self._options.id, lead)}, "id") if self._options.id else first(lead, IDS) or guessed(lead)
        name = ":".join(filter(None, (first(lead, FORMS), given))) if given else digest(body + str(now // DAY).encode())
        return self.kept_as(name, body, now)


def leads_in(found: object, each: str) -> list[Mapping[str, object]] | None:
    """The leads of a list, wherever it stands; None = it is one lead. Raises Invalid for anything that holds no lead."""
    if each or isinstance(found, list):
        listed = at(each, found) if each else found
        if isinstance(listed, dict):
            listed = [listed]
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise Invalid("there is no list of leads")
        return listed
    if not isinstance(found, dict):
        raise Invalid("there is no lead")
    named = [value for name, value in found.items() if name in LISTS and isinstance(value, list) and value and all(_is_lead(one) for one in value)]
    return named[0] if len(named) == 1 else None


def _is_lead(one: object) -> bool:
    """Whether an object in a list is a lead by itself, and not one answer of a form."""
    return isinstance(one, dict) and not (len(one) <= 4 and any(name in one for name in ("value", "answer", "values")))


def guessed(lead: Mapping[str, object]) -> str:
    """What may be a lead's number, with what the lead answers: where every lead has the same, none is taken for another."""
    given = first(lead, GUESSED)
    return f"{given}:{digest(written([[one.names, one.value] for one in answers_in(lead)]))}" if given else ""


def first(lead: Mapping[str, object], names: Sequence[str]) -> str:
    """The first of these that a lead has, as words."""
    return next((one for name in names if (one := plain(lead, name))), "")
