"""What is due, found and put into the outbox, beside bare SQL; and next fires.

The floor of the first reads what is due, reckons when it fires next as the product does, and writes that and the slots,
whose ids it is given, as many in a transaction; it checks nothing. Both end with the same slots and next fires.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bot.delivery.proposing import propose_due
from bot.schedule import parse
from bot.store.opening import Store, open_store
from bot.store.sql import ROWS
from tests.benchmarks.bare import Engine, engines, moment
from tests.benchmarks.curves import Point
from tests.benchmarks.figures import Figure, Spread
from tests.benchmarks.filled import DAY, FAR, HOUR, NOW, SCHEDULES, ZONES, Filled, Metered, slot_of
from tests.benchmarks.measuring import ROUNDS, Side, each, in_turn, where


class Due(NamedTuple):
    """Is the instant at which some subscriptions are due, and the ids of the slots that they get, by theirs."""

    at: datetime
    slots: dict[str, str]


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
        measured = _due(found[0], runner, 10_000, ROWS)
    yield Figure(
        name=f"due → outbox, SQLite: {ROWS} of 10,000 subscriptions, next fires reckoned",
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
    """Measures what one of those that are fired together costs among more and more, and what one costs of more and more due at once."""
    with engines() as found, asyncio.Runner() as runner:
        for number in (100, 1_000, 10_000, 100_000):
            yield from _points(
                "due → outbox by subscriptions", number, _due(found[0], runner, number, min(number, ROWS))
            )
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
    floor = Metered(engine.clock, partial(_make_due, by_hand, due), partial(_fire_by_hand, by_hand))
    product = Metered(engine.clock, partial(_make_due, by_store, due), lambda made: runner.run(_fire(store, made)))
    of_product, of_floor, ratio = in_turn(product.side, floor.side, ROUNDS if due <= ROWS else 3)
    rooms = where(product.run, 3)
    runner.run(opened.__aexit__(None, None, None))
    return Measured(of_product.over(due), of_floor.over(due), ratio, rooms)


def _make_due(filled: Filled, due: int) -> Due:
    """Makes the next subscriptions due."""
    filled.rounds += 1
    now, far = NOW + filled.rounds * DAY, moment(FAR)
    first = filled.rounds * due % len(filled.subscriptions)
    some = filled.subscriptions[first : first + due]
    with filled.bare.writing():
        filled.bare.many("UPDATE subscription SET next_fire = ? WHERE next_fire < ?", [(far, far)])
        filled.bare.many("UPDATE subscription SET next_fire = ? WHERE id = ?", [(moment(now), one.id) for one in some])
    return Due(now, {one.id: slot_of(one, now).id for one in some})


async def _fire(store: Store, due: Due) -> None:
    assert sum([number async for number in propose_due(store, due.at)]) == len(due.slots)


def _fire_by_hand(filled: Filled, made: Due) -> None:
    bare, at, until, written = filled.bare, moment(made.at), moment(made.at + 6 * HOUR), made.at.isoformat()
    found = "SELECT id, place, schedule, zone FROM subscription WHERE next_fire <= ? AND state = 'active'"
    due = bare.rows(found, (at,))
    assert len(due) == len(made.slots)
    for start in range(0, len(due), ROWS):
        some = due[start : start + ROWS]
        with bare.writing():
            fires = [(moment(parse(schedule, zone).next(made.at) or FAR), id_) for id_, _, schedule, zone in some]
            bare.many("UPDATE subscription SET next_fire = ? WHERE id = ?", fires)
            slots = [
                (made.slots[id_], f"{id_}@{written}", place.partition("/")[0], place, at, until, id_, at)
                for id_, place, _, _ in some
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
        reference=1.4e-6,
    )
