"""What staff may type behind a slash: one file per noun, one line here; menus, /help and Telegram's own lists come from it."""

from collections.abc import Mapping, Sequence

from bots.staff.commands import (
    available,
    backup,
    day,
    deal,
    deals,
    erase,
    export,
    field,
    fields,
    files,
    find,
    followup,
    forum,
    funnel_health,
    health,
    help,
    history,
    import_,
    inbox,
    invite,
    kind,
    language,
    later,
    lead,
    leads,
    link,
    links,
    merge,
    mine,
    parked,
    pin,
    pipeline,
    promo,
    refer,
    release,
    snippets,
    start,
    task,
    tasks,
    team,
    templates,
    today,
    web,
)
from bots.staff.visit import Command, Group
from crm.base.actors import Role
from crm.base.policy import may

COMMANDS: tuple[Command, ...] = (
    start.COMMAND,
    inbox.COMMAND,
    find.COMMAND,
    mine.COMMAND,
    tasks.COMMAND,
    task.COMMAND,
    day.COMMAND,
    later.COMMAND,
    snippets.COMMAND,
    lead.COMMAND,
    deal.COMMAND,
    deals.COMMAND,
    pipeline.COMMAND,
    fields.COMMAND,
    funnel_health.COMMAND,
    field.COMMAND,
    merge.COMMAND,
    import_.COMMAND,
    export.COMMAND,
    erase.COMMAND,
    refer.COMMAND,
    kind.COMMAND,
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
    pin.COMMAND,
    history.COMMAND,
    parked.COMMAND,
    web.COMMAND,
    forum.COMMAND,
    backup.COMMAND,
    health.COMMAND,
    release.COMMAND,
    files.COMMAND,
    language.COMMAND,
    help.COMMAND,
)


def known_to(role: Role) -> Sequence[Command]:
    """The commands of a role."""
    return [command for command in COMMANDS if may(role, command.needs)]


def grouped(role: Role) -> Mapping[Group, Sequence[str]]:
    """The names of a role's commands by the menu they stand in; the menu's own is in none."""
    return {group: [one.name for one in known_to(role) if one.group is group and one.name != "start"] for group in Group}


def named(name: str, role: Role) -> Command | None:
    """The command of this name, for one who may say it."""
    return next((command for command in known_to(role) if command.name == name), None)
