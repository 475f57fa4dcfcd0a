"""A rolling update under load: what people ask is answered, and each digest is posted once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crowd import Crowd
from tests.databases import PostgreSql
from tests.every_core import SCALE
from tests.fakes.discord import FakeDiscord
from tests.fakes.slack import USUAL_SCOPES, FakeSlack
from tests.killing import HISTORY, Outbox, account, open_ones
from tests.rolling import WITHIN, Gaps, Replicas
from tests.running import Bot, on_both

START = 10.0
"""Seconds that digests are due for beyond the restarts."""


@dataclass(frozen=True)
class Update:
    """Says how often processes are begun anew, each so many seconds after the last, and what is asked meanwhile."""

    restarts: int
    every: float
    rate: float
    digests: int
    shards: int


def updated(folder: Path, url: str, update: Update, record: Callable[[str, object], None]) -> None:
    with FakeSlack(USUAL_SCOPES | HISTORY) as slack, FakeDiscord(shards=update.shards) as discord:
        slack.frugal = slack.tolerates_timeouts = discord.tolerates_timeouts = True
        discord.limits.of_routes = False
        discord.max_concurrency = update.shards

        def settings(number: int) -> dict[str, str]:
            shard = {"BRIEFBOT_DISCORD_SHARDS": f"{number}/{update.shards}"} if update.shards > 1 else {}
            return on_both(slack, discord, folder / str(number), DATABASE_URL=url, **shard)

        def is_up(bots: Sequence[Bot]) -> bool:
            knows = all(bot.logged("connected to Discord") or bot.logged("standing by") for bot in bots)
            receiving = discord.connections >= min(len(bots), update.shards)
            return knows and receiving and slack.connections >= 2 * len(bots)

        replicas, gaps = Replicas([settings(0), settings(1)], is_up), Gaps(discord, update.shards)
        outbox, crowd = Outbox(url, slack, discord), Crowd(slack, discord, update.rate)
        outbox.fill(update.digests // 2, update.digests // 2, 5, over=update.restarts * update.every + START)
        with replicas.alive():
            with crowd.asking(), gaps.watched():
                for number in range(update.restarts):
                    replicas.restart_at(number % 2, update.every)
            replicas.bots[0].until(lambda: not open_ones(outbox.states()), 60)
        found, states = account(outbox), outbox.states()
        on_slack, on_discord = crowd.told()
        objections = slack.objections + discord.objections
    assert (found.lost, found.doubled, found.disordered, found.uncertain) == ([], [], [], [])
    assert set(states) == {"sent"}
    assert (on_slack.unsent, on_slack.unanswered, on_slack.twice) == (0, 0, 0)
    assert (on_discord.unanswered, on_discord.twice) == (0, 0)
    assert max(replicas.endings) < WITHIN
    assert objections == []
    name = f"{update.restarts} restarts of two, {'a shard each' if update.shards > 1 else 'one at the Gateway'}"
    longest = max(gaps.longest)
    record(
        name, f"longest gap without a session {longest:.1f} s; SIGTERM to exit at most {max(replicas.endings):.1f} s"
    )
    record(f"{name}: asked", f"Slack {on_slack}, Discord {on_discord}; {states['sent']} digests")


@pytest.mark.parametrize("shards", [2, 1], ids=["a shard each", "one at the Gateway"])
def test_a_rolling_update_leaves_no_command_unanswered_and_no_digest_out(
    tmp_path: Path, on_postgresql: PostgreSql, shards: int, record_property: Callable[[str, object], None]
) -> None:
    updated(tmp_path, on_postgresql.ready(), Update(2, 0, 4, 40, shards), record_property)


@pytest.mark.long
@pytest.mark.parametrize("shards", [2, 1], ids=["a shard each", "one at the Gateway"])
def test_ten_minutes_of_a_restart_each(
    tmp_path: Path, on_postgresql: PostgreSql, shards: int, record_property: Callable[[str, object], None]
) -> None:
    update = Update(max(2, round(10 * SCALE)), 60, 8, round(1_000 * SCALE), shards)
    updated(tmp_path, on_postgresql.ready(), update, record_property)
