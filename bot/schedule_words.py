"""Schedules in words, as people type them, to crons and the same in plain English."""

import re
from collections import defaultdict

from msgspec import Struct

from bot.invalid_schedule import InvalidSchedule
from bot.typed import shown
from knowledge.problems import did_you_mean

EXAMPLES = ("weekdays at 09:00", "daily 8am and 6pm", "first monday of the month 10:00", "every 2 hours", "0 9 * * 1-5")
LEAST_MINUTES = 15
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip
_LAST = 10**9
_NTH = ("first", "second", "third", "fourth", "fifth")
_GROUPS = {"weekday": range(1, 6), "workday": range(1, 6), "weekend": (0, 6)}
_VOCABULARY = [
    *(
        "daily",
        "hourly",
        "day",
        "days",
        "hours",
        "minutes",
        "month",
        "noon",
        "midnight",
        "weekdays",
        "weekends",
        "last",
    ),
    *(f"{name.casefold()}{plural}" for name in DAYS for plural in ("", "s")),
    *("at", "on", "and", "the", "of", "every", "each", "from", "through", *map(str.casefold, MONTHS), *_NTH, *_GROUPS),
]

_TIME = r"(?:noon|midnight|[0-9]+(?::[0-9]+)?(?: ?[ap]\.?m\b\.?)?)"
_TIMES = rf"(?:at )?{_TIME}(?: and (?:at )?{_TIME})*"
_DAY = (
    r"(?:mon(?:days?)?|tue(?:s|sdays?)?|wed(?:s|nesdays?)?|thu(?:r|rs|rsdays?)?|fri(?:days?)?"
    r"|sat(?:urdays?)?|sun(?:days?)?)"
)
_MONTH = "(?:" + "|".join(f"{name[:3]}(?:{name[3:]})?" for name in map(str.casefold, MONTHS)) + ")"
_ORDINAL = rf"(?:{'|'.join(_NTH)}|last|[0-9]+(?:st|nd|rd|th))"
_GROUP = r"(?:weekdays?|workdays?|weekends?)"
_OF_A_WEEK = rf"{_DAY}(?: ?(?:-|–|to|through) ?{_DAY})?|{_GROUP}"

_JOINT = re.compile(r" ?(?:, ?and\b|,|&|\band\b) ?")
_INTERVAL = re.compile(r"(?:every|each) (?:([0-9]+) ?)?(hours?|hrs?|h|minutes?|mins?)(?: from midnight)?")
_TIMES_LAST = re.compile(rf"(?P<days>.*?[^ ])(?: and)?(?: at)? (?P<times>{_TIMES})")
_TIMES_FIRST = re.compile(rf"(?P<times>{_TIMES})(?: and)? (?P<days>.+)")
_EVERY_DAY = re.compile(r"daily|(?:every|each) ?day")
_WEEKLY = re.compile(rf"(?:on )?(?:every |each )?((?:{_OF_A_WEEK})(?: and (?:every |each |on )?(?:{_OF_A_WEEK}))*)")
_MONTHLY = re.compile(
    rf"(?:on )?(?:every |each )?(?:the )?({_ORDINAL}(?: and (?:on )?(?:the )?{_ORDINAL})*)(?: ({_DAY}|day|weekday))?"
    rf"(?: (?:of|in) (?:(?:the|each|every) month|({_MONTH}(?: and {_MONTH})*)))?"
)


class Words(Struct, frozen=True):
    """Is what words mean: crons, and the same in our own words."""

    crons: tuple[str, ...]
    said: str


