"""The store of the send path beside bare SQL that writes the same rows.

The floor is a script that knows what is to be written: it reads and checks nothing, neither who holds the lane nor what
a person did meanwhile, and writes table by table with `executemany`, a hundred digests a transaction. All its values
are ready but the JSON of pages, which both write.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace

from bot.composing import Composed, Composer
from bot.places import lane_of
from bot.platforms.slack.render import BUDGET
from bot.store import beginning, lanes, outcomes
from bot.store.opening import Store, open_store
from bot.store.values import Hold, Slot
from tests.benchmarks.bare import Engine, engines, moment, text
from tests.benchmarks.figures import Figure
from tests.benchmarks.filled import DAY, NOW, TOGETHER, WORKSPACES, Filled, Metered, slot_of, subscribed
from tests.benchmarks.measuring import in_turn, where
from tests.builders import curated

FRESH = 5
RECEIPT = {"message": "1234567890.123456", "channel": ""}


def figures() -> Iterator[Figure]:
    """Measures what is written of each digest."""
    with engines() as found, asyncio.Runner() as runner:
        for engine in found:
            yield _sending(engine, runner)


def _sending(engine: Engine, runner: asyncio.Runner) -> Figure:
    """Measures the intent and the result of digests of one page, as it is composed from the curated knowledge."""
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
    seen = {(one.id, one.revision): NOW - DAY * (1 if number < FRESH else 99) for number, one in enumerate(claims)}
    one = replace(subscribed(0), made_at=NOW - 9 * DAY, wanted={})
    composed = await Composer(store, curated(), seen, BUDGET).compose(slot_of(one, NOW), one, NOW)
    assert len(composed.parts) == 1
    return composed


async def _held(store: Store) -> dict[str, Hold]:
    """Takes all lanes."""
    names = sorted({lane_of(subscribed(number).place) for number in range(WORKSPACES)})
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
