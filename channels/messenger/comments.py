"""Comments under a post: each has an address of its own, to which one private reply can be sent."""

from dataclasses import replace

from channels.messenger.attachments import content
from channels.messenger.envelope import COMMENT, Element, number_of
from channels.messenger.options import PageOptions
from channels.payload import Json, name, part, text, whole
from crm.base.events import Delete, Edit, Event, Message, Sender, Source

_DAY = 86_400_000
_ID_MOST = 120


def comment_of(field: str, value: Json, element: Element, options: PageOptions, received_at: int) -> list[Event] | None:
    """What a change under a post means; None for whatever is no comment, and for one that answers another comment."""
    if field == "feed" and text(value, "item") == "comment":
        return _on_page(value, element, options, received_at)
    if field in ("comments", "live_comments"):
        return _on_instagram(field, value, element, options, received_at)
    return None


def _on_page(value: Json, element: Element, options: PageOptions, received_at: int) -> list[Event] | None:
    comment, verb = _id(value, "comment_id"), text(value, "verb")
    sender = _sender(comment, part(value, "from"), options)
    if sender is None:
        return [] if comment else None
    if text(value, "parent_id") not in ("", text(value, "post_id")):
        return None
    at = _at(whole(value, "created_time"), received_at)
    words, files, _ = content({"text": text(value, "message"), "attachments": _photo(value)}, options.media_hosts)
    source = Source(page=sender.external_id, referrer=text(part(value, "post"), "permalink_url")[:2000])
    match verb:
        case "add" if words or files:
            return [Message(sender, comment, words, at, media=files, source=source, window_ends_at=at + round(options.comment_days * _DAY))]
        case "edited" | "edit":
            return [Edit(_by_now(sender), comment, words, _at(element.time, received_at))]
        case "remove":
            return [Delete(_by_now(sender), comment, _at(element.time, received_at))]
    return None


def _on_instagram(field: str, value: Json, element: Element, options: PageOptions, received_at: int) -> list[Event] | None:
    comment, media = _id(value, "id"), part(value, "media")
    sender = _sender(comment, part(value, "from"), options)
    if sender is None:
        return [] if comment else None
    words = text(value, "text")
    if text(value, "parent_id") or not words:
        return None
    at, ad = _at(element.time, received_at), number_of(media, "ad_id")
    # Under a live video a private reply goes only while it is live; nobody tells when that ends.
    ends = at + round(options.comment_days * _DAY) if field == "comments" else 0
    source = Source(payload=ad, page=sender.external_id, utm_campaign=text(media, "ad_title")[:200], utm_content=ad)
    return [Message(sender, comment, words, at, source=source, window_ends_at=ends)]


def _id(value: Json, key: str) -> str:
    """A comment's id: digits, on a page with the post's before an underscore."""
    found = text(value, key)
    return found if len(found) <= _ID_MOST and found.isascii() and found.replace("_", "").isdigit() else ""


def _sender(comment: str, author: Json, options: PageOptions) -> Sender | None:
    """Who commented; None where it was we ourselves, or nobody can tell."""
    own = number_of(author, "id") == options.id or "self_ig_scoped_id" in author
    return None if own or not comment else Sender(f"{COMMENT}{comment}", name(author, "name"), name(author, "username"))


def _by_now(sender: Sender) -> Sender:
    """Who commented may be known by their number by now: as an alias the address is looked for among the old ones too."""
    return replace(sender, aliases=(sender.external_id,))


def _photo(value: Json) -> list[Json]:
    photo = text(value, "photo")
    return [{"type": "image", "payload": {"url": photo}}] if photo else []


def _at(said: int, received_at: int) -> int:
    """Seconds or milliseconds as milliseconds."""
    said = said * 1000 if said < 100_000_000_000 else said
    return said if 0 < said <= received_at else received_at
