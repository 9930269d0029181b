"""SMS by SMPP 3.4, the operators' own protocol: text both ways, long messages in parts, receipts."""

from channels.smpp.channel import Smpp
from channels.smpp.options import SmppOptions

__all__ = ["Smpp", "SmppOptions"]
