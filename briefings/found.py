"""How a name led to an answer, where that is not plain to see."""

from collections.abc import Iterator

from briefings.document import Note
from briefings.words import Words, echo
from knowledge import Company, Found, Theme


def found_note(words: Words, found: Found[Company] | Found[Theme], typed: str) -> Iterator[Note]:
    """Yields a note where a typing error was mended, or where a product, ticker, former name or initials led here."""
    key = found.key
    if found.typo:
        yield words.note("mended", typed=echo(typed), name=key.written)
    elif key.kind in ("product", "ticker", "former", "initials"):
        yield words.note("found_by", kind=key.kind, written=key.written)
