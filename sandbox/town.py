"""The town: every platform but Telegram, pretended side by side on one server, and one person of each who writes to the firm."""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.asterisk.ringing import Board
from sandbox.asterisk.server import Ami
from sandbox.gateway.human import SmsHuman
from sandbox.gateway.server import SmsApi
from sandbox.gateway.world import Gateway, Places
from sandbox.leads.resident import FormResident
from sandbox.leads.world import KINDS as LEADS
from sandbox.leads.world import LeadWorld
from sandbox.mail.human import MailHuman
from sandbox.mail.letters import Draft, address, answer, opened, shown, written
from sandbox.mail.server import MailServer, serve_mail
from sandbox.mail.world import INBOX, SENT, MailWorld
from sandbox.matrix import resident as matrix
from sandbox.matrix.human import MatrixHuman
from sandbox.matrix.server import MatrixApi
from sandbox.matrix.world import World as MatrixWorld
from sandbox.messenger.human import Human as PageHuman
from sandbox.messenger.server import Pages
from sandbox.meta.graph import GraphApi
from sandbox.meta.human import Human as WhatsAppHuman
from sandbox.meta.world import World as WhatsAppWorld
from sandbox.phone.human import PhoneHuman
from sandbox.phone.ringing import Call, Exchange
from sandbox.phone.telephones import Person, Telephones
from sandbox.phone.till import Till
from sandbox.resident import Line, Resident
from sandbox.smsc.server import Smsc
from sandbox.smsc.world import Centre
from sandbox.viber.human import ViberHuman
from sandbox.viber.resident import ViberResident
from sandbox.viber.server import ViberApi
from sandbox.viber.world import ViberWorld
from sandbox.vk.neighbours import Neighbours

FIRM, PASSWORD = "hello@marani.example", "mailbox-password"
GATE, SECRET = "gateway-token", "phone-secret-of-the-demo"
MAIL, WHATSAPP, SMS, CALLER, NAME = "ani@mail.example", "37491000001", "+37491000002", "+37491000003", "ani"
TEXTER, RINGER = "+37491000006", "37491000007"


class MailResident(Resident):
    """Somebody with a mailbox: the first mail has a subject of its own, each later one answers the newest."""

    def __init__(self, world: MailWorld) -> None:
        self._world, self._box = world, world.open(MAIL, "Ani")

    async def say(self, text: str) -> None:
        letters = self._box.folders[INBOX].letters
        now = self._world.clock()
        raw = answer(self._box, letters[-1], text, now) if letters else written(self._box, Draft(FIRM, text[:40], text), now)
        self._box.put(SENT, raw, now)
        self._world.deliver(self._box.address, address(str(opened(raw)["To"])), raw)

    def lines(self) -> list[Line]:
        both = [(letter, mine) for folder, mine in ((SENT, True), (INBOX, False)) for letter in self._box.folders[folder].letters]
        told = [(shown(letter), mine) for letter, mine in sorted(both, key=lambda pair: pair[0].at)]
        return [{"mine": mine, "text": one["text"], "subject": one["subject"]} for one, mine in told]


class WhatsAppResident(Resident):
    """Somebody with WhatsApp."""

    def __init__(self, world: WhatsAppWorld) -> None:
        self._world, self._person = world, world.person(WHATSAPP)
        self._person.name = "Ani"

    async def say(self, text: str) -> None:
        self._world.hear(self._person, {"type": "text", "text": {"body": text}})

    def lines(self) -> list[Line]:
        heard = [(float(one["timestamp"]), {"mine": True, "text": one.get("text", {}).get("body", f"[{one['type']}]")}) for one in self._world.heard]
        sent = [
            (one.at, {"mine": False, "text": words_in(one.body), "choices": choices_in(one.body), "state": one.done[-1] if one.done else ""})
            for one in self._world.sent.values()
            if one.by is self._person
        ]
        return [line for _, line in sorted([*heard, *sent], key=lambda pair: pair[0])]


class SmsResident(Resident):
    """Somebody with a plain telephone."""

    def __init__(self, world: Gateway, api: SmsApi) -> None:
        self._phone, self._api = world.phone(SMS), api

    async def say(self, text: str) -> None:
        await self._api.write(self._phone.number, text)

    def lines(self) -> list[Line]:
        return [{"mine": not one.ours, "text": one.text, "state": one.state} for one in self._phone.texts]


class PageResident(Resident):
    """Somebody in Messenger or Instagram."""

    def __init__(self, pages: Pages, kind: str) -> None:
        self._site = pages.messenger if kind == "messenger" else pages.instagram
        self._human = PageHuman(self._site, pages.courier)

    async def say(self, text: str) -> None:
        self._human.say(NAME, text)

    def lines(self) -> list[Line]:
        thread = self._site.thread(self._site.person(NAME))
        return [{"mine": not one.by_page, "text": words_in(one.content), "choices": choices_in(one.content)} for one in thread]


