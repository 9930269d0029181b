"""SMS through any operator with an HTTP gateway: how it is asked, how it answers and how it calls back are data in the options."""

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence

from aiohttp import web

from channels.base import Firm, Keep, Offsets
from channels.callback import moment
from channels.entries import digits_of, typed
from channels.sms.door import RECEIPT, Door
from channels.sms.line import Answered, Line
from channels.sms.options import SmsOptions
from channels.sms.shape import PATTERN, flat, nested, pattern
from channels.sms.verdicts import ACCOUNT, LATER, judge, meaning
from crm.base.errors import Misconfigured, NotFound
from crm.base.events import Arrival, Event, MediaRef, Message, RawEvent, Sender, Status, Unknown
from crm.base.outbound import (
    Health,
    Limits,
    OpenMedia,
    Outbound,
    Reason,
    Receipt,
    Say,
    Undeliverable,
    Unit,
    Window,
)
from crm.base.phones import normalise
from crm.base.sms import encoding_of, parts

__all__ = ["Sms", "SmsOptions"]

BODIES, METHODS = ("json", "form", "query"), ("GET", "POST", "PUT")
_ADDRESS = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


class Sms:
    """One account at an operator."""

    def __init__(self, options: SmsOptions, firm: Firm) -> None:
        _check(options)
        self._options, self._firm = options, firm
        self._line = Line(options.connect_seconds, options.send_seconds, options.user, options.password)
        self._trouble = ""
        self._door = Door(options, firm.paths(options.account), self._address, firm.clock)
        self._limits = Limits(
            text=options.parts,
            unit=Unit.SMS,
            caption=0,
            buttons=0,
            label=0,
            knows=frozenset({"sent", *options.states.values()}) - {Arrival.FAILED},
            account_rate=options.rate,
            chat_every=options.chat_every,
            needs_inbound=False,
            repeats=options.repeats,
            free=False,
        )

    @property
    def account(self) -> str:
        return self._options.account

    @property
    def title(self) -> str:
        return self._options.title

    async def open(self) -> None:
        """Open the way out."""
        await self._line.open()

    def limits(self, window: Window, now: int) -> Limits:
        """The same at all times: text alone, counted in parts, and each part costs."""
        return self._limits

    def entry(self, code: str, words: str = "") -> str:
        """The link that opens a phone's own messages with these words and a code, where we write from a number."""
        number = digits_of(self._options.sender)
        return f"sms:+{number}?body={typed(code, words)}" if number else ""

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Open the paths of receipts and of messages, where their fields are named."""
        return self._door.routes(keep)

    async def listen(self, offsets: Offsets) -> None:
        """Return at once: the operator comes to us."""

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        """Read one record of a callback: pure and total."""
        try:
            body = json.loads(raw.body)
            fields = {str(name): str(value) for name, value in body["fields"].items()}
            at = min(moment(fields.get("at", ""), self._firm.zone) or raw.received_at, raw.received_at)
            match body["what"]:
                case "receipt":
                    return [self._status(fields, at)]
                case "message":
                    return [self._message(fields, at, raw)]
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
            pass
        return [Unknown("unreadable", at=raw.received_at)]

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        """Ask the gateway once; errors as `Carrier.send` says."""
        said = await self._asked(self._values(address, fitting(address, outbound, self._options.parts)))
        try:
            receipt = judge(self._options, said.status, said.text, said.wait)
        except Undeliverable as error:
            self._trouble = error.detail if error.reason is Reason.ACCOUNT_PROBLEM else ""
            raise
        self._trouble = ""
        return receipt

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """Refuse: an SMS carries no files."""
        raise NotFound("an SMS carries no files")
        yield b""

    async def health(self) -> Health:
        """Tell whether the gateway took what it was last given."""
        facts = {name: str(count) for name, count in self._door.counts.items()}
        return Health(not self._trouble, f"the gateway refuses: {self._trouble}" if self._trouble else "the gateway takes what it is given", facts)

    async def close(self) -> None:
        """Close the connections."""
        await self._line.close()

    def _values(self, address: str, say: Say) -> dict[str, str]:
        """What the places of the templates are filled with."""
        options, path = self._options, self._firm.paths(self.account)[0]
        coding = options.coding.get(encoding_of(say.text).value, "")
        callback = f"{self._firm.public_url.rstrip('/')}{path}/{RECEIPT}" if self._firm.public_url else ""
        known = {"to": address, "digits": address[1:], "from": options.sender, "callback": callback}
        return {**known, "text": say.text, "ref": say.ref, "coding": coding}

    async def _asked(self, values: Mapping[str, str]) -> Answered:
        """One request to send; raises as `Line.ask` does."""
        options = self._options
        given = {"json": nested(options.fields, values)} if options.body == "json" else {_WAYS[options.body]: flat(options.fields, values)}
        return await self._line.ask(options.method, options.url, headers=options.headers, **given)

    def _address(self, number: str) -> str:
        """A number as the gateway writes it, in international form ("" = a short number or a name, which nobody can answer)."""
        return normalise(number, self._firm.region)

    def _status(self, fields: Mapping[str, str], at: int) -> Event:
        """A receipt; one in a state that means nothing to us is passed over."""
        state = {name.casefold(): value for name, value in self._options.states.items()}.get(fields.get("state", "").casefold(), "")
        ids, ref = tuple(filter(None, (fields.get("id", ""),))), fields.get("ref", "")
        if state not in frozenset(Arrival) or not (ids or ref):
            return Unknown("receipt", at=at)
        said = fields.get("error", "")
        verdict = meaning(self._options, 0, said) if state == Arrival.FAILED else ""
        reason = verdict if verdict in frozenset(Reason) else Reason.ACCOUNT_PROBLEM.value if verdict == ACCOUNT else Reason.REJECTED.value
        failed = (reason, said or fields.get("state", "")) if state == Arrival.FAILED else ("", "")
        return Status(Arrival(state), at, ids, ref, self._address(fields.get("number", "")), 0, *failed)

    def _message(self, fields: Mapping[str, str], at: int, raw: RawEvent) -> Event:
        """What a customer wrote; what comes from a name or a short number is nobody's who could be answered."""
        number = self._address(fields.get("number", ""))
        if not number:
            return Unknown("SMS from a short number", at=at)
        return Message(Sender(number, phone=number, proven=True), fields.get("id", "") or raw.key, fields.get("text", ""), at)


