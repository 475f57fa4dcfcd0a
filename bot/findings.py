"""The words spoken across the rim of what a doctor looks at."""

from typing import Literal

from msgspec import Struct

MINUTES = 120
Verdict = Literal["ok", "wrong", "not tried"]
MOST_SKEW = 5.0
"""Seconds by which a clock may be wrong: a digest is to come at its time, and Slack refuses what is minutes old."""


class Finding(Struct, frozen=True):
    """Says how one thing stands; `fix` is the way out where it is wrong, or how to see to it where it was not tried."""

    verdict: Verdict
    about: str
    said: str
    fix: str = ""


def ok(about: str, said: str) -> Finding:
    """Returns that something is as it should be."""
    return Finding("ok", about, said)


def wrong(about: str, said: str, fix: str) -> Finding:
    """Returns that something is wrong."""
    return Finding("wrong", about, said, fix)


def not_tried(about: str, said: str, fix: str = "") -> Finding:
    """Returns that something was not, or cannot be, looked at."""
    return Finding("not tried", about, said, fix)


def trouble(about: str, sentence: str, fix: str = "see to that, and ask again") -> Finding:
    """Returns that something is wrong, from a sentence that has the way out after its first semicolon."""
    said, _, way_out = sentence.partition("; ")
    return wrong(about, said, way_out or fix)


def clock(platform: str, ahead: float, unsure: float) -> Finding:
    """Returns how this machine's clock stands to a platform's, which is `ahead` by so many seconds, more or less."""
    about = f"clock, by {platform}'s"
    if abs(ahead) - unsure <= MOST_SKEW:
        return ok(about, f"right, within {max(MOST_SKEW, unsure):.0f} s")
    way = "behind" if ahead > 0 else "ahead"
    off = f"{abs(ahead):.0f} s" if abs(ahead) < MINUTES else f"{abs(ahead) / 60:,.0f} min"
    return wrong(about, f"this machine's clock is {off} {way}", "set it, by NTP: digests would come at wrong times")
