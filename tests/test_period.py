from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge import Period


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2017", date(2017, 1, 1), date(2017, 12, 31)),
        ("2017-12", date(2017, 12, 1), date(2017, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2017-12-05", date(2017, 12, 5), date(2017, 12, 5)),
        ("2024-04?", date(2024, 4, 1), date(2024, 4, 30)),
    ],
)
def test_a_period_keeps_its_precision_and_spans_its_days(text: str, first: date, last: date) -> None:
    period = Period.parse(text)
    assert (str(period), period.first, period.last) == (text, first, last)


@pytest.mark.parametrize(
    "text",
    ["", "17", "2017-13", "2017-02-30", "2017-1", "2017-12-5", "05.12.2017", "2017/12", "20171205", "0000", "２０１７"],
)
def test_what_is_no_date_is_refused_with_the_way_out(text: str) -> None:
    with pytest.raises(ValueError, match=r"write 2017|correct the month"):
        Period.parse(text)


@pytest.mark.parametrize(
    ("period", "today", "years"),
    [
        ("2017-12-05", date(2026, 12, 4), 8),
        ("2017-12-05", date(2026, 12, 5), 9),
        ("2017", date(2018, 12, 30), 0),
        ("2017", date(2018, 12, 31), 1),
        ("2024-02-29", date(2025, 2, 28), 0),
        ("2024-02-29", date(2025, 3, 1), 1),
        ("2030", date(2026, 1, 1), 0),
    ],
)
def test_the_age_counts_years_that_have_surely_passed(period: str, today: date, years: int) -> None:
    assert Period.parse(period).completed_years(today) == years


@given(st.dates(min_value=date(1000, 1, 1), max_value=date(9000, 1, 1)), st.integers(0, 300_000))
def test_the_age_of_a_day_never_shrinks_as_time_goes_on(day: date, later: int) -> None:
    period = Period.of(day)
    today = min(day + timedelta(days=later), date(9998, 1, 1))
    assert period.completed_years(today) <= period.completed_years(today + timedelta(days=1))


@given(st.dates(min_value=date(1000, 1, 1)))
def test_a_written_day_is_read_again(day: date) -> None:
    assert Period.parse(str(Period.of(day))) == Period.of(day)
