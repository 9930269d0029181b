"""The staff bot: cards, replies, buttons and commands in Telegram."""
