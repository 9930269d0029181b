"""Taps: what answers a button under a file cannot take the place of its post; so a second tap within moments edits what the first one was answered with."""

from dataclasses import replace

from bots.staff.posts import Post
from bots.staff.said import Press
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.time import SECOND
from crm.conversations.desk import posted_since, retire
from crm.people.reps import digest

MOMENTS = 10 * SECOND


def answered(session: Session, rep: Rep, said: object, posts: tuple[Post, ...], *, now: int) -> tuple[Post, ...]:
    """The answers to an update; of a button under a file each has a name that lasts for moments, so that a later press is answered by new posts."""
    if not isinstance(said, Press) or not said.file:
        return posts
    return tuple(_named(session, f"tap:{rep.id}:{said.message_id}:{digest(said.data)[:16]}:{place}", post, now) for place, post in enumerate(posts))


def _named(session: Session, name: str, post: Post, now: int) -> Post:
    if post.name or post.card or post.edits:
        return post
    if not posted_since(session, name, now - MOMENTS):
        retire(session, name)
    return replace(post, name=name)
