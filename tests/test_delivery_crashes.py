"""Killed at any point, the bot posts what it would have posted, once."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from bot.delivery.engine import Engine
from bot.store import lanes
from bot.store.opening import Store
from tests.builders import knowing
from tests.databases import Sqlite
from tests.every_core import SCALE, on_every_core
from tests.made_platform import Faults, budget_of
from tests.stored import subscription
from tests.world import START, World, claims, knowing_of

DAY = timedelta(days=1)
SOON = START + timedelta(seconds=1)
RETRACTED = {"retracted": {"on": "2033-06-15", "why": "It was wrong."}}
TIMES = 20
LIFE, NEXT_LIFE = 45.0, 60.0
"""Seconds of lives that come to the end of any scenario."""


def _due(world: World, **fields: Any) -> None:
    world.subscribe(subscription(made_at=START - DAY, next_fire=SOON, **fields))


def one_part(world: World) -> None:
    _due(world)


def several_parts(world: World) -> None:
    world.knowledge = knowing_of("a", "b", "c")
    world.platform.budget = budget_of(4)
    _due(world)


def sent_again(world: World) -> None:
    world.platform.faults = Faults(script=["cut"])
    _due(world)


def found_again(world: World) -> None:
    world.platform.faults = Faults(script=["lost"])
    _due(world)


def nothing_new(world: World) -> None:
    world.knowledge = knowing_of()
    _due(world, wanted={"nothing": "say"})


def a_correction(world: World) -> None:
    _due(world)
    world.live(seconds=20)
    world.knowledge = knowing(*claims("a"), *claims("b", **RETRACTED))
    world.live(seconds=5)
    world.sleep(timedelta(minutes=11))


def a_missed_digest(world: World) -> None:
    long_ago: dict[str, Any] = {"made_at": START - 9 * DAY, "next_fire": SOON - 7 * DAY, "catch_up": 1_800}
    world.subscribe(subscription(schedule="mondays 09:00", **long_ago))


def a_place_that_is_gone(world: World) -> None:
    world.platform.gone = {"slack:T1/C1"}
    _due(world)


def not_to_be_asked(world: World) -> None:
    world.platform.can_look = False
    _due(world)


def not_to_be_asked_in_parts(world: World) -> None:
    world.platform.can_look = False
    several_parts(world)


def rather_twice(world: World) -> None:
    world.platform.can_look = False
    world.knowledge = knowing_of("a", "b", "c")
    world.platform.budget = budget_of(4)
    world.policy = "at_least_once"
    _due(world, policy=world.policy)


TO_BE_ASKED = [
    one_part,
    several_parts,
    sent_again,
    found_again,
    nothing_new,
    a_correction,
    a_missed_digest,
    a_place_that_is_gone,
]
NOT_TO_BE_ASKED = [not_to_be_asked, not_to_be_asked_in_parts, rather_twice]
Scenario = Callable[[World], None]


@dataclass(frozen=True)
class End:
    """Is what came of it: how often each part was posted, and the last state of each slot.

    A slot that was skipped and one that failed are alike here: neither is posted.
    """

    posted: dict[str, int]
    slots: dict[str, str]
    out_of_order: Sequence[str]
    policy: str


def end_of(world: World) -> End:
    ended = {work.slot.id: work.slot.state.replace("failed", "skipped") for work in world.works()}
    return End(dict(world.platform.keys), ended, world.platform.out_of_order(), world.policy)


@dataclass
class Crashes:
    """Kills a scenario at its points; each time it starts from the same file."""

    before: World
    whole: World
    url: str
    names: Sequence[str]

    @property
    def points(self) -> list[tuple[int, str]]:
        """All points that something passes, from 1."""
        return list(enumerate(self.names, 1))

    @property
    def telling(self) -> list[tuple[int, str]]:
        """The points where something has just been written down, or is just to be; reading changes nothing."""
        names = ["", *self.names]
        written = [n for n, name in self.points if name == "commit" and _writes(names[:n])]
        asked = [n for n, name in self.points if not name.startswith(("execute", "commit"))]
        chosen = sorted({*written, *(n + 1 for n in written), *asked})
        return [(n, names[n]) for n in chosen if n < len(names)]

    def killed(self, point: int, seed: int = 0) -> World:
        """Returns the world after a process was killed at a point, and another has run to the end."""
        world = self.before.copied(f"{self.url}-{os.getpid()}")
        world.platform.dice = Random(seed)
        world.seams.start(kill_at=point)
        survived = world.live(seconds=LIFE)
        assert seed or not survived, "it did not come to this point"
        world.seams.kill_at = None
        assert world.live(seconds=NEXT_LIFE)
        return world


def _writes(names: Sequence[str]) -> bool:
    begun = next((name for name in reversed(names) if name.startswith("execute BEGIN")), "")
    return begun == "execute BEGIN IMMEDIATE"


def crashes(scenario: Scenario, on_sqlite: Sqlite) -> Crashes:
    before = World(on_sqlite.ready(), knowing_of("a", "b"))
    scenario(before)
    whole = before.copied(on_sqlite.empty())
    whole.seams.start()
    assert whole.live(seconds=LIFE)
    assert {"execute", "commit"} <= {name.split()[0] for name in whole.seams.names}
    return Crashes(before, whole, on_sqlite.empty(), tuple(whole.seams.names))


@pytest.mark.parametrize("scenario", TO_BE_ASKED, ids=lambda one: one.__name__)
def test_killed_at_any_point_it_posts_the_same_and_once(scenario: Scenario, on_sqlite: Sqlite) -> None:
    at = crashes(scenario, on_sqlite)
    whole = end_of(at.whole)
    assert whole.posted
    assert set(whole.posted.values()) == {1}
    points = at.points if scenario is one_part else at.telling
    wrong = {point: end for point in points if (end := end_of(at.killed(point[0]))) != whole}
    assert not wrong


@pytest.mark.parametrize("scenario", NOT_TO_BE_ASKED, ids=lambda one: one.__name__)
def test_where_it_cannot_look_a_crash_costs_one_message_and_that_is_told(scenario: Scenario, on_sqlite: Sqlite) -> None:
    at = crashes(scenario, on_sqlite)
    whole = end_of(at.whole)
    wrong = {point: end for point in at.telling if not at_most_one(whole, end := end_of(at.killed(point[0])))}
    assert not wrong


def at_most_one(whole: End, end: End) -> bool:
    """Whether one message at most is missing or there twice, and what is missing is listed as uncertain."""
    of_digest = {key for key in end.posted if key in whole.posted}
    doubled = sum(end.posted[key] - 1 for key in of_digest)
    missing = set(whole.posted) - of_digest
    unlisted = [key for key in missing if end.slots[key.partition("-")[0]] != "uncertain"]
    uncertain = [id_ for id_, state in end.slots.items() if state == "uncertain"]
    if whole.policy == "at_least_once":
        return not missing and doubled <= 1 and not uncertain
    return not doubled and not unlisted and len(uncertain) <= 1 and not end.out_of_order


def test_told_to_end_it_hands_back_within_ten_seconds_what_another_then_posts_once(on_sqlite: Sqlite) -> None:
    world = World(on_sqlite.ready(), knowing_of("a", "b"))
    world.platform.faults = Faults(script=["lost"] * 3)  # three requests hang for ten seconds
    soon: dict[str, Any] = {"made_at": START - DAY, "next_fire": SOON}
    world.subscribe(*(subscription(f"s{n}", f"slack:T1/C{n}", **soon) for n in range(40)))
    took: list[float] = []

    async def end(store: Store, engine: Engine) -> None:
        begins = world.loop.time()
        await engine.stop()
        took.append(world.loop.time() - begins)
        assert await lanes.take_lane(store, "slack:T1", "another", world.now(), timedelta())

    world.acts.append((1.2, end))
    world.live(seconds=1.4)
    world.live(minutes=5)
    assert took[0] <= 10
    assert len(world.platform.keys) == 40
    assert set(world.platform.keys.values()) == {1}


@pytest.mark.long(minutes=32)
def test_killed_at_every_point_twenty_times(on_sqlite: Sqlite, record_property: Callable[[str, object], None]) -> None:
    """Not to be asked, it is killed as often, and judged as above."""
    kills, wrong = 0, []
    for scenario in (*TO_BE_ASKED, *NOT_TO_BE_ASKED):
        at = crashes(scenario, on_sqlite)
        whole = end_of(at.whole)
        pieces = [(point, seed) for point, _ in at.points for seed in range(round(TIMES * SCALE))]

        def holds(piece: tuple[int, int], at: Crashes = at, whole: End = whole, scenario: Scenario = scenario) -> bool:
            end = end_of(at.killed(*piece))
            return end == whole if scenario in TO_BE_ASKED else at_most_one(whole, end)

        held = on_every_core(holds, pieces)
        kills += len(pieces)
        wrong += [(scenario.__name__, *piece) for piece, good in zip(pieces, held, strict=True) if not good]
    record_property("kills at enumerated points", kills)
    assert not wrong
