"""Digests that are overdue: told once to the operators, whoever finds out, and not where they only just come."""

import asyncio
import itertools
from datetime import datetime, timedelta

from bot.delivery.engine import Engine
from bot.delivery.overdue import AFTER, Alarm
from bot.delivery.shelf import Shelf
from bot.publishing import DeliveryError
from bot.store import beginning, slots, subscriptions, upkeep
from bot.store.opening import Store
from bot.store.upkeep import Overdue
from bot.store.values import Slot
from tests.builders import airships
from tests.databases import Sqlite
from tests.made_platform import Platform
from tests.made_time import Seams
from tests.stored import DAY, NOW, PLACE, WORKSPACE, held, proposed, subscribed, subscription
from tests.world import START, World, knowing_of, shown_to

MINUTE = timedelta(minutes=1)
OPERATORS = "discord:1/2"


class Clock:
    """Is a time that is set by hand."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def alarm(store: Store, now: Clock, operators: str = OPERATORS) -> Alarm:
    publisher = Platform(now, Seams)
    return Alarm(Engine(store, Shelf(store, airships), {publisher.name: publisher}, now, operators=operators))


async def notices(store: Store) -> list[Slot]:
    return [work.slot for work in await slots.latest(store, 50) if work.slot.kind == "notice"]


async def test_what_is_overdue_is_counted_by_lane_with_what_nobody_has_even_begun(store: Store) -> None:
    await proposed(store, "one")
    await proposed(store, "two", due=NOW + MINUTE)
    await proposed(store, "notice", kind="notice")
    await proposed(store, "future", due=NOW + DAY)
    await subscribed(store, "unseen", place="discord:7/8", next_fire=NOW - MINUTE)
    await subscribed(store, "paused", place="discord:7/9", next_fire=NOW - MINUTE)
    await subscriptions.pause(store, "paused", "", NOW)
    assert await upkeep.overdue(store, NOW + 2 * MINUTE) == [
        Overdue("discord", 1, NOW - MINUTE),
        Overdue(WORKSPACE, 2, NOW),
    ]
    assert await upkeep.overdue(store, NOW - 2 * MINUTE) == []


async def test_an_overdue_digest_is_told_once_by_however_many_processes(store: Store) -> None:
    now = Clock(NOW + AFTER - MINUTE)
    alarms = [alarm(store, now) for _ in range(3)]
    await proposed(store, "stuck")
    for _ in range(8):
        await asyncio.gather(*(one.look() for one in alarms))
        now.at += MINUTE
    (told,) = await notices(store)
    assert (told.place, told.about["trouble"], told.about["title"]) == (OPERATORS, "overdue", WORKSPACE)
    assert told.about["told"]["number"] == "1"
    assert timedelta() <= told.due - (NOW + AFTER) <= 2 * MINUTE


async def test_the_next_trouble_is_told_anew_once_the_first_is_over(store: Store) -> None:
    now = Clock(NOW + AFTER)
    one, hold = alarm(store, now), await held(store)
    for key in ("first", "second"):
        due = now.at - AFTER
        new = await proposed(store, key, due=due, deadline=due + DAY)
        for _ in range(4):
            now.at += MINUTE
            await one.look()
        await beginning.skip(store, hold, new.id, "nothing is new", now.at)
        now.at += timedelta(hours=1)
        assert await one.look() == []
    assert len(await notices(store)) == 2


async def test_what_comes_out_within_a_minute_of_the_start_is_not_told(store: Store) -> None:
    now = Clock(NOW + DAY)
    one = alarm(store, now)
    new = await proposed(store, "late", deadline=NOW + 2 * DAY)
    assert [late.number for late in await one.look()] == [1]
    await beginning.skip(store, await held(store), new.id, "nothing is new", now.at)
    now.at += MINUTE
    await one.look()
    assert await notices(store) == []


async def test_without_operators_or_where_a_platform_is_off_nothing_is_kept(store: Store) -> None:
    now = Clock(NOW + DAY)
    await proposed(store, "stuck")
    await proposed(store, "off", lane="discord", place="discord:7/8")
    silent, off = alarm(store, now, ""), alarm(store, now)
    off.engine.publishers = {}
    for one, _ in itertools.product((silent, off), range(3)):
        await one.look()
    assert await notices(store) == []
    assert [late.lane for late in await silent.look()] == [WORKSPACE]


def test_the_operators_read_what_is_overdue_where_and_since_when(on_sqlite: Sqlite) -> None:
    world = World(on_sqlite.ready(), knowing_of("a"))
    due = START + timedelta(seconds=1)
    world.subscribe(subscription(schedule="daily 08:00", made_at=START - DAY, next_fire=due))
    world.platform.faults.refused[PLACE] = DeliveryError("not_accepted", "place", "busy", 3_600)
    watching: dict[int, Alarm] = {}

    async def look(_: Store, engine: Engine) -> None:
        await watching.setdefault(id(engine), Alarm(engine)).look()
        engine.soon()

    world.acts = [(60.0 * minute, look) for minute in range(1, 40)]
    world.live(minutes=45)
    (told,) = shown_to(world.platform, world.operators)
    words = " ".join(told.split())
    assert "Digests are overdue: slack:T1" in words
    assert "On slack:T1 a digest is overdue, the first since" in words
    assert "06:00 (UTC)" in words
