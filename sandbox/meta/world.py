"""The world behind the pretended WhatsApp: one business with numbers, people with phones, what passed between them."""

import asyncio
import base64
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.meta.courier import Courier
from sandbox.meta.errors import Json, No
from sandbox.meta.faults import Faults

DAY = 24 * 3600.0
UPLOADS = {"image": 5 << 20, "video": 16 << 20, "audio": 16 << 20, "sticker": 500 << 10, "document": 100 << 20}


@dataclass(slots=True)
class Person:
    """Somebody with WhatsApp; `hides` = the number is not shown to the business, only the id that stands for it."""

    wa_id: str
    name: str = "Anahit"
    user_id: str = ""
    username: str = ""
    hides: bool = False
    blocked: bool = False
    wrote_at: float = 0.0
    stopped_offers: bool = False

    def contact(self) -> Json:
        """How they stand in `contacts`."""
        profile = {"name": self.name, **({"username": self.username} if self.username else {})}
        return {"profile": profile, **self.ids("wa_id", "user_id")}

    def ids(self, number: str, stand_in: str) -> Json:
        """Their ids under two names, without those that are not shown."""
        shown = {} if self.hides else {number: self.wa_id}
        return {**shown, **({stand_in: self.user_id} if self.user_id else {})}


@dataclass(slots=True)
class Stored:
    """A file at Meta's."""

    id: str
    mime: str
    body: bytes
    made_at: float


@dataclass(slots=True)
class Sent:
    """A message that was taken from the business."""

    id: str
    to: str
    body: Json
    at: float
    by: Person | None = None
    done: list[str] = field(default_factory=list)


