"""A pretended MAX: a bot's API as strict as the real one, people who talk to the bot, and two ways for updates to come."""
