"""The ways to type the name of a record: as its curator declared them, and derived from those."""

from collections.abc import Iterator
from enum import IntEnum

from msgspec import Struct

from knowledge.folding import fold, initials, ticker_variants, without_legal_form
from knowledge.model import Company, Theme


class Strength(IntEnum):
    """Tells what a key may do: a weak one only suggests, the others answer."""

    WEAK = 0
    DERIVED = 1
    DECLARED = 2


class Key(Struct, frozen=True):
    """Is one folded way to type a name: whose, as the curator wrote it, and of what kind."""

    slug: str
    written: str
    kind: str
    strength: Strength


def declared_names(record: Company | Theme) -> Iterator[tuple[str, str]]:
    """Yields (as written, kind) for each name and alias of a record, the weak ones too."""
    for name in (record.names.en, record.names.zh):
        if name:
            yield name, "name"
    if isinstance(record, Theme):
        yield from ((alias, "name") for alias in record.aliases)
    else:
        yield from ((alias, kind) for kind, aliases in record.aliases for alias in aliases)
    yield record.slug, "name"


def declared_keys(record: Company | Theme) -> Iterator[tuple[str, str, str]]:
    """Yields (key, as written, kind) for each name and alias of a record, the weak ones too."""
    return ((fold(written), written, kind) for written, kind in declared_names(record))


def _derived_keys(record: Company | Theme) -> Iterator[tuple[str, str, str]]:
    for written, kind in declared_names(record):
        if kind in ("name", "legal", "former"):
            shorter = without_legal_form(written) if isinstance(record, Company) else None
            if shorter:
                yield shorter, written, kind
        if kind == "pinyin":
            letters = initials(written)
            if letters:
                yield letters, written, "initials"
        if kind == "ticker":
            for variant in ticker_variants(written):
                yield variant, written, kind


def own_keys(record: Company | Theme) -> Iterator[tuple[str, Key]]:
    """Yields each key of a record once, declared before derived, not weak before weak."""
    own: dict[str, Key] = {}
    for key, written, kind in sorted(declared_keys(record), key=lambda declared: declared[2] == "weak"):
        strength = Strength.WEAK if kind == "weak" else Strength.DECLARED
        own.setdefault(key, Key(record.slug, written, kind, strength))
    for key, written, kind in _derived_keys(record):
        own.setdefault(key, Key(record.slug, written, kind, Strength.DERIVED))
    yield from own.items()
