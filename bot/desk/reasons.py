"""`/why`: what was decided and done, from what was kept of it."""

from bot.composing import verdict_of
from bot.desk.standings import run_of
from bot.desk.visit import NotThere, Refused, Visit
from bot.places import home_of
from bot.ports import Reply
from bot.store import ledger, slots, subscriptions
from bot.store.values import Slot, Subscription, Work
from bot.subscribing.keeping import known
from bot.zones import zone_kept
from briefings.document import Choice
from briefings.why import Account, why_briefing
from briefings.words import echo


async def explain(visit: Visit) -> Reply:
    """Answers `/why`.

    Raises:
        StoreUnavailable: it cannot be asked.
        NotThere, Refused: nothing of that id is kept for this workspace, or none was given.
    """
    if not visit.argument("id"):
        raise Refused("which_digest", example=visit.edition.as_typed("/why 7F3A2K9Q"))
    work = await _work(visit, visit.argument("id"))
    one = await subscriptions.get(visit.store, work.slot.subscription) if work.slot.subscription else None
    decisions = await ledger.decisions(visit.store, work.slot.id)
    zone = zone_kept(one.zone if one else "UTC")
    posted = next((part.ended_at for part in work.deliveries if part.state == "sent"), None)
    account = Account(
        title=one.title if one else str(work.slot.about.get("title", "")),
        kind=work.slot.kind,
        run=run_of(work.slot, zone),
        zone=str(zone),
        posted=posted.astimezone(zone) if posted else None,
        parts=len(work.deliveries),
        decisions=[verdict_of(decision) for decision in decisions],
    )
    command = f"/why {work.slot.short_id}"
    choices = await _manage(visit, one)
    return Reply(why_briefing(visit.edition, command, account, choices), page=visit.request.page)


async def _work(visit: Visit, typed: str) -> Work:
    """Returns what an id means, whole or as people see it, if it belongs to the workspace in which is asked."""
    work = await slots.get(visit.store, typed)
    if work is None or not _belongs(visit, work.slot):
        raise NotThere("unknown_digest", id=echo(typed))
    return work


def _belongs(visit: Visit, slot: Slot) -> bool:
    return bool(visit.request.place) and home_of(slot.place) == home_of(visit.request.place)


async def _manage(visit: Visit, one: Subscription | None) -> list[Choice]:
    found = await known(visit.store, visit.request, one.id, visit.rights) if one else None
    return [Choice(visit.edition.words.text("manage"), f"/subscriptions show {found.id}")] if found else []
