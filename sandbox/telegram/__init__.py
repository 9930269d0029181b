"""Telegram, pretended: people, private chats, the Bot API over them and the human side."""
