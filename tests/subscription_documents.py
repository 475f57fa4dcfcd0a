"""Every document on subscriptions, small and as large as it may be."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from briefings.document import Choice, Document
from briefings.edition import Edition
from briefings.selection import Decision
from briefings.subscription import (
    Offer,
    Run,
    Standing,
    Terms,
    offer_briefing,
    problems_briefing,
    saved_briefing,
    standings_briefing,
    told_briefing,
)
from briefings.wanted import Topics, Wanted
from briefings.why import Account, why_briefing

AT = datetime(2033, 6, 15, 9, 30, tzinfo=UTC)
CHOICES = (Choice("Change", "/subscribe edit:7F3A2K"), Choice("Preview", "/subscriptions preview 7F3A2K"))
STATES = ("planned", "sending", "sent", "uncertain", "failed", "skipped")
MANY = tuple(f"{'w' * 78}{number:02}" for number in range(25))

_SMALL = Standing(
    id="7F3A2K",
    title="Ships",
    schedule="Every day at 09:00, Europe/Berlin",
    zone="Europe/Berlin",
    runs=(AT, AT + timedelta(days=1)),
    wanted=Wanted(Topics(themes=("tourism",))),
    terms=Terms("full", "skip", "6h"),
    made_by="U1",
    made_at=AT,
)
_LARGE = replace(
    _SMALL,
    title="*_~<@U1>" * 10,
    runs=(),
    wanted=Wanted(Topics(words=MANY), Topics(words=MANY), every=True),
    terms=Terms("headlines", "archive", "0", "CN, US, DE, FR, GB", ", ".join(["t" * 20] * 5), "at_least_once"),
    place="slack:T012AB3CD/C012AB3CD/1700000000.000100",
    paused="by <!channel>",
    declared=True,
    last=Run(AT, "failed", "7F3A2K9Q", "the channel is *gone*"),
)


def every_subscription_document(edition: Edition) -> Iterator[Document]:
    """Yields them."""
    for standing in (_SMALL, _LARGE):
        yield offer_briefing(edition, Offer(standing, CHOICES))
        changes = {"topics": ("a, b", ", ".join(MANY)), "title": ("", "x" * 80)}
        yield offer_briefing(edition, Offer(standing, CHOICES, edits=True, changes=changes))
        yield saved_briefing(edition, standing, CHOICES)
        yield saved_briefing(edition, standing, CHOICES, edits=True)
        for macro in (
            "was_paused",
            "was_resumed",
            "is_active",
            "remove_sure",
            "was_removed",
            "paused_now",
            "now_posted",
        ):
            yield told_briefing(edition, macro, standing, CHOICES)
        yield standings_briefing(edition, "/subscriptions", [(standing, CHOICES)] * 12, CHOICES)
    yield standings_briefing(edition, "/subscriptions", [])
    yield problems_briefing(edition, {"topics": "x y" * 1_500, "zone": "there is no zone *x*; did you mean UTC?"})
    yield from _accounts(edition)


def _accounts(edition: Edition) -> Iterator[Document]:
    claims = list(edition.knowledge.claims.values())
    verdicts = (
        ("in", "new"),
        ("in", "archive"),
        ("over the number", "3"),
        ("excluded", "theme:x"),
        ("filtered out", ""),
    )
    decisions = [Decision(claim.id, claim.revision, *verdicts[n % 5]) for n, claim in enumerate(claims)]  # type: ignore[arg-type]
    decisions += [Decision(claim.id, 0, "retracted", "2033-01-01") for claim in claims if claim.retracted]
    decisions.append(Decision("gone", 0, "gone"))
    for state in STATES:
        run = Run(AT, state, "7F3A2K9Q", "*why*")  # type: ignore[arg-type]
        yield why_briefing(edition, "/why 7F3A2K9Q", Account("Ships", "now", run, "UTC", AT, 2, ()))
    run = Run(AT - timedelta(hours=3), "sent", "7F3A2K9Q")
    yield why_briefing(edition, "/why 7F3A2K9Q", Account("Ships", "scheduled", run, "UTC", AT, 3, decisions), CHOICES)
    yield why_briefing(edition, "/why 7F3A2K9Q", Account("", "notice", run, "UTC", None, 1, ()))
