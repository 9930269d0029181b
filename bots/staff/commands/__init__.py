"""What staff may type behind a slash: one file per noun, one line here; menus, /help and Telegram's own lists come from it."""

from collections.abc import Sequence

from bots.staff.commands import (
    available,
    files,
    followup,
    forum,
    help,
    inbox,
    invite,
    language,
    lead,
    leads,
    link,
    links,
    merge,
    mine,
    parked,
    promo,
    release,
    start,
    tasks,
    team,
    templates,
    today,
    web,
)
from bots.staff.visit import Command
from crm.base.actors import Role

COMMANDS: tuple[Command, ...] = (
    start.COMMAND,
    inbox.COMMAND,
    mine.COMMAND,
    tasks.COMMAND,
    lead.COMMAND,
    merge.COMMAND,
    today.COMMAND,
    leads.COMMAND,
    followup.COMMAND,
    promo.COMMAND,
    link.COMMAND,
    links.COMMAND,
    templates.COMMAND,
    available.COMMAND,
    invite.COMMAND,
    team.COMMAND,
    parked.COMMAND,
    web.COMMAND,
    forum.COMMAND,
    release.COMMAND,
    files.COMMAND,
    language.COMMAND,
    help.COMMAND,
)


def known_to(role: Role) -> Sequence[Command]:
    """The commands of a role."""
    return [command for command in COMMANDS if role in command.roles]


def named(name: str, role: Role) -> Command | None:
    """The command of this name, for one who may say it."""
    return next((command for command in known_to(role) if command.name == name), None)
