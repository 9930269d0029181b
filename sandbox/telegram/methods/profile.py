"""Methods about the bot itself: who it is, its menu of commands, how its updates come."""

import re
from urllib.parse import urlsplit

from sandbox.telegram.methods.call import Call
from sandbox.telegram.shapes import Json, bad_request
from sandbox.telegram.webhook import LOOPBACK, MOST_CONNECTIONS, Webhook

COMMAND = re.compile(r"[a-z0-9_]{1,32}")
LANGUAGE = re.compile(r"([a-z]{2})?")
SCOPES = frozenset(["default", "all_private_chats", "all_group_chats", "all_chat_administrators"])
CHAT_SCOPES = frozenset(["chat", "chat_administrators", "chat_member"])
MENU_BUTTONS = frozenset(["default", "commands", "web_app"])
MOST_COMMANDS = 100
LONGEST_DESCRIPTION = 256
LONGEST = {"name": 64, "description": 512, "short_description": 120}
SECRET = re.compile(r"[A-Za-z0-9_-]{0,256}")


def get_me(call: Call) -> Json:
    """Tells who the bot is."""
    able = {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}
    newer = ("can_connect_to_business", "has_main_web_app", "has_topics_enabled", "allows_users_to_create_topics")
    return {**call.bot.user(), **able, **dict.fromkeys(newer, False)}


def set_webhook(call: Call) -> bool:
    """Keeps the address of a webhook and begins to deliver there; asked for the same again, it goes on as before."""
    wanted = _webhook(call)
    if not wanted.url:
        return delete_webhook(call)
    _keep_allowed(call)
    if not wanted.same(call.bot.updates.webhook):
        call.bot.updates.set_webhook(wanted)
        call.world.couriers.send(call.bot)
    if call.ask.flag("drop_pending_updates"):
        call.bot.updates.clear()
    return True


def _webhook(call: Call) -> Webhook:
    url, secret, most = call.ask.text("url"), call.ask.text("secret_token"), call.ask.number("max_connections", 40)
    parts = urlsplit(url)
    if url and parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if not SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    return Webhook(url, secret, most if 1 <= most <= MOST_CONNECTIONS else 40)


def delete_webhook(call: Call) -> bool:
    """Forgets the webhook, and what waits if the bot says so."""
    call.bot.updates.set_webhook(None)
    call.world.couriers.recall(call.bot)
    if call.ask.flag("drop_pending_updates"):
        call.bot.updates.clear()
    return True


def get_webhook_info(call: Call) -> Json:
    """Tells the webhook, how much waits for it and how the last delivery failed."""
    queue, webhook = call.bot.updates, call.bot.updates.webhook
    info: Json = {"url": "", "has_custom_certificate": False, "pending_update_count": len(queue)}
    if webhook is not None:
        info |= {"url": webhook.url, "max_connections": webhook.max_connections}
        info |= {"last_error_date": webhook.error_at, "last_error_message": webhook.error} if webhook.error_at else {}
    return info | ({"allowed_updates": queue.allowed} if queue.allowed else {})


async def get_updates(call: Call) -> list[Json]:
    """Answers the updates that wait, or waits for the first."""
    if call.bot.updates.webhook is None:
        _keep_allowed(call)
    ask, queue = call.ask, call.bot.updates
    seconds = 0 if call.world.closing.is_set() else ask.number("timeout")
    batch = await queue.poll(ask.number("offset"), ask.number("limit", 100), seconds, call.alive)
    if batch and call.world.faults.take_duplicate(call.bot.name):
        queue.repeat(batch)
    return batch


def _keep_allowed(call: Call) -> None:
    kinds = call.ask.values.get("allowed_updates")
    if isinstance(kinds, list):
        call.bot.updates.allowed = [kind for kind in kinds if isinstance(kind, str)]


def _scope_and_language(call: Call) -> tuple[str, str]:
    scope = call.ask.object("scope") or {"type": "default"}
    kind, language = str(scope.get("type")), call.ask.text("language_code")
    if not LANGUAGE.fullmatch(language):
        raise bad_request("invalid language code specified")
    if kind in SCOPES:
        return kind, language
    if kind not in CHAT_SCOPES:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    person = call.world.person_of(scope.get("chat_id"))
    if person is None:
        raise bad_request("chat not found")
    if kind != "chat":
        raise bad_request("can't use specified scope in private chats")
    return f"chat:{person.id}", language


def set_my_commands(call: Call) -> bool:
    """Sets the commands for a scope and a language; none removes them."""
    given = call.ask.objects("commands")
    if given is None:
        raise bad_request("can't parse commands: commands are not specified")
    where = _scope_and_language(call)
    if len(given) > MOST_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    commands: list[Json] = []
    for item in given:
        command, description = str(item.get("command", "")).removeprefix("/"), str(item.get("description", "")).strip()
        if not COMMAND.fullmatch(command):
            raise bad_request("BOT_COMMAND_INVALID")
        if not description:
            raise bad_request("command description must be non-empty")
        if len(description) > LONGEST_DESCRIPTION:
            raise bad_request(f"command description length must not exceed {LONGEST_DESCRIPTION}")
        commands.append({"command": command, "description": description})
    if commands:
        call.bot.commands[where] = commands
    else:
        call.bot.commands.pop(where, None)
    return True


def get_my_commands(call: Call) -> list[Json]:
    """Tells the commands of exactly one scope and language."""
    return call.bot.commands.get(_scope_and_language(call), [])


def delete_my_commands(call: Call) -> bool:
    """Removes the commands of one scope and language."""
    call.bot.commands.pop(_scope_and_language(call), None)
    return True


def set_text(call: Call, name: str) -> bool:
    """Sets the bot's name or one of its descriptions in a language."""
    text, language = call.ask.text(name), call.ask.text("language_code")
    if len(text) > LONGEST[name]:
        raise bad_request(f"bot {name.replace('_', ' ')} length must not exceed {LONGEST[name]}")
    if not LANGUAGE.fullmatch(language):
        raise bad_request("invalid language code specified")
    if text:
        call.bot.profile[name, language] = text
    else:
        call.bot.profile.pop((name, language), None)
    return True


def get_text(call: Call, name: str) -> Json:
    """Tells the bot's name or one of its descriptions in a language, or else in none."""
    fallback = call.bot.user()["first_name"] if name == "name" else ""
    profile = call.bot.profile
    return {name: profile.get((name, call.ask.text("language_code"))) or profile.get((name, ""), fallback)}


def set_chat_menu_button(call: Call) -> bool:
    """Sets what the button beside the text field opens, in one chat or in all."""
    button = call.ask.object("menu_button") or {"type": "default"}
    if str(button.get("type")) not in MENU_BUTTONS:
        raise bad_request("can't parse MenuButton: unsupported type specified")
    call.bot.menu_buttons[_chat_or_all(call)] = button
    return True


def get_chat_menu_button(call: Call) -> Json:
    """Tells what the button beside the text field opens."""
    buttons = call.bot.menu_buttons
    default: Json = {"type": "commands" if call.bot.commands else "default"}
    return buttons.get(_chat_or_all(call)) or buttons.get(0, default)


def _chat_or_all(call: Call) -> int:
    return call.chat().person.id if call.ask.values.get("chat_id") is not None else 0
