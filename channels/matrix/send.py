"""Saying things in a room of Matrix: each under a key of ours, so that an answer that is lost is asked for again and nothing is said twice."""

from contextlib import suppress

from channels.matrix import say as made
from channels.matrix.api import Api, room
from channels.matrix.options import MB, MatrixOptions
from channels.matrix.say import MARK, Body, Marks, once
from channels.matrix.verdicts import Refused
from channels.payload import Json, file_name, objects, part, text
from crm.base.outbound import (
    GONE,
    Delete,
    Edit,
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

_REMEMBERED = 10_000


class Speaker:
    """Says things for one account; remembers which files are up, and can forget that without harm."""

    def __init__(self, api: Api, options: MatrixOptions, marks: Marks) -> None:
        self._api, self._options, self._marks = api, options, marks
        self._files: dict[int, str] = {}

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        """One message or one change; errors as `Carrier.send` says."""
        where = made.room(address)
        match outbound:
            case Say():
                return await self._say(where, outbound, open_media)
            case Edit():
                return await self._edit(where, outbound)
            case Delete():
                return await self._delete(where, outbound)
            case React():
                return await self._react(where, outbound)
            case Typing():
                return await self._typing(where)
            case _:
                raise Undeliverable(Reason.UNSUPPORTED, "Matrix knows no approved templates and no topics")

    async def tell(self, where: str, words: str, key: str) -> None:
        """Words of the channel's own, once under a key."""
        await self._put(where, "m.room.message", key, made.worded(words, tagged=False) | {"msgtype": "m.notice", MARK: self._marks.made("")})

    async def _say(self, where: str, say: Say, open_media: OpenMedia) -> Receipt:
        if not say.text.strip() and not say.media:
            raise Undeliverable(Reason.BAD_CONTENT, "there is nothing to say")
        if say.media:
            body = made.filed(say.media, await self._file(say.media, open_media), say.text, tagged=say.html)
        else:
            body = made.worded(say.text, tagged=say.html)
        body |= {MARK: self._marks.made(say.ref), **made.answering(say.reply_to)}
        return await self._put(where, "m.room.message", self._marks.key(where, say), body)

    async def _put(self, where: str, type_: str, key: str, body: Body) -> Receipt:
        told = await self._api.put(room(where, "send", type_, key), body)
        id_ = text(told, "event_id")
        if not id_:
            raise Uncertain("taken, but under no id")
        return Receipt((id_,))

    async def _edit(self, where: str, edit: Edit) -> Receipt:
        """New words; a file stays, since what it was sent with is asked for first."""
        message = made.event(edit.message)
        new = made.worded(edit.text, tagged=edit.html)
        if edit.media:
            before = part(await self._event(where, message), "content")
            if not text(before, "url"):
                raise Undeliverable(Reason.BAD_CONTENT, GONE)
            new |= {key: value for key, value in before.items() if key in ("msgtype", "url", "info", "filename")}
        new[MARK] = self._marks.made("")
        await self._put(where, "m.room.message", once(), made.changed(message, new) | {MARK: self._marks.made("")})
        return Receipt((edit.message,))

    async def _event(self, where: str, message: str) -> Json:
        try:
            return await self._api.look(room(where, "event", message))
        except Refused as refused:
            raise _gone(refused) from None

    async def _delete(self, where: str, delete: Delete) -> Receipt:
        try:
            await self._api.put(room(where, "redact", made.event(delete.message), once()), {})
        except Refused as refused:
            raise _gone(refused) from None
        return Receipt((delete.message,))

    async def _react(self, where: str, react: React) -> Receipt:
        """An emoji in place of any other of ours."""
        message = made.event(react.message)
        for id_, emoji in await self._ours_on(where, message):
            if emoji == react.emoji:
                return Receipt((react.message,))
            await self._api.put(room(where, "redact", id_, once()), {})
        if react.emoji:
            try:
                await self._put(where, "m.reaction", once(), made.reacted(message, react.emoji))
            except Refused as refused:
                if refused.word != "M_DUPLICATE_ANNOTATION":
                    raise
        return Receipt((react.message,))

    async def _ours_on(self, where: str, message: str) -> list[tuple[str, str]]:
        """Our reactions on a message: their ids and emoji."""
        me, path = await self._api.who(), room(where, "relations", message, "m.annotation", "m.reaction").replace("/v3/", "/v1/", 1)
        try:
            found = objects((await self._api.look(path)).get("chunk"))
        except Refused as refused:
            raise _gone(refused) from None
        mine = [one for one in found if text(one, "sender") == me]
        return [(text(one, "event_id"), text(part(part(one, "content"), "m.relates_to"), "key")) for one in mine if made.is_event(text(one, "event_id"))]

    async def _typing(self, where: str) -> Receipt:
        """Nothing depends on it."""
        with suppress(RetryLater, Undeliverable, Uncertain):
            body = {"typing": True, "timeout": round(self._options.typing_seconds * 1000)}
            await self._api.call("PUT", room(where, "typing", await self._api.who()), body=body)
        return Receipt(())

    async def _file(self, media: Media, open_media: OpenMedia) -> str:
        """The address of a file, which goes up once."""
        known = self._files.get(media.attachment_id)
        if known:
            return known
        if media.size > self._options.upload_mb * MB:
            raise Undeliverable(Reason.BAD_CONTENT, f"the file is larger than {self._options.upload_mb} MB")
        url = await self._api.upload(media, open_media, file_name(media.name) or media.kind.value)
        self._files[media.attachment_id] = url
        while len(self._files) > _REMEMBERED:
            self._files.pop(next(iter(self._files)))
        return url


def _gone(refused: Refused) -> Undeliverable:
    """What a message that cannot be reached any more means to a change of it."""
    if refused.reason is Reason.BAD_ADDRESS:
        return Undeliverable(Reason.BAD_CONTENT, GONE)
    if refused.reason is Reason.BLOCKED:
        return Undeliverable(Reason.UNSUPPORTED, refused.detail)
    return refused
