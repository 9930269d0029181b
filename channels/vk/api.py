"""VK's API, method by method; the token stands in the body of each call, so no library error leaves this file with its words."""

from collections.abc import Mapping

from channels.ask import PAUSE, Answer, Line, Times, object_of
from channels.payload import Json
from channels.vk.options import VkOptions
from channels.vk.verdicts import judge
from crm.base.outbound import Media, OpenMedia, Reason, RetryLater, Uncertain, Undeliverable


class Api:
    """A line to the API with the key of one community."""

    def __init__(self, options: VkOptions) -> None:
        self._options = options
        self._line = Line(Times(options.connect_seconds, options.send_seconds, options.upload_seconds))

    async def call(self, method: str, fields: Mapping[str, str], *, again: bool = True) -> object:
        """What a method answers; `again` = asking twice is the same, so what nobody knows is RetryLater. Else raises as `judge` does."""
        data = {**fields, "access_token": self._options.token, "v": self._options.api_version}
        try:
            return judge(await self._line.ask("POST", f"{self._options.api_base.rstrip('/')}/method/{method}", data=data))
        except Uncertain:
            if again:
                raise RetryLater(PAUSE) from None
            raise

    async def upload(self, url: str, field: str, media: Media, open_media: OpenMedia, name: str) -> Json:
        """Bring a file to the server VK named; raises RetryLater, or Undeliverable for one it does not take."""
        return _uploaded(await self._line.upload(url, field, media, open_media, name))

    async def close(self) -> None:
        """Close the connections."""
        await self._line.close()


def _uploaded(answer: Answer) -> Json:
    """What an upload server made of a file: a word that only VK reads."""
    told = object_of(answer.body)
    if answer.status == 413:
        raise Undeliverable(Reason.BAD_CONTENT, "too big for the platform")
    if answer.status != 200 or told is None:
        raise RetryLater(answer.after or PAUSE)
    if "error" in told or told.get("photo") in ("", "[]"):
        raise Undeliverable(Reason.BAD_CONTENT, "VK does not take this file")
    return told
