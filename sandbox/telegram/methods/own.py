"""Methods about accounts that a bot is connected to."""

from sandbox.telegram.methods.call import Call
from sandbox.telegram.own import connection_of, delete
from sandbox.telegram.shapes import Json, bad_request


def get_business_connection(call: Call) -> Json:
    """Tells about a connection."""
    return connection_of(call.world, call.bot, call.ask.text("business_connection_id")).wire()


def delete_business_messages(call: Call) -> bool:
    """Removes messages that the bot wrote in an own account."""
    connection = connection_of(call.world, call.bot, call.ask.text("business_connection_id"))
    if not connection.may_delete:
        raise bad_request("BUSINESS_CONNECTION_NOT_ALLOWED")
    numbers = call.ask.values.get("message_ids")
    if not isinstance(numbers, list) or not numbers:
        raise bad_request("message identifiers are not specified")
    chats = [chat for chat in connection.chats.values() if any(number in chat.messages for number in numbers)]
    if len(chats) != 1:
        raise bad_request("message to delete not found")
    delete(chats[0], [number for number in numbers if isinstance(number, int)])
    return True
