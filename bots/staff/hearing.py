"""Hearing: which deed answers what a member of staff did; each runs in one transaction."""

from collections.abc import Mapping
from dataclasses import replace

from bots.staff import buttons, gathering, menus, replies, snippets
from bots.staff.commands import COMMANDS, capture, help, import_, named
from bots.staff.posts import Post
from bots.staff.updates import Press, Text
from bots.staff.visit import Done, Listener, Pressed, Visit, told
from crm.base.actors import Role
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.text import is_command
from crm.people.desk import Intent, listening, quit_wizard, redeem


def _command(session: Session, visit: Visit, intent: Intent) -> Done:
    """A button that does what a command does."""
    name, _, rest = intent.detail.partition(" ")
    command = named(name, visit.rep.role)
    if command is None:
        raise Expired
    return command.deed(session, replace(visit, rest=rest))


PRESSES: Mapping[str, Pressed] = {
    **buttons.PRESSES,
    "command": _command,
    **{action: deed for command in COMMANDS for action, deed in (command.presses or {}).items()},
}
LISTENERS: Mapping[str, Listener] = {
    "note": buttons.write_note,
    **{kind: deed for command in COMMANDS for kind, deed in (command.listeners or {}).items()},
}


def pressed(session: Session, visit: Visit) -> Done:
    """A button: what it asks for is looked up, never read from what was sent."""
    assert isinstance(visit.said, Press)
    intent = redeem(session, visit.rep, visit.said.data, now=visit.now)
    deed = PRESSES.get(intent.action)
    if deed is None:
        raise Expired
    done = deed(session, visit, intent)
    if visit.place is None:
        return done
    return replace(done, about=gathering.about(session, visit), private=intent.action not in gathering.HERE)


def commanded(session: Session, visit: Visit) -> Done:
    """A command; one that is unknown, or not this role's, gets help, and the latter is told whose it is."""
    assert isinstance(visit.said, Text)
    name, _, bot = visit.said.text.split(maxsplit=1)[0].removeprefix("/").lower().partition("@")
    ours = bot in ("", visit.username.lower())
    if ours and name == "cancel":
        return cancelled(session, visit)
    command = named(name, visit.rep.role) if ours else None
    if command:
        return command.deed(session, visit)
    wizard = listening(session, visit.rep, now=visit.now)
    if wizard and wizard.facts.get("slash"):  # what is asked for may begin with a slash
        return LISTENERS[wizard.kind](session, visit, wizard)
    conversation_id = replies.conversation_at(session, visit) if ours else None
    if conversation_id is not None and (meant := snippets.meant(session, visit, conversation_id, name)):
        return meant
    if ours and named(name, Role.OWNER):
        return Done((Post(visit.tr("/{command} is for managers.", command=name), menus.home(visit.tr)),))
    return help.deed(session, visit)


def cancelled(session: Session, visit: Visit) -> Done:
    """Leave what was begun."""
    wizard = listening(session, visit.rep, now=visit.now)
    if wizard is None:
        return told(visit.tr("There was nothing to leave."))
    quit_wizard(session, visit.rep, wizard.name)
    return told(visit.tr("Left as it was."))


def written(session: Session, visit: Visit) -> Done:
    """Words or a file: the answer to a question of ours, the answer to a customer, or nobody's."""
    assert isinstance(visit.said, Text)
    if is_command(visit.said.text) and not visit.said.forwarded:
        return commanded(session, visit)
    if visit.said.contact:
        return capture.shared(session, visit)
    conversation_id = replies.conversation_at(session, visit)
    wizard = replies.pending_note(session, visit, conversation_id) if conversation_id else listening(session, visit.rep, now=visit.now)
    if wizard and wizard.kind in LISTENERS:
        return LISTENERS[wizard.kind](session, visit, wizard)
    if conversation_id is None:
        return _alone(session, visit)
    if capture.is_note(visit):
        return capture.noted(session, visit, conversation_id)
    return replies.reply(session, visit, visit.said, conversation_id)


def _alone(session: Session, visit: Visit) -> Done:
    """What answers nothing: something to capture, a list, or words that reach nobody."""
    if capture.takes(visit):
        return capture.taken(session, visit)
    return import_.filed(session, visit) if import_.is_list(visit) else buttons.bare(visit)


def changed(session: Session, visit: Visit) -> Done:
    """An edit of what was typed before."""
    assert isinstance(visit.said, Text)
    done = replies.changed(session, visit, visit.said)
    return replace(done, about=gathering.about(session, visit)) if visit.place else done


def grouped(session: Session, visit: Visit) -> Done:
    """What was done in the group: a command for it, a note, the answer to the customer whose topic it is, or talk among colleagues."""
    assert isinstance(visit.said, Text)
    if is_command(visit.said.text) and not visit.said.forwarded:
        return gathering.commanded(session, visit)
    conversation_id = gathering.about(session, visit)
    if conversation_id is None:
        return gathering.elsewhere(session, visit)
    wizard = replies.pending_note(session, visit, conversation_id)
    if wizard and wizard.kind in LISTENERS:
        return replace(LISTENERS[wizard.kind](session, visit, wizard), about=conversation_id)
    if visit.said.text.startswith(gathering.NOTE):
        return gathering.note(session, visit, conversation_id, visit.said.text.removeprefix(gathering.NOTE))
    if not visit.said.text and not visit.said.media:
        return replace(other(session, visit), about=conversation_id)
    return replace(replies.reply(session, visit, visit.said, conversation_id), about=conversation_id)


def other(session: Session, visit: Visit) -> Done:
    """Something that cannot be passed on."""
    return told(visit.tr("This cannot be passed on to a customer. Send text, a photo or a file."))