def fitting(address: str, outbound: Outbound, most: int) -> Say:
    """The words for a telephone; raises Undeliverable for no telephone number, for anything but words, for more than `most` parts."""
    if not _ADDRESS.fullmatch(address):
        raise Undeliverable(Reason.BAD_ADDRESS, "this is no telephone number")
    if not isinstance(outbound, Say) or outbound.media:
        raise Undeliverable(Reason.UNSUPPORTED, "SMS carries new words and nothing else")
    if not 0 < parts(outbound.text).parts <= most:
        raise Undeliverable(Reason.BAD_CONTENT, "an SMS has words, and not too many")
    return outbound


_WAYS = {"form": "data", "query": "params"}


def _check(options: SmsOptions) -> None:
    """Raise Misconfigured for options that cannot work, before anything is sent with them."""
    verdicts = {LATER, ACCOUNT, *(reason.value for reason in Reason)}
    reasons = (
        (not options.url.startswith(("http://", "https://")), "url must begin with https:// or http://"),
        (options.body not in BODIES, f"body is one of {', '.join(BODIES)}"),
        (options.method not in METHODS, f"method is one of {', '.join(METHODS)}"),
        (options.method == "GET" and options.body != "query", "a GET has a query"),
        (not any("{text}" in template for template in options.fields.values()), "fields must have {text} somewhere"),
        (not any(place in template for template in options.fields.values() for place in ("{to}", "{digits}")), "fields must have {to} or {digits} somewhere"),
        (bool(options.ok_at) != bool(options.ok), "ok_at and ok belong together"),
        (not 1 <= options.parts <= 20, "parts is between 1 and 20"),
        (not set(options.errors.values()) <= verdicts, f"errors lead to {', '.join(sorted(verdicts))}"),
        (not set(options.states.values()) <= {arrival.value for arrival in Arrival}, "states lead to sent, delivered, read, failed"),
        (bool(options.receipt) and not options.states, "receipt needs states"),
        (bool(options.inbound) and not {"number", "text"} <= set(options.inbound), "inbound needs number and text"),
        (bool(options.callback_secrets) != bool(options.callback_header), "callback_header and callback_secrets belong together"),
        (bool(options.callback_user) != bool(options.callback_passwords), "callback_user and callback_passwords belong together"),
    )
    for wrong, words in reasons:
        if wrong:
            raise Misconfigured(f"{options.account}: {words}")
    for place in (options.id_at, options.ok_at, options.error_at):
        if place.startswith(PATTERN):
            pattern(place)
