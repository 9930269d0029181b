"""The site widget: our own protocol over WebSocket, with plain HTTP where sockets are not let through."""

from channels.webchat.channel import Webchat
from channels.webchat.lines import Author, History, Line, lines_of
from channels.webchat.options import WebchatOptions

__all__ = ["Author", "History", "Line", "Webchat", "WebchatOptions", "lines_of"]
