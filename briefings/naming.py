"""What companies, themes and markets are called in answers, and how a name led to one."""

from collections.abc import Iterator

from msgspec.structs import replace

from briefings.document import Choice, Document, Note
from briefings.edition import Edition
from briefings.words import Words, echo
from knowledge import Company, Found, Period, Source, Theme


def title_of(record: Company | Theme) -> str:
    """Returns the names of a company or theme as a title, in both languages where it has two."""
    return " · ".join(filter(None, (record.names.en, record.names.zh)))


def command_of(record: Company | Theme) -> str:
    """Returns the line that asks for a company or theme."""
    return f"/{'company' if isinstance(record, Company) else 'theme'} {record.slug}"


def named_choice(record: Company | Theme, then: Period | None = None) -> Choice:
    """Returns a record as a choice by its name alone, as of a time past where `then` is given."""
    return Choice(record.names.en, f"{command_of(record)}{then_option(then)}")


def source_choice(source: Source) -> Choice:
    """Returns a source as a choice that asks for it."""
    return Choice(source.title, f"/source {source.id}", source.publisher)


def market_name(market: str) -> str:
    """Returns a market's slug as readers write it: southeast-asia is Southeast Asia."""
    return market.replace("-", " ").title()


def record_choice(edition: Edition, record: Company | Theme | Source) -> Choice:
    """Returns a record as a choice that asks for it, with its number of claims and the newest date."""
    if isinstance(record, Source):
        return source_choice(record)
    standing = [claim for claim in edition.knowledge.claims_about(record) if not claim.retracted]
    detail = edition.words.text(
        "list_detail",
        claims=len(standing),
        newest=standing[0].as_of if standing else None,
        foreign=isinstance(record, Company) and record.foreign,
    )
    return Choice(title_of(record), command_of(record), detail)


def found_note(words: Words, found: Found[Company] | Found[Theme]) -> Iterator[Note]:
    """Yields a note where a typing error was mended, or where a product, ticker, former name or initials led here."""
    key = found.key
    if found.typo:
        yield words.note("mended", typed=echo(found.typed), name=key.written)
    if key.kind in ("product", "ticker", "former", "initials"):
        yield words.note("found_by", kind=key.kind, written=key.written)


def after_found_note(words: Words, found: Found[Company] | Found[Theme], told: Document) -> Document:
    """Returns what is told of a record, after the note on how its name led here if there is one."""
    note = tuple(found_note(words, found))
    return replace(told, blocks=note + told.blocks) if note else told


def then_note(words: Words, then: Period | None) -> Iterator[Note]:
    """Yields a note where an answer is given as of a time past."""
    if then:
        yield words.note("as_known_then", then=then)


def then_option(then: Period | None) -> str:
    """Returns the option of a line that asks as of a time past, or nothing."""
    return f" as_of:{then}" if then else ""
