"""Subscriptions as lines of a terminal, for who runs the bot."""

from collections.abc import Iterator
from datetime import date, datetime

from bot.schedule import InvalidSchedule, parse
from bot.store import lanes, subscriptions
from bot.store.opening import Store
from bot.store.values import UNREACHABLE, Slot, Subscription
from bot.subscribing.fields import changes_between
from bot.subscribing.keeping import last_digest
from bot.subscribing.subscriptions import RUNS, terms_of, wanted_of
from bot.zones import zone_kept
from briefings.edition import Edition
from briefings.wanted import explained
from briefings.words import words_in
from knowledge import Knowledge


async def listing(store: Store, knowledge: Knowledge, now: datetime, workspace: str = "") -> list[str]:
    """Returns all subscriptions, or those of a workspace, as lines.

    Raises:
        StoreUnavailable: they cannot be read.
    """
    some = await (subscriptions.of_workspace(store, workspace) if workspace else subscriptions.everywhere(store))
    held = await lanes.troubles(store)
    lines: list[str] = []
    for one in some:
        last = await last_digest(store, one, now)
        lines += lines_of(one, knowledge, now, last, lanes.trouble_in(held, one.place))
    return lines


def lines_of(
    one: Subscription, knowledge: Knowledge, now: datetime, last: Slot | None = None, held: str = ""
) -> Iterator[str]:
    """Yields what a subscription is: what it tells, when it runs next and how, and how its last run went.

    `held` is why nothing is posted now though it is active.
    """
    edition = Edition(knowledge, date.min, words_in("en"), {})
    yield "  ".join((one.id, one.state, one.place, one.title))
    if one.state != "active":
        yield f"    {one.state}: {one.reason.removeprefix(UNREACHABLE)}"
    elif held:
        yield f"    nothing is posted now: {held}"
    yield f"    {explained(edition, wanted_of(knowledge, one))}"
    yield f"    {_runs(one, now)}"
    yield f"    {edition.words.text('terms_said', terms=terms_of(one))}"
    if last:
        yield f"    last run: {_local(one, last.due)}, {last.state}{f': {last.reason}' if last.reason else ''}"
    declared = f", declared in a file as {one.declared}" if one.declared else ""
    yield f"    made by {one.made_by or 'the operator'}: {_local(one, one.made_at)}{declared}"


def changes_of(before: Subscription, after: Subscription) -> Iterator[str]:
    """Yields the fields that an edit changes, each with what it was."""
    for field, (was, becomes) in changes_between(before, after).items():
        yield f"    {field}: {was or 'none'} -> {becomes or 'none'}"


def runs_of(one: Subscription, now: datetime) -> list[str]:
    """Returns the next runs of a subscription on the clock of its zone, as if it were active.

    Raises:
        InvalidSchedule: its schedule or zone can no longer be read.
    """
    return [_local(one, at) for at in parse(one.schedule, one.zone).upcoming(now, RUNS)]


def _runs(one: Subscription, now: datetime) -> str:
    try:
        runs = f"; next: {', '.join(runs_of(one, now))}" if one.state == "active" else ""
        return f"{parse(one.schedule, one.zone).explained}{runs}"
    except InvalidSchedule as invalid:
        return f"never runs: {invalid}"


def _local(one: Subscription, at: datetime) -> str:
    return f"{at.astimezone(zone_kept(one.zone)):%a %Y-%m-%d %H:%M}"
