"""What Twilio, Zadarma and Mango bring, signed as each of them signs: by nothing but the standard library."""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

SID = "AC00000000000000000000000000000001"
TOKENS = ["new-auth-token-of-twilio", "old-auth-token-of-twilio"]
ZADARMA_SECRETS = ["new-zadarma-secret", "old-zadarma-secret"]
ZADARMA: dict[str, object] = {"key": "zadarma-key", "secrets": ZADARMA_SECRETS}
MANGO = {"keys": ["new-mango-key", "old-mango-key"], "salts": ["new-mango-salt", "old-mango-salt"]}
PUBLIC, OURS, THEIRS = "https://shop.example", "+37410111111", "+37491000002"
FORM = "application/x-www-form-urlencoded"


def tables(api: str) -> dict[str, dict[str, object]]:
    """What stands in the channels' file for each of them."""
    twilio: dict[str, object] = {"sid": SID, "tokens": TOKENS, "api": api, "public_url": PUBLIC}
    return {
        "twilio": {**twilio, "sender": OURS},
        "voice": twilio,
        "zadarma": {**ZADARMA, "api": api},
        "mango": {**MANGO, "api": api},
    }


def twilio_mark(token: str, address: str, fields: Sequence[tuple[str, str]]) -> str:
    """Twilio's signature of a form: the address, then the fields by name, each value once."""
    words = address + "".join(name + value for name, value in sorted(set(fields)))
    return b64encode(hmac.new(token.encode(), words.encode(), hashlib.sha1).digest()).decode()


def brought(name: str, path: str, old: bool) -> tuple[str, dict[str, str], bytes]:
    """One thing that happened, as it is brought: path, headers, body."""
    match name:
        case "twilio":
            return path, *twilio_form(path, {"MessageSid": "SM01", "From": THEIRS, "To": OURS, "NumMedia": "0", "Body": "hello"}, old)
        case "voice":
            fields = {"CallSid": "CA01", "CallStatus": "no-answer", "Direction": "inbound", "From": THEIRS, "To": OURS, "SequenceNumber": "2"}
            return path, *twilio_form(path, fields, old)
        case "zadarma":
            return path, *zadarma_form({"event": "NOTIFY_START", "pbx_call_id": "in_1", **COMING}, old)
        case "mango":
            told = {
                "entry_id": "e1",
                "call_direction": 1,
                "from": {"number": THEIRS[1:]},
                "to": {"number": OURS[1:]},
                "create_time": 1764072000,
                "entry_result": 0,
            }
            return f"{path.rpartition('/')[0]}/summary", {"Content-Type": FORM}, mango_form(json.dumps(told), old)
    raise KeyError(name)


COMING = {"caller_id": THEIRS, "called_did": OURS, "call_start": "2025-11-25 16:00:00"}


def zadarma_mark(secret: str, words: str) -> str:
    """Zadarma's signature: Base64 of the hexadecimal text."""
    return b64encode(hmac.new(secret.encode(), words.encode(), hashlib.sha1).hexdigest().encode()).decode()


def zadarma_form(fields: Mapping[str, str], old: bool = False, signed: Sequence[str] = tuple(COMING)) -> tuple[dict[str, str], bytes]:
    """A signed notice of Zadarma's: headers and body."""
    mark = zadarma_mark(ZADARMA_SECRETS[old], "".join(fields[name] for name in signed))
    return {"Signature": mark, "Content-Type": FORM}, urlencode(fields).encode()


def mango_form(words: str, old: bool = False) -> bytes:
    """A signed event of Mango's."""
    key, salt = MANGO["keys"][old], MANGO["salts"][old]
    mark = hashlib.sha256(f"{key}{words}{salt}".encode()).hexdigest()
    return urlencode({"vpbx_api_key": key, "sign": mark, "json": words}).encode()


def twilio_form(path: str, fields: Mapping[str, str], old: bool) -> tuple[dict[str, str], bytes]:
    """A signed form of Twilio's: headers and body."""
    mark = twilio_mark(TOKENS[old], f"{PUBLIC}{path}", list(fields.items()))
    return {"X-Twilio-Signature": mark, "Content-Type": FORM}, urlencode(fields).encode()
