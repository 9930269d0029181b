"""Webhooks: where a platform brings what happened on it: an address that only it knows, and the secret it shows there."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from crm.base.errors import Misconfigured

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Gate:
    """Where one bot's updates come in: the address its platform is told, the paths that are served, the secrets that are believed, the newest first."""

    host: str
    url: str = field(repr=False)
    paths: tuple[str, ...] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    def knows(self, given: str) -> bool:
        """Whether a caller has one of the secrets; takes the same time whichever is wrong where."""
        told = given.encode("utf-8", "surrogateescape")
        return sum(hmac.compare_digest(told, secret.encode()) for secret in self.secrets) > 0


def gate_of(name: str, public_url: str, server: str, bot: str, keys: Sequence[bytes]) -> Gate | None:
    """The gate called `name` of a bot (its number); None where its `server` cannot come to us: without https, but for a pretended one on this machine."""
    try:
        parts, there = urlsplit(public_url), urlsplit(server)
    except ValueError:
        raise Misconfigured("the public address or that of the Bot API is no address") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and {parts.hostname, there.hostname} <= LOOPBACK):
        return None
    if not keys or not all(keys):
        raise Misconfigured("a webhook needs the installation's key")
    paths = tuple(f"/in/{name}/{_derived(key, name, 'path', bot)[:40]}" for key in keys)
    secrets = tuple(_derived(key, name, "secret", bot) for key in keys)
    return Gate(f"{parts.scheme}://{parts.netloc}", public_url.rstrip("/") + paths[0], paths, secrets)


def _derived(key: bytes, name: str, what: str, bot: str) -> str:
    return hmac.new(key, f"{name} webhook {what}:{bot}".encode(), hashlib.sha256).hexdigest()


def media_type(headers: Mapping[str, str]) -> str:
    """What a request says its body is, without what may follow a semicolon.

    The server library's own reading of the header falls over some that end too early (";0*"), and a caller must not make an error of ours.
    """
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()
