"""What is posted where the knowledge changes while a digest is on its way, or after it was read."""

import logging
from datetime import timedelta
from typing import Any

import pytest

from bot.publishing import DeliveryError
from bot.store import subscriptions, upkeep
from knowledge import Claim
from tests.builders import claim, knowing
from tests.databases import Sqlite
from tests.made_platform import Faults
from tests.stored import subscription
from tests.world import START, World, claims, knowing_of, shown_to

PLACE, OTHER = "slack:T1/C1", "slack:T1/C2"
DAY = timedelta(days=1)
SOON: dict[str, Any] = {
    "schedule": "daily 08:00",
    "made_at": START - DAY,
    "next_fire": START + timedelta(seconds=1),
}
AGAIN = [{"on": "2032-01-01", "was": "The claim a holds.", "why": "More is known."}]
REVISED = claim("a", "The claim a holds for two.", revisions=AGAIN)


def retracted(id_: str = "a", **fields: Any) -> Claim:
    return claim(id_, f"The claim {id_} holds.", retracted={"on": "2033-06-15", "why": "It was wrong."}, **fields)


@pytest.fixture
def world(on_sqlite: Sqlite) -> World:
    """A world in which two claims are due in a place in a second, and nothing after that for a day."""
    world = World(on_sqlite.ready(), knowing_of("a", "b"))
    world.longest_wait = timedelta(minutes=2)
    world.subscribe(subscription(**SOON))
    return world


@pytest.mark.parametrize("fault", ["cut", "limited"])
def test_a_text_revised_before_a_retry_is_not_posted_as_it_was_but_the_next_time_as_it_is(
    world: World, fault: str
) -> None:
    world.platform.faults = Faults(script=[fault])
    world.live(seconds=1.5)
    world.knowledge = knowing(REVISED, *claims("b"))
    world.longest_wait = timedelta(hours=1)
    world.live(hours=25)
    first, second = shown_to(world.platform, PLACE)
    assert "The claim b holds." in first
    assert "The claim a" not in first
    assert "The claim a holds for two." in second


@pytest.mark.parametrize("fault", ["cut", "limited"])
def test_what_is_retracted_before_a_retry_is_not_posted(world: World, fault: str) -> None:
    world.platform.faults = Faults(script=[fault])
    world.live(seconds=1.5)
    world.knowledge = knowing(retracted(), *claims("b"))
    world.live(hours=1)
    [text] = shown_to(world.platform, PLACE)
    assert "The claim a" not in text
    assert "The claim b holds." in text


def test_where_all_was_retracted_before_a_retry_nothing_is_posted(world: World) -> None:
    world.platform.faults = Faults(script=["cut"])
    world.live(seconds=1.5)
    world.knowledge = knowing(retracted("a"), retracted("b"))
    world.live(hours=1)
    assert not world.platform.keys
    assert [work.slot.state for work in world.works()] == ["skipped"]


def test_what_was_posted_after_all_is_not_composed_anew(world: World) -> None:
    world.platform.faults = Faults(script=["lost"])
    world.live(seconds=1.5)
    world.knowledge = knowing(REVISED, *claims("b"))
    world.live(minutes=2)
    [text] = shown_to(world.platform, PLACE)
    assert "The claim a holds." in text


def test_a_retraction_that_stands_is_corrected_once_in_each_place_that_was_told(world: World) -> None:
    world.subscribe(subscription("others", OTHER, **SOON), subscription("again", OTHER, **SOON))
    world.subscribe(subscription("left", "slack:T2/C1", **SOON), subscription("new", "slack:T2/C2"))
    world.live(minutes=1)
    world.told(lambda store: subscriptions.remove(store, "left", "by a person", world.now()))
    world.knowledge = knowing(retracted(), *claims("b"))
    world.live(minutes=9)
    assert corrections(world) == []
    world.live(minutes=7)
    assert corrections(world) == [PLACE, OTHER]
    world.live(minutes=30)
    world.live(minutes=30)
    assert corrections(world) == [PLACE, OTHER]


def corrections(world: World) -> list[str]:
    """Returns the places that were told of a retraction, once for each time."""
    return [
        place
        for place in sorted(world.platform.messages)
        for text in shown_to(world.platform, place)
        if "It was wrong." in text
    ]


@pytest.mark.parametrize("restarted", [False, True])
def test_a_retraction_undone_within_ten_minutes_is_not_told(world: World, restarted: bool) -> None:
    world.live(minutes=1)
    world.knowledge = knowing(retracted(), *claims("b"))
    world.live(minutes=8)
    world.knowledge = knowing_of("a", "b")
    if restarted:
        world.sleep(timedelta(minutes=1))
    world.live(hours=1)
    assert corrections(world) == []


@pytest.mark.parametrize("restarted", [False, True])
def test_a_retraction_made_again_has_to_stand_ten_minutes_anew(world: World, restarted: bool) -> None:
    world.live(minutes=1)
    world.knowledge = knowing(retracted(), *claims("b"))
    world.live(minutes=5)
    world.knowledge = knowing_of("a", "b")
    world.live(hours=2)
    world.knowledge = knowing(retracted(), *claims("b"))
    if restarted:
        world.live(minutes=2)
    world.live(minutes=7)
    assert corrections(world) == []
    world.live(minutes=9)
    assert corrections(world) == [PLACE]


