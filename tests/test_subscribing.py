"""What people do with subscriptions that are kept, and who may."""

import random
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from bot.ports import Request
from bot.store import slots, subscriptions
from bot.store.opening import Store
from bot.store.values import UNREACHABLE, Plan, Subscription, WrongState
from bot.subscribing import keeping
from bot.subscribing.fields import checked, fields_of
from bot.subscribing.keeping import UNDECLARED, StillDeclared
from bot.subscribing.rights import Rights
from bot.subscribing.subscriptions import made
from tests.builders import airships
from tests.stored import DAY, NOW, PLACE, begun, held, proposed, slot, subscribed, subscription

KNOWN = airships()
TERMS = checked({"place": PLACE, "schedule": "daily 09:00", "zone": "Europe/Berlin", "topics": "Zephyr"}, KNOWN)
MANY = [  # workspaces that look alike, channels, threads and direct messages
    f"{home}/{channel}"
    for home in ("slack:T1", "slack:T10", "slack:T11", "discord:1", "discord:11", "discord:@1", "terminal:local")
    for channel in ("C1", "C1/7", "C2", "@U1", "1", "@1")
]


def request(place: str = PLACE, user: str = "U1", *, manages: bool = True, anywhere: bool = False) -> Request:
    return Request("subscriptions", user=user, place=place, manages=manages, anywhere=anywhere)


async def test_what_is_saved_is_there_once_however_often_it_is_saved(store: Store) -> None:
    first = await keeping.subscribe(store, TERMS, "7F3A2K", "U1", NOW)
    assert first == replace(made(TERMS, "7F3A2K", "U1", NOW), changed_at=NOW)
    assert await keeping.subscribe(store, TERMS, "7F3A2K", "U1", NOW + DAY) == first
    assert await subscriptions.everywhere(store) == [first]
    assert await keeping.subscribe(store, TERMS, "7F3A2K", "U2", NOW) is None
    assert await keeping.subscribe(store, replace(TERMS, place="slack:T2/C1"), "7F3A2K", "U1", NOW) is None


async def test_an_edit_is_for_slots_not_yet_begun_and_leaves_what_is_planned(store: Store) -> None:
    before = await keeping.subscribe(store, TERMS, "7F3A2K", "U1", NOW)
    assert before
    planned = await proposed(store, subscription="7F3A2K")
    terms = checked(fields_of(before) | {"most": "3", "schedule": "mondays 08:00"}, KNOWN, before)
    after = await keeping.edit(store, before, terms, NOW + DAY)
    assert after
    assert (after.wanted["most"], after.schedule, after.changed_at) == (3, "mondays 08:00", NOW + DAY)
    assert after.next_fire == datetime(2033, 6, 20, 6, tzinfo=UTC)
    work = await slots.get(store, planned.id)
    assert work
    assert (work.slot.state, work.slot.due) == ("planned", planned.due)


async def test_an_edit_that_changes_nothing_writes_nothing(store: Store) -> None:
    before = await keeping.subscribe(store, TERMS, "7F3A2K", "U1", NOW)
    assert before
    assert await keeping.edit(store, before, TERMS, NOW + DAY) == before


async def test_what_is_removed_meanwhile_is_not_edited(store: Store) -> None:
    before = await keeping.subscribe(store, TERMS, "7F3A2K", "U1", NOW)
    assert before
    assert await keeping.remove(store, before, "U1", NOW)
    assert await keeping.edit(store, before, replace(TERMS, title="New"), NOW) is None
    assert not await keeping.remove(store, before, "U1", NOW)


async def test_a_move_takes_waiting_slots_along_and_finishes_a_begun_one_where_it_is(store: Store) -> None:
    before = await subscribed(store, schedule="daily 09:00")
    await begun(store, await held(store), "out", subscription="airships")
    await proposed(store, "waiting", subscription="airships")
    after = await keeping.edit(store, before, checked(fields_of(before) | {"place": "discord:1/2"}, KNOWN, before), NOW)
    assert after
    assert after.place == "discord:1/2"
    assert [work.slot.key for work in await slots.open_work(store, "discord", NOW)] == ["waiting"]
    assert [work.slot.key for work in await slots.open_work(store, "slack:T1", NOW)] == ["out"]


