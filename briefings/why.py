"""Why a digest told what it told, and what became of it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from briefings.citing import Citations
from briefings.digest import late_notes, reason
from briefings.document import Block, Choice, Choices, Document, Heading
from briefings.edition import Edition
from briefings.selection import Decision, Verdict
from briefings.subscription import Run
from briefings.words import echo
from knowledge import Change, Claim

_ORDER: tuple[Verdict, ...] = (
    "in",
    "over the number",
    "shown before",
    "not current",
    "retracted",
    "gone",
    "excluded",
    "filtered out",
)


class Account(Struct, frozen=True):
    """Is what is known of something that was posted unasked, or was to be; all instants are in its `zone`.

    `posted` is when the first of its `parts` was, `title` that of its subscription.
    """

    title: str
    kind: Literal["scheduled", "now", "correction", "notice"]
    run: Run
    zone: str
    posted: datetime | None
    parts: int
    decisions: Sequence[Decision]


def why_briefing(edition: Edition, command: str, account: Account, choices: Sequence[Choice] = ()) -> Document:
    """Returns what became of a digest, and for each revision that was considered why it was in or out."""
    words, run, citations = edition.words, account.run, Citations(edition)
    title = words.text("why_title", title=echo(account.title))
    values = {"account": account, "run": run, "reason": run.reason, "zone": account.zone}
    late = late_notes(edition, account.posted - run.due) if account.posted else ()
    blocks = [words.paragraph("why_kind", kind=account.kind, due=run.due, zone=account.zone)]
    blocks.append(words.paragraph(f"why_{run.state}", **values))
    return Document(
        title=title,
        summary=words.text(f"why_{run.state}", **values),
        command=command,
        blocks=(
            *blocks,
            *late,
            *_decided(edition, citations, account),
            *([Choices(words.text("look_further"), tuple(choices))] if choices else []),
        ),
        sources=citations.sources(),
        language=words.language,
    )


def _decided(edition: Edition, citations: Citations, account: Account) -> Iterator[Block]:
    """Yields what was considered, by why it was in or out."""
    groups: dict[str, list[Decision]] = {}
    for decision in sorted(account.decisions, key=lambda one: _ORDER.index(one.verdict)):
        groups.setdefault(reason(edition, decision), []).append(decision)
    for why, decisions in groups.items():
        yield Heading(edition.words.text("why_group", why=why, number=len(decisions)))
        yield from _told(edition, citations, decisions)
    if not groups and account.kind in ("scheduled", "now"):
        yield edition.words.note("why_undecided")


def _told(edition: Edition, citations: Citations, decisions: Iterable[Decision]) -> Iterator[Block]:
    for decision in decisions:
        claim = edition.knowledge.claims.get(decision.claim)
        if claim is None:
            yield edition.words.paragraph("why_gone", claim=echo(decision.claim))
        elif claim.retracted:
            yield citations.change(_retraction(claim, decision.revision))
        else:
            yield citations.headline(claim)


def _retraction(claim: Claim, revision: int) -> Change:
    retracted = claim.retracted
    if retracted is None:
        raise ValueError(f"claim {claim.id!r} stands")
    text = claim.texts[min(revision, claim.revision)]
    return Change(retracted.on, "retracted", claim, text, why=retracted.why)