def test_a_retraction_made_while_the_bot_was_down_is_told_when_it_has_stood(world: World) -> None:
    world.live(minutes=1)
    world.sleep(timedelta(hours=3))
    world.knowledge = knowing(retracted(), *claims("b"))
    world.live(minutes=9)
    assert corrections(world) == []
    world.live(minutes=9)
    assert corrections(world) == [PLACE]


def test_a_correction_is_not_told_again_once_its_traces_are_deleted(world: World) -> None:
    world.live(minutes=1)
    world.knowledge = knowing(retracted(), *claims("b"))
    world.live(minutes=20)
    world.sleep(timedelta(days=100))
    world.told(lambda store: upkeep.housekeeping(store, world.now()))
    world.live(minutes=20)
    assert corrections(world) == [PLACE]


def test_a_correction_that_was_called_off_is_told_when_the_claim_is_retracted_for_good(world: World) -> None:
    world.live(minutes=1)
    busy = DeliveryError("not_accepted", "place", "too many", 600)
    world.platform.faults = Faults(refused={PLACE: busy})
    world.knowledge = knowing(retracted(), *claims("b"))
    world.live(minutes=14)
    world.sleep(timedelta(hours=30))
    world.knowledge = knowing_of("a", "b")
    world.platform.faults = Faults()
    world.live(minutes=30)
    assert corrections(world) == []
    world.knowledge = knowing(retracted(), *claims("b"))
    world.live(minutes=30)
    assert corrections(world) == [PLACE]


def test_where_a_digest_never_arrived_with_it_a_claim_is_not_corrected(world: World) -> None:
    busy = DeliveryError("not_accepted", "place", "too many", 1_500)
    world.platform.faults = Faults(refused={PLACE: busy})
    world.live(minutes=1)
    world.knowledge = knowing(retracted(), *claims("b"))
    world.live(minutes=15)
    world.platform.faults = Faults()
    world.live(hours=3)
    assert len(world.platform.messages[PLACE]) == 1
    assert corrections(world) == []


def test_a_correction_goes_out_with_another_subscription_of_the_place_if_the_first_one_stops(world: World) -> None:
    world.subscribe(subscription("again", PLACE, **SOON))
    world.live(minutes=1)
    busy = DeliveryError("not_accepted", "place", "too many", 60)
    world.knowledge = knowing(retracted(), *claims("b"))
    world.platform.faults = Faults(refused={PLACE: busy})
    world.live(minutes=14)
    [correction] = [work.slot for work in world.works() if work.slot.kind == "correction"]
    world.told(lambda store: subscriptions.pause(store, correction.subscription or "", "on leave", world.now()))
    world.platform.faults = Faults()
    world.live(hours=1)
    assert corrections(world) == [PLACE]


def test_a_correction_waits_for_its_place(world: World) -> None:
    world.live(minutes=1)
    world.knowledge = knowing(retracted(), *claims("b"))
    busy = DeliveryError("not_accepted", "place", "too many", 600)
    world.platform.faults = Faults(refused={PLACE: busy})
    world.live(minutes=20)
    world.platform.faults = Faults()
    world.live(minutes=20)
    assert corrections(world) == [PLACE]


def test_a_claim_that_vanished_is_not_told(world: World) -> None:
    world.longest_wait = timedelta(hours=1)
    world.knowledge = knowing_of("b")
    world.live(hours=30)
    texts = shown_to(world.platform, PLACE)
    assert len(texts) == 1
    assert "The claim a" not in texts[0]


def test_a_claim_that_was_told_and_vanished_is_reported_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    world.longest_wait = timedelta(hours=1)
    world.live(minutes=1)
    world.knowledge = knowing_of("b")
    world.live(hours=30)
    told = "claims that were shown have left the files; retract a claim to have that told"
    assert [record.message for record in caplog.records] == [told]


def test_a_claim_that_was_told_and_vanished_is_not_told_again_when_it_is_back(world: World) -> None:
    world.longest_wait = timedelta(hours=1)
    world.live(minutes=1)
    world.knowledge = knowing_of("b")
    world.live(hours=30)
    world.knowledge = knowing_of("a", "b")
    world.live(hours=30)
    assert len(world.platform.keys) == 1


@pytest.mark.parametrize("script", [["lost"], ["lost", "limited"]], ids="then ".join)
def test_where_a_second_try_is_taken_for_the_first_it_is_the_same_message(world: World, script: list[str]) -> None:
    """A platform that knows a message by its key answers the second try with what it has of the first."""
    world.platform.knows_keys, world.platform.can_look = True, False
    world.platform.faults = Faults(script=script)
    world.live(seconds=1.5)
    world.knowledge = knowing(retracted(), *claims("b"))
    world.live(hours=1)
    told, corrected = shown_to(world.platform, PLACE)
    assert "The claim a holds." in told
    assert "It was wrong." in corrected
