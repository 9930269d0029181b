"""Says things for one bot: into a chat that has just been opened, as the answer it waits for, or by the API."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from channels.payload import Json
from channels.viber.door import Welcomes
from channels.viber.options import NAME_MOST, ViberOptions
from channels.viber.parse import ADDRESS, token
from channels.viber.say import SHARES, Body, called, keyboard, plain, shown, sort_of, unshared, worded, words_with
from channels.viber.seals import Seals, SharedFile
from channels.viber.verdicts import NO_BALANCE, NO_FREE, NO_WEBHOOK, OLD_CLIENT, UNFIT_CLIENT, Refused, billed
from channels.viber.wire import Wire, written
from crm.base.outbound import Media, Outbound, Reason, Receipt, Say, Typing, Undeliverable
from crm.base.time import DAY


@dataclass(frozen=True, slots=True)
class Voice:
    """How one bot speaks: as whom, with which marks, and where its files can be fetched ("" = nowhere)."""

    options: ViberOptions
    seals: Seals
    name: str
    files: str
    clock: Callable[[], int]


class Speaker:
    """Sends; `trouble` says in words what our own account lacks ("" = nothing), `counts` what was billed; `hurry` has the webhook set again."""

    def __init__(self, wire: Wire, voice: Voice, welcomes: Welcomes, hurry: Callable[[], None]) -> None:
        self._wire, self._voice, self._welcomes, self._hurry = wire, voice, welcomes, hurry
        self.counts: Counter[str] = Counter()
        self.trouble = ""

    async def send(self, address: str, outbound: Outbound) -> Receipt:
        """One message; errors as `Carrier.send` says."""
        if not ADDRESS.fullmatch(address):
            raise Undeliverable(Reason.BAD_ADDRESS, "not an id of Viber's")
        if isinstance(outbound, Typing):
            return Receipt(())
        if not isinstance(outbound, Say):
            raise Undeliverable(Reason.UNSUPPORTED, "Viber changes nothing that was sent")
        body = self._body(address, outbound)
        if self._welcomes.hand(address, lambda: written(body, self._voice.options.request_kb)):
            return Receipt(())
        try:
            told = await self._asked(address, outbound, body)
        except Refused as refused:
            self._note(refused)
            raise
        self.trouble = ""
        self.counts["billed"] += billed(told)
        return Receipt(tuple(filter(None, (token(told),))))

    async def _asked(self, address: str, say: Say, body: Body) -> Json:
        """Once, and once more without what a client is too old for."""
        try:
            return await self._wire.post("send_message", {"receiver": address, **body})
        except Refused as refused:
            if body["min_api_version"] < SHARES or refused.status not in (OLD_CLIENT, UNFIT_CLIENT):
                raise
        return await self._wire.post("send_message", {"receiver": address, **self._body(address, unshared(say))})

    def _body(self, address: str, say: Say) -> Body:
        options, seals = self._voice.options, self._voice.seals
        if not say.media:
            return {**self._around(address, say), **worded(say, address, seals, options.label)}
        if len(say.text) > words_with(say.media, options):
            raise Undeliverable(Reason.BAD_CONTENT, "this file carries no words here, or not so many")
        return {**self._around(address, say), **self._file(say.media, plain(say)), **keyboard(say, address, seals, options.label)}

    def _around(self, address: str, say: Say) -> Body:
        """What every message has."""
        options = self._voice.options
        who = {"name": (options.name or self._voice.name)[:NAME_MOST], **({"avatar": options.avatar} if options.avatar else {})}
        marked = self._voice.seals.answer(address, say.ref)
        return {"min_api_version": 1, "sender": who, **({"tracking_data": marked} if marked else {})}

    def _file(self, media: Media, words: str) -> Body:
        voice, name = self._voice, called(media)
        if not voice.files:
            raise Undeliverable(Reason.UNSUPPORTED, "a file needs a public address to be fetched from")
        sort = sort_of(media, voice.options)
        until = voice.clock() + round(voice.options.file_days * DAY)
        sealed = voice.seals.file(SharedFile(media.attachment_id, media.size, until, name))
        return shown(media, sort, f"{voice.files}/{sealed}/{quote(name, safe='')}", name, words)

    def _note(self, refused: Refused) -> None:
        if refused.status == NO_WEBHOOK:
            self._hurry()
        if refused.reason is Reason.ACCOUNT_PROBLEM:
            self.trouble = f"Viber refuses to send for us: {refused.detail}"
        if refused.status in (NO_FREE, NO_BALANCE):
            self.trouble = "nothing is left to pay for messages after the free day: customers are answered only while it lasts"
