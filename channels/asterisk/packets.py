"""Packets of the manager interface: lines of a name and a value, with an empty line at the end; pure."""

from collections.abc import Mapping

END = b"\r\n\r\n"
MOST_LINES, LONGEST_VALUE = 500, 2000
Packet = Mapping[str, str]


def packet_of(raw: bytes) -> dict[str, str]:
    """The fields of a packet under their names in small letters: the first of a name stands, and a line that is none is passed over."""
    found: dict[str, str] = {}
    for line in raw.decode("utf-8", "replace").split("\n")[:MOST_LINES]:
        name, colon, value = line.strip("\r").partition(":")
        if colon and name.strip():
            found.setdefault(name.strip().lower(), value.strip()[:LONGEST_VALUE])
    return found


def written(action: str, **fields: str) -> bytes:
    """An action as it goes over the wire; raises ValueError for a value that would be two lines."""
    lines = [f"{name}: {value}" for name, value in {"Action": action, **fields}.items()]
    if any(mark in line for line in lines for mark in "\r\n"):
        raise ValueError("a value is one line")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def moment(packet: Packet, now: int) -> int:
    """When a thing happened: as the packet says, where Asterisk is set to say it, else now."""
    try:
        told = float(packet.get("timestamp", ""))
    except ValueError:
        return now
    return int(told * 1000) if 0 < told < 10**11 else now
