"""A peer: aiogram's own webhook, one handler that answers every text, nothing stored. Runs in the peers' environment: `PORT SECRET`."""

import asyncio
import sys

from aiogram import Bot, Dispatcher, F
from aiogram.methods import SendMessage
from aiogram.types import Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web


async def main(port: int, secret: str) -> None:
    """Answer through the webhook's own reply, so that nothing leaves the machine."""
    dispatcher = Dispatcher()

    @dispatcher.message(F.text)
    async def thank(message: Message) -> SendMessage:
        return SendMessage(chat_id=message.chat.id, text="Thank you! A person will answer you here today.")

    app = web.Application()
    SimpleRequestHandler(dispatcher, Bot("1:x"), handle_in_background=False, secret_token=secret).register(app, "/hook")
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
