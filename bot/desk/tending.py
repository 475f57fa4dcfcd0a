"""`/subscriptions`: what there is, and what people do with it."""

from collections.abc import Awaitable, Callable, Mapping

from msgspec.structs import replace

from bot.arguments import ACTIONS, SURE
from bot.composing import preview
from bot.desk.standings import all_here, choices_of, standing_of, with_last
from bot.desk.visit import NotThere, Refused, Visit
from bot.ports import Reply
from bot.schedule import InvalidSchedule
from bot.store import subscriptions
from bot.store.values import Subscription
from bot.subscribing.keeping import is_declared, pause, post_now, remove, resume, visible
from briefings.document import Choice
from briefings.subscription import standings_briefing, told_briefing
from briefings.words import echo
from knowledge import nearest


async def tend(visit: Visit) -> Reply:
    """Answers `/subscriptions`.

    Raises:
        StoreUnavailable: it cannot be asked or written to.
        NotThere, Refused: there is nothing of an id, or somebody may not.
    """
    id_ = visit.argument("id")
    action = visit.argument("action").casefold() or ("show" if id_ else "here")
    if action not in ACTIONS:
        meant = nearest(action, ACTIONS) or ""
        raise Refused("unknown_action", typed=echo(action), meant=meant, known=ACTIONS)
    if action in ("here", "all"):
        return await _list(visit, everywhere=action == "all")
    if not id_:
        raise Refused("which_one", example=visit.edition.as_typed(f"/subscriptions {action} 7F3A2K"))
    one = await visit.subscription(id_)
    if action not in _FOR_ALL and not visit.rights.changes(visit.request, one):
        raise Refused("may_not_manage", listed=bool(visit.rights.subscribers))
    return await _DONE[action](visit, one)


async def _list(visit: Visit, *, everywhere: bool) -> Reply:
    if everywhere and not visit.rights.manages_all(visit.request):
        raise Refused("may_not_see_all")
    seen = await visible(visit.store, visit.request, visit.rights)
    some = [one for one in seen if everywhere or not visit.elsewhere(one.place)]
    shown = [(await with_last(visit, one), choices_of(visit, one)) for one in some]
    words, choices = visit.edition.words, []
    if visit.rights.manages(visit.request):
        choices.append(Choice(words.text("subscribe_here"), "/subscribe"))
    if len(seen) > len(some):
        choices.append(Choice(words.text("all_everywhere"), "/subscriptions all"))
    command = "/subscriptions all" if everywhere else "/subscriptions"
    return Reply(standings_briefing(visit.edition, command, shown, choices), page=visit.request.page)


async def _show(visit: Visit, one: Subscription) -> Reply:
    shown = [(await with_last(visit, one), choices_of(visit, one))]
    command = f"/subscriptions show {one.id}"
    return Reply(standings_briefing(visit.edition, command, shown, [all_here(visit)]), page=visit.request.page)


async def _preview(visit: Visit, one: Subscription) -> Reply:
    edition = visit.edition
    document = await preview(visit.store, edition.knowledge, one, visit.now, edition.names)
    blocks = (edition.words.note("is_preview"), *document.blocks)
    command = f"/subscriptions preview {one.id}"
    return Reply(replace(document, command=command, blocks=blocks), page=visit.request.page)


async def _pause(visit: Visit, one: Subscription) -> Reply:
    if not await pause(visit.store, one, visit.request.user, visit.now):
        raise NotThere("unknown_subscription", id=one.id)
    return await _told(visit, "was_paused", one)


async def _resume(visit: Visit, one: Subscription) -> Reply:
    if one.state == "active":
        return await _told(visit, "is_active", one)
    try:
        await resume(visit.store, one, visit.now)
    except InvalidSchedule as invalid:
        way_out = visit.edition.as_typed(f"/subscribe zone:Europe/Berlin edit:{one.id}")
        raise Refused("cannot_resume", reason=str(invalid), example=way_out) from None
    visit.soon()
    return await _told(visit, "was_resumed", one)


async def _remove(visit: Visit, one: Subscription) -> Reply:
    """Removes a subscription, once whoever asks for it is sure."""
    if is_declared(one):
        raise Refused("declared_elsewhere", id=one.id)
    if visit.argument("sure").casefold() != SURE:
        sure = Choice(visit.edition.words.text("remove_it"), f"/subscriptions remove {one.id} sure:{SURE}")
        instead = [choice for choice in choices_of(visit, one) if choice.command.startswith("/subscriptions pause")]
        return Reply(told_briefing(visit.edition, "remove_sure", standing_of(visit, one), [sure, *instead]))
    if not await remove(visit.store, one, visit.request.user, visit.now):
        raise NotThere("unknown_subscription", id=one.id)
    return Reply(told_briefing(visit.edition, "was_removed", standing_of(visit, one), [all_here(visit)]))


async def _now(visit: Visit, one: Subscription) -> Reply:
    """Has a digest posted now, however often it is clicked within a minute."""
    if one.state != "active":
        return await _told(visit, "paused_now", one)
    await post_now(visit.store, one, visit.now)
    visit.soon()
    return Reply(told_briefing(visit.edition, "now_posted", standing_of(visit, one), [all_here(visit)]))


async def _told(visit: Visit, macro: str, one: Subscription) -> Reply:
    """Returns a sentence about a subscription as it is now."""
    after = await subscriptions.get(visit.store, one.id) or one
    # Of more than five, platforms make a menu; whoever wants to remove it finds that in the list.
    choices = [one for one in choices_of(visit, after) if not one.command.startswith("/subscriptions remove")]
    return Reply(told_briefing(visit.edition, macro, standing_of(visit, after), [*choices, all_here(visit)]))


_FOR_ALL = ("show", "preview")
"""What everybody may ask for who sees a subscription."""

_DONE: Mapping[str, Callable[[Visit, Subscription], Awaitable[Reply]]] = {
    "show": _show,
    "preview": _preview,
    "now": _now,
    "pause": _pause,
    "resume": _resume,
    "remove": _remove,
}
