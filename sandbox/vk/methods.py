"""The methods of the pretended VK's API: each takes its parameters and answers what VK would."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from sandbox.vk import checks
from sandbox.vk.checks import No, integer, missing
from sandbox.vk.world import ADMIN, CONFIRMATION, GROUP, Line, Person, Server, World

Fields = Mapping[str, str]
REACTIONS = range(1, 17)


class Methods:
    """What a community's key may ask; `base` is where files go up."""

    def __init__(self, world: World, base: Callable[[], str]) -> None:
        self._world, self._base = world, base
        self.known: dict[str, tuple[str, Callable[[Fields], Any | Awaitable[Any]]]] = {
            "messages.send": ("messages", self._send),
            "messages.edit": ("messages", self._edit),
            "messages.delete": ("messages", self._delete),
            "messages.sendReaction": ("messages", self._react),
            "messages.deleteReaction": ("messages", self._unreact),
            "messages.setActivity": ("messages", self._typing),
            "photos.getMessagesUploadServer": ("photos", self._photo_server),
            "photos.saveMessagesPhoto": ("photos", self._photo_saved),
            "docs.getMessagesUploadServer": ("docs", self._doc_server),
            "docs.save": ("docs", self._doc_saved),
            "users.get": ("", self._users),
            "groups.getById": ("", self._group),
            "groups.getCallbackConfirmationCode": ("manage", self._code),
            "groups.getCallbackServers": ("manage", self._servers),
            "groups.addCallbackServer": ("manage", self._add_server),
            "groups.editCallbackServer": ("manage", self._edit_server),
            "groups.setCallbackSettings": ("manage", self._settings),
        }

    def _peer(self, fields: Fields) -> Person:
        found = self._world.people.get(integer(fields, "peer_id"))
        if found is None:
            raise No(100, "One of the parameters specified was missing or invalid: peer_id is invalid")
        return found

    def _line(self, fields: Fields) -> tuple[Person, Line]:
        person = self._peer(fields)
        line = person.line(integer(fields, "cmid"))
        if line is None:
            raise missing("cmid")
        return person, line

    def _send(self, fields: Fields) -> list[dict[str, Any]]:
        checks.known(fields, checks.SEND)
        key, peers = integer(fields, "random_id"), fields.get("peer_ids", "")
        if not -(2**63) <= key < 2**63 or not peers or len(peers.split(",")) > 100:
            raise missing("peer_ids")
        checks.message(fields)
        if "keyboard" in fields and not self._world.bots_on:
            raise No(912, "This is a chat bot feature, change this status in settings")
        return [self._to_one(peer, key, fields) for peer in peers.split(",")]

    def _to_one(self, peer: str, key: int, fields: Fields) -> dict[str, Any]:
        person = self._world.people.get(integer({"peer_ids": peer}, "peer_ids"))
        refused = self._refused(person)
        if person is None or refused:
            code, words = refused or (901, "Can't send messages for users without permission")
            return {"peer_id": int(peer), "message_id": 0, "conversation_message_id": 0, "error": {"code": code, "description": words}}
        line = self._world.keys.get((person.number, key)) if key else None
        if line is None:
            self._forward(person, fields)
            line = self._world.put(person, fields.get("message", ""), ours=True)
            line.fields = dict(fields)
            self._world.keys[person.number, key] = line
            back = {"payload": fields["payload"]} if "payload" in fields else {}
            self._world.happened("message_reply", {**self._world.told(person, line), "random_id": key, **back})
        return {"peer_id": person.number, "message_id": 5000 + line.cmid, "conversation_message_id": line.cmid}

    def _refused(self, person: Person | None) -> tuple[int, str] | None:
        if person is not None and person.banned:
            return 900, "Can't send messages for users from blacklist"
        if person is None or not person.allows:
            return 901, "Can't send messages for users without permission"
        return None

    def _forward(self, person: Person, fields: Fields) -> None:
        if "forward" not in fields:
            return
        told = checks.read(fields["forward"], "forward")
        cmids = told.get("conversation_message_ids") if isinstance(told, dict) else None
        if not cmids or told.get("peer_id") != person.number or not all(person.line(one) for one in cmids):
            raise missing("forward")

    def _edit(self, fields: Fields) -> int:
        checks.known(fields, checks.EDIT)
        _, line = self._line(fields)
        checks.message(fields)
        if not line.ours:
            raise No(15, "Access denied")
        if self._world.now() - line.at > 86_400:
            raise No(909, "Can't edit this message, because it's too old")
        line.text, line.fields = fields.get("message", ""), dict(fields)
        return 1

    def _delete(self, fields: Fields) -> list[dict[str, Any]]:
        person, made = self._peer(fields), []
        for cmid in fields.get("cmids", "").split(","):
            line = person.line(integer({"cmids": cmid}, "cmids"))
            if line is None or not line.ours or self._world.now() - line.at > 86_400:
                words = "Can't delete this message for everybody"
                made.append({"peer_id": person.number, "conversation_message_id": int(cmid), "error": {"code": 924, "description": words}})
            else:
                line.gone = True
                made.append({"peer_id": person.number, "conversation_message_id": int(cmid), "response": 1})
        return made

    def _react(self, fields: Fields) -> int:
        _, line = self._line(fields)
        if integer(fields, "reaction_id") not in REACTIONS:
            raise No(1009, "Unknown reaction passed")
        line.reaction = integer(fields, "reaction_id")
        return 1

    def _unreact(self, fields: Fields) -> int:
        self._line(fields)[1].reaction = 0
        return 1

    def _typing(self, fields: Fields) -> int:
        self._peer(fields)
        if fields.get("type") not in {"typing", "audiomessage"}:
            raise missing("type")
        return 1

    def _photo_server(self, fields: Fields) -> dict[str, Any]:
        self._peer(fields)
        return {"upload_url": f"{self._base()}/vk/upload/photo", "album_id": -64, "user_id": 0, "group_id": GROUP}

    def _doc_server(self, fields: Fields) -> dict[str, Any]:
        self._peer(fields)
        if fields.get("type", "doc") not in {"doc", "audio_message", "graffiti"}:
            raise missing("type")
        return {"upload_url": f"{self._base()}/vk/upload/{fields.get('type', 'doc')}"}

    def _saved(self, word: str) -> int:
        if word not in self._world.files:
            raise No(105, "Couldn't save file")
        return self._world.next()

    def _photo_saved(self, fields: Fields) -> list[dict[str, Any]]:
        integer(fields, "server")
        word = json.loads(fields.get("photo") or "[{}]")[0].get("photo", "")
        if fields.get("hash") != f"h{word}":
            raise No(121, "Invalid hash")
        number = self._saved(word)
        self._world.names[f"photo-{GROUP}_{number}"] = word
        return [{"album_id": -64, "date": self._world.now(), "id": number, "owner_id": -GROUP, "access_key": f"k{number}", "sizes": [], "text": ""}]

    def _doc_saved(self, fields: Fields) -> dict[str, Any]:
        word = fields.get("file", "")
        number, kind = self._saved(word), word.partition("|")[0]
        self._world.names[f"doc-{GROUP}_{number}"] = word
        return {
            "type": kind,
            kind: {"id": number, "owner_id": -GROUP, "title": fields.get("title", ""), "size": len(self._world.files[word]), "url": "https://vk.com/doc"},
        }

    def _users(self, fields: Fields) -> list[dict[str, Any]]:
        known = [self._world.people.get(int(one)) for one in fields.get("user_ids", "").split(",") if one.isdecimal()]
        return [{"id": one.number, "first_name": one.first, "last_name": one.last, "screen_name": one.screen, "is_closed": False} for one in known if one]

    def _group(self, fields: Fields) -> dict[str, Any]:
        return {"groups": [{"id": GROUP, "name": "Полки Марани", "screen_name": "marani", "is_closed": 0, "type": "group"}], "profiles": []}

    def _ours(self, fields: Fields) -> None:
        if integer(fields, "group_id") != GROUP:
            raise No(15, "Access denied")

    def _code(self, fields: Fields) -> dict[str, Any]:
        self._ours(fields)
        return {"code": CONFIRMATION}

    def _servers(self, fields: Fields) -> dict[str, Any]:
        self._ours(fields)
        made = [
            {"id": one.id, "title": one.title, "creator_id": ADMIN, "url": one.url, "secret_key": one.secret_key, "status": one.status}
            for one in self._world.servers
        ]
        return {"count": len(made), "items": made}

    async def _add_server(self, fields: Fields) -> dict[str, Any]:
        self._ours(fields)
        if len(self._world.servers) >= 10:
            raise No(2000, "Servers number limit is reached")
        server = Server(self._world.next(), *self._named(fields))
        self._world.servers.append(server)
        await self._confirm(server)
        return {"server_id": server.id}

    async def _edit_server(self, fields: Fields) -> int:
        server = self._server(fields)
        server.url, server.title, server.secret_key = self._named(fields)
        await self._confirm(server)
        return 1

    def _named(self, fields: Fields) -> tuple[str, str, str]:
        if len(fields.get("title", "")) > 14 or not fields.get("title"):
            raise missing("title")
        if len(fields.get("secret_key", "")) > 50:
            raise missing("secret_key")
        return fields.get("url", ""), fields["title"], fields.get("secret_key", "")

    async def _confirm(self, server: Server) -> None:
        """Ask the address whether it is the community's."""
        body = {"type": "confirmation", "group_id": GROUP, "event_id": f"{self._world.next():040x}", "v": "5.199", "secret": server.secret_key}
        try:
            async with ClientSession(timeout=ClientTimeout(total=5)) as session, session.post(server.url, json=body) as answer:
                server.status = "ok" if answer.status == 200 and await answer.text() == CONFIRMATION else "failed"
        except (ClientError, TimeoutError, OSError):
            server.status = "failed"
        self._world.courier.wake()

    def _server(self, fields: Fields) -> Server:
        self._ours(fields)
        found = next((one for one in self._world.servers if one.id == integer(fields, "server_id")), None)
        if found is None:
            raise missing("server_id")
        return found

    def _settings(self, fields: Fields) -> int:
        self._server(fields).settings = {name: value for name, value in fields.items() if value in {"0", "1"}}
        return 1
