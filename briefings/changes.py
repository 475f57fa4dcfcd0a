"""What the curators changed."""

from datetime import date

from msgspec.structs import replace

from briefings.citing import Citations
from briefings.document import Block, Document, Heading
from briefings.edition import Edition
from briefings.naming import title_of
from knowledge import Change, Company, Period, Theme, changes_since

_KINDS = ("retracted", "revised", "added")


def changes_briefing(edition: Edition, record: Company | Theme | None, since: date, days: int) -> Document:
    """Returns the claims that were retracted, revised (with the text before) or added on a day or later, each once.

    `record` narrows it to a company or theme; `days` is how far back `since` lies, for the words and the command.
    """
    words = edition.words
    latest: dict[str, Change] = {}  # of each claim only its latest change: words that no longer stand are not told
    for change in changes_since(edition.knowledge, since):
        if _belongs(change, record):
            later = latest.setdefault(change.claim.id, change)
            if change.kind == "revised" and later.kind == "revised":
                latest[change.claim.id] = replace(later, was=change.was)  # what stood before all of them
    changes = list(latest.values())
    name = title_of(record) if record else ""
    citations = Citations(edition)
    said = {"name": name, "since": Period.of(since), "number": len(changes)}
    blocks: list[Block] = [words.paragraph("changes_summary", **said)]
    for kind in _KINDS:
        of_kind = [change for change in changes if change.kind == kind]
        if of_kind:
            blocks.append(Heading(words.text(f"changes_{kind}")))
            blocks += (citations.change(change) for change in of_kind)
    return Document(
        title=words.text("changes_title", name=name),
        summary=words.text("changes_summary", **said),
        command=" ".join(("/changes", *([record.slug] if record else []), f"{days}d")),
        blocks=tuple(blocks),
        sources=citations.sources(),
        language=words.language,
    )


def _belongs(change: Change, record: Company | Theme | None) -> bool:
    if record is None:
        return True
    return record.slug in (change.claim.companies if isinstance(record, Company) else change.claim.themes)
