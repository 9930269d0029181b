"""What an owner may set about the site widget."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class WebchatOptions:
    """Settings of the widget's server side; lengths in characters, sizes in bytes, times in seconds.

    `uploads` holds what visitors send until it is fetched. `origins` lists the sites that may talk to us besides our own pages
    (`https://shop.example`, small letters); "*" lets any site in. `proxies` lists the networks whose X-Forwarded-For is believed.
    `seal` signs file addresses; without one they end with the process, and a widget that comes back gets new ones.
    All `secrets` are believed under what the shop's server says of who a visitor is, so that one can be changed.
    """

    uploads: Path
    origins: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    title: str = ""
    seal: bytes = field(default=b"", repr=False)
    secrets: tuple[bytes, ...] = field(default=(), repr=False)
    text: int = 4000
    frame: int = 16_384
    file_size: int = 10_000_000
    uploads_total: int = 1_000_000_000
    sockets: int = 5_000
    sockets_per_address: int = 100
    sockets_per_visitor: int = 10
    frames: int = 20
    frames_seconds: float = 10.0
    strangers_per_hour: int = 120
    files_per_hour: int = 60
    hello_seconds: float = 10.0
    heartbeat: float = 25.0
