from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefings.document import (
    Block,
    Break,
    Choice,
    Choices,
    Document,
    Fact,
    Facts,
    Heading,
    NoClaim,
    Note,
    Paragraph,
    Row,
    SourceEntry,
    Span,
    Statement,
    Table,
    choices,
    statements,
)
from briefings.paginate import Budget, Size, page_at, paginate

ENTRIES = tuple(
    SourceEntry(n, f"s{n}", f"T{n}", "P", "h.example", "2030", f"https://h.example/{n}") for n in range(1, 6)
)


def cost(part: Block | SourceEntry) -> Size:
    """Costs an item each, and a character for each of its text, as platforms count."""
    return (1, len(repr(part)), 0)


BUDGET = Budget(capacity=(7, 2_000, 0), cost=cost, frame=(2, 100, 0))

words = st.text(min_size=1, max_size=40)
statement = st.builds(
    lambda text, numbers: Statement(text, tuple(sorted(numbers)), "as of 2029", "claim", 0),
    words,
    st.sets(st.integers(1, 5), min_size=1, max_size=3),
)
cell = st.one_of(statement, st.builds(NoClaim, words))
choice = st.builds(lambda label, n: Choice(label, f"/company c{n}"), words, st.integers(0, 99))
block = st.one_of(
    st.builds(Heading, words),
    st.builds(lambda text: Paragraph((Span(text),)), words),
    st.builds(Note, words),
    statement,
    st.builds(
        lambda rows: Facts(tuple(Fact(*row) for row in rows)),
        st.lists(st.tuples(words, statement), min_size=1, max_size=6),
    ),
    st.builds(lambda title, some: Choices(title, tuple(some)), words, st.lists(choice, min_size=1, max_size=9)),
    st.builds(
        lambda columns, rows: Table(columns, tuple(Row(label, cells[: len(columns)]) for label, cells in rows)),
        st.sampled_from([("One",), ("One", "Two"), ("One", "Two", "Three")]),
        st.lists(st.tuples(words, st.tuples(cell, cell, cell)), min_size=1, max_size=6),
    ),
    st.just(Break()),
)
document = st.builds(
    lambda blocks: Document("Title", "Summary", "/company c", tuple(blocks), ENTRIES), st.lists(block, max_size=25)
)


@given(document)
def test_every_page_fits_the_budget(whole: Document) -> None:
    for page in paginate(whole, BUDGET):
        body = page.blocks[:-1] if page.page else page.blocks
        cited = {n for part in body for n in part.citations}
        parts = [*body, *(entry for entry in page.sources if entry.number in cited)]
        for dimension, most in enumerate(BUDGET.capacity):
            assert BUDGET.frame[dimension] + sum(cost(part)[dimension] for part in parts) <= most


@given(document)
def test_nothing_is_lost_between_pages_and_the_order_stays(whole: Document) -> None:
    pages = paginate(whole, BUDGET)
    assert [s for page in pages for s in statements(*page.blocks)] == list(statements(*whole.blocks))
    turning = {"Next page", "Previous page"} if len(pages) > 1 else set()
    offered = [c for page in pages for c in choices(page) if c.label not in turning]
    assert offered == [c for c in choices(whole) if c.label not in turning]
    for kind in (Paragraph, Note):
        told = [b for page in pages for b in page.blocks if isinstance(b, kind)]
        assert told == [b for b in whole.blocks if isinstance(b, kind)]


@given(document)
def test_a_page_lists_exactly_the_sources_that_it_cites(whole: Document) -> None:
    pages = paginate(whole, BUDGET)
    if len(pages) > 1:
        for page in pages:
            assert {e.number for e in page.sources} == {n for b in page.blocks for n in b.citations}


@given(document, st.integers(-1, 12))
def test_a_page_asked_for_alone_is_that_of_all_or_the_nearest(whole: Document, number: int) -> None:
    pages = paginate(whole, BUDGET)
    assert page_at(whole, BUDGET, number) == pages[min(max(number, 1), len(pages)) - 1]


