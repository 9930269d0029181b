"""Whom a promotion is for by the tags on people: whoever has one of the words that are chosen."""

from collections.abc import Sequence
from dataclasses import replace

from bots.staff import menus
from bots.staff.commands.promo_people import Desk, Plan
from bots.staff.details import mark, marked
from bots.staff.posts import Post
from bots.staff.words import MORE
from crm.base.i18n import N_button

DONE, PAGE = N_button("Done"), 6


def tags_post(desk: Desk, plan: Plan, words: Sequence[str], page: int) -> Post:
    """The words that are in use; what is chosen is ticked."""
    tr = desk.tr
    words = [*plan.tags, *(word for word in words if word not in plan.tags)]
    page = page if 0 <= page * PAGE < len(words) else 0
    shown = words[page * PAGE : (page + 1) * PAGE]
    keys = [desk.key(f"✓ {word}" if word in plan.tags else word, f"tag:{page}:{mark(word)}") for word in shown]
    if len(words) > PAGE:
        keys.append(desk.key(tr.button(MORE), f"tags:{(page + 1) % -(-len(words) // PAGE)}"))
    said = tr("People with which tags? Nothing chosen means it does not matter.") if words else tr("Nobody has a tag yet: put one on with /tag.")
    return Post(said, menus.in_rows([*keys, desk.key(tr.button(DONE), "people")]))


def toggled(plan: Plan, words: Sequence[str], known: str, version: int) -> Plan:
    """The plan after the word that a button stands for was added or taken away; pure."""
    word = marked([*plan.tags, *words], known)
    rest = tuple(one for one in plan.tags if one != word)
    return replace(plan, tags=rest if len(rest) < len(plan.tags) else (*plan.tags, word), version=version)
