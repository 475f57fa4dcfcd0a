"""Subscriptions, as what their digests are composed by."""

from bot.store.values import Subscription
from briefings.wanted import Layout, Wanted
from knowledge import Knowledge


def wanted_of(knowledge: Knowledge, subscription: Subscription) -> Wanted:  # noqa: ARG001
    """Returns what a subscription wants."""
    wanted = subscription.wanted
    layout: Layout = "headlines" if subscription.layout == "headlines" else "full"
    return Wanted(most=wanted.get("most", 10), layout=layout, nothing=wanted.get("nothing", "skip"))