@given(document)
def test_pages_count_through_and_turn_to_their_neighbours(whole: Document) -> None:
    pages = paginate(whole, BUDGET)
    if len(pages) == 1:
        assert pages[0].page is None
        return
    for number, page in enumerate(pages, 1):
        assert page.page is not None
        assert (page.page.number, page.page.of, page.page.line) == (
            number,
            len(pages),
            f"Page {number} of {len(pages)}",
        )
        turning = page.blocks[-1]
        assert isinstance(turning, Choices)
        assert {c.command for c in turning.choices} == {
            f"/company c page:{n}" for n in (number - 1, number + 1) if 1 <= n <= len(pages)
        }


@given(document)
def test_no_page_ends_with_a_heading_that_something_follows(whole: Document) -> None:
    follows = {id(a): b for a, b in pairwise(whole.blocks)}
    for page in paginate(whole, BUDGET)[:-1]:
        body = page.blocks[:-1]
        if body and isinstance(body[-1], Heading):
            assert isinstance(follows.get(id(body[-1])), Heading | Break)


def said(number: int) -> Statement:
    return Statement(f"Sentence {number}.", (1,), "as of 2029", "claim", 0)


def test_a_heading_is_repeated_where_its_statements_go_on() -> None:
    whole = Document("T", "S", "/help", (Heading("Opinions"), *map(said, range(8))), ENTRIES[:1])
    second = paginate(whole, BUDGET)[1]
    assert second.blocks[0] == Heading("Opinions, continued")


def test_a_break_begins_a_new_page_and_ends_its_heading() -> None:
    whole = Document("T", "S", "/help", (Heading("One"), said(1), Break(), said(2)), ENTRIES[:1])
    pages = paginate(whole, BUDGET)
    assert [next(statements(*page.blocks)).text for page in pages] == ["Sentence 1.", "Sentence 2."]
    assert not any(isinstance(b, Heading) for b in pages[1].blocks)


def test_breaks_make_no_empty_pages() -> None:
    whole = Document("T", "S", "/help", (Break(), said(1), Break(), Break(), said(2), Break()), ENTRIES[:1])
    assert len(paginate(whole, BUDGET)) == 2


def test_a_short_document_is_one_page_as_it_is() -> None:
    whole = Document("T", "S", "/help", (said(1),), ENTRIES[:1])
    assert paginate(whole, BUDGET) == (whole,)
    assert len(paginate(Document("T", "S", "/help", ()), BUDGET)) == 1


def test_rows_and_choices_are_split_and_joined_again() -> None:
    many = tuple(Choice(f"C{n}", f"/company c{n}") for n in range(9))
    rows = Facts(tuple(Fact(f"L{n}", said(n)) for n in range(3)))
    pages = paginate(Document("T", "S", "/help", (rows, Choices("All", many)), ENTRIES[:1]), BUDGET)
    assert pages[0].blocks[0] == rows
    assert len([b for page in pages for b in page.blocks if isinstance(b, Choices) and b.title == "All"]) == len(pages)


def test_a_block_that_fits_is_not_parted_though_its_rows_would_cost_more() -> None:
    rows = Facts(tuple(Fact(f"L{n}", said(n)) for n in range(8)))  # one item together, eight each for itself
    assert paginate(Document("T", "S", "/help", (rows,), ENTRIES[:1]), BUDGET)[0].blocks == (rows,)


def test_rows_that_are_parted_cost_on_a_page_what_one_block_does() -> None:
    rows = Facts(tuple(Fact(f"L{n}", said(n)) for n in range(30)))
    first = paginate(Document("T", "S", "/help", (rows,), ENTRIES[:1]), BUDGET)[0].blocks[0]
    assert isinstance(first, Facts)
    assert BUDGET.capacity[0] < len(first.rows) < 30


def test_a_piece_larger_than_a_page_is_refused_and_not_cut() -> None:
    with pytest.raises(ValueError, match=r"a note is over .* even alone; shorten it"):
        paginate(Document("T", "S", "/help", (Note("x" * 3_000),)), BUDGET)