def ordinal(number: int) -> str:
    """Returns `1st`, `22nd`, `13th`."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def listed(words: list[str]) -> str:
    """Returns `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def read_words(written: str) -> Words:
    """Reads a schedule in words.

    Raises:
        InvalidSchedule: words we do not know, no day, no time, or an interval that does not divide the day.
    """
    text = " ".join(_JOINT.sub(" and ", written.casefold()).split())
    if text == "hourly":
        return _interval(1, hours=True)
    if interval := _INTERVAL.fullmatch(text):
        return _interval(int(interval[1] or 1), hours=interval[2].startswith("h"))
    if re.fullmatch(_TIMES, text):
        raise InvalidSchedule(f"{shown(written)} names no day; write such as {shown(f'daily {written}')}")
    for order in (_TIMES_LAST, _TIMES_FIRST):
        if (match := order.fullmatch(text)) and (days := _days(match["days"])):
            return _at(days, _times(match["times"]))
    if _days(text):
        raise InvalidSchedule(f"{shown(written)} names no time; write such as {shown(f'{written} at 09:00')}")
    raise _not_understood(written, text)


def _interval(number: int, *, hours: bool) -> Words:
    if not hours and number == 60:
        number, hours = 1, True
    unit, allowed = ("hours", [1, 2, 3, 4, 6, 8, 12, 24]) if hours else ("minutes", [15, 20, 30, 60])
    if not hours and number < LEAST_MINUTES:
        raise InvalidSchedule(f"every {number} minute{'s' * (number != 1)} is too often; {LEAST_MINUTES} are the least")
    if number not in allowed:
        known = listed([str(n) for n in allowed])
        raise InvalidSchedule(f"every {number} {unit} does not come out even; of {unit} there can be {known}")
    if not hours:
        return Words((f"*/{number} * * * *",), f"Every {number} minutes")
    if number == 24:
        return Words(("0 0 * * *",), "Every day at 00:00")
    if number == 1:
        return Words(("0 * * * *",), "Every hour")
    return Words((f"0 */{number} * * *",), f"Every {number} hours from midnight")


def _at(days: tuple[str, str], times: list[tuple[int, int]]) -> Words:
    fields, said = days
    by_minute: defaultdict[int, list[int]] = defaultdict(list)
    for hour, minute in times:
        by_minute[minute].append(hour)
    crons = tuple(f"{minute} {','.join(map(str, hours))} {fields}" for minute, hours in sorted(by_minute.items()))
    return Words(crons, f"{said} at {listed([f'{hour:02}:{minute:02}' for hour, minute in times])}")


def _times(text: str) -> list[tuple[int, int]]:
    return sorted({_time(one) for one in re.findall(_TIME, text)})


def _time(text: str) -> tuple[int, int]:
    if text in ("noon", "midnight"):
        return (12, 0) if text == "noon" else (0, 0)
    clock, half = re.match(r"([0-9:]+) ?(.?)", text).groups()  # type: ignore[union-attr]  # _TIME begins like this
    hour, _, minute = clock.partition(":")
    fits = len(hour) < 3 and (not minute or len(minute) == 2) and int(minute or 0) < 60
    if not fits or int(hour) not in (range(1, 13) if half else range(24)):
        raise InvalidSchedule(f"{shown(text)} is no time of day; write such as 09:00, 9:30 pm, noon or midnight")
    return (int(hour) % 12 + 12 * (half == "p") if half else int(hour)), int(minute or 0)


def _days(text: str) -> tuple[str, str] | None:
    """Returns the last three fields of a cron and the words for them, or None if the text is no days."""
    if _EVERY_DAY.fullmatch(text):
        return "* * *", "Every day"
    if match := _WEEKLY.fullmatch(text):
        return _weekly(match[1])
    match = _MONTHLY.fullmatch(text)
    return _monthly(match[1], match[2] or "day", match[3] or "") if match else None


def _weekly(text: str) -> tuple[str, str]:
    wanted: set[int] = set()
    for item in re.findall(_OF_A_WEEK, text):
        if group := _GROUPS.get(item.removesuffix("s")):
            wanted |= set(group)
        else:
            first, last = (_number(name, DAYS) for name in (re.findall(_DAY, item) * 2)[:2])
            wanted |= {(first + n) % 7 for n in range((last - first) % 7 + 1)}
    if len(wanted) == 7:
        return "* * *", "Every day"
    if wanted == set(_GROUPS["weekday"]):
        return "* * 1-5", "Every weekday"
    from_monday = sorted(wanted, key=lambda day: (day - 1) % 7)
    return f"* * {','.join(map(str, sorted(wanted)))}", f"Every {listed([DAYS[day] for day in from_monday])}"


def _monthly(ordinals: str, kind: str, months: str) -> tuple[str, str] | None:
    nth = sorted({_nth(word) for word in re.findall(_ORDINAL, ordinals)})
    in_months = sorted({_number(name, MONTHS) for name in re.findall(_MONTH, months)})
    month = ",".join(str(n + 1) for n in in_months) or "*"
    of = f"of {listed([MONTHS[n] for n in in_months]) if in_months else 'the month'}"
    if kind == "weekday":
        return (f"LW {month} *", f"On the last weekday {of}") if nth == [_LAST] else None
    if kind == "day":
        if not set(nth) <= {*range(1, 32), _LAST}:
            raise InvalidSchedule(f"no month has a day {shown(ordinals)}; write the 1st to the 31st, or the last day")
        named = [ordinal(n) if n < _LAST else "last day" for n in nth]
        return f"{','.join(str(n) if n < _LAST else 'L' for n in nth)} {month} *", f"On the {listed(named)} {of}"
    if not set(nth) <= {*range(1, 6), _LAST}:
        raise InvalidSchedule(f"no month has that many weeks: {shown(ordinals)}; write first to fifth, or last")
    day = _number(kind, DAYS)
    named = [_NTH[n - 1] if n < _LAST else "last" for n in nth]
    field = ",".join(f"{day}#{n}" if n < _LAST else f"{day}L" for n in nth)
    return f"* {month} {field}", f"On the {listed(named)} {DAYS[day]} {of}"


def _nth(word: str) -> int:
    if word == "last":
        return _LAST
    return _NTH.index(word) + 1 if word in _NTH else min(int(word[:-2]), _LAST - 1)


def _number(name: str, names: tuple[str, ...]) -> int:
    return [full[:3].casefold() for full in names].index(name[:3])


def _not_understood(written: str, text: str) -> InvalidSchedule:
    unknown = [word for word in re.findall(r"[^\W0-9_]{4,}", text) if word not in _VOCABULARY]
    hint = did_you_mean(unknown[0], _VOCABULARY) if unknown else ""
    way_out = hint or f"; write such as {', '.join(map(shown, EXAMPLES))}"
    return InvalidSchedule(f"{shown(written)} is no schedule that we can read{way_out}")
