"""What the pretended server tells one account of its rooms since a place in the stream. Pure."""

from typing import Any

from sandbox.matrix.world import Happened, Json, Room, World


def told(world: World, me: str, since: int | None, limit: int) -> Json:
    """An answer to /sync."""
    rooms: dict[str, Json] = {"join": {}, "invite": {}, "leave": {}}
    for room in world.rooms.values():
        how = room.members.get(me, "")
        turned = max((one.place for one in room.events if one.event.get("state_key") == me), default=0)
        if how == "join":
            made = _joined(world, room, me, since, turned, limit)
            if made:
                rooms["join"][room.id] = made
        elif how == "invite" and (since is None or turned > since):
            rooms["invite"][room.id] = {"invite_state": {"events": _bare(room)}}
        elif how in ("leave", "ban") and since is not None and turned > since:
            rooms["leave"][room.id] = {"timeline": {"events": [shown(one, me) for one in room.events if since < one.place <= turned], "limited": False}}
    return {"next_batch": world.token(world.place), "rooms": {kind: held for kind, held in rooms.items() if held}}


def _joined(world: World, room: Room, me: str, since: int | None, turned: int, limit: int) -> Json:
    fresh = since is None or turned > since
    news = [one for one in room.events if fresh or (since is not None and one.place > since)]
    shown_now = news[-limit:]
    reads = {who: read for who, read in room.reads.items() if fresh or (since is not None and read[0] > since)}
    if not shown_now and not reads:
        return {}
    first = shown_now[0].place if shown_now else world.place
    made: Json = {
        "timeline": {
            "events": [shown(one, me) for one in shown_now],
            "limited": len(news) > len(shown_now) or bool(turned and since is not None and turned > since),
            "prev_batch": f"t{first}_{world.age}",
        },
        "state": {"events": []},
        "ephemeral": {"events": [{"type": "m.receipt", "content": _receipts(reads)}] if reads else []},
    }
    if any(one.event["type"] == "m.room.member" for one in shown_now) or since is None:
        joined = sum(what == "join" for what in room.members.values())
        made["summary"] = {"m.joined_member_count": joined, "m.invited_member_count": len(room.there()) - joined}
    if fresh and room.encrypted:
        made["state"]["events"] = [{"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}]
    return made


def _receipts(reads: dict[str, tuple[int, str, int]]) -> Json:
    made: Json = {}
    for who, (_, id_, at) in reads.items():
        made.setdefault(id_, {}).setdefault("m.read", {})[who] = {"ts": at}
    return made


def _bare(room: Room) -> list[Json]:
    rules = {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "public" if room.public else "invite"}}
    members = [one.event for one in room.events if one.event["type"] == "m.room.member"]
    return [rules, *({key: one[key] for key in ("type", "state_key", "content", "sender")} for one in members)]


def shown(one: Happened, me: str) -> Json:
    """An event as it is told: who sent it is told the key too."""
    unsigned: dict[str, Any] = {"age": 12, **one.event.get("unsigned", {})}
    if one.key and one.event["sender"] == me:
        unsigned["transaction_id"] = one.key
    return {**one.event, "unsigned": unsigned}


def before(world: World, room: Room, me: str, start: int, end: int, limit: int) -> Json:
    """An answer to /messages, backwards."""
    older = [one for one in reversed(room.events) if end < one.place < start]
    page = older[:limit]
    more: Json = {"end": f"t{page[-1].place}_{world.age}"} if len(older) > len(page) else {}
    return {"chunk": [shown(one, me) for one in page], "start": f"t{start}_{world.age}", **more}