class CallResident(Resident):
    """Somebody who rings, and nobody answers."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def say(self, text: str) -> None:
        from aiohttp import ClientSession

        async with ClientSession() as session:
            await self._exchange.tell(session, self._exchange.events(Call(CALLER)))

    def lines(self) -> list[Line]:
        return [{"mine": True, "text": f"☎ {event['event']}"} for event in self._exchange.told]


class TexterResident(Resident):
    """Somebody with a plain telephone, at an operator that is reached by SMPP."""

    def __init__(self, smsc: Smsc) -> None:
        self._smsc = smsc

    async def say(self, text: str) -> None:
        self._smsc.write(TEXTER, text)

    def lines(self) -> list[Line]:
        return [{"mine": not one.ours, "text": one.text, "state": one.state} for one in self._smsc.centre.phone(TEXTER).texts]


class RingerResident(Resident):
    """Somebody who rings at the firm's own Asterisk, and nobody answers."""

    def __init__(self, ami: Ami, board: Board) -> None:
        self._ami, self._board = ami, board

    async def say(self, text: str) -> None:
        self._board.now = 0.0
        self._ami.tell(self._board.missed(RINGER, "Ani"))

    def lines(self) -> list[Line]:
        return [{"mine": True, "text": f"☎ {event['Event']}"} for event in self._board.told if event["Event"] in ("DialBegin", "Hangup")]


class LineResident(Resident):
    """Somebody at a telephone, whose platform says how they text or ring and what they see."""

    def __init__(self, person: Person) -> None:
        self._say, self._lines = person

    async def say(self, text: str) -> None:
        await self._say(text)

    def lines(self) -> list[Line]:
        return self._lines()


def words_in(body: Mapping[str, Any]) -> str:
    """The words of a message as Meta carries it: the first text there is."""
    for value in body.values():
        if isinstance(value, Mapping):
            found = value.get("body") if isinstance(value.get("body"), str) else words_in(value)
            if found:
                return str(found)
    return str(body.get("text") or body.get("caption") or "") if isinstance(body.get("text", ""), str) else ""


def choices_in(body: object) -> list[str]:
    """The labels of what can be pressed, wherever they stand."""
    if isinstance(body, Mapping):
        own = [str(body["title"])] if isinstance(body.get("title"), str) and ("id" in body or "payload" in body) else []
        return [*own, *(label for value in body.values() for label in choices_in(value))]
    return [label for value in body for label in choices_in(value)] if isinstance(body, list) else []


