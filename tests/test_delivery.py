"""What is due is posted once, whatever happens."""

from datetime import timedelta
from typing import Any

import pytest

from tests.databases import Sqlite
from tests.stored import subscription
from tests.world import START, World, knowing_of, shown_to

PLACE = "slack:T1/C1"
DAY = timedelta(days=1)


@pytest.fixture
def world(on_sqlite: Sqlite) -> World:
    return World(on_sqlite.ready(), knowing_of("a", "b"))


def test_a_digest_is_posted_at_its_time_and_once(world: World) -> None:
    world.run(world.subscribe(subscription(made_at=START - DAY, next_fire=START + timedelta(hours=1))))
    assert world.run(world.lived(START + timedelta(hours=3)))
    [(at, _)] = world.platform.messages[PLACE]
    assert timedelta(0) <= at - (START + timedelta(hours=1)) < timedelta(seconds=1)
    assert "The claim a holds." in shown_to(world.platform, PLACE)[0]


def hourly(world: World, **fields: Any) -> None:
    world.run(world.subscribe(subscription(made_at=START - DAY, next_fire=START + timedelta(seconds=1), **fields)))


def test_killed_at_any_point_it_posts_once_all_the_same(on_sqlite: Sqlite) -> None:
    whole = World(on_sqlite.ready(), knowing_of("a", "b"))
    hourly(whole)
    whole.seams.passed, whole.seams.names = 0, []
    assert whole.run(whole.lived(START + timedelta(seconds=20)))
    points = list(whole.seams.names)
    wrong = []
    for point in range(1, len(points) + 1):
        world = World(on_sqlite.ready(), knowing_of("a", "b"))
        hourly(world)
        world.seams.passed, world.seams.kill_at = 0, point
        survived = world.run(world.lived(START + timedelta(seconds=20)))
        world.seams.kill_at = None
        world.run(world.lived(START + timedelta(minutes=2)))
        keys = world.platform.keys
        if survived or len(keys) != 1 or set(keys.values()) != {1}:
            wrong.append((point, points[point - 1], survived, dict(keys)))
    assert not wrong, wrong
