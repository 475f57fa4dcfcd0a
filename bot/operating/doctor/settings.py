"""Whether the settings can be used, and are what was meant."""

from collections.abc import Iterator

from bot.findings import Finding, not_tried, ok, trouble
from bot.settings import Reading, variable


def settings(reading: Reading) -> Iterator[Finding]:
    """Yields what is wrong with the settings."""
    for said in (*reading.problems, *reading.warnings):
        yield trouble("settings", said, "correct it; `briefbot settings` shows where each comes from")
    if not reading.problems:
        yield ok("settings", f"{len(reading.given)} are given, and can be used")


def spoilt(about: str, reading: Reading, *fields: str) -> Finding | None:
    """Returns that something cannot be looked at, if that takes settings which are wrong."""
    wrong = [variable(field) for field in reading.wrong if field in fields]
    return not_tried(about, f"{', '.join(sorted(wrong))} cannot be used", "correct it first") if wrong else None
