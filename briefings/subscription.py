"""What people are told of a subscription: as it would be, as it is, and that it cannot be so."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from textwrap import wrap
from typing import Literal

from msgspec import Struct, field

from briefings.citing import Citations
from briefings.document import Block, Choice, Choices, Document, Heading
from briefings.edition import Edition
from briefings.wanted import Sieve, Wanted, explained
from briefings.words import echo

MOST_PREVIEWED = 3
LONGEST_PART = 800
"""Characters of one paragraph: a filter may be longer than the page of a platform."""

LONGEST_REASON = 300
"""Characters of why something is paused, which ends in the way out."""


class Run(Struct, frozen=True):
    """Is a digest that was due: what became of it, the id that people see, and why."""

    due: datetime
    state: Literal["planned", "sending", "sent", "uncertain", "failed", "skipped"]
    id: str
    reason: str = ""


class Terms(Struct, frozen=True):
    """Is how a subscription posts, apart from when and what: values as people give them."""

    layout: str
    nothing: str
    catch_up: str
    holidays: str = ""
    tags: str = ""
    policy: str = "at_most_once"


class Standing(Struct, frozen=True):
    """Is a subscription at this moment; all instants are in its zone, `runs` are the next ones.

    `held` is why nothing is posted though it is active. `schedule` is explained already; `place` is empty where it is
    the one in which the answer is read. `made_by` and `paused_by` are people, written as places are, if it was people.
    """

    id: str
    title: str
    schedule: str
    zone: str
    runs: tuple[datetime, ...]
    wanted: Wanted
    terms: Terms
    made_by: str
    made_at: datetime
    place: str = ""
    paused: str | None = None
    paused_by: str = ""
    declared: bool = False
    last: Run | None = None
    held: str = ""


class Offer(Struct, frozen=True):
    """Is what may be saved: a subscription as it would be, and what differs from one that is there.

    `changes` are fields with what stood there before and what would stand there, both as people give them.
    """

    standing: Standing
    choices: tuple[Choice, ...]
    edits: bool = False
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def offer_briefing(edition: Edition, offer: Offer) -> Document:
    """Returns what would be saved, with the next runs and the newest claims that it would be about."""
    words, standing = edition.words, offer.standing
    title = words.text("offer_title", title=echo(standing.title), edits=offer.edits)
    citations = Citations(edition)
    blocks = (
        *(
            words.usage(f"{name}:", words.text("offer_change", before=echo(before), after=echo(after)))
            for name, (before, after) in offer.changes.items()
        ),
        *_when(edition, standing),
        *_what(edition, standing, parts=1),  # what can be saved must stand on the first page
        words.paragraph("not_saved", edits=offer.edits),
        Choices(words.text("save_or_change"), offer.choices),
        *_matching(edition, citations, standing.wanted),
    )
    return Document(title, title, "", blocks, citations.sources(), language=words.language)


def saved_briefing(edition: Edition, standing: Standing, choices: Sequence[Choice], *, edits: bool = False) -> Document:
    """Returns what was saved, when its first digest comes, and what can be done now."""
    words = edition.words
    title = words.text("saved_title", title=echo(standing.title))
    coming = words.paragraph(
        "edit_saved" if edits else "first_digest",
        first=standing.runs[0] if standing.runs else None,
        zone=standing.zone,
        nothing=standing.terms.nothing,
        paused=standing.paused is not None,
    )
    offered = Choices(words.text("next_steps"), tuple(choices))
    blocks = (coming, offered, Heading(_name(edition, standing)), *_all(edition, standing))
    return Document(title, title, "", blocks, language=words.language)


def standings_briefing(
    edition: Edition,
    command: str,
    standings: Iterable[tuple[Standing, Sequence[Choice]]],
    choices: Sequence[Choice] = (),
) -> Document:
    """Returns subscriptions as they are, each with what can be done with it; `choices` are for all of them."""
    words = edition.words
    shown = list(standings)
    summary = words.text("standings_summary", number=len(shown), here=not any(one.place for one, _ in shown))
    blocks: list[Block] = [
        words.paragraph("standings_summary", number=len(shown), here=not any(o.place for o, _ in shown))
    ]
    for standing, own in shown:
        blocks += [Heading(_name(edition, standing)), *_all(edition, standing)]
        if own:
            blocks.append(Choices(standing.id, tuple(own)))
    if choices:
        blocks.append(Choices(words.text("next_steps"), tuple(choices)))
    return Document(words.text("standings_title"), summary, command, tuple(blocks), language=words.language)


def told_briefing(
    edition: Edition, macro: str, standing: Standing, choices: Sequence[Choice] = (), **values: object
) -> Document:
    """Returns one sentence about a subscription and what can be done now; `macro` has a companion `..._title`."""
    words = edition.words
    title = words.text(f"{macro}_title", title=echo(standing.title))
    first = standing.runs[0] if standing.runs else None
    said = words.paragraph(macro, id=standing.id, first=first, zone=standing.zone, **values)
    offered = [Choices(words.text("next_steps"), tuple(choices))] if choices else []
    return Document(title, title, "", (said, *offered), language=words.language)


def problems_briefing(edition: Edition, problems: Mapping[str, str], choices: Sequence[Choice] = ()) -> Document:
    """Returns what cannot be used of the fields that were given, each with the way out."""
    words = edition.words
    title = words.text("problems_title", number=len(problems))
    said = (words.usage(f"{name}:", part) for name, text in problems.items() for part in wrap(text, LONGEST_PART))
    offered = [Choices(words.text("next_steps"), tuple(choices))] if choices else []
    return Document(title, title, "", (*said, words.paragraph("nothing_saved"), *offered), language=words.language)


def _name(edition: Edition, standing: Standing) -> str:
    return edition.words.text("standing_name", title=echo(standing.title), id=standing.id)


def _all(edition: Edition, standing: Standing) -> Iterator[Block]:
    """Yields all that is known of a subscription."""
    words, last = edition.words, standing.last
    if standing.paused_by:
        yield words.placed("paused_by", standing.paused_by, "standing_state")
    else:
        paused = echo(standing.paused, LONGEST_REASON) if standing.paused is not None else None
        yield words.labelled(
            "standing_state", words.text("state_said", paused=paused, held=echo(standing.held, LONGEST_REASON))
        )
    yield from _when(edition, standing)
    if last:
        why = edition.as_typed(f"/why {last.id}")
        yield words.labelled("standing_last", words.text("run_said", run=last, reason=last.reason, why=why))
    yield from _what(edition, standing)
    by, at, declared = echo(standing.made_by), standing.made_at, standing.declared
    if by:
        yield words.placed("made", by, at=at, declared=declared)
    else:
        yield words.note("made", place="", at=at, declared=declared)


def _when(edition: Edition, standing: Standing) -> Iterator[Block]:
    words = edition.words
    yield words.labelled("standing_when", standing.schedule)
    paused = standing.paused is not None
    runs = words.text("runs_said", runs=standing.runs, zone=standing.zone, paused=paused)
    yield words.labelled("standing_next", runs)


def _what(edition: Edition, standing: Standing, parts: int | None = None) -> Iterator[Block]:
    """Yields what a subscription is about and how it posts; of a long filter only the first parts, if it is said."""
    words = edition.words
    if standing.place:
        yield words.placed("posted_in", standing.place, "standing_where")
    for part in wrap(explained(edition, standing.wanted), LONGEST_PART, max_lines=parts, placeholder=" …"):
        yield words.labelled("standing_what", part)
    yield words.labelled("standing_how", words.text("terms_said", terms=standing.terms))


def _matching(edition: Edition, citations: Citations, wanted: Wanted) -> Iterator[Block]:
    """Yields how many claims are wanted now, and the newest of them."""
    sieve = Sieve(edition.knowledge, wanted)
    standing = (claim for claim in edition.knowledge.newest_first if not claim.retracted)
    matching = [claim for claim in standing if sieve.includes(claim) and not sieve.excluding(claim)]
    yield edition.words.paragraph("matching", number=len(matching))
    yield from (citations.headline(claim) for claim in matching[:MOST_PREVIEWED])
