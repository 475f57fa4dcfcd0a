"""Claims and those that outdate them: which are told together, and in which order."""

from collections.abc import Callable, Iterator, Sequence
from heapq import heapify, heappop, heappush

from knowledge.model import Claim

Others = Callable[[Claim], Sequence[Claim]]


def together(claim: Claim, later: Others, earlier: Others, position: Callable[[Claim], int]) -> tuple[Claim, ...]:
    """Returns a claim with all that outdate it or that it outdates, directly or through others.

    At each step comes the claim of the first position whose `later` ones have come.
    """
    group = _connected(claim, later, earlier)
    return tuple(_later_first(group, later, earlier, position)) if len(group) > 1 else (claim,)


def _connected(claim: Claim, later: Others, earlier: Others) -> dict[str, Claim]:
    found: dict[str, Claim] = {}
    waiting = [claim]
    while waiting:
        current = waiting.pop()
        if current.id not in found:
            found[current.id] = current
            waiting += (*later(current), *earlier(current))
    return found


def _later_first(
    group: dict[str, Claim], later: Others, earlier: Others, position: Callable[[Claim], int]
) -> Iterator[Claim]:
    waits = {claim.id: len(later(claim)) for claim in group.values()}
    ready = [(position(claim), claim.id) for claim in group.values() if not waits[claim.id]]
    heapify(ready)
    while ready:
        claim = group[heappop(ready)[1]]
        yield claim
        for one in earlier(claim):
            waits[one.id] -= 1
            if not waits[one.id]:
                heappush(ready, (position(one), one.id))
