"""The store of the send path, and what is due, beside bare SQL that writes the same rows.

The floor is a script that knows what is to be written: it reads and checks nothing, neither who holds the lane nor what
a person did meanwhile, and writes table by table with `executemany`, a hundred digests a transaction. All its values
are ready but the JSON of pages, which both write.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any, Self
from zoneinfo import ZoneInfo

from bot.composing import Composed, Composer
from bot.delivery.proposing import propose_due
from bot.places import lane_of
from bot.platforms.slack.render import BUDGET
from bot.schedule import parse
from bot.store import beginning, lanes, outcomes
from bot.store.migrate import migrate
from bot.store.opening import Store, open_store
from bot.store.values import Hold, Slot, Subscription
from tests.benchmarks.bare import Bare, Engine, Row, engines, moment, text
from tests.benchmarks.figures import Figure
from tests.benchmarks.measuring import Side, each, in_turn, where
from tests.builders import curated
from tests.stored import subscription

NOW = datetime(2033, 6, 15, 7, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
TOGETHER = 100
WORKSPACES = 10
CLAIMS = 5
SCHEDULES = ("daily 09:00", "weekdays at 08:30", "mondays 08:30", "daily 17:15", "first monday of the month 10:00")
ZONES = ("Europe/Berlin", "Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "UTC", "Australia/Lord_Howe")
RECEIPT = {"message": "1234567890.123456", "channel": ""}
WRITTEN = {"slot": "id", "delivery": "id", "shown": "place, claim, revision", "decision": "slot, claim, revision"}
"""The tables of the send path, and by what they are sorted."""


@dataclass
class Metered:
    """Does something with what is fresh each time, and lets a clock run only while it does."""

    clock: Callable[[], float]
    fresh: Callable[[], Any]
    does: Callable[[Any], object]
    spent: float = 0.0

    def run(self, calls: int) -> None:
        """Does it so many times."""
        for _ in range(calls):
            prepared = self.fresh()
            begun = self.clock()
            self.does(prepared)
            self.spent += self.clock() - begun

    @property
    def side(self) -> Side:
        """The side that is measured."""
        return Side(self.run, lambda: self.spent)


@dataclass
class Filled:
    """Is a database with subscriptions, and the connection that it is filled by."""

    url: str
    bare: Bare
    subscriptions: list[Subscription]
    rounds: int = 0

    @classmethod
    def made(cls, engine: Engine, number: int = TOGETHER) -> Self:
        """Makes one with so many subscriptions."""
        url = engine.databases.empty()
        migrate(url)
        some, bare = [_subscription(one) for one in range(number)], Bare(url)
        with bare.writing():
            bare.insert("subscription", [asdict(one) for one in some])
        return cls(url, bare, some)

    def proposed(self) -> list[Slot]:
        """Keeps the next slot of a hundred subscriptions, and returns them."""
        self.rounds += 1
        slots = [_slot(one, NOW + self.rounds * DAY) for one in self.subscriptions[:TOGETHER]]
        with self.bare.writing():
            self.bare.insert("slot", [asdict(one) | {"id": one.id, "wake": one.due} for one in slots])
        return slots

    def rows(self) -> dict[str, list[Row]]:
        """Returns all that is written of digests, by table."""
        return {table: self.bare.rows(f"SELECT * FROM {table} ORDER BY {by}") for table, by in WRITTEN.items()}


def figures() -> Iterator[Figure]:
    """Measures what is written of each part, what is due, and the next fire."""
    with engines() as found, asyncio.Runner() as runner:
        for engine in found:
            yield _sending(engine, runner)
        yield _due(found[0], runner)
    yield _next_fire()


def _sending(engine: Engine, runner: asyncio.Runner) -> Figure:
    """Measures the intent and the result of digests of one page, which tell five claims."""
    by_hand, by_store = Filled.made(engine), Filled.made(engine)
    opened = open_store(by_store.url)
    store = runner.run(opened.__aenter__())
    composed, holds = runner.run(_composed(store)), runner.run(_held(store))
    floor = Metered(engine.clock, by_hand.proposed, partial(_write_by_hand, by_hand, composed))
    product = Metered(
        engine.clock,
        by_store.proposed,
        lambda slots: runner.run(_write(store, holds, slots, composed, by_store.rounds)),
    )
    floor.run(1)
    product.run(1)
    assert by_hand.rows() == by_store.rows()
    of_product, of_floor, ratio = in_turn(product.side, floor.side)
    rooms = where(product.run, 3)
    runner.run(opened.__aexit__(None, None, None))
    return Figure(
        name=f"store of the send path, {engine.name}: a digest's intent and result, {TOGETHER} together",
        must=5.0,
        stretch=3.0,
        bounds="ratio",
        unit="s",
        product=of_product.over(TOGETHER),
        floor_name="bare SQL",
        floor=of_floor.over(TOGETHER),
        ratio=ratio,
        where=rooms,
    )


async def _composed(store: Store) -> Composed:
    """Returns a digest of the curated claims, a few of which are new."""
    claims = list(curated().claims.values())
    seen = {(one.id, one.revision): NOW - DAY * (1 if number < CLAIMS else 99) for number, one in enumerate(claims)}
    one = replace(_subscription(0), made_at=NOW - 9 * DAY, wanted={})
    composed = await Composer(store, curated(), seen, BUDGET).compose(_slot(one, NOW), one, NOW)
    assert len(composed.parts) == 1
    return composed


async def _held(store: Store) -> dict[str, Hold]:
    """Takes all lanes."""
    names = sorted({lane_of(_subscription(number).place) for number in range(WORKSPACES)})
    held = [await lanes.take_lane(store, name, "me", NOW, DAY) for name in names]
    return {one.lane: one for one in held if one}


async def _write(
    store: Store, holds: Mapping[str, Hold], slots: Sequence[Slot], composed: Composed, number: int
) -> None:
    """Commits the intents of slots that begin at one time, then the results."""

    async def begin(slot: Slot) -> str:
        parts = [replace(one, revisions=_revised(one.revisions, number)) for one in composed.parts]
        begun = await beginning.begin(store, holds[slot.lane], slot.id, parts, slot.due, composed.decisions)
        return begun.deliveries[0].id

    async def end(part: str, slot: Slot) -> None:
        await outcomes.sent(store, holds[slot.lane], part, RECEIPT, slot.due)

    parts = await asyncio.gather(*map(begin, slots))
    await asyncio.gather(*map(end, parts, slots))


def _write_by_hand(filled: Filled, composed: Composed, slots: Sequence[Slot]) -> None:
    bare, [part], at = filled.bare, composed.parts, moment(slots[0].due)
    revisions = _revised(part.revisions, filled.rounds)
    with bare.writing():
        bare.many(_PART, [(f"{one.id}-1", one.id, text(part.page), at, at) for one in slots])
        bare.many(_SHOWN, [(one.place, *revision, f"{one.id}-1", at) for one in slots for revision in revisions])
        bare.many(
            _DECISION, [(one.id, d.claim, d.revision, d.chosen, d.why) for one in slots for d in composed.decisions]
        )
        bare.many(_BEGUN, [(at, at, one.id) for one in slots])
    with bare.writing():
        bare.many(_SENT, [(text(RECEIPT), at, f"{one.id}-1") for one in slots])
        bare.many(_ENDED, [(at, one.id) for one in slots])


_PART = (
    "INSERT INTO delivery (id, slot, part, page, state, attempts, refusals, intended_at, attempted_at, reason) "
    "VALUES (?, ?, 1, ?, 'sending', 1, 0, ?, ?, '')"
)
_SHOWN = "INSERT INTO shown (place, claim, revision, delivery, at) VALUES (?, ?, ?, ?, ?)"
_DECISION = "INSERT INTO decision (slot, claim, revision, chosen, why) VALUES (?, ?, ?, ?, ?)"
_BEGUN = "UPDATE slot SET state = 'sending', begun_at = ?, wake = ? WHERE id = ?"
_SENT = "UPDATE delivery SET state = 'sent', receipt = ?, ended_at = ? WHERE id = ?"
_ENDED = "UPDATE slot SET state = 'sent', wake = NULL, ended_at = ? WHERE id = ?"


def _revised(revisions: Sequence[Any], number: int) -> tuple[Any, ...]:
    """Returns revisions that no place has been shown yet."""
    return tuple(one._replace(revision=number) for one in revisions)


def _due(engine: Engine, runner: asyncio.Runner) -> Figure:
    """Measures what is due: found, its slot kept and its next fire set; zones and schedules differ."""
    by_hand, by_store = Filled.made(engine, 10_000), Filled.made(engine, 10_000)
    opened = open_store(by_store.url)
    store = runner.run(opened.__aenter__())
    floor = Metered(engine.clock, partial(_make_due, by_hand), partial(_fire_by_hand, by_hand))
    product = Metered(engine.clock, partial(_make_due, by_store), lambda now: runner.run(_fire(store, now)))
    of_product, of_floor, ratio = in_turn(product.side, floor.side)
    rooms = where(product.run, 3)
    runner.run(opened.__aexit__(None, None, None))
    return Figure(
        name=f"due → outbox, {engine.name}: {TOGETHER} of 10,000 subscriptions, next fires reckoned",
        must=3.0,
        stretch=2.0,
        bounds="ratio",
        unit="s",
        product=of_product.over(TOGETHER),
        floor_name="bare SQL",
        floor=of_floor.over(TOGETHER),
        ratio=ratio,
        where=rooms,
    )


def _make_due(filled: Filled) -> datetime:
    """Makes a hundred subscriptions due, and returns the instant at which they are."""
    filled.rounds += 1
    now = NOW + filled.rounds * DAY
    first = filled.rounds * TOGETHER % len(filled.subscriptions)
    ids = [(moment(now), one.id) for one in filled.subscriptions[first : first + TOGETHER]]
    far = moment(NOW + 4_000 * DAY)
    with filled.bare.writing():
        filled.bare.many("UPDATE subscription SET next_fire = ? WHERE next_fire < ?", [(far, far)])
        filled.bare.many("UPDATE subscription SET next_fire = ? WHERE id = ?", ids)
    return now


async def _fire(store: Store, now: datetime) -> None:
    assert sum([number async for number in propose_due(store, now)]) == TOGETHER


def _fire_by_hand(filled: Filled, now: datetime) -> None:
    bare, at, until, following = filled.bare, moment(now), moment(now + 6 * HOUR), moment(now + DAY)
    due = bare.rows("SELECT id, place FROM subscription WHERE next_fire <= ? AND state = 'active'", (at,))
    assert len(due) == TOGETHER
    with bare.writing():
        bare.many("UPDATE subscription SET next_fire = ? WHERE id = ?", [(following, id_) for id_, _ in due])
        slots = [
            (f"{number:06}{at}", f"{id_}@{at}", place.partition("/")[0], place, at, until, id_, at)
            for number, (id_, place) in enumerate(due)
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


def _subscription(number: int) -> Subscription:
    return subscription(
        f"S{number:06}",
        f"slack:T{number % WORKSPACES}/C{number:06}",
        schedule=SCHEDULES[number % len(SCHEDULES)],
        zone=ZONES[number % len(ZONES)],
        made_at=NOW - 30 * DAY,
        next_fire=NOW + 4_000 * DAY,
        wanted={"topics": {"Tencent": "company:tencent", "AI": "theme:ai"}, "nothing": "skip"},
    )


def _slot(of: Subscription, due: datetime) -> Slot:
    key = f"{of.id}@{due.isoformat()}"
    return Slot(key, "scheduled", lane_of(of.place), of.place, due, due + 6 * HOUR, of.id)
