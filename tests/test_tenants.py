"""Who may do what with whose subscriptions: roles, commands and tenants crossed, with ids that are not one's own."""

import asyncio
import random
import string
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot.answer import Answers
from bot.desk.desk import StoreDesk
from bot.ports import Reply, Request
from bot.store import drafts, slots, subscriptions
from bot.store.drafts import Draft
from bot.store.opening import Store, open_store
from bot.store.values import Slot, Subscription
from bot.subscribing.rights import Rights
from tests.builders import airships
from tests.databases import Sqlite
from tests.desk_visitors import read
from tests.every_core import SCALE
from tests.stored import DAY, HOUR, NOW, subscription
from tests.test_digests_cli import rows

HOMES = ("slack:T1", "slack:T10", "slack:T2", "discord:1", "discord:10", "discord:@7", "terminal:local")
CHANNELS = ("C1", "C2")
ROLES: dict[str, dict[str, bool]] = {
    "reader": {},
    "manager of the channel": {"manages": True},
    "manager of the workspace": {"manages": True, "anywhere": True},
}
ACTIONS = ("show", "pause", "resume", "remove", "preview", "now")
SEES = ("show", "preview")
KNOWN = airships()


def channel(home: str, name: str) -> str:
    """Returns a place of a workspace in the form of its platform."""
    if home.startswith("terminal"):
        return f"{home}/{'here' if name == 'C1' else '@me'}"
    return f"{home}/{name}" if home.startswith("slack") else f"{home}/{name.removeprefix('C')}"


PLACES = [channel(home, name) for home in HOMES for name in CHANNELS]


class Tenants:
    """Holds a subscription, a digest and a draft of every place, and asks as anybody from anywhere."""

    def __init__(self, store: Store, runner: asyncio.Runner, rights: Rights | None = None) -> None:
        self.store, self.runner = store, runner
        self.core = Answers(lambda: KNOWN, desk=StoreDesk(store, lambda: NOW, rights=rights or Rights()))
        self.subscriptions: dict[str, Subscription] = {}
        self.slots: dict[str, Slot] = {}
        self.drafts: dict[str, str] = {}
        for number, place in enumerate(PLACES):
            runner.run(self._filled(number, place))

    async def _filled(self, number: int, place: str) -> None:
        one = subscription(f"AAAA{number:02}", place, title=f"Secret of {place}", next_fire=NOW + DAY)
        assert await subscriptions.add(self.store, one)
        digest = Slot(f"digest {number}", "scheduled", place, place, NOW, NOW + HOUR, one.id)
        assert await slots.propose(self.store, digest)
        assert await drafts.keep(self.store, Draft(f"BBBB{number:02}", "U1", place, {"title": one.title}, NOW))
        self.subscriptions[place], self.slots[place], self.drafts[place] = one, digest, f"BBBB{number:02}"

    def ask(self, line: str, **who: Any) -> Reply:
        return self.runner.run(self.core.answer_line(line, **who))

    def form(self, command: str, arguments: dict[str, str], **who: Any) -> Reply:
        return self.runner.run(self.core.answer(Request(command, arguments, **who)))

    def filled(self, edit: str, **who: Any) -> Any:
        return self.runner.run(self.core.filled(Request("subscribe", {"edit": edit}, **who)))


@pytest.fixture
def opened(on_sqlite: Sqlite, runner: asyncio.Runner) -> Iterator[tuple[str, Store]]:
    url = on_sqlite.ready()
    opening = open_store(url)
    yield url, runner.run(opening.__aenter__())
    runner.run(opening.__aexit__(None, None, None))


def home(place: str) -> str:
    return place.partition("/")[0]


def leaks(reply: Reply, place: str) -> bool:
    """Whether an answer says anything of a place's subscription that was not asked with."""
    return f"Secret of {place}" in read(reply)


@pytest.mark.parametrize("role", ROLES)
def test_nobody_reads_or_changes_what_belongs_to_another_workspace(
    role: str, opened: tuple[str, Store], runner: asyncio.Runner
) -> None:
    url, store = opened
    tenants = Tenants(store, runner)
    before = rows(url)
    wrong: list[tuple[str, str, str]] = []
    for asks in PLACES[::2]:
        for of in (place for place in PLACES[::2] if home(place) != home(asks)):
            who: dict[str, Any] = {"user": "U1", "place": asks, **ROLES[role]}
            id_, digest, draft = tenants.subscriptions[of].id, tenants.slots[of].id, tenants.drafts[of]
            lines = [f"/subscriptions {action} {id_} sure:yes" for action in ACTIONS]
            lines += [f"/subscribe daily 08:00 edit:{id_}", f"/subscribe most:1 edit:{draft}"]
            lines += [f"/subscribe save:{draft}", f"/why {digest}", f"/why {digest[:8]}"]
            for line in lines:
                reply = tenants.ask(line, **who)
                if reply.outcome == "answered" or leaks(reply, of):
                    wrong.append((asks, of, line))
            if tenants.filled(id_, **who) or tenants.filled(draft, **who):
                wrong.append((asks, of, "form"))
            reply = tenants.form("subscribe", {"schedule": "daily 08:00", "zone": "UTC", "place": of}, **who)
            if reply.outcome == "answered" or leaks(reply, of):
                wrong.append((asks, of, "place"))
        for line in ("/subscriptions", "/subscriptions all"):
            reply = tenants.ask(line, user="U1", place=asks, **ROLES[role])
            wrong += [(asks, of, line) for of in PLACES if home(of) != home(asks) and leaks(reply, of)]
    assert wrong == []
    assert rows(url) == before


