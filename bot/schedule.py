"""When something is due: schedules in words or as crons, on the wall clock of a zone.

A fixed time fires once a local date: in a gap of the clock at the first instant after it, if that is still the same
date, and in a fold at its first occurrence only. Where minutes or hours are wildcards or steps, time elapses: every
minute that the wall clock shows and the cron names fires, twice in a fold and never in a gap.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from msgspec import Struct

from bot.invalid_schedule import InvalidSchedule
from bot.schedule_words import EXAMPLES, LEAST_MINUTES, ordinal, read_words
from bot.typed import shown
from bot.zones import known_zone, tz_version, zone_named, zones

__all__ = ["InvalidSchedule", "Schedule", "parse", "tz_version", "zones"]

LONGEST_WAIT = timedelta(days=5 * 366)
LONGEST_TEXT = 200
_DAY = timedelta(days=1)
_FIELDS = {
    "minute": ("minute", "0-59", 59),
    "hour": ("hour", "0-23", 23),
    "day-of-month": ("day of the month", "1-31 or L", 31),
    "month": ("month", "1-12 or JAN-DEC", 12),
    "day-of-week": ("weekday", "0-7, 0 and 7 being Sunday, or SUN-SAT", 7),
}


class Schedule(Struct, frozen=True):
    """Is when something is due: what was written, the crons that it means, and the zone of their wall clock."""

    written: str
    crons: tuple[str, ...]
    zone: str

    @property
    def explained(self) -> str:
        """Says the schedule back in English."""
        return f"{_explained(self.written)}, {self.zone}"

    def next(self, after: datetime) -> datetime | None:
        """Returns the first fire after an instant, or None if there is none within five years."""
        start = after.astimezone(zone_named(self.zone)).date() - _DAY
        for day in self._days(start, _DAY):
            if fires := {fire for fire in self._fires(day) if fire > after}:
                # Where a fold reaches back over midnight, the next date begins before this one is over.
                return min(fires | {fire for fire in self._fires(day + _DAY) if fire > after})
        return None

    def latest(self, before: datetime, not_before: datetime) -> datetime | None:
        """Returns the last fire at or before an instant but after another; the fires between are never gone through."""
        zone = zone_named(self.zone)
        earliest = not_before.astimezone(zone).date() - _DAY
        for day in self._days(before.astimezone(zone).date() + _DAY, -_DAY):
            if day < earliest:
                break
            if fires := {fire for fire in self._fires(day) if fire <= before}:
                last = max(fires | {fire for fire in self._fires(day - _DAY) if fire <= before})
                return last if last > not_before else None
        return None

    def upcoming(self, after: datetime, number: int) -> list[datetime]:
        """Returns the first fires after an instant, as many as asked for if there are."""
        fires: list[datetime] = []
        while len(fires) < number and (fire := self.next(fires[-1] if fires else after)):
            fires.append(fire)
        return fires

    def _days(self, start: date, step: timedelta) -> Iterator[date]:
        """Goes through the local dates on which the schedule fires, forwards or backwards, for five years."""
        crons = [_cron(text) for text in self.crons]
        months = frozenset().union(*(cron.months for cron in crons))
        day, left = start, LONGEST_WAIT.days
        while left >= 0:
            if day.month not in months:
                first = day.replace(day=1)
                other = (first + 31 * _DAY).replace(day=1) if step > timedelta() else first - _DAY
                day, left = other, left - abs(other - day).days
                continue
            for cron in crons:
                if cron.on(day):
                    yield day
                    break
            day, left = day + step, left - 1

    def _fires(self, day: date) -> frozenset[datetime]:
        return _fires(self.crons, self.zone, day)


class _Cron(Struct, frozen=True):
    """Is a cron as it was read: its months, its times of a day, and whether time elapses for it."""

    rules: CronSim
    months: frozenset[int]
    times: tuple[time, ...]
    elapsing: bool
    weekdays: frozenset[int]
    """By number from Monday, 0; on no other does it fire."""
    only_weekdays: bool
    """Whether it asks nothing else of a day of its months."""

    def on(self, day: date) -> bool:
        possible = day.weekday() in self.weekdays and day.month in self.months
        return possible and (self.only_weekdays or self.rules.match_day(day))


@lru_cache(maxsize=4096)
def _cron(text: str) -> _Cron:
    rules = CronSim(text, datetime(2000, 1, 1))  # noqa: DTZ001 - the calendar alone: the wall clock is ours
    times = tuple(time(hour, minute) for hour in sorted(rules.hours) for minute in sorted(rules.minutes))
    elapsing = bool(re.search(r"[*/]", " ".join(text.split()[:2]))) or len(rules.hours) == 24
    plain = {one for one in rules.weekdays if isinstance(one, int)}  # others are such as the first Monday
    only_weekdays = rules.day_and and plain == rules.weekdays and rules.days >= set(range(1, 32))
    numbers = {one if isinstance(one, int) else one[0] for one in rules.weekdays} if rules.day_and else range(7)
    weekdays = frozenset((one - 1) % 7 for one in numbers)
    return _Cron(rules, frozenset(rules.months), times, elapsing, weekdays, only_weekdays)


@lru_cache(maxsize=1024)  # the dates around an instant are gone through again with the next one
def _fires(crons: tuple[str, ...], zone: str, day: date) -> frozenset[datetime]:
    at_zone = zone_named(zone)
    on = [cron for cron in map(_cron, crons) if cron.on(day)]
    return frozenset(fire for cron in on for at in cron.times for fire in _instants(day, at, at_zone, cron.elapsing))


def _instants(day: date, at: time, zone: ZoneInfo, elapsing: bool) -> Iterator[datetime]:  # noqa: FBT001
    wall = datetime.combine(day, at, zone)
    first, second = wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)
    if first <= second:  # once or twice; in a gap the later offset gives the earlier instant
        yield first
        if elapsing:
            yield second
    elif not elapsing:
        after_gap = _first_instant_after(second, first, zone)
        if after_gap.astimezone(zone).date() == day:
            yield after_gap


def _first_instant_after(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Returns when the clock was put forward: the first second, of those between, that has the later offset."""
    new = after.astimezone(zone).utcoffset()
    seconds = range(int((after - before).total_seconds()))
    passed = bisect_left(seconds, 1, key=lambda n: (before + timedelta(seconds=n)).astimezone(zone).utcoffset() == new)
    return before + timedelta(seconds=passed)


