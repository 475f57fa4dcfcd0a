"""A month of a made world, by chance: what a seed lets happen, and what must hold at its end whatever happened."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from bot.delivery.engine import Engine
from bot.places import lane_of
from bot.schedule import parse
from bot.store import ledger, slots, subscriptions
from bot.store.opening import Store
from bot.store.values import ClaimRevision, Slot, Subscription, Work
from briefings.document import statements
from knowledge import Claim
from tests.builders import claim, knowing
from tests.made_platform import Faults, Platform, budget_of
from tests.stored import subscription
from tests.world import Act, World

DAY = 86_400.0
MONTH = 30 * DAY
AFTER = 2 * DAY
"""Seconds after which all is at its end, once nothing goes wrong any more and nothing new is due."""

SCHEDULES = (
    *("mondays 08:30", "tuesdays 07:00", "fridays 17:00", "wednesdays at 12:15", "first monday of the month 10:00"),
    *("weekdays at 08:30", "daily 09:00"),
)
ZONES = ("Europe/Berlin", "Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "UTC", "Australia/Lord_Howe")
PLACES = ("slack:T1/C1", "slack:T1/C2", "slack:T2/C1")
JUMPS = (timedelta(hours=-2), timedelta(minutes=-1), timedelta(minutes=1), timedelta(hours=2))
MANY_YEARS = timedelta(days=3_652)
FINAL = ("sent", "uncertain", "failed", "skipped")


class Curators:
    """Change what is known, as chance has it."""

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self._fields: dict[str, dict[str, Any]] = {}
        self._away: dict[str, dict[str, Any]] = {}
        for _ in range(dice.randint(0, 6)):
            self._add()

    def change(self) -> None:
        """Changes one claim."""
        ways = [self._add, self._add, self._add, self._revise, self._retract, self._undo, self._lose, self._bring_back]
        self._dice.choice(ways)()

    def claims(self) -> list[Claim]:
        return [claim(id_, **fields) for id_, fields in self._fields.items()]

    def _add(self) -> None:
        id_ = f"c{len(self._fields) + len(self._away)}"
        company = self._dice.choice(("acme", "bolt"))
        self._fields[id_] = {"text": f"The claim {id_} holds.", "companies": [company], "revisions": []}

    def _some(self) -> Iterator[dict[str, Any]]:
        if self._fields:
            yield self._fields[self._dice.choice(sorted(self._fields))]

    def _revise(self) -> None:
        for one in self._some():
            number = len(one["revisions"]) + 1
            one["revisions"] = [*one["revisions"], {"on": "2032-01-01", "was": one["text"], "why": "More is known."}]
            one["text"] = f"{one['text'].partition(' as')[0].rstrip('.')} as of edition {number}."

    def _retract(self) -> None:
        for one in self._some():
            one["retracted"] = {"on": "2033-06-15", "why": "It was wrong."}

    def _undo(self) -> None:
        for one in self._some():
            one.pop("retracted", None)

    def _lose(self) -> None:
        if self._fields:
            id_ = self._dice.choice(sorted(self._fields))
            self._away[id_] = self._fields.pop(id_)

    def _bring_back(self) -> None:
        if self._away:
            id_ = self._dice.choice(sorted(self._away))
            self._fields[id_] = self._away.pop(id_)


@dataclass
class Month:
    """Is what a seed makes of thirty days."""

    seed: int
    url: str
    world: World = field(init=False)
    kills: int = 0
    awake: list[tuple[datetime, datetime]] = field(default_factory=list)
    untouched: dict[str, Subscription] = field(default_factory=dict)
    """Subscriptions that nobody edits, and whose place stays."""

    def __post_init__(self) -> None:
        self._dice = dice = Random(self.seed)
        self._curators = Curators(dice)
        self.world = World(self.url, knowing(*self._curators.claims()))
        self.world.offset = timedelta(hours=dice.randrange(365 * 24))
        self.world.longest_wait = timedelta(days=1)
        platform = self.world.platform
        platform.dice = Random(self.seed + 1)
        platform.can_look = dice.random() < 0.75
        platform.faults = Faults(lost=2, cut=2, error=3, limited=3)
        if dice.random() < 0.5:
            platform.budget = budget_of(dice.randint(4, 7))
        self._stops: list[tuple[float, float]] = []

    def live(self) -> None:
        """Lives through it, and then until nothing is left to do."""
        self._plan()
        self._through(MONTH)
        self.world.platform.faults = Faults()
        self.world.platform.gone.clear()
        self.world.seams.kill_at = None
        self.world.acts.append((MONTH, self._end))
        self._through(MONTH + AFTER)

    def _plan(self) -> None:
        dice = self._dice
        new = [self._subscription(number) for number in range(dice.randint(1, 3))]
        self.world.subscribe(*new)
        edited = new[1:] if dice.random() < 0.7 else new
        self.untouched = {one.id: one for one in new if one not in edited}
        acts = [self._at(self._knowledge) for _ in range(dice.randint(4, 14))]
        acts += [self._at(self._edit(dice.choice(edited))) for _ in range(dice.randint(0, 8)) if edited]
        acts += [self._around_a_fire(dice.choice(new)) for _ in range(dice.randint(2, 8))]
        acts += [self._at(self._jump(dice.choice(JUMPS))) for _ in range(dice.choice((0, 0, 1, 3)))]
        acts += [self._at(self._slept) for _ in range(dice.choice((0, 0, 1)))]
        acts += [(MONTH - 2 * DAY, self._jump(MANY_YEARS))] if dice.random() < 0.1 else []
        if edited and dice.random() < 0.3:
            acts += self._gone_for_a_while(dice.choice(edited).place)
        self.world.acts += acts
        lengths = (30.0, 5 * 3_600.0, 3 * DAY)
        self._stops = sorted(
            (dice.uniform(0, MONTH - 4 * DAY), dice.choice(lengths)) for _ in range(dice.randint(0, 3))
        )

    def _subscription(self, number: int) -> Subscription:
        dice, now = self._dice, self.world.now()
        schedule, zone = dice.choice(SCHEDULES), dice.choice(ZONES)
        return subscription(
            f"s{number}",
            dice.choice(PLACES),
            schedule=schedule,
            zone=zone,
            made_at=now,
            next_fire=parse(schedule, zone).next(now),
            policy=dice.choice(("at_most_once", "at_least_once")),
            wanted={"most": dice.randint(1, 5), "nothing": dice.choice(("say", "skip", "archive"))},
        )

    def _at(self, act: Act) -> tuple[float, Act]:
        return self._dice.uniform(0, MONTH), act

    async def _knowledge(self, store: Store, engine: Engine) -> None:
        self._curators.change()
        self.world.knowledge = knowing(*self._curators.claims())
        self.world.acts.append((self.world.loop.time() + 601, _nothing))  # when a retraction has stood

    def _edit(self, one: Subscription) -> Act:
        dice, now = self._dice, self.world.now
        what = dice.choice(("filter", "schedule", "pause", "resume", "resume", "remove", "move", "now"))
        most, schedule, place = dice.randint(1, 5), dice.choice(SCHEDULES), dice.choice(PLACES)

        async def edit(store: Store, engine: Engine) -> None:
            read = await subscriptions.get(store, one.id)
            assert read
            fires = parse(schedule if what == "schedule" else read.schedule, read.zone).next(now())
            match what:
                case "filter":
                    await subscriptions.change(store, one.id, now(), wanted=dict(read.wanted) | {"most": most})
                case "schedule":
                    await subscriptions.change(store, one.id, now(), schedule=schedule, next_fire=fires)
                case "pause":
                    await subscriptions.pause(store, one.id, "by a person", now())
                case "resume":
                    await subscriptions.resume(store, one.id, fires, now())
                case "remove":
                    await subscriptions.remove(store, one.id, "by a person", now())
                case "move":
                    await subscriptions.change(store, one.id, now(), place=place, lane=lane_of(place))
                case _:
                    key, due = f"now:{one.id}:{now()}", now()
                    lane, until = lane_of(read.place), due + timedelta(hours=6)
                    await slots.propose(store, Slot(key, "now", lane, read.place, due, until, one.id))

        return edit

    def _around_a_fire(self, one: Subscription) -> tuple[float, Act]:
        """Kills the process at a seam soon after something is due."""
        day, within = self._dice.randrange(28), self._dice.randint(1, 220)
        due = parse(one.schedule, one.zone).next(self.world.now() + timedelta(days=day))
        assert due

        async def arm(store: Store, engine: Engine) -> None:
            self.world.seams.kill_at = self.world.seams.passed + within

        return max((due - self.world.now()).total_seconds() - 1, 0.0), arm

    def _jump(self, by: timedelta) -> Act:
        async def jump(store: Store, engine: Engine) -> None:
            self._doze()
            self.world.offset += by
            self.awake.append((self.world.now(), self.world.now()))

        return jump

    async def _slept(self, store: Store, engine: Engine) -> None:
        await self._jump(timedelta(hours=8))(store, engine)

    def _gone_for_a_while(self, place: str) -> list[tuple[float, Act]]:
        second = self._dice.uniform(0, MONTH - 10 * DAY)
        self.untouched = {id_: one for id_, one in self.untouched.items() if one.place != place}

        async def gone(store: Store, engine: Engine) -> None:
            self.world.platform.gone.add(place)

        async def back(store: Store, engine: Engine) -> None:
            self.world.platform.gone.discard(place)
            await engine.mend()

        return [(second, gone), (second + 5 * DAY, back)]

    async def _end(self, store: Store, engine: Engine) -> None:
        for one in await subscriptions.everywhere(store):
            await subscriptions.pause(store, one.id, "the month is over", self.world.now())

    def _through(self, end: float) -> None:
        while self.world.loop.time() < end:
            down = next((stop for stop in self._stops if stop[0] > self.world.loop.time()), (end, 0.0))
            self.awake.append((self.world.now(), self.world.now()))
            alive = self.world.run(self.world.lived(min(down[0], end)))
            self._doze()
            self.world.seams.kill_at = None
            if not alive:
                self.kills += 1
                self.world.sleep(timedelta(seconds=self._dice.choice((0.5, 20, 300))))
            elif down[0] < end:
                self.world.sleep(timedelta(seconds=down[1]))

    def _doze(self) -> None:
        self.awake[-1] = (self.awake[-1][0], self.world.now())

    def wrong(self) -> list[str]:
        """Returns what should not be."""
        works = self.world.works()
        return [
            *_not_final(works),
            *_miscounted(works, self.world.platform, self.world.platform.unclear + self.kills),
            *(f"out of order: {key}" for key in self.world.platform.out_of_order()),
            *_early(works, self.world.platform),
            *self._missed(works),
            *(_ledger(works, self.world) if self.world.platform.can_look else ()),
        ]

    def _missed(self, works: list[Work]) -> Iterator[str]:
        """Yields fires at which the process lived and that have no slot."""
        kept = {(work.slot.subscription, work.slot.due) for work in works}
        for one in self.untouched.values():
            schedule = parse(one.schedule, one.zone)
            for start, end in self.awake:
                fire = schedule.next(max(start, one.made_at))
                while fire and fire < min(end - timedelta(seconds=60), start + timedelta(days=31)):
                    if (one.id, fire) not in kept and fire < self.world.now() - timedelta(seconds=AFTER):
                        yield f"no slot for {one.id} at {fire}"
                    fire = schedule.next(fire)


async def _nothing(store: Store, engine: Engine) -> None:
    pass


def _not_final(works: list[Work]) -> Iterator[str]:
    for work in works:
        if work.slot.state not in FINAL or work.slot.wake or not work.slot.ended_at:
            yield f"not at its end: {work.slot}"


def _miscounted(works: list[Work], platform: Platform, unclear: int) -> Iterator[str]:
    """Yields parts that are posted another number of times than is known of them."""
    keys = platform.keys
    for work in works:
        for part in work.deliveries:
            times = keys.pop(part.id, 0)
            if part.state == "uncertain":
                right = times <= 1 or not platform.can_look
            elif part.state == "sent":
                right = times == 1 or (times > 1 and not platform.can_look)
            else:
                right = times == 0
            if not right:
                yield f"{part.id} is {part.state}, and {times} times there"
        if work.slot.state == "sent" and not all(part.state == "sent" for part in work.deliveries):
            yield f"sent in part only: {work}"
    yield from (f"nobody knows of {key}" for key in keys)
    again = sum(times - 1 for times in platform.keys.values())
    if again > unclear:
        yield f"{again} messages are there again after {unclear} unclear outcomes"


def _early(works: list[Work], platform: Platform) -> Iterator[str]:
    """Yields what was posted before it was due; a clock may have been set back in between."""
    due = {work.slot.id: work.slot.due - timedelta(hours=2, minutes=1) for work in works}
    for of_place in platform.messages.values():
        for at, post in of_place:
            slot = post.key.partition("-")[0]
            if slot in due and at < due[slot]:
                yield f"{post.key} is early: {at} for {due[slot]}"


def _ledger(works: list[Work], world: World) -> Iterator[str]:
    """Yields what is told twice in a place, and where the ledger is another."""
    digests = {work.slot.id for work in works if work.slot.kind in ("scheduled", "now")}
    for place in PLACES:
        told: Counter[ClaimRevision] = Counter()
        for _, post in world.platform.messages[place]:
            if post.key.partition("-")[0] in digests:
                told.update({ClaimRevision(one.claim, one.revision) for one in statements(*post.page.blocks)})
        yield from (f"{place} was told {one} {times} times" for one, times in told.items() if times > 1)
        shown = set(world.told(partial(ledger.shown_in, place=place)))
        if shown != set(told):
            yield f"the ledger of {place} is {sorted(shown)}, and it was told {sorted(told)}"
