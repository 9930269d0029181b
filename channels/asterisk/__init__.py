"""Phone calls as Asterisk tells them over its manager interface (AMI): nothing can be said there, and nothing is said."""

from channels.asterisk.channel import Asterisk
from channels.asterisk.options import AsteriskOptions

__all__ = ["Asterisk", "AsteriskOptions"]
