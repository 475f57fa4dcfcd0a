"""Dates as sources give them: a year, a month or a day, sometimes only inferred."""

import calendar
import re
from datetime import date

from msgspec import Struct

_PERIOD = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?(\?)?")


class Period(Struct, frozen=True):
    """Holds a calendar year, month or day, with the precision that was stated.

    Written as ISO 8601 with reduced precision (`2017`, `2017-12`, `2017-12-05`); a closing `?` marks an
    inferred date, as in the Extended Date/Time Format of ISO 8601-2:2019 (`2024-04?`).

    Raises:
        ValueError: the calendar has no such month or day.
    """

    year: int
    month: int | None = None
    day: int | None = None
    inferred: bool = False

    def __post_init__(self) -> None:
        if self.day is not None and self.month is None:
            raise ValueError("a day needs a month")
        date(self.year, self.month or 1, self.day or 1)

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Reads a period from text such as `2017-12`.

        Raises:
            ValueError: the text is no period; the message says what would be.
        """
        match = _PERIOD.fullmatch(text)
        if match is None:
            raise ValueError(f'"{text}" is not a date; write 2017, 2017-12 or 2017-12-05, with ? if inferred')
        year, month, day, inferred = match.groups()
        try:
            return cls(int(year), int(month) if month else None, int(day) if day else None, inferred is not None)
        except ValueError:
            raise ValueError(f'"{text}" is not in the calendar; correct the month or the day') from None

    @classmethod
    def of(cls, day: date) -> "Period":
        """Returns the period of one day."""
        return cls(day.year, day.month, day.day)

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def last(self) -> date:
        """Its last day."""
        month = self.month or 12
        return date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    def completed_years(self, today: date) -> int:
        """Returns how many whole years have surely passed since; 0 for a period that has not ended."""
        end = self.last
        years = today.year - end.year - ((today.month, today.day) < (end.month, end.day))
        return max(years, 0)

    def __str__(self) -> str:
        parts = [f"{self.year:04}", *(f"{part:02}" for part in (self.month, self.day) if part is not None)]
        return "-".join(parts) + ("?" if self.inferred else "")
