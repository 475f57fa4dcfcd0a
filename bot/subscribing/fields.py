"""What a subscription is asked for, field by field, as people give it: one grammar for all doors, and its inverse."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from msgspec import Struct

from bot.places import InvalidPlace, place_of
from bot.schedule import InvalidSchedule, Schedule, parse
from bot.store.values import Json, Subscription
from bot.subscribing.field_values import (
    LONGEST_TITLE,
    Policy,
    duration,
    number_of,
    one_of,
    seconds_of,
    tags_of,
    text_of,
    zone_of,
)
from bot.subscribing.holidays_of import InvalidCountries, countries_of
from bot.subscribing.topics import InvalidTopics, compiled, title_from
from bot.typed import shown
from briefings.wanted import Layout
from knowledge import Knowledge
from knowledge.problems import did_you_mean

FIELDS: dict[str, str] = {
    "place": "",
    "schedule": "",
    "zone": "",
    "title": "",
    "topics": "",
    "except": "",
    "match": "any",
    "most": "10",
    "layout": "full",
    "nothing": "skip",
    "catch_up": "6h",
    "holidays": "",
    "policy": "at_most_once",
    "tags": "",
}
"""All fields, in the order in which they are asked, each with what it is if it is not given."""

LONGEST_FIELD = 3_000
_EXPECTED = (InvalidCountries, InvalidPlace, InvalidSchedule, InvalidTopics)


class InvalidFields(Exception):
    """Says by field what cannot be used, with the value and the way out, all at once."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = problems
        super().__init__("\n".join(f"{field}: {said}" for field, said in problems.items()))


class Terms(Struct, frozen=True):
    """Is what a subscription is asked for, checked; `wanted` is as a `Subscription` keeps it, `catch_up` in seconds."""

    place: str
    title: str
    schedule: Schedule
    wanted: Json
    layout: Layout
    catch_up: int
    holidays: str
    policy: Policy


def checked(fields: Mapping[str, str], knowledge: Knowledge, before: Subscription | None = None) -> Terms:
    """Reads the fields of a subscription; those not given or empty are as usual.

    Of one that is there `before`, topics that stand there in the same words are what they were, though the knowledge
    does not know them any more. Without a title it is called after its topics.

    Raises:
        InvalidFields: with every problem.
    """
    return _Reading(
        {**FIELDS, **{n: text for n, text in fields.items() if text.strip() or n not in FIELDS}}, knowledge, before
    ).terms


class _Reading:
    """Reads field after field and keeps the problems."""

    def __init__(self, fields: Mapping[str, str], knowledge: Knowledge, before: Subscription | None) -> None:
        self._fields = fields
        self._problems: dict[str, str] = {
            name: f"there is no field {shown(name)}{did_you_mean(name, FIELDS) or '; leave it out'}"
            for name in fields
            if name not in FIELDS
        }
        self._before: Mapping[str, Any] = before.wanted if before else {}
        self._knowledge = knowledge

    @property
    def terms(self) -> Terms:
        place = self._read("place", lambda written: str(place_of(written)))
        schedule = self._schedule()
        wanted = self._wanted()
        title = self._read("title", lambda written: text_of(written, LONGEST_TITLE))
        layout = self._read("layout", one_of("layout"))
        catch_up = self._read("catch_up", seconds_of)
        holidays = self._read("holidays", countries_of)
        policy = self._read("policy", one_of("policy"))
        if self._problems or schedule is None:
            raise InvalidFields({name: self._problems[name] for name in self._fields if name in self._problems})
        title = title or title_from(self._knowledge, wanted["topics"])
        return Terms(place, title, schedule, wanted, cast("Layout", layout), catch_up, holidays, cast("Policy", policy))

    def _read(self, name: str, read: Callable[[str], Any]) -> Any:
        written = self._fields[name]
        try:
            if len(written) > LONGEST_FIELD:
                raise ValueError(f"{shown(written)} has {len(written)} characters; {LONGEST_FIELD:,} are the most")
            return read(written)
        except (ValueError, *_EXPECTED) as error:
            self._problems[name] = str(error)
            return None

    def _schedule(self) -> Schedule | None:
        zone = self._read("zone", zone_of)
        schedule: Schedule | None = self._read("schedule", lambda written: parse(written, zone or "UTC"))
        return schedule

    def _wanted(self) -> Json:
        topics = self._read("topics", lambda written: self._compiled("topics", written))
        excluded = self._read("except", lambda written: self._compiled("except", written))
        both = set((topics or {}).values()) & set((excluded or {}).values())
        if both:
            twice = ", ".join(typed for typed, topic in excluded.items() if topic in both)
            self._problems["except"] = f"{shown(twice)} is among the topics too; leave it out of one of the two"
        return {
            "topics": topics,
            "except": excluded,
            "match": self._read("match", one_of("match")),
            "most": self._read("most", number_of),
            "nothing": self._read("nothing", one_of("nothing")),
            "tags": self._read("tags", tags_of),
        }

    def _compiled(self, name: str, written: str) -> dict[str, str]:
        return compiled(self._knowledge, written, self._before.get(name, {}))


def fields_of(subscription: Subscription) -> dict[str, str]:
    """Returns all fields of a subscription as people give them."""
    wanted = FIELDS | dict(subscription.wanted)
    return {
        "place": subscription.place,
        "schedule": subscription.schedule,
        "zone": subscription.zone,
        "title": subscription.title,
        "topics": ", ".join(wanted["topics"]),
        "except": ", ".join(wanted["except"]),
        "match": wanted["match"],
        "most": str(wanted["most"]),
        "layout": subscription.layout,
        "nothing": wanted["nothing"],
        "catch_up": duration(subscription.catch_up),
        "holidays": subscription.holidays,
        "policy": subscription.policy,
        "tags": ", ".join(wanted["tags"]),
    }


def changes_between(before: Subscription, after: Subscription) -> dict[str, tuple[str, str]]:
    """Returns the fields in which a subscription differs, each with what it was and what it becomes."""
    was, becomes = fields_of(before), fields_of(after)
    return {name: (was[name], becomes[name]) for name in FIELDS if was[name] != becomes[name]}


def edited(before: Subscription, fields: Mapping[str, str], knowledge: Knowledge) -> dict[str, str]:
    """Returns all fields of a subscription, some of them edited; a title that was made of the topics is left open."""
    after = {**fields_of(before), **fields}
    automatic = title_from(knowledge, before.wanted.get("topics", {}))
    return {**after, "title": ""} if after["title"] == before.title == automatic else after