@pytest.mark.parametrize("role", ROLES)
def test_in_ones_own_workspace_a_role_may_do_what_it_is_for_and_nothing_else(
    role: str, opened: tuple[str, Store], runner: asyncio.Runner
) -> None:
    url, store = opened
    tenants = Tenants(store, runner)
    before = rows(url)
    asks, other = "slack:T1/C1", "slack:T1/C2"
    who: dict[str, Any] = {"user": "U9", "place": asks, **ROLES[role]}
    may = {
        (of, action): tenants.ask(f"/subscriptions {action} {tenants.subscriptions[of].id}", **who).outcome
        == "answered"
        for of in (asks, other)
        for action in ACTIONS
    }
    here = set(ACTIONS) if "manages" in ROLES[role] else set(SEES)
    there = set(ACTIONS) if "anywhere" in ROLES[role] else set()
    assert {action for (of, action), done in may.items() if of == asks and done} == here
    assert {action for (of, action), done in may.items() if of == other and done} == there
    if "manages" not in ROLES[role]:
        assert rows(url) == before


def test_only_those_who_are_listed_manage_where_there_is_a_list_and_only_in_their_workspace(
    opened: tuple[str, Store], runner: asyncio.Runner
) -> None:
    tenants = Tenants(opened[1], runner, Rights(frozenset({"slack:T1/@U5"})))
    id_ = tenants.subscriptions["slack:T1/C2"].id

    def outcome(**who: Any) -> str:
        return tenants.ask(f"/subscriptions pause {id_}", manages=True, anywhere=True, **who).outcome

    assert outcome(user="U5", place="slack:T1/C1") == "answered"
    assert outcome(user="U6", place="slack:T1/C1") == "unknown"
    assert outcome(user="U6", place="slack:T1/C2") == "misused"
    assert outcome(user="U5", place="slack:T2/C2") == "unknown"
    assert outcome(user="U5", place="discord:1/2") == "unknown"


def test_whoever_has_the_id_of_a_digest_may_ask_why_in_its_workspace_but_not_manage_it(
    opened: tuple[str, Store], runner: asyncio.Runner
) -> None:
    tenants = Tenants(opened[1], runner)
    digest = tenants.slots["slack:T1/C2"].short_id
    reply = tenants.ask(f"/why {digest}", user="U9", place="slack:T1/C1")
    assert reply.outcome == "answered"
    assert "Manage" not in read(reply)
    assert tenants.ask(f"/why {digest[:7]}", user="U9", place="slack:T1/C1").outcome == "unknown"


def forged(dice: random.Random, real: list[str]) -> str:
    """Returns an id of another, or one that is near to it, or any."""
    id_ = dice.choice(real)
    alphabet = string.ascii_uppercase + string.digits + "%_*-' "
    match dice.randrange(4):
        case 0:
            return id_
        case 1:
            return id_.lower() if dice.random() < 0.5 else id_[: dice.randint(1, len(id_))]
        case 2:
            at = dice.randrange(len(id_))
            return id_[:at] + dice.choice(alphabet) + id_[at + 1 :]
        case _:
            return "".join(dice.choices(alphabet, k=dice.randint(1, 20)))


@pytest.mark.parametrize("number", [250, pytest.param(10_000, marks=pytest.mark.long)])
def test_of_random_ids_across_workspaces_none_leaks(
    number: int, opened: tuple[str, Store], runner: asyncio.Runner, record_property: Callable[[str, Any], None]
) -> None:
    url, store = opened
    tenants, dice = Tenants(store, runner), random.Random(7)
    before, leaked, asked = rows(url), [], number * (SCALE if number > 1_000 else 1)
    for _ in range(int(asked)):
        asks = dice.choice(PLACES)
        others = [place for place in PLACES if home(place) != home(asks)]
        real = [*(tenants.subscriptions[o].id for o in others), *(tenants.drafts[o] for o in others)]
        real += [tenants.slots[other].id for other in others]
        id_ = forged(dice, real).strip() or "x"
        line = dice.choice(
            (
                f"/subscriptions {dice.choice(ACTIONS)} {id_} sure:yes",
                f"/why {id_}",
                f'/subscribe daily 08:00 edit:"{id_}"',
                f'/subscribe save:"{id_}"',
            )
        )
        reply = tenants.ask(line, user="U1", place=asks, manages=True, anywhere=True)
        if any(leaks(reply, other) for other in others):
            leaked.append((asks, line))
    assert leaked == []
    after = rows(url)
    assert {name: of for name, of in after.items() if name != "draft"} == {
        name: of for name, of in before.items() if name != "draft"
    }
    record_property("cross-tenant ids, leaks", f"{int(asked):,}, {len(leaked)}")
