"""Our buttons as Telegram's two sorts of keyboard; a message can carry one of them only."""

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, KeyboardButton, ReplyKeyboardMarkup

from crm.base.outbound import Button, Buttons


def asks(buttons: Buttons) -> bool:
    """Whether a button asks for the person's own number: only the keyboard in place of the letters can."""
    return any(button.ask for row in buttons for button in row)


def inline(buttons: Buttons) -> InlineKeyboardMarkup | None:
    """Buttons under the message, or None."""
    rows = [[_inline(button) for button in row if not button.ask] for row in buttons]
    rows = [row for row in rows if row]
    return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None


def asking(buttons: Buttons) -> ReplyKeyboardMarkup:
    """A keyboard that asks; its other choices come back as ordinary words, and links have no place on it."""
    rows = [[_asking(button) for button in row if not button.url] for row in buttons]
    return ReplyKeyboardMarkup(keyboard=[row for row in rows if row], resize_keyboard=True, one_time_keyboard=True)


def _inline(button: Button) -> InlineKeyboardButton:
    if button.url:
        return InlineKeyboardButton(text=button.label, url=button.url)
    return InlineKeyboardButton(text=button.label, callback_data=button.value)


def _asking(button: Button) -> KeyboardButton:
    return KeyboardButton(text=button.label, request_contact=True if button.ask == "phone" else None)