async def test_a_pause_by_a_person_holds_though_something_else_had_paused_it(store: Store) -> None:
    one = await subscribed(store)
    await subscriptions.pause(store, one.id, f"{UNREACHABLE}the bot is not in the channel", NOW)
    assert await keeping.pause(store, one, "U1", NOW)
    paused = await subscriptions.get(store, one.id)
    assert paused
    assert (paused.state, paused.reason, paused.is_unreachable) == ("paused", "by U1", False)


async def test_going_on_catches_nothing_up(store: Store) -> None:
    one = await subscribed(store)
    assert not await keeping.resume(store, one, NOW)
    assert await keeping.pause(store, one, "", NOW)
    assert await keeping.resume(store, one, NOW + 30 * DAY)
    after = await subscriptions.get(store, one.id)
    assert after
    assert (after.state, after.reason, after.next_fire) == ("active", "", datetime(2033, 7, 16, 7, tzinfo=UTC))


async def test_what_is_declared_is_ended_by_its_file_alone_until_it_left_it(store: Store) -> None:
    one = await subscribed(store, declared="airships")
    with pytest.raises(StillDeclared, match="airships is declared in a file of the operator's; pause it"):
        await keeping.remove(store, one, "U1", NOW)
    await subscriptions.pause(store, one.id, UNDECLARED, NOW)
    left = await subscriptions.get(store, one.id)
    assert left
    assert await keeping.remove(store, left, "U1", NOW)


async def test_what_is_no_longer_declared_belongs_to_whoever_resumes_it(store: Store) -> None:
    one = await subscribed(store, declared="airships")
    await subscriptions.pause(store, one.id, UNDECLARED, NOW)
    left = await subscriptions.get(store, one.id)
    assert left
    assert await keeping.resume(store, left, NOW)
    after = await subscriptions.get(store, one.id)
    assert after
    assert (after.state, after.declared) == ("active", None)


async def test_a_plan_is_carried_out_whole_or_not_at_all(store: Store) -> None:
    kept = await subscribed(store)
    plan = Plan((subscription("new"), kept), {kept.id: {"title": "Other"}})
    with pytest.raises(WrongState):
        await subscriptions.carry_out(store, plan, NOW + DAY)
    assert await subscriptions.everywhere(store) == [replace(kept, changed_at=NOW)]


async def test_a_plan_pauses_with_what_waits_resumes_edits_and_revives(store: Store) -> None:
    for id_ in ("edited", "paused", "resumed", "gone"):
        await subscribed(store, id_)
    await proposed(store, subscription="paused")
    await subscriptions.pause(store, "resumed", "by U1", NOW)
    await subscriptions.remove(store, "gone", "by U1", NOW)
    back = subscription("gone", title="Back", made_at=NOW + DAY)
    plan = Plan((back,), {"edited": {"title": "Other"}}, {"paused": "why"}, {"resumed": NOW + DAY})
    await subscriptions.carry_out(store, plan, NOW + DAY)
    found = {one.id: one for one in await subscriptions.everywhere(store)}
    assert found["edited"].title == "Other"
    assert (found["paused"].state, found["paused"].reason) == ("paused", "why")
    assert (found["resumed"].state, found["resumed"].next_fire) == ("active", NOW + DAY)
    assert (found["gone"].state, found["gone"].title, found["gone"].made_at) == ("active", "Back", NOW + DAY)
    work = await slots.get(store, slot().id)
    assert work
    assert (work.slot.state, work.slot.reason) == ("skipped", "paused: why")


def one_of(place: str) -> Subscription:
    return subscription(place=place)


