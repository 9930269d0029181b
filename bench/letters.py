"""Letters: what is thrown at a server, written before the clock starts: updates as Telegram sends them, of 1.15 KB, one in ten from a stranger."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass

KEY = b"bench"
SECRET = "bench-secret"
STRANGERS = 10
KNOWN = 20_000
_WORDS = "Good day! What does the oak table number {n} cost, and can it stand in Gyumri by Friday? We are three people and the room is small. "
PADDING = "x" * 740


@dataclass(frozen=True, slots=True)
class Order:
    """Which letters are wanted: `kind` of letter, how many, numbered from where, for which path; `token` is what a peer's door asks for."""

    kind: str
    count: int
    first: int = 1
    path: str = "/in/bench"
    token: str = ""
    known: int = KNOWN


def words(number: int) -> str:
    """What a customer asks."""
    return _WORDS.format(n=number)


def update(number: int, sender: int, mark: str = "") -> bytes:
    """A text message as Telegram's webhook brings it."""
    person = {"id": sender, "is_bot": False, "first_name": f"Ani {sender}", "language_code": "en"}
    message = {
        "message_id": number,
        "from": person,
        "chat": {"id": sender, "first_name": person["first_name"], "type": "private"},
        "date": 1_700_000_000,
        "text": mark + words(number),
        "link_preview_options": {"is_disabled": True, "url": PADDING},
    }
    return json.dumps({"update_id": number, "message": message}).encode()


def sender(number: int, known: int) -> int:
    """One time in ten somebody new, else somebody known who has not written since the others of them all did."""
    return 10_000_000 + number if number % STRANGERS == 0 else 1 + number * 7919 % known


def sign(body: bytes) -> str:
    """The signature a webhook carries."""
    return hmac.new(KEY, body, hashlib.sha256).hexdigest()


def bodies(count: int, *, first: int = 1, known: int = KNOWN) -> Iterator[bytes]:
    """Updates numbered from `first`, always the same ones."""
    return (update(number, sender(number, known)) for number in range(first, first + count))


def requests(order: Order) -> list[bytes]:
    """Whole HTTP requests, headers and all."""
    if order.kind == "ticket":
        return [_ticket(order, number) for number in range(order.first, order.first + order.count)]
    return [request(order.path, body, headers(order.kind, body)) for body in bodies(order.count, first=order.first, known=order.known)]


def headers(kind: str, body: bytes) -> dict[str, str]:
    """What proves that a letter is genuine: a signature over the body, or a platform's secret."""
    return {"X-Signature": sign(body)} if kind == "signed" else {"X-Telegram-Bot-Api-Secret-Token": SECRET}


def request(path: str, body: bytes, extra: dict[str, str]) -> bytes:
    """One POST."""
    lines = [f"POST {path} HTTP/1.1", "Host: bench", f"Content-Length: {len(body)}"]
    told = {"Content-Type": "application/json", **extra}
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in told.items()), "", ""]).encode() + body


def _ticket(order: Order, number: int) -> bytes:
    """A new ticket for a help desk's REST door; `token` is its key and its queue, apart by a space."""
    key, queue = order.token.split()
    values = {"queue": int(queue), "title": f"hello {number}", "description": "y" * 900, "submitter_email": f"user{number % 500}@example.org", "priority": 3}
    return request(order.path, json.dumps(values).encode(), {"Authorization": f"Token {key}"})
