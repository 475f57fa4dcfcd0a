"""While the database cannot be used nothing is sent that is not recorded, and then all goes on by itself."""

import logging
import os
from datetime import timedelta
from typing import Any

import pytest

from bot.delivery.engine import Engine
from bot.publishing import DeliveryError
from bot.store.opening import Store
from tests.databases import Sqlite
from tests.made_platform import Faults
from tests.stored import subscription
from tests.test_delivery_crashes import end_of
from tests.world import START, World, knowing_of

DAY = timedelta(days=1)
LASTING = 90.0
WRITES = ("execute BEGIN IMMEDIATE",)
CHANGES = ("execute INSERT", "execute UPDATE", "executemany INSERT", "execute DELETE")
TROUBLES = {  # what a database is like: what it says to which statements
    "read-only": ("SQLITE_READONLY", WRITES),
    "locked": ("SQLITE_BUSY", WRITES),
    "full at a statement": ("SQLITE_FULL", CHANGES),
    "full at the end": ("SQLITE_FULL", ("commit",)),
    "damaged, but it keeps what it was told": ("SQLITE_IOERR?", ("commit",)),
    "full for what is large": ("SQLITE_FULL", ("execute INSERT INTO delivery",)),
    "full for an outcome": ("SQLITE_FULL", ("execute UPDATE delivery",)),
    "gone": ("SQLITE_CANTOPEN", ("execute", "commit")),
}


def before(on_sqlite: Sqlite) -> World:
    world = World(on_sqlite.ready(), knowing_of("a", "b"))
    first = subscription(made_at=START - DAY, next_fire=START + timedelta(seconds=1))
    second = subscription("others", "slack:T1/C2", made_at=START - DAY, next_fire=START + timedelta(seconds=8))
    world.subscribe(first, second)
    return world


def troubled(world: World, code: str, statements: tuple[str, ...], begins: int) -> None:
    """Has the database answer some statements with an error, from a point on, for a while."""
    until: list[float] = []

    def trouble(name: str) -> str:
        if world.seams.passed < begins or not name.startswith(statements):
            return ""
        until[:] = until or [world.loop.time() + LASTING]
        return code if world.loop.time() < until[0] else ""

    world.seams.start()
    world.seams.trouble = trouble


@pytest.mark.parametrize("trouble", TROUBLES)
def test_whenever_the_database_fails_nothing_is_lost_or_doubled(
    trouble: str, on_sqlite: Sqlite, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    start, url = before(on_sqlite), on_sqlite.empty()
    whole = start.copied(f"{url}-whole")
    whole.seams.start()
    assert whole.live(seconds=30)
    names, expected = list(whole.seams.names), end_of(whole)
    assert len(expected.posted) == 2
    code, statements = TROUBLES[trouble]
    opened = names.index("execute UPDATE lane SET owner=?, until=?") + 2
    matching = [n for n, name in enumerate(names, 1) if n > opened and name.startswith(statements)]
    wrong = []
    for begins in matching[:: 1 + len(matching) // 30]:
        caplog.clear()
        world = start.copied(f"{url}-{os.getpid()}")
        troubled(world, code, statements, begins)
        assert world.live(seconds=30 + LASTING + 60)
        told = [record for record in caplog.records if hasattr(record, "error")]
        times = len(told) + len(world.told_unavailable)
        if end_of(world) != expected or not 0 < times < LASTING:
            wrong.append((begins, names[begins - 1], end_of(world), f"told {times} times"))
    assert not wrong


def test_a_lease_that_cannot_be_renewed_holds_what_is_due_and_asks_for_it_quietly(on_sqlite: Sqlite) -> None:
    world = due_in_six_places(on_sqlite)
    world.seams.trouble = lambda name: "SQLITE_FULL" if "UPDATE lane" in name and 5 < world.loop.time() < 60 else ""
    assert world.live(seconds=300)
    sent = [(at - START).total_seconds() for of_place in world.platform.messages.values() for at, _ in of_place]
    assert len(sent) == 6
    assert not [second for second in sent if 26 < second < 60]
    assert len(world.seams.names) < 1_500


def test_a_clock_that_is_put_forward_holds_a_lane_no_longer_than_to_its_next_renewal(on_sqlite: Sqlite) -> None:
    world = World(on_sqlite.ready(), knowing_of("a", "b"))
    slow = subscription("slow", made_at=START - DAY, next_fire=START + timedelta(seconds=1))
    later = subscription("later", "slack:T1/C2", made_at=START - DAY, next_fire=START + timedelta(hours=1))
    world.subscribe(slow, later)
    world.platform.faults = Faults(script=["lost"])

    async def jump(store: Store, engine: Engine) -> None:
        world.offset += timedelta(hours=2)

    world.acts.append((3.0, jump))
    world.seams.start()
    assert world.live(seconds=60)
    assert set(world.platform.keys.values()) == {1}
    assert [len(world.platform.messages[place]) for place in ("slack:T1/C1", "slack:T1/C2")] == [1, 1]
    assert len(world.seams.names) < 500


def test_what_was_posted_is_recorded_as_posted_once_a_locked_database_is_free_again(on_sqlite: Sqlite) -> None:
    world = World(on_sqlite.ready(), knowing_of("a", "b"))
    world.subscribe(subscription(made_at=START - DAY, next_fire=START + timedelta(seconds=1)))
    world.platform.can_look = False
    posted: list[float] = []
    world.platform.before = lambda _: posted.append(world.loop.time())
    world.seams.trouble = lambda _: "SQLITE_BUSY" if posted and world.loop.time() < posted[0] + 60 else ""
    assert world.live(minutes=3)
    assert [work.slot.state for work in world.works()] == ["sent"]


def test_an_intent_that_cannot_be_taken_back_yet_is_not_taken_for_a_message_that_may_be_out(on_sqlite: Sqlite) -> None:
    world = World(on_sqlite.ready(), knowing_of("a", "b"))
    soon: dict[str, Any] = {"made_at": START - DAY, "next_fire": START + timedelta(seconds=1)}
    world.subscribe(*(subscription(f"s{n}", f"slack:T1/C{n}", **soon) for n in range(4)))
    world.platform.can_look = False

    def limited(post: object) -> None:
        if world.loop.time() < 20:
            raise DeliveryError("not_accepted", "lane", "too many of all", 30)

    def trouble(name: str) -> str:
        return "SQLITE_FULL" if world.loop.time() < 20 and "UPDATE delivery SET state=?, refusals=?" in name else ""

    world.platform.before, world.seams.trouble = limited, trouble
    assert world.live(seconds=300)
    assert {work.slot.state for work in world.works()} == {"sent"}
    assert sorted(world.platform.keys.values()) == [1] * 4


def due_in_six_places(on_sqlite: Sqlite) -> World:
    """Returns a world in which six messages are due at once, of which one is let through each ten seconds."""
    world = World(on_sqlite.ready(), knowing_of("a", "b"))
    soon: dict[str, Any] = {"made_at": START - DAY, "next_fire": START + timedelta(seconds=1)}
    world.subscribe(*(subscription(f"s{n}", f"slack:T1/C{n}", **soon) for n in range(6)))
    world.platform.rate = 0.1
    world.seams.start()
    return world
