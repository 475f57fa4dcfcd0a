"""What people do with subscriptions that are kept."""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bot.ids import alike, id_from
from bot.places import home_of, lane_of
from bot.ports import Request
from bot.store import slots, subscriptions
from bot.store.opening import Store
from bot.store.values import Changes, Plan, Slot, Subscription, WrongState
from bot.subscribing.fields import Terms
from bot.subscribing.rights import Rights
from bot.subscribing.subscriptions import edits, made, next_fire

ID = 6
"""Characters of the id of a subscription."""

BY = "by "
"""What the reason begins with where a person has paused or removed something."""

OPERATOR, IMPORT = NOBODY = ("the operator", "import")
"""What stands there for whoever used the command line."""

UNDECLARED = "no longer declared"
DECLARED_PAUSED = "paused in its file"

_LATEST = 10
"""Slots among which the last digest is looked for: notices and corrections stand between."""

ONCE = timedelta(minutes=1)
"""Within which a digest that somebody asks for is asked for once."""

LEAST_WINDOW = timedelta(hours=1)
"""How long it is at least tried to post a digest that somebody asked for."""


class StillDeclared(Exception):
    """Says that a subscription stands in a declared file, which alone ends it."""


def is_declared(one: Subscription) -> bool:
    """Returns whether a subscription stands in a declared file, which says what it is."""
    return one.declared is not None and one.reason != UNDECLARED


async def visible(store: Store, request: Request, rights: Rights) -> list[Subscription]:
    """Returns what somebody may see of their workspace, oldest first."""
    there = await subscriptions.of_workspace(store, home_of(request.place))
    return [one for one in there if rights.sees(request, one)]


async def known(store: Store, request: Request, typed: str, rights: Rights) -> Subscription | None:
    """Returns the subscription of an id as people type it, if there is one that they may see."""
    return of_id(await visible(store, request, rights), typed)


def of_id(some: Sequence[Subscription], typed: str) -> Subscription | None:
    """Returns the one of some subscriptions that an id means, as people type it."""
    exact = [one for one in some if one.id == typed.strip()]
    found = exact or [one for one in some if alike(one.id) == alike(typed)]
    return found[0] if len(found) == 1 else None


async def last_digest(store: Store, one: Subscription, now: datetime) -> Slot | None:
    """Returns the digest of a subscription that was due last, however it went."""
    works = await slots.work_of(store, one.id, _LATEST)
    return next((w.slot for w in works if w.slot.kind in ("scheduled", "now") and w.slot.due <= now), None)


def drawn_id(draw: Callable[[int], int] = secrets.randbits) -> str:
    """Returns a new id; `draw` returns that many random bits."""
    return id_from(draw(5 * ID), ID)


async def subscribe(store: Store, terms: Terms, id_: str, user: str, now: datetime) -> Subscription | None:
    """Keeps a new subscription, once for each id, and returns it as it is kept; None if the id is somebody else's."""
    await subscriptions.add(store, made(terms, id_, user, now))
    kept = await subscriptions.get(store, id_)
    return kept if kept and (kept.made_by, kept.place) == (user, terms.place) else None


async def edit(store: Store, before: Subscription, terms: Terms, now: datetime) -> Subscription | None:
    """Changes what differs, for every slot not yet begun, and returns what there is now; None if it was removed."""
    changes = edits(before, terms, now)
    if changes and not await subscriptions.change(store, before.id, now, **changes):
        return None
    return await subscriptions.get(store, before.id)


async def pause(store: Store, one: Subscription, user: str, now: datetime) -> bool:
    """Pauses a subscription until a person resumes it; False if it was removed."""
    return await subscriptions.pause(store, one.id, _by(user), now, anew=True)


async def resume(store: Store, one: Subscription, now: datetime) -> bool:
    """Lets a subscription go on without what it missed; False if it was not paused.

    One that was no longer declared belongs to people from then on.

    Raises:
        InvalidSchedule: its schedule or zone can no longer be read.
    """
    own = {one.id: Changes(declared=None)} if one.reason == UNDECLARED else {}
    try:
        await subscriptions.carry_out(store, Plan(changed=own, resumed={one.id: next_fire(one, now)}), now)
    except WrongState:
        return False
    return True


async def remove(store: Store, one: Subscription, user: str, now: datetime) -> bool:
    """Removes a subscription; False if it was removed before.

    Raises:
        StillDeclared: it would be there again at the next start.
    """
    if is_declared(one):
        raise StillDeclared(f"{one.id} is declared in a file of the operator's; pause it, or take it out of the file")
    return await subscriptions.remove(store, one.id, _by(user), now)


async def post_now(store: Store, one: Subscription, now: datetime) -> bool:
    """Has a digest posted now, which leaves the schedule; False if one was asked for within the last minute."""
    last = await slots.latest_now(store, one.id)
    if last and last.due > now - ONCE:
        return False
    # Two who ask at the same moment know of the same last one, and so make the same key.
    key = f"now:{one.id}:{last.due.isoformat() if last else ''}"
    deadline = now + max(timedelta(seconds=one.catch_up), LEAST_WINDOW)
    return await slots.propose(store, Slot(key, "now", lane_of(one.place), one.place, now, deadline, one.id))


def paused_by(one: Subscription) -> str:
    """Returns the person who has paused a subscription in chat, if one has."""
    by = one.reason.removeprefix(BY)
    return by if one.state == "paused" and one.reason.startswith(BY) and by not in NOBODY else ""


def _by(user: str) -> str:
    return f"{BY}{user or OPERATOR}"
