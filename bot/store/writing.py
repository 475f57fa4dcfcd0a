"""What has changed of slots, written down: as many statements for a hundred as for one."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from msgspec import Struct
from sqlalchemy import Table, Update, bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.sql import chunks, insert, values_of
from bot.store.tables import decision, delivery, shown, slot
from bot.store.values import Decision, Delivery, Work

_OF_SLOT = ("state", "reason", "deadline", "wake", "begun_at", "ended_at")
_OF_PART = ("state", "attempts", "refusals", "intended_at", "attempted_at", "retry_at", "ended_at", "receipt", "reason")
_ALL_OF_PART = ("id", "slot", "part", "page", *_OF_PART)
_GIVEN_UP = ("failed", "skipped")


class Change(Struct, frozen=True):
    """Is a slot, by its id, as it was and as it is to be; what given-up parts have reserved is released."""

    slot: str
    before: Work
    after: Work
    decisions: Sequence[Decision] = ()

    def parts(self) -> Iterator[tuple[Delivery | None, Delivery]]:
        """Yields its parts that are new, or not as they were, after what they were."""
        before = {one.id: one for one in self.before.deliveries}
        for one in self.after.deliveries:
            was = before.get(one.id)
            if was != one:
                yield was, one

    def gone(self) -> Iterator[str]:
        """Yields the parts that are no more."""
        left = {one.id for one in self.after.deliveries}
        return (one.id for one in self.before.deliveries if one.id not in left)


async def reserve(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Reserves revisions, rows of `shown`, and returns the parts that did not get all; they keep what they did get."""
    if not rows:
        return set()
    in_order = sorted(rows, key=itemgetter("place", "claim", "revision", "delivery"))  # or two writers wait in a ring
    await tx.execute(insert(tx, shown).on_conflict_do_nothing(), in_order)
    asked = Counter(row["delivery"] for row in rows)
    got: dict[str, int] = {}
    for some in chunks(sorted(asked)):
        of_them = select(shown.c.delivery, func.count()).where(shown.c.delivery.in_(some))
        got |= dict(list(await tx.execute(of_them.group_by(shown.c.delivery))))
    return {part for part, number in asked.items() if got.get(part, 0) < number}


async def release(tx: AsyncConnection, parts: Iterable[str]) -> None:
    """Gives up what parts have reserved."""
    for some in chunks(parts):
        await tx.execute(delete(shown).where(shown.c.delivery.in_(some)))


async def write(tx: AsyncConnection, changes: Sequence[Change]) -> None:
    """Writes changes of slots down, whose rows nobody else changes until the transaction ends."""
    parts = [pair for change in changes for pair in change.parts()]
    await release(tx, [*_given_up(parts), *(id_ for change in changes for id_ in change.gone())])
    for change in changes:
        if any(change.gone()):
            await _forget(tx, change)
    await _many(tx, insert(tx, delivery), [values_of(one, _ALL_OF_PART) for was, one in parts if was is None])
    await _many(tx, _SET_PART, [values_of(one, _OF_PART) | {"its_id": one.id} for was, one in parts if was])
    slots = [(change.slot, change.after.slot) for change in changes if change.after.slot != change.before.slot]
    await _many(tx, _SET_SLOT, [values_of(one, _OF_SLOT) | {"its_id": id_} for id_, one in slots])
    decided = [(change.slot, one) for change in changes for one in change.decisions]
    await _many(tx, insert(tx, decision), [values_of(one, _OF_DECISION) | {"slot": id_} for id_, one in decided])


_OF_DECISION = ("claim", "revision", "chosen", "why")


def _given_up(parts: Iterable[tuple[Delivery | None, Delivery]]) -> Iterator[str]:
    return (one.id for was, one in parts if was and one.state in _GIVEN_UP and was.state not in _GIVEN_UP)


async def _forget(tx: AsyncConnection, change: Change) -> None:
    """Forgets parts, and what was decided for them."""
    await tx.execute(delete(delivery).where(delivery.c.id.in_(list(change.gone()))))
    await tx.execute(delete(decision).where(decision.c.slot == change.slot))


async def _many(tx: AsyncConnection, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await tx.execute(statement, rows)


def _setting(table: Table, names: Iterable[str]) -> Update:
    return update(table).where(table.c.id == bindparam("its_id")).values({name: bindparam(name) for name in names})


_SET_SLOT, _SET_PART = _setting(slot, _OF_SLOT), _setting(delivery, _OF_PART)
