"""Viber: bots that people write to; what is sent to somebody who has not written for a day is billed."""

from channels.viber.channel import Viber
from channels.viber.options import ViberOptions

__all__ = ["Viber", "ViberOptions"]