@lru_cache(maxsize=4096)
def parse(written: str, zone: str) -> Schedule:
    """Reads a schedule, in words or as a cron of five fields, on the wall clock of a zone.

    Raises:
        InvalidSchedule: it cannot be read, never fires or too often, or there is no such zone.
    """
    unformatted = "".join(c for c in unicodedata.normalize("NFKC", written) if unicodedata.category(c) != "Cf")
    tidied = " ".join(unformatted.split())
    if not tidied or len(tidied) > LONGEST_TEXT:
        said = "a schedule is missing" if not tidied else f"{shown(tidied)} is too long for a schedule"
        raise InvalidSchedule(f"{said}; write such as {', '.join(map(shown, EXAMPLES))}")
    schedule = Schedule(tidied, _crons(tidied), known_zone(zone))
    _refuse_too_rare(schedule)
    _refuse_too_often(schedule)
    return schedule


def _is_cron(text: str) -> bool:
    return "*" in text or bool(re.match(r"[0-9,/-]*[0-9] [0-9,/-]*[0-9]( |$)", text))


def _crons(written: str) -> tuple[str, ...]:
    if not _is_cron(written):
        crons = read_words(written).crons
        for cron in crons:
            _refuse_impossible(written, cron.split())
        return crons
    fields = written.upper().split()
    if len(fields) != 5:
        order = "minute, hour, day of the month, month, weekday"
        raise InvalidSchedule(f"{shown(written)} has {len(fields)} fields; a cron has five: {order}")
    for field, (name, _, most) in zip(fields, _FIELDS.values(), strict=True):
        if any(int(step) > most for step in re.findall(r"/([0-9]+)", field)):
            raise InvalidSchedule(f"{name} {shown(field)} steps over its whole range; {most} is the most")
    _refuse_impossible(written, fields)
    return (" ".join(fields),)


def _refuse_impossible(written: str, fields: list[str]) -> None:
    try:
        _cron(" ".join(fields))
    except CronSimError as error:
        bad = str(error).removeprefix("Bad ")
        field = fields[list(_FIELDS).index(bad)]
        if bad == "day-of-month" and _reads([*fields[:3], "*", *fields[4:]]):
            dates = f"day {field} in month {fields[3]}"
            raise InvalidSchedule(f"{shown(written)} never fires: there is no {dates}; choose another day") from None
        name, allowed, _ = _FIELDS[bad]
        raise InvalidSchedule(f"{name} {shown(field)} cannot be read; it can be {allowed}") from None


def _reads(fields: list[str]) -> bool:
    try:
        CronSim(" ".join(fields), datetime(2000, 1, 1))  # noqa: DTZ001
    except CronSimError:
        return False
    return True


def _explained(written: str) -> str:
    if not _is_cron(written):
        return read_words(written).said
    said = CronSim(written, datetime(2000, 1, 1)).explain()  # noqa: DTZ001
    said = said.replace("day of month", "day of the month")
    return re.sub(r"\b([0-9]+)th\b", lambda match: ordinal(int(match[1])), said)


def _refuse_too_rare(schedule: Schedule) -> None:
    # Weekdays and leap years come round in 28 years.
    for year in range(2000, 2028, 4):
        if next(schedule._days(date(year, 3, 1), _DAY), None) is None:
            raise InvalidSchedule(f"{shown(schedule.written)} does not fire within five years; choose other days")


def _refuse_too_often(schedule: Schedule) -> None:
    times = sorted({at for cron in schedule.crons for at in _cron(cron).times})
    minutes = [at.hour * 60 + at.minute for at in times]
    nights = pairwise(schedule._days(date(2024, 1, 1), _DAY))
    if any(second - first == _DAY for first, second in nights):
        minutes.append(minutes[0] + 24 * 60)
    for first, second in pairwise(minutes):
        if second - first < LEAST_MINUTES:
            both = " and ".join(f"{m // 60 % 24:02}:{m % 60:02}" for m in (first, second))
            said = f"{shown(schedule.written)} fires at {both}, which is too often"
            raise InvalidSchedule(f"{said}; {LEAST_MINUTES} minutes are the least between two")
