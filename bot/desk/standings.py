"""Subscriptions as their people are told of them."""

from zoneinfo import ZoneInfo

from bot.desk.visit import Visit
from bot.places import person_in
from bot.schedule import InvalidSchedule, parse
from bot.store import lanes
from bot.store.values import UNREACHABLE, Slot, Subscription
from bot.subscribing.keeping import is_declared, last_digest, paused_by
from bot.subscribing.subscriptions import RUNS, terms_of, wanted_of
from bot.zones import zone_kept
from briefings.document import Choice
from briefings.subscription import Run, Standing


def standing_of(visit: Visit, one: Subscription, last: Slot | None = None, held: str = "") -> Standing:
    """Returns a subscription at this moment, with the digest that was due last, and why nothing is posted now."""
    zone = zone_kept(one.zone)
    try:
        schedule = parse(one.schedule, one.zone)
        said = schedule.explained
        runs = tuple(run.astimezone(zone) for run in schedule.upcoming(visit.now, RUNS))
    except InvalidSchedule as invalid:  # its zone has left the zone database
        said, runs = str(invalid), ()
    return Standing(
        id=one.id,
        title=one.title,
        schedule=said,
        zone=str(zone),
        runs=runs if one.state == "active" else (),
        wanted=wanted_of(visit.edition.knowledge, one),
        terms=terms_of(one),
        made_by=person_in(one.place, one.made_by),
        made_at=one.made_at.astimezone(zone),
        place=one.place if one.place != visit.request.place else "",
        paused=one.reason.removeprefix(UNREACHABLE) if one.state == "paused" else None,
        paused_by=person_in(one.place, paused_by(one)),
        declared=one.declared is not None,
        last=run_of(last, zone) if last else None,
        held=held,
    )


async def with_last(visit: Visit, one: Subscription) -> Standing:
    """Returns a subscription with what became of its last digest, and what holds it up.

    Raises:
        StoreUnavailable: that cannot be read.
    """
    held = lanes.trouble_in(await lanes.troubles(visit.store), one.place)
    return standing_of(visit, one, await last_digest(visit.store, one, visit.now), held)


def choices_of(visit: Visit, one: Subscription) -> list[Choice]:
    """Returns what somebody can do with a subscription."""
    words, id_ = visit.edition.words, one.id
    preview = Choice(words.text("preview"), f"/subscriptions preview {id_}")
    if not visit.rights.changes(visit.request, one):
        return [preview]
    goes_on = (
        [Choice(words.text("pause"), f"/subscriptions pause {id_}"), now_choice(visit, id_)]
        if one.state == "active"
        else [Choice(words.text("resume"), f"/subscriptions resume {id_}")]
    )
    if is_declared(one):
        return [*goes_on, preview]
    change = Choice(words.text("change"), f"/subscribe edit:{id_}")
    return [change, *goes_on, preview, Choice(words.text("remove"), f"/subscriptions remove {id_}")]


def now_choice(visit: Visit, id_: str) -> Choice:
    """Returns the choice that posts a digest now."""
    return Choice(visit.edition.words.text("post_now"), f"/subscriptions now {id_}")


def all_here(visit: Visit) -> Choice:
    """Returns the choice that leads to all subscriptions of the place."""
    return Choice(visit.edition.words.text("all_here"), "/subscriptions")


def run_of(slot: Slot, zone: ZoneInfo) -> Run:
    """Returns a slot as people are told of it, in a zone."""
    return Run(slot.due.astimezone(zone), slot.state, slot.short_id, slot.reason)