class Town:
    """Every platform; `residents` are named as accounts are. `settings` gives the file that an owner would write."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.mail, self.whatsapp, self.pages = MailWorld(clock), WhatsAppWorld(clock), Pages(clock)
        self.gateway, self.phone = Gateway(clock=clock), Exchange(clock=clock)
        self.sms, self.viber = SmsApi(self.gateway), ViberApi(ViberWorld(clock=clock))
        self.leads, self.telephones, self.neighbours = LeadWorld(clock), Telephones(clock), Neighbours(clock)
        self.matrix = MatrixHuman(MatrixWorld(clock))
        self.till = Till(clock=clock)
        self.smsc, self.ami, self.board = Smsc(Centre(clock=clock)), Ami(), Board(clock)
        self.mail.open(FIRM, "Marani", PASSWORD)
        self.servers: MailServer | None = None
        self.residents: dict[str, Resident] = {
            "email": MailResident(self.mail),
            "whatsapp": WhatsAppResident(self.whatsapp),
            "messenger": PageResident(self.pages, "messenger"),
            "instagram": PageResident(self.pages, "instagram"),
            "sms": SmsResident(self.gateway, self.sms),
            "calls": CallResident(self.phone),
            "viber": ViberResident(self.viber),
            "smpp": TexterResident(self.smsc),
            "asterisk": RingerResident(self.ami, self.board),
            "matrix": matrix.MatrixResident(self.matrix),
            **{kind: FormResident(self.leads, kind) for kind in LEADS},
            **{name: LineResident(person) for name, person in {**self.telephones.people(), **self.neighbours.people()}.items()},
        }

    def mount(self, app: web.Application) -> None:
        """Add every platform to an application."""
        app.on_startup.append(self._open)
        app.on_shutdown.append(self._close)
        humans = (MailHuman(self.mail), WhatsAppHuman(self.whatsapp), SmsHuman(self.gateway, self.sms), ViberHuman(self.viber), PhoneHuman(self.phone))
        neighbours = (self.neighbours, MatrixApi(self.matrix.world, matrix.ROOT), self.matrix)
        for part in (GraphApi(self.whatsapp), self.sms, self.viber, self.pages, self.leads, self.telephones, *neighbours, *humans):
            part.mount(app)
        app.router.add_get("/play/town", self._names)
        app.router.add_get("/play/town/{name}", self._lines)
        app.router.add_post("/play/town/{name}/say", self._say)

    def found_at(self, places: Mapping[str, list[str]], base: str) -> None:
        """Learn where the firm's accounts are come to: a list of addresses for each, as `python main.py channels` prints them."""
        receipts = next((url for url in places.get("sms", []) if "receipt" in url), "")
        messages = next((url for url in places.get("sms", []) if url != receipts), "")
        self.gateway.places = Places(receipts, messages)
        self.phone.url, self.phone.secret, self.phone.own_url = next(iter(places.get("calls", [])), ""), SECRET, base
        for site in self.pages.sites:
            site.hook = next(iter(places.get(site.kind, [])), "")
        self.till.url = next(iter(places.get("payments", [])), "")
        self.leads.found_at(places)
        self.telephones.found_at(places, base)
        self.whatsapp.business_callback = next(iter(places.get("whatsapp", [])), "")

    def settings(self, base: str, shop: str) -> str:
        """The channels' file of a firm in this town; `base` is the address of the server everything is mounted on, `shop` that of the firm."""
        assert self.servers
        host = base.partition("//")[2]
        pages = "".join(page_settings(site.kind, site.number, site.app, site.token, site.secret, f"{base}/pages", (host, shop)) for site in self.pages.sites)
        mailbox = (
            f'[email]\naddress = "{FIRM}"\nname = "Marani"\nuser = "{FIRM}"\npassword = "{PASSWORD}"\nrate = 10.0\npoll = 1.0\n'
            f'imap_host = "127.0.0.1"\nimap_port = {self.servers.imap}\nimap_security = "plain"\n'
            f'smtp_host = "127.0.0.1"\nsmtp_port = {self.servers.smtp}\nsmtp_security = "plain"\n\n'
        )
        return mailbox + (
            f'[whatsapp]\nphone_number = "{self.whatsapp.number}"\nbusiness = "{self.whatsapp.business}"\ntoken = "{self.whatsapp.token}"\n'
            f'app_secrets = ["{self.whatsapp.secrets[0]}"]\napi_base = "{base}"\npublic_url = "{shop}"\n\n{pages}'
            f'[sms]\nurl = "{base}/sms/send"\nid_at = "response.message_id"\nok_at = "acknowledge"\nok = ["success"]\nerror_at = "response.errors.0"\n'
            'fields = { to = "{to}", message = "{text}", ref = "{ref}" }\nreceipt = { id = "id", state = "status", number = "to", error = "error" }\n'
            'states = { DELIVERED = "delivered", UNDELIVERED = "failed" }\ninbound = { id = "id", number = "from", text = "text", at = "at" }\n\n'
            f'[viber]\ntokens = ["{self.viber.world.tokens[0]}"]\napi_base = "{base}/viber"\npublic_url = "{shop}"\n'
            f'media_hosts = ["{host}"]\nwelcome_seconds = 30.0\n\n'
            f'[payments]\nsecrets = ["{self.till.secret}"]\n\n[calls]\nsecrets = ["{SECRET}"]\ninside = ["{host}"]\n{self.leads.settings(base, shop)}'
            f"{self.telephones.settings(base, shop)}{self.neighbours.settings(base, shop)}{matrix.settings(base)}"
            f'[smpp]\nhost = "127.0.0.1"\nport = {self.smsc.port}\nsystem_id = "{self.smsc.centre.system_id}"\npassword = "{self.smsc.centre.password}"\n'
            f'sender = "Marani"\nfirst_wait = 0.1\n\n[asterisk]\nhost = "127.0.0.1"\nport = {self.ami.port}\nuser = "{self.ami.user}"\n'
            f'secret = "{self.ami.secret}"\nfirst_wait = 0.1\n\n'
        )

    async def _open(self, _app: web.Application) -> None:
        await self.smsc.open()
        await self.ami.open()
        self.servers = await serve_mail(self.mail)

    async def _close(self, _app: web.Application) -> None:
        await self.smsc.close()
        await self.ami.close()
        if self.servers:
            await self.servers.close()

    async def _names(self, _request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "channels": list(self.residents)})

    async def _lines(self, request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "lines": self._resident(request).lines()})

    async def _say(self, request: web.Request) -> web.Response:
        body = await request.json()
        await self._resident(request).say(str(body.get("text", "")))
        return web.json_response({"ok": True})

    def _resident(self, request: web.Request) -> Resident:
        found = self.residents.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound(text="nobody of this town writes so")
        return found

    async def write_settings(self, file: Path, base: str, shop: str) -> None:
        """Write the channels' file where the product looks for it, once the servers listen."""
        while self.servers is None:
            await asyncio.sleep(0.01)
        file.write_text(self.settings(base, shop), "utf-8")


def page_settings(kind: str, number: str, app: str, token: str, secret: str, api_base: str, hosts: tuple[str, str]) -> str:
    """The table of a page."""
    who = f'[{kind}]\nid = "{number}"\napp = "{app}"\ntoken = "{token}"\napp_secrets = ["{secret}"]\n'
    return who + f'api_base = "{api_base}"\nmedia_hosts = ["{hosts[0]}"]\npublic_url = "{hosts[1]}"\n\n'
