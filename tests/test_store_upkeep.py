"""What the store keeps, for how long, and how it is looked after."""

import asyncio
import json
from datetime import timedelta
from typing import Any

from msgspec.structs import asdict, replace

from bot.store import absences, drafts, lanes, ledger, outcomes, settling, slots, subscriptions, tables, upkeep
from bot.store.drafts import Draft
from bot.store.opening import Store, open_store
from bot.store.values import ClaimRevision
from tests.databases import Sqlite
from tests.stored import DAY, HOUR, NOW, PLACE, WORKSPACE, begun, held, parts, proposed, revisions, slot, subscribed


async def test_the_first_time_that_a_revision_was_seen_stays(store: Store) -> None:
    await ledger.take_up(store, revisions("a", "b"), NOW)
    known = await ledger.take_up(store, revisions("b", "c"), NOW + HOUR)
    assert {one.claim: at for one, at in known.items()} == {"a": NOW, "b": NOW, "c": NOW + HOUR}
    assert await ledger.seen_here(store) == known


async def test_many_revisions_are_taken_up_at_once(store: Store) -> None:
    many = [ClaimRevision(f"claim-{number}", number % 3) for number in range(3_000)]
    assert set(await ledger.take_up(store, [*many, *many], NOW)) == set(many)


async def test_the_places_that_were_shown_a_claim_are_known_with_the_latest_revision(store: Store) -> None:
    hold = await held(store)
    for begin in (begun(store, hold, "one", parts("ab")), begun(store, hold, "two", parts("a"), place="slack:T1/C2")):
        (part,) = (await begin).deliveries
        await outcomes.sent(store, hold, part.id, {}, NOW)
    await begun(store, hold, "on its way", parts("z"))
    carried = {(one.place, one.claim, one.revision) for one in await ledger.carried(store, ["a", "b", "z"])}
    assert carried == {(PLACE, "a", 0), ("slack:T1/C2", "a", 0), (PLACE, "b", 0)}
    assert await ledger.carried(store, []) == []


async def test_the_figures_tell_how_much_is_waiting(store: Store) -> None:
    await subscribed(store)
    await subscribed(store, "second")
    await subscriptions.pause(store, "second", "x", NOW)
    await proposed(store, "late", deadline=NOW + HOUR)
    await proposed(store, "later", due=NOW + DAY, deadline=NOW + 2 * DAY)
    await begun(store, await held(store), "sending")
    told = await upkeep.counts(store, NOW + 2 * HOUR)
    assert told == upkeep.Counts({"active": 1, "paused": 1}, {"planned": 2, "sending": 1}, waiting=2)


async def test_what_ended_90_days_ago_goes_but_not_what_a_living_place_was_shown(store: Store) -> None:
    await subscribed(store)
    hold = await held(store)
    (part,) = (await begun(store, hold, "old", parts("a"), subscription="airships")).deliveries
    await outcomes.sent(store, hold, part.id, {}, NOW)
    await proposed(store, "open", deadline=NOW)
    assert set((await upkeep.housekeeping(store, NOW + 90 * DAY)).values()) == {0}
    gone = await upkeep.housekeeping(store, NOW + 90 * DAY + timedelta(microseconds=1))
    assert gone == {"decision": 0, "delivery": 1, "slot": 1, "subscription": 0, "shown": 0, "draft": 0}
    assert await slots.get(store, slot("old").id) is None
    assert await slots.get(store, slot("open").id)
    assert set(await ledger.shown_in(store, PLACE)) == set(revisions("a"))


async def test_what_a_place_was_shown_goes_with_the_place(store: Store) -> None:
    await subscribed(store)
    hold = await held(store)
    (part,) = (await begun(store, hold, "old", parts("a"), subscription="airships")).deliveries
    await outcomes.sent(store, hold, part.id, {}, NOW)
    await subscriptions.remove(store, "airships", "by U1", NOW + 50 * DAY)
    await upkeep.housekeeping(store, NOW + 100 * DAY)
    assert await ledger.shown_in(store, PLACE)
    gone = await upkeep.housekeeping(store, NOW + 150 * DAY)
    assert (gone["subscription"], gone["shown"]) == (1, 1)
    assert await ledger.shown_in(store, PLACE) == {}


async def test_however_much_has_ended_it_is_quickly_told_what_is_next(
    on_sqlite: Sqlite, runner: asyncio.Runner
) -> None:
    steps: list[int] = []
    async with open_store(on_sqlite.ready()) as store:
        ended = [asdict(one := slot(f"s{n}", state="sent", ended_at=NOW)) | {"id": one.id} for n in range(5_000)]
        async with store.writing() as tx:
            await tx.execute(tables.slot.insert(), ended)
            driver: Any = (await tx.get_raw_connection()).driver_connection
            await driver.set_progress_handler(lambda: steps.append(1), 100)
        await proposed(store, "next", due=NOW + HOUR)
        steps.clear()
        assert await slots.earliest_wake(store, WORKSPACE) == NOW + HOUR
        assert await slots.next_wake(store, NOW) == NOW + HOUR
        assert await slots.lanes_with_work(store, NOW) == []
    assert len(steps) < 20


