"""Photos: whether photos of business cards can be read here, and in which languages."""

import asyncio

from console.finding import Finding, fine, warning
from crm.exchange.grid import Unreadable
from crm.exchange.ocr import Engine, engine

INSTALL = "apt install tesseract-ocr tesseract-ocr-hye tesseract-ocr-kat tesseract-ocr-amh tesseract-ocr-rus (see docs/capture.md)"


def photos(found: Engine | None = None) -> Finding:
    """What reads photos; without it the fields of a card are typed, so that nothing is broken."""
    found = found or _looked()
    if not found.languages:
        return warning("cards", "Tesseract is not installed, so photos of business cards are not read; their fields can be typed", INSTALL)
    if found.missing:
        return warning("cards", f"Tesseract reads photos of cards, but not in {', '.join(found.missing)}", INSTALL)
    return fine("cards", "photos of business cards are read, in all five languages")


def _looked() -> Engine:
    try:
        return asyncio.run(engine())
    except (Unreadable, OSError):
        return Engine()
