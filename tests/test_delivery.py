"""What is due is posted once, whatever happens."""

from datetime import timedelta

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
    world.subscribe(subscription(made_at=START - DAY, next_fire=START + timedelta(hours=1)))
    assert world.live(hours=3)
    [(at, _)] = world.platform.messages[PLACE]
    assert timedelta(0) <= at - (START + timedelta(hours=1)) < timedelta(seconds=1)
    assert "The claim a holds." in shown_to(world.platform, PLACE)[0]
