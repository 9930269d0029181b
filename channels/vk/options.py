"""What a VK community's account is set up with; what VK may change without asking is an option too."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from crm.base.errors import Misconfigured
from crm.base.webhooks import LOOPBACK

MB = 1024 * 1024
HOMES = (".userapi.com", ".vk.com", ".vk.ru", ".vk.me", ".vkuser.net", ".vkuseraudio.net", ".mycdn.me", ".okcdn.ru", "vk.com", "vk.ru")
"""Where VK keeps files that people send."""
REACTIONS = dict(zip(map(str, range(1, 17)), ["❤️", "🔥", "😂", "👍", "💩", "❓", "😭", "😡", "👎", "👌", "😃", "🤔", "🙏", "😘", "😍", "🎉"], strict=True))
_SECRET = re.compile(r"[A-Za-z0-9_]{1,50}", re.ASCII)


@dataclass(frozen=True, slots=True)
class VkOptions:
    """How to reach one community: `group` is its number, `token` a key of the community with the rights "messages", "photos", "docs" and, to have the
    webhook set, "manage".

    All `secrets` are believed; without any they are made of the installation's key. `confirmation` is the string VK wants to hear; without it VK is
    asked. `lead_fields` names a lead form's questions. Sizes are MB, times seconds unless named otherwise.
    """

    group: int
    token: str = field(repr=False)
    account: str = "vk"
    confirmation: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    set_webhook: bool = True
    api_base: str = "https://api.vk.com"
    api_version: str = "5.199"
    text: int = 4096
    rate: float = 20.0
    chat_every: float = 1.0
    chat_burst: int = 3
    rows: int = 6
    columns: int = 5
    buttons: int = 10
    label: int = 40
    payload: int = 255
    reactions: dict[str, str] = field(default_factory=lambda: dict(REACTIONS))
    lead_fields: dict[str, str] = field(default_factory=dict)
    media_hosts: tuple[str, ...] = HOMES
    upload_mb: int = 50
    download_mb: int = 50
    body_mb: int = 1
    connect_seconds: float = 10.0
    send_seconds: float = 20.0
    upload_seconds: float = 180.0
    look_seconds: float = 3600.0
    first_wait: float = 1.0


def check(options: VkOptions) -> None:
    """Raise Misconfigured for options that cannot work."""
    base = urlsplit(options.api_base)
    if options.group <= 0:
        raise Misconfigured(f"group of {options.account} is the number of the community, above 0")
    if not options.token or not options.token.isascii() or not options.token.isprintable() or " " in options.token:
        raise Misconfigured(f"the token of {options.account} does not look like one")
    if not all(map(_SECRET.fullmatch, options.secrets)):
        raise Misconfigured(f"a secret of {options.account} is up to 50 Latin letters, digits and underscores")
    if base.scheme != "https" and not (base.scheme == "http" and base.hostname in LOOPBACK):
        raise Misconfigured(f"api_base of {options.account} must begin with https://")
    if not all(number.isdecimal() and emoji for number, emoji in options.reactions.items()):
        raise Misconfigured(f"reactions of {options.account} lead from VK's numbers to emoji")
