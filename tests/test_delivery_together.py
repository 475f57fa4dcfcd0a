"""Thousands of digests that are due at the same minute, at the pace that Discord allows."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.platforms.discord.pacing import RATE
from tests.databases import Sqlite
from tests.every_core import SCALE
from tests.fakes.discord import FakeDiscord
from tests.fakes.discord_records import Request
from tests.killing import fakes, open_ones

POSTED = "POST /channels/{id}/messages"
OK = 200


def posted(discord: FakeDiscord) -> list[Request]:
    return [call for call in list(discord.requests) if f"{call.method} {call.path}" == POSTED]


@pytest.mark.long
def test_all_are_out_as_fast_as_discord_lets_small_servers_first(
    tmp_path: Path, on_sqlite: Sqlite, record_property: Callable[[str, object], None]
) -> None:
    number = int(3_000 * SCALE)
    guilds = [number // 2, number // 4, *[5] * (number // 20)]
    with fakes(tmp_path, on_sqlite.ready(), 1) as (zygote, outbox):
        discord = outbox.discord
        discord.faults.randomly(1)
        due = (datetime.now(UTC) + timedelta(seconds=75)).replace(second=0, microsecond=0)
        outbox.due_together(guilds, due)
        process = zygote.fork()
        while sum(one.status == OK for one in posted(discord)) < sum(guilds):
            assert time.time() < due.timestamp() + 4 * number / RATE
            time.sleep(
                1
            )  # nothing else: while this process reads the database, its Discord would not look at the clock
        while open_ones(outbox.states()):
            time.sleep(1)
        assert zygote.end(process) == 0
        posts = posted(discord)
        limited = [call for call in posts if call.status == 429]
    assert set(outbox.states()) == {"sent"}
    assert limited == []
    assert len(posts) == sum(guilds)
    small = {place.rpartition("/")[2] for place in outbox.places[guilds[0] + guilds[1] :]}
    firsts = [call.url.split("/")[-2] in small for call in posts[: len(small)]]
    assert sum(firsts) > 0.9 * len(small)
    first, last = posts[0].time - due.timestamp(), posts[-1].time - posts[0].time
    assert first >= 0
    told = (
        f"{sum(guilds)} in {last:.0f} s, {last * RATE / sum(guilds):.3f} x N / cap; first after {first:.2f} s; 0 x 429"
    )
    record_property("due at once", told)
