"""Editions: what answers share is never of another day, another file or another language."""

import gc
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from briefings import edition as editions
from briefings.company import company_briefing
from briefings.document import statements
from briefings.edition import Edition
from briefings.words import words_in
from knowledge import Knowledge
from tests.builders import claim, edition, knowing

DAY = date(2031, 12, 31)


def told(known: Knowledge, day: date = DAY) -> list[tuple[str, str]]:
    """Returns the texts and datelines of an answer about Acme."""
    document = company_briefing(edition(known, day), known.company_names.find("acme"))
    return [(one.text, one.dateline) for one in statements(*document.blocks)]


def test_an_age_is_counted_anew_each_day() -> None:
    known = knowing(claim(as_of="2030"))
    assert told(known, DAY - timedelta(1)) == [("It is so.", "as of 2030 · Somebody")]
    assert told(known) == [("It is so.", "as of 2030, 1 year ago · Somebody")]
    assert told(known, DAY - timedelta(1)) == [("It is so.", "as of 2030 · Somebody")]


def test_an_edited_file_is_told_as_it_is_now() -> None:
    before, after = knowing(claim(text="It was so.")), knowing(claim(text="It is no more."))
    assert [text for text, _ in told(before)] == ["It was so."]
    assert [text for text, _ in told(after)] == ["It is no more."]


def test_nothing_is_made_twice_for_two_answers() -> None:
    known = knowing(claim(), claim("second"))
    first, second = (company_briefing(edition(known), known.company_names.find("acme")) for _ in range(2))
    assert first == second
    assert all(one is other for one, other in zip(statements(*first.blocks), statements(*second.blocks), strict=True))


def test_what_is_kept_goes_with_its_knowledge() -> None:
    known = knowing(claim())
    told(known)
    before = len(editions._PIECES)
    del known
    gc.collect()
    assert len(editions._PIECES) < before


def test_of_a_knowledge_only_the_last_days_are_kept() -> None:
    known = knowing(claim())
    for days in range(10):
        told(known, DAY + timedelta(days))
    assert len(editions._PIECES[known]) <= editions.MOST_DAYS


@pytest.mark.parametrize("most", [0, 1, 2, 3, 5])
def test_what_is_kept_is_bounded_and_answers_are_the_same_beyond_it(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    known = knowing(claim(), claim("second", text="So is this."))
    whole = told(known)
    monkeypatch.setattr(editions, "MOST_PIECES", most)
    again = knowing(claim(), claim("second", text="So is this."))
    assert told(again) == told(again) == whole
    at = edition(again, DAY)
    assert len(at._pieces) <= max(most, 1)


def made_once() -> Callable[[Edition, str], object]:
    pieces = iter([object()])
    return lambda *_: next(pieces)


def test_a_piece_is_made_at_first_use_and_once_for_each_maker_and_record() -> None:
    known = knowing(claim())
    at, make = edition(known), made_once()
    assert at.piece(make, "one") is at.piece(make, "one")
    assert Edition(known, at.today, words_in("en")).piece(make, "one") is at.piece(make, "one")
    with pytest.raises(StopIteration):
        at.piece(make, "another")
    assert at.piece(made_once(), "one") is not at.piece(make, "one")
