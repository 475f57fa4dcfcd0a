"""Subscriptions as values: made of what was asked for, edited by what differs, and what they want."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, cast

from bot.places import place_of
from bot.schedule import parse
from bot.store.values import Changes, Subscription
from bot.subscribing.field_values import duration
from bot.subscribing.fields import Terms
from bot.subscribing.topics import found
from briefings.subscription import Terms as Manner
from briefings.wanted import Layout, Topics, Wanted
from knowledge import Knowledge

RUNS = 3
"""How many of its next runs are told of a subscription."""


def made(terms: Terms, id_: str, user: str, now: datetime, declared: str | None = None) -> Subscription:
    """Returns a new subscription, active from now on."""
    return Subscription(
        id_,
        terms.place,
        terms.title,
        terms.schedule.written,
        terms.schedule.zone,
        user,
        now,
        terms.wanted,
        terms.layout,
        terms.catch_up,
        terms.holidays,
        terms.policy,
        declared=declared,
        next_fire=terms.schedule.next(now),
    )


def edits(before: Subscription, terms: Terms, now: datetime) -> Changes:
    """Returns what differs: from the next slot to begin on; another schedule or zone fires anew from now.

    Another place comes with its lane, and has a ledger of its own.
    """
    after = made(terms, before.id, before.made_by, now)
    names = ("place", "title", "schedule", "zone", "wanted", "layout", "catch_up", "holidays", "policy")
    values: dict[str, Any] = {n: getattr(after, n) for n in names if not same(getattr(before, n), getattr(after, n))}
    if {"schedule", "zone"} & set(values):
        values["next_fire"] = after.next_fire if before.state == "active" else None
    if "place" in values:
        values["lane"] = place_of(terms.place).lane
    return cast("Changes", values)


def same(before: Any, after: Any) -> bool:
    """Returns whether two values of a field are the same, the order of topics, in which they were typed, included."""
    return bool(before == after) and str(before) == str(after)


def next_fire(subscription: Subscription, now: datetime) -> datetime | None:
    """Returns when a subscription fires next if it goes on now; what was missed is not caught up.

    Raises:
        InvalidSchedule: its schedule or zone can no longer be read.
    """
    return parse(subscription.schedule, subscription.zone).next(now)


def wanted_of(knowledge: Knowledge, subscription: Subscription) -> Wanted:
    """Returns what a subscription asks for.

    A slug that left the knowledge is followed to where its name leads now, and stays as it is if that is nowhere.
    """
    wanted = subscription.wanted
    return Wanted(
        include=_topics(knowledge, wanted.get("topics", {})),
        exclude=_topics(knowledge, wanted.get("except", {})),
        every=wanted.get("match") == "all",
        most=wanted.get("most", 10),
        layout=cast("Layout", subscription.layout),
        nothing=cast("Literal['skip', 'say', 'archive']", wanted.get("nothing", "skip")),
    )


def terms_of(subscription: Subscription) -> Manner:
    """Returns how a subscription posts, apart from when and what."""
    return Manner(
        layout=subscription.layout,
        nothing=subscription.wanted.get("nothing", "skip"),
        catch_up=duration(subscription.catch_up),
        holidays=subscription.holidays,
        tags=", ".join(subscription.wanted.get("tags", ())),
        policy=subscription.policy,
    )


def _topics(knowledge: Knowledge, compiled: Mapping[str, str]) -> Topics:
    facets: dict[str, list[str]] = {"company": [], "theme": [], "market": [], "words": []}
    for typed, topic in compiled.items():
        facet, _, name = _followed(knowledge, typed, topic).partition(":")
        facets[facet].append(name)
    companies, themes, markets, words = (tuple(dict.fromkeys(names)) for names in facets.values())
    return Topics(companies, themes, markets, words)


def _followed(knowledge: Knowledge, typed: str, topic: str) -> str:
    facet, _, slug = topic.partition(":")
    known = {"company": knowledge.companies, "theme": knowledge.themes, "market": knowledge.markets}
    if facet not in known or slug in known[facet]:
        return topic
    return found(knowledge, facet, typed.removeprefix(f"{facet}:")) or topic
