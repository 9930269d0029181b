"""What a Telegram message says in words: its text or caption, or a place, a poll, dice, a list, somebody's sticker."""

from channels.payload import Json, number, part, parts, text, whole

LISTED = 30


def words(body: Json) -> str:
    """The words of a message ("" = it has none)."""
    return text(body, "text") or text(body, "caption") or _place(body) or text(part(body, "sticker"), "emoji") or _thrown(body) or _listed(body)


def is_place(body: Json) -> bool:
    """Whether a message is a place and nothing else: what changes of it is where somebody is."""
    return bool(part(body, "location")) and not text(body, "text") and not text(body, "caption")


def _place(body: Json) -> str:
    venue = part(body, "venue")
    spot = part(venue, "location") or part(body, "location")
    latitude, longitude = number(spot, "latitude"), number(spot, "longitude")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return ""
    here = f"{latitude:.6f},{longitude:.6f}"
    lines = [text(venue, "title"), text(venue, "address"), f"📍 {here.replace(',', ', ')}", f"https://maps.google.com/?q={here}"]
    return "\n".join(line for line in lines if line)


def _thrown(body: Json) -> str:
    dice = part(body, "dice")
    return f"{text(dice, 'emoji') or '🎲'} {whole(dice, 'value')}" if whole(dice, "value") else ""


def _listed(body: Json) -> str:
    """A poll and its options, or a checklist and its tasks."""
    for key, mark, head, rows in (("poll", "📊", "question", "options"), ("checklist", "📋", "title", "tasks")):
        found = part(body, key)
        if text(found, head):
            return "\n".join([f"{mark} {text(found, head)}", *(f"▫️ {text(row, 'text')}" for row in parts(found, rows)[:LISTED])])
    return ""
