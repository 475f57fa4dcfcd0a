"""Measures product and floor in turn, in CPU seconds of a process."""

import cProfile
import gc
import pstats
import sysconfig
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.figures import Spread

ROUNDS = 15
SHORTEST = 0.02  # seconds of CPU of one round: below it, the clock's own steps show
_OURS = Path(__file__).parents[2]
_LIBRARIES = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))


@dataclass(frozen=True)
class Side:
    """Is one of the two that are measured in turn: `run` carries out so many calls, `clock` tells CPU seconds."""

    run: Callable[[int], object]
    clock: Callable[[], float] = time.process_time

    def seconds(self, calls: int) -> float:
        """Returns the CPU seconds that so many calls take."""
        begun = self.clock()
        self.run(calls)
        return self.clock() - begun


def each(call: Callable[[], object]) -> Callable[[int], None]:
    """Returns what carries out `call` as often as it is asked."""

    def run(calls: int) -> None:
        for _ in range(calls):
            call()

    return run


def alone(side: Side, rounds: int = ROUNDS) -> Spread:
    """Returns the CPU seconds of one call."""
    calls = _calls(side)
    with _quiet():
        return Spread.of([side.seconds(calls) / calls for _ in range(rounds)])


def in_turn(
    product: Side, floor: Side, rounds: int = ROUNDS, shortest: float = SHORTEST
) -> tuple[Spread, Spread, Spread]:
    """Returns the CPU seconds of one call of `product` and of `floor`, and the spread of the ratios pair by pair.

    Each pair is measured one right after the other, the first of them by turns, so that what drifts meets both; one of
    a pair takes `shortest` seconds of CPU or more.
    """
    calls, floors = _calls(product, shortest), _calls(floor, shortest)
    pairs = []
    with _quiet():
        for turn in range(rounds):
            if turn % 2:
                of_floor = floor.seconds(floors) / floors
                pairs.append((product.seconds(calls) / calls, of_floor))
            else:
                of_product = product.seconds(calls) / calls
                pairs.append((of_product, floor.seconds(floors) / floors))
    return (
        Spread.of([of_product for of_product, _ in pairs]),
        Spread.of([of_floor for _, of_floor in pairs]),
        Spread.of([of_product / of_floor for of_product, of_floor in pairs]),
    )


def where(run: Callable[[int], object], calls: int, most: int = 4) -> tuple[tuple[str, float], ...]:
    """Returns in which rooms of the house and which libraries the time of `run` goes, the largest shares first."""
    profile = cProfile.Profile(time.process_time)  # waiting for others is no work
    profile.runcall(run, calls)
    return rooms(profile, most)


def rooms(profile: cProfile.Profile, most: int = 4) -> tuple[tuple[str, float], ...]:
    """Returns in which rooms of the house and which libraries the time of a profile went, as `where` does."""
    spent: Counter[str] = Counter()
    for (file, _, _), (_, _, own, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        spent[_room(file)] += own
    total = sum(spent.values()) or 1.0
    return tuple((room, own / total) for room, own in spent.most_common(most))


def _room(file: str) -> str:
    for libraries in _LIBRARIES:
        if file.startswith(libraries):
            return Path(file).relative_to(libraries).parts[0].removesuffix(".py")
    if file.startswith(str(_OURS)):
        return str(Path(file).relative_to(_OURS).with_suffix(""))
    return "Jinja2's templates" if file.endswith((".j2", "<template>")) else "Python"


def _calls(side: Side, shortest: float = SHORTEST) -> int:
    """Returns how many calls take at least so many seconds; they warm up what is measured, too."""
    side.run(1)
    calls = 1
    while side.seconds(calls) < shortest:
        calls *= 2
    return calls


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the cyclic garbage collector from what came before the measurement; it runs as it does in the product."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