@pytest.mark.parametrize(
    ("asking", "place", "sees", "changes", "why"),
    [
        (request(), PLACE, True, True, "a member in their channel"),
        (request(manages=False), PLACE, True, False, "a guest in their channel"),
        (request(f"{PLACE}/1.2"), PLACE, True, True, "a member in a thread of their channel"),
        (request(), f"{PLACE}/1.2", True, True, "a thread of their channel"),
        (request(), "slack:T1/C2", False, False, "a member of another channel"),
        (request(anywhere=True), "slack:T1/C2", True, True, "an admin of the workspace"),
        (request(manages=False, anywhere=True), "slack:T1/C2", True, True, "an admin where they are a guest"),
        (request(anywhere=True), "slack:T2/C1", False, False, "an admin of another workspace"),
        (request(anywhere=True), "slack:T10/C1", False, False, "an admin of a workspace with a similar id"),
        (request("discord:1/2", anywhere=True), "discord:11/2", False, False, "an admin of another guild"),
        (request("discord:T1/C1", anywhere=True), PLACE, False, False, "somebody of another platform"),
        (request("", anywhere=True), PLACE, False, False, "somebody who is nowhere"),
    ],
)
def test_who_may_see_and_change_a_subscription(
    asking: Request, place: str, sees: bool, changes: bool, why: str
) -> None:
    rights = Rights()
    assert (rights.sees(asking, one_of(place)), rights.changes(asking, one_of(place))) == (sees, changes), why


@pytest.mark.parametrize(
    ("asking", "place", "sees", "changes", "why"),
    [
        (request(user="U7", manages=False), PLACE, True, True, "who is on the list"),
        (request(user="U7", manages=False), "slack:T1/C2", True, True, "who is on the list, anywhere"),
        (request(user="U1"), PLACE, True, False, "a member who is not on the list"),
        (request(user="U1", anywhere=True), PLACE, True, False, "an admin who is not on the list"),
        (request(user="U1", anywhere=True), "slack:T1/C2", False, False, "an admin who is not, elsewhere"),
        (request("slack:T2/C1", user="U7", anywhere=True), "slack:T2/C1", True, False, "who has the id elsewhere"),
        (request(user="", anywhere=True), PLACE, True, False, "nobody known"),
    ],
)
def test_with_a_list_only_those_on_it_change_anything(
    asking: Request, place: str, sees: bool, changes: bool, why: str
) -> None:
    rights = Rights(frozenset({"slack:T1/@U7", "slack:T1/@"}))
    assert (rights.sees(asking, one_of(place)), rights.changes(asking, one_of(place))) == (sees, changes), why


async def test_a_subscription_of_another_workspace_is_unknown_by_any_id(store: Store) -> None:
    drawn = random.Random(7)
    for number, place in enumerate(MANY):
        await subscribed(store, keeping.drawn_id(drawn.getrandbits), place=place, title=str(number))
    kept = await subscriptions.everywhere(store)
    for place in MANY:
        for anywhere in (True, False):
            asking = request(place, anywhere=anywhere)
            seen = await keeping.visible(store, asking, Rights())
            assert {one.place.partition("/")[0] for one in seen} == {place.partition("/")[0]}
            for one in drawn.choices(kept, k=120):
                typed = drawn.choice((one.id, one.id.lower(), f" {one.id.replace('0', 'o')}"))
                found = keeping.of_id(seen, typed)
                assert found == (one if one in seen else None)


async def test_an_id_is_found_as_people_type_it(store: Store) -> None:
    one = await subscribed(store, "1A0B2C")
    found = await keeping.known(store, request(), " lAOb2c", Rights())
    assert found
    assert found.id == one.id
    assert await keeping.known(store, request(), "1A0B2D", Rights()) is None
    assert await keeping.known(store, request("slack:T2/C1", anywhere=True), "1A0B2C", Rights()) is None


def test_ids_are_drawn_of_as_many_bits_as_they_have_characters() -> None:
    assert keeping.drawn_id(lambda bits: 2**bits - 1) == "ZZZZZZ"
    assert len({keeping.drawn_id() for _ in range(1_000)}) > 990
