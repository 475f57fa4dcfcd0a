"""The documents that are posted unasked: a digest, that there is nothing for one, and a correction."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from msgspec import Struct
from msgspec.structs import replace

from briefings.citing import Citations
from briefings.document import Block, Choice, Choices, Document, Heading, Note, Page, Statement
from briefings.edition import Edition
from briefings.naming import named_choice
from briefings.selection import Decision, Item, Selection
from briefings.wanted import Layout
from briefings.words import echo
from knowledge import Change, Claim, Company, Period, Theme

MOST_CHOICES = {"full": 5, "headlines": 10}
"""Choices that a digest offers: of more than five, platforms make a menu."""

_HEADINGS = {"new": "digest_new", "revised": "digest_revised", "archive": "digest_archive"}
_NAMED = 3
_UNITS = (("day", 2 * 86_400, 86_400), ("hour", 2 * 3_600, 3_600), ("minute", 60, 60))
"""Units of lateness, each with the seconds from which it is used and those that it has."""


class Imprint(Struct, frozen=True):
    """Holds what stands around the contents of a post: its title, the id of its delivery, how late it is.

    `also` are choices that its platform adds, such as one that manages the subscription.
    """

    title: str
    delivery: str
    late: timedelta = timedelta()
    also: tuple[Choice, ...] = ()


class Correction(Struct, frozen=True):
    """Is a retracted claim that a place has been shown: in which revision, and on which day.

    Raises:
        ValueError: the claim stands.
    """

    claim: Claim
    revision: int
    shown: date

    def __post_init__(self) -> None:
        _ = self.change

    @property
    def change(self) -> Change:
        """The retraction, of the text that the place was shown."""
        retracted = self.claim.retracted
        if retracted is None:
            raise ValueError(f"claim {self.claim.id!r} stands; only a retracted one is corrected")
        text = self.claim.texts[min(self.revision, self.claim.revision)]
        return Change(retracted.on, "retracted", self.claim, text, why=retracted.why)


def digest_briefing(edition: Edition, imprint: Imprint, selection: Selection, layout: Layout = "full") -> Document:
    """Returns the items of a digest by kind, those of one company together, and choices that lead on.

    Raises:
        ValueError: there are no items.
    """
    words, chosen = edition.words, selection.chosen
    if not chosen:
        raise ValueError("a digest of nothing; say so with nothing_briefing, or post none")
    citations = Citations(edition)
    blocks: list[Block] = []
    for kind, heading in _HEADINGS.items():
        of_kind = [item for item in chosen if item.kind == kind]
        if of_kind:
            blocks.append(Heading(words.text(heading)))
            blocks += (_statement(citations, item, layout) for item in _grouped(of_kind))
    choices: list[Choice] = []
    if selection.left:
        number = len(selection.left)
        blocks.append(words.note("digest_left", number=number))
        choices.append(_changes(edition, words.text("and_more", number=number), selection.left))
    revised = [item for item in chosen if item.kind == "revised"]
    if revised and layout == "headlines":
        choices.append(_changes(edition, words.text("texts_before"), revised))
    subjects = _subjects(edition, [item.claim for item in chosen])
    choices += map(named_choice, subjects[: MOST_CHOICES[layout] - len(choices) - len(imprint.also)])
    counts = Counter(item.kind for item in chosen)
    names = [subject.names.en for subject in subjects[:_NAMED]]
    summary = words.text("digest_summary", counts=counts, names=names, others=len(subjects) > _NAMED)
    return _document(edition, imprint, summary, blocks, choices, citations)


def nothing_briefing(edition: Edition, imprint: Imprint, since: date) -> Document:
    """Returns that nothing is new since a day, for subscriptions that want to hear so."""
    said = {"since": Period.of(since)}
    paragraph = edition.words.paragraph("nothing_new", **said)
    return _document(edition, imprint, edition.words.text("nothing_new", **said), [paragraph], [], Citations(edition))


def correction_briefing(edition: Edition, imprint: Imprint, corrections: Sequence[Correction]) -> Document:
    """Returns which claims, shown here on which day, were retracted, when and why.

    Raises:
        ValueError: there are none.
    """
    if not corrections:
        raise ValueError("a correction of nothing; post none")
    words, citations = edition.words, Citations(edition)
    said = {"number": len(corrections)}
    blocks: list[Block] = [words.paragraph("correction", **said)]
    blocks += (citations.change(one.change, one.shown) for one in corrections)
    choices = [named_choice(one) for one in _subjects(edition, [one.claim for one in corrections])]
    titled = replace(imprint, title=words.text("correction_title", title=echo(imprint.title)))
    choices = choices[: MOST_CHOICES["full"] - len(imprint.also)]
    return _document(edition, titled, words.text("correction", **said), blocks, choices, citations)


def reason(edition: Edition, decision: Decision) -> str:
    """Returns in words why a revision is in a digest or out of it."""
    return edition.words.text("decision", verdict=decision.verdict, detail=decision.detail)


def _document(
    edition: Edition,
    imprint: Imprint,
    summary: str,
    blocks: Sequence[Block],
    choices: Sequence[Choice],
    citations: Citations,
) -> Document:
    words = edition.words
    offered = (*choices, *imprint.also)
    why = edition.as_typed(f"/why {imprint.delivery}") if imprint.delivery else ""
    line = words.text("digest_line", on=Period.of(edition.today), delivery=why)
    return Document(
        title=echo(imprint.title) or words.text("digest"),
        summary=summary,
        command="",
        blocks=(
            *late_notes(edition, imprint.late),
            *blocks,
            *([Choices(words.text("look_further"), offered)] if offered else []),
        ),
        sources=citations.sources(),
        page=Page(1, 1, line),
        language=words.language,
    )


def late_notes(edition: Edition, late: timedelta) -> Iterator[Note]:
    """Yields how late a digest is in whole minutes, hours or days, if at all."""
    seconds = int(late.total_seconds())
    unit = next(((name, seconds // size) for name, least, size in _UNITS if seconds >= least), None)
    if unit:
        yield edition.words.note("digest_late", unit=unit[0], number=unit[1])


def _statement(citations: Citations, item: Item, layout: Layout) -> Statement:
    claim = item.claim
    if layout == "headlines":
        return citations.headline(claim)
    if item.kind != "revised":
        return citations.statement(claim)
    last = claim.revisions[-1]
    return citations.change(Change(last.on, "revised", claim, claim.text, item.was, last.why))


def _grouped(items: Iterable[Item]) -> list[Item]:
    """Returns items with those of one company, or theme without company, together, in the order of their first."""
    groups: dict[tuple[bool, str], list[Item]] = {}
    for item in items:
        companies, themes = item.claim.companies, item.claim.themes
        groups.setdefault((bool(companies), (companies or themes)[0]), []).append(item)
    return [item for group in groups.values() for item in group]


def _subjects(edition: Edition, claims: Sequence[Claim]) -> list[Company | Theme]:
    """Returns the companies of claims, each once, then the themes of those on no company."""
    knowledge = edition.knowledge
    companies = dict.fromkeys(slug for claim in claims for slug in claim.companies)
    themes = dict.fromkeys(slug for claim in claims if not claim.companies for slug in claim.themes)
    return [*(knowledge.companies[slug] for slug in companies), *(knowledge.themes[slug] for slug in themes)]


def _changes(edition: Edition, label: str, items: Sequence[Item]) -> Choice:
    """Returns a choice that leads to all of some changes: those of the company or theme that they share, if any."""
    earliest = min(item.claim.changed for item in items)
    days = max((edition.today - earliest).days + 1, 1)  # a day more: whoever asks may be a day ahead
    first = items[0].claim
    shared = (
        s for s in (*first.companies, *first.themes) if all(s in (*i.claim.companies, *i.claim.themes) for i in items)
    )
    return Choice(label, " ".join(filter(None, ("/changes", next(shared, ""), f"{days}d"))))
