"""Saying things on WhatsApp: a file goes up first and is said by its id, buttons become words where WhatsApp will not have them."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from channels.graph import Graph, Later, Refused
from channels.payload import Json, parts, text
from channels.whatsapp import say as bodies
from channels.whatsapp.say import Body, Sizes
from channels.whatsapp.verdicts import MEDIA_LOST
from crm.base.outbound import (
    ApprovedTemplate,
    Media,
    OpenMedia,
    Outbound,
    React,
    Reason,
    Receipt,
    RetryLater,
    Say,
    Typing,
    Uncertain,
    Undeliverable,
)
from crm.base.time import DAY

_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Manner:
    """How we speak: from which number, what stands on the button that opens a list, how large files may be, how long an uploaded one is kept (days)."""

    phone_number: str
    list_label: str = "☰"
    sizes: Sizes = field(default_factory=Sizes)
    file_days: int = 29


class Speaker:
    """Says things for one number; remembers what is up already and who wrote last, and can forget both without harm."""

    def __init__(self, graph: Graph, manner: Manner, clock: Callable[[], int]) -> None:
        self._graph, self._manner, self._clock = graph, manner, clock
        self._files: dict[tuple[int, str], tuple[str, int]] = {}
        self._heard: dict[str, str] = {}

    def heard(self, address: str, message: str) -> None:
        """Note a person's newest message: typing is shown as an answer to it."""
        self._heard.pop(address, None)
        self._heard[address] = message
        _bounded(self._heard)

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        """One message; errors as `Carrier.send` says."""
        to = bodies.to(address)
        match outbound:
            case Say():
                return await self._say(to, outbound, open_media)
            case ApprovedTemplate():
                return await self._post({**to, **bodies.around(outbound.ref), **bodies.template(outbound)})
            case React():
                return await self._post({**to, **bodies.reaction(outbound)})
            case Typing():
                return await self._typing(address)
            case _:
                raise Undeliverable(Reason.UNSUPPORTED, "WhatsApp does not let a business change or take back what it sent")

    async def _say(self, to: Body, say: Say, open_media: OpenMedia) -> Receipt:
        to = {**to, **bodies.around(say.ref, say.reply_to)}
        if say.media:
            return await self._file(to, say, say.media, open_media)
        with_buttons = bodies.chosen(say, self._manner.list_label)
        if with_buttons is None:
            return await self._post({**to, **bodies.text(bodies.spelled(say, bodies.TEXT))})
        try:
            return await self._post({**to, **with_buttons})
        except Refused as refused:
            if refused.reason is not Reason.BAD_CONTENT:
                raise
        return await self._post({**to, **bodies.text(bodies.spelled(say, bodies.TEXT))})

    async def _file(self, to: Body, say: Say, media: Media, open_media: OpenMedia) -> Receipt:
        """By the id it has from before, else by upload; an id that is no longer known is given up once."""
        type_ = bodies.shown_as(media, bool(say.text or say.buttons), self._manner.sizes)
        known = self._known(media, type_)
        if known:
            try:
                return await self._post({**to, **self._filed(say, media, type_, known)})
            except (Refused, Later) as no:
                if no.problem.code not in MEDIA_LOST:
                    raise
            self._files.pop((media.attachment_id, type_), None)
        return await self._post({**to, **self._filed(say, media, type_, await self._upload(media, type_, open_media))})

    def _filed(self, say: Say, media: Media, type_: str, id_: str) -> Body:
        if say.buttons:
            under = bodies.chosen(say, self._manner.list_label, bodies.file(media, type_, id_, ""))
            if under:
                return under
        return bodies.file(media, type_, id_, bodies.spelled(say, bodies.CAPTION))

    async def _upload(self, media: Media, type_: str, open_media: OpenMedia) -> str:
        fields = {"messaging_product": "whatsapp", "type": media.mime or "application/octet-stream"}
        id_ = text(await self._graph.upload(f"{self._manner.phone_number}/media", fields, media, open_media), "id")
        if not id_:
            raise RetryLater(30.0)
        self._files[media.attachment_id, type_] = (id_, self._clock())
        _bounded(self._files)
        return id_

    def _known(self, media: Media, type_: str) -> str:
        id_, since = self._files.get((media.attachment_id, type_), ("", 0))
        return id_ if self._clock() - since < self._manner.file_days * DAY else ""

    async def _typing(self, address: str) -> Receipt:
        """Shown only as an answer to a message, and nothing depends on it."""
        message = self._heard.get(address)
        if message:
            with suppress(RetryLater, Undeliverable, Uncertain):
                await self._graph.post(f"{self._manner.phone_number}/messages", bodies.seen(message))
        return Receipt(())

    async def _post(self, body: Body) -> Receipt:
        return _receipt(await self._graph.post(f"{self._manner.phone_number}/messages", body))


def _receipt(answer: Json) -> Receipt:
    ids = tuple(text(one, "id") for one in parts(answer, "messages") if text(one, "id"))
    if not ids:
        raise Uncertain("taken, but under no id")
    return Receipt(ids)


def _bounded(remembered: dict[Any, Any]) -> None:
    """Forget what was noted first."""
    while len(remembered) > _REMEMBERED:
        remembered.pop(next(iter(remembered)))
