"""Options of an SMPP account: where the operator is, who we are there, and what of the standard it reads in its own way."""

from dataclasses import dataclass, field

from channels.smpp.alphabet import GSM, LATIN
from crm.base.errors import Misconfigured
from crm.base.outbound import Reason

TRANSCEIVER, TWO, SENDING = "transceiver", "two", "transmitter"
UDH, SAR, PAYLOAD = "udh", "sar", "payload"
TEXT, DECIMAL, HEX = "text", "decimal", "hex"
LATER, ACCOUNT = "later", "account"


@dataclass(frozen=True, slots=True)
class SmppOptions:
    """One account at an operator.

    `bind` = one session both ways ("transceiver"), a session each way ("two"), or one for sending alone ("transmitter"). `long` = how a text of several
    parts travels: with a header in the words ("udh"), with parameters beside them ("sar"), or whole, cut by the operator ("payload").
    `sender` is a number (+374…), a short number or a name of at most 11 letters; its kind and plan are guessed where they are -1.
    `alphabet` = how the operator writes its default alphabet: "gsm" or "latin1". `submit_ids` and `receipt_ids` = how it writes a message's number in its
    answer and in the words of a receipt ("text" = alike, else "decimal" or "hex").
    `errors` adds to what is known: a status as 0x0b, or an error of receipts as it stands there, leads to a reason, "later" or "account".
    `join_seconds` = how long the rest of a long message is waited for. With `ca_file` TLS believes that authority alone.
    """

    account: str
    host: str
    system_id: str
    password: str = field(repr=False)
    title: str = "SMS"
    port: int = 2775
    tls: bool = False
    ca_file: str = ""
    system_type: str = ""
    bind: str = TRANSCEIVER
    address_range: str = ""
    sender: str = ""
    sender_ton: int = -1
    sender_npi: int = -1
    target_ton: int = 1
    target_npi: int = 1
    service_type: str = ""
    validity: str = ""
    receipts: bool = True
    long: str = UDH
    alphabet: str = GSM
    submit_ids: str = TEXT
    receipt_ids: str = TEXT
    errors: dict[str, str] = field(default_factory=dict)
    window: int = 10
    parts: int = 10
    rate: float = 10.0
    chat_every: float = 1.0
    connect_seconds: float = 10.0
    answer_seconds: float = 30.0
    enquire_seconds: float = 30.0
    later_seconds: float = 5.0
    join_seconds: float = 180.0
    first_wait: float = 1.0
    longest_wait: float = 60.0


def check(options: SmppOptions) -> None:
    """Raise Misconfigured for options that cannot work, before anything is sent with them."""
    verdicts = {LATER, ACCOUNT, *(reason.value for reason in Reason)}
    reasons = (
        (not options.host or not 0 < options.port < 65536, "host and port say where the operator is"),
        (not 0 < len(options.system_id) <= 15, "system_id has 1 to 15 characters"),
        (len(options.password) > 64, "password is too long"),
        (options.bind not in (TRANSCEIVER, TWO, SENDING), "bind is transceiver, two or transmitter"),
        (options.long not in (UDH, SAR, PAYLOAD), "long is udh, sar or payload"),
        (options.alphabet not in (GSM, LATIN), "alphabet is gsm or latin1"),
        (not {options.submit_ids, options.receipt_ids} <= {TEXT, DECIMAL, HEX}, "submit_ids and receipt_ids are text, decimal or hex"),
        (not set(options.errors.values()) <= verdicts, f"errors lead to {', '.join(sorted(verdicts))}"),
        (not 1 <= options.parts <= 20, "parts is between 1 and 20"),
        (not 1 <= options.window <= 1000, "window is between 1 and 1000"),
        (not all(-1 <= kind <= 6 for kind in (options.sender_ton, options.target_ton)), "a kind of number (ton) is 0 to 6"),
        (not all(-1 <= plan <= 18 for plan in (options.sender_npi, options.target_npi)), "a numbering plan (npi) is 0 to 18"),
        (min(options.target_ton, options.target_npi) < 0, "the kind and plan of whom we write to are known"),
        (not all(_plain(text) for text in (options.system_id, options.password, options.system_type, options.sender)), "names are plain letters"),
        (min(options.connect_seconds, options.answer_seconds, options.enquire_seconds, options.join_seconds) <= 0, "seconds are more than none"),
    )
    for wrong, words in reasons:
        if wrong:
            raise Misconfigured(f"{options.account}: {words}")


def _plain(text: str) -> bool:
    return "\0" not in text and text.isascii()
