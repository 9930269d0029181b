"""The human side: people write, press, react and comment; `/play/messenger/…` and `/play/instagram/…` let a page or a test do it over HTTP."""

import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.messenger.courier import Courier, between
from sandbox.messenger.shapes import GraphError, Json, NotPossible
from sandbox.messenger.site import LASTS, Comment, Fault, Line, Person, Site, Stored

DEEDS = ("say", "file", "unsend", "edit", "press", "choose", "react", "read", "follow", "start", "mention", "comment", "change_comment", "block", "unblock")
FAULTS = {"613", "429", "garbage", "error", "hang", "drop", "drop_after"}


class Human:
    """What people do to one site; each deed is a method that takes a person's short name and what they do."""

    def __init__(self, site: Site, courier: Courier) -> None:
        self.site, self._courier = site, courier

    def mount(self, app: web.Application) -> None:
        """Add the human side to an application."""
        root = f"/play/{self.site.kind}"
        app.router.add_post(f"{root}/people/{{person}}/{{deed}}", answered(self._do))
        app.router.add_get(f"{root}/people/{{person}}/chat", answered(self._chat))
        app.router.add_post(f"{root}/hook", answered(self._connect))
        app.router.add_post(f"{root}/inbox/{{person}}", answered(self._from_inbox))
        app.router.add_get(f"{root}/log", answered(self._log))
        app.router.add_post(f"{root}/faults", answered(self._fault))
        app.router.add_post(f"{root}/receipts", answered(self._receipts))
        app.router.add_post(f"{root}/clock", answered(self._forward))

    def say(self, name: str, text: str, reply_to: str = "", **more: object) -> str:
        """Write; `more` goes into the message as it is (a referral, a quick reply)."""
        answers = {"reply_to": {"mid": reply_to}} if reply_to else {}
        return self._heard(self.site.person(name), {"text": text, **answers, **more})

    def file(self, name: str, sort: str, body: bytes, mime: str, called: str = "file.bin") -> str:
        """Send a file; its address is good for an hour."""
        return self._heard(self.site.person(name), {"attachments": [{"type": sort, "payload": {"url": self._kept(body, mime, called)}}]})

    def mention(self, name: str, body: bytes) -> str:
        """Name the account in a story."""
        return self._heard(self.site.person(name), {"attachments": [{"type": "story_mention", "payload": {"url": self._kept(body, "image/jpeg", "story")}}]})

    def unsend(self, name: str, mid: str) -> None:
        """Take a message back."""
        line = self._line(mid)
        line.gone = True
        self._tell(self.site.person(name), {"message": {"mid": mid, "is_deleted": True}})

    def edit(self, name: str, mid: str, text: str) -> None:
        """Change a message."""
        line = self._line(mid)
        line.content = {**line.content, "text": text, "edits": line.content.get("edits", 0) + 1}
        self._tell(self.site.person(name), {"message_edit": {"mid": mid, "text": text, "num_edit": line.content["edits"]}})

    def press(self, name: str, title: str) -> None:
        """Press a button on a card."""
        person = self.site.person(name)
        cards = [line.content.get("attachment", {}).get("payload", {}) for line in self.site.thread(person)]
        button = next((one for card in reversed(cards) for one in card.get("buttons", []) if one["title"] == title and one["type"] == "postback"), None)
        if button is None:
            raise NotPossible(f"there is no button {title}")
        person.heard_at = self.site.now()
        self._tell(person, {"postback": {"mid": self.site.mid(), "title": title, "payload": button["payload"]}})

    def choose(self, name: str, title: str) -> str:
        """Tap a quick reply under the newest message."""
        thread = self.site.thread(self.site.person(name))
        choices = thread[-1].content.get("quick_replies", []) if thread else []
        choice = next((one for one in choices if one.get("title", "") == title), None)
        if choice is None and any(one["content_type"] == "user_phone_number" for one in choices):
            choice = {"payload": title}
        if choice is None:
            raise NotPossible(f"there is no quick reply {title}")
        return self.say(name, title, quick_reply={"payload": choice["payload"]})

    def react(self, name: str, mid: str, emoji: str) -> None:
        """React, or take it away with ""."""
        self._line(mid).reactions[name] = emoji
        self._tell(self.site.person(name), {"reaction": {"mid": mid, "action": "react" if emoji else "unreact", "reaction": "other", "emoji": emoji or "❤"}})

    def read(self, name: str) -> None:
        """Look at everything."""
        person = self.site.person(name)
        mids = [line.mid for line in self.site.thread(person) if line.by_page]
        told: Json = {"mid": mids[-1]} if self.site.instagram and mids else {"watermark": round(self.site.now() * 1000)}
        self._courier.tell(self.site, {**between(self.site, person), "read": told}, receipt=True)

    def follow(self, name: str, ref: str = "", ad: str = "") -> None:
        """Come by a link or an ad into a thread that is there already."""
        person = self.site.person(name)
        person.heard_at = self.site.now()
        came = {"ref": ref, "source": "SHORTLINK"} if not ad else {"ad_id": ad, "source": "ADS"}
        self._tell(person, {"referral": {**came, "type": "OPEN_THREAD"}})

    def start(self, name: str, ref: str = "") -> None:
        """Press the first button."""
        person = self.site.person(name)
        person.heard_at = self.site.now()
        referral = {"referral": {"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}} if ref else {}
        self._tell(person, {"postback": {"mid": self.site.mid(), "title": "Get Started", "payload": "GET_STARTED", **referral}})

    def comment(self, name: str, text: str) -> str:
        """Comment under a post; answers the comment's id."""
        site, author = self.site, self.site.person(name)
        number = str(17_865_799_348_000_000 + site.count()) if site.instagram else f"987654321_{1_491_000_000 + site.count()}"
        site.comments[number] = Comment(number, author, text, site.now())
        self._tell_comment(site.comments[number], "add")
        return number

    def change_comment(self, name: str, comment: str, text: str) -> None:
        """Write a comment anew; Instagram does not tell."""
        told = self.site.comments[comment]
        told.text = text
        if not self.site.instagram:
            self._tell_comment(told, "edited")

    def _tell_comment(self, comment: Comment, verb: str) -> None:
        author = comment.author
        if self.site.instagram:
            who: Json = {"from": {"id": author.number, "username": author.name.lower()}, "media": {"id": "18004", "media_product_type": "FEED"}}
            self._courier.tell(self.site, {"field": "comments", "value": {**who, "id": comment.number, "text": comment.text}}, sort="changes")
            return
        post = f"{self.site.number}_987654321"
        who = {"from": {"id": f"33{author.number}", "name": author.name}, "item": "comment", "verb": verb, "message": comment.text}
        value = {**who, "comment_id": comment.number, "post_id": post, "parent_id": post, "created_time": int(comment.at)}
        self._courier.tell(self.site, {"field": "feed", "value": value}, sort="changes")

    def block(self, name: str) -> None:
        """Want to hear no more; the page is not told."""
        self.site.person(name).blocked = True

    def unblock(self, name: str) -> None:
        """Want to hear again."""
        self.site.person(name).blocked = False

    def answer_from_inbox(self, name: str, text: str) -> str:
        """The owner answers in Meta's own inbox, past us."""
        person = self.site.person(name)
        line = Line(self.site.mid(), True, {"text": text}, self.site.now())
        self.site.thread(person).append(line)
        self._courier.tell(self.site, {**between(self.site, person, echo=True), "message": {"mid": line.mid, "is_echo": True, "text": text}})
        return line.mid

    def _heard(self, person: Person, message: Json) -> str:
        person.heard_at, line = self.site.now(), Line(self.site.mid(), False, message, self.site.now())
        self.site.thread(person).append(line)
        self._tell(person, {"message": {"mid": line.mid, **message}})
        return line.mid

    def _tell(self, person: Person, what: Json) -> None:
        self._courier.tell(self.site, {**between(self.site, person), **what})

    def _line(self, mid: str) -> Line:
        line = self.site.line(mid)
        if line is None:
            raise NotPossible("there is no such message")
        return line

    def _kept(self, body: bytes, mime: str, called: str) -> str:
        name = f"{self.site.count()}-{called}"
        self.site.files[name] = Stored(body, mime, self.site.now() + LASTS)
        base = "/".join(self.site.cdn.split("/")[:3])
        return f"{base}/pages/cdn/{self.site.kind}/{name}"

    async def _do(self, request: web.Request) -> Json:
        deed, person = request.match_info["deed"], request.match_info["person"]
        if deed not in DEEDS:
            raise NotPossible(f"people can {', '.join(DEEDS)}")
        self.site.cdn = self.site.cdn or str(request.url.origin())
        asked = await body_of(request)
        if deed == "file":
            asked["body"] = str(asked.get("body", "")).encode()
        try:
            done = getattr(self, deed)(person, **asked)
        except TypeError as error:
            raise NotPossible(str(error)) from None
        return {"id": done} if done else {}

    async def _chat(self, request: web.Request) -> Json:
        person = self.site.person(request.match_info["person"])
        return {"number": person.number, "messages": [line.shown() for line in self.site.thread(person)]}

    async def _connect(self, request: web.Request) -> Json:
        asked = await body_of(request)
        await self._courier.connect(self.site, str(asked.get("url", "")), str(asked.get("verify", "")))
        return {}

    async def _from_inbox(self, request: web.Request) -> Json:
        return {"id": self.answer_from_inbox(request.match_info["person"], str((await body_of(request)).get("text", "")))}

    async def _log(self, _request: web.Request) -> Json:
        return {"requests": self.site.log}

    async def _fault(self, request: web.Request) -> Json:
        asked = await body_of(request)
        if asked.get("kind") not in FAULTS:
            raise NotPossible(f"kind is one of {', '.join(sorted(FAULTS))}")
        error = GraphError(int(asked.get("code", 1)), "told to", int(asked.get("subcode", 0)), int(asked.get("status", 400)))
        self.site.faults.append(Fault(asked["kind"], int(asked.get("count", 1)), str(asked.get("path", "")), float(asked.get("seconds", 1)), error))
        return {}

    async def _receipts(self, request: web.Request) -> Json:
        """Hold receipts back (`hold`), send everything twice (`double`), let what was held go (`release`: "in order" or "turned")."""
        asked = await body_of(request)
        self.site.holds, self.site.doubles = bool(asked.get("hold")), bool(asked.get("double"))
        if asked.get("release"):
            self._courier.release(self.site, turned=asked["release"] == "turned")
        return {}

    async def _forward(self, request: web.Request) -> Json:
        self.site.ahead += float((await body_of(request)).get("seconds", 0))
        return {"now": self.site.now()}


def answered(act: Callable[[web.Request], Awaitable[Json]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Wrap a deed so that it answers `ok` with what it says, or `error` with why not."""

    async def handler(request: web.Request) -> web.Response:
        try:
            said = await act(request)
        except (NotPossible, ValueError) as error:
            return web.json_response({"ok": False, "error": str(error)}, status=400)
        return web.json_response({"ok": True, **said})

    return handler


async def body_of(request: web.Request) -> Json:
    """The JSON object a call brings."""
    body = json.loads(await request.read() or b"{}")
    if not isinstance(body, dict):
        raise NotPossible("the body must be a JSON object")
    return body