async def test_what_a_wrong_clock_dated_far_ahead_is_brought_back_and_nothing_else(store: Store) -> None:
    later = NOW + 3_652 * DAY
    await subscribed(store, made_at=later)
    await proposed(store, "ahead", due=later)
    await proposed(store, "soon", due=NOW + DAY)
    await ledger.take_up(store, revisions("a"), NOW - DAY)
    await ledger.take_up(store, revisions("b"), later)
    assert await lanes.take_lane(store, WORKSPACE, "gone", later, later - NOW)
    await upkeep.set_back(store, NOW)
    assert [one.made_at for one in await subscriptions.everywhere(store)] == [NOW]
    assert await slots.lanes_with_work(store, NOW) == [WORKSPACE]
    assert await slots.next_wake(store, NOW) == NOW + DAY
    assert sorted((await ledger.seen_here(store)).values()) == [NOW - DAY, NOW]
    assert await lanes.take_lane(store, WORKSPACE, "me", NOW, HOUR)


async def test_a_draft_is_kept_for_a_day_and_saved_once(store: Store) -> None:
    draft = Draft("7F3A2K", "U1", PLACE, {"schedule": "daily 09:00", "topics": "腾讯"}, NOW)
    assert await drafts.keep(store, draft)
    assert not await drafts.keep(store, replace(draft, made_by="U2"))
    assert await drafts.get(store, "7F3A2K") == draft
    assert await drafts.saved(store, "7F3A2K", NOW + HOUR)
    assert not await drafts.saved(store, "7F3A2K", NOW + 2 * HOUR)
    assert await drafts.get(store, "7F3A2K") == replace(draft, saved_at=NOW + HOUR)
    assert (await upkeep.housekeeping(store, NOW + DAY))["draft"] == 0
    assert (await upkeep.housekeeping(store, NOW + DAY + HOUR))["draft"] == 1


async def test_of_one_person_in_one_place_only_the_latest_drafts_are_kept(store: Store) -> None:
    for number in range(drafts.MOST_OF_A_PERSON + 2):
        assert await drafts.keep(store, Draft(f"K{number}", "U1", PLACE, {}, NOW + number * HOUR))
        assert await drafts.keep(store, Draft(f"L{number}", "U1", "slack:T2/C1", {}, NOW))
    assert not await drafts.get(store, "K0")
    assert not await drafts.get(store, "K1")
    assert await drafts.get(store, "K2")


async def test_erasing_takes_all_of_a_workspace_and_nothing_of_another(store: Store) -> None:
    for workspace in (WORKSPACE, "slack:T10"):
        await subscribed(store, workspace, place=f"{workspace}/C1")
        await drafts.keep(store, Draft(workspace, "U1", f"{workspace}/C1", {"schedule": "daily 09:00"}, NOW))
        hold = await held(store, workspace)
        place = f"{workspace}/C1"
        made = await begun(store, hold, workspace, parts("ab"), lane=workspace, place=place, subscription=workspace)
        assert made.outcome == "begun"
    other = await upkeep.export(store, "slack:T10")
    gone = await upkeep.erase(store, WORKSPACE)
    assert gone == {
        "decision": 0,
        "delivery": 1,
        "shown": 2,
        "slot": 1,
        "subscription": 1,
        "lane": 1,
        "draft": 1,
        "absence": 0,
    }
    assert not any((await upkeep.export(store, WORKSPACE)).values())
    assert await upkeep.export(store, "slack:T10") == other
    assert set((await upkeep.erase(store, WORKSPACE)).values()) == {0}


async def test_what_is_kept_of_a_workspace_is_exported_as_plain_values(store: Store) -> None:
    await subscribed(store, wanted={"companies": ["腾讯"]})
    hold = await held(store)
    await begun(store, hold, of=parts("a"), subscription="airships")
    await lanes.keep_trouble(store, hold, "the token is refused")
    await absences.noted(store, WORKSPACE, NOW)
    told = json.loads(json.dumps(await upkeep.export(store, WORKSPACE)))
    (kept,) = told["subscription"]
    assert (kept["wanted"], kept["made_at"]) == ({"companies": ["腾讯"]}, "2033-06-15T09:00:00.123457+00:00")
    assert [row["claim"] for row in told["shown"]] == ["a"]
    assert [row["trouble"] for row in told["lane"]] == ["the token is refused"]
    assert told["absence"] == [{"workspace": WORKSPACE, "since": NOW.isoformat()}]
    assert set(told) == set(await upkeep.erase(store, WORKSPACE))


async def test_a_digest_that_failed_is_told_from_one_that_a_person_gave_up(store: Store) -> None:
    hold = await held(store)
    (part,) = (await begun(store, hold, of=parts("a"))).deliveries
    await outcomes.uncertain(store, hold, part.id, "timeout", NOW, None)
    await settling.settle(store, slot().id, "failed", NOW)
    work = await slots.get(store, slot().id)
    assert work
    assert work.slot.reason == settling.BY_A_PERSON
