"""The zones of the world, from the database that comes with us and not the machine's, of whatever age."""

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib import metadata, resources
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.invalid_schedule import InvalidSchedule
from bot.typed import shown
from knowledge.problems import nearest

_AS_SHANGHAI = (
    "beijing", "peking", "shenzhen", "guangzhou", "hangzhou",
    "utc+8", "gmt+8", "+8", "utc+08:00", "gmt+08:00", "+08:00",
)  # fmt: skip
_OFFSET = re.compile(r"(?:utc|gmt|etc/gmt)?[+-][0-9:]+")
_USUAL = (
    "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Singapore", "Asia/Tokyo", "Europe/London", "Europe/Berlin",
    "America/New_York", "America/Los_Angeles", "UTC",
)  # fmt: skip
_LONGEST = 60
_CLOCK = Path("/etc/localtime")
_DATABASE = resources.files("tzdata")


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """Returns the names of all zones, in order."""
    names = _DATABASE.joinpath("zones").read_text(encoding="utf-8").split()
    return tuple(sorted(set(names) - {"Factory"}))


def zone_here(clock: Path = _CLOCK) -> str:
    """Returns the zone of this machine's clock, or nothing where it does not tell."""
    name = str(clock.resolve()).rpartition("/zoneinfo/")[2]
    return name if name in zones() else ""


def tz_version() -> str:
    """Returns the version of the zone database."""
    return metadata.version("tzdata")


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo:
    """Returns a zone by its exact name."""
    with _DATABASE.joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def zone_kept(name: str) -> ZoneInfo:
    """Returns a zone by the name that was kept of it; UTC where the world has lost it since."""
    return zone_named(name if name in zones() else "UTC")


def known_zone(typed: str) -> str:
    """Returns the name if there is such a zone.

    Raises:
        InvalidSchedule: there is none; it names the nearest.
    """
    if typed in zones():
        return typed
    by_city = {name.casefold().rpartition("/")[2]: name for name in reversed(list(_offered("")))}
    known = by_city | dict.fromkeys(_AS_SHANGHAI, "Asia/Shanghai") | {name.casefold(): name for name in zones()}
    folded = "_".join(typed[:_LONGEST].casefold().split())
    near = known.get(folded.removeprefix("asia/"))
    if not near and not _OFFSET.fullmatch(folded):  # what looks like an offset lies hours away from it
        near = known.get(nearest(folded, known) or "")
    hint = f"did you mean {near}?" if near else "write such as Asia/Shanghai or Europe/Berlin"
    raise InvalidSchedule(f"there is no zone {shown(typed)}; {hint}")


def zones_like(typed: str, most: int) -> list[str]:
    """Returns zones in whose name something stands: as the whole city, at a beginning, or anywhere; else usual ones."""
    part = "_".join(typed[:_LONGEST].casefold().split())
    if not part:
        return list(_USUAL[:most])
    also = ["Asia/Shanghai"] if any(name.startswith(part) for name in _AS_SHANGHAI) else []
    near = {name: _nearness(name.casefold(), part) for name in _offered(part) if part in name.casefold()}
    return list(dict.fromkeys([*also, *sorted(near, key=lambda name: (near[name], name))]))[:most]


def _offered(part: str) -> Iterator[str]:
    """Yields the zones that may be offered: Etc/GMT+8 lies eight hours west, so one has to spell it out."""
    return (name for name in zones() if part.startswith("etc/") or not name.startswith("Etc/GMT"))


def _nearness(name: str, part: str) -> int:
    """Returns 0 where part of a name is its whole city, 1 where its city begins so, 2 where it does, 3 elsewhere."""
    city = name.rpartition("/")[2]
    kinds = (city == part, city.startswith(part), name.startswith(part))
    return kinds.index(True) if True in kinds else len(kinds)
