"""Whether photos of cards can be read is said, with what to do; it is never a fault."""

from console.finding import Level
from console.photos import photos
from crm.exchange.ocr import WANTED, Engine


def test_what_reads_photos_is_said() -> None:
    assert photos(Engine("/usr/bin/tesseract", WANTED)).level is Level.FINE
    some = photos(Engine("/usr/bin/tesseract", ("eng", "rus")))
    assert (some.level, "hye, kat, amh" in some.words) == (Level.WARNING, True)
    none = photos(Engine("", ()))
    assert (none.level, "typed" in none.words, "apt install" in none.mend) == (Level.WARNING, True, True)
