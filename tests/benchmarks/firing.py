"""What is due, found and put into the outbox, beside bare SQL; and next fires.

The floor of the first reads what is due, writes next fires that it is given and the slots, a hundred in a transaction;
it reckons no next fire, and checks nothing. Both end with the same number of slots.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from random import Random
from zoneinfo import ZoneInfo

from bot.delivery.proposing import propose_due
from bot.schedule import parse
from bot.store.opening import Store, open_store
from tests.benchmarks.bare import Engine, engines, moment
from tests.benchmarks.curves import Point
from tests.benchmarks.figures import Figure, Spread
from tests.benchmarks.filled import DAY, FAR, HOUR, NOW, SCHEDULES, TOGETHER, ZONES, Filled, Metered
from tests.benchmarks.measuring import ROUNDS, Side, each, in_turn, where


@dataclass(frozen=True)
class Measured:
    """Is what one due costs, in CPU seconds, and where they go."""

    product: Spread
    floor: Spread
    ratio: Spread
    where: tuple[tuple[str, float], ...]


def figures() -> Iterator[Figure]:
    """Measures what is due, and the next fire."""
    with engines() as found, asyncio.Runner() as runner:
        measured = _due(found[0], runner, 10_000, TOGETHER)
    yield Figure(
        name=f"due → outbox, SQLite: {TOGETHER} of 10,000 subscriptions, next fires reckoned",
        must=3.0,
        stretch=2.0,
        bounds="ratio",
        unit="s",
        product=measured.product,
        floor_name="bare SQL",
        floor=measured.floor,
        ratio=measured.ratio,
        where=measured.where,
    )
    yield _next_fire()


def curves() -> Iterator[Point]:
    """Measures what one of a hundred due costs among more and more, and what one costs of more and more due at once."""
    with engines() as found, asyncio.Runner() as runner:
        for number in (100, 1_000, 10_000, 100_000):
            yield from _points("due → outbox by subscriptions", number, _due(found[0], runner, number, TOGETHER))
        for due in (10, 100, 1_000, 10_000):
            yield from _points("due → outbox by due at once", due, _due(found[0], runner, 10_000, due))


def _points(curve: str, x: int, measured: Measured) -> Iterator[Point]:
    yield Point(curve, x, "briefbot", measured.product.median, "s")
    yield Point(curve, x, "bare SQL", measured.floor.median, "s")


def _due(engine: Engine, runner: asyncio.Runner, number: int, due: int) -> Measured:
    """Measures what is due of so many: found, its slot kept and its next fire set; zones and schedules differ."""
    by_hand, by_store = Filled.made(engine, number), Filled.made(engine, number)
    opened = open_store(by_store.url)
    store = runner.run(opened.__aenter__())
    floor = Metered(engine.clock, partial(_make_due, by_hand, due), partial(_fire_by_hand, by_hand, due))
    product = Metered(engine.clock, partial(_make_due, by_store, due), lambda now: runner.run(_fire(store, due, now)))
    of_product, of_floor, ratio = in_turn(product.side, floor.side, ROUNDS if due <= TOGETHER else 3)
    rooms = where(product.run, 3)
    runner.run(opened.__aexit__(None, None, None))
    return Measured(of_product.over(due), of_floor.over(due), ratio, rooms)


def _make_due(filled: Filled, due: int) -> datetime:
    """Makes the next subscriptions due, and returns the instant at which they are."""
    filled.rounds += 1
    now, far = NOW + filled.rounds * DAY, moment(FAR)
    first = filled.rounds * due % len(filled.subscriptions)
    ids = [(moment(now), one.id) for one in filled.subscriptions[first : first + due]]
    with filled.bare.writing():
        filled.bare.many("UPDATE subscription SET next_fire = ? WHERE next_fire < ?", [(far, far)])
        filled.bare.many("UPDATE subscription SET next_fire = ? WHERE id = ?", ids)
    return now


async def _fire(store: Store, due: int, now: datetime) -> None:
    assert sum([number async for number in propose_due(store, now)]) == due


def _fire_by_hand(filled: Filled, number: int, now: datetime) -> None:
    bare, at, until, following = filled.bare, moment(now), moment(now + 6 * HOUR), moment(now + DAY)
    due = bare.rows("SELECT id, place FROM subscription WHERE next_fire <= ? AND state = 'active'", (at,))
    assert len(due) == number
    for start in range(0, number, TOGETHER):
        some = due[start : start + TOGETHER]
        with bare.writing():
            bare.many("UPDATE subscription SET next_fire = ? WHERE id = ?", [(following, id_) for id_, _ in some])
            slots = [
                (f"{id_}:{at}", f"{id_}@{at}", place.partition("/")[0], place, at, until, id_, at)
                for id_, place in some
            ]
            bare.many(_SLOT, slots)


_SLOT = (
    "INSERT INTO slot (id, key, kind, lane, place, due, deadline, subscription, about, state, reason, wake) "
    "VALUES (?, ?, 'scheduled', ?, ?, ?, ?, ?, '{}', 'planned', '', ?) ON CONFLICT DO NOTHING"
)


def _next_fire() -> Figure:
    """Measures the next fire of schedules in many zones after instants of a whole year."""
    dice = Random(0)
    asked = [
        (parse(dice.choice(SCHEDULES), dice.choice(ZONES)), NOW + dice.random() * 365 * DAY) for _ in range(10_000)
    ]
    questions, by_hand = iter(asked * 1_000), iter(asked * 1_000)
    zones = {name: ZoneInfo(name) for name in ZONES}

    def reckon() -> None:
        schedule, after = next(questions)
        schedule.next(after)

    def reckon_by_hand() -> None:
        schedule, after = next(by_hand)
        local = after.astimezone(zones[schedule.zone])
        fire = local.replace(hour=9, minute=0, second=0, microsecond=0)
        (fire if fire > local else fire + DAY).astimezone(UTC)

    product, floor, ratio = in_turn(Side(each(reckon)), Side(each(reckon_by_hand)))
    return Figure(
        name="next fire of a schedule, any of 5 in 6 zones, any instant of a year",
        must=60e-6,
        stretch=None,
        bounds="product",
        unit="s",
        product=product,
        floor_name="zoneinfo, daily 09:00 alone",
        floor=floor,
        ratio=ratio,
        where=where(each(reckon), 20_000),
    )
