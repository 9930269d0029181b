"""A visitor's deed as the bytes that are kept, and what parsing makes of them again."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from channels.http import storable
from channels.webchat.frames import MARKS, Act, Hello, Open, Press
from crm.base.events import Event, MediaKind, MediaRef, Message, Postback, RawEvent, Sender, SessionStarted, Source, Unknown
from crm.people.link import visitor_signature

LONGEST_VISITOR = 128


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody at a browser: the id their secret leads to, and what their hello said."""

    id: str
    hello: Hello


def visitor_id(secret: str) -> str:
    """Derive the identity's external id from a secret, so that the secret itself is in no table."""
    return "w" + base64.urlsafe_b64encode(hashlib.sha256(b"dragoman visitor " + secret.encode()).digest()[:24]).decode()


def vouched(hello: Hello, secrets: Sequence[bytes]) -> str:
    """Which account of the shop a visitor has, where its server has signed that ("" = nobody says, or nobody is to be believed)."""
    visitor = storable(hello.visitor)
    if len(visitor) > LONGEST_VISITOR or not visitor.strip():
        return ""
    given = storable(hello.signature).strip().lower().encode()
    fits = [hmac.compare_digest(visitor_signature(visitor, secret).encode(), given) for secret in secrets]
    return visitor if any(fits) else ""


def write_raw(account: str, visitor: Visitor, act: Act, media: Sequence[MediaRef], now: int, *, customer: str = "") -> RawEvent:
    """Write down what a visitor did; the same client id gives the same key, so a repeat changes nothing. `customer` is what `vouched` said."""
    body: dict[str, object] = {"v": 1, "visitor": visitor.id, "at": now, "language": visitor.hello.language, "id": act.id}
    if customer:
        body["customer"] = customer
    body["source"] = {mark: value for mark, value in asdict(visitor.hello.source).items() if value}
    if isinstance(act, Open):
        said = {"kind": "open"}
    elif isinstance(act, Press):
        said = {"value": act.value}
        body |= {"kind": "press", "label": act.label, "message": act.message}
    else:
        said = {"text": act.text}
        body |= {"kind": "say", "media": [asdict(ref) for ref in media]}
    # The instant, the page and the name of an upload are others when a browser says it again.
    same = json.dumps(said)[1:-1].encode()
    return RawEvent(account, f"{visitor.id}:{act.id}", f"{account}:{visitor.id}", json.dumps(body | said).encode(), now, same=same)


def parse_raw(raw: RawEvent) -> Sequence[Event]:
    """Read what was kept: pure and total."""
    try:
        body = json.loads(raw.body)
    except (ValueError, RecursionError):
        return [Unknown("unreadable", at=raw.received_at)]
    if not isinstance(body, dict) or not _text(body, "visitor"):
        return [Unknown("unreadable", at=raw.received_at)]
    return [_event(body, raw.received_at)]


def _event(body: Mapping[str, object], received_at: int) -> Event:
    sender = Sender(_text(body, "visitor"), language=_text(body, "language"), visitor=_text(body, "customer"))
    at = _number(body, "at") or received_at
    ours, kind = _text(body, "id"), _text(body, "kind")
    if kind == "say":
        return Message(sender, ours, _text(body, "text"), at, _media(body.get("media")), source=_source(body))
    if kind == "press":
        return Postback(sender, ours, _text(body, "value"), at, _text(body, "label"), _text(body, "message"), _source(body))
    if kind == "open":
        return SessionStarted(sender, ours, at, _source(body) or Source(), looking=True)
    return Unknown(kind[:64] or "nothing", sender, ours, at)


def _source(body: Mapping[str, object]) -> Source | None:
    found = body.get("source")
    if not isinstance(found, dict) or not found:
        return None
    return Source(**{mark: _text(found, mark) for mark in MARKS})


def _media(found: object) -> tuple[MediaRef, ...]:
    if not isinstance(found, list):
        return ()
    return tuple(_ref(item) for item in found if isinstance(item, dict))


def _ref(item: Mapping[str, object]) -> MediaRef:
    kind = MediaKind.PHOTO if item.get("kind") == MediaKind.PHOTO else MediaKind.DOCUMENT
    return MediaRef(kind, _text(item, "ref"), _text(item, "name"), _text(item, "mime"), _number(item, "size"))


def _text(body: Mapping[str, object], name: str) -> str:
    found = body.get(name)
    return storable(found) if isinstance(found, str) else ""


def _number(body: Mapping[str, object], name: str) -> int:
    found = body.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 2**53 else 0
