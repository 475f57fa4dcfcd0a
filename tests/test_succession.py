"""Claims that outdate one another: told together, in an order that is plain to define and must be quick to find."""

from hypothesis import given
from hypothesis import strategies as st

from knowledge import Claim, Knowledge
from tests.builders import claim, knowing


@st.composite
def claims(draw: st.DrawFn) -> list[Claim]:
    """Returns claims of which each may outdate any before it; some are retracted."""
    made = []
    for number in range(draw(st.integers(1, 9))):
        earlier = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        retracted = {"on": "2032-01-01", "why": "Wrong."} if draw(st.integers(0, 5)) == 0 else None
        outdated = [f"c{one}" for one in sorted(earlier)]
        year = str(2010 + draw(st.integers(0, 3)))
        made.append(claim(f"c{number}", as_of=year, supersedes=outdated, retracted=retracted))
    return made


def plainly_together(known: Knowledge, first: Claim) -> list[str]:
    """Returns what `together` returns, found step by step: the newest whose later ones are all out already."""
    group = {first.id: first}
    for _ in known.claims:
        for one in list(group.values()):
            group |= {other.id: other for other in (*known.superseding(one), *known.superseded(one))}
    told: list[str] = []
    while len(told) < len(group):
        ready = (c for c in group.values() if c.id not in told and {s.id for s in known.superseding(c)} <= set(told))
        told.append(min(ready, key=known.position).id)
    return told


@given(claims())
def test_claims_that_outdate_one_another_come_together_the_later_first(made: list[Claim]) -> None:
    known = knowing(*made)
    for one in made:
        if not one.retracted:
            assert [other.id for other in known.together(one)] == plainly_together(known, one)


def test_a_long_succession_is_found_at_once() -> None:
    years = [claim(f"c{n}", as_of=str(1000 + n), supersedes=[f"c{n - 1}"] if n else []) for n in range(1_000)]
    known = knowing(*years)
    assert [one.id for one in known.together(years[500])] == [f"c{n}" for n in reversed(range(1_000))]
