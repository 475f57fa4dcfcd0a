"""Files of subscriptions and what is kept: brought in step at start, or taken in once."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from bot.store import subscriptions
from bot.store.opening import Store
from bot.store.values import Changes, Plan, Subscription, WrongState
from bot.subscribing.file import Entry, InvalidSubscriptions, read
from bot.subscribing.keeping import BY, DECLARED_PAUSED, IMPORT, UNDECLARED
from bot.subscribing.subscriptions import edits, made
from knowledge import Knowledge
from knowledge.problems import Problem

_TRIES = 3
_Planner = Callable[[Sequence[Entry], Sequence[Subscription], datetime], Plan]


async def reconcile(store: Store, knowledge: Knowledge, file: Path, now: datetime) -> Plan:
    """Brings subscriptions in step with a declared file, and returns what was done.

    New ones are added and changed ones edited. Those that left the file are paused until they are declared again; what
    people made in chat is left alone, unless the file names its id. What a person has paused stays paused.

    Raises:
        InvalidSubscriptions: the file cannot be used, and nothing was done.
        StoreUnavailable: the database cannot be used, and nothing was done.
    """
    return await _in_step(store, knowledge, file, now, reconciled)


async def take_in(store: Store, knowledge: Knowledge, file: Path, now: datetime) -> Plan:
    """Takes in a file once: adds what is not there, edits what differs, and returns what was done.

    Raises:
        InvalidSubscriptions: the file cannot be used, and nothing was done.
        StoreUnavailable: the database cannot be used, and nothing was done.
    """
    return await _in_step(store, knowledge, file, now, imported)


def reconciled(entries: Sequence[Entry], stored: Sequence[Subscription], now: datetime) -> Plan:
    """Returns what a declared file makes of the subscriptions that are stored."""
    there = _matched(entries, stored)
    changed: dict[str, Changes] = {}
    paused = {
        one.id: UNDECLARED
        for one in stored
        if one.declared is not None and one not in there.values() and not _left_alone(one)
    }
    resumed: dict[str, datetime | None] = {}
    for entry in entries:
        before = there.get(entry.id)
        if before is None:
            continue
        changes = edits(before, entry.terms, now)
        if before.declared != entry.id:
            changes["declared"] = entry.id
        if changes:
            changed[before.id] = changes
        if entry.paused and (before.state == "active" or before.reason == UNDECLARED):
            paused[before.id] = DECLARED_PAUSED
        elif not entry.paused and before.state == "paused" and before.reason in (UNDECLARED, DECLARED_PAUSED):
            resumed[before.id] = entry.terms.schedule.next(now)
    added = tuple(_new(one, now, DECLARED_PAUSED, one.id) for one in entries if one.id not in there)
    return Plan(added, changed, paused, resumed)


def imported(entries: Sequence[Entry], stored: Sequence[Subscription], now: datetime) -> Plan:
    """Returns what taking in a file makes of the subscriptions that are stored; what is paused stays paused."""
    there = _matched(entries, stored)
    known = [(entry, there[entry.id]) for entry in entries if entry.id in there]
    changed = {before.id: changes for entry, before in known if (changes := edits(before, entry.terms, now))}
    paused = {before.id: _why(entry) for entry, before in known if entry.paused and before.state == "active"}
    return Plan(tuple(_new(one, now, _why(one)) for one in entries if one.id not in there), changed, paused)


def _matched(entries: Sequence[Entry], stored: Sequence[Subscription]) -> dict[str, Subscription]:
    """Returns what is stored under the ids of the file."""
    by_id = {one.declared or one.id: one for one in stored}
    return {entry.id: by_id[entry.id] for entry in entries if entry.id in by_id}


def _left_alone(one: Subscription) -> bool:
    return one.state == "paused" and (one.reason.startswith(BY) or one.reason == UNDECLARED)


def _why(entry: Entry) -> str:
    return entry.reason or f"{BY}{IMPORT}"


def _new(entry: Entry, now: datetime, why: str, declared: str | None = None) -> Subscription:
    new = replace(made(entry.terms, entry.id, entry.made_by, now, declared), made_at=min(entry.made_at or now, now))
    return replace(new, state="paused", reason=why, next_fire=None) if entry.paused else new


async def _in_step(store: Store, knowledge: Knowledge, file: Path, now: datetime, planner: _Planner) -> Plan:
    try:
        data = file.read_bytes()
    except OSError as error:
        said = f"cannot be read: {error.strerror}; check the name and its permissions"
        raise InvalidSubscriptions([Problem(str(file), 0, "", said)]) from None
    tries = 0
    while True:
        stored = await subscriptions.everywhere(store)
        plan = planner(read(data, file.name, knowledge, stored), stored, now)
        try:
            if plan:
                await subscriptions.carry_out(store, plan, now)
            return plan
        except WrongState:  # another process did the same at the same time
            tries += 1
            if tries == _TRIES:
                raise
