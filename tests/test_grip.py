"""The grip on a lane: a turn is waited for only as long as it lasts."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.delivery.grip import Grip
from bot.platforms.slack.publishing import SlackPublisher
from bot.store.opening import Store
from bot.store.values import Hold
from tests.databases import Sqlite
from tests.hand_clock import HandClock

PLACE = "slack:T1/C1"
NOON = datetime(2033, 6, 15, 12, tzinfo=UTC)


@pytest.fixture
def url(on_sqlite: Sqlite) -> str:
    return on_sqlite.ready()


def gripped(store: Store) -> Grip:
    return Grip(store, Hold("slack:T1", "me", 1), NOON + timedelta(hours=1), lambda: NOON, 32)


async def test_whoever_waits_for_a_turn_is_let_go_when_the_lane_ends(store: Store) -> None:
    clock, grip = HandClock(), gripped(store)  # the clock stands still: a second message would wait for ever
    publisher = SlackPublisher("", "", monotonic=clock.now, sleep=clock.sleep)
    assert await grip.turn(publisher, PLACE)
    waiting = [asyncio.create_task(grip.turn(publisher, PLACE)) for _ in range(2)]
    await asyncio.sleep(0.01)
    assert not any(one.done() for one in waiting)
    grip.end()
    grip.end()
    assert await asyncio.gather(*waiting) == [False, False]
    assert not await grip.turn(publisher, "slack:T1/C2")


async def test_a_place_that_has_no_turns_is_left_for_posting_to_tell(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        assert await gripped(store).turn(SlackPublisher("", ""), "slack:nowhere")
    assert "there is no turn" in caplog.messages
