"""Where digests are posted, and whether the platforms that do it are on."""

from collections.abc import Iterable, Iterator, Mapping

from bot.findings import Finding, ok, trouble, wrong
from bot.places import platform_of
from bot.settings import Settings
from bot.store.values import Subscription


def places(settings: Settings, subscriptions: Iterable[Subscription]) -> Mapping[str, str]:
    """Returns all places that are posted to, each with whose it is."""
    found: dict[str, list[str]] = {}
    for one in subscriptions:
        if one.state == "active":
            found.setdefault(one.place, []).append(one.id)
    if settings.operators:
        found.setdefault(settings.operators, []).append("BRIEFBOT_OPERATORS")
    return {place: ", ".join(whose) for place, whose in found.items()}


def unserved(settings: Settings, some: Mapping[str, str]) -> Iterator[Finding]:
    """Yields the places that nothing here posts to."""
    for place, whose in some.items():
        platform = platform_of(place)
        if platform == "terminal":
            yield ok(f"{place} ({whose})", "it is posted wherever `briefbot run --terminal` runs")
        elif not settings.is_on(platform):
            way_out = f"set {platform.upper()}_BOT_TOKEN, or let another process with the token post it"
            yield wrong(f"{place} ({whose})", f"{platform} is off here", way_out)


def paused(subscriptions: Iterable[Subscription]) -> Iterator[Finding]:
    """Yields the subscriptions that the bot has paused, because it could not post them."""
    for one in subscriptions:
        if one.is_unreachable:
            yield trouble(f"subscription {one.id}", f"paused: {one.reason}", "mend that; it goes on by itself")
