"""Messenger and Instagram: one channel, two dialects."""

from channels.messenger.channel import Instagram, Messenger
from channels.messenger.options import InstagramOptions, MessengerOptions

__all__ = ["Instagram", "InstagramOptions", "Messenger", "MessengerOptions"]
