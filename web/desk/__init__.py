"""The staff inbox on one page: the way to answer customers when Telegram is down or blocked."""

from web.desk.options import DeskOptions
from web.desk.routes import Desk

__all__ = ["Desk", "DeskOptions"]