class World:
    """Everything there is; `clock` gives the time in seconds since 1970."""

    def __init__(self, clock: Callable[[], float], *, token: str = "EAAsandboxTOKEN0123456789", secrets: tuple[str, ...] = ("app-secret",)) -> None:
        self.clock, self.token, self.secrets = clock, token, list(secrets)
        self.number, self.business, self.display = "106540352242922", "102290129340398", "15550783881"
        self.quality = "GREEN"
        self.people: dict[str, Person] = {}
        self.files: dict[str, Stored] = {}
        self.sent: dict[str, Sent] = {}
        self.heard: list[Json] = []
        self.seen: list[str] = []
        self.templates: list[Json] = []
        self.callback, self.business_callback = "", ""
        self.automatic = True
        self.faults, self.log = Faults(), list[Json]()
        self.changed = asyncio.Condition()
        self.courier = Courier(lambda: self.callback or self.business_callback, lambda: self.secrets[0])
        self._count = 0

    def next(self, prefix: str) -> str:
        """A new id."""
        self._count += 1
        return f"{prefix}{self._count:06}"

    def wamid(self) -> str:
        """A new id of a message, as long and odd as in life."""
        return "wamid." + base64.b64encode(self.next("HBgLsandbox").encode()).decode()

    def now(self) -> str:
        """The time as webhooks carry it."""
        return str(int(self.clock()))

    def person(self, wa_id: str) -> Person:
        """The person with this number, made when first named."""
        return self.people.setdefault(wa_id, Person(wa_id, user_id=f"AM.{10_000_000_000 + int(wa_id[-8:])}"))

    def person_of(self, address: str) -> Person | None:
        """The person an address of either kind leads to."""
        return next((one for one in self.people.values() if address in (one.wa_id, one.user_id)), None)

    def store(self, mime: str, body: bytes) -> Stored:
        """Keep a file."""
        stored = Stored(self.next("8071"), mime, body, self.clock())
        self.files[stored.id] = stored
        return stored

    def file(self, id_: str) -> Stored:
        """A file; raises `No` for one that is not there any more."""
        stored = self.files.get(id_)
        if stored is None or self.clock() - stored.made_at > 30 * DAY:
            raise No(100, f"Object with ID '{id_}' does not exist", subcode=33)
        return stored

    def bring(self, field_: str, value: Json, *, timed: bool = False) -> None:
        """Have a change brought to the webhook; changes of the account carry the time beside them."""
        entry: Json = {"id": self.business, "changes": [{"field": field_, "value": value}]}
        self.courier.add({**entry, "time": int(self.clock())} if timed else entry)

    def value(self, **more: object) -> Json:
        """The value of a change about our number."""
        return {"messaging_product": "whatsapp", "metadata": {"display_phone_number": self.display, "phone_number_id": self.number}, **more}

    def hear(self, person: Person, message: Json) -> str:
        """A person says something: it is brought to the business. Answers its id."""
        full = {**person.ids("from", "from_user_id"), "id": self.wamid(), "timestamp": self.now(), **message}
        person.wrote_at = self.clock()
        self.heard.append(full)
        self.bring("messages", self.value(contacts=[person.contact()], messages=[full]))
        return str(full["id"])

    async def take(self, to: str, body: Json) -> Sent:
        """Take a message of the business's, and tell what becomes of it."""
        sent = Sent(self.wamid(), to, body, self.clock(), self.person_of(to))
        self.sent[sent.id] = sent
        if self.automatic:
            problem = self._fails(sent)
            for state in ["failed"] if problem else ["sent", "delivered"]:
                self.status(sent, state, problem)
        async with self.changed:
            self.changed.notify_all()
        return sent

    def _fails(self, sent: Sent) -> No | None:
        """Why a message that was taken will not arrive: most of this WhatsApp says only later."""
        person, type_ = sent.by, sent.body["type"]
        if person is None or person.blocked:
            return No(131026, "Message Undeliverable.")
        if type_ == "template":
            offer = any(one["name"] == sent.body["template"]["name"] and one["category"] == "MARKETING" for one in self.templates)
            return No(131050) if offer and person.stopped_offers else None
        if self.clock() - person.wrote_at >= DAY:
            return No(131047, "More than 24 hours have passed since the recipient last replied to the sender number")
        return None

    def status(self, sent: Sent, state: str, problem: No | None = None) -> None:
        """Tell a state of a message, as often and in whatever order one likes."""
        told: Json = {"id": sent.id, "status": state, "timestamp": self.now(), "recipient_id": sent.to}
        if sent.body.get("biz_opaque_callback_data"):
            told["biz_opaque_callback_data"] = sent.body["biz_opaque_callback_data"]
        if problem:
            told["errors"] = [problem.in_status()]
        else:
            told["pricing"] = {"billable": False, "pricing_model": "PMP", "category": "service", "type": "free_customer_service"}
        contacts = {"contacts": [sent.by.contact()]} if sent.by and not problem else {}
        sent.done.append(state)
        self.bring("messages", self.value(statuses=[told], **contacts))

    def renumber(self, person: Person, new: str) -> None:
        """A person takes a new number; the id that stands for it is new too."""
        old, person.wa_id, person.user_id = person.wa_id, new, f"AM.{10_000_000_000 + int(new[-8:])}"
        del self.people[old]
        self.people[new] = person
        system = {"body": f"User {person.name} changed from {old} to {new}", "wa_id": new, "user_id": person.user_id, "type": "user_changed_number"}
        message = {"from": old, "id": self.wamid(), "timestamp": self.now(), "type": "system", "system": system}
        self.bring("messages", self.value(messages=[message]))

    def echo(self, person: Person, message: Json) -> str:
        """The owner writes from the phone."""
        full = {"from": self.display, **person.ids("to", "to_user_id"), "id": self.wamid(), "timestamp": self.now(), **message}
        self.bring("smb_message_echoes", self.value(contacts=[person.contact()], message_echoes=[full]))
        return str(full["id"])

    def prefer(self, person: Person, wish: str) -> None:
        """A person stops or resumes offers by WhatsApp's own switch."""
        person.stopped_offers = wish == "stop"
        told = {
            **person.ids("wa_id", "user_id"),
            "detail": f"User requested to {wish} marketing messages",
            "category": "marketing_messages",
            "value": wish,
            "timestamp": int(self.clock()),
        }
        self.bring("user_preferences", self.value(contacts=[person.contact()], user_preferences=[told]))

    def judge(self, name: str, language: str, status: str, reason: str = "NONE") -> None:
        """Meta decides about a template."""
        for one in self.templates:
            if (one["name"], one["language"]) == (name, language):
                one["status"] = status
        told = {"event": status, "message_template_id": 1, "message_template_name": name, "message_template_language": language, "reason": reason}
        self.bring("message_template_status_update", told, timed=True)
