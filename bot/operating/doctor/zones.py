"""Whether the zones of the world are known, and those of all subscriptions among them."""

from collections.abc import Iterable, Iterator
from datetime import date

from bot.findings import Finding, ok, wrong
from bot.schedule import InvalidSchedule
from bot.store.values import Subscription
from bot.zones import known_zone, tz_version

OLDEST = 1
"""Years after that of its version in which the database may still be used: it changes some times a year."""


def zones(subscriptions: Iterable[Subscription], today: date) -> Iterator[Finding]:
    """Yields of what age the zones are, and which subscription names one that there is not."""
    version = tz_version()
    year = version.partition(".")[0]
    if year.isdecimal() and int(year) + OLDEST < today.year:
        yield wrong("time zones", f"those of {version} are old", "update the library tzdata, or briefbot")
    else:
        yield ok("time zones", f"those of {version}")
    for one in subscriptions:
        try:
            known_zone(one.zone)
        except InvalidSchedule as invalid:
            fix = f"`briefbot subscriptions edit {one.id} --zone ZONE`; until then it is posted by the clock of UTC"
            yield wrong(f"time zone of {one.id}", str(invalid).partition("; ")[0], fix)
